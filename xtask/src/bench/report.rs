//! `benches/RESULTS.md`.

use super::Options;
use super::line::Measured;
use super::measure::{median, spread};
use super::setup::Bench;
use crate::say;
use std::process::Command;

/// Writes the report.
pub(crate) fn write(bench: &Bench, options: &Options, sections: &[(&str, Vec<Measured>)]) -> Result<(), String> {
    let mut text = format!(
        "# Results\n\nWritten by `cargo xtask bench --rows {}` on {}, at commit {}.\nEach line and its yardstick were run in \
         turn, {} times after one to warm up; times are medians with their range.\n",
        options.rows,
        machine(),
        commit(bench),
        options.rounds
    );
    for (name, lines) in sections {
        text.push_str(&format!(
            "\n## {name}\n\n| line | took | yardstick | took | figure | target | | peak MiB |\n|---|---|---|---|---|---|---|---|\n"
        ));
        for line in lines {
            text.push_str(&row(line));
        }
    }
    let path = bench.root.join("benches").join("RESULTS.md");
    std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    say("\nwrote benches/RESULTS.md");
    Ok(())
}

fn row(line: &Measured) -> String {
    if let Some(reason) = &line.skipped {
        return format!("| {} | skipped: {} | {} | | | | | |\n", line.name, reason.replace('|', "/"), line.yardstick);
    }
    let (figure, target) = line.shown();
    let mark = match line.is_met() {
        Some(true) => "reached",
        Some(false) => "**missed**",
        None => "",
    };
    let peak = median(&line.ours).map_or(0, |sample| sample.peak_kib) / 1_024;
    let peak = if peak == 0 { String::new() } else { peak.to_string() };
    let (ours, theirs) = (spread(&line.ours), spread(&line.theirs));
    format!("| {} | {ours} | {} | {theirs} | {figure} | {target} | {mark} | {peak} |\n", line.name, line.yardstick)
}

fn commit(bench: &Bench) -> String {
    let output = Command::new("git").args(["rev-parse", "--short=12", "HEAD"]).current_dir(&bench.root).output();
    let commit = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    commit.ok().filter(|text| !text.is_empty()).unwrap_or_else(|| "unknown".to_owned())
}

/// Returns what kind of machine this is: processors, memory, nothing that names it.
fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cpu = read("/proc/cpuinfo");
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1).map(str::to_owned));
    let memory = read("/proc/meminfo");
    let kib: u64 = memory
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:")?.split_whitespace().next()?.parse().ok())
        .unwrap_or(0);
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    format!("{cores} cores ({}), {} GiB", model.unwrap_or_else(|| "unknown".to_owned()), kib >> 20)
}
