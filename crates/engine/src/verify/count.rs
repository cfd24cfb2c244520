//! What the rows of a result hold, counted line by line. Of a long line the frames of videos are counted one by one, so
//! that memory holds the rest of the row and one frame.

use crate::manifest::{Annotations, unescaped};
use labelport_model::annotation::{self, Mark};
use labelport_model::frames::{CutError, Cutter, FrameSink};
use labelport_model::json::{Document, JsonError, Kind, Value};
use std::collections::HashMap;

/// The most lines that are not rows whose reasons are kept; all are counted.
const BAD_LINES_LISTED: usize = 10;

/// A line longer than this is counted frame by frame.
const LONG_BYTES: usize = 8 << 20;

/// Takes bytes in and counts what stands in their lines.
pub(crate) struct Counter {
    /// The most bytes of a line, not counting frames.
    line_limit_bytes: usize,
    document: Document,
    /// The beginning of a line whose end has not come yet.
    open: Vec<u8>,
    /// A line that has turned out to be long; then `open` is empty.
    long: Option<LongLine>,
    line: u64,
    counted: Counted,
}

/// A long line whose end has not come yet.
struct LongLine {
    cutter: Cutter,
    frames: FrameCounter,
    /// Why the rest of the line is not looked at.
    error: Option<CutError<(u64, JsonError)>>,
}

/// Counts the annotations of frames.
#[derive(Default)]
struct FrameCounter {
    document: Document,
    counted: Counted,
}

impl FrameSink for FrameCounter {
    type Error = (u64, JsonError);

    fn frame(&mut self, _: usize, _: &[u8], value: &[u8], offset: u64) -> Result<(), (u64, JsonError)> {
        self.document.read(value).map_err(|error| (offset + error.offset as u64, error))?;
        annotation::for_each(self.document.root(), &mut |mark| self.counted.add_annotation(mark));
        Ok(())
    }
}

/// What was counted.
#[derive(Default)]
pub(crate) struct Counted {
    pub(crate) labels: u64,
    pub(crate) run_labels: u64,
    pub(crate) predictions: u64,
    /// By schema id, name and kind in normal form, with a line feed between them, which none of them holds.
    pub(crate) annotations: HashMap<String, u64>,
    pub(crate) bad_lines: u64,
    /// The first of them.
    pub(crate) listed: Vec<BadLine>,
    /// Memory for the key of an annotation.
    key: String,
}

/// A line that is not a row.
pub(crate) struct BadLine {
    pub(crate) line: u64,
    /// The byte at which the error stands, from 1.
    pub(crate) column: u64,
    pub(crate) reason: String,
}

impl Counter {
    pub(crate) fn new(line_limit_bytes: usize) -> Self {
        Self {
            line_limit_bytes,
            document: Document::default(),
            open: Vec::new(),
            long: None,
            line: 0,
            counted: Counted::default(),
        }
    }

    pub(crate) fn add(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while let Some(at) = memchr::memchr(b'\n', rest) {
            self.hold(&rest[..at]);
            self.end_line();
            rest = &rest[at + 1..];
        }
        self.hold(rest);
    }

    pub(crate) fn finish(mut self) -> Counted {
        if !self.open.is_empty() || self.long.is_some() {
            self.end_line();
        }
        self.counted
    }

    fn hold(&mut self, bytes: &[u8]) {
        if self.long.is_none() && self.open.len() + bytes.len() > LONG_BYTES.min(self.line_limit_bytes) {
            let mut long =
                LongLine { cutter: Cutter::new(self.line_limit_bytes), frames: FrameCounter::default(), error: None };
            long.push(&std::mem::take(&mut self.open));
            self.long = Some(long);
        }
        match &mut self.long {
            Some(long) => long.push(bytes),
            None => self.open.extend_from_slice(bytes),
        }
    }

    fn end_line(&mut self) {
        self.line += 1;
        let outcome = match self.long.take() {
            Some(long) => self.end_long_line(long),
            None => match self.document.read(&self.open) {
                Err(error) => Err((error.offset as u64, error.to_string())),
                Ok(()) => {
                    let outcome = self.counted.add_row(self.document.root());
                    outcome.map_err(|(offset, reason)| (offset as u64, reason))
                }
            },
        };
        self.open.clear();
        if let Err((offset, reason)) = outcome {
            self.counted.bad_lines += 1;
            if self.counted.listed.len() < BAD_LINES_LISTED {
                self.counted.listed.push(BadLine { line: self.line, column: offset + 1, reason });
            }
        }
    }

    /// Counts a long line; fails with an offset and a reason.
    fn end_long_line(&mut self, long: LongLine) -> Result<(), (u64, String)> {
        let limit_bytes = self.line_limit_bytes;
        match long.error {
            None => {}
            Some(CutError::Sink((offset, error))) => return Err((offset, error.to_string())),
            Some(CutError::Malformed { offset }) => {
                return Err((offset, "\"frames\" is not valid JSON here".to_owned()));
            }
            Some(CutError::FrameTooLong { offset, .. }) => {
                return Err((offset, format!("a video frame of more than {limit_bytes} bytes")));
            }
            Some(CutError::RowTooLong { .. }) => {
                return Err((0, format!("a line of more than {limit_bytes} bytes, not counting video frames")));
            }
        }
        let row = long.cutter.finish();
        let place = |offset: usize| row.original_offset(offset);
        self.document.read(&row.text).map_err(|error| (place(error.offset), error.to_string()))?;
        let outcome = self.counted.add_row(self.document.root());
        outcome.map_err(|(offset, reason)| (place(offset), reason))?;
        self.counted.add_annotations(long.frames.counted);
        Ok(())
    }
}

impl LongLine {
    fn push(&mut self, bytes: &[u8]) {
        if self.error.is_none() {
            self.error = self.cutter.push(bytes, &mut self.frames).err();
        }
    }
}

impl Counted {
    /// Returns the annotations as a manifest has them, in no order.
    pub(crate) fn annotations(&self) -> impl Iterator<Item = Annotations> {
        self.annotations.iter().map(|(key, count)| {
            let mut texts = key.splitn(3, '\n');
            let [schema_id, name, kind] = std::array::from_fn(|_| texts.next().unwrap_or_default());
            let (feature_schema_id, kind) = (schema_id.to_owned(), kind.to_owned());
            Annotations { feature_schema_id, name: unescaped(name), kind, count: *count }
        })
    }

    /// Counts what a row holds; fails with an offset and a reason for a value that is not a row.
    fn add_row(&mut self, row: Value<'_>) -> Result<(), (usize, String)> {
        if row.get("data_row").is_none_or(|data_row| data_row.kind() != Kind::Object) {
            return Err((row.offset(), format!("{} without an object data_row is not a row", row.kind().named())));
        }
        for (_, project) in members(row, "projects") {
            self.labels += self.add_labels(project, "labels");
        }
        for (_, model) in members(row, "experiments") {
            for (_, run) in members(model, "runs") {
                self.run_labels += self.add_labels(run, "labels");
                self.predictions += self.add_labels(run, "predictions");
            }
        }
        Ok(())
    }

    /// Counts the annotations of a list of labels; returns how many labels there are.
    fn add_labels(&mut self, home: Value<'_>, list: &str) -> u64 {
        let mut labels = 0;
        for label in home.get(list).into_iter().flat_map(|list| list.elements()) {
            labels += 1;
            let Some(annotations) = label.get("annotations") else { continue };
            annotation::for_each(annotations, &mut |mark| self.add_annotation(mark));
        }
        labels
    }

    fn add_annotation(&mut self, mark: Mark<'_>) {
        self.key.clear();
        for (index, text) in [mark.schema_id, mark.name, mark.kind].into_iter().enumerate() {
            if index > 0 {
                self.key.push('\n');
            }
            self.key.push_str(text);
        }
        match self.annotations.get_mut(&self.key) {
            Some(count) => *count += 1,
            None => drop(self.annotations.insert(self.key.clone(), 1)),
        }
    }

    fn add_annotations(&mut self, other: Self) {
        for (key, count) in other.annotations {
            *self.annotations.entry(key).or_default() += count;
        }
    }
}

/// Lists the members of the object that a key holds.
fn members<'a>(value: Value<'a>, key: &str) -> impl Iterator<Item = (&'a str, Value<'a>)> {
    value.get(key).into_iter().flat_map(Value::members)
}
