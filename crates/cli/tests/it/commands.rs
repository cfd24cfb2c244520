//! What each command does when all is well.

use crate::support::{Place, first_words};
use labelport_engine::composed;

#[test]
fn an_export_goes_to_standard_output_and_messages_do_not() {
    let place = Place::with_demo_rows();
    let project = composed::demo().projects[0].clone();
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
        .run(&["export", "dataset", &composed::demo().datasets[6].name, "--everything", "-o", "again.ndjson.zst"])
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
    let with_unknown = place.run(&["export", "rows", "--data-row-ids", &unknown]).succeeded();
    assert_eq!(with_unknown.out, listed);
    assert!(with_unknown.err.contains("notice: 1 of the ids"), "{}", with_unknown.err);
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
    let demo = composed::demo();
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
    let file = &composed::demo().files[0];
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
    assert!(failed.err.starts_with("{\"event\":\"error\""), "{}", failed.err);
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
fn what_no_file_said_is_left_out_and_told_and_overwrites_nothing() {
    let place = Place::empty();
    let project = format!("c{:024}", 2);
    let bare = format!(r#"{{"data_row":{{"id":"c{:024}"}},"projects":{{"{project}":{{"labels":[]}}}}}}"#, 1);
    place.run_with_input(&["import", "labelbox", "-"], bare.as_bytes()).succeeded();
    let ran = place.run(&["export", "project", &project, "--everything"]).succeeded();
    assert_eq!(ran.out.trim_end(), bare);
    for section in ["media_attributes", "attachments", "metadata_fields", "embeddings", "data_row.details"] {
        assert!(ran.err.contains(&format!("notice: {section} is not known")), "{section}: {}", ran.err);
    }
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
    let videos = composed::demo().datasets[8].name.clone();
    let rows = place.run(&["export", "dataset", &videos, "--everything"]).succeeded().out;
    let imported = place.run_with_input(&["import", "labelbox", "-"], rows.as_bytes()).succeeded();
    assert!(imported.err.contains("data rows: 7 unchanged"), "{}", imported.err);
    // A frame that the key frames do not give.
    let at = rows.find(r#""frames":{"#).unwrap();
    let changed = format!("{}{}", &rows[..at], rows[at..].replacen(r#""left":"#, r#""left":1"#, 1));
    let imported = place.run_with_input(&["import", "labelbox", "-"], changed.as_bytes()).succeeded();
    assert!(imported.err.contains("notice: 1 labels hold video frames between their key frames"), "{}", imported.err);
}

#[test]
fn new_names_are_counted_as_renamed() {
    let place = Place::with_demo_rows();
    let videos = composed::demo().datasets[8].name.clone();
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
fn the_doctor_tells_of_what_lies_there_to_no_use() {
    let place = Place::with_demo_rows();
    let said = place.run(&["doctor"]).succeeded().err;
    assert!(!said.contains("nothing refers to") && !said.contains("row_data"), "{said}");
    place.write("bare.ndjson", br#"{"data_row":{"id":"cbare00000000000000000000"}}"#);
    place.run(&["import", "labelbox", "bare.ndjson"]).succeeded();
    let id = "c0123456789abcdefghijklmn";
    let name = format!("labelport-data/files/mn/{id}");
    std::fs::create_dir_all(place.path("labelport-data/files/mn")).unwrap();
    place.write(&name, b"to no use");
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
