//! Imports of annotations: what was sent, how far it is and where its statuses are.

use crate::engine::{Connection, Param, RowView, StoreError};
use labelport_model::time::Timestamp;

/// An import of annotations as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnnotationImport {
    /// The public id.
    pub id: String,
    /// The task that does the work.
    pub task_id: String,
    /// What the annotations become: `label`, `prelabel` or `prediction`.
    pub kind: String,
    /// The key of the project or of the model run.
    pub parent_key: i64,
    /// The name, by which the SDK asks for it again.
    pub name: String,
    /// `RUNNING`, `FINISHED` or `FAILED`.
    pub state: String,
    /// Where the file is, as the SDK reads it back.
    pub input_url: String,
    /// The file with a status for every line.
    pub status_file: Option<String>,
    /// The file with the failures.
    pub error_file: Option<String>,
    /// Data rows done.
    pub rows_done: i64,
    /// Data rows to do, once known.
    pub rows_total: Option<i64>,
    /// The id of the user who asked for it.
    pub created_by: Option<String>,
    /// When.
    pub created: Timestamp,
}

/// By what an import is looked up.
#[derive(Debug, Clone, Copy)]
pub struct ImportName<'a> {
    /// What the annotations become.
    pub kind: &'a str,
    /// The key of the project or of the model run.
    pub parent_key: i64,
    /// The name.
    pub name: &'a str,
}

const SELECT: &str = "select id, task_id, kind, parent_key, name, state, input_url, status_file, error_file, rows_done, \
                      rows_total, created_by, created_ms from annotation_imports where org_key = $1";

/// Creates an import; returns whether its name was free.
pub fn create(connection: &mut dyn Connection, org_key: i64, import: &AnnotationImport) -> Result<bool, StoreError> {
    let inserted = connection.execute(
        "insert into annotation_imports (org_key, id, task_id, kind, parent_key, name, state, input_url, created_by, \
         created_ms) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing",
        &[
            org_key.into(),
            (&import.id).into(),
            (&import.task_id).into(),
            (&import.kind).into(),
            import.parent_key.into(),
            (&import.name).into(),
            (&import.state).into(),
            (&import.input_url).into(),
            import.created_by.as_ref().into(),
            import.created.as_millis().into(),
        ],
    )?;
    Ok(inserted == 1)
}

/// Finds an import by its parent and name.
pub fn find(
    connection: &mut dyn Connection,
    org_key: i64,
    named: ImportName<'_>,
) -> Result<Option<AnnotationImport>, StoreError> {
    let sql = format!("{SELECT} and kind = $2 and parent_key = $3 and name = $4");
    let params: [Param<'_>; 4] = [org_key.into(), named.kind.into(), named.parent_key.into(), named.name.into()];
    connection.find(&sql, &params, import)
}

/// Finds an import by its id.
pub fn find_by_id(
    connection: &mut dyn Connection,
    org_key: i64,
    id: &str,
) -> Result<Option<AnnotationImport>, StoreError> {
    connection.find(&format!("{SELECT} and id = $2"), &[org_key.into(), id.into()], import)
}

/// Lists the imports of a kind into a parent, oldest first.
pub fn list(
    connection: &mut dyn Connection,
    org_key: i64,
    kind: &str,
    parent_key: i64,
) -> Result<Vec<AnnotationImport>, StoreError> {
    let sql = format!("{SELECT} and kind = $2 and parent_key = $3 order by import_key");
    connection.list(&sql, &[org_key.into(), kind.into(), parent_key.into()], import)
}

/// What an import went into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parent {
    /// The id of the import.
    pub import_id: String,
    /// Whether it is a model run; else it is a project.
    pub is_run: bool,
    /// The public id of the project or model run.
    pub id: String,
}

/// Lists what each import went into, oldest first.
pub fn list_parents(connection: &mut dyn Connection, org_key: i64) -> Result<Vec<Parent>, StoreError> {
    let sql = "select i.id, case when i.kind = 'prediction' then 1 else 0 end, coalesce(u.id, p.id) \
               from annotation_imports i \
               left join projects p on i.kind <> 'prediction' and p.project_key = i.parent_key \
               left join model_runs u on i.kind = 'prediction' and u.run_key = i.parent_key \
               where i.org_key = $1 order by i.import_key";
    connection.list(sql, &[org_key.into()], |row| Parent {
        import_id: row.text(0).unwrap_or_default(),
        is_run: row.int(1) == Some(1),
        id: row.text(2).unwrap_or_default(),
    })
}

/// Deletes the record of an import; what it imported stays.
pub fn delete(connection: &mut dyn Connection, org_key: i64, id: &str) -> Result<bool, StoreError> {
    let sql = "delete from annotation_imports where org_key = $1 and id = $2";
    Ok(connection.execute(sql, &[org_key.into(), id.into()])? == 1)
}

/// Notes how many data rows are done, in the transaction that did them.
pub fn note_progress(
    connection: &mut dyn Connection,
    id: &str,
    rows_done: i64,
    rows_total: i64,
) -> Result<(), StoreError> {
    let sql = "update annotation_imports set rows_done = $1, rows_total = $2 where id = $3";
    connection.execute(sql, &[rows_done.into(), rows_total.into(), id.into()])?;
    Ok(())
}

/// Ends an import.
pub fn finish(
    connection: &mut dyn Connection,
    id: &str,
    state: &str,
    files: Option<(&str, &str)>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (status_file, error_file) = files.unzip();
    connection.execute(
        "update annotation_imports set state = $1, status_file = $2, error_file = $3, finished_ms = $4 where id = $5",
        &[state.into(), status_file.into(), error_file.into(), now.as_millis().into(), id.into()],
    )?;
    Ok(())
}

fn import(row: &dyn RowView) -> AnnotationImport {
    AnnotationImport {
        id: row.text(0).unwrap_or_default(),
        task_id: row.text(1).unwrap_or_default(),
        kind: row.text(2).unwrap_or_default(),
        parent_key: row.int(3).unwrap_or(0),
        name: row.text(4).unwrap_or_default(),
        state: row.text(5).unwrap_or_default(),
        input_url: row.text(6).unwrap_or_default(),
        status_file: row.text(7),
        error_file: row.text(8),
        rows_done: row.int(9).unwrap_or(0),
        rows_total: row.int(10),
        created_by: row.text(11),
        created: Timestamp::from_millis(row.int(12).unwrap_or(0)),
    }
}
