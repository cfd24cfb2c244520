//! The log of the server: lines of text or JSON on standard error.
//!
//! Crates below emit events; which are written, and how, is decided here and nowhere else. Only crates of ours are heard,
//! since what others log is not checked for secrets.

use crate::messages::Messages;
use crate::outcome::Failure;
use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgMatches};
use std::io;
use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{Layer, Registry, fmt};

/// The levels, quietest first.
const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];
/// The crates that are heard.
const TARGETS: [&str; 6] =
    ["labelport", "labelport_engine", "labelport_formats", "labelport_model", "labelport_server", "labelport_store"];

/// Returns the options of the log.
pub(crate) fn arguments() -> [Arg; 2] {
    [
        Arg::new("log")
            .long("log")
            .value_name("LEVEL")
            .env("LABELPORT_LOG")
            .ignore_case(true)
            .value_parser(PossibleValuesParser::new(LEVELS))
            .default_value("info")
            .help("What is logged to standard error")
            .help_heading("Log"),
        Arg::new("log-format")
            .long("log-format")
            .value_name("FORMAT")
            .value_parser(["text", "json"])
            .help("How it is logged [default: text, or json with --json]")
            .help_heading("Log"),
    ]
}

/// Starts to log.
pub(crate) fn start(arguments: &ArgMatches, messages: &Messages) -> Result<(), Failure> {
    let level = arguments.get_one::<String>("log").and_then(|level| level.parse().ok()).unwrap_or(Level::INFO);
    let is_json = match arguments.get_one::<String>("log-format") {
        Some(format) => format == "json",
        None => messages.is_json(),
    };
    let targets = Targets::new().with_targets(TARGETS.map(|target| (target, level)));
    // No colours: they would need another dependency, and without it asking for them is a panic.
    let lines = fmt::layer().with_writer(io::stderr).with_ansi(false);
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match is_json {
        true => lines.json().with_filter(targets).boxed(),
        false => lines.with_filter(targets).boxed(),
    };
    let subscriber = Registry::default().with(lines);
    Ok(tracing::subscriber::set_global_default(subscriber)?)
}
