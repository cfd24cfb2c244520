//! `labelport import`: export files into the workspace.

use super::Command;
use crate::messages::{Messages, counted, escaped, grouped};
use crate::outcome::{Failure, Outcome, REFUSED, SUCCESS};
use crate::task::{Done, Job, Pulse, record};
use crate::workspace::{self, Workspace};
use clap::{Arg, ArgAction, ArgMatches};
use labelport_engine::import::{self, Progress, Run, Source, Summary};
use labelport_model::id::OntologyId;
use labelport_model::row::ROW_LIMIT_BYTES;
use labelport_store::Store;
use labelport_store::merge::Tally;
use labelport_store::ontologies::{self, GivenOntology, OntologyError};
use serde_json::json;
use std::path::{Path, PathBuf};

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
                 row replaces what was stored; what it does not say changes nothing.",
            )
            .args([
                Arg::new("paths").value_name("PATH").num_args(1..).required(true).help("Files; - for standard input"),
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
            .subcommands([labelbox, ontology])
    }

    fn run(&self, arguments: &ArgMatches, workspace: &Workspace, messages: &Messages) -> Outcome {
        match arguments.subcommand() {
            Some(("ontology", arguments)) => import_ontology(arguments, workspace, messages),
            Some((_, arguments)) => import_labelbox(arguments, workspace, messages),
            None => Err(Failure::usage("name what to import")),
        }
    }
}

fn import_labelbox(arguments: &ArgMatches, workspace: &Workspace, messages: &Messages) -> Outcome {
    // A path that cannot be opened is found before the first file is read.
    let mut sources = Vec::new();
    for path in arguments.get_many::<String>("paths").into_iter().flatten() {
        sources.push(match path.as_str() {
            "-" => Source::stream("standard input", Box::new(std::io::stdin())),
            path => Source::file(Path::new(path))?,
        });
    }
    let store = workspace.open_or_create()?;
    let strict = arguments.get_flag("strict");
    let record_bytes = arguments
        .get_one::<u16>("max-record-mib")
        .copied()
        .map_or(ROW_LIMIT_BYTES, |mebibytes| usize::from(mebibytes) << 20);
    let started = workspace::instant();
    let mut total = Summary::default();
    let names: Vec<&str> = sources.iter().map(Source::name).collect();
    let request = json!({ "files": names, "strict": strict }).to_string();
    let job = Job { kind: "import", name: names.join(", "), request, is_silent: strict };
    let limits = Limits { strict, record_bytes, scratch_folder: workspace.folder().to_owned() };
    let work = |pulse: &mut Pulse<'_>| {
        for source in sources {
            total.add(import_one(&store, source, &limits, messages, pulse)?);
        }
        let outcome = json!({ "records": total.records, "refused": total.refused }).to_string();
        Ok(((), Done { rows: total.records, outcome }))
    };
    record(&store, messages, job, work)?;
    report(&total, started.elapsed().as_secs_f64(), messages);
    Ok(if total.refused > 0 { REFUSED } else { SUCCESS })
}

/// What a file may hold.
struct Limits {
    strict: bool,
    record_bytes: usize,
    scratch_folder: PathBuf,
}

/// Imports one file and says so: what this has said is on disk.
fn import_one(
    store: &Store,
    source: Source,
    limits: &Limits,
    messages: &Messages,
    pulse: &mut Pulse<'_>,
) -> Result<Summary, Failure> {
    let name = source.name().to_owned();
    let mut progress = messages.progress("importing", source.size_bytes());
    let stop = pulse.stop();
    let mut tell = |now: Progress| {
        progress.set(now.bytes, now.records);
        pulse.beat();
    };
    let threads = workspace::processors().saturating_sub(1).max(1);
    let mut run = Run {
        strict: limits.strict,
        threads,
        record_limit_bytes: limits.record_bytes,
        scratch_folder: &limits.scratch_folder,
        now: workspace::now(),
        progress: &mut tell,
        stop: Some(&stop),
    };
    let summary = import::run(store, source, &mut run)?;
    drop(progress);
    let event = json!({
        "event": "file imported", "file": name, "records": summary.records, "refused": summary.refused,
    });
    messages.event(&event, "");
    if limits.strict && summary.refused > 0 {
        messages.note(&format!("{} was refused as a whole: nothing of it was written", escaped(&name)));
    }
    Ok(summary)
}

fn report(total: &Summary, secs: f64, messages: &Messages) {
    let counts = &total.counts;
    for refused in total.refusals.iter().take(REFUSED_SHOWN) {
        let event = json!({
            "event": "refused", "file": refused.file, "line": refused.line, "column": refused.column,
            "reason": refused.reason,
        });
        messages.event(&event, &format!("refused: {}", escaped(&refused.to_string())));
    }
    if total.refused > REFUSED_SHOWN as u64 {
        messages.note(&format!("refused: and {} more", counted(total.refused - REFUSED_SHOWN as u64, "record")));
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
        let parts = [
            ("created", tally.created),
            ("changed", tally.changed),
            ("unchanged", tally.unchanged),
            ("removed", tally.removed),
        ];
        let parts: Vec<String> = parts
            .iter()
            .filter(|(_, count)| *count > 0)
            .map(|(word, count)| format!("{} {word}", grouped(*count)))
            .collect();
        if !parts.is_empty() {
            lines.push(format!("  {name}: {}", parts.join(", ")));
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
    let event = json!({
        "event": "imported", "renamed": counts.renamed, "filled_videos": counts.filled_videos, "records": total.records, "refused": total.refused, "rows": tally(&counts.rows),
        "labels": tally(&counts.labels), "run_labels": tally(&counts.run_labels),
        "created": created.iter().map(|(name, _, count)| ((*name).to_owned(), json!(count))).collect::<serde_json::Map<_, _>>(),
    });
    messages.event(&event, &lines.join("\n"));
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
    let now = workspace::now();
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
