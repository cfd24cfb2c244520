//! Formats to train on, compared with a converter of the same rows, which comes from PyPI.

use super::export::{IMAGES, doing};
use super::line::{Line, Target};
use super::measure;
use super::setup::Bench;
use std::process::Command;

/// How many rows the converter gets: it holds them all in memory, three gigabytes for these. Both sides are whole processes
/// and compared by row.
const ROWS: u64 = 100_000;

/// What both sides write: the name of the format, what it is called, and what the converter writes to.
const TARGETS: &[(&str, &str, &str)] = &[("coco", "COCO", "convert.json"), ("yolo", "YOLO", "convert.yolo")];

pub(crate) fn lines(bench: &Bench) -> Result<Vec<Line>, String> {
    let sample = bench.folder.join("convert.ndjson");
    let exported = bench.exported("image", IMAGES)?;
    let rows = ROWS.min(bench.rows("image"));
    measure::run(Command::new("head").arg("-n").arg(rows.to_string()).arg(&exported), Some(&sample), 0.0)?;
    Ok(TARGETS.iter().map(|target| line(bench, *target, rows)).collect())
}

fn line(bench: &Bench, (format, name, target): (&'static str, &str, &str), rows: u64) -> Line {
    let sample = bench.folder.join("convert.ndjson");
    let target = bench.folder.join(target);
    let all = bench.rows("image");
    let python = bench.python("panlabel", &["panlabel==0.7.0"]);
    let mut ours = bench.export("image", IMAGES);
    ours.args(["--format", format, "--allow-lossy", "--force", "-o"]).arg(bench.folder.join("convert.tar"));
    Line {
        name: format!("export of the image project to {name}, in an archive"),
        yardstick: "panlabel 0.7 converts the same rows, by row".to_owned(),
        target: Target::Times(10.0),
        ours: doing(ours, move |command| measure::run(command, None, all as f64)),
        theirs: Some(Box::new(move || {
            let program = python.as_ref().map_err(Clone::clone)?.with_file_name("panlabel");
            let removed = if target.is_dir() { std::fs::remove_dir_all(&target) } else { Ok(()) };
            removed.map_err(|error| format!("{}: {error}", target.display()))?;
            let mut command = Command::new(program);
            command.args(["convert", "--from", "labelbox", "--to", format, "--allow-lossy", "--input"]).arg(&sample);
            measure::run(command.arg("--output").arg(&target), None, rows as f64)
        })),
    }
}
