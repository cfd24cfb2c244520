//! Where a result and its manifest part, in words.

use super::count::{BadLine, Counted};
use super::measure::Measured;
use crate::manifest::{Annotations, Delta, Manifest};
use std::collections::BTreeMap;
use std::fmt;

/// The most parts that are listed; where lines were lost, every part after them differs.
const PARTS_LISTED: usize = 10;

/// What came of holding a result against its manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Lines of the file.
    pub rows: u64,
    /// Bytes of the file, unpacked.
    pub bytes: u64,
    /// Files of a package; 0 for a result that is one file.
    pub files: u64,
    /// Every difference, in a fixed order.
    pub differences: Vec<Difference>,
}

impl Verdict {
    /// Returns whether the file is what the manifest describes.
    pub fn is_same(&self) -> bool {
        self.differences.is_empty()
    }

    /// Returns the first difference, the one to name where there is room for one.
    pub fn first(&self) -> Option<&Difference> {
        self.differences.first()
    }
}

/// One thing that the file and the manifest do not agree about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// The file is packed and damaged; what follows is about the bytes before the damage.
    Packing {
        /// Unpacked bytes before the damage.
        bytes: u64,
        /// What is wrong.
        reason: String,
    },
    /// It has another size.
    Bytes {
        /// In the file.
        found: u64,
        /// In the manifest.
        expected: u64,
    },
    /// It has another number of lines.
    Rows {
        /// In the file.
        found: u64,
        /// In the manifest.
        expected: u64,
    },
    /// A part has another checksum.
    Part {
        /// Where it stands.
        place: Place,
        /// In the file; `None` where the file ends before the part does.
        found: Option<u32>,
        /// In the manifest.
        expected: u32,
    },
    /// Further parts differ.
    FurtherParts {
        /// How many.
        count: usize,
    },
    /// The bytes have another digest.
    Sha256 {
        /// Of the file.
        found: String,
        /// In the manifest.
        expected: String,
    },
    /// A file of a package is missing.
    MissingFile {
        /// Its path.
        path: String,
    },
    /// A package has a file that the manifest does not list.
    UnknownFile {
        /// Its path.
        path: String,
    },
    /// A package has something that is neither a file nor a folder, such as a pipe. It is not opened.
    NotAFile {
        /// Its path.
        path: String,
    },
    /// A file of a package is another one: size and SHA-256.
    ChangedFile {
        /// Its path.
        path: String,
        /// In the package.
        found: (u64, String),
        /// In the manifest, or in the list of files, which has no sizes.
        expected: (Option<u64>, String),
    },
    /// A line is not a row.
    Line {
        /// The line, from 1.
        line: u64,
        /// The byte of the line, from 1.
        column: u64,
        /// What is wrong there.
        reason: String,
    },
    /// Further lines are not rows.
    FurtherLines {
        /// How many.
        count: u64,
    },
    /// The rows hold another number of something.
    Count {
        /// `labels`, `labels of model runs` or `predictions`.
        what: &'static str,
        /// In the file.
        found: u64,
        /// In the manifest.
        expected: u64,
    },
    /// The rows hold another number of annotations of a feature.
    Annotations {
        /// The feature and the number in the manifest.
        expected: Annotations,
        /// In the file.
        found: u64,
    },
}

/// The first and the last byte of a part, from 0, and its first and last line, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The bytes.
    pub bytes: (u64, u64),
    /// The lines, by the manifest.
    pub lines: (u64, u64),
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bytes, lines } = self;
        write!(out, "bytes {} to {} (lines {} to {})", bytes.0, bytes.1, lines.0, lines.1)
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Packing { bytes, reason } => {
                write!(out, "the file is damaged: after {bytes} bytes it cannot be unpacked ({reason})")
            }
            Self::Bytes { found, expected } => {
                write!(out, "the file has {found} bytes, the manifest says {expected}")
            }
            Self::Rows { found, expected } => write!(out, "the file has {found} rows, the manifest says {expected}"),
            Self::Part { place, found: Some(found), expected } => {
                write!(out, "{place} differ: their CRC-32 is {found:08x}, the manifest says {expected:08x}")
            }
            Self::Part { place, found: None, .. } => write!(out, "{place} are not all there: the file ends before"),
            Self::FurtherParts { count } => write!(out, "{count} further parts differ"),
            Self::Sha256 { found, expected } => {
                write!(out, "the SHA-256 of the file is {found}, the manifest says {expected}")
            }
            Self::MissingFile { path } => write!(out, "the file {path} is missing"),
            Self::UnknownFile { path } => write!(out, "the file {path} is not in the manifest"),
            Self::NotAFile { path } => write!(out, "{path} is not a regular file, and was not opened"),
            Self::ChangedFile { path, found, expected: (Some(bytes), _) } if found.0 != *bytes => {
                write!(out, "the file {path} has {} bytes, the manifest says {bytes}", found.0)
            }
            Self::ChangedFile { path, found, expected } => {
                write!(out, "the file {path} has the SHA-256 {}, the manifest says {}", found.1, expected.1)
            }
            Self::Line { line, column, reason } => write!(out, "line {line}, column {column}: {reason}"),
            Self::FurtherLines { count } => write!(out, "{count} further lines are not rows"),
            Self::Count { what, found, expected } => {
                write!(out, "the file has {found} {what}, the manifest says {expected}")
            }
            Self::Annotations { expected: Annotations { feature_schema_id, name, kind, count }, found } => {
                let id = if feature_schema_id.is_empty() { "no schema id" } else { feature_schema_id };
                write!(out, "annotations of {name} ({id}, {kind}): {found}, the manifest says {count}")
            }
        }
    }
}

/// Lists the differences.
pub(super) fn compare(manifest: &Manifest, measured: Measured, counted: Counted, unpacking: Option<String>) -> Verdict {
    let Measured { bytes, lines, sha256, checksums } = measured;
    let expected = &manifest.digest;
    let mut differences = Vec::new();
    differences.extend(unpacking.map(|reason| Difference::Packing { bytes, reason }));
    if bytes != expected.bytes {
        differences.push(Difference::Bytes { found: bytes, expected: expected.bytes });
    }
    if lines != expected.rows {
        differences.push(Difference::Rows { found: lines, expected: expected.rows });
    }
    compare_parts(manifest, &checksums, &mut differences);
    if sha256 != expected.sha256 {
        differences.push(Difference::Sha256 { found: sha256, expected: expected.sha256.clone() });
    }
    let annotations: Vec<Annotations> = counted.annotations().collect();
    let further = counted.bad_lines - counted.listed.len() as u64;
    let line = |BadLine { line, column, reason }| Difference::Line { line, column, reason };
    differences.extend(counted.listed.into_iter().map(line));
    if further > 0 {
        differences.push(Difference::FurtherLines { count: further });
    }
    for (what, found, expected) in [
        ("labels", counted.labels, manifest.labels),
        ("labels of model runs", counted.run_labels, manifest.run_labels),
        ("predictions", counted.predictions, manifest.predictions),
    ] {
        if found != expected {
            differences.push(Difference::Count { what, found, expected });
        }
    }
    compare_annotations(manifest, annotations, &mut differences);
    Verdict { rows: lines, bytes, files: 0, differences }
}

/// Compares the changes of a delta with what its manifest says about them.
pub(super) fn compare_changes(delta: &Delta, measured: Measured, unpacking: Option<String>) -> Vec<Difference> {
    let Measured { bytes, lines, sha256, .. } = measured;
    let mut differences: Vec<Difference> =
        unpacking.map(|reason| Difference::Packing { bytes, reason }).into_iter().collect();
    if bytes != delta.bytes {
        differences.push(Difference::Bytes { found: bytes, expected: delta.bytes });
    }
    if lines != delta.lines {
        differences.push(Difference::Rows { found: lines, expected: delta.lines });
    }
    if sha256 != delta.sha256 {
        differences.push(Difference::Sha256 { found: sha256, expected: delta.sha256.clone() });
    }
    differences
}

fn compare_parts(manifest: &Manifest, checksums: &[u32], differences: &mut Vec<Difference>) {
    let (mut first_byte, mut first_line) = (0, 1);
    let mut found = Vec::new();
    for (index, part) in manifest.digest.parts.iter().enumerate() {
        let checksum = checksums.get(index).copied();
        if checksum != Some(part.crc32) {
            let bytes = (first_byte, (first_byte + part.bytes).saturating_sub(1));
            let lines = (first_line, (first_line + part.rows).saturating_sub(1));
            found.push(Difference::Part { place: Place { bytes, lines }, found: checksum, expected: part.crc32 });
        }
        first_byte += part.bytes;
        first_line = first_line.saturating_add(part.rows);
    }
    let count = found.len().saturating_sub(PARTS_LISTED);
    found.truncate(PARTS_LISTED);
    differences.append(&mut found);
    if count > 0 {
        differences.push(Difference::FurtherParts { count });
    }
}

fn compare_annotations(manifest: &Manifest, counted: Vec<Annotations>, differences: &mut Vec<Difference>) {
    // In the order of a manifest, both sides next to each other.
    let mut pairs: BTreeMap<[String; 3], (u64, u64)> = BTreeMap::new();
    for Annotations { feature_schema_id, name, kind, count } in counted {
        pairs.entry([feature_schema_id, name, kind]).or_default().0 += count;
    }
    for Annotations { feature_schema_id, name, kind, count } in &manifest.annotations {
        let key = [feature_schema_id.clone(), name.clone(), kind.clone()];
        let expected = &mut pairs.entry(key).or_default().1;
        *expected = expected.saturating_add(*count);
    }
    let differing = pairs.into_iter().filter(|(_, (found, expected))| found != expected);
    differences.extend(differing.map(|([feature_schema_id, name, kind], (found, count))| Difference::Annotations {
        expected: Annotations { feature_schema_id, name, kind, count },
        found,
    }));
}
