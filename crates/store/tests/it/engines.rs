//! The engines, and how a contract is held against each.

use labelport_model::time::Timestamp;
use labelport_store::Founding;
use labelport_store::Store;
use labelport_store::check;
use labelport_store::postgres::Postgres;
use labelport_store::postgres::scratch::{Locale, Scratch};
use labelport_store::sqlite::{Sqlite, SqliteOptions};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// An engine by name, and how to get an empty store in it; none where there is no server.
type TestEngine = (&'static str, fn() -> Option<TestStore>);

/// Every engine. PostgreSQL orders texts as people do here, which must not be seen.
pub(crate) static ENGINES: &[TestEngine] = &[("sqlite", sqlite), ("postgres", postgres), ("citus", citus)];

/// The variable with the URL of a server on which tests may create databases.
const SERVER: &str = "LABELPORT_TEST_POSTGRES";

/// The same for the coordinator of a Citus cluster.
pub(crate) const COORDINATOR: &str = "LABELPORT_TEST_CITUS";

/// A store that is gone after the test.
pub(crate) struct TestStore {
    pub(crate) store: Store,
    open_again: Box<dyn Fn() -> Store + Send + Sync>,
    open_another: fn() -> Option<TestStore>,
    _place: Place,
}

/// What is gone with a store.
enum Place {
    Folder { _folder: TempDir },
    Database { _database: Arc<Scratch> },
}

impl TestStore {
    fn new(
        open_another: fn() -> Option<TestStore>,
        open_again: Box<dyn Fn() -> Store + Send + Sync>,
        place: Place,
    ) -> Self {
        Self { store: open_again(), open_again, open_another, _place: place }
    }

    /// Opens an empty store of the same engine.
    pub(crate) fn another(&self) -> TestStore {
        (self.open_another)().unwrap()
    }

    /// Opens the same store again, as another process would.
    pub(crate) fn open_again(&self) -> Store {
        (self.open_again)()
    }
}

/// A contract by name.
pub(crate) type Contract = (&'static str, fn(&TestStore));

/// Holds contracts against every engine, each in a store of its own.
pub(crate) fn hold(contracts: &[Contract]) {
    for (engine, open) in ENGINES {
        for (name, contract) in contracts {
            let Some(test) = open() else { break };
            let _named = NamesFailure(engine, name);
            contract(&test);
            assert_eq!(findings(&test.store), Vec::<String>::new(), "{engine}: {name} left a store that is not sound");
        }
    }
}

/// Names the contract that failed.
struct NamesFailure(&'static str, &'static str);

impl Drop for NamesFailure {
    #[expect(clippy::print_stderr, reason = "a test that fails says which of many contracts it was about")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}: the contract {:?} is broken", self.0, self.1);
        }
    }
}

/// Returns what the doctor finds, each with the name of its check.
pub(crate) fn findings(store: &Store) -> Vec<String> {
    let mut snapshot = store.snapshot(1).unwrap();
    let found = check::check(&mut *snapshot.connections[0], store.org_key(), &mut |_| {}).unwrap();
    found.into_iter().map(|finding| format!("{}: {}", finding.check, finding.message)).collect()
}

/// The time at which tests take place: 2026-01-01.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_millis(1_767_225_600_000)
}

pub(crate) fn founding() -> Founding {
    Founding { organization_id: "org00000000000000000000001".to_owned(), now: now() }
}

fn sqlite() -> Option<TestStore> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    let open_again = move || {
        let options = SqliteOptions { lock_wait: Duration::from_secs(60), max_pages: None };
        Store::open(Box::new(Sqlite::open_or_create(&path, options).unwrap()), &founding()).unwrap()
    };
    Some(TestStore::new(sqlite, Box::new(open_again), Place::Folder { _folder: folder }))
}

fn postgres() -> Option<TestStore> {
    on_server(postgres, Scratch::borrow(&variable(SERVER)?, Locale::Icu).unwrap())
}

fn citus() -> Option<TestStore> {
    on_server(citus, Scratch::borrow_distributed(&variable(COORDINATOR)?).unwrap())
}

fn on_server(open_another: fn() -> Option<TestStore>, database: Scratch) -> Option<TestStore> {
    let database = Arc::new(database);
    let opened = Arc::clone(&database);
    let open_again = move || {
        let options = opened.options(Duration::from_secs(60)).unwrap();
        Store::open(Box::new(Postgres::open_or_create(options).unwrap()), &founding()).unwrap()
    };
    Some(TestStore::new(open_another, Box::new(open_again), Place::Database { _database: database }))
}

/// Opens an empty store on the cluster that the tests may use; returns none without a cluster.
pub(crate) fn on_cluster() -> Option<TestStore> {
    citus()
}

/// Creates a database on the server for tests; none where there is no server.
pub(crate) fn scratch(locale: Locale) -> Option<Scratch> {
    Some(Scratch::create(&variable(SERVER)?, locale).unwrap())
}

#[expect(clippy::disallowed_methods, reason = "who runs the tests says where the server is")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
