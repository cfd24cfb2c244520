//! Compression of results, chosen by the file name.

use std::io::{self, Write};
use std::path::Path;

/// How bytes are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// As they are.
    Plain,
    /// As gzip members.
    Gzip,
    /// As zstd frames.
    Zstd,
}

/// The level at which zstd packs faster than disks write.
const ZSTD_LEVEL: i32 = 1;
/// The level at which gzip is bearable.
const GZIP_LEVEL: u32 = 4;

impl Packing {
    /// Returns the packing that a file name asks for.
    pub fn of_path(path: &Path) -> Self {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("gz") => Self::Gzip,
            Some("zst") => Self::Zstd,
            _ => Self::Plain,
        }
    }

    /// Returns what packs this way. It keeps its working memory, so whoever packs much asks once.
    pub(crate) fn packer(self) -> io::Result<Packer> {
        Ok(match self {
            Self::Plain => Packer::Plain,
            Self::Gzip => Packer::Gzip,
            Self::Zstd => {
                let mut compressor = zstd::bulk::Compressor::new(ZSTD_LEVEL)?;
                // The checksum lets every zstd reader notice a flipped bit, without a manifest at hand.
                compressor.include_checksum(true)?;
                Packer::Zstd(compressor)
            }
        })
    }
}

/// Packs frames, one after the other.
pub(crate) enum Packer {
    Plain,
    Gzip,
    Zstd(zstd::bulk::Compressor<'static>),
}

impl Packer {
    /// Fills `packed` with one frame of these bytes. Plain bytes are not copied: they are their own frame.
    pub(crate) fn pack(&mut self, bytes: &[u8], packed: &mut Vec<u8>) -> io::Result<()> {
        packed.clear();
        match self {
            Self::Plain => Ok(()),
            Self::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(packed, flate2::Compression::new(GZIP_LEVEL));
                encoder.write_all(bytes)?;
                encoder.finish().map(|_| ())
            }
            Self::Zstd(compressor) => {
                // In one call and into room enough: a stream would copy its input first.
                packed.reserve(zstd::zstd_safe::compress_bound(bytes.len()));
                compressor.compress_to_buffer(bytes, packed).map(|_| ())
            }
        }
    }
}
