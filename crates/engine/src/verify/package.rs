//! A package held against its manifest: every file that is listed is there, with the bytes that were written, and no other.

use super::difference::{Difference, Verdict};
use crate::manifest::{FILE_LIST, Manifest, PackedFile, hex, listed_files};
use labelport_formats::package::{ARCHIVES, ArchiveKind, for_each_file};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;

/// Holds a folder or an archive against its manifest. `progress` gets how many bytes of its files are read.
///
/// # Errors
/// If a file cannot be read. A damaged archive is a difference, not an error.
pub fn verify_package(path: &Path, manifest: &Manifest, progress: &mut dyn FnMut(u64)) -> io::Result<Verdict> {
    let mut found = Found::default();
    match archive_kind(path) {
        Some(kind) if path.is_file() => return Ok(verify_archive(kind, &mut File::open(path)?, manifest, progress)),
        _ => found.add_folder(path, "", progress)?,
    }
    Ok(found.compare(manifest))
}

/// Holds an archive against its manifest, see [`verify_package`].
pub fn verify_archive(
    kind: ArchiveKind,
    archive: &mut (impl Read + Seek),
    manifest: &Manifest,
    progress: &mut dyn FnMut(u64),
) -> Verdict {
    let mut found = Found::default();
    let read = for_each_file(kind, archive, &mut |name, content| found.add(name, content, progress));
    let damage = read.err().map(|error| Difference::Packing { bytes: found.bytes, reason: error.to_string() });
    let mut verdict = found.compare(manifest);
    verdict.differences.splice(0..0, damage);
    verdict
}

fn archive_kind(path: &Path) -> Option<ArchiveKind> {
    let extension = path.extension()?.to_str()?;
    ARCHIVES.iter().find(|(known, _)| extension.eq_ignore_ascii_case(known)).map(|(_, kind)| *kind)
}

/// The files that were found, with size and digest.
#[derive(Default)]
struct Found {
    files: BTreeMap<String, (u64, String)>,
    bytes: u64,
    /// The bytes of the list of files.
    list: Vec<u8>,
    /// What is neither a file nor a folder.
    others: Vec<String>,
}

impl Found {
    /// Holds what was found against a manifest.
    fn compare(self, manifest: &Manifest) -> Verdict {
        let Self { mut files, bytes, list, others } = self;
        let mut differences = Vec::new();
        let count = files.len() as u64;
        let mut compare = |path: &str, size: Option<u64>, sha256: &str| match files.remove(path) {
            None => differences.push(Difference::MissingFile { path: path.to_owned() }),
            Some((found, digest)) if size.is_none_or(|size| size == found) && digest == sha256 => {}
            Some(found) => {
                let (path, expected) = (path.to_owned(), (size, sha256.to_owned()));
                differences.push(Difference::ChangedFile { path, found, expected });
            }
        };
        for PackedFile { path, bytes, sha256 } in &manifest.files {
            compare(path, Some(*bytes), sha256);
        }
        if manifest.files.iter().any(|file| file.path == FILE_LIST) {
            listed_files(&String::from_utf8_lossy(&list)).for_each(|(path, sha256)| compare(path, None, sha256));
        }
        differences.extend(files.into_keys().map(|path| Difference::UnknownFile { path }));
        differences.extend(others.into_iter().map(|path| Difference::NotAFile { path }));
        Verdict { rows: manifest.digest.rows, bytes, files: count, differences }
    }

    fn add(&mut self, name: &str, content: &mut dyn Read, progress: &mut dyn FnMut(u64)) -> io::Result<()> {
        let (mut sha256, mut size, mut buffer) = (Sha256::default(), 0, vec![0; 1 << 16]);
        loop {
            let count = content.read(&mut buffer)?;
            if count == 0 {
                break;
            }
            sha256.update(&buffer[..count]);
            if name == FILE_LIST {
                self.list.extend_from_slice(&buffer[..count]);
            }
            size += count as u64;
            self.bytes += count as u64;
            progress(self.bytes);
        }
        self.files.insert(name.to_owned(), (size, hex(&sha256.finalize())));
        Ok(())
    }

    fn add_folder(&mut self, folder: &Path, prefix: &str, progress: &mut dyn FnMut(u64)) -> io::Result<()> {
        for entry in folder.read_dir()? {
            let entry = entry?;
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.file_type()?.is_dir() {
                self.add_folder(&entry.path(), &format!("{name}/"), progress)?;
            } else if entry.path().metadata()?.is_file() {
                self.add(&name, &mut File::open(entry.path())?, progress)?;
            } else {
                // Opening a pipe would wait for its other end, and a device need not end.
                self.others.push(name);
            }
        }
        self.others.sort_unstable();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn manifest_of(files: &[(&str, &str)]) -> Manifest {
        let packed = |(path, text): &(&str, &str)| PackedFile {
            path: (*path).to_owned(),
            bytes: text.len() as u64,
            sha256: hex(&Sha256::digest(text.as_bytes())),
        };
        Manifest { files: files.iter().map(packed).collect(), ..Manifest::default() }
    }

    #[test]
    fn a_folder_is_as_exported_until_a_file_changes_goes_or_comes() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        fs::create_dir(folder.path().join("rows")).unwrap();
        write("a.csv", "1,2\r\n");
        write("rows/1.txt", "one");
        let manifest = manifest_of(&[("a.csv", "1,2\r\n"), ("rows/1.txt", "one")]);
        let check = |expect: &[&str]| {
            let verdict = verify_package(folder.path(), &manifest, &mut |_| {}).unwrap();
            let found: Vec<String> = verdict.differences.iter().map(ToString::to_string).collect();
            assert!(
                found.len() == expect.len() && found.iter().zip(expect).all(|(text, start)| text.starts_with(start)),
                "{found:#?}"
            );
        };
        check(&[]);
        write("a.csv", "1,3\r\n");
        check(&["the file a.csv has the SHA-256 "]);
        write("a.csv", "1,2\r\n3");
        check(&["the file a.csv has 6 bytes, the manifest says 5"]);
        fs::remove_file(folder.path().join("rows/1.txt")).unwrap();
        write("b.csv", "");
        check(&[
            "the file a.csv has 6 bytes",
            "the file rows/1.txt is missing",
            "the file b.csv is not in the manifest",
        ]);
    }

    #[cfg(unix)]
    #[test]
    fn what_is_not_a_file_is_not_opened() {
        let folder = tempfile::tempdir().unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("a.csv")).unwrap();
        std::os::unix::fs::symlink("/dev/zero", folder.path().join("b.csv")).unwrap();
        let verdict = verify_package(folder.path(), &manifest_of(&[("a.csv", "1")]), &mut |_| {}).unwrap();
        let found: Vec<String> = verdict.differences.iter().map(ToString::to_string).collect();
        let not_opened = "is not a regular file, and was not opened";
        let expect =
            ["the file a.csv is missing".to_owned(), format!("a.csv {not_opened}"), format!("b.csv {not_opened}")];
        assert_eq!(found, expect);
    }

    #[test]
    fn files_of_rows_are_in_a_list() {
        let folder = tempfile::tempdir().unwrap();
        let list = format!("{}  rows/1.txt\n", hex(&Sha256::digest(b"one")));
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        fs::create_dir(folder.path().join("rows")).unwrap();
        write("rows/1.txt", "one");
        write(FILE_LIST, &list);
        let manifest = manifest_of(&[(FILE_LIST, &list)]);
        let verdict = || verify_package(folder.path(), &manifest, &mut |_| {}).unwrap();
        assert_eq!((verdict().files, verdict().differences), (2, Vec::new()));
        write("rows/1.txt", "two");
        assert!(verdict().differences[0].to_string().starts_with("the file rows/1.txt has the SHA-256 "));
        write(FILE_LIST, "");
        let found: Vec<String> = verdict().differences.iter().map(ToString::to_string).collect();
        assert!(found[0].starts_with("the file SHA256SUMS has 0 bytes") && found.len() == 2, "{found:?}");
    }

    #[test]
    fn a_damaged_archive_is_a_difference() {
        let folder = tempfile::tempdir().unwrap();
        for (extension, kind) in ARCHIVES {
            let mut archive = kind.open(Vec::new());
            let text = "row\r\n".repeat(1_000);
            archive.add("a.csv", text.len() as u64, &mut text.as_bytes()).unwrap();
            let bytes = archive.finish().unwrap();
            let path = folder.path().join(format!("out.{extension}"));
            let manifest = manifest_of(&[("a.csv", &text)]);
            fs::write(&path, &bytes).unwrap();
            assert!(verify_package(&path, &manifest, &mut |_| {}).unwrap().is_same(), "{extension}");
            let mut twice = kind.open(Vec::new());
            for content in ["other", text.as_str()] {
                // The writer of one kind refuses a second file of the same name itself.
                let _ = twice.add("a.csv", content.len() as u64, &mut content.as_bytes());
            }
            let damaged = [
                bytes[..bytes.len() / 2].to_vec(),
                [&bytes[..], b"PK"].concat(),
                [b"PK", &bytes[..]].concat(),
                [&bytes[..], &bytes[..]].concat(),
            ];
            for damaged in damaged.into_iter().chain(twice.finish()) {
                fs::write(&path, &damaged).unwrap();
                assert!(
                    !verify_package(&path, &manifest, &mut |_| {}).unwrap().is_same(),
                    "{extension} {}",
                    damaged.len()
                );
            }
        }
    }
}
