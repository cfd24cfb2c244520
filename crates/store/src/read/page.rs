//! Pages: what one section holds about a block of rows.
//!
//! An export walks one ordered scan per section and merges them by row key. A page is such a scan, copied block by block
//! into memory that is used again, so a stage of the export holds a bounded number of bytes whatever the rows' number.
//!
//! # Adding a section
//! One `pub static` below: its table and its statement, ordered by row key, and how many columns it has. A server sends
//! each entry as a row, so a section of which only the distinct values of a block are needed groups by them.

use crate::engine::{Connection, Param, StoreError};
use crate::row_key::{KeyRun, RowKey, together};
use std::borrow::Cow;
use std::ops::ControlFlow;

/// A statement that reads one section of many rows.
///
/// Its parameters are the scope key, if `scoped`, then the first and the last row key. Its columns are the
/// row key, the whole numbers, the texts.
#[derive(Debug)]
pub struct Section {
    table: &'static str,
    sql: &'static str,
    scoped: bool,
    ints: usize,
    texts: usize,
}

impl Section {
    /// Returns whether the section has any entry in the database. An empty section need not be read for each block.
    pub fn has_any(&self, connection: &mut dyn Connection) -> Result<bool, StoreError> {
        Ok(connection.find(&format!("select 1 from {} limit 1", self.table), &[], |_| ())?.is_some())
    }

    /// Returns the statement that reads rows of a list instead of a range.
    fn list_sql(&self) -> String {
        let (range, list) = match self.scoped {
            true => ("between $2 and $3", "= any($2)"),
            false => ("between $1 and $2", "= any($1)"),
        };
        self.sql.replace(range, list)
    }
}

/// The data rows themselves. Whole numbers: dataset key (0: none), known lists. Texts: head, details, media, rest, data type.
pub static DATA_ROWS: Section = Section {
    table: "data_rows",
    sql: "select row_key, coalesce(dataset_key, 0), known, head, details, media, rest, data_type \
          from data_rows where row_key between $1 and $2 order by row_key",
    scoped: false,
    ints: 2,
    texts: 5,
};

/// Attachments. Text: the entry.
pub static ATTACHMENTS: Section = Section {
    table: "attachments",
    sql: "select row_key, json from attachments where row_key between $1 and $2 order by row_key, ordinal",
    scoped: false,
    ints: 0,
    texts: 1,
};

/// Metadata values. Text: the entry.
pub static METADATA: Section = Section {
    table: "metadata",
    sql: "select row_key, json from metadata where row_key between $1 and $2 and json is not null \
          order by row_key, ordinal, part",
    scoped: false,
    ints: 0,
    texts: 1,
};

/// Embeddings. Text: the entry.
pub static EMBEDDINGS: Section = Section {
    table: "row_embeddings",
    sql: "select row_key, json from row_embeddings where row_key between $1 and $2 order by row_key, ordinal",
    scoped: false,
    ints: 0,
    texts: 1,
};

/// Which projects rows are in: an entry for each project, not for each row. Whole number: project key.
pub static ROW_PROJECTS: Section = Section {
    table: "project_rows",
    sql: "select min(row_key), project_key from project_rows where row_key between $1 and $2 group by project_key",
    scoped: false,
    ints: 1,
    texts: 0,
};

/// Rows of a project. Texts: details, rest.
pub static PROJECT_ROWS: Section = Section {
    table: "project_rows",
    sql: "select row_key, details, rest from project_rows \
          where project_key = $1 and row_key between $2 and $3 order by row_key",
    scoped: true,
    ints: 0,
    texts: 2,
};

/// Labels of a project. Whole number: whether there are masks. Texts: head, details, performance, rest, tally, annotations.
pub static LABELS: Section = Section {
    table: "labels",
    sql: "select row_key, has_masks, head, details, performance, rest, tally, annotations from labels \
          where project_key = $1 and row_key between $2 and $3 order by row_key, ordinal",
    scoped: true,
    ints: 1,
    texts: 6,
};

/// Which model runs rows are in: an entry for each run, not for each row. Whole number: run key.
pub static ROW_RUNS: Section = Section {
    table: "run_rows",
    sql: "select min(row_key), run_key from run_rows where row_key between $1 and $2 group by run_key",
    scoped: false,
    ints: 1,
    texts: 0,
};

/// Rows of a model run. Whole number: known lists. Texts: head, tail, members of the model.
pub static RUN_ROWS: Section = Section {
    table: "run_rows",
    sql: "select row_key, known, head, tail, model_rest from run_rows \
          where run_key = $1 and row_key between $2 and $3 order by row_key",
    scoped: true,
    ints: 1,
    texts: 3,
};

/// Labels of a model run. Whole number: whether there are masks. Texts: head, rest, tally, annotations. The sign keeps `role` from being taken for a constant, for
/// which SQLite would sort the labels of each row again.
pub static RUN_LABELS: Section = Section {
    table: "run_labels",
    sql: "select row_key, has_masks, head, rest, tally, annotations from run_labels \
          where run_key = $1 and row_key between $2 and $3 and +role = 0 order by row_key, role, ordinal",
    scoped: true,
    ints: 1,
    texts: 4,
};

/// Predictions of a model run. Whole number: whether there are masks. Texts: head, rest, tally, annotations.
pub static RUN_PREDICTIONS: Section = Section {
    table: "run_labels",
    sql: "select row_key, has_masks, head, rest, tally, annotations from run_labels \
          where run_key = $1 and row_key between $2 and $3 and +role = 1 order by row_key, role, ordinal",
    scoped: true,
    ints: 1,
    texts: 4,
};

/// Every section.
pub static SECTIONS: &[&Section] = &[
    &DATA_ROWS,
    &ATTACHMENTS,
    &METADATA,
    &EMBEDDINGS,
    &ROW_PROJECTS,
    &PROJECT_ROWS,
    &LABELS,
    &ROW_RUNS,
    &RUN_ROWS,
    &RUN_LABELS,
    &RUN_PREDICTIONS,
];

const NULL: u32 = u32::MAX;

/// What a section holds about the rows of a block, in the section's order.
#[derive(Debug, Default)]
pub struct Page {
    keys: Vec<RowKey>,
    ints: Vec<i64>,
    /// Where each text begins and how long it is. One row may have more than 4 GB of labels.
    cells: Vec<(usize, u32)>,
    bytes: Vec<u8>,
    int_columns: usize,
    text_columns: usize,
}

/// What to load into a page.
#[derive(Debug, Clone, Copy)]
pub struct Load<'a> {
    /// The section.
    pub section: &'static Section,
    /// The scope key; ignored by a section without a scope.
    pub scope_key: i64,
    /// The rows, as ascending runs.
    pub runs: &'a [KeyRun],
    /// The text columns to leave out, by number.
    pub skipped: &'a [usize],
    /// The page ends at a row boundary after this many bytes.
    pub budget_bytes: usize,
}

impl Page {
    /// Loads a section's rows. Returns the first row key that did not fit, if any; it and all after it are not loaded.
    pub fn load(&mut self, connection: &mut dyn Connection, load: &Load<'_>) -> Result<Option<RowKey>, StoreError> {
        let &Section { ints, texts, .. } = load.section;
        self.keys.clear();
        self.ints.clear();
        self.cells.clear();
        self.bytes.clear();
        self.int_columns = ints;
        self.text_columns = texts;
        let traits = connection.traits();
        for runs in together(load.runs, traits.keys_together) {
            // Few far rows are few look-ups here, and one list for a server.
            let listed: Vec<RowKey> = match traits.is_remote && runs.len() > 1 {
                true => runs.iter().cloned().flatten().collect(),
                false => Vec::new(),
            };
            let cut = match listed.is_empty() {
                false => self.load_some(connection, load, runs[0].clone(), Some(&listed))?,
                true => {
                    let mut cut = None;
                    for run in runs {
                        cut = self.load_some(connection, load, run, None)?;
                        if cut.is_some() {
                            break;
                        }
                    }
                    cut
                }
            };
            if cut.is_some() {
                return Ok(cut);
            }
        }
        Ok(None)
    }

    /// Loads the rows of a run, or of a list that begins with it.
    fn load_some(
        &mut self,
        connection: &mut dyn Connection,
        load: &Load<'_>,
        run: KeyRun,
        listed: Option<&[RowKey]>,
    ) -> Result<Option<RowKey>, StoreError> {
        let &Section { sql, scoped, ints, texts, .. } = load.section;
        let (first, last) = (Param::Int(*run.start()), Param::Int(*run.end()));
        let scope = Param::Int(load.scope_key);
        let (ranged, list) = ([scope, first, last], [scope, Param::Ints(listed.unwrap_or_default())]);
        let (sql, all) = match listed {
            None => (Cow::Borrowed(sql), &ranged[..]),
            Some(_) => (Cow::Owned(load.section.list_sql()), &list[..]),
        };
        let params = if scoped { all } else { &all[1..] };
        let mut cut = None;
        connection.query_block(*run.start(), &sql, params, &mut |row| {
            let key = row.int(0).unwrap_or(0);
            if self.bytes.len() >= load.budget_bytes && self.keys.last().is_some_and(|last| *last < key) {
                cut = Some(key);
                return ControlFlow::Break(());
            }
            self.keys.push(key);
            for column in 0..ints {
                self.ints.push(row.int(1 + column).unwrap_or(0));
            }
            for column in 0..texts {
                let bytes = if load.skipped.contains(&column) { None } else { row.bytes(1 + ints + column) };
                self.cells.push(match bytes {
                    Some(bytes) => {
                        let start = self.bytes.len();
                        self.bytes.extend_from_slice(bytes);
                        (start, bytes.len() as u32)
                    }
                    None => (0, NULL),
                });
            }
            ControlFlow::Continue(())
        })?;
        Ok(cut)
    }

    /// Returns the number of entries.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Returns whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Returns the row key of an entry.
    pub fn key(&self, index: usize) -> RowKey {
        self.keys[index]
    }

    /// Returns a whole number of an entry.
    pub fn int(&self, index: usize, column: usize) -> i64 {
        self.ints[index * self.int_columns + column]
    }

    /// Returns a text of an entry; `None` for null or a column that was left out.
    pub fn text(&self, index: usize, column: usize) -> Option<&[u8]> {
        let (start, length) = self.cells[index * self.text_columns + column];
        (length != NULL).then(|| &self.bytes[start..start + length as usize])
    }

    /// Returns the entries of a row, given those before which were walked already: both advance in key order.
    pub fn entries_of(&self, row: RowKey, walked: &mut usize) -> std::ops::Range<usize> {
        while *walked < self.keys.len() && self.keys[*walked] < row {
            *walked += 1;
        }
        let start = *walked;
        while *walked < self.keys.len() && self.keys[*walked] == row {
            *walked += 1;
        }
        start..*walked
    }
}
