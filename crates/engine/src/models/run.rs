//! Model runs: what was trained on which rows, and what it predicted.

pub use labelport_store::tables::models::{ModelRun, RunRow};

use super::model;
use crate::workspace::Workspace;
use crate::workspace::access::Caller;
use labelport_model::given;
use labelport_model::problem::Problem;
use labelport_store::row_key::RowKey;
use labelport_store::tables::models::{self, NewModelRun};
use labelport_store::write::changes;
use labelport_store::write::removal;
use serde_json::{Map, Value, json};

/// Creates a run of a model.
pub fn create(
    workspace: &Workspace,
    caller: &Caller,
    model_id: &str,
    name: &str,
    training_metadata: &Value,
) -> Result<ModelRun, Problem> {
    crate::catalog::dataset::check_name("model run", name)?;
    let model = model::get(workspace, model_id)?;
    let new = NewModelRun {
        id: workspace.chance().uuid(),
        name: name.to_owned(),
        model_key: model.key,
        training_metadata: stored(training_metadata),
        created_by: caller.user.id.clone(),
        now: workspace.now(),
    };
    let (org_key, id) = (workspace.org_key(), new.id.clone());
    workspace.write(move |connection| {
        let known = models::list_runs(connection, org_key, new.model_key)?;
        if known.iter().any(|known| known.name == new.name) {
            let message = format!("the model has a run named {:?} already; choose another name", new.name);
            return Err(Problem::conflict(message));
        }
        Ok(models::create_run(connection, &new)?)
    })?;
    get(workspace, &id)
}

fn stored(metadata: &Value) -> Option<String> {
    (!metadata.is_null()).then(|| metadata.to_string())
}

/// Returns a run.
pub fn get(workspace: &Workspace, id: &str) -> Result<ModelRun, Problem> {
    let found = workspace.read(|connection| Ok(models::find_run(connection, workspace.org_key(), id)?))?;
    found.ok_or_else(|| Problem::not_found("model run", id))
}

/// Lists the runs of a model, oldest first.
pub fn list(workspace: &Workspace, model_id: &str) -> Result<Vec<ModelRun>, Problem> {
    let model = model::get(workspace, model_id)?;
    workspace.read(|connection| Ok(models::list_runs(connection, workspace.org_key(), model.key)?))
}

/// Lists rows of a run after one.
pub fn list_rows(workspace: &Workspace, run: &ModelRun, after: RowKey, limit: usize) -> Result<Vec<RunRow>, Problem> {
    workspace.read(|connection| Ok(models::list_run_rows(connection, run.key, after, limit)?))
}

/// Deletes runs with their labels and predictions.
pub fn delete(workspace: &Workspace, ids: &[String]) -> Result<(), Problem> {
    let keys: Vec<i64> = ids.iter().map(|id| get(workspace, id).map(|run| run.key)).collect::<Result<_, _>>()?;
    let (org_key, now) = (workspace.org_key(), workspace.now());
    workspace.write(move |connection| {
        let change_seq = changes::next_change_seq(connection, org_key)?;
        for key in keys {
            removal::remove_run(connection, org_key, change_seq, key)?;
            models::mark_run_deleted(connection, key, now)?;
        }
        Ok(())
    })
}

/// Replaces the training metadata of a run; null removes them.
pub fn set_training_metadata(workspace: &Workspace, id: &str, metadata: &Value) -> Result<ModelRun, Problem> {
    let metadata = stored(metadata);
    change(workspace, id, move |run| run.training_metadata = metadata)
}

/// Changes the state of the training pipeline of a run. Its metadata add up over calls.
pub fn update_pipeline(workspace: &Workspace, id: &str, data: &Value) -> Result<Value, Problem> {
    for key in ["status", "errorMessage"] {
        given::find_text(&format!("data.{key}"), &data[key])?;
    }
    if !matches!(data["metadata"], Value::Null | Value::Object(_)) {
        return Err(given::wrong("data.metadata", "an object", &data["metadata"]));
    }
    let data = data.clone();
    let changed = change(workspace, id, move |run| {
        let mut status = pipeline(run);
        status["status"] = data["status"].clone();
        status["errorMessage"] = data["errorMessage"].clone();
        if let Value::Object(given) = &data["metadata"] {
            let mut metadata: Map<String, Value> = status["metadata"].as_object().cloned().unwrap_or_default();
            metadata.extend(given.clone());
            status["metadata"] = Value::Object(metadata);
        }
        run.status = Some(status.to_string());
    })?;
    Ok(pipeline(&changed))
}

/// Changes a run where it is read: of two changes at once neither is lost.
fn change(
    workspace: &Workspace,
    id: &str,
    apply: impl FnOnce(&mut ModelRun) + Send + 'static,
) -> Result<ModelRun, Problem> {
    let (org_key, now, id) = (workspace.org_key(), workspace.now(), id.to_owned());
    workspace.write(move |connection| {
        let found = models::find_run(connection, org_key, &id)?;
        let mut run = found.ok_or_else(|| Problem::not_found("model run", &id))?;
        apply(&mut run);
        models::update_run(connection, &run, now)?;
        Ok(run)
    })
}

/// Returns the state of the training pipeline of a run.
pub fn pipeline(run: &ModelRun) -> Value {
    let stored = run.status.as_deref().and_then(|text| serde_json::from_str(text).ok());
    stored.unwrap_or_else(|| json!({ "status": null, "errorMessage": null, "metadata": null }))
}

/// Finds a model run by its key.
pub fn find_by_key(workspace: &Workspace, key: i64) -> Result<Option<ModelRun>, Problem> {
    workspace.read(|connection| Ok(models::find_run_by_key(connection, workspace.org_key(), key)?))
}
