//! `s3://`, `gs://` and `az://` URLs, in buckets that the operator allows.
//!
//! A row says which object it means, never with which credentials: those are the operator's, and reach no further than the
//! addresses that were allowed.

use super::{FetchError, Fetched, Limits};
use crate::storage::Storage;
use crate::storage::bucket::Address;
use crate::storage::error::StorageError;
use std::io::{self, Write};
use std::sync::Arc;

/// How much is read at once.
const PIECE_BYTES: usize = 8 << 20;

/// A place in a bucket whose objects may be read.
#[derive(Debug, Clone)]
pub struct AllowedBucket {
    /// The bucket, and what keys in it begin with.
    pub address: Address,
    /// The objects below it.
    pub storage: Arc<dyn Storage>,
}

/// Returns the place in which an object may be read, and its key there.
fn find<'a>(url: &str, allowed: &'a [AllowedBucket]) -> Result<(&'a AllowedBucket, String), FetchError> {
    let address: Address = url.parse().map_err(|_| FetchError::NotAUrl)?;
    let bucket = address.of_bucket();
    let found = allowed.iter().find_map(|place| {
        let is_same = place.address.of_bucket() == bucket;
        let key = place.address.below(address.path()).filter(|key| is_same && !key.is_empty())?;
        Some((place, key.to_owned()))
    });
    found.ok_or_else(|| FetchError::Bucket { bucket: bucket.to_string() })
}

/// Fails for an object that may not be read.
pub(super) fn check(url: &str, allowed: &[AllowedBucket]) -> Result<(), FetchError> {
    find(url, allowed).map(drop)
}

/// Reads an object.
pub(super) fn get(
    url: &str,
    allowed: &[AllowedBucket],
    limits: Limits,
    out: &mut dyn Write,
) -> Result<Fetched, FetchError> {
    let (place, key) = find(url, allowed)?;
    let bucket = place.address.of_bucket().to_string();
    let failed = |error: io::Error| match StorageError::find(&error) {
        Some(StorageError::Missing(_)) => FetchError::NoObject { bucket: bucket.clone() },
        Some(StorageError::Down { .. }) => {
            FetchError::Connection { host: bucket.clone(), reason: "it does not answer".to_owned() }
        }
        _ => FetchError::Unreadable { bucket: bucket.clone() },
    };
    let found = place.storage.find(&key).map_err(failed)?;
    let size_bytes = found.ok_or_else(|| FetchError::NoObject { bucket: bucket.clone() })?.size_bytes;
    if size_bytes > limits.size_bytes {
        return Err(FetchError::size(&bucket, limits));
    }
    let mut object = place.storage.open(&key).map_err(failed)?;
    let mut offset = 0;
    while offset < size_bytes {
        let length = usize::try_from(size_bytes - offset).unwrap_or(PIECE_BYTES).min(PIECE_BYTES);
        let piece = object.read_at(offset, length, 0).map_err(failed)?;
        if piece.is_empty() {
            let reason = "the object became shorter while it was read".to_owned();
            return Err(FetchError::Connection { host: bucket, reason });
        }
        out.write_all(&piece).map_err(FetchError::Keep)?;
        offset += piece.len() as u64;
    }
    Ok(Fetched { content_type: None, content_length: Some(size_bytes) })
}
