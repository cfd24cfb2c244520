//! Rows in the format of export v2, of today and of earlier years: one JSON object for each data row.

use super::{Reader, Reading, RowProblem, RowReader, World};
use labelport_model::json::Document;
use labelport_model::row;

/// Rows in the format of export v2.
pub struct LabelboxRows;

impl Reader for LabelboxRows {
    fn name(&self) -> &'static str {
        "labelbox"
    }

    fn summary(&self) -> &'static str {
        "Rows of a Labelbox export, v2, as NDJSON or as a JSON array."
    }

    fn names_files(&self) -> bool {
        false
    }

    fn open(&self, _: Box<dyn World>) -> Box<dyn RowReader> {
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
    fn read(&mut self, record: &[u8]) -> Result<Reading, RowProblem> {
        self.document.read(record).map_err(|error| super::not_json(record, &error))?;
        let root = self.document.root();
        if root.get("data_row").is_none() && root.get("DataRow ID").is_some() {
            let reason = "this is a record of a v1 export, which has \"DataRow ID\"; put such records into a file of their \
                          own and import it with `labelport import labelbox-v1`";
            return Err(RowProblem { offset: root.offset(), reason: reason.to_owned() });
        }
        let row = self.reader.read(&self.document);
        let row = row.map_err(|error| RowProblem { offset: error.offset, reason: error.to_string() })?;
        Ok(Reading { row, counts: None, gathered: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::Nowhere;

    #[track_caller]
    fn check(record: &[u8], expect: Result<&str, (usize, &str)>) {
        let outcome = LabelboxRows.open(Box::new(Nowhere)).read(record);
        match (outcome, expect) {
            (Ok(reading), Ok(id)) => assert_eq!(reading.row.id.as_str(), id),
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
        check(b"{\"DataRow ID\":\"x\"}", Err((0, "this is a record of a v1 export")));
    }
}
