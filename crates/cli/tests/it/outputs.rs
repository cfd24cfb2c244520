//! What commands write, and what they never overwrite.

use crate::support::{Mount, Place, binary};

use rustix::process::{Pid, Signal, kill_process};
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

const EXPORT: [&str; 4] = ["export", "catalog", "--everything", "-o"];

fn export(place: &Place, output: &str, more: &[&str]) -> crate::support::Ran {
    place.run(&[&EXPORT[..], &[output], more].concat())
}

#[test]
fn an_export_onto_the_data_folder_is_refused_and_changes_nothing() {
    let place = Place::with_demo_rows();
    std::os::unix::fs::symlink("labelport-data", place.path("link")).unwrap();
    std::fs::hard_link(place.path("labelport-data/labelport.sqlite"), place.path("hard")).unwrap();
    let before = place.run(&["export", "catalog"]).succeeded().out;
    for output in [
        "labelport-data/labelport.sqlite",
        "labelport-data/rows.ndjson",
        "labelport-data",
        "./labelport-data/../labelport-data/new/rows.ndjson",
        "link/labelport.sqlite",
        "/proc/self/cwd/labelport-data/labelport.sqlite",
    ] {
        for more in [&[][..], &["--force"], &["--dry-run"]] {
            export(&place, output, more).ended(1, &["is in the data folder labelport-data", "name a file elsewhere"]);
        }
    }
    export(&place, "hard", &["--force"]).ended(1, &["is the same file as"]);
    assert_eq!(place.run(&["export", "catalog"]).succeeded().out, before);
}

#[test]
fn an_export_to_a_second_mount_of_the_data_folder_is_refused() {
    let place = Place::with_demo_rows();
    std::fs::create_dir(place.path("mounted")).unwrap();
    let Some(_mount) = Mount::bind(&place, "labelport-data", "mounted") else {
        eprintln!("skipped: only an administrator can mount a folder");
        return;
    };
    export(&place, "mounted/labelport.sqlite", &["--force"]).ended(1, &["is in the data folder"]);
    export(&place, "mounted/new.ndjson", &[]).ended(1, &["is in the data folder"]);
}

#[test]
fn only_results_are_replaced_unless_force_is_given() {
    let place = Place::with_demo_rows();
    place.write("mine.ndjson", b"mine");
    export(&place, "mine.ndjson", &[]).ended(1, &["mine.ndjson exists and is not a result", "--force"]);
    place.write("rows.ndjson.manifest.json", b"mine");
    export(&place, "rows.ndjson", &[]).ended(1, &["rows.ndjson.manifest.json", "not a manifest", "--force"]);
    assert_eq!(place.read("mine.ndjson"), b"mine");
    assert!(!place.path("rows.ndjson").exists());
    assert_eq!(place.read("rows.ndjson.manifest.json"), b"mine");
    for (output, more) in [("mine.ndjson", &["--force"][..]), ("rows.ndjson", &["--force"]), ("rows.ndjson", &[])] {
        export(&place, output, more).succeeded();
        place.run(&["verify", output]).succeeded();
    }
    // A damaged result is still a result.
    place.write("rows.ndjson", b"damaged");
    export(&place, "rows.ndjson", &[]).succeeded();
    place.run(&["verify", "rows.ndjson"]).succeeded();
}

#[test]
fn an_empty_name_is_refused_in_words() {
    let place = Place::with_demo_rows();
    place.run(&["export", "catalog", "-o", ""]).ended(1, &["the name of the file to write is empty"]);
}

#[test]
fn endings_of_other_formats_are_refused_with_those_there_are() {
    let place = Place::with_demo_rows();
    for ending in ["csv", "parquet", "zip", "ndjson.xz", "json", "tar.gz"] {
        let name = format!("rows.{ending}");
        export(&place, &name, &["--force"]).ended(2, &[&name, ".ndjson, .ndjson.gz, .ndjson.zst"]);
        assert!(!place.path(&name).exists());
    }
    export(&place, "ROWS.NDJSON.GZ", &[]).succeeded();
    assert!(place.read("ROWS.NDJSON.GZ").starts_with(b"\x1f\x8b"));
    export(&place, "rows", &[]).succeeded();
    assert!(place.read("rows").starts_with(b"{"));
}

#[test]
fn devices_and_pipes_are_written_where_they_are() {
    let place = Place::with_demo_rows();
    let expected = place.run(&["export", "catalog", "--everything"]).succeeded().out;
    export(&place, "/dev/null", &[]).succeeded();
    // Nothing is made there.
    export(&place, "/dev/labelport-test.ndjson", &[]).ended(1, &["/dev/labelport-test.ndjson cannot be written"]);
    assert_eq!(export(&place, "/dev/stdout", &[]).succeeded().out, expected);
    // Also when a shell leads it to a file.
    let file = std::fs::File::create(place.path("led.csv")).unwrap();
    let status =
        place.command(&[&EXPORT[..], &["/dev/stdout"]].concat()).stdout(file).stderr(Stdio::null()).status().unwrap();
    assert!(status.success() && place.read("led.csv") == expected.as_bytes());
    let mut file = std::fs::File::create(place.path("led.csv")).unwrap();
    std::io::Write::write_all(&mut file, b"before\n").unwrap();
    let status =
        place.command(&[&EXPORT[..], &["/dev/fd/0"]].concat()).stdin(file).stderr(Stdio::null()).status().unwrap();
    assert!(status.success() && place.read("led.csv") == [b"before\n", expected.as_bytes()].concat());
    let pipe = place.path("pipe.csv");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::from_bits_truncate(0o600)).unwrap();
    let reader = std::thread::spawn(move || std::fs::read(pipe).unwrap());
    export(&place, "pipe.csv", &[]).succeeded();
    assert!(reader.join().unwrap() == expected.as_bytes());
    assert!(place.visible_files().iter().all(|name| !name.ends_with("manifest.json")));
}

/// Runs a command until it has begun something, and ends it with a signal. Returns its exit status and what it said.
fn interrupt(place: &Place, arguments: &[&str], signal: Signal, has_begun: &dyn Fn() -> bool) -> (Option<i32>, String) {
    let mut child = place.command(arguments).stderr(Stdio::piped()).spawn().unwrap();
    while !has_begun() && child.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    let _ = kill_process(Pid::from_child(&child), signal);
    let output = child.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_signal_removes_what_is_unfinished_and_is_the_exit_status() {
    // An export of every frame runs until the signal comes.
    let place = Place::with_rows_and_an_endless_video(4_000);
    let is_filled = || place.path("copy").read_dir().is_ok_and(|mut entries| entries.next().is_some());
    for (signal, code) in [(Signal::HUP, 129), (Signal::INT, 130), (Signal::TERM, 143)] {
        let arguments = [&EXPORT[..], &["out.ndjson"]].concat();
        let (status, said) = interrupt(&place, &arguments, signal, &|| !place.hidden_files().is_empty());
        assert!(status == Some(code) && said.contains("interrupted"), "{status:?}: {said}");
        assert!(place.hidden_files().is_empty() && !place.path("out.ndjson").exists());
        // A backup ends by itself: a signal that comes too late is tried again.
        let ended = (0..20).find_map(|_| {
            drop(std::fs::remove_dir_all(place.path("copy")));
            let ended = interrupt(&place, &["backup", "copy"], signal, &is_filled);
            (ended.0 != Some(0)).then_some(ended)
        });
        assert_eq!(ended.unwrap().0, Some(code));
        assert!(!is_filled(), "an interrupted backup left something");
    }
}

#[test]
fn the_data_folder_is_private_and_an_open_one_is_closed_with_a_notice() {
    let place = Place::empty();
    let mode = |name: &str| place.path(name).metadata().unwrap().permissions().mode() & 0o777;
    let run = |arguments: &[&str]| {
        let mut command = std::process::Command::new("sh");
        command.args(["-c", "umask 0; exec \"$0\" \"$@\""]).arg(binary()).args(arguments);
        command.current_dir(place.path(".")).env_remove("LABELPORT_DATA");
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    run(&["demo"]);
    let own = ["labelport-demo/labelport.sqlite", "labelport-demo/exports/catalog.ndjson"];
    assert_eq!([mode("labelport-demo"), mode("labelport-demo/exports")], [0o700; 2]);
    assert_eq!(own.map(mode), [0o600; 2]);
    run(&["--data", "labelport-demo", "export", "catalog", "-o", "rows.ndjson"]);
    assert_eq!(mode("rows.ndjson"), 0o666);
    for (name, mode) in [("labelport-demo", 0o755), (own[0], 0o644), (own[1], 0o644)] {
        std::fs::set_permissions(place.path(name), PermissionsExt::from_mode(mode)).unwrap();
    }
    let notice = "notice: other users of this machine could read labelport-demo";
    assert!(run(&["--data", "labelport-demo", "list", "projects"]).contains(notice));
    assert_eq!((mode("labelport-demo"), own.map(mode)), (0o700, [0o600; 2]));
    assert!(!run(&["--data", "labelport-demo", "list", "projects"]).contains(notice));
}

#[test]
fn a_folder_that_is_no_workspace_keeps_its_permissions() {
    let place = Place::empty();
    std::fs::create_dir(place.path("home")).unwrap();
    place.write("home/notes.txt", b"mine");
    let modes = || ["home", "home/notes.txt"].map(|name| place.path(name).metadata().unwrap().permissions().mode());
    std::fs::set_permissions(place.path("home"), PermissionsExt::from_mode(0o755)).unwrap();
    let before = modes();
    place.run(&["--data", "home", "list", "projects"]).ended(1, &["there is no data folder at home"]);
    place.run(&["--data", "home", "restore", "nothing"]).ended(1, &["nothing is not a backup"]);
    assert_eq!(modes(), before);
}
