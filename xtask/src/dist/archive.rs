//! Archives whose bytes follow from what is in them, and the sums of files.

use super::FIXED_TIME_SECS;
use flate2::{Compression, GzBuilder};
use sha2::{Digest, Sha256};
use std::fs;
use std::io;
use std::path::Path;

/// The file with the sums, in the form of `sha256sum`.
pub(super) const SUMS: &str = "SHA256SUMS";

/// A file in an archive.
pub(super) struct Entry {
    /// Its path below the folder of the archive.
    pub(super) path: String,
    pub(super) bytes: Vec<u8>,
    /// Whether it can be executed.
    pub(super) is_program: bool,
}

/// Writes an archive of entries below one folder.
pub(super) fn write(path: &Path, folder: &str, entries: &[Entry]) -> Result<(), String> {
    let bytes = pack(folder, entries).map_err(|error| format!("{}: {error}", path.display()))?;
    fs::write(path, bytes).map_err(|error| format!("{}: {error}", path.display()))
}

/// Packs entries by path, whatever order they come in, as files of nobody.
fn pack(folder: &str, entries: &[Entry]) -> io::Result<Vec<u8>> {
    let mut sorted: Vec<&Entry> = entries.iter().collect();
    sorted.sort_by(|one, next| one.path.cmp(&next.path));
    let mut archive = tar::Builder::new(GzBuilder::new().write(Vec::new(), Compression::best()));
    for entry in sorted {
        let mut header = tar::Header::new_gnu();
        header.set_size(entry.bytes.len() as u64);
        header.set_mode(if entry.is_program { 0o755 } else { 0o644 });
        header.set_mtime(FIXED_TIME_SECS);
        header.set_uid(0);
        header.set_gid(0);
        archive.append_data(&mut header, format!("{folder}/{}", entry.path), entry.bytes.as_slice())?;
    }
    archive.into_inner()?.finish()
}

/// Writes the sums of the files in a folder, by name.
pub(super) fn write_sums(folder: &Path) -> Result<(), String> {
    let failed = |error: io::Error| format!("{}: {error}", folder.display());
    let mut lines = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name != SUMS {
            let digest = Sha256::digest(fs::read(entry.path()).map_err(failed)?);
            let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            lines.push((name.clone(), format!("{digest}  {name}\n")));
        }
    }
    lines.sort();
    let text: String = lines.into_iter().map(|(_, line)| line).collect();
    fs::write(folder.join(SUMS), text).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn entry(path: &str, text: &str, is_program: bool) -> Entry {
        Entry { path: path.to_owned(), bytes: text.as_bytes().to_vec(), is_program }
    }

    #[test]
    fn the_bytes_follow_from_the_entries() {
        let there = [entry("b", "two", false), entry("a/c", "one", true)];
        let back = [entry("a/c", "one", true), entry("b", "two", false)];
        let packed = pack("top", &there).unwrap();
        assert_eq!(packed, pack("top", &back).unwrap());
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(packed.as_slice()));
        let mut found = Vec::new();
        for file in archive.entries().unwrap() {
            let mut file = file.unwrap();
            let mut text = String::new();
            file.read_to_string(&mut text).unwrap();
            let header = file.header();
            assert_eq!((header.mtime().unwrap(), header.uid().unwrap()), (FIXED_TIME_SECS, 0));
            found.push((file.path().unwrap().display().to_string(), header.mode().unwrap(), text));
        }
        let expect = [("top/a/c", 0o755, "one"), ("top/b", 0o644, "two")];
        assert_eq!(found, expect.map(|(path, mode, text)| (path.to_owned(), mode, text.to_owned())));
    }
}
