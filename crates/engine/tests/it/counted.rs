//! How much work an export does, counted and not timed: the record may only change together with a reason.
//!
//! Statements and rows of answers are counted at the waist between statements and engine, so that a query per row, a
//! section that is read and not asked for, or a scan where an index was used shows as a number.

use crate::support::{NOW_MS, Workspace, export_into};
use labelport_engine::sink::Nowhere;
use labelport_model::request::{ExportFilters, ExportRequest, Params, Scope, ScopeKind};
use labelport_model::time::Timestamp;
use labelport_samples::image_rows;
use labelport_store::engine::Column;
use labelport_store::engine::{Each, Engine};
use labelport_store::postgres::Postgres;
use labelport_store::postgres::scratch::{Locale, Scratch};
use labelport_store::read::page;
use labelport_store::sqlite::{Sqlite, SqliteOptions};
use labelport_store::{Connection, Founding, Insert, Param, Step, Store, StoreError, Traits};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The rows of the workspace.
const ROWS: u64 = 10_000;
/// How much more or less than recorded is still the same, in percent. Less is a reason too: a section that is not read any
/// more, or a count that misses something.
const SLACK_PERCENT: u64 = 5;

#[derive(Default)]
struct Counts {
    statements: AtomicU64,
    rows: AtomicU64,
}

/// An engine that counts what its connections do.
struct CountingEngine {
    inner: Box<dyn Engine>,
    counts: Arc<Counts>,
}

struct CountingConnection {
    inner: Box<dyn Connection>,
    counts: Arc<Counts>,
}

impl Engine for CountingEngine {
    fn connect_writer(&self) -> Result<Box<dyn Connection>, StoreError> {
        let inner = self.inner.connect_writer()?;
        Ok(Box::new(CountingConnection { inner, counts: Arc::clone(&self.counts) }))
    }

    fn connect_reader(&self) -> Result<Box<dyn Connection>, StoreError> {
        let inner = self.inner.connect_reader()?;
        Ok(Box::new(CountingConnection { inner, counts: Arc::clone(&self.counts) }))
    }

    fn share_state(&self, readers: &mut [Box<dyn Connection>]) -> Result<(), StoreError> {
        self.inner.share_state(readers)
    }
}

impl Connection for CountingConnection {
    fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<u64, StoreError> {
        self.counts.statements.fetch_add(1, Ordering::Relaxed);
        self.inner.execute(sql, params)
    }

    fn query(&mut self, sql: &str, params: &[Param<'_>], each: &mut Each<'_>) -> Result<(), StoreError> {
        self.counts.statements.fetch_add(1, Ordering::Relaxed);
        let counts = Arc::clone(&self.counts);
        self.inner.query(sql, params, &mut |row| {
            counts.rows.fetch_add(1, Ordering::Relaxed);
            each(row)
        })
    }

    fn query_first(&mut self, sql: &str, params: &[Param<'_>], each: &mut Each<'_>) -> Result<(), StoreError> {
        self.query(sql, params, each)
    }

    fn insert_many(&mut self, insert: &Insert<'_>, params: &[Param<'_>]) -> Result<(), StoreError> {
        self.counts.statements.fetch_add(1, Ordering::Relaxed);
        self.inner.insert_many(insert, params)
    }

    fn step(&mut self, step: Step) -> Result<(), StoreError> {
        self.counts.statements.fetch_add(1, Ordering::Relaxed);
        self.inner.step(step)
    }

    fn traits(&self) -> Traits {
        self.inner.traits()
    }

    fn columns(&mut self, table: &str) -> Result<Vec<Column>, StoreError> {
        self.inner.columns(table)
    }

    fn size_bytes(&mut self) -> Result<i64, StoreError> {
        self.inner.size_bytes()
    }

    fn copy_to(&mut self, file: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<(), StoreError> {
        self.inner.copy_to(file, progress)
    }

    fn check_file(&mut self) -> Result<Vec<String>, StoreError> {
        self.inner.check_file()
    }

    fn is_current(&mut self) -> Result<bool, StoreError> {
        self.inner.is_current()
    }

    fn end_read(&mut self) -> Result<(), StoreError> {
        self.inner.end_read()
    }
}

/// Returns the exports whose work is recorded.
fn requests() -> Vec<(&'static str, ExportRequest)> {
    let request = |params: Params, filters: ExportFilters| ExportRequest {
        scope: Scope::Project("Siding inventory".to_owned()),
        params,
        filters,
        format: labelport_model::request::FormatChoice::default(),
        zone_name: "UTC".to_owned(),
        since: None,
    };
    let keys: Vec<String> = (0..100).map(|number| format!("siding/{}", number * 97)).collect();
    let some = ExportFilters {
        global_keys: Some(labelport_model::filter::IdList::new(keys).unwrap()),
        ..ExportFilters::default()
    };
    vec![
        ("everything", request(Params::everything(ScopeKind::Project), ExportFilters::default())),
        ("nothing optional", request(Params::default(), ExportFilters::default())),
        ("a hundred global keys", request(Params::everything(ScopeKind::Project), some)),
    ]
}

#[test]
fn an_export_does_the_work_that_was_recorded() {
    let mut file = String::new();
    for line in image_rows(ROWS) {
        file.push_str(&line);
        file.push('\n');
    }
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteOptions { lock_wait: Duration::from_secs(60), max_pages: None };
    let now = Timestamp::from_millis(NOW_MS);
    let founding = Founding { organization_id: "c0rganization0000000000aa".to_owned(), now };
    let open = || Sqlite::open_or_create(folder.path(), options.clone()).unwrap();
    let filled = Workspace::in_store(Store::open(Box::new(open()), &founding).unwrap());
    filled.import_all("image.ndjson", file.as_bytes());
    drop(filled);
    let counts = Arc::new(Counts::default());
    let engine = CountingEngine { inner: Box::new(open()), counts: Arc::clone(&counts) };
    let store = Store::open(Box::new(engine), &founding).unwrap();
    let mut found = Vec::new();
    for (name, request) in requests() {
        counts.statements.store(0, Ordering::Relaxed);
        counts.rows.store(0, Ordering::Relaxed);
        export_into(&store, &request, 1, &mut Nowhere).unwrap();
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        found.push((name, count(&counts.statements), count(&counts.rows)));
    }
    let mut text = format!("Work of exports from {ROWS} image rows: statements, rows of their answers.\n");
    for (name, statements, rows) in &found {
        writeln!(text, "{name}: {statements} {rows}").unwrap();
    }
    // Tests run in the folder of their crate.
    let path = "tests/it/counted.txt";
    if std::env::var_os("LABELPORT_BLESS").is_some() {
        std::fs::write(path, text).unwrap();
        return;
    }
    let recorded = std::fs::read_to_string(path).unwrap();
    for (name, statements, rows) in found {
        let line = recorded.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        let mut numbers = line.unwrap_or_else(|| panic!("{name} has no record")).split(' ').map(str::parse::<u64>);
        for (what, count) in [("statements", statements), ("rows", rows)] {
            let recorded = numbers.next().unwrap().unwrap();
            let bounds = recorded * (100 - SLACK_PERCENT) / 100..=recorded * (100 + SLACK_PERCENT) / 100;
            assert!(
                bounds.contains(&count),
                "{name}: {count} {what}, {recorded} were recorded; `cargo xtask bless` after a reason"
            );
        }
    }
}

/// A section, and what says which rows are meant, are one statement each for so many rows of a server.
const BLOCK_ROWS: u64 = 1_024;

#[test]
#[expect(clippy::disallowed_methods, reason = "who runs the tests says where the server is")]
fn a_server_is_asked_few_questions() {
    let Ok(server) = std::env::var("LABELPORT_TEST_POSTGRES") else { return };
    let database = Scratch::borrow(&server, Locale::C).unwrap();
    let now = Timestamp::from_millis(NOW_MS);
    let founding = Founding { organization_id: "c0rganization0000000000aa".to_owned(), now };
    let inner = Postgres::open_or_create(database.options(Duration::from_secs(60)).unwrap()).unwrap();
    let counts = Arc::new(Counts::default());
    let engine = CountingEngine { inner: Box::new(inner), counts: Arc::clone(&counts) };
    let store = Store::open(Box::new(engine), &founding).unwrap();
    let taken = || counts.statements.swap(0, Ordering::Relaxed);
    taken();
    let file: String = image_rows(ROWS).map(|line| line + "\n").collect();
    let workspace = Workspace::in_store(store);
    workspace.import_all("image.ndjson", file.as_bytes());
    let imported = taken();
    assert!(imported * 20 <= ROWS, "{imported} statements for {ROWS} rows");
    let (_, request) = &requests()[0];
    export_into(&workspace.store, request, 1, &mut Nowhere).unwrap();
    let exported = taken();
    let blocks = ROWS.div_ceil(BLOCK_ROWS);
    // The first blocks are small, until it is known how large rows are; the rest resolves the request.
    let most = (blocks + 3) * (page::SECTIONS.len() as u64 + 2) + 60;
    assert!(exported <= most, "{exported} statements for {blocks} blocks, at most {most} are allowed");
}
