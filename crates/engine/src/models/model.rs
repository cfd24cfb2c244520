//! Models.

pub use labelport_store::tables::models::Model;

use crate::workspace::Workspace;
use crate::workspace::access::Caller;
use labelport_model::problem::Problem;
use labelport_store::tables::models::{self, NewModel};
use labelport_store::write::changes;
use labelport_store::write::removal;

/// Creates a model on an ontology.
pub fn create(workspace: &Workspace, caller: &Caller, name: &str, ontology_id: &str) -> Result<Model, Problem> {
    crate::catalog::dataset::check_name("model", name)?;
    let ontology = crate::projects::ontology::get(workspace, ontology_id)?;
    let new = NewModel {
        id: workspace.chance().cuid(),
        name: name.to_owned(),
        ontology_key: Some(ontology.key),
        created_by: caller.user.id.clone(),
        now: workspace.now(),
    };
    let (org_key, id) = (workspace.org_key(), new.id.clone());
    workspace.write(move |connection| {
        if models::list(connection, org_key)?.iter().any(|known| known.name == new.name) {
            return Err(Problem::conflict(format!("a model is named {:?} already; choose another name", new.name)));
        }
        Ok(models::create(connection, org_key, &new)?)
    })?;
    get(workspace, &id)
}

/// Returns a model.
pub fn get(workspace: &Workspace, id: &str) -> Result<Model, Problem> {
    let found = workspace.read(|connection| Ok(models::find(connection, workspace.org_key(), id)?))?;
    found.ok_or_else(|| Problem::not_found("model", id))
}

/// Lists the models, oldest first.
pub fn list(workspace: &Workspace) -> Result<Vec<Model>, Problem> {
    workspace.read(|connection| Ok(models::list(connection, workspace.org_key())?))
}

/// Deletes models with their runs.
pub fn delete(workspace: &Workspace, ids: &[String]) -> Result<(), Problem> {
    let keys: Vec<i64> = ids.iter().map(|id| get(workspace, id).map(|model| model.key)).collect::<Result<_, _>>()?;
    let (org_key, now) = (workspace.org_key(), workspace.now());
    workspace.write(move |connection| {
        let change_seq = changes::next_change_seq(connection, org_key)?;
        for key in keys {
            for run in models::list_runs(connection, org_key, key)? {
                removal::remove_run(connection, org_key, change_seq, run.key)?;
            }
            models::mark_deleted(connection, key, now)?;
        }
        Ok(())
    })
}
