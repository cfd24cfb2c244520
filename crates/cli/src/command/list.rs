//! `labelport list`: what is in the workspace.

use super::Command;
use crate::ambient;
use crate::messages::{Messages, grouped, print, table};
use crate::outcome::{Failure, Outcome, SUCCESS};
use crate::workspace::Workspace;
use clap::{Arg, ArgMatches};
use labelport_model::data_type;
use labelport_model::json::unquote;
use labelport_model::time::Timestamp;
use labelport_store::Connection;
use labelport_store::StoreError;
use labelport_store::tables::api_keys;
use labelport_store::tables::data_rows;
use labelport_store::tables::datasets;
use labelport_store::tables::entities::{self, EntityKind};
use labelport_store::tables::labels;
use labelport_store::tables::metadata;
use labelport_store::tables::ontologies;
use labelport_store::tables::projects;
use labelport_store::tables::slices;
use labelport_store::tables::tasks::{self, ListTasks};
use serde_json::{Map, Value, json};

/// Prints lists.
pub(crate) struct List;

/// A list: its word, its columns, its rows.
struct Listing {
    name: &'static str,
    about: &'static str,
    columns: &'static [&'static str],
    read: fn(&mut dyn Connection, &Page) -> Result<Rows, StoreError>,
    count: Count,
}

/// How the things of a list are counted.
enum Count {
    /// By listing them: there are few by nature.
    Listed,
    /// By a query of their own.
    Queried(fn(&mut dyn Connection, i64) -> Result<i64, StoreError>),
}

/// What part of a list is wanted.
struct Page {
    org_key: i64,
    limit: usize,
    /// The id after which data rows begin.
    after: Option<String>,
}

/// How many lines are shown unless another number is asked for.
const DEFAULT_LIMIT: usize = 100;

/// The rows of a list.
type Rows = Vec<Vec<Cell>>;

/// A value in a list.
enum Cell {
    Text(String),
    Count(i64),
    /// Nothing is known.
    None,
}

/// Every list, by name.
static LISTINGS: &[Listing] = &[
    Listing {
        name: "batches",
        about: "Batches with their projects and rows",
        columns: &["id", "name", "project", "rows"],
        count: Count::Listed,
        read: |connection, page| {
            let batches = entities::list_batches(connection, page.org_key)?.into_iter();
            Ok(batches
                .map(|batch| vec![text(batch.id), text(batch.name), text(batch.project), Cell::Count(batch.rows)])
                .collect())
        },
    },
    Listing {
        name: "data-rows",
        about: "Data rows, oldest first; the next page with --after",
        columns: &["id", "global key", "data type", "dataset", "created"],
        count: Count::Queried(data_rows::count),
        read: list_data_rows,
    },
    Listing {
        name: "datasets",
        about: "Datasets with their rows",
        columns: &["id", "name", "rows"],
        count: Count::Listed,
        read: |connection, page| {
            let mut rows = Vec::new();
            for thing in entities::list(connection, page.org_key, EntityKind::Dataset)?.into_iter().take(page.limit) {
                let count = entities::count_rows(connection, EntityKind::Dataset, thing.key)?;
                rows.push(vec![text(thing.id), text(thing.name), Cell::Count(count)]);
            }
            Ok(rows)
        },
    },
    Listing {
        name: "features",
        about: "Tools and classifications with their kinds",
        columns: &["schema id", "name", "kind"],
        count: Count::Listed,
        read: |connection, page| {
            let features = entities::list_features(connection, page.org_key)?.into_iter();
            let name = |escaped: String| unquote(&format!("\"{escaped}\"")).into_owned();
            Ok(features
                .map(|feature| vec![text(feature.schema_id), text(name(feature.name)), text(feature.kind)])
                .collect())
        },
    },
    Listing {
        name: "metadata",
        about: "Metadata fields with their kinds and options",
        columns: &["id", "name", "kind", "options"],
        count: Count::Listed,
        read: |connection, page| {
            let schemas = metadata::list(connection, page.org_key)?.into_iter();
            Ok(schemas
                .map(|schema| {
                    let options: Vec<String> = schema.options.into_iter().map(|(_, name)| name).collect();
                    vec![text(schema.id), text(schema.name), text(schema.kind), text(options.join(", "))]
                })
                .collect())
        },
    },
    Listing {
        name: "model-runs",
        about: "Model runs with their models and rows",
        columns: &["id", "name", "model", "rows"],
        count: Count::Listed,
        read: |connection, page| {
            let mut rows = Vec::new();
            for run in entities::list_run_facts(connection, page.org_key)?.into_iter().take(page.limit) {
                let count = entities::count_rows(connection, EntityKind::ModelRun, run.entity.key)?;
                rows.push(vec![text(run.entity.id), text(run.entity.name), text(run.model.name), Cell::Count(count)]);
            }
            Ok(rows)
        },
    },
    Listing {
        name: "models",
        about: "Models",
        columns: &["id", "name"],
        count: Count::Listed,
        read: |connection, page| {
            let models = entities::list(connection, page.org_key, EntityKind::Model)?;
            Ok(models.into_iter().map(|model| vec![text(model.id), text(model.name)]).collect())
        },
    },
    Listing {
        name: "ontologies",
        about: "Ontologies with their media types and features",
        columns: &["id", "name", "media type", "features"],
        count: Count::Listed,
        read: |connection, page| {
            let mut rows = Vec::new();
            for ontology in ontologies::list(connection, page.org_key)?.into_iter().take(page.limit) {
                let count = ontologies::count_features(connection, ontology.key)?;
                let media_type = ontology.media_type.map_or(Cell::None, text);
                rows.push(vec![text(ontology.id), text(ontology.name), media_type, Cell::Count(count)]);
            }
            Ok(rows)
        },
    },
    Listing {
        name: "projects",
        about: "Projects with their media types, rows, labels and where the rows stand",
        columns: &["id", "name", "media type", "rows", "labels", "to label", "in review", "in rework", "done"],
        count: Count::Listed,
        read: list_projects,
    },
    Listing {
        name: "slices",
        about: "Slices with their filters",
        columns: &["id", "name", "filter"],
        count: Count::Listed,
        read: |connection, page| {
            let slices = slices::list(connection, page.org_key)?;
            Ok(slices.into_iter().map(|slice| vec![text(slice.id), text(slice.name), text(slice.filter)]).collect())
        },
    },
    Listing {
        name: "tasks",
        about: "The latest imports and exports",
        columns: &["id", "kind", "name", "status", "rows", "created"],
        count: Count::Queried(tasks::count),
        read: |connection, page| {
            let now = ambient::now();
            let which = ListTasks { status: None, limit: page.limit };
            let tasks = tasks::list(connection, page.org_key, &which)?;
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
    Listing {
        name: "users",
        about: "Users with their roles",
        columns: &["id", "e-mail", "name", "role", "created"],
        count: Count::Listed,
        read: |connection, page| {
            let users = api_keys::list_users(connection, page.org_key)?.into_iter();
            Ok(users
                .map(|user| {
                    let name = user.name.map_or(Cell::None, text);
                    vec![text(user.id), text(user.email), name, text(user.role), text(user.created.to_string())]
                })
                .collect())
        },
    },
];

fn text(text: String) -> Cell {
    Cell::Text(text)
}

fn list_projects(connection: &mut dyn Connection, page: &Page) -> Result<Rows, StoreError> {
    let mut listed = Vec::new();
    for project in projects::list(connection, page.org_key)?.into_iter().take(page.limit) {
        let states = projects::count_by_state(connection, project.key)?;
        let labels = labels::count(connection, project.key)?;
        // Projects of imported rows have no media type of their own.
        let media_type = match project.media_type {
            Some(media_type) => Some(media_type),
            None => projects::find_data_type(connection, project.key)?.and_then(|name| {
                let found = data_type::find(&name)?;
                Some((*found.media_types.first()?).to_owned())
            }),
        };
        let mut row = vec![text(project.id), text(project.name), media_type.map_or(Cell::None, text)];
        let counts = [states.all, labels, states.unlabeled, states.in_review, states.in_rework, states.done];
        row.extend(counts.map(Cell::Count));
        listed.push(row);
    }
    Ok(listed)
}

fn list_data_rows(connection: &mut dyn Connection, page: &Page) -> Result<Rows, StoreError> {
    let after = match &page.after {
        Some(id) => data_rows::find_key(connection, id)?.unwrap_or(i64::MAX),
        None => 0,
    };
    let known = datasets::list(connection, page.org_key)?;
    let listed = data_rows::list_page(connection, page.org_key, after, page.limit)?;
    let line = |row: data_rows::DataRow| {
        let dataset = known.iter().find(|dataset| Some(dataset.key) == row.dataset_key);
        let created = row.created_ms.map(|millis| Timestamp::from_millis(millis).to_string());
        vec![
            text(row.id),
            row.global_key.map_or(Cell::None, text),
            row.data_type.map_or(Cell::None, text),
            dataset.map_or(Cell::None, |dataset| text(dataset.name.clone())),
            created.map_or(Cell::None, text),
        ]
    };
    Ok(listed.into_iter().map(line).collect())
}

impl Command for List {
    fn name(&self) -> &'static str {
        "list"
    }

    fn arguments(&self) -> clap::Command {
        let limit = Arg::new("limit")
            .long("limit")
            .value_name("N")
            .value_parser(clap::value_parser!(u32).range(1..))
            .help(format!("The most lines to print [default: {DEFAULT_LIMIT}]"));
        let after = Arg::new("after").long("after").value_name("ID").help("Begin after the data row with this id");
        clap::Command::new("list")
            .about("List what is in the workspace: all kinds of things with their counts, or one kind")
            .subcommand_value_name("KIND")
            .subcommand_help_heading("Kinds")
            .subcommands(LISTINGS.iter().map(|listing| {
                let command = clap::Command::new(listing.name).about(listing.about).arg(limit.clone());
                if listing.name == "data-rows" { command.arg(after.clone()) } else { command }
            }))
    }

    fn run(&self, arguments: &ArgMatches, workspace: &Workspace, messages: &Messages) -> Outcome {
        let store = workspace.open_to_read()?;
        let mut reader = store.reader()?;
        let org_key = store.org_key();
        let named = arguments.subcommand();
        let named = named.and_then(|(name, more)| Some((LISTINGS.iter().find(|listing| listing.name == name)?, more)));
        let Some((listing, arguments)) = named else {
            return overview(&mut *reader, org_key, messages);
        };
        let limit = arguments.get_one::<u32>("limit").map_or(DEFAULT_LIMIT, |limit| *limit as usize);
        let after = (listing.name == "data-rows").then(|| arguments.get_one::<String>("after").cloned()).flatten();
        if let Some(id) = &after
            && data_rows::find_key(&mut *reader, id)?.is_none()
        {
            return Err(Failure::new(format!("there is no data row with the id {id:?}")));
        }
        let mut page = (listing.read)(&mut *reader, &Page { org_key, limit: limit.saturating_add(1), after })?;
        let has_more = page.len() > limit;
        page.truncate(limit);
        print_page(listing, page, messages)?;
        if has_more {
            let next = if listing.name == "data-rows" { "--after ID" } else { "--limit N" };
            messages.note(&format!("there are more than these {limit}; {next} shows them"));
        }
        Ok(SUCCESS)
    }
}

/// Prints how many there are of each kind.
fn overview(connection: &mut dyn Connection, org_key: i64, messages: &Messages) -> Outcome {
    let mut lines = Vec::new();
    for listing in LISTINGS {
        let count = match listing.count {
            Count::Queried(count) => count(connection, org_key)?,
            Count::Listed => {
                let all = Page { org_key, limit: usize::MAX, after: None };
                i64::try_from((listing.read)(connection, &all)?.len()).unwrap_or(i64::MAX)
            }
        };
        if messages.is_json() {
            print(&format!("{}\n", json!({ "kind": listing.name, "count": count })))?;
        }
        lines.push(vec![listing.name.to_owned(), grouped(count.max(0) as u64)]);
    }
    if !messages.is_json() {
        print(&table(&["kind", "count"], &lines))?;
        messages.note("`labelport list KIND` shows one kind");
    }
    Ok(SUCCESS)
}

fn print_page(listing: &Listing, rows: Rows, messages: &Messages) -> Result<(), Failure> {
    if messages.is_json() {
        for row in rows {
            let value = |cell| match cell {
                Cell::Text(text) => Value::from(text),
                Cell::Count(count) => Value::from(count),
                Cell::None => Value::Null,
            };
            let columns = listing.columns.iter().map(|column| column.replace([' ', '-'], "_"));
            let object: Map<String, Value> = columns.zip(row.into_iter().map(value)).collect();
            print(&format!("{}\n", Value::Object(object)))?;
        }
        return Ok(());
    }
    if rows.is_empty() {
        messages.note(&format!("there are no {} yet", listing.name));
        return Ok(());
    }
    let shown = |cell| match cell {
        Cell::Text(text) => text,
        Cell::Count(count) => grouped(count.max(0) as u64),
        Cell::None => "-".to_owned(),
    };
    let rows: Vec<Vec<String>> = rows.into_iter().map(|row| row.into_iter().map(shown).collect()).collect();
    print(&table(listing.columns, &rows))?;
    Ok(())
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
