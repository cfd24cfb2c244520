//! Results of exports that are kept: written once, read many times, by range.
//!
//! A result is a folder with parts (zstd frames one after the other, each of whole lines), an index of the frames and the
//! manifest of the export. The manifest is written last, so a result without one does not exist. A result has the
//! streams rows, errors and changes, each cut into *files*: consecutive ranges of whole lines, the same for the life of
//! the result. A read decompresses one frame at a time, whatever it asks for.

mod copying;
mod index;
mod read;
mod write;

pub use copying::{copy_files, copy_rows};
pub use index::{FileRange, Stream};
pub use read::{Stored, StoredReader, Streamed};
pub use write::ResultSink;

use super::{Folder, Storage};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where results lie.
#[derive(Debug, Clone)]
pub struct Results {
    storage: Arc<dyn Storage>,
    /// Where temporary files are made.
    scratch: PathBuf,
}

/// The folder of results.
const FOLDER: &str = "results";
/// The index of a result.
const INDEX_FILE: &str = "index.json";
/// The manifest of a result.
const MANIFEST_FILE: &str = "manifest.json";

/// Returns the folder of a result.
fn folder_of(task_id: &str) -> String {
    let safe: String = task_id.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("{FOLDER}/{safe}")
}

impl Results {
    /// Returns the folder for temporary files of results, which is made if need be.
    pub fn spool_folder(&self) -> io::Result<&Path> {
        crate::disk::private::create_folders(&self.scratch)?;
        Ok(&self.scratch)
    }

    /// Takes the folder of a workspace.
    pub fn new(data_folder: &Path) -> Self {
        Self::on(Arc::new(Folder::new(data_folder)), data_folder)
    }

    /// Takes a storage. Temporary files are made in the folder of the workspace.
    pub fn on(storage: Arc<dyn Storage>, data_folder: &Path) -> Self {
        Self { storage, scratch: data_folder.join(FOLDER) }
    }

    /// Returns where they lie.
    pub(crate) fn storage(&self) -> &Arc<dyn Storage> {
        &self.storage
    }

    /// Starts to write the result of a task. What an interrupted worker left is removed.
    pub fn start(&self, task_id: &str) -> io::Result<ResultSink> {
        self.remove(task_id)?;
        ResultSink::create(Arc::clone(&self.storage), folder_of(task_id))
    }

    /// Opens a result; none where it does not exist, not yet or not any more.
    pub fn open(&self, task_id: &str) -> io::Result<Option<Stored>> {
        Stored::open(Arc::clone(&self.storage), folder_of(task_id))
    }

    /// Returns the ids of the tasks of all results that exist.
    pub(crate) fn list(&self) -> io::Result<Vec<String>> {
        let mut existing = Vec::new();
        for id in self.list_folders()? {
            if self.exists(&id)? {
                existing.push(id);
            }
        }
        Ok(existing)
    }

    /// Returns whether a task has a result.
    pub(crate) fn exists(&self, task_id: &str) -> io::Result<bool> {
        Ok(self.storage.find(&format!("{}/{MANIFEST_FILE}", folder_of(task_id)))?.is_some())
    }

    /// Returns the ids of all tasks that have a folder, whether their results exist or not.
    pub(crate) fn list_folders(&self) -> io::Result<Vec<String>> {
        let mut ids = self.storage.list_folders(FOLDER)?;
        // What somebody else has put there is not ours.
        ids.retain(|id| folder_of(id) == format!("{FOLDER}/{id}"));
        Ok(ids)
    }

    /// Removes a result. The manifest goes first, so that half a result does not exist.
    pub fn remove(&self, task_id: &str) -> io::Result<()> {
        let folder = folder_of(task_id);
        self.storage.remove(&format!("{folder}/{MANIFEST_FILE}"))?;
        self.storage.remove_folder(&folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{Manifest, RowNotice};
    use crate::sink::{Entry, Extent, Packing, Sink};

    /// Writes a result whose frames hold these lines.
    fn result(frames: &[&str]) -> (tempfile::TempDir, Stored) {
        let folder = tempfile::tempdir().unwrap();
        let results = Results::new(folder.path());
        let mut sink = results.start("t1").unwrap();
        for frame in frames {
            let mut packed = Vec::new();
            Packing::Zstd.packer().unwrap().pack(frame.as_bytes(), &mut packed).unwrap();
            let lines = frame.lines().count() as u64;
            let extent = Extent { bytes: frame.len() as u64, lines };
            sink.write(&Entry::of_stream(&packed, extent)).unwrap();
        }
        assert!(results.open("t1").unwrap().is_none(), "a result without a manifest exists");
        let notice = RowNotice { data_row_id: "r".to_owned(), message: "m".to_owned() };
        let manifest = Manifest { rows: vec![notice], ..Manifest::default() };
        Box::new(sink).finish(&manifest).unwrap();
        let stored = results.open("t1").unwrap().unwrap();
        (folder, stored)
    }

    fn read(stored: &Stored, from: u64, to: u64) -> String {
        let mut text = Vec::new();
        stored
            .read(Stream::Rows, from, to, &mut |bytes| {
                text.extend_from_slice(bytes);
                Ok(())
            })
            .unwrap();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn any_range_of_bytes_can_be_read() {
        let whole = "one\ntwo\nthree\nfour\nfive\n";
        let (_folder, stored) = result(&["one\ntwo\n", "three\n", "four\nfive\n"]);
        assert_eq!(stored.extent(Stream::Rows), Some(Extent { bytes: whole.len() as u64, lines: 5 }));
        assert_eq!(stored.extent(Stream::Errors), Some(Extent { bytes: 34, lines: 1 }));
        for from in 0..whole.len() {
            for to in from..whole.len() {
                assert_eq!(read(&stored, from as u64, to as u64), whole[from..=to]);
            }
        }
        let mut text = String::new();
        std::io::Read::read_to_string(&mut StoredReader::new(stored, Stream::Rows), &mut text).unwrap();
        assert_eq!(text, whole);
    }

    #[test]
    fn reading_ends_with_the_result() {
        let whole = "one\ntwo\nthree\nfour\nfive\n";
        let (_folder, stored) = result(&["one\ntwo\n", "three\n", "four\nfive\n"]);
        assert_eq!(read(&stored, 20, 1_000), whole[20..]);
        assert_eq!(read(&stored, 1_000, 2_000), "");
    }

    #[test]
    fn files_are_consecutive_and_found_by_any_byte_or_line_in_them() {
        let line = format!("{}\n", "x".repeat(9 << 20));
        let (_folder, stored) = result(&[&line, &line, &line]);
        let first = stored.file_at_offset(Stream::Rows, 0).unwrap();
        assert_eq!((first.number, first.start, first.line_start, first.line_end), (0, 0, 0, 1));
        assert_eq!(stored.file_at_offset(Stream::Rows, first.end), Some(first));
        let second = stored.file_at_offset(Stream::Rows, first.end + 1).unwrap();
        assert_eq!((second.number, second.start, second.line_start, second.line_end), (1, first.end + 1, 2, 2));
        assert_eq!(stored.file_at_line(Stream::Rows, 2), Some(second));
        assert_eq!(stored.file_at_line(Stream::Rows, 3), None);
        assert_eq!(stored.file_at_offset(Stream::Rows, second.end + 1), None);
        assert_eq!(stored.file(Stream::Rows, 1), Some(second));
        assert_eq!(stored.file(Stream::Rows, 2), None);
    }

    #[test]
    fn an_empty_result_has_no_extent() {
        let (_folder, stored) = result(&[]);
        assert_eq!(stored.extent(Stream::Rows), None);
        assert_eq!(stored.file_at_offset(Stream::Rows, 0), None);
        assert_eq!(read(&stored, 0, 10), "");
    }
}
