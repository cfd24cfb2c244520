//! Failures of tasks: the caller sees that a task failed, the operator sees why.

use super::{Served, new_row};
use labelport_engine::registry::ROSTER;
use labelport_engine::tasks::{self, Done, Job, JobError, Order, Pulse, Roster, Runner};
use labelport_engine::workspace::Workspace;
use labelport_model::problem::Problem;
use labelport_model::request::Scope;
use labelport_store::StoreError;
use labelport_store::tables;
use labelport_store::tables::settings;
use labelport_store::tables::tasks::{Task, TaskStatus};
use serde_json::{Value, json};
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
    let id = tasks::start(&served.workspace, &served.caller, order, Duration::ZERO).unwrap();
    let reported = Arc::new(Mutex::new(Vec::new()));
    let log = {
        let reported = Arc::clone(&reported);
        move |problem: &Problem| reported.lock().unwrap().push(problem.cause.as_ref().unwrap().to_string())
    };
    let roster = Roster { jobs: &[&Broken], chores: &[] };
    let runner = Runner::start(&served.workspace, "worker".to_owned(), 1, roster, Arc::new(log));
    let mut has_failed = || Ok(served.task(&id).status == TaskStatus::Failed);
    served.workspace.wake_up().wait_until(served.workspace.clock(), Duration::from_secs(60), &mut has_failed).unwrap();
    runner.stop();
    assert_eq!(*reported.lock().unwrap(), [expect]);
    let outcome = served.task(&id).outcome.unwrap();
    assert!(outcome.contains("the server failed; its log says why"), "{outcome}");
}

#[test]
fn the_log_says_why_a_task_failed() {
    check("{}", "a bit fell over");
    check("{\"panic\":true}", "the job panicked");
}

#[test]
fn an_import_goes_on_when_the_full_disk_has_room_again() {
    let served = Served::with_room(Some(600));
    let dataset_id = served.dataset("set");
    let payload = |number: usize| json!({ "row_data": format!("{number} {}", "x".repeat(1_000)) });
    let items: Vec<Value> = (0..1_600).map(|number| new_row(&dataset_id, &payload(number))).collect();
    let task = served.start_rows(&[Value::Array(items)]);
    let fill = |size_bytes: usize| {
        let text = "x".repeat(size_bytes);
        served.workspace.store().write(move |connection| settings::put(connection, "ballast", &text))
    };
    // Nothing but the task has room: some transactions of it, not all.
    fill(6_000_000).unwrap();
    let reported = Arc::new(Mutex::new(Vec::new()));
    let log = {
        let reported = Arc::clone(&reported);
        move |problem: &Problem| reported.lock().unwrap().push(problem.message.clone())
    };
    let runner = Runner::start(&served.workspace, "worker".to_owned(), 1, ROSTER, Arc::new(log));
    let mut is_reported = || Ok(!reported.lock().unwrap().is_empty());
    served.workspace.wake_up().wait_until(served.workspace.clock(), Duration::from_secs(60), &mut is_reported).unwrap();
    runner.stop();
    let [message] = &reported.lock().unwrap()[..] else { panic!("it was not reported once") };
    assert!(message.contains("the disk of the data folder is full") && message.contains(task.as_str()), "{message}");
    assert!(matches!(fill(9_000_000), Err(StoreError::Full)));
    let kept = served.read(|connection| tables::tasks::next_row(connection, task.as_str()));
    assert!(kept > 0 && kept < 1_600, "{kept}");
    let stopped = served.task(&task);
    assert_eq!((stopped.status, stopped.rows_done), (TaskStatus::InProgress, kept));
    let (org_key, now) = (served.workspace.org_key(), served.workspace.now());
    let claimable =
        |at| served.read(|connection| tables::tasks::list_claimable(connection, org_key, &["row-import"], at)).len();
    assert_eq!((claimable(now), claimable(now.plus_millis(60_000))), (0, 1), "it is not tried again at once");
    fill(0).unwrap();
    served.pass(60_000);
    served.complete(&task);
    assert_eq!(served.statuses(&task, false).len(), 1_600);
    assert_eq!(served.export_all(Scope::Catalog).len(), 1_600);
}
