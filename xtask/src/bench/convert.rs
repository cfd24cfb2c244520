//! Formats to train on, compared with a converter of the same rows, which comes from PyPI.

use super::export::{IMAGES, doing};
use super::line::{Line, Target};
use super::measure;
use super::setup::Bench;
use std::process::Command;

/// How many rows the converter gets: it holds them all in memory, three gigabytes for these. Both sides are whole processes
/// and compared by row.
const ROWS: u64 = 100_000;

pub(crate) fn lines(bench: &Bench) -> Result<Vec<Line>, String> {
    let sample = bench.folder.join("convert.ndjson");
    let exported = bench.exported("image", IMAGES)?;
    let all = bench.rows("image");
    let rows = ROWS.min(all);
    measure::run(Command::new("head").arg("-n").arg(rows.to_string()).arg(&exported), Some(&sample), 0.0)?;
    let python = bench.python("panlabel", &["panlabel==0.7.0"]);
    let target = bench.folder.join("convert.yolo");
    let mut ours = bench.export("image", IMAGES);
    ours.args(["--format", "yolo", "--allow-lossy", "--force", "-o"]).arg(bench.folder.join("convert.tar"));
    Ok(vec![Line {
        name: "export of the image project to YOLO, in an archive".to_owned(),
        yardstick: "panlabel 0.7 converts the same rows to a folder, by row".to_owned(),
        target: Target::Times(10.0),
        ours: doing(ours, move |command| measure::run(command, None, all as f64)),
        theirs: Some(Box::new(move || {
            let program = python.as_ref().map_err(Clone::clone)?.with_file_name("panlabel");
            if target.exists() {
                std::fs::remove_dir_all(&target).map_err(|error| format!("{}: {error}", target.display()))?;
            }
            let mut command = Command::new(program);
            command.args(["convert", "--from", "labelbox", "--to", "yolo", "--allow-lossy", "--input"]).arg(&sample);
            measure::run(command.arg("--output").arg(&target), None, rows as f64)
        })),
    }])
}
