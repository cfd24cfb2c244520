//! Tasks from outside: seen, canceled, given up; of the server and of the command line.

use crate::server::Server;
use crate::support::{Place, binary};

use labelport_model::id::TaskId;
use labelport_model::time::Timestamp;
use labelport_store::tables::tasks::{self, Lease, ListTasks, Task, TaskStatus};
use labelport_store::{Founding, Store};
use rustix::process::{Pid, Signal, kill_process};
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

/// Rows whose export takes some time, even where nobody else computes.
const ROWS: u64 = 6_000;

/// The most that a task may need to stop.
const STOP_TIME: Duration = Duration::from_secs(1);

impl Place {
    pub(crate) fn with_rows(count: u64) -> Self {
        let place = Self::empty();
        let rows: Vec<String> = labelport_samples::image_rows(count).collect();
        place.write("rows.ndjson", (rows.join("\n") + "\n").as_bytes());
        place.run(&["import", "labelbox", "rows.ndjson"]).succeeded();
        place
    }

    /// The same, and a video whose label lasts for a hundred million frames: an export that shows each of them is still
    /// running when it is killed, canceled or asked for.
    pub(crate) fn with_rows_and_an_endless_video(count: u64) -> Self {
        let place = Self::with_rows(count);
        let row = r#"{"data_row":{"id":"ce00000000000000000000001","row_data":"https://media/a.mp4"},"media_attributes":{"mime_type":"video/mp4"},"projects":{"ce00000000000000000000002":{"name":"endless","labels":[{"label_kind":"Video","version":"1.0.0","id":"ce00000000000000000000003","annotations":{"frames":{"1":{"objects":{"ce00000000000000000000004":{"name":"a","annotation_kind":"VideoPoint","classifications":[],"point":{"x":1.0,"y":2.0}}},"classifications":[]}},"segments":{"ce00000000000000000000004":[[1,100000000]]},"key_frame_feature_map":{"ce00000000000000000000004":[1]},"classifications":[]}}]}}}"#;
        place.run_with_input(&["import", "labelbox", "-"], row.as_bytes()).succeeded();
        place
    }

    pub(crate) fn store(&self) -> Store {
        let engine = self.database().engine(&self.path("labelport-data"), Duration::from_secs(10));
        let founding = Founding { organization_id: String::new(), now: Timestamp::MIN };
        Store::open(engine, &founding).unwrap()
    }

    /// Waits for a task with a status.
    #[track_caller]
    pub(crate) fn wait_for_task(&self, status: TaskStatus, is_it: impl Fn(&Task) -> bool) -> Task {
        self.wait_for_any_task(|task| task.status == status && is_it(task))
    }

    /// Waits for a task among the latest.
    #[track_caller]
    pub(crate) fn wait_for_any_task(&self, is_it: impl Fn(&Task) -> bool) -> Task {
        let store = self.store();
        let mut reader = store.reader().unwrap();
        for _ in 0..30_000 {
            let which = ListTasks { status: None, limit: 30 };
            let found = tasks::list(&mut *reader, store.org_key(), &which).unwrap();
            if let Some(task) = found.into_iter().find(&is_it) {
                return task;
            }
            std::thread::park_timeout(Duration::from_millis(1));
        }
        panic!("there is no such task");
    }

    pub(crate) fn find_task(&self, id: &TaskId) -> Task {
        tasks::find(&mut *self.store().reader().unwrap(), id).unwrap().unwrap()
    }

    /// Ends every lease, as time would.
    fn end_leases(&self) {
        let store = self.store();
        let which = ListTasks { status: Some(TaskStatus::InProgress), limit: 9 };
        for task in tasks::list(&mut *store.reader().unwrap(), store.org_key(), &which).unwrap() {
            let Some(held) = task.lease else { continue };
            let over = Lease { until: Timestamp::from_millis(0), ..held };
            assert!(store.write(move |connection| tasks::heartbeat(connection, &task.id, &over)).unwrap());
        }
    }
}

/// A command that runs until it is ended: nobody reads what it writes.
struct Blocked {
    child: Child,
    task: TaskId,
}

impl Blocked {
    fn export(place: &Place) -> Self {
        Self::start(place, &["export", "catalog", "--everything"])
    }

    fn start(place: &Place, arguments: &[&str]) -> Self {
        Self::spawn(place, &mut place.command(arguments))
    }

    fn spawn(place: &Place, command: &mut Command) -> Self {
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let owner = format!("process {} ", child.id());
        let is_it = |task: &Task| task.lease.as_ref().is_some_and(|lease| lease.owner.starts_with(&owner));
        let task = place.wait_for_task(TaskStatus::InProgress, is_it).id;
        Self { child, task }
    }

    fn signal(mut self, signal: Signal) -> (Option<i32>, String) {
        // An import waits for more as long as its input is open.
        let _input = self.child.stdin.take();
        kill_process(Pid::from_child(&self.child), signal).unwrap();
        let output = self.child.wait_with_output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    }
}

/// Distinguishes an export of the server from an import before it.
pub(crate) fn is_export(task: &Task) -> bool {
    task.kind == "export-data-rows"
}

/// Starts an export and kills the server three times while it runs.
fn start_poison(server: &mut Server) -> TaskId {
    server.start_endless_export();
    let id = server.place().wait_for_any_task(is_export).id;
    for attempt in 1..=3 {
        server.place().wait_for_any_task(|task| task.id == id && task.attempt == attempt);
        server.kill();
        server.place().end_leases();
        server.restart();
    }
    id
}

#[test]
fn a_task_that_ends_its_server_three_times_fails_and_the_next_one_runs() {
    let mut server = Server::start_in(Place::with_rows_and_an_endless_video(9), &["127.0.0.1:0"]);
    let id = start_poison(&mut server);
    let failed = server.place().wait_for_any_task(|task| task.id == id && task.status == TaskStatus::Failed);
    let outcome = failed.outcome.unwrap();
    assert!(outcome.contains("its worker ended three times while exporting catalog"), "{outcome}");
    server.start_export();
    let is_next = |task: &Task| is_export(task) && task.status == TaskStatus::Complete;
    assert_eq!(server.place().wait_for_any_task(is_next).rows_done, 10);
    let doctor = server.place().run(&["doctor"]).succeeded();
    assert!(doctor.err.contains(&format!("task {id} (export-data-rows")), "{}", doctor.err);
    let shown = server.place().run(&["task", "show", id.as_str()]).succeeded().out;
    assert!(shown.contains(r#""worker_deaths": 3"#) && shown.contains(r#""status": "FAILED""#), "{shown}");
}

#[test]
fn a_running_export_of_the_server_is_canceled_from_the_command_line() {
    let server = Server::start_in(Place::with_rows_and_an_endless_video(9), &["127.0.0.1:0", "--workers", "1"]);
    server.start_endless_export();
    let running = server.place().wait_for_task(TaskStatus::InProgress, |task| task.lease.is_some());
    server.start_export();
    server.place().run(&["task", "cancel", running.id.as_str()]).succeeded();
    assert_eq!(server.place().find_task(&running.id).status, TaskStatus::Canceled);
    server.place().wait_for_task(TaskStatus::Complete, is_export);
    let results = std::fs::read_dir(server.place().path("labelport-data/results")).unwrap();
    let results: Vec<_> = results.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert!(!results.contains(&running.id.to_string()), "{results:?}");
    server.place().run(&["task", "cancel", running.id.as_str()]).ended(1, &["has ended already: it is CANCELED"]);
    let listed = server.place().run(&["--json", "task", "list", "--status", "canceled"]).succeeded().out;
    assert!(listed.lines().count() == 1 && listed.contains(running.id.as_str()), "{listed}");
}

#[test]
fn a_task_is_listed_shown_and_canceled_over_rest() {
    let server = Server::start_in(Place::with_rows_and_an_endless_video(9), &["127.0.0.1:0"]);
    server.start_endless_export();
    let task = server.place().wait_for_task(TaskStatus::InProgress, |task| task.lease.is_some());
    let path = format!("/api/v1/tasks/{}", task.id);
    let listed = server.call("GET", "/api/v1/tasks?status=in_progress", "");
    assert!(listed.contains(task.id.as_str()), "{listed}");
    let canceled = server.call("POST", &format!("{path}/cancel"), "");
    assert!(canceled.starts_with("HTTP/1.1 200") && canceled.contains(r#""status":"CANCELED""#), "{canceled}");
    let again = server.call("POST", &format!("{path}/cancel"), "");
    assert!(again.starts_with("HTTP/1.1 409") && again.contains("has ended already"), "{again}");
    let shown = server.call("GET", &path, "");
    assert!(shown.contains(r#""error":"the task was canceled by admin@labelport.local""#), "{shown}");
    assert!(server.call("GET", "/api/v1/tasks/nothing", "").starts_with("HTTP/1.1 404"));
    assert!(server.call("GET", "/api/v1/tasks?status=done", "").contains("write one of IN_PROGRESS"));
}

#[test]
fn an_export_of_the_command_line_is_canceled_by_another() {
    let place = Place::with_rows_and_an_endless_video(ROWS);
    let command = &mut place.command(&["export", "catalog", "--everything"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // It runs until it is canceled.
    let task = place.wait_for_task(TaskStatus::InProgress, |task| task.lease.is_some());
    place.run(&["task", "cancel", task.id.as_str()]).succeeded();
    std::thread::sleep(STOP_TIME);
    std::io::copy(&mut child.stdout.take().unwrap(), &mut std::io::sink()).unwrap();
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!((child.wait().unwrap().code(), said.contains("the export was canceled")), (Some(1), true), "{said}");
    assert_eq!(place.find_task(&task.id).status, TaskStatus::Canceled);
}

#[test]
fn an_import_of_the_command_line_is_canceled_by_another() {
    let place = Place::with_rows(1);
    let rows: Vec<String> = labelport_samples::image_rows(ROWS).collect();
    let command = &mut place.command(&["import", "labelbox", "-"]);
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // It has not got its first row, so that it runs until it is canceled.
    let task = place.wait_for_task(TaskStatus::InProgress, |task| task.lease.is_some());
    place.run(&["task", "cancel", task.id.as_str()]).succeeded();
    std::thread::sleep(STOP_TIME);
    let mut input = child.stdin.take().unwrap();
    // It may have gone away before it has got everything.
    drop(input.write_all((rows.join("\n") + "\n").as_bytes()));
    drop(input);
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!((child.wait().unwrap().code(), said.contains("the import was canceled")), (Some(1), true), "{said}");
    place.run(&["export", "catalog"]).ended(0, &["1 row,"]);
}

#[test]
fn a_signal_ends_the_task_of_a_command_as_canceled() {
    // The export does not end before the signal is seen.
    let place = Place::with_rows_and_an_endless_video(ROWS);
    for (signal, name, code) in
        [(Signal::INT, "SIGINT", 130), (Signal::TERM, "SIGTERM", 143), (Signal::HUP, "SIGHUP", 129)]
    {
        // The imports wait for their input, the strict one with nothing written yet.
        for arguments in [
            &["export", "catalog", "--everything"][..],
            &["import", "labelbox", "-"],
            &["import", "labelbox", "-", "--strict"],
        ] {
            let command = Blocked::start(&place, arguments);
            let id = command.task.clone();
            let (status, said) = command.signal(signal);
            assert!(status == Some(code) && said.contains("interrupted"), "{arguments:?}: {status:?}: {said}");
            let task = place.find_task(&id);
            let reason = task.outcome.unwrap_or_default();
            assert_eq!(task.status, TaskStatus::Canceled, "{arguments:?}");
            assert!(reason.contains(&format!("its process was ended by {name}")), "{reason}");
        }
    }
}

#[test]
fn a_hangup_that_was_ignored_at_the_start_stays_ignored() {
    let place = Place::with_rows(ROWS);
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' HUP; exec \"$0\" \"$@\""]).arg(binary()).args(["export", "catalog", "--everything"]);
    place.surround(&mut command);
    let command = Blocked::spawn(&place, &mut command);
    let id = command.task.clone();
    let (status, said) = command.signal(Signal::HUP);
    assert_eq!(status, Some(0), "{said}");
    assert_eq!(place.find_task(&id).status, TaskStatus::Complete);
}

#[test]
fn a_signal_ends_a_command_whose_task_cannot_be_written() {
    let place = Place::with_rows(1);
    let command = Blocked::start(&place, &["--lock-wait", "3600", "import", "labelbox", "-"]);
    let id = command.task.clone();
    let store = place.store();
    let (holds, is_held) = channel();
    let (release, is_over) = channel::<()>();
    let writer = store.submitter().unwrap();
    let holder = std::thread::spawn(move || {
        writer.run(move |_| {
            holds.send(()).unwrap();
            // It ends with the test.
            is_over.recv().unwrap_or_default();
            Ok(())
        })
    });
    is_held.recv().unwrap();
    assert_eq!(command.signal(Signal::TERM).0, Some(143));
    drop(release);
    holder.join().unwrap().unwrap();
    assert_eq!(place.find_task(&id).status, TaskStatus::InProgress);
}

#[test]
fn a_killed_command_has_failed_once_another_one_records_its_task() {
    let place = Place::with_rows(ROWS);
    let killed = Blocked::export(&place);
    let id = killed.task.clone();
    killed.signal(Signal::KILL);
    place.run(&["import", "labelbox", "rows.ndjson"]).succeeded();
    assert_eq!(place.find_task(&id).status, TaskStatus::InProgress, "its lease has not run out");
    place.end_leases();
    place.run(&["import", "labelbox", "rows.ndjson"]).succeeded();
    let shown = place.run(&["task", "show", id.as_str()]).succeeded().out;
    assert!(shown.contains(r#""status": "FAILED""#), "{shown}");
    assert!(shown.contains(r#""error": "its process ended while exporting catalog""#), "{shown}");
}

#[test]
fn a_killed_command_has_failed_for_a_server_and_its_clients() {
    let place = Place::with_rows(ROWS);
    let killed = Blocked::export(&place);
    let id = killed.task.clone();
    killed.signal(Signal::KILL);
    place.end_leases();
    let server = Server::start_in(place, &["127.0.0.1:0"]);
    server.place().wait_for_task(TaskStatus::Failed, |task| task.id == id);
    let shown = server.call("GET", &format!("/api/v1/tasks/{id}"), "");
    assert!(shown.contains("its process ended while exporting catalog"), "{shown}");
    let metrics = server.ask("GET /metrics");
    assert!(metrics.contains("labelport_tasks{status=\"in_progress\"} 0"), "{metrics}");
}

#[test]
fn a_command_that_waits_for_its_reader_keeps_its_lease() {
    let place = Place::with_rows(ROWS);
    let command = Blocked::export(&place);
    place.end_leases();
    let is_renewed = |task: &Task| {
        task.id == command.task && task.lease.as_ref().is_some_and(|lease| lease.until > Timestamp::from_millis(0))
    };
    place.wait_for_task(TaskStatus::InProgress, is_renewed);
    place.run(&["import", "labelbox", "rows.ndjson"]).succeeded();
    assert_eq!(place.find_task(&command.task).status, TaskStatus::InProgress);
    command.signal(Signal::KILL);
}
