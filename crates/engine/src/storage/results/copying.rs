//! A stored result copied to a sink: the same bytes that an export to that sink would have written.
//!
//! Frames of rows are the pieces in which an export hands them to a sink, so compressed files are the same, too. A package
//! is stored as a zip archive, which is copied as it is or unpacked into the files of another container.

use super::{Stored, StoredReader, Stream};
use crate::manifest::hex;
use crate::sink::{Asset, Entry, Extent, Packing, Place, Sink};
use labelport_formats::package::{ArchiveKind, for_each_file};
use labelport_formats::write::{Format as _, Layout, Ndjson};
use sha2::{Digest, Sha256};
use std::io::{self, Read, Seek, Write};
use std::path::Path;
use std::sync::Arc;

/// A file of a package with at least so many bytes waits in a temporary file on its way.
const SPOOLED_BYTES: u64 = 1 << 20;

/// Copies the rows of a result, or the bytes of the archive that it is, to a sink that takes one file.
pub fn copy_rows(stored: &Stored, sink: &mut dyn Sink) -> io::Result<()> {
    // One file, whatever is in it.
    sink.start(Ndjson.layout(), &[String::new()])?;
    let Some(whole) = stored.extent(Stream::Rows) else { return Ok(()) };
    let (packing, mut packed) = (sink.packing(), Vec::new());
    let mut packer = packing.packer()?;
    stored.read(Stream::Rows, 0, whole.bytes - 1, &mut |piece| {
        let lines = memchr::memchr_iter(b'\n', piece).count() as u64;
        let extent = Extent { bytes: piece.len() as u64, lines };
        if packing == Packing::Plain {
            return sink.write(&Entry::of_stream(piece, extent));
        }
        packed.clear();
        packer.pack(piece, &mut packed)?;
        sink.write(&Entry::of_stream(&packed, extent))
    })
}

/// Copies the files of a package to a sink that takes several. Large ones wait in the given folder.
pub fn copy_files(stored: &Arc<Stored>, spool: &Path, sink: &mut dyn Sink) -> io::Result<()> {
    sink.start(Layout::Package, &[])?;
    let mut archive = StoredReader::new(Arc::clone(stored), Stream::Rows);
    for_each_file(ArchiveKind::Zip, &mut archive, &mut |path, content| {
        let mut piece = Vec::new();
        content.take(SPOOLED_BYTES).read_to_end(&mut piece)?;
        if (piece.len() as u64) < SPOOLED_BYTES {
            let extent = Extent { bytes: piece.len() as u64, lines: 0 };
            return sink.write(&Entry { place: Place::File(path), bytes: &piece, extent });
        }
        let (mut file, mut hash, mut size_bytes) = (tempfile::tempfile_in(spool)?, Sha256::new(), 0);
        while !piece.is_empty() {
            file.write_all(&piece)?;
            hash.update(&piece);
            size_bytes += piece.len() as u64;
            piece.clear();
            content.take(SPOOLED_BYTES).read_to_end(&mut piece)?;
        }
        file.rewind()?;
        sink.write_asset(path, &mut Asset { file, size_bytes, sha256: hex(&hash.finalize()), link_to: None })
    })
}
