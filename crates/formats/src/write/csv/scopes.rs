//! `projects.csv` and `model_runs.csv`: one line for each project or model run that a data row is in.

use super::data_rows::{KEY_COLUMNS, Key, others};
use super::{PROJECTS as PROJECT_LINES, RUNS as RUN_LINES, Table, members, parsed};
use crate::write::Entries;
use crate::write::cells::Line;
use labelport_model::record::{ModelRecord, ProjectRecord, RunRecord};

pub(super) static PROJECTS: Table = Table {
    path: "projects.csv",
    columns: &[
        KEY_COLUMNS[0],
        KEY_COLUMNS[1],
        "project_id",
        "project_name",
        "workflow_status",
        "batch_id",
        "batch_name",
        "priority",
        "task_name",
        "selected_label_id",
        "project_details",
        "project_tags",
        "other",
    ],
};

pub(super) static RUNS: Table = Table {
    path: "model_runs.csv",
    columns: &[
        KEY_COLUMNS[0],
        KEY_COLUMNS[1],
        "model_id",
        "model_name",
        "model_run_id",
        "model_run_name",
        "split",
        "run_data_row_id",
        "other",
    ],
};

/// Members of `project_details` that have columns.
const DETAILS: &[&str] = &["workflow_status", "batch_id", "batch_name", "priority", "task_name", "selected_label_id"];
/// Members of a row in a model run that have columns.
const RUN: &[&str] = &["split", "run_data_row_id"];

pub(super) fn write_project(project: &ProjectRecord<'_>, row: &Key, entries: &mut Entries<'_>) {
    let mut line = Line::of(entries, PROJECT_LINES);
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
    let mut line = Line::of(entries, RUN_LINES);
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
