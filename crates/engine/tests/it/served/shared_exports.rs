//! Exports that several processes do together: the bytes of one process, whichever of them dies.
//!
//! Only a server can let others read the state that one reads, so these are about PostgreSQL.

use super::{Served, everything};
use crate::support;
use labelport_engine::ambient::Chance;
use labelport_engine::catalog::row_change;
use labelport_engine::export::job::{self, ExportJob};
use labelport_engine::export::shared;
use labelport_engine::registry;
use labelport_engine::tasks::{Job, JobError, Pulse};
use labelport_engine::workspace::Workspace;
use labelport_model::id::TaskId;
use labelport_model::request::Scope;
use labelport_store::Connection;
use labelport_store::tables::entities;
use labelport_store::tables::export_ranges::{self, ExportRun, Lend, Taken};
use labelport_store::tables::tasks::TaskStatus;
use labelport_store::testing;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, OnceLock};
use std::thread::{JoinHandle, ThreadId};
use std::time::Duration;

/// So many rows are a few ranges of one part each.
const ROWS: u64 = 6_000;
const RANGES: i64 = 6;

/// Opens a workspace with rows; none where the run is about another engine.
fn filled() -> Option<Served> {
    // No state of a cluster has a name by which others could read it.
    if !testing::is_on_postgres() || testing::is_on_cluster() {
        return None;
    }
    let served = Served::new();
    let rows: Vec<String> = labelport_samples::image_rows(ROWS).collect();
    support::import_all(served.workspace.store(), "rows.ndjson", rows.join("\n").as_bytes());
    Some(served)
}

fn start(served: &Served) -> TaskId {
    served.order(|| job::start(&served.workspace, &served.caller, "", &everything(Scope::Catalog))).unwrap()
}

/// A process that helps whenever it can.
struct Helper {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Helper {
    fn start(workspace: Arc<Workspace>) -> Self {
        let is_over = Arc::<AtomicBool>::default();
        let ends = Arc::clone(&is_over);
        let thread = std::thread::spawn(move || {
            while !ends.load(Ordering::Relaxed) {
                shared::help(&workspace, &|| ends.load(Ordering::Relaxed)).unwrap();
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        Self { is_over, thread }
    }

    fn stop(self) {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
    }
}

/// Waits until something is so.
#[track_caller]
fn wait_for<T>(mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..10_000 {
        if let Some(found) = look() {
            return found;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    panic!("it does not happen");
}

fn find_run(served: &Served, id: &TaskId) -> Option<ExportRun> {
    served.read(|connection| export_ranges::find_run(connection, id.as_str()))
}

/// Leases a range of a run to a helper that does nothing; returns which.
#[track_caller]
fn lease(served: &Served, run: &ExportRun, owner: &'static str) -> i64 {
    let (run_id, now) = (run.id.clone(), served.workspace.now());
    let leased = served.workspace.store().write(move |connection| {
        let ask = Lend {
            run_id: &run_id,
            ranges: RANGES,
            owner,
            until: now.plus_millis(10_000),
            attempts: 2,
            window: RANGES,
        };
        export_ranges::lend(connection, &ask, now)
    });
    leased.unwrap().expect("the export is not over")
}

fn give_back(served: &Served, run: &ExportRun, owner: &'static str) {
    let run_id = run.id.clone();
    served.workspace.store().write(move |connection| export_ranges::give_back(connection, &run_id, owner)).unwrap();
}

/// Ends a job, also where the test fails.
struct EndWhenDropped(Arc<AtomicBool>);

impl Drop for EndWhenDropped {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Returns the folder of what helpers leave for a task.
fn ranges_of(served: &Served, id: &TaskId) -> PathBuf {
    served.folder().join("ranges").join(id.as_str())
}

/// Returns the manifest and the rows of a result, once nothing else is left of its export.
#[track_caller]
fn result(served: &Served, id: &TaskId) -> (String, Vec<u8>) {
    wait_for(|| find_run(served, id).is_none().then_some(()));
    wait_for(|| (!ranges_of(served, id).exists()).then_some(()));
    (job::get_result(&served.workspace, id.as_str()).unwrap().manifest().unwrap(), served.bytes_of(id))
}

/// Runs the export of a task in this process, while something else goes on. `meanwhile` begins once there is a run.
fn complete_while(served: &Served, id: &TaskId, meanwhile: impl FnOnce(&ExportRun) + Send) {
    std::thread::scope(|scope| {
        let other = scope.spawn(|| meanwhile(&wait_for(|| find_run(served, id))));
        served.complete(id);
        other.join().unwrap();
    });
}

/// Leases a range that the leader waits for, and one after it. Returns that one once the leader knows that it is leased.
#[track_caller]
fn hold_up(served: &Served, run: &ExportRun) -> i64 {
    lease(served, run, "slow");
    let late = lease(served, run, "late");
    // It takes ranges in their order.
    wait_for(|| served.read(|connection| export_ranges::find_range(connection, &run.id, late + 1)));
    late
}

fn count_states(served: &Served, run: &ExportRun) -> usize {
    served.read(|connection| export_ranges::list_states(connection, &run.id)).len()
}

/// Lets a helper that is there do a range of a run. The leader waits for one before that, which "slow" has.
#[track_caller]
fn have_helped(served: &Served, run: &ExportRun) {
    lease(served, run, "slow");
    lease(served, run, "late");
    let find = |ordinal| served.read(|connection| export_ranges::find_range(connection, &run.id, ordinal));
    // Once the last range is taken the leader has been at the late one, unless the helper has done something already.
    wait_for(|| (count_states(served, run) > 1 && find(RANGES - 1).is_some()).then_some(()));
    give_back(served, run, "late");
    wait_for(|| (0..RANGES).find_map(|ordinal| find(ordinal)?.object));
}

#[test]
fn helpers_make_the_bytes_of_one_process() {
    let Some(served) = filled() else { return };
    let alone = start(&served);
    served.complete(&alone);
    let expected = result(&served, &alone);
    let helper = Helper::start(served.neighbor(served.folder()));
    for _ in 0..3 {
        let id = start(&served);
        complete_while(&served, &id, |run| {
            have_helped(&served, run);
            give_back(&served, run, "slow");
        });
        assert!(result(&served, &id) == expected);
    }
    helper.stop();
}

#[test]
fn a_process_that_keeps_its_objects_elsewhere_does_not_help() {
    let Some(served) = filled() else { return };
    let elsewhere = tempfile::tempdir().unwrap();
    let neighbor = served.neighbor(elsewhere.path());
    let id = start(&served);
    complete_while(&served, &id, |run| {
        lease(&served, run, "slow");
        for _ in 0..10 {
            assert!(!shared::help(&neighbor, &|| false).unwrap());
        }
        give_back(&served, run, "slow");
    });
    assert!(!elsewhere.path().join("ranges").exists());
}

#[test]
fn a_helper_that_dies_costs_its_range() {
    let Some(served) = filled() else { return };
    let alone = start(&served);
    served.complete(&alone);
    let expected = result(&served, &alone);
    let id = start(&served);
    complete_while(&served, &id, |run| {
        lease(&served, run, "dead");
        // Another one says that it is done, and its rows are gone, or are no rows.
        for name in ["gone", "zeros"] {
            std::fs::write(ranges_of(&served, &id).join(&run.id).join("zeros"), [0; 400]).unwrap();
            let (ordinal, run_id) = (lease(&served, run, name), run.id.clone());
            let complete = move |connection: &mut dyn Connection| {
                assert!(!export_ranges::complete(connection, &run_id, ordinal, "dead", name)?);
                assert!(export_ranges::complete(connection, &run_id, ordinal, name, name)?);
                Ok(())
            };
            served.workspace.store().write(complete).unwrap();
        }
        std::thread::sleep(Duration::from_millis(300));
        assert!(find_run(&served, &id).is_some(), "it did not wait for the range that is leased");
        served.pass(10_001);
    });
    assert!(result(&served, &id) == expected);
}

#[test]
fn the_next_leader_goes_on_under_the_state_that_helpers_hold() {
    let Some(served) = filled() else { return };
    let alone = start(&served);
    served.complete(&alone);
    let expected = result(&served, &alone);
    let helper = Helper::start(served.neighbor(served.folder()));
    let (id, pulse) = (start(&served), Pulse::default());
    let run = std::thread::scope(|scope| {
        let leader = scope.spawn(|| ExportJob.run(&served.workspace, &served.task(&id), &pulse).err());
        let end = EndWhenDropped(Arc::clone(pulse.flag()));
        let run = wait_for(|| find_run(&served, &id));
        have_helped(&served, &run);
        drop(end);
        assert!(matches!(leader.join().unwrap(), Some(JobError::HandOver)));
        run
    });
    // What changes now is not in the state that was exported.
    let row_id = served.read(|connection| entities::find_row_id(connection, 1));
    row_change::update(&served.workspace, &row_id.unwrap(), br#"{"external_id":"changed"}"#.to_vec()).unwrap();
    assert_eq!(find_run(&served, &id), Some(run.clone()), "the run has ended with its leader");
    served.pass(10_001);
    served.complete(&id);
    assert!(result(&served, &id) == expected, "the export has begun again");
    helper.stop();
    // A leader that does not know yet that there is another one takes nothing.
    let now = served.workspace.now();
    let take = move |connection: &mut dyn Connection| export_ranges::take(connection, &run.id, 0, &run.leader, now);
    assert_eq!(served.workspace.store().write(take).unwrap(), Taken::Never);
    let changed = start(&served);
    served.complete(&changed);
    assert!(result(&served, &changed) != expected, "nothing has changed");
}

#[test]
fn an_export_that_is_called_off_leaves_nothing() {
    let Some(served) = filled() else { return };
    let id = start(&served);
    std::thread::scope(|scope| {
        let other = scope.spawn(|| {
            let run = wait_for(|| find_run(&served, &id));
            lease(&served, &run, "slow");
            registry::cancel(&served.workspace, id.as_str(), Some(&served.caller)).unwrap();
        });
        served.settle();
        other.join().unwrap();
    });
    assert_eq!(served.task(&id).status, TaskStatus::Canceled);
    assert_eq!(find_run(&served, &id), None);
    assert!(!ranges_of(&served, &id).exists());
}

#[test]
fn what_is_left_of_exports_that_have_ended_is_removed_and_nothing_else() {
    let Some(served) = filled() else { return };
    let ended = start(&served);
    served.complete(&ended);
    let running = start(&served);
    for id in [&ended, &running] {
        std::fs::create_dir_all(ranges_of(&served, id)).unwrap();
        std::fs::write(ranges_of(&served, id).join("0-somebody"), b"rows").unwrap();
        let (id, task_id) = (served.workspace.chance().cuid(), id.to_string());
        let run = ExportRun { id, task_id, leader: "nobody".to_owned(), settings: "{}".to_owned() };
        served.workspace.store().write(move |connection| export_ranges::create_run(connection, &run)).unwrap();
    }
    shared::remove_leftovers(&served.workspace).unwrap();
    let is_left = |id: &TaskId| (find_run(&served, id).is_some(), ranges_of(&served, id).exists());
    assert_eq!([is_left(&ended), is_left(&running)], [(false, false), (true, true)]);
    // What is there of another run does not keep the next one from its end.
    served.complete(&running);
    result(&served, &running);
}

/// Chance for one thread: others that ask for it panic.
struct OneThread {
    thread: OnceLock<ThreadId>,
    panics: AtomicUsize,
}

impl Chance for OneThread {
    fn fill(&self, bytes: &mut [u8]) {
        if self.thread.get().is_some_and(|thread| *thread != std::thread::current().id()) {
            self.panics.fetch_add(1, Ordering::Relaxed);
            panic!("this is another thread");
        }
        bytes.fill(7);
    }
}

#[test]
fn a_helper_whose_thread_panics_gives_its_ranges_back() {
    let Some(served) = filled() else { return };
    let alone = start(&served);
    served.complete(&alone);
    let expected = result(&served, &alone);
    let chance = Arc::new(OneThread { thread: OnceLock::new(), panics: AtomicUsize::new(0) });
    let neighbor = served.neighbor_with(Arc::clone(&chance) as Arc<dyn Chance>);
    let id = start(&served);
    complete_while(&served, &id, |run| {
        hold_up(&served, run);
        let is_over = Arc::<AtomicBool>::default();
        std::thread::scope(|scope| {
            // The helper ends with the test, also where that fails.
            let end = EndWhenDropped(Arc::clone(&is_over));
            let helper = scope.spawn(|| {
                chance.thread.set(std::thread::current().id()).unwrap();
                shared::help(&neighbor, &|| is_over.load(Ordering::Relaxed))
            });
            wait_for(|| (count_states(&served, run) > 1 || helper.is_finished()).then_some(()));
            give_back(&served, run, "late");
            let panics = || chance.panics.load(Ordering::Relaxed);
            wait_for(|| (panics() > 0 && count_states(&served, run) == 1).then_some(()));
            drop(end);
            assert!(matches!(helper.join().unwrap(), Ok(false)));
        });
        give_back(&served, run, "slow");
    });
    assert!(result(&served, &id) == expected);
}

#[test]
fn an_export_waits_while_somebody_writes_for_long() {
    let Some(served) = filled() else { return };
    let neighbor = served.neighbor(served.folder());
    let (id, pulse) = (start(&served), Pulse::default());
    std::thread::scope(|scope| {
        let end = EndWhenDropped(Arc::clone(pulse.flag()));
        let leader = scope.spawn(|| ExportJob.run(&served.workspace, &served.task(&id), &pulse).map(|done| done.rows));
        hold_up(&served, &wait_for(|| find_run(&served, &id)));
        let (begun, waits) = channel();
        let writer = scope.spawn(move || {
            neighbor.store().write(move |_| {
                begun.send(()).unwrap();
                // Longer than others wait for the lock.
                std::thread::sleep(Duration::from_secs(6));
                Ok(())
            })
        });
        waits.recv().unwrap();
        // What is leased is the leader's now, who can only take it once the lock is free.
        served.pass(10_001);
        writer.join().unwrap().unwrap();
        assert_eq!(leader.join().unwrap().unwrap(), ROWS as i64);
        drop(end);
    });
}
