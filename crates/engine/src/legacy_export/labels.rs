//! Rows of labels and of model runs.

use crate::export;
use crate::masks;
use crate::stored_export;
use crate::work::{Done, Job, JobError, Pulse};
use crate::workspace::Workspace;
use labelport_formats::{Format, Frames, Legacy, LegacyJson, LegacyRun};
use labelport_model::json::{Document, Value};
use labelport_model::problem::Problem;
use labelport_model::record::{LabelRecord, ProjectRecord, Record};
use labelport_model::request::{ExportRequest, Scope};
use labelport_model::time::{Span, Timestamp};
use labelport_store::issues::{self, IssueStatus};
use labelport_store::tasks::Task;
use labelport_store::{Connection, StoreError, imports, ontologies, projects};
use std::collections::{BTreeSet, HashMap};

/// The kind of exports of labels.
pub(super) const LABELS: &str = "export-legacy-labels";
/// The kind of exports of model runs.
pub(super) const RUN: &str = "export-legacy-run";

/// Exports labels of a project, one line each.
pub struct LabelExport;

/// Exports rows of a model run, one line each.
pub struct RunExport;

impl Job for LabelExport {
    fn kind(&self) -> &'static str {
        LABELS
    }

    fn wire_type(&self) -> &'static str {
        "export-labels"
    }

    fn run(&self, workspace: &Workspace, task: &Task, pulse: &Pulse) -> Result<Done, JobError> {
        let request = ExportRequest::from_json(&task.request).map_err(Problem::internal)?;
        let facts = Facts::read(workspace, &request)?;
        let public_url = workspace.signer().public_url();
        let frames = |label_id: &str| format!("{public_url}{}", super::frames::path(label_id));
        let legacy = Legacy {
            editor_url: public_url,
            frames: Frames::Served(&frames),
            color: &|schema_id| facts.colors.get(schema_id).cloned(),
            mask_url: &|feature_id, stored| facts.mask_places.instance(feature_id, stored),
            has_open_issues: &|label_id| facts.open_issues.contains(label_id),
        };
        let submitted = request.filters.label_created_at;
        let format = Submitted { labels: LegacyJson(legacy), submitted };
        stored_export::run(workspace, task, pulse, &request, &format)
    }

    fn activity(&self, task: &Task) -> String {
        stored_export::activity(task)
    }

    fn discard(&self, workspace: &Workspace, task: &Task, _: &str) -> Result<(), Problem> {
        stored_export::discard(workspace, task)
    }
}

impl Job for RunExport {
    fn kind(&self) -> &'static str {
        RUN
    }

    fn wire_type(&self) -> &'static str {
        "export-model-run-annotations"
    }

    fn run(&self, workspace: &Workspace, task: &Task, pulse: &Pulse) -> Result<Done, JobError> {
        let request = ExportRequest::from_json(&task.request).map_err(Problem::internal)?;
        let facts = Facts::read(workspace, &request)?;
        let legacy = Legacy {
            editor_url: workspace.signer().public_url(),
            frames: Frames::Inline,
            color: &|schema_id| facts.colors.get(schema_id).cloned(),
            mask_url: &|feature_id, stored| facts.mask_places.instance(feature_id, stored),
            has_open_issues: &|_| false,
        };
        stored_export::run(workspace, task, pulse, &request, &LegacyRun(legacy))
    }

    fn activity(&self, task: &Task) -> String {
        stored_export::activity(task)
    }

    fn discard(&self, workspace: &Workspace, task: &Task, _: &str) -> Result<(), Problem> {
        stored_export::discard(workspace, task)
    }
}

/// Labels that were submitted in a range. The filter of an export is about rows: a row passes with all its labels.
struct Submitted<'a> {
    labels: LegacyJson<'a>,
    submitted: Option<Span>,
}

impl Format for Submitted<'_> {
    fn name(&self) -> &'static str {
        self.labels.name()
    }

    fn summary(&self) -> &'static str {
        self.labels.summary()
    }

    fn extension(&self) -> &'static str {
        self.labels.extension()
    }

    fn write(&self, record: &Record<'_>, out: &mut Vec<u8>) {
        let Some(span) = self.submitted else { return self.labels.write(record, out) };
        for project in record.projects.unwrap_or_default() {
            let labels: Vec<LabelRecord<'_>> =
                project.labels.iter().filter(|label| is_submitted_in(label, &span)).copied().collect();
            let projects = [ProjectRecord { labels: &labels, ..*project }];
            self.labels.write(&Record { projects: Some(&projects), ..*record }, out);
        }
    }
}

fn is_submitted_in(label: &LabelRecord<'_>, span: &Span) -> bool {
    let document = label.details.and_then(|details| Document::parse(details).ok());
    let created = document.as_ref().and_then(|document| document.root().get("created_at")?.as_text());
    created.and_then(|text| Timestamp::parse_export(&text)).is_some_and(|created| span.contains(created))
}

/// What rows show of a workspace beside their records.
pub(super) struct Facts {
    /// Colours by feature schema.
    pub(super) colors: HashMap<String, String>,
    /// Where masks are found.
    pub(super) mask_places: MaskPlaces,
    open_issues: BTreeSet<String>,
}

impl Facts {
    fn read(workspace: &Workspace, request: &ExportRequest) -> Result<Self, Problem> {
        let org_key = workspace.org_key();
        workspace.read(|connection| {
            let (ontology_id, project_key) = match &request.scope {
                Scope::Project(id) => {
                    let found = projects::find(connection, org_key, id)?;
                    let key = found.as_ref().map(|project| project.key);
                    (found.and_then(|project| project.ontology_id), key)
                }
                Scope::ModelRun(id) => {
                    let run = labelport_store::models::find_run(connection, org_key, id)?;
                    let model = match run {
                        Some(run) => labelport_store::models::find(connection, org_key, &run.model_id)?,
                        None => None,
                    };
                    (model.and_then(|model| model.ontology_id), None)
                }
                _ => (None, None),
            };
            Ok(Self {
                colors: colors_of(connection, org_key, ontology_id.as_deref())?,
                mask_places: MaskPlaces::read(connection, org_key)?,
                open_issues: match project_key {
                    Some(key) => open_issues(connection, key)?,
                    None => BTreeSet::new(),
                },
            })
        })
    }

    /// Reads what the frames of a label of a project show.
    pub(super) fn of_project(workspace: &Workspace, project_key: i64) -> Result<Self, Problem> {
        let org_key = workspace.org_key();
        workspace.read(|connection| {
            let project = projects::find_by_key(connection, org_key, project_key)?;
            let ontology_id = project.and_then(|project| project.ontology_id);
            Ok(Self {
                colors: colors_of(connection, org_key, ontology_id.as_deref())?,
                mask_places: MaskPlaces::read(connection, org_key)?,
                open_issues: BTreeSet::new(),
            })
        })
    }
}

fn open_issues(connection: &mut dyn Connection, project_key: i64) -> Result<BTreeSet<String>, StoreError> {
    let issues = issues::list(connection, project_key)?;
    let open = issues.into_iter().filter(|issue| issue.status == IssueStatus::Open);
    Ok(open.filter_map(|issue| issue.label_id).collect())
}

fn colors_of(
    connection: &mut dyn Connection,
    org_key: i64,
    ontology_id: Option<&str>,
) -> Result<HashMap<String, String>, StoreError> {
    let found = match ontology_id {
        Some(id) => ontologies::find(connection, org_key, id)?,
        None => None,
    };
    let normalized = found.and_then(|ontology| ontology.normalized).unwrap_or_default();
    let Ok(document) = Document::parse(normalized.as_bytes()) else { return Ok(HashMap::new()) };
    let text = |tool: Value<'_>, key: &str| tool.get(key).and_then(Value::as_text).map(|text| text.into_owned());
    let tools = document.root().get("tools").into_iter().flat_map(Value::elements);
    Ok(tools.filter_map(|tool| Some((text(tool, "featureSchemaId")?, text(tool, "color")?))).collect())
}

/// Where the masks of single instances are found: below what their import went into.
pub(super) struct MaskPlaces(HashMap<String, String>);

impl MaskPlaces {
    fn read(connection: &mut dyn Connection, org_key: i64) -> Result<Self, StoreError> {
        let parents = imports::list_parents(connection, org_key)?;
        let root = |parent: imports::Parent| {
            let sort = if parent.is_run { "model-runs" } else { "projects" };
            (parent.import_id, format!("/api/v1/{sort}/{}", parent.id))
        };
        Ok(Self(parents.into_iter().map(root).collect()))
    }

    /// Returns where the mask of one feature is, given where all of its picture are; none for a mask of somebody else.
    pub(super) fn instance(&self, feature_id: &str, stored: &str) -> Option<String> {
        let place = stored.strip_prefix(masks::ORIGIN)?.strip_prefix("/api/v1/tasks/")?;
        let (import_id, place) = place.split_once("/masks/")?;
        let (_, index) = place.rsplit_once("/index/")?;
        let root = self.0.get(import_id)?;
        Some(format!("{}{root}/annotations/{feature_id}/index/{index}/mask", masks::ORIGIN))
    }
}

/// Returns annotations with every frame, or as they are where that cannot be.
pub(super) fn filled(annotations: &str) -> String {
    export::fill_frames(annotations).ok().flatten().unwrap_or_else(|| annotations.to_owned())
}
