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

    /// Appends a frame with these bytes. Plain bytes are not copied: they are their own frame.
    pub(crate) fn pack(self, bytes: &[u8], packed: &mut Vec<u8>) -> io::Result<()> {
        match self {
            Self::Plain => Ok(()),
            Self::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(packed, flate2::Compression::new(GZIP_LEVEL));
                encoder.write_all(bytes)?;
                encoder.finish().map(|_| ())
            }
            Self::Zstd => {
                // The checksum lets every zstd reader notice a flipped bit, without a manifest at hand.
                let mut encoder = zstd::Encoder::new(packed, ZSTD_LEVEL)?;
                encoder.include_checksum(true)?;
                encoder.set_pledged_src_size(Some(bytes.len() as u64))?;
                encoder.write_all(bytes)?;
                encoder.finish().map(|_| ())
            }
        }
    }
}
