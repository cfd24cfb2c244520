//! The digest of a result, computed next to its writing.
//!
//! For a file SHA-256 takes about as long as the system's copying of the same bytes, so it has a thread of its own there:
//! chunks go to it in their order once they were written, and their buffers are used again after that. A result of one
//! part is digested at once, since a thread costs more than that.

use super::chunk::{Chunk, Spare, WholeFile};
use crate::manifest::{Digest, Digested, PackageDigest, PackedFile};
use labelport_formats::write::Layout;
use std::sync::mpsc::sync_channel;

/// How many chunks wait for the digest, at most.
const CHUNKS_AHEAD: usize = 4;

/// The digest of a result that is one file, or of a package.
pub(super) enum Digests {
    File(Digest),
    Package(PackageDigest),
}

impl Digests {
    fn new(layout: Layout, streams: &[String]) -> Self {
        match layout {
            Layout::Package => Self::Package(PackageDigest::new(streams)),
            _ => Self::File(Digest::default()),
        }
    }

    fn add(&mut self, chunk: &Chunk) {
        match self {
            // What comes with the rows has a digest of its own.
            Self::File(digest) => {
                chunk.streams.iter().take(1).for_each(|piece| digest.add(&piece.bytes, chunk.rows));
            }
            Self::Package(digest) => {
                digest.add_rows(chunk.rows);
                digest.add_files(chunk.files.iter().map(WholeFile::size_bytes).sum());
                let streams = chunk.streams.iter().enumerate();
                streams.for_each(|(index, piece)| digest.add_to_stream(index, &piece.bytes));
            }
        }
    }

    /// Returns the digest of the whole, and the files of a package: `describe` adds the last of them.
    pub(super) fn finish<E>(
        self,
        describe: impl FnOnce(&[PackedFile]) -> Result<PackedFile, E>,
    ) -> Result<(Digested, Vec<PackedFile>), E> {
        match self {
            Self::File(digest) => Ok((digest.finish(), Vec::new())),
            Self::Package(digest) => {
                let (mut files, size) = digest.finish();
                files.push(describe(&files)?);
                Ok((size.digest(&files), files))
            }
        }
    }
}

/// Runs `work` with a function that takes each chunk after it was written; returns what it returns, and the digest of all
/// chunks. Buffers go to `spare`.
pub(super) fn digesting<T>(
    has_thread: bool,
    (layout, streams): (Layout, &[String]),
    spare: &Spare,
    work: impl FnOnce(&mut dyn FnMut(Chunk)) -> T,
) -> (T, Digests) {
    let add = |digest: &mut Digests, chunk: Chunk| {
        digest.add(&chunk);
        spare.recycle(chunk);
    };
    if !has_thread {
        let mut digest = Digests::new(layout, streams);
        let value = work(&mut |chunk| add(&mut digest, chunk));
        return (value, digest);
    }
    std::thread::scope(|scope| {
        let (send, chunks) = sync_channel(CHUNKS_AHEAD);
        let thread = scope.spawn(move || {
            let mut digest = Digests::new(layout, streams);
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
