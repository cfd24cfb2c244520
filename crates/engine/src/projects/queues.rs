//! The queues of a project's workflow.

use labelport_model::problem::Problem;
use labelport_model::workflow::WorkflowStatus;
use labelport_store::Connection;
use labelport_store::tables::projects::{self, Queue};

/// The queues of a new project, in the order of its workflow: name, type, and the status of a row in it.
pub const QUEUES: [(&str, &str, WorkflowStatus); 3] = [
    ("Initial labeling task", "INITIAL_LABELING_QUEUE", WorkflowStatus::ToLabel),
    ("Initial review task", "MANUAL_REVIEW_QUEUE", WorkflowStatus::InReview),
    ("Rework (all rejected)", "MANUAL_REWORK_QUEUE", WorkflowStatus::InRework),
];

/// A project's queues.
#[derive(Debug, Clone)]
pub struct Queues(Vec<Queue>);

impl Queues {
    /// Reads the queues of a project.
    pub fn read(connection: &mut dyn Connection, project_key: i64) -> Result<Self, Problem> {
        Ok(Self(projects::list_queues(connection, project_key)?))
    }

    #[cfg(test)]
    pub(super) fn of(queues: Vec<Queue>) -> Self {
        Self(queues)
    }

    /// Finds the queue for rows of a status.
    pub(super) fn of_status(&self, status: WorkflowStatus) -> Option<&Queue> {
        let (_, kind, _) = QUEUES.iter().find(|(.., of)| *of == status)?;
        self.0.iter().find(|queue| queue.queue_type.as_deref() == Some(kind))
    }

    /// Returns the status of rows in a queue.
    pub(crate) fn status_of(queue: &Queue) -> WorkflowStatus {
        let known = QUEUES.iter().find(|(_, kind, _)| queue.queue_type.as_deref() == Some(kind));
        known.map_or(WorkflowStatus::InReview, |(.., status)| *status)
    }
}
