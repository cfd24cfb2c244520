//! What leaves the process: the client that fetches files that users name by URL, and sends to webhooks; and, where the
//! operator names the URL, results that are fetched or sent.
//!
//! A caller who may create a data row can make the server open a URL, so the client protects the operator:
//!
//! - An address is judged where it is connected to. Names are resolved here, what the policy refuses is dropped, and the
//!   connection goes to one of the addresses that are left, so a name cannot change its meaning in between. A redirect
//!   is a new connection and is judged like the first.
//! - Private, loopback, link-local and all other addresses that are not of the public internet are refused, in every
//!   spelling, unless a range of [`Policy::allowed`] holds them.
//! - `file://` reads below the media roots alone, whatever links say; `s3://`, `gs://` and `az://` below allowed places of
//!   buckets.
//! - Nothing is read past [`Limits`], whatever a server announces, and nothing is held: what comes in goes to a writer
//!   piece by piece.
//! - A host that sends nothing for a minute is not waited for.
//! - No proxy: it would resolve names without the policy.
//! - URLs often hold signatures. Messages name the host and nothing else of a URL.

mod address;
mod bucket;
mod error;
pub(crate) mod file;
mod post;
pub mod remote_result;
mod upload;
mod web;

pub use address::{Cidr, CidrError};
pub use bucket::AllowedBucket;
pub use error::FetchError;
pub use post::{Post, PostError};
pub use upload::{UrlError, UrlSink, UrlTarget};

use crate::storage::bucket::Address;
use std::fmt;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What may be fetched. The default is the public internet and no file.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// Ranges of addresses that may be connected to although they are not public.
    pub allowed: Vec<Cidr>,
    /// Folders below which `file://` URLs may point.
    pub media_roots: Vec<PathBuf>,
    /// Places in buckets whose objects may be named by `s3://`, `gs://` and `az://` URLs.
    pub buckets: Vec<AllowedBucket>,
    /// The most bytes of an asset; `None` for [`ASSET_LIMIT_BYTES`].
    pub asset_limit_bytes: Option<u64>,
}

/// The most bytes of an asset, unless the operator says otherwise. A temporary file of this size is made for each asset
/// that is being fetched.
pub const ASSET_LIMIT_BYTES: u64 = 2 << 30;

/// How much one fetch may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The most bytes that a file may have, unpacked.
    pub size_bytes: u64,
    /// What to do about a file that has more, as it completes "the file is larger than …; ".
    pub remedy: &'static str,
    /// The most time from the first look-up of a name to the last byte, redirects included. Files do not wait.
    pub time: Duration,
}

/// What is known of a fetched file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The `Content-Type` that the server gave, with its parameters; `None` for files.
    pub content_type: Option<String>,
    /// The length that the server gave, or that of the file; `None` where a server gives none or packs the bytes.
    pub content_length: Option<u64>,
}

/// Fetches URLs under a policy. One is made for a process and shared by its threads.
pub struct Client {
    web: web::Web,
    media_roots: Vec<PathBuf>,
    buckets: Vec<AllowedBucket>,
    asset_limit_bytes: u64,
}

impl fmt::Debug for Client {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Client").field("media_roots", &self.media_roots).finish_non_exhaustive()
    }
}

impl Client {
    /// Returns a client with this policy.
    pub fn new(policy: Policy) -> Self {
        Self {
            web: web::Web::new(policy.allowed),
            media_roots: policy.media_roots,
            buckets: policy.buckets,
            asset_limit_bytes: policy.asset_limit_bytes.unwrap_or(ASSET_LIMIT_BYTES),
        }
    }

    /// Returns the most bytes that an asset may have.
    pub fn asset_limit_bytes(&self) -> u64 {
        self.asset_limit_bytes
    }

    /// Fetches the file at a URL of one of the schemes `http`, `https`, `file`, `s3`, `gs` and `az` into a writer. After an
    /// error the writer holds a part of it.
    pub fn get(&self, url: &str, limits: Limits, out: &mut dyn Write) -> Result<Fetched, FetchError> {
        let url = url.trim();
        let scheme = scheme(url).ok_or(FetchError::NotAUrl)?;
        match scheme.as_str() {
            "http" | "https" => self.web.get(url, limits, out),
            "file" => file::get(&url["file:".len()..], &self.media_roots, limits, out),
            _ if Address::is_meant_by(url) => bucket::get(url, &self.buckets, limits, out),
            _ => Err(FetchError::Scheme { scheme }),
        }
    }

    /// Fails for a text that [`get`](Self::get) would refuse whatever answered.
    pub fn check(&self, url: &str) -> Result<(), FetchError> {
        let url = url.trim();
        let scheme = scheme(url).ok_or(FetchError::NotAUrl)?;
        match scheme.as_str() {
            "http" | "https" => web::read_url(url).map(drop),
            "file" => Ok(()),
            _ if Address::is_meant_by(url) => bucket::check(url, &self.buckets),
            _ => Err(FetchError::Scheme { scheme }),
        }
    }

    /// Opens the file of a `file://` URL, and returns its path with it; nothing for another URL.
    pub fn open_local(&self, url: &str, limits: Limits) -> Option<Result<(File, PathBuf), FetchError>> {
        let url = url.trim();
        let is_file = scheme(url).is_some_and(|scheme| scheme == "file");
        is_file.then(|| file::open(&url["file:".len()..], &self.media_roots, limits))
    }
}

/// Copies what a reader gives, at most `limit_bytes`, and returns how many bytes that were. One more means that there are
/// more; it is not written.
fn copy(input: &mut dyn Read, limit_bytes: u64, out: &mut dyn Write) -> Result<u64, CopyError> {
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut copied = 0;
    loop {
        match input.read(&mut buffer) {
            Ok(0) => return Ok(copied),
            Ok(count) => {
                copied += count as u64;
                if copied > limit_bytes {
                    return Ok(copied);
                }
                out.write_all(&buffer[..count]).map_err(CopyError::Write)?;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(CopyError::Read(error)),
        }
    }
}

/// Which side of a copy failed.
enum CopyError {
    Read(io::Error),
    Write(io::Error),
}

/// How much is read at once.
const BUFFER_BYTES: usize = 64 << 10;

/// Fails for a text that is no `http://` or `https://` URL that may be sent to.
pub fn check_web_url(url: &str) -> Result<(), FetchError> {
    web::read_url(url.trim()).map(drop)
}

/// Returns the scheme of a URL in lower case, or nothing for a text that is no URL.
fn scheme(url: &str) -> Option<String> {
    let (scheme, _) = url.split_once("://")?;
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.len() <= 20
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    is_scheme.then(|| scheme.to_ascii_lowercase())
}

/// How many fetches were refused since the process began.
static REFUSED: AtomicU64 = AtomicU64::new(0);

fn count_refused() {
    REFUSED.fetch_add(1, Ordering::Relaxed);
}

/// Returns how many fetches of private addresses were refused since the process began.
pub fn refused_count() -> u64 {
    REFUSED.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests;
