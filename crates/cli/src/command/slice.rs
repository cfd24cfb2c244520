//! `labelport slice`: saved queries over the catalog.

use super::Command;
use crate::ambient;
use crate::messages::{Messages, escaped, print};
use crate::outcome::{Failure, Outcome, SUCCESS};
use crate::workspace::Workspace;
use clap::{Arg, ArgMatches};
use labelport_engine::export;
use labelport_model::filter::{self, FILTERS};
use labelport_model::time::Zone;
use labelport_store::Store;
use labelport_store::tables::entities::{Entity, EntityKind};
use labelport_store::tables::slices;
use serde_json::json;

/// Creates, shows and deletes slices.
pub(crate) struct Slice;

impl Command for Slice {
    fn name(&self) -> &'static str {
        "slice"
    }

    fn arguments(&self) -> clap::Command {
        let name = || Arg::new("slice").value_name("ID-or-NAME").required(true).help("Its id or its name");
        let create = clap::Command::new("create")
            .about("Save a query under a name")
            .args([
                Arg::new("name").value_name("NAME").required(true).help("Name of the slice"),
                Arg::new("filter")
                    .long("filter")
                    .value_name("JSON|@FILE")
                    .required(true)
                    .allow_hyphen_values(true)
                    .help("The query"),
                Arg::new("description").long("description").value_name("TEXT").help("What the slice is for"),
            ])
            .after_long_help(language());
        clap::Command::new("slice")
            .about("Create, list, show or delete slices, which are queries saved under a name")
            .subcommand_required(true)
            .arg_required_else_help(true)
            .subcommands([
                create,
                clap::Command::new("delete").about("Delete a slice; its rows stay").arg(name()),
                clap::Command::new("list").about("List the slices with their filters"),
                clap::Command::new("show").about("Print a slice's query").arg(name()),
            ])
    }

    fn run(&self, arguments: &ArgMatches, workspace: &Workspace, messages: &Messages) -> Outcome {
        match arguments.subcommand() {
            Some(("create", arguments)) => create(arguments, workspace, messages),
            Some(("delete", arguments)) => {
                let store = workspace.open()?;
                let slice = find(&store, arguments)?;
                store.write(move |connection| slices::delete(connection, slice.key))?;
                let event = json!({ "event": "slice deleted", "id": slice.id });
                messages.event(&event, &format!("deleted slice {} ({})", escaped(&slice.name), slice.id));
                Ok(SUCCESS)
            }
            Some(("show", arguments)) => {
                let store = workspace.open()?;
                let slice = find(&store, arguments)?;
                if let Some(slice) = slices::find(&mut *store.reader()?, slice.key)? {
                    print(&format!("{}\n", slice.filter))?;
                }
                Ok(SUCCESS)
            }
            _ => {
                let arguments = super::list::List.arguments().get_matches_from(["list", "slices"]);
                super::list::List.run(&arguments, workspace, messages)
            }
        }
    }
}

fn create(arguments: &ArgMatches, workspace: &Workspace, messages: &Messages) -> Outcome {
    let text = |name: &str| arguments.get_one::<String>(name).cloned();
    let given = text("filter").unwrap_or_default();
    let query = match given.strip_prefix('@') {
        Some(path) => {
            std::fs::read_to_string(path).map_err(|error| Failure::usage(format!("{path} cannot be read ({error})")))?
        }
        None => given,
    };
    let refused =
        |error| Failure::usage(error).hint("`labelport slice create --help` shows every filter with an example");
    let predicate = filter::parse_query(&query, &Zone::utc()).map_err(refused)?;
    let canonical = filter::canonical_query(&query).map_err(refused)?;
    let name = text("name").unwrap_or_default();
    let slice = slices::Slice {
        id: ambient::new_id(),
        name: name.clone(),
        description: text("description"),
        filter: canonical,
        created: ambient::now(),
    };
    let id = slice.id.clone();
    let store = workspace.open()?;
    let org_key = store.org_key();
    export::check_query(&mut *store.reader()?, org_key, &predicate).map_err(Failure::usage)?;
    let created = store.write(move |connection| slices::create(connection, org_key, &slice))?;
    if !created {
        return Err(Failure::new(format!("a slice named {name:?} exists already; delete it or choose another name")));
    }
    messages.event(
        &json!({ "event": "slice created", "id": id, "name": name }),
        &format!("created slice {} ({id})", escaped(&name)),
    );
    Ok(SUCCESS)
}

fn find(store: &Store, arguments: &ArgMatches) -> Result<Entity, Failure> {
    let text = arguments.get_one::<String>("slice").map_or("", String::as_str);
    Ok(export::get_thing(&mut *store.reader()?, store.org_key(), EntityKind::Slice, text)?)
}

/// Describes the query language from the table of filters.
fn language() -> String {
    let mut text = String::from(
        "A query is an array of entries, all of which must hold, or a single entry. An entry is one of\n\
         those below, or {\"and\":[...]}, {\"or\":[...]} or {\"not\":ENTRY}. It is evaluated at each export,\n\
         not when it is saved.\n\nEntries:\n",
    );
    for filter in FILTERS {
        text.push_str(&format!("  {}\n    {}\n    {}\n", filter.name(), filter.summary(), filter.example()));
    }
    text
}
