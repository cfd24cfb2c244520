//! An object on its way to a bucket.
//!
//! It is one request if it is small, and else pieces that become an object with the last request. Pieces of an object that was
//! given up are removed; those of a process that was killed stay until a rule of the bucket removes them.

use super::client::{Bucket, Client};
use super::runtime::{handle, wait, wait_at_most};
use crate::storage::Upload;
use crate::storage::error::StorageError;
use object_store::multipart::PartId;
use object_store::path::Path;
use object_store::{ObjectStoreExt as _, PutPayload};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;

/// How many pieces are on their way at once. One more is being filled.
const AT_ONCE: usize = 2;
/// How many pieces an object can have.
const PIECES: u64 = 10_000;
/// How long giving up may take.
const ABORT_LIMIT: Duration = Duration::from_secs(3);
/// How long it waits for pieces that are on their way: one that arrives later would stay.
const ARRIVAL_LIMIT: Duration = Duration::from_secs(2);
/// How often it looks whether they have arrived.
const GLANCE: Duration = Duration::from_millis(20);

/// An object being written.
pub(super) struct BucketUpload {
    bucket: Bucket,
    path: Path,
    /// What was written and not sent.
    filling: Vec<u8>,
    size_bytes: u64,
    /// What was begun, of a large object.
    pieces: Option<Pieces>,
}

/// A large object being sent.
struct Pieces {
    // Given up before what is on its way is forgotten: it waits for that.
    pending: Pending,
    sending: JoinSet<object_store::Result<(usize, PartId)>>,
    /// The tag of the object that was there before.
    tag_before: Option<String>,
    next: usize,
    sent: BTreeMap<usize, PartId>,
}

/// A large object that a store has begun and that is not complete. Dropped, it is given up.
struct Pending(u64);

/// A large object that is not complete.
#[derive(Clone)]
struct LargeObject {
    client: Arc<dyn Client>,
    path: Path,
    id: String,
    /// How many pieces are on their way.
    sending: Arc<AtomicUsize>,
}

impl LargeObject {
    /// Gives it up.
    async fn abort(self) {
        let arrived = async {
            while self.sending.load(Ordering::Relaxed) > 0 {
                tokio::time::sleep(GLANCE).await;
            }
        };
        drop(tokio::time::timeout(ARRIVAL_LIMIT, arrived).await);
        // What cannot be given up is removed by a rule of the bucket.
        drop(self.client.abort_multipart(&self.path, &self.id).await);
    }
}

/// Large objects that are not complete, in this process. A signal concerns all of them.
static ALL: Mutex<BTreeMap<u64, LargeObject>> = Mutex::new(BTreeMap::new());
static NEXT: AtomicU64 = AtomicU64::new(0);

fn all() -> MutexGuard<'static, BTreeMap<u64, LargeObject>> {
    ALL.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gives up all of them. Nothing is completed after that.
pub(super) fn abort_pending() {
    let mut all = all();
    let objects: Vec<LargeObject> = std::mem::take(&mut *all).into_values().collect();
    if !objects.is_empty() {
        wait_at_most(ABORT_LIMIT, async move {
            let each = objects.into_iter().map(LargeObject::abort);
            futures_util::future::join_all(each).await;
        });
    }
    std::mem::forget(all);
}

impl Pending {
    fn new(object: LargeObject) -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        all().insert(number, object);
        Self(number)
    }

    /// Returns which object it is, unless it was given up.
    fn object(&self) -> io::Result<LargeObject> {
        let gone = || io::Error::new(io::ErrorKind::Interrupted, "the process is ending");
        all().get(&self.0).cloned().ok_or_else(gone)
    }

    /// Says that the object is complete.
    fn complete(self) {
        all().remove(&self.0);
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        let object = all().remove(&self.0);
        if let Some(object) = object {
            wait_at_most(ABORT_LIMIT, object.abort());
        }
    }
}

impl BucketUpload {
    pub(super) fn new(bucket: Bucket, path: Path) -> Self {
        Self { bucket, path, filling: Vec::new(), size_bytes: 0, pieces: None }
    }

    /// Sends what was filled.
    fn send(&mut self) -> io::Result<()> {
        if self.pieces.is_none() {
            self.pieces = Some(self.begin()?);
        }
        let limit_bytes = self.bucket.options.piece_bytes as u64 * PIECES;
        if self.size_bytes > limit_bytes {
            let place = self.bucket.shown_path(&self.path);
            return Err(StorageError::TooLarge { place, limit_bytes }.into());
        }
        self.wait_for(AT_ONCE - 1)?;
        let Some(pieces) = &mut self.pieces else { return Ok(()) };
        let LargeObject { client, path, id, sending } = pieces.pending.object()?;
        let (number, payload) = (pieces.next, PutPayload::from(std::mem::take(&mut self.filling)));
        pieces.next += 1;
        let _entered = handle()?.enter();
        sending.fetch_add(1, Ordering::Relaxed);
        pieces.sending.spawn(async move {
            let sent = client.put_part(&path, &id, number, payload).await;
            sending.fetch_sub(1, Ordering::Relaxed);
            Ok((number, sent?))
        });
        Ok(())
    }

    fn begin(&self) -> io::Result<Pieces> {
        let tag_before = self.bucket.head(&self.path)?.and_then(|object| object.e_tag);
        let id = self.bucket.insist(|_| {
            let (client, path) = (Arc::clone(&self.bucket.client), self.path.clone());
            self.bucket.ask(&self.path, async move { client.create_multipart(&path).await })
        })?;
        let (client, path) = (Arc::clone(&self.bucket.client), self.path.clone());
        let object = LargeObject { client, path, id, sending: Arc::default() };
        let (pending, sending) = (Pending::new(object), JoinSet::new());
        Ok(Pieces { pending, tag_before, next: 0, sent: BTreeMap::new(), sending })
    }

    /// Waits until at most so many pieces are on their way.
    fn wait_for(&mut self, count: usize) -> io::Result<()> {
        let Some(pieces) = &mut self.pieces else { return Ok(()) };
        while pieces.sending.len() > count {
            let mut sending = std::mem::take(&mut pieces.sending);
            let (next, sending) = wait(async move { (sending.join_next().await, sending) })?;
            pieces.sending = sending;
            let Some(sent) = next else { break };
            let (number, id) = self.bucket.ask(&self.path, async move { sent? })?;
            pieces.sent.insert(number, id);
        }
        Ok(())
    }

    /// Completes a large object.
    fn complete(&mut self) -> io::Result<()> {
        if !self.filling.is_empty() {
            self.send()?;
        }
        self.wait_for(0)?;
        let Some(Pieces { pending, tag_before, sent, .. }) = self.pieces.take() else { return Ok(()) };
        let LargeObject { client, path, id, .. } = pending.object()?;
        let sent = sent.into_values().collect();
        let outcome = self.bucket.ask(&self.path, async move { client.complete_multipart(&path, &id, sent).await });
        if let Err(error) = outcome {
            // The answer may have been lost.
            let there = self.bucket.head(&self.path)?;
            let is_ours = |size, tag: Option<String>| size == self.size_bytes && tag.is_some() && tag != tag_before;
            if !there.is_some_and(|object| is_ours(object.size, object.e_tag)) {
                return Err(error);
            }
        }
        pending.complete();
        Ok(())
    }
}

impl Write for BucketUpload {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let piece_bytes = self.bucket.options.piece_bytes;
        // Only when there is more: the last piece may be full.
        if self.filling.len() >= piece_bytes && !bytes.is_empty() {
            self.send()?;
        }
        let count = bytes.len().min(piece_bytes - self.filling.len());
        self.filling.extend_from_slice(&bytes[..count]);
        self.size_bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Upload for BucketUpload {
    fn finish(mut self: Box<Self>) -> io::Result<()> {
        if self.pieces.is_some() {
            return self.complete();
        }
        let (client, path, payload) =
            (Arc::clone(&self.bucket.client), self.path.clone(), PutPayload::from(std::mem::take(&mut self.filling)));
        self.bucket.ask(&self.path, async move { client.put(&path, payload).await.map(drop) })
    }
}
