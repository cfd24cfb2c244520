//! `labelport release create`: an export into the data folder, and the name for it.

use super::named;
use crate::ambient;
use crate::command::export::{ExportWork, conclude};
use crate::export_report;
use crate::export_request;
use crate::fetching;
use crate::messages::Messages;
use crate::outcome::{Failure, Outcome};
use crate::output::Output;
use crate::task::{self, Done};
use crate::workspace::Workspace;
use clap::ArgMatches;
use labelport_engine::export;
use labelport_engine::outbound::Client;
use labelport_engine::releases::{self, NewRelease};
use labelport_engine::tasks::{CommandTask, CommandWork};
use labelport_model::id::TaskId;
use labelport_model::request::{SCOPES, ScopeKind};
use serde_json::json;

pub(super) fn run(arguments: &ArgMatches, workspace: &Workspace, messages: &Messages) -> Outcome {
    let name = named(arguments);
    let description = arguments.get_one::<String>("description").map_or("", String::as_str);
    let served = workspace.open_served(workspace.open()?)?;
    let store = served.store();
    releases::check_new(&served, name, description)?;
    let (kind, thing) = scope(arguments).ok_or_else(|| Failure::usage("name what to export"))?;
    let request = export_request::read(kind, thing, arguments, store)?;
    request.check().map_err(Failure::usage)?;
    export::check_names(&mut *store.reader()?, store.org_key(), &request).map_err(Failure::usage)?;
    let files = workspace.files()?;
    let client = Client::new(fetching::policy(arguments)?);
    let work = CommandWork {
        kind: CommandTask::Release,
        name: name.to_owned(),
        request: export::identified(&mut *store.reader()?, store.org_key(), &request)?.to_canonical_json(),
        holds_writer: false,
    };
    let started = ambient::instant();
    let results = workspace.results()?;
    let kept = results.clone();
    // What cannot be removed now is removed by the server, which looks for results of releases that failed.
    let clean = move |id: &TaskId| results.remove(id.as_str()).unwrap_or_default();
    let manifest = task::record_and_clean(store, messages, &work, clean, |running| {
        let job = ExportWork {
            store,
            request: &request,
            threads: ambient::processors(),
            stop: Some(&running.stop),
            files: Some(&files),
            client: Some(&client),
            unless: None,
        };
        let target = Output::Kept(kept.clone(), running.id.clone());
        let made = job.run(&target, messages).and_then(|manifest| {
            let manifest = manifest.ok_or_else(|| Failure::new("the export was not written"))?;
            let task_id = running.id.as_str();
            let new = NewRelease { name, description, task_id, manifest: &manifest, created_by: "", ends_task: true };
            releases::add(&served, &new)?;
            Ok(manifest)
        });
        if made.is_err() {
            // What cannot be removed now is removed by the server, which looks for results of releases that failed.
            drop(kept.remove(running.id.as_str()));
        }
        let manifest = made?;
        let (rows, sha256) = (manifest.digest.rows, &manifest.digest.sha256);
        let outcome = json!({ "rows": rows, "sha256": sha256, "release": name }).to_string();
        Ok((manifest, Done { rows, outcome }))
    })?;
    let place =
        export_report::Place { sentence: format!("created release {name}"), is_dry: false, changes: String::new() };
    export_report::report(&manifest, &place, started.elapsed().as_secs_f64(), messages);
    Ok(conclude(&request, &manifest, messages))
}

/// Returns the scope that was named.
fn scope(arguments: &ArgMatches) -> Option<(ScopeKind, &str)> {
    SCOPES.iter().find_map(|scope| match scope.kind {
        ScopeKind::Rows | ScopeKind::Catalog => arguments.get_flag(scope.name).then_some((scope.kind, "")),
        kind => arguments.get_one::<String>(scope.name).map(|thing| (kind, thing.as_str())),
    })
}
