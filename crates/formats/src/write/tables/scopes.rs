//! `projects` and `model_runs`: one line for each project or model run that a data row is in.

use super::column::Column;
use super::data_rows::{KEY_COLUMNS, Key, others};
use super::line::Line;
use super::{PROJECTS as PROJECT_LINES, RUNS as RUN_LINES, Table};
use crate::write::Entries;
use crate::write::stored::{members, parsed};
use labelport_model::record::{ModelRecord, ProjectRecord, RunRecord};

pub(super) static PROJECTS: Table = Table {
    name: "projects",
    columns: &[
        KEY_COLUMNS[0],
        KEY_COLUMNS[1],
        Column::text("project_id"),
        Column::text("project_name"),
        Column::text("workflow_status"),
        Column::text("batch_id"),
        Column::text("batch_name"),
        Column::whole("priority"),
        Column::text("task_name"),
        Column::text("selected_label_id"),
        Column::json("project_details"),
        Column::json("project_tags"),
        Column::json("other"),
    ],
};

pub(super) static RUNS: Table = Table {
    name: "model_runs",
    columns: &[
        KEY_COLUMNS[0],
        KEY_COLUMNS[1],
        Column::text("model_id"),
        Column::text("model_name"),
        Column::text("model_run_id"),
        Column::text("model_run_name"),
        Column::text("split"),
        Column::text("run_data_row_id"),
        Column::json("other"),
    ],
};

/// Members of `project_details` that have columns.
const DETAILS: &[&str] = &["workflow_status", "batch_id", "batch_name", "priority", "task_name", "selected_label_id"];
/// Members of a row in a model run that have columns.
const RUN: &[&str] = &["split", "run_data_row_id"];

pub(super) fn write_project(project: &ProjectRecord<'_>, row: &Key, entries: &mut Entries<'_>) {
    let mut line = Line::of(row.style, entries, PROJECT_LINES);
    row.write(&mut line);
    line.text(project.id);
    name(project.name, &mut line);
    let details = parsed(project.details.unwrap_or(b"{}"));
    DETAILS.iter().for_each(|key| line.value(details.root().get(key)));
    line.json(project.details);
    line.json(project.tags);
    others(&[(members(project.rest).root(), &[])], &mut line);
    line.end();
}

pub(super) fn write_run(model: &ModelRecord<'_>, run: &RunRecord<'_>, row: &Key, entries: &mut Entries<'_>) {
    let mut line = Line::of(row.style, entries, RUN_LINES);
    row.write(&mut line);
    line.text(model.id);
    name(model.name, &mut line);
    line.text(run.id);
    name(run.name, &mut line);
    let (head, tail, rest) = (members(run.head), members(run.tail), members(model.rest));
    RUN.iter().for_each(|key| line.value(head.root().get(key).or_else(|| tail.root().get(key))));
    others(&[(head.root(), RUN), (tail.root(), RUN), (rest.root(), &[])], &mut line);
    line.end();
}

/// Writes a name that is a JSON string.
fn name(name: Option<&[u8]>, line: &mut Line<'_>) {
    let document = parsed(name.unwrap_or(b"null"));
    line.value(Some(document.root()));
}
