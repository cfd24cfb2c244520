//! Long tables as CSV files: open in any spreadsheet, in pandas, in DuckDB.
//!
//! One line for each thing: a data row, a row in a project, a row in a model run, a label or prediction, an annotation,
//! an answer, a metadata value. Lines of different tables are joined by ids. Nothing is reduced: what has no column of its
//! own is in a column of JSON.
//!
//! RFC 4180 in UTF-8, lines end with CR LF. A text that a spreadsheet would take for a formula gets a leading apostrophe,
//! which is counted as a loss.
//!
//! # Adding a table
//! One file in this folder with its columns, and one line in [`TABLES`].

mod annotations;
mod data_rows;
mod label_key;
mod labels;
mod metadata;
mod scopes;

use super::about::check_options;
use super::cells::Line;
use super::{About, Encoder, Entries, Format, FormatOption, Layout, Numbers, OpenError};
use label_key::Source;
use labelport_model::json::Document;
use labelport_model::record::Record;

/// Long tables as CSV files.
pub struct Csv;

/// A table: the file that holds it, and its columns.
struct Table {
    path: &'static str,
    columns: &'static [&'static str],
}

/// Every table, in the order in which an archive holds them.
static TABLES: [&Table; 7] = [
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

static BOM: FormatOption = FormatOption {
    name: "bom",
    summary: "Whether each file begins with a byte order mark, by which older versions of Excel know UTF-8.",
    values: &["no", "yes"],
    form: None,
};

struct Tables {
    has_bom: bool,
}

impl Format for Csv {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn summary(&self) -> &'static str {
        "Long tables: data rows, projects, model runs, labels, annotations, answers, metadata."
    }

    fn layout(&self) -> Layout {
        Layout::Package
    }

    fn options(&self) -> &'static [FormatOption] {
        std::slice::from_ref(&BOM)
    }

    fn open<'f>(&'f self, about: &'f About<'f>) -> Result<Box<dyn Encoder + 'f>, OpenError> {
        check_options(self.name(), self.options(), &about.options)?;
        Ok(Box::new(Tables { has_bom: about.option(&BOM) == "yes" }))
    }
}

impl Encoder for Tables {
    fn streams(&self) -> Vec<String> {
        TABLES.iter().map(|table| table.path.to_owned()).collect()
    }

    fn start(&self, entries: &mut Entries<'_>) {
        for (index, table) in TABLES.iter().enumerate() {
            if self.has_bom {
                entries.stream(index).extend_from_slice("\u{feff}".as_bytes());
            }
            let mut line = Line::of(entries, index);
            table.columns.iter().for_each(|column| line.token(column));
            line.end();
        }
    }

    fn row(&self, record: &Record<'_>, _: &mut Numbers, entries: &mut Entries<'_>) {
        let head = members(record.head);
        let row = data_rows::Key::of(head.root());
        data_rows::write(record, head.root(), entries);
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
}

/// Reads a section of a record. What is stored is JSON.
pub(super) fn parsed(section: &[u8]) -> Document {
    Document::parse(section).unwrap_or_default()
}

/// Reads members of a section.
pub(super) fn members(members: &[u8]) -> Document {
    parsed(&[b"{", members, b"}"].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_have_files_and_columns_of_their_own() {
        let paths: std::collections::BTreeSet<_> = TABLES.iter().map(|table| table.path).collect();
        assert_eq!(paths.len(), TABLES.len());
        for table in TABLES {
            let names: std::collections::BTreeSet<_> = table.columns.iter().collect();
            assert_eq!(names.len(), table.columns.len(), "{}", table.path);
        }
        let positions = [DATA_ROWS, PROJECTS, RUNS, LABELS, ANNOTATIONS, ANSWERS, METADATA];
        assert_eq!(positions, [0, 1, 2, 3, 4, 5, 6]);
    }
}
