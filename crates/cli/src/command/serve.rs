//! `labelport serve`: the doors over HTTP, until told to stop.

use super::Command;
use crate::ambient::{SystemChance, SystemClock};
use crate::messages::Messages;
use crate::outcome::{Failure, Outcome, SUCCESS};
use crate::workspace::{self, Workspace};
use clap::{Arg, ArgAction, ArgMatches};
use labelport_engine::api_key;
use labelport_engine::catalog::metadata;
use labelport_engine::fetch::{Cidr, Client, Policy};
use labelport_engine::workspace::{Opening, Workspace as Served};
use labelport_model::problem::Problem;
use labelport_server::Serving;
use serde_json::json;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;

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
                "The first start makes an API key and prints it once, with the lines of Python that use it.\n\
                 Later: labelport key create",
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
                Arg::new("allow-fetch")
                    .long("allow-fetch")
                    .value_name("CIDR")
                    .value_parser(clap::value_parser!(Cidr))
                    .action(ArgAction::Append)
                    .help("Private addresses that assets may be fetched from, such as 10.0.0.0/8"),
                Arg::new("media-root")
                    .long("media-root")
                    .value_name("FOLDER")
                    .value_parser(clap::value_parser!(PathBuf))
                    .action(ArgAction::Append)
                    .help("Folders below which assets may be named by file:// URLs"),
                Arg::new("max-asset-mib")
                    .long("max-asset-mib")
                    .value_name("MIB")
                    .value_parser(clap::value_parser!(u64).range(1..=1 << 20))
                    .help("Size of the largest asset that is read [default: 2048]"),
                Arg::new("workers")
                    .long("workers")
                    .value_name("N")
                    .value_parser(clap::value_parser!(usize))
                    .help("Tasks to run at once [default: one for each processor, at least 2]"),
            ])
    }

    fn run(&self, arguments: &ArgMatches, workspace: &Workspace, messages: &Messages) -> Outcome {
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
        let store = workspace.open_or_create()?;
        let policy = Policy {
            allowed: arguments.get_many::<Cidr>("allow-fetch").into_iter().flatten().copied().collect(),
            media_roots: arguments.get_many::<PathBuf>("media-root").into_iter().flatten().cloned().collect(),
            asset_limit_bytes: arguments.get_one::<u64>("max-asset-mib").map(|mebibytes| mebibytes << 20),
        };
        let opening = Opening {
            store,
            folder: workspace.folder().to_owned(),
            client: Client::new(policy),
            public_url: Some(public_url.clone()),
            clock: Arc::new(SystemClock),
            chance: Arc::new(SystemChance),
            threads: workspace::processors(),
        };
        let served = Arc::new(Served::open(opening)?);
        let key = first_key(&served)?;
        let workers = arguments.get_one::<usize>("workers").copied().unwrap_or(workspace::processors().max(2));
        let owner = format!("server {} {}", std::process::id(), workspace::new_id());
        if local.ip().is_unspecified() && arguments.get_one::<String>("public-url").is_none() {
            warn_of_url(messages, &public_url, local.port());
        }
        greet(messages, &public_url, key.as_deref(), workspace);
        let log_messages = *messages;
        labelport_server::serve(Serving {
            workspace: served,
            listener,
            owner,
            workers,
            log: Arc::new(move |problem| tell(&log_messages, problem)),
            ready: Box::new(|_| {}),
        })?;
        messages.note("stopped; what was running is handed over");
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

/// Fails unless an address has a host and a port; whether there is such a host is seen when it is listened on.
fn check_listen(listen: &str) -> Result<(), Failure> {
    let parts = listen.rsplit_once(':').map(|(host, port)| (host.is_empty(), port.parse::<u16>()));
    match parts {
        Some((false, Ok(_))) => Ok(()),
        _ => Err(Failure::usage(format!(
            "--listen {listen:?} is no address with a port; write one such as 127.0.0.1:8080, localhost:8080 or \
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

/// Makes what every workspace has, and the first key where there is none.
fn first_key(served: &Served) -> Result<Option<String>, Failure> {
    let org_key = served.org_key();
    served.store().write(move |connection| metadata::ensure_reserved(connection, org_key))?;
    let known = served.read(|connection| Ok(labelport_store::keys::list_keys(connection, org_key)?))?;
    if !known.is_empty() {
        return Ok(None);
    }
    let new =
        api_key::NewKey { name: "first", email: api_key::FIRST_USER, role: "Admin", time_zone: None, expires: None };
    Ok(Some(api_key::create(served, &new)?.key))
}

fn greet(messages: &Messages, url: &str, key: Option<&str>, workspace: &Workspace) {
    let mut event = json!({ "event": "serving", "url": url, "data": workspace.folder().display().to_string() });
    let mut text = format!("serving {} at {url}", workspace.folder().display());
    if let Some(key) = key {
        event["api_key"] = json!(key);
        text.push_str(&format!(
            "\n\nThe API key, shown this once:\n\n    {key}\n\nIn Python, after `pip install labelbox`:\n\n    \
             from labelbox import Client\n    \
             client = Client(\"{key}\", endpoint=\"{url}/graphql\", rest_endpoint=\"{url}/api/v1\")\n    \
             print(client.create_dataset(name=\"first\"))\n\nStop with Ctrl-C."
        ));
    } else {
        text.push_str("\nkeys: labelport key list; a new one: labelport key create. Stop with Ctrl-C.");
    }
    messages.event(&event, &text);
}

/// Tells the operator what lies behind a failure that clients see as one of the server.
fn tell(messages: &Messages, problem: &Problem) {
    let mut text = problem.message.clone();
    let mut cause = std::error::Error::source(problem);
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    messages.error(&text, None);
}
