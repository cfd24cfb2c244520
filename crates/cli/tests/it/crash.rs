//! `kill -9` at any moment: what was acknowledged is there, the store is sound, no half result exists.

use crate::support::{Place, Ran};
use labelport_samples::Chance;
use labelport_store::testing;
use std::collections::BTreeSet;
use std::io::Read;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// How often each command is killed.
fn kills() -> u64 {
    testing::repetitions(200)
}
/// How many files an import has, and how many rows each.
const FILES: usize = 30;
const ROWS_PER_FILE: usize = 12;

#[test]
fn an_import_killed_anywhere_keeps_every_acknowledged_file() {
    let mut chance = Chance::new(1);
    let rows: Vec<String> = labelport_samples::image_rows((FILES * ROWS_PER_FILE) as u64).collect();
    let files: Vec<(String, String)> = rows
        .chunks(ROWS_PER_FILE)
        .enumerate()
        .map(|(index, rows)| (format!("part-{index:02}.ndjson"), rows.join("\n") + "\n"))
        .collect();
    let make = || {
        let place = Place::empty();
        files.iter().for_each(|(name, text)| place.write(name, text.as_bytes()));
        place
    };
    let mut arguments = vec!["--json", "import", "labelbox"];
    arguments.extend(files.iter().map(|(name, _)| name.as_str()));
    let whole = time(&make(), &arguments);
    let mut place = make();
    let mut interrupted = 0;
    for _ in 0..kills() {
        let killed = run_and_kill(&place, &arguments, whole, &mut chance);
        let acknowledged: BTreeSet<&str> = killed
            .err
            .lines()
            .filter(|line| line.contains("\"file imported\""))
            .filter_map(|line| line.split("\"file\":\"").nth(1)?.split('"').next())
            .collect();
        interrupted += u64::from(acknowledged.len() < FILES);
        if place.database().has_store(&place.path("labelport-data")) {
            check_sound(&place);
            let stored = place.run(&["export", "catalog"]);
            // A folder that was killed before it had its schema is taken up by the next command.
            let stored: BTreeSet<String> = stored.succeeded().out.lines().map(row_id).collect();
            for (name, text) in files.iter().filter(|(name, _)| acknowledged.contains(name.as_str())) {
                assert!(
                    text.lines().all(|line| stored.contains(&row_id(line))),
                    "rows of {name} were acknowledged and lost"
                );
            }
        } else {
            assert!(acknowledged.is_empty());
        }
        if acknowledged.len() == FILES || chance.happens(20) {
            // Half of what is imported is done; a fresh folder meets the other moments too.
            place = make();
        }
    }
    assert!(interrupted > kills() / 4, "only {interrupted} of {} imports were interrupted", kills());
}

#[test]
fn an_export_killed_anywhere_leaves_a_whole_result_or_none() {
    let mut chance = Chance::new(2);
    let place = Place::empty();
    let rows: Vec<String> = labelport_samples::image_rows(3_000).collect();
    place.write("rows.ndjson", (rows.join("\n") + "\n").as_bytes());
    place.run(&["import", "labelbox", "rows.ndjson"]).succeeded();
    let arguments = ["export", "catalog", "--everything", "-o", "result.ndjson"];
    let whole = time(&place, &arguments);
    let expected = place.read("result.ndjson");
    let manifest = place.read("result.ndjson.manifest.json");
    let mut absent = 0;
    for _ in 0..kills() {
        drop(std::fs::remove_file(place.path("result.ndjson")));
        drop(std::fs::remove_file(place.path("result.ndjson.manifest.json")));
        run_and_kill(&place, &arguments, whole, &mut chance);
        let is_there = place.path("result.ndjson").exists();
        absent += u64::from(!is_there);
        if is_there {
            assert!(place.read("result.ndjson") == expected, "a result exists and is not whole");
        }
        if place.path("result.ndjson.manifest.json").exists() {
            assert!(is_there, "a manifest exists without its result");
            assert!(place.read("result.ndjson.manifest.json") == manifest, "a manifest exists and is not whole");
        }
        let visible = place.visible_files();
        let known = ["labelport-data", "result.ndjson", "result.ndjson.manifest.json", "rows.ndjson"];
        assert!(visible.iter().all(|name| known.contains(&name.as_str())), "{visible:?}");
    }
    assert!(absent > kills() / 4, "only {absent} of {} exports were interrupted", kills());
    check_sound(&place);
    // The next export takes over what a killed one left. A result that was killed before it had its manifest could be
    // anybody's, and is replaced on demand alone.
    let is_alone = place.path("result.ndjson").exists() && !place.path("result.ndjson.manifest.json").exists();
    let forced = [&arguments[..], &["--force"]].concat();
    place.run(if is_alone { &forced } else { &arguments }).succeeded();
    assert!(place.read("result.ndjson") == expected);
    assert_eq!(place.hidden_files(), [""; 0]);
}

/// How often an import, a delta and what is made of it are killed.
const ROUNDS: usize = 50;

#[test]
fn a_delta_is_exact_whatever_was_killed_before() {
    let mut chance = Chance::new(3);
    let place = Place::empty();
    let rows: Vec<String> = labelport_samples::image_rows(600).collect();
    place.write("rows.ndjson", (rows.join("\n") + "\n").as_bytes());
    place.run(&["import", "labelbox", "rows.ndjson"]).succeeded();
    let full = ["export", "catalog", "--everything", "--force", "-o", "full.ndjson"];
    let import = ["import", "labelbox", "edit.ndjson"];
    let delta = ["export", "catalog", "--everything", "--force", "-o", "delta.ndjson", "--since", "full.ndjson"];
    let apply = ["apply", "full.ndjson", "delta.ndjson", "-o", "full.ndjson"];
    place.run(&full).succeeded();
    let mut whole = time(&place, &delta);
    let (mut has_no_delta, mut has_no_manifest) = (0, 0);
    for round in 0..ROUNDS {
        let mut edited = String::new();
        for _ in 0..40 {
            let row = chance.pick(&rows).unwrap();
            edited.push_str(&row.replacen("\"external_id\":\"", &format!("\"external_id\":\"{round} "), 1));
            edited.push('\n');
        }
        place.write("edit.ndjson", edited.as_bytes());
        drop(std::fs::remove_file(place.path("delta.ndjson.manifest.json")));
        run_and_kill(&place, &import, whole, &mut chance);
        run_and_kill(&place, &delta, whole, &mut chance);
        has_no_delta += usize::from(!place.path("delta.ndjson.manifest.json").exists());
        run_and_kill(&place, &apply, whole, &mut chance);
        // Between a result and its manifest is a moment in which a kill leaves a result that nobody knows.
        if !place.path("full.ndjson.manifest.json").exists() {
            has_no_manifest += 1;
            place.run(&full).succeeded();
        }
        // How long a command takes depends on what else the machine does.
        whole = time(&place, &delta);
        place.run(&apply).succeeded();
        place.run(&["export", "catalog", "--everything", "--force", "-o", "now.ndjson"]).succeeded();
        assert!(place.read("full.ndjson") == place.read("now.ndjson"), "round {round}");
    }
    assert!(has_no_delta > ROUNDS / 10, "only {has_no_delta} of {ROUNDS} deltas were interrupted");
    assert!(has_no_manifest <= ROUNDS / 10, "{has_no_manifest} of {ROUNDS} manifests were lost");
    check_sound(&place);
}

#[test]
fn a_result_killed_before_its_manifest_gets_it_from_the_next_command() {
    let place = Place::with_demo_rows();
    let hidden = |name: &str| place.path(&format!(".{name}.c0123456789abcdefghijklmn.partial"));
    let hide = |name: &str| std::fs::rename(place.path(name), hidden(name)).unwrap();
    place.run(&["export", "catalog", "-o", "full.ndjson.zst"]).succeeded();
    hide("full.ndjson.zst.manifest.json");
    place.run(&["export", "catalog", "-o", "delta.ndjson", "--since", "full.ndjson.zst"]).succeeded();
    hide("delta.ndjson.manifest.json");
    hide("delta.changes.ndjson");
    place.run(&["apply", "full.ndjson.zst", "delta.ndjson", "-o", "new.ndjson"]).succeeded();
    hide("new.ndjson.manifest.json");
    place.run(&["verify", "new.ndjson"]).succeeded();
    hide("new.ndjson.manifest.json");
    place.run(&["export", "catalog", "-o", "new.ndjson", "--dry-run"]).ended(1, &["not a result that labelport wrote"]);
    assert!(hidden("new.ndjson.manifest.json").exists(), "a dry run changes nothing");
    place.run(&["export", "catalog", "-o", "new.ndjson"]).succeeded();
    assert_eq!(place.hidden_files(), [""; 0]);
    // A manifest that describes another file is not the one of this.
    hide("new.ndjson.manifest.json");
    place.write("new.ndjson", b"mine");
    place.run(&["export", "catalog", "-o", "new.ndjson"]).ended(1, &["not a result that labelport wrote"]);
    assert_eq!(place.read("new.ndjson"), b"mine");
}

fn row_id(line: &str) -> String {
    line.split('"').nth(5).unwrap_or_default().to_owned()
}

#[track_caller]
fn check_sound(place: &Place) {
    place.run(&["doctor"]).succeeded();
}

/// Runs a command to its end and returns how long it took.
fn time(place: &Place, arguments: &[&str]) -> Duration {
    let started = now();
    place.run(arguments).succeeded();
    started.elapsed()
}

/// Starts a command, kills it at a random moment of the time it takes, and returns what it had said.
fn run_and_kill(place: &Place, arguments: &[&str], whole: Duration, chance: &mut Chance) -> Ran {
    let mut child = place.command(arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let micros = chance.below(whole.as_micros() as u64);
    std::thread::sleep(Duration::from_micros(micros));
    kill(&mut child);
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    Ran { code: -1, out: String::new(), err }
}

fn kill(child: &mut Child) {
    // A command that has ended by itself cannot be killed any more.
    drop(child.kill());
    child.wait().unwrap();
}

#[expect(clippy::disallowed_methods, reason = "the test chooses its moments within the time that a command takes")]
fn now() -> Instant {
    Instant::now()
}
