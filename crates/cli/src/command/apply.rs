//! `labelport apply`: an export and what changed after it, made into the export of then.

use super::Command;
use crate::ambient::SystemChance;
use crate::interrupt;
use crate::messages::{Messages, counted, escaped, grouped, sized};
use crate::outcome::{Failure, Outcome, SUCCESS};
use crate::recovered::recovered;
use crate::since::is_same_file;
use crate::stored_result::StoredResult;
use crate::workspace::Workspace;
use clap::{Arg, ArgAction, ArgMatches};
use labelport_engine::apply::{self, DeltaFiles, Whole};
use labelport_engine::manifest::Manifest;
use labelport_engine::sink::{Destination, Existing, FileSink, Packing, Rules, Sink, Stream, changes_path};
use labelport_formats::write::Ndjson;
use serde_json::json;
use std::io::{self, Read};
use std::path::Path;

/// Makes a full export of one and its deltas.
pub(crate) struct Apply;

impl Command for Apply {
    fn name(&self) -> &'static str {
        "apply"
    }

    fn arguments(&self) -> clap::Command {
        clap::Command::new("apply")
            .about("Update an export with deltas, to the bytes of a full export")
            .arg(
                Arg::new("full")
                    .value_name("FULL")
                    .required(true)
                    .help("An export in ndjson, compressed or not, or a release"),
            )
            .arg(
                Arg::new("delta")
                    .value_name("DELTA")
                    .required(true)
                    .action(ArgAction::Append)
                    .num_args(1..)
                    .help("Deltas written by `labelport export --since`, in order"),
            )
            .arg(Arg::new("output").short('o').long("output").value_name("FILE|-").required(true).help(
                "What to write: .ndjson or .jsonl, compressed with .gz or .zst after that; it may be FULL itself",
            ))
            .arg(
                Arg::new("force")
                    .long("force")
                    .action(ArgAction::SetTrue)
                    .help("Replace the file even if labelport did not write it"),
            )
    }

    fn run(&self, arguments: &ArgMatches, workspace: &Workspace, messages: &Messages) -> Outcome {
        let named = |name: &str| arguments.get_many::<String>(name).into_iter().flatten().map(String::as_str);
        let Some(full) = named("full").next() else { return Err(Failure::usage("name an export")) };
        let output = arguments.get_one::<String>("output").map_or("-", String::as_str);
        let target = target(output, workspace, arguments.get_flag("force"))?;
        if let Some(delta) = named("delta").find(|delta| is_same_file(Path::new(delta), Path::new(output))) {
            let message = format!("the result would replace the delta {delta}");
            return Err(Failure::usage(message).hint("name another file, or the export that the delta is applied to"));
        }
        let deltas: Vec<Named> = named("delta").map(|delta| Named::find(delta, workspace)).collect::<Result<_, _>>()?;
        let full = Named::find(full, workspace)?;
        interrupt::handle(*messages)?;
        let mut sink: Box<dyn Sink> = match target {
            Some((destination, packing)) => Box::new(FileSink::create(destination, packing)?),
            None => Box::new(Stream { out: io::stdout(), name: "standard output".to_owned() }),
        };
        let rows = || full.result.open();
        let whole = Whole { name: &full.name, manifest: &full.manifest, rows: &rows };
        let opened: Vec<_> = deltas.iter().map(|delta| (|| delta.result.open(), || delta.open_changes())).collect();
        let deltas = deltas.iter().zip(&opened).map(|(delta, (rows, changes))| {
            let Named { name, manifest, .. } = delta;
            DeltaFiles { name, manifest, rows, changes }
        });
        let deltas: Vec<DeltaFiles<'_>> = deltas.collect();
        let folder = Path::new(output).parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        let mut progress = messages.progress("applying", None);
        let manifest = apply::apply_all(&whole, &deltas, folder, &mut *sink, &mut |bytes| progress.set(bytes, 0))?;
        drop(progress);
        sink.finish(&manifest)?;
        report(&manifest, output, messages);
        Ok(SUCCESS)
    }
}

/// Takes the target that was named; none for standard output.
fn target(output: &str, workspace: &Workspace, is_forced: bool) -> Result<Option<(Destination, Packing)>, Failure> {
    if output == "-" {
        return Ok(None);
    }
    let existing = if is_forced { Existing::Replace } else { Existing::KeepForeign };
    let rules = Rules { data_folder: Some(workspace.folder()), existing, chance: &SystemChance };
    let path = Path::new(output);
    recovered(path)?;
    let destination = Destination::check(path, &rules)?;
    Ok(Some((destination, Packing::of_path(path, &Ndjson).map_err(Failure::usage)?)))
}

/// An export with its manifest.
struct Named {
    name: String,
    result: StoredResult,
    manifest: Manifest,
}

impl Named {
    fn find(named: &str, workspace: &Workspace) -> Result<Self, Failure> {
        let result = StoredResult::find(named, workspace)?;
        let name = result.name();
        let manifest = Manifest::from_json(&result.manifest()?)
            .map_err(|error| Failure::new(format!("the manifest of {name} cannot be read: {error}")))?;
        Ok(Self { name, result, manifest })
    }

    fn open_changes(&self) -> io::Result<Box<dyn Read + Send>> {
        let name_it = |error: io::Error| match self.result.path() {
            Some(path) => io::Error::new(error.kind(), format!("{}: {error}", changes_path(path).display())),
            None => error,
        };
        self.result.open_changes().map_err(name_it)
    }
}

fn report(manifest: &Manifest, output: &str, messages: &Messages) {
    let digest = &manifest.digest;
    let event = json!({
        "event": "applied", "file": output, "rows": digest.rows, "bytes": digest.bytes, "sha256": digest.sha256,
    });
    let written =
        if output == "-" { "wrote to standard output".to_owned() } else { format!("wrote {}", escaped(output)) };
    let sentence = format!(
        "{written}: {}, {} (change {})\nsha256 {}",
        counted(digest.rows, "row"),
        sized(digest.bytes),
        grouped(manifest.change_seq.unsigned_abs()),
        digest.sha256,
    );
    messages.event(&event, &sentence);
}
