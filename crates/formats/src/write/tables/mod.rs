//! Long tables: one line for each thing, a data row, a row in a project, a row in a model run, a label or prediction, an
//! annotation, an answer, a metadata value. Lines of different tables are joined by ids.
//!
//! Nothing is reduced: what has no column of its own is in a column of JSON. Every format of tables has these, in its own
//! [`Style`].
//!
//! # Adding a table
//! One file in this folder with its columns, and one line in [`TABLES`].

mod annotations;
mod column;
mod data_rows;
mod label_key;
mod labels;
mod line;
mod metadata;
mod scopes;
mod typed;

pub(super) use column::{Column, Kind};
pub(super) use line::Style;
pub(super) use typed::Cells;

use super::Entries;
use super::stored::members;
use label_key::Source;
use labelport_model::record::Record;

/// A table: the name of its file, without an extension, and its columns.
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) columns: &'static [Column],
}

/// Every table, in the order in which an archive holds them.
pub(super) static TABLES: [&Table; 7] = [
    &data_rows::TABLE,
    &scopes::PROJECTS,
    &scopes::RUNS,
    &labels::TABLE,
    &annotations::TABLE,
    &annotations::ANSWERS,
    &metadata::TABLE,
];

const DATA_ROWS: usize = 0;
const PROJECTS: usize = 1;
const RUNS: usize = 2;
const LABELS: usize = 3;
const ANNOTATIONS: usize = 4;
const ANSWERS: usize = 5;
const METADATA: usize = 6;

/// Writes the lines of a row. The streams are those of [`TABLES`].
pub(super) fn write(record: &Record<'_>, style: Style, entries: &mut Entries<'_>) {
    let head = members(record.head);
    let row = data_rows::Key::of(head.root(), style);
    data_rows::write(record, head.root(), &row, entries);
    metadata::write(record, &row, entries);
    for project in record.projects.unwrap_or_default() {
        scopes::write_project(project, &row, entries);
        for label in project.labels {
            let source = Source { kind: "label", project_id: project.id, ..Default::default() };
            labels::write(label, &row, &source, entries);
        }
    }
    for model in record.models.unwrap_or_default() {
        for run in model.runs {
            scopes::write_run(model, run, &row, entries);
            let source = Source { model_run_id: run.id, ..Default::default() };
            for label in run.labels {
                labels::write(label, &row, &Source { kind: "label", ..source }, entries);
            }
            for prediction in run.predictions.unwrap_or_default() {
                labels::write(prediction, &row, &Source { kind: "prediction", ..source }, entries);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn tables_have_files_and_columns_of_their_own() {
        let names: BTreeSet<_> = TABLES.iter().map(|table| table.name).collect();
        assert_eq!(names.len(), TABLES.len());
        for table in TABLES {
            let names: BTreeSet<_> = table.columns.iter().map(|column| column.name).collect();
            assert_eq!(names.len(), table.columns.len(), "{}", table.name);
        }
        let positions = [DATA_ROWS, PROJECTS, RUNS, LABELS, ANNOTATIONS, ANSWERS, METADATA];
        assert_eq!(positions, [0, 1, 2, 3, 4, 5, 6]);
    }
}
