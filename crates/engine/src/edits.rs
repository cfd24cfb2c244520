//! Changes to rows, in one transaction.
//!
//! A change is a [`Row`] with the pieces that it is about. Merging it replaces them and leaves all others.

use labelport_model::id::IdError;
use labelport_model::json::{Document, Value};
use labelport_model::problem::Problem;
use labelport_model::row::{Label, Row, RowError};
use labelport_model::time::Timestamp;
use labelport_store::Connection;
use labelport_store::StoreError;
use labelport_store::row_key::RowKey;
use labelport_store::write::activity;
use labelport_store::write::changes;
use labelport_store::write::merge::{Merger, Verdict};

/// Changes on their way into the store. Every transaction ends them with [`finish`](Edits::finish).
pub struct Edits<'c> {
    /// The connection of the transaction.
    pub connection: &'c mut dyn Connection,
    merger: Merger,
    org_key: i64,
    now: Timestamp,
    touched: bool,
}

impl<'c> Edits<'c> {
    /// Starts the changes of a transaction.
    pub fn begin(connection: &'c mut dyn Connection, org_key: i64, now: Timestamp) -> Result<Self, StoreError> {
        let mut merger = Merger::new(org_key, now);
        merger.begin(connection)?;
        Ok(Self { connection, merger, org_key, now, touched: false })
    }

    /// Merges a part of a row that is there. A row that somebody deleted meanwhile does not come back as this part alone.
    pub fn merge(&mut self, part: &Row) -> Result<Verdict, Problem> {
        match self.create(part)? {
            Verdict::Created => Err(Problem::not_found("data row", part.id.as_str())),
            verdict => Ok(verdict),
        }
    }

    /// Merges a row, which may be new. What contradicts the store is refused as a whole.
    pub fn create(&mut self, row: &Row) -> Result<Verdict, Problem> {
        match self.merger.merge(self.connection, row)? {
            Verdict::Refused(refusal) => Err(Problem::malformed(refusal.to_string())),
            verdict => Ok(verdict),
        }
    }

    /// Merges a part of a row and moves its last activity.
    pub fn merge_as_activity(&mut self, row_key: RowKey, part: &Row) -> Result<Verdict, Problem> {
        activity::note(self.connection, row_key, self.now)?;
        let verdict = self.merge(part)?;
        if verdict == Verdict::Unchanged {
            self.touch(row_key)?;
        }
        Ok(verdict)
    }

    /// Adds a label after those that a row has in a project, and moves the row's last activity.
    pub fn append_label(&mut self, project_key: i64, row_key: RowKey, label: Label) -> Result<(), Problem> {
        activity::note(self.connection, row_key, self.now)?;
        Ok(self.merger.append_labels(self.connection, (project_key, row_key), &[label])?)
    }

    /// Gives a row that was changed outside of merges the change number of this transaction.
    pub fn touch(&mut self, row_key: RowKey) -> Result<(), StoreError> {
        let change_seq = self.change_seq()?;
        changes::touch_row(self.connection, row_key, change_seq)?;
        self.touched = true;
        Ok(())
    }

    /// Returns the change number of this transaction.
    pub fn change_seq(&mut self) -> Result<i64, StoreError> {
        changes::peek_change_seq(self.connection, self.org_key)
    }

    /// Records that something was changed outside of merges, with the change number of this transaction.
    pub fn note_touched(&mut self) {
        self.touched = true;
    }

    /// Ends the changes of the transaction.
    pub fn finish(mut self) -> Result<(), StoreError> {
        let before = self.change_seq()?;
        self.merger.end(self.connection)?;
        if self.touched && self.change_seq()? == before {
            changes::next_change_seq(self.connection, self.org_key)?;
        }
        Ok(())
    }
}

/// Reads a piece of a row that was composed as JSON, or is stored as such.
pub fn read_piece<T>(json: &str, read: impl FnOnce(Value<'_>) -> Result<T, RowError>) -> Result<T, Problem> {
    let document = Document::parse(json.as_bytes()).map_err(Problem::internal)?;
    read(document.root()).map_err(|error| Problem::malformed(error.to_string()))
}

/// Reads an id that was stored or given out here, so that it cannot be wrong.
pub fn read_id<T>(id: &str, parse: impl FnOnce(&str) -> Result<T, IdError>) -> Result<T, Problem> {
    parse(id).map_err(Problem::internal)
}
