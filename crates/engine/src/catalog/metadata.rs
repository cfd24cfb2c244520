//! Metadata: which fields there are, and the values of a row.
//!
//! The SDK sends values flat (a schema id and a value, an enum as two entries) or by name; an export shows them as one
//! object each. [`Book`] knows the fields and translates both ways.

pub use labelport_store::tables::metadata::MetadataSchema;

use crate::edits::{self, Edits};
use crate::workspace::Workspace;
use labelport_model::given;
use labelport_model::id::DataRowId;
use labelport_model::problem::Problem;
use labelport_model::row::Row;
use labelport_model::time::Timestamp;
use labelport_store::Connection;
use labelport_store::StoreError;
use labelport_store::row_key::RowKey;
use labelport_store::tables::data_rows;
use labelport_store::tables::metadata;
use serde_json::{Value, json};

/// The kinds of fields, as the SDK spells them.
pub const KINDS: [&str; 5] = [DATE_TIME, EMBEDDING, ENUM, NUMBER, STRING];
const DATE_TIME: &str = "CustomMetadataDateTime";
const EMBEDDING: &str = "CustomMetadataEmbedding";
const ENUM: &str = "CustomMetadataEnum";
const NUMBER: &str = "CustomMetadataNumber";
const STRING: &str = "CustomMetadataString";
/// The kind of an option of an enum.
pub const OPTION: &str = "CustomMetadataEnumOption";

/// The fields that every workspace has. The SDK knows the first three and two of the options by their ids.
pub fn reserved() -> Vec<MetadataSchema> {
    let schema = |id: &str, name: &str, kind: &str, options: &[(&str, &str)]| MetadataSchema {
        key: 0,
        id: id.to_owned(),
        name: name.to_owned(),
        kind: kind.to_owned(),
        is_reserved: true,
        options: options.iter().map(|(id, name)| ((*id).to_owned(), (*name).to_owned())).collect(),
    };
    let splits = [
        ("cko8sbscr0003h2dk04w86hof", "train"),
        ("cko8sc2yr0004h2dk69aj5x63", "valid"),
        ("cko8scbz70005h2dkastwhgqt", "test"),
    ];
    vec![
        schema("cko8s9r5v0001h2dk9elqdidh", "tag", STRING, &[]),
        schema("cko8sdzv70006h2dk8jg64zvb", "captureDateTime", DATE_TIME, &[]),
        schema("cko8sbczn0002h2dkdaxb5kal", "split", ENUM, &splits),
    ]
}

/// Creates the fields that every workspace has, where they are missing.
pub fn ensure_reserved(connection: &mut dyn Connection, org_key: i64) -> Result<(), StoreError> {
    for schema in reserved() {
        metadata::create(connection, org_key, &schema)?;
    }
    Ok(())
}

/// The fields of a workspace.
pub struct Book(Vec<MetadataSchema>);

/// A value of a field, as an export shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    schema_id: String,
    json: Value,
}

impl Book {
    /// Reads the fields.
    pub fn read(connection: &mut dyn Connection, org_key: i64) -> Result<Self, StoreError> {
        metadata::list(connection, org_key).map(Self)
    }

    fn schema(&self, id: &str) -> Option<&MetadataSchema> {
        self.0.iter().find(|schema| schema.id == id)
    }

    fn option(&self, id: &str) -> Option<(&MetadataSchema, &(String, String))> {
        self.0.iter().find_map(|schema| Some((schema, schema.options.iter().find(|(known, _)| known == id)?)))
    }

    /// Reads values as the SDK sends them: an array of `{schemaId, value}`.
    pub fn entries_of_flat(&self, fields: &Value) -> Result<Vec<Entry>, Problem> {
        let fields = fields.as_array().ok_or_else(|| Problem::malformed("metadata fields have to be an array"))?;
        let mut entries: Vec<Entry> = Vec::new();
        let mut given: Vec<&str> = Vec::new();
        for field in fields {
            let id = field["schemaId"].as_str().unwrap_or_default();
            if given.contains(&id) {
                let message = format!("A schemaId can only be specified once per DataRow : [{id}]");
                return Err(Problem::malformed(message));
            }
            given.push(id);
            if let Some((schema, (option_id, option_name))) = self.option(id) {
                entries.retain(|entry| entry.schema_id != schema.id);
                entries.push(enum_entry(schema, option_id, option_name));
                continue;
            }
            let Some(schema) = self.schema(id) else {
                let message = format!("no metadata field has the schema id {id:?}; create it first");
                return Err(Problem::malformed(message));
            };
            // The enum itself is sent with its option and has no meaning of its own.
            if schema.kind != ENUM {
                entries.push(entry(schema, &field["value"])?);
            }
        }
        let lone = given.iter().find(|id| {
            self.schema(id).is_some_and(|schema| schema.kind == ENUM)
                && !entries.iter().any(|entry| entry.schema_id == **id)
        });
        match lone {
            Some(id) => Err(Problem::malformed(format!("the enum {id} comes without one of its options"))),
            None => Ok(entries),
        }
    }

    /// Reads values by name: an array of `{name, value}`, an enum's value being the name of its option.
    pub fn entries_of_named(&self, fields: &Value) -> Result<Vec<Entry>, Problem> {
        let fields = fields.as_array().ok_or_else(|| Problem::malformed("metadata has to be an array"))?;
        let mut entries: Vec<Entry> = Vec::new();
        for field in fields {
            let name = field["name"].as_str().unwrap_or_default();
            let Some(schema) = self.0.iter().find(|schema| schema.name == name) else {
                return Err(Problem::malformed(format!("no metadata field is named {name:?}; create it first")));
            };
            if entries.iter().any(|entry| entry.schema_id == schema.id) {
                let message = format!("A schemaId can only be specified once per DataRow : [{}]", schema.id);
                return Err(Problem::malformed(message));
            }
            if schema.kind == ENUM {
                let value = field["value"].as_str().unwrap_or_default();
                let option = schema.options.iter().find(|(_, option)| option == value);
                let Some((id, option)) = option else {
                    return Err(Problem::malformed(format!("{value:?} is no option of the metadata field {name:?}")));
                };
                entries.push(enum_entry(schema, id, option));
            } else {
                entries.push(entry(schema, &field["value"])?);
            }
        }
        Ok(entries)
    }
}

/// Returns the values of an export's entries as the SDK reads them flat, and by name.
pub fn to_fields(entries: &[String]) -> (Vec<Value>, Vec<Value>) {
    let (mut flat, mut named) = (Vec::new(), Vec::new());
    for text in entries {
        let Ok(entry) = serde_json::from_str::<Value>(text) else { continue };
        let (id, name, kind) = (&entry["schema_id"], &entry["schema_name"], &entry["schema_kind"]);
        match entry["value"].as_array().filter(|_| kind == ENUM) {
            Some(options) => {
                flat.push(json!({ "schemaId": id, "value": {} }));
                for option in options {
                    flat.push(json!({ "schemaId": option["schema_id"], "value": {} }));
                    named.push(json!({ "schemaId": id, "name": name, "value": option["schema_name"], "kind": kind }));
                }
            }
            None => {
                flat.push(json!({ "schemaId": id, "value": entry["value"] }));
                named.push(json!({ "schemaId": id, "name": name, "value": entry["value"], "kind": kind }));
            }
        }
    }
    (flat, named)
}

fn entry(schema: &MetadataSchema, value: &Value) -> Result<Entry, Problem> {
    let wrong =
        |what: &str| Problem::malformed(format!("the metadata field {:?} takes {what}, not {value}", schema.name));
    let value = match schema.kind.as_str() {
        NUMBER => match value {
            Value::Number(_) => value.clone(),
            Value::String(text) => {
                let number: f64 = text.parse().map_err(|_| wrong("a number"))?;
                json!(number)
            }
            _ => return Err(wrong("a number")),
        },
        DATE_TIME => {
            let text = value.as_str().ok_or_else(|| wrong("a date and time"))?;
            let time =
                Timestamp::parse_export(text).ok_or_else(|| wrong("a date and time such as 2025-03-01T08:00:00Z"))?;
            json!(time.to_string())
        }
        EMBEDDING => match value {
            Value::Array(numbers) if numbers.iter().all(Value::is_number) => value.clone(),
            _ => return Err(wrong("an array of numbers")),
        },
        _ => json!(value.as_str().ok_or_else(|| wrong("a text"))?),
    };
    let json = json!({
        "schema_id": schema.id, "schema_name": schema.name, "schema_kind": schema.kind, "value": value,
    });
    Ok(Entry { schema_id: schema.id.clone(), json })
}

fn enum_entry(schema: &MetadataSchema, option_id: &str, option_name: &str) -> Entry {
    let option = json!({ "schema_id": option_id, "schema_name": option_name, "schema_kind": OPTION });
    let json = json!({
        "schema_id": schema.id, "schema_name": schema.name, "schema_kind": schema.kind, "value": [option],
    });
    Entry { schema_id: schema.id.clone(), json }
}

/// Returns entries as the `metadata_fields` of a row.
pub fn to_json(entries: &[Entry]) -> String {
    Value::Array(entries.iter().map(|entry| entry.json.clone()).collect()).to_string()
}

/// Returns the stored entries, replaced by those of a change or followed by them.
fn merged(stored: &[String], change: Vec<Entry>) -> Vec<Entry> {
    let mut entries: Vec<Entry> = stored.iter().filter_map(|text| stored_entry(text)).collect();
    for new in change {
        match entries.iter_mut().find(|entry| entry.schema_id == new.schema_id) {
            Some(entry) => *entry = new,
            None => entries.push(new),
        }
    }
    entries
}

fn stored_entry(text: &str) -> Option<Entry> {
    let json: Value = serde_json::from_str(text).ok()?;
    Some(Entry { schema_id: json["schema_id"].as_str().unwrap_or_default().to_owned(), json })
}

/// Returns the part of a row that is its metadata.
fn part(row_id: &str, entries: &[Entry]) -> Result<Row, Problem> {
    let part = Row::part(edits::read_id(row_id, DataRowId::parse)?);
    edits::read_piece(&to_json(entries), |list| part.with_metadata(list))
}

/// Sets values of one row; others that it has stay.
pub fn put(edits: &mut Edits<'_>, row_key: RowKey, row_id: &str, change: Vec<Entry>) -> Result<(), Problem> {
    let stored = data_rows::list_metadata(edits.connection, row_key)?;
    let part = part(row_id, &merged(&stored, change))?;
    edits.merge_as_activity(row_key, &part).map(|_| ())
}

/// Removes values of one row; returns the schema ids of which it has none.
pub fn remove(
    edits: &mut Edits<'_>,
    row_key: RowKey,
    row_id: &str,
    schema_ids: &[String],
) -> Result<Vec<String>, Problem> {
    let stored = data_rows::list_metadata(edits.connection, row_key)?;
    let mut entries: Vec<Entry> = stored.iter().filter_map(|text| stored_entry(text)).collect();
    let mut missing = Vec::new();
    for id in schema_ids {
        let before = entries.len();
        entries.retain(|entry| {
            let is_option = entry.json["value"]
                .as_array()
                .is_some_and(|options| options.iter().any(|option| option["schema_id"] == id.as_str()));
            entry.schema_id != *id && !is_option
        });
        if entries.len() == before {
            missing.push(id.clone());
        }
    }
    edits.merge_as_activity(row_key, &part(row_id, &entries)?)?;
    Ok(missing)
}

/// Lists the fields of a workspace.
pub fn list(workspace: &Workspace) -> Result<Vec<MetadataSchema>, Problem> {
    workspace.read(|connection| Ok(metadata::list(connection, workspace.org_key())?))
}

/// Creates a field, or changes one: its name, its options.
pub fn put_schema(workspace: &Workspace, data: &Value) -> Result<MetadataSchema, Problem> {
    let name = data["name"].as_str().unwrap_or_default().to_owned();
    super::dataset::check_name("metadata field", &name)?;
    let kind = data["kind"].as_str().unwrap_or_default().to_owned();
    if !KINDS.contains(&kind.as_str()) {
        let message = format!("{kind:?} is no kind of metadata; write one of: {}", KINDS.join(", "));
        return Err(Problem::malformed(message));
    }
    let mut options = Vec::new();
    for option in given::list("data.options", &data["options"])? {
        let name = option["name"].as_str().unwrap_or_default();
        super::dataset::check_name("metadata option", name)?;
        let id = given::find_text("the id of an option", &option["id"])?;
        let id = id.map_or_else(|| workspace.chance().cuid(), str::to_owned);
        options.push((id, name.to_owned()));
    }
    if kind != ENUM && !options.is_empty() {
        return Err(Problem::malformed("only a metadata field of the kind CustomMetadataEnum has options"));
    }
    let given = given::find_text("data.id", &data["id"])?.map(str::to_owned);
    let (org_key, new_id) = (workspace.org_key(), workspace.chance().cuid());
    let id = given.clone().unwrap_or_else(|| new_id.clone());
    workspace.write(move |connection| {
        let known = metadata::list(connection, org_key)?;
        let namesake = known.iter().find(|schema| schema.name == name && Some(&schema.id) != given.as_ref());
        if let Some(namesake) = namesake {
            let message = format!("a metadata field is named {name:?} already; its schema id is {}", namesake.id);
            return Err(Problem::malformed(message));
        }
        match given {
            None => {
                let schema = MetadataSchema { key: 0, id: new_id, name, kind, is_reserved: false, options };
                metadata::create(connection, org_key, &schema)?;
            }
            Some(id) => {
                let Some(schema) = known.iter().find(|schema| schema.id == id) else {
                    return Err(Problem::not_found("metadata field", &id));
                };
                if schema.name != name || !schema.options.iter().all(|known| options.contains(known)) {
                    metadata::rename(connection, org_key, schema, &name, &options)?;
                }
                for (id, name) in &options {
                    metadata::put_option(connection, schema.key, id, name)?;
                }
            }
        }
        Ok(())
    })?;
    let found = list(workspace)?.into_iter().find(|schema| schema.id == id);
    found.ok_or_else(|| Problem::not_found("metadata field", &id))
}

/// Deletes a field. Values that rows have stay.
pub fn delete_schema(workspace: &Workspace, id: &str) -> Result<(), Problem> {
    let known = list(workspace)?;
    let schema = known.into_iter().find(|schema| schema.id == id);
    let schema = schema.ok_or_else(|| Problem::not_found("metadata field", id))?;
    if schema.is_reserved {
        return Err(Problem::malformed(format!("the metadata field {:?} is one of every workspace", schema.name)));
    }
    let now = workspace.now();
    workspace.write(move |connection| Ok(metadata::mark_deleted(connection, schema.key, now)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book() -> Book {
        Book(reserved())
    }

    #[track_caller]
    fn check(fields: Value, expect: Result<Value, &str>) {
        match (book().entries_of_flat(&fields), expect) {
            (Ok(entries), Ok(expect)) => {
                assert_eq!(serde_json::from_str::<Value>(&to_json(&entries)).unwrap(), expect);
            }
            (Err(problem), Err(expect)) => assert!(problem.message.contains(expect), "{}", problem.message),
            (found, expect) => panic!("{found:?} instead of {expect:?}"),
        }
    }

    #[test]
    fn flat_values_become_entries_and_come_back() {
        let fields = json!([
            { "schemaId": "cko8sbczn0002h2dkdaxb5kal", "value": {} },
            { "schemaId": "cko8scbz70005h2dkastwhgqt", "value": {} },
            { "schemaId": "cko8sdzv70006h2dk8jg64zvb", "value": "2025-03-01T08:00:00Z" },
        ]);
        let entries = book().entries_of_flat(&fields).unwrap();
        let texts: Vec<String> = entries.iter().map(|entry| entry.json.to_string()).collect();
        assert!(texts[0].contains(r#""value":[{"schema_id":"cko8scbz70005h2dkastwhgqt","schema_name":"test""#));
        let (flat, named) = to_fields(&texts);
        assert_eq!(flat[..2], fields.as_array().unwrap()[..2]);
        assert_eq!(named[0]["value"], "test");
        assert_eq!(named[1]["value"], "2025-03-01T08:00:00.000+00:00");
    }

    #[test]
    fn wrong_values_are_refused() {
        let tag = "cko8s9r5v0001h2dk9elqdidh";
        check(json!([{ "schemaId": tag, "value": 7 }]), Err("takes a text, not 7"));
        check(json!([{ "schemaId": "x", "value": 7 }]), Err("no metadata field has the schema id \"x\""));
        check(
            json!([{ "schemaId": tag, "value": "a" }, { "schemaId": tag, "value": "b" }]),
            Err("A schemaId can only be specified once per DataRow : [cko8s9r5v0001h2dk9elqdidh]"),
        );
        check(json!([{ "schemaId": "cko8sbczn0002h2dkdaxb5kal", "value": {} }]), Err("without one of its options"));
        check(json!([{ "schemaId": "cko8sdzv70006h2dk8jg64zvb", "value": "soon" }]), Err("takes a date and time"));
        check(
            json!([{ "schemaId": tag, "value": "a" }]),
            Ok(json!([{ "schema_id": tag, "schema_name": "tag", "schema_kind": STRING, "value": "a" }])),
        );
    }
}
