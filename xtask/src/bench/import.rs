//! Imports, compared with printing the same JSON compactly.

use super::export::{IMAGES, doing};
use super::line::{Line, Target};
use super::measure;
use super::setup::Bench;
use std::process::Command;

/// Of more rows a tenth is imported.
const ENOUGH_ROWS: u64 = 200_000;

pub(crate) fn lines(bench: &Bench) -> Result<Vec<Line>, String> {
    // An import of a million rows ten times over would be the whole benchmark.
    let place = if bench.rows("image") > ENOUGH_ROWS { "image-tenth" } else { "image" };
    let file = bench.exported(place, IMAGES)?;
    let rows = bench.rows(place) as f64;
    let fresh = bench.folder.join("fresh");
    let import = {
        let (binary, file, fresh) = (bench.binary.clone(), file.clone(), fresh.clone());
        move || {
            if fresh.exists() {
                std::fs::remove_dir_all(&fresh).map_err(|error| error.to_string())?;
            }
            let mut command = Command::new(&binary);
            command.arg("--data").arg(&fresh).args(["import", "labelbox"]).arg(&file);
            measure::run(&mut command, None, rows)
        }
    };
    let mut jq = Command::new("jq");
    jq.args(["-c", "."]).arg(&file);
    let again = import.clone();
    Ok(vec![
        Line {
            name: "import of an export".to_owned(),
            yardstick: "`jq -c .` of the same file".to_owned(),
            target: Target::Times(5.0),
            ours: Box::new(import),
            theirs: Some(doing(jq, move |command| measure::run(command, None, rows))),
        },
        Line {
            name: "import of an export, rows a second".to_owned(),
            yardstick: String::new(),
            target: Target::RowsPerSec(60_000.0),
            ours: Box::new(again),
            theirs: None,
        },
    ])
}
