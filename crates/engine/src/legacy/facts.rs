//! What legacy rows show of a workspace that is not in their records: colors, addresses of masks, open issues.

use crate::workspace::Workspace;
use crate::workspace::signing::Signer;
use labelport_model::json::{Document, Value};
use labelport_model::problem::Problem;
use labelport_model::request::{ExportRequest, Scope};
use labelport_store::Connection;
use labelport_store::StoreError;
use labelport_store::tables::annotation_imports;
use labelport_store::tables::issues::{self, IssueStatus};
use labelport_store::tables::labels;
use labelport_store::tables::ontologies;
use labelport_store::tables::projects;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// What legacy rows show of a workspace that is not in their records.
pub(super) struct Facts {
    /// Colours by feature schema.
    pub(super) colors: HashMap<String, String>,
    /// Where masks are found.
    pub(super) mask_places: MaskPlaces,
    /// The labels that have an open issue.
    pub(super) open_issues: BTreeSet<String>,
}

impl Facts {
    /// Reads what the rows of an export show.
    pub(super) fn read(workspace: &Workspace, request: &ExportRequest) -> Result<Self, Problem> {
        let org_key = workspace.org_key();
        workspace.read(|connection| {
            let (ontology_id, project_key) = match &request.scope {
                Scope::Project(id) => {
                    let found = projects::find(connection, org_key, id)?;
                    let key = found.as_ref().map(|project| project.key);
                    (found.and_then(|project| project.ontology_id), key)
                }
                Scope::ModelRun(id) => {
                    let run = labelport_store::tables::models::find_run(connection, org_key, id)?;
                    let model = match run {
                        Some(run) => labelport_store::tables::models::find(connection, org_key, &run.model_id)?,
                        None => None,
                    };
                    (model.and_then(|model| model.ontology_id), None)
                }
                _ => (None, None),
            };
            Ok(Self {
                colors: colors_of(connection, org_key, ontology_id.as_deref())?,
                mask_places: MaskPlaces::read(connection, org_key, workspace.signer())?,
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
                mask_places: MaskPlaces::read(connection, org_key, workspace.signer())?,
                open_issues: BTreeSet::new(),
            })
        })
    }
}

fn open_issues(connection: &mut dyn Connection, project_key: i64) -> Result<BTreeSet<String>, StoreError> {
    let issues = issues::list(connection, project_key)?;
    let mut open = BTreeSet::new();
    for issue in issues.into_iter().filter(|issue| issue.status == IssueStatus::Open) {
        match issue.label_id {
            Some(label_id) => {
                open.insert(label_id);
            }
            // What is said of a row is said of each of its labels.
            None => open.extend(labels::list_ids_of_row(connection, project_key, &issue.row_id)?),
        }
    }
    Ok(open)
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
pub(super) struct MaskPlaces {
    roots: HashMap<String, String>,
    signer: Arc<Signer>,
}

impl MaskPlaces {
    fn read(connection: &mut dyn Connection, org_key: i64, signer: Arc<Signer>) -> Result<Self, StoreError> {
        let parents = annotation_imports::list_parents(connection, org_key)?;
        let root = |parent: annotation_imports::Parent| {
            let sort = if parent.is_run { "model-runs" } else { "projects" };
            (parent.import_id, format!("/api/v1/{sort}/{}", parent.id))
        };
        Ok(Self { roots: parents.into_iter().map(root).collect(), signer })
    }

    /// Returns the URL of the mask of one feature, given the URL of the picture that holds all of them; none for a mask of
    /// somebody else.
    pub(super) fn instance(&self, feature_id: &str, url: &str) -> Option<String> {
        let place = self.signer.own_path(url)?.strip_prefix("/api/v1/tasks/")?;
        let (import_id, place) = place.split_once("/masks/")?;
        let (_, index) = place.rsplit_once("/index/")?;
        let root = self.roots.get(import_id)?;
        Some(self.signer.url(&format!("{root}/annotations/{feature_id}/index/{index}/mask"), None))
    }
}
