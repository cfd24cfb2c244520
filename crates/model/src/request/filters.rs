//! The filters of an export, each with a value of its own type.
//!
//! They combine by "and", including `global_keys` and `data_row_ids`. Slices and model runs have none: a slice is
//! itself a filter, and a run is exported whole.
//!
//! APIs pass texts in the order in which they were written and get typed values; nothing is read twice.
//!
//! # Adding a filter
//! One field of [`ExportFilters`], one line in [`EXPORT_FILTERS`] and one line in [`ExportFilters::to_predicate`].

use super::ScopeKind::{self, Catalog, Dataset, Project, Rows};
use super::error::{OptionName, RequestError};
use super::print;
use crate::filter::{ID_LIST_LIMIT, IdList};
use crate::input::{Input, InputError};
use crate::json::{Kind, ObjectWriter};
use crate::predicate::{Condition, Predicate};
use crate::quote::Quoted;
use crate::time::{Span, Timestamp, Zone};
use crate::workflow::WorkflowStatus;

const SELECTED: &[ScopeKind] = &[Project, Dataset, Rows, Catalog];

/// The filters of one export. Every row passes a filter that is not given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExportFilters {
    /// When a label, metadata, workflow status, issue or comment of the row last changed.
    pub last_activity_at: Option<Span>,
    /// When a label of the row was submitted.
    pub label_created_at: Option<Span>,
    /// The status of the row in the workflow of the project.
    pub workflow_status: Option<WorkflowStatus>,
    /// The batches that brought the row to the project.
    pub batch_ids: Option<IdList>,
    /// The row's global key.
    pub global_keys: Option<IdList>,
    /// The row's id.
    pub data_row_ids: Option<IdList>,
}

/// A line in the table of export filters.
#[derive(Debug)]
pub struct ExportFilter {
    /// The SDK's name and the flag.
    pub option: OptionName,
    /// One sentence about the rows that pass.
    pub summary: &'static str,
    /// The scopes to which it applies.
    pub scopes: &'static [ScopeKind],
    /// The field of its value in [`ExportFilters`].
    pub field: FilterField,
}

/// The field of an export filter, by the kind of its value.
#[derive(Debug)]
pub enum FilterField {
    /// A start and an end; one of them may be open.
    Span {
        /// Reads the field.
        get: fn(&ExportFilters) -> Option<&Span>,
        /// Writes the field.
        set: fn(&mut ExportFilters, Span),
    },
    /// A workflow status.
    Status {
        /// Reads the field.
        get: fn(&ExportFilters) -> Option<&WorkflowStatus>,
        /// Writes the field.
        set: fn(&mut ExportFilters, WorkflowStatus),
    },
    /// Ids or keys.
    Ids {
        /// Reads the field.
        get: fn(&ExportFilters) -> Option<&IdList>,
        /// Writes the field.
        set: fn(&mut ExportFilters, IdList),
    },
}

macro_rules! export_filter {
    ($field:ident, $flag:literal, $value:ident, $scopes:expr, $summary:literal) => {
        ExportFilter {
            option: OptionName { name: stringify!($field), flag: $flag },
            summary: $summary,
            scopes: $scopes,
            field: FilterField::$value {
                get: |filters| filters.$field.as_ref(),
                set: |filters, value| filters.$field = Some(value),
            },
        }
    };
}

/// Every export filter, in the order of the vendor's documentation.
#[rustfmt::skip]
pub static EXPORT_FILTERS: &[ExportFilter] = &[
    export_filter!(last_activity_at, "--last-activity-at", Span, SELECTED,
        "Data rows with their last activity from a start to an end, both included."),
    export_filter!(label_created_at, "--label-created-at", Span, SELECTED,
        "Data rows with a label submitted from a start to an end, both included."),
    export_filter!(workflow_status, "--workflow-status", Status, &[Project],
        "Data rows with this status: ToLabel, InReview, InRework or Done."),
    export_filter!(batch_ids, "--batch-ids", Ids, &[Project],
        "Data rows of these batches, at most 2,000."),
    export_filter!(global_keys, "--global-keys", Ids, SELECTED,
        "Data rows with these global keys, at most 2,000."),
    export_filter!(data_row_ids, "--data-row-ids", Ids, SELECTED,
        "Data rows with these ids, at most 2,000."),
];

impl ExportFilter {
    /// Returns whether a request gives the filter.
    pub fn is_given(&self, filters: &ExportFilters) -> bool {
        match &self.field {
            FilterField::Span { get, .. } => get(filters).is_some(),
            FilterField::Status { get, .. } => get(filters).is_some(),
            FilterField::Ids { get, .. } => get(filters).is_some(),
        }
    }

    /// Gives the filter a value: a start and an end (empty where open), one status, or a list. Dates without an offset
    /// are read in `zone`.
    pub fn set(&self, filters: &mut ExportFilters, texts: Vec<String>, zone: &Zone) -> Result<(), RequestError> {
        let option = self.option;
        let count = texts.len();
        match &self.field {
            FilterField::Span { set, .. } => {
                let [start, end] = texts.as_slice() else {
                    return Err(RequestError::Count { option, count, least: 2, most: 2 });
                };
                let span = Span::parse(Some(start), Some(end), zone);
                set(filters, span.map_err(|problem| RequestError::Time { option, problem })?);
            }
            FilterField::Status { set, .. } => {
                let [status] = texts.as_slice() else {
                    return Err(RequestError::Count { option, count, least: 1, most: 1 });
                };
                let found = WorkflowStatus::parse_filter(status).ok_or_else(|| RequestError::NotAllowed {
                    option,
                    found: Quoted::new(status),
                    allowed: WorkflowStatus::ALL.map(WorkflowStatus::filter_name).join(", "),
                })?;
                set(filters, found);
            }
            FilterField::Ids { set, .. } => {
                let list = IdList::new(texts);
                let most = ID_LIST_LIMIT;
                set(filters, list.map_err(|_| RequestError::Count { option, count, least: 1, most })?);
            }
        }
        Ok(())
    }

    /// Reads the texts of a value: an array of two, a string, or an array of strings. An open end is null.
    fn texts(&self, value: &Input<'_>) -> Result<Vec<String>, InputError> {
        match &self.field {
            FilterField::Status { .. } => Ok(vec![value.text()?.into_owned()]),
            FilterField::Ids { .. } => value.texts(),
            FilterField::Span { .. } => {
                let end = |end: &Input<'_>| {
                    if end.kind() == Kind::Null { Ok(String::new()) } else { Ok(end.text()?.into_owned()) }
                };
                value.elements()?.iter().map(end).collect()
            }
        }
    }

    fn write(&self, filters: &ExportFilters, out: &mut Vec<u8>) {
        match &self.field {
            FilterField::Span { get, .. } => match get(filters) {
                Some(span) => write_span(span, out),
                None => out.extend_from_slice(b"null"),
            },
            FilterField::Status { get, .. } => print::text(get(filters).map(|status| status.filter_name()), out),
            FilterField::Ids { get, .. } => print::texts(get(filters).map(IdList::as_slice), out),
        }
    }
}

impl ExportFilters {
    /// Returns the combined condition on a data row.
    pub fn to_predicate(&self) -> Predicate {
        let ids = |list: &Option<IdList>, condition: fn(Vec<String>) -> Condition| {
            list.as_ref().map(|list| condition(list.as_slice().to_vec()))
        };
        let conditions = [
            self.last_activity_at.map(Condition::Activity),
            self.label_created_at.map(Condition::LabelCreated),
            self.workflow_status.map(Condition::Status),
            ids(&self.batch_ids, Condition::Batches),
            ids(&self.global_keys, Condition::GlobalKeys),
            ids(&self.data_row_ids, Condition::DataRowIds),
        ];
        Predicate::all(conditions.into_iter().flatten().map(Predicate::from).collect())
    }

    /// Reads an object as the SDK's `filters`: `{"last_activity_at":["2025-03-01",null],"workflow_status":"Done"}`.
    /// An unknown key is an error; absent and null mean that a filter is not given.
    pub fn read(input: &Input<'_>, zone: &Zone) -> Result<Self, RequestError> {
        let names: Vec<&str> = EXPORT_FILTERS.iter().map(|filter| filter.option.name).collect();
        input.only(&names)?;
        let mut filters = Self::default();
        for filter in EXPORT_FILTERS {
            if let Some(value) = input.find(filter.option.name) {
                filter.set(&mut filters, filter.texts(&value)?, zone)?;
            }
        }
        Ok(filters)
    }

    pub(super) fn check(&self, scope: ScopeKind) -> Result<(), RequestError> {
        let stray = EXPORT_FILTERS.iter().find(|filter| filter.is_given(self) && !filter.scopes.contains(&scope));
        match stray {
            Some(filter) => Err(RequestError::OutOfScope { option: filter.option, scope, applies: filter.scopes }),
            None => Ok(()),
        }
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let mut object = ObjectWriter::open(out);
        for filter in EXPORT_FILTERS {
            filter.write(self, object.key(filter.option.name));
        }
        object.close();
    }
}

fn write_span(span: &Span, out: &mut Vec<u8>) {
    let text = |end: Option<Timestamp>| end.map(|end| end.to_string());
    out.push(b'[');
    print::text(text(span.from).as_deref(), out);
    out.push(b',');
    print::text(text(span.to).as_deref(), out);
    out.push(b']');
}
