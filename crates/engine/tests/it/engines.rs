//! The same rows give the same bytes and the same manifest, whatever engine keeps them and however it orders texts.

use crate::served::{StandingClock, caller_of, process};
use crate::support::{Exported, NOW_MS, Workspace, everything, lines, request};
use labelport_engine::ambient::Clock;
use labelport_engine::export::job::{self, ExportJob};
use labelport_engine::manifest::Manifest;
use labelport_engine::registry::ROSTER;
use labelport_engine::sink::Packing;
use labelport_engine::storage::results::Stream;
use labelport_engine::tasks::{self, Job, Order, Pulse, Roster, Runner};
use labelport_model::filter::IdList;
use labelport_model::request::{ExportFilters, ExportRequest, Params, Scope};
use labelport_model::time::Timestamp;
use labelport_samples::{SampleFile, Size, demo, random};
use labelport_store::postgres::Postgres;
use labelport_store::postgres::scratch::{Locale, Scratch};
use labelport_store::tables::entities::{self, EntityKind};
use labelport_store::tables::tasks::{self as stored_tasks, Lease, TaskStatus};
use labelport_store::testing;
use labelport_store::{Founding, Store};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How many random workspaces are compared.
const WORKSPACES: u64 = 200;
/// How many of them at once.
const THREADS: u64 = 4;

/// Returns the server for tests; none where nobody named one.
#[expect(clippy::disallowed_methods, reason = "who runs the tests says where the server is")]
fn server() -> Option<String> {
    std::env::var("LABELPORT_TEST_POSTGRES").ok()
}

/// Returns the coordinator for tests; none where nobody named one.
#[expect(clippy::disallowed_methods, reason = "who runs the tests says where the cluster is")]
fn coordinator() -> Option<String> {
    std::env::var("LABELPORT_TEST_CITUS").ok()
}

fn on_server(database: &Scratch) -> Store {
    let founding =
        Founding { organization_id: "c0rganization0000000000aa".to_owned(), now: Timestamp::from_millis(NOW_MS) };
    let options = database.options(Duration::from_secs(60)).unwrap();
    Store::open(Box::new(Postgres::open_or_create(options).unwrap()), &founding).unwrap()
}

fn fill(workspace: &Workspace, files: &[SampleFile]) {
    for file in files.iter().filter(|file| !file.ndjson.is_empty()) {
        workspace.import_all(&file.name, &file.ndjson);
    }
}

/// Returns requests for everything that a workspace has, and some for parts of it.
fn requests(workspace: &Workspace) -> Vec<ExportRequest> {
    let store = &workspace.store;
    let list = |kind| entities::list(&mut *store.reader().unwrap(), store.org_key(), kind).unwrap();
    let mut scopes = vec![Scope::Catalog];
    scopes.extend(list(EntityKind::Project).into_iter().map(|entity| Scope::Project(entity.id)));
    scopes.extend(list(EntityKind::Dataset).into_iter().map(|entity| Scope::Dataset(entity.id)));
    scopes.extend(list(EntityKind::ModelRun).into_iter().map(|entity| Scope::ModelRun(entity.id)));
    let mut requests: Vec<ExportRequest> = scopes.into_iter().map(everything).collect();
    requests.push(request(Scope::Catalog, Params::default()));
    let rows = workspace.export_catalog();
    let ids: Vec<String> = lines(&rows.bytes)
        .into_iter()
        .step_by(3)
        .map(|line| {
            let row: serde_json::Value = serde_json::from_str(line).unwrap();
            row["data_row"]["id"].as_str().unwrap().to_owned()
        })
        .collect();
    if !ids.is_empty() {
        let filters = ExportFilters { data_row_ids: Some(IdList::new(ids).unwrap()), ..ExportFilters::default() };
        requests.push(ExportRequest { filters, ..everything(Scope::Catalog) });
    }
    requests
}

fn exports(workspace: &Workspace, requests: &[ExportRequest]) -> Vec<Exported> {
    requests.iter().map(|request| workspace.export_packed(request, 2, Packing::Zstd)).collect()
}

/// Compares what engines export of the same files, and what several processes do of which one dies after so many milliseconds.
fn check(files: &[SampleFile], what: &str, server: &str, moment: u64) {
    let here = Workspace::of(files);
    let requests = requests(&here);
    let expected = exports(&here, &requests);
    for locale in [Locale::C, Locale::Icu] {
        let database = Scratch::borrow(server, locale).unwrap();
        let there = Workspace::in_store(on_server(&database));
        fill(&there, files);
        for ((request, expected), found) in requests.iter().zip(&expected).zip(exports(&there, &requests)) {
            assert!(*expected == found, "{what}, {:?} on {locale:?} is not the same", request.scope);
        }
        if locale == Locale::C {
            let found = by_three_processes(&database, &requests[0], moment);
            assert!(expected[0].manifest == found, "{what} by three processes is not the same");
        }
    }
}

/// Exports what a database holds by three processes, of which the first dies after so many milliseconds.
fn by_three_processes(database: &Scratch, request: &ExportRequest, moment: u64) -> Manifest {
    let (folder, clock) = (tempfile::tempdir().unwrap(), StandingClock::new());
    let [first, second, third] = [1, 2, 3].map(|number| process(on_server(database), folder.path(), &clock, number));
    let caller = caller_of(&first, "ana@example.test", "Admin");
    let order = Order { kind: ExportJob.kind(), name: String::new(), request: request.to_canonical_json() };
    let id = tasks::start(&first, &caller, order, Duration::ZERO).unwrap();
    let (leased, now) = (id.clone(), clock.now());
    let lease = Lease { owner: "first".to_owned(), until: now.plus_millis(10_000) };
    assert!(first.store().write(move |connection| stored_tasks::claim(connection, &leased, &lease, now)).unwrap());
    let (task, pulse) = (tasks::find(&first, id.as_str()).unwrap().unwrap(), Pulse::default());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(moment));
            pulse.flag().store(true, Ordering::Relaxed);
        });
        // What it would publish is lost with it.
        drop(ExportJob.run(&first, &task, &pulse));
    });
    clock.pass(10_001);
    let roster = Roster { jobs: ROSTER.jobs, chores: &[] };
    let runners = [(&second, "second"), (&third, "third")]
        .map(|(process, owner)| Runner::start(process, owner.to_owned(), 1, roster, Arc::new(|_| {})));
    while tasks::find(&first, id.as_str()).unwrap().unwrap().status == TaskStatus::InProgress {
        std::thread::sleep(Duration::from_millis(1));
    }
    runners.into_iter().for_each(Runner::stop);
    let done = tasks::find(&first, id.as_str()).unwrap().unwrap();
    assert_eq!((done.status, done.deaths), (TaskStatus::Complete, 1), "{:?}", done.outcome);
    let stored = job::get_result(&third, id.as_str()).unwrap();
    let mut digest = Sha256::new();
    let add = &mut |piece: &[u8]| {
        digest.update(piece);
        Ok(())
    };
    stored.read(Stream::Rows, 0, u64::MAX, add).unwrap();
    let manifest = Manifest::from_json(stored.manifest().unwrap().as_bytes()).unwrap();
    let hexadecimal: String = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(manifest.digest.sha256, hexadecimal);
    manifest
}

#[test]
fn the_demo_is_exported_alike() {
    let Some(server) = server() else { return };
    check(&demo().files, "the demo", &server, 20);
}

#[test]
fn random_workspaces_are_exported_alike() {
    let Some(server) = server() else { return };
    let size = Size { rows: 14, files: 2, masks: true, odd_spellings: true };
    // Most of the time is that of the server.
    std::thread::scope(|scope| {
        for first in 0..THREADS {
            let (server, size) = (&server, &size);
            scope.spawn(move || {
                for seed in (first..WORKSPACES).step_by(THREADS as usize) {
                    check(&random(seed, size), &format!("the workspace of seed {seed}"), server, seed % 16);
                }
            });
        }
    });
}

/// How many random workspaces are compared on a cluster.
const ON_CLUSTER: u64 = 20;

#[test]
fn workspaces_on_a_cluster_are_exported_alike() {
    let Some(coordinator) = coordinator() else { return };
    let size = Size { rows: 14, files: 2, masks: true, odd_spellings: true };
    let random = (0..ON_CLUSTER).map(|seed| (random(seed, &size), format!("the workspace of seed {seed}")));
    for (files, what) in [(demo().files, "the demo".to_owned())].into_iter().chain(random) {
        let here = Workspace::of(&files);
        let requests = requests(&here);
        // Rows that have other keys are packed in other portions.
        let plain =
            |workspace: &Workspace| requests.iter().map(|request| workspace.export(request)).collect::<Vec<_>>();
        let expected = plain(&here);
        let database = Scratch::borrow_distributed(&coordinator).unwrap();
        let there = Workspace::in_store(on_server(&database));
        // Two blocks have a part of the rows.
        testing::skip_keys(&there.store, 8_185);
        fill(&there, &files);
        for ((request, expected), mut found) in requests.iter().zip(&expected).zip(plain(&there)) {
            // It names the last key.
            found.manifest.watermark.clone_from(&expected.manifest.watermark);
            assert_eq!(there.store.notice(), None, "the nodes are read directly");
            assert!(*expected == found, "{what}, {:?} on a cluster is not the same", request.scope);
        }
    }
}
