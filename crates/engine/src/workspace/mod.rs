//! A workspace: the store with everything else that a server needs.
//!
//! Files, results, the outgoing client, the signer of URLs, the clock and chance are here once, and every function that
//! serves a call takes a workspace and a caller. It holds no rules: those are in the modules of the things they are about.

pub mod access;
pub mod api_keys;
pub mod counters;
pub mod signing;
pub mod wake_up;

use crate::ambient::{Chance, Clock};
use crate::outbound::{Client, FetchError, Fetched, Limits};
use crate::storage::error::StorageError;
use crate::storage::files::{Files, Kept};
use crate::storage::results::{Results, Stored};
use crate::storage::{Folder, Storage};
use access::Caller;
use counters::Counters;
use labelport_model::problem::{Problem, ProblemKind};
use labelport_model::time::{Timestamp, Zone};
use labelport_store::Connection;
use labelport_store::Organization;
use labelport_store::Store;
use labelport_store::StoreError;
use labelport_store::tables::files;
use labelport_store::tables::files::File;
use labelport_store::tables::settings;
use signing::Signer;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use wake_up::WakeUp;

/// An open workspace.
pub struct Workspace {
    store: Store,
    files: Files,
    results: Results,
    client: Client,
    /// What URLs that are given out begin with.
    public_url: String,
    /// The signer with the secret that was read last.
    signer: Mutex<Arc<Signer>>,
    clock: Arc<dyn Clock>,
    chance: Arc<dyn Chance>,
    threads: usize,
    counters: Counters,
    queued_exports_limit: Option<i64>,
    /// Whether files are read from where they lie.
    is_redirecting: bool,
    wake_up: WakeUp,
    /// The indexes of the results read last.
    opened: Mutex<Vec<(String, Arc<Stored>)>>,
    /// The tasks at whose exports this process works.
    engaged: Mutex<Vec<String>>,
    /// How many parts of a selection other processes may take at once.
    range_parts: u64,
}

/// Says, as long as it is there, that this process works at the export of a task.
pub(crate) struct Engaged<'a> {
    workspace: &'a Workspace,
    task_id: String,
}

impl Drop for Engaged<'_> {
    fn drop(&mut self) {
        let mut engaged = self.workspace.engaged.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = engaged.iter().position(|id| *id == self.task_id) {
            engaged.swap_remove(place);
        }
    }
}

/// What a workspace is made of.
pub struct Opening {
    /// The store.
    pub store: Store,
    /// The data folder, in which temporary files are made.
    pub folder: PathBuf,
    /// Where files and results lie; none for the data folder.
    pub storage: Option<Arc<dyn Storage>>,
    /// The client that fetches what users name by URL.
    pub client: Client,
    /// What URLs that are given out begin with; none for what was set before.
    pub public_url: Option<String>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Gives random bytes.
    pub chance: Arc<dyn Chance>,
    /// How many threads an export may use.
    pub threads: usize,
}

/// A file to keep.
#[derive(Debug, Clone)]
pub struct NewFile<'a> {
    /// The id, which nobody else has.
    pub id: &'a str,
    /// The name that it came with.
    pub name: &'a str,
    /// The content type that it came with.
    pub content_type: Option<&'a str>,
    /// Who sends it.
    pub created_by: Option<&'a str>,
}

/// How many parts of a selection other processes may take at once, unless somebody says otherwise.
const RANGE_PARTS: u64 = 8;
/// How many rows a part of a selection has, about.
const PART_ROWS: u64 = 1_024;
/// How long a URL of the object store works: a download that began goes on after that.
const REDIRECT_LIFETIME: Duration = Duration::from_secs(900);
/// The most results whose indexes are kept.
const OPENED_LIMIT: usize = 16;

impl Workspace {
    /// Opens a workspace. The first time it gets the secret that signs its URLs; where nothing is new, nothing is written.
    pub fn open(opening: Opening) -> Result<Self, StoreError> {
        let Opening { store, folder, storage, client, public_url, clock, chance, threads } = opening;
        let (secret, org_key) = (chance.secret(), store.org_key());
        let known = settings_of_urls(&store)?.filter(|(_, url)| public_url.is_none() || *url == public_url);
        let signer = match known {
            Some((signer, _)) => signer,
            None => store.write(move |connection| {
                if settings::find(connection, settings::SIGNING_SECRET)?.is_none() {
                    settings::put(connection, settings::SIGNING_SECRET, &secret)?;
                }
                if let Some(public_url) = &public_url {
                    settings::put_of_urls(connection, org_key, settings::PUBLIC_URL, public_url)?;
                }
                Signer::read(connection)?.ok_or(StoreError::Withdrawn)
            })?,
        };
        let storage = storage.unwrap_or_else(|| Arc::new(Folder::new(&folder)));
        Ok(Self {
            store,
            files: Files::on(Arc::clone(&storage), &folder),
            results: Results::on(storage, &folder),
            client,
            public_url: signer.public_url().to_owned(),
            signer: Mutex::new(Arc::new(signer)),
            clock,
            chance,
            threads,
            counters: Counters::default(),
            queued_exports_limit: None,
            is_redirecting: false,
            wake_up: WakeUp::default(),
            opened: Mutex::default(),
            engaged: Mutex::default(),
            range_parts: RANGE_PARTS,
        })
    }

    /// Sets about how many rows of an export other processes may take at once.
    pub fn with_range_rows(self, rows: u64) -> Self {
        Self { range_parts: (rows / PART_ROWS).max(1), ..self }
    }

    /// Returns how many parts of a selection other processes may take at once.
    pub(crate) fn range_parts(&self) -> u64 {
        self.range_parts
    }

    /// Begins to work at the export of a task; none where this process does so already.
    pub(crate) fn engage(&self, task_id: &str) -> Option<Engaged<'_>> {
        let mut engaged = self.engaged.lock().unwrap_or_else(PoisonError::into_inner);
        if engaged.iter().any(|id| id == task_id) {
            return None;
        }
        engaged.push(task_id.to_owned());
        Some(Engaged { workspace: self, task_id: task_id.to_owned() })
    }

    /// Limits how many exports of one API key may wait for a worker.
    pub fn with_queued_exports_limit(self, limit: i64) -> Self {
        Self { queued_exports_limit: Some(limit), ..self }
    }

    /// Leads readers of files to the object store in which they lie.
    pub fn with_redirects(self) -> Self {
        Self { is_redirecting: true, ..self }
    }

    /// Returns a URL of the object store that reads a file for a while; none where readers are not led there.
    pub fn redirect_of(&self, id: &str) -> Result<Option<String>, Problem> {
        match self.is_redirecting {
            true => self.files.signed_url(id, REDIRECT_LIFETIME).map_err(unreadable),
            false => Ok(None),
        }
    }

    /// Returns how many exports of one API key may wait for a worker; none for any number.
    pub fn queued_exports_limit(&self) -> Option<i64> {
        self.queued_exports_limit
    }

    /// Returns what this process has done since it began.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Returns the store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Returns the key of the organization.
    pub fn org_key(&self) -> i64 {
        self.store.org_key()
    }

    /// Returns where files lie.
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// Returns where results lie.
    pub fn results(&self) -> &Results {
        &self.results
    }

    /// Returns the client that fetches what users name by URL.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Returns what URLs that are given out begin with.
    pub fn public_url(&self) -> &str {
        &self.public_url
    }

    /// Returns the signer of URLs. Its secret is read each time: `labelport key rotate-signing` replaces it in another
    /// process, and must have ended the old URLs when it returns. Where the store cannot be read it is the one before,
    /// with which a URL that nobody can open is made.
    pub fn signer(&self) -> Arc<Signer> {
        self.current_signer().unwrap_or_else(|_| Arc::clone(&self.known_signer()))
    }

    /// Fails unless a signature is that of a path, by the secret of now, and its time is not over.
    pub fn check_signature(&self, path: &str, expires: Option<i64>, signature: Option<&str>) -> Result<(), Problem> {
        self.current_signer()?.check(path, expires, signature, self.now())
    }

    fn current_signer(&self) -> Result<Arc<Signer>, Problem> {
        let current = self.read(|connection| Ok(Signer::read(connection)?))?;
        let mut known = self.known_signer();
        if let Some(current) = current.filter(|current| *current != **known) {
            *known = Arc::new(current);
        }
        Ok(Arc::clone(&known))
    }

    fn known_signer(&self) -> MutexGuard<'_, Arc<Signer>> {
        self.signer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a new secret for URLs. Every URL that was signed before ends, also in a server that is running.
    pub fn rotate_signing_secret(&self) -> Result<(), Problem> {
        let (secret, org_key) = (self.chance.secret(), self.org_key());
        self.write(move |connection| Ok(settings::put_of_urls(connection, org_key, settings::SIGNING_SECRET, &secret)?))
    }

    /// Returns chance.
    pub fn chance(&self) -> &dyn Chance {
        &*self.chance
    }

    /// Returns chance for work that runs elsewhere.
    pub fn shared_chance(&self) -> Arc<dyn Chance> {
        Arc::clone(&self.chance)
    }

    /// Returns the clock.
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// Returns now.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Returns how many threads an export may use.
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// Returns what wakes workers, and callers that wait for them.
    pub fn wake_up(&self) -> &WakeUp {
        &self.wake_up
    }

    /// Reads with a connection that sees every commit.
    pub fn read<T>(&self, read: impl FnOnce(&mut dyn Connection) -> Result<T, Problem>) -> Result<T, Problem> {
        read(&mut *self.store.reader()?)
    }

    /// Writes in one transaction. What the work refuses leaves nothing.
    pub fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn Connection) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let mut refused = None;
        let (send, receive) = std::sync::mpsc::sync_channel(1);
        let outcome = self.store.write(move |connection| {
            work(connection).map_err(|problem| {
                // The store takes the transaction back on any error; which one it was is kept separately.
                drop(send.send(problem));
                StoreError::Withdrawn
            })
        });
        if outcome.is_err() {
            refused = receive.try_recv().ok();
        }
        match (outcome, refused) {
            (Ok(value), _) => Ok(value),
            (Err(_), Some(problem)) => Err(problem),
            (Err(error), None) => Err(error.into()),
        }
    }

    /// Finds out who is asking.
    pub fn identify(&self, key: Option<&str>) -> Result<Caller, Problem> {
        self.read(|connection| access::identify(connection, self.org_key(), key, self.now())?)
    }

    /// Returns the zone in which dates of a user are read.
    pub fn zone_of(&self, user: &labelport_store::tables::api_keys::User) -> Result<Zone, Problem> {
        let name = match &user.time_zone {
            Some(name) => name.clone(),
            None => self.store.time_zone()?,
        };
        Zone::parse(&name).map_err(Problem::internal)
    }

    /// Returns what is noted of a file that was written.
    pub(crate) fn file_of(&self, new: &NewFile<'_>, kept: &Kept) -> File {
        File {
            id: new.id.to_owned(),
            name: new.name.to_owned(),
            content_type: new.content_type.map(str::to_owned),
            size_bytes: i64::try_from(kept.size_bytes).unwrap_or(i64::MAX),
            sha256: kept.sha256.clone(),
            created_by: new.created_by.map(str::to_owned),
            created: self.now(),
        }
    }

    /// Returns what is known of a file, and its size. Files from before their table was made are known by their bytes alone.
    pub fn get_file(&self, id: &str) -> Result<(Option<File>, u64), Problem> {
        let file = self.read(|connection| Ok(files::find(connection, self.org_key(), id)?))?;
        let size_bytes =
            self.files.size_bytes(id).map_err(unreadable)?.ok_or_else(|| Problem::not_found("file", id))?;
        Ok((file, size_bytes))
    }

    /// Returns the id of the file that holds a mask.
    pub fn get_mask_file(&self, place: &str) -> Result<String, Problem> {
        let id = self.read(|connection| Ok(files::find_mask(connection, self.org_key(), place)?))?;
        id.ok_or_else(|| Problem::new(ProblemKind::NotFound, "there is no such mask in this workspace"))
    }

    /// Returns the organization.
    pub fn organization(&self) -> Result<Organization, Problem> {
        Ok(self.store.organization()?)
    }

    /// Returns the name of the time zone in which dates are read, unless a user has another.
    pub fn time_zone(&self) -> Result<String, Problem> {
        Ok(self.store.time_zone()?)
    }

    /// Returns the size of the database, in bytes.
    pub fn database_bytes(&self) -> Result<i64, Problem> {
        Ok(self.store.size_bytes()?)
    }

    /// Fails unless the database can be read and written. Nothing is changed.
    pub fn check_ready(&self) -> Result<(), Problem> {
        self.store.time_zone()?;
        self.store.write(|connection| settings::find(connection, settings::PUBLIC_URL))?;
        Ok(())
    }

    /// Keeps a file that was written, and returns it.
    pub fn note_file(&self, new: &NewFile<'_>, kept: &Kept) -> Result<File, Problem> {
        let file = self.file_of(new, kept);
        let org_key = self.org_key();
        let noted = file.clone();
        self.store.write(move |connection| files::create(connection, org_key, &noted))?;
        Ok(file)
    }

    /// Keeps bytes as a file, and returns its URL.
    pub fn keep_file(&self, new: &NewFile<'_>, bytes: &[u8]) -> Result<String, Problem> {
        let kept = self.files.write(new.id, bytes).map_err(unwritable)?;
        let file = self.note_file(new, &kept)?;
        Ok(self.file_url(&file.id, &file.name))
    }

    /// Returns the URL of a file. It works for the life of the file, and ends like the name that the file came with, by
    /// which readers guess what it is.
    pub fn file_url(&self, id: &str, name: &str) -> String {
        let mut tail: String = name.rsplit(['/', '\\']).next().unwrap_or_default().chars().collect();
        tail.retain(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_'));
        if tail.is_empty() {
            tail.push_str("file");
        }
        self.signer().url(&format!("/files/{id}/{tail}"), None)
    }

    /// Finds the file that a URL of this workspace leads to.
    pub fn find_own_file(&self, url: &str) -> Option<String> {
        let mut parts = self.known_signer().own_path(url)?.strip_prefix("/files/")?.split('/');
        parts.next().map(str::to_owned)
    }

    /// Copies the file at a URL to a writer: a file here, or one of another server. Fails with a cause only if the writer
    /// failed.
    pub fn fetch(&self, url: &str, limits: Limits, out: &mut dyn Write) -> Result<Fetched, Problem> {
        let Some(id) = self.find_own_file(url) else {
            return self.client.get(url, limits, out).map_err(|error| match error {
                FetchError::Keep(error) => unwritable(error),
                error => Problem::malformed(error.to_string()),
            });
        };
        let file = self.read(|connection| Ok(files::find(connection, self.org_key(), &id)?))?;
        let file = file.ok_or_else(|| Problem::not_found("file", &id))?;
        let refuse = |error: io::Error| match StorageError::of_whole(&error) {
            Some(_) => unreadable(error),
            None => Problem::malformed(format!("the file {} cannot be read: {error}", file.name)),
        };
        let mut opened = self.files.open(&file.id).map_err(refuse)?;
        let length = opened.metadata().map_err(refuse)?.len();
        if length > limits.size_bytes {
            let Limits { size_bytes, remedy, .. } = limits;
            let message = format!("the file {} is larger than {size_bytes} bytes; {remedy}", file.name);
            return Err(Problem::malformed(message));
        }
        // Files here are never changed, so a failed copy means that it cannot be written.
        io::copy(&mut opened, out).map_err(unwritable)?;
        Ok(Fetched { content_type: file.content_type, content_length: Some(length) })
    }

    /// Returns the bytes at a URL, of which the limits allow no more than fit in memory.
    pub fn fetch_bytes(&self, url: &str, limits: Limits) -> Result<Vec<u8>, Problem> {
        let mut bytes = Vec::new();
        self.fetch(url, limits, &mut bytes)?;
        Ok(bytes)
    }

    /// Opens the result of a task; none where there is none, not yet or not any more.
    pub fn open_result(&self, task_id: &str) -> Result<Option<Arc<Stored>>, Problem> {
        if let Ok(opened) = self.opened.lock()
            && let Some((_, stored)) = opened.iter().find(|(id, _)| id == task_id)
        {
            return Ok(Some(Arc::clone(stored)));
        }
        let Some(stored) = self.results.open(task_id).map_err(unreadable)? else { return Ok(None) };
        let stored = Arc::new(stored);
        if let Ok(mut opened) = self.opened.lock() {
            opened.truncate(OPENED_LIMIT - 1);
            opened.insert(0, (task_id.to_owned(), Arc::clone(&stored)));
        }
        Ok(Some(stored))
    }

    /// Forgets an index that was kept.
    pub fn forget_result(&self, task_id: &str) {
        if let Ok(mut opened) = self.opened.lock() {
            opened.retain(|(id, _)| id != task_id);
        }
    }
}

/// Returns the signer of a store, and what URLs begin with where that was said.
fn settings_of_urls(store: &Store) -> Result<Option<(Signer, Option<String>)>, StoreError> {
    let reader = &mut *store.reader()?;
    let public_url = settings::find(reader, settings::PUBLIC_URL)?;
    Ok(Signer::read(reader)?.map(|signer| (signer, public_url)))
}

/// Says that a file could not be written.
pub fn unwritable(error: io::Error) -> Problem {
    let message = match error.kind() {
        io::ErrorKind::StorageFull => {
            "the disk of the data folder is full; free some space and send it again".to_owned()
        }
        _ if StorageError::is_passing(&error) => DOWN.to_owned(),
        _ if StorageError::find(&error).is_some() => {
            "the server cannot keep the file; its operator has to look at the object store, and at the log".to_owned()
        }
        _ => format!("the server cannot keep the file ({error}); its operator has to look at the data folder"),
    };
    Problem { kind: ProblemKind::Internal, message, cause: Some(Box::new(error)) }
}

/// What is said where the object store does not answer. What it is called is for the operator.
const DOWN: &str = "the object store of this server does not answer; nothing is lost: try again in a minute";

/// Says that what is kept could not be read.
pub fn unreadable(error: io::Error) -> Problem {
    match StorageError::is_passing(&error) {
        true => Problem { kind: ProblemKind::Internal, message: DOWN.to_owned(), cause: Some(Box::new(error)) },
        false => Problem::internal(error),
    }
}
