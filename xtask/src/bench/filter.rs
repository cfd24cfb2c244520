//! Exports that keep a thousand rows: their cost grows with the rows kept, not with the rows held.

use super::export::{IMAGES, doing};
use super::line::{Line, Target};
use super::measure;
use super::setup::Bench;
use std::io::{BufRead, BufReader};
use std::process::Command;

/// How many rows are kept.
const KEPT: u64 = 1_000;

pub(crate) fn lines(bench: &Bench) -> Result<Vec<Line>, String> {
    let keys = bench.folder.join("keys.txt");
    let ids = bench.folder.join("ids.txt");
    let step = (bench.rows("image") / KEPT).max(1);
    let mut listed = String::new();
    for number in (0..KEPT).map(|index| index * step) {
        listed.push_str(&format!("siding/{number}\n"));
    }
    std::fs::write(&keys, &listed).map_err(|error| error.to_string())?;
    std::fs::write(&ids, ids_of(bench, step)?).map_err(|error| error.to_string())?;
    let (keys, ids) = (format!("@{}", keys.display()), format!("@{}", ids.display()));
    let mut slice = bench.labelport("image");
    let filter = format!(r#"[{{"type":"global_key","operator":"is","ids":[{}]}}]"#, quoted(&listed));
    slice.args(["slice", "create", "thousand", "--filter", &filter]);
    // There from an earlier run, perhaps.
    drop(measure::run(&mut slice, None, 0.0));
    let project = |more: &[&str]| {
        let mut command = bench.labelport("image");
        command.args(["export", "project", IMAGES, "--label-details"]).args(more);
        command
    };
    let mut sliced = bench.labelport("image");
    sliced.args(["export", "slice", "thousand", "--all-projects"]);
    let cases: [(&str, Command); 5] = [
        ("data row ids", project(&["--data-row-ids", &ids])),
        ("global keys", project(&["--global-keys", &keys])),
        ("a slice", sliced),
        ("the last activity, none since", project(&["--last-activity-at", "2049-01-01,"])),
        ("the workflow status, none to label", project(&["--workflow-status", "ToLabel"])),
    ];
    Ok(cases
        .into_iter()
        .map(|(name, command)| Line {
            name: format!("export of the rows kept by {name}"),
            yardstick: "the process that does nothing: `labelport --version`".to_owned(),
            target: Target::Millis(30.0),
            ours: doing(command, |command| measure::run(command, None, KEPT as f64)),
            theirs: Some({
                let mut nothing = Command::new(&bench.binary);
                nothing.arg("--version");
                doing(nothing, |command| measure::run(command, None, KEPT as f64))
            }),
        })
        .collect())
}

fn quoted(lines: &str) -> String {
    let quoted: Vec<String> = lines.lines().map(|line| format!("\"{line}\"")).collect();
    quoted.join(",")
}

/// Returns the ids of every so many rows.
fn ids_of(bench: &Bench, step: u64) -> Result<String, String> {
    let file = std::fs::File::open(bench.rows_file("image")).map_err(|error| error.to_string())?;
    let mut ids = String::new();
    let step = usize::try_from(step).unwrap_or(1);
    for line in BufReader::new(file).lines().step_by(step).take(usize::try_from(KEPT).unwrap_or(0)) {
        let line = line.map_err(|error| error.to_string())?;
        let id = line.split("\"id\":\"").nth(1).and_then(|rest| rest.split('"').next());
        ids.push_str(id.ok_or("a row has no id")?);
        ids.push('\n');
    }
    Ok(ids)
}
