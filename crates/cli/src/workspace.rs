//! The workspace of a command: its data folder, the database where that is elsewhere, and what of the world it needs.

use crate::ambient::{self, SystemChance, SystemClock};
use crate::database::Database;
use crate::founding::found;
use crate::messages::Messages;
use crate::outcome::Failure;
use crate::storage;
use labelport_engine::disk::private::{self, Tightened};
use labelport_engine::outbound::{Client, Policy};
use labelport_engine::storage::Storage;
use labelport_engine::storage::bucket::{Address, PART_PIECE_BYTES};
use labelport_engine::storage::files::Files;
use labelport_engine::storage::results::Results;
use labelport_engine::workspace::{Opening, Workspace as Served};
use labelport_store::sqlite::{self, Sqlite, SqliteOptions};
use labelport_store::{Store, StoreError};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The data folder where none is named.
const DEFAULT_FOLDER: &str = "labelport-data";

/// The variable with the address of the database.
pub(crate) const STORE_VARIABLE: &str = "LABELPORT_STORE";

/// How long a reader waits to write something in addition.
const READER_LOCK_WAIT: Duration = Duration::from_millis(500);

/// Where rows are.
pub(crate) enum Place {
    Folder(PathBuf),
    Database(Box<Database>),
}

impl Place {
    /// Reads the argument of a command: the URL of a database, or else a data folder.
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        match Database::is_named_by(text) {
            true => Ok(Self::Database(Box::new(Database::parse(text, true)?))),
            false => Ok(Self::Folder(PathBuf::from(text))),
        }
    }

    /// Returns what messages call it.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Folder(folder) => folder.display().to_string(),
            Self::Database(database) => database.shown().to_owned(),
        }
    }
}

/// A workspace, not opened yet.
pub(crate) struct Workspace {
    /// Where files and results lie, and the rows, unless there is a database for them.
    folder: PathBuf,
    database: Option<Database>,
    is_named: bool,
    /// Where files and results lie; none for the folder.
    results: Option<Address>,
    lock_wait: Duration,
    messages: Messages,
}

impl Workspace {
    /// Takes the folder that was named, or the default one.
    pub(crate) fn new(
        folder: Option<&str>,
        database: Option<Database>,
        lock_wait_secs: u16,
        messages: Messages,
    ) -> Self {
        Self {
            database,
            folder: PathBuf::from(folder.unwrap_or(DEFAULT_FOLDER)),
            is_named: folder.is_some(),
            results: None,
            lock_wait: Duration::from_secs(lock_wait_secs.into()),
            messages,
        }
    }

    /// Returns this workspace with its files and results in a bucket.
    pub(crate) fn with_results(self, results: Option<Address>) -> Self {
        Self { results, ..self }
    }

    /// Returns where files and results lie; none for the data folder.
    pub(crate) fn results_address(&self) -> Option<&Address> {
        self.results.as_ref()
    }

    /// Opens the bucket in which files and results lie; none where they lie in the data folder.
    pub(crate) fn storage(&self) -> Result<Option<Arc<dyn Storage>>, Failure> {
        self.results.as_ref().map(|address| storage::open(address, PART_PIECE_BYTES)).transpose()
    }

    /// Returns the files of the workspace.
    pub(crate) fn files(&self) -> Result<Files, Failure> {
        Ok(match self.storage()? {
            Some(storage) => Files::on(storage, &self.folder),
            None => Files::new(&self.folder),
        })
    }

    /// Returns the results of the workspace.
    pub(crate) fn results(&self) -> Result<Results, Failure> {
        Ok(match self.storage()? {
            Some(storage) => Results::on(storage, &self.folder),
            None => Results::new(&self.folder),
        })
    }

    /// Returns this workspace, or another folder if none was named.
    pub(crate) fn or_folder(&self, folder: &str) -> Self {
        let folder = if self.is_named { self.folder.clone() } else { PathBuf::from(folder) };
        let database = self.database.clone();
        Self { folder, database, results: self.results.clone(), is_named: true, ..*self }
    }

    /// Returns a workspace that is all in one folder, opened as this one is.
    pub(crate) fn elsewhere(&self, folder: &Path) -> Self {
        let folder = folder.to_owned();
        Self { folder, database: None, results: None, is_named: true, ..*self }
    }

    /// Returns the workspace whose rows are at a place, opened as this one is.
    pub(crate) fn at(&self, place: &Place) -> Self {
        match place {
            Place::Folder(folder) => self.elsewhere(folder),
            Place::Database(database) => Self { database: Some((**database).clone()), ..self.elsewhere(&self.folder) },
        }
    }

    /// Returns how long to wait for another process that writes.
    pub(crate) fn lock_wait(&self) -> Duration {
        self.lock_wait
    }

    /// Returns the data folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the database, unless it is in the folder.
    pub(crate) fn database(&self) -> Option<&Database> {
        self.database.as_ref()
    }

    /// Returns where the rows are, for people.
    pub(crate) fn shown(&self) -> String {
        self.database.as_ref().map_or_else(|| self.folder.display().to_string(), |database| database.shown().to_owned())
    }

    /// Fails where the rows are not in the folder.
    pub(crate) fn refuse_database(&self, instead: &str) -> Result<(), Failure> {
        match &self.database {
            None => Ok(()),
            Some(database) => {
                let message = format!("the rows are in {}, which this command does not copy", database.shown());
                Err(Failure::usage(message).hint(instead))
            }
        }
    }

    /// Opens the store of a folder that has one.
    pub(crate) fn open(&self) -> Result<Store, Failure> {
        self.open_with(self.options())
    }

    /// Opens the store for work that only reads: what it writes in addition, such as its task, is not worth waiting for.
    pub(crate) fn open_to_read(&self) -> Result<Store, Failure> {
        let lock_wait = self.lock_wait.min(READER_LOCK_WAIT);
        self.open_with(SqliteOptions { lock_wait, ..self.options() })
    }

    /// Returns whether the database was surely copied without its log. The first command that opens it hides that.
    pub(crate) fn lacks_log(&self) -> bool {
        self.database.is_none() && sqlite::lacks_log(&self.folder)
    }

    /// Warns of a database that was copied without its log.
    fn check_log(&self) {
        if self.lacks_log() {
            let message = format!(
                "the database in {} was copied without its log (labelport.sqlite-wal), so the latest changes may be \
                 missing; copy it again with `labelport backup`",
                self.folder.display()
            );
            let event = serde_json::json!({ "event": "warning", "message": message });
            self.messages.event(&event, &format!("warning: {message}"));
        }
    }

    /// Sees to it that nobody else can read the data folder.
    fn tighten(&self) {
        let folder = self.folder.display();
        // A folder that is not there, or cannot be looked at, is reported when it is opened.
        match private::tighten(&self.folder).unwrap_or(Tightened::Unchanged) {
            Tightened::Unchanged => {}
            Tightened::Closed => self.messages.note(&format!(
                "notice: other users of this machine could read {folder}; now only its owner can (mode 0700)"
            )),
            Tightened::LeftOpen => self.messages.note(&format!(
                "notice: other users of this machine can read {folder}, and only its owner can change that: chmod 700"
            )),
        }
    }

    fn open_with(&self, options: SqliteOptions) -> Result<Store, Failure> {
        if let Some(database) = &self.database {
            let store = database.open(options.lock_wait)?;
            return self.beside(store);
        }
        self.check_log();
        let mut moving = self.watch_moving();
        let opened = Sqlite::open_watched(&self.folder, options, &mut moving);
        drop(moving);
        let opened = opened.and_then(found);
        // Not before: what is no workspace keeps its permissions.
        opened.inspect(|_| self.tighten()).map_err(|error| match error {
            StoreError::NoFolder { .. } => Failure::new(error).hint(
                "`labelport demo` makes a workspace to try, `labelport import labelbox FILE` makes one of your own",
            ),
            error => error.into(),
        })
    }

    /// Makes the folder of a workspace whose rows are elsewhere.
    fn beside(&self, store: Store) -> Result<Store, Failure> {
        private::create_folders(&self.folder)
            .map_err(|error| StoreError::ReadOnly { folder: self.folder.clone(), reason: error.to_string() })?;
        self.tighten();
        Ok(store)
    }

    /// Shows how far a folder of an earlier version has been brought up to date. That may be stopped at any time.
    fn watch_moving(&self) -> impl FnMut(u64, u64) -> ControlFlow<()> + use<> {
        let messages = self.messages;
        let mut progress = None;
        move |done, total| {
            let progress = progress.get_or_insert_with(|| messages.progress("updating the data folder", Some(total)));
            progress.set_of(done, total, done);
            ControlFlow::Continue(())
        }
    }

    /// Returns whether there is a store.
    pub(crate) fn exists(&self) -> Result<bool, Failure> {
        match &self.database {
            Some(database) => Ok(database.has_store(self.lock_wait)?),
            None => Ok(self.folder.join(sqlite::DATABASE_FILE).exists()),
        }
    }

    /// Opens the store of a folder, which is made if need be.
    pub(crate) fn open_or_create(&self) -> Result<Store, Failure> {
        if let Some(database) = &self.database {
            return self.beside(database.open_or_create(self.lock_wait)?);
        }
        self.check_log();
        let mut moving = self.watch_moving();
        let opened = Sqlite::open_to_write(&self.folder, self.options(), &mut moving);
        drop(moving);
        let store = opened.and_then(found)?;
        self.tighten();
        Ok(store)
    }

    /// Opens the workspace of a store as the server does, without serving it.
    pub(crate) fn open_served(&self, store: Store) -> Result<Served, Failure> {
        self.open_served_with(store, Policy::default())
    }

    /// Opens it with a policy for what leaves the process.
    pub(crate) fn open_served_with(&self, store: Store, policy: Policy) -> Result<Served, Failure> {
        let clock = SystemClock::of(&store)?;
        let opening = Opening {
            store,
            folder: self.folder.clone(),
            storage: self.storage()?,
            client: Client::new(policy),
            public_url: None,
            clock: Arc::new(clock),
            chance: Arc::new(SystemChance),
            threads: ambient::processors(),
        };
        Ok(Served::open(opening)?)
    }

    pub(crate) fn options(&self) -> SqliteOptions {
        SqliteOptions { lock_wait: self.lock_wait, max_pages: None }
    }
}
