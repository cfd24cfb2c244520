//! Counts that lists show, kept with every write, so that a list costs the same for ten rows and for ten million.
//!
//! Code that writes or removes rows reports it here in the same transaction. Changes are gathered and written once: a row of an
//! import must not cost a statement for each count. The doctor compares every kept count with what is there.
//!
//! # Adding a count
//! A variant of [`Kept`], its changes wherever such rows are written or removed, a statement in the check `kept_counts`
//! and, for folders that exist, a migration that counts once.

use crate::engine::{Connection, Param, StoreError};
use std::collections::BTreeMap;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kept {
    /// Rows of a batch, by its key.
    Batch(i64),
    /// Data rows of an organization.
    Catalog(i64),
    /// Data rows of a dataset.
    Dataset(i64),
    /// Labels of a project.
    Labels(i64),
    /// Rows of a project by the code of their workflow status, -1 for none.
    Project(i64, i64),
    /// Rows in a task queue.
    Queue(i64),
    /// Rows of a model run.
    Run(i64),
}

impl Kept {
    /// Counts rows of a project with a status.
    pub(crate) fn in_project(project_key: i64, status: Option<i64>) -> Self {
        Self::Project(project_key, status.unwrap_or(-1))
    }

    /// Returns kind, scope and part, as they are stored.
    fn columns(self) -> (&'static str, i64, i64) {
        match self {
            Self::Batch(key) => ("batch", key, 0),
            Self::Catalog(key) => ("catalog", key, 0),
            Self::Dataset(key) => ("dataset", key, 0),
            Self::Labels(key) => ("labels", key, 0),
            Self::Project(key, status) => ("project", key, status),
            Self::Queue(key) => ("queue", key, 0),
            Self::Run(key) => ("run", key, 0),
        }
    }
}

/// Where a row is in a project, as far as it is counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) status: Option<i64>,
    pub(crate) batch_key: Option<i64>,
    pub(crate) workflow_task_key: Option<i64>,
}

/// Changes that are not written yet.
#[derive(Debug, Default)]
pub(crate) struct Changes(BTreeMap<Kept, i64>);

impl Changes {
    /// Notes that there are so many more, or fewer.
    pub(crate) fn add(&mut self, kept: Kept, by: i64) {
        *self.0.entry(kept).or_default() += by;
    }

    /// Notes that a row has entered a project, or has left it.
    pub(crate) fn add_row(&mut self, project_key: i64, standing: Standing, by: i64) {
        self.add(Kept::in_project(project_key, standing.status), by);
        if let Some(key) = standing.batch_key {
            self.add(Kept::Batch(key), by);
        }
        if let Some(key) = standing.workflow_task_key {
            self.add(Kept::Queue(key), by);
        }
    }

    /// Writes the changes.
    pub(crate) fn flush(&mut self, connection: &mut dyn Connection) -> Result<(), StoreError> {
        for (kept, by) in std::mem::take(&mut self.0).into_iter().filter(|(_, by)| *by != 0) {
            let (kind, scope_key, part) = kept.columns();
            connection.execute(
                "insert into kept_counts (kind, scope_key, part, value) values ($1, $2, $3, $4) \
                 on conflict (kind, scope_key, part) do update set value = kept_counts.value + excluded.value",
                &[kind.into(), scope_key.into(), part.into(), by.into()],
            )?;
        }
        Ok(())
    }
}

/// Writes one change.
pub(crate) fn change(connection: &mut dyn Connection, kept: Kept, by: i64) -> Result<(), StoreError> {
    let mut changes = Changes::default();
    changes.add(kept, by);
    changes.flush(connection)
}

/// Forgets the counts of a project that has no rows any more. Its batches must still be there.
pub(crate) fn forget_project(connection: &mut dyn Connection, project_key: i64) -> Result<(), StoreError> {
    let key: [Param<'_>; 1] = [project_key.into()];
    for sql in [
        "delete from kept_counts where kind in ('labels', 'project') and scope_key = $1",
        "delete from kept_counts where kind = 'batch' and scope_key in \
         (select b.batch_key from batches b where b.project_key = $1)",
        "delete from kept_counts where kind = 'queue' and scope_key in \
         (select w.workflow_task_key from workflow_tasks w where w.project_key = $1)",
    ] {
        connection.execute(sql, &key)?;
    }
    Ok(())
}

/// Forgets the count of a model run that has no rows any more.
pub(crate) fn forget_run(connection: &mut dyn Connection, run_key: i64) -> Result<(), StoreError> {
    connection.execute("delete from kept_counts where kind = 'run' and scope_key = $1", &[run_key.into()])?;
    Ok(())
}

/// Returns a count.
pub(crate) fn get(connection: &mut dyn Connection, kept: Kept) -> Result<i64, StoreError> {
    let (kind, scope_key, part) = kept.columns();
    let sql = "select value from kept_counts where kind = $1 and scope_key = $2 and part = $3";
    connection.count(sql, &[kind.into(), scope_key.into(), part.into()])
}
