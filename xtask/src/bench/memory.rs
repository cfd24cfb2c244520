//! The most memory that each ever holds, for some rows and for ten times as many.

use super::export::{IMAGES, doing};
use super::line::{Line, Target};
use super::measure;
use super::setup::Bench;
use std::process::Command;

/// The most memory, in MiB.
const LIMIT_MIB: f64 = 150.0;

pub(crate) fn lines(bench: &Bench) -> Result<Vec<Line>, String> {
    let mut lines = Vec::new();
    for place in ["image-tenth", "image"] {
        let rows = bench.rows(place);
        let export = bench.export(place, IMAGES);
        lines.push(line(
            format!("memory of an export of {rows} rows"),
            doing(export, |command| measure::run(command, None, 1.0)),
        ));
        let (binary, file, fresh) = (bench.binary.clone(), bench.rows_file(place), bench.folder.join("fresh"));
        lines.push(line(
            format!("memory of an import of {rows} rows"),
            Box::new(move || {
                if fresh.exists() {
                    std::fs::remove_dir_all(&fresh).map_err(|error| error.to_string())?;
                }
                let mut command = Command::new(&binary);
                command.arg("--data").arg(&fresh).args(["import", "labelbox"]).arg(&file);
                measure::run(&mut command, None, 1.0)
            }),
        ));
    }
    Ok(lines)
}

fn line(name: String, ours: super::line::Doing) -> Line {
    Line { name, yardstick: String::new(), target: Target::PeakMib(LIMIT_MIB), ours, theirs: None }
}
