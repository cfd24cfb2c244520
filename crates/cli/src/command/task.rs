//! `labelport task`: what runs and what has run, and calling it off.

use super::Command;
use crate::ambient;
use crate::messages::{Messages, escaped, grouped, print, table};
use crate::outcome::{Failure, Outcome, SUCCESS};
use crate::workspace::Workspace;
use clap::{Arg, ArgMatches};
use labelport_engine::registry;
use labelport_model::id::TaskId;
use labelport_store::tables::tasks::{self, ListTasks, Task as Stored, TaskStatus};
use serde_json::{Value, json};

/// Lists, shows and cancels tasks.
pub(crate) struct Task;

/// How many tasks a list has if nobody says.
const LISTED: &str = "100";

impl Command for Task {
    fn name(&self) -> &'static str {
        "task"
    }

    fn arguments(&self) -> clap::Command {
        let id = || Arg::new("task").value_name("ID").required(true).help("Its id");
        let statuses = TaskStatus::ALL.map(TaskStatus::wire_name);
        clap::Command::new("task")
            .about("List, show and cancel imports, exports and other tasks")
            .subcommand_required(true)
            .arg_required_else_help(true)
            .subcommands([
                clap::Command::new("cancel")
                    .about("Stop a task that waits or runs, and free what it has written of a result")
                    .after_help(
                        "The task stops within a second, whichever process runs it. What an import has written stays.\n\
                         A strict import holds the database until it ends, so it is stopped where it runs, with Ctrl-C.",
                    )
                    .arg(id()),
                clap::Command::new("list").about("List the latest tasks").args([
                    Arg::new("status")
                        .long("status")
                        .value_name("STATUS")
                        .ignore_case(true)
                        .value_parser(statuses)
                        .help("Only tasks with this status"),
                    Arg::new("limit")
                        .long("limit")
                        .value_name("N")
                        .value_parser(clap::value_parser!(u32).range(1..=100_000))
                        .default_value(LISTED)
                        .help("The most tasks to list"),
                ]),
                clap::Command::new("show").about("Print one task as JSON, with its request and its outcome").arg(id()),
            ])
    }

    fn run(&self, arguments: &ArgMatches, workspace: &Workspace, messages: &Messages) -> Outcome {
        match arguments.subcommand() {
            Some(("cancel", arguments)) => cancel(arguments, workspace, messages),
            Some(("show", arguments)) => show(arguments, workspace),
            Some((_, arguments)) => list(arguments, workspace, messages),
            None => Err(Failure::usage("name what to do with tasks")),
        }
    }
}

fn cancel(arguments: &ArgMatches, workspace: &Workspace, messages: &Messages) -> Outcome {
    let served = workspace.open_served(workspace.open()?)?;
    let task = registry::cancel(&served, named(arguments), None)?;
    let event = json!({ "event": "canceled", "id": task.id.as_str(), "kind": task.kind, "name": task.name });
    messages.event(&event, &format!("canceled {} {} ({})", task.kind, task.id, escaped(&task.name)));
    Ok(SUCCESS)
}

fn show(arguments: &ArgMatches, workspace: &Workspace) -> Outcome {
    let store = workspace.open()?;
    let named = named(arguments);
    let unknown = || {
        let failure = Failure::new(format!("there is no task with the id {named:?}"));
        failure.hint("`labelport task list` shows the latest tasks")
    };
    let id = TaskId::parse(named).map_err(|_| unknown())?;
    let task = tasks::find(&mut *store.reader()?, &id)?.ok_or_else(unknown)?;
    let text = serde_json::to_string_pretty(&to_json(&task))?;
    print(&format!("{text}\n"))?;
    Ok(SUCCESS)
}

fn list(arguments: &ArgMatches, workspace: &Workspace, messages: &Messages) -> Outcome {
    let store = workspace.open()?;
    let status = arguments.get_one::<String>("status").and_then(|text| TaskStatus::parse(&text.to_ascii_uppercase()));
    let limit = arguments.get_one::<u32>("limit").map_or(0, |limit| *limit as usize);
    let found = tasks::list(&mut *store.reader()?, store.org_key(), &ListTasks { status, limit })?;
    if messages.is_json() {
        for task in &found {
            print(&format!("{}\n", to_json(task)))?;
        }
        return Ok(SUCCESS);
    }
    if found.is_empty() {
        messages.note("there are no such tasks");
        return Ok(SUCCESS);
    }
    let rows = found.iter().map(|task| {
        let rows = u64::try_from(task.rows_done).unwrap_or(0);
        let created = task.created.to_string();
        vec![task.id.to_string(), task.kind.clone(), task.name.clone(), status_of(task), grouped(rows), created]
    });
    let rows: Vec<Vec<String>> = rows.collect();
    print(&table(&["id", "kind", "name", "status", "rows", "created"], &rows))?;
    Ok(SUCCESS)
}

fn named(arguments: &ArgMatches) -> &str {
    arguments.get_one::<String>("task").map_or("", String::as_str)
}

/// Returns the status, or that the worker has gone and nobody has taken the task over yet.
fn status_of(task: &Stored) -> String {
    let is_interrupted = task.is_interrupted(ambient::now());
    if is_interrupted { "INTERRUPTED" } else { task.status.wire_name() }.to_owned()
}

fn to_json(task: &Stored) -> Value {
    let parsed = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_else(|_| json!(text));
    json!({
        "id": task.id.as_str(),
        "kind": task.kind,
        "name": task.name,
        "status": status_of(task),
        "rows_done": task.rows_done,
        "rows_total": task.rows_total,
        "created_by": task.created_by,
        "created_at": task.created.to_string(),
        "finished_at": task.finished.map(|time| time.to_string()),
        "worker": task.lease.as_ref().map(|lease| lease.owner.clone()),
        "worker_deaths": task.deaths,
        "request": parsed(&task.request),
        "outcome": task.outcome.as_deref().map(parsed),
    })
}
