//! Distributing the tables of a workspace over the nodes of a cluster.

use super::PostgresOptions;
use super::blocks::tables::{BLOCK, BLOCK_BITS, BY_BLOCK, BY_TEXT, EVERYWHERE};
use super::connection::{PostgresConnection, WRITER_LOCK};
use super::migrate;
use super::schema::{self, Layout};
use super::session::Role;
use crate::engine::{Connection, Step, StoreError};
use crate::server_error::PostgresError;
use std::sync::Arc;

/// Distributes the tables of a database, which are made if it is empty. Returns whether they were not distributed before.
pub(super) fn distribute(options: PostgresOptions) -> Result<bool, StoreError> {
    let options = Arc::new(options);
    check_cluster(&mut PostgresConnection::open(&options, Role::Unchecked, Layout::Whole)?, &options)?;
    let mut connection = migrate::migrate(&options, true)?;
    if connection.layout() == Layout::Distributed {
        return Ok(false);
    }
    let found = connection.begin_locked(WRITER_LOCK, schema::VERSION_SQL)?;
    let version = schema::version(Layout::Distributed);
    if found.is_some_and(|found| found == version.to_string()) {
        // Another process was faster.
        connection.step(Step::RollBack)?;
        return Ok(false);
    }
    let mark = format!("update labelport_schema set version = {version}");
    let distributed = statements().iter().chain([&mark]).try_for_each(|sql| connection.batch(sql));
    connection.step(if distributed.is_ok() { Step::Commit } else { Step::RollBack })?;
    distributed.map(|()| true)
}

/// Fails where the database is not that of a coordinator with nodes for rows.
fn check_cluster(connection: &mut PostgresConnection, options: &PostgresOptions) -> Result<(), StoreError> {
    let connection: &mut dyn Connection = connection;
    let server = options.address.shown().to_owned();
    if connection.count("select count(*) from pg_extension where extname = 'citus'", &[])? == 0 {
        return Err(PostgresError::NoCitus { server }.into());
    }
    let sql = "select count(*) from pg_dist_node where isactive and shouldhaveshards and noderole = 'primary'";
    match connection.count(sql, &[])? {
        0 => Err(PostgresError::NoWorkers { server }.into()),
        _ => Ok(()),
    }
}

/// Returns the statements that distribute the tables, in their order. They run in one transaction.
fn statements() -> Vec<String> {
    let mut all = vec!["set local citus.multi_shard_modify_mode = 'sequential'".to_owned()];
    for table in EVERYWHERE {
        all.push(format!("select create_reference_table('{table}')"));
    }
    for (index, (table, key)) in BY_BLOCK.iter().enumerate() {
        let with = if index == 0 { "none" } else { BY_BLOCK[0].0 };
        all.extend([
            format!("alter table {table} add column {BLOCK} bigint"),
            format!("update {table} set {BLOCK} = row_key >> {BLOCK_BITS}"),
            format!("alter table {table} alter column {BLOCK} set not null"),
            format!("alter table {table} drop constraint {table}_pkey, add primary key ({BLOCK}, {key})"),
            format!("select create_distributed_table('{table}', '{BLOCK}', colocate_with => '{with}')"),
        ]);
    }
    for (index, (table, column)) in BY_TEXT.iter().enumerate() {
        let with = if index == 0 { "none" } else { BY_TEXT[0].0 };
        all.push(format!("select create_distributed_table('{table}', '{column}', colocate_with => '{with}')"));
    }
    all
}
