//! Tags of projects.
//!
//! The tags that there are, are items. The tags that a project has are stored with the project, as exports show them in
//! every row, so that a change of them is a change of its rows; those that came with an import are tags like others.

use super::project::{self, Project};
use crate::items::{self, Body, Item, ItemKind, Naming};
use crate::workspace::Workspace;
use crate::workspace::access::Caller;
use labelport_model::json::Document;
use labelport_model::problem::Problem;
use labelport_model::time::Timestamp;
use labelport_store::Connection;
use labelport_store::tables::projects;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What a tag is besides its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagBody {
    /// Its colour, six hexadecimal digits.
    pub color: String,
}

impl Body for TagBody {
    const KIND: ItemKind = ItemKind::ResourceTag;
    const WORD: &'static str = "resource tag";
}

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// The public id.
    pub id: String,
    /// What it says.
    pub text: String,
    /// Its colour, six hexadecimal digits.
    pub color: String,
}

/// Creates a tag. Its text must be free.
pub fn create(workspace: &Workspace, caller: &Caller, text: &str, color: &str) -> Result<Tag, Problem> {
    crate::catalog::dataset::check_name(TagBody::WORD, text)?;
    let color = read_color(color)?;
    let id = workspace.chance().cuid();
    let naming = Naming { id: &id, parent: "", name: text };
    let tag = Item::new(workspace, caller, naming, TagBody { color });
    let (org_key, new) = (workspace.org_key(), tag.clone());
    workspace.write(move |connection| {
        check_free(connection, org_key, &new)?;
        new.create(connection, org_key)
    })?;
    Ok(of_item(tag))
}

/// Gives a tag another text and colour, where they are given, also in the projects that have it.
pub fn update(workspace: &Workspace, id: &str, text: Option<&str>, color: Option<&str>) -> Result<Tag, Problem> {
    if let Some(text) = text {
        crate::catalog::dataset::check_name(TagBody::WORD, text)?;
    }
    let color = color.map(read_color).transpose()?;
    let (org_key, now) = (workspace.org_key(), workspace.now());
    let (id, text) = (id.to_owned(), text.map(str::to_owned));
    workspace.write(move |connection| {
        let stored: Item<TagBody> = items::get(connection, org_key, &id)?;
        let name = text.unwrap_or_else(|| stored.name.clone());
        let body = color.map_or_else(|| stored.body.clone(), |color| TagBody { color });
        let changed = Item { name, body, updated: now, ..stored };
        check_free(connection, org_key, &changed)?;
        changed.update(connection, org_key)?;
        for project in projects::list(connection, org_key)? {
            let before = projects::find_tags(connection, project.key)?.unwrap_or_default();
            let mut tags: Vec<Value> = serde_json::from_str(&before).unwrap_or_default();
            if !tags.iter().any(|tag| tag["id"] == changed.id.as_str()) {
                continue;
            }
            for tag in tags.iter_mut().filter(|tag| tag["id"] == changed.id.as_str()) {
                tag["text"] = json!(changed.name);
                tag["color"] = json!(changed.body.color);
                tag["updated_at"] = json!(now.to_string());
            }
            put(connection, org_key, project.key, &before, tags)?;
        }
        Ok(of_item(changed))
    })
}

/// Lists the tags that there are: first those that were created here, then those that came with projects.
pub fn list(workspace: &Workspace) -> Result<Vec<Tag>, Problem> {
    let org_key = workspace.org_key();
    let (created, of_projects) = workspace.read(|connection| {
        Ok((items::list::<TagBody>(connection, org_key)?, projects::list_tags(connection, org_key)?))
    })?;
    let mut tags: Vec<Tag> = created.into_iter().map(of_item).collect();
    for tag in of_projects.iter().flat_map(|stored| read(stored)) {
        if !tags.iter().any(|known| known.id == tag.id) {
            tags.push(tag);
        }
    }
    Ok(tags)
}

/// Lists the tags of a project.
pub fn list_of(workspace: &Workspace, project: &Project) -> Result<Vec<Tag>, Problem> {
    let stored = workspace.read(|connection| Ok(projects::find_tags(connection, project.key)?))?;
    Ok(read(&stored.unwrap_or_default()))
}

/// Gives a project these tags and no others. Each must be there.
pub fn set(workspace: &Workspace, caller: &Caller, project_id: &str, ids: &[String]) -> Result<Vec<Tag>, Problem> {
    let project = project::get(workspace, project_id)?;
    let organization = workspace.organization()?.id;
    let (org_key, ids, by) = (workspace.org_key(), ids.to_vec(), caller.user.id.clone());
    let tags = workspace.write(move |connection| {
        let before = projects::find_tags(connection, project.key)?.unwrap_or_default();
        let kept: Vec<Value> = serde_json::from_str(&before).unwrap_or_default();
        let others = projects::list_tags(connection, org_key)?;
        let others: Vec<Value> =
            others.iter().flat_map(|stored| serde_json::from_str::<Vec<Value>>(stored).unwrap_or_default()).collect();
        let mut tags: Vec<Value> = Vec::new();
        for id in &ids {
            let is_it = |tag: &&Value| tag["id"] == id.as_str();
            if tags.iter().any(|tag| is_it(&tag)) {
                continue;
            }
            // A tag that a project has keeps what its rows say of it.
            let known = kept.iter().find(is_it).or_else(|| others.iter().find(is_it)).cloned();
            tags.push(match known {
                Some(known) => known,
                None => shown(&items::get(connection, org_key, id)?, &organization, &by),
            });
        }
        put(connection, org_key, project.key, &before, tags)
    })?;
    Ok(read(&tags))
}

/// Stores the tags of a project, and moves its rows if that changes them; returns what is stored.
fn put(
    connection: &mut dyn Connection,
    org_key: i64,
    project_key: i64,
    before: &str,
    tags: Vec<Value>,
) -> Result<String, Problem> {
    let tags = Value::Array(tags).to_string();
    let tags = Document::parse(tags.as_bytes()).map_err(Problem::internal)?;
    let is_same = tags.text() == before || (before.is_empty() && tags.text() == "[]");
    if !is_same {
        projects::put_tags(connection, project_key, tags.text())?;
        projects::touch_rows(connection, org_key, project_key)?;
    }
    Ok(tags.text().to_owned())
}

fn read_color(color: &str) -> Result<String, Problem> {
    let color = color.strip_prefix('#').unwrap_or(color);
    if color.len() != 6 || !color.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        let message = format!("the colour of a tag is {color:?}; give six hexadecimal digits, such as FFAEA9");
        return Err(Problem::malformed(message));
    }
    Ok(color.to_owned())
}

fn check_free(connection: &mut dyn Connection, org_key: i64, wanted: &Item<TagBody>) -> Result<(), Problem> {
    let known: Vec<Item<TagBody>> = items::list(connection, org_key)?;
    if known.iter().any(|known| known.id != wanted.id && known.name == wanted.name) {
        let message = format!("there is a resource tag {:?} already; choose another text", wanted.name);
        return Err(Problem::conflict(message));
    }
    Ok(())
}

/// Returns a tag as exports show it in a row.
fn shown(tag: &Item<TagBody>, organization: &str, by: &str) -> Value {
    let time = |time: Timestamp| time.to_string();
    json!({
        "id": tag.id,
        "organization_id": organization,
        "text": tag.name,
        "color": tag.body.color,
        "created_at": time(tag.created),
        "updated_at": time(tag.updated),
        "created_by_id": by,
        "type": "Default",
    })
}

fn of_item(tag: Item<TagBody>) -> Tag {
    Tag { id: tag.id, text: tag.name, color: tag.body.color }
}

/// Reads the tags of a project. What has no id is passed over.
fn read(stored: &str) -> Vec<Tag> {
    let tags: Vec<Value> = serde_json::from_str(stored).unwrap_or_default();
    let text = |tag: &Value, key: &str| tag[key].as_str().unwrap_or_default().to_owned();
    let read = |tag: &Value| {
        let id = tag["id"].as_str()?.to_owned();
        Some(Tag { id, text: text(tag, "text"), color: text(tag, "color") })
    };
    tags.iter().filter_map(read).collect()
}
