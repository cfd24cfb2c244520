//! Zip files.

use super::Archive;
use std::io::{self, Read, Write};
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, DateTime, ZipWriter};

/// The level of deflate: a third faster than the usual one, for a few percent more bytes.
const LEVEL: i64 = 4;
/// From this size on a file needs the 64-bit form, which some old readers do not know.
const LARGE_BYTES: u64 = u32::MAX as u64;

/// A zip file being written.
pub(super) struct Zip<W: Write>(ZipWriter<StreamWriter<W>>);

impl<W: Write> Zip<W> {
    pub(super) fn new(out: W) -> Self {
        Self(ZipWriter::new_stream(out))
    }
}

impl<W: Write + Send> Zip<W> {
    fn add_as(
        &mut self,
        (path, size_bytes): (&str, u64),
        method: CompressionMethod,
        content: &mut dyn Read,
    ) -> io::Result<()> {
        let level = (method == CompressionMethod::Deflated).then_some(LEVEL);
        let options = SimpleFileOptions::default()
            .compression_method(method)
            .compression_level(level)
            .last_modified_time(DateTime::DEFAULT)
            .unix_permissions(0o644)
            .large_file(size_bytes >= LARGE_BYTES);
        self.0.start_file(path, options)?;
        let written = io::copy(content, &mut self.0)?;
        if written == size_bytes { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}

impl<W: Write + Send> Archive<W> for Zip<W> {
    fn add(&mut self, path: &str, size_bytes: u64, content: &mut dyn Read) -> io::Result<()> {
        self.add_as((path, size_bytes), CompressionMethod::Deflated, content)
    }

    fn add_packed(&mut self, path: &str, size_bytes: u64, content: &mut dyn Read) -> io::Result<()> {
        self.add_as((path, size_bytes), CompressionMethod::Stored, content)
    }

    fn finish(self: Box<Self>) -> io::Result<W> {
        Ok(self.0.finish()?.into_inner())
    }
}
