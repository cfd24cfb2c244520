//! Slices: saved queries over the catalog. No call of the SDK makes one, so that other doors do.

use crate::access::Caller;
use crate::workspace::Workspace;
use labelport_model::filter;
use labelport_model::problem::Problem;
use labelport_store::rows;
use labelport_store::select::{Base, Selection};
use labelport_store::slices::{self, Slice};

/// Creates a slice. The filter is a query, see `docs/filters.md`.
pub fn create(
    workspace: &Workspace,
    _: &Caller,
    name: &str,
    description: Option<&str>,
    filter: &str,
) -> Result<Slice, Problem> {
    super::dataset::check_name("slice", name)?;
    let slice = Slice {
        id: workspace.chance().cuid(),
        name: name.to_owned(),
        description: description.map(str::to_owned),
        filter: filter::canonical_query(filter).map_err(|error| Problem::malformed(error.to_string()))?,
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

/// Lists the rows that a slice finds: their ids and global keys, in the order of an export.
pub fn list_rows(workspace: &Workspace, caller: &Caller, id: &str) -> Result<Vec<(String, Option<String>)>, Problem> {
    let slice = get(workspace, id)?;
    let zone = workspace.zone_of(&caller.user)?;
    let query = filter::parse_query(&slice.filter, &zone);
    let query = query.map_err(|error| Problem::malformed(format!("the filter of the slice: {error}")))?;
    let org_key = workspace.org_key();
    workspace.read(|connection| {
        let selection = Selection::prepare(connection, org_key, Base::Catalog, &query)?;
        let mut found = Vec::new();
        for part in selection.parts() {
            for key in selection.keys(connection, &part)? {
                let row = rows::find_by_key(connection, org_key, key)?;
                found.extend(row.map(|row| (row.id, row.global_key)));
            }
        }
        Ok(found)
    })
}

/// Lists the slices, oldest first.
pub fn list(workspace: &Workspace) -> Result<Vec<Slice>, Problem> {
    workspace.read(|connection| Ok(slices::list(connection, workspace.org_key())?))
}
