//! Rows of labels and of model runs.

use super::facts::Facts;
use crate::export::job::{self, LEGACY_LABELS, LEGACY_RUN, Written};
use crate::tasks::{Done, Job, JobError, Pulse};
use crate::workspace::Workspace;
use labelport_formats::write::{Frames, Legacy, LegacyJson, LegacyRun};
use labelport_model::problem::Problem;
use labelport_model::request::ExportRequest;
use labelport_store::tables::tasks::Task;

/// Exports labels of a project, one line each.
pub struct LabelExport;

/// Exports rows of a model run, one line each.
pub struct RunExport;

impl Job for LabelExport {
    fn kind(&self) -> &'static str {
        LEGACY_LABELS
    }

    fn wire_type(&self) -> &'static str {
        "export-labels"
    }

    fn run(&self, workspace: &Workspace, task: &Task, pulse: &Pulse) -> Result<Done, JobError> {
        let request = ExportRequest::from_json(&task.request).map_err(Problem::internal)?;
        let facts = Facts::read(workspace, &request)?;
        let public_url = workspace.public_url();
        let frames = |label_id: &str| format!("{public_url}{}", super::frames::path(label_id));
        let legacy = Legacy {
            editor_url: public_url,
            frames: Frames::Served(&frames),
            color: &|schema_id| facts.colors.get(schema_id).cloned(),
            mask_url: &|feature_id, stored| facts.mask_places.instance(feature_id, stored),
            has_open_issues: &|label_id| facts.open_issues.contains(label_id),
        };
        let labels_created = request.filters.label_created_at;
        job::run(workspace, task, pulse, &request, Written::with_labels(&LegacyJson(legacy), labels_created))
    }

    fn activity(&self, task: &Task) -> String {
        job::activity(task)
    }

    fn discard(&self, workspace: &Workspace, task: &Task, _: &str) -> Result<(), Problem> {
        job::discard(workspace, task)
    }
}

impl Job for RunExport {
    fn kind(&self) -> &'static str {
        LEGACY_RUN
    }

    fn wire_type(&self) -> &'static str {
        "export-model-run-annotations"
    }

    fn run(&self, workspace: &Workspace, task: &Task, pulse: &Pulse) -> Result<Done, JobError> {
        let request = ExportRequest::from_json(&task.request).map_err(Problem::internal)?;
        let facts = Facts::read(workspace, &request)?;
        let legacy = Legacy {
            editor_url: workspace.public_url(),
            frames: Frames::Inline,
            color: &|schema_id| facts.colors.get(schema_id).cloned(),
            mask_url: &|feature_id, stored| facts.mask_places.instance(feature_id, stored),
            has_open_issues: &|_| false,
        };
        job::run(workspace, task, pulse, &request, Written::in_format(&LegacyRun(legacy)))
    }

    fn activity(&self, task: &Task) -> String {
        job::activity(task)
    }

    fn discard(&self, workspace: &Workspace, task: &Task, _: &str) -> Result<(), Problem> {
        job::discard(workspace, task)
    }
}
