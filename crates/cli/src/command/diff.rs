//! `labelport diff`: what two results differ in, or a result and the workspace of now.

use super::Command;
use crate::ambient::{self, SystemChance};
use crate::diff_report;
use crate::interrupt;
use crate::messages::{Messages, counted, escaped, print};
use crate::outcome::{DIFFERENT, FAILED, Failure, Outcome, SUCCESS, USAGE};
use crate::stored_result::{Meaning, StoredResult};
use crate::workspace::Workspace;
use clap::{Arg, ArgAction, ArgMatches};
use labelport_engine::diff::{self, Basis, DiffOptions, Now, RowDiff, RowsFile, Side, Sums};
use labelport_engine::manifest::Manifest;
use labelport_engine::sink::{Destination, Existing, Packing, Rules};
use labelport_formats::write::Ndjson;
use serde_json::{Value, json};
use std::io;
use std::path::{Path, PathBuf};

/// Compares two results.
pub(crate) struct Diff;

impl Command for Diff {
    fn name(&self) -> &'static str {
        "diff"
    }

    fn arguments(&self) -> clap::Command {
        let side = |name: &'static str| Arg::new(name).value_name(if name == "old" { "A" } else { "B" });
        clap::Command::new("diff")
            .about("Say what differs between two exports: rows, labels, annotations")
            .arg(
                side("old").required_unless_present("since").requires("new").help(
                    "An export in ndjson, compressed or not, its manifest, a release, or the id of an export task",
                ),
            )
            .arg(side("new").help("The export to compare it with"))
            .arg(
                Arg::new("since")
                    .long("since")
                    .value_name("A")
                    .conflicts_with_all(["old", "new"])
                    .help("Compare an export with the workspace as it is now, of which only what changed is read"),
            )
            .arg(Arg::new("stat").long("stat").action(ArgAction::SetTrue).help("Print sums alone"))
            .arg(
                Arg::new("rows")
                    .long("rows")
                    .value_name("FILE")
                    .value_parser(clap::value_parser!(PathBuf))
                    .help("Write a line of JSON with everything that was found for each row that differs"),
            )
            .arg(
                Arg::new("force")
                    .long("force")
                    .action(ArgAction::SetTrue)
                    .help("Replace the file of --rows if it exists"),
            )
            .after_help("Exit status: 0 the same, 1 different, 2 failed or wrong usage.")
    }

    fn run(&self, arguments: &ArgMatches, workspace: &Workspace, messages: &Messages) -> Outcome {
        run_as(arguments, Meaning::File, workspace, messages)
    }
}

/// Compares what is named.
pub(super) fn run_as(arguments: &ArgMatches, meaning: Meaning, workspace: &Workspace, messages: &Messages) -> Outcome {
    // A status of 1 says that the sides differ, and nothing else.
    let fail =
        |failure: Failure| Failure { code: if failure.code == FAILED { USAGE } else { failure.code }, ..failure };
    run(arguments, meaning, workspace, messages).map_err(fail)
}

fn run(arguments: &ArgMatches, meaning: Meaning, workspace: &Workspace, messages: &Messages) -> Outcome {
    let named = |name: &str| arguments.get_one::<String>(name);
    let path = arguments.get_one::<PathBuf>("rows");
    let mut file = path.map(|path| rows_file(path, arguments.get_flag("force"), workspace, messages)).transpose()?;
    let folder = path.and_then(|path| path.parent()).filter(|folder| !folder.as_os_str().is_empty());
    let folder = match (path, folder) {
        (Some(_), folder) => folder.unwrap_or(Path::new(".")).to_owned(),
        (None, _) => std::env::temp_dir(),
    };
    let options = DiffOptions::new(&folder);
    let is_stat = arguments.get_flag("stat");
    let mut first: Vec<RowDiff> = Vec::new();
    let mut each = |row: &RowDiff| -> io::Result<()> {
        if let Some(file) = &mut file {
            file.add(row)?;
        }
        if is_stat {
            return Ok(());
        }
        if messages.is_json() {
            return print(&format!("{}\n", event("row", row.to_json())));
        }
        if first.len() < diff_report::ROWS_SHOWN {
            first.push(row.clone());
        }
        Ok(())
    };
    let mut progress = messages.progress("comparing", None);
    let mut tell = |bytes: u64| progress.set(bytes, 0);
    let (sums, names) = match named("since") {
        Some(since) => {
            let old = Loaded::find(since, meaning, workspace)?;
            let store = workspace.open_to_read()?;
            let now = Now { store: &store, threads: ambient::processors(), stop: None };
            let rows = || old.result.open();
            let (sums, basis) = diff::diff_with_now(&old.side(&rows), &now, &options, &mut each, &mut tell)?;
            if let Basis::Full(reason) = basis {
                let message = format!("{} is compared with a full export: {reason}", old.name);
                messages.event(
                    &json!({ "event": "notice", "message": message }),
                    &format!("notice: {}", escaped(&message)),
                );
            }
            (sums, [old.name, "the workspace".to_owned()])
        }
        None => {
            let find = |name: &str| named(name).map(|named| Loaded::find(named, meaning, workspace)).transpose();
            let (Some(old), Some(new)) = (find("old")?, find("new")?) else {
                return Err(Failure::usage("name two exports"));
            };
            let (olds, news) = (|| old.result.open(), || new.result.open());
            let sums = diff::diff(&old.side(&olds), &new.side(&news), &options, &mut each, &mut tell)?;
            (sums, [old.name, new.name])
        }
    };
    drop(progress);
    if let Some(file) = file {
        file.finish()?;
    }
    report(&sums, &names, &first, is_stat, messages)?;
    Ok(if sums.are_same() { SUCCESS } else { DIFFERENT })
}

/// Starts the file of rows.
fn rows_file(path: &Path, is_forced: bool, workspace: &Workspace, messages: &Messages) -> Result<RowsFile, Failure> {
    interrupt::handle(*messages)?;
    let existing = if is_forced { Existing::Replace } else { Existing::Keep };
    let rules = Rules { data_folder: Some(workspace.folder()), existing, chance: &SystemChance };
    let packing = Packing::of_path(path, &Ndjson).map_err(Failure::usage)?;
    Ok(RowsFile::create(Destination::check(path, &rules)?, packing)?)
}

/// A side with its manifest.
struct Loaded {
    name: String,
    result: StoredResult,
    manifest: Option<Manifest>,
}

impl Loaded {
    fn find(named: &str, meaning: Meaning, workspace: &Workspace) -> Result<Self, Failure> {
        let result = StoredResult::find_as(named, meaning, workspace)?;
        let name = result.name();
        let manifest = match result.has_manifest() {
            true => Some(
                Manifest::from_json(&result.manifest()?)
                    .map_err(|error| Failure::new(format!("the manifest of {name} cannot be read: {error}")))?,
            ),
            false => None,
        };
        Ok(Self { name, result, manifest })
    }

    fn side<'s>(&'s self, rows: &'s diff::Open<'s>) -> Side<'s> {
        Side { name: &self.name, manifest: self.manifest.as_ref(), rows }
    }
}

/// Returns what was found as an event.
fn event(name: &str, found: Value) -> Value {
    let mut event = json!({ "event": name });
    if let (Some(event), Value::Object(found)) = (event.as_object_mut(), found) {
        event.extend(found);
    }
    event
}

fn report(
    sums: &Sums,
    [old, new]: &[String; 2],
    first: &[RowDiff],
    is_stat: bool,
    messages: &Messages,
) -> Result<(), Failure> {
    if messages.is_json() {
        print(&format!("{}\n", event("compared", sums.to_json())))?;
        return Ok(());
    }
    if sums.are_same() {
        let (old, new, rows) = (escaped(old), escaped(new), counted(sums.same, "row"));
        print(&format!("{old} and {new} hold the same: {rows}\n"))?;
        return Ok(());
    }
    print(&diff_report::sums(sums))?;
    for row in first {
        print(&format!("\n{}", diff_report::row(row)))?;
    }
    let rows = sums.rows.added + sums.rows.removed + sums.rows.changed;
    let more = rows.saturating_sub(first.len() as u64);
    if more > 0 && !is_stat {
        print(&format!("\n… and {} more; --rows FILE writes all\n", counted(more, "row")))?;
    }
    Ok(())
}
