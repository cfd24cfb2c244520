//! Objects in a bucket of an object store: S3 and what speaks its language, Google Cloud Storage, Azure Blob Storage.
//!
//! An object appears whole: a small one with one request, a large one when its last piece was taken. The client is
//! asynchronous and is driven by a runtime of its own, which nobody outside sees. It talks through the HTTP client that
//! labelport has anyway, so that there is one TLS library, and it retries what may be retried until its patience ends.
//!
//! Addresses and credentials come from the operator alone, never from what a row says. Object stores sign requests with the
//! time, which their client reads from the system itself.
//!
//! # Adding a kind of object store
//! A line in [`Scheme`], and one in `connect` in `client.rs`.

mod address;
#[cfg(feature = "object-store")]
mod client;
#[cfg(feature = "object-store")]
mod http;
#[cfg(feature = "object-store")]
mod objects;
#[cfg(feature = "object-store")]
mod runtime;
#[cfg(feature = "object-store")]
mod upload;

pub use address::{Address, AddressError, Scheme};

use super::Storage;
use crate::ambient::Chance;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How a bucket is opened.
#[derive(Clone)]
pub struct BucketOptions {
    /// The environment, of which `AWS_…`, `GOOGLE_…` and `AZURE_…` say what the address does not: credentials, region,
    /// endpoint.
    pub environment: BTreeMap<String, String>,
    /// Large objects are sent in pieces of this many bytes. Three are in memory, and an object has at most 10,000.
    pub piece_bytes: usize,
    /// How long it is tried again.
    pub patience: Duration,
    /// How long to wait before it is tried the second time. Later pauses are longer, up to 15 s.
    pub first_pause: Duration,
    /// Makes the names of an attempt unguessable.
    pub chance: Arc<dyn Chance>,
}

/// The pieces of parts of results, which have 64 MiB and a little.
pub const PART_PIECE_BYTES: usize = 16 << 20;
/// The pieces of an object that holds a whole result: one of 625 GiB has 10,000 of them.
pub const WHOLE_PIECE_BYTES: usize = 64 << 20;
/// How long it is tried again, where nobody says.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// The first pause, where nobody says.
pub const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// Why a bucket cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// This labelport cannot do that.
    #[error("this labelport was built without object stores; build it with the feature object-store")]
    NotBuilt,
    /// What the environment says makes no sense.
    #[error("{address} cannot be used ({reason}); see the variables AWS_…, GOOGLE_… and AZURE_… of the environment")]
    Settings {
        /// The address.
        address: String,
        /// What is wrong.
        reason: String,
    },
}

/// Opens a place in a bucket. Nothing is sent.
#[cfg(feature = "object-store")]
pub fn open(address: &Address, options: BucketOptions) -> Result<Arc<dyn Storage>, OpenError> {
    Ok(Arc::new(client::Bucket::open(address, options)?))
}

/// Fails: object stores are left out.
#[cfg(not(feature = "object-store"))]
pub fn open(_: &Address, _: BucketOptions) -> Result<Arc<dyn Storage>, OpenError> {
    Err(OpenError::NotBuilt)
}

/// Gives up every object that is not complete yet. Nothing is completed after that, so it is for a process that ends.
#[cfg(feature = "object-store")]
pub fn abort_pending() {
    upload::abort_pending();
}

/// Does nothing: there are no such objects.
#[cfg(not(feature = "object-store"))]
pub fn abort_pending() {}
