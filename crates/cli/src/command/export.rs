//! `labelport export`: rows out of the workspace, from any scope.

use super::Command;
use crate::ambient;
use crate::export_report;
use crate::export_request;
use crate::fetching;
use crate::format_choice;
use crate::loss_report;
use crate::messages::{Messages, counted, indented, print};
use crate::outcome::{Failure, Outcome, REFUSED, SUCCESS};
use crate::output::Output;
use crate::recovered::recovered;
use crate::since;
use crate::task::{self, Done};
use crate::unless::{self, Unless};
use crate::workspace::Workspace;
use clap::{Arg, ArgAction, ArgMatches};
use labelport_engine::export::{self, ExportError, ExportOptions, ExportProgress, ROW_LIMIT_BYTES};
use labelport_engine::manifest::Manifest;
use labelport_engine::outbound::Client;
use labelport_engine::sink::{Existing, FileError};
use labelport_engine::storage::files::Files;
use labelport_engine::tasks::{CommandTask, CommandWork};
use labelport_formats::write::Format;
use labelport_model::request::{ExportRequest, Params, SCOPES, ScopeKind};
use labelport_store::Store;
use serde_json::json;
use std::io;
use std::path::Path;
use std::sync::atomic::AtomicBool;

/// Writes the rows of a scope.
pub(crate) struct Export;

impl Command for Export {
    fn name(&self) -> &'static str {
        "export"
    }

    fn arguments(&self) -> clap::Command {
        clap::Command::new("export")
            .about("Write the rows of a project, dataset, slice, model run, list or the whole catalog")
            .subcommand_required(true)
            .arg_required_else_help(true)
            .subcommands(SCOPES.iter().map(|scope| {
                let about = scope.summary.trim_end_matches('.').to_owned();
                clap::Command::new(scope.name).about(about).args(arguments_of(scope.kind))
            }))
    }

    fn run(&self, arguments: &ArgMatches, workspace: &Workspace, messages: &Messages) -> Outcome {
        let named = arguments.subcommand().and_then(|(name, arguments)| Some((ScopeKind::find(name)?, arguments)));
        let (kind, arguments) = named.ok_or_else(|| Failure::usage("name what to export"))?;
        let format = format_of(arguments)?;
        let target = target(arguments, format, workspace)?;
        let store = workspace.open_to_read()?;
        let since = since::read(arguments, workspace)?;
        if let Output::File(destination, _) | Output::Package(destination, _) = &target {
            since.refuse_target(destination.path())?;
        }
        let thing = arguments.try_get_one::<String>("thing").ok().flatten().map_or("", String::as_str);
        let request = export_request::read(kind, thing, arguments, &store)?;
        let choice =
            if matches!(target, Output::Nowhere) { format_choice::for_dry_run(request.format) } else { request.format };
        let request = ExportRequest { since: since.watermark.clone(), format: choice, ..request };
        if request.since.is_some() && matches!(target, Output::Stdout | Output::Url(..) | Output::Device(_)) {
            let message = format!("a delta is two files, rows and changes, which do not fit into {}", target.shown());
            return Err(Failure::usage(message).hint("name a file, such as -o delta.ndjson"));
        }
        let unless = unless::read(arguments)?;
        let has_name = matches!(target, Output::File(..) | Output::Package(..) | Output::Object(..) | Output::Url(..));
        if unless.is_some() && !has_name {
            return Err(Failure::usage("--unless-sha256 is for a result that is written to a file or folder; add -o"));
        }
        request.check().map_err(Failure::usage)?;
        export::check_names(&mut *store.reader()?, store.org_key(), &request).map_err(Failure::usage)?;
        // What begins a state file is written, whatever it is.
        let unless = unless.filter(|_| !since.begins()).map(|unless| unless.of(&store, &request)).transpose()?;
        let threads = arguments.get_one::<u16>("threads").map_or_else(ambient::processors, |count| (*count).into());
        let files = workspace.files()?;
        let client = Client::new(fetching::policy(arguments)?);
        let job = ExportWork {
            store: &store,
            request: &request,
            threads,
            stop: None,
            files: Some(&files),
            client: Some(&client),
            unless: unless.as_ref(),
        };
        let started = ambient::instant();
        // A dry run leaves no trace, not even of itself.
        let manifest = match target {
            Output::Nowhere => job.run(&target, messages)?,
            _ => job.run_as_task(&target, messages)?,
        };
        let Some(manifest) = manifest else { return Ok(SUCCESS) };
        if job.is_unchanged(&manifest) {
            unless::report(&manifest, messages);
            return Ok(SUCCESS);
        }
        export_report::report(&manifest, &target.place(), started.elapsed().as_secs_f64(), messages);
        if let Some(notice) = store.notice() {
            messages.event(&json!({ "event": "notice", "message": notice }), &format!("notice: {notice}"));
        }
        if !matches!(target, Output::Nowhere) {
            since.keep(&manifest)?;
        }
        Ok(conclude(&request, &manifest, messages))
    }
}

/// Reports what an export lacks that a person may have expected; returns the status of the command.
pub(super) fn conclude(request: &ExportRequest, manifest: &Manifest, messages: &Messages) -> u8 {
    if !writes_labels(request) && manifest.digest.rows > 0 {
        let event = json!({ "event": "notice", "labels_left_out": true });
        let sentence = "notice: labels were left out; --all-projects adds those of projects, --all-model-runs those of \
                        model runs, --everything all that there is";
        messages.event(&event, sentence);
    }
    let is_whole = manifest.unknown_ids == 0 && manifest.unknown_names.is_empty() && manifest.row_notices == 0;
    if is_whole { SUCCESS } else { REFUSED }
}

/// Takes the target that was named. One that may not be written is found before anything is read.
fn target(arguments: &ArgMatches, format: &dyn Format, workspace: &Workspace) -> Result<Output, Failure> {
    let (is_dry, named) = (arguments.get_flag("dry-run"), arguments.get_one::<String>("output"));
    let existing = if arguments.get_flag("force") { Existing::Replace } else { Existing::KeepForeign };
    // A dry run changes nothing, not even for the better.
    if let Some(path) = named.filter(|name| !is_dry && Output::is_path(name)) {
        recovered(Path::new(path))?;
    }
    let output = Output::of(named.map(String::as_str), existing, format, workspace)?;
    Ok(if is_dry { Output::Nowhere } else { output })
}

/// Returns whether a request asks for labels. Exports of projects and model runs always have them; the other scopes need a
/// parameter.
fn writes_labels(request: &ExportRequest) -> bool {
    let Params { all_projects, all_model_runs, project_ids, model_run_ids, .. } = &request.params;
    matches!(request.scope.kind(), ScopeKind::Project | ScopeKind::ModelRun)
        || *all_projects
        || *all_model_runs
        || !project_ids.is_empty()
        || !model_run_ids.is_empty()
}

/// One export to run.
pub(super) struct ExportWork<'a> {
    pub(super) store: &'a Store,
    pub(super) request: &'a ExportRequest,
    pub(super) threads: usize,
    /// Set when the export is to end early.
    pub(super) stop: Option<&'a AtomicBool>,
    /// Where the pictures of masks are kept.
    pub(super) files: Option<&'a Files>,
    /// What fetches assets for packages that hold them.
    pub(super) client: Option<&'a Client>,
    /// What the result must not be to be written.
    pub(super) unless: Option<&'a Unless>,
}

/// Fails where an export with these arguments would before it reads rows, if it wrote to this path. Nothing is changed.
pub(super) fn check(arguments: &ArgMatches, output: &Path, workspace: &Workspace) -> Result<(), Failure> {
    let named = arguments.subcommand().and_then(|(name, arguments)| Some((ScopeKind::find(name)?, arguments)));
    let (kind, arguments) = named.ok_or_else(|| Failure::usage("name what to export"))?;
    let existing = if arguments.get_flag("force") { Existing::Replace } else { Existing::KeepForeign };
    let target = Output::of(output.to_str(), existing, format_of(arguments)?, workspace)?;
    if !matches!(target, Output::File(..) | Output::Package(..)) {
        return Err(Failure::usage(format!("{} is neither a file nor a folder", target.shown())));
    }
    if matches!(target, Output::File(..)) && output.to_string_lossy().ends_with('/') {
        return Err(Failure::usage(format!("{} is a folder, and the format writes one file", output.display())));
    }
    let store = workspace.open_to_read()?;
    let thing = arguments.try_get_one::<String>("thing").ok().flatten().map_or("", String::as_str);
    let request = export_request::read(kind, thing, arguments, &store)?;
    let request = ExportRequest { since: since::read(arguments, workspace)?.watermark, ..request };
    request.check().map_err(Failure::usage)?;
    let connection = &mut *store.reader()?;
    export::check_names(connection, store.org_key(), &request).map_err(Failure::usage)?;
    Ok(export::check(connection, store.org_key(), &request)?)
}

fn format_of(arguments: &ArgMatches) -> Result<&'static dyn Format, Failure> {
    let choice = format_choice::read(arguments)?;
    labelport_formats::write::find(&choice.name).ok_or_else(|| Failure::usage("name a format"))
}

impl ExportWork<'_> {
    /// Runs the export and records it as a task.
    fn run_as_task(&self, target: &Output, messages: &Messages) -> Result<Option<Manifest>, Failure> {
        let file = match target {
            Output::File(destination, _) | Output::Package(destination, _) => {
                std::path::absolute(destination.path()).ok().map(|path| path.display().to_string())
            }
            Output::Object(..) | Output::Url(..) => Some(target.shown()),
            _ => None,
        };
        // What is not there fails in the export, and is recorded as it was named.
        let identified = export::identified(&mut *self.store.reader()?, self.store.org_key(), self.request);
        let work = CommandWork {
            kind: CommandTask::Export,
            name: self.request.scope.to_string(),
            request: identified.unwrap_or_else(|_| self.request.clone()).to_canonical_json(),
            holds_writer: false,
        };
        task::record(self.store, messages, &work, |running| {
            let job = ExportWork { stop: Some(&running.stop), ..*self };
            let manifest = job.run(target, messages)?;
            let file = file.filter(|_| !manifest.as_ref().is_some_and(|manifest| job.is_unchanged(manifest)));
            let (rows, sha256) = match &manifest {
                Some(manifest) => (manifest.digest.rows, Some(manifest.digest.sha256.clone())),
                None => (0, None),
            };
            let outcome = json!({ "rows": rows, "sha256": sha256, "file": file }).to_string();
            Ok((manifest, Done { rows, outcome }))
        })
    }

    /// Returns whether a result is the one that is not written.
    fn is_unchanged(&self, manifest: &Manifest) -> bool {
        self.unless.is_some_and(|unless| unless.is_met_by(manifest))
    }

    /// Runs the export; nothing is returned when the reader of standard output has gone away.
    pub(super) fn run(&self, target: &Output, messages: &Messages) -> Result<Option<Manifest>, Failure> {
        let mut progress = messages.progress("exporting", None);
        let mut tell = |now: ExportProgress| progress.set_of(now.parts_begun, now.parts, now.rows);
        let format = export::format_of(self.request)?;
        let mut run = ExportOptions {
            threads: self.threads,
            format,
            row_limit_bytes: ROW_LIMIT_BYTES,
            labels_created: None,
            progress: &mut tell,
            stop: self.stop,
            files: self.files,
            client: self.client,
        };
        let mut sink = target.open(format, messages)?;
        let is_output = matches!(target, Output::Stdout);
        let is_closed = |error: &ExportError| matches!(error, ExportError::Write { source, .. } if source.kind() == io::ErrorKind::BrokenPipe);
        match export::run(self.store, self.request, &mut *sink, &mut run) {
            // The reader has what it wanted.
            Err(error) if is_output && is_closed(&error) => Ok(None),
            Err(ExportError::Lossy(refused)) => {
                loss_report::report(&refused.losses, messages);
                Err(format_choice::refusal(&refused))
            }
            Err(ExportError::Media { data_row_id, reason }) => {
                let message =
                    format!("the media of data row {data_row_id} is not available: {reason}. Nothing was written");
                Err(Failure::new(message)
                    .hint("to go on without media that is not available, add --accept media=left_out"))
            }
            Err(error) => Err(error.into()),
            // What is not finished leaves nothing.
            Ok(manifest) if self.is_unchanged(&manifest) => Ok(Some(manifest)),
            Ok(manifest) => match sink.finish(&manifest) {
                Err(FileError::Io { source, .. }) if is_output && source.kind() == io::ErrorKind::BrokenPipe => {
                    Ok(None)
                }
                outcome => outcome.map(|()| Some(manifest)).map_err(Failure::from),
            },
        }
    }
}

/// Returns the arguments of a scope. Options that the scope does not have are there too: they are refused with the scopes
/// that do have them, not as words nobody knows.
fn arguments_of(kind: ScopeKind) -> Vec<Arg> {
    let mut arguments = Vec::new();
    match kind {
        ScopeKind::Rows | ScopeKind::Catalog => {}
        _ => arguments.push(Arg::new("thing").value_name("ID-or-NAME").required(true).help("Its id or its name")),
    }
    arguments.extend(export_request::arguments(Some(kind)));
    arguments.extend([
        since::argument(),
        unless::argument(),
        Arg::new("output").short('o').long("output").value_name("FILE|URL|-").help(
            "What to write: .ndjson or .jsonl, compressed with .gz or .zst after that; for a package a folder, .zip or \
                 .tar; a file, an object such as s3://BUCKET/KEY, or a URL signed for an upload [default: -, standard output]",
        ),
    ]);
    arguments.extend(format_choice::arguments());
    // They are about the option `media` of formats.
    arguments.extend(fetching::arguments().map(|argument| argument.help_heading("Media that goes into packages")));
    arguments.extend([
        Arg::new("force")
            .long("force")
            .action(ArgAction::SetTrue)
            .help("Replace the file even if labelport did not write it"),
        Arg::new("dry-run")
            .long("dry-run")
            .action(ArgAction::SetTrue)
            .help("Count rows, labels and bytes, and write nothing"),
        Arg::new("threads")
            .long("threads")
            .value_name("N")
            .value_parser(clap::value_parser!(u16).range(1..=256))
            .help("Threads to use, at most 256; the bytes are the same for any number [default: one per processor]"),
    ]);
    arguments
}

/// Prints the first row of a result, indented, to standard output: the first `limit` lines of it.
pub(super) fn print_first_row(path: &Path, limit: usize) -> Result<(), Failure> {
    let text = std::fs::read_to_string(path)?;
    let row = indented(text.lines().next().unwrap_or("{}"));
    let shown: Vec<&str> = row.lines().take(limit).collect();
    print(&format!("{}\n", shown.join("\n")))?;
    let more = row.lines().count() - shown.len();
    if more > 0 {
        print(&format!("  … and {} more\n", counted(more as u64, "line")))?;
    }
    Ok(())
}
