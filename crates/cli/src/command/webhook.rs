//! `labelport webhook`: URLs that the server calls when something happens.

use super::Command;
use crate::fetching;
use crate::messages::{Messages, escaped, grouped, print, table};
use crate::outcome::{Failure, Outcome, SUCCESS};
use crate::workspace::Workspace;
use clap::{Arg, ArgAction, ArgMatches};
use labelport_engine::export;
use labelport_engine::items::Item;
use labelport_engine::outbound::Policy;
use labelport_engine::webhooks::deliver;
use labelport_engine::webhooks::{
    self, ACTIVE, Creation, Delivery, DeliveryStatus, INACTIVE, TOPICS, Update, Webhook as Hook,
};
use labelport_engine::workspace::Workspace as Served;
use labelport_store::tables::entities::EntityKind;
use serde_json::{Value, json};

/// Creates, lists, tests and deletes webhooks.
pub(crate) struct Webhook;

/// How many deliveries a list has if nobody says.
const LISTED: &str = "100";

impl Command for Webhook {
    fn name(&self) -> &'static str {
        "webhook"
    }

    fn arguments(&self) -> clap::Command {
        let id = || Arg::new("webhook").value_name("ID").required(true).help("Its id");
        let topics: Vec<String> =
            TOPICS.iter().map(|topic| format!("  {:<16} {}", topic.name, topic.summary)).collect();
        let create = clap::Command::new("create")
            .about("Create a webhook and print its secret to standard output, this once")
            .after_help(format!(
                "Topics:\n{}\n\nCalls are signed as Standard Webhooks describes; see docs/webhooks.md.",
                topics.join("\n")
            ))
            .args([
                Arg::new("url").value_name("URL").required(true).help("The URL to call"),
                Arg::new("topics")
                    .long("topics")
                    .value_name("TOPIC,...")
                    .required(true)
                    .action(ArgAction::Append)
                    .value_delimiter(',')
                    .help("What to report"),
                Arg::new("project")
                    .long("project")
                    .value_name("ID-or-NAME")
                    .help("Report only what happens in this project [default: the whole workspace]"),
                Arg::new("secret-file")
                    .long("secret-file")
                    .value_name("FILE")
                    .help("Sign with the secret in a file, of which the line break at the end is not a part"),
            ]);
        clap::Command::new("webhook")
            .about("Create, list, test and delete webhooks, which `labelport serve` calls")
            .subcommand_required(true)
            .arg_required_else_help(true)
            .subcommands([
                create,
                clap::Command::new("list").about("List the webhooks"),
                clap::Command::new("test")
                    .about("Send a test event from here and say what the receiver answers")
                    .arg(id())
                    .args(fetching::arguments().into_iter().take(1)),
                clap::Command::new("deliveries").about("List the latest deliveries of a webhook").args([
                    id(),
                    Arg::new("limit")
                        .long("limit")
                        .value_name("N")
                        .value_parser(clap::value_parser!(u32).range(1..=100_000))
                        .default_value(LISTED)
                        .help("The most deliveries to list"),
                ]),
                clap::Command::new("resend")
                    .about("Send a delivery again, whatever came of it")
                    .arg(Arg::new("delivery").value_name("DELIVERY").required(true).help("Its id")),
                clap::Command::new("enable").about("Call a webhook again that was turned off").arg(id()),
                clap::Command::new("disable").about("Stop calling a webhook").arg(id()),
                clap::Command::new("delete").about("Delete a webhook with its deliveries").arg(id()),
            ])
    }

    fn run(&self, arguments: &ArgMatches, workspace: &Workspace, messages: &Messages) -> Outcome {
        let (name, arguments) =
            arguments.subcommand().ok_or_else(|| Failure::usage("name what to do with webhooks"))?;
        let policy = if name == "test" { fetching::addresses(arguments) } else { Policy::default() };
        let served = workspace.open_served_with(workspace.open()?, policy)?;
        match name {
            "create" => create(arguments, &served, messages),
            "test" => test(arguments, &served, messages),
            "deliveries" => deliveries(arguments, &served, messages),
            "resend" => resend(arguments, &served, messages),
            "enable" => switch(arguments, &served, ACTIVE, messages),
            "disable" => switch(arguments, &served, INACTIVE, messages),
            "delete" => delete(arguments, &served, messages),
            _ => list(&served, messages),
        }
    }
}

fn named(arguments: &ArgMatches) -> &str {
    arguments.get_one::<String>("webhook").map_or("", String::as_str)
}

fn create(arguments: &ArgMatches, served: &Served, messages: &Messages) -> Outcome {
    let text = |name: &str| arguments.get_one::<String>(name).map(String::as_str);
    let project_id = match text("project") {
        Some(named) => {
            let mut reader = served.store().reader()?;
            Some(export::get_thing(&mut *reader, served.org_key(), EntityKind::Project, named)?.id)
        }
        None => None,
    };
    let secret = text("secret-file").map(|path| {
        std::fs::read_to_string(path).map_err(|error| Failure::usage(format!("{path} cannot be read ({error})")))
    });
    let secret = secret.transpose()?;
    let topics = arguments.get_many::<String>("topics").into_iter().flatten().map(|topic| topic.trim().to_owned());
    let topics: Vec<String> = topics.collect();
    let creation = Creation {
        project_id: project_id.as_deref(),
        topics: &topics,
        url: text("url").unwrap_or_default(),
        secret: secret.as_ref().map(|secret| secret.trim_end_matches(['\n', '\r'])),
        created_by: "",
    };
    let created = webhooks::create(served, &creation)?;
    let (id, url) = (&created.webhook.id, escaped(&created.webhook.body.url));
    // Standard output is the secret and nothing else, so that a script can take it from there.
    if messages.is_json() {
        let mut event = to_json(&created.webhook);
        event["event"] = "webhook".into();
        event["secret"] = created.secret.into();
        print(&format!("{event}\n"))?;
    } else {
        messages.note(&format!("created webhook {id}, which calls {url}; its secret is shown only this once:"));
        print(&format!("{}\n", created.secret))?;
    }
    Ok(SUCCESS)
}

fn list(served: &Served, messages: &Messages) -> Outcome {
    let found = webhooks::list(served, None)?;
    if messages.is_json() {
        for webhook in &found {
            print(&format!("{}\n", to_json(webhook)))?;
        }
        return Ok(SUCCESS);
    }
    if found.is_empty() {
        messages.note("there are no webhooks; `labelport webhook create` makes one");
        return Ok(SUCCESS);
    }
    let rows = found.into_iter().map(|webhook| {
        let Hook { topics, url, status, failures, .. } = webhook.body;
        let status = if failures > 0 { format!("{status}, failing") } else { status };
        vec![webhook.id, status, topics.join(","), webhook.parent, url]
    });
    let rows: Vec<Vec<String>> = rows.collect();
    print(&table(&["id", "status", "topics", "project", "url"], &rows))?;
    Ok(SUCCESS)
}

fn test(arguments: &ArgMatches, served: &Served, messages: &Messages) -> Outcome {
    let delivery = deliver::test(served, named(arguments))?;
    if let Some(error) = &delivery.error {
        let failure = Failure::new(format!("the test event was not delivered: {error}"));
        let is_private = error.contains("--allow-fetch");
        return Err(if is_private { failure.hint("here and for `labelport serve`") } else { failure });
    }
    let answer = delivery.answer.unwrap_or_default();
    let sentence = format!("the receiver took the test event {} (status {answer})", delivery.event_id);
    messages.event(&json!({ "event": "tested", "event_id": delivery.event_id, "answer": answer }), &sentence);
    Ok(SUCCESS)
}

fn deliveries(arguments: &ArgMatches, served: &Served, messages: &Messages) -> Outcome {
    let limit = arguments.get_one::<u32>("limit").map_or(0, |limit| *limit as usize);
    let found = webhooks::list_deliveries(served, named(arguments), limit)?;
    if messages.is_json() {
        for delivery in &found {
            print(&format!("{}\n", delivery_to_json(delivery)))?;
        }
        return Ok(SUCCESS);
    }
    if found.is_empty() {
        messages.note("the webhook has no deliveries yet");
        return Ok(SUCCESS);
    }
    let rows = found.into_iter().map(|delivery| {
        let is_waiting = delivery.status == DeliveryStatus::Waiting;
        let status = if is_waiting && delivery.attempts > 0 { "RETRYING" } else { delivery.status.wire_name() };
        let next = if is_waiting { delivery.next.to_string() } else { String::new() };
        vec![
            delivery.id,
            delivery.event_id,
            delivery.topic,
            status.to_owned(),
            grouped(delivery.attempts.unsigned_abs()),
            delivery.created.to_string(),
            next,
            delivery.error.unwrap_or_default(),
        ]
    });
    let rows: Vec<Vec<String>> = rows.collect();
    print(&table(&["id", "event", "topic", "status", "attempts", "created", "next attempt", "last error"], &rows))?;
    Ok(SUCCESS)
}

fn resend(arguments: &ArgMatches, served: &Served, messages: &Messages) -> Outcome {
    let id = arguments.get_one::<String>("delivery").map_or("", String::as_str);
    let delivery = deliver::resend(served, id)?;
    let sentence = format!("the server sends delivery {id} again, within a second or as soon as it runs");
    messages.event(&json!({ "event": "resent", "delivery": id, "event_id": delivery.event_id }), &sentence);
    Ok(SUCCESS)
}

fn switch(arguments: &ArgMatches, served: &Served, status: &str, messages: &Messages) -> Outcome {
    let id = named(arguments);
    webhooks::update(served, id, &Update { status: Some(status), ..Update::default() })?;
    let word = if status == ACTIVE { "is called from now on" } else { "is not called any more" };
    messages.event(&json!({ "event": "webhook changed", "id": id, "status": status }), &format!("webhook {id} {word}"));
    Ok(SUCCESS)
}

fn delete(arguments: &ArgMatches, served: &Served, messages: &Messages) -> Outcome {
    let id = named(arguments);
    webhooks::delete(served, id)?;
    messages.event(&json!({ "event": "webhook deleted", "id": id }), &format!("deleted webhook {id}"));
    Ok(SUCCESS)
}

fn to_json(webhook: &Item<Hook>) -> Value {
    let Hook { topics, url, status, failures, .. } = &webhook.body;
    json!({
        "id": webhook.id,
        "project_id": Some(&webhook.parent).filter(|id| !id.is_empty()),
        "topics": topics,
        "url": url,
        "status": status,
        "failures": failures,
        "created_at": webhook.created.to_string(),
    })
}

fn delivery_to_json(delivery: &Delivery) -> Value {
    let next = Some(delivery.next).filter(|_| delivery.status == DeliveryStatus::Waiting);
    json!({
        "id": delivery.id,
        "webhook_id": delivery.webhook_id,
        "event_id": delivery.event_id,
        "topic": delivery.topic,
        "status": delivery.status.wire_name(),
        "attempts": delivery.attempts,
        "answer": delivery.answer,
        "error": delivery.error,
        "created_at": delivery.created.to_string(),
        "next_at": next.map(|time| time.to_string()),
        "ended_at": delivery.ended.map(|time| time.to_string()),
        "body": serde_json::from_str::<Value>(&delivery.body).unwrap_or_default(),
    })
}
