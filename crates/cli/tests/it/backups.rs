//! Backups of a workspace that another process writes to, and data folders on media that cannot be written.

use crate::support::{Mount, Place, first_words};

use std::io::Write;
use std::process::{Child, Stdio};

const ROWS: u64 = 3_000;
/// How many rows go to an import at once.
const PORTION: usize = 100;

fn export(place: &Place, data: &str) -> String {
    place.run(&["--data", data, "export", "catalog", "--everything"]).succeeded().out
}

/// Returns the change counter of a backup.
fn change_seq(place: &Place, backup: &str) -> String {
    let list = String::from_utf8(place.read(&format!("{backup}/backup.json"))).unwrap();
    list.split("\"change_seq\": ").nth(1).unwrap().split(',').next().unwrap().to_owned()
}

#[test]
fn backups_during_an_import_of_another_process_are_each_the_state_of_one_commit() {
    let place = Place::empty();
    let rows: Vec<String> = labelport_samples::image_rows(ROWS).map(|row| row + "\n").collect();
    // The first file is committed before the import waits for its standard input: then it is surely under way.
    place.write("first.ndjson", rows[..PORTION].concat().as_bytes());
    let mut import = place.command(&["--json", "import", "labelbox", "first.ndjson", "-"]);
    let mut import = import.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = std::io::BufReader::new(import.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("file imported") {
        line.clear();
        assert!(std::io::BufRead::read_line(&mut said, &mut line).unwrap() > 0);
    }
    let mut input = import.stdin.take().unwrap();
    let mut backups = Vec::new();
    for (number, portion) in rows[PORTION..].chunks(PORTION * 10).enumerate() {
        let name = format!("backup-{number}");
        place.run(&["backup", &name]).succeeded();
        backups.push(name);
        input.write_all(portion.concat().as_bytes()).unwrap();
    }
    // The import commits what it has read while this is made.
    drop(input);
    place.run(&["backup", "backup-last"]).succeeded();
    backups.push("backup-last".to_owned());
    assert!(wait(&mut import), "the import failed");
    let whole = export(&place, "labelport-data");
    assert_eq!(whole.lines().count() as u64, ROWS);
    for backup in &backups {
        let data = format!("from-{backup}");
        place.run(&["--data", &data, "restore", backup]).succeeded();
        let restored = export(&place, &data);
        // Rows are exported in the order in which they came, so an earlier state is the beginning of a later one.
        assert!(whole.starts_with(&restored) && restored.lines().count() >= PORTION, "{backup} is no state of its own");
        place.run(&["--data", &data, "export", "catalog", "--everything", "-o", &format!("{data}.ndjson")]).succeeded();
        let manifest = String::from_utf8(place.read(&format!("{data}.ndjson.manifest.json"))).unwrap();
        assert!(manifest.contains(&format!("\"change_seq\":{},", change_seq(&place, backup))), "{backup}: {manifest}");
        place.run(&["--data", &data, "doctor"]).succeeded();
    }
    assert_eq!(export(&place, "from-backup-0").lines().count(), PORTION, "the first backup saw what was not committed");
}

fn wait(child: &mut Child) -> bool {
    child.wait().unwrap().success()
}

#[test]
fn a_backup_and_a_restore_say_what_they_refuse() {
    let place = Place::with_demo_rows();
    place.run(&["backup", "labelport-data/backup"]).ended(1, &["is in the data folder labelport-data"]);
    place.run(&["backup", "copy"]).ended(0, &["backed up to copy: 1 file, "]);
    place.run(&["backup", "copy"]).ended(1, &["copy is not empty"]);
    place.run(&["restore", "copy"]).ended(1, &["labelport-data is not empty"]);
    place.run(&["--data", "new", "restore", "nothing"]).ended(1, &["nothing is not a backup"]);
    let database = place.read("copy/database.sqlite");
    place.write("copy/database.sqlite", &database[1..]);
    place.run(&["--data", "new", "restore", "copy"]).ended(1, &["copy/database.sqlite is damaged"]);
    assert!(!place.path("new").exists());
    place.write("copy/database.sqlite", &database);
    place.run(&["--data", "new", "restore", "copy"]).ended(0, &["restored new: 1 file, "]);
    assert_eq!(export(&place, "new"), export(&place, "labelport-data"));
    place.run(&["--data", "copy", "list", "projects"]).ended(1, &["there is no data folder"]);
}

#[test]
fn a_database_that_was_copied_without_its_log_is_reported() {
    let place = Place::with_demo_rows();
    // The index of the log came along, and the log did not.
    place.write("labelport-data/labelport.sqlite-shm", &[0; 32_768]);
    place.run(&["doctor"]).ended(3, &["warning: the database in labelport-data was copied without its log", "log: "]);
    place.run(&["doctor"]).succeeded();
}

#[test]
fn a_data_folder_on_a_read_only_mount_is_listed_exported_and_verified() {
    let place = Place::with_demo_rows();
    let expected = export(&place, "labelport-data");
    place.run(&["export", "catalog", "-o", "earlier.ndjson"]).succeeded();
    let task = first_words(&place.run(&["list", "tasks"]).succeeded().out)[0].to_owned();
    let Some(_mount) = Mount::read_only(&place, "labelport-data") else {
        // The store's tests open such a folder by a function of its own.
        eprintln!("skipped: only an administrator can mount a folder read-only");
        return;
    };
    std::fs::write(place.path("labelport-data/probe"), "").unwrap_err();
    assert!(place.run(&["list", "projects"]).succeeded().err.is_empty());
    let exported = place.run(&["export", "catalog", "--everything"]).succeeded();
    assert_eq!(exported.out, expected);
    assert!(!exported.err.contains("notice"), "{exported:?}");
    place.run(&["export", "catalog", "-o", "rows.ndjson"]).succeeded();
    place.run(&["verify", "rows.ndjson"]).succeeded();
    place.run(&["verify", &task]).succeeded();
    place.run(&["doctor"]).succeeded();
    place.run(&["backup", "copy"]).succeeded();
    place.write("image.ndjson", &labelport_samples::demo().files[0].ndjson);
    for arguments in [&["import", "labelbox", "image.ndjson"][..], &["key", "create"]] {
        place.run(arguments).ended(1, &["cannot be written (it is read-only)"]);
    }
}
