//! Slices: saved queries over the catalog. No call of the SDK makes one, so other APIs do.

pub use labelport_store::tables::slices::Slice;

use crate::export;
use crate::export::job::to_problem;
use crate::workspace::Workspace;
use crate::workspace::access::Caller;
use labelport_model::filter;
use labelport_model::input::InputError;
use labelport_model::predicate::{Condition, Predicate};
use labelport_model::problem::Problem;
use labelport_model::quote::Quoted;
use labelport_model::time::Zone;
use labelport_store::read::select::{Base, Part, Selection};
use labelport_store::row_key::RowKey;
use labelport_store::tables::data_rows;
use labelport_store::tables::slices;
use std::fmt;

/// Creates a slice. The filter is a query, see `docs/filters.md`.
pub fn create(
    workspace: &Workspace,
    _: &Caller,
    name: &str,
    description: Option<&str>,
    filter: &str,
) -> Result<Slice, Problem> {
    super::dataset::check_name("slice", name)?;
    let malformed = |error: InputError| Problem::malformed(error.to_string());
    let query = filter::parse_query(filter, &Zone::utc()).map_err(malformed)?;
    workspace.read(|connection| export::check_query(connection, workspace.org_key(), &query).map_err(to_problem))?;
    let slice = Slice {
        id: workspace.chance().cuid(),
        name: name.to_owned(),
        description: description.map(str::to_owned),
        filter: filter::canonical_query(filter).map_err(malformed)?,
        created: workspace.now(),
    };
    let (org_key, new) = (workspace.org_key(), slice.clone());
    if workspace.write(move |connection| Ok(slices::create(connection, org_key, &new)?))? {
        Ok(slice)
    } else {
        Err(Problem::conflict(format!("a slice is named {name:?} already; choose another name")))
    }
}

/// Returns a slice.
pub fn get(workspace: &Workspace, id: &str) -> Result<Slice, Problem> {
    let found = workspace.read(|connection| Ok(slices::find_by_id(connection, workspace.org_key(), id)?))?;
    found.ok_or_else(|| Problem::not_found("slice", id))
}

/// Where a page of rows begins: after a row, with how many rows there were when the first page was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    after: RowKey,
    total: usize,
}

impl Cursor {
    /// Reads one that was given out.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let parts = text.split_once(':').map(|(after, total)| (after.parse(), total.parse()));
        match parts {
            Some((Ok(after), Ok(total))) => Ok(Self { after, total }),
            _ => Err(Problem::malformed(format!("{} is no cursor of this list", Quoted::new(text)))),
        }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.after, self.total)
    }
}

/// Some of the rows that a slice finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Their ids and global keys, in the order of an export.
    pub rows: Vec<(String, Option<String>)>,
    /// Where the next page begins; none at the end.
    pub next: Option<Cursor>,
    /// How many rows the slice found when the first page was read.
    pub total: usize,
}

/// Returns a page of the rows that a slice finds, from the first or from a cursor on.
///
/// The first page looks at all rows, to count those that are found; a later one begins where the one before ended.
pub fn list_rows(
    workspace: &Workspace,
    caller: &Caller,
    id: &str,
    from: Option<Cursor>,
    limit: usize,
) -> Result<Page, Problem> {
    let query = query_of(workspace, caller, id)?;
    page(workspace, &query, from, limit)
}

/// Returns a page of the rows of a model run that a slice finds.
pub fn list_rows_of_run(
    workspace: &Workspace,
    caller: &Caller,
    id: &str,
    run_id: &str,
    from: Option<Cursor>,
    limit: usize,
) -> Result<Page, Problem> {
    let query = query_of(workspace, caller, id)?;
    let in_run = Predicate::from(Condition::InModelRun { runs: vec![run_id.to_owned()], split: None });
    // What the slice names may have been deleted since it was made; the run is named now.
    workspace.read(|connection| export::check_query(connection, workspace.org_key(), &in_run).map_err(to_problem))?;
    page(workspace, &Predicate::all(vec![in_run, query]), from, limit)
}

fn query_of(workspace: &Workspace, caller: &Caller, id: &str) -> Result<Predicate, Problem> {
    let slice = get(workspace, id)?;
    let zone = workspace.zone_of(&caller.user)?;
    let query = filter::parse_query(&slice.filter, &zone);
    query.map_err(|error| Problem::malformed(format!("the filter of the slice: {error}")))
}

fn page(workspace: &Workspace, query: &Predicate, from: Option<Cursor>, limit: usize) -> Result<Page, Problem> {
    let org_key = workspace.org_key();
    workspace.read(|connection| {
        let selection = Selection::prepare(connection, org_key, Base::Catalog, query)?;
        let after = from.map_or(0, |cursor| cursor.after);
        let (mut keys, mut count) = (Vec::new(), 0);
        for part in selection.parts().into_iter().filter_map(|part| rest_after(part, after)) {
            let found = selection.keys(connection, &part)?;
            count += found.len();
            keys.extend(found.into_iter().take(limit - keys.len()));
            if from.is_some() && count > limit {
                break;
            }
        }
        let last = keys.last().copied().unwrap_or(after);
        let total = from.map_or(count, |cursor| cursor.total);
        let next = (count > keys.len()).then_some(Cursor { after: last, total });
        let mut rows = Vec::new();
        for key in keys {
            let row = data_rows::find_by_key(connection, org_key, key)?;
            rows.extend(row.map(|row| (row.id, row.global_key)));
        }
        Ok(Page { rows, next, total })
    })
}

/// Returns the rest of a part after a key; `None` if nothing is left.
fn rest_after(part: Part, after: RowKey) -> Option<Part> {
    match part {
        Part::Range(range) => {
            let range = (*range.start()).max(after.saturating_add(1))..=*range.end();
            (!range.is_empty()).then_some(Part::Range(range))
        }
        Part::Candidates { mut keys, are_settled } => {
            keys.retain(|key| *key > after);
            (!keys.is_empty()).then_some(Part::Candidates { keys, are_settled })
        }
    }
}

/// Lists the slices, oldest first.
pub fn list(workspace: &Workspace) -> Result<Vec<Slice>, Problem> {
    workspace.read(|connection| Ok(slices::list(connection, workspace.org_key())?))
}
