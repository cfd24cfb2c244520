//! `--since`: where a delta starts.
//!
//! A watermark can be given as it is, as an export or a release that has one in its manifest, or as `@FILE`: a file that holds the last
//! watermark and gets the next one after each export that succeeded, which is what a nightly job needs. Where that file is
//! not there yet, the export is a full one.

use crate::outcome::Failure;
use crate::recovered::recovered;
use crate::stored_result::StoredResult;
use crate::workspace::Workspace;
use clap::{Arg, ArgMatches};
use labelport_engine::disk::private;
use labelport_engine::manifest::Manifest;
use labelport_engine::sink::{manifest_path, refuse_inside, result_path};
use labelport_model::request::Watermark;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The most bytes of a file that keeps a watermark.
const STATE_LIMIT_BYTES: u64 = 4 << 10;

/// Where a delta starts, and where the next watermark is saved.
#[derive(Debug, Default)]
pub(crate) struct Since {
    /// The watermark; none for a full export.
    pub(crate) watermark: Option<Watermark>,
    /// The file that gets the next one.
    state: Option<PathBuf>,
    /// The export that it starts from.
    export: Option<PathBuf>,
}

/// Returns the argument.
pub(crate) fn argument() -> Arg {
    Arg::new("since")
        .long("since")
        .value_name("WATERMARK|EXPORT|@FILE")
        .help(
            "Write only what changed since an earlier export of the same request: its file, its watermark, the name of a \
             release, or @FILE, which keeps the watermark from one run to the next; see docs/delta.md",
        )
        .help_heading("Filters, all of which must hold")
}

/// Reads what was given.
pub(crate) fn read(arguments: &ArgMatches, workspace: &Workspace) -> Result<Since, Failure> {
    let Some(given) = arguments.get_one::<String>("since") else { return Ok(Since::default()) };
    if let Some(state) = given.strip_prefix('@') {
        let state = PathBuf::from(state);
        let watermark = read_state(&state)?;
        refuse_inside(&state, workspace.folder()).map_err(Failure::usage)?;
        return Ok(Since { watermark, state: Some(state), export: None });
    }
    let path = Path::new(given);
    if given.parse::<Watermark>().is_err() && path.exists() {
        let (manifest, export) = match result_path(path) {
            Some(export) => (path.to_owned(), export),
            None => (manifest_path(path), path.to_owned()),
        };
        if !arguments.get_flag("dry-run") {
            recovered(&export)?;
        }
        return Ok(Since { watermark: Some(of_file(&manifest)?), state: None, export: Some(export) });
    }
    let watermark = match given.parse() {
        Ok(watermark) => watermark,
        // Not a file: this names what the data folder keeps, a release or the result of a task.
        Err(error) => match StoredResult::find(given, workspace) {
            Ok(kept) => of_manifest(&kept.manifest()?, &kept.name())?,
            Err(_) => {
                let hint = format!("if {given} is the path of an export, the file does not exist");
                return Err(Failure::usage(error).hint(hint));
            }
        },
    };
    Ok(Since { watermark: Some(watermark), state: None, export: None })
}

/// Reads the watermark that a file keeps; nothing where the file is not there yet.
fn read_state(state: &Path) -> Result<Option<Watermark>, Failure> {
    let shown = state.display();
    let folder = state.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if state.file_name().is_none() || !folder.is_dir() {
        let message = format!("--since @{shown}: the next watermark cannot be saved there");
        return Err(Failure::usage(message).hint("name a file in a folder that exists"));
    }
    let unreadable = |error: io::Error| Failure::usage(format!("{shown} cannot be read ({error})"));
    match state.metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error)),
        Ok(found) if !found.is_file() => return Err(Failure::usage(format!("--since @{shown} is not a file"))),
        Ok(_) => {}
    }
    let mut text = String::new();
    let file = File::open(state).map_err(unreadable)?;
    file.take(STATE_LIMIT_BYTES).read_to_string(&mut text).map_err(unreadable)?;
    let watermark = parse(&text, &format!("the file {shown}"));
    watermark.map(Some).map_err(|failure| failure.hint("delete the file to start over with a full export"))
}

/// Reads the watermark of an export from the file of its manifest.
fn of_file(path: &Path) -> Result<Watermark, Failure> {
    let shown = path.display();
    let text = std::fs::read(path).map_err(|error| {
        Failure::usage(format!("{shown} cannot be read ({error})"))
            .hint("`labelport export … -o FILE` writes FILE and its manifest next to it")
    })?;
    of_manifest(&text, &shown.to_string())
}

/// Reads the watermark in a manifest.
fn of_manifest(text: &[u8], name: &str) -> Result<Watermark, Failure> {
    let manifest = Manifest::from_json(text);
    let manifest = manifest.map_err(|error| Failure::usage(format!("the manifest {name} cannot be read: {error}")))?;
    if manifest.watermark.is_empty() {
        let message = format!("the export of {name} was written by a version of labelport that had no watermarks");
        return Err(Failure::usage(message).hint("take a full export and continue from that"));
    }
    parse(&manifest.watermark, &format!("the manifest {name}"))
}

fn parse(text: &str, place: &str) -> Result<Watermark, Failure> {
    text.parse().map_err(|error| Failure::usage(format!("{place}: {error}")))
}

impl Since {
    /// Returns whether a file is to keep the watermark that is not there yet.
    pub(crate) fn begins(&self) -> bool {
        self.state.is_some() && self.watermark.is_none()
    }

    /// Fails if the delta would replace the export that it starts from.
    pub(crate) fn refuse_target(&self, target: &Path) -> Result<(), Failure> {
        let is_same = self.export.as_ref().is_some_and(|export| is_same_file(export, target));
        if !is_same {
            return Ok(());
        }
        let message = format!("the delta would replace {}, the export it starts from", target.display());
        Err(Failure::usage(message).hint("write the delta to another file; `labelport apply` then updates the export"))
    }

    /// Saves the watermark of a successful export for the next one.
    pub(crate) fn keep(&self, manifest: &Manifest) -> Result<(), Failure> {
        let Some(state) = &self.state else { return Ok(()) };
        let text = format!("{}\n", manifest.watermark);
        private::write_whole(state, text.as_bytes()).map_err(|error| {
            let message = format!("the export was written, but {} could not be updated ({error})", state.display());
            Failure::new(message).hint(format!("use --since {} for the next export", manifest.watermark))
        })
    }
}

/// Returns whether two paths lead to one file.
pub(crate) fn is_same_file(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}
