//! Events: what the store says has happened, for each webhook that wants to know.
//!
//! A task is announced once, in the transaction that creates the deliveries of its event, and whatever process ended it. The
//! rows that changed are announced with the range of change numbers that the event covers: the next event of the webhook
//! begins where this one ends.

use super::{
    EXPORT_FAILED, EXPORT_FINISHED, IMPORT_FINISHED, RELEASE_CREATED, ROWS_CHANGED, Seen, Webhook, new_delivery, new_id,
};
use crate::ambient::Chance;
use crate::annotation_import::ImportJob;
use crate::catalog::row_import::RowImport;
use crate::export::job;
use crate::items::{self, Item};
use crate::releases::{self, CreateRelease};
use crate::tasks::{CommandTask, Job, Task, TaskStatus};
use crate::workspace::Workspace;
use labelport_model::problem::Problem;
use labelport_model::time::Timestamp;
use labelport_store::Connection;
use labelport_store::read::history;
use labelport_store::read::select::Base;
use labelport_store::tables::{annotation_imports, entities, projects, tasks, webhook_deliveries};
use serde_json::{Map, Value, json};

/// How many tasks are announced in a transaction.
const TASKS_AT_ONCE: usize = 200;
/// Changes of rows are announced no more often than this to one webhook.
const CHANGES_EVERY_MS: i64 = 60_000;

/// Something that happened.
struct Event {
    topic: &'static str,
    /// The project that it is about, if it is about one.
    project_id: Option<String>,
    data: Value,
}

/// Makes deliveries of what has happened; returns whether there may be more.
pub fn announce(workspace: &Workspace) -> Result<bool, Problem> {
    let org_key = workspace.org_key();
    let hooks: Vec<Item<Webhook>> = workspace.read(|connection| items::list(connection, org_key))?;
    if hooks.is_empty() {
        return Ok(false);
    }
    let has_tasks = workspace.read(|connection| Ok(!tasks::list_unannounced(connection, org_key, 1)?.is_empty()))?;
    let mut has_more = false;
    if has_tasks {
        let (now, chance) = (workspace.now(), workspace.shared_chance());
        has_more = workspace.write(move |connection| announce_tasks(connection, org_key, now, &*chance))?;
    }
    for hook in hooks.iter().filter(|hook| hook.body.wants(ROWS_CHANGED)) {
        announce_changes(workspace, hook)?;
    }
    Ok(has_more)
}

/// Announces everything that has ended so far, before webhooks change.
pub(super) fn catch_up(
    connection: &mut dyn Connection,
    org_key: i64,
    now: Timestamp,
    chance: &dyn Chance,
) -> Result<(), Problem> {
    let hooks: Vec<Item<Webhook>> = items::list(connection, org_key)?;
    if hooks.is_empty() {
        return Ok(tasks::mark_all_announced(connection, org_key)?);
    }
    while announce_tasks(connection, org_key, now, chance)? {}
    Ok(())
}

/// Returns the number of the last change.
pub(super) fn change_seq(connection: &mut dyn Connection, org_key: i64) -> Result<i64, Problem> {
    Ok(entities::organization_state(connection, org_key)?.1)
}

/// Announces some tasks that have ended; returns whether there may be more.
fn announce_tasks(
    connection: &mut dyn Connection,
    org_key: i64,
    now: Timestamp,
    chance: &dyn Chance,
) -> Result<bool, Problem> {
    let hooks: Vec<Item<Webhook>> = items::list(connection, org_key)?;
    let ended = tasks::list_unannounced(connection, org_key, TASKS_AT_ONCE)?;
    for task in &ended {
        if let Some(event) = of_task(connection, org_key, task)? {
            let body = body_of(&event, task.finished.unwrap_or(now));
            let event_id = new_id(chance);
            let is_concerned = |hook: &&Item<Webhook>| {
                hook.body.wants(event.topic)
                    && (hook.parent.is_empty() || event.project_id.as_ref() == Some(&hook.parent))
            };
            for hook in hooks.iter().filter(is_concerned) {
                let delivery = new_delivery(chance, &hook.id, &event_id, event.topic, &body, now);
                webhook_deliveries::create(connection, org_key, &delivery)?;
            }
        }
        tasks::mark_announced(connection, &task.id)?;
    }
    Ok(ended.len() == TASKS_AT_ONCE)
}

/// Returns the event of a task that has ended; none for a task that webhooks do not report.
fn of_task(connection: &mut dyn Connection, org_key: i64, task: &Task) -> Result<Option<Event>, Problem> {
    let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
    let outcome = task.outcome.as_deref().map(parse).unwrap_or_default();
    let request = parse(&task.request);
    let is_complete = task.status == TaskStatus::Complete;
    let mut data = Map::new();
    data.insert("task_id".to_owned(), json!(task.id.as_str()));
    data.insert("kind".to_owned(), json!(task.kind));
    data.insert("status".to_owned(), json!(task.status.wire_name()));
    let makes_release = task.kind == CreateRelease.kind() || task.kind == CommandTask::Release.kind();
    if job::is_export(&task.kind) || task.kind == CommandTask::Export.kind() || makes_release {
        // The request of a release that a server makes is within that of its task.
        let within = request["export"].as_str().map(parse);
        let scope = &within.as_ref().unwrap_or(&request)["scope"];
        let (kind, id) = (&scope["kind"], &scope["id"]);
        data.insert("scope".to_owned(), json!({ "kind": kind, "id": id }));
        let project_id = (kind == "project").then(|| id.as_str().map(str::to_owned)).flatten();
        if !is_complete {
            return Ok(Some(Event { topic: EXPORT_FAILED, project_id, data: data.into() }));
        }
        data.insert("rows".to_owned(), outcome["rows"].clone());
        data.insert("sha256".to_owned(), outcome["sha256"].clone());
        if !makes_release {
            return Ok(Some(Event { topic: EXPORT_FINISHED, project_id, data: data.into() }));
        }
        // It may have been deleted meanwhile.
        let Some(release) = releases::find_made_by(connection, org_key, task)? else { return Ok(None) };
        data.insert("release".to_owned(), json!({ "id": release.id, "name": release.name }));
        data.insert("change_seq".to_owned(), json!(release.body.change_seq));
        return Ok(Some(Event { topic: RELEASE_CREATED, project_id, data: data.into() }));
    }
    let is_annotations = task.kind == ImportJob.kind();
    if !is_annotations && task.kind != RowImport.kind() && task.kind != CommandTask::Import.kind() {
        return Ok(None);
    }
    let mut project_id = None;
    if let Some(import_id) = request["import"].as_str().filter(|_| is_annotations)
        && let Some(import) = annotation_imports::find_by_id(connection, org_key, import_id)?
        && matches!(import.kind.as_str(), "label" | "prelabel")
    {
        project_id = projects::find_by_key(connection, org_key, import.parent_key)?.map(|project| project.id);
    }
    let refused = match &outcome["refused"] {
        Value::Null => json!(tasks::count_rows(connection, task.id.as_str(), true)?),
        counted => counted.clone(),
    };
    data.insert("rows".to_owned(), json!(task.rows_done));
    data.insert("refused".to_owned(), refused);
    data.insert("project_id".to_owned(), json!(project_id));
    Ok(Some(Event { topic: IMPORT_FINISHED, project_id, data: data.into() }))
}

/// Announces to a webhook that rows have changed, if they have and it is time.
fn announce_changes(workspace: &Workspace, hook: &Item<Webhook>) -> Result<(), Problem> {
    let (org_key, now) = (workspace.org_key(), workspace.now());
    let due = |seen: &Seen| now.as_millis().saturating_sub(seen.at_ms) >= CHANGES_EVERY_MS;
    if hook.body.seen.as_ref().is_some_and(|seen| !due(seen)) {
        return Ok(());
    }
    // Counting may take long after a large import, and nobody waits for it: it reads.
    let (latest, rows) = workspace.read(|connection| {
        let latest = change_seq(connection, org_key)?;
        let Some(seen) = hook.body.seen.filter(|seen| seen.looked < latest) else { return Ok((latest, 0)) };
        let base = match hook.parent.as_str() {
            "" => Base::Catalog,
            id => match projects::find(connection, org_key, id)? {
                Some(project) => Base::Project(project.key),
                None => return Ok((latest, 0)),
            },
        };
        Ok((latest, history::count_touched(connection, org_key, base, seen.looked)?))
    })?;
    let (before, chance, id) = (hook.body.seen, workspace.shared_chance(), hook.id.clone());
    if before.is_some_and(|seen| seen.looked == latest) {
        return Ok(());
    }
    // Where rows were written between the two look-ups, they are in the next event as well.
    let is_news = rows > 0 && before.is_some();
    let seen = match before {
        Some(_) if is_news => Seen { change_seq: latest, looked: latest, at_ms: now.as_millis() },
        Some(seen) => Seen { looked: latest, ..seen },
        None => Seen::from(latest),
    };
    workspace.write(move |connection| {
        let Some(mut hook) = items::find::<Webhook>(connection, org_key, &id)? else { return Ok(()) };
        // Another server may have been faster.
        if hook.body.seen != before || !hook.body.wants(ROWS_CHANGED) {
            return Ok(());
        }
        hook.body.seen = Some(seen);
        hook.update(connection, org_key)?;
        if is_news {
            let project_id = Some(&hook.parent).filter(|id| !id.is_empty()).cloned();
            let after = before.map(|seen| seen.change_seq);
            let data = json!({ "project_id": project_id, "after": after, "up_to": latest, "rows": rows });
            let body = body_of(&Event { topic: ROWS_CHANGED, project_id, data }, now);
            let delivery = new_delivery(&*chance, &hook.id, &new_id(&*chance), ROWS_CHANGED, &body, now);
            webhook_deliveries::create(connection, org_key, &delivery)?;
        }
        Ok(())
    })
}

fn body_of(event: &Event, time: Timestamp) -> String {
    json!({ "type": event.topic, "timestamp": time.to_string(), "data": event.data }).to_string()
}
