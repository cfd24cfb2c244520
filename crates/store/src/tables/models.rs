//! Models and their runs, as the SDK creates and reads them.

use crate::engine::{Connection, Param, RowView, StoreError};
use crate::row_key::RowKey;
use labelport_model::time::Timestamp;

/// A model as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// The internal key.
    pub key: i64,
    /// The public id.
    pub id: String,
    /// The name.
    pub name: String,
    /// The public id of its ontology.
    pub ontology_id: Option<String>,
}

/// A run of a model as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelRun {
    /// The internal key.
    pub key: i64,
    /// The public id.
    pub id: String,
    /// The name.
    pub name: String,
    /// The key of its model.
    pub model_key: i64,
    /// The public id of its model.
    pub model_id: String,
    /// The name of its model.
    pub model_name: String,
    /// The id of the user who created it.
    pub created_by: Option<String>,
    /// The training metadata, a JSON value.
    pub training_metadata: Option<String>,
    /// The state of the training pipeline, a JSON object.
    pub status: Option<String>,
    /// When it was created.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
}

/// A model to create.
#[derive(Debug, Clone)]
pub struct NewModel {
    /// The public id.
    pub id: String,
    /// The name.
    pub name: String,
    /// The key of its ontology.
    pub ontology_key: Option<i64>,
    /// The id of the user who creates it.
    pub created_by: String,
    /// Now.
    pub now: Timestamp,
}

/// A run to create.
#[derive(Debug, Clone)]
pub struct NewModelRun {
    /// The public id.
    pub id: String,
    /// The name.
    pub name: String,
    /// The key of its model.
    pub model_key: i64,
    /// The training metadata, a JSON value.
    pub training_metadata: Option<String>,
    /// The id of the user who creates it.
    pub created_by: String,
    /// Now.
    pub now: Timestamp,
}

/// A row in a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRow {
    /// The row.
    pub row_key: RowKey,
    /// The split, by its number in storage.
    pub split: Option<i64>,
    /// The members before the labels, as JSON members.
    pub head: String,
    /// The id of its first label in the run.
    pub label_id: Option<String>,
}

const SELECT_MODEL: &str = "select m.model_key, m.id, m.name, o.id from models m \
                            left join ontologies o on o.ontology_key = m.ontology_key \
                            where m.deleted_ms is null and m.org_key = $1";

const SELECT_RUN: &str = "select u.run_key, u.id, u.name, m.model_key, m.id, m.name, u.created_by, u.training_metadata, \
                          u.status, coalesce(u.created_ms, 0), coalesce(u.updated_ms, u.created_ms, 0) \
                          from model_runs u join models m on m.model_key = u.model_key \
                          where u.deleted_ms is null and m.deleted_ms is null and m.org_key = $1";

/// Creates a model.
pub fn create(connection: &mut dyn Connection, org_key: i64, model: &NewModel) -> Result<(), StoreError> {
    connection.execute(
        "insert into models (org_key, id, name, ontology_key, created_by, created_ms) values ($1, $2, $3, $4, $5, $6)",
        &[
            org_key.into(),
            (&model.id).into(),
            (&model.name).into(),
            model.ontology_key.into(),
            (&model.created_by).into(),
            model.now.as_millis().into(),
        ],
    )?;
    Ok(())
}

/// Finds a model by its id.
pub fn find(connection: &mut dyn Connection, org_key: i64, id: &str) -> Result<Option<Model>, StoreError> {
    connection.find(&format!("{SELECT_MODEL} and m.id = $2"), &[org_key.into(), id.into()], model)
}

/// Lists the models, oldest first.
pub fn list(connection: &mut dyn Connection, org_key: i64) -> Result<Vec<Model>, StoreError> {
    connection.list(&format!("{SELECT_MODEL} order by m.model_key"), &[org_key.into()], model)
}

/// Marks a model as deleted, with its runs. Their rows leave them by [`removal::remove_run`](crate::write::removal::remove_run).
pub fn mark_deleted(connection: &mut dyn Connection, key: i64, now: Timestamp) -> Result<(), StoreError> {
    let params: [Param<'_>; 2] = [now.as_millis().into(), key.into()];
    connection.execute("update models set deleted_ms = $1 where model_key = $2", &params)?;
    let sql = "update model_runs set deleted_ms = $1 where model_key = $2 and deleted_ms is null";
    connection.execute(sql, &params)?;
    Ok(())
}

/// Creates a run.
pub fn create_run(connection: &mut dyn Connection, run: &NewModelRun) -> Result<(), StoreError> {
    let now: Param<'_> = run.now.as_millis().into();
    connection.execute(
        "insert into model_runs (model_key, id, name, created_by, training_metadata, created_ms, updated_ms) \
         values ($1, $2, $3, $4, $5, $6, $7)",
        &[
            run.model_key.into(),
            (&run.id).into(),
            (&run.name).into(),
            (&run.created_by).into(),
            run.training_metadata.as_ref().into(),
            now,
            now,
        ],
    )?;
    Ok(())
}

/// Finds a run by its id.
pub fn find_run(connection: &mut dyn Connection, org_key: i64, id: &str) -> Result<Option<ModelRun>, StoreError> {
    connection.find(&format!("{SELECT_RUN} and u.id = $2"), &[org_key.into(), id.into()], run)
}

/// Finds a run by its key.
pub fn find_run_by_key(
    connection: &mut dyn Connection,
    org_key: i64,
    key: i64,
) -> Result<Option<ModelRun>, StoreError> {
    connection.find(&format!("{SELECT_RUN} and u.run_key = $2"), &[org_key.into(), key.into()], run)
}

/// A label or prediction of a row in a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunLabel {
    /// The public id.
    pub id: String,
    /// The members before the annotations, as JSON members.
    pub head: String,
    /// `annotations`, a JSON object.
    pub annotations: String,
    /// The members after the annotations, as JSON members.
    pub rest: Option<String>,
}

/// Lists the labels (role 0) or predictions (role 1) of a row in a run, in order.
pub fn list_run_labels(
    connection: &mut dyn Connection,
    run_key: i64,
    row_key: RowKey,
    role: i64,
) -> Result<Vec<RunLabel>, StoreError> {
    let sql = "select id, head, annotations, rest from run_labels where run_key = $1 and row_key = $2 and role = $3 \
               order by ordinal";
    connection.list(sql, &[run_key.into(), row_key.into(), role.into()], |row| {
        let text = |column| row.text(column).unwrap_or_default();
        RunLabel { id: text(0), head: text(1), annotations: text(2), rest: row.text(3) }
    })
}

/// Lists the runs of a model, oldest first.
pub fn list_runs(connection: &mut dyn Connection, org_key: i64, model_key: i64) -> Result<Vec<ModelRun>, StoreError> {
    let sql = format!("{SELECT_RUN} and m.model_key = $2 order by u.run_key");
    connection.list(&sql, &[org_key.into(), model_key.into()], run)
}

/// Stores the parts of a run that can change.
pub fn update_run(connection: &mut dyn Connection, run: &ModelRun, now: Timestamp) -> Result<(), StoreError> {
    connection.execute(
        "update model_runs set training_metadata = $1, status = $2, updated_ms = $3 where run_key = $4",
        &[run.training_metadata.as_ref().into(), run.status.as_ref().into(), now.as_millis().into(), run.key.into()],
    )?;
    Ok(())
}

/// Marks a run as deleted. Its rows leave it by [`removal::remove_run`](crate::write::removal::remove_run).
pub fn mark_run_deleted(connection: &mut dyn Connection, key: i64, now: Timestamp) -> Result<(), StoreError> {
    let sql = "update model_runs set deleted_ms = $1 where run_key = $2";
    connection.execute(sql, &[now.as_millis().into(), key.into()])?;
    Ok(())
}

/// Lists rows of a run after one, in key order.
pub fn list_run_rows(
    connection: &mut dyn Connection,
    run_key: i64,
    after: RowKey,
    limit: usize,
) -> Result<Vec<RunRow>, StoreError> {
    let sql = format!(
        "select r.row_key, r.split, r.head, (select l.id from run_labels l where l.run_key = r.run_key \
         and l.row_key = r.row_key and l.role = 0 and l.ordinal = 0) \
         from run_rows r where r.run_key = $1 and r.row_key > $2 order by r.row_key limit {limit}"
    );
    connection.list(&sql, &[run_key.into(), after.into()], |row| RunRow {
        row_key: row.int(0).unwrap_or(0),
        split: row.int(1),
        head: row.text(2).unwrap_or_default(),
        label_id: row.text(3),
    })
}

/// Returns whether a row is in a run.
pub fn has_row(connection: &mut dyn Connection, run_key: i64, row_key: RowKey) -> Result<bool, StoreError> {
    let sql = "select count(*) from run_rows where run_key = $1 and row_key = $2";
    Ok(connection.count(sql, &[run_key.into(), row_key.into()])? > 0)
}

fn model(row: &dyn RowView) -> Model {
    Model {
        key: row.int(0).unwrap_or(0),
        id: row.text(1).unwrap_or_default(),
        name: row.text(2).unwrap_or_default(),
        ontology_id: row.text(3),
    }
}

fn run(row: &dyn RowView) -> ModelRun {
    let time = |column| Timestamp::from_millis(row.int(column).unwrap_or(0));
    ModelRun {
        key: row.int(0).unwrap_or(0),
        id: row.text(1).unwrap_or_default(),
        name: row.text(2).unwrap_or_default(),
        model_key: row.int(3).unwrap_or(0),
        model_id: row.text(4).unwrap_or_default(),
        model_name: row.text(5).unwrap_or_default(),
        created_by: row.text(6),
        training_metadata: row.text(7),
        status: row.text(8),
        created: time(9),
        updated: time(10),
    }
}
