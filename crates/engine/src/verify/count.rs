//! What the rows of a result hold, counted line by line.

use labelport_model::annotation;
use labelport_model::json::{Document, Kind, Value};
use std::collections::HashMap;

/// The most lines that are no rows whose reasons are kept; all are counted.
const BAD_LINES_LISTED: usize = 10;

/// Takes bytes in and counts what stands in their lines.
pub(super) struct Counter {
    line_limit_bytes: usize,
    document: Document,
    /// The beginning of a line whose end has not come yet.
    open: Vec<u8>,
    /// Whether that line is longer than it may be; then nothing of it is held.
    is_too_long: bool,
    line: u64,
    counted: Counted,
}

/// What was counted.
#[derive(Default)]
pub(super) struct Counted {
    pub(super) labels: u64,
    pub(super) run_labels: u64,
    pub(super) predictions: u64,
    /// By schema id, name and kind in normal form, with a line feed between them, which none of them holds.
    pub(super) annotations: HashMap<String, u64>,
    pub(super) bad_lines: u64,
    /// The first of them.
    pub(super) listed: Vec<BadLine>,
}

/// A line that is no row.
pub(super) struct BadLine {
    pub(super) line: u64,
    /// The byte at which the error stands, from 1.
    pub(super) column: u64,
    pub(super) reason: String,
}

impl Counter {
    pub(super) fn new(line_limit_bytes: usize) -> Self {
        Self {
            line_limit_bytes,
            document: Document::default(),
            open: Vec::new(),
            is_too_long: false,
            line: 0,
            counted: Counted::default(),
        }
    }

    pub(super) fn add(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while let Some(at) = rest.iter().position(|byte| *byte == b'\n') {
            self.hold(&rest[..at]);
            self.end_line();
            rest = &rest[at + 1..];
        }
        self.hold(rest);
    }

    pub(super) fn finish(mut self) -> Counted {
        if !self.open.is_empty() || self.is_too_long {
            self.end_line();
        }
        self.counted
    }

    fn hold(&mut self, bytes: &[u8]) {
        if self.is_too_long || self.open.len() + bytes.len() > self.line_limit_bytes {
            self.is_too_long = true;
            self.open = Vec::new();
        } else {
            self.open.extend_from_slice(bytes);
        }
    }

    fn end_line(&mut self) {
        self.line += 1;
        let outcome = if std::mem::take(&mut self.is_too_long) {
            Err((0, format!("a line of more than {} bytes", self.line_limit_bytes)))
        } else {
            match self.document.read(&self.open) {
                Err(error) => Err((error.offset, error.to_string())),
                Ok(()) => self.counted.add_row(self.document.root()),
            }
        };
        self.open.clear();
        if let Err((offset, reason)) = outcome {
            self.counted.bad_lines += 1;
            if self.counted.listed.len() < BAD_LINES_LISTED {
                let column = offset as u64 + 1;
                self.counted.listed.push(BadLine { line: self.line, column, reason });
            }
        }
    }
}

impl Counted {
    /// Counts what a row holds; fails with an offset and a reason for a value that is no row.
    fn add_row(&mut self, row: Value<'_>) -> Result<(), (usize, String)> {
        if row.get("data_row").is_none_or(|data_row| data_row.kind() != Kind::Object) {
            return Err((row.offset(), format!("{} without an object data_row is no row", row.kind().named())));
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
        let mut key = String::new();
        for label in home.get(list).into_iter().flat_map(|list| list.elements()) {
            labels += 1;
            let Some(annotations) = label.get("annotations") else { continue };
            annotation::for_each(annotations, &mut |mark| {
                key.clear();
                for (index, text) in [mark.schema_id, mark.name, mark.kind].into_iter().enumerate() {
                    if index > 0 {
                        key.push('\n');
                    }
                    key.push_str(text);
                }
                match self.annotations.get_mut(&key) {
                    Some(count) => *count += 1,
                    None => drop(self.annotations.insert(key.clone(), 1)),
                }
            });
        }
        labels
    }
}

/// Lists the members of the object that a key holds.
fn members<'a>(value: Value<'a>, key: &str) -> impl Iterator<Item = (&'a str, Value<'a>)> {
    value.get(key).into_iter().flat_map(Value::members)
}
