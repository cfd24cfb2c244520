//! Records of exports before v2: one JSON object for each label of a project, or for each row of a model run.
//!
//! Each record becomes the line of a row in today's form with one label, and is read like any other line. Rows that come
//! from several records are put together where they are stored: each says [`Join::Add`].
//!
//! - Numbers and texts keep their spelling; nothing is computed. What today's form has no key for is kept as it came,
//!   under [`legacy`](labelport_model::row::legacy), and counted. An export in the old format gives it back.
//! - The same record always becomes the same line: ids that records lack are made from what they have (`derived`).
//! - Annotations are counted twice, in the record and in the line, so that a difference shows.
//!
//! Records have no project ids but in the link to their label, no ids of datasets, no ontologies and no nesting of
//! questions. Where today's form needs one it is taken from the link, made from the name, gathered from the annotations,
//! or left flat.
//!
//! # Adding a kind of geometry
//! A line in `WAYS` in `geometry`, and its inverse in the writer of the old format.

mod answer;
mod derived;
mod frames;
mod geometry;
mod kept;
mod label;
mod object;
mod ontology;
mod problem;
mod record;
mod scene;
mod source;

#[cfg(test)]
mod tests;

pub use ontology::Features;

use super::{Counts, Gathered, Reader, Reading, RowProblem, RowReader, World};
use labelport_model::annotation;
use labelport_model::json::{Document, Value};
use labelport_model::row::{self, Join};
use record::Line;

/// Records of exports before v2.
pub struct LabelboxV1;

impl Reader for LabelboxV1 {
    fn name(&self) -> &'static str {
        "labelbox-v1"
    }

    fn summary(&self) -> &'static str {
        "Records of a Labelbox export before v2, one for each label, as a JSON array or as NDJSON."
    }

    fn names_files(&self) -> bool {
        true
    }

    fn open(&self, world: Box<dyn World>) -> Box<dyn RowReader> {
        let (record, line, reader) = <(Document, Document, row::RowReader)>::default();
        Box::new(Records { record, line, reader, world })
    }
}

/// The memory of a larger record is not kept for the next.
const LARGE_BYTES: usize = 8 << 20;

/// What is used again for each record.
struct Records {
    record: Document,
    line: Document,
    reader: row::RowReader,
    world: Box<dyn World>,
}

impl RowReader for Records {
    fn read(&mut self, record: &[u8]) -> Result<Reading, RowProblem> {
        self.record.read(record).map_err(|error| super::not_json(record, &error))?;
        let mut counts = Counts::default();
        let mut features = Features::default();
        let root = self.record.root();
        let line = record::read(root, &mut counts, &mut features, &mut *self.world);
        let Line { json, data_type, is_elsewhere, project_id } = line.map_err(|fault| fault.locate(root))?;
        if record.len() > LARGE_BYTES {
            self.record = Document::default();
        }
        // What does not pass here is a value that today's form does not take, such as an id.
        self.line.read(json.as_bytes()).map_err(|error| RowProblem { offset: 0, reason: error.to_string() })?;
        let is_large = json.len() > LARGE_BYTES;
        drop(json);
        let mut row = self
            .reader
            .read(&self.line)
            .map_err(|error| RowProblem { offset: 0, reason: format!("in today's form, {error}") })?;
        count_stored(self.line.root(), &mut counts);
        if is_large {
            self.line = Document::default();
        }
        row.join = Join::Add;
        row.data_type = data_type.or(row.data_type);
        let in_projects = row.projects.iter_mut().filter_map(|project| project.labels.as_mut());
        let in_runs = row.models.iter_mut().flat_map(|model| &mut model.runs).filter_map(|run| run.labels.as_mut());
        in_projects.chain(in_runs).flatten().for_each(|label| label.is_elsewhere = is_elsewhere);
        let gathered = project_id.filter(|_| !features.is_empty()).map(|project_id| {
            let project_name = row.projects.first().and_then(|project| project.name.clone());
            Box::new(Gathered { project_id, project_name, features })
        });
        Ok(Reading { row, counts: Some(Box::new(counts)), gathered })
    }
}

/// Counts the annotations of a line, before those that can be computed are dropped.
fn count_stored(line: Value<'_>, counts: &mut Counts) {
    annotation::for_each(line, &mut |mark| {
        let is_answer = ["_answer", "_answers", "unanswered"].iter().any(|end| mark.kind.ends_with(end));
        let counted = if is_answer { &mut counts.classifications } else { &mut counts.objects };
        counted.stored += 1;
    });
}
