//! Assets of rows for packages that hold them: files that the workspace keeps, files of this machine, and what is fetched.
//!
//! Before the first byte of a result, only what is certain without fetching is known: an asset that the workspace keeps is
//! there or not, and a URL can be fetched or not. What turns out later not to be there ends the export, unless that was
//! accepted.

use crate::ambient::hexadecimal;
use crate::outbound::{Client, FetchError, Limits};
use crate::sink::Asset;
use crate::storage::error::StorageError;
use crate::storage::files::Files;
use crate::workspace::signing::Signer;
use labelport_formats::write::{AssetEntry, Media};
use labelport_model::losses::{Loss, MEDIA, Outcome};
use labelport_model::request::FormatChoice;
use labelport_store::Connection;
use labelport_store::tables::files;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

/// How long fetching an asset may take.
const TIME_LIMIT: Duration = Duration::from_secs(600);
/// What to do about an asset that is too large, as it completes a sentence.
const TOO_LARGE: &str = "leave it out, or export without media";
/// How often a URL is tried that may be read a moment later, and how long to wait after the first time.
const ATTEMPTS: u32 = 3;
const FIRST_PAUSE: Duration = Duration::from_millis(300);
/// How many assets a thread opens at once. A chunk holds no more.
pub(super) const AT_ONCE: usize = 4;
/// The most threads of an export with assets. Chunks that wait for their turn hold their files open, and a process may have
/// 1,024 of them on many systems.
pub(super) const THREADS: usize = 4;

/// Where the assets of an export come from.
pub(super) struct Assets<'a> {
    files: &'a Files,
    client: &'a Client,
    signer: Option<Signer>,
    connection: Mutex<Box<dyn Connection>>,
    org_key: i64,
    /// Whether files of this machine may become hard links.
    is_linked: bool,
    choice: &'a FormatChoice,
}

/// Why an asset is not opened.
pub(super) enum Unopened {
    /// It is not available, as a clause says.
    Missing(String),
    /// This machine failed: its disk is full, or too many files are open. That says nothing of the asset.
    Failed(io::Error),
}

impl Unopened {
    /// Judges a failure to read a file.
    fn of_file(error: io::Error, missing: impl FnOnce(&io::Error) -> String) -> Self {
        use io::ErrorKind as Kind;
        if StorageError::of_whole(&error).is_some() {
            return Self::Failed(error);
        }
        let is_about_it =
            [Kind::NotFound, Kind::PermissionDenied, Kind::NotADirectory, Kind::IsADirectory, Kind::Other];
        if is_about_it.contains(&error.kind()) { Self::Missing(missing(&error)) } else { Self::Failed(error) }
    }

    fn of_fetch(error: FetchError) -> Self {
        match error {
            FetchError::Keep(error) => Self::Failed(error),
            FetchError::File(error) => Self::of_file(error, |_| GONE.to_owned()),
            error => Self::Missing(error.to_string()),
        }
    }
}

/// An asset that is not available, though the export was to hold it.
#[derive(Debug)]
pub(super) struct Missing {
    pub(super) data_row_id: String,
    pub(super) reason: String,
}

impl<'a> Assets<'a> {
    pub(super) fn new(
        (files, client): (&'a Files, &'a Client),
        (signer, connection, org_key): (Option<Signer>, Box<dyn Connection>, i64),
        (media, choice): (Media, &'a FormatChoice),
    ) -> Self {
        Self {
            files,
            client,
            signer,
            connection: Mutex::new(connection),
            org_key,
            is_linked: media == Media::Link,
            choice,
        }
    }

    /// Returns whether the export goes on without an asset that is not available for a reason.
    pub(super) fn may_miss(&self, reason: &str) -> bool {
        let loss = Loss { what: MEDIA.to_owned(), class: None, outcome: Outcome::LeftOut, reason: reason.to_owned() };
        self.choice.accepts(&loss)
    }

    /// Looks whether an asset seems to be there, without fetching it. Fails with a clause.
    pub(super) fn check(&self, url: &str) -> Result<(), String> {
        if url.is_empty() {
            return Err(NOTHING.to_owned());
        }
        if let Some(id) = self.own_file(url)? {
            return match self.files.size_bytes(&id) {
                Ok(Some(_)) => Ok(()),
                Ok(None) | Err(_) => Err(GONE.to_owned()),
            };
        }
        match self.client.open_local(url, self.limits()) {
            Some(opened) => opened.map(drop).map_err(|error| error.to_string()),
            None => self.client.check(url).map_err(|error| error.to_string()),
        }
    }

    /// Opens assets, several at once, in their order.
    pub(super) fn open_all(&self, entries: &[AssetEntry]) -> Vec<Result<Asset, Unopened>> {
        let mut opened = Vec::with_capacity(entries.len());
        for some in entries.chunks(AT_ONCE) {
            std::thread::scope(|scope| {
                let openers: Vec<_> = some.iter().map(|entry| scope.spawn(|| self.open(&entry.url))).collect();
                for opener in openers {
                    opened.push(opener.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
                }
            });
        }
        opened
    }

    fn open(&self, url: &str) -> Result<Asset, Unopened> {
        if url.is_empty() {
            return Err(Unopened::Missing(NOTHING.to_owned()));
        }
        if let Some(id) = self.own_file(url).map_err(Unopened::Missing)? {
            let file = self.files.open(&id).map_err(|error| Unopened::of_file(error, |_| GONE.to_owned()))?;
            return self.digested(file, self.files.local_path(&id));
        }
        match self.client.open_local(url, self.limits()) {
            Some(Ok((file, path))) => self.digested(file, Some(path)),
            // What a file:// URL lacks is said in its own words.
            Some(Err(FetchError::File(error))) => {
                Err(Unopened::of_file(error, |error| format!("its file cannot be read ({error})")))
            }
            Some(Err(error)) => Err(Unopened::of_fetch(error)),
            None => self.fetch(url),
        }
    }

    fn fetch(&self, url: &str) -> Result<Asset, Unopened> {
        let (mut attempt, mut pause) = (1, FIRST_PAUSE);
        loop {
            let file = self.files.scratch().map_err(Unopened::Failed)?;
            let mut hashed = Hashed { file, sha256: Sha256::default(), size_bytes: 0 };
            match self.client.get(url, self.limits(), &mut hashed) {
                Ok(_) => return hashed.into_asset().map_err(Unopened::Failed),
                Err(error) if error.is_passing() && attempt < ATTEMPTS => {}
                Err(error) => return Err(Unopened::of_fetch(error)),
            }
            std::thread::sleep(pause);
            attempt += 1;
            pause *= 4;
        }
    }

    /// Reads a file for its digest.
    fn digested(&self, mut file: File, path: Option<PathBuf>) -> Result<Asset, Unopened> {
        let (size_bytes, sha256) = read_through(&mut file).map_err(Unopened::Failed)?;
        Ok(Asset { file, size_bytes, sha256, link_to: path.filter(|_| self.is_linked) })
    }

    /// Returns the id of a file that the workspace keeps, if that is what a URL names.
    fn own_file(&self, url: &str) -> Result<Option<String>, String> {
        let path = self.signer.as_ref().and_then(|signer| signer.own_path(url)?.strip_prefix("/files/"));
        let Some(id) = path.and_then(|path| path.split('/').next()) else { return Ok(None) };
        let mut connection = self.connection.lock().map_err(|_| NOT_LOOKED_UP.to_owned())?;
        let found = files::find(&mut **connection, self.org_key, id).map_err(|_| NOT_LOOKED_UP.to_owned())?;
        found.map(|file| Some(file.id)).ok_or_else(|| GONE.to_owned())
    }

    fn limits(&self) -> Limits {
        Limits { size_bytes: self.client.asset_limit_bytes(), remedy: TOO_LARGE, time: TIME_LIMIT }
    }
}

/// Returns the size and the digest of a file, which is at its beginning before and after.
fn read_through(file: &mut File) -> io::Result<(u64, String)> {
    let (mut sha256, mut size_bytes, mut buffer) = (Sha256::default(), 0, vec![0; 64 << 10]);
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            count => {
                sha256.update(&buffer[..count]);
                size_bytes += count as u64;
            }
        }
    }
    file.rewind()?;
    Ok((size_bytes, hexadecimal(&sha256.finalize())))
}

/// Why there are no assets where nothing was given that finds them.
pub(super) const NO_SOURCE: &str = "nothing was given that finds assets";
const NOTHING: &str = "its row names no asset";
const GONE: &str = "its file is not there any more";
const NOT_LOOKED_UP: &str = "its file cannot be looked up";

/// A file that is digested while it is written.
struct Hashed {
    file: File,
    sha256: Sha256,
    size_bytes: u64,
}

impl Hashed {
    fn into_asset(mut self) -> io::Result<Asset> {
        self.file.rewind()?;
        let sha256 = hexadecimal(&self.sha256.finalize());
        Ok(Asset { file: self.file, size_bytes: self.size_bytes, sha256, link_to: None })
    }
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.sha256.update(&bytes[..count]);
        self.size_bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
