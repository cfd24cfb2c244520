//! Many files in one: archives with names that are safe on every system.
//!
//! An archive is written to anything that takes bytes, in one go and without seeking, so it can go to a pipe. Every entry
//! has the same time, 1980-01-01, and the same mode: the same entries give the same bytes.
//!
//! # Adding a kind of archive
//! One file in this folder with a type that implements [`Archive`], and one line in [`ARCHIVES`].

mod path;
mod tar;
mod unpack;
mod zip;

pub use path::{PathError, check_path};
pub use tar::{TAR_END, tar_padding, write_tar_head};
pub use unpack::for_each_file;

use std::io::{self, Read, Write};

/// An archive that is being written.
pub trait Archive<W: Write>: Send {
    /// Adds a file of this many bytes, which must be what `content` gives.
    fn add(&mut self, path: &str, size_bytes: u64, content: &mut dyn Read) -> io::Result<()>;

    /// Adds a file whose bytes hardly become fewer, such as a picture: an archive does not try to compress it.
    fn add_packed(&mut self, path: &str, size_bytes: u64, content: &mut dyn Read) -> io::Result<()> {
        self.add(path, size_bytes, content)
    }

    /// Writes what comes after the last file, and returns what the archive was written to.
    fn finish(self: Box<Self>) -> io::Result<W>;
}

/// A kind of archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArchiveKind {
    /// A tar file.
    Tar,
    /// A zip file; its entries are deflated.
    Zip,
}

/// Every kind of archive with its extension, without a dot.
pub const ARCHIVES: &[(&str, ArchiveKind)] = &[("tar", ArchiveKind::Tar), ("zip", ArchiveKind::Zip)];

impl ArchiveKind {
    /// Starts an archive.
    pub fn open<'w, W: Write + Send + 'w>(self, out: W) -> Box<dyn Archive<W> + 'w> {
        match self {
            Self::Tar => Box::new(tar::Tar::new(out)),
            Self::Zip => Box::new(zip::Zip::new(out)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(kind: ArchiveKind) -> Vec<u8> {
        let mut archive = kind.open(Vec::new());
        archive.add("a/b.csv", 3, &mut &b"1,2"[..]).unwrap();
        archive.add("c.txt", 0, &mut &b""[..]).unwrap();
        archive.finish().unwrap()
    }

    #[test]
    fn the_same_entries_give_the_same_bytes() {
        for (_, kind) in ARCHIVES {
            assert_eq!(write(*kind), write(*kind));
        }
    }

    #[test]
    fn a_zip_holds_its_files_at_a_fixed_time() {
        let mut archive = ::zip::ZipArchive::new(io::Cursor::new(write(ArchiveKind::Zip))).unwrap();
        let mut found = Vec::new();
        for index in 0..archive.len() {
            let mut file = archive.by_index(index).unwrap();
            let mut text = String::new();
            file.read_to_string(&mut text).unwrap();
            assert_eq!(file.last_modified().unwrap().to_string(), "1980-01-01 00:00:00");
            found.push((file.name().unwrap().into_owned(), text));
        }
        assert_eq!(found, [("a/b.csv".to_owned(), "1,2".to_owned()), ("c.txt".to_owned(), String::new())]);
    }

    #[test]
    fn a_tar_holds_its_files_at_a_fixed_time() {
        let bytes = write(ArchiveKind::Tar);
        let mut archive = ::tar::Archive::new(&bytes[..]);
        let mut found = Vec::new();
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            assert_eq!(entry.header().mtime().unwrap(), 315_532_800);
            found.push((entry.path().unwrap().display().to_string(), text));
        }
        assert_eq!(found, [("a/b.csv".to_owned(), "1,2".to_owned()), ("c.txt".to_owned(), String::new())]);
    }

    #[test]
    fn content_that_is_shorter_than_announced_is_an_error() {
        for (_, kind) in ARCHIVES {
            assert!(kind.open(Vec::new()).add("a", 4, &mut &b"123"[..]).is_err(), "{kind:?}");
            assert!(kind.open(Vec::new()).add_packed("a", 4, &mut &b"123"[..]).is_err(), "{kind:?}");
        }
    }

    #[test]
    fn a_zip_holds_pictures_as_they_are() {
        let mut archive = ArchiveKind::Zip.open(Vec::new());
        archive.add("a.txt", 100, &mut &[b' '; 100][..]).unwrap();
        archive.add_packed("a.jpg", 100, &mut &[b' '; 100][..]).unwrap();
        let mut archive = ::zip::ZipArchive::new(io::Cursor::new(archive.finish().unwrap())).unwrap();
        let sizes = [0, 1].map(|index| archive.by_index(index).unwrap().compressed_size());
        assert!(sizes[0] < 100 && sizes[1] == 100, "{sizes:?}");
    }
}
