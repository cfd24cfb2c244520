//! The manifest of a result: what was asked, from which state, and what came out.
//!
//! A manifest holds nothing that differs between two runs of one request on one state: no time, no host, no path. It is
//! written after the bytes that it describes.

use labelport_model::json::{Document, ObjectWriter, Value, quote_into, unquote};
use labelport_model::losses::{Loss, Losses, Outcome};
use sha2::{Digest as _, Sha256};

/// The version of the manifest's shape.
pub const MANIFEST_VERSION: i64 = 1;
/// A part of a result ends with the chunk in which it reaches this many bytes.
const PART_BYTES: u64 = 16 << 20;

/// What an export was asked and what came out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Manifest {
    /// The output format.
    pub format: String,
    /// The request in canonical form, a JSON object.
    pub request: String,
    /// The change counter of the snapshot.
    pub change_seq: i64,
    /// From where an export of what changes after it goes on; empty in manifests of versions that had none.
    pub watermark: String,
    /// What else there is of an export of what changed.
    pub delta: Option<Delta>,
    /// Size and digest of the bytes before compression. The digest of a package is that of the list of its files, in the
    /// form of `sha256sum`, one line for each.
    pub digest: Digested,
    /// The files of a package, in its order; empty for a result that is one file.
    pub files: Vec<PackedFile>,
    /// What became of annotations by class, where the format cannot hold all, and what else it could not hold.
    pub losses: Losses,
    /// Labels of projects.
    pub labels: u64,
    /// Ground-truth labels of model runs.
    pub run_labels: u64,
    /// Predictions of model runs.
    pub predictions: u64,
    /// Annotations by feature and kind, sorted.
    pub annotations: Vec<Annotations>,
    /// How many listed ids and global keys name no row.
    pub unknown_ids: u64,
    /// Names in filters that nothing has, each as a sentence.
    pub unknown_names: Vec<String>,
    /// Sections that were asked for and are not known for some rows.
    pub sections: Vec<SectionNotice>,
    /// How many notices about single rows there are.
    pub row_notices: u64,
    /// The first of them.
    pub rows: Vec<RowNotice>,
}

/// What an export of what changed has besides rows: the stream of changes, which says what left and where rows stand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delta {
    /// The watermark after which the changes were made.
    pub since: String,
    /// Lines of the stream.
    pub lines: u64,
    /// Its bytes before compression.
    pub bytes: u64,
    /// SHA-256 of these bytes, in hexadecimal.
    pub sha256: String,
}

/// Annotations of one feature and kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Annotations {
    /// The feature schema id; empty when the rows give none.
    pub feature_schema_id: String,
    /// The feature's name.
    pub name: String,
    /// The annotation kind, or the answer key of a classification.
    pub kind: String,
    /// How many there are.
    pub count: u64,
}

/// A section that was asked for and is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SectionNotice {
    /// The key in the row.
    pub section: String,
    /// For how many rows or labels.
    pub count: u64,
}

/// Something that could not be done for one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowNotice {
    /// The row.
    pub data_row_id: String,
    /// What, and why.
    pub message: String,
}

/// A file of a package.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PackedFile {
    /// The path in the package.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

/// The file of a package that lists the files of rows, as `sha256sum --check` reads it. There may be millions, so that
/// their list is not in the manifest.
pub const FILE_LIST: &str = "SHA256SUMS";

/// The stream of a package, and the end of the name of a file, that holds what left and where rows stand, of an export of
/// what changed.
pub const CHANGES: &str = "changes.ndjson";

/// Reads a list of files: their paths and digests.
pub(crate) fn listed_files(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines().filter_map(|line| line.split_once("  ")).map(|(sha256, path)| (path, sha256))
}

/// Size and digest of bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Digested {
    /// Lines.
    pub rows: u64,
    /// Bytes before compression.
    pub bytes: u64,
    /// SHA-256 of the bytes before compression, in hexadecimal.
    pub sha256: String,
    /// Consecutive parts with a checksum each, by which a difference is located.
    pub parts: Vec<DigestedPart>,
}

/// Consecutive lines of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DigestedPart {
    /// Lines.
    pub rows: u64,
    /// Bytes.
    pub bytes: u64,
    /// CRC-32 of the bytes.
    pub crc32: u32,
}

/// Takes bytes in and digests them.
#[derive(Default)]
pub(crate) struct Digest {
    sha256: Sha256,
    crc32: crc32fast::Hasher,
    open: (u64, u64),
    total: (u64, u64),
    parts: Vec<DigestedPart>,
}

impl Digest {
    /// Takes the next chunk: whole lines, or a piece of a long one. A part ends only where a line does.
    pub(crate) fn add(&mut self, bytes: &[u8], rows: u64) {
        self.sha256.update(bytes);
        self.crc32.update(bytes);
        let size = bytes.len() as u64;
        self.open = (self.open.0 + rows, self.open.1 + size);
        self.total = (self.total.0 + rows, self.total.1 + size);
        if self.open.1 >= PART_BYTES && bytes.ends_with(b"\n") {
            self.close_part();
        }
    }

    pub(crate) fn rows(&self) -> u64 {
        self.total.0
    }

    pub(crate) fn finish(mut self) -> Digested {
        if self.open.1 > 0 {
            self.close_part();
        }
        let (rows, bytes) = self.total;
        Digested { rows, bytes, sha256: hex(&self.sha256.finalize()), parts: self.parts }
    }

    fn close_part(&mut self) {
        let (rows, bytes) = std::mem::take(&mut self.open);
        let crc32 = std::mem::take(&mut self.crc32).finalize();
        self.parts.push(DigestedPart { rows, bytes, crc32 });
    }
}

/// Digests the files of a package.
pub(crate) struct PackageDigest {
    rows: u64,
    streams: Vec<(String, u64, Sha256)>,
    file_bytes: u64,
}

impl PackageDigest {
    /// Starts with the streams that the package has.
    pub(crate) fn new(streams: &[String]) -> Self {
        let streams = streams.iter().map(|path| (path.clone(), 0, Sha256::default())).collect();
        Self { rows: 0, streams, file_bytes: 0 }
    }

    /// Counts rows.
    pub(crate) fn add_rows(&mut self, rows: u64) {
        self.rows += rows;
    }

    /// Takes what is next in a stream.
    pub(crate) fn add_to_stream(&mut self, index: usize, bytes: &[u8]) {
        let (_, size, sha256) = &mut self.streams[index];
        *size += bytes.len() as u64;
        sha256.update(bytes);
    }

    /// Counts bytes of whole files, which are listed in a stream.
    pub(crate) fn add_files(&mut self, bytes: u64) {
        self.file_bytes += bytes;
    }

    /// Returns the files that are streams, and how much there is in all.
    pub(crate) fn finish(self) -> (Vec<PackedFile>, PackageSize) {
        let streams = self.streams.into_iter();
        let files =
            streams.map(|(path, bytes, sha256)| PackedFile { path, bytes, sha256: hex(&sha256.finalize()) }).collect();
        (files, PackageSize { rows: self.rows, file_bytes: self.file_bytes })
    }
}

/// How much a package holds besides the files that its manifest lists.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PackageSize {
    rows: u64,
    /// The bytes of files of rows.
    file_bytes: u64,
}

impl PackageSize {
    /// Returns the digest of the whole: that of the list of its files, of which one has the digests of the files of rows.
    pub(crate) fn digest(self, files: &[PackedFile]) -> Digested {
        let list: String = files.iter().map(|file| format!("{}  {}\n", file.sha256, file.path)).collect();
        let bytes = self.file_bytes + files.iter().map(|file| file.bytes).sum::<u64>();
        Digested { rows: self.rows, bytes, sha256: hex(&Sha256::digest(list.as_bytes())), parts: Vec::new() }
    }
}

impl PackedFile {
    /// Describes a file by its bytes.
    pub(crate) fn of(path: &str, bytes: &[u8]) -> Self {
        Self { path: path.to_owned(), bytes: bytes.len() as u64, sha256: hex(&Sha256::digest(bytes)) }
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let digits = b"0123456789abcdef";
    let pair = |byte: &u8| [byte >> 4, byte & 15].map(|half| char::from(digits[usize::from(half)]));
    bytes.iter().flat_map(pair).collect()
}

/// Returns the text of what stands between the quotes of a JSON string.
pub(crate) fn unescaped(inner: &str) -> String {
    unquote(&format!("\"{inner}\"")).into_owned()
}

/// Why a text is not a manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// It is not JSON.
    #[error("it is not JSON: {0}")]
    Json(String),
    /// A key is missing or of another kind.
    #[error("the key {0} is missing or of the wrong kind")]
    Key(&'static str),
    /// It was written by a later version.
    #[error("it has version {0}, this labelport reads {MANIFEST_VERSION}; install a newer labelport")]
    Version(i64),
}

impl Manifest {
    /// Returns the manifest as JSON, one line for each top-level key.
    pub fn to_json(&self) -> String {
        let mut lines: Vec<Vec<u8>> = Vec::new();
        let mut line = |write: &dyn Fn(&mut ObjectWriter<'_>)| {
            let mut object = Vec::new();
            write(&mut ObjectWriter::open(&mut object));
            lines.push(object.split_off(1));
        };
        let number = |key: &'static str, value: u64| {
            move |object: &mut ObjectWriter<'_>| object.raw(key, value.to_string().as_bytes())
        };
        line(&number("manifest_version", MANIFEST_VERSION as u64));
        line(&|object| object.text("format", &self.format));
        line(&|object| object.raw("request", self.request.as_bytes()));
        line(&number("change_seq", self.change_seq.max(0) as u64));
        if !self.watermark.is_empty() {
            line(&|object| object.text("watermark", &self.watermark));
        }
        if let Some(Delta { since, lines, bytes, sha256 }) = &self.delta {
            line(&|object| {
                let mut delta = ObjectWriter::open(object.key("delta"));
                delta.text("since", since);
                let mut changes = ObjectWriter::open(delta.key("changes"));
                changes.raw("lines", lines.to_string().as_bytes());
                changes.raw("bytes", bytes.to_string().as_bytes());
                changes.text("sha256", sha256);
                changes.close();
                delta.close();
            });
        }
        line(&number("rows", self.digest.rows));
        line(&number("labels", self.labels));
        line(&number("run_labels", self.run_labels));
        line(&number("predictions", self.predictions));
        line(&|object| {
            write_list(object.key("annotations"), &self.annotations, |entry, object| {
                object.text("feature_schema_id", &entry.feature_schema_id);
                object.text("name", &entry.name);
                object.text("kind", &entry.kind);
                object.raw("count", entry.count.to_string().as_bytes());
            });
        });
        line(&|object| {
            let mut notices = ObjectWriter::open(object.key("notices"));
            notices.raw("unknown_ids", self.unknown_ids.to_string().as_bytes());
            // Manifests of versions before it did not have the key, and most have no use for it.
            if !self.unknown_names.is_empty() {
                let names = notices.key("unknown_names");
                names.push(b'[');
                for (index, name) in self.unknown_names.iter().enumerate() {
                    if index > 0 {
                        names.push(b',');
                    }
                    quote_into(name, names);
                }
                names.push(b']');
            }
            write_list(notices.key("sections_not_known"), &self.sections, |entry, object| {
                object.text("section", &entry.section);
                object.raw("count", entry.count.to_string().as_bytes());
            });
            if !self.losses.is_empty() {
                let losses: Vec<_> = self.losses.iter().collect();
                write_list(notices.key("losses"), &losses, |(loss, count), object| {
                    object.text("what", &loss.what);
                    if let Some(class) = &loss.class {
                        object.text("class", class);
                    }
                    object.text("outcome", loss.outcome.word());
                    if !loss.reason.is_empty() {
                        object.text("reason", &loss.reason);
                    }
                    object.raw("count", count.to_string().as_bytes());
                });
            }
            notices.raw("rows", self.row_notices.to_string().as_bytes());
            write_list(notices.key("first_rows"), &self.rows, |entry, object| {
                object.text("data_row_id", &entry.data_row_id);
                object.text("message", &entry.message);
            });
            notices.close();
        });
        line(&number("bytes", self.digest.bytes));
        line(&|object| object.text("sha256", &self.digest.sha256));
        if !self.files.is_empty() {
            line(&|object| {
                write_list(object.key("files"), &self.files, |file, object| {
                    object.text("path", &file.path);
                    object.raw("bytes", file.bytes.to_string().as_bytes());
                    object.text("sha256", &file.sha256);
                });
            });
        }
        line(&|object| {
            write_list(object.key("parts"), &self.digest.parts, |part, object| {
                object.raw("rows", part.rows.to_string().as_bytes());
                object.raw("bytes", part.bytes.to_string().as_bytes());
                object.text("crc32", &format!("{:08x}", part.crc32));
            });
        });
        let lines: Vec<String> = lines.into_iter().map(|line| String::from_utf8_lossy(&line).into_owned()).collect();
        format!("{{\n{}\n}}\n", lines.join(",\n"))
    }

    /// Reads a manifest.
    pub fn from_json(text: &[u8]) -> Result<Self, ManifestError> {
        let document = Document::parse(text).map_err(|error| ManifestError::Json(error.to_string()))?;
        let root = document.root();
        let version = root.get("manifest_version").and_then(Value::as_i64);
        match version {
            Some(MANIFEST_VERSION) => {}
            Some(other) => return Err(ManifestError::Version(other)),
            None => return Err(ManifestError::Key("manifest_version")),
        }
        let notices = root.get("notices").ok_or(ManifestError::Key("notices"))?;
        let part = |part: Value<'_>| -> Result<DigestedPart, ManifestError> {
            let crc32 = u32::from_str_radix(&text_of(part, "crc32")?, 16).map_err(|_| ManifestError::Key("crc32"))?;
            Ok(DigestedPart { rows: count_of(part, "rows")?, bytes: count_of(part, "bytes")?, crc32 })
        };
        Ok(Self {
            format: text_of(root, "format")?,
            request: root.get("request").ok_or(ManifestError::Key("request"))?.raw().to_owned(),
            change_seq: count_of(root, "change_seq")? as i64,
            watermark: root.get("watermark").map_or_else(|| Ok(String::new()), |_| text_of(root, "watermark"))?,
            delta: root.get("delta").map(delta_of).transpose()?,
            digest: Digested {
                rows: count_of(root, "rows")?,
                bytes: count_of(root, "bytes")?,
                sha256: text_of(root, "sha256")?,
                parts: list_of(root, "parts")?.map(part).collect::<Result<_, _>>()?,
            },
            files: root
                .get("files")
                .into_iter()
                .flat_map(Value::elements)
                .map(|file| {
                    let (path, sha256) = (text_of(file, "path")?, text_of(file, "sha256")?);
                    Ok(PackedFile { path, bytes: count_of(file, "bytes")?, sha256 })
                })
                .collect::<Result<_, ManifestError>>()?,
            losses: losses_of(notices)?,
            labels: count_of(root, "labels")?,
            run_labels: count_of(root, "run_labels")?,
            predictions: count_of(root, "predictions")?,
            annotations: list_of(root, "annotations")?
                .map(|entry| {
                    Ok(Annotations {
                        feature_schema_id: text_of(entry, "feature_schema_id")?,
                        name: text_of(entry, "name")?,
                        kind: text_of(entry, "kind")?,
                        count: count_of(entry, "count")?,
                    })
                })
                .collect::<Result<_, ManifestError>>()?,
            unknown_ids: count_of(notices, "unknown_ids")?,
            unknown_names: notices
                .get("unknown_names")
                .into_iter()
                .flat_map(Value::elements)
                .map(|name| name.as_text().map(String::from).ok_or(ManifestError::Key("unknown_names")))
                .collect::<Result<_, _>>()?,
            sections: list_of(notices, "sections_not_known")?
                .map(|entry| {
                    Ok(SectionNotice { section: text_of(entry, "section")?, count: count_of(entry, "count")? })
                })
                .collect::<Result<_, ManifestError>>()?,
            row_notices: count_of(notices, "rows")?,
            rows: list_of(notices, "first_rows")?
                .map(|entry| {
                    Ok(RowNotice { data_row_id: text_of(entry, "data_row_id")?, message: text_of(entry, "message")? })
                })
                .collect::<Result<_, ManifestError>>()?,
        })
    }
}

fn write_list<T>(out: &mut Vec<u8>, entries: &[T], write: impl Fn(&T, &mut ObjectWriter<'_>)) {
    out.push(b'[');
    for (index, entry) in entries.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        let mut object = ObjectWriter::open(out);
        write(entry, &mut object);
        object.close();
    }
    out.push(b']');
}

fn delta_of(delta: Value<'_>) -> Result<Delta, ManifestError> {
    let changes = delta.get("changes").ok_or(ManifestError::Key("changes"))?;
    let (lines, bytes) = (count_of(changes, "lines")?, count_of(changes, "bytes")?);
    Ok(Delta { since: text_of(delta, "since")?, lines, bytes, sha256: text_of(changes, "sha256")? })
}

fn losses_of(notices: Value<'_>) -> Result<Losses, ManifestError> {
    let mut losses = Losses::default();
    for entry in notices.get("losses").into_iter().flat_map(Value::elements) {
        let outcome = Outcome::find(&text_of(entry, "outcome")?).ok_or(ManifestError::Key("outcome"))?;
        let what = text_of(entry, "what")?;
        let class = entry.get("class").map(|_| text_of(entry, "class")).transpose()?;
        // What is kept mostly has no reason.
        let reason = match entry.get("reason") {
            None if outcome == Outcome::Kept => String::new(),
            _ => text_of(entry, "reason")?,
        };
        losses.insert(Loss { what, class, outcome, reason }, count_of(entry, "count")?);
    }
    Ok(losses)
}

fn text_of(value: Value<'_>, key: &'static str) -> Result<String, ManifestError> {
    let text = value.get(key).and_then(Value::as_text).ok_or(ManifestError::Key(key))?;
    Ok(text.into_owned())
}

fn count_of(value: Value<'_>, key: &'static str) -> Result<u64, ManifestError> {
    let count = value.get(key).and_then(Value::as_i64).and_then(|count| u64::try_from(count).ok());
    count.ok_or(ManifestError::Key(key))
}

fn list_of<'a>(value: Value<'a>, key: &'static str) -> Result<impl Iterator<Item = Value<'a>>, ManifestError> {
    let list = value.get(key).filter(|list| list.kind() == labelport_model::json::Kind::Array);
    Ok(list.ok_or(ManifestError::Key(key))?.elements())
}
