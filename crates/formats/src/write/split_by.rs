//! Splits by something that rows have: their split in a model run, their batch, a metadata value.
//!
//! A value becomes the name of a folder. It is written in lower case; `training`, `validation` and `valid` are `train` and
//! `val`, as programs expect. Characters other than letters, digits, `-` and `_` become `_`; a name that a system cannot hold,
//! or that says something else where parts are named, gets `_` after it. Where two values would have one name, the later of
//! them in the order of the alphabet gets a number. A row without a value is in the part `unassigned`.
//!
//! Which values there are is known once all rows were looked at ([`About::values`]); before that, every row is in some part.

use super::folders::{Folders, safe_name};
use super::stored::{members, parsed};
use super::{About, FormatOption, OpenError};
use labelport_model::json::{Kind, Value};
use labelport_model::record::Record;

/// The option.
pub(super) static SPLIT_BY: FormatOption = FormatOption {
    name: "split-by",
    summary: "What decides on the part of a row, instead of shares: its split in the model run, a metadata field, its batch.",
    values: &[""],
    form: Some("run|metadata:NAME|batch"),
};

/// Names that say something else in the files where parts are named.
const RESERVED: &[&str] =
    &["SHA256SUMS", "channels", "croissant", "download", "flip_idx", "kpt_names", "kpt_shape", "names", "nc", "path"];

/// The part of rows that have no value.
pub(super) const UNASSIGNED: &str = "unassigned";

/// What such values are among the [values](super::Encoder::values) of a row.
pub(super) const PART: &str = "part";

/// The most parts.
const PARTS_LIMIT: usize = 1_000;

/// What is said of them.
pub(super) const NO_VALUE: &str = "it has nothing to split it by, and is in the part unassigned";

/// The names by which programs know parts, and others for them.
const SYNONYMS: &[(&str, &str)] =
    &[("training", "train"), ("valid", "val"), ("validation", "val"), ("testing", "test")];

/// What decides on the part of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    Run,
    Batch,
    /// The name or the schema id of a field.
    Metadata(String),
}

/// Parts by what rows have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ByValue {
    source: Source,
    parts: Folders,
    /// Their names in order. Before the rows were looked at, all are in one part.
    names: Vec<String>,
}

impl ByValue {
    /// Reads the option, and names the parts.
    pub(super) fn of(about: &About<'_>) -> Result<Self, OpenError> {
        let value = about.option(&SPLIT_BY);
        let refused = |known: &str| OpenError::OptionValue {
            option: SPLIT_BY.name.to_owned(),
            value: value.to_owned(),
            known: known.to_owned(),
        };
        let source = match (value, value.strip_prefix("metadata:")) {
            ("run", _) => Source::Run,
            ("batch", _) => Source::Batch,
            (_, Some(field)) if !field.is_empty() => Source::Metadata(field.to_owned()),
            _ => return Err(refused("run, batch, or metadata: with the name of a metadata field after it")),
        };
        let values = || about.values_of(PART);
        if values().count() > PARTS_LIMIT {
            return Err(refused(&format!("something of which there are at most {PARTS_LIMIT} different values")));
        }
        if values().eq([""]) {
            return Err(refused(match source {
                Source::Run => "for exports of rows that have a split in a model run, and none of these has one",
                Source::Batch => "for exports of rows of batches, and none of these is of one",
                Source::Metadata(_) => {
                    "the name of a metadata field that some row has; `labelport list metadata` shows them"
                }
            }));
        }
        let parts = Folders::of(values(), known_as, part_name);
        let mut names: Vec<String> = parts.list().into_iter().map(str::to_owned).collect();
        if names.is_empty() {
            names.push(UNASSIGNED.to_owned());
        }
        // Programs look for these first.
        let place = |name: &String| ["train", "val", "test"].iter().position(|known| known == name).unwrap_or(3);
        names.sort_by_key(place);
        Ok(Self { source, parts, names })
    }

    /// Returns whether the option asks for metadata.
    pub(super) fn reads_metadata(value: &str) -> bool {
        value.starts_with("metadata:")
    }

    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    pub(super) fn renamed(&self) -> &[String] {
        self.parts.renamed()
    }

    pub(super) fn part(&self, record: &Record<'_>) -> &str {
        self.parts.find(&self.value(record)).unwrap_or(UNASSIGNED)
    }

    /// Returns what decides on the part of a row; empty for one that has no such thing.
    pub(super) fn value(&self, record: &Record<'_>) -> String {
        let text = match &self.source {
            Source::Run => {
                let runs = record.models.into_iter().flatten().flat_map(|model| model.runs);
                // Of a row in several runs, the first run counts, as it does for labels.
                runs.take(1).find_map(|run| text_of(members(run.tail).root(), "split"))
            }
            Source::Batch => {
                let projects = record.projects.into_iter().flatten();
                projects.filter_map(|project| project.details).find_map(|details| {
                    let details = parsed(details);
                    text_of(details.root(), "batch_name").or_else(|| text_of(details.root(), "batch_id"))
                })
            }
            Source::Metadata(field) => {
                let fields = record.metadata.into_iter().flatten();
                fields.copied().find_map(|entry| metadata_value(parsed(entry).root(), field))
            }
        };
        text.unwrap_or_default().trim().to_owned()
    }
}

fn text_of(object: Value<'_>, key: &str) -> Option<String> {
    object.get(key).and_then(Value::as_text).map(|text| text.into_owned())
}

/// Returns the value of a metadata entry, if it is of a field.
fn metadata_value(entry: Value<'_>, field: &str) -> Option<String> {
    let is_it = |key: &str| text_of(entry, key).as_deref() == Some(field);
    if !is_it("schema_name") && !is_it("schema_id") {
        return None;
    }
    let value = entry.get("value")?;
    match value.kind() {
        // Of options that are in one another, the last is chosen.
        Kind::Array => value.elements().last().and_then(|option| text_of(option, "schema_name")),
        Kind::Null => None,
        _ => Some(value.as_text().map_or_else(|| value.raw().to_owned(), |text| text.into_owned())),
    }
}

/// Returns how programs know a part.
fn known_as(value: &str) -> String {
    let lower = value.to_lowercase();
    let synonym = SYNONYMS.iter().find(|(name, _)| *name == lower);
    match synonym {
        Some((_, known)) => (*known).to_owned(),
        None if lower.is_empty() => UNASSIGNED.to_owned(),
        None => lower,
    }
}

/// Returns the name of a part.
fn part_name(known: &str) -> String {
    let name = safe_name(known, |letter| letter.is_alphanumeric() || letter == '-');
    if is_reserved(&name) { name + "_" } else { name }
}

/// Returns whether a name of a part would say something else.
pub(super) fn is_reserved(name: &str) -> bool {
    RESERVED.iter().any(|reserved| name.eq_ignore_ascii_case(reserved))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::package::check_path;
    use labelport_model::record::{ModelRecord, ProjectRecord, RunRecord};

    fn record<'a>() -> Record<'a> {
        Record {
            head: b"",
            details: None,
            media: None,
            attachments: None,
            metadata: None,
            embeddings: None,
            projects: None,
            models: None,
            rest: b"",
        }
    }

    fn by(option: &str, values: &[&str]) -> Result<ByValue, String> {
        let options = [("split-by".to_owned(), option.to_owned())].into();
        let values = values.iter().map(|value| format!("part:{value}")).collect();
        ByValue::of(&About { options, values, ..About::default() }).map_err(|error| error.to_string())
    }

    #[test]
    fn values_become_safe_names_and_none_is_that_of_another() {
        let values = ["", "A/B", "CON", "TRAIN", "Training", "a_b", "path", "Südwest 1", "valid", "../x", "unassigned"];
        let split = by("run", &values).unwrap();
        let names: Vec<&str> = values.iter().map(|value| split.parts.find(value).unwrap()).collect();
        let expect =
            ["unassigned", "a_b_2", "con_", "train", "train", "a_b", "path_", "südwest_1", "val", "___x", "unassigned"];
        assert_eq!(names, expect);
        let expect = ["train", "val", "___x", "a_b", "a_b_2", "con_", "path_", "südwest_1", "unassigned"];
        assert_eq!(split.names(), expect);
        assert_eq!(split.renamed().len(), 5, "{:?}", split.renamed());
        let long = "ü".repeat(300);
        assert!(check_path(&by("run", &[&long]).unwrap().names()[0]).is_ok());
    }

    #[test]
    fn a_row_is_split_by_what_it_has() {
        let run = |id, tail| RunRecord { id, name: None, head: b"", labels: &[], predictions: None, tail };
        let runs = [run("a", &br#""split":"Test""#[..]), run("b", br#""split":"Training""#)];
        let models = [ModelRecord { id: "m", name: None, runs: &runs, rest: b"" }];
        let details = Some(&br#"{"batch_id":"b1","batch_name":" Night\u002fday "}"#[..]);
        let projects = [ProjectRecord { id: "p", name: None, labels: &[], details, tags: None, rest: b"" }];
        let metadata: [&[u8]; 3] = [
            br#"{"schema_id":"m1","schema_name":"track","value":"7b"}"#,
            br#"{"schema_id":"m2","schema_name":"season","value":[{"schema_name":"x"},{"schema_name":"Winter"}]}"#,
            br#"{"schema_id":"m3","schema_name":"year","value":2026}"#,
        ];
        let metadata = Some(&metadata[..]);
        let row = Record { models: Some(&models), projects: Some(&projects), metadata, ..record() };
        for (option, expect) in [
            ("run", "Test"),
            ("batch", "Night/day"),
            ("metadata:track", "7b"),
            ("metadata:m2", "Winter"),
            ("metadata:year", "2026"),
            ("metadata:other", ""),
        ] {
            let split = by(option, &[]).unwrap();
            assert_eq!((split.value(&row).as_str(), split.value(&record()).as_str()), (expect, ""), "{option}");
        }
        let split = by("run", &["", "Test"]).unwrap();
        assert_eq!((split.part(&row), split.part(&record())), ("test", UNASSIGNED));
    }

    #[test]
    fn what_no_row_has_is_refused_and_so_is_what_has_too_many_values() {
        assert!(by("run", &[""]).unwrap_err().contains("none of these has one"));
        assert!(by("metadata:trakc", &[""]).unwrap_err().contains("`labelport list metadata`"));
        let many: Vec<String> = (0..=PARTS_LIMIT).map(|number| number.to_string()).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert!(by("metadata:id", &many).unwrap_err().contains("at most 1000 different values"));
        for other in ["", "runs", "metadata:", "metadata"] {
            assert!(by(other, &[]).unwrap_err().contains("run, batch, or metadata:"), "{other:?}");
        }
    }
}
