//! The native format: one row a line, in the shape and key order of export v2.
//!
//! Nothing is parsed or printed here. A row is a sequence of copies between constants.

use super::about::check_options;
use super::{About, Encoder, Entries, Format, Layout, Numbers, OpenError};
use labelport_model::record::{Annotations, LabelRecord, ModelRecord, ProjectRecord, Record, RunRecord};
use std::ops::ControlFlow;

/// NDJSON in the row format of export v2.
pub struct Ndjson;

impl Format for Ndjson {
    fn name(&self) -> &'static str {
        "ndjson"
    }

    fn summary(&self) -> &'static str {
        "One JSON object a line in the row format of export v2."
    }

    fn keeps(&self) -> &'static str {
        "everything"
    }

    fn layout(&self) -> Layout {
        Layout::Lines { extension: "ndjson" }
    }

    fn open<'f>(&'f self, about: &'f About<'f>) -> Result<Box<dyn Encoder + 'f>, OpenError> {
        check_options(self.name(), self.options(), &about.options)?;
        Ok(Box::new(Self))
    }
}

impl Encoder for Ndjson {
    fn row(&self, record: &Record<'_>, _: &mut Numbers, entries: &mut Entries<'_>) {
        write_row(record, Frames::Spilled, entries.stream(0));
    }
}

/// How filled frames are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Frames {
    /// What is written may be taken away in between.
    Spilled,
    /// The row stays in one piece, however large it is.
    Kept,
}

/// Writes a row as a line.
pub(super) fn write_row(record: &Record<'_>, frames: Frames, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"data_row\":{");
    out.extend_from_slice(record.head);
    if let Some(details) = &record.details {
        out.extend_from_slice(b",\"details\":{");
        out.extend_from_slice(details.dataset);
        if !details.dataset.is_empty() && !details.members.is_empty() {
            out.push(b',');
        }
        out.extend_from_slice(details.members);
        out.push(b'}');
    }
    out.push(b'}');
    member(b",\"media_attributes\":", record.media, out);
    list(b",\"attachments\":[", record.attachments, out);
    list(b",\"metadata_fields\":[", record.metadata, out);
    list(b",\"embeddings\":[", record.embeddings, out);
    if let Some(projects) = record.projects {
        out.extend_from_slice(b",\"projects\":{");
        separated(projects, out, |one, out| project(one, frames, out));
        out.push(b'}');
    }
    if let Some(models) = record.models {
        out.extend_from_slice(b",\"experiments\":{");
        separated(models, out, |one, out| model(one, frames, out));
        out.push(b'}');
    }
    more(record.rest, out);
    out.extend_from_slice(b"}\n");
}

fn project(project: &ProjectRecord<'_>, frames: Frames, out: &mut Vec<u8>) {
    key(project.id, out);
    name(project.name, out);
    out.extend_from_slice(b"\"labels\":[");
    separated(project.labels, out, |one, out| label(one, frames, out));
    out.push(b']');
    member(b",\"project_details\":", project.details, out);
    member(b",\"project_tags\":", project.tags, out);
    more(project.rest, out);
    out.push(b'}');
}

fn label(label: &LabelRecord<'_>, kept: Frames, out: &mut Vec<u8>) {
    out.push(b'{');
    out.extend_from_slice(label.head);
    member(b",\"label_details\":", label.details, out);
    member(b",\"performance_details\":", label.performance, out);
    out.extend_from_slice(b",\"annotations\":");
    match label.annotations {
        Annotations::Stored(annotations) => out.extend_from_slice(annotations),
        Annotations::Filled { frames, spill } => {
            // Nobody takes what follows a break, so it need not be valid.
            let _: ControlFlow<()> = match kept {
                Frames::Spilled => frames.write(out, &|out| spill(std::slice::from_mut(out))),
                Frames::Kept => frames.write(out, &|_| ControlFlow::Continue(())),
            };
        }
    }
    more(label.rest, out);
    out.push(b'}');
}

fn model(model: &ModelRecord<'_>, frames: Frames, out: &mut Vec<u8>) {
    key(model.id, out);
    name(model.name, out);
    out.extend_from_slice(b"\"runs\":{");
    separated(model.runs, out, |one, out| run(one, frames, out));
    out.push(b'}');
    more(model.rest, out);
    out.push(b'}');
}

fn run(run: &RunRecord<'_>, frames: Frames, out: &mut Vec<u8>) {
    key(run.id, out);
    name(run.name, out);
    if !run.head.is_empty() {
        out.extend_from_slice(run.head);
        out.push(b',');
    }
    out.extend_from_slice(b"\"labels\":[");
    separated(run.labels, out, |one, out| label(one, frames, out));
    out.push(b']');
    if let Some(predictions) = run.predictions {
        out.extend_from_slice(b",\"predictions\":[");
        separated(predictions, out, |one, out| label(one, frames, out));
        out.push(b']');
    }
    more(run.tail, out);
    out.push(b'}');
}

/// Writes items with commas between them.
fn separated<T>(items: &[T], out: &mut Vec<u8>, write: impl Fn(&T, &mut Vec<u8>)) {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(item, out);
    }
}

fn list(opening: &[u8], items: Option<&[&[u8]]>, out: &mut Vec<u8>) {
    if let Some(items) = items {
        out.extend_from_slice(opening);
        separated(items, out, |item, out| out.extend_from_slice(item));
        out.push(b']');
    }
}

fn member(opening: &[u8], value: Option<&[u8]>, out: &mut Vec<u8>) {
    if let Some(value) = value {
        out.extend_from_slice(opening);
        out.extend_from_slice(value);
    }
}

/// Opens an object with its name, if it has one, and leaves it where the next member begins.
fn name(name: Option<&[u8]>, out: &mut Vec<u8>) {
    out.push(b'{');
    if let Some(name) = name {
        out.extend_from_slice(b"\"name\":");
        out.extend_from_slice(name);
        out.push(b',');
    }
}

/// Writes members after others.
fn more(members: &[u8], out: &mut Vec<u8>) {
    if !members.is_empty() {
        out.push(b',');
        out.extend_from_slice(members);
    }
}

/// Writes a key: ids were checked when they came in and need no escapes.
fn key(id: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    out.extend_from_slice(id.as_bytes());
    out.extend_from_slice(b"\":");
}
