//! Comparisons of two exports, compared with reading both.

use super::export::{IMAGES, doing};
use super::line::{Line, Target};
use super::measure;
use super::setup::{Bench, size_of};
use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::Path;
use std::process::Command;

/// Of a million rows, so many differ.
const CHANGES: u64 = 1_000;

pub(crate) fn lines(bench: &Bench) -> Result<Vec<Line>, String> {
    let old = bench.exported("image", IMAGES)?;
    let new = bench.folder.join("image.changed.ndjson");
    let changes = (bench.rows("image") * CHANGES / 1_000_000).max(1);
    if !new.exists() {
        change(&old, &new, bench.rows("image") / changes).map_err(|error| format!("{}: {error}", new.display()))?;
    }
    let bytes = size_of(&old) + size_of(&new);
    // It ends with 1 where both differ, which is what is wanted here.
    let mut diff = Command::new("sh");
    diff.args(["-c", "\"$0\" diff \"$1\" \"$2\" --stat; test $? -eq 1"]).arg(&bench.binary).args([&old, &new]);
    let mut cat = Command::new("cat");
    cat.args([&old, &new]);
    Ok(vec![Line {
        name: format!("diff of two exports of the image project with {changes} changes"),
        yardstick: "`cat` of both into `wc -c`".to_owned(),
        target: Target::Share(0.3),
        ours: doing(diff, move |command| measure::run(command, None, bytes)),
        theirs: Some(doing(cat, measure::run_piped)),
    }])
}

/// Copies rows and changes one of so many.
fn change(old: &Path, new: &Path, of_each: u64) -> std::io::Result<()> {
    let mut out = BufWriter::new(File::create(new)?);
    for (number, line) in (0_u64..).zip(BufReader::new(File::open(old)?).lines()) {
        let line = line?;
        match number % of_each {
            0 => writeln!(out, "{}", line.replacen("\"left\":", "\"left\":1", 1))?,
            _ => writeln!(out, "{line}")?,
        }
    }
    out.flush()
}
