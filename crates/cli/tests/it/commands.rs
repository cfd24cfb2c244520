//! What each command does when all is well.

use crate::support::{Place, first_words};

use labelport_model::time::Timestamp;
use labelport_store::tables::slices::{self, Slice};
use labelport_store::{Founding, Store};
use std::time::Duration;

#[test]
fn an_export_goes_to_standard_output_and_messages_do_not() {
    let place = Place::with_demo_rows();
    let project = labelport_samples::demo().projects[0].clone();
    let by_id = place.run(&["export", "project", &project.id, "--everything"]).succeeded();
    let by_name = place.run(&["export", "project", &project.name, "--everything", "-o", "-"]).succeeded();
    assert_eq!(by_id.out, by_name.out);
    assert!(by_id.out.lines().all(|line| line.starts_with("{\"data_row\"")) && !by_id.out.is_empty());
    assert!(by_id.err.contains("wrote to standard output"), "{}", by_id.err);
}

#[test]
fn a_file_and_its_packed_forms_hold_the_same_bytes_and_verify() {
    let place = Place::with_demo_rows();
    for name in ["rows.ndjson", "rows.ndjson.gz", "rows.ndjson.zst"] {
        place.run(&["export", "catalog", "--everything", "-o", name]).succeeded();
        place.run(&["verify", name]).succeeded();
        place.run(&["verify", &format!("{name}.manifest.json")]).succeeded();
    }
    assert_eq!(place.read("rows.ndjson.manifest.json"), place.read("rows.ndjson.zst.manifest.json"));
    let plain = place.run(&["export", "catalog", "--everything"]).succeeded();
    assert_eq!(place.read("rows.ndjson"), plain.out.as_bytes());
    // What was exported goes in again: nothing is new. (Videos are left out: theirs has the frames between key frames.)
    place
        .run(&[
            "export",
            "dataset",
            &labelport_samples::demo().datasets[6].name,
            "--everything",
            "-o",
            "again.ndjson.zst",
        ])
        .succeeded();
    let again = place.run(&["import", "labelbox", "again.ndjson.zst"]).succeeded();
    assert!(again.err.contains("data rows: 12 unchanged\n"), "{}", again.err);
}

#[test]
fn verify_finds_a_task_by_its_id_and_names_the_first_difference() {
    let place = Place::with_demo_rows();
    place.run(&["export", "catalog", "-o", "rows.ndjson"]).succeeded();
    let tasks = place.run(&["list", "tasks"]).succeeded();
    let export = first_words(&tasks.out)[0].to_owned();
    place.run(&["verify", &export]).succeeded();
    let mut bytes = place.read("rows.ndjson");
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    place.write("rows.ndjson", &bytes);
    place.run(&["verify", "rows.ndjson"]).ended(3, &["rows.ndjson: ", "CRC-32", "is not as exported"]);
}

#[test]
fn a_dry_run_counts_and_writes_nothing() {
    let place = Place::with_demo_rows();
    let before = place.run(&["list", "tasks"]).succeeded().out;
    let ran = place.run(&["export", "catalog", "--everything", "--dry-run", "-o", "rows.ndjson"]).succeeded();
    assert!(ran.err.contains("would write: ") && ran.out.is_empty(), "{ran:?}");
    assert!(!place.path("rows.ndjson").exists());
    assert_eq!(place.run(&["list", "tasks"]).succeeded().out, before);
}

#[test]
fn rows_are_chosen_by_lists_and_files() {
    let place = Place::with_demo_rows();
    let all = place.run(&["export", "catalog"]).succeeded().out;
    let id = |line: &str| line.split('"').nth(5).unwrap().to_owned();
    let ids: Vec<String> = all.lines().map(id).collect();
    let chosen = format!("{},{}", ids[3], ids[1]);
    let listed = place.run(&["export", "rows", "--data-row-ids", &chosen]).succeeded().out;
    assert_eq!(listed.lines().map(id).collect::<Vec<_>>(), [ids[1].clone(), ids[3].clone()]);
    place.write("ids.txt", format!("{}\n{}\n", ids[3], ids[1]).as_bytes());
    assert_eq!(place.run(&["export", "rows", "--data-row-ids", "@ids.txt"]).succeeded().out, listed);
    let unknown = format!("{chosen},c000000000000000000000000");
    // More than a statement takes of separate texts.
    let mut many = std::fs::read_to_string(place.path("ids.txt")).unwrap();
    (0..40_000).for_each(|number| many.push_str(&format!("\nunknown {number}")));
    place.write("many.txt", many.as_bytes());
    let found = place.run(&["export", "rows", "--data-row-ids", "@many.txt"]);
    assert_eq!(found.ended(3, &["notice: 40,000 of the ids"]).out, listed);
    place.run(&["export", "rows", "--global-keys", "@many.txt"]).ended(3, &["of the ids and keys listed"]);
    let with_unknown = place.run(&["export", "rows", "--data-row-ids", &unknown]).ended(3, &["notice: 1 of the ids"]);
    assert_eq!(with_unknown.out, listed);
}

#[test]
fn slices_are_created_listed_shown_exported_and_deleted() {
    let place = Place::with_demo_rows();
    let filter = r#"[{"operator":"is","type":"media_type","values":["video"]}]"#;
    place.run(&["slice", "create", "clips", "--filter", filter]).succeeded();
    place.run(&["slice", "create", "clips", "--filter", filter]).ended(1, &["a slice named \"clips\" exists already"]);
    assert!(place.run(&["slice", "list"]).succeeded().out.contains("clips"));
    assert_eq!(place.run(&["slice", "show", "clips"]).succeeded().out.trim(), filter);
    let rows = place.run(&["export", "slice", "clips"]).succeeded().out;
    assert_eq!(rows.lines().count(), 7);
    assert!(rows.lines().all(|row| row.contains("\"asset_type\":\"video\"")));
    place.run(&["slice", "delete", "clips"]).succeeded();
    place.run(&["export", "slice", "clips"]).ended(1, &["there is no slice"]);
}

#[test]
fn lists_are_tables_for_people_and_json_for_programs() {
    let place = Place::with_demo_rows();
    let demo = labelport_samples::demo();
    let projects = place.run(&["list", "projects"]).succeeded().out;
    assert_eq!(first_words(&projects).len(), demo.projects.len());
    let json = place.run(&["--json", "list", "projects"]).succeeded().out;
    assert!(json.lines().next().unwrap().starts_with("{\"id\":\"c"), "{json}");
    for name in ["batches", "datasets", "model-runs", "models", "tasks"] {
        assert!(!first_words(&place.run(&["list", name]).succeeded().out).is_empty(), "{name}");
    }
    let nothing = place.run(&["list", "slices"]).succeeded();
    assert!(nothing.out.is_empty() && nothing.err.contains("there are no slices yet"));
}

#[test]
fn standard_input_is_imported() {
    let place = Place::empty();
    let file = &labelport_samples::demo().files[0];
    let ran = place.run_with_input(&["import", "labelbox", "-"], &file.ndjson).succeeded();
    assert!(ran.err.contains("created"), "{}", ran.err);
}

#[test]
fn events_are_json_lines_on_standard_error() {
    let place = Place::with_demo_rows();
    let ran = place.run(&["--json", "export", "catalog", "-o", "rows.ndjson"]).succeeded();
    assert!(ran.out.is_empty());
    assert!(ran.err.lines().all(|line| line.starts_with("{\"event\":")), "{}", ran.err);
    let failed = place.run(&["--json", "export", "project", "nowhere"]);
    let events: Vec<&str> = failed.err.lines().collect();
    assert!(events[0].starts_with("{\"event\":\"task\",\"id\":\"c"), "{}", failed.err);
    assert!(events[1].starts_with("{\"event\":\"error\"") && events.len() == 2, "{}", failed.err);
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let place = Place::with_demo_rows();
    let mut child =
        place.command(&["export", "catalog", "--everything"]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_plain_export_says_that_labels_were_left_out() {
    let place = Place::with_demo_rows();
    let said = |arguments: &[&str]| {
        let ran = place.run(&[&["export"], arguments].concat()).succeeded();
        ran.err.contains("notice: labels were left out; --all-projects adds")
    };
    let dataset = labelport_samples::demo().datasets[0].id.clone();
    assert!(said(&["catalog"]) && said(&["dataset", &dataset]) && said(&["catalog", "--metadata-fields"]));
    assert!(!said(&["catalog", "--everything"]) && !said(&["catalog", "--all-projects"]));
    assert!(!said(&["project", "Rail flaw search"]) && !said(&["dataset", &dataset, "--all-model-runs"]));
}

#[test]
fn names_of_nothing_in_a_filter_are_refused_and_in_a_saved_one_noticed() {
    let place = Place::with_demo_rows();
    let filter = |schema: &str| format!(r#"[{{"not":{{"type":"metadata","schema":"{schema}","operator":"exists"}}}}]"#);
    let create = |name: &str, schema: &str| place.run(&["slice", "create", name, "--filter", &filter(schema)]);
    create("s", "sesaon").ended(2, &["there is no metadata field \"sesaon\"; did you mean \"season\"?"]);
    create("s", "season").succeeded();
    place.run(&["export", "slice", "s"]).succeeded();
    place.run(&["export", "slice", "t"]).ended(1, &["there is no slice with the id or name \"t\""]);
    let unknown = ["export", "project", "Rail flaw search", "--batch-ids", "nothing"];
    place.run(&unknown).ended(2, &["there is no batch with the id \"nothing\""]);
    assert_eq!(place.run(&unknown).out, "");
    // What the query of a slice names may be deleted after it was saved.
    save_slice(&place, "gone", &filter("gone"));
    place.run(&["export", "slice", "gone"]).ended(3, &["notice: there is no metadata field \"gone\"; the filter of"]);
}

fn save_slice(place: &Place, name: &str, filter: &str) {
    let engine = place.database().engine(&place.path("labelport-data"), Duration::from_secs(5));
    let founding = Founding { organization_id: "unused".to_owned(), now: Timestamp::MIN };
    let store = Store::open(engine, &founding).unwrap();
    let slice = Slice {
        id: "c0000000000000000000slice".to_owned(),
        name: name.to_owned(),
        description: None,
        filter: filter.to_owned(),
        created: Timestamp::MIN,
    };
    let org_key = store.org_key();
    assert!(store.write(move |connection| slices::create(connection, org_key, &slice)).unwrap());
}

#[test]
fn what_no_file_said_is_left_out_and_reported_and_overwrites_nothing() {
    let place = Place::empty();
    let project = format!("c{:024}", 2);
    let bare = format!(r#"{{"data_row":{{"id":"c{:024}"}},"projects":{{"{project}":{{"labels":[]}}}}}}"#, 1);
    place.run_with_input(&["import", "labelbox", "-"], bare.as_bytes()).succeeded();
    let ran = place.run(&["export", "project", &project, "--everything"]).succeeded();
    assert_eq!(ran.out.trim_end(), bare);
    // One line for all of it.
    let expect = "notice: left out, since the files imported so far did not have it: media_attributes, attachments, \
                  metadata_fields, embeddings, data_row.details, project_details (1 time)";
    assert!(ran.err.lines().any(|line| line == expect), "{}", ran.err);
    // Elsewhere the row is known better; the export of what is not known takes nothing away.
    let full = bare.replace(r#"},"projects""#, r#"},"attachments":[{"id":"a"}],"projects""#);
    let full = full.replace(r#"{"labels""#, r#"{"name":"Yard","labels""#);
    place.run_with_input(&["--data", "other", "import", "labelbox", "-"], full.as_bytes()).succeeded();
    let again = place.run_with_input(&["--data", "other", "import", "labelbox", "-"], ran.out.as_bytes()).succeeded();
    assert!(again.err.contains("data rows: 1 unchanged"), "{}", again.err);
    assert_eq!(
        place.run(&["--data", "other", "export", "project", "Yard", "--attachments"]).succeeded().out.trim_end(),
        full
    );
}

#[test]
fn an_export_with_every_frame_is_imported_as_its_key_frames() {
    let place = Place::with_demo_rows();
    let videos = labelport_samples::demo().datasets[8].name.clone();
    let rows = place.run(&["export", "dataset", &videos, "--everything"]).succeeded().out;
    let imported = place.run_with_input(&["import", "labelbox", "-"], rows.as_bytes()).succeeded();
    assert!(imported.err.contains("data rows: 7 unchanged"), "{}", imported.err);
    // A frame that the key frames do not give.
    let at = rows.find(r#""frames":{"#).unwrap();
    let changed = format!("{}{}", &rows[..at], rows[at..].replacen(r#""left":"#, r#""left":1"#, 1));
    let imported = place.run_with_input(&["import", "labelbox", "-"], changed.as_bytes()).succeeded();
    assert!(imported.err.contains("notice: 1 label has video frames between their key frames"), "{}", imported.err);
}

#[test]
fn new_names_are_counted_as_renamed() {
    let place = Place::with_demo_rows();
    let videos = labelport_samples::demo().datasets[8].name.clone();
    let rows = place.run(&["export", "dataset", &videos, "--data-row-details"]).succeeded().out;
    let renamed = rows.replace(&videos, "Another name");
    let imported = place.run_with_input(&["import", "labelbox", "-"], renamed.as_bytes()).succeeded();
    assert!(imported.err.contains("renamed: 1 "), "{}", imported.err);
}

#[test]
fn wrong_usage_is_json_for_programs_too() {
    let place = Place::with_demo_rows();
    let wrong = place.run(&["--json", "export", "catalog", "--threads", "x"]);
    assert!(wrong.code == 2 && wrong.err.starts_with("{\"event\":\"error\""), "{wrong:?}");
    let counted = place.run(&["--json", "export", "catalog", "--dry-run"]).succeeded();
    assert!(counted.err.contains("{\"event\":\"counted\""), "{}", counted.err);
}

#[test]
fn the_doctor_reports_unused_files() {
    let place = Place::with_demo_rows();
    let said = place.run(&["doctor"]).succeeded().err;
    assert!(!said.contains("nothing refers to") && !said.contains("row_data"), "{said}");
    place.write("bare.ndjson", br#"{"data_row":{"id":"cbare00000000000000000000"}}"#);
    place.run(&["import", "labelbox", "bare.ndjson"]).succeeded();
    let id = "c0123456789abcdefghijklmn";
    let name = format!("labelport-data/files/mn/{id}");
    std::fs::create_dir_all(place.path("labelport-data/files/mn")).unwrap();
    place.write(&name, b"left over");
    let unused = || {
        let ran = place.run(&["doctor"]).succeeded();
        assert!(
            ran.err.contains("with neither a dataset nor row_data: 1, such as cbare00000000000000000000"),
            "{ran:?}"
        );
        ran.err.contains("files older than a day that nothing refers to: 1 (9 B); `labelport doctor --remove")
    };
    assert!(!unused(), "it is young");
    let file = std::fs::File::options().write(true).open(place.path(&name)).unwrap();
    file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    assert!(unused());
    let event = r#"{"event":"unused_files","count":1,"size_bytes":9,"removed":true}"#;
    place.run(&["--json", "doctor", "--remove-unused-files"]).succeeded().ended(0, &[event]);
    assert!(!place.path(&name).exists());
    assert!(!unused());
}

#[test]
fn a_list_of_kinds_counts_what_there_is_and_pages_go_on_where_one_ended() {
    let place = Place::with_demo_rows();
    let demo = labelport_samples::demo();
    let kinds = place.run(&["list"]).succeeded().out;
    let count = |kind: &str| {
        let line = kinds.lines().find(|line| line.split_whitespace().next() == Some(kind)).unwrap();
        line.split_whitespace().nth(1).unwrap().to_owned()
    };
    assert_eq!([count("data-rows"), count("slices")], ["63", "0"]);
    assert_eq!(count("projects"), demo.projects.len().to_string());
    assert!(place.run(&["--json", "list"]).succeeded().out.contains("{\"kind\":\"data-rows\",\"count\":63}\n"));
    for name in ["data-rows", "features", "metadata", "ontologies"] {
        assert!(!first_words(&place.run(&["list", name]).succeeded().out).is_empty(), "{name}");
    }
    place.run(&["key", "create", "--user", "ana@example.test"]).succeeded();
    assert!(place.run(&["list", "users"]).succeeded().out.contains("ana@example.test"));
    let all = place.run(&["list", "data-rows"]).succeeded().out;
    let page = place.run(&["list", "data-rows", "--limit", "40"]).succeeded();
    assert!(page.err.contains("there are more than these 40; --after ID"), "{page:?}");
    let ids = first_words(&page.out);
    let next = place.run(&["list", "data-rows", "--after", ids[39]]).succeeded();
    assert_eq!([ids.clone(), first_words(&next.out)].concat(), first_words(&all));
    assert!(next.err.is_empty(), "{next:?}");
    place.run(&["list", "data-rows", "--after", "nothing"]).ended(1, &["no data row with the id \"nothing\""]);
}

#[test]
fn a_list_of_projects_says_what_they_hold() {
    let place = Place::with_demo_rows();
    let json = place.run(&["--json", "list", "projects"]).succeeded().out;
    let audit = json.lines().find(|line| line.contains("Lineside safety audit")).unwrap();
    let expected = r#""media_type":"IMAGE","rows":10,"labels":12,"to_label":1,"in_review":4,"in_rework":1,"done":4}"#;
    assert!(audit.ends_with(expected), "{audit}");
}

#[test]
fn a_data_row_and_a_label_are_shown_in_full_as_an_export_has_them() {
    let place = Place::with_demo_rows();
    let exported = place.run(&["export", "rows", "--global-keys", "alder/image/005", "--everything"]).succeeded().out;
    let image = exported.trim_end();
    let id = image.split('"').nth(5).unwrap();
    for named in [id, "alder/image/005"] {
        let shown = place.run(&["--json", "show", "data-row", named]).succeeded().out;
        assert!(shown.trim_end() == image, "{shown}");
    }
    let indented = place.run(&["show", "data-row", id]).succeeded().out;
    assert!(indented.starts_with("{\n  \"data_row\": {\n    \"id\": "), "{indented}");
    let (_, labels) = image.split_once("\"labels\":[").unwrap();
    let label_id = labels.split("\"id\":\"").nth(1).unwrap().split('"').next().unwrap();
    let label = place.run(&["--json", "show", "label", label_id]).succeeded().out;
    let (_, shown) = label.trim_end().split_once("\"label\":").unwrap();
    assert!(image.contains(&shown[..shown.len() - 1]) && shown.contains(label_id), "{label}");
    assert!(label.starts_with(&format!("{{\"data_row_id\":\"{id}\",\"project_id\":\"c")), "{label}");
    place.run(&["show", "label", "nothing"]).ended(1, &["no label with the id"]);
    place.run(&["show", "data-row", "nothing"]).ended(1, &["no data row with the id or global key", "hint:"]);
}

#[test]
fn completions_and_manual_pages_name_every_command() {
    let place = Place::empty();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = place.run(&["completions", shell]).succeeded().out;
        for word in ["backup", "rotate-signing", "max-record-mib", "model-runs"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    let page = place.run(&["man"]).succeeded().out;
    assert!(page.contains(".TH labelport 1") && page.contains("labelport\\-restore(1)"), "{page}");
    assert!(place.run(&["man", "import", "labelbox"]).succeeded().out.contains("max\\-record\\-mib"));
    place.run(&["man", "nothing"]).ended(2, &["`labelport nothing` is not a command", "`labelport --help`"]);
}

#[test]
fn one_thing_is_in_the_singular() {
    let place = Place::empty();
    let row = &labelport_samples::demo().files[6].ndjson;
    let first = String::from_utf8(row.clone()).unwrap().lines().next().unwrap().to_owned();
    let imported = place.run_with_input(&["import", "labelbox", "-"], first.as_bytes()).succeeded().err;
    assert!(imported.contains("read 1 record in ") && imported.contains("new: 1 dataset, "), "{imported}");
    let exported = place.run(&["export", "catalog", "-o", "row.ndjson"]).succeeded().err;
    assert!(exported.contains(": 1 row, 0 labels, 0 predictions, 0 annotations, "), "{exported}");
    assert!(place.run(&["verify", "row.ndjson"]).succeeded().err.contains(": 1 row, sha256"));
}

#[test]
fn threads_are_bounded() {
    let place = Place::with_demo_rows();
    for threads in ["0", "257", "100000"] {
        place.run(&["export", "catalog", "--threads", threads]).ended(2, &["1..=256"]);
    }
    place.run(&["export", "catalog", "--threads", "256"]).succeeded();
}

#[test]
fn messages_that_nobody_reads_stop_no_work() {
    let place = Place::with_demo_rows();
    let run = |arguments: &[&str]| {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        place.command(arguments).stderr(writer).status().unwrap().code()
    };
    assert_eq!(run(&["export", "catalog", "-o", "rows.ndjson"]), Some(0));
    assert_eq!(run(&["--json", "export", "catalog", "-o", "rows.ndjson"]), Some(0));
    place.run(&["verify", "rows.ndjson"]).succeeded();
    assert_eq!(run(&["export", "project", "nowhere"]), Some(1));
}
