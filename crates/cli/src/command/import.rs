//! `labelport import`: export files into the workspace.

use super::Command;
use crate::ambient::{self, SystemChance};
use crate::archive_report;
use crate::interrupt;
use crate::messages::{Messages, counted, escaped, grouped};
use crate::outcome::{Failure, Outcome, REFUSED, SUCCESS};
use crate::task::{Done, Running, record};
use crate::workspace::Workspace;
use clap::{Arg, ArgAction, ArgMatches};
use labelport_engine::import::{
    self, DryFolder, DryRun, Fetcher, ImportError, ImportOptions, ImportProgress, Preview, RefusedFiles, RowName,
    Source, Summary, reasons_path,
};
use labelport_engine::outbound::{Cidr, Client, Policy};
use labelport_engine::sink::{Existing, Packing, Rules};
use labelport_engine::tasks::{CommandTask, CommandWork};
use labelport_formats::read::{LabelboxV1, Reader};
use labelport_formats::write::Ndjson;
use labelport_model::id::OntologyId;
use labelport_model::row::ROW_LIMIT_BYTES;
use labelport_store::Store;
use labelport_store::tables::ontologies::{self, GivenOntology, OntologyError};
use labelport_store::write::merge::{MergeCounts, Tally};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Reads files into the workspace.
pub(crate) struct Import;

/// How many refused records are named on the screen.
const REFUSED_SHOWN: usize = 20;

impl Command for Import {
    fn name(&self) -> &'static str {
        "import"
    }

    fn arguments(&self) -> clap::Command {
        let labelbox = clap::Command::new("labelbox")
            .about("Read export files in the row format of Labelbox's export v2")
            .long_about(
                "Read export files in the row format of Labelbox's export v2.\n\n\
                 Files are NDJSON or a JSON array, plain, gzip or zstd, of any scope and any age. What a file says about a \
                 row replaces what was stored; what it does not say changes nothing. A file of before v2 is recognised and \
                 read as by `import labelbox-v1`.",
            )
            .args(file_arguments());
        let labelbox_v1 = clap::Command::new("labelbox-v1")
            .about("Read export files of before v2, with one record for each label")
            .long_about(
                "Read export files of before v2, with one record for each label.\n\n\
                 Files are a JSON array or NDJSON, plain, gzip or zstd, of projects or of model runs. Labels join those of \
                 their rows; importing a file again changes nothing. Frames of videos stand in the record or in a file of \
                 their own, which the record names by a path relative to the export, by a file:// URL or by any other \
                 URL. What today's form has no key for is kept, and is counted in the report.",
            )
            .args(file_arguments())
            .args([
                Arg::new("fetch-media")
                    .long("fetch-media")
                    .action(ArgAction::SetTrue)
                    .conflicts_with("dry-run")
                    .help("Fetch masks and files of frames that records name by URL")
                    .long_help(
                        "Fetch masks and files of frames that records name by URL, and keep them in the data folder. Those \
                         that cannot be fetched stay where they are and are reported. Only public addresses are fetched, \
                         and those that --allow-fetch names",
                    ),
                Arg::new("allow-fetch")
                    .long("allow-fetch")
                    .value_name("CIDR")
                    .requires("fetch-media")
                    .action(ArgAction::Append)
                    .value_parser(clap::value_parser!(Cidr))
                    .help("Private addresses that files may be fetched from, such as 10.0.0.0/8"),
                Arg::new("model-run")
                    .long("model-run")
                    .value_name("NAME")
                    .help("Name of the model run of records that belong to one [default: the name of the file]"),
            ]);
        let ontology =
            clap::Command::new("ontology").about("Read an ontology that rows of its projects must fit").args([
                Arg::new("path").value_name("PATH").required(true).help("File with tools and classifications as JSON"),
                Arg::new("id").long("id").value_name("ID").required(true).help("The ontology's id"),
                Arg::new("name").long("name").value_name("NAME").help("The ontology's name [default: its id]"),
            ]);
        clap::Command::new("import")
            .about("Read export files or an ontology into the workspace")
            .subcommand_required(true)
            .arg_required_else_help(true)
            .subcommands([labelbox, labelbox_v1, ontology])
    }

    fn run(&self, arguments: &ArgMatches, workspace: &Workspace, messages: &Messages) -> Outcome {
        match arguments.subcommand() {
            Some(("ontology", arguments)) => import_ontology(arguments, workspace, messages),
            Some(("labelbox-v1", arguments)) => {
                let text = |name: &str| arguments.get_one::<String>(name).cloned();
                let archive = Archive {
                    reader: Some(&LabelboxV1),
                    run_name: text("model-run"),
                    fetcher: match arguments.get_flag("fetch-media") {
                        true => Some(Arc::new(fetcher(arguments, workspace)?)),
                        false => None,
                    },
                };
                import_files(arguments, archive, workspace, messages)
            }
            Some((_, arguments)) => import_files(arguments, Archive::default(), workspace, messages),
            None => Err(Failure::usage("name what to import")),
        }
    }
}

/// Returns the arguments of every command that reads export files.
fn file_arguments() -> Vec<Arg> {
    vec![
                Arg::new("paths").value_name("PATH").num_args(1..).required(true).help("Files; - for standard input"),
                Arg::new("dry-run")
                    .long("dry-run")
                    .action(ArgAction::SetTrue)
                    .help("Show what would be created, changed and removed, and write nothing")
                    .long_help(
                        "Read, check and merge everything in one transaction that is taken back, and show what would be \
                         created, changed and removed, with the first ten rows of each. Nothing is left behind, but until \
                         it ends nobody else can write to the workspace, and it needs the disk space of the import",
                    ),
                Arg::new("refused")
                    .long("refused")
                    .value_name("FILE")
                    .value_parser(clap::value_parser!(PathBuf))
                    .help("Write refused records to FILE and the reasons to FILE.reasons.ndjson")
                    .long_help(
                        "Write every refused record to FILE as it was, one a line, to be corrected and imported, and file, \
                         line, column and reason of each to FILE.reasons.ndjson. A record printed over several lines \
                         becomes one line. A name ending in .gz or .zst is packed. Both files are written when the import \
                         ends, and not at all if nothing was refused",
                    ),
                Arg::new("force")
                    .long("force")
                    .requires("refused")
                    .action(ArgAction::SetTrue)
                    .help("Replace FILE and its reasons if they exist; remove them if nothing is refused"),
                Arg::new("strict")
                    .long("strict")
                    .action(ArgAction::SetTrue)
                    .help("Refuse a file as a whole when one of its records is refused"),
                Arg::new("max-record-mib")
                    .long("max-record-mib")
                    .value_name("MIB")
                    .value_parser(clap::value_parser!(u16).range(1..=(ROW_LIMIT_BYTES >> 20) as i64))
                    .default_value("512")
                    .help("Size of the largest record, not counting video frames that can be computed"),
    ]
}

/// How files of before v2 are read.
#[derive(Default)]
struct Archive {
    reader: Option<&'static dyn Reader>,
    run_name: Option<String>,
    fetcher: Option<Arc<Fetcher>>,
}

fn fetcher(arguments: &ArgMatches, workspace: &Workspace) -> Result<Fetcher, Failure> {
    let allowed = arguments.get_many::<Cidr>("allow-fetch").into_iter().flatten().copied().collect();
    let client = Client::new(Policy { allowed, ..Policy::default() });
    Ok(Fetcher::new(client, workspace.files()?))
}

fn import_files(arguments: &ArgMatches, archive: Archive, workspace: &Workspace, messages: &Messages) -> Outcome {
    // A path that cannot be opened is found before the first file is read.
    let mut sources = Vec::new();
    for path in arguments.get_many::<String>("paths").into_iter().flatten() {
        sources.push(match path.as_str() {
            "-" => Source::stream("standard input", Box::new(std::io::stdin())),
            path => Source::file(Path::new(path))?,
        });
    }
    let is_dry = arguments.get_flag("dry-run");
    let mut refused = refused_files(arguments, workspace)?;
    if is_dry || refused.is_some() {
        interrupt::handle(*messages)?;
    }
    let strict = arguments.get_flag("strict");
    let record_bytes = arguments
        .get_one::<u16>("max-record-mib")
        .copied()
        .map_or(ROW_LIMIT_BYTES, |mebibytes| usize::from(mebibytes) << 20);
    let started = ambient::instant();
    let mut total = Summary::default();
    let mut limits = Limits {
        strict,
        is_dry,
        archive,
        record_bytes,
        scratch_folder: workspace.folder().to_owned(),
        refused: refused.as_mut(),
        stop: None,
    };
    let outcome = if is_dry {
        dry_run(sources, &mut limits, workspace, &mut total, messages).map(|preview| (Some(preview), None))
    } else {
        import_all(sources, &mut limits, workspace, &mut total, messages).map(|store| (None, Some(store)))
    };
    let shown = |preview: Option<&Preview>, total: &Summary| {
        report(total, preview, started.elapsed().as_secs_f64(), messages);
    };
    // The store stays open until all is said: to close it takes a moment.
    let (preview, _store) = match outcome {
        Ok(outcome) => outcome,
        // What was read before is neither lost nor passed over.
        Err(failure) => {
            if total.records > 0 && !is_dry {
                shown(None, &total);
            }
            return Err(failure);
        }
    };
    shown(preview.as_ref(), &total);
    if let (Some(files), Some(path)) = (refused, arguments.get_one::<PathBuf>("refused")) {
        let is_rest_imported = !strict && !is_dry;
        finish_refused(files, path, &total, is_rest_imported, messages)?;
    }
    Ok(if total.refused > 0 { REFUSED } else { SUCCESS })
}

/// Starts the file of refused records, if one is asked for.
fn refused_files(arguments: &ArgMatches, workspace: &Workspace) -> Result<Option<RefusedFiles>, Failure> {
    let Some(path) = arguments.get_one::<PathBuf>("refused") else { return Ok(None) };
    let packing = Packing::of_path(path, &Ndjson).map_err(Failure::usage)?;
    let place = |path: &Path| path.canonicalize().ok();
    let inputs = arguments.get_many::<String>("paths").into_iter().flatten();
    for input in inputs.filter(|input| *input != "-") {
        let input = place(Path::new(input));
        if input.is_some() && [place(path), place(&reasons_path(path))].contains(&input) {
            return Err(Failure::usage(format!(
                "{} is one of the files to import; name another file for refused records",
                path.display()
            )));
        }
    }
    let existing = if arguments.get_flag("force") { Existing::Replace } else { Existing::Keep };
    let rules = Rules { data_folder: Some(workspace.folder()), existing, chance: &SystemChance };
    Ok(Some(RefusedFiles::create(path, &rules, packing)?))
}

fn finish_refused(
    files: RefusedFiles,
    path: &Path,
    total: &Summary,
    is_rest_imported: bool,
    messages: &Messages,
) -> Result<(), Failure> {
    if !files.finish()? {
        return Ok(());
    }
    let reasons = reasons_path(path);
    let event = json!({
        "event": "refused records written", "records": path.display().to_string(),
        "reasons": reasons.display().to_string(), "refused": total.refused,
    });
    let next = if is_rest_imported { "; correct the records and import that file" } else { "" };
    let sentence = format!("the refused records are in {}, the reasons in {}{next}", path.display(), reasons.display());
    messages.event(&event, &sentence);
    Ok(())
}

/// Imports files, records that as a task and returns the store. What the files before a failure did is in `total`.
fn import_all(
    sources: Vec<Source>,
    limits: &mut Limits<'_>,
    workspace: &Workspace,
    total: &mut Summary,
    messages: &Messages,
) -> Result<Store, Failure> {
    let store = workspace.open_or_create()?;
    let names: Vec<&str> = sources.iter().map(Source::name).collect();
    let request = json!({ "files": names, "strict": limits.strict }).to_string();
    let command =
        CommandWork { kind: CommandTask::Import, name: names.join(", "), request, holds_writer: limits.strict };
    let work = |running: &Running| {
        let stop = &running.stop;
        limits.stop = Some(Arc::clone(stop));
        for source in sources {
            let run_one = |source: Source, run: &mut ImportOptions<'_>| import::run(&store, source, run);
            total.add(import_one(source, limits, messages, run_one)?);
        }
        let outcome = json!({ "records": total.records, "refused": total.refused }).to_string();
        Ok(((), Done { rows: total.records, outcome }))
    };
    record(&store, messages, &command, work)?;
    Ok(store)
}

/// Imports files into a transaction that is taken back. Nothing of it is recorded.
fn dry_run(
    sources: Vec<Source>,
    limits: &mut Limits<'_>,
    workspace: &Workspace,
    total: &mut Summary,
    messages: &Messages,
) -> Result<Preview, Failure> {
    if workspace.exists()? {
        return dry_run_in(&workspace.open()?, sources, limits, total, messages);
    }
    let folder = DryFolder::create(workspace.folder(), &SystemChance).map_err(|error| {
        Failure::new(format!(
            "no folder for the dry run can be made next to {} ({error})",
            workspace.folder().display()
        ))
    })?;
    let empty = workspace.elsewhere(folder.path());
    folder.path().clone_into(&mut limits.scratch_folder);
    // The store is closed before its folder goes.
    let store = empty.open_or_create()?;
    dry_run_in(&store, sources, limits, total, messages)
}

fn dry_run_in(
    store: &Store,
    sources: Vec<Source>,
    limits: &mut Limits<'_>,
    total: &mut Summary,
    messages: &Messages,
) -> Result<Preview, Failure> {
    let dry_run = DryRun::start(store, ambient::now())?;
    let last = sources.len().saturating_sub(1);
    for (index, source) in sources.into_iter().enumerate() {
        let run_one =
            |source: Source, run: &mut ImportOptions<'_>| import::run_dry(store, &dry_run, source, index == last, run);
        total.add(import_one(source, limits, messages, run_one)?);
    }
    Ok(dry_run.finish()?)
}

/// What a file may hold, and what becomes of refused records.
struct Limits<'a> {
    strict: bool,
    is_dry: bool,
    archive: Archive,
    record_bytes: usize,
    scratch_folder: PathBuf,
    refused: Option<&'a mut RefusedFiles>,
    /// Set once somebody has canceled the import.
    stop: Option<Arc<AtomicBool>>,
}

/// Imports one file and says so: what this has said is on disk, unless it is a dry run.
fn import_one(
    source: Source,
    limits: &mut Limits<'_>,
    messages: &Messages,
    import: impl FnOnce(Source, &mut ImportOptions<'_>) -> Result<Summary, ImportError>,
) -> Result<Summary, Failure> {
    let name = source.name().to_owned();
    let mut progress = messages.progress("importing", source.size_bytes());
    let mut tell = |now: ImportProgress| progress.set(now.bytes, now.records);
    let threads = ambient::processors().saturating_sub(1).max(1);
    let mut run = ImportOptions {
        strict: limits.strict,
        threads,
        record_limit_bytes: limits.record_bytes,
        scratch_folder: &limits.scratch_folder,
        reader: limits.archive.reader,
        run_name: limits.archive.run_name.clone(),
        fetcher: limits.archive.fetcher.clone(),
        refused: limits.refused.as_deref_mut(),
        now: ambient::now(),
        progress: &mut tell,
        stop: limits.stop.as_deref(),
    };
    let summary = import(source, &mut run)?;
    drop(progress);
    let event = json!({
        "event": if limits.is_dry { "file read" } else { "file imported" }, "file": name, "records": summary.records, "refused": summary.refused,
    });
    messages.event(&event, "");
    if limits.strict && summary.refused > 0 {
        messages.note(&format!("{} was refused as a whole: nothing of it was written", escaped(&name)));
    }
    Ok(summary)
}

fn report(total: &Summary, preview: Option<&Preview>, secs: f64, messages: &Messages) {
    let counts = &total.counts;
    for refused in total.refusals.iter().take(REFUSED_SHOWN) {
        let event = json!({
            "event": "refused", "file": refused.file, "line": refused.line, "column": refused.column,
            "reason": refused.reason,
        });
        messages.event(&event, &format!("refused: {}", escaped(&refused.to_string())));
    }
    if total.refused > REFUSED_SHOWN as u64 {
        messages.note(&format!(
            "refused: and {} more, {} in all; --refused FILE writes all of them to a file",
            counted(total.refused - REFUSED_SHOWN as u64, "record"),
            grouped(total.refused)
        ));
    }
    let tally = |tally: &Tally| {
        json!({
            "created": tally.created, "changed": tally.changed, "unchanged": tally.unchanged,
            "removed": tally.removed,
        })
    };
    let created = [
        ("datasets", "dataset", counts.datasets),
        ("projects", "project", counts.projects),
        ("ontologies", "ontology", counts.ontologies),
        ("features", "feature", counts.features),
        ("batches", "batch", counts.batches),
        ("metadata schemas", "metadata schema", counts.metadata_schemas),
        ("models", "model", counts.models),
        ("model runs", "model run", counts.model_runs),
    ];
    let mut lines = vec![format!(
        "read {} in {secs:.2} s ({} records/s), {} refused",
        counted(total.records, "record"),
        grouped((total.records as f64 / secs.max(1e-9)) as u64),
        grouped(total.refused)
    )];
    for (name, tally) in
        [("data rows", &counts.rows), ("labels", &counts.labels), ("run labels and predictions", &counts.run_labels)]
    {
        let parts = [("created", tally.created), ("changed", tally.changed), ("unchanged", tally.unchanged)];
        let parts: Vec<String> = parts
            .iter()
            .filter(|(_, count)| *count > 0)
            .map(|(word, count)| format!("{} {word}", grouped(*count)))
            .collect();
        if !parts.is_empty() {
            lines.push(format!("  {name}: {}", parts.join(", ")));
        }
    }
    for (name, tally) in [("labels", &counts.labels), ("run labels and predictions", &counts.run_labels)] {
        if tally.removed > 0 {
            lines.push(format!("  {name} removed: {}", grouped(tally.removed)));
        }
    }
    let new: Vec<String> =
        created.iter().filter(|(_, _, count)| *count > 0).map(|(_, noun, count)| counted(*count, noun)).collect();
    if !new.is_empty() {
        lines.push(format!("  new: {}", new.join(", ")));
    }
    if counts.renamed > 0 {
        lines.push(format!("  renamed: {} (datasets, projects, models or model runs)", grouped(counts.renamed)));
    }
    if counts.filled_videos > 0 {
        lines.push(format!(
            "notice: {} video frames between their key frames that cannot be computed from them; these frames are kept as \
             they came and will be in every export",
             if counts.filled_videos == 1 {
                 "1 label has".to_owned()
             } else {
                 format!("{} labels have", grouped(counts.filled_videos))
             }
        ));
    }
    if let Some(archive) = &total.archive {
        lines.extend(archive_report::lines(archive));
    }
    let mut event = json!({
        "event": "imported", "renamed": counts.renamed, "filled_videos": counts.filled_videos,
        "records": total.records, "refused": total.refused,
        "refused_listed": total.refusals.len().min(REFUSED_SHOWN), "rows": tally(&counts.rows),
        "labels": tally(&counts.labels), "run_labels": tally(&counts.run_labels),
        "created": created.iter().map(|(name, _, count)| ((*name).to_owned(), json!(count))).collect::<serde_json::Map<_, _>>(),
    });
    if let Some(archive) = &total.archive {
        event["archive"] = archive_report::event(archive);
    }
    if let Some(preview) = preview {
        event["event"] = json!("dry run");
        event["first_rows"] = first_rows(preview);
        lines.insert(0, "dry run, nothing was written; an import would do this:".to_owned());
        lines.extend(named(counts, preview));
    }
    messages.event(&event, &lines.join("\n"));
}

/// Returns the rows that a dry run names, for programs.
fn first_rows(preview: &Preview) -> Value {
    let names = |rows: &[RowName]| -> Vec<Value> {
        rows.iter().map(|row| json!({ "id": row.id, "global_key": row.global_key })).collect()
    };
    let losses = preview.losses.iter();
    let losses = losses.map(|row| json!({ "id": row.row_id, "global_key": row.global_key, "labels": row.labels }));
    json!({
        "created": names(&preview.created), "changed": names(&preview.changed),
        "labels_removed": losses.collect::<Vec<_>>(),
    })
}

/// Names the first rows that an import would touch, for people.
fn named(counts: &MergeCounts, preview: &Preview) -> Vec<String> {
    let named = |id: &str, global_key: Option<&String>| match global_key {
        Some(global_key) => format!("  {id}  {}", escaped(global_key)),
        None => format!("  {id}"),
    };
    let rows =
        |rows: &[RowName]| -> Vec<String> { rows.iter().map(|row| named(&row.id, row.global_key.as_ref())).collect() };
    let losses = preview.losses.iter();
    let losses = losses.map(|row| {
        format!("{}  ({} removed)", named(&row.row_id, row.global_key.as_ref()), counted(row.labels, "label"))
    });
    let sorts = [
        ("data rows that would be created", counts.rows.created, rows(&preview.created)),
        ("data rows that would be changed", counts.rows.changed, rows(&preview.changed)),
        ("data rows that would lose labels", 0, losses.collect()),
    ];
    let mut lines = Vec::new();
    for (what, all, names) in sorts.into_iter().filter(|(_, _, names)| !names.is_empty()) {
        let which = if all > names.len() as u64 { format!(", the first {}", names.len()) } else { String::new() };
        lines.push(format!("{what}{which}:"));
        lines.extend(names);
    }
    lines
}

fn import_ontology(arguments: &ArgMatches, workspace: &Workspace, messages: &Messages) -> Outcome {
    let text = |name: &str| arguments.get_one::<String>(name).cloned();
    let path = text("path").unwrap_or_default();
    let json =
        std::fs::read_to_string(&path).map_err(|error| Failure::new(format!("{path} cannot be read ({error})")))?;
    let id = OntologyId::parse(&text("id").unwrap_or_default()).map_err(Failure::usage)?;
    let name = text("name").unwrap_or_else(|| id.to_string());
    let store = workspace.open_or_create()?;
    let org_key = store.org_key();
    let now = ambient::now();
    let shown = id.to_string();
    let outcome = store.write(move |connection| {
        let given = GivenOntology { id: &id, name: &name, normalized: &json, now };
        match ontologies::import_given(connection, org_key, given) {
            Err(OntologyError::Store(error)) => Err(error),
            outcome => Ok(outcome),
        }
    })?;
    let features = outcome.map_err(|error| Failure::new(format!("{path} is no ontology: {error}")))?.features;
    let sentence = format!("ontology {shown} has {}", counted(features as u64, "feature"));
    messages.event(&json!({ "event": "ontology", "id": shown, "features": features }), &sentence);
    Ok(SUCCESS)
}
