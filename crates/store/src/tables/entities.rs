//! What has an id and a name in a workspace, for scopes, lists and the dictionary of an export.

use crate::engine::{Connection, Param, RowView, StoreError};
use crate::row_key::RowKey;
use crate::write::counts::{self, Kept};

/// A kind of entity, which has an id and a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntityKind {
    /// Datasets.
    Dataset,
    /// Models.
    Model,
    /// Model runs.
    ModelRun,
    /// Projects.
    Project,
    /// Slices.
    Slice,
}

/// An entity with its key, its id and its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entity {
    /// The internal key.
    pub key: i64,
    /// The public id.
    pub id: String,
    /// The name.
    pub name: String,
}

/// What an export says of a project in every row.
#[derive(Debug, Clone)]
pub struct ProjectFacts {
    /// The project.
    pub entity: Entity,
    /// `project_tags`, a JSON array, when known.
    pub tags: Option<String>,
    /// `standard` or `custom`.
    pub editor_kind: String,
}

/// What an export says of a model run in every row.
#[derive(Debug, Clone)]
pub struct RunFacts {
    /// The run.
    pub entity: Entity,
    /// Its model.
    pub model: Entity,
}

/// A feature of the ontologies, as counts name it.
#[derive(Debug, Clone)]
pub struct FeatureFacts {
    /// The internal key.
    pub key: i64,
    /// The feature schema id, empty when no row gave one.
    pub schema_id: String,
    /// The name, escaped as in JSON.
    pub name: String,
    /// The annotation kind, or the answer key of a classification.
    pub kind: String,
    /// The name for programs, escaped as in JSON; empty when no row gave one.
    pub value: String,
}

impl Entity {
    /// Returns whether somebody named it. What no row named goes by its id, which is no name to show in a row.
    pub fn is_named(&self) -> bool {
        self.name != self.id
    }
}

impl EntityKind {
    /// Returns the word for one of them.
    pub fn word(self) -> &'static str {
        match self {
            Self::Dataset => "dataset",
            Self::Model => "model",
            Self::ModelRun => "model run",
            Self::Project => "project",
            Self::Slice => "slice",
        }
    }

    /// Selects key, id and name of those that exist; `$1` is the organization.
    fn select(self) -> &'static str {
        match self {
            Self::Dataset => "select dataset_key, id, name from datasets where org_key = $1 and deleted_ms is null",
            Self::Model => "select model_key, id, name from models where org_key = $1 and deleted_ms is null",
            Self::ModelRun => {
                "select u.run_key, u.id, u.name from model_runs u join models m on m.model_key = u.model_key \
                 where m.org_key = $1 and u.deleted_ms is null and m.deleted_ms is null"
            }
            Self::Project => "select project_key, id, name from projects where org_key = $1 and deleted_ms is null",
            Self::Slice => "select slice_key, id, name from slices where org_key = $1",
        }
    }

    /// The prefix of the columns in [`select`](Self::select).
    fn prefix(self) -> &'static str {
        if self == Self::ModelRun { "u." } else { "" }
    }
}

/// Lists everything of a kind, oldest first.
pub fn list(connection: &mut dyn Connection, org_key: i64, kind: EntityKind) -> Result<Vec<Entity>, StoreError> {
    connection.list(&format!("{} order by 1", kind.select()), &[org_key.into()], entity)
}

/// Finds what an id or a name means: the entity with that id, else all with that name, oldest first.
pub fn find_by_id_or_name(
    connection: &mut dyn Connection,
    org_key: i64,
    kind: EntityKind,
    text: &str,
) -> Result<Vec<Entity>, StoreError> {
    for column in ["id", "name"] {
        let sql = format!("{} and {}{column} = $2 order by 1", kind.select(), kind.prefix());
        let found = connection.list(&sql, &[org_key.into(), text.into()], entity)?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(Vec::new())
}

/// Counts the data rows of a dataset, a project or a model run; 0 for another kind.
pub fn count_rows(connection: &mut dyn Connection, kind: EntityKind, key: i64) -> Result<i64, StoreError> {
    match kind {
        EntityKind::Dataset => counts::get(connection, Kept::Dataset(key)),
        EntityKind::ModelRun => counts::get(connection, Kept::Run(key)),
        EntityKind::Project => super::projects::count_rows(connection, key),
        EntityKind::Model | EntityKind::Slice => Ok(0),
    }
}

/// A batch of a project.
#[derive(Debug, Clone)]
pub struct BatchFacts {
    /// The public id.
    pub id: String,
    /// The name.
    pub name: String,
    /// The project's name.
    pub project: String,
    /// How many rows it has.
    pub rows: i64,
}

/// Lists the batches of all projects, oldest first.
pub fn list_batches(connection: &mut dyn Connection, org_key: i64) -> Result<Vec<BatchFacts>, StoreError> {
    let sql = "select b.id, b.name, p.name, \
               coalesce((select k.value from kept_counts k where k.kind = 'batch' and k.scope_key = b.batch_key \
               and k.part = 0), 0) from batches b \
               join projects p on p.project_key = b.project_key \
               where p.org_key = $1 and p.deleted_ms is null order by b.batch_key";
    connection.list(sql, &[org_key.into()], |row| BatchFacts {
        id: row.text(0).unwrap_or_default(),
        name: row.text(1).unwrap_or_default(),
        project: row.text(2).unwrap_or_default(),
        rows: row.int(3).unwrap_or(0),
    })
}

/// Lists the projects with what an export says of them.
pub fn list_project_facts(connection: &mut dyn Connection, org_key: i64) -> Result<Vec<ProjectFacts>, StoreError> {
    let sql = "select project_key, id, name, tags, editor_kind from projects \
               where org_key = $1 and deleted_ms is null order by project_key";
    connection.list(sql, &[org_key.into()], |row| ProjectFacts {
        entity: entity(row),
        tags: row.text(3),
        editor_kind: row.text(4).unwrap_or_default(),
    })
}

/// Lists the model runs with what an export says of them.
pub fn list_run_facts(connection: &mut dyn Connection, org_key: i64) -> Result<Vec<RunFacts>, StoreError> {
    let sql = "select u.run_key, u.id, u.name, m.model_key, m.id, m.name from model_runs u \
               join models m on m.model_key = u.model_key \
               where m.org_key = $1 and u.deleted_ms is null and m.deleted_ms is null order by u.run_key";
    connection.list(sql, &[org_key.into()], |row| RunFacts {
        entity: entity(row),
        model: Entity {
            key: row.int(3).unwrap_or(0),
            id: row.text(4).unwrap_or_default(),
            name: row.text(5).unwrap_or_default(),
        },
    })
}

/// Lists the features that annotations are counted by.
pub fn list_features(connection: &mut dyn Connection, org_key: i64) -> Result<Vec<FeatureFacts>, StoreError> {
    let sql =
        "select feature_key, schema_id, name, kind, value from feature_schemas where org_key = $1 order by feature_key";
    connection.list(sql, &[org_key.into()], |row| FeatureFacts {
        key: row.int(0).unwrap_or(0),
        schema_id: row.text(1).unwrap_or_default(),
        name: row.text(2).unwrap_or_default(),
        kind: row.text(3).unwrap_or_default(),
        value: row.text(4).unwrap_or_default(),
    })
}

/// Finds the id of a data row.
pub fn find_row_id(connection: &mut dyn Connection, row_key: RowKey) -> Result<Option<String>, StoreError> {
    let sql = "select id from data_rows where row_key = $1";
    Ok(connection.find(sql, &[row_key.into()], |row| row.text(0))?.flatten())
}

/// Returns the public id of an organization and its last change number.
pub fn organization_state(connection: &mut dyn Connection, org_key: i64) -> Result<(String, i64), StoreError> {
    let sql = "select id, change_seq from organizations where org_key = $1";
    let found =
        connection.find(sql, &[org_key.into()], |row| (row.text(0).unwrap_or_default(), row.int(1).unwrap_or(0)))?;
    found.ok_or_else(|| StoreError::Damaged("the organization of the store is not there".to_owned()))
}

/// Says how a project is edited; `custom` rules out exports in the row format of v2.
pub fn set_editor_kind(connection: &mut dyn Connection, project_id: &str, kind: &str) -> Result<u64, StoreError> {
    let params: [Param<'_>; 2] = [kind.into(), project_id.into()];
    connection.execute("update projects set editor_kind = $1 where id = $2", &params)
}

fn entity(row: &dyn RowView) -> Entity {
    Entity { key: row.int(0).unwrap_or(0), id: row.text(1).unwrap_or_default(), name: row.text(2).unwrap_or_default() }
}
