//! What goes wrong in a task: whoever asked is told that it failed, the operator is told why.

use super::Served;
use labelport_engine::work::{self, Done, Job, JobError, Order, Pulse, Roster, Runner};
use labelport_engine::workspace::Workspace;
use labelport_model::problem::Problem;
use labelport_store::tasks::{Task, TaskStatus};
use std::sync::{Arc, Mutex};
use std::time::Duration;

struct Broken;

impl Job for Broken {
    fn kind(&self) -> &'static str {
        "broken"
    }

    fn wire_type(&self) -> &'static str {
        "broken"
    }

    fn run(&self, _: &Workspace, task: &Task, _: &Pulse) -> Result<Done, JobError> {
        match task.request.as_str() {
            "{}" => Err(Problem::internal("a bit fell over").into()),
            _ => panic!("the job fell over"),
        }
    }
}

#[track_caller]
fn check(request: &str, expect: &str) {
    let served = Served::new();
    let order = Order { kind: "broken", name: "broken".to_owned(), request: request.to_owned() };
    let id = work::start(&served.workspace, &served.caller, order, Duration::ZERO).unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    let log = {
        let told = Arc::clone(&told);
        move |problem: &Problem| told.lock().unwrap().push(problem.cause.as_ref().unwrap().to_string())
    };
    let roster = Roster { jobs: &[&Broken], chores: &[] };
    let runner = Runner::start(&served.workspace, "worker".to_owned(), 1, roster, Arc::new(log));
    let mut has_failed = || Ok(served.task(&id).status == TaskStatus::Failed);
    served.workspace.bell().wait_until(&served.workspace, Duration::from_secs(60), &mut has_failed).unwrap();
    runner.stop();
    assert_eq!(*told.lock().unwrap(), [expect]);
    let outcome = served.task(&id).outcome.unwrap();
    assert!(outcome.contains("the server failed; its log says why"), "{outcome}");
}

#[test]
fn why_a_task_failed_is_told_to_the_log() {
    check("{}", "a bit fell over");
    check("{\"panic\":true}", "the job panicked");
}
