//! Removing from the store: rows, labels, rows of a project or a model run.
//!
//! Whatever leaves a scope leaves a tombstone in it, and nothing that belonged to it is left. Look-ups go with what
//! they led to.

use crate::engine::{Connection, Param, StoreError};
use crate::row_key::RowKey;
use crate::write::changes::{self, Departure, Scope};
use crate::write::counts::{self, Changes, Kept, Standing};
use crate::write::tally;
use std::collections::BTreeSet;
use std::ops::ControlFlow;

/// Removes a data row with everything that belongs to it.
pub fn remove_row(
    connection: &mut dyn Connection,
    org_key: i64,
    change_seq: i64,
    row_key: RowKey,
) -> Result<(), StoreError> {
    let key: [Param<'_>; 1] = [row_key.into()];
    let sql = "select id, dataset_key, global_key from data_rows where row_key = $1";
    let Some((row_id, dataset_key, global_key)) =
        connection.find(sql, &key, |row| (row.text(0).unwrap_or_default(), row.int(1), row.text(2)))?
    else {
        return Ok(());
    };
    let ints = |connection: &mut dyn Connection, sql: &str| connection.list(sql, &key, |row| row.int(0).unwrap_or(0));
    let sql = "select project_key from project_rows where row_key = $1 order by project_key";
    for project_key in ints(connection, sql)? {
        remove_from_project(connection, org_key, change_seq, (project_key, row_key))?;
    }
    let sql = "select run_key from run_rows where row_key = $1 order by run_key";
    for run_key in ints(connection, sql)? {
        remove_from_run(connection, org_key, change_seq, (run_key, row_key))?;
    }
    for (scope, scope_key) in [(Scope::Catalog, Some(org_key)), (Scope::Dataset, dataset_key)] {
        if let Some(scope_key) = scope_key {
            let departure = Departure { scope, scope_key, row_key, row_id: &row_id };
            changes::leave_scope(connection, org_key, change_seq, departure)?;
        }
    }
    let mut kept = Changes::default();
    kept.add(Kept::Catalog(org_key), -1);
    if let Some(key) = dataset_key {
        kept.add(Kept::Dataset(key), -1);
    }
    kept.flush(connection)?;
    // Look-ups are found by what they look up: they have no index on the row.
    if let Some(global_key) = &global_key {
        delete_global_key(connection, org_key, global_key)?;
    }
    connection.execute("delete from row_ids where id = $1", &[(&row_id).into()])?;
    for table in ["attachments", "metadata", "row_embeddings", "assets", "data_rows"] {
        connection.execute(&format!("delete from {table} where row_key = $1"), &key)?;
    }
    Ok(())
}

/// Takes a row out of a project, with its labels and issues there.
pub fn remove_from_project(
    connection: &mut dyn Connection,
    org_key: i64,
    change_seq: i64,
    (project_key, row_key): (i64, RowKey),
) -> Result<(), StoreError> {
    let keys: [Param<'_>; 2] = [project_key.into(), row_key.into()];
    let sql = "select id from labels where project_key = $1 and row_key = $2 order by ordinal";
    for label_id in connection.list(sql, &keys, |row| row.text(0).unwrap_or_default())? {
        remove_label(connection, &label_id)?;
    }
    connection.execute(
        "delete from issue_comments where issue_key in \
         (select issue_key from issues where project_key = $1 and row_key = $2)",
        &keys,
    )?;
    let sql = "select status, batch_key, workflow_task_key from project_rows where project_key = $1 and row_key = $2";
    let standing = connection.find(sql, &keys, |row| Standing {
        status: row.int(0),
        batch_key: row.int(1),
        workflow_task_key: row.int(2),
    })?;
    if let Some(standing) = standing {
        let mut kept = Changes::default();
        kept.add_row(project_key, standing, -1);
        kept.flush(connection)?;
    }
    for table in ["issues", "labeling_overrides", "project_rows"] {
        connection.execute(&format!("delete from {table} where project_key = $1 and row_key = $2"), &keys)?;
    }
    leave(connection, org_key, change_seq, (Scope::Project, project_key, row_key))
}

/// Takes a row out of a model run, with its labels and predictions there.
pub fn remove_from_run(
    connection: &mut dyn Connection,
    org_key: i64,
    change_seq: i64,
    (run_key, row_key): (i64, RowKey),
) -> Result<(), StoreError> {
    let keys: [Param<'_>; 2] = [run_key.into(), row_key.into()];
    connection.execute("delete from run_labels where run_key = $1 and row_key = $2", &keys)?;
    let removed = connection.execute("delete from run_rows where run_key = $1 and row_key = $2", &keys)?;
    counts::change(connection, Kept::Run(run_key), -i64::try_from(removed).unwrap_or(0))?;
    leave(connection, org_key, change_seq, (Scope::ModelRun, run_key, row_key))
}

/// Takes every row out of a project, with its labels, issues and batches there: what is left when a project is deleted.
pub fn remove_project(
    connection: &mut dyn Connection,
    org_key: i64,
    change_seq: i64,
    project_key: i64,
) -> Result<(), StoreError> {
    let rows = "select row_key from project_rows where project_key = $2";
    changes::touch_rows(connection, rows, project_key, change_seq)?;
    leave_all(connection, org_key, change_seq, (Scope::Project, "project_rows", "project_key"), project_key)?;
    counts::forget_project(connection, project_key)?;
    for sql in [
        "delete from label_features where project_key = $1 and feature_key in \
         (select s.feature_key from feature_schemas s)",
        "delete from items where parent in (select l.id from labels l where l.project_key = $1)",
        "delete from webhook_deliveries where webhook_id in (select i.id from items i \
         join projects p on p.id = i.parent where p.project_key = $1 and i.kind = 'webhook')",
        "delete from items where parent in (select p.id from projects p where p.project_key = $1)",
        "delete from label_ids where id in (select l.id from labels l where l.project_key = $1)",
        "delete from labels where project_key = $1",
        "delete from issue_comments where issue_key in (select i.issue_key from issues i where i.project_key = $1)",
        "delete from issues where project_key = $1",
        "delete from labeling_overrides where project_key = $1",
        "delete from project_rows where project_key = $1",
        "delete from batches where project_key = $1",
    ] {
        connection.execute(sql, &[project_key.into()])?;
    }
    Ok(())
}

/// Takes every row out of a model run, with its labels and predictions there: what is left when a run is deleted.
pub fn remove_run(
    connection: &mut dyn Connection,
    org_key: i64,
    change_seq: i64,
    run_key: i64,
) -> Result<(), StoreError> {
    changes::touch_rows(connection, "select row_key from run_rows where run_key = $2", run_key, change_seq)?;
    leave_all(connection, org_key, change_seq, (Scope::ModelRun, "run_rows", "run_key"), run_key)?;
    counts::forget_run(connection, run_key)?;
    for sql in [
        "delete from items where parent in (select u.id from model_runs u where u.run_key = $1)",
        "delete from run_labels where run_key = $1",
        "delete from run_rows where run_key = $1",
    ] {
        connection.execute(sql, &[run_key.into()])?;
    }
    Ok(())
}

/// Leaves a tombstone of every row of a scope.
fn leave_all(
    connection: &mut dyn Connection,
    org_key: i64,
    change_seq: i64,
    (scope, table, column): (Scope, &str, &str),
    scope_key: i64,
) -> Result<(), StoreError> {
    let sql = format!(
        "insert into tombstones (org_key, scope, scope_key, change_seq, row_key, row_id, global_key) \
         select $1, $2, $3, $4, p.row_key, r.id, r.global_key from {table} p join data_rows r on r.row_key = p.row_key \
         where p.{column} = $3 on conflict do nothing"
    );
    let params: [Param<'_>; 4] = [org_key.into(), scope.word().into(), scope_key.into(), change_seq.into()];
    connection.execute(&sql, &params)?;
    Ok(())
}

fn leave(
    connection: &mut dyn Connection,
    org_key: i64,
    change_seq: i64,
    (scope, scope_key, row_key): (Scope, i64, RowKey),
) -> Result<(), StoreError> {
    let sql = "select id from data_rows where row_key = $1";
    let row_id = connection.find(sql, &[row_key.into()], |row| row.text(0))?.flatten().unwrap_or_default();
    let departure = Departure { scope, scope_key, row_key, row_id: &row_id };
    changes::leave_scope(connection, org_key, change_seq, departure)?;
    // The scopes that the row stays in have shown the one that it left.
    changes::touch_row(connection, row_key, change_seq)
}

/// Removes a label of a project; returns the row that had it. The labels after it move up.
pub fn remove_label(connection: &mut dyn Connection, label_id: &str) -> Result<Option<(i64, RowKey)>, StoreError> {
    let sql = "select project_key, row_key from label_ids where id = $1";
    let home = connection.find(sql, &[label_id.into()], |row| (row.int(0).unwrap_or(0), row.int(1).unwrap_or(0)))?;
    let Some((project_key, row_key)) = home else { return Ok(None) };
    let keys: [Param<'_>; 2] = [project_key.into(), row_key.into()];
    let mut tallies: Vec<(i64, String, Vec<u8>)> = Vec::new();
    let sql = "select ordinal, id, tally from labels where project_key = $1 and row_key = $2 order by ordinal";
    connection.query(sql, &keys, &mut |row| {
        tallies.push((row.int(0).unwrap_or(0), row.text(1).unwrap_or_default(), row.bytes(2).unwrap_or(&[]).to_vec()));
        ControlFlow::Continue(())
    })?;
    let mut gone = BTreeSet::new();
    let mut kept = BTreeSet::new();
    for (_, id, tally) in &tallies {
        let features = if id == label_id { &mut gone } else { &mut kept };
        tally::decode(tally, &mut |feature_key, _| {
            features.insert(feature_key);
        });
    }
    for feature_key in gone.difference(&kept) {
        connection.execute(
            "delete from label_features where feature_key = $1 and project_key = $2 and row_key = $3",
            &[(*feature_key).into(), keys[0], keys[1]],
        )?;
    }
    let ordinal = tallies.iter().find(|(_, id, _)| id == label_id).map_or(0, |(ordinal, ..)| *ordinal);
    let params = [keys[0], keys[1], ordinal.into()];
    let sql = "delete from labels where project_key = $1 and row_key = $2 and ordinal = $3";
    let removed = connection.execute(sql, &params)?;
    counts::change(connection, Kept::Labels(project_key), -i64::try_from(removed).unwrap_or(0))?;
    // One by one and in order: a primary key is checked at each row.
    for (later, ..) in tallies.iter().filter(|(other, ..)| *other > ordinal) {
        let sql = "update labels set ordinal = ordinal - 1 where project_key = $1 and row_key = $2 and ordinal = $3";
        connection.execute(sql, &[keys[0], keys[1], (*later).into()])?;
    }
    connection.execute("delete from label_ids where id = $1", &[label_id.into()])?;
    remove_items(connection, label_id)?;
    Ok(Some((project_key, row_key)))
}

/// Removes the items that belong to something that goes, given by its id.
pub(crate) fn remove_items(connection: &mut dyn Connection, parent: &str) -> Result<(), StoreError> {
    connection.execute("delete from items where parent = $1", &[parent.into()])?;
    Ok(())
}

/// Removes the look-up entry of a global key.
pub(crate) fn delete_global_key(
    connection: &mut dyn Connection,
    org_key: i64,
    global_key: &str,
) -> Result<(), StoreError> {
    let sql = "delete from global_keys where org_key = $1 and global_key = $2";
    connection.execute(sql, &[org_key.into(), global_key.into()])?;
    Ok(())
}
