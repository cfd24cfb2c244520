//! `--since`: from where an export of what changed goes on.
//!
//! A watermark can be given as it is, as an export that has one in its manifest, or as `@FILE`: a file that holds the last
//! watermark and gets the next one after each export that succeeded, which is what a nightly job needs. Where that file is
//! not there yet, the export is a full one.

use crate::outcome::Failure;
use clap::{Arg, ArgMatches};
use labelport_engine::disk::private;
use labelport_engine::manifest::Manifest;
use labelport_engine::sink::{manifest_path, result_path};
use labelport_model::request::Watermark;
use std::io;
use std::path::{Path, PathBuf};

/// From where an export goes on, and where that is kept.
#[derive(Debug, Default)]
pub(crate) struct Since {
    /// The watermark; none for a full export.
    pub(crate) watermark: Option<Watermark>,
    /// The file that gets the next one.
    state: Option<PathBuf>,
}

/// Returns the argument.
pub(crate) fn argument() -> Arg {
    Arg::new("since")
        .long("since")
        .value_name("WATERMARK|EXPORT|@FILE")
        .help(
            "Write only what changed after another export of the same request: its watermark, its file, or @FILE, which \
             keeps the last watermark from one run to the next; see docs/delta.md",
        )
        .help_heading("Filters, all of which must hold")
}

/// Reads what was given.
pub(crate) fn read(arguments: &ArgMatches) -> Result<Since, Failure> {
    let Some(given) = arguments.get_one::<String>("since") else { return Ok(Since::default()) };
    if let Some(state) = given.strip_prefix('@') {
        let state = PathBuf::from(state);
        let watermark = match std::fs::read_to_string(&state) {
            Ok(text) => Some(parse(&text, &format!("the file {}", state.display()))?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(Failure::usage(format!("{} cannot be read ({error})", state.display()))),
        };
        return Ok(Since { watermark, state: Some(state) });
    }
    let path = Path::new(given);
    if given.parse::<Watermark>().is_err() && path.exists() {
        let manifest = match result_path(path) {
            Some(_) => path.to_owned(),
            None => manifest_path(path),
        };
        return Ok(Since { watermark: Some(of_manifest(&manifest)?), state: None });
    }
    Ok(Since { watermark: Some(given.parse().map_err(Failure::usage)?), state: None })
}

/// Reads the watermark of an export.
fn of_manifest(path: &Path) -> Result<Watermark, Failure> {
    let shown = path.display();
    let text = std::fs::read(path).map_err(|error| {
        Failure::usage(format!("{shown} cannot be read ({error})"))
            .hint("`labelport export … -o FILE` writes FILE and its manifest next to it")
    })?;
    let manifest = Manifest::from_json(&text);
    let manifest = manifest.map_err(|error| Failure::usage(format!("the manifest {shown} cannot be read: {error}")))?;
    if manifest.watermark.is_empty() {
        let message = format!("the export of {shown} was written by a version of labelport without watermarks");
        return Err(Failure::usage(message).hint("take a full export, and go on from that"));
    }
    parse(&manifest.watermark, &format!("the manifest {shown}"))
}

fn parse(text: &str, place: &str) -> Result<Watermark, Failure> {
    text.parse().map_err(|error| Failure::usage(format!("{place}: {error}")))
}

impl Since {
    /// Keeps the watermark of an export that succeeded, for the next one to go on from.
    pub(crate) fn keep(&self, manifest: &Manifest) -> Result<(), Failure> {
        let Some(state) = &self.state else { return Ok(()) };
        let text = format!("{}\n", manifest.watermark);
        private::write_whole(state, text.as_bytes()).map_err(|error| {
            let message = format!("the export was written, and {} could not be ({error})", state.display());
            Failure::new(message).hint(format!("the next export goes on from {}", manifest.watermark))
        })
    }
}
