//! `cargo xtask bench`: what the product promises about speed and memory, next to yardsticks, in one run.
//!
//! Each line is run in turn with its yardstick, several times, so that both meet the same machine; ratios of medians are
//! what counts, and seconds are printed for people. Competitors come from PyPI into an environment of their own; one that
//! cannot be had is named as skipped. Nothing here is a test: a slow machine fails nothing.
//!
//! # Adding a line
//! A [`Line`] in the file of its subject, which is one function in the list of [`SUBJECTS`].

mod compete;
mod convert;
mod diff;
mod export;
mod filter;
mod follow;
mod http;
mod import;
mod line;
mod load;
mod measure;
mod memory;
mod postgres;
mod report;
mod setup;

use crate::{Command, say};
use line::Line;
use setup::Bench;
use std::process::ExitCode;

pub(crate) static BENCH: Command = Command {
    name: "bench",
    summary: "Measure the product against its yardsticks and write benches/RESULTS.md (--rows N, --quick)",
    run,
};

/// What to measure, and how.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// Rows of the largest workspace.
    pub(crate) rows: u64,
    /// How often each line is run.
    pub(crate) rounds: usize,
    /// Whether Label Studio is among the competitors.
    pub(crate) with_label_studio: bool,
    /// Only subjects whose name holds this.
    pub(crate) only: String,
}

/// Makes the lines of one subject.
type Subject = (&'static str, fn(&Bench) -> Result<Vec<Line>, String>);

/// Every subject, in the order of the report.
static SUBJECTS: &[Subject] = &[
    ("export", export::lines),
    ("competitors", compete::lines),
    ("converters", convert::lines),
    ("diff", diff::lines),
    ("import", import::lines),
    ("filters", filter::lines),
    ("deltas", follow::lines),
    ("http", http::lines),
    ("load", load::lines),
    ("memory", memory::lines),
    ("postgres", postgres::lines),
];

fn run(arguments: &[String]) -> ExitCode {
    let outcome = read(arguments).and_then(|options| measure_all(&options));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            say(&format!("error: {message}"));
            ExitCode::FAILURE
        }
    }
}

fn read(arguments: &[String]) -> Result<Options, String> {
    let mut options = Options { rows: 1_000_000, rounds: 5, with_label_studio: false, only: String::new() };
    let mut each = arguments.iter();
    while let Some(argument) = each.next() {
        let mut value = || each.next().cloned().ok_or_else(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--quick" => {
                options.rows = 100_000;
                options.rounds = 3;
            }
            "--rows" => options.rows = value()?.replace('_', "").parse().map_err(|_| "--rows takes a number")?,
            "--with-label-studio" => options.with_label_studio = true,
            "--only" => options.only = value()?,
            other => {
                return Err(format!(
                    "{other} is not known; there are --rows N, --quick, --only NAME, --with-label-studio"
                ));
            }
        }
    }
    Ok(options)
}

fn measure_all(options: &Options) -> Result<(), String> {
    let bench = Bench::prepare(options)?;
    let mut sections = Vec::new();
    for (name, lines) in SUBJECTS {
        if !name.contains(options.only.as_str()) {
            continue;
        }
        say(&format!("\n==> {name}"));
        let mut done = Vec::new();
        match lines(&bench) {
            Ok(lines) => {
                for line in lines {
                    let measured = line.measure(options.rounds);
                    say(&measured.to_line());
                    done.push(measured);
                }
            }
            Err(reason) => {
                say(&format!("skipped: {reason}"));
                done.push(line::Measured::skipped(name, &reason));
            }
        }
        sections.push((*name, done));
    }
    report::write(&bench, options, &sections)
}
