//! What an export is taken from.
//!
//! A scope says which data rows are meant before any filter, and which parameters and filters apply. Whether the
//! project, dataset, slice or run exists, and whether the caller may read it, is unknown here.
//!
//! # Adding a scope
//! One variant of [`ScopeKind`] and of [`Scope`], one line in [`SCOPES`]; then the lists of scopes in the tables of
//! parameters and filters.

use super::error::{OptionName, RequestError};
use super::print;
use super::scope_kind::{SCOPES, ScopeKind};
use crate::filter::sorted;
use crate::input::{Input, InputError};
use crate::json::ObjectWriter;
use std::fmt;

/// What one export is taken from. Unknown ids are detected when the scope is resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// The project with this id.
    Project(String),
    /// The dataset with this id.
    Dataset(String),
    /// Chosen rows. If both lists are given, a row must be in both; an unknown id gives no row.
    Rows {
        /// The ids of the rows.
        data_row_ids: Option<Vec<String>>,
        /// The global keys of the rows.
        global_keys: Option<Vec<String>>,
    },
    /// The slice with this id.
    Slice(String),
    /// The model run with this id.
    ModelRun(String),
    /// The whole catalog.
    Catalog,
}

/// Prints the scope as a command names it: `project cl…`, `catalog`.
impl fmt::Display for Scope {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.kind().name())?;
        match self {
            Self::Project(id) | Self::Dataset(id) | Self::Slice(id) | Self::ModelRun(id) => write!(out, " {id}"),
            Self::Rows { .. } | Self::Catalog => Ok(()),
        }
    }
}

impl Scope {
    /// Returns the kind of the scope.
    pub fn kind(&self) -> ScopeKind {
        match self {
            Self::Project(_) => ScopeKind::Project,
            Self::Dataset(_) => ScopeKind::Dataset,
            Self::Rows { .. } => ScopeKind::Rows,
            Self::Slice(_) => ScopeKind::Slice,
            Self::ModelRun(_) => ScopeKind::ModelRun,
            Self::Catalog => ScopeKind::Catalog,
        }
    }

    pub(super) fn check(&self) -> Result<(), RequestError> {
        let Self::Rows { data_row_ids, global_keys } = self else {
            return Ok(());
        };
        if data_row_ids.is_none() && global_keys.is_none() {
            return Err(RequestError::NoRows { options: [DATA_ROW_IDS, GLOBAL_KEYS] });
        }
        let lists = [(DATA_ROW_IDS, data_row_ids), (GLOBAL_KEYS, global_keys)];
        match lists.into_iter().find(|(_, list)| list.as_ref().is_some_and(Vec::is_empty)) {
            Some((option, _)) => Err(RequestError::Empty { option }),
            None => Ok(()),
        }
    }

    /// Reads `{"kind":"project","id":"…"}`, `{"kind":"rows","data_row_ids":[…],"global_keys":[…]}` and the like.
    pub(super) fn read(input: &Input<'_>) -> Result<Self, InputError> {
        let names: Vec<&str> = SCOPES.iter().map(|entry| entry.name).collect();
        let kind = input.get("kind")?.choose(ScopeKind::find, &names)?;
        input.only(match kind {
            ScopeKind::Rows => &["kind", DATA_ROW_IDS.name, GLOBAL_KEYS.name],
            ScopeKind::Catalog => &["kind"],
            _ => &["kind", "id"],
        })?;
        let id = || input.get("id")?.filled_text();
        let list = |option: OptionName| input.find(option.name).map(|list| list.texts()).transpose();
        Ok(match kind {
            ScopeKind::Project => Self::Project(id()?),
            ScopeKind::Dataset => Self::Dataset(id()?),
            ScopeKind::Slice => Self::Slice(id()?),
            ScopeKind::ModelRun => Self::ModelRun(id()?),
            ScopeKind::Rows => Self::Rows { data_row_ids: list(DATA_ROW_IDS)?, global_keys: list(GLOBAL_KEYS)? },
            ScopeKind::Catalog => Self::Catalog,
        })
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let mut object = ObjectWriter::open(out);
        object.text("kind", self.kind().name());
        match self {
            Self::Project(id) | Self::Dataset(id) | Self::Slice(id) | Self::ModelRun(id) => object.text("id", id),
            Self::Rows { data_row_ids, global_keys } => {
                for (option, list) in [(DATA_ROW_IDS, data_row_ids), (GLOBAL_KEYS, global_keys)] {
                    let list = list.clone().map(sorted);
                    print::texts(list.as_deref(), object.key(option.name));
                }
            }
            Self::Catalog => {}
        }
        object.close();
    }
}

const DATA_ROW_IDS: OptionName = OptionName { name: "data_row_ids", flag: "--data-row-ids" };
const GLOBAL_KEYS: OptionName = OptionName { name: "global_keys", flag: "--global-keys" };
