//! Where an import goes: a project or a model run.

use super::{ImportKind, Made};
use crate::edits::{self, Edits};
use crate::models::run as model_run;
use crate::models::run_part::{RunLabels, RunPart};
use crate::projects::queues::Queues;
use crate::projects::workflow::{self, Mover};
use crate::projects::{ontology, project};
use crate::workspace::Workspace;
use labelport_formats::read::labelbox_lines::Ontology;
use labelport_model::id::LabelId;
use labelport_model::json::{Document, Members};
use labelport_model::problem::Problem;
use labelport_model::row::Label;
use labelport_store::Connection;
use labelport_store::row_key::RowKey;
use labelport_store::tables::data_rows;
use labelport_store::tables::models::{self, ModelRun};
use labelport_store::tables::ontologies;
use labelport_store::tables::projects::{self, Project};

/// A project or a model run, with what its annotations become.
#[derive(Debug, Clone)]
pub(super) enum Parent {
    /// A project.
    Project(Box<Project>, ImportKind),
    /// A model run.
    Run(Box<ModelRun>),
}

impl Parent {
    /// Finds a target by its id.
    pub(super) fn find(workspace: &Workspace, kind: ImportKind, id: &str) -> Result<Self, Problem> {
        match kind {
            ImportKind::Label | ImportKind::Prelabel => Ok(Self::Project(Box::new(project::get(workspace, id)?), kind)),
            ImportKind::Prediction => Ok(Self::Run(Box::new(model_run::get(workspace, id)?))),
        }
    }

    /// Finds a target by its key.
    pub(super) fn get(workspace: &Workspace, kind: ImportKind, key: i64) -> Result<Self, Problem> {
        let org_key = workspace.org_key();
        let gone = || Problem::malformed("what the import goes into was deleted");
        workspace.read(|connection| match kind {
            ImportKind::Label | ImportKind::Prelabel => {
                let found = projects::find_by_key(connection, org_key, key)?.ok_or_else(gone)?;
                Ok(Self::Project(Box::new(found), kind))
            }
            ImportKind::Prediction => {
                Ok(Self::Run(Box::new(models::find_run_by_key(connection, org_key, key)?.ok_or_else(gone)?)))
            }
        })
    }

    pub(super) fn parent_key(&self) -> i64 {
        match self {
            Self::Project(project, _) => project.key,
            Self::Run(run) => run.key,
        }
    }

    pub(super) fn id(&self) -> &str {
        match self {
            Self::Project(project, _) => &project.id,
            Self::Run(run) => &run.id,
        }
    }

    pub(super) fn is_run(&self) -> bool {
        matches!(self, Self::Run(_))
    }

    /// Returns whether what is made is kept. Prelabels are suggestions: they are checked, and nobody exports them.
    pub(super) fn keeps(&self) -> bool {
        !matches!(self, Self::Project(_, ImportKind::Prelabel))
    }

    /// Returns the word for one of them.
    pub(super) fn sort(&self) -> &'static str {
        match self {
            Self::Project(..) => "project",
            Self::Run(_) => "model run",
        }
    }

    pub(super) fn media_type(&self) -> Option<&str> {
        match self {
            Self::Project(project, _) => project.media_type.as_deref(),
            Self::Run(_) => None,
        }
    }

    /// Returns where the masks of single instances are found.
    pub(super) fn mask_root(&self) -> String {
        match self {
            Self::Project(project, _) => format!("/api/v1/projects/{}", project.id),
            Self::Run(run) => format!("/api/v1/model-runs/{}", run.id),
        }
    }

    /// Returns whether a row is in it.
    pub(super) fn holds(&self, connection: &mut dyn Connection, row_key: RowKey) -> Result<bool, Problem> {
        Ok(match self {
            Self::Project(project, _) => projects::find_row(connection, project.key, row_key)?.is_some(),
            Self::Run(run) => models::has_row(connection, run.key, row_key)?,
        })
    }

    /// Returns the ontology that annotations must fit.
    pub(super) fn ontology(&self, workspace: &Workspace) -> Result<Ontology, Problem> {
        let org_key = workspace.org_key();
        let found = workspace.read(|connection| {
            Ok(match self {
                Self::Project(project, _) => match project.ontology_key {
                    Some(key) => ontologies::find_by_key(connection, org_key, key)?,
                    None => None,
                },
                Self::Run(run) => {
                    let model = models::find(connection, org_key, &run.model_id)?;
                    match model.and_then(|model| model.ontology_id) {
                        Some(id) => ontologies::find(connection, org_key, &id)?,
                        None => None,
                    }
                }
            })
        })?;
        let sort = self.sort();
        let found =
            found.ok_or_else(|| Problem::malformed(format!("the {sort} has no ontology; connect one first")))?;
        Ontology::parse(&ontology::normalized(&found).to_string())
            .map_err(|error| Problem::malformed(format!("the ontology of the {sort} cannot be read: {error}")))
    }

    /// Fails if it was deleted: it does not come back with what is imported.
    pub(super) fn check_is_there(&self, connection: &mut dyn Connection, org_key: i64) -> Result<(), Problem> {
        let (is_there, id) = match self {
            Self::Project(project, _) => (projects::find(connection, org_key, &project.id)?.is_some(), &project.id),
            Self::Run(run) => (models::find_run(connection, org_key, &run.id)?.is_some(), &run.id),
        };
        if is_there { Ok(()) } else { Err(Problem::not_found(self.sort(), id)) }
    }

    /// Stores what was made for a row; returns whether the row is still there to have it.
    pub(super) fn keep(
        &self,
        edits: &mut Edits<'_>,
        org_key: i64,
        row_key: RowKey,
        made: &Made,
        mover: &Mover,
    ) -> Result<bool, Problem> {
        let Some(row) = data_rows::find_by_key(edits.connection, org_key, row_key)? else { return Ok(false) };
        match self {
            Self::Project(project, _) => {
                let stored = projects::find_row(edits.connection, project.key, row_key)?;
                let Some(stored) = stored else { return Ok(false) };
                edits.append_label(project.key, row_key, label(made, mover)?)?;
                let queues = Queues::read(edits.connection, project.key)?;
                if let Some(details) = workflow::labeled(stored.details.as_deref(), &queues, mover) {
                    edits.merge(&workflow::part(&row.id, project, &details)?)?;
                }
                Ok(true)
            }
            Self::Run(run) => {
                if !models::has_row(edits.connection, run.key, row_key)? {
                    return Ok(false);
                }
                let mut predictions = RunLabels::read(edits.connection, run, row_key, 1)?;
                push_prediction(&mut predictions, made)?;
                edits.merge(&RunPart::new(&row.id, run)?.with_predictions(predictions).build()?)?;
                Ok(true)
            }
        }
    }
}

/// Returns what was made as a label of a project.
fn label(made: &Made, mover: &Mover) -> Result<Label, Problem> {
    let id = edits::read_id(&made.label_id, LabelId::parse)?;
    let label = edits::read_piece(&made.annotations, |annotations| Label::new(id, made.label_kind, annotations))?;
    Ok(label.with_creator(&mover.email, mover.now))
}

/// Adds what was made to the predictions of a row in a run.
fn push_prediction(predictions: &mut RunLabels, made: &Made) -> Result<(), Problem> {
    let id = edits::read_id(&made.label_id, LabelId::parse)?;
    let mut rest = Members::default();
    if !made.metrics.is_empty() {
        let metrics = Document::parse(format!("[{}]", made.metrics.join(",")).as_bytes()).map_err(Problem::internal)?;
        rest.push_raw("metrics", metrics.text());
    }
    predictions.push(&made.annotations, |annotations| {
        Ok(Label::new(id, made.label_kind, annotations)?.with_rest(rest.into_option()))
    })
}
