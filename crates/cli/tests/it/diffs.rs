//! Comparing results, as people and their scripts do it.

use crate::server::Server;
use crate::support::{Place, first_words, repository};
use crate::tasks::is_export;
use labelport_store::tables::tasks::TaskStatus;
use serde_json::Value;

const EXPORT: [&str; 4] = ["export", "catalog", "--everything", "-o"];

fn export(place: &Place, output: &str) {
    place.run(&[&EXPORT[..], &[output]].concat()).succeeded();
}

/// Exports, gives some rows another external id, and exports again; returns how many.
fn two_exports(place: &Place) -> usize {
    export(place, "a.ndjson");
    let count = edit(place);
    export(place, "b.ndjson.zst");
    count
}

fn edit(place: &Place) -> usize {
    let rows = String::from_utf8(place.read("a.ndjson")).unwrap();
    let ids: Vec<&str> = rows.lines().step_by(5).map(|line| line.split('"').nth(5).unwrap()).collect();
    let lines = ids.iter().map(|id| format!("{{\"data_row\":{{\"id\":\"{id}\",\"external_id\":\"new\"}}}}\n"));
    place.write("edit.ndjson", lines.collect::<String>().as_bytes());
    place.run(&["import", "labelbox", "edit.ndjson"]).succeeded();
    ids.len()
}

fn events(out: &str) -> Vec<Value> {
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn the_status_distinguishes_same_different_and_failed() {
    let place = Place::with_demo_rows();
    let count = two_exports(&place);
    let same = place.run(&["diff", "a.ndjson", "a.ndjson"]).succeeded();
    assert!(same.out.starts_with("a.ndjson and a.ndjson hold the same: "), "{}", same.out);
    let different = place.run(&["diff", "a.ndjson", "b.ndjson.zst"]).ended(1, &[]);
    assert_eq!(different.err, "");
    assert!(different.out.contains("data_row.external_id"), "{}", different.out);
    assert_eq!(different.out.matches("\nchanged ").count(), count.min(10));
    for (arguments, said) in [
        (vec!["diff", "a.ndjson", "nothing.ndjson"], "neither a file nor a release nor the id"),
        (vec!["diff", "a.ndjson"], "required"),
        (vec!["diff"], "required"),
        (vec!["diff", "--since", "edit.ndjson"], "has no manifest"),
        (vec!["diff", "a.ndjson", "labelport-data/labelport.sqlite"], "is not a row of an export"),
        (vec!["diff", "a.ndjson", "b.ndjson.zst", "--rows", "rows.csv"], "rows.csv"),
        (vec!["diff", "a.ndjson", "b.ndjson.zst", "--rows", "a.ndjson"], "a.ndjson exists"),
        (vec!["--data", "none", "diff", "--since", "a.ndjson"], "none"),
    ] {
        place.run(&arguments).ended(2, &[said]);
    }
    place.run(&["export", "catalog", "--format", "csv", "-o", "tables"]).succeeded();
    place.run(&["diff", "a.ndjson", "tables"]).ended(2, &["tables has the format csv"]);
    place.run(&[&EXPORT[..], &["delta.ndjson", "--since", "a.ndjson"]].concat()).succeeded();
    place.run(&["diff", "a.ndjson", "delta.ndjson"]).ended(2, &["delta.ndjson is a delta", "apply"]);
    assert_eq!(place.hidden_files(), [""; 0]);
}

#[test]
fn sides_are_files_manifests_and_tasks() {
    let place = Place::with_demo_rows();
    two_exports(&place);
    let tasks = place.run(&["list", "tasks"]).succeeded();
    let task = first_words(&tasks.out)[0].to_owned();
    let expect = place.run(&["diff", "a.ndjson", "b.ndjson.zst", "--stat"]).ended(1, &[]).out;
    for other in ["b.ndjson.zst.manifest.json", &task] {
        assert_eq!(place.run(&["diff", "a.ndjson", other, "--stat"]).ended(1, &[]).out, expect, "{other}");
    }
    // Without a manifest, rows are compared all the same.
    for name in ["a.ndjson", "b.ndjson.zst"] {
        std::fs::remove_file(place.path(&format!("{name}.manifest.json"))).unwrap();
    }
    assert_eq!(place.run(&["diff", "a.ndjson", "b.ndjson.zst", "--stat"]).ended(1, &[]).out, expect);
    place.run(&["diff", "a.ndjson", "a.ndjson"]).succeeded();
}

#[test]
fn results_that_the_server_keeps_are_sides_too() {
    let server = Server::start_in(Place::with_demo_rows(), &["127.0.0.1:0"]);
    server.start_export();
    let task = server.place().wait_for_task(TaskStatus::Complete, is_export);
    let place = server.place();
    place.run(&["export", "catalog", "-o", "now.ndjson"]).succeeded();
    place.run(&["diff", task.id.as_str(), "now.ndjson"]).succeeded();
    export(place, "all.ndjson");
    let ran = place.run(&["diff", task.id.as_str(), "all.ndjson", "--stat"]).ended(1, &[]);
    assert!(ran.out.contains("labels"), "{}", ran.out);
    place.run(&["diff", "--since", task.id.as_str()]).succeeded();
}

#[test]
fn programs_get_an_event_for_each_row_and_one_for_all() {
    let place = Place::with_demo_rows();
    let count = two_exports(&place);
    let found = place.run(&["--json", "diff", "a.ndjson", "b.ndjson.zst", "--rows", "rows.ndjson.gz"]).ended(1, &[]);
    let events = events(&found.out);
    assert_eq!(events.len(), count + 1);
    for event in &events[..count] {
        assert_eq!(event["event"], "row");
        assert_eq!(event["change"], "changed");
        assert_eq!(event["members"][0], "data_row.external_id");
    }
    let sums = &events[count];
    assert_eq!((&sums["event"], &sums["same"]), (&"compared".into(), &false.into()));
    assert_eq!(sums["rows"]["changed"], count);
    assert_eq!(sums["members"]["data_row.external_id"], count);
    // The file has the same lines, and goes into no manifest.
    place.run(&["diff", "a.ndjson", "b.ndjson.zst", "--rows", "rows.ndjson"]).ended(1, &[]);
    let lines = String::from_utf8(place.read("rows.ndjson")).unwrap();
    assert_eq!(lines.lines().count(), count);
    for (line, event) in lines.lines().zip(&events) {
        let mut event = event.clone();
        event.as_object_mut().unwrap().remove("event");
        assert_eq!(serde_json::from_str::<Value>(line).unwrap(), event);
    }
    assert!(!place.path("rows.ndjson.manifest.json").exists());
    assert!(place.read("rows.ndjson.gz").starts_with(b"\x1f\x8b"));
    place.run(&["diff", "a.ndjson", "b.ndjson.zst", "--rows", "rows.ndjson"]).ended(2, &["rows.ndjson exists"]);
    place.run(&["diff", "a.ndjson", "a.ndjson", "--rows", "rows.ndjson", "--force"]).succeeded();
    assert_eq!(place.read("rows.ndjson"), b"");
    let stat = place.run(&["--json", "diff", "a.ndjson", "b.ndjson.zst", "--stat"]).ended(1, &[]);
    assert_eq!(stat.out.lines().count(), 1);
    assert_eq!(place.hidden_files(), [""; 0]);
}

#[test]
fn an_export_is_compared_with_the_workspace_of_now() {
    let place = Place::with_demo_rows();
    export(&place, "a.ndjson");
    place.run(&["diff", "--since", "a.ndjson"]).succeeded();
    let count = edit(&place);
    export(&place, "b.ndjson");
    let now = place.run(&["--json", "diff", "--since", "a.ndjson"]).ended(1, &[]);
    let both = place.run(&["--json", "diff", "a.ndjson", "b.ndjson"]).ended(1, &[]);
    assert_eq!(now.out, both.out);
    assert_eq!((events(&now.out).len(), now.err.as_str()), (count + 1, ""));
    // Another workspace with the same rows is not compared by mistake.
    let other = Place::with_demo_rows();
    for name in ["a.ndjson", "a.ndjson.manifest.json"] {
        other.write(name, &place.read(name));
    }
    other.run(&["diff", "--since", "a.ndjson"]).ended(2, &["from another workspace"]);
    // An export of before there were watermarks is compared with a full one.
    let manifest = String::from_utf8(place.read("a.ndjson.manifest.json")).unwrap();
    let lines = manifest.lines().filter(|line| !line.contains("\"watermark\""));
    place.write("a.ndjson.manifest.json", lines.collect::<Vec<_>>().join("\n").as_bytes());
    let full =
        place.run(&["diff", "--since", "a.ndjson", "--stat"]).ended(1, &["notice: a.ndjson is compared with a full"]);
    assert_eq!(full.out, place.run(&["diff", "a.ndjson", "b.ndjson", "--stat"]).out);
}

#[test]
fn names_in_rows_do_nothing_to_the_terminal() {
    let place = Place::empty();
    let row = |class: &str| {
        format!(
            "{{\"data_row\":{{\"id\":\"c\",\"global_key\":\"k\\u001b[2J\"}},\"projects\":{{\"p\":{{\"labels\":[{{\"id\":\"l\",\
             \"annotations\":{{\"objects\":[{{\"feature_id\":\"f\",\"name\":\"{class}\",\"annotation_kind\":\"X\"}}]}}}}]}}}}}}\n"
        )
    };
    place.write("a.ndjson", row("one").as_bytes());
    place.write("b.ndjson", row("\\u001b[31m\\u202e").as_bytes());
    let ran = place.run(&["diff", "a.ndjson", "b.ndjson"]).ended(1, &[]);
    assert!(!ran.out.contains(['\u{1b}', '\u{202e}']) && ran.out.contains("\\u{1b}[31m"), "{}", ran.out);
}

#[test]
fn the_page_shows_what_is_printed() {
    let place = Place::empty();
    place.run(&["demo"]).succeeded();
    let project = ["--data", "labelport-demo", "export", "project", "Lineside safety audit", "--label-details"];
    place.run(&[&project[..], &["-o", "monday.ndjson"]].concat()).succeeded();
    let monday = String::from_utf8(place.read("monday.ndjson")).unwrap();
    let edited = monday.lines().filter(|line| !line.contains("alder/image/009")).map(|line| {
        let is_answered = line.contains("alder/image/005");
        let line = line.replace("\"left\":162.75", "\"left\":170.75");
        let line = if is_answered { line.replace("\"safe\"", "\"unsafe\"") } else { line };
        format!("{line}\n")
    });
    place.write("tuesday.ndjson", edited.collect::<String>().as_bytes());
    let ran = place.run(&["diff", "monday.ndjson", "tuesday.ndjson"]).ended(1, &[]);
    let page = std::fs::read_to_string(repository().join("docs/diff.md")).unwrap();
    assert!(page.contains(&ran.out), "docs/diff.md does not show:\n{}", ran.out);
}
