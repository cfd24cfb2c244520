//! The digest of a result, computed next to its writing.
//!
//! For a file SHA-256 takes about as long as the system's copying of the same bytes, so it has a thread of its own there:
//! chunks go to it in their order once they were written, and their buffers are used again after that. A result of one
//! part is digested at once, since a thread costs more than that.

use super::chunk::{Chunk, Spare};
use crate::manifest::Digest;
use std::sync::mpsc::sync_channel;

/// How many chunks wait for the digest, at most.
const CHUNKS_AHEAD: usize = 4;

/// Runs `work` with a function that takes each chunk after it was written; returns what it returns, and the digest of all
/// chunks. Buffers go to `spare`.
pub(super) fn digesting<T>(
    has_thread: bool,
    spare: &Spare,
    work: impl FnOnce(&mut dyn FnMut(Chunk)) -> T,
) -> (T, Digest) {
    let add = |digest: &mut Digest, chunk: Chunk| {
        digest.add(&chunk.bytes, chunk.rows);
        if let Ok(mut spare) = spare.lock() {
            spare.push((chunk.bytes, chunk.packed));
        }
    };
    if !has_thread {
        let mut digest = Digest::default();
        let value = work(&mut |chunk| add(&mut digest, chunk));
        return (value, digest);
    }
    std::thread::scope(|scope| {
        let (send, chunks) = sync_channel(CHUNKS_AHEAD);
        let thread = scope.spawn(move || {
            let mut digest = Digest::default();
            chunks.into_iter().for_each(|chunk| add(&mut digest, chunk));
            digest
        });
        let value = work(&mut |chunk| {
            // The thread ends early only by a panic, which the join passes on.
            drop(send.send(chunk));
        });
        drop(send);
        match thread.join() {
            Ok(digest) => (value, digest),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}
