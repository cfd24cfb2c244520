//! `labelport list`: what is in the workspace.

use super::Command;
use crate::messages::{Messages, grouped, print, table};
use crate::outcome::{Failure, Outcome, SUCCESS};
use crate::workspace::{self, Workspace};
use clap::ArgMatches;
use labelport_store::tasks::{self, ListTasks};
use labelport_store::things::{self, Sort};
use labelport_store::{Connection, StoreError, slices};
use serde_json::{Map, Value};

/// Prints lists.
pub(crate) struct List;

/// A list: its word, its columns, its rows.
struct Listing {
    name: &'static str,
    about: &'static str,
    columns: &'static [&'static str],
    read: fn(&mut dyn Connection, i64) -> Result<Rows, StoreError>,
}

/// The rows of a list.
type Rows = Vec<Vec<Cell>>;

/// A value in a list.
enum Cell {
    Text(String),
    Count(i64),
}

/// Every list, by name.
static LISTINGS: &[Listing] = &[
    Listing {
        name: "batches",
        about: "Batches with their projects and rows",
        columns: &["id", "name", "project", "rows"],
        read: |connection, org_key| {
            let batches = things::list_batches(connection, org_key)?;
            Ok(batches
                .into_iter()
                .map(|batch| vec![text(batch.id), text(batch.name), text(batch.project), Cell::Count(batch.rows)])
                .collect())
        },
    },
    Listing {
        name: "datasets",
        about: "Datasets with their rows",
        columns: &["id", "name", "rows"],
        read: |connection, org_key| counted(connection, org_key, Sort::Dataset),
    },
    Listing {
        name: "model-runs",
        about: "Model runs with their models and rows",
        columns: &["id", "name", "model", "rows"],
        read: |connection, org_key| {
            let mut rows = Vec::new();
            for run in things::list_run_facts(connection, org_key)? {
                let count = things::count_rows(connection, Sort::ModelRun, run.thing.key)?;
                rows.push(vec![text(run.thing.id), text(run.thing.name), text(run.model.name), Cell::Count(count)]);
            }
            Ok(rows)
        },
    },
    Listing {
        name: "models",
        about: "Models",
        columns: &["id", "name"],
        read: |connection, org_key| {
            let models = things::list(connection, org_key, Sort::Model)?;
            Ok(models.into_iter().map(|model| vec![text(model.id), text(model.name)]).collect())
        },
    },
    Listing {
        name: "projects",
        about: "Projects with their rows",
        columns: &["id", "name", "rows"],
        read: |connection, org_key| counted(connection, org_key, Sort::Project),
    },
    Listing {
        name: "slices",
        about: "Slices with their filters",
        columns: &["id", "name", "filter"],
        read: |connection, org_key| {
            let slices = slices::list(connection, org_key)?;
            Ok(slices.into_iter().map(|slice| vec![text(slice.id), text(slice.name), text(slice.filter)]).collect())
        },
    },
    Listing {
        name: "tasks",
        about: "The latest imports and exports",
        columns: &["id", "kind", "name", "status", "rows", "created"],
        read: |connection, org_key| {
            let now = workspace::now();
            let tasks = tasks::list(connection, org_key, &ListTasks { status: None, limit: 100 })?;
            Ok(tasks
                .into_iter()
                .map(|task| {
                    let status = if task.is_interrupted(now) { "INTERRUPTED" } else { task.status.wire_name() };
                    vec![
                        text(task.id.to_string()),
                        text(task.kind),
                        text(task.name),
                        text(status.to_owned()),
                        Cell::Count(task.rows_done),
                        text(task.created.to_string()),
                    ]
                })
                .collect())
        },
    },
];

fn text(text: String) -> Cell {
    Cell::Text(text)
}

fn counted(connection: &mut dyn Connection, org_key: i64, sort: Sort) -> Result<Rows, StoreError> {
    let mut rows = Vec::new();
    for thing in things::list(connection, org_key, sort)? {
        let count = things::count_rows(connection, sort, thing.key)?;
        rows.push(vec![text(thing.id), text(thing.name), Cell::Count(count)]);
    }
    Ok(rows)
}

impl Command for List {
    fn name(&self) -> &'static str {
        "list"
    }

    fn arguments(&self) -> clap::Command {
        clap::Command::new("list")
            .about("List projects, datasets, slices, models, model runs, batches or tasks")
            .subcommand_required(true)
            .arg_required_else_help(true)
            .subcommands(LISTINGS.iter().map(|listing| clap::Command::new(listing.name).about(listing.about)))
    }

    fn run(&self, arguments: &ArgMatches, workspace: &Workspace, messages: &Messages) -> Outcome {
        let name = arguments.subcommand_name().unwrap_or_default();
        let listing = LISTINGS.iter().find(|listing| listing.name == name);
        let listing = listing.ok_or_else(|| Failure::usage("name what to list"))?;
        let store = workspace.open()?;
        let rows = (listing.read)(&mut *store.reader()?, store.org_key())?;
        if messages.is_json() {
            for row in rows {
                let value = |cell| match cell {
                    Cell::Text(text) => Value::from(text),
                    Cell::Count(count) => Value::from(count),
                };
                let columns = listing.columns.iter().map(|column| (*column).to_owned());
                let object: Map<String, Value> = columns.zip(row.into_iter().map(value)).collect();
                print(&format!("{}\n", Value::Object(object)))?;
            }
            return Ok(SUCCESS);
        }
        if rows.is_empty() {
            messages.note(&format!("there are no {name} yet"));
            return Ok(SUCCESS);
        }
        let shown = |cell| match cell {
            Cell::Text(text) => text,
            Cell::Count(count) => grouped(count.max(0) as u64),
        };
        let rows: Vec<Vec<String>> = rows.into_iter().map(|row| row.into_iter().map(shown).collect()).collect();
        print(&table(listing.columns, &rows))?;
        Ok(SUCCESS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_described_and_in_order() {
        let names: Vec<_> = LISTINGS.iter().map(|listing| listing.name).collect();
        assert!(names.is_sorted_by(|one, next| one < next), "{names:?}");
    }
}
