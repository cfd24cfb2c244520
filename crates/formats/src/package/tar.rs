//! Tar files: written whole, or entry by entry as parts of something larger.

use super::Archive;
use std::io::{self, Read, Write};
use tar::{EntryType, Header};

/// 1980-01-01 in seconds: the earliest time that every kind of archive can tell.
const TIME_SECS: u64 = 315_532_800;

/// Contents are copied in pieces of this many bytes.
const COPIED_BYTES: usize = 256 << 10;

/// A tar file being written.
pub(super) struct Tar<W: Write> {
    out: W,
    buffer: Vec<u8>,
}

impl<W: Write> Tar<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out, buffer: Vec::new() }
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
    write_head(path, size_bytes, header_of, out);
}

/// Returns the header of a long name as the usual library has it.
fn header_of_name(size_bytes: u64) -> Header {
    let mut header = header_of(size_bytes);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header
}

/// Writes a head. `long` makes the header of a name that is too long for its place.
fn write_head(path: &str, size_bytes: u64, long: fn(u64) -> Header, out: &mut Vec<u8>) {
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
        let mut long = long(bytes.len() as u64 + 1);
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
        let Self { out, buffer } = self;
        buffer.clear();
        write_head(path, size_bytes, header_of_name, buffer);
        let mut left = size_bytes;
        loop {
            // The head and a small file go out together.
            let wanted = left.min(COPIED_BYTES.saturating_sub(buffer.len()) as u64);
            left -= (&mut *content).take(wanted).read_to_end(buffer)? as u64;
            let is_short = left > 0 && buffer.len() < COPIED_BYTES;
            if is_short {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if left == 0 {
                buffer.resize(buffer.len() + tar_padding(size_bytes), 0);
                return out.write_all(buffer);
            }
            out.write_all(buffer)?;
            buffer.clear();
        }
    }

    fn finish(self: Box<Self>) -> io::Result<W> {
        let Self { mut out, .. } = *self;
        out.write_all(&TAR_END)?;
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tar_file_is_that_of_the_usual_library() {
        let sizes = [0, 1, 511, 512, 513, COPIED_BYTES - 512, COPIED_BYTES - 511, COPIED_BYTES, 3 * COPIED_BYTES];
        let paths = ["a.txt".to_owned(), "b/".to_owned() + &"x".repeat(98), "c/".to_owned() + &"y".repeat(99)];
        let (mut ours, mut theirs) = (Box::new(Tar::new(Vec::new())), tar::Builder::new(Vec::new()));
        for path in &paths {
            for size in sizes {
                let content = vec![b'.'; size];
                ours.add(path, size as u64, &mut &content[..]).unwrap();
                theirs.append_data(&mut header_of(size as u64), path, &content[..]).unwrap();
            }
        }
        let (ours, theirs) = (ours.finish().unwrap(), theirs.into_inner().unwrap());
        assert!(ours == theirs);
    }

    #[test]
    fn a_content_that_ends_early_is_an_error() {
        for size in [1, COPIED_BYTES as u64, 2 * COPIED_BYTES as u64] {
            let content = vec![b'.'; size as usize - 1];
            let error = Tar::new(Vec::new()).add("a", size, &mut &content[..]).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{size}");
        }
    }

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
