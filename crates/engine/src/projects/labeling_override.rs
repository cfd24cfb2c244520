//! Rows with a priority of their own in the queue of a project.

pub use labelport_store::tables::labeling_overrides::LabelingOverride;

use super::named_rows::NamedRows;
use super::project::{self, Project};
use super::workflow;
use crate::workspace::Workspace;
use crate::workspace::access::Caller;
use labelport_model::problem::Problem;
use labelport_store::tables::{labeling_overrides, projects};
use serde_json::{Value, json};

/// Gives rows of a project priorities: each row as `{id, idType}`, with its priority. All rows have to be in the project.
///
/// # Errors
/// If one is not: then none is changed.
pub fn set(workspace: &Workspace, caller: &Caller, project_id: &str, wanted: &[(Value, i64)]) -> Result<(), Problem> {
    let project = project::get(workspace, project_id)?;
    for (identifier, _) in wanted {
        workflow::check_rows(workspace, project_id, &named(identifier))?;
    }
    for (identifier, priority) in wanted {
        workflow::start_priorities(workspace, caller, project_id, *priority, &named(identifier))?;
        let keys = NamedRows::read_typed(&named(identifier))?.find(workspace)?.keys();
        let (project, priority, now) = (project.clone(), *priority, workspace.now());
        let rows: Vec<_> = keys
            .into_iter()
            .map(|row_key| LabelingOverride { id: workspace.chance().cuid(), row_key, priority })
            .collect();
        workspace.write(move |connection| {
            for row in &rows {
                if projects::find_row(connection, project.key, row.row_key)?.is_some() {
                    labeling_overrides::put(connection, project.key, row, now)?;
                }
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// Takes the priorities of their own from rows of a project. What batches gave them is not brought back.
pub fn unset(workspace: &Workspace, project_id: &str, identifiers: &[Value]) -> Result<(), Problem> {
    let project = project::get(workspace, project_id)?;
    for identifier in identifiers {
        workflow::check_rows(workspace, project_id, &named(identifier))?;
    }
    for identifier in identifiers {
        let (keys, key) = (NamedRows::read_typed(&named(identifier))?.find(workspace)?.keys(), project.key);
        workspace.write(move |connection| {
            for row_key in keys {
                labeling_overrides::remove(connection, key, row_key)?;
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// Lists the rows of a project that have a priority of their own.
pub fn list(workspace: &Workspace, project: &Project) -> Result<Vec<LabelingOverride>, Problem> {
    workspace.read(|connection| Ok(labeling_overrides::list(connection, project.key)?))
}

fn named(identifier: &Value) -> Value {
    json!({ "ids": [identifier["id"]], "idType": identifier["idType"] })
}
