//! Runs schedules while a server runs.
//!
//! A run is a process of its own: this program with the arguments of the schedule, in the folder of the schedule. An export
//! has many rules about its end (what an interrupted one leaves, the task that it is recorded as, the file that keeps a
//! watermark, the recovery of what a killed one left), and as a process it keeps them all. Nor can a run take the server
//! with it, whatever happens to it. The alternative was to run exports on threads of the server; each of these rules would
//! have needed a second form there.
//!
//! Which run is due is not decided here but by [`schedules::begin`]; two servers of one workspace share the runs. The
//! events that the process says on standard error become the result in the history. It ends with the server: on SIGTERM
//! when the server stops, and at the end of its standard input when the server is gone.

use super::arguments::{self, Prepared};
use crate::interrupt::END_WITH_INPUT;
use crate::outcome::Failure;
use crate::workspace::STORE_VARIABLE;
use labelport_engine::manifest::Manifest;
use labelport_engine::schedules::{self, Begun, LEASE_MS, RunEnd, RunStatus};
use labelport_engine::sink::manifest_path;
use labelport_engine::workspace::Workspace;
use labelport_model::problem::Problem;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How often it is looked what is due, and whether a run has to be stopped.
const POLL: Duration = Duration::from_millis(500);
/// How many schedules run at once. Each export uses all processors.
const RUNS_AT_ONCE: usize = 2;
/// How many polls a process that was asked to end may take for it.
const LAST_POLLS: usize = 20;
/// How often the end of a run is noted again while another process writes.
const NOTE_TRIES: usize = 60;
/// A digest that no result has.
const NO_DIGEST: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// The most bytes of a line that a process says, and the most characters of a reason.
const LINE_LIMIT_BYTES: u64 = 64 << 10;
const REASON_LIMIT: usize = 2_000;

/// What runs schedules need to know.
pub(in super::super) struct Scheduling {
    pub(in super::super) workspace: Arc<Workspace>,
    /// A name for this process that no other has.
    pub(in super::super) owner: String,
    /// The absolute path of the data folder.
    pub(in super::super) data: PathBuf,
    /// The address of the database, unless it is in the data folder.
    pub(in super::super) store: Option<String>,
    /// Where files and results lie; none for the data folder.
    pub(in super::super) results: Option<String>,
    /// The program to run.
    pub(in super::super) program: PathBuf,
    /// Gets the causes of failures.
    pub(in super::super) log: fn(&Problem),
}

/// The thread that runs schedules.
pub(in super::super) struct Scheduler {
    stop: Arc<Stop>,
    thread: JoinHandle<()>,
}

/// Whether the server stops, and what wakes those who wait.
#[derive(Default)]
struct Stop {
    is_set: Mutex<bool>,
    changed: Condvar,
}

impl Stop {
    /// Waits for a poll, or until the server stops; returns whether it does.
    fn wait(&self) -> bool {
        let is_set = self.is_set.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(is_set, POLL, |is_set| !*is_set);
        *waited.map_or_else(|error| error.into_inner().0, |(is_set, _)| is_set)
    }

    fn is_set(&self) -> bool {
        *self.is_set.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Scheduler {
    /// Begins to run what is due.
    pub(in super::super) fn start(scheduling: Scheduling) -> Self {
        let stop = Arc::new(Stop::default());
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || work(&Arc::new(scheduling), &stopped));
        Self { stop, thread }
    }

    /// Stops what runs, and returns when that has been noted. It is due again when a server starts.
    pub(in super::super) fn stop(self) {
        *self.stop.is_set.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.stop.changed.notify_all();
        // A thread that has panicked has said so.
        drop(self.thread.join());
    }
}

fn work(scheduling: &Arc<Scheduling>, stop: &Arc<Stop>) {
    let mut runs: Vec<JoinHandle<()>> = Vec::new();
    while !stop.is_set() {
        runs.retain(|run| !run.is_finished());
        while runs.len() < RUNS_AT_ONCE {
            let now = scheduling.workspace.now();
            match schedules::begin(&scheduling.workspace, &scheduling.owner, now) {
                Ok(Some(begun)) => {
                    let (scheduling, stop) = (Arc::clone(scheduling), Arc::clone(stop));
                    runs.push(std::thread::spawn(move || run(&scheduling, &stop, &begun)));
                }
                Ok(None) => break,
                Err(problem) => {
                    (scheduling.log)(&problem);
                    break;
                }
            }
        }
        stop.wait();
    }
    for run in runs {
        drop(run.join());
    }
}

/// Runs a schedule and notes what came of it.
fn run(scheduling: &Scheduling, stop: &Stop, begun: &Begun) {
    let name = &begun.schedule.name;
    tracing::info!(schedule.name = %name, "A scheduled export begins");
    let end = match start(scheduling, begun) {
        Ok((child, prepared)) => {
            let end = watch(scheduling, stop, begun, child);
            if end.status == RunStatus::Unchanged {
                prepared.remove_empty_folders();
            }
            end
        }
        Err(failure) => RunEnd::because(RunStatus::Failed, reason_of(&failure)),
    };
    let (status, reason) = (end.status.wire_name(), end.reason.clone());
    for attempt in 1..=NOTE_TRIES {
        match schedules::end(&scheduling.workspace, begun, end.clone(), scheduling.workspace.now()) {
            Ok(true) => break,
            Ok(false) => {
                tracing::warn!(schedule.name = %name, "A scheduled export ended after its claim; its result is not in the history");
                return;
            }
            Err(problem) if attempt == NOTE_TRIES => (scheduling.log)(&problem),
            Err(_) => {
                stop.wait();
            }
        }
    }
    match end.status {
        RunStatus::Failed => tracing::warn!(schedule.name = %name, reason, "A scheduled export failed"),
        _ => tracing::info!(schedule.name = %name, status, rows = end.rows, reason, "A scheduled export ended"),
    }
}

/// Starts the process of a run.
fn start(scheduling: &Scheduling, begun: &Begun) -> Result<(Child, Prepared), Failure> {
    let schedule = &begun.schedule.body;
    let (_, zone) = schedule.clock()?;
    let folder = Path::new(&schedule.folder);
    if !folder.is_dir() {
        return Err(Failure::new(format!("the folder {} of the schedule does not exist any more", folder.display())));
    }
    let prepared = arguments::prepare(&schedule.arguments, &begun.times, &zone, folder)?;
    let filled = &prepared.arguments;
    let mut command = Command::new(&scheduling.program);
    command.arg("--data").arg(&scheduling.data).arg("--json");
    // Not an argument: it may have a password.
    command.envs(scheduling.store.iter().map(|store| (STORE_VARIABLE, store)));
    command.args(scheduling.results.iter().flat_map(|results| ["--results", results]));
    // The word `export` and the scope come first.
    let (words, rest) = filled.split_at(filled.len().min(2));
    command.args(words);
    if schedule.skip_unchanged {
        // What somebody has removed or replaced is written again.
        let is_there = |sha256: &&str| !prepared.is_fixed || is_result(&prepared.output, sha256);
        let digest = schedule.last_sha256.as_deref().filter(is_there);
        command.args(["--unless-sha256", digest.unwrap_or(NO_DIGEST)]);
    }
    command.args(rest).current_dir(folder).env(END_WITH_INPUT, "1");
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    // Ctrl-C in the terminal of the server is for the server, which then ends the run.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let child = command.spawn().map_err(|error| {
        let program = scheduling.program.display();
        Failure::new(format!("{program} cannot be started ({error}); restart the server if it was replaced"))
    })?;
    Ok((child, prepared))
}

/// Returns whether a path is that of a result with a digest, as its manifest says.
fn is_result(path: &Path, sha256: &str) -> bool {
    let manifest = std::fs::read(manifest_path(path)).ok();
    let manifest = manifest.and_then(|text| Manifest::from_json(&text).ok());
    path.exists() && manifest.is_some_and(|manifest| manifest.digest.sha256 == sha256)
}

/// Waits for the end of a process; stops it when the server stops or the claim is lost.
fn watch(scheduling: &Scheduling, stop: &Stop, begun: &Begun, mut child: Child) -> RunEnd {
    let (send, said) = mpsc::channel();
    if let Some(stderr) = child.stderr.take() {
        // Only this function waits for it.
        std::thread::spawn(move || send.send(Said::read(stderr)).unwrap_or_default());
    }
    let workspace = &scheduling.workspace;
    let mut renewed = workspace.now();
    let mut polls_left = None;
    let said = loop {
        match said.recv_timeout(POLL) {
            Ok(said) => break said,
            Err(RecvTimeoutError::Disconnected) => break Said::default(),
            Err(RecvTimeoutError::Timeout) => {}
        }
        let now = workspace.now();
        let is_renewal = now.as_millis() - renewed.as_millis() >= LEASE_MS / 4;
        let claimed = match is_renewal {
            true => schedules::renew(workspace, begun, now).inspect(|_| renewed = now),
            false => schedules::is_claimed(workspace, begun),
        };
        let is_lost = match claimed {
            Ok(is_claimed) => !is_claimed,
            // The claim is not lost while nobody can write.
            Err(problem) => {
                (scheduling.log)(&problem);
                false
            }
        };
        match &mut polls_left {
            None if stop.is_set() || is_lost => {
                terminate(&mut child);
                polls_left = Some(LAST_POLLS);
            }
            Some(0) => drop(child.kill()),
            Some(left) => *left -= 1,
            None => {}
        }
    };
    let status = child.wait();
    let is_stopped = polls_left.is_some();
    match status {
        Ok(status) => said.into_end(status, is_stopped),
        Err(error) => RunEnd::because(RunStatus::Failed, format!("the process cannot be waited for ({error})")),
    }
}

/// Asks a process to end.
#[cfg(unix)]
fn terminate(child: &mut Child) {
    let pid = rustix::process::Pid::from_child(child);
    // One that has ended needs no signal.
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap_or_default();
}

#[cfg(not(unix))]
fn terminate(child: &mut Child) {
    drop(child.kill());
}

/// What a process has said.
#[derive(Debug, Default, PartialEq)]
struct Said {
    /// The status of what it wrote, or did not have to write.
    done: Option<RunStatus>,
    rows: Option<i64>,
    sha256: Option<String>,
    task_id: Option<String>,
    error: Option<String>,
    notices: Vec<String>,
    /// The last line that was not an event, such as that of a crash.
    last: Option<String>,
}

impl Said {
    /// Reads to the end what a process says.
    fn read(stderr: ChildStderr) -> Self {
        let mut reader = BufReader::new(stderr);
        let (mut said, mut line) = (Self::default(), Vec::new());
        while (&mut reader).take(LINE_LIMIT_BYTES).read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
            said.add(String::from_utf8_lossy(&line).trim());
            line.clear();
        }
        said
    }

    fn add(&mut self, line: &str) {
        let Ok(event) = serde_json::from_str::<Value>(line) else {
            if !line.is_empty() {
                self.last = Some(line.to_owned());
            }
            return;
        };
        let text = |name: &str| event[name].as_str().map(str::to_owned);
        match event["event"].as_str().unwrap_or_default() {
            name @ ("exported" | "unchanged") => {
                self.done = Some(if name == "exported" { RunStatus::Complete } else { RunStatus::Unchanged });
                (self.rows, self.sha256) = (event["rows"].as_i64(), text("sha256"));
            }
            "task" => self.task_id = text("id"),
            "error" => {
                let hint = text("hint").map_or_else(String::new, |hint| format!("; {hint}"));
                self.error = text("message").map(|message| message + &hint);
            }
            "notice" => {
                let ids = event["unknown_ids"].as_i64();
                let ids = ids.map(|count| format!("data rows that were named and not found: {count}"));
                let row =
                    text("message").map(|said| format!("data row {}: {said}", text("data_row_id").unwrap_or_default()));
                self.notices.extend(ids.or(text("unknown_name")).or(row));
            }
            _ => {}
        }
    }

    /// Returns the end of the run whose process ended like this.
    fn into_end(self, status: ExitStatus, is_stopped: bool) -> RunEnd {
        let Self { done, rows, sha256, task_id, error, notices, last } = self;
        let code = status.code();
        let noticed = (!notices.is_empty()).then(|| shortened(&notices.join("; ")));
        match done {
            Some(status) if matches!(code, Some(0 | 3)) => RunEnd { status, reason: noticed, rows, sha256, task_id },
            _ if is_stopped => RunEnd { task_id, ..RunEnd::because(RunStatus::Interrupted, "its server was stopped") },
            _ => {
                let reason =
                    error.or(last).unwrap_or_else(|| format!("its process ended without an error message ({status})"));
                RunEnd { task_id, ..RunEnd::because(RunStatus::Failed, shortened(&reason)) }
            }
        }
    }
}

fn reason_of(failure: &Failure) -> String {
    let hint = failure.hint.as_ref().map_or_else(String::new, |hint| format!("; {hint}"));
    shortened(&format!("{}{hint}", failure.message))
}

fn shortened(text: &str) -> String {
    text.chars().take(REASON_LIMIT).collect()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;

    #[track_caller]
    fn check(lines: &[&str], raw_status: i32, is_stopped: bool, expect: (RunStatus, Option<i64>, &str)) {
        let mut said = Said::default();
        lines.iter().for_each(|line| said.add(line));
        let end = said.into_end(ExitStatus::from_raw(raw_status), is_stopped);
        assert_eq!((end.status, end.rows, end.reason.as_deref().unwrap_or_default()), expect, "{lines:?}");
    }

    #[test]
    fn what_a_process_says_becomes_the_end_of_its_run() {
        let exported = r#"{"event":"exported","rows":3,"sha256":"aa"}"#;
        let unchanged = r#"{"event":"unchanged","rows":3,"sha256":"aa"}"#;
        let error = r#"{"event":"error","message":"no","hint":"try"}"#;
        let ids = r#"{"event":"notice","unknown_ids":2}"#;
        let row = r#"{"event":"notice","data_row_id":"r","message":"is long"}"#;
        check(&[exported], 0, false, (RunStatus::Complete, Some(3), ""));
        check(&[unchanged], 0, false, (RunStatus::Unchanged, Some(3), ""));
        let noticed = "data rows that were named and not found: 2; data row r: is long";
        check(&[exported, ids, row], 3 << 8, false, (RunStatus::Complete, Some(3), noticed));
        check(&[error], 1 << 8, false, (RunStatus::Failed, None, "no; try"));
        // The file that keeps the watermark could not be written.
        check(&[exported, error], 1 << 8, false, (RunStatus::Failed, None, "no; try"));
        check(&["thread 'main' panicked"], 101 << 8, false, (RunStatus::Failed, None, "thread 'main' panicked"));
        check(
            &[],
            9,
            false,
            (RunStatus::Failed, None, "its process ended without an error message (signal: 9 (SIGKILL))"),
        );
        check(&[error], 143 << 8, true, (RunStatus::Interrupted, None, "its server was stopped"));
        check(&[exported], 0, true, (RunStatus::Complete, Some(3), ""));
    }
}
