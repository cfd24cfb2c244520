//! `labelport serve`: the interfaces over HTTP, until a signal to stop.

use super::Command;
use super::schedule::scheduler::{Scheduler, Scheduling};
use crate::ambient::{self, SystemChance, SystemClock};
use crate::fetching;
use crate::logging;
use crate::messages::{Messages, escaped, print};
use crate::outcome::{Failure, Outcome, SUCCESS};
use crate::workspace::Workspace;
use clap::{Arg, ArgAction, ArgMatches};
use labelport_engine::catalog::metadata;
use labelport_engine::history;
use labelport_engine::outbound::Client;
use labelport_engine::storage::Storage;
use labelport_engine::storage::error::StorageError;
use labelport_engine::workspace::api_keys;
use labelport_engine::workspace::{Opening, Workspace as Served};
use labelport_model::problem::Problem;
use labelport_server::{Limits, Serving};
use serde_json::json;
use std::io::IsTerminal;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

/// Where the server listens if nobody says.
const DEFAULT_LISTEN: &str = "127.0.0.1:8080";

pub(super) struct Serve;

impl Command for Serve {
    fn name(&self) -> &'static str {
        "serve"
    }

    fn arguments(&self) -> clap::Command {
        clap::Command::new("serve")
            .about("Serve the workspace to the official SDK and over REST")
            .after_help(
                "The first start on a terminal makes an API key and prints it once, with the lines of Python\n\
                 that use it. Elsewhere, and later: labelport key create",
            )
            .args([
                Arg::new("listen")
                    .long("listen")
                    .value_name("ADDRESS:PORT")
                    .default_value(DEFAULT_LISTEN)
                    .help("Where to listen, also by host name; port 0 takes a free one"),
                Arg::new("public-url")
                    .long("public-url")
                    .value_name("URL")
                    .help("What URLs that are given out begin with [default: the address listened on]"),
                workers_argument(),
                range_argument(),
                Arg::new("redirect-downloads")
                    .long("redirect-downloads")
                    .action(ArgAction::SetTrue)
                    .help("Lead readers of uploads and masks to the bucket of --results, with URLs that work for 15 minutes"),
                Arg::new("keep-history")
                    .long("keep-history")
                    .value_name("DAYS")
                    .value_parser(clap::value_parser!(u32).range(1..))
                    .help(
                        "For how many days `export --since` may look back, from now on [default: what was said before, 90]",
                    ),
            ])
            .args(fetching::arguments())
            .args(logging::arguments())
            .args(limit_arguments())
    }

    fn run(&self, arguments: &ArgMatches, workspace: &Workspace, messages: &Messages) -> Outcome {
        logging::start(arguments, messages)?;
        let limits = limits(arguments);
        let listen = arguments.get_one::<String>("listen").map_or(DEFAULT_LISTEN, String::as_str);
        check_listen(listen)?;
        let listener = TcpListener::bind(listen).map_err(|error| {
            Failure::new(format!("cannot listen on {listen}: {error}")).hint("choose another address with --listen")
        })?;
        let local = listener.local_addr()?;
        let public_url = match arguments.get_one::<String>("public-url") {
            Some(url) => check_public_url(url)?,
            None => format!("http://{}", shown(local)),
        };
        let storage = workspace.storage()?;
        match &storage {
            Some(storage) => check_storage(&**storage, messages)?,
            None if arguments.get_flag("redirect-downloads") => {
                let message = "--redirect-downloads is for files in a bucket; add --results";
                return Err(Failure::usage(message));
            }
            None => {}
        }
        let store = workspace.open_or_create()?;
        if let Some(days) = arguments.get_one::<u32>("keep-history") {
            history::keep_for(&store, *days)?;
        }
        let clock = SystemClock::of(&store)?;
        let opening = Opening {
            store,
            folder: workspace.folder().to_owned(),
            storage: storage.clone(),
            client: Client::new(fetching::policy(arguments)?),
            public_url: Some(public_url.clone()),
            clock: Arc::new(clock),
            chance: Arc::new(SystemChance),
            threads: ambient::processors(),
        };
        let queued_exports = arguments.get_one::<u32>("max-queued-exports").copied().unwrap_or(QUEUED_EXPORTS);
        let served = Served::open(opening)?.with_queued_exports_limit(queued_exports.into());
        let served = with_ranges(served, arguments);
        let served = if arguments.get_flag("redirect-downloads") { served.with_redirects() } else { served };
        let served = Arc::new(served);
        let key = first_key(&served, messages)?;
        let workers = workers(arguments);
        let owner = format!("server {} {}", std::process::id(), ambient::new_id());
        if local.ip().is_unspecified() && arguments.get_one::<String>("public-url").is_none() {
            warn_of_url(messages, &public_url, local.port());
        }
        let scheduler = Scheduler::start(Scheduling {
            workspace: Arc::clone(&served),
            owner: owner.clone(),
            data: std::path::absolute(workspace.folder())?,
            store: workspace.database().map(|database| database.text().to_owned()),
            results: workspace.results_address().map(ToString::to_string),
            program: std::env::current_exe()?,
            log: report,
        });
        greet(messages, &public_url, &key, workspace)?;
        let outcome = labelport_server::serve(Serving {
            workspace: served,
            listener,
            owner,
            workers,
            limits,
            log: Arc::new(report),
            ready: Box::new(|_| {}),
        });
        scheduler.stop();
        outcome?;
        messages.note("stopped; tasks that were running go on at the next start");
        Ok(SUCCESS)
    }
}

/// Returns an address as people can open it: a server that listens everywhere is reached at this machine.
fn shown(local: SocketAddr) -> SocketAddr {
    match local.ip().is_unspecified() {
        true => SocketAddr::from(([127, 0, 0, 1], local.port())),
        false => local,
    }
}

/// Fails if the bucket cannot be used. Tasks wait for one that does not answer for now.
fn check_storage(storage: &dyn Storage, messages: &Messages) -> Result<(), Failure> {
    match storage.list_folders("results") {
        Err(error) if StorageError::is_passing(&error) => {
            let message = format!("{error}. Tasks that need it wait until it does");
            messages.event(&json!({ "event": "warning", "message": message }), &format!("warning: {message}"));
            Ok(())
        }
        listed => Ok(listed.map(drop)?),
    }
}

/// Fails unless an address has a host and a port; whether there is such a host is seen when it is listened on.
fn check_listen(listen: &str) -> Result<(), Failure> {
    let parts = listen.rsplit_once(':').map(|(host, port)| (host.is_empty(), port.parse::<u16>()));
    match parts {
        Some((false, Ok(_))) => Ok(()),
        _ => Err(Failure::usage(format!(
            "--listen {listen:?} is not an address with a port; write one such as 127.0.0.1:8080, localhost:8080 or \
             0.0.0.0:8080 for every address of this machine"
        ))),
    }
}

/// Says that others get URLs that lead them to their own machine.
fn warn_of_url(messages: &Messages, url: &str, port: u16) {
    let message = format!(
        "others than this machine can reach the server, and the URLs that it gives out begin with {url}, which works here \
         alone; name the address that others use with --public-url http://HOST:{port}"
    );
    messages.event(&json!({ "event": "warning", "message": message }), &format!("warning: {message}"));
}

fn check_public_url(url: &str) -> Result<String, Failure> {
    let is_web = url.starts_with("http://") || url.starts_with("https://");
    if !is_web || url.contains(['?', '#', '"', '\\', ' ']) {
        let message = format!("--public-url {url:?} is no address; write one such as https://labels.example.org");
        return Err(Failure::usage(message));
    }
    Ok(url.trim_end_matches('/').to_owned())
}

/// What is said of keys at the start.
enum FirstKey {
    /// It was made just now.
    Made(String),
    /// There is none, and nobody is there to see one.
    Missing,
    /// There are some.
    Known,
}

/// Makes what every workspace has, and the first key where there is none and a person to read it: what is not a terminal
/// may be a log.
fn first_key(served: &Served, messages: &Messages) -> Result<FirstKey, Failure> {
    let org_key = served.org_key();
    served.store().write(move |connection| metadata::ensure_reserved(connection, org_key))?;
    let known = served.read(|connection| Ok(labelport_store::tables::api_keys::list_keys(connection, org_key)?))?;
    if !known.is_empty() {
        return Ok(FirstKey::Known);
    }
    if messages.is_json() || !std::io::stdout().is_terminal() {
        return Ok(FirstKey::Missing);
    }
    let new =
        api_keys::NewKey { name: "first", email: api_keys::FIRST_USER, role: "Admin", time_zone: None, expires: None };
    Ok(FirstKey::Made(api_keys::create(served, &new)?.key))
}

fn greet(messages: &Messages, url: &str, key: &FirstKey, workspace: &Workspace) -> Result<(), Failure> {
    let folder = workspace.folder().display();
    let shown = workspace.shown();
    let has_key = !matches!(key, FirstKey::Missing);
    let event = json!({ "event": "serving", "url": url, "data": folder.to_string(), "has_key": has_key });
    let hint = match key {
        FirstKey::Made(_) => "",
        FirstKey::Missing => {
            "\nthere is no API key yet; `labelport key create` makes one, and `labelport key create --help` says more"
        }
        FirstKey::Known => "\nkeys: labelport key list; a new one: labelport key create",
    };
    messages.event(&event, &format!("serving {shown} at {url}{hint}. Stop with Ctrl-C."));
    if let FirstKey::Made(key) = key {
        print(&format!(
            "\nThe API key, shown this once:\n\n    {key}\n\nIn Python, after `pip install labelbox`:\n\n    \
             from labelbox import Client\n    \
             client = Client(\"{key}\", endpoint=\"{url}/graphql\", rest_endpoint=\"{url}/api/v1\")\n    \
             print(client.create_dataset(name=\"first\"))\n\n"
        ))?;
    }
    Ok(())
}

/// Logs the cause of a failure that clients see as one of the server.
pub(super) fn report(problem: &Problem) {
    let mut cause = std::error::Error::source(problem);
    let mut causes = String::new();
    while let Some(error) = cause {
        causes.push_str(&format!(": {error}"));
        cause = error.source();
    }
    tracing::error!("{}", escaped(&format!("{}{causes}", problem.message)));
}

/// Returns the option for the number of tasks at once.
pub(super) fn workers_argument() -> Arg {
    Arg::new("workers")
        .long("workers")
        .value_name("N")
        .value_parser(clap::value_parser!(usize))
        .help("Tasks to run at once [default: one for each processor, at least 2]")
}

/// The option that says how much of an export a process may take.
pub(super) fn range_argument() -> Arg {
    Arg::new("range-rows")
        .long("range-rows")
        .value_name("ROWS")
        .value_parser(clap::value_parser!(u64).range(1..))
        .help("Rows that each process takes at a time where several make one export, in steps of 1,024 [default: 8192]")
}

/// Takes it over to a workspace.
pub(super) fn with_ranges(served: Served, arguments: &ArgMatches) -> Served {
    match arguments.get_one::<u64>("range-rows") {
        Some(rows) => served.with_range_rows(*rows),
        None => served,
    }
}

/// Reads it.
pub(super) fn workers(arguments: &ArgMatches) -> usize {
    arguments.get_one::<usize>("workers").copied().unwrap_or(ambient::processors().max(2))
}

/// How many exports of one key may wait if nobody says.
const QUEUED_EXPORTS: u32 = 100;

fn limit_arguments() -> Vec<Arg> {
    let defaults = Limits::default();
    let limit = |name: &'static str, value: &'static str, default: String, help: &'static str| {
        Arg::new(name)
            .long(name)
            .value_name(value)
            .value_parser(clap::value_parser!(u32).range(1..))
            .help(format!("{help} [default: {default}]"))
            .help_heading("Limits")
    };
    vec![
        limit("max-connections", "N", defaults.connections.to_string(), "Connections at once; idle ones make room"),
        limit(
            "max-connections-per-address",
            "N",
            defaults.connections_per_address.to_string(),
            "Connections of one address at once; behind a proxy all have the same",
        ),
        limit(
            "body-timeout",
            "SECONDS",
            defaults.body_idle.as_secs().to_string(),
            "How long a request body may bring nothing",
        ),
        limit("max-upload-parts", "N", defaults.upload_parts.to_string(), "Parts of a multipart request"),
        limit("max-upload-mib", "MIB", (defaults.upload_bytes >> 20).to_string(), "Size of an uploaded file"),
        limit("max-queued-exports", "N", QUEUED_EXPORTS.to_string(), "Exports of one API key that wait for a worker"),
    ]
}

fn limits(arguments: &ArgMatches) -> Limits {
    let number = |name: &str| arguments.get_one::<u32>(name).copied();
    let size = |name: &str, otherwise: usize| number(name).map_or(otherwise, |number| number as usize);
    let defaults = Limits::default();
    Limits {
        connections: size("max-connections", defaults.connections),
        connections_per_address: size("max-connections-per-address", defaults.connections_per_address),
        body_idle: number("body-timeout").map_or(defaults.body_idle, |secs| Duration::from_secs(secs.into())),
        upload_parts: size("max-upload-parts", defaults.upload_parts),
        upload_bytes: number("max-upload-mib").map_or(defaults.upload_bytes, |mib| u64::from(mib) << 20),
    }
}
