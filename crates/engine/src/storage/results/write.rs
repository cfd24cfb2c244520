//! Writing a result.

use super::index::{Frame, Index, VERSION};
use super::{INDEX_FILE, MANIFEST_FILE};
use crate::manifest::{Manifest, RowNotice};
use crate::sink::{CHANGES_PLACE, Entry, Extent, FileError, Packing, Sink, no_package};
use crate::storage::{Storage, Upload};
use labelport_formats::write::Layout;
use std::io::{self, Write as _};
use std::sync::Arc;

/// A part ends with the frame in which it reaches this many packed bytes.
const PART_BYTES: u64 = 64 << 20;

/// Takes the chunks of an export and keeps them. Dropped before it is finished, it leaves what does not exist.
pub struct ResultSink {
    storage: Arc<dyn Storage>,
    folder: String,
    index: Index,
    part: Option<Box<dyn Upload>>,
    number: u32,
    at: u64,
}

impl ResultSink {
    pub(super) fn create(storage: Arc<dyn Storage>, folder: String) -> io::Result<Self> {
        storage.prepare(&folder)?;
        let index = Index { version: VERSION, attempt: storage.attempt(), ..Index::default() };
        Ok(Self { storage, folder, index, part: None, number: 0, at: 0 })
    }

    /// Starts an object of the result.
    fn put(&self, name: &str) -> io::Result<Box<dyn Upload>> {
        self.storage.put(&format!("{}/{name}", self.folder))
    }

    /// Writes the stream of errors: what the manifest says about single rows, one line each.
    fn write_errors(&mut self, manifest: &Manifest) -> io::Result<()> {
        if manifest.rows.is_empty() {
            return Ok(());
        }
        let line = |row: &RowNotice| {
            serde_json::json!({ "data_row_id": row.data_row_id, "message": row.message }).to_string() + "\n"
        };
        let text: String = manifest.rows.iter().map(line).collect();
        let mut packed = Vec::new();
        Packing::Zstd.packer()?.pack(text.as_bytes(), &mut packed)?;
        let mut part = self.put(&self.index.part_name(0))?;
        part.write_all(&packed)?;
        part.finish()?;
        let (bytes, lines) = (text.len() as u64, manifest.rows.len() as u64);
        self.index.errors = vec![Frame { part: 0, at: 0, packed: packed.len() as u64, bytes, lines }];
        Ok(())
    }

    fn publish(mut self, manifest: &Manifest) -> io::Result<()> {
        self.write_errors(manifest)?;
        manifest.digest.sha256.clone_into(&mut self.index.sha256);
        if let Some(part) = self.part.take() {
            part.finish()?;
        }
        // Nobody reads the index before the manifest is there, which appears whole and takes the names of all with it. Both
        // are exclusive: of two workers that write the result of one task, the slower one fails and leaves what is there.
        let publish = |name: &str, bytes: &[u8]| self.storage.publish(&format!("{}/{name}", self.folder), bytes);
        publish(INDEX_FILE, &serde_json::to_vec(&self.index)?)?;
        publish(MANIFEST_FILE, manifest.to_json().as_bytes())
    }
}

impl Sink for ResultSink {
    fn packing(&self) -> Packing {
        Packing::Zstd
    }

    fn name(&self) -> String {
        "the stored result".to_owned()
    }

    fn start(&mut self, layout: Layout, _: &[String]) -> io::Result<()> {
        if layout == Layout::Package { Err(no_package()) } else { Ok(()) }
    }

    fn write(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        if self.at >= PART_BYTES
            && let Some(part) = self.part.take()
        {
            part.finish()?;
        }
        let mut part = match self.part.take() {
            Some(part) => part,
            None => {
                self.number += 1;
                self.at = 0;
                self.put(&self.index.part_name(self.number))?
            }
        };
        part.write_all(entry.bytes)?;
        self.part = Some(part);
        let packed = entry.bytes.len() as u64;
        if entry.extent.bytes > 0 {
            let Extent { bytes, lines } = entry.extent;
            let frames = if entry.place == CHANGES_PLACE { &mut self.index.changes } else { &mut self.index.rows };
            frames.push(Frame { part: self.number, at: self.at, packed, bytes, lines });
        }
        self.at += packed;
        Ok(())
    }

    fn finish(self: Box<Self>, manifest: &Manifest) -> Result<(), FileError> {
        let name = self.storage.shown(&self.folder);
        self.publish(manifest).map_err(|source| FileError::Kept { name, source })
    }
}
