//! `labelport export`: rows out of the workspace, from any scope.

use super::Command;
use crate::ambient::{self, SystemChance};
use crate::export_report::{self, Place};
use crate::fetching;
use crate::format_choice;
use crate::interrupt;
use crate::loss_report;
use crate::messages::{Messages, counted, escaped, indented, print};
use crate::outcome::{Failure, Outcome, REFUSED, SUCCESS};
use crate::recovered::recovered;
use crate::since;
use crate::task::{self, Done};
use crate::workspace::Workspace;
use clap::{Arg, ArgAction, ArgMatches};
use labelport_engine::export::{self, ExportError, ExportOptions, ExportProgress, ROW_LIMIT_BYTES};
use labelport_engine::manifest::Manifest;
use labelport_engine::outbound::Client;
use labelport_engine::sink::{
    ArchiveSink, Container, Destination, Existing, FileError, FileSink, FolderSink, Nowhere, Packing, Rules, Sink,
    Stream, changes_path, refuse_inside,
};
use labelport_engine::storage::files::Files;
use labelport_engine::tasks::{CommandTask, CommandWork};
use labelport_formats::package::ArchiveKind;
use labelport_formats::write::{Format, Layout, Ndjson};
use labelport_model::request::{
    EXPORT_FILTERS, ExportFilters, ExportRequest, FilterField, PARAMS, ParamField, Params, SCOPES, Scope, ScopeKind,
};
use labelport_model::time::Zone;
use labelport_store::Store;
use serde_json::json;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
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
        let choice = format_choice::read(arguments)?;
        let format = labelport_formats::write::find(&choice.name).ok_or_else(|| Failure::usage("name a format"))?;
        let target = Output::of(arguments, format, workspace)?;
        let store = workspace.open_to_read()?;
        let since = since::read(arguments)?;
        if let Output::File(destination, _) | Output::Package(destination, _) = &target {
            since.refuse_target(destination.path())?;
        }
        let request = ExportRequest { since: since.watermark.clone(), ..request(kind, arguments, &store)? };
        if request.since.is_some() && matches!(target, Output::Stdout | Output::Device(_)) {
            let message = "a delta is two files, rows and changes, which do not fit into standard output";
            return Err(Failure::usage(message).hint("name a file, such as -o delta.ndjson"));
        }
        request.check().map_err(Failure::usage)?;
        export::check_names(&mut *store.reader()?, store.org_key(), &request).map_err(Failure::usage)?;
        let threads = arguments.get_one::<u16>("threads").map_or_else(ambient::processors, |count| (*count).into());
        let files = Files::new(workspace.folder());
        let client = Client::new(fetching::policy(arguments));
        let job = ExportWork {
            store: &store,
            request: &request,
            threads,
            stop: None,
            files: Some(&files),
            client: Some(&client),
        };
        let started = ambient::instant();
        // A dry run leaves no trace, not even of itself.
        let manifest = match target {
            Output::Nowhere => job.run(&target, messages)?,
            _ => job.run_as_task(&target, messages)?,
        };
        let Some(manifest) = manifest else { return Ok(SUCCESS) };
        export_report::report(&manifest, &target.place(), started.elapsed().as_secs_f64(), messages);
        if target != Output::Nowhere {
            since.keep(&manifest)?;
        }
        if !writes_labels(&request) && manifest.digest.rows > 0 {
            let event = json!({ "event": "notice", "labels_left_out": true });
            let sentence = "notice: labels were left out; --all-projects adds those of projects, --all-model-runs those of \
                            model runs, --everything all that there is";
            messages.event(&event, sentence);
        }
        let is_whole = manifest.unknown_ids == 0 && manifest.unknown_names.is_empty() && manifest.row_notices == 0;
        Ok(if is_whole { SUCCESS } else { REFUSED })
    }
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
}

/// Where an export goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Output {
    /// Standard output.
    Stdout,
    /// A file that appears whole, with a manifest next to it.
    File(Destination, Packing),
    /// A folder or an archive that appears whole, with a manifest next to it.
    Package(Destination, Container),
    /// A device or pipe, which takes bytes as they come.
    Device(PathBuf),
    /// Nothing is written.
    Nowhere,
}

/// Names of standard output.
const OUTPUT_NAMES: &[&str] = &["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];

impl Output {
    /// Takes the target that was named. One that may not be written is found before anything is read.
    fn of(arguments: &ArgMatches, format: &dyn Format, workspace: &Workspace) -> Result<Self, Failure> {
        let target = match arguments.get_one::<String>("output").map(String::as_str) {
            None => Self::stdout(format)?,
            Some(name) if OUTPUT_NAMES.contains(&name) => Self::stdout(format)?,
            Some(path) => {
                let existing = if arguments.get_flag("force") { Existing::Replace } else { Existing::KeepForeign };
                // A dry run changes nothing, not even for the better.
                if !arguments.get_flag("dry-run") {
                    recovered(Path::new(path))?;
                }
                Self::of_path(Path::new(path), format, workspace, existing)?
            }
        };
        Ok(if arguments.get_flag("dry-run") { Self::Nowhere } else { target })
    }

    fn stdout(format: &dyn Format) -> Result<Self, Failure> {
        if format.layout().extension().is_none() && io::stdout().is_terminal() {
            let message = format!("{} is a package of files, which a terminal cannot show", format.name());
            return Err(Failure::usage(message).hint("name a folder or an archive, such as -o rows.zip"));
        }
        Ok(Self::Stdout)
    }

    fn of_path(path: &Path, format: &dyn Format, workspace: &Workspace, existing: Existing) -> Result<Self, Failure> {
        if is_device(path) {
            refuse_inside(path, workspace.folder())?;
            return Ok(Self::Device(path.to_owned()));
        }
        let rules = Rules { data_folder: Some(workspace.folder()), existing, chance: &SystemChance };
        if let Layout::Package = format.layout() {
            let container = Container::of_path(path).map_err(Failure::usage)?;
            let destination = match container {
                Container::Folder => Destination::check_folder(path, &rules)?,
                Container::Archive(_) => Destination::check(path, &rules)?,
            };
            return Ok(Self::Package(destination, container));
        }
        let destination = Destination::check(path, &rules)?;
        let packing = Packing::of_path(path, format).map_err(Failure::usage)?;
        Ok(Self::File(destination, packing))
    }

    /// Takes a file of labelport's own in the data folder.
    pub(super) fn own_file(path: &Path) -> Result<Self, Failure> {
        let rules = Rules { data_folder: None, existing: Existing::KeepForeign, chance: &SystemChance };
        Ok(Self::File(Destination::check(path, &rules)?, Packing::of_path(path, &Ndjson)?))
    }

    /// Takes an archive of labelport's own in the data folder.
    pub(super) fn own_archive(path: &Path) -> Result<Self, Failure> {
        let rules = Rules { data_folder: None, existing: Existing::KeepForeign, chance: &SystemChance };
        Ok(Self::Package(Destination::check(path, &rules)?, Container::Archive(ArchiveKind::Zip)))
    }
}

/// Returns whether a path is written in place: what is neither file nor folder takes no other name, nor does anything
/// that a process reaches through its open files.
fn is_device(path: &Path) -> bool {
    let is_special = path.metadata().is_ok_and(|found| !found.is_file() && !found.is_dir());
    let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
    is_special || folder.is_some_and(|folder| folder == Path::new("/dev") || folder.starts_with("/proc"))
}

impl ExportWork<'_> {
    /// Runs the export and records it as a task.
    fn run_as_task(&self, target: &Output, messages: &Messages) -> Result<Option<Manifest>, Failure> {
        let file = match target {
            Output::File(destination, _) | Output::Package(destination, _) => {
                std::path::absolute(destination.path()).ok().map(|path| path.display().to_string())
            }
            _ => None,
        };
        let work = CommandWork {
            kind: CommandTask::Export,
            name: self.request.scope.to_string(),
            request: self.request.to_canonical_json(),
            holds_writer: false,
        };
        task::record(self.store, messages, &work, |stop| {
            let job = ExportWork { stop: Some(stop), ..*self };
            let manifest = job.run(target, messages)?;
            let (rows, sha256) = match &manifest {
                Some(manifest) => (manifest.digest.rows, Some(manifest.digest.sha256.clone())),
                None => (0, None),
            };
            let outcome = json!({ "rows": rows, "sha256": sha256, "file": file }).to_string();
            Ok((manifest, Done { rows, outcome }))
        })
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
        let is_output = *target == Output::Stdout;
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
            Ok(manifest) => match sink.finish(&manifest) {
                Err(FileError::Io { source, .. }) if is_output && source.kind() == io::ErrorKind::BrokenPipe => {
                    Ok(None)
                }
                outcome => outcome.map(|()| Some(manifest)).map_err(Failure::from),
            },
        }
    }
}

impl Output {
    /// Says where the export went.
    fn place(&self) -> Place {
        let named = |path: &Path| escaped(&path.display().to_string());
        let sentence = match self {
            Self::Stdout => "wrote to standard output".to_owned(),
            Self::File(destination, _) | Self::Package(destination, _) => {
                format!("wrote {}", named(destination.path()))
            }
            Self::Device(path) => format!("wrote {}", named(path)),
            Self::Nowhere => "would write".to_owned(),
        };
        let changes = match self {
            Self::File(destination, _) => format!(" in {}", named(&changes_path(destination.path()))),
            Self::Package(..) => " in its file changes.ndjson".to_owned(),
            Self::Stdout | Self::Device(_) | Self::Nowhere => String::new(),
        };
        Place { sentence, is_dry: *self == Self::Nowhere, changes }
    }

    /// Opens what takes the entries.
    fn open(&self, format: &dyn Format, messages: &Messages) -> Result<Box<dyn Sink>, Failure> {
        let is_package = matches!(format.layout(), Layout::Package);
        let archived = |sink: Box<dyn Sink>, kind, spool: &Path| -> Result<Box<dyn Sink>, Failure> {
            Ok(Box::new(ArchiveSink::new(kind, sink, spool)?))
        };
        Ok(match self {
            Self::Nowhere => Box::new(Nowhere),
            Self::Stdout => {
                widen(&io::stdout());
                let sink = Box::new(Stream { out: io::stdout(), name: "standard output".to_owned() });
                if is_package { archived(sink, ArchiveKind::Zip, &std::env::temp_dir())? } else { sink }
            }
            Self::Device(path) => {
                let name = path.display().to_string();
                // A file that a shell has opened to append to keeps what it has.
                let opened = std::fs::OpenOptions::new().append(true).open(path);
                let out = opened.map_err(|source| ExportError::Write { target: name.clone(), source })?;
                let sink = Box::new(Stream { out, name });
                if is_package { archived(sink, ArchiveKind::Zip, &std::env::temp_dir())? } else { sink }
            }
            Self::File(destination, packing) => {
                interrupt::handle(*messages)?;
                Box::new(FileSink::create(destination.clone(), *packing)?)
            }
            Self::Package(destination, Container::Folder) => {
                interrupt::handle(*messages)?;
                Box::new(FolderSink::create(destination.clone())?)
            }
            Self::Package(destination, Container::Archive(kind)) => {
                interrupt::handle(*messages)?;
                let folder = destination.path().parent().filter(|folder| !folder.as_os_str().is_empty());
                let folder = folder.unwrap_or(Path::new(".")).to_owned();
                let sink = Box::new(FileSink::create(destination.clone(), Packing::Plain)?);
                archived(sink, *kind, &folder)?
            }
        })
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
    for param in PARAMS {
        let argument = Arg::new(param.option.name)
            .long(param.option.flag.trim_start_matches('-'))
            .help(param.summary.trim_end_matches('.'))
            .help_heading("Sections")
            .hide(!param.scopes.contains(&kind));
        arguments.push(match &param.field {
            ParamField::Switch { .. } => argument.action(ArgAction::SetTrue),
            ParamField::Ids { .. } => argument.value_name("ID,...").action(ArgAction::Append),
            ParamField::MediaType { .. } => argument.value_name("TYPE"),
        });
    }
    arguments.push(
        Arg::new("everything")
            .long("everything")
            .action(ArgAction::SetTrue)
            .help("Adds every section that the scope has")
            .help_heading("Sections"),
    );
    for filter in EXPORT_FILTERS {
        let is_choice = kind == ScopeKind::Rows && matches!(filter.option.name, "data_row_ids" | "global_keys");
        arguments.push(
            Arg::new(filter.option.name)
                .long(filter.option.flag.trim_start_matches('-'))
                .help(filter.summary.trim_end_matches('.'))
                .help_heading(if is_choice { "Rows" } else { "Filters, all of which must hold" })
                .hide(!is_choice && !filter.scopes.contains(&kind))
                .action(ArgAction::Append)
                .allow_hyphen_values(true)
                .value_name(match &filter.field {
                    FilterField::Span { .. } => "START,END",
                    FilterField::Status { .. } => "STATUS",
                    FilterField::Ids { .. } => "ID,...|@FILE",
                }),
        );
    }
    arguments.extend([
        Arg::new("timezone")
            .long("timezone")
            .value_name("ZONE")
            .help("Time zone of dates without an offset [default: that of the workspace, UTC]")
            .help_heading("Filters, all of which must hold"),
        since::argument(),
        Arg::new("output").short('o').long("output").value_name("FILE|-").help(
            "What to write: .ndjson or .jsonl, compressed with .gz or .zst after that; for a package a folder, .zip or \
                 .tar [default: -, standard output]",
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

fn request(kind: ScopeKind, arguments: &ArgMatches, store: &Store) -> Result<ExportRequest, Failure> {
    let zone_name = match arguments.get_one::<String>("timezone") {
        Some(name) => name.clone(),
        None => store.time_zone()?,
    };
    let zone = Zone::parse(&zone_name).map_err(Failure::usage)?;
    let mut params = if arguments.get_flag("everything") { Params::everything(kind) } else { Params::default() };
    for param in PARAMS {
        let name = param.option.name;
        match &param.field {
            ParamField::Switch { set, .. } => {
                if arguments.get_flag(name) {
                    set(&mut params, true);
                }
            }
            ParamField::Ids { set, .. } => {
                if let Some(ids) = listed(arguments, name)? {
                    set(&mut params, ids);
                    // Named projects or runs stand in for all of them.
                    if name == "project_ids" {
                        params.all_projects = arguments.get_flag("all_projects");
                    } else {
                        params.all_model_runs = arguments.get_flag("all_model_runs");
                    }
                }
            }
            ParamField::MediaType { set, .. } => {
                if let Some(media_type) = arguments.get_one::<String>(name) {
                    set(&mut params, Some(media_type.to_ascii_uppercase()));
                }
            }
        }
    }
    let mut filters = ExportFilters::default();
    let mut choice = [None, None];
    for filter in EXPORT_FILTERS {
        let name = filter.option.name;
        let texts = match &filter.field {
            FilterField::Span { .. } => match arguments.get_many::<String>(name).into_iter().flatten().last() {
                Some(range) => Some(span(filter.option.flag, range)?),
                None => None,
            },
            FilterField::Status { .. } => arguments.get_many::<String>(name).map(|texts| texts.cloned().collect()),
            FilterField::Ids { .. } => listed(arguments, name)?,
        };
        let Some(texts) = texts else { continue };
        match (kind, name) {
            (ScopeKind::Rows, "data_row_ids") => choice[0] = Some(texts),
            (ScopeKind::Rows, "global_keys") => choice[1] = Some(texts),
            _ => filter.set(&mut filters, texts, &zone).map_err(Failure::usage)?,
        }
    }
    let thing = || arguments.get_one::<String>("thing").cloned().unwrap_or_default();
    let [data_row_ids, global_keys] = choice;
    let scope = match kind {
        ScopeKind::Project => Scope::Project(thing()),
        ScopeKind::Dataset => Scope::Dataset(thing()),
        ScopeKind::Slice => Scope::Slice(thing()),
        ScopeKind::ModelRun => Scope::ModelRun(thing()),
        ScopeKind::Catalog => Scope::Catalog,
        ScopeKind::Rows => Scope::Rows { data_row_ids, global_keys },
    };
    Ok(ExportRequest { scope, params, filters, format: format_choice::read(arguments)?, zone_name, since: None })
}

/// Returns the values of a list option: separated by commas, given several times, or one a line in `@FILE`.
fn listed(arguments: &ArgMatches, name: &str) -> Result<Option<Vec<String>>, Failure> {
    let Some(given) = arguments.get_many::<String>(name) else { return Ok(None) };
    let mut values = Vec::new();
    for text in given {
        match text.strip_prefix('@') {
            Some(path) => {
                let lines = std::fs::read_to_string(path).map_err(|error| {
                    Failure::usage(format!("{path} cannot be read ({error}); it should hold one id or key a line"))
                })?;
                values.extend(lines.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned));
            }
            None => values.extend(text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned)),
        }
    }
    Ok(Some(values))
}

/// Splits a range at its comma. No date form has one.
fn span(flag: &str, range: &str) -> Result<Vec<String>, Failure> {
    match range.split(',').collect::<Vec<_>>()[..] {
        [start, end] => Ok(vec![start.trim().to_owned(), end.trim().to_owned()]),
        _ => {
            Err(Failure::usage(format!("{flag} {range:?} is not a range; write START,END and leave an open end empty")))
        }
    }
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

/// The bytes that a pipe may hold between this process and its reader. Pipes are made with 64 KiB, at which the two take
/// turns and hardly ever run at the same time; more than 1 MiB is for the administrator to allow.
#[cfg(target_os = "linux")]
const PIPE_BYTES: usize = 1 << 20;

/// Lets standard output hold more, where it is a pipe.
#[cfg(target_os = "linux")]
fn widen(out: &io::Stdout) {
    // A file cannot be widened and need not be; a pipe that stays narrow is slower and works.
    rustix::pipe::fcntl_setpipe_size(out, PIPE_BYTES).unwrap_or_default();
}

#[cfg(not(target_os = "linux"))]
fn widen(_: &io::Stdout) {}
