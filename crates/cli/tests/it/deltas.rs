//! Exports of what changed, as people and their nightly jobs run them.

use crate::support::Place;
use labelport_formats::write::FORMATS;
use labelport_samples::Chance;
use std::fmt::Write as _;

const EXPORT: [&str; 4] = ["export", "catalog", "--everything", "-o"];

fn export(place: &Place, output: &str, more: &[&str]) -> crate::support::Ran {
    place.run(&[&EXPORT[..], &[output], more].concat())
}

/// Gives some rows another external id, through an import.
fn edit(place: &Place, chance: &mut Chance, word: &str) {
    let rows = place.run(&["export", "catalog"]).succeeded().out;
    let mut lines = String::new();
    for line in rows.lines().filter(|_| chance.happens(20)) {
        let id = line.split('"').nth(5).unwrap();
        writeln!(lines, r#"{{"data_row":{{"id":"{id}","external_id":"{word}"}}}}"#).unwrap();
    }
    place.write("edit.ndjson", lines.as_bytes());
    place.run(&["import", "labelbox", "edit.ndjson"]).succeeded();
}

#[test]
fn a_nightly_job_keeps_a_result_in_step() {
    let place = Place::with_demo_rows();
    let mut chance = Chance::new(3);
    export(&place, "rows.ndjson", &["--since", "@state"]).succeeded();
    let first = place.read("state");
    assert!(first.starts_with(b"w1.") && first.ends_with(b"\n"), "{first:?}");
    for night in ["monday", "tuesday", "wednesday"] {
        edit(&place, &mut chance, night);
        let ran = export(&place, "delta.ndjson.zst", &["--since", "@state"]).succeeded();
        assert!(ran.err.contains(" in delta.changes.ndjson.zst"), "{}", ran.err);
        place.run(&["verify", "delta.ndjson.zst"]).succeeded();
        place.run(&["apply", "rows.ndjson", "delta.ndjson.zst", "-o", "rows.ndjson"]).succeeded();
        export(&place, "now.ndjson", &[]).succeeded();
        assert!(place.read("rows.ndjson") == place.read("now.ndjson"), "{night}");
        place.run(&["verify", "rows.ndjson"]).succeeded();
    }
    assert_ne!(place.read("state"), first);
    // A dry run goes on from the state, and leaves it as it is.
    let state = place.read("state");
    edit(&place, &mut chance, "thursday");
    let dry = export(&place, "delta.ndjson", &["--since", "@state", "--dry-run"]).succeeded();
    assert!(dry.err.contains("would write"), "{}", dry.err);
    assert_eq!(place.read("state"), state);
}

#[test]
fn deltas_are_applied_one_after_the_other() {
    let place = Place::with_demo_rows();
    let mut chance = Chance::new(4);
    export(&place, "full.ndjson", &[]).succeeded();
    let mut before = "full.ndjson".to_owned();
    let mut names = Vec::new();
    for number in 1..=3 {
        edit(&place, &mut chance, &format!("edit {number}"));
        let name = format!("delta-{number}.ndjson.gz");
        export(&place, &name, &["--since", &before]).succeeded();
        before.clone_from(&name);
        names.push(name);
    }
    export(&place, "now.ndjson", &[]).succeeded();
    let apply = |full: &str, deltas: &[&String], output: &str| {
        let deltas = deltas.iter().map(|name| name.as_str());
        let arguments: Vec<&str> = ["apply", full].into_iter().chain(deltas).chain(["-o", output]).collect();
        place.run(&arguments)
    };
    apply("full.ndjson", &names.iter().collect::<Vec<_>>(), "new.ndjson").succeeded();
    assert!(place.read("new.ndjson") == place.read("now.ndjson"));
    let out = apply("full.ndjson", &names.iter().collect::<Vec<_>>(), "-").succeeded().out;
    assert!(out.as_bytes() == place.read("now.ndjson"));
    // Once more changes nothing.
    apply("new.ndjson", &[&names[2]], "again.ndjson").succeeded();
    assert!(place.read("again.ndjson") == place.read("now.ndjson"));
    // The second without the first leaves a gap.
    apply("full.ndjson", &[&names[1]], "wrong.ndjson").ended(1, &["full.ndjson is at change", "--since full.ndjson"]);
    apply("new.ndjson", &[&names[0], &names[2], &names[1]], "again.ndjson").succeeded();
    assert!(place.read("again.ndjson") == place.read("now.ndjson"));
    apply(&names[0], &[&names[1]], "wrong.ndjson").ended(1, &["is a delta itself", "name a full export first"]);
    apply("full.ndjson", &[&"now.ndjson".to_owned()], "wrong.ndjson").ended(1, &["now.ndjson is a full export"]);
    let other = ["export", "catalog", "-o", "other.ndjson"];
    place.run(&other).succeeded();
    apply("other.ndjson", &[&names[2]], "wrong.ndjson").ended(1, &["another request"]);
    assert!(!place.path("wrong.ndjson").exists());
    assert_eq!(place.hidden_files(), [""; 0]);
}

#[test]
fn files_that_are_not_what_their_manifests_say_are_not_applied() {
    let place = Place::with_demo_rows();
    export(&place, "full.ndjson", &[]).succeeded();
    edit(&place, &mut Chance::new(5), "new");
    export(&place, "delta.ndjson", &["--since", "full.ndjson"]).succeeded();
    let apply = || place.run(&["apply", "full.ndjson", "delta.ndjson", "-o", "new.ndjson"]);
    for (name, said) in [
        ("full.ndjson", "full.ndjson is not what its manifest describes"),
        ("delta.ndjson", "delta.ndjson is not what its manifest describes"),
        ("delta.changes.ndjson", "the file of changes of delta.ndjson is not what its manifest describes"),
    ] {
        let whole = place.read(name);
        let text = String::from_utf8(whole.clone()).unwrap();
        for broken in
            [text.replacen("\"}", "x\"}", 1), format!("{text}{}", text.lines().last().unwrap().to_owned() + "\n")]
        {
            place.write(name, broken.as_bytes());
            apply().ended(1, &[said]);
            place.run(&["verify", name.replace(".changes", "").as_str()]).ended(3, &["SHA-256"]);
        }
        std::fs::remove_file(place.path(name)).unwrap();
        apply().ended(1, &[name]);
        place.write(name, &whole);
    }
    assert!(!place.path("new.ndjson").exists());
    assert_eq!(place.hidden_files(), [""; 0]);
    apply().succeeded();
    let manifest = String::from_utf8(place.read("delta.ndjson.manifest.json")).unwrap();
    place.write("delta.ndjson.manifest.json", manifest.replacen("{\"lines\":", "{\"lines\":7", 1).as_bytes());
    place.run(&["verify", "delta.ndjson"]).ended(3, &["rows, the manifest says 7"]);
}

#[test]
fn a_watermark_that_does_not_fit_is_refused_in_words() {
    let place = Place::with_demo_rows();
    export(&place, "full.ndjson", &[]).succeeded();
    let watermark = String::from_utf8(place.read("full.ndjson.manifest.json")).unwrap();
    let watermark = watermark.split("\"watermark\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    export(&place, "delta.ndjson", &["--since", &watermark]).succeeded();
    let cut = &watermark[..watermark.len() - 1];
    export(&place, "wrong.ndjson", &["--since", cut]).ended(2, &["is not a watermark", "manifest"]);
    export(&place, "wrong.ndjson", &["--label-details", "--since", "nothing.ndjson"]).ended(2, &["is not a watermark"]);
    place.run(&["export", "catalog", "-o", "wrong.ndjson", "--since", &watermark]).ended(1, &["from another request"]);
    place.run(&["export", "catalog", "--everything", "--since", &watermark]).ended(2, &["name a file, such as"]);
    place.write("state", b"moon");
    export(&place, "wrong.ndjson", &["--since", "@state"]).ended(2, &["the file state", "is not a watermark"]);
    // Another workspace with the same rows is another one.
    let other = Place::with_demo_rows();
    export(&other, "wrong.ndjson", &["--since", &watermark]).ended(1, &["from another workspace"]);
    // A backup of before knows nothing of what came after, also when it has counted as many changes again.
    place.run(&["backup", "backup"]).succeeded();
    edit(&place, &mut Chance::new(6), "later");
    export(&place, "later.ndjson", &[]).succeeded();
    place.run(&["--data", "restored", "restore", "backup"]).succeeded();
    let restored = [&["--data", "restored"], &EXPORT[..], &["wrong.ndjson", "--since", "later.ndjson"]].concat();
    place.run(&restored).ended(1, &["restored from a backup", "take a full export"]);
    place.run(&["--data", "restored", "import", "labelbox", "edit.ndjson"]).succeeded();
    place.run(&["--data", "restored", "import", "labelbox", "edit.ndjson"]).succeeded();
    place.run(&restored).ended(1, &["restored from a backup", "take a full export"]);
    assert!(!place.path("wrong.ndjson").exists());
}

#[test]
fn changes_beside_a_result_go_with_it_and_nobody_elses_do() {
    let place = Place::with_demo_rows();
    export(&place, "full.ndjson", &[]).succeeded();
    place.write("rows.changes.ndjson", b"mine");
    export(&place, "rows.ndjson", &["--since", "full.ndjson"]).ended(1, &["rows.changes.ndjson exists"]);
    assert_eq!(place.read("rows.changes.ndjson"), b"mine");
    export(&place, "rows.ndjson", &["--since", "full.ndjson", "--force"]).succeeded();
    assert_eq!(place.read("rows.changes.ndjson"), b"");
    export(&place, "rows.ndjson", &[]).succeeded();
    assert!(!place.path("rows.changes.ndjson").exists(), "a full export has no changes");
    let package = ["export", "catalog", "--everything", "--format", "csv", "-o", "tables"];
    place.run(&package).succeeded();
    let delta = ["export", "catalog", "--everything", "--format", "csv", "-o", "changed", "--since", "tables"];
    place.run(&delta).succeeded();
    assert_eq!(place.read("changed/changes.ndjson"), b"");
    place.run(&["verify", "changed"]).succeeded();
    assert_eq!(place.hidden_files(), [""; 0]);
}

#[test]
fn what_a_delta_needs_is_not_written_over() {
    let place = Place::with_demo_rows();
    export(&place, "full.ndjson", &[]).succeeded();
    let full = place.read("full.ndjson");
    for since in ["full.ndjson", "full.ndjson.manifest.json", "./full.ndjson"] {
        export(&place, "full.ndjson", &["--since", since])
            .ended(2, &["the delta would replace", "write the delta to another file"]);
    }
    assert_eq!(place.read("full.ndjson"), full);
    export(&place, "delta.ndjson", &["--since", "full.ndjson"]).succeeded();
    let delta = place.read("delta.ndjson.manifest.json");
    let apply = ["apply", "full.ndjson", "delta.ndjson", "-o", "./delta.ndjson"];
    place.run(&apply).ended(2, &["the result would replace the delta"]);
    assert_eq!(place.read("delta.ndjson.manifest.json"), delta);
}

#[test]
fn a_state_that_cannot_be_kept_is_refused_before_the_export() {
    let place = Place::with_demo_rows();
    std::fs::create_dir(place.path("folder")).unwrap();
    place.write("empty", b"");
    for (state, said) in [
        ("@nowhere/state", "name a file in a folder that exists"),
        ("@", "name a file in a folder that exists"),
        ("@folder", "is not a file"),
        ("@/dev/zero", "is not a file"),
        ("@empty", "delete the file to start over"),
        ("nothing.ndjson", "the file does not exist"),
    ] {
        export(&place, "rows.ndjson", &["--since", state]).ended(2, &[said]);
    }
    assert!(!place.path("rows.ndjson").exists());
}

#[test]
fn history_is_pruned_on_demand() {
    let place = Place::with_demo_rows();
    export(&place, "full.ndjson", &[]).succeeded();
    edit(&place, &mut Chance::new(7), "new");
    place.run(&["doctor", "--prune-history"]).succeeded().ended(0, &["90 days: no history was forgotten"]);
    export(&place, "delta.ndjson", &["--since", "full.ndjson"]).succeeded();
    place.run(&["apply", "full.ndjson", "delta.ndjson", "-o", "new.ndjson"]).succeeded();
}

#[test]
fn every_format_has_deltas() {
    let place = Place::with_demo_rows();
    let mut chance = Chance::new(8);
    let export = |format: &str, name: &str, more: &[&str]| {
        let arguments =
            ["export", "catalog", "--everything", "--format", format, "--allow-lossy", "--force", "-o", name];
        place.run(&[&arguments[..], more].concat())
    };
    let names: Vec<(&str, String)> = FORMATS
        .iter()
        .map(|format| match format.layout().extension() {
            Some(extension) => (format.name(), format!("{}.{extension}", format.name())),
            None => (format.name(), format!("{}.tar", format.name())),
        })
        .collect();
    for (format, name) in &names {
        export(format, name, &[]).succeeded();
    }
    edit(&place, &mut chance, "new");
    for (format, name) in &names {
        let delta = format!("delta-{name}");
        export(format, &delta, &["--since", name]).succeeded();
        let whole = place.run(&["verify", &delta]);
        // Formats that are one file of another form have no rows to count.
        assert!(whole.code == 0 || whole.err.contains("whose rows cannot be counted"), "{format}: {}", whole.err);
        let changes = place.path(&format!("delta-{format}.changes.ndjson"));
        assert_eq!(changes.exists(), !name.ends_with(".tar"), "{format}");
        // What did not change is not looked at again.
        let manifest = String::from_utf8(place.read(&format!("{delta}.manifest.json"))).unwrap();
        assert!(manifest.contains("\"delta\":{\"since\":\"w1."), "{format}");
    }
}
