//! Tasks of the command line whose process has gone.
//!
//! Nobody takes such a task over: its input and its output belonged to a process that no longer exists. Its process renews
//! the lease for as long as it lives, so a lease that has run out means that it was killed or the machine stopped. The
//! next process that writes ends the task: a server, or another command.

use labelport_model::time::Timestamp;
use labelport_store::tables::tasks::{self, Ending, Task, TaskStatus};
use labelport_store::{Connection, StoreError};

/// Work of the command line that is recorded as a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommandTask {
    /// `labelport export`.
    Export,
    /// `labelport import`.
    Import,
    /// `labelport release create`.
    Release,
}

impl CommandTask {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Export, Self::Import, Self::Release];

    /// Returns the kind under which it is stored.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Export => "export",
            Self::Import => "import",
            Self::Release => "release",
        }
    }

    fn activity(self) -> &'static str {
        match self {
            Self::Export => "exporting",
            Self::Import => "importing",
            Self::Release => "making the release",
        }
    }

    fn of(task: &Task) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.kind() == task.kind)
    }
}

/// Lists the tasks of the command line whose lease has run out.
pub(super) fn list_lost(
    connection: &mut dyn Connection,
    org_key: i64,
    now: Timestamp,
) -> Result<Vec<(Task, CommandTask)>, StoreError> {
    let expired = tasks::list_expired(connection, org_key, now)?;
    Ok(expired.into_iter().filter_map(|task| CommandTask::of(&task).map(|known| (task, known))).collect())
}

/// Ends the tasks of the command line whose process has gone as FAILED, and returns them as they were before.
pub fn end_lost(connection: &mut dyn Connection, org_key: i64, now: Timestamp) -> Result<Vec<Task>, StoreError> {
    let mut ended = Vec::new();
    for (task, known) in list_lost(connection, org_key, now)? {
        let reason = format!("its process ended while {} {}", known.activity(), task.name);
        let ending = Ending {
            status: TaskStatus::Failed,
            outcome: Some(serde_json::json!({ "error": reason }).to_string()),
            owner: task.lease.as_ref().map(|lease| lease.owner.clone()),
            now,
        };
        if tasks::finish(connection, &task.id, &ending)? {
            ended.push(task);
        }
    }
    Ok(ended)
}
