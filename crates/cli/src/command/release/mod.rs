//! `labelport release`: exports that are kept under a name until somebody deletes them.

mod copy;
mod create;

use super::Command;
use super::diff::{self, Diff};
use super::verify::{self, Verify};
use crate::export_request;
use crate::fetching;
use crate::format_choice;
use crate::messages::{Messages, counted, escaped, grouped, print, table};
use crate::outcome::{Failure, Outcome, SUCCESS};
use crate::stored_result::Meaning;
use crate::workspace::Workspace;
use clap::{Arg, ArgAction, ArgGroup, ArgMatches};
use labelport_engine::items::Item;
use labelport_engine::releases::{self, Release as Kept, lineage};
use labelport_model::request::{SCOPES, ScopeKind};
use labelport_store::Connection;
use serde_json::{Value, json};

/// Creates, shows, copies, compares and deletes releases.
pub(crate) struct Release;

/// How much of a digest a list shows.
const DIGEST_SHOWN: usize = 12;

impl Command for Release {
    fn name(&self) -> &'static str {
        "release"
    }

    fn arguments(&self) -> clap::Command {
        let name = || Arg::new("name").value_name("NAME").required(true).help("Name of the release");
        let run = || {
            Arg::new("model-run").long("model-run").value_name("ID-or-NAME").required(true).help("The run's id or name")
        };
        clap::Command::new("release")
            .about("Keep exports under names, with their manifests, until you delete them")
            .after_help(
                "A release never changes and never expires. Every command that takes an export takes its name, too:\n\
                 verify, diff, apply, export --since.",
            )
            .subcommand_required(true)
            .arg_required_else_help(true)
            .subcommands([
                create_command().arg(name()),
                clap::Command::new("list").about("List the releases"),
                clap::Command::new("show")
                    .about("Print what is known of a release as JSON: request, size, digest, model runs")
                    .arg(name()),
                clap::Command::new("export").about("Copy a release to a file or folder, with its manifest").args([
                    name(),
                    Arg::new("output")
                        .short('o')
                        .long("output")
                        .value_name("FILE|-")
                        .required(true)
                        .help("What to write, as for `labelport export`"),
                    Arg::new("force")
                        .long("force")
                        .action(ArgAction::SetTrue)
                        .help("Replace the file even if labelport did not write it"),
                ]),
                Verify.arguments().about("Recompute digest and counts of a release and compare them with its manifest"),
                Diff.arguments().about("Say what differs between two releases, or a release and an export"),
                clap::Command::new("link")
                    .about("Record that a model run was trained on a release")
                    .args([name(), run()]),
                clap::Command::new("unlink")
                    .about("Remove the link between a model run and a release")
                    .args([name(), run()]),
                clap::Command::new("delete").about("Delete a release and the export that it keeps").args([
                    name(),
                    Arg::new("yes")
                        .long("yes")
                        .action(ArgAction::SetTrue)
                        .help("Confirm that the export is to be deleted for good"),
                ]),
            ])
    }

    fn run(&self, arguments: &ArgMatches, workspace: &Workspace, messages: &Messages) -> Outcome {
        match arguments.subcommand() {
            Some(("create", arguments)) => create::run(arguments, workspace, messages),
            Some(("show", arguments)) => show(arguments, workspace),
            Some(("export", arguments)) => copy::run(arguments, workspace, messages),
            Some(("verify", arguments)) => verify::run(arguments, Meaning::Release, workspace, messages),
            Some(("diff", arguments)) => diff::run_as(arguments, Meaning::Release, workspace, messages),
            Some(("link", arguments)) => link(arguments, workspace, messages),
            Some(("unlink", arguments)) => unlink(arguments, workspace, messages),
            Some(("delete", arguments)) => delete(arguments, workspace, messages),
            _ => list(workspace, messages),
        }
    }
}

fn create_command() -> clap::Command {
    let scopes = SCOPES.iter().map(|scope| {
        let argument = Arg::new(scope.name).long(scope.name).help(scope.summary.trim_end_matches('.'));
        match scope.kind {
            ScopeKind::Rows | ScopeKind::Catalog => argument.action(ArgAction::SetTrue),
            _ => argument.value_name("ID-or-NAME"),
        }
    });
    clap::Command::new("create")
        .about("Export and keep the result under a name")
        .after_help(
            "Sections, filters and formats are those of `labelport export`, whose help says what each scope has.",
        )
        .args(scopes.map(|argument| argument.help_heading("What to export")))
        .group(ArgGroup::new("scope").args(SCOPES.iter().map(|scope| scope.name)).required(true))
        .arg(Arg::new("description").long("description").value_name("TEXT").help("What the release is for"))
        .args(export_request::arguments(None))
        .args(format_choice::arguments())
        .args(fetching::arguments().map(|argument| argument.help_heading("Media that goes into packages")))
}

/// Returns the name that was given.
fn named(arguments: &ArgMatches) -> &str {
    arguments.get_one::<String>("name").map_or("", String::as_str)
}

fn list(workspace: &Workspace, messages: &Messages) -> Outcome {
    let store = workspace.open()?;
    let (mut reader, org_key) = (store.reader()?, store.org_key());
    let found = releases::list(&mut *reader, org_key)?;
    if messages.is_json() {
        for release in &found {
            print(&format!("{}\n", to_json(&mut *reader, org_key, release)?))?;
        }
        return Ok(SUCCESS);
    }
    if found.is_empty() {
        messages.note("there are no releases; `labelport release create` makes one");
        return Ok(SUCCESS);
    }
    let mut rows = Vec::new();
    for release in found {
        let runs = lineage::list_runs(&mut *reader, org_key, &release.id)?;
        let runs: Vec<String> = runs.into_iter().map(|run| run.name).collect();
        let Kept { format, rows: count, bytes, sha256, .. } = release.body;
        let sha256: String = sha256.chars().take(DIGEST_SHOWN).collect();
        let created = release.created.to_string();
        rows.push(vec![release.name, format, grouped(count), grouped(bytes), sha256, created, runs.join(", ")]);
    }
    print(&table(&["name", "format", "rows", "bytes", "sha256", "created", "model runs"], &rows))?;
    Ok(SUCCESS)
}

fn show(arguments: &ArgMatches, workspace: &Workspace) -> Outcome {
    let store = workspace.open()?;
    let (mut reader, org_key) = (store.reader()?, store.org_key());
    let release = releases::get(&mut *reader, org_key, named(arguments))?;
    let shown = to_json(&mut *reader, org_key, &release)?;
    print(&format!("{}\n", serde_json::to_string_pretty(&shown)?))?;
    Ok(SUCCESS)
}

fn to_json(connection: &mut dyn Connection, org_key: i64, release: &Item<Kept>) -> Result<Value, Failure> {
    let runs = lineage::list_runs(connection, org_key, &release.id)?;
    let runs: Vec<Value> =
        runs.iter().map(|run| json!({ "id": run.id, "name": run.name, "model": run.model_name })).collect();
    let Kept { task_id, description, format, request, rows, bytes, sha256, change_seq, watermark, version } =
        &release.body;
    let request: Value = serde_json::from_str(request)?;
    Ok(json!({
        "id": release.id,
        "name": release.name,
        "description": description,
        "format": format,
        "request": request,
        "rows": rows,
        "bytes": bytes,
        "sha256": sha256,
        "change_seq": change_seq,
        "watermark": watermark,
        "version": version,
        "task_id": task_id,
        "model_runs": runs,
        "created_by": Some(&release.created_by).filter(|email| !email.is_empty()),
        "created_at": release.created.to_string(),
    }))
}

/// Returns the id of the model run that was named.
fn run_of(arguments: &ArgMatches, connection: &mut dyn Connection, org_key: i64) -> Result<String, Failure> {
    use labelport_store::tables::entities::EntityKind;
    let named = arguments.get_one::<String>("model-run").map_or("", String::as_str);
    Ok(labelport_engine::export::get_thing(connection, org_key, EntityKind::ModelRun, named)?.id)
}

fn link(arguments: &ArgMatches, workspace: &Workspace, messages: &Messages) -> Outcome {
    let (served, name) = (workspace.open_served(workspace.open()?)?, named(arguments));
    let run_id = run_of(arguments, &mut *served.store().reader()?, served.org_key())?;
    let before = lineage::link(&served, &run_id, name, "")?.map(|before| before.name);
    let event = json!({ "event": "linked", "release": name, "model_run": run_id, "before": before });
    let instead = before.map_or_else(String::new, |before| format!(", and not on release {before}, as was recorded"));
    messages.event(&event, &format!("model run {run_id} was trained on release {name}{instead}"));
    Ok(SUCCESS)
}

fn unlink(arguments: &ArgMatches, workspace: &Workspace, messages: &Messages) -> Outcome {
    let (served, name) = (workspace.open_served(workspace.open()?)?, named(arguments));
    let (run_id, linked) = {
        let mut reader = served.store().reader()?;
        let run_id = run_of(arguments, &mut *reader, served.org_key())?;
        releases::get(&mut *reader, served.org_key(), name)?;
        let linked = lineage::find(&mut *reader, served.org_key(), &run_id)?;
        (run_id, linked)
    };
    if let Some(other) = linked.filter(|linked| linked.name != name) {
        return Err(Failure::new(format!("the model run {run_id} is linked to release {}, not {name}", other.name)));
    }
    lineage::unlink(&served, &run_id)?;
    let event = json!({ "event": "unlinked", "release": name, "model_run": run_id });
    messages.event(&event, &format!("model run {run_id} is not linked to release {name} any more"));
    Ok(SUCCESS)
}

fn delete(arguments: &ArgMatches, workspace: &Workspace, messages: &Messages) -> Outcome {
    let (served, name) = (workspace.open_served(workspace.open()?)?, named(arguments));
    let release = releases::get(&mut *served.store().reader()?, served.org_key(), name)?;
    let rows = counted(release.body.rows, "row");
    if !arguments.get_flag("yes") {
        let message = format!("deleting release {name} removes its export of {rows} for good");
        return Err(Failure::usage(message).hint("add --yes if that is what you want"));
    }
    releases::delete(&served, name)?;
    let event = json!({ "event": "release deleted", "name": name, "sha256": release.body.sha256 });
    messages.event(&event, &format!("deleted release {} ({rows})", escaped(name)));
    Ok(SUCCESS)
}
