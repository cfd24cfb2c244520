//! The same rows from other systems, which come from PyPI.

use super::export::{IMAGES, doing};
use super::line::{Doing, Line, Target};
use super::measure;
use super::setup::Bench;
use std::cell::RefCell;
use std::process::Command;

/// How many rows the competitors get: enough to be past their start, few enough to wait for. Theirs is timed without the
/// start of the process and the filling of their tables; ours is the whole process, and so gets all rows of the workspace.
const ROWS: u64 = 50_000;

pub(crate) fn lines(bench: &Bench) -> Result<Vec<Line>, String> {
    let sample = bench.folder.join("sample.ndjson");
    let exported = bench.exported("image", IMAGES)?;
    let rows = ROWS.min(bench.rows("image"));
    measure::run(Command::new("head").arg("-n").arg(rows.to_string()).arg(&exported), Some(&sample), 0.0)?;
    let all = bench.rows("image") as f64;
    let ours = || {
        let command = bench.export("image", IMAGES);
        doing(command, move |command| measure::run(command, None, all))
    };
    let mut lines = Vec::new();
    for (name, packages, script, target) in [
        ("DuckDB 2.0, nested `copy … (format json)`", &["duckdb==2.0.1"][..], "duckdb_copy.py", 8.0),
        (
            "PostgreSQL, `jsonb_build_object` through `copy … to stdout`",
            &["pgserver==0.1.4", "psycopg[binary]==3.2.10"],
            "postgres_copy.py",
            30.0,
        ),
    ] {
        lines.push(competitor(bench, name, packages, script, (target, ours())));
    }
    if bench.options.with_label_studio {
        let packages = &["label-studio==1.23.0"][..];
        let name = "Label Studio, JSON export over HTTP (10,000 tasks)";
        let line = competitor(bench, name, packages, "label_studio_export.py", (300.0, ours()));
        lines.push(Line { theirs: line.theirs.map(once), ..line });
    }
    Ok(lines)
}

/// Does something that takes minutes only the first time, and returns the same figures again.
fn once(run: Doing) -> Doing {
    let known = RefCell::new(None);
    Box::new(move || {
        if let Some(sample) = *known.borrow() {
            return Ok(sample);
        }
        let sample = run()?;
        *known.borrow_mut() = Some(sample);
        Ok(sample)
    })
}

fn competitor(
    bench: &Bench,
    name: &str,
    packages: &[&str],
    script: &'static str,
    (target, ours): (f64, Doing),
) -> Line {
    let environment = script.trim_end_matches(".py").to_owned();
    let python = bench.python(&environment, packages);
    let (root, folder) = (bench.root.clone(), bench.folder.clone());
    let again = Bench { root, folder, binary: bench.binary.clone(), options: bench.options.clone() };
    let sample = bench.folder.join("sample.ndjson").display().to_string();
    Line {
        name: "export of rows, rows a second".to_owned(),
        yardstick: name.to_owned(),
        target: Target::Times(target),
        ours,
        theirs: Some(Box::new(move || {
            let python = python.as_ref().map_err(Clone::clone)?;
            again.script(python, script, &[&sample])
        })),
    }
}
