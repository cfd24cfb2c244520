//! Changes to rows, in one transaction.
//!
//! A change is the part of an export row that it is about. Merging it replaces what it says and leaves what it does not.

use labelport_model::json::{Document, Value};
use labelport_model::problem::Problem;
use labelport_model::row::{self, Label};
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
    document: Document,
    org_key: i64,
    now: Timestamp,
    touched: bool,
}

impl<'c> Edits<'c> {
    /// Starts the changes of a transaction.
    pub fn begin(connection: &'c mut dyn Connection, org_key: i64, now: Timestamp) -> Result<Self, StoreError> {
        let mut merger = Merger::new(org_key, now);
        merger.begin(connection)?;
        Ok(Self { connection, merger, document: Document::default(), org_key, now, touched: false })
    }

    /// Merges a part of a row that is there. A row that somebody deleted meanwhile does not come back as this part alone.
    pub fn merge(&mut self, text: &[u8]) -> Result<Verdict, Problem> {
        match self.create(text)? {
            Verdict::Created => {
                let root = self.document.root();
                let id = root.get("data_row").and_then(|row| row.get("id")).and_then(Value::as_text);
                Err(Problem::not_found("data row", &id.unwrap_or_default()))
            }
            verdict => Ok(verdict),
        }
    }

    /// Merges a row, which may be new. What contradicts the store is refused as a whole.
    pub fn create(&mut self, text: &[u8]) -> Result<Verdict, Problem> {
        self.document.read(text).map_err(Problem::internal)?;
        let row = row::read(&self.document).map_err(|error| Problem::malformed(error.to_string()))?;
        let verdict = self.merger.merge(self.connection, &row)?;
        match verdict {
            Verdict::Refused(refusal) => Err(Problem::malformed(refusal.to_string())),
            verdict => Ok(verdict),
        }
    }

    /// Merges a part of a row and moves its last activity.
    pub fn merge_as_activity(&mut self, row_key: RowKey, text: &[u8]) -> Result<Verdict, Problem> {
        activity::note(self.connection, row_key, self.now)?;
        let verdict = self.merge(text)?;
        if verdict == Verdict::Unchanged {
            self.touch(row_key)?;
        }
        Ok(verdict)
    }

    /// Adds a label after those that a row has in a project, and moves the row's last activity.
    pub fn append_label(&mut self, project_key: i64, row_key: RowKey, label: &[u8]) -> Result<(), Problem> {
        activity::note(self.connection, row_key, self.now)?;
        let labels = self.labels(label)?;
        Ok(self.merger.append_labels(self.connection, (project_key, row_key), &labels)?)
    }

    /// Reads a label as a row of an export shows it.
    fn labels(&mut self, label: &[u8]) -> Result<Vec<Label>, Problem> {
        let mut text = b"{\"data_row\":{\"id\":\"c000000000000000000000000\"},\"projects\":\
                         {\"c000000000000000000000000\":{\"labels\":["
            .to_vec();
        text.extend_from_slice(label);
        text.extend_from_slice(b"]}}}");
        self.document.read(&text).map_err(Problem::internal)?;
        let row = row::read(&self.document).map_err(|error| Problem::malformed(error.to_string()))?;
        Ok(row.projects.into_iter().filter_map(|project| project.labels).flatten().collect())
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
