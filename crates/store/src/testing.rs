//! Stores for the tests of other crates, in the engine that a run is about.
//!
//! A run is about SQLite, unless `LABELPORT_TEST_STORE` is `postgres`, then about the server that `LABELPORT_TEST_POSTGRES` names,
//! or `citus`, then about the cluster of the coordinator that `LABELPORT_TEST_CITUS` names.

use crate::engine::{Connection, Engine};
use crate::postgres::Postgres;
use crate::postgres::scratch::{Locale, Scratch};
use crate::row_key::RowKey;
use crate::sqlite::{DATABASE_FILE, Sqlite, SqliteOptions};
use crate::store::Store;
use crate::transfer;
use std::path::Path;
use std::time::Duration;

/// What must live as long as a store.
#[derive(Debug)]
pub struct Kept(Option<Scratch>);

impl Kept {
    /// Returns the URL of the database, where there is one.
    pub fn url(&self) -> Option<&str> {
        self.0.as_ref().map(Scratch::url)
    }
}

impl Kept {
    /// Opens the engine of a workspace with this data folder, which it need not have yet.
    ///
    /// # Panics
    /// Where it cannot be opened: a test goes no further.
    pub fn engine(&self, folder: &Path, lock_wait: Duration) -> Box<dyn Engine> {
        match &self.0 {
            None => {
                let options = SqliteOptions { lock_wait, max_pages: None };
                Box::new(Sqlite::open_or_create(folder, options).expect("the folder can be written"))
            }
            Some(database) => {
                let options = database.options(lock_wait).expect("the URL was made here");
                Box::new(Postgres::open_or_create(options).expect("the database is empty or ours"))
            }
        }
    }

    /// Returns whether there is a workspace.
    ///
    /// # Panics
    /// Where the server does not answer: a test goes no further.
    pub fn has_store(&self, folder: &Path) -> bool {
        match &self.0 {
            None => folder.join(DATABASE_FILE).exists(),
            Some(database) => {
                let options = database.options(Duration::from_secs(10)).expect("the URL was made here");
                Postgres::has_store(options).expect("the server answers")
            }
        }
    }
}

/// Returns whether the run is about PostgreSQL, on one server or on many.
pub fn is_on_postgres() -> bool {
    matches!(variable("LABELPORT_TEST_STORE").as_deref(), Some("postgres" | "citus"))
}

/// Returns whether the run is about a cluster.
pub fn is_on_cluster() -> bool {
    variable("LABELPORT_TEST_STORE").as_deref() == Some("citus")
}

/// Returns how often to repeat a test with other random data or at other moments: a quarter as often on PostgreSQL, where
/// the same logic runs and each statement costs a round trip.
pub fn repetitions(on_sqlite: u64) -> u64 {
    if is_on_postgres() { on_sqlite.div_ceil(4) } else { on_sqlite }
}

/// Makes a database that nobody else has, where a run is about a server.
///
/// # Panics
/// Where the server cannot do it: a test goes no further.
pub fn database() -> Kept {
    if !is_on_postgres() {
        return Kept(None);
    }
    if is_on_cluster() {
        let coordinator = variable("LABELPORT_TEST_CITUS").expect("LABELPORT_TEST_CITUS names the coordinator");
        return Kept(Some(Scratch::borrow_distributed(&coordinator).expect("a database can be created")));
    }
    let server = variable("LABELPORT_TEST_POSTGRES").expect("LABELPORT_TEST_POSTGRES names the server");
    Kept(Some(Scratch::borrow(&server, Locale::Icu).expect("a database can be created")))
}

/// Opens an engine without a workspace. The folder is empty.
///
/// # Panics
/// Where it cannot be opened: a test goes no further.
pub fn engine(folder: &Path, lock_wait: Duration) -> (Box<dyn Engine>, Kept) {
    let kept = database();
    (kept.engine(folder, lock_wait), kept)
}

/// Has the next row get the key after this one, as if rows with all keys up to it had been there.
///
/// # Panics
/// Where it cannot be written: a test goes no further.
pub fn skip_keys(store: &Store, last: RowKey) {
    let sql = "update counters set value = $1 where name = 'row_key'";
    store.write(move |connection| connection.execute(sql, &[last.into()])).expect("the counter can be written");
}

/// Returns every row of every table of a database on a server, as text.
///
/// # Panics
/// Where they cannot be read: a test goes no further.
pub fn dump(connection: &mut dyn Connection) -> Vec<u8> {
    let mut all = String::new();
    for table in transfer::table_names() {
        let sql = format!("select t::text from {table} t order by 1");
        let rows = connection.list(&sql, &[], |row| row.text(0)).expect("the table can be read");
        all.push_str(&format!("{table} {rows:?}\n"));
    }
    all.into_bytes()
}

#[expect(clippy::disallowed_methods, reason = "who runs the tests says what they are about")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
