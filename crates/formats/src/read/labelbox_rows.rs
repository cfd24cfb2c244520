//! Rows in the format of export v2, of today and of earlier years: one JSON object for each data row.

use super::{Reader, RowProblem, RowReader};
use labelport_model::json::Document;
use labelport_model::row::{self, Row};

/// Rows in the format of export v2.
pub struct LabelboxRows;

impl Reader for LabelboxRows {
    fn name(&self) -> &'static str {
        "labelbox"
    }

    fn summary(&self) -> &'static str {
        "Rows of a Labelbox export, v2, as NDJSON or as a JSON array."
    }

    fn open(&self) -> Box<dyn RowReader> {
        Box::<Rows>::default()
    }
}

/// What is used again for each row.
#[derive(Default)]
struct Rows {
    document: Document,
    reader: row::RowReader,
}

impl RowReader for Rows {
    fn read(&mut self, record: &[u8]) -> Result<Row, RowProblem> {
        self.document.read(record).map_err(|error| {
            let reason = match record.get(error.offset) {
                Some(0) => "a zero byte, as in a file whose copy was cut off; copy the file again".to_owned(),
                _ => error.to_string(),
            };
            RowProblem { offset: error.offset, reason }
        })?;
        let row = self.reader.read(&self.document);
        row.map_err(|error| RowProblem { offset: error.offset, reason: error.to_string() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(record: &[u8], expect: Result<&str, (usize, &str)>) {
        let outcome = LabelboxRows.open().read(record);
        match (outcome, expect) {
            (Ok(row), Ok(id)) => assert_eq!(row.id.as_str(), id),
            (Err(problem), Err((offset, start))) => {
                assert_eq!(problem.offset, offset, "{problem:?}");
                assert!(problem.reason.starts_with(start), "{problem:?}");
            }
            (outcome, _) => panic!("{outcome:?}"),
        }
    }

    #[test]
    fn a_row_is_read_or_refused_with_its_place() {
        let id = "c0000000000000000000000aa";
        check(format!("{{\"data_row\":{{\"id\":\"{id}\"}}}}").as_bytes(), Ok(id));
        check(b"{\"data_row\":\0", Err((12, "a zero byte")));
        check(b"{\"data_row\":7}", Err((12, "data_row")));
    }
}
