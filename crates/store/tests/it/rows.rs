//! Rows made by hand, and how tests put them into a store.

use crate::engines::now;
use labelport_model::json::Document;
use labelport_model::row::{self, Row};
use labelport_store::write::merge::{Merger, Verdict};
use labelport_store::{Connection, Store, StoreError};

/// Returns an id of 25 characters, such as `r00…07`.
pub(crate) fn id(kind: &str, number: usize) -> String {
    format!("{kind}{number:0>width$}", width = 25 - kind.len())
}

pub(crate) fn read(line: &str) -> Row {
    row::read(&Document::parse(line.as_bytes()).unwrap()).unwrap()
}

/// Merges lines in one transaction.
pub(crate) fn merge(store: &Store, lines: &[String]) -> Vec<Verdict> {
    let rows: Vec<Row> = lines.iter().map(|line| read(line)).collect();
    let mut merger = Merger::new(store.org_key(), now());
    store.write(move |connection| merge_all(&mut merger, connection, &rows)).unwrap()
}

pub(crate) fn merge_all(
    merger: &mut Merger,
    connection: &mut dyn Connection,
    rows: &[Row],
) -> Result<Vec<Verdict>, StoreError> {
    merger.begin(connection)?;
    let verdicts = merger.merge_all(connection, &rows.iter().collect::<Vec<_>>())?;
    merger.end(connection)?;
    Ok(verdicts)
}

/// Runs a statement outside of all rules.
pub(crate) fn run(store: &Store, sql: &str) -> u64 {
    let sql = sql.to_owned();
    store.write(move |connection| connection.execute(&sql, &[])).unwrap()
}

/// Returns the first column of the first row as a text, or a number in digits; nothing for null or no row.
pub(crate) fn look(store: &Store, sql: &str) -> Option<String> {
    let mut reader = store.reader().unwrap();
    reader.find(sql, &[], |row| row.shown(0)).unwrap().flatten()
}

/// Runs a job in a transaction; a job that the store refuses fails the test.
#[track_caller]
pub(crate) fn write<T: Send + 'static>(
    store: &Store,
    job: impl FnOnce(&mut dyn Connection) -> Result<T, StoreError> + Send + 'static,
) -> T {
    store.write(job).unwrap()
}

/// Reads with a connection that sees every commit.
#[track_caller]
pub(crate) fn peek<T>(store: &Store, read: impl FnOnce(&mut dyn Connection) -> Result<T, StoreError>) -> T {
    read(&mut *store.reader().unwrap()).unwrap()
}

/// Returns the key that a statement of one number selects.
#[track_caller]
pub(crate) fn key(store: &Store, sql: &str) -> i64 {
    look(store, sql).unwrap().parse().unwrap()
}

/// Returns the key of one of the twelve.
#[track_caller]
pub(crate) fn row_key(store: &Store, number: usize) -> i64 {
    key(store, &format!("select row_key from row_ids where id = '{}'", id("r", number)))
}

/// Returns the last change number given out.
pub(crate) fn change_seq(store: &Store) -> i64 {
    key(store, "select change_seq from organizations")
}

/// Lists the numbers of the twelve that have a change number, in a table that rows are in.
pub(crate) fn rows_with(store: &Store, table: &str, change_seq: i64) -> Vec<usize> {
    let sql = format!("select distinct row_key from {table} where change_seq = $1 order by row_key");
    let read = |row: &dyn labelport_store::RowView| row.int(0).unwrap() as usize;
    store.reader().unwrap().list(&sql, &[change_seq.into()], read).unwrap()
}

/// Lists what left a scope, as numbers of the twelve: scope, row and change number.
pub(crate) fn tombstones(store: &Store) -> Vec<(String, usize, i64)> {
    let sql = "select scope, row_key, change_seq, row_id from tombstones order by scope, scope_key, row_key";
    let read = |row: &dyn labelport_store::RowView| {
        let row_key = row.int(1).unwrap() as usize;
        assert_eq!(row.text(3).unwrap(), id("r", row_key));
        (row.text(0).unwrap(), row_key, row.int(2).unwrap())
    };
    store.reader().unwrap().list(sql, &[], read).unwrap()
}

pub(crate) fn count(store: &Store, table: &str) -> i64 {
    store.reader().unwrap().count(&format!("select count(*) from {table}"), &[]).unwrap()
}

/// Returns a box annotation of a feature.
pub(crate) fn boxed(feature: usize, name: &str) -> String {
    format!(
        r#"{{"feature_id":"{}","feature_schema_id":"{}","name":"{name}","value":"{name}","annotation_kind":"ImageBoundingBox","classifications":[],"bounding_box":{{"top":1.0,"left":2.0,"height":3.0,"width":4.0}}}}"#,
        id("x", feature),
        id("f", feature)
    )
}

/// Returns a label with some objects.
pub(crate) fn label(number: usize, created_at: &str, objects: &[String]) -> String {
    format!(
        r#"{{"label_kind":"Default","version":"1.0.0","id":"{}","label_details":{{"created_at":"{created_at}","reviews":[]}},"performance_details":{{"skipped":false}},"annotations":{{"objects":[{}],"classifications":[],"relationships":[]}}}}"#,
        id("l", number),
        objects.join(",")
    )
}

/// Returns a line with nothing but the members of `data_row` after its id, and further members of the line.
pub(crate) fn line(number: usize, data_row: &str, more: &[String]) -> String {
    let mut text = format!(r#"{{"data_row":{{"id":"{}"{data_row}}}"#, id("r", number));
    for member in more {
        text.push(',');
        text.push_str(member);
    }
    text.push('}');
    text
}

/// The car and the boat, by number.
pub(crate) const CAR: usize = 1;
pub(crate) const BOAT: usize = 2;

/// Returns twelve rows that differ in everything that a filter can ask for.
pub(crate) fn twelve() -> Vec<String> {
    (1..=12).map(one_of_twelve).collect()
}

fn one_of_twelve(n: usize) -> String {
    let mut data_row = String::new();
    match n {
        1..=4 => data_row.push_str(&format!(r#","global_key":"cam-a-{n}""#)),
        5..=8 => data_row.push_str(&format!(r#","global_key":"cam-b-{n}""#)),
        9 => data_row.push_str(r#","global_key":"Zed""#),
        _ => {}
    }
    if n % 2 == 1 {
        data_row.push_str(&format!(r#","external_id":"img/{n}""#));
    }
    data_row.push_str(&format!(r#","row_data":"https://example.com/{n}.jpg""#));
    if n < 12 {
        let dataset = if n <= 6 { 1 } else { 2 };
        data_row.push_str(&format!(
            r#","details":{{"dataset_id":"{}","dataset_name":"set {dataset}","created_at":"2025-01-{n:02}T00:00:00.000+00:00","updated_at":"2025-02-{n:02}T00:00:00.000+00:00","last_activity_at":"2025-03-{n:02}T00:00:00.000+00:00","created_by":"a@example.com"}}"#,
            id("d", dataset)
        ));
    }
    let mut more = Vec::new();
    match n {
        1..=8 => more.push(r#""media_attributes":{"height":10,"width":20,"asset_type":"image"}"#.to_owned()),
        9..=10 => more.push(r#""media_attributes":{"asset_type":"text"}"#.to_owned()),
        _ => {}
    }
    if n == 1 {
        more.push(r#""attachments":[{"type":"RAW_TEXT","value":"note"},{"type":"IMAGE","value":"u"}]"#.to_owned());
        more.push(
            r#""embeddings":[{"id":"e1","name":"clip","dimensions":2,"is_custom":false,"values":[]}]"#.to_owned(),
        );
    }
    if let Some(value) = metadata_of(n) {
        more.push(format!(r#""metadata_fields":[{value}]"#));
    }
    let projects = projects_of(n);
    if !projects.is_empty() {
        more.push(format!(r#""projects":{{{}}}"#, projects.join(",")));
    }
    if let Some((run, split)) = match n {
        1 | 2 => Some((1, r#","split":"Training""#)),
        3 => Some((1, r#","split":"Validation""#)),
        4 => Some((1, "")),
        5 => Some((2, r#","split":"Test""#)),
        _ => None,
    } {
        let prediction = format!(
            r#"{{"label_kind":"Default","version":"1.0.0","id":"{}","annotations":{{"objects":[{}],"classifications":[],"relationships":[]}}}}"#,
            id("p", n),
            boxed(CAR, "car")
        );
        more.push(format!(
            r#""experiments":{{"{}":{{"name":"model","runs":{{"run-{run}":{{"name":"run {run}","run_data_row_id":"x{n}","labels":[],"predictions":[{prediction}]{split}}}}}}}}}"#,
            id("m", 1)
        ));
    }
    line(n, &data_row, &more)
}

fn metadata_of(n: usize) -> Option<String> {
    let value = |name: &str, kind: &str, value: &str| {
        let id = id("s", name.len());
        format!(r#"{{"schema_id":"{id}","schema_name":"{name}","schema_kind":"{kind}","value":{value}}}"#)
    };
    let option = |number, name| {
        let id = id("o", number);
        format!(r#"{{"schema_id":"{id}","schema_name":"{name}","schema_kind":"CustomMetadataEnumOption"}}"#)
    };
    Some(match n {
        1 => value("weather", "CustomMetadataString", r#""sunny day""#),
        2 => value("weather", "CustomMetadataString", r#""rain""#),
        3 => value("speed", "CustomMetadataNumber", "3.5"),
        4 => value("speed", "CustomMetadataNumber", "10"),
        5 | 6 => value("taken_at", "CustomMetadataDateTime", &format!(r#""2025-06-0{n}T00:00:00.000+00:00""#)),
        7 => value("sort", "CustomMetadataEnum", &format!("[{}]", option(1, "night"))),
        8 => value("sort", "CustomMetadataEnum", &format!("[{},{}]", option(1, "night"), option(2, "fog"))),
        9 => value("weather", "CustomMetadataString", r#""""#),
        _ => return None,
    })
}

fn projects_of(n: usize) -> Vec<String> {
    let mut projects = Vec::new();
    if n <= 6 {
        let (feature, name) = if n <= 4 { (CAR, "car") } else { (BOAT, "boat") };
        let labels = match n {
            1 => String::new(),
            n => label(n, &format!("2025-04-{n:02}T00:00:00.000+00:00"), &[boxed(feature, name)]),
        };
        let status = ["TO_LABEL", "IN_REVIEW", "IN_REWORK", "DONE", "DONE", "DONE"][n - 1];
        projects.push(in_project(1, if n <= 3 { 1 } else { 2 }, status, &labels));
    }
    if (5..=8).contains(&n) {
        let labels = match n {
            5 => label(105, "2025-05-05T00:00:00.000+00:00", &[boxed(CAR, "car")]),
            _ => String::new(),
        };
        projects.push(in_project(2, 3, if n <= 6 { "DONE" } else { "TO_LABEL" }, &labels));
    }
    projects
}

fn in_project(project: usize, batch: usize, status: &str, labels: &str) -> String {
    format!(
        r#""{}":{{"name":"project {project}","labels":[{labels}],"project_details":{{"ontology_id":"{}","task_name":"a task","batch_id":"batch-{batch}","batch_name":"batch {batch}","workflow_status":"{status}","priority":5}},"project_tags":[]}}"#,
        id("j", project),
        id("y", project)
    )
}
