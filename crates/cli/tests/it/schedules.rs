//! Schedules with the real command and server. A minute is too long for a test, so runs are asked for.

use crate::server::Server;
use crate::support::{Place, Ran, binary, repository};
use labelport_store::tables::items::{self, Item, ItemKind};
use labelport_store::tables::schedule_runs;
use labelport_store::tables::tasks::TaskStatus;
use rustix::process::{Pid, Signal, kill_process};
use std::time::Duration;

/// An expression that does not come while a test runs, and the start of `create`.
const CREATE: [&str; 5] = ["schedule", "create", "job", "--cron", "0 0 29 2 *"];
/// An export that runs until it is ended.
const ENDLESS: [&str; 6] = ["export", "catalog", "--all-projects", "--interpolated-frames", "-o", "endless.ndjson"];

impl Place {
    fn schedule(&self, options: &[&str], arguments: &[&str]) -> Ran {
        self.run(&[&CREATE[..], options, &["--"], arguments].concat())
    }

    /// Returns the lines of the history, newest first.
    fn history(&self) -> Vec<String> {
        let history = self.run(&["--json", "schedule", "history", "job"]).succeeded();
        history.out.lines().map(str::to_owned).collect()
    }

    /// Waits until so many runs have ended or begun, and the latest has a status; returns its line of the history.
    #[track_caller]
    fn wait_for_run(&self, count: usize, status: &str) -> String {
        let (id, store) = (self.stored_schedule().id, self.store());
        let mut reader = store.reader().unwrap();
        for _ in 0..30_000 {
            let runs = schedule_runs::list(&mut *reader, &id, 100).unwrap();
            if runs.len() == count && runs[0].status.wire_name() == status {
                return self.history().remove(0);
            }
            std::thread::park_timeout(Duration::from_millis(2));
        }
        panic!("{:?}", self.history());
    }

    /// Asks for a run, and waits for its end.
    #[track_caller]
    fn run_job(&self, count: usize, status: &str) -> String {
        self.run(&["schedule", "run", "job"]).ended(0, &["queued schedule job; `labelport serve` runs it"]);
        self.wait_for_run(count, status)
    }

    fn stored_schedule(&self) -> Item {
        let store = self.store();
        items::list(&mut *store.reader().unwrap(), store.org_key(), ItemKind::Schedule).unwrap().remove(0)
    }

    /// Ends the lease of what runs, as time would.
    fn end_schedule_lease(&self) {
        let (store, mut item) = (self.store(), self.stored_schedule());
        let (start, rest) = item.body.split_once(r#""lease_ms":"#).unwrap();
        let rest = rest.trim_start_matches(|letter: char| letter.is_ascii_digit());
        item.body = format!(r#"{start}"lease_ms":0{rest}"#);
        let org_key = store.org_key();
        assert!(store.write(move |connection| items::update(connection, org_key, ItemKind::Schedule, &item)).unwrap());
    }
}

fn serve(place: Place) -> Server {
    Server::start_in(place, &["127.0.0.1:0"])
}

#[test]
fn what_cannot_run_is_refused_at_creation() {
    let place = Place::with_rows(3);
    std::fs::create_dir(place.path("out")).unwrap();
    place.write("mine.ndjson", b"mine");
    let check = |arguments: &[&str], said: &str| {
        place.schedule(&[], arguments).ended(if said.contains("not a result") { 1 } else { 2 }, &[said]);
    };
    check(&["import", "labelbox", "rows.ndjson"], "a schedule runs `export` and nothing else");
    check(&["export", "catalog"], "a schedule has no standard output");
    check(&["export", "catalog", "-o", "-"], "a schedule has no standard output");
    check(&["export", "catalog", "-o", "/dev/null"], "/dev/null is neither a file nor a folder");
    check(&["export", "catalog", "-o", "x.ndjson", "--dry-run"], "--dry-run writes nothing");
    check(&["export", "catalog", "-o", "x.ndjson", "--everthing"], "unexpected argument '--everthing'");
    check(&["export", "catalog", "-o", "x.ndjson", "--json"], "unexpected argument '--json'");
    check(&["export", "catalog", "--help"], "a schedule cannot show help");
    check(&["export", "everything", "-o", "x.ndjson"], "unrecognized subcommand 'everything'");
    check(&["export", "catalog", "-o", "{day}.ndjson"], "{day} in \"{day}.ndjson\" is not a placeholder");
    check(&["export", "catalog", "-o", "{date.ndjson"], "is not closed");
    check(&["export", "catalog", "-o", "none/x.ndjson"], "the folder none of -o does not exist");
    check(&["export", "catalog", "-o", "none/{date}/x.ndjson"], "the folder none of -o does not exist");
    check(&["export", "catalog", "-o", "out/{date}/"], "is a folder, and the format writes one file");
    check(&["export", "catalog", "-o", "{date}.parquet"], "ends in \".parquet\"");
    check(&["export", "catalog", "-o", "mine.ndjson"], "is not a result that labelport wrote");
    check(&["export", "catalog", "-o", "x.ndjson", "--since", "@none/state"], "name a file in a folder that exists");
    check(&["export", "catalog", "-o", "x.ndjson", "--since", "@none/{date}"], "name a file in a folder that exists");
    check(&["export", "catalog", "-o", "x.ndjson", "--unless-sha256", &"0".repeat(64)], "--skip-unchanged");
    check(&["export", "catalog", "-o", "x.ndjson", "--last-activity-at", "{time},"], "is not a date");
    check(&["export", "catalog", "-o", "x.ndjson", "--format", "cvs"], "cvs");
    for (arguments, said) in [
        (["export", "project", "none", "-o", "x.ndjson"], "there is no project with the id or name"),
        (["export", "catalog", "-o", "labelport-data/x.ndjson", "--force"], "is in the data folder"),
        (["export", "catalog", "-o", "x.ndjson", "--format-option=a=b"], "has no option \"a\""),
    ] {
        place.schedule(&[], &arguments).ended(1, &[said]);
    }
    let fine = ["export", "catalog", "-o", "out/{date}.ndjson"];
    place
        .run(&["schedule", "create", "job", "--cron", "0 6 * *", "--", fine[0], fine[1], fine[2], fine[3]])
        .ended(2, &["needs five: minute, hour, day of the month"]);
    place.schedule(&["--timezone", "Madrid"], &fine).ended(2, &["time zone \"Madrid\" is not known"]);
    assert_eq!(place.run(&["--json", "schedule", "list"]).succeeded().out, "");
    assert_eq!(place.visible_files(), ["labelport-data", "mine.ndjson", "out", "rows.ndjson"]);
    place.schedule(&[], &fine).succeeded();
    place.schedule(&[], &fine).ended(1, &["a schedule named \"job\" exists already"]);
    place.run(&["schedule", "run", "jib"]).ended(1, &["there is no schedule with the name or id \"jib\""]);
    place.run(&["schedule", "delete", "job"]).ended(0, &["deleted schedule job\n"]);
    place.run(&["schedule", "show", "job"]).ended(1, &["there is no schedule"]);
}

#[test]
fn a_schedule_writes_where_its_placeholders_say() {
    let place = Place::with_rows(3);
    std::fs::create_dir_all(place.path("jobs/out")).unwrap();
    let arguments = [&CREATE[..], &["--timezone", "Australia/Lord_Howe", "--"]].concat();
    let export = ["export", "catalog", "-o", "out/{date}/{time}/rows {{a}}.ndjson"];
    let mut command = place.command(&["--data", "../labelport-data"]);
    let output = command.args(arguments).args(export).current_dir(place.path("jobs")).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let server = serve(place);
    let run = server.place().run_job(1, "COMPLETE");
    assert!(run.contains(r#""rows":3"#), "{run}");
    // The folders are those of the due time in the zone, below the folder that it was created in.
    let due = run.split(r#""due":""#).nth(1).unwrap()[..16].to_owned();
    let day = std::fs::read_dir(server.place().path("jobs/out")).unwrap().next().unwrap().unwrap();
    let hour = std::fs::read_dir(day.path()).unwrap().next().unwrap().unwrap();
    let mut names: Vec<String> = std::fs::read_dir(hour.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["rows {a}.ndjson", "rows {a}.ndjson.manifest.json"]);
    let hour = hour.file_name().into_string().unwrap();
    let minutes = |text: &str| text[..2].parse::<i32>().unwrap() * 60 + text[2..].parse::<i32>().unwrap();
    let ahead = (minutes(&hour) - minutes(&due[11..].replace(':', ""))).rem_euclid(24 * 60);
    assert!([10 * 60 + 30, 11 * 60].contains(&ahead), "{hour} and {due} are {ahead} minutes apart");
    // A package is a folder that is made.
    let place = server.place();
    place.run(&["schedule", "delete", "job"]).succeeded();
    place.schedule(&[], &["export", "catalog", "--format", "csv", "--allow-lossy", "-o", "{datetime}/"]).succeeded();
    let shown = place.run(&["schedule", "show", "job"]).succeeded().out;
    assert!(shown.contains("labelport export catalog --format csv --allow-lossy -o {datetime}/"), "{shown}");
    place.run_job(1, "COMPLETE");
    assert!(place.visible_files().iter().any(|name| name.starts_with("20") && name.ends_with("+0000")));
    let listed = place.run(&["schedule", "list"]).succeeded().out;
    assert!(listed.contains("0 0 29 2 *") && listed.contains(" complete"), "{listed}");
}

#[test]
fn what_has_not_changed_is_not_written() {
    let place = Place::with_rows(3);
    place.schedule(&["--skip-unchanged"], &["export", "catalog", "-o", "{datetime}.ndjson"]).succeeded();
    let server = serve(place);
    let place = server.place();
    let results = || place.visible_files().iter().filter(|name| name.ends_with("00.ndjson")).count();
    let first = place.run_job(1, "COMPLETE");
    let sha256 = first.split(r#""sha256":""#).nth(1).unwrap()[..64].to_owned();
    assert_eq!(results(), 1);
    place.visible_files().iter().filter(|name| name.starts_with("20")).for_each(|name| {
        std::fs::remove_file(place.path(name)).unwrap();
    });
    let second = place.run_job(2, "UNCHANGED");
    assert!(second.contains(&sha256) && second.contains(r#""rows":3"#), "{second}");
    assert_eq!((results(), place.hidden_files()), (0, Vec::new()));
    let row = r#"{"data_row":{"id":"c00000000000000000000001x","row_data":"https://media/a.jpg"}}"#;
    place.run_with_input(&["import", "labelbox", "-"], row.as_bytes()).succeeded();
    assert!(!place.run_job(3, "COMPLETE").contains(&sha256));
    assert_eq!(results(), 1);
    place.run_job(4, "UNCHANGED");
}

#[test]
fn an_export_that_has_not_changed_says_so() {
    let place = Place::with_rows(3);
    let run = |more: &[&str]| place.run(&[&["export", "catalog"], more].concat());
    let ran = run(&["-o", "a.ndjson"]).succeeded();
    let sha256 = ran.err.split("sha256 ").nth(1).unwrap()[..64].to_owned();
    for output in ["b.ndjson", "b.ndjson.zst"] {
        run(&["-o", output, "--unless-sha256", &sha256.to_uppercase()])
            .ended(0, &["nothing was written: the result has not changed", &sha256]);
    }
    run(&["--json", "-o", "b.ndjson", "--unless-sha256", &sha256]).ended(0, &[r#"{"event":"unchanged","rows":3"#]);
    assert!(!place.path("b.ndjson").exists() && !place.path("b.ndjson.zst").exists());
    assert_eq!(place.hidden_files(), [""; 0]);
    run(&["-o", "b.ndjson", "--unless-sha256", &"0".repeat(64)]).succeeded();
    assert_eq!(place.read("a.ndjson"), place.read("b.ndjson"));
    run(&["--unless-sha256", &sha256]).ended(2, &["--unless-sha256 is for a result that is written to a file"]);
    run(&["-o", "c.ndjson", "--unless-sha256", "abc"]).ended(2, &["\"abc\" is not a SHA-256 digest"]);
    // A package is one result as well.
    let package = |more: &[&str]| run(&[&["--format", "csv", "--allow-lossy", "-o", "csv"], more].concat());
    let ran = package(&[]).succeeded();
    let sha256 = ran.err.split("sha256 ").nth(1).unwrap()[..64].to_owned();
    std::fs::remove_dir_all(place.path("csv")).unwrap();
    package(&["--unless-sha256", &sha256]).ended(0, &["nothing was written"]);
    assert!(!place.path("csv").exists());
    assert_eq!(place.hidden_files(), [""; 0]);
    // Of a delta, what counts is whether it is empty, and the next one still fits the last that was written.
    run(&["-o", "full.ndjson", "--since", "@state"]).succeeded();
    let state = place.read("state");
    let zeros = "0".repeat(64);
    let delta = ["-o", "delta.ndjson", "--since", "@state", "--unless-sha256", &zeros];
    run(&delta).ended(0, &["nothing was written: no row of the request has changed"]);
    assert_eq!(place.read("state"), state);
    assert!(!place.path("delta.ndjson").exists() && !place.path("delta.changes.ndjson").exists());
    // Something that the request does not show has changed; then something that it does.
    let slice = r#"[{"type":"media_type","operator":"is","values":["image"]}]"#;
    place.run(&["slice", "create", "s", "--filter", slice]).succeeded();
    run(&delta).ended(0, &["nothing was written"]);
    let row = r#"{"data_row":{"id":"c00000000000000000000001x","row_data":"https://media/a.jpg"}}"#;
    place.run_with_input(&["import", "labelbox", "-"], row.as_bytes()).succeeded();
    run(&delta).ended(0, &["1 row"]);
    assert_ne!(place.read("state"), state);
    place.run(&["apply", "full.ndjson", "delta.ndjson", "-o", "full.ndjson"]).succeeded();
    run(&["-o", "now.ndjson"]).succeeded();
    assert_eq!(place.read("full.ndjson"), place.read("now.ndjson"));
}

#[test]
fn nightly_deltas_keep_a_result_in_step() {
    let place = Place::with_rows(20);
    let export = ["export", "catalog", "--everything", "--since", "@state", "-o", "delta.ndjson"];
    place.schedule(&["--skip-unchanged"], &export).succeeded();
    let server = serve(place);
    let place = server.place();
    place.run_job(1, "COMPLETE");
    for suffix in ["", ".manifest.json"] {
        std::fs::rename(place.path(&format!("delta.ndjson{suffix}")), place.path(&format!("full.ndjson{suffix}")))
            .unwrap();
    }
    let mut runs = 1;
    for night in ["monday", "tuesday", "wednesday"] {
        runs += 1;
        place.run_job(runs, "UNCHANGED");
        let row =
            format!(r#"{{"data_row":{{"id":"c000000000000000{night:x<9}","row_data":"https://media/{night}.jpg"}}}}"#);
        place.run_with_input(&["import", "labelbox", "-"], &row.into_bytes()).succeeded();
        runs += 1;
        let run = place.run_job(runs, "COMPLETE");
        assert!(run.contains(r#""rows":1,"#), "{run}");
        place.run(&["apply", "full.ndjson", "delta.ndjson", "-o", "full.ndjson"]).succeeded();
        place.run(&["export", "catalog", "--everything", "-o", "now.ndjson"]).succeeded();
        assert!(place.read("full.ndjson") == place.read("now.ndjson"), "{night}");
    }
}

#[test]
fn the_run_of_a_killed_server_ends_with_it_and_runs_again() {
    let place = Place::with_rows_and_an_endless_video(9);
    place.schedule(&[], &ENDLESS).succeeded();
    let mut server = serve(place);
    server.place().run_job(1, "RUNNING");
    let is_export = |task: &labelport_store::tables::tasks::Task| task.kind == "export";
    let running = server.place().wait_for_task(TaskStatus::InProgress, is_export);
    server.kill();
    // The process notices without anybody who says so.
    server.place().wait_for_task(TaskStatus::Canceled, |task| task.id == running.id);
    assert_eq!(server.place().hidden_files(), [""; 0]);
    server.restart();
    let place = server.place();
    place.end_schedule_lease();
    let again = place.wait_for_run(2, "RUNNING");
    let lost = place.history().remove(1);
    assert!(lost.contains(r#""status":"INTERRUPTED","reason":"its server ended""#), "{lost}");
    let due = |run: &str| run[..run.find(r#","started_at""#).unwrap()].to_owned();
    assert_eq!(due(&again), due(&lost));
    place.run(&["schedule", "run", "job"]).ended(1, &["it is running"]);
    place.run(&["doctor"]).succeeded();
}

#[test]
fn a_server_that_stops_leaves_its_run_to_the_next() {
    let place = Place::with_rows_and_an_endless_video(9);
    place.schedule(&[], &ENDLESS).succeeded();
    let mut server = serve(place);
    server.place().run_job(1, "RUNNING");
    server.place().wait_for_task(TaskStatus::InProgress, |task| task.kind == "export");
    server.terminate();
    let history = server.place().history();
    assert!(history[0].contains(r#""status":"INTERRUPTED","reason":"its server was stopped""#), "{history:?}");
    assert!(history[0].contains(r#""task_id":"c"#), "{history:?}");
    assert_eq!(server.place().hidden_files(), [""; 0]);
    let shown = server.place().run(&["--json", "schedule", "list"]).succeeded().out;
    assert!(shown.contains(r#""running_since":null"#) && !shown.contains(r#""next_run":"2028"#), "{shown}");
    server.restart();
    server.place().wait_for_run(2, "RUNNING");
}

#[test]
fn a_run_that_fails_says_why_and_leaves_the_server_as_it_is() {
    let place = Place::with_rows_and_an_endless_video(3);
    std::fs::create_dir(place.path("out")).unwrap();
    place.schedule(&[], &["export", "project", "endless", "-o", "out/rows.ndjson"]).succeeded();
    let server = serve(place);
    let place = server.place();
    place.run_job(1, "COMPLETE");
    std::fs::remove_dir_all(place.path("out")).unwrap();
    assert!(place.run_job(2, "FAILED").contains("out does not exist any more"), "{:?}", place.history());
    std::fs::create_dir(place.path("out")).unwrap();
    place.write("out/rows.ndjson", b"mine");
    assert!(place.run_job(3, "FAILED").contains("is not a result that labelport wrote"), "{:?}", place.history());
    std::fs::remove_file(place.path("out/rows.ndjson")).unwrap();
    place.run_job(4, "COMPLETE");
    // A process that is killed takes nothing with it.
    place.run(&["schedule", "delete", "job"]).succeeded();
    place.schedule(&[], &ENDLESS).succeeded();
    place.run_job(1, "RUNNING");
    let task = place.wait_for_task(TaskStatus::InProgress, |task| task.kind == "export");
    let owner = task.lease.unwrap().owner;
    let pid = owner.split(' ').nth(1).unwrap().parse().unwrap();
    kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
    assert!(place.wait_for_run(1, "FAILED").contains("signal: 9"), "{:?}", place.history());
    assert!(server.ask("GET /healthz").ends_with(r#"{"status":"ok"}"#));
    let shown = place.run(&["schedule", "history", "job"]).succeeded().out;
    assert!(shown.contains("failed") && shown.contains("its process ended without an error message"), "{shown}");
}

#[test]
fn a_schedule_that_is_deleted_stops() {
    let place = Place::with_rows_and_an_endless_video(3);
    place.schedule(&[], &ENDLESS).succeeded();
    let server = serve(place);
    server.place().run_job(1, "RUNNING");
    let task = server.place().wait_for_task(TaskStatus::InProgress, |task| task.kind == "export");
    server.place().run(&["schedule", "delete", "job"]).succeeded();
    server.place().wait_for_task(TaskStatus::Canceled, |canceled| canceled.id == task.id);
    server.place().run(&["doctor"]).succeeded();
}

#[test]
fn the_commands_of_the_page_work() {
    let page = std::fs::read_to_string(repository().join("docs/schedules.md")).unwrap().replace("\\\n", "");
    let place = Place::empty();
    place.run(&["--data", "labelport-data", "demo"]).succeeded();
    ["exports", "changes"].iter().for_each(|name| std::fs::create_dir(place.path(name)).unwrap());
    let mut count = 0;
    for command in page.lines().filter_map(|line| line.strip_prefix("$ labelport ")) {
        let line = format!("exec \"$0\" {command}");
        let mut shell = std::process::Command::new("sh");
        place.surround(shell.args(["-ec", &line]).arg(binary()));
        let output = shell.output().unwrap();
        assert!(output.status.success(), "{command}: {output:?}");
        count += 1;
    }
    assert_eq!(count, 4);
    // What the page shows of a schedule is what is shown.
    let shown = place.run(&["schedule", "show", "nightly"]).succeeded().out;
    let labels = |text: &str| {
        text.lines().filter_map(|line| line.get(..15)).map(str::trim).map(str::to_owned).collect::<Vec<_>>()
    };
    let (start, end) = (page.find("name            nightly").unwrap(), page.find("\n\ndue").unwrap());
    assert_eq!(labels(&shown), labels(&page[start..end]));
    let runs = shown.lines().find(|line| line.starts_with("runs ")).unwrap();
    assert!(page.contains(runs), "{runs}");
}

#[test]
fn two_servers_run_a_schedule_once() {
    let place = Place::with_rows(3);
    place.schedule(&[], &["export", "catalog", "-o", "rows.out.ndjson"]).succeeded();
    let server = serve(place);
    let mut other = server.second();
    for count in 1..=5 {
        server.place().run_job(count, "COMPLETE");
    }
    other.kill().unwrap();
    other.wait().unwrap();
    assert_eq!(server.place().history().len(), 5);
}

#[test]
fn only_administrators_see_and_run_schedules_over_rest() {
    let place = Place::with_rows(3);
    place.schedule(&[], &["export", "catalog", "-o", "rest.ndjson"]).succeeded();
    let reader = place.run(&["key", "create", "--name", "reader", "--role", "Team Manager"]).succeeded().out;
    let server = serve(place);
    let calls = [("GET", ""), ("GET", "/job"), ("POST", "/job/pause"), ("POST", "/job/resume"), ("POST", "/job/run")];
    for (method, path) in calls {
        let request = format!(
            "{method} /api/v1/schedules{path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 0\r\n\
             authorization: Bearer {}\r\n\r\n",
            reader.trim()
        );
        let refused = server.send(&request);
        assert!(refused.starts_with("HTTP/1.1 403") && refused.contains("or schedules"), "{refused}");
        let answer = server.call(method, &format!("/api/v1/schedules{path}"), "");
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains(r#""name":"job""#), "{answer}");
    }
    assert!(server.call("POST", "/api/v1/schedules", "{}").starts_with("HTTP/1.1 405"), "nothing creates one");
    server.place().wait_for_run(1, "COMPLETE");
    assert!(server.call("GET", "/api/v1/schedules/job", "").contains(r#""status":"COMPLETE""#));
}

#[test]
fn what_was_removed_or_replaced_is_written_again() {
    let place = Place::with_rows(3);
    place.schedule(&["--skip-unchanged"], &["export", "catalog", "-o", "out.ndjson"]).succeeded();
    let server = serve(place);
    let place = server.place();
    place.run_job(1, "COMPLETE");
    place.run_job(2, "UNCHANGED");
    std::fs::remove_file(place.path("out.ndjson")).unwrap();
    place.run_job(3, "COMPLETE");
    place.run(&["verify", "out.ndjson"]).succeeded();
}

#[test]
fn a_state_file_that_is_not_there_begins_with_everything() {
    let place = Place::with_rows(3);
    let export = ["export", "catalog", "--since", "@state", "-o", "{datetime}/rows.ndjson"];
    place.schedule(&["--skip-unchanged"], &export).succeeded();
    let server = serve(place);
    let place = server.place();
    place.run_job(1, "COMPLETE");
    place.run_job(2, "UNCHANGED");
    let folders = || place.visible_files().iter().filter(|name| name.starts_with("20")).count();
    assert_eq!(folders(), 1, "a run that writes nothing leaves no folder");
    std::fs::remove_file(place.path("state")).unwrap();
    place.run_job(3, "COMPLETE");
    assert!(place.path("state").exists());
    assert_eq!(folders(), 2, "no run replaces what another has written");
}

#[test]
fn a_pipe_in_the_place_of_the_output_does_not_hold_up_the_server() {
    let place = Place::with_rows(3);
    place.schedule(&[], &["export", "catalog", "-o", "out.ndjson"]).succeeded();
    let mode = rustix::fs::Mode::from_bits_truncate(0o600);
    rustix::fs::mkfifoat(rustix::fs::CWD, place.path("out.ndjson"), mode).unwrap();
    let server = serve(place);
    let run = server.place().run_job(1, "FAILED");
    assert!(run.contains("out.ndjson is neither a file nor a folder"), "{run}");
}

#[test]
fn a_damaged_schedule_is_found_and_can_be_deleted() {
    let place = Place::with_rows(3);
    place.schedule(&[], &["export", "catalog", "-o", "out.ndjson"]).succeeded();
    let (store, mut item) = (place.store(), place.stored_schedule());
    item.body = item.body.replace(r#""deaths":0"#, r#""deaths":-1"#);
    let org_key = store.org_key();
    store.write(move |connection| items::update(connection, org_key, ItemKind::Schedule, &item)).unwrap();
    drop(store);
    place.run(&["doctor"]).ended(3, &["the schedule \"job\" cannot be read", "labelport schedule delete"]);
    place.run(&["schedule", "list"]).succeeded();
    place.run(&["schedule", "delete", "job"]).ended(0, &["deleted schedule job"]);
    place.run(&["doctor"]).succeeded();
}
