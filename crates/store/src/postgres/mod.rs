//! PostgreSQL, for workspaces that one machine cannot hold.
//!
//! Any number of processes read and write one database. They agree on three things:
//!
//! - **One writes at a time.** A transaction that writes takes an advisory lock before it reads anything, so that change
//!   numbers have no gaps and are in commit order, as on SQLite.
//! - **One state for many readers.** The first reader of a snapshot exports its state, and the others import it.
//! - **One schema.** A process that finds a schema of another version reads and writes nothing.
//!
//! On a Citus cluster the tables lie on several servers: see [`blocks`], [`cluster`] and [`pause`].
//!
//! What was acknowledged is on the disk of the server. When the connection breaks while a commit is under way, the next
//! connection asks the server what became of the transaction.
//!
//! # Adding a migration
//! A file in `migrations`, and a line in `schema`. It changes the tables as the one of SQLite does; a test compares them.
//! A new table is local to the coordinator of a cluster, unless it is in one of the lists of `blocks::tables`; a migration that adds
//! one to a cluster must distribute it.

mod address;
mod address_error;
mod blocks;
mod client;
mod cluster;
mod connection;
mod distribute;
mod error;
mod filling;
mod insert;
mod listener;
mod migrate;
mod pause;
mod schema;
pub mod scratch;
mod session;
mod tls;
mod value;

pub use crate::server_error::PostgresError;
pub use address::{Address, Credentials, has_password};
pub use address_error::AddressError;
pub use filling::Filling;

use crate::engine::{Connection, Engine, Listener, Step, StoreError};
use connection::PostgresConnection;
use listener::PostgresListener;
use pause::Pause;
use schema::Layout;
use session::Role;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A database on a PostgreSQL server.
#[derive(Debug)]
pub struct Postgres {
    options: Arc<PostgresOptions>,
    /// What its readers are for.
    role: Role,
    layout: Layout,
    /// The connection that checked the schema, until the first reader takes it: connecting takes longer than most queries.
    checked: Mutex<Option<PostgresConnection>>,
}

/// How to open the database.
#[derive(Debug, Clone)]
pub struct PostgresOptions {
    /// Where it is, and who asks.
    pub address: Address,
    /// How long a writer waits for another process.
    pub lock_wait: Duration,
}

impl Postgres {
    /// Opens a database that has a workspace, and brings its schema up to date. A server that only replays the changes of
    /// another one is read as it is.
    pub fn open(options: PostgresOptions) -> Result<Self, StoreError> {
        let options = Arc::new(options);
        let checked = migrate::migrate(&options, false)?;
        Ok(Self { options, role: Role::Reader, layout: checked.layout(), checked: Mutex::new(Some(checked)) })
    }

    /// Opens a database, which gets the tables of a workspace if it is empty.
    pub fn open_or_create(options: PostgresOptions) -> Result<Self, StoreError> {
        let options = Arc::new(options);
        let checked = migrate::migrate(&options, true)?;
        Ok(Self { options, role: Role::Reader, layout: checked.layout(), checked: Mutex::new(Some(checked)) })
    }

    /// Distributes the tables of a workspace over the nodes of a Citus cluster, of which `options` name the coordinator. An empty
    /// database gets the tables first. Returns whether they were not distributed before.
    pub fn distribute(options: PostgresOptions) -> Result<bool, StoreError> {
        distribute::distribute(options)
    }

    /// Returns whether a database has a workspace. Nothing is changed.
    pub fn has_store(options: PostgresOptions) -> Result<bool, StoreError> {
        migrate::has_store(&Arc::new(options))
    }
}

impl Postgres {
    /// Has readers of a cluster begin while nobody writes.
    fn share_cluster(&self, readers: &mut [Box<dyn Connection>]) -> Result<(), StoreError> {
        // They connect to the nodes when they first begin, which is not to keep writers waiting.
        at_once(readers, |reader| {
            reader.step(Step::BeginRead)?;
            reader.step(Step::RollBack)
        })?;
        let pause = Pause::begin(&self.options)?;
        let begun = at_once(readers, |reader| reader.step(Step::BeginRead));
        drop(pause);
        begun
    }
}

/// Has each of several readers do something at the same time.
fn at_once(
    readers: &mut [Box<dyn Connection>],
    act: fn(&mut dyn Connection) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    std::thread::scope(|scope| {
        let begun: Vec<_> = readers.iter_mut().map(|reader| scope.spawn(move || act(&mut **reader))).collect();
        // A reader that panics ends the caller, as it would without the thread.
        begun.into_iter().try_for_each(|begun| begun.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}

impl Engine for Postgres {
    fn connect_writer(&self) -> Result<Box<dyn Connection>, StoreError> {
        Ok(Box::new(PostgresConnection::open(&self.options, Role::Writer, self.layout)?))
    }

    fn connect_reader(&self) -> Result<Box<dyn Connection>, StoreError> {
        let checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner).take();
        // It may have been lost meanwhile.
        Ok(Box::new(match checked.and_then(|checked| checked.into_reader().ok()) {
            Some(connection) => connection,
            None => PostgresConnection::open(&self.options, self.role, self.layout)?,
        }))
    }

    fn listen(&self) -> Result<Option<Box<dyn Listener>>, StoreError> {
        Ok(Some(Box::new(PostgresListener::open(&self.options)?)))
    }

    fn share_state(&self, readers: &mut [Box<dyn Connection>]) -> Result<(), StoreError> {
        if self.layout == Layout::Distributed {
            return self.share_cluster(readers);
        }
        let Some((first, others)) = readers.split_first_mut() else { return Ok(()) };
        first.step(Step::BeginRead)?;
        if others.is_empty() {
            return Ok(());
        }
        let state = first.export_state()?.unwrap_or_default();
        for other in others {
            if !other.import_state(&state)? {
                let server = self.options.address.shown().to_owned();
                let reason = "the connection that exports a snapshot has ended".to_owned();
                return Err(PostgresError::Lost { server, reason }.into());
            }
        }
        Ok(())
    }
}
