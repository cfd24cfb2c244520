//! Bad input and bad places: one sentence with place and remedy, a status that says so, nothing half-written.

use crate::support::{Place, Ran, binary};

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

/// The user that owns nothing.
const NOBODY: u32 = 65_534;

#[test]
fn a_folder_without_a_workspace_says_how_to_make_one() {
    Place::empty()
        .run(&["list", "projects"])
        .ended(1, &["there is no data folder at labelport-data", "hint: `labelport demo`"]);
}

#[test]
fn options_that_a_scope_does_not_have_are_refused_with_those_that_do() {
    let place = Place::with_demo_rows();
    place
        .run(&["export", "dataset", "x", "--workflow-status", "Done"])
        .ended(2, &["--workflow-status", "does not apply to a dataset export", "project"]);
    place.run(&["export", "project", "x", "--predictions"]).ended(2, &["--predictions", "model-run"]);
    place.run(&["export", "model-run", "x", "--label-details"]).ended(2, &["--label-details"]);
    place.run(&["export", "slice", "x", "--last-activity-at", "2025-01-01,"]).ended(2, &["--last-activity-at"]);
}

#[test]
fn values_that_cannot_be_are_refused_with_what_can() {
    let place = Place::with_demo_rows();
    place
        .run(&["export", "project", "x", "--workflow-status", "doen"])
        .ended(2, &["ToLabel, InReview, InRework, Done"]);
    place.run(&["export", "project", "x", "--last-activity-at", "yesterday,"]).ended(2, &["yesterday", "YYYY-MM-DD"]);
    place.run(&["export", "project", "x", "--last-activity-at", "2025-01-01"]).ended(2, &["START,END"]);
    place.run(&["export", "catalog", "--timezone", "Mars/Base"]).ended(2, &["Mars/Base", "Europe/Madrid"]);
    place.run(&["export", "rows"]).ended(2, &["--data-row-ids", "--global-keys"]);
    let many: Vec<String> = (0..2_001).map(|number| format!("key-{number}")).collect();
    place.run(&["export", "catalog", "--global-keys", &many.join(",")]).ended(2, &["2001", "2000"]);
    place
        .run(&["slice", "create", "s", "--filter", r#"[{"type":"colour"}]"#])
        .ended(2, &["filter[0].type", "colour", "hint: `labelport slice create --help`"]);
}

#[test]
fn losses_that_are_not_accepted_are_refused_with_the_option_that_accepts_them() {
    let place = Place::with_demo_rows();
    let lineside = ["export", "project", "Lineside safety audit", "--format", "yolo", "-o", "out"];
    let export = |options: &[&str]| place.run(&[&lineside, options].concat());
    let hint = "add --accept ImageBoundingBox=left_out,ImagePolygon=left_out,ImagePolygon=reduced,";
    let refused = export(&[]).ended(1, &["to the box around it", "nothing was written", hint]);
    export(&["--accept", "ImagePolygon=kept"]).ended(2, &["--accept \"ImagePolygon=kept\" is not a loss"]);
    let rest = &["since this is not accepted: ImagePolygon=reduced\nhint: ", "'*=left_out,ImagePolygon=reduced'"];
    export(&["--accept", "*=left_out"]).ended(1, rest);
    export(&["--dry-run", "--accept", "*=left_out"]).ended(1, rest);
    export(&["--allow-lossy", "--accept", "*=left_out"]).ended(2, &["cannot be used with"]);
    // What the hint says is what it takes.
    let option = refused.err.split("add --accept ").nth(1).unwrap().split(", or").next().unwrap();
    export(&["--dry-run", "--accept", option]).succeeded();
    assert!(!place.path("out").exists());
    export(&["--accept", option]).succeeded();
    let manifest = std::fs::read_to_string(place.path("out.manifest.json")).unwrap();
    assert!(manifest.contains(r#"ImagePolygon=reduced"#), "{manifest}");
}

#[test]
fn unknown_and_ambiguous_names_are_reported() {
    let place = Place::with_demo_rows();
    place.run(&["export", "project", "Nowhere"]).ended(1, &["there is no project", "\"Nowhere\"", "labelport list"]);
    // A second project of the same name.
    let project = &labelport_samples::demo().projects[0];
    let row = format!(
        r#"{{"data_row":{{"id":"c{:024}"}},"projects":{{"c{:024}":{{"name":{:?},"labels":[]}}}}}}"#,
        1, 2, project.name
    );
    place.run_with_input(&["import", "labelbox", "-"], row.as_bytes()).succeeded();
    place.run(&["export", "project", &project.name]).ended(1, &["2 projects are named", &project.id]);
}

#[test]
fn a_file_with_bad_lines_gives_the_others_and_its_status() {
    let place = Place::empty();
    let file = &labelport_samples::demo().files[0];
    let text = String::from_utf8(file.ndjson.clone()).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    let cut = &lines[0][..200];
    lines.insert(2, cut);
    lines.push("{\"data_row\":{\"id\":\"short\"}}");
    place.write("mixed.ndjson", lines.join("\n").as_bytes());
    place
        .run(&["import", "labelbox", "mixed.ndjson", "--strict"])
        .ended(3, &["refused as a whole", "mixed.ndjson:3:201"]);
    place.run(&["export", "catalog"]).ended(0, &["0 rows"]);
    place
        .run(&["import", "labelbox", "mixed.ndjson"])
        .ended(3, &["mixed.ndjson:3:201: the text ends inside", "mixed.ndjson:8:", "has 5 characters, an id has 25"]);
    place.run(&["export", "catalog"]).ended(0, &["6 rows"]);
    place.run(&["doctor"]).succeeded();
}

#[test]
fn a_feature_that_a_given_ontology_does_not_have_is_refused() {
    let place = Place::empty();
    let file = labelport_samples::demo().files.into_iter().find(|file| file.name.contains("image")).unwrap();
    let first = String::from_utf8(file.ndjson).unwrap().lines().next().unwrap().to_owned();
    let ontology_id = first.split("\"ontology_id\":\"").nth(1).unwrap()[..25].to_owned();
    place.write("ontology.json", br#"{"tools":[],"classifications":[]}"#);
    place.run(&["import", "ontology", "ontology.json", "--id", &ontology_id]).succeeded();
    place
        .run_with_input(&["import", "labelbox", "-"], first.as_bytes())
        .ended(3, &["standard input:1:", "is not in ontology", &ontology_id]);
    place.write("ontology.json", b"{\"tools\":7}");
    place
        .run(&["import", "ontology", "ontology.json", "--id", &ontology_id])
        .ended(1, &["ontology.json is no ontology"]);
}

#[test]
fn files_of_other_kinds_are_reported() {
    let place = Place::empty();
    place.write("photo.png", b"\x89PNG\r\n\x1a\n\0\0\0");
    place.run(&["import", "labelbox", "photo.png"]).ended(1, &["photo.png is not an export: it is a PNG image"]);
    place.write("table.csv", b"id,label\n1,boat\n");
    place.run(&["import", "labelbox", "table.csv"]).ended(1, &["table.csv is not an export: it looks like a table"]);
    place.write("old.json", br#"[{"ID":"x","DataRow ID":"y"}]"#);
    place.run(&["import", "labelbox", "old.json"]).ended(3, &["old.json:1:2: the key \"Label\" is missing"]);
    place.write("today.ndjson", b"{\"data_row\":{}}");
    place
        .run(&["import", "labelbox-v1", "today.ndjson"])
        .ended(1, &["its records are of another form; import it with `labelport import labelbox`"]);
    place.run(&["import", "labelbox", "missing.ndjson"]).ended(1, &["missing.ndjson cannot be read"]);
}

#[test]
fn a_full_disk_leaves_nothing_and_says_so() {
    let place = Place::with_demo_rows();
    place.run(&["export", "catalog", "--everything", "-o", "/dev/full"]).ended(1, &["/dev/full cannot be written"]);
    place.run(&["doctor"]).succeeded();
}

#[test]
fn a_result_in_a_folder_that_is_not_there_is_refused_at_once() {
    let place = Place::with_demo_rows();
    place.run(&["export", "catalog", "-o", "no/such/rows.ndjson"]).ended(1, &["no/such/rows.ndjson cannot be written"]);
    place.run(&["verify", "nothing"]).ended(1, &["neither a file nor a release nor the id", "hint:"]);
}

#[test]
fn a_read_only_data_folder_is_reported() {
    let place = Place::with_demo_rows();
    let folder = place.path("labelport-data");
    for entry in std::fs::read_dir(&folder).unwrap() {
        std::fs::set_permissions(entry.unwrap().path(), std::fs::Permissions::from_mode(0o444)).unwrap();
    }
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o555)).unwrap();
    std::fs::set_permissions(place.path("."), std::fs::Permissions::from_mode(0o755)).unwrap();
    let arguments = ["import", "labelbox", "image.ndjson"];
    let mut command = place.command(&arguments);
    // Permissions bind everybody but root, so root runs the command as somebody else, who may not reach the checkout: a
    // copy of the binary lies in the folder of the test.
    if is_root() {
        std::fs::copy(binary(), place.path("labelport")).unwrap();
        command = Command::new(place.path("labelport"));
        command.args(arguments).current_dir(place.path(".")).stdin(Stdio::null()).uid(NOBODY).gid(NOBODY);
    }
    let output = command.output();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).unwrap();
    let output = match output {
        Ok(output) => output,
        Err(error) if is_root() => {
            eprintln!("skipped: another user cannot reach the folder for temporary files ({error})");
            return;
        }
        Err(error) => panic!("{error}"),
    };
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.contains("cannot be written") && said.contains("--data"), "{said}");
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

#[test]
fn a_folder_that_is_not_a_data_folder_is_reported() {
    let place = Place::empty();
    std::fs::create_dir(place.path("labelport-data")).unwrap();
    place.write("labelport-data/labelport.sqlite", b"this is no database, it is a text of some length");
    place.run(&["list", "projects"]).ended(1, &["is no labelport database", "--data"]);
    place.write("labelport-data-file", b"");
    place.run(&["--data", "labelport-data-file", "doctor"]).ended(1, &["labelport-data-file"]);
}

#[test]
fn names_cannot_move_the_cursor_turn_text_or_forge_a_line() {
    let place = Place::empty();
    let name = "harbour\u{1b}[2J\u{202e}gpj\nerror: forged";
    for number in [2, 3] {
        let row = serde_json::json!({
            "data_row": { "id": format!("c{:024}", number + 10) },
            "projects": { format!("c{number:024}"): { "name": name, "labels": [] } },
        });
        let file = format!("rows {number}\u{1b}[31m.ndjson");
        place.write(&file, format!("{row}\n{{\"data_row\":{{\"id\":\"\u{1b}[5m\"}}}}\n").as_bytes());
        check_harmless(&place.run(&["import", "labelbox", &file]), "refused: rows");
    }
    check_harmless(&place.run(&["list", "projects"]).succeeded(), "harbour\\u{1b}[2J\\u{202e}gpj\\nerror: forged");
    check_harmless(&place.run(&["export", "project", name]), "2 projects are named");
    check_harmless(&place.run(&["slice", "create", name, "--filter", "[]"]), "created slice harbour\\u{1b}");
    check_harmless(&place.run(&["slice", "delete", name]), "deleted slice harbour\\u{1b}");
    check_harmless(&place.run(&["task", "list"]).succeeded(), "rows 2\\u{1b}[31m.ndjson");
    check_harmless(&place.run(&["key", "create", "--name", name]), "lbp_");
    check_harmless(&place.run(&["key", "list"]), "harbour\\u{1b}");
}

#[track_caller]
fn check_harmless(ran: &Ran, expect: &str) {
    let shown = format!("{}{}", ran.out, ran.err);
    assert!(shown.contains(expect), "{expect:?} is not in {shown:?}");
    assert!(!shown.contains(['\u{1b}', '\u{202e}']), "{shown:?}");
    assert!(!shown.lines().any(|line| line.starts_with("error: forged")), "{shown:?}");
}

#[cfg(unix)]
#[test]
fn an_argument_that_is_not_utf_8_is_refused_in_words() {
    use std::os::unix::ffi::OsStrExt;
    let place = Place::empty();
    let output = place.command(&["formats"]).arg(std::ffi::OsStr::from_bytes(b"\xff")).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && said.starts_with("error: ") && !said.contains("panicked"), "{said}");
}
