//! Datasets.

use super::edit::Edits;
use crate::access::Caller;
use crate::workspace::Workspace;
use labelport_model::problem::Problem;
use labelport_store::datasets::{self, Dataset, DatasetChange, NewDataset};
use labelport_store::{removal, rows};

/// The most characters of a name.
pub const NAME_LIMIT: usize = 256;

/// Fails for a name that is empty or too long to be shown.
pub fn check_name(sort: &str, name: &str) -> Result<(), Problem> {
    let length = name.chars().count();
    if name.trim().is_empty() || length > NAME_LIMIT {
        let message = format!("the name of a {sort} has 1 to {NAME_LIMIT} characters, this one has {length}");
        return Err(Problem::malformed(message));
    }
    Ok(())
}

/// Creates a dataset.
pub fn create(
    workspace: &Workspace,
    caller: &Caller,
    name: &str,
    description: Option<&str>,
) -> Result<Dataset, Problem> {
    check_name("dataset", name)?;
    let new = NewDataset {
        id: workspace.chance().cuid(),
        name: name.to_owned(),
        description: description.map(str::to_owned),
        created_by: Some(caller.user.key),
        now: workspace.now(),
    };
    let (org_key, id) = (workspace.org_key(), new.id.clone());
    workspace.write(move |connection| Ok(datasets::create(connection, org_key, &new)?))?;
    get(workspace, &id)
}

/// Returns a dataset.
pub fn get(workspace: &Workspace, id: &str) -> Result<Dataset, Problem> {
    let found = workspace.read(|connection| Ok(datasets::find(connection, workspace.org_key(), id)?))?;
    found.ok_or_else(|| Problem::not_found("dataset", id))
}

/// Lists the datasets, oldest first.
pub fn list(workspace: &Workspace) -> Result<Vec<Dataset>, Problem> {
    workspace.read(|connection| Ok(datasets::list(connection, workspace.org_key())?))
}

/// Changes a dataset; none leaves a part as it is.
pub fn update(
    workspace: &Workspace,
    id: &str,
    name: Option<String>,
    description: Option<String>,
) -> Result<Dataset, Problem> {
    if let Some(name) = &name {
        check_name("dataset", name)?;
    }
    let (dataset, org_key) = (get(workspace, id)?, workspace.org_key());
    let change = DatasetChange { name, description, now: workspace.now() };
    workspace.write(move |connection| Ok(datasets::update(connection, org_key, dataset.key, &change)?))?;
    get(workspace, id)
}

/// Deletes a dataset with its rows.
pub fn delete(workspace: &Workspace, id: &str) -> Result<(), Problem> {
    let (dataset, org_key, now) = (get(workspace, id)?, workspace.org_key(), workspace.now());
    workspace.write(move |connection| {
        let mut edits = Edits::begin(connection, org_key, now)?;
        let change_seq = edits.change_seq()?;
        for row_key in rows::list_keys(edits.connection, dataset.key)? {
            removal::remove_row(edits.connection, org_key, change_seq, row_key)?;
            edits.note_touched();
        }
        datasets::mark_deleted(edits.connection, dataset.key, now)?;
        Ok(edits.finish()?)
    })
}
