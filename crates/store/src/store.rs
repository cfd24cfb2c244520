//! A store: one database with one writer and any number of readers.
//!
//! A store holds one organization. Public ids are unique in a store, and many statements find rows by id alone, so a
//! second organization in the same database would be seen by the first: a database that has two is not opened. Those who
//! keep data apart keep it in data folders of their own.

use crate::engine::{Connection, Engine, Listener, StoreError, Traits};
use crate::readers::Readers;
use crate::writer::{Submitter, Writer};
use labelport_model::time::Timestamp;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// An open store.
pub struct Store {
    readers: Arc<Readers>,
    writer: OnceLock<Writer>,
    org_key: i64,
    traits: Traits,
    notice: Mutex<Option<String>>,
}

/// The organization that a store serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// The public id.
    pub id: String,
    /// The name.
    pub name: String,
    /// When it was created.
    pub created: Timestamp,
}

/// What a new store starts with. Time and chance are arguments.
#[derive(Debug, Clone)]
pub struct Founding {
    /// The id of the organization.
    pub organization_id: String,
    /// Now.
    pub now: Timestamp,
}

/// Readers that all see the same state: that of the moment in which the snapshot was taken.
pub struct Snapshot {
    /// At least one connection, one for each thread.
    pub connections: Vec<Box<dyn Connection>>,
    /// The organization's change counter in this state.
    pub change_seq: i64,
}

impl Store {
    /// Opens the store in a database. A new database gets its organization.
    pub fn open(engine: Box<dyn Engine>, founding: &Founding) -> Result<Self, StoreError> {
        let readers = Arc::new(Readers::new(engine));
        let (found, traits) = {
            let mut reader = readers.take()?;
            (find_organization(&mut *reader)?, reader.traits())
        };
        let mut store = Self { readers, writer: OnceLock::new(), org_key: 0, traits, notice: Mutex::default() };
        store.org_key = match found {
            Some(key) => key,
            None => {
                let Founding { organization_id, now } = founding.clone();
                store.write(move |connection| {
                    // Two processes may found at once; the second finds what the first has written.
                    if let Some(key) = find_organization(connection)? {
                        return Ok(key);
                    }
                    connection.execute(
                        "insert into organizations (id, name, created_ms) values ($1, 'labelport', $2)",
                        &[(&organization_id).into(), now.as_millis().into()],
                    )?;
                    connection.count("select org_key from organizations", &[])
                })?
            }
        };
        Ok(store)
    }

    /// Returns what time it is where the rows are kept; none where that is this machine.
    pub fn now(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.reader()?.now_ms()?.map(Timestamp::from_millis))
    }

    /// Returns what its engine differs in from others.
    pub fn traits(&self) -> Traits {
        self.traits
    }

    /// Returns what people should know about how the last snapshot was read; none as a rule.
    pub fn notice(&self) -> Option<String> {
        self.notice.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns how many bytes the database has.
    pub fn size_bytes(&self) -> Result<i64, StoreError> {
        self.reader()?.size_bytes()
    }

    /// Returns the key of the organization that this store serves.
    pub fn org_key(&self) -> i64 {
        self.org_key
    }

    /// Returns the organization that this store serves.
    pub fn organization(&self) -> Result<Organization, StoreError> {
        let sql = "select id, name, created_ms from organizations where org_key = $1";
        let found = self.reader()?.find(sql, &[self.org_key.into()], |row| Organization {
            id: row.text(0).unwrap_or_default(),
            name: row.text(1).unwrap_or_default(),
            created: Timestamp::from_millis(row.int(2).unwrap_or(0)),
        })?;
        found.ok_or_else(|| StoreError::Damaged("the organization of the store is not there".to_owned()))
    }

    /// Returns the time zone of the workspace, in which dates without an offset are read.
    pub fn time_zone(&self) -> Result<String, StoreError> {
        let sql = "select time_zone from organizations where org_key = $1";
        let found = self.reader()?.find(sql, &[self.org_key.into()], |row| row.text(0))?.flatten();
        Ok(found.unwrap_or_else(|| "UTC".to_owned()))
    }

    /// Runs `work` in a transaction on the writer thread and returns its result once that is on disk.
    pub fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut dyn Connection) -> Result<T, StoreError> + Send + 'static,
    {
        self.submitter()?.run(work)
    }

    /// Returns a handle on the writer for another thread. The store outlives no work that was begun through it.
    pub fn submitter(&self) -> Result<Submitter, StoreError> {
        let writer = match self.writer.get() {
            Some(writer) => writer,
            None => {
                let started = Writer::start(self.readers.engine().connect_writer()?);
                self.writer.get_or_init(|| started)
            }
        };
        writer.submitter()
    }

    /// Returns a connection that sees every commit as it comes. It goes back to a pool when it is dropped.
    pub fn reader(&self) -> Result<Box<dyn Connection>, StoreError> {
        self.readers.take()
    }

    /// Begins to hear what other processes say; none where nobody could.
    pub fn listener(&self) -> Result<Option<Box<dyn Listener>>, StoreError> {
        self.readers.engine().listen()
    }

    /// Returns `count` readers on a state that another process reads; none where nobody does any more.
    pub fn join(&self, state: &str, count: usize) -> Result<Option<Snapshot>, StoreError> {
        let mut connections = self.take_readers(count.max(1))?;
        for connection in &mut connections {
            if !connection.import_state(state)? {
                return Ok(None);
            }
        }
        self.read_snapshot(connections).map(Some)
    }

    /// Returns `count` readers on one state.
    pub fn snapshot(&self, count: usize) -> Result<Snapshot, StoreError> {
        let mut connections = self.take_readers(count.max(1))?;
        self.readers.engine().share_state(&mut connections)?;
        self.read_snapshot(connections)
    }

    /// Returns `count` readers. Connections to a server are opened at the same time.
    fn take_readers(&self, count: usize) -> Result<Vec<Box<dyn Connection>>, StoreError> {
        if !self.traits.is_remote {
            return (0..count).map(|_| self.reader()).collect();
        }
        std::thread::scope(|scope| {
            let taken: Vec<_> = (0..count).map(|_| scope.spawn(|| self.reader())).collect();
            // A reader that panics ends the caller, as it would without the thread.
            taken
                .into_iter()
                .map(|taken| taken.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                .collect()
        })
    }

    fn read_snapshot(&self, mut connections: Vec<Box<dyn Connection>>) -> Result<Snapshot, StoreError> {
        let sql = "select change_seq from organizations where org_key = $1";
        let change_seq = connections[0].count(sql, &[self.org_key.into()])?;
        let notice = connections.iter().find_map(|connection| connection.notice());
        *self.notice.lock().unwrap_or_else(PoisonError::into_inner) = notice;
        Ok(Snapshot { connections, change_seq })
    }
}

/// Finds the organization of a store; fails if there are several.
fn find_organization(connection: &mut dyn Connection) -> Result<Option<i64>, StoreError> {
    let mut keys = Vec::new();
    connection.query("select org_key from organizations order by org_key limit 2", &[], &mut |row| {
        keys.extend(row.int(0));
        ControlFlow::Continue(())
    })?;
    match keys[..] {
        [] => Ok(None),
        [key] => Ok(Some(key)),
        _ => Err(StoreError::SeveralOrganizations),
    }
}
