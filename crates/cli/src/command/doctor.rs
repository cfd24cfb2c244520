//! `labelport doctor`: whether the workspace is sound, and which of its files are unused.

use super::Command;
use crate::ambient;
use crate::messages::{Messages, counted, escaped, sized};
use crate::outcome::{Failure, Outcome, REFUSED, SUCCESS};
use crate::workspace::Workspace;
use clap::{Arg, ArgAction, ArgMatches};
use labelport_engine::history;
use labelport_engine::releases;
use labelport_engine::schedules;
use labelport_engine::storage::stale;
use labelport_engine::storage::unused;
use labelport_engine::tasks::DEATHS_LIMIT;
use labelport_store::Connection;
use labelport_store::Store;
use labelport_store::check;
use labelport_store::read::history as history_of;
use labelport_store::tables::file_references;
use labelport_store::tables::tasks;
use serde_json::json;
use std::io::{self, Read};

/// The most tasks that were given up to list.
const GIVEN_UP_SHOWN: usize = 20;

/// Checks the data folder.
pub(crate) struct Doctor;

impl Command for Doctor {
    fn name(&self) -> &'static str {
        "doctor"
    }

    fn arguments(&self) -> clap::Command {
        clap::Command::new("doctor")
            .about("Check the data folder and say what is wrong with it")
            .after_help(
                "Files are uploads, masks and chunks of imports. One that is older than a day and that no row, label,\n\
                 attachment, release, running task or other file refers to is unused.",
            )
            .arg(
                Arg::new("remove-unused-files")
                    .long("remove-unused-files")
                    .action(ArgAction::SetTrue)
                    .help("Remove the files that nothing refers to, if all is sound"),
            )
            .arg(
                Arg::new("prune-history")
                    .long("prune-history")
                    .action(ArgAction::SetTrue)
                    .help("Forget what changed before `export --since` may look back, if all is sound"),
            )
    }

    fn run(&self, arguments: &ArgMatches, workspace: &Workspace, messages: &Messages) -> Outcome {
        let lacks_log = workspace.lacks_log();
        let store = workspace.open()?;
        // Others may write meanwhile: between two of their commits things would look damaged that are not.
        let mut snapshot = store.snapshot(1)?;
        let connection = &mut *snapshot.connections[0];
        let mut checks = 0;
        let mut tell = |check: &'static str| {
            checks += 1;
            messages.event(&json!({ "event": "checking", "check": check }), "");
        };
        if let Some(unchecked) = connection.unchecked()? {
            let event = json!({ "event": "notice", "message": unchecked });
            messages.event(&event, &format!("notice: {unchecked}"));
        }
        let mut findings = check::check(connection, store.org_key(), &mut tell)?;
        tell(stale::CHECK);
        let newer = stale::count_newer_results(connection, snapshot.change_seq, &workspace.results()?)?;
        findings.extend(stale::finding(lacks_log, newer));
        tell(schedules::CHECK);
        findings.extend(schedules::check(connection, store.org_key())?);
        tell(releases::CHECK);
        findings.extend(releases::check(connection, store.org_key(), &workspace.results()?)?);
        for finding in &findings {
            let event = json!({
                "event": "finding", "check": finding.check, "message": finding.message, "remedy": finding.remedy,
            });
            messages.event(&event, &format!("{}: {}; {}", finding.check, finding.message, finding.remedy));
        }
        let folder = workspace.shown();
        let sentence = match findings.len() {
            0 => format!("{folder} is sound ({})", counted(checks, "check")),
            count => format!("{folder} has {} in {}", counted(count as u64, "finding"), counted(checks, "check")),
        };
        messages.event(&json!({ "event": "checked", "checks": checks, "findings": findings.len() }), &sentence);
        tell_bare_rows(connection, messages)?;
        report_given_up(&store, connection, messages)?;
        let is_to_go = arguments.get_flag("remove-unused-files");
        if !findings.is_empty() {
            // What cannot be read may refer to any file.
            if is_to_go {
                messages.note("no file was removed: a damaged workspace may hide what refers to it");
            }
            if arguments.get_flag("prune-history") {
                messages.note("history was not pruned: a damaged workspace is left as it is");
            }
            return Ok(REFUSED);
        }
        tell_unused_files(&store, connection, workspace, is_to_go, messages)?;
        if arguments.get_flag("prune-history") {
            prune_history(&store, messages)?;
        }
        Ok(SUCCESS)
    }
}

/// Forgets what changed longer ago than history is kept.
fn prune_history(store: &Store, messages: &Messages) -> Result<(), Failure> {
    let start = || history_of::start(&mut *store.reader()?, store.org_key());
    let before = start()?;
    history::prune(store, ambient::now())?;
    let (now, days) = (start()?, history::kept_days(store)?);
    let event = json!({ "event": "pruned_history", "from": before, "to": now, "days": days });
    let text = match now > before {
        true => format!("forgot what changed up to change {now}; `export --since` goes on from any later watermark"),
        false => format!("nothing is known to be older than {days} days: no history was forgotten"),
    };
    messages.event(&event, &text);
    Ok(())
}

fn tell_bare_rows(connection: &mut dyn Connection, messages: &Messages) -> Result<(), Failure> {
    if let Some((count, first)) = file_references::count_bare_rows(connection)? {
        let event = json!({ "event": "bare_rows", "count": count, "first": first });
        let text = format!(
            "data rows with neither a dataset nor row_data: {count}, such as {first}; nothing says what they show. Import \
             an export that has both, or delete them"
        );
        messages.event(&event, &text);
    }
    Ok(())
}

/// Lists the tasks that failed because their workers died again and again.
fn report_given_up(store: &Store, connection: &mut dyn Connection, messages: &Messages) -> Result<(), Failure> {
    for task in tasks::list_given_up(connection, store.org_key(), DEATHS_LIMIT, GIVEN_UP_SHOWN)? {
        let (id, kind, name, deaths) = (task.id.as_str(), &task.kind, &task.name, task.deaths);
        let event = json!({ "event": "given_up", "id": id, "kind": kind, "name": name, "worker_deaths": deaths });
        let text = format!(
            "task {id} ({kind} {}) was given up: its worker ended {deaths} times; `labelport task show {id}` says more",
            escaped(name)
        );
        messages.event(&event, &text);
    }
    Ok(())
}

/// Reports files that nothing refers to, and removes them if requested.
fn tell_unused_files(
    store: &Store,
    connection: &mut dyn Connection,
    workspace: &Workspace,
    is_to_go: bool,
    messages: &Messages,
) -> Result<(), Failure> {
    let (files, results) = (&workspace.files()?, workspace.results()?);
    let mut kept = |connection: &mut dyn Connection, each: &mut dyn FnMut(&mut dyn Read) -> io::Result<()>| {
        releases::each_text(connection, store.org_key(), &results, each)
    };
    let unused = unused::find(connection, files, &mut kept, ambient::now())?;
    let (count, size_bytes) = (unused.ids.len(), unused.size_bytes);
    let has_gone = is_to_go && count > 0;
    if has_gone {
        unused::remove(store, files, unused)?;
    }
    let event = json!({ "event": "unused_files", "count": count, "size_bytes": size_bytes, "removed": has_gone });
    let size = sized(size_bytes);
    let text = match (count, has_gone) {
        (0, _) => String::new(),
        (_, true) => format!("removed files that nothing referred to: {count} ({size})"),
        (_, false) => format!(
            "files older than a day that nothing refers to: {count} ({size}); `labelport doctor --remove-unused-files` \
             removes them"
        ),
    };
    messages.event(&event, &text);
    Ok(())
}
