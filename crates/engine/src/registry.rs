//! What runs in the background: the one list of jobs and chores.
//!
//! # Adding a job
//! A type that implements [`Job`] in the module of the things it is about, and one line in `JOBS`. A chore is a function
//! and a line in [`ROSTER`].

use crate::annotation_import::ImportJob;
use crate::catalog::asset;
use crate::catalog::row_import::RowImport;
use crate::export::job::{self, ExportJob};
use crate::export::shared;
use crate::history;
use crate::legacy::{LabelExport, RowExport, RunExport};
use crate::models::registration::Registration;
use crate::projects::batch::BatchFill;
use crate::projects::workflow::{PriorityChange, QueueMove};
use crate::releases::{self, CreateRelease};
use crate::send::Send;
use crate::tasks::{self, Chore, Job, Roster};
use crate::webhooks::announce;
use crate::webhooks::deliver::{self, Served};
use crate::workspace::Workspace;
use crate::workspace::access::Caller;
use labelport_model::problem::Problem;
use labelport_store::tables::tasks::Task;
use std::time::Duration;

/// Every job, by kind.
static JOBS: &[&dyn Job] = &[
    &ImportJob,
    &BatchFill,
    &CreateRelease,
    &ExportJob,
    &LabelExport,
    &RowExport,
    &RunExport,
    &PriorityChange,
    &QueueMove,
    &RowImport,
    &Registration,
    &Send,
];

/// What the workers of a process do.
pub static ROSTER: Roster = Roster {
    jobs: JOBS,
    chores: &[
        Chore { every: Duration::from_secs(1), answers_bell: false, run: |workspace, _| announce::announce(workspace) },
        // Several, so that a slow receiver does not hold up the others.
        DELIVERY,
        DELIVERY,
        DELIVERY,
        QUICK_DELIVERY,
        Chore {
            every: Duration::from_secs(600),
            answers_bell: false,
            run: |workspace, _| deliver::tidy(workspace).map(|()| false),
        },
        Chore { every: Duration::from_secs(3), answers_bell: true, run: asset::look_at_waiting },
        Chore {
            every: Duration::from_secs(3_600),
            answers_bell: false,
            run: |workspace, _| job::expire(workspace).map(|()| false),
        },
        // Two, so that one that waits for the end of an export does not keep the process from helping with another.
        HELP,
        HELP,
        Chore {
            every: Duration::from_secs(3_600),
            answers_bell: false,
            run: |workspace, _| shared::remove_leftovers(workspace).map(|()| false),
        },
        Chore {
            every: Duration::from_secs(3_600),
            answers_bell: false,
            run: |workspace, _| releases::remove_leftovers(workspace).map(|()| false),
        },
        Chore {
            every: Duration::from_secs(3_600),
            answers_bell: false,
            run: |workspace, _| Ok(history::prune(workspace.store(), workspace.now()).map(|()| false)?),
        },
    ],
};

/// Helps with exports that other processes lead.
const HELP: Chore = Chore { every: Duration::from_millis(300), answers_bell: false, run: shared::help };

/// Sends to webhooks.
const DELIVERY: Chore = Chore {
    every: Duration::from_secs(1),
    answers_bell: false,
    run: |workspace, is_over| Ok(!is_over() && deliver::deliver_next(workspace, Served::All)?),
};

/// Sends to webhooks whose receivers answer at once.
const QUICK_DELIVERY: Chore =
    Chore { run: |workspace, is_over| Ok(!is_over() && deliver::deliver_next(workspace, Served::Quick)?), ..DELIVERY };

/// Cancels a task, whichever process works on it, and returns it as it is then. No caller is the operator.
pub fn cancel(workspace: &Workspace, id: &str, caller: Option<&Caller>) -> Result<Task, Problem> {
    tasks::cancel(workspace, JOBS, id, caller)
}

/// Lists what the SDK knows the kinds of tasks by. All can be canceled.
pub fn wire_types() -> impl Iterator<Item = &'static str> {
    JOBS.iter().map(|job| job.wire_type())
}

/// Returns what the SDK knows a task of a kind by.
pub fn wire_type(kind: &str) -> &str {
    JOBS.iter().find(|job| job.kind() == kind).map_or(kind, |job| job.wire_type())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_job_is_unique_and_in_order() {
        let kinds: Vec<_> = JOBS.iter().map(|job| job.kind()).collect();
        assert!(kinds.is_sorted_by(|one, next| one < next), "{kinds:?}");
    }
}
