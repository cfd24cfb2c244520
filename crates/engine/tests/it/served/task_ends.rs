//! Tasks that cannot be done, or that nobody wants any more, end; others go on.

use super::{Served, car, cars, everything, image, new_row};
use labelport_engine::annotation_import::ImportKind;
use labelport_engine::export::job::{self, ExportJob};
use labelport_engine::export::{self, ExportError};
use labelport_engine::import::{self, ImportError, Source};
use labelport_engine::manifest::Manifest;
use labelport_engine::registry;
use labelport_engine::sink::{Nowhere, Sink};
use labelport_engine::tasks::{self, CommandTask, Done, Job, JobError, Order, Pulse, Roster, Runner};
use labelport_engine::workspace::Workspace;
use labelport_engine::workspace::access::{Caller, Role};
use labelport_engine::workspace::api_keys::{self, NewKey};
use labelport_formats::write::Ndjson;
use labelport_model::id::TaskId;
use labelport_model::problem::{Problem, ProblemKind};
use labelport_model::request::Scope;
use labelport_store::tables;
use labelport_store::tables::api_keys::User;
use labelport_store::tables::tasks::{Lease, Task, TaskStatus};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

impl Served {
    /// Lets a worker of another process claim a task and die.
    fn die(&self, id: &TaskId, process: &str) {
        let (id, now) = (id.clone(), self.workspace.now());
        let lease = Lease { owner: process.to_owned(), until: now.plus_millis(10_000) };
        assert!(
            self.workspace.store().write(move |connection| tables::tasks::claim(connection, &id, &lease, now)).unwrap()
        );
        self.pass(10_000);
    }

    fn order_export(&self) -> TaskId {
        let request = everything(Scope::Catalog);
        self.order(|| job::start(&self.workspace, &self.caller, "", &request)).unwrap()
    }

    /// Creates a task as a command does, with a lease of a minute.
    fn start_command(&self, kind: CommandTask, name: &str) -> TaskId {
        let (now, org_key) = (self.workspace.now(), self.workspace.org_key());
        let order = Order { kind: kind.kind(), name: name.to_owned(), request: "{}".to_owned() };
        let task = tasks::new_task(&self.workspace, &self.caller, order);
        let (id, lease) = (task.id.clone(), Lease { owner: "process 7".to_owned(), until: now.plus_millis(60_000) });
        let is_claimed = self.workspace.store().write(move |connection| {
            tables::tasks::create(connection, org_key, &task)?;
            tables::tasks::claim(connection, &task.id, &lease, now)
        });
        assert!(is_claimed.unwrap());
        id
    }

    fn start_runner(&self) -> Runner {
        Runner::start(&self.workspace, "worker".to_owned(), 1, registry::ROSTER, Arc::new(|_| {}))
    }

    fn error_of(&self, id: &TaskId) -> String {
        let outcome: Value = serde_json::from_str(&self.task(id).outcome.unwrap()).unwrap();
        outcome["error"].as_str().unwrap().to_owned()
    }

    /// Lists what lies on disk of results.
    fn kept_results(&self) -> Vec<String> {
        let Ok(folder) = std::fs::read_dir(self.folder().join("results")) else { return Vec::new() };
        folder.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

#[test]
fn a_task_whose_worker_died_three_times_fails_and_the_next_one_runs() {
    let served = Served::new();
    let dataset_id = served.dataset("set");
    served.rows(&dataset_id, &[image("a")]);
    let poison = served.order_export();
    let next = served.order_export();
    for process in ["one", "two", "three"] {
        served.die(&poison, process);
    }
    served.complete(&next);
    let task = served.task(&poison);
    assert_eq!((task.status, task.deaths), (TaskStatus::Failed, 3));
    let error = served.error_of(&poison);
    assert!(error.starts_with("its worker ended three times while exporting catalog"), "{error}");
    assert_eq!(served.kept_results(), [next.as_str()]);
}

#[test]
fn a_task_whose_worker_died_twice_gets_a_third() {
    let served = Served::new();
    let id = served.order_export();
    served.die(&id, "one");
    served.die(&id, "two");
    assert_eq!(served.complete(&id).deaths, 2);
}

#[test]
fn a_command_whose_lease_has_run_out_has_failed_once_a_server_starts_and_no_earlier() {
    let served = Served::new();
    let export = served.start_command(CommandTask::Export, "catalog");
    let import = served.start_command(CommandTask::Import, "rows.ndjson");
    let statuses = || [&export, &import].map(|id| served.task(id).status);
    served.pass(59_999);
    served.start_runner().stop();
    assert_eq!(statuses(), [TaskStatus::InProgress; 2]);
    served.pass(1);
    served.start_runner().stop();
    assert_eq!(statuses(), [TaskStatus::Failed; 2]);
    assert_eq!(served.error_of(&export), "its process ended while exporting catalog");
    assert_eq!(served.error_of(&import), "its process ended while importing rows.ndjson");
}

#[test]
fn a_running_server_ends_a_command_whose_lease_runs_out() {
    let served = Served::new();
    let fail = |id: &TaskId| {
        let is_over = || served.task(id).status == TaskStatus::Failed;
        served
            .workspace
            .wake_up()
            .wait_until(served.workspace.clock(), Duration::from_secs(60), &mut || Ok(is_over()))
            .unwrap();
    };
    let before = served.start_command(CommandTask::Export, "catalog");
    served.pass(60_000);
    let runner = served.start_runner();
    fail(&before);
    let meanwhile = served.start_command(CommandTask::Export, "catalog");
    served.pass(60_000);
    fail(&meanwhile);
    runner.stop();
}

#[test]
fn an_import_that_is_given_up_is_failed_for_its_clients() {
    let served = Served::new();
    let dataset_id = served.dataset("set");
    let ids = served.rows(&dataset_id, &[image("a")]);
    let project = served.project("p", "IMAGE", &cars(), &ids);
    let (import, task) = served.start_import(ImportKind::Label, &project.id, "labels", &[car("a", "1", 1)]);
    for process in ["one", "two", "three"] {
        served.die(&task, process);
    }
    served.settle();
    assert_eq!(served.task(&task).status, TaskStatus::Failed);
    assert_eq!(served.state_of(&import.id), "FAILED");
}

/// How many [`Endless`] jobs run.
static RUNNING: AtomicUsize = AtomicUsize::new(0);
/// The names of [`Noting`] jobs that ran, each with how many endless ones ran at the same time.
static NOTED: Mutex<Vec<(String, usize)>> = Mutex::new(Vec::new());

/// A job that runs until it is stopped.
struct Endless;

impl Job for Endless {
    fn kind(&self) -> &'static str {
        "endless"
    }

    fn wire_type(&self) -> &'static str {
        "endless"
    }

    fn run(&self, workspace: &Workspace, _: &Task, pulse: &Pulse) -> Result<Done, JobError> {
        RUNNING.fetch_add(1, Ordering::SeqCst);
        workspace.wake_up().notify();
        while !pulse.is_over() {
            std::thread::yield_now();
        }
        RUNNING.fetch_sub(1, Ordering::SeqCst);
        Err(JobError::HandOver)
    }
}

/// A job that notes that it ran.
struct Noting;

impl Job for Noting {
    fn kind(&self) -> &'static str {
        "noting"
    }

    fn wire_type(&self) -> &'static str {
        "noting"
    }

    fn run(&self, _: &Workspace, task: &Task, _: &Pulse) -> Result<Done, JobError> {
        NOTED.lock().unwrap().push((task.name.clone(), RUNNING.load(Ordering::SeqCst)));
        Ok(Done::default())
    }
}

fn start(served: &Served, kind: &'static str, name: &str) -> TaskId {
    let order = Order { kind, name: name.to_owned(), request: "{}".to_owned() };
    tasks::start(&served.workspace, &served.caller, order, Duration::ZERO).unwrap()
}

/// Waits until something holds, and fails where it does not come to.
#[track_caller]
fn wait(holds: &mut dyn FnMut() -> bool) {
    for _ in 0..3_000 {
        if holds() {
            return;
        }
        std::thread::park_timeout(Duration::from_millis(10));
    }
    panic!("it did not come to that within 30 s");
}

#[test]
fn the_last_attempt_runs_alone() {
    let served = Served::new();
    let roster = Roster { jobs: &[&Endless, &Noting], chores: &[] };
    let endless = start(&served, "endless", "endless");
    let suspect = start(&served, "noting", "suspect");
    served.die(&suspect, "one");
    served.die(&suspect, "two");
    let after = start(&served, "noting", "after");
    let runner = Runner::start(&served.workspace, "server".to_owned(), 3, roster, Arc::new(|_| {}));
    wait(&mut || RUNNING.load(Ordering::SeqCst) == 1);
    registry::cancel(&served.workspace, endless.as_str(), None).unwrap();
    wait(&mut || served.task(&after).status == TaskStatus::Complete);
    runner.stop();
    assert_eq!(*NOTED.lock().unwrap(), [("suspect".to_owned(), 0), ("after".to_owned(), 0)]);
}

#[test]
fn keys_take_turns() {
    static ORDER: Mutex<Vec<String>> = Mutex::new(Vec::new());
    struct Ordered;
    impl Job for Ordered {
        fn kind(&self) -> &'static str {
            "ordered"
        }
        fn wire_type(&self) -> &'static str {
            "ordered"
        }
        fn run(&self, _: &Workspace, task: &Task, _: &Pulse) -> Result<Done, JobError> {
            ORDER.lock().unwrap().push(task.name.clone());
            Ok(Done::default())
        }
    }
    let served = Served::new();
    let new = NewKey { email: "ana@example.test", name: "other", role: "Admin", time_zone: None, expires: None };
    let key = api_keys::create(&served.workspace, &new).unwrap().key;
    let other = served.workspace.identify(Some(&key)).unwrap();
    let mut last = None;
    for (caller, name) in [(&served.caller, "a1"), (&served.caller, "a2"), (&served.caller, "a3"), (&other, "b1")] {
        let order = Order { kind: "ordered", name: name.to_owned(), request: "{}".to_owned() };
        last = Some(tasks::start(&served.workspace, caller, order, Duration::ZERO).unwrap());
    }
    let roster = Roster { jobs: &[&Ordered], chores: &[] };
    let runner = Runner::start(&served.workspace, "server".to_owned(), 1, roster, Arc::new(|_| {}));
    wait(&mut || ORDER.lock().unwrap().len() == 4);
    wait(&mut || last.iter().all(|id| served.task(id).status == TaskStatus::Complete));
    runner.stop();
    assert_eq!(*ORDER.lock().unwrap(), ["a1", "b1", "a2", "a3"]);
}

#[test]
fn a_running_task_that_is_canceled_stops() {
    struct Stoppable;
    static STATE: AtomicUsize = AtomicUsize::new(0);
    impl Job for Stoppable {
        fn kind(&self) -> &'static str {
            "stoppable"
        }
        fn wire_type(&self) -> &'static str {
            "stoppable"
        }
        fn run(&self, workspace: &Workspace, _: &Task, pulse: &Pulse) -> Result<Done, JobError> {
            STATE.store(1, Ordering::SeqCst);
            workspace.wake_up().notify();
            while !pulse.is_over() {
                std::thread::yield_now();
            }
            STATE.store(2, Ordering::SeqCst);
            workspace.wake_up().notify();
            Err(JobError::HandOver)
        }
    }
    let served = Served::new();
    let id = start(&served, "stoppable", "stoppable");
    let roster = Roster { jobs: &[&Stoppable], chores: &[] };
    let runner = Runner::start(&served.workspace, "server".to_owned(), 1, roster, Arc::new(|_| {}));
    wait(&mut || STATE.load(Ordering::SeqCst) == 1);
    let canceled = registry::cancel(&served.workspace, id.as_str(), Some(&served.caller)).unwrap();
    assert_eq!((canceled.status, canceled.lease), (TaskStatus::Canceled, None));
    wait(&mut || STATE.load(Ordering::SeqCst) == 2);
    runner.stop();
    assert_eq!(served.error_of(&id), "the task was canceled by ana@example.test");
    let again = registry::cancel(&served.workspace, id.as_str(), None).unwrap_err();
    assert_eq!(again.kind, ProblemKind::NotAllowed);
    assert!(again.message.contains("has ended already: it is CANCELED"), "{}", again.message);
    let others = start(&served, "stoppable", "another");
    let stranger = User { id: "u".to_owned(), ..served.caller.user.clone() };
    let reader = Caller { role: Role::Reader, user: stranger, ..served.caller.clone() };
    let refused = registry::cancel(&served.workspace, others.as_str(), Some(&reader)).unwrap_err();
    assert_eq!(refused.kind, ProblemKind::Forbidden);
    let owner = Caller { role: Role::Reader, ..served.caller.clone() };
    registry::cancel(&served.workspace, others.as_str(), Some(&owner)).unwrap();
    let unknown = registry::cancel(&served.workspace, "nothing", None).unwrap_err();
    assert_eq!(unknown.kind, ProblemKind::NotFound);
}

#[test]
fn a_canceled_export_frees_what_it_has_written() {
    let served = Served::new();
    let dataset_id = served.dataset("set");
    served.rows(&dataset_id, &[image("a")]);
    let id = served.order_export();
    // A worker has got as far as a part.
    let mut sink = served.workspace.results().start(id.as_str()).unwrap();
    sink.write(&labelport_engine::sink::Entry::of_stream(
        b"half",
        labelport_engine::sink::Extent { bytes: 4, lines: 1 },
    ))
    .unwrap();
    assert_eq!(served.kept_results(), [id.as_str()]);
    registry::cancel(&served.workspace, id.as_str(), None).unwrap();
    assert_eq!(served.kept_results(), Vec::<String>::new());
    let error = job::get_result(&served.workspace, id.as_str()).unwrap_err();
    assert_eq!(error.kind, ProblemKind::Gone);
}

#[test]
fn a_result_that_is_finished_after_the_cancellation_is_removed() {
    struct Slow;
    impl Job for Slow {
        fn kind(&self) -> &'static str {
            "slow"
        }
        fn wire_type(&self) -> &'static str {
            "slow"
        }
        fn run(&self, workspace: &Workspace, task: &Task, _: &Pulse) -> Result<Done, JobError> {
            registry::cancel(workspace, task.id.as_str(), None)?;
            let sink = workspace.results().start(task.id.as_str()).unwrap();
            Box::new(sink).finish(&Manifest::default()).unwrap();
            Ok(Done::default())
        }
        fn discard(&self, workspace: &Workspace, task: &Task, reason: &str) -> Result<(), Problem> {
            ExportJob.discard(workspace, task, reason)
        }
    }
    let served = Served::new();
    let id = start(&served, "slow", "slow");
    let roster = Roster { jobs: &[&Slow], chores: &[] };
    let runner = Runner::start(&served.workspace, "server".to_owned(), 1, roster, Arc::new(|_| {}));
    wait(&mut || served.task(&id).status == TaskStatus::Canceled);
    runner.stop();
    assert_eq!(served.kept_results(), Vec::<String>::new());
}

#[test]
fn a_canceled_import_keeps_what_it_has_written_and_no_more() {
    let served = Served::new();
    let dataset_id = served.dataset("set");
    let items: Vec<Value> =
        (0..3).map(|number| new_row(&dataset_id, &json!({ "row_data": number.to_string() }))).collect();
    let task = served.start_rows(&[Value::Array(items)]);
    registry::cancel(&served.workspace, task.as_str(), None).unwrap();
    served.settle();
    assert_eq!(served.task(&task).status, TaskStatus::Canceled);
    assert_eq!(served.export_all(Scope::Catalog).len(), 0);
}

#[test]
fn a_full_disk_is_not_a_death() {
    struct Full;
    impl Job for Full {
        fn kind(&self) -> &'static str {
            "full"
        }
        fn wire_type(&self) -> &'static str {
            "full"
        }
        fn run(&self, _: &Workspace, _: &Task, _: &Pulse) -> Result<Done, JobError> {
            Err(JobError::NoRoom)
        }
    }
    let served = Served::new();
    let id = start(&served, "full", "full");
    let roster = Roster { jobs: &[&Full], chores: &[] };
    for process in ["one", "two", "three", "four"] {
        let attempt = served.task(&id).attempt;
        let runner = Runner::start(&served.workspace, process.to_owned(), 1, roster, Arc::new(|_| {}));
        wait(&mut || served.task(&id).attempt == attempt + 1 && served.task(&id).lease.is_none());
        runner.stop();
        served.pass(60_000);
    }
    let task = served.task(&id);
    assert_eq!((task.status, task.deaths), (TaskStatus::InProgress, 0));
    registry::cancel(&served.workspace, id.as_str(), None).unwrap();
}

#[test]
fn exports_and_imports_stop_on_request() {
    let served = Served::new();
    let dataset_id = served.dataset("set");
    let ids = served.rows(&dataset_id, &[image("a")]);
    let stop = AtomicBool::new(true);
    let mut run = export::ExportOptions {
        threads: 2,
        format: &Ndjson,
        row_limit_bytes: export::ROW_LIMIT_BYTES,
        labels_created: None,
        progress: &mut |_| {},
        stop: Some(&stop),
        files: None,
        client: None,
    };
    let outcome = export::run(served.workspace.store(), &everything(Scope::Catalog), &mut Nowhere, &mut run);
    assert!(matches!(outcome, Err(ExportError::Stopped)), "{outcome:?}");
    let row = format!("{{\"data_row\":{{\"id\":\"{}\",\"external_id\":\"new\"}}}}\n", ids[0]);
    for strict in [true, false] {
        let source = Source::stream("rows", Box::new(std::io::Cursor::new(row.clone())));
        let (now, progress) = (served.workspace.now(), &mut |_| {});
        let mut run = import::ImportOptions {
            strict,
            threads: 2,
            record_limit_bytes: 1 << 20,
            scratch_folder: &std::env::temp_dir(),
            reader: None,
            run_name: None,
            fetcher: None,
            refused: None,
            now,
            progress,
            stop: Some(&stop),
        };
        let outcome = import::run(served.workspace.store(), source, &mut run);
        assert!(matches!(outcome, Err(ImportError::Stopped)), "{outcome:?}");
    }
    assert_eq!(served.export_all(Scope::Catalog)[0]["data_row"].get("external_id"), None);
}
