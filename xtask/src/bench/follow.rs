//! Results that follow the data: what changed in a thousand rows, and the whole result that it makes of the one before.

use super::export::{IMAGES, doing};
use super::line::{Line, Target};
use super::measure;
use super::setup::{Bench, size_of};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Command;

/// How many rows changed.
const CHANGED: u64 = 1_000;

pub(crate) fn lines(bench: &Bench) -> Result<Vec<Line>, String> {
    let path = |name: &str| bench.folder.join(name);
    let (full, delta, made) = (path("follow.full.ndjson"), path("follow.delta.ndjson"), path("follow.made.ndjson"));
    if !full.exists() {
        measure::run(bench.export("image", IMAGES).arg("-o").arg(&full), None, 0.0)?;
    }
    let edit = path("follow.edit.ndjson");
    std::fs::write(&edit, edited(&full, bench.rows("image") / CHANGED)?).map_err(|error| error.to_string())?;
    // Another time they are as they are already.
    measure::run(bench.labelport("image").args(["import", "labelbox"]).arg(&edit), None, 0.0)?;
    let mut since = bench.export("image", IMAGES);
    since.args(["--force", "-o"]).arg(&delta).arg("--since").arg(&full);
    measure::run(&mut since, None, 0.0)?;
    let mut apply = Command::new(&bench.binary);
    apply.arg("apply").args([&full, &delta]).args(["--force", "-o"]).arg(&made);
    let mut copy = Command::new("cp");
    copy.arg(&full).arg(path("follow.copy.ndjson"));
    let bytes = size_of(&full);
    let mut nothing = Command::new(&bench.binary);
    nothing.arg("--version");
    Ok(vec![
        Line {
            name: "export of what changed, a thousand rows, to a file".to_owned(),
            yardstick: "the process that does nothing: `labelport --version`".to_owned(),
            target: Target::Millis(50.0),
            ours: doing(since, |command| measure::run(command, None, CHANGED as f64)),
            theirs: Some(doing(nothing, |command| measure::run(command, None, CHANGED as f64))),
        },
        Line {
            name: "apply of that to the result before, by its size".to_owned(),
            yardstick: "`cp` of the result before".to_owned(),
            target: Target::Share(0.3),
            ours: doing(apply, move |command| measure::run(command, None, bytes)),
            theirs: Some(doing(copy, move |command| measure::run(command, None, bytes))),
        },
    ])
}

/// Returns lines that give every so many rows of a result another external id.
fn edited(full: &Path, step: u64) -> Result<String, String> {
    let file = std::fs::File::open(full).map_err(|error| error.to_string())?;
    let mut lines = String::new();
    for line in BufReader::new(file).lines().step_by(usize::try_from(step.max(1)).unwrap_or(1)) {
        let line = line.map_err(|error| error.to_string())?;
        let id = line.split("\"id\":\"").nth(1).and_then(|rest| rest.split('"').next());
        let id = id.ok_or("a row has no id")?;
        // Writing to a string cannot fail. Names stay different: where rows share one, exports to other formats take longer.
        let _ = writeln!(lines, r#"{{"data_row":{{"id":"{id}","external_id":"changed-{id}"}}}}"#);
    }
    Ok(lines)
}
