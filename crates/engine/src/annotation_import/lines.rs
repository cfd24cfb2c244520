//! The lines of an import: where they stand in the file, and which data row each is about.

use super::target::Parent;
use crate::workspace::Workspace;
use labelport_formats::read::labelbox_lines::{self, LineError};
use labelport_model::json::{Document, Value};
use labelport_model::problem::Problem;
use labelport_store::row_key::RowKey;
use labelport_store::tables::data_rows;
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};

/// The most bytes of one line.
const LINE_LIMIT_BYTES: usize = 256 << 20;

/// Where a line stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// Its number among the lines that are not blank, from 0.
    pub(super) index: usize,
    start: u64,
    length: usize,
}

/// A line as its status names it.
#[derive(Debug, Clone, Default)]
pub(super) struct Given {
    pub(super) uuid: Option<String>,
    /// The id of its row: the row that was found, or what the line says.
    pub(super) row_id: Option<String>,
    /// The global key, where the line names its row by it.
    pub(super) global_key: Option<String>,
}

/// A row and the lines about it; none where the row is not to be had.
pub(super) type LinesOfRow = (Option<RowKey>, Vec<Place>);

/// The row of a line: found, or as the line names it.
#[derive(PartialEq, Eq, Hash)]
enum Named {
    Key(RowKey),
    Text(Option<String>, Option<String>),
}

/// The lines of a file.
pub(super) struct Lines {
    file: File,
    places: Vec<Place>,
    given: Vec<Given>,
    failures: Vec<Option<LineError>>,
}

impl Lines {
    /// Finds the lines of a file.
    pub(super) fn index(file: File) -> Result<Self, Problem> {
        let mut reader = BufReader::with_capacity(1 << 20, file);
        let mut places = Vec::new();
        let mut start = 0;
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = reader.by_ref().take(LINE_LIMIT_BYTES as u64 + 1).read_until(b'\n', &mut line);
            let length = read.map_err(Problem::internal)?;
            if length == 0 {
                break;
            }
            if length > LINE_LIMIT_BYTES {
                let message = format!("line {} of the file has more than 256 MiB; cut the import", places.len() + 1);
                return Err(Problem::malformed(message));
            }
            if !line.trim_ascii().is_empty() {
                places.push(Place { index: places.len(), start, length });
            }
            start += length as u64;
        }
        let given = vec![Given::default(); places.len()];
        let failures = vec![None; places.len()];
        Ok(Self { file: reader.into_inner(), places, given, failures })
    }

    /// Groups the lines by data row, in the order in which rows first appear. Lines about no row of the target fail.
    ///
    /// A row that cannot be found keeps its place among the others: an import that was interrupted continues after as many
    /// rows as were done, whatever was deleted in the meantime.
    pub(super) fn find_rows(&mut self, workspace: &Workspace, target: &Parent) -> Result<Vec<LinesOfRow>, Problem> {
        let mut by_row: Vec<LinesOfRow> = Vec::new();
        let mut known: HashMap<Named, usize> = HashMap::new();
        let mut document = Document::default();
        let mut reader = workspace.store().reader()?;
        for place in self.places.clone() {
            let text = self.text(&place)?;
            // A line that is not JSON cannot say whose it is.
            if let Err(error) = document.read(text.as_bytes()) {
                self.failures[place.index] = Some(LineError::of_line(labelbox_lines::LineProblem::NotJson(error)));
                continue;
            }
            let root = document.root();
            let given = &mut self.given[place.index];
            given.uuid = root.get("uuid").and_then(Value::as_text).map(|uuid| uuid.into_owned());
            let named = |key: &str| {
                let value = root.get("dataRow")?.get(key)?.as_text()?;
                Some(value.into_owned())
            };
            let org_key = workspace.org_key();
            let (id, global_key) = (named("id"), named("globalKey"));
            given.global_key.clone_from(&global_key);
            let row_key = match (&id, &global_key) {
                (Some(id), _) => data_rows::find_key(&mut *reader, id)?,
                (None, Some(key)) => data_rows::find_key_by_global_key(&mut *reader, org_key, key)?,
                (None, None) => None,
            };
            let row = match row_key {
                Some(row_key) => data_rows::find_by_key(&mut *reader, org_key, row_key)?,
                None => None,
            };
            given.row_id = row.as_ref().map(|row| row.id.clone()).or_else(|| id.clone());
            let failure = match &row {
                None => Some(labelbox_lines::LineProblem::RowUnknown),
                Some(row) if !target.holds(&mut *reader, row.key)? => {
                    Some(labelbox_lines::LineProblem::RowElsewhere(target.sort()))
                }
                Some(_) => None,
            };
            let row_key = row.map(|row| row.key);
            let names = match row_key {
                Some(row_key) => Named::Key(row_key),
                None => Named::Text(id, global_key),
            };
            let at = *known.entry(names).or_insert_with(|| {
                by_row.push((row_key.filter(|_| failure.is_none()), Vec::new()));
                by_row.len() - 1
            });
            match failure {
                Some(problem) => self.failures[place.index] = Some(LineError::of_line(problem)),
                None => by_row[at].1.push(place),
            }
        }
        Ok(by_row)
    }

    /// Reads lines.
    pub(super) fn read(&mut self, places: &[Place]) -> Result<Vec<String>, Problem> {
        places.iter().map(|place| self.text(place)).collect()
    }

    fn text(&mut self, place: &Place) -> Result<String, Problem> {
        let mut bytes = vec![0; place.length];
        self.file.seek(SeekFrom::Start(place.start)).map_err(Problem::internal)?;
        self.file.read_exact(&mut bytes).map_err(Problem::internal)?;
        // What is not UTF-8 is not JSON either, and is reported as such.
        Ok(String::from_utf8_lossy(bytes.trim_ascii()).into_owned())
    }

    /// Returns how each line is named.
    pub(super) fn given(&self) -> &[Given] {
        &self.given
    }

    /// Returns the lines that failed because of their row.
    pub(super) fn failures(&self) -> &[Option<LineError>] {
        &self.failures
    }
}
