//! The `labelport` command.
//!
//! Only this crate reads the clock, the environment, the arguments and the terminal. Standard output is data, standard
//! error is for people (or, with `--json`, for programs: one event a line). A command is one file in [`command`]; it calls
//! the engine and holds no rules of its own.

mod ambient;
mod archive_report;
mod command;
mod database;
mod diff_report;
mod export_report;
mod export_request;
mod fetching;
mod format_choice;
mod founding;
mod interrupt;
mod logging;
mod loss_report;
mod messages;
mod outcome;
mod output;
mod recovered;
mod since;
mod storage;
mod stored_result;
mod task;
mod unless;
mod workspace;

use clap::parser::ValueSource;
use clap::{Arg, ArgAction};
use command::COMMANDS;
use database::Database;
use labelport_engine::storage::bucket::Address;
use messages::Messages;
use outcome::Failure;
use std::process::ExitCode;
use workspace::Workspace;

/// The allocator of static binaries, also of the libraries in C. In that of musl, threads wait for each other: an import
/// takes four times as long as with glibc, and with this one a fifth longer.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Options that every command has. The reference shows them once.
const GLOBAL_OPTIONS: &str = "Global options";

fn main() -> ExitCode {
    let matches = match cli().try_get_matches() {
        Ok(matches) => matches,
        Err(error) => {
            // Help and versions go to standard output and are no failure; clap knows which is which. Whether messages
            // are for programs is not parsed yet, so it is looked for.
            if error.use_stderr() && std::env::args_os().any(|argument| argument == "--json") {
                let text = error.render().to_string();
                Messages::new(true).error(text.trim_start_matches("error: ").trim_end(), None);
            } else {
                drop(error.print());
            }
            return ExitCode::from(if error.use_stderr() { outcome::USAGE } else { outcome::SUCCESS });
        }
    };
    let messages = Messages::new(matches.get_flag("json"));
    let lock_wait_secs = matches.get_one::<u16>("lock-wait").copied().unwrap_or(10);
    let database = match database(&matches) {
        Ok(database) => database,
        Err(Failure { message, hint, code }) => {
            messages.error(&message, hint.as_deref());
            return ExitCode::from(code);
        }
    };
    let folder = matches.get_one::<String>("data").map(String::as_str);
    let workspace = Workspace::new(folder, database, lock_wait_secs, messages)
        .with_results(matches.get_one::<Address>("results").cloned());
    let named = matches
        .subcommand()
        .and_then(|(name, arguments)| Some((COMMANDS.iter().find(|command| command.name() == name)?, arguments)));
    let Some((command, arguments)) = named else {
        return ExitCode::from(outcome::USAGE);
    };
    match command.run(arguments, &workspace, &messages) {
        Ok(code) => ExitCode::from(code),
        Err(Failure { message, hint, code }) => {
            messages.error(&message, hint.as_deref());
            ExitCode::from(code)
        }
    }
}

/// Returns the database that an argument or the environment names.
fn database(matches: &clap::ArgMatches) -> Result<Option<Database>, Failure> {
    let is_argument = matches.value_source("store") == Some(ValueSource::CommandLine);
    let named = matches.get_one::<String>("store").filter(|named| is_argument || !named.is_empty());
    named.map(|named| Database::parse(named, is_argument)).transpose()
}

/// Returns the whole command line.
pub(crate) fn cli() -> clap::Command {
    let data = Arg::new("data")
        .long("data")
        .help_heading(GLOBAL_OPTIONS)
        .value_name("FOLDER")
        .env("LABELPORT_DATA")
        .global(true)
        .help("Data folder [default: ./labelport-data]");
    let store = Arg::new("store")
        .long("store")
        .help_heading(GLOBAL_OPTIONS)
        .value_name("URL")
        .env(workspace::STORE_VARIABLE)
        .hide_env_values(true)
        .global(true)
        .help("Database that keeps the rows: postgres://user@host/database [default: one in the data folder]");
    let json = Arg::new("json")
        .long("json")
        .help_heading(GLOBAL_OPTIONS)
        .action(ArgAction::SetTrue)
        .global(true)
        .help("Print events, lists and summaries as JSON, one object a line");
    let lock_wait = Arg::new("lock-wait")
        .long("lock-wait")
        .help_heading(GLOBAL_OPTIONS)
        .value_name("SECONDS")
        .value_parser(clap::value_parser!(u16))
        .default_value("10")
        .global(true)
        .help("How long to wait for another process that is writing");
    clap::Command::new("labelport")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Keep labelled training data and export it, complete, exact and fast")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .args([data, store, storage::argument(GLOBAL_OPTIONS), json, lock_wait])
        .subcommands(COMMANDS.iter().map(|command| command.arguments().name(command.name())))
        .after_help("Exit status: 0 done, 1 failed, 2 wrong usage, 3 done but something was refused or differs.")
}
