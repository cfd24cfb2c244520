//! What rows share: names of datasets, projects, models and runs, read once for an export and printed once. Also which
//! optional sections are empty, so that no block reads them.

use labelport_model::json::{ObjectWriter, quote_into};
use labelport_store::read::page;
use labelport_store::tables::entities::{self, Entity, EntityKind, FeatureFacts, ProjectFacts, RunFacts};
use labelport_store::{Connection, StoreError};
use std::collections::HashMap;

/// The named things of a snapshot, ready to be copied into rows.
pub(crate) struct Dictionary {
    datasets: HashMap<i64, Vec<u8>>,
    projects: HashMap<i64, ProjectEntry>,
    runs: HashMap<i64, RunEntry>,
    /// The features by which annotations are counted.
    pub(crate) features: Vec<FeatureFacts>,
    features_by_mark: HashMap<(String, String, String), i64>,
    pub(crate) optional: Optional,
}

/// Which optional sections have any entry.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Optional {
    pub(crate) attachments: bool,
    pub(crate) metadata: bool,
    pub(crate) embeddings: bool,
}

/// A project.
pub(crate) struct ProjectEntry {
    pub(crate) id: String,
    /// The name, as a JSON string; none where no row gave one.
    pub(crate) name: Option<Vec<u8>>,
    pub(crate) tags: Option<Vec<u8>>,
}

/// A model run with its model.
pub(crate) struct RunEntry {
    pub(crate) id: String,
    /// The name, as a JSON string; none where no row gave one.
    pub(crate) name: Option<Vec<u8>>,
    pub(crate) model_id: String,
    /// The model's name, as a JSON string; none where no row gave one.
    pub(crate) model_name: Option<Vec<u8>>,
}

impl Dictionary {
    /// Reads the dictionary of an organization.
    pub(crate) fn read(connection: &mut dyn Connection, org_key: i64) -> Result<Self, StoreError> {
        let datasets = entities::list(connection, org_key, EntityKind::Dataset)?.into_iter().map(|dataset| {
            let mut object = Vec::new();
            let mut writer = ObjectWriter::open(&mut object);
            writer.text("dataset_id", &dataset.id);
            if dataset.is_named() {
                writer.text("dataset_name", &dataset.name);
            }
            // Members stand without their braces.
            (dataset.key, object.split_off(1))
        });
        let projects = entities::list_project_facts(connection, org_key)?;
        let runs = entities::list_run_facts(connection, org_key)?;
        let features = entities::list_features(connection, org_key)?;
        Ok(Self {
            datasets: datasets.collect(),
            projects: projects.into_iter().map(project).collect(),
            runs: runs.into_iter().map(run).collect(),
            features_by_mark: features
                .iter()
                .map(|feature| ((feature.schema_id.clone(), feature.name.clone(), feature.kind.clone()), feature.key))
                .collect(),
            features,
            optional: Optional {
                attachments: page::ATTACHMENTS.has_any(connection)?,
                metadata: page::METADATA.has_any(connection)?,
                embeddings: page::EMBEDDINGS.has_any(connection)?,
            },
        })
    }

    /// Returns the members that name a dataset; none for a row without one.
    pub(crate) fn dataset(&self, key: i64) -> &[u8] {
        self.datasets.get(&key).map_or(&[], Vec::as_slice)
    }

    /// Returns whether there are projects that are not deleted.
    pub(crate) fn has_projects(&self) -> bool {
        !self.projects.is_empty()
    }

    /// Returns whether there are model runs that are not deleted.
    pub(crate) fn has_runs(&self) -> bool {
        !self.runs.is_empty()
    }

    /// Finds a project; a deleted one is not there.
    pub(crate) fn project(&self, key: i64) -> Option<&ProjectEntry> {
        self.projects.get(&key)
    }

    /// Finds a model run; a deleted one is not there.
    pub(crate) fn run(&self, key: i64) -> Option<&RunEntry> {
        self.runs.get(&key)
    }

    /// Finds the key of a feature by its schema id, name and kind.
    pub(crate) fn feature(&self, mark: &labelport_model::annotation::Mark<'_>) -> Option<i64> {
        let key = (mark.schema_id.to_owned(), mark.name.to_owned(), mark.kind.to_owned());
        self.features_by_mark.get(&key).copied()
    }
}

fn project(facts: ProjectFacts) -> (i64, ProjectEntry) {
    let tags = facts.tags.map(String::into_bytes);
    (facts.entity.key, ProjectEntry { name: name_of(&facts.entity), id: facts.entity.id, tags })
}

fn run(facts: RunFacts) -> (i64, RunEntry) {
    let entry = RunEntry {
        name: name_of(&facts.entity),
        id: facts.entity.id,
        model_name: name_of(&facts.model),
        model_id: facts.model.id,
    };
    (facts.entity.key, entry)
}

fn name_of(entity: &Entity) -> Option<Vec<u8>> {
    entity.is_named().then(|| {
        let mut json = Vec::new();
        quote_into(&entity.name, &mut json);
        json
    })
}
