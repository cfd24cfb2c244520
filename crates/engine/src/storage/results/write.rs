//! Writing a result.

use super::index::{Frame, Index, VERSION};
use super::read::part_name;
use super::{INDEX_FILE, MANIFEST_FILE};
use crate::disk::private;
use crate::sink::{Extent, Packing, Sink};
use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;

/// A part ends with the frame in which it reaches this many packed bytes.
const PART_BYTES: u64 = 64 << 20;

/// Takes the chunks of an export and keeps them. Dropped before it is finished, it leaves what does not exist.
pub struct ResultSink {
    folder: PathBuf,
    index: Index,
    part: Option<File>,
    number: u32,
    at: u64,
}

impl ResultSink {
    pub(super) fn create(folder: PathBuf) -> io::Result<Self> {
        private::create_folders(&folder)?;
        let index = Index { version: VERSION, ..Index::default() };
        Ok(Self { folder, index, part: None, number: 0, at: 0 })
    }

    /// Writes the stream of errors, one line each.
    pub fn write_errors(&mut self, lines: &[String]) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        let text: String = lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
        let mut packed = Vec::new();
        Packing::Zstd.packer()?.pack(text.as_bytes(), &mut packed)?;
        let mut file = private::create_file(&self.folder.join(part_name(0)))?;
        file.write_all(&packed)?;
        file.sync_all()?;
        let (bytes, lines) = (text.len() as u64, lines.len() as u64);
        self.index.errors = vec![Frame { part: 0, at: 0, packed: packed.len() as u64, bytes, lines }];
        Ok(())
    }

    /// Says what the SHA-256 of the rows is.
    pub fn set_sha256(&mut self, sha256: &str) {
        sha256.clone_into(&mut self.index.sha256);
    }

    /// Makes the result exist.
    pub fn finish(mut self, manifest: &str) -> io::Result<()> {
        if let Some(part) = self.part.take() {
            part.sync_all()?;
        }
        // Nobody reads the index before the manifest is there, which appears whole and takes the names of all with it.
        let mut index = private::create_file(&self.folder.join(INDEX_FILE))?;
        index.write_all(&serde_json::to_vec(&self.index)?)?;
        index.sync_all()?;
        private::write_whole(&self.folder.join(MANIFEST_FILE), manifest.as_bytes())
    }
}

impl Sink for ResultSink {
    fn packing(&self) -> Packing {
        Packing::Zstd
    }

    fn name(&self) -> String {
        "the stored result".to_owned()
    }

    fn write(&mut self, chunk: &[u8], extent: Extent) -> io::Result<()> {
        if self.at >= PART_BYTES
            && let Some(part) = self.part.take()
        {
            part.sync_all()?;
        }
        let mut part = match self.part.take() {
            Some(part) => part,
            None => {
                self.number += 1;
                self.at = 0;
                private::create_file(&self.folder.join(part_name(self.number)))?
            }
        };
        part.write_all(chunk)?;
        self.part = Some(part);
        let packed = chunk.len() as u64;
        if extent.bytes > 0 {
            let Extent { bytes, lines } = extent;
            self.index.rows.push(Frame { part: self.number, at: self.at, packed, bytes, lines });
        }
        self.at += packed;
        Ok(())
    }
}
