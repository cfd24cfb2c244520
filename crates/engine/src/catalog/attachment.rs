//! Attachments: what people see next to a row while they label it.

use crate::ambient::Chance;
use crate::edits::{self, Edits};
use crate::workspace::Workspace;
use labelport_model::given;
use labelport_model::id::DataRowId;
use labelport_model::problem::Problem;
use labelport_model::row::Row;
use labelport_store::row_key::RowKey;
use labelport_store::tables::data_rows;
use labelport_store::tables::entities;
use serde_json::{Value, json};

/// The types, as exports spell them.
const TYPES: [&str; 9] =
    ["AUDIO", "CAMERA_IMAGE", "HTML", "IMAGE", "IMAGE_OVERLAY", "PDF_URL", "RAW_TEXT", "TEXT_URL", "VIDEO"];

/// Makes an attachment as an export shows it. A type, a value and perhaps a name are given.
pub fn compose(chance: &dyn Chance, given: &Value) -> Result<Value, Problem> {
    let kind = read_type(&given["type"])?;
    let Some(value) = given["value"].as_str().filter(|value| !value.is_empty()) else {
        return Err(Problem::malformed("an attachment has a value: a URL, or the text itself"));
    };
    let mut attachment = json!({ "id": chance.cuid(), "type": kind, "value": value });
    // The SDK sends the text "None" for a name that is not given.
    if let Some(name) = given::find_text("the name of an attachment", &given["name"])? {
        attachment["name"] = json!(name);
    }
    Ok(attachment)
}

fn read_type(given: &Value) -> Result<&'static str, Problem> {
    let kind = given.as_str().unwrap_or_default();
    let kind = if kind == "TEXT" { "RAW_TEXT" } else { kind };
    TYPES.into_iter().find(|known| *known == kind).ok_or_else(|| {
        Problem::malformed(format!("{given} is no type of attachment; write one of: {}", TYPES.join(", ")))
    })
}

/// Lists the attachments of a row, each a JSON object as exports show it.
pub fn list(workspace: &Workspace, row_key: RowKey) -> Result<Vec<Value>, Problem> {
    workspace.read(|connection| {
        let found = data_rows::list_attachments(connection, row_key)?;
        Ok(found.iter().filter_map(|attachment| serde_json::from_str(&attachment.json).ok()).collect())
    })
}

/// Adds an attachment to a row.
pub fn create(workspace: &Workspace, row_id: &str, given: &Value) -> Result<Value, Problem> {
    let attachment = compose(workspace.chance(), given)?;
    let added = attachment.clone();
    let row = workspace.read(|connection| Ok(data_rows::find(connection, workspace.org_key(), row_id)?))?;
    let row = row.ok_or_else(|| Problem::not_found("data row", row_id))?;
    change(workspace, row.key, move |attachments| {
        attachments.push(added);
        Ok(())
    })?;
    Ok(attachment)
}

/// Changes the parts of an attachment that are given.
pub fn update(workspace: &Workspace, id: &str, given: &Value) -> Result<Value, Problem> {
    let row_key = find_row(workspace, id)?;
    let (id, given) = (id.to_owned(), given.clone());
    let mut changed = Value::Null;
    for key in ["value", "name"] {
        given::find_text(&format!("data.{key}"), &given[key])?;
    }
    let kind = if given["type"].is_null() { None } else { Some(read_type(&given["type"])?) };
    let attachments = change(workspace, row_key, {
        let id = id.clone();
        move |attachments| {
            for attachment in attachments.iter_mut().filter(|attachment| attachment["id"] == id.as_str()) {
                for key in ["value", "name"] {
                    if given[key].is_string() {
                        attachment[key] = given[key].clone();
                    }
                }
                if let Some(kind) = kind {
                    attachment["type"] = json!(kind);
                }
            }
            Ok(())
        }
    })?;
    if let Some(found) = attachments.into_iter().find(|attachment| attachment["id"] == id.as_str()) {
        changed = found;
    }
    Ok(changed)
}

/// Removes an attachment.
pub fn delete(workspace: &Workspace, id: &str) -> Result<(), Problem> {
    let row_key = find_row(workspace, id)?;
    let id = id.to_owned();
    change(workspace, row_key, move |attachments| {
        attachments.retain(|attachment| attachment["id"] != id.as_str());
        Ok(())
    })
    .map(|_| ())
}

fn find_row(workspace: &Workspace, id: &str) -> Result<RowKey, Problem> {
    let found =
        workspace.read(|connection| Ok(data_rows::find_row_of_attachment(connection, workspace.org_key(), id)?))?;
    found.ok_or_else(|| Problem::not_found("attachment", id))
}

fn change(
    workspace: &Workspace,
    row_key: RowKey,
    work: impl FnOnce(&mut Vec<Value>) -> Result<(), Problem> + Send + 'static,
) -> Result<Vec<Value>, Problem> {
    let (org_key, now) = (workspace.org_key(), workspace.now());
    workspace.write(move |connection| {
        let stored = data_rows::list_attachments(connection, row_key)?;
        let mut attachments: Vec<Value> =
            stored.iter().filter_map(|attachment| serde_json::from_str(&attachment.json).ok()).collect();
        work(&mut attachments)?;
        let row_id = entities::find_row_id(connection, row_key)?;
        let row_id = row_id.ok_or_else(|| Problem::malformed("the data row of the attachment was deleted"))?;
        let part = Row::part(edits::read_id(&row_id, DataRowId::parse)?);
        let list = json!(attachments).to_string();
        let part = edits::read_piece(&list, |list| part.with_attachments(list))?;
        let mut edits = Edits::begin(connection, org_key, now)?;
        edits.merge(&part)?;
        edits.finish()?;
        Ok(attachments)
    })
}
