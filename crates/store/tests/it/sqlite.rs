//! What SQLite alone promises: what it says of files, locks and disks, and what to do about it.

use crate::engines::{findings, founding, now};
use crate::rows::{count, look, merge, twelve};
use crate::writing::add;
use labelport_model::predicate::Predicate;
use labelport_store::engine::Column;
use labelport_store::engine::Each;
use labelport_store::read::page::{self, Load, Page};
use labelport_store::read::select::{Base, Part, Selection};
use labelport_store::sqlite::{self, DATABASE_FILE, Sqlite, SqliteOptions};
use labelport_store::tables::tasks;
use labelport_store::{Connection, Insert, Param, Step, Store, StoreError, Traits};
use std::path::Path;
use std::time::Duration;

fn options() -> SqliteOptions {
    SqliteOptions { lock_wait: Duration::from_millis(200), max_pages: None }
}

fn try_open(folder: &Path, options: SqliteOptions) -> Result<Store, StoreError> {
    Store::open(Box::new(Sqlite::open_or_create(folder, options)?), &founding())
}

fn raw(folder: &Path) -> rusqlite::Connection {
    rusqlite::Connection::open(folder.join(DATABASE_FILE)).unwrap()
}

#[test]
fn pages_have_16_kib_and_the_log_is_ahead() {
    let folder = tempfile::tempdir().unwrap();
    let _store = try_open(folder.path(), options()).unwrap();
    let connection = raw(folder.path());
    let pragma = |name: &str| connection.query_row(&format!("pragma {name}"), [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(pragma("page_size"), 16_384);
    assert_eq!(connection.query_row("pragma journal_mode", [], |row| row.get::<_, String>(0)).unwrap(), "wal");
}

#[test]
fn a_database_with_two_organizations_is_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    drop(try_open(folder.path(), options()).unwrap());
    let add = "insert into organizations (id, name, created_ms) values ('another', 'another', 0)";
    raw(folder.path()).execute(add, []).unwrap();
    let error = try_open(folder.path(), options()).err().unwrap();
    assert!(matches!(error, StoreError::SeveralOrganizations), "{error}");
}

#[test]
fn a_folder_without_a_database_is_not_made_by_opening() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    let outcome = Sqlite::open(&missing, options());
    assert!(matches!(&outcome, Err(StoreError::NoFolder { folder }) if *folder == missing), "{outcome:?}");
    assert!(!missing.exists());
}

#[test]
fn a_newer_schema_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(try_open(folder.path(), options()).unwrap());
    raw(folder.path()).execute_batch("pragma user_version = 99").unwrap();
    let outcome = try_open(folder.path(), options()).map(|_| ());
    assert!(matches!(outcome, Err(StoreError::Newer { found: 99, .. })), "{outcome:?}");
}

#[test]
fn a_foreign_file_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(DATABASE_FILE);
    let check = |what: &str| {
        let before = std::fs::read(&file).unwrap();
        let outcome = try_open(folder.path(), options()).map(|_| ());
        assert!(
            matches!(&outcome, Err(StoreError::NotAStore { file: named }) if *named == file),
            "{what}: {outcome:?}"
        );
        assert!(std::fs::read(&file).unwrap() == before, "{what} was changed");
    };
    std::fs::write(&file, "a text that is no database\n".repeat(1_000)).unwrap();
    check("a text");
    std::fs::remove_file(&file).unwrap();
    raw(folder.path())
        .execute_batch("create table photos (id integer primary key); insert into photos values (1)")
        .unwrap();
    check("a photo album");
}

#[test]
fn a_locked_database_is_an_error_after_a_while() {
    let folder = tempfile::tempdir().unwrap();
    let store = try_open(folder.path(), options()).unwrap();
    let org_key = store.org_key();
    let other = raw(folder.path());
    other.execute_batch("begin immediate").unwrap();
    let outcome = store.write(move |connection| add(connection, org_key, "a"));
    assert!(matches!(outcome, Err(StoreError::Locked { .. })), "{outcome:?}");
    assert_eq!(count(&store, "slices"), 0, "readers do not wait");
    assert!(try_open(folder.path(), options()).is_ok(), "opening does not wait either");
    other.execute_batch("rollback").unwrap();
    assert!(store.write(move |connection| add(connection, org_key, "a")).unwrap());
}

#[test]
fn a_full_disk_keeps_what_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let full = SqliteOptions { max_pages: Some(256), ..options() };
    let store = try_open(folder.path(), full).unwrap();
    merge(&store, &twelve());
    let org_key = store.org_key();
    // Four write at once, so that a group is hit in its middle.
    let kept: usize = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                let store = &store;
                scope.spawn(move || {
                    for number in 0.. {
                        let name = format!("{writer}/{number}/{}", "x".repeat(50_000));
                        match store.write(move |connection| add(connection, org_key, &name)) {
                            Ok(_) => {}
                            Err(StoreError::Full) => return number,
                            Err(error) => panic!("{error:?}"),
                        }
                    }
                    0
                })
            })
            .collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).sum()
    });
    assert!(kept > 4, "{kept}");
    assert_eq!(count(&store, "slices"), kept as i64);
    assert_eq!(findings(&store), Vec::<String>::new());
    drop(store);
    let store = try_open(folder.path(), options()).unwrap();
    assert_eq!(count(&store, "slices"), kept as i64);
    assert_eq!(count(&store, "data_rows"), 12);
    assert!(store.write(move |connection| add(connection, org_key, "there is room again")).unwrap());
    assert_eq!(findings(&store), Vec::<String>::new());
}

#[test]
fn a_damaged_file_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let store = try_open(folder.path(), options()).unwrap();
    merge(&store, &twelve());
    drop(store);
    let connection = raw(folder.path());
    connection.execute_batch("pragma wal_checkpoint(truncate)").unwrap();
    let sql = "select rootpage from sqlite_master where name = 'data_rows_by_dataset'";
    let page: u32 = connection.query_row(sql, [], |row| row.get(0)).unwrap();
    drop(connection);
    let file = folder.path().join(DATABASE_FILE);
    let mut bytes = std::fs::read(&file).unwrap();
    let start = (page as usize - 1) * 16_384;
    bytes[start..start + 16_384].fill(0xee);
    std::fs::write(&file, bytes).unwrap();
    let store = try_open(folder.path(), options()).unwrap();
    let found = findings(&store);
    assert!(found.iter().any(|finding| finding.starts_with("database: ")), "{found:#?}");
}

#[test]
fn what_a_damaged_file_still_holds_is_still_checked() {
    let folder = tempfile::tempdir().unwrap();
    let store = try_open(folder.path(), options()).unwrap();
    merge(&store, &twelve());
    crate::rows::run(&store, "update counters set value = 1 where name = 'row_key'");
    drop(store);
    let page: u32 = raw(folder.path())
        .query_row("select rootpage from sqlite_master where name = 'labels'", [], |row| row.get(0))
        .unwrap();
    let file = folder.path().join(DATABASE_FILE);
    let mut bytes = std::fs::read(&file).unwrap();
    let start = (page as usize - 1) * 16_384;
    bytes[start..start + 16_384].fill(0xee);
    std::fs::write(&file, bytes).unwrap();
    let found = findings(&try_open(folder.path(), options()).unwrap());
    let is_reported = |text: &str| found.iter().any(|finding| finding.starts_with(text));
    assert!(is_reported("labels: the check could not be finished"), "{found:#?}");
    assert!(is_reported("row_keys: "), "{found:#?}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_place_where_nobody_may_write_is_refused() {
    let folder = Path::new("/proc/labelport");
    let outcome = try_open(folder, options()).map(|_| ());
    assert!(matches!(&outcome, Err(StoreError::ReadOnly { folder: named, .. }) if named == folder), "{outcome:?}");
}

/// A file in the working folder of the child that `a_read_only_folder_is_refused` starts.
#[cfg(unix)]
const MARK: &str = "read-only";

#[cfg(unix)]
#[test]
fn a_read_only_folder_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;
    let folder = tempfile::tempdir().unwrap();
    drop(try_open(folder.path(), options()).unwrap());
    std::fs::write(folder.path().join(MARK), "").unwrap();
    // The system lets its administrator write everywhere, so the child is nobody, who owns nothing here.
    let set_mode = |mode| std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(mode)).unwrap();
    set_mode(0o555);
    // Another user may not reach the checkout, so a copy of these tests is in a folder that everybody reaches.
    let copy = tempfile::tempdir().unwrap();
    std::fs::set_permissions(copy.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let binary = copy.path().join("tests");
    std::fs::copy(std::env::current_exe().unwrap(), &binary).unwrap();
    let start = |command: &mut std::process::Command| {
        command
            .args(["--exact", "sqlite::body_of_the_read_only_child", "--nocapture"])
            .current_dir(folder.path())
            .output()
    };
    let is_almighty = std::fs::write(folder.path().join("probe"), "").is_ok();
    let output = match start(std::process::Command::new(&binary).uid(65_534)) {
        Ok(output) => output,
        // Where another user cannot even reach the folder for temporary files, root has no way to be refused.
        Err(error) if is_almighty => {
            println!("skipped: the test cannot be started as another user ({error})");
            return set_mode(0o755);
        }
        Err(_) => start(&mut std::process::Command::new(&binary)).unwrap(),
    };
    set_mode(0o755);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("refused: the data folder"), "{output:?}");
}

#[cfg(unix)]
#[test]
fn body_of_the_read_only_child() {
    if !Path::new(MARK).exists() {
        return;
    }
    let folder = std::env::current_dir().unwrap();
    let outcome = try_open(&folder, options()).and_then(|store| {
        let org_key = store.org_key();
        store.write(move |connection| add(connection, org_key, "a"))
    });
    match outcome {
        Err(error @ StoreError::ReadOnly { .. }) => println!("refused: {error}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_medium_that_cannot_be_written_is_read_without_a_trace() {
    let folder = tempfile::tempdir().unwrap();
    let store = try_open(folder.path(), options()).unwrap();
    let org_key = store.org_key();
    store.write(move |connection| add(connection, org_key, "a")).unwrap();
    drop(store);
    let names = || {
        let mut names: Vec<_> = folder.path().read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let before = (names(), std::fs::read(folder.path().join(DATABASE_FILE)).unwrap());
    let engine = Sqlite::open_read_only(folder.path(), options()).unwrap();
    let store = Store::open(Box::new(engine), &founding()).unwrap();
    assert_eq!(look(&store, "select name from slices").as_deref(), Some("a"));
    let snapshot = store.snapshot(2).unwrap();
    assert_eq!(names(), before.0, "a log was made");
    drop(snapshot);
    let outcome = store.write(move |connection| add(connection, org_key, "b"));
    assert!(matches!(outcome, Err(StoreError::ReadOnly { .. })), "{outcome:?}");
    drop(store);
    assert_eq!((names(), std::fs::read(folder.path().join(DATABASE_FILE)).unwrap()), before);
}

#[test]
fn a_log_on_a_medium_that_cannot_be_written_is_not_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let copied = tempfile::tempdir().unwrap();
    let store = try_open(folder.path(), options()).unwrap();
    let org_key = store.org_key();
    store.write(move |connection| add(connection, org_key, "a")).unwrap();
    // While somebody has it open, its log and the index of that are there and can be read.
    let engine = Sqlite::open_read_only(folder.path(), options()).unwrap();
    let reading = Store::open(Box::new(engine), &founding()).unwrap();
    assert_eq!(look(&reading, "select name from slices").as_deref(), Some("a"));
    for name in [DATABASE_FILE, "labelport.sqlite-wal"] {
        std::fs::copy(folder.path().join(name), copied.path().join(name)).unwrap();
    }
    let outcome = Sqlite::open_read_only(copied.path(), options()).map(|_| ());
    assert!(matches!(outcome, Err(StoreError::UnreadLog { .. })), "{outcome:?}");
}

#[test]
fn a_database_that_was_copied_without_its_log_is_noticed_where_that_can_be() {
    let folder = tempfile::tempdir().unwrap();
    assert!(!sqlite::lacks_log(folder.path()));
    let store = try_open(folder.path(), options()).unwrap();
    let org_key = store.org_key();
    store.write(move |connection| add(connection, org_key, "a")).unwrap();
    assert!(!sqlite::lacks_log(folder.path()));
    let copied = tempfile::tempdir().unwrap();
    for name in [DATABASE_FILE, "labelport.sqlite-shm"] {
        std::fs::copy(folder.path().join(name), copied.path().join(name)).unwrap();
    }
    assert!(sqlite::lacks_log(copied.path()));
    drop(store);
    assert!(!sqlite::lacks_log(folder.path()));
}

#[test]
fn a_copy_holds_what_its_transaction_sees_and_is_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = try_open(folder.path(), options()).unwrap();
    let org_key = store.org_key();
    let write = |id: &'static str| store.write(move |connection| add(connection, org_key, id)).unwrap();
    write("a");
    let mut snapshot = store.snapshot(1).unwrap();
    write("b");
    let target = tempfile::tempdir().unwrap();
    let copy = target.path().join(DATABASE_FILE);
    let mut reports = Vec::new();
    snapshot.connections[0].copy_to(&copy, &mut |done, total| reports.push((done, total))).unwrap();
    assert!(reports.last().is_some_and(|(done, total)| done == total && *total > 0), "{reports:?}");
    assert_eq!(target.path().read_dir().unwrap().count(), 1, "a log is left");
    assert_eq!(&std::fs::read(&copy).unwrap()[18..20], [1, 1], "the copy needs a log");
    let copied = try_open(target.path(), options()).unwrap();
    assert_eq!(count(&copied, "slices"), 1);
    assert!(findings(&copied).is_empty());
}

#[test]
fn a_reader_holds_no_state_that_was_rolled_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = try_open(folder.path(), options()).unwrap();
    let outcome = store.write(|connection| {
        connection.execute("update organizations set name = 'x'", &[])?;
        Err::<(), _>(StoreError::Withdrawn)
    });
    assert!(outcome.is_err());
    assert_eq!(look(&store, "select name from organizations").as_deref(), Some("labelport"));
}

/// A connection that asks for the plan of each query before it is run.
struct Planning {
    inner: Box<dyn Connection>,
    plans: Vec<String>,
}

impl Connection for Planning {
    fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<u64, StoreError> {
        self.inner.execute(sql, params)
    }

    fn query(&mut self, sql: &str, params: &[Param<'_>], each: &mut Each<'_>) -> Result<(), StoreError> {
        let steps = self.inner.list(&format!("explain query plan {sql}"), params, |row| row.text(3))?;
        self.plans.push(format!("{sql}: {}", steps.into_iter().flatten().collect::<Vec<_>>().join("; ")));
        self.inner.query(sql, params, each)
    }

    fn query_first(&mut self, sql: &str, params: &[Param<'_>], each: &mut Each<'_>) -> Result<(), StoreError> {
        self.query(sql, params, each)
    }

    fn insert_many(&mut self, insert: &Insert<'_>, params: &[Param<'_>]) -> Result<(), StoreError> {
        self.inner.insert_many(insert, params)
    }

    fn step(&mut self, step: Step) -> Result<(), StoreError> {
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

#[test]
fn nothing_that_an_export_walks_is_sorted_first() {
    let folder = tempfile::tempdir().unwrap();
    let store = try_open(folder.path(), options()).unwrap();
    let mut planning = Planning { inner: store.reader().unwrap(), plans: Vec::new() };
    for base in [Base::Catalog, Base::Dataset(1), Base::ModelRun(1), Base::Project(1)] {
        let selection = Selection::prepare(&mut planning, 1, base, &Predicate::All(Vec::new())).unwrap();
        for part in [Part::Range(1..=9), Part::Candidates { keys: vec![1, 5], are_settled: false }] {
            selection.keys(&mut planning, &part).unwrap();
        }
    }
    for section in page::SECTIONS {
        let load = Load { section, scope_key: 1, runs: &[1..=9], skipped: &[], budget_bytes: 1 };
        Page::default().load(&mut planning, &load).unwrap();
    }
    assert!(planning.plans.len() > 4 * 4, "{:#?}", planning.plans);
    for plan in planning.plans {
        assert!(plan.contains("SEARCH") || plan.contains("SCAN b"), "{plan}");
        // Grouping the rows of one block takes memory for its groups only.
        let is_grouped = plan.contains(" group by ") && plan.matches("TEMP B-TREE").count() == 1;
        assert!(is_grouped || !plan.contains("TEMP B-TREE"), "{plan}");
    }
}

#[test]
fn tasks_that_wait_are_counted_among_those_that_are_not_done() {
    let folder = tempfile::tempdir().unwrap();
    let store = try_open(folder.path(), options()).unwrap();
    let mut planning = Planning { inner: store.reader().unwrap(), plans: Vec::new() };
    tasks::count_waiting(&mut planning, 1, Some((&["export"], "key"))).unwrap();
    tasks::list_claimable(&mut planning, 1, &["export"], now()).unwrap();
    assert_eq!(planning.plans.len(), 2);
    for plan in planning.plans {
        assert!(plan.contains("SEARCH tasks USING INDEX tasks_by_status (status=?)"), "{plan}");
    }
}

#[test]
fn a_text_that_is_not_utf_8_is_damage() {
    let folder = tempfile::tempdir().unwrap();
    let store = try_open(folder.path(), options()).unwrap();
    let mut reader = store.reader().unwrap();
    let sql = "select cast(x'ff' as text) as what";
    let error = reader.find(sql, &[], |row| assert_eq!(row.text(0), None)).unwrap_err().to_string();
    assert!(error.contains("the column what holds") && error.contains("where a text in UTF-8 belongs"), "{error}");
    assert_eq!(reader.find(sql, &[], |row| row.shown(0)).unwrap().flatten().as_deref(), Some("\u{fffd}"));
}
