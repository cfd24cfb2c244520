//! Files of before v2: what they hold is stored, comes out in both forms, and is counted.

mod kinds;
mod media;
mod random;
mod records;

use crate::support::{Workspace, lines};
use labelport_engine::import::Summary;
use labelport_formats::read::Counts;
use labelport_formats::write::{Legacy, LegacyJson, LegacyRun};
use labelport_model::request::{ExportRequest, Params, Scope};
use serde_json::Value;

/// Returns a request for everything that a record shows, with every frame.
fn of_scope(scope: Scope) -> ExportRequest {
    let params = Params::everything(scope.kind());
    crate::support::request(scope, params)
}

/// Returns the records of a project, one a line.
fn records_of_project(workspace: &Workspace, project_id: &str) -> String {
    let format = &LegacyJson(Legacy::PLAIN);
    let exported = workspace.export_as(&of_scope(Scope::Project(project_id.to_owned())), format);
    String::from_utf8(exported.bytes).unwrap()
}

/// Returns the records of a model run, one a line.
fn records_of_run(workspace: &Workspace, run_id: &str) -> String {
    let exported = workspace.export_as(&of_scope(Scope::ModelRun(run_id.to_owned())), &LegacyRun(Legacy::PLAIN));
    String::from_utf8(exported.bytes).unwrap()
}

/// Returns the rows of a workspace in today's form, with every frame.
fn rows(workspace: &Workspace) -> Vec<Value> {
    let exported = workspace.export(&of_scope(Scope::Catalog));
    lines(&exported.bytes).into_iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Fails unless every annotation that was read was stored; returns what was counted.
#[track_caller]
fn conserved(summary: &Summary) -> &Counts {
    let counts = summary.archive.as_ref().unwrap();
    for counted in [counts.objects, counts.classifications] {
        assert_eq!(counted.read, counted.stored);
    }
    counts
}

/// Fails if an import has changed anything.
#[track_caller]
fn changed_nothing(summary: &Summary) {
    let counts = &summary.counts;
    for tally in [counts.rows, counts.labels, counts.run_labels] {
        assert_eq!((tally.created, tally.changed, tally.removed), (0, 0, 0), "{counts:?}");
    }
    let created = [counts.datasets, counts.projects, counts.models, counts.model_runs, counts.ontologies];
    assert_eq!(created, [0; 5], "{counts:?}");
}
