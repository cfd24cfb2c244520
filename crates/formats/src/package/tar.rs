//! Tar files: written whole, or entry by entry as parts of something larger.

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

fn header_of(size_bytes: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Regular);
    header.set_mode(0o644);
    header.set_mtime(TIME_SECS);
    header.set_size(size_bytes);
    header
}

/// The bytes of a block: headers and contents begin at multiples of it.
const BLOCK_BYTES: usize = 512;

/// What a tar file ends with.
pub const TAR_END: [u8; 2 * BLOCK_BYTES] = [0; 2 * BLOCK_BYTES];

/// Writes what stands before the content of an entry in a tar file. The path is [safe](super::check_path).
pub fn write_tar_head(path: &str, size_bytes: u64, out: &mut Vec<u8>) {
    let mut header = header_of(size_bytes);
    let place = header.as_old_mut().name.as_mut_slice();
    let bytes = path.as_bytes();
    let is_long = bytes.len() > place.len();
    let fitting = bytes.len().min(place.len());
    place[..fitting].copy_from_slice(&bytes[..fitting]);
    header.set_cksum();
    if is_long {
        // The whole name is the content of an entry before it, with a zero after it, as GNU tar does.
        let name = b"././@LongLink";
        let mut long = header_of(bytes.len() as u64 + 1);
        long.set_entry_type(EntryType::GNULongName);
        long.as_old_mut().name[..name.len()].copy_from_slice(name);
        long.set_cksum();
        out.extend_from_slice(long.as_bytes());
        out.extend_from_slice(bytes);
        out.push(0);
        out.resize(out.len() + tar_padding(bytes.len() as u64 + 1), 0);
    }
    out.extend_from_slice(header.as_bytes());
}

/// Returns how many zeros stand after the content of an entry of this size.
pub fn tar_padding(size_bytes: u64) -> usize {
    let over = (size_bytes % BLOCK_BYTES as u64) as usize;
    if over == 0 { 0 } else { BLOCK_BYTES - over }
}

impl<W: Write + Send> Archive<W> for Tar<W> {
    fn add(&mut self, path: &str, size_bytes: u64, content: &mut dyn Read) -> io::Result<()> {
        let mut header = header_of(size_bytes);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_that_are_written_one_by_one_are_a_tar_file() {
        let names = ["a.json".to_owned(), "f/".to_owned() + &"x".repeat(98), "g/".to_owned() + &"y".repeat(600)];
        let mut bytes = Vec::new();
        for (size, name) in [0_usize, 512, 700].into_iter().zip(&names) {
            write_tar_head(name, size as u64, &mut bytes);
            bytes.resize(bytes.len() + size, b'.');
            bytes.resize(bytes.len() + tar_padding(size as u64), 0);
        }
        bytes.extend_from_slice(&TAR_END);
        let mut archive = tar::Archive::new(&bytes[..]);
        let found: Vec<(String, u64)> = archive
            .entries()
            .unwrap()
            .map(|entry| entry.unwrap())
            .map(|entry| (entry.path().unwrap().display().to_string(), entry.size()))
            .collect();
        let [a, f, g] = names;
        assert_eq!(found, [(a, 0), (f, 512), (g, 700)]);
    }
}
