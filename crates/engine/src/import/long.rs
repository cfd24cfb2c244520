//! Records that are too long to be read whole: rows of videos with all their frames.
//!
//! While such a record is read its frames go to a compressed file that has no name, one by one, and what is left is a
//! short row. Then each label's frames are folded back to its key frames, which is what a label is stored as. Memory holds
//! the short row, the key frames and one frame. Frames that cannot be computed from key frames have to be kept as they
//! came, and count towards the limit of the record.

use super::original::Original;
use labelport_model::frames::{CutError, CutRow, Folder, FrameSink, is_filled_as};
use labelport_model::json::{Document, JsonError, Members, Value};
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// A record longer than this is read this way.
pub(super) const LONG_BYTES: usize = 8 << 20;

/// The level at which zstd is about as fast as the parser. Frames of one label are alike and become very small.
const ZSTD_LEVEL: i32 = 1;

/// A long record, read to its end.
pub(super) struct LongRecord {
    pub(super) row: CutRow,
    pub(super) frames: Frames,
    pub(super) limit_bytes: usize,
    /// The record as it was, where that is kept.
    pub(super) original: Option<Box<Original>>,
}

/// Why a long record is refused, or cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub(super) enum LongError {
    /// A frame is not JSON.
    #[error("{error}")]
    Frame {
        /// Where in the record it stands.
        offset: u64,
        #[source]
        error: JsonError,
    },
    /// Some of it would have to be kept whole and is too long.
    #[error(
        "the row has {} MiB of frames that cannot be computed from its key frames, and is longer than {} MiB with them; \
         raise --max-record-mib, or export it without interpolated frames",
        .frame_bytes >> 20,
        .limit_bytes >> 20
    )]
    TooLong {
        /// The bytes of these frames.
        frame_bytes: u64,
        /// The limit of a record.
        limit_bytes: usize,
    },
    /// The temporary file failed.
    #[error("the frames of a long record cannot be kept for a moment ({0})")]
    Io(#[from] io::Error),
}

impl From<CutError<LongError>> for LongError {
    fn from(error: CutError<LongError>) -> Self {
        match error {
            CutError::Sink(error) => error,
            other => Self::Io(io::Error::other(other.to_string())),
        }
    }
}

/// Takes frames while a record is read.
pub(super) struct FrameWriter {
    out: zstd::Encoder<'static, BufWriter<File>>,
    document: Document,
}

impl FrameWriter {
    /// Starts a file in a folder. It has no name, so that nothing of it is left whatever happens.
    pub(super) fn create(scratch_folder: &Path) -> io::Result<Self> {
        let file = tempfile::tempfile_in(scratch_folder)?;
        Ok(Self { out: zstd::Encoder::new(BufWriter::new(file), ZSTD_LEVEL)?, document: Document::default() })
    }

    pub(super) fn finish(self) -> io::Result<Frames> {
        let file = self.out.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(Frames { file })
    }
}

impl FrameSink for FrameWriter {
    type Error = LongError;

    fn frame(&mut self, _: usize, key: &[u8], value: &[u8], offset: u64) -> Result<(), LongError> {
        self.document.read(value).map_err(|error| LongError::Frame { offset: offset + error.offset as u64, error })?;
        for text in [key, self.document.text().as_bytes()] {
            self.out.write_all(&(text.len() as u64).to_le_bytes())?;
            self.out.write_all(text)?;
        }
        Ok(())
    }
}

/// The frames of a record, in normal form.
pub(super) struct Frames {
    file: File,
}

impl Frames {
    fn read(&mut self) -> io::Result<FrameReader<'_>> {
        self.file.seek(SeekFrom::Start(0))?;
        let input = zstd::Decoder::new(&mut self.file)?;
        Ok(FrameReader { input, key: String::new(), json: Vec::new() })
    }
}

struct FrameReader<'a> {
    input: zstd::Decoder<'static, BufReader<&'a mut File>>,
    key: String,
    json: Vec<u8>,
}

impl FrameReader<'_> {
    /// Reads the next frame; the caller knows how many there are.
    fn next(&mut self) -> io::Result<(&str, &[u8])> {
        let key_bytes = self.length()?;
        self.key.clear();
        (&mut self.input).take(key_bytes).read_to_string(&mut self.key)?;
        let json_bytes = self.length()?;
        self.json.clear();
        (&mut self.input).take(json_bytes).read_to_end(&mut self.json)?;
        Ok((&self.key, &self.json))
    }

    fn length(&mut self) -> io::Result<u64> {
        let mut bytes = [0; 8];
        self.input.read_exact(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }
}

/// What takes the place of a `frames` object that was cut out.
enum Inside {
    /// Its key frames, if they turn out to be enough; with the annotations that hold them.
    Folded { members: Members, annotations: String },
    /// All frames.
    Whole(Members),
}

impl LongRecord {
    /// Returns the record as it would have been without frames that can be computed. On an error about a place in what is
    /// left of the row, the caller maps it with [`CutRow::original_offset`].
    pub(super) fn shorten(&mut self, document: &Document) -> Result<Vec<u8>, LongError> {
        let annotations = annotations_of(document.root(), &self.row);
        let mut inside = Vec::with_capacity(self.row.cuts.len());
        let mut frame = Document::default();
        let mut reader = self.frames.read()?;
        for (cut, annotations) in self.row.cuts.iter().zip(&annotations) {
            let folder = annotations.and_then(Folder::new);
            let mut members = Members::default();
            for _ in 0..cut.frames {
                let (key, json) = reader.next()?;
                let Some(folder) = &folder else { continue };
                frame.read(json).map_err(|error| LongError::Frame { offset: 0, error })?;
                if let Some(kept) = folder.keep(key, frame.root()) {
                    members.push_raw(key, &kept);
                }
            }
            inside.push(match (folder, annotations) {
                (Some(folder), Some(annotations)) => {
                    let annotations = folder.finish(*annotations, &members);
                    Inside::Folded { members, annotations }
                }
                _ => Inside::Whole(Members::default()),
            });
        }
        drop(reader);
        self.check(&mut inside)?;
        self.keep_whole(&mut inside)?;
        let mut text = Vec::with_capacity(self.row.text.len());
        let mut from = 0;
        for (cut, inside) in self.row.cuts.iter().zip(&inside) {
            let (Inside::Folded { members, .. } | Inside::Whole(members)) = inside;
            text.extend_from_slice(&self.row.text[from..=cut.at]);
            text.extend_from_slice(members.as_str().as_bytes());
            from = cut.at + 1;
        }
        text.extend_from_slice(&self.row.text[from..]);
        Ok(text)
    }

    /// Compares what key frames fill with the frames that came; what differs is kept whole.
    fn check(&mut self, inside: &mut [Inside]) -> io::Result<()> {
        let mut reader = self.frames.read()?;
        for (cut, inside) in self.row.cuts.iter().zip(inside) {
            let mut left = cut.frames;
            let mut failure = None;
            let is_same = match inside {
                Inside::Whole(_) => Some(false),
                Inside::Folded { annotations, .. } => is_filled_as(annotations, &mut |number, filled| {
                    if left == 0 {
                        return Some(false);
                    }
                    left -= 1;
                    match reader.next() {
                        Ok((key, json)) => Some(key == number && json == filled),
                        Err(error) => {
                            failure = Some(error);
                            None
                        }
                    }
                }),
            };
            if let Some(error) = failure {
                return Err(error);
            }
            if is_same != Some(true) || left > 0 {
                *inside = Inside::Whole(Members::default());
            }
            for _ in 0..left {
                reader.next()?;
            }
        }
        Ok(())
    }

    /// Collects the frames that are kept whole, if there is room for them.
    fn keep_whole(&mut self, inside: &mut [Inside]) -> Result<(), LongError> {
        let kept = |inside: &Inside| matches!(inside, Inside::Whole(_));
        let of_whole = self.row.cuts.iter().zip(&*inside).filter(|(_, inside)| kept(inside));
        let frame_bytes: u64 = of_whole.map(|(cut, _)| cut.bytes).sum();
        if frame_bytes + self.row.text.len() as u64 > self.limit_bytes as u64 {
            return Err(LongError::TooLong { frame_bytes, limit_bytes: self.limit_bytes });
        }
        if frame_bytes == 0 {
            return Ok(());
        }
        let mut reader = self.frames.read()?;
        for (cut, inside) in self.row.cuts.iter().zip(inside) {
            for _ in 0..cut.frames {
                let (key, json) = reader.next()?;
                if let Inside::Whole(members) = inside {
                    members.push_raw(key, &String::from_utf8_lossy(json));
                }
            }
        }
        Ok(())
    }
}

/// Finds the annotations whose frames were cut out, in the order of the cuts.
fn annotations_of<'a>(root: Value<'a>, row: &CutRow) -> Vec<Option<Value<'a>>> {
    let mut found = vec![None; row.cuts.len()];
    let mut look = |labels: Option<Value<'a>>| {
        for label in labels.into_iter().flat_map(Value::elements) {
            let Some(annotations) = label.get("annotations") else { continue };
            let Some(frames) = annotations.get("frames") else { continue };
            if let Ok(place) = row.cuts.binary_search_by_key(&frames.offset(), |cut| cut.at) {
                found[place] = Some(annotations);
            }
        }
    };
    for (_, project) in root.get("projects").into_iter().flat_map(Value::members) {
        look(project.get("labels"));
    }
    for (_, model) in root.get("experiments").into_iter().flat_map(Value::members) {
        for (_, run) in model.get("runs").into_iter().flat_map(Value::members) {
            look(run.get("labels"));
            look(run.get("predictions"));
        }
    }
    found
}
