//! Predictions of a model run as suggestions for the people who label in a project.
//!
//! Suggestions are checked and not kept, as those from a file: a row has to be in the project and in the run, and has to
//! have predictions there. Nothing is fetched, so that the import has ended when it is returned.

use super::target::Parent;
use super::{AnnotationImport, ImportKind, get_by_id};
use crate::models::run as model_run;
use crate::workspace::access::Caller;
use crate::workspace::{NewFile, Workspace};
use labelport_model::problem::Problem;
use labelport_store::tables::annotation_imports;
use labelport_store::tables::{data_rows, models, projects};
use serde_json::{Value, json};

/// What becomes a suggestion.
#[derive(Debug, Clone)]
pub struct OfRun<'a> {
    /// The project whose people label.
    pub project_id: &'a str,
    /// The run that has the predictions.
    pub run_id: &'a str,
    /// The data rows.
    pub row_ids: Vec<String>,
    /// The name, which no other import into the project has.
    pub name: &'a str,
}

/// Takes predictions of rows as suggestions; returns the import, which has ended.
///
/// # Errors
/// If the project or the run is not there, or an import of the project has the name.
pub fn import_of_run(workspace: &Workspace, caller: &Caller, of: &OfRun<'_>) -> Result<AnnotationImport, Problem> {
    crate::catalog::dataset::check_name("import", of.name)?;
    let target = Parent::find(workspace, ImportKind::Prelabel, of.project_id)?;
    let run = model_run::get(workspace, of.run_id)?;
    let mut faults = Vec::new();
    for row_id in &of.row_ids {
        let fault = workspace.read(|connection| {
            let row = data_rows::find(connection, workspace.org_key(), row_id)?;
            let Some(row) = row else { return Ok(Some("the data row does not exist; check the id")) };
            if projects::find_row(connection, target.parent_key(), row.key)?.is_none() {
                return Ok(Some("the data row is not in the project; add it there first"));
            }
            let predictions = models::list_run_labels(connection, run.key, row.key, 1)?;
            Ok(predictions.is_empty().then_some("the data row has no predictions in the model run"))
        })?;
        faults.push(fault);
    }
    let (mut all, mut failed, mut input) = (Vec::new(), Vec::new(), Vec::new());
    for (row_id, fault) in of.row_ids.iter().zip(&faults) {
        let errors: Vec<Value> =
            fault.iter().map(|message| json!({ "name": "DataRowNotIncluded", "message": message })).collect();
        let line = json!({
            "uuid": null, "dataRow": { "id": row_id, "globalKey": null },
            "status": if fault.is_some() { "FAILURE" } else { "SUCCESS" }, "errors": errors,
        });
        let line = format!("{line}\n");
        all.extend_from_slice(line.as_bytes());
        if fault.is_some() {
            failed.extend_from_slice(line.as_bytes());
        }
        let given = json!({ "dataRow": { "id": row_id }, "modelRunId": of.run_id });
        input.extend_from_slice(format!("{given}\n").as_bytes());
    }
    let created_by = Some(caller.user.id.clone());
    let keep = |name: &str, bytes: &[u8]| -> Result<(String, String), Problem> {
        let id = workspace.chance().cuid();
        let content_type = Some("application/x-ndjson; charset=utf-8");
        let file = NewFile { id: &id, name, content_type, created_by: created_by.as_deref() };
        let url = workspace.keep_file(&file, bytes)?;
        Ok((id, url))
    };
    let (_, input_url) = keep("rows.ndjson", &input)?;
    let ((status_file, _), (error_file, _)) = (keep("statuses.ndjson", &all)?, keep("errors.ndjson", &failed)?);
    let rows = i64::try_from(of.row_ids.len()).unwrap_or(i64::MAX);
    let id = workspace.chance().cuid();
    let import = AnnotationImport {
        task_id: id.clone(),
        id: id.clone(),
        kind: ImportKind::Prelabel.word().to_owned(),
        parent_key: target.parent_key(),
        name: of.name.to_owned(),
        state: "RUNNING".to_owned(),
        input_url,
        status_file: None,
        error_file: None,
        rows_done: rows,
        rows_total: Some(rows),
        created_by: created_by.clone(),
        created: workspace.now(),
    };
    let (org_key, now) = (workspace.org_key(), workspace.now());
    workspace.write(move |connection| {
        if !annotation_imports::create(connection, org_key, &import)? {
            let message = format!("an import named '{}' exists already there; choose another name", import.name);
            return Err(Problem::conflict(message));
        }
        let files = Some((status_file.as_str(), error_file.as_str()));
        Ok(annotation_imports::finish(connection, &import.id, "FINISHED", files, now)?)
    })?;
    Ok(get_by_id(workspace, ImportKind::Prelabel, &id)?.0)
}
