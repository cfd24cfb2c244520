//! Packages in one file: archives.
//!
//! Files that one row makes are added as they come. Streams grow until the end, so they wait in temporary files that have
//! no name, and are added last, in their order. An archive goes through another sink: to a file, a stored
//! result, standard output.

use super::{Asset, Entry, Extent, FileError, Packer, Place, Sink};
use crate::manifest::Manifest;
use labelport_formats::package::{Archive, ArchiveKind};
use labelport_formats::write::Layout;
use std::fs::File;
use std::io::{self, BufWriter, Seek, Write};
use std::path::{Path, PathBuf};

/// The archive is handed on in pieces of this many bytes.
const PIECE_BYTES: usize = 512 << 10;

/// An archive being written.
pub struct ArchiveSink<'s> {
    name: String,
    archive: Box<dyn Archive<Pieces<'s>> + 's>,
    spool_folder: PathBuf,
    streams: Vec<Spool>,
}

/// A stream that waits for the end.
struct Spool {
    path: String,
    file: BufWriter<File>,
    bytes: u64,
}

impl<'s> ArchiveSink<'s> {
    /// Starts an archive that is written to another sink. Streams wait in the given folder.
    pub fn new(kind: ArchiveKind, inner: Box<dyn Sink + 's>, spool_folder: &Path) -> io::Result<Self> {
        let name = inner.name();
        let packer = inner.packing().packer()?;
        let pieces = Pieces { inner, packer, piece: Vec::new(), packed: Vec::new() };
        let spool_folder = spool_folder.to_owned();
        Ok(Self { name, archive: kind.open(pieces), spool_folder, streams: Vec::new() })
    }

    fn close(mut self) -> io::Result<Pieces<'s>> {
        for Spool { path, file, bytes } in self.streams {
            let mut file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
            file.rewind()?;
            self.archive.add(&path, bytes, &mut file)?;
        }
        let mut pieces = self.archive.finish()?;
        pieces.hand_on()?;
        Ok(pieces)
    }
}

impl Sink for ArchiveSink<'_> {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn start(&mut self, _: Layout, streams: &[String]) -> io::Result<()> {
        for path in streams {
            let file = BufWriter::new(tempfile::tempfile_in(&self.spool_folder)?);
            self.streams.push(Spool { path: path.clone(), file, bytes: 0 });
        }
        Ok(())
    }

    fn write(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        match entry.place {
            Place::Stream(index) => {
                let spool = &mut self.streams[index];
                spool.bytes += entry.bytes.len() as u64;
                spool.file.write_all(entry.bytes)
            }
            Place::File(path) => self.archive.add(path, entry.bytes.len() as u64, &mut &entry.bytes[..]),
        }
    }

    fn write_asset(&mut self, path: &str, asset: &mut Asset) -> io::Result<()> {
        self.archive.add_packed(path, asset.size_bytes, &mut asset.file)
    }

    fn finish(self: Box<Self>, manifest: &Manifest) -> Result<(), FileError> {
        let path = PathBuf::from(&self.name);
        let pieces = self.close().map_err(|source| FileError::Io { path, source })?;
        pieces.inner.finish(manifest)
    }
}

/// Hands what is written to another sink, piece by piece.
struct Pieces<'s> {
    inner: Box<dyn Sink + 's>,
    packer: Packer,
    piece: Vec<u8>,
    packed: Vec<u8>,
}

impl Pieces<'_> {
    fn hand_on(&mut self) -> io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        self.packer.pack(&self.piece, &mut self.packed)?;
        let bytes = if self.packed.is_empty() { &self.piece } else { &self.packed };
        let extent = Extent { bytes: self.piece.len() as u64, lines: 0 };
        self.inner.write(&Entry::of_stream(bytes, extent))?;
        self.piece.clear();
        Ok(())
    }
}

impl Write for Pieces<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = bytes.len().min(PIECE_BYTES - self.piece.len());
        self.piece.extend_from_slice(&bytes[..count]);
        if self.piece.len() == PIECE_BYTES {
            self.hand_on()?;
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
