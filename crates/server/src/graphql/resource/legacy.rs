//! Exports of versions before 5 of the SDK, and the export of issues.
//!
//! Each mutation is sent again with the same arguments until it answers with a URL; the engine distinguishes the calls of one
//! export from those of the next.

use super::id;
use crate::graphql::Call;
use crate::graphql::argument::Arguments;
use crate::graphql::schema::{Field, Node, Part, Type};
use crate::nodes::time;
use crate::rest::issue_url;
use labelport_engine::export::job;
use labelport_engine::legacy::{self, LegacyKind};
use labelport_engine::projects::project;
use labelport_model::problem::Problem;
use serde_json::{Value, json};

pub(super) static PART: Part = Part {
    types: &[Type { name: "LegacyExport", leaves: &["createdAt", "downloadUrl", "shouldPoll", "status"], fields: &[] }],
    queries: &[],
    mutations: &[
        Field::object("exportLabels", "LegacyExport", &["data"], |call, _, arguments| {
            answer(call, arguments, LegacyKind::Labels)
        })
        .for_readers(),
        Field::object("exportModelRunAnnotations", "LegacyExport", &["data"], |call, _, arguments| {
            answer(call, arguments, LegacyKind::ModelRun)
        })
        .for_readers(),
        Field::object("exportDatasetDataRows", "LegacyExport", &["data"], |call, _, arguments| {
            answer(call, arguments, LegacyKind::DatasetRows)
        })
        .for_readers(),
        Field::object("exportBatchDataRows", "LegacyExport", &["data"], |call, _, arguments| {
            answer(call, arguments, LegacyKind::BatchRows)
        })
        .for_readers(),
        Field::object("exportQueuedDataRows", "LegacyExport", &["data"], |call, _, arguments| {
            answer(call, arguments, LegacyKind::QueuedRows)
        })
        .for_readers(),
    ],
    more: &[("Project", &[Field::leaf("issueExportUrl", &["where"], issues)])],
};

/// Starts an export or joins the one that was started by the same call before.
fn answer(call: &Call<'_>, arguments: &Arguments<'_>, kind: LegacyKind) -> Result<Value, Problem> {
    let export = legacy::start_or_join(call.workspace, call.caller, kind, arguments.at("data"))?;
    let until = Some(call.workspace.now().plus_millis(job::KEPT_MS));
    let name = if kind == LegacyKind::Labels { "array.json" } else { "rows.ndjson" };
    let url =
        export.is_done.then(|| call.workspace.signer().url(&format!("/results/{}/{name}", export.task_id), until));
    Ok(json!({
        "downloadUrl": url,
        "createdAt": time(export.created),
        "shouldPoll": !export.is_done,
        "status": if export.is_done { "COMPLETE" } else { "IN_PROGRESS" },
    }))
}

fn issues(call: &Call<'_>, parent: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let project = project::get(call.workspace, id(parent))?;
    Ok(json!(issue_url(call.workspace, &project.id, arguments.find_text("where.status")?)?))
}
