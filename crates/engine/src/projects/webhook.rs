//! Webhooks: addresses that want to be called when something happens. They are kept; nothing is delivered yet.

use super::project;
use crate::items::{self, Body, Item, ItemKind, Naming};
use crate::workspace::Workspace;
use crate::workspace::access::Caller;
use labelport_model::given;
use labelport_model::problem::Problem;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// What can be reported, as the SDK spells it.
const TOPICS: [&str; 4] = ["LABEL_CREATED", "LABEL_DELETED", "LABEL_UPDATED", "WORKFLOW_ACTION"];
/// What a webhook can be.
const STATUSES: [&str; 3] = ["ACTIVE", "INACTIVE", "REVOKED"];
/// The most characters of an address or a secret.
const TEXT_LIMIT: usize = 4_096;

/// A webhook. Its parent is the project; none for those of the organization.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// What is reported, each once.
    pub topics: Vec<String>,
    /// The address that is called.
    pub url: String,
    /// `ACTIVE`, `INACTIVE` or `REVOKED`.
    pub status: String,
    /// What calls will be signed with. It is never shown.
    secret: String,
}

impl Body for Webhook {
    const KIND: ItemKind = ItemKind::Webhook;
    const WORD: &'static str = "webhook";
}

/// A webhook to create.
#[derive(Debug, Clone, Copy)]
pub struct Creation<'a> {
    /// The id of the project; none for the whole organization.
    pub project_id: Option<&'a str>,
    /// What is to be reported.
    pub topics: &'a [String],
    /// The address.
    pub url: &'a str,
    /// What calls are signed with.
    pub secret: &'a str,
}

/// Creates a webhook, and says in the log that nothing is delivered.
pub fn create(workspace: &Workspace, caller: &Caller, creation: &Creation<'_>) -> Result<Item<Webhook>, Problem> {
    let Creation { project_id, topics, url, secret } = *creation;
    if let Some(id) = project_id {
        project::get(workspace, id)?;
    }
    if secret.is_empty() || secret.len() > TEXT_LIMIT {
        return Err(Problem::malformed(format!("the secret has 1 to {TEXT_LIMIT} characters")));
    }
    let body = Webhook {
        topics: read_topics(topics)?,
        url: read_url(url)?,
        status: STATUSES[0].to_owned(),
        secret: secret.to_owned(),
    };
    let id = workspace.chance().cuid();
    let naming = Naming { id: &id, parent: project_id.unwrap_or_default(), name: "" };
    let webhook = Item::new(workspace, caller, naming, body);
    let (org_key, new) = (workspace.org_key(), webhook.clone());
    workspace.write(move |connection| new.create(connection, org_key))?;
    tracing::warn!(webhook.id = %id, "A webhook was created; this version delivers nothing, so poll instead");
    Ok(webhook)
}

/// Changes the parts of a webhook that are given.
pub fn update(
    workspace: &Workspace,
    id: &str,
    topics: Option<&[String]>,
    url: Option<&str>,
    status: Option<&str>,
) -> Result<Item<Webhook>, Problem> {
    let topics = topics.map(read_topics).transpose()?;
    let url = url.map(read_url).transpose()?;
    let status = status.map(|status| read_word("status", status, &STATUSES)).transpose()?;
    let (org_key, now, id) = (workspace.org_key(), workspace.now(), id.to_owned());
    workspace.write(move |connection| {
        let stored: Item<Webhook> = items::get(connection, org_key, &id)?;
        let body = Webhook {
            topics: topics.unwrap_or(stored.body.topics),
            url: url.unwrap_or(stored.body.url),
            status: status.unwrap_or(stored.body.status),
            secret: stored.body.secret,
        };
        let changed = Item { body, updated: now, ..stored };
        changed.update(connection, org_key)?;
        Ok(changed)
    })
}

/// Returns a webhook.
pub fn get(workspace: &Workspace, id: &str) -> Result<Item<Webhook>, Problem> {
    workspace.read(|connection| items::get(connection, workspace.org_key(), id))
}

/// Lists webhooks, oldest first: those of a project, or all.
pub fn list(workspace: &Workspace, project_id: Option<&str>) -> Result<Vec<Item<Webhook>>, Problem> {
    let org_key = workspace.org_key();
    workspace.read(|connection| match project_id {
        Some(id) => items::list_of(connection, org_key, id),
        None => items::list(connection, org_key),
    })
}

fn read_topics(topics: &[String]) -> Result<Vec<String>, Problem> {
    if topics.is_empty() {
        return Err(Problem::malformed(format!("topics is empty; give some of {}", TOPICS.join(", "))));
    }
    let mut read: Vec<String> = Vec::new();
    for topic in topics {
        let topic = read_word("topics", topic, &TOPICS)?;
        if !read.contains(&topic) {
            read.push(topic);
        }
    }
    Ok(read)
}

fn read_word(name: &str, text: &str, known: &[&str]) -> Result<String, Problem> {
    match known.contains(&text) {
        true => Ok(text.to_owned()),
        false => Err(given::wrong(name, &format!("one of {}", known.join(", ")), &json!(text))),
    }
}

fn read_url(url: &str) -> Result<String, Problem> {
    let host = ["https://", "http://"].iter().find_map(|scheme| url.strip_prefix(scheme));
    let is_url = host.is_some_and(|host| !host.is_empty() && !host.starts_with('/'));
    if is_url && url.len() <= TEXT_LIMIT && !url.chars().any(|each| each.is_whitespace() || each.is_control()) {
        return Ok(url.to_owned());
    }
    Err(given::wrong("url", "an address such as https://example.org/hook", &json!(url)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_topics_are_checked() {
        for good in ["https://example.org", "http://localhost:8080/a?b=c"] {
            assert_eq!(read_url(good).unwrap(), good);
        }
        for bad in ["", "example.org", "ftp://a", "https://", "https:///a", "https://a b", "https://a\n"] {
            assert!(read_url(bad).unwrap_err().message.contains("give an address"), "{bad}");
        }
        let texts = |topics: &[&str]| topics.iter().map(|topic| (*topic).to_owned()).collect::<Vec<_>>();
        let twice = texts(&["LABEL_CREATED", "LABEL_CREATED"]);
        assert_eq!(read_topics(&twice).unwrap(), ["LABEL_CREATED"]);
        assert!(read_topics(&[]).unwrap_err().message.contains("topics is empty"));
        assert!(read_topics(&texts(&["MOON"])).unwrap_err().message.contains("LABEL_CREATED"));
    }
}
