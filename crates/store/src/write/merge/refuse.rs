//! What speaks against a row, looked up before anything of it is written.

use super::{Merger, nul};
use crate::engine::{Connection, RowView, StoreError};
use crate::row_key::RowKey;
use labelport_model::data_type;
use labelport_model::row::{Join, Row};

/// Why a row cannot be merged into what is stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Its global key belongs to another row.
    #[error(
        "data_row.global_key: {global_key:?} belongs to data row {owner} ({owner_type}), and this line gives it to \
         {claimant} ({claimant_type}); correct one of the two"
    )]
    GlobalKeyTaken {
        /// The global key.
        global_key: String,
        /// The row that has it.
        owner: String,
        /// What that row holds.
        owner_type: String,
        /// The row of this line.
        claimant: String,
        /// What the row of this line holds.
        claimant_type: String,
    },
    /// The database cannot store one of its texts.
    #[error("{place}: a name or key has the character NUL (\\u0000), which this database cannot store; remove it")]
    Nul {
        /// Where in the row it is.
        place: &'static str,
    },
    /// The row is stored as another data type.
    #[error(
        "media_attributes: data row {row} is stored as {stored}, and this line says {given}; correct one of the two"
    )]
    TypeConflict {
        /// The row.
        row: String,
        /// The stored data type.
        stored: String,
        /// The data type of this line.
        given: &'static str,
    },
    /// A label id belongs to another row or project.
    #[error("projects.{project}.labels: label {label} belongs to data row {owner} of another line or project")]
    LabelElsewhere {
        /// The project of this line.
        project: String,
        /// The label.
        label: String,
        /// The row that has it.
        owner: String,
    },
    /// A model run belongs to another model.
    #[error("experiments.{model}.runs.{run}: the model run belongs to model {owner}; correct one of the two")]
    RunElsewhere {
        /// The model of this line.
        model: String,
        /// The run.
        run: String,
        /// The model that has it.
        owner: String,
    },
    /// The project's ontology was given, and it has no such feature.
    #[error(
        "projects.{project}.labels: the feature {feature:?} ({schema_id}) is not in ontology {ontology}; \
         import the ontology that has it with `labelport import ontology`"
    )]
    UnknownFeature {
        /// The project of this line.
        project: String,
        /// The feature's name.
        feature: String,
        /// The feature's schema id.
        schema_id: String,
        /// The ontology's id.
        ontology: String,
    },
}

impl Merger {
    /// Finds the first reason to refuse a row.
    pub(super) fn refusal(
        &mut self,
        connection: &mut dyn Connection,
        row: &Row,
        known: Option<RowKey>,
    ) -> Result<Option<Refusal>, StoreError> {
        if let Some(refusal) = nul_refusal(connection, row) {
            return Ok(Some(refusal));
        }
        if let Some(refusal) = self.global_key_refusal(connection, row, known)? {
            return Ok(Some(refusal));
        }
        if let (Some(row_key), Some(given)) = (known, row.data_type) {
            let sql = "select data_type from data_rows where row_key = $1";
            let stored = connection.find(sql, &[row_key.into()], |found| found.text(0))?.flatten();
            let contradicts = |stored: &String| match row.join {
                Join::Replace => stored != given.name,
                // Records show their type by signs, such as the end of a URL. What counts is where annotations are.
                Join::Add => data_type::find(stored).is_none_or(|stored| stored.container != given.container),
            };
            if let Some(stored) = stored.filter(contradicts) {
                let row = row.id.to_string();
                return Ok(Some(Refusal::TypeConflict { row, stored, given: given.name }));
            }
        }
        if let Some(refusal) = self.run_refusal(connection, row)? {
            return Ok(Some(refusal));
        }
        for index in 0..row.projects.len() {
            if let Some(refusal) = label_refusal(connection, row, index, known)? {
                return Ok(Some(refusal));
            }
            if let Some(refusal) = self.feature_refusal(connection, &row.projects[index])? {
                return Ok(Some(refusal));
            }
        }
        Ok(None)
    }

    /// Finds the first reason to refuse a row whose ids and global key are all free.
    pub(super) fn refusal_of_new(
        &mut self,
        connection: &mut dyn Connection,
        row: &Row,
    ) -> Result<Option<Refusal>, StoreError> {
        if let Some(refusal) = nul_refusal(connection, row) {
            return Ok(Some(refusal));
        }
        if let Some(refusal) = self.run_refusal(connection, row)? {
            return Ok(Some(refusal));
        }
        for project in &row.projects {
            if let Some(refusal) = self.feature_refusal(connection, project)? {
                return Ok(Some(refusal));
            }
        }
        Ok(None)
    }

    fn global_key_refusal(
        &self,
        connection: &mut dyn Connection,
        row: &Row,
        known: Option<RowKey>,
    ) -> Result<Option<Refusal>, StoreError> {
        let Some(global_key) = &row.global_key else { return Ok(None) };
        let sql = "select row_key from global_keys where org_key = $1 and global_key = $2";
        let params = [self.org_key.into(), global_key.into()];
        let owner_key = connection.find(sql, &params, |found| found.int(0))?.flatten();
        let Some(owner_key) = owner_key.filter(|owner_key| Some(*owner_key) != known) else { return Ok(None) };
        let sql = "select id, data_type from data_rows where row_key = $1";
        let read = |found: &dyn RowView| (found.text(0).unwrap_or_default(), found.text(1));
        let owner = connection.find(sql, &[owner_key.into()], read)?;
        let untyped = || "data type unknown".to_owned();
        Ok(owner.map(|(owner, owner_type)| Refusal::GlobalKeyTaken {
            global_key: global_key.clone(),
            owner,
            owner_type: owner_type.unwrap_or_else(untyped),
            claimant: row.id.to_string(),
            claimant_type: row.data_type.map_or_else(untyped, |data_type| data_type.name.to_owned()),
        }))
    }

    fn run_refusal(&mut self, connection: &mut dyn Connection, row: &Row) -> Result<Option<Refusal>, StoreError> {
        for (index, model) in row.models.iter().enumerate() {
            for run in &model.runs {
                let earlier =
                    row.models[..index].iter().find(|earlier| earlier.runs.iter().any(|each| each.id == run.id));
                let owner = match earlier {
                    Some(earlier) => Some(earlier.id.to_string()),
                    None => self.names.find_model_of_run(connection, run.id.as_str())?,
                };
                if let Some(owner) = owner.filter(|owner| owner != model.id.as_str()) {
                    let (model, run) = (model.id.to_string(), run.id.to_string());
                    return Ok(Some(Refusal::RunElsewhere { model, run, owner }));
                }
            }
        }
        Ok(None)
    }

    /// Checks a project's labels against an ontology that a person gave.
    fn feature_refusal(
        &mut self,
        connection: &mut dyn Connection,
        project: &labelport_model::row::ProjectRow,
    ) -> Result<Option<Refusal>, StoreError> {
        let named = project.details.as_ref().and_then(|details| details.ontology.as_ref());
        let given = self.names.given_ontology(connection, project.id.as_str(), named.map(|id| id.as_str()))?;
        let Some(given) = given else { return Ok(None) };
        let labels = project.labels.iter().flatten();
        let features = labels.flat_map(|label| label.tally.iter().map(|(feature, _)| feature));
        for feature in features.filter(|feature| !feature.schema_id.is_empty()) {
            if !given.features.contains(&feature.schema_id) {
                return Ok(Some(Refusal::UnknownFeature {
                    project: project.id.to_string(),
                    feature: feature.name.clone(),
                    schema_id: feature.schema_id.clone(),
                    ontology: given.id.clone(),
                }));
            }
        }
        Ok(None)
    }
}

fn nul_refusal(connection: &dyn Connection, row: &Row) -> Option<Refusal> {
    if connection.traits().takes_nul { None } else { nul::find(row).map(|place| Refusal::Nul { place }) }
}

/// Checks the labels of one of a row's projects against those of other rows and projects.
fn label_refusal(
    connection: &mut dyn Connection,
    row: &Row,
    index: usize,
    known: Option<RowKey>,
) -> Result<Option<Refusal>, StoreError> {
    let project = &row.projects[index];
    let sql =
        "select l.row_key, p.id from label_ids l join projects p on p.project_key = l.project_key where l.id = $1";
    for label in project.labels.iter().flatten() {
        let mut earlier = row.projects[..index].iter().flat_map(|earlier| earlier.labels.iter().flatten());
        let owner = if earlier.any(|known| known.id == label.id) {
            row.id.to_string()
        } else {
            let read = |found: &dyn RowView| (found.int(0), found.text(1).unwrap_or_default());
            let home = connection.find(sql, &[label.id.as_str().into()], read)?;
            let Some((row_key, project_id)) = home else { continue };
            if row_key == known && project_id == project.id.as_str() {
                continue;
            }
            let sql = "select id from data_rows where row_key = $1";
            match connection.find(sql, &[row_key.into()], |found| found.text(0))?.flatten() {
                Some(owner) => owner,
                None => continue,
            }
        };
        let (project, label) = (project.id.to_string(), label.id.to_string());
        return Ok(Some(Refusal::LabelElsewhere { project, label, owner }));
    }
    Ok(None)
}
