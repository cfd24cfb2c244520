//! Tar files.

use super::Archive;
use std::io::{self, Read, Write};
use tar::{Builder, EntryType, Header};

/// 1980-01-01 in seconds: the earliest time that every kind of archive can tell.
const TIME_SECS: u64 = 315_532_800;

/// A tar file being written.
pub(super) struct Tar<W: Write>(Builder<W>);

impl<W: Write> Tar<W> {
    pub(super) fn new(out: W) -> Self {
        Self(Builder::new(out))
    }
}

impl<W: Write + Send> Archive<W> for Tar<W> {
    fn add(&mut self, path: &str, size_bytes: u64, content: &mut dyn Read) -> io::Result<()> {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Regular);
        header.set_mode(0o644);
        header.set_mtime(TIME_SECS);
        header.set_size(size_bytes);
        let mut content = Counted { content, left: size_bytes };
        self.0.append_data(&mut header, path, &mut content)?;
        if content.left == 0 { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    fn finish(self: Box<Self>) -> io::Result<W> {
        self.0.into_inner()
    }
}

/// Content that is counted while it is read.
struct Counted<'a> {
    content: &'a mut dyn Read,
    left: u64,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.content.read(buffer)?;
        self.left = self.left.saturating_sub(count as u64);
        Ok(count)
    }
}
