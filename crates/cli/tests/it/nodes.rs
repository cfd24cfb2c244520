//! A server and two workers on one database: whichever dies at whatever moment, each export is done, and is the same.

use crate::server::Server;
use crate::support::{Place, binary};
use crate::tasks::is_export;
use labelport_samples::Chance;
use labelport_store::tables::tasks::TaskStatus;
use labelport_store::testing;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const ROWS: u64 = 20_000;
/// How many exports meet a death.
const DEATHS: u32 = 6;

/// Starts a worker, and waits until it works.
fn worker(place: &Place) -> Child {
    let mut child = place
        .command(&["--json", "worker", "--workers", "1", "--range-rows", "1024"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains(r#""event":"working""#) {
        line.clear();
        assert!(said.read_line(&mut line).unwrap() > 0, "the worker has ended");
    }
    // What it says later is nobody's, and must not fill the pipe.
    std::thread::spawn(move || drop(std::io::copy(&mut said, &mut std::io::sink())));
    child
}

/// Returns the digest of the same export of the same rows from a file.
fn sha256_on_sqlite() -> String {
    let folder = tempfile::tempdir().unwrap();
    let rows: Vec<String> = labelport_samples::image_rows(ROWS).collect();
    std::fs::write(folder.path().join("rows.ndjson"), rows.join("\n") + "\n").unwrap();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(binary());
        command.args(arguments).current_dir(folder.path()).env_remove("LABELPORT_STORE").env_remove("LABELPORT_DATA");
        assert!(command.output().unwrap().status.success());
    };
    run(&["import", "labelbox", "rows.ndjson"]);
    run(&["export", "catalog", "-o", "out.ndjson"]);
    let manifest = std::fs::read(folder.path().join("out.ndjson.manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    manifest["sha256"].as_str().unwrap().to_owned()
}

#[test]
fn a_node_that_dies_costs_no_export() {
    if !testing::is_on_postgres() {
        return;
    }
    let place = Place::with_rows(ROWS);
    let mut server = Server::start_in(place, &["127.0.0.1:0", "--workers", "1", "--range-rows", "1024"]);
    let mut workers = [worker(server.place()), worker(server.place())];
    let mut chance = Chance::new(7);
    let mut manifests = Vec::new();
    let mut known = Vec::new();
    for round in 0..=DEATHS {
        server.start_export();
        let task = server.place().wait_for_any_task(|task| is_export(task) && !known.contains(&task.id)).id;
        known.push(task.clone());
        // The first one is left alone.
        if round > 0 {
            std::thread::sleep(Duration::from_millis(chance.below(800)));
            match round % 3 {
                0 => {
                    server.kill();
                    server.restart();
                }
                which => {
                    let dying = &mut workers[which as usize - 1];
                    dying.kill().unwrap();
                    dying.wait().unwrap();
                    *dying = worker(server.place());
                }
            }
        }
        server.place().wait_for_task(TaskStatus::Complete, |done| done.id == task);
        let manifest = format!("labelport-data/results/{task}/manifest.json");
        manifests.push(server.place().read(&manifest));
        server.place().run(&["verify", &task.to_string()]).succeeded();
    }
    workers.iter_mut().for_each(|worker| worker.kill().unwrap());
    let manifest: serde_json::Value = serde_json::from_slice(&manifests[0]).unwrap();
    assert_eq!(manifest["sha256"], sha256_on_sqlite(), "the engines differ");
    assert!(manifests.iter().all(|manifest| *manifest == manifests[0]), "a death has changed a result");
}

#[test]
fn a_worker_that_is_asked_to_stop_hands_its_task_over() {
    if !testing::is_on_postgres() {
        return;
    }
    let mut server = Server::start_in(Place::with_rows_and_an_endless_video(3), &["127.0.0.1:0", "--workers", "1"]);
    server.start_endless_export();
    server.place().wait_for_task(TaskStatus::InProgress, |task| is_export(task) && task.lease.is_some());
    let mut other = worker(server.place());
    server.terminate();
    let taken = server.place().wait_for_task(TaskStatus::InProgress, |task| {
        is_export(task) && task.lease.as_ref().is_some_and(|lease| lease.owner.starts_with("worker "))
    });
    assert_eq!(taken.deaths, 0, "a process that was asked to stop has not died");
    other.kill().unwrap();
    other.wait().unwrap();
}
