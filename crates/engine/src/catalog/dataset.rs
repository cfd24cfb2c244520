//! Datasets.

pub use labelport_store::tables::datasets::Dataset;

use crate::edits::Edits;
use crate::workspace::Workspace;
use crate::workspace::access::Caller;
use labelport_model::problem::Problem;
use labelport_store::row_key::RowKey;
use labelport_store::tables::data_rows;
use labelport_store::tables::data_rows::ListRows;
use labelport_store::tables::datasets::{self, DatasetChange, NewDataset};
use labelport_store::write::removal;

/// The most characters of a name.
pub const NAME_LIMIT: usize = 256;

/// How many rows are deleted in one transaction.
const PORTION: usize = 1_000;

/// Fails for a name that is empty or too long to be shown.
pub fn check_name(kind: &str, name: &str) -> Result<(), Problem> {
    let length = name.chars().count();
    if name.trim().is_empty() || length > NAME_LIMIT {
        let message = format!("{kind} names have 1 to {NAME_LIMIT} characters; this one has {length}");
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
    // In portions, so that others can write meanwhile; the dataset goes with its last rows.
    loop {
        let is_gone = workspace.write(move |connection| {
            let mut edits = Edits::begin(connection, org_key, now)?;
            let change_seq = edits.change_seq()?;
            let which = ListRows { dataset_key: dataset.key, after: RowKey::MIN, external_id: None, limit: PORTION };
            let rows = data_rows::list(edits.connection, org_key, &which)?;
            for row in &rows {
                removal::remove_row(edits.connection, org_key, change_seq, row.key)?;
                edits.note_touched();
            }
            let is_gone = rows.len() < PORTION;
            if is_gone {
                datasets::mark_deleted(edits.connection, dataset.key, now)?;
            }
            edits.finish()?;
            Ok(is_gone)
        })?;
        if is_gone {
            return Ok(());
        }
    }
}

/// Lists the datasets that rows of a project are of, oldest first.
pub fn list_of_project(workspace: &Workspace, project_key: i64) -> Result<Vec<Dataset>, Problem> {
    let org_key = workspace.org_key();
    workspace.read(|connection| Ok(datasets::list_of_project(connection, org_key, project_key)?))
}

/// Finds a dataset by its key.
pub fn find_by_key(workspace: &Workspace, key: i64) -> Result<Option<Dataset>, Problem> {
    workspace.read(|connection| Ok(datasets::find_by_key(connection, workspace.org_key(), key)?))
}
