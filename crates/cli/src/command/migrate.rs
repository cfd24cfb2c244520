//! `labelport migrate`: the rows of a workspace into a database of another engine.
//!
//! The target can be opened only when the whole move is complete; an interrupted move resumes. Before that everything is
//! exported from both sides, and the digests are compared.

use super::Command;
use crate::ambient;
use crate::database::Filling as IntoServer;
use crate::messages::{Messages, grouped, sized};
use crate::outcome::{Failure, Outcome, SUCCESS};
use crate::workspace::{Place, Workspace};
use clap::{Arg, ArgMatches};
use labelport_engine::export::{self, ExportOptions, ROW_LIMIT_BYTES};
use labelport_engine::manifest::Digested;
use labelport_engine::sink::Nowhere;
use labelport_formats::write::Ndjson;
use labelport_model::request::{ExportFilters, ExportRequest, FormatChoice, Params, Scope, ScopeKind};
use labelport_store::sqlite::Filling as IntoFolder;
use labelport_store::{Connection, Engine, Store, StoreError, transfer};
use serde_json::json;
use std::ops::ControlFlow;

/// Moves the rows.
pub(crate) struct Migrate;

impl Command for Migrate {
    fn name(&self) -> &'static str {
        "migrate"
    }

    fn arguments(&self) -> clap::Command {
        let place = |name: &'static str, help: &'static str| {
            Arg::new(name).long(name).value_name("FOLDER|URL").required(true).help(help)
        };
        clap::Command::new("migrate")
            .about("Move the rows of a workspace between SQLite and PostgreSQL")
            .after_help(
                "A folder is a data folder; a URL is that of a database, such as postgres://user@host/database.\n\
                 The target must be empty. Stop everything that writes to the source first.\n\
                 To resume an interrupted move, run the same command again; the target cannot be used until\n\
                 the move is complete. The source does not change. Files and results stay in the data folder:\n\
                 use --data and --store.",
            )
            .arg(place("from", "Where the rows are"))
            .arg(place("to", "Where they go"))
    }

    fn run(&self, arguments: &ArgMatches, workspace: &Workspace, messages: &Messages) -> Outcome {
        let named = |name: &str| Place::parse(arguments.get_one::<String>(name).map_or("", String::as_str));
        let (from, to) = (named("from")?, named("to")?);
        let source = workspace.at(&from).open()?;
        let mut snapshot = source.snapshot(1)?;
        let connection = &mut *snapshot.connections[0];
        let mark = transfer::mark(connection)?;
        let filling = Filling::begin(&to, workspace, &mark)?;
        let mut progress = messages.progress("moving rows", None);
        let copied = transfer::copy(connection, &mut *filling.connect()?, &mut |step| {
            progress.set_of(step.done, step.total, step.done);
            ControlFlow::Continue(())
        });
        drop(progress);
        let rows = copied?;
        drop(snapshot);
        messages.note("comparing what both sides export");
        let there = digest(&Store::open(filling.engine(), &ambient::founding())?)?;
        let here = digest(&source)?;
        let (shown_from, shown_to) = (from.shown(), to.shown());
        if transfer::mark(&mut *source.reader()?)? != mark {
            let message = format!("{shown_from} was written to during the move, so {shown_to} is not finished");
            return Err(Failure::new(message).hint("stop what writes to it, and move it to an empty target"));
        }
        if here.sha256 != there.sha256 {
            let message = format!(
                "{shown_to} would export other bytes (SHA-256 {}) than {shown_from} ({}), so it is not finished; report this",
                there.sha256, here.sha256
            );
            return Err(Failure::new(message));
        }
        filling.finish(&ambient::new_id())?;
        let event = json!({
            "event": "moved", "from": shown_from, "to": shown_to, "rows": rows, "data_rows": here.rows,
            "bytes": here.bytes, "sha256": here.sha256,
        });
        let sentence = format!(
            "moved {shown_from} to {shown_to}: {} data rows. Both export the same {}, sha256 {}.\n{}",
            grouped(here.rows),
            sized(here.bytes),
            here.sha256,
            next_step(&from, &to)
        );
        messages.event(&event, &sentence);
        Ok(SUCCESS)
    }
}

/// A target that is being filled.
enum Filling {
    Folder(IntoFolder),
    Database(Box<IntoServer>),
}

impl Filling {
    fn begin(to: &Place, workspace: &Workspace, mark: &str) -> Result<Self, StoreError> {
        match to {
            Place::Folder(folder) => IntoFolder::begin(folder, workspace.options(), mark).map(Self::Folder),
            Place::Database(database) => {
                database.begin_filling(workspace.lock_wait(), mark).map(|filling| Self::Database(Box::new(filling)))
            }
        }
    }

    fn connect(&self) -> Result<Box<dyn Connection>, StoreError> {
        match self {
            Self::Folder(filling) => filling.connect(),
            Self::Database(filling) => filling.connect(),
        }
    }

    fn engine(&self) -> Box<dyn Engine> {
        match self {
            Self::Folder(filling) => filling.engine(),
            Self::Database(filling) => filling.engine(),
        }
    }

    fn finish(self, lineage: &str) -> Result<(), StoreError> {
        match self {
            Self::Folder(filling) => filling.finish(lineage),
            Self::Database(filling) => filling.finish(lineage),
        }
    }
}

/// Exports everything to nowhere.
fn digest(store: &Store) -> Result<Digested, Failure> {
    let request = ExportRequest {
        scope: Scope::Catalog,
        params: Params::everything(ScopeKind::Catalog),
        filters: ExportFilters::default(),
        format: FormatChoice::default(),
        zone_name: "UTC".to_owned(),
        since: None,
    };
    let mut options = ExportOptions {
        threads: ambient::processors(),
        format: &Ndjson,
        row_limit_bytes: ROW_LIMIT_BYTES,
        labels_created: None,
        progress: &mut |_| {},
        stop: None,
        files: None,
        client: None,
    };
    Ok(export::run(store, &request, &mut Nowhere, &mut options)?.digest)
}

/// Says how the target is used.
fn next_step(from: &Place, to: &Place) -> String {
    match (from, to) {
        (Place::Folder(folder), Place::Database(_)) => format!(
            "Use it with --data {} and that address as --store. Deltas (--since) begin with a new full export.",
            folder.display()
        ),
        (Place::Database(_), Place::Folder(folder)) => format!(
            "Use it with --data {0}. Copy `files` and `results` from the data folder that you used with --store to {0}. \
             Deltas (--since) begin with a new full export.",
            folder.display()
        ),
        (_, to) => format!("Files and results stay where they are. The rows are in {}.", to.shown()),
    }
}
