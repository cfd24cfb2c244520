//! The most memory that each ever holds, for some rows and for ten times as many.

use super::export::{IMAGES, doing};
use super::line::{Doing, Line, Target};
use super::measure;
use super::setup::Bench;
use std::process::Command;

/// The most memory, in MiB.
const LIMIT_MIB: f64 = 150.0;

/// What a process of a workspace does.
type Subject = fn(&Bench, &str) -> Doing;

pub(crate) fn lines(bench: &Bench) -> Result<Vec<Line>, String> {
    let rows = bench.rows("image");
    let subjects: [(&str, Subject); 3] =
        [("an export", plain), ("an export to `.ndjson.zst`", packed), ("an import", import)];
    let line = |(name, subject): (&str, Subject)| Line {
        name: format!("memory of {name} of {rows} rows"),
        yardstick: "memory of a tenth of them".to_owned(),
        target: Target::PeakMib(LIMIT_MIB),
        ours: subject(bench, "image"),
        theirs: Some(subject(bench, "image-tenth")),
    };
    Ok(subjects.into_iter().map(line).collect())
}

fn plain(bench: &Bench, place: &str) -> Doing {
    doing(bench.export(place, IMAGES), |command| measure::run(command, None, 1.0))
}

fn packed(bench: &Bench, place: &str) -> Doing {
    let mut command = bench.export(place, IMAGES);
    command.arg("-o").arg(bench.folder.join("out.ndjson.zst"));
    doing(command, |command| measure::run(command, None, 1.0))
}

fn import(bench: &Bench, place: &str) -> Doing {
    let (binary, file, fresh) = (bench.binary.clone(), bench.rows_file(place), bench.folder.join("fresh"));
    Box::new(move || {
        if fresh.exists() {
            std::fs::remove_dir_all(&fresh).map_err(|error| error.to_string())?;
        }
        let mut command = Command::new(&binary);
        command.arg("--data").arg(&fresh).args(["import", "labelbox"]).arg(&file);
        measure::run(&mut command, None, 1.0)
    })
}
