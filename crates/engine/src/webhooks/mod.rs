//! Webhooks: URLs that are called when something happens in the workspace.
//!
//! What happened becomes an *event* in [`announce`], from what the store says: tasks that have ended and change numbers. So
//! an event is made once, by whatever process the work was done, also if no server ran then. An event becomes a *delivery* for each webhook that
//! wants it, in the same transaction, and [`deliver`] sends deliveries until the receiver takes them or a day has passed:
//! at least once, in no promised order. Bodies hold ids, digests and counts, never what is labelled. They are signed as
//! Standard Webhooks describes, see [`signature`].
//!
//! # Adding a topic
//! A line in [`TOPICS`], and the place in [`announce`] that makes its events.

pub mod announce;
pub mod deliver;
pub mod signature;

pub use labelport_store::tables::webhook_deliveries::{Delivery, DeliveryStatus};

use crate::ambient::Chance;
use crate::items::{self, Body, Item, ItemKind};
use crate::outbound;
use crate::projects::project;
use crate::workspace::Workspace;
use labelport_model::given;
use labelport_model::problem::Problem;
use labelport_model::time::Timestamp;
use labelport_store::tables::webhook_deliveries as deliveries;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Something that webhooks can be called for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Topic {
    /// Its name, which is the `type` of its events.
    pub name: &'static str,
    /// What it reports, a sentence.
    pub summary: &'static str,
}

/// An export ended without a result.
pub const EXPORT_FAILED: &str = "export.failed";
/// An export has a result.
pub const EXPORT_FINISHED: &str = "export.finished";
/// An import ended.
pub const IMPORT_FINISHED: &str = "import.finished";
/// A release exists.
pub const RELEASE_CREATED: &str = "release.created";
/// Rows were touched.
pub const ROWS_CHANGED: &str = "rows.changed";

/// Every topic, by name.
pub static TOPICS: &[Topic] = &[
    Topic { name: EXPORT_FAILED, summary: "An export, or the export of a release, failed or was canceled." },
    Topic { name: EXPORT_FINISHED, summary: "An export is complete; its result can be read." },
    Topic { name: IMPORT_FINISHED, summary: "An import of rows or annotations has ended, complete or not." },
    Topic { name: RELEASE_CREATED, summary: "A release exists." },
    Topic { name: ROWS_CHANGED, summary: "Rows were created, changed or deleted; at most once a minute." },
];

/// The topics of the SDK. Labels and their places in a workflow are parts of rows: all four ask for [`ROWS_CHANGED`].
const SDK_TOPICS: [&str; 4] = ["LABEL_CREATED", "LABEL_DELETED", "LABEL_UPDATED", "WORKFLOW_ACTION"];
/// The status of a webhook that is called.
pub const ACTIVE: &str = "ACTIVE";
/// The status of a webhook that is not called, for now.
pub const INACTIVE: &str = "INACTIVE";
/// What a webhook can be.
const STATUSES: [&str; 3] = [ACTIVE, INACTIVE, "REVOKED"];
/// For how long a delivery is tried.
pub const TRIED_MS: i64 = 24 * 3_600_000;
/// The most characters of a URL or a secret.
const TEXT_LIMIT: usize = 4_096;

/// A webhook. Its parent is the project; none for those of the organization.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// What is reported, each once, as it was given.
    pub topics: Vec<String>,
    /// The URL that is called.
    pub url: String,
    /// `ACTIVE`, `INACTIVE` or `REVOKED`.
    pub status: String,
    /// What calls are signed with. It is never shown again.
    secret: String,
    /// What was reported of rows.
    #[serde(default)]
    seen: Option<Seen>,
    /// How many attempts have failed since one succeeded.
    #[serde(default)]
    pub failures: u32,
    /// Nothing is sent before this time, in milliseconds since 1970.
    #[serde(default)]
    retry_ms: i64,
    /// When something was sent last, in milliseconds since 1970.
    #[serde(default)]
    served_ms: i64,
    /// Whether the receiver took long to answer then.
    #[serde(default)]
    is_slow: bool,
}

/// What was reported of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    /// Up to here changes were reported.
    change_seq: i64,
    /// Up to here nothing has changed since.
    looked: i64,
    /// When they were reported, in milliseconds since 1970.
    at_ms: i64,
}

impl Seen {
    /// Begins after the last change.
    fn from(change_seq: i64) -> Self {
        Self { change_seq, looked: change_seq, at_ms: i64::MIN }
    }
}

impl Body for Webhook {
    const KIND: ItemKind = ItemKind::Webhook;
    const WORD: &'static str = "webhook";
}

impl Webhook {
    /// Returns whether events of a topic are sent to it.
    fn wants(&self, topic: &str) -> bool {
        let is_asked = |name: &String| name == topic || topic == ROWS_CHANGED && SDK_TOPICS.contains(&name.as_str());
        self.status == ACTIVE && self.topics.iter().any(is_asked)
    }
}

/// A webhook to create.
#[derive(Debug, Clone, Copy)]
pub struct Creation<'a> {
    /// The id of the project; none for the whole organization.
    pub project_id: Option<&'a str>,
    /// What is to be reported.
    pub topics: &'a [String],
    /// The URL.
    pub url: &'a str,
    /// What calls are signed with; none to have one made.
    pub secret: Option<&'a str>,
    /// The e-mail address of the user who creates it; empty for the command line.
    pub created_by: &'a str,
}

/// A webhook that was created.
pub struct Created {
    /// The webhook.
    pub webhook: Item<Webhook>,
    /// What its calls are signed with, to be shown this once.
    pub secret: String,
}

/// Creates a webhook. What happened before is not reported to it.
pub fn create(workspace: &Workspace, creation: &Creation<'_>) -> Result<Created, Problem> {
    let Creation { project_id, topics, url, secret, created_by } = *creation;
    if let Some(id) = project_id {
        project::get(workspace, id)?;
    }
    let secret = secret.map_or_else(|| signature::new_secret(workspace.chance()), str::to_owned);
    if secret.is_empty() || secret.len() > TEXT_LIMIT || secret.contains(char::is_control) {
        let message = format!("the secret must have 1 to {TEXT_LIMIT} characters, on one line");
        return Err(Problem::malformed(message));
    }
    if !signature::is_secret(&secret) {
        return Err(Problem::malformed("the secret begins with whsec_, and what follows is not the Base64 of a key"));
    }
    let (topics, url) = (read_topics(topics)?, read_url(url)?);
    let (now, org_key) = (workspace.now(), workspace.org_key());
    let mut webhook = Item {
        id: workspace.chance().cuid(),
        parent: project_id.unwrap_or_default().to_owned(),
        name: String::new(),
        body: Webhook {
            topics,
            url,
            status: ACTIVE.to_owned(),
            secret: secret.clone(),
            seen: None,
            failures: 0,
            retry_ms: 0,
            served_ms: 0,
            is_slow: false,
        },
        created_by: created_by.to_owned(),
        created: now,
        updated: now,
    };
    let chance = workspace.shared_chance();
    let webhook = workspace.write(move |connection| {
        announce::catch_up(connection, org_key, now, &*chance)?;
        webhook.body.seen = Some(Seen::from(announce::change_seq(connection, org_key)?));
        webhook.create(connection, org_key)?;
        Ok(webhook)
    })?;
    Ok(Created { webhook, secret })
}

/// What of a webhook is to be changed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Update<'a> {
    /// What is to be reported.
    pub topics: Option<&'a [String]>,
    /// The URL.
    pub url: Option<&'a str>,
    /// The status.
    pub status: Option<&'a str>,
}

/// Changes the parts of a webhook that are given.
pub fn update(workspace: &Workspace, id: &str, update: &Update<'_>) -> Result<Item<Webhook>, Problem> {
    let topics = update.topics.map(read_topics).transpose()?;
    let url = update.url.map(read_url).transpose()?;
    let status = update.status.map(|status| read_word("status", status, &STATUSES)).transpose()?;
    let (org_key, now) = (workspace.org_key(), workspace.now());
    let chance = workspace.shared_chance();
    change(workspace, id, move |connection, webhook| {
        // What happened until now is for the topics of until now.
        announce::catch_up(connection, org_key, now, &*chance)?;
        let was_asked = webhook.body.wants(ROWS_CHANGED);
        let body = &mut webhook.body;
        body.topics = topics.unwrap_or_else(|| std::mem::take(&mut body.topics));
        body.url = url.unwrap_or_else(|| std::mem::take(&mut body.url));
        body.status = status.unwrap_or_else(|| std::mem::take(&mut body.status));
        (body.failures, body.retry_ms) = (0, 0);
        if body.wants(ROWS_CHANGED) && !was_asked {
            body.seen = Some(Seen::from(announce::change_seq(connection, org_key)?));
        }
        webhook.updated = now;
        Ok(())
    })
}

/// Changes a webhook where it is read: of two changes at once neither is lost.
fn change(
    workspace: &Workspace,
    id: &str,
    apply: impl FnOnce(&mut dyn labelport_store::Connection, &mut Item<Webhook>) -> Result<(), Problem> + Send + 'static,
) -> Result<Item<Webhook>, Problem> {
    let (org_key, id) = (workspace.org_key(), id.to_owned());
    workspace.write(move |connection| {
        let mut webhook: Item<Webhook> = items::get(connection, org_key, &id)?;
        apply(connection, &mut webhook)?;
        webhook.update(connection, org_key)?;
        Ok(webhook)
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

/// Deletes a webhook with its deliveries.
pub fn delete(workspace: &Workspace, id: &str) -> Result<(), Problem> {
    let (org_key, id) = (workspace.org_key(), id.to_owned());
    workspace.write(move |connection| {
        if !items::delete::<Webhook>(connection, org_key, &id)? {
            return Err(Problem::not_found(Webhook::WORD, &id));
        }
        Ok(deliveries::remove_all(connection, &id)?)
    })
}

/// Lists the deliveries of a webhook, newest first.
pub fn list_deliveries(workspace: &Workspace, id: &str, limit: usize) -> Result<Vec<Delivery>, Problem> {
    get(workspace, id)?;
    workspace.read(|connection| Ok(deliveries::list(connection, id, limit)?))
}

/// Returns a new id for an event or a delivery.
fn new_id(chance: &dyn Chance) -> String {
    chance.cuid()
}

/// Returns a delivery that waits to be sent.
fn new_delivery(
    chance: &dyn Chance,
    webhook_id: &str,
    event_id: &str,
    topic: &str,
    body: &str,
    now: Timestamp,
) -> Delivery {
    Delivery {
        id: new_id(chance),
        webhook_id: webhook_id.to_owned(),
        event_id: event_id.to_owned(),
        topic: topic.to_owned(),
        body: body.to_owned(),
        status: DeliveryStatus::Waiting,
        attempts: 0,
        created: now,
        next: now,
        claimed: Timestamp::from_millis(0),
        give_up: now.plus_millis(TRIED_MS),
        ended: None,
        answer: None,
        error: None,
    }
}

fn read_topics(topics: &[String]) -> Result<Vec<String>, Problem> {
    let known: Vec<&str> = TOPICS.iter().map(|topic| topic.name).chain(SDK_TOPICS).collect();
    if topics.is_empty() {
        return Err(Problem::malformed(format!("topics is empty; give some of {}", known.join(", "))));
    }
    let mut read: Vec<String> = Vec::new();
    for topic in topics {
        let topic = read_word("topics", topic, &known)?;
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
    let place = ["https://", "http://"].iter().find_map(|scheme| url.strip_prefix(scheme));
    let authority = place.map(|place| place.split(['/', '?', '#']).next().unwrap_or_default());
    let is_url = authority.is_some_and(|authority| !authority.is_empty() && !authority.contains('@'));
    let is_plain = url.len() <= TEXT_LIMIT && !url.chars().any(|each| each.is_whitespace() || each.is_control());
    if is_url && is_plain && outbound::check_web_url(url).is_ok() {
        return Ok(url.to_owned());
    }
    // The URL may hold a password or another secret, so it is not repeated.
    let message = format!(
        "the url cannot be used; give an address of up to {TEXT_LIMIT} characters that begins with http:// or https://, \
         without a user name and with other characters than ASCII escaped, such as https://example.org/hook"
    );
    Err(Problem::malformed(message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_described_unique_and_in_order() {
        assert!(TOPICS.is_sorted_by(|one, next| one.name < next.name));
        assert!(TOPICS.iter().all(|topic| topic.summary.ends_with('.')));
    }

    #[test]
    fn addresses_and_topics_are_checked() {
        for good in ["https://example.org", "http://localhost:8080/a?b=c", "https://[::1]:8443/hook"] {
            assert_eq!(read_url(good).unwrap(), good);
        }
        for bad in [
            "",
            "example.org",
            "ftp://a",
            "https://",
            "https:///a",
            "https://a b",
            "https://a\n",
            "https://me:secret@a/",
            "https://a:99999/",
        ] {
            assert!(read_url(bad).unwrap_err().message.contains("give an address"), "{bad}");
        }
        let texts = |topics: &[&str]| topics.iter().map(|topic| (*topic).to_owned()).collect::<Vec<_>>();
        let twice = texts(&["LABEL_CREATED", "LABEL_CREATED", "rows.changed"]);
        assert_eq!(read_topics(&twice).unwrap(), ["LABEL_CREATED", "rows.changed"]);
        assert!(read_topics(&[]).unwrap_err().message.contains("topics is empty"));
        assert!(read_topics(&texts(&["MOON"])).unwrap_err().message.contains("export.finished"));
    }
}
