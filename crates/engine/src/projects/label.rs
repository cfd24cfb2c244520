//! Labels one by one.

pub use labelport_store::tables::labels::{Label, LabelOrder, LabelOrderBy, ListLabels};

use super::project;
use crate::edits::Edits;
use crate::workspace::Workspace;
use labelport_model::problem::Problem;
use labelport_store::row_key::RowKey;
use labelport_store::tables::labels;
use labelport_store::tables::projects;
use labelport_store::write::activity;
use labelport_store::write::removal;

/// Lists labels of a project in the order in which they were created.
pub fn list(workspace: &Workspace, project_id: &str, which: &ListLabels) -> Result<Vec<Label>, Problem> {
    let project = project::get(workspace, project_id)?;
    workspace.read(|connection| Ok(labels::list(connection, project.key, which)?))
}

/// Returns a label.
pub fn get(workspace: &Workspace, id: &str) -> Result<Label, Problem> {
    let org_key = workspace.org_key();
    let found = workspace.read(|connection| Ok(labels::find(connection, org_key, id)?))?;
    found.ok_or_else(|| Problem::not_found("label", id))
}

/// Counts the labels of a project.
pub fn count(workspace: &Workspace, project_key: i64) -> Result<i64, Problem> {
    workspace.read(|connection| Ok(labels::count(connection, project_key)?))
}

/// Deletes labels; returns the ids of those that were there.
pub fn delete(workspace: &Workspace, ids: Vec<String>) -> Result<Vec<String>, Problem> {
    let (org_key, now) = (workspace.org_key(), workspace.now());
    workspace.write(move |connection| {
        let mut edits = Edits::begin(connection, org_key, now)?;
        let mut deleted = Vec::new();
        for id in ids {
            if labels::find(edits.connection, org_key, &id)?.is_none() {
                continue;
            }
            if let Some((_, row_key)) = removal::remove_label(edits.connection, &id)? {
                activity::note(edits.connection, row_key, now)?;
                edits.touch(row_key)?;
                deleted.push(id);
            }
        }
        edits.finish()?;
        Ok(deleted)
    })
}

/// Lists the labels of a row in all projects.
pub fn list_of_row(workspace: &Workspace, row_key: RowKey) -> Result<Vec<Label>, Problem> {
    workspace.read(|connection| Ok(labels::list_of_row(connection, workspace.org_key(), row_key)?))
}

/// Deletes the labels of a batch; returns their ids.
pub fn delete_of_batch(workspace: &Workspace, batch_key: i64) -> Result<Vec<String>, Problem> {
    let ids = workspace.read(|connection| Ok(projects::list_batch_labels(connection, batch_key)?))?;
    delete(workspace, ids)
}
