//! `labelport key`: who may use the server.

use super::Command;
use crate::ambient;
use crate::messages::{Messages, print, table};
use crate::outcome::{FAILED, Failure, Outcome, SUCCESS};
use crate::workspace::Workspace;
use clap::{Arg, ArgMatches};
use labelport_engine::people::invite;
use labelport_engine::workspace::access::{self, ROLES};
use labelport_engine::workspace::api_keys::{FIRST_USER, NewKey};
use labelport_model::time::{Timestamp, Zone};
use labelport_store::tables::api_keys;
use serde_json::json;

pub(super) struct Key;

impl Command for Key {
    fn name(&self) -> &'static str {
        "key"
    }

    fn arguments(&self) -> clap::Command {
        let roles: Vec<&str> = ROLES.iter().map(|(name, _)| *name).collect();
        clap::Command::new("key")
            .about("Create, list and revoke the API keys of the server")
            .subcommand_required(true)
            .arg_required_else_help(true)
            .subcommand(
                clap::Command::new("create")
                    .about("Create an API key and print it to standard output, this once")
                    .after_help(
                        "The key alone goes to standard output: KEY=$(labelport key create --name nightly --role Reader)\n\
                         Name the role that the program needs, not Admin: a Reader can export.",
                    )
                    .args([
                    Arg::new("name")
                        .long("name")
                        .value_name("NAME")
                        .help("What it is for, a name that no other key has [default: key, key-2 and so on]"),
                    Arg::new("role").long("role").value_name("ROLE").default_value("Admin").help(format!(
                        "What it may do: {}. Labelers, Readers and Reviewers read and export",
                        roles.join(", ")
                    )),
                    Arg::new("user")
                        .long("user")
                        .value_name("E-MAIL")
                        .default_value(FIRST_USER)
                        .help("Whose key it is; exports name people by e-mail address"),
                    Arg::new("timezone")
                        .long("timezone")
                        .value_name("ZONE")
                        .help("Time zone of the user, in which dates without an offset are read"),
                    Arg::new("expires")
                        .long("expires")
                        .value_name("TIME")
                        .help("When it stops to work: 30d, 12h, 45m or a date such as 2026-12-31 [default: never]"),
                ]),
            )
            .subcommand(clap::Command::new("list").about("List the API keys"))
            .subcommand(
                clap::Command::new("revoke")
                    .about("Revoke an API key")
                    .arg(Arg::new("key").value_name("ID-or-NAME").required(true).help("Its id or its name")),
            )
            .subcommand(
                clap::Command::new("rotate-signing")
                    .about("Make a new secret for signed URLs, which ends all that were given out")
                    .long_about(
                        "Make a new secret for signed URLs, which ends all that were given out.\n\n\
                         A running server uses it at once. URLs of masks and uploads in results exported before stop \
                         working; export again to get new ones. API keys are not touched.",
                    ),
            )
    }

    fn run(&self, arguments: &ArgMatches, workspace: &Workspace, messages: &Messages) -> Outcome {
        match arguments.subcommand() {
            Some(("create", arguments)) => create(arguments, workspace, messages),
            Some(("revoke", arguments)) => revoke(arguments, workspace, messages),
            Some(("rotate-signing", _)) => {
                workspace.open_served(workspace.open()?)?.rotate_signing_secret()?;
                let sentence = "made a new signing secret; URLs that were signed before have ended";
                messages.event(&json!({ "event": "signing_rotated" }), sentence);
                Ok(SUCCESS)
            }
            _ => list(workspace, messages),
        }
    }
}

fn create(arguments: &ArgMatches, workspace: &Workspace, messages: &Messages) -> Outcome {
    let text = |name: &str| arguments.get_one::<String>(name).map(String::as_str).unwrap_or_default();
    let Some((role, _)) = access::find_role(text("role")) else {
        let known: Vec<&str> = ROLES.iter().map(|(name, _)| *name).collect();
        return Err(Failure::usage(format!("{:?} is not a role; write one of: {}", text("role"), known.join(", "))));
    };
    let time_zone = arguments.get_one::<String>("timezone");
    if let Some(zone) = time_zone {
        Zone::parse(zone).map_err(Failure::usage)?;
    }
    let expires = arguments.get_one::<String>("expires").map(|text| read_expiry(text)).transpose()?;
    let served = workspace.open_served(workspace.open_or_create()?)?;
    let name = match arguments.get_one::<String>("name") {
        Some(name) => name.clone(),
        None => free_name(&api_keys::list_keys(&mut *served.store().reader()?, served.org_key())?),
    };
    let new = NewKey { name: &name, email: text("user"), role, time_zone: time_zone.map(String::as_str), expires };
    let created = labelport_engine::workspace::api_keys::create(&served, &new)?;
    let was_invited = invite::accept(&served, &served.identify(Some(&created.key))?)?;
    let event = json!({
        "event": "key", "id": created.id, "name": name, "role": role, "user": new.email,
        "api_key": created.key, "expires_at": expires.map(|time| time.to_string()), "was_invited": was_invited,
    });
    // Standard output is the key and nothing else, so that a script can take it from there.
    if messages.is_json() {
        print(&format!("{event}\n"))?;
    } else {
        if was_invited {
            messages.note(&format!("{} was invited, and has the roles of the invite now", new.email));
        }
        messages.note(&format!("created key {name:?} ({role}) for {}; it is shown only this once:", new.email));
        print(&format!("{}\n", created.key))?;
    }
    Ok(SUCCESS)
}

/// Returns a name that no key has.
fn free_name(known: &[api_keys::ApiKey]) -> String {
    let names = std::iter::once("key".to_owned()).chain((2..).map(|number| format!("key-{number}")));
    let is_free = |name: &String| known.iter().all(|known| known.revoked.is_some() || known.name != *name);
    names.into_iter().find(is_free).unwrap_or_default()
}

/// Reads when a key stops to work: so long from now, or at a time in UTC.
fn read_expiry(text: &str) -> Result<Timestamp, Failure> {
    let now = ambient::now();
    let units = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)];
    for (unit, millis) in units {
        if let Some(count) = text.strip_suffix(unit).and_then(|count| count.parse::<i64>().ok()) {
            return Ok(now.plus_millis(count.saturating_mul(millis)));
        }
    }
    let day = format!("{text}T23:59:59Z");
    Timestamp::parse_export(text).or_else(|| Timestamp::parse_export(&day)).ok_or_else(|| {
        Failure::usage(format!("--expires {text:?} is no time; write 30d, 12h, 45m or a date such as 2026-12-31"))
    })
}

fn list(workspace: &Workspace, messages: &Messages) -> Outcome {
    let store = workspace.open()?;
    let keys = api_keys::list_keys(&mut *store.reader()?, store.org_key())?;
    let now = ambient::now();
    let state = |key: &api_keys::ApiKey| match (key.revoked, key.expires) {
        (Some(_), _) => "revoked".to_owned(),
        (None, Some(expires)) if expires <= now => "expired".to_owned(),
        (None, Some(expires)) => format!("until {expires}"),
        (None, None) => "works".to_owned(),
    };
    if messages.is_json() {
        for key in &keys {
            let line = json!({
                "id": key.id, "hint": key.hint, "name": key.name, "role": key.role, "user": key.email,
                "created_at": key.created.to_string(), "state": state(key),
            });
            print(&format!("{line}\n"))?;
        }
        return Ok(SUCCESS);
    }
    let rows = keys.iter().map(|key| {
        let created = key.created.to_string();
        vec![
            key.id.clone(),
            key.hint.clone(),
            key.name.clone(),
            key.role.clone(),
            key.email.clone(),
            created,
            state(key),
        ]
    });
    let rows: Vec<Vec<String>> = rows.collect();
    print(&table(&["id", "ends with", "name", "role", "user", "created", "state"], &rows))?;
    Ok(SUCCESS)
}

fn revoke(arguments: &ArgMatches, workspace: &Workspace, messages: &Messages) -> Outcome {
    let named = arguments.get_one::<String>("key").cloned().unwrap_or_default();
    let store = workspace.open()?;
    let (org_key, now, key) = (store.org_key(), ambient::now(), named.clone());
    let count = store.write(move |connection| api_keys::revoke_key(connection, org_key, &key, now))?;
    match count {
        1 => {
            messages.event(&json!({ "event": "revoked", "key": named }), &format!("revoked key {named}"));
            Ok(SUCCESS)
        }
        0 => Err(Failure::new(format!("no key that works has the id or name {named:?}")).hint("`labelport key list`")),
        count => {
            let message = format!("{count} keys are named {named:?}");
            messages.error(&message, Some("revoke them by their ids: `labelport key list`"));
            Ok(FAILED)
        }
    }
}
