//! Checks that read stored JSON and compare it with the columns next to it.

use super::run::Findings;
use crate::engine::{Connection, RowView, StoreError};
use crate::row_key::RowKey;
use crate::tables::entities::{self, FeatureFacts};
use crate::write::tally;
use labelport_model::annotation::{self, Mark};
use labelport_model::json::{Document, Kind, Value};
use labelport_model::time::Timestamp;
use labelport_model::workflow::{Split, WorkflowStatus};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

/// The memory in which texts are read, used again for each.
#[derive(Default)]
struct TextReader {
    text: Vec<u8>,
    document: Document,
}

/// What is wrong with one row of a table, in words that go on after its name.
type Problems = Vec<String>;

impl TextReader {
    /// Reads the members of an object; null is an object without any. `None` where the text is damaged.
    fn members(&mut self, name: &str, stored: Option<&[u8]>, problems: &mut Problems) -> Option<Value<'_>> {
        self.text.clear();
        self.text.push(b'{');
        self.text.extend_from_slice(stored.unwrap_or_default());
        self.text.push(b'}');
        self.read(name, Kind::Object, problems)
    }

    /// Reads an object; null is one without members. `None` where the text is damaged.
    fn object(&mut self, name: &str, stored: Option<&[u8]>, problems: &mut Problems) -> Option<Value<'_>> {
        self.value(name, Kind::Object, stored.unwrap_or(b"{}"), problems)
    }

    /// Reads a value of a kind. `None` where the text is damaged.
    fn value(&mut self, name: &str, kind: Kind, stored: &[u8], problems: &mut Problems) -> Option<Value<'_>> {
        self.text.clear();
        self.text.extend_from_slice(stored);
        self.read(name, kind, problems)
    }

    fn read(&mut self, name: &str, kind: Kind, problems: &mut Problems) -> Option<Value<'_>> {
        if let Err(error) = self.document.read(&self.text) {
            problems.push(format!("{name} is not JSON ({error} at byte {})", error.offset));
            return None;
        }
        let root = self.document.root();
        if root.kind() != kind {
            problems.push(format!("{name} is {}", root.kind().named()));
            return None;
        }
        if self.document.text().as_bytes() != self.text {
            problems.push(format!("{name} is not in normal form"));
        }
        Some(root)
    }
}

/// Compares a text of an object with a column.
fn compare_text(object: Value<'_>, key: &str, column: Option<&[u8]>, problems: &mut Problems) {
    let text = object.get(key).and_then(Value::as_text);
    if text.as_deref().map(str::as_bytes) != column {
        let column = column.map(String::from_utf8_lossy);
        problems.push(format!("{key} is {text:?} in its text and {column:?} in its column"));
    }
}

/// Compares a number, as `read` understands the value, with a column.
fn compare_number<'a>(
    object: Value<'a>,
    key: &str,
    column: Option<i64>,
    problems: &mut Problems,
    read: impl FnOnce(Value<'a>) -> Option<i64>,
) {
    let number = object.get(key).and_then(read);
    if number != column {
        problems.push(format!("{key} is {number:?} in its text and {column:?} in its column"));
    }
}

fn time_of(value: Value<'_>) -> Option<i64> {
    Timestamp::parse_export(&value.as_text()?).map(Timestamp::as_millis)
}

pub(super) fn data_rows(connection: &mut dyn Connection, _: i64, found: &mut Findings) -> Result<(), StoreError> {
    let mut reader = TextReader::default();
    let sql = "select id, global_key, external_id, created_ms, updated_ms, activity_ms, head, details, media, rest \
               from data_rows order by row_key";
    connection.query(sql, &[], &mut |row| {
        let mut problems = Problems::new();
        if let Some(head) = reader.members("head", row.bytes(6), &mut problems) {
            for (column, key) in ["id", "global_key", "external_id"].into_iter().enumerate() {
                compare_text(head, key, row.bytes(column), &mut problems);
            }
        }
        if let Some(details) = reader.members("details", row.bytes(7), &mut problems) {
            for (column, key) in ["created_at", "updated_at", "last_activity_at"].into_iter().enumerate() {
                compare_number(details, key, row.int(3 + column), &mut problems, time_of);
            }
        }
        reader.object("media_attributes", row.bytes(8), &mut problems);
        reader.members("the rest", row.bytes(9), &mut problems);
        for problem in problems {
            found.add(|| format!("data row {}: {problem}", row.text(0).unwrap_or_default()));
        }
        ControlFlow::Continue(())
    })?;
    let sql = "select r.id, r.known, \
               case when exists (select 1 from attachments a where a.row_key = r.row_key) then 1 else 0 end, \
               case when exists (select 1 from metadata m where m.row_key = r.row_key) then 2 else 0 end, \
               case when exists (select 1 from row_embeddings e where e.row_key = r.row_key) then 4 else 0 end \
               from data_rows r order by r.row_key";
    connection.query(sql, &[], &mut |row| {
        let known = row.int(1).unwrap_or(0);
        for (column, list) in [(2, "attachments"), (3, "metadata"), (4, "embeddings")] {
            if row.int(column).unwrap_or(0) & !known != 0 {
                found.add(|| {
                    format!("data row {}: it has {list} that no export shows", row.text(0).unwrap_or_default())
                });
            }
        }
        ControlFlow::Continue(())
    })
}

pub(super) fn project_rows(connection: &mut dyn Connection, _: i64, found: &mut Findings) -> Result<(), StoreError> {
    let mut reader = TextReader::default();
    let mut spots = Spots::default();
    let sql = "select p.project_key, p.row_key, p.status, p.priority, p.details, p.rest, b.id from project_rows p \
               left join batches b on b.batch_key = p.batch_key order by p.project_key, p.row_key";
    connection.query(sql, &[], &mut |row| {
        let mut problems = Problems::new();
        if let Some(details) = reader.object("project_details", row.bytes(4), &mut problems) {
            compare_number(details, "workflow_status", row.int(2), &mut problems, |value| {
                WorkflowStatus::parse_export(&value.as_text()?).map(|status| i64::from(status.code()))
            });
            compare_number(details, "priority", row.int(3), &mut problems, Value::as_i64);
            compare_text(details, "batch_id", row.bytes(6), &mut problems);
        }
        reader.members("the rest", row.bytes(5), &mut problems);
        spots.add(row, String::new, problems);
        ControlFlow::Continue(())
    })?;
    spots.report(connection, PROJECT, found)
}

pub(super) fn run_rows(connection: &mut dyn Connection, _: i64, found: &mut Findings) -> Result<(), StoreError> {
    let mut reader = TextReader::default();
    let mut spots = Spots::default();
    let sql = "select p.run_key, p.row_key, p.split, p.known, p.head, p.tail, p.model_rest, \
               case when exists (select 1 from run_labels l \
               where l.run_key = p.run_key and l.row_key = p.row_key and l.role = 0) then 1 else 0 end, \
               case when exists (select 1 from run_labels l \
               where l.run_key = p.run_key and l.row_key = p.row_key and l.role = 1) then 2 else 0 end \
               from run_rows p order by p.run_key, p.row_key";
    connection.query(sql, &[], &mut |row| {
        let mut problems = Problems::new();
        reader.members("the head", row.bytes(4), &mut problems);
        if let Some(tail) = reader.members("the tail", row.bytes(5), &mut problems) {
            compare_number(tail, "split", row.int(2), &mut problems, |value| {
                Split::parse(&value.as_text()?).map(|split| i64::from(split.code()))
            });
        }
        reader.members("the model's rest", row.bytes(6), &mut problems);
        for (column, list) in [(7, "labels"), (8, "predictions")] {
            if row.int(column).unwrap_or(0) & !row.int(3).unwrap_or(0) != 0 {
                problems.push(format!("it has {list} that no export shows"));
            }
        }
        spots.add(row, String::new, problems);
        ControlFlow::Continue(())
    })?;
    spots.report(connection, RUN, found)
}

pub(super) fn row_lists(connection: &mut dyn Connection, _: i64, found: &mut Findings) -> Result<(), StoreError> {
    for (what, sql, ids) in [
        ("an attachment", "select 0, row_key, json, id from attachments order by row_key, ordinal", Some(3)),
        ("a metadata value", "select 0, row_key, json from metadata order by row_key, ordinal, part", None),
        ("an embedding", "select 0, row_key, json from row_embeddings order by row_key, ordinal", None),
    ] {
        let mut reader = TextReader::default();
        let mut spots = Spots::default();
        connection.query(sql, &[], &mut |row| {
            let mut problems = Problems::new();
            let object = reader.object(what, row.bytes(2), &mut problems);
            if let (Some(object), Some(column)) = (object, ids) {
                compare_text(object, "id", row.bytes(column), &mut problems);
            }
            spots.add(row, String::new, problems);
            ControlFlow::Continue(())
        })?;
        spots.report(connection, NOWHERE, found)?;
    }
    Ok(())
}

pub(super) fn definitions(connection: &mut dyn Connection, _: i64, found: &mut Findings) -> Result<(), StoreError> {
    let mut reader = TextReader::default();
    for (what, kind, sql) in [
        ("item", Kind::Object, "select id, body from items order by item_key"),
        ("project", Kind::Array, "select id, tags from projects where tags is not null order by project_key"),
        (
            "ontology",
            Kind::Object,
            "select id, normalized from ontologies where normalized is not null order by ontology_key",
        ),
    ] {
        let name = if kind == Kind::Array { "project_tags" } else { "its definition" };
        connection.query(sql, &[], &mut |row| {
            let mut problems = Problems::new();
            reader.value(name, kind, row.bytes(1).unwrap_or_default(), &mut problems);
            for problem in problems {
                found.add(|| format!("{what} {}: {problem}", row.text(0).unwrap_or_default()));
            }
            ControlFlow::Continue(())
        })?;
    }
    Ok(())
}

/// How many rows have labels of a feature, and a sum over those rows that does not depend on their order.
type Census = BTreeMap<i64, (u64, u64)>;

fn count_in(census: &mut Census, feature_key: i64, scope_key: i64, row_key: RowKey) {
    let entry = census.entry(feature_key).or_default();
    entry.0 += 1;
    // Mixed as in SplitMix64, so that rows that are swapped do not cancel each other out.
    let mut mixed = (scope_key as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (row_key as u64);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    entry.1 = entry.1.wrapping_add(mixed ^ (mixed >> 31));
}

pub(super) fn labels(connection: &mut dyn Connection, org_key: i64, found: &mut Findings) -> Result<(), StoreError> {
    let features = features(connection, org_key)?;
    let mut reader = TextReader::default();
    let mut spots = Spots::default();
    let mut labelled = Census::new();
    let mut place = (0, 0);
    let mut present: BTreeSet<i64> = BTreeSet::new();
    let sql = "select project_key, row_key, created_ms, has_masks, id, head, tally, annotations, rest, details, \
               performance from labels order by project_key, row_key, ordinal";
    connection.query(sql, &[], &mut |row| {
        let mut problems = Problems::new();
        let here = (row.int(0).unwrap_or(0), row.int(1).unwrap_or(0));
        if here != place {
            present.iter().for_each(|feature_key| count_in(&mut labelled, *feature_key, place.0, place.1));
            present.clear();
            place = here;
        }
        tally::decode(row.bytes(6).unwrap_or_default(), &mut |feature_key, _| {
            present.insert(feature_key);
        });
        check_label(row, &features, &mut reader, &mut problems);
        if let Some(details) = reader.object("label_details", row.bytes(9), &mut problems) {
            compare_number(details, "created_at", row.int(2), &mut problems, time_of);
        }
        reader.object("performance_details", row.bytes(10), &mut problems);
        spots.add(row, || label_name(row), problems);
        ControlFlow::Continue(())
    })?;
    present.iter().for_each(|feature_key| count_in(&mut labelled, *feature_key, place.0, place.1));
    spots.report(connection, PROJECT, found)?;
    let mut looked_up = Census::new();
    let sql = "select feature_key, project_key, row_key from label_features order by feature_key, project_key, row_key";
    connection.query(sql, &[], &mut |row| {
        let number = |column| row.int(column).unwrap_or(0);
        count_in(&mut looked_up, number(0), number(1), number(2));
        ControlFlow::Continue(())
    })?;
    let feature_keys: BTreeSet<i64> = labelled.keys().chain(looked_up.keys()).copied().collect();
    for feature_key in feature_keys {
        let (in_labels, in_look_up) = (labelled.get(&feature_key), looked_up.get(&feature_key));
        if in_labels != in_look_up {
            let rows = |census: Option<&(u64, u64)>| census.map_or(0, |(rows, _)| *rows);
            let name = features.get(&feature_key).map_or("(unknown)", |feature| feature.name.as_str());
            found.add(|| {
                format!(
                    "feature {name}: {} rows have labels with it, the look-up by feature has {}, and they are not the \
                     same",
                    rows(in_labels),
                    rows(in_look_up)
                )
            });
        }
    }
    Ok(())
}

pub(super) fn run_labels(
    connection: &mut dyn Connection,
    org_key: i64,
    found: &mut Findings,
) -> Result<(), StoreError> {
    let features = features(connection, org_key)?;
    let mut reader = TextReader::default();
    let mut spots = Spots::default();
    let sql = "select run_key, row_key, role, has_masks, id, head, tally, annotations, rest from run_labels \
               order by run_key, row_key, role, ordinal";
    connection.query(sql, &[], &mut |row| {
        let mut problems = Problems::new();
        check_label(row, &features, &mut reader, &mut problems);
        spots.add(row, || label_name(row), problems);
        ControlFlow::Continue(())
    })?;
    spots.report(connection, RUN, found)
}

/// Checks what labels of projects and of model runs have in common, in columns 3 to 8.
fn check_label(row: &dyn RowView, features: &Features, reader: &mut TextReader, problems: &mut Problems) {
    if let Some(head) = reader.members("the head", row.bytes(5), problems) {
        compare_text(head, "id", row.bytes(4), problems);
    }
    if let Some(annotations) = reader.object("annotations", row.bytes(7), problems) {
        let has_masks = annotation::has_masks(annotations.raw());
        if row.int(3) != Some(i64::from(has_masks)) {
            let said = if has_masks { "has masks and is not marked so" } else { "is marked as having masks" };
            problems.push(format!("it {said}"));
        }
        if !is_counted(annotations, row.bytes(6).unwrap_or_default(), features) {
            problems.push("its counts are not those of its annotations".to_owned());
        }
    }
    reader.members("the rest", row.bytes(8), problems);
}

fn label_name(row: &dyn RowView) -> String {
    format!("label {} of ", row.text(4).unwrap_or_default())
}

type Features = BTreeMap<i64, FeatureFacts>;

/// Features are as few as the ontologies have, so they are held.
fn features(connection: &mut dyn Connection, org_key: i64) -> Result<Features, StoreError> {
    let listed = entities::list_features(connection, org_key)?;
    Ok(listed.into_iter().map(|feature| (feature.key, feature)).collect())
}

/// Returns whether a tally counts what the annotations hold.
fn is_counted(annotations: Value<'_>, tally: &[u8], features: &Features) -> bool {
    let mut marks: Vec<(Mark<'_>, u64)> = Vec::new();
    annotation::for_each(annotations, &mut |mark| {
        // Features are distinguished by what is compared below; the value is not part of that.
        let mark = Mark { value: "", ..mark };
        match marks.iter_mut().find(|(known, _)| *known == mark) {
            Some((_, count)) => *count += 1,
            None => marks.push((mark, 1)),
        }
    });
    let mut counts: BTreeMap<i64, u64> = BTreeMap::new();
    tally::decode(tally, &mut |feature_key, count| *counts.entry(feature_key).or_default() += count);
    counts.len() == marks.len()
        && counts.iter().all(|(feature_key, count)| {
            features.get(feature_key).is_some_and(|feature| {
                let mark = Mark { schema_id: &feature.schema_id, name: &feature.name, kind: &feature.kind, value: "" };
                marks.contains(&(mark, *count))
            })
        })
}

/// How the scope of a row is named: a word, and the statement that finds its id.
type Home = Option<(&'static str, &'static str)>;

const NOWHERE: Home = None;
const PROJECT: Home = Some(("project", "select id from projects where project_key = $1"));
const RUN: Home = Some(("model run", "select id from model_runs where run_key = $1"));

/// Problems with the keys of their places, whose ids are looked up when the scan is over.
#[derive(Default)]
struct Spots {
    problems: Findings,
    keys: Vec<(i64, RowKey, String)>,
}

impl Spots {
    /// Adds the problems of a row whose first columns are the scope key and the row key.
    fn add(&mut self, row: &dyn RowView, name: impl Fn() -> String, problems: Problems) {
        for problem in problems {
            self.problems.add(|| {
                self.keys.push((row.int(0).unwrap_or(0), row.int(1).unwrap_or(0), name()));
                problem
            });
        }
    }

    /// Hands the problems over, with the ids of their places.
    fn report(mut self, connection: &mut dyn Connection, home: Home, found: &mut Findings) -> Result<(), StoreError> {
        let mut keys = self.keys.into_iter();
        self.problems.rephrase(|problem| {
            let (scope_key, row_key, name) = keys.next().unwrap_or_default();
            let row_id = entities::find_row_id(connection, row_key)?.unwrap_or_else(|| format!("(key {row_key})"));
            let place = match home {
                None => String::new(),
                Some((word, sql)) => {
                    let id = connection.find(sql, &[scope_key.into()], |row| row.text(0))?.flatten();
                    format!(" in {word} {}", id.unwrap_or_else(|| format!("(key {scope_key})")))
                }
            };
            Ok(format!("{name}data row {row_id}{place}: {problem}"))
        })?;
        found.extend(self.problems);
        Ok(())
    }
}
