//! Size, digest and checksums of bytes, part by part as a manifest cuts them.

use crate::manifest::{DigestedPart, hex};
use sha2::{Digest as _, Sha256};

/// Takes bytes in and measures them.
pub(super) struct Measure<'m> {
    parts: &'m [DigestedPart],
    sha256: Sha256,
    crc32: crc32fast::Hasher,
    bytes: u64,
    lines: u64,
    ends_line: bool,
    /// What is left of the part that the next byte belongs to.
    open_bytes: u64,
    checksums: Vec<u32>,
}

/// What was measured.
pub(super) struct Measured {
    pub(super) bytes: u64,
    /// Lines; bytes after the last line feed are a line as well.
    pub(super) lines: u64,
    pub(super) sha256: String,
    /// The checksum of each part that is there whole.
    pub(super) checksums: Vec<u32>,
}

impl<'m> Measure<'m> {
    pub(super) fn new(parts: &'m [DigestedPart]) -> Self {
        Self {
            parts,
            sha256: Sha256::default(),
            crc32: crc32fast::Hasher::default(),
            bytes: 0,
            lines: 0,
            ends_line: true,
            open_bytes: parts.first().map_or(0, |part| part.bytes),
            checksums: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        self.bytes += bytes.len() as u64;
        self.lines += bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.ends_line = bytes.last().map_or(self.ends_line, |last| *last == b'\n');
        let mut rest = bytes;
        while self.checksums.len() < self.parts.len() {
            let here = usize::try_from(self.open_bytes).unwrap_or(usize::MAX).min(rest.len());
            self.crc32.update(&rest[..here]);
            rest = &rest[here..];
            self.open_bytes -= here as u64;
            if self.open_bytes > 0 {
                break;
            }
            self.checksums.push(std::mem::take(&mut self.crc32).finalize());
            self.open_bytes = self.parts.get(self.checksums.len()).map_or(0, |part| part.bytes);
        }
    }

    pub(super) fn finish(self) -> Measured {
        Measured {
            bytes: self.bytes,
            lines: self.lines + u64::from(!self.ends_line),
            sha256: hex(&self.sha256.finalize()),
            checksums: self.checksums,
        }
    }
}
