//! The part of a row that is in a model run, on its way into the store.

use crate::edits;
use labelport_model::data_type::{self, DataType};
use labelport_model::id::{DataRowId, LabelId, ModelId, ModelRunId};
use labelport_model::json::Value;
use labelport_model::problem::Problem;
use labelport_model::row::{Label, Row, RowError, RunRow};
use labelport_store::Connection;
use labelport_store::row_key::RowKey;
use labelport_store::tables::models::{self, ModelRun};

/// Labels or predictions of a row in a run.
#[derive(Default)]
pub struct RunLabels {
    labels: Vec<Label>,
    /// The data type that the first of them shows.
    shown_type: Option<&'static DataType>,
}

impl RunLabels {
    /// Reads the labels (role 0) or predictions (role 1) that a row has in a run.
    pub fn read(connection: &mut dyn Connection, run: &ModelRun, row_key: RowKey, role: i64) -> Result<Self, Problem> {
        let mut labels = Self::default();
        for stored in models::list_run_labels(connection, run.key, row_key, role)? {
            let id = edits::read_id(&stored.id, LabelId::parse)?;
            labels.push(&stored.annotations, |annotations| {
                Ok(Label::stored(id, stored.head, annotations)?.with_rest(stored.rest))
            })?;
        }
        Ok(labels)
    }

    /// Returns whether a label with this id is among them.
    pub fn contains(&self, id: &LabelId) -> bool {
        self.labels.iter().any(|label| label.id == *id)
    }

    /// Adds a label that is made from its annotations, a JSON object.
    pub fn push(
        &mut self,
        annotations: &str,
        make: impl FnOnce(Value<'_>) -> Result<Label, RowError>,
    ) -> Result<(), Problem> {
        let (label, shown_type) = edits::read_piece(annotations, |annotations| {
            Ok((make(annotations)?, data_type::of_annotations(annotations)))
        })?;
        self.labels.push(label);
        self.shown_type = self.shown_type.or(shown_type);
        Ok(())
    }
}

/// A row in a run, built piece by piece.
pub struct RunPart<'a> {
    run: &'a ModelRun,
    row: Row,
    run_row: RunRow,
}

impl<'a> RunPart<'a> {
    /// Starts with a row and a run, and nothing else.
    pub fn new(row_id: &str, run: &'a ModelRun) -> Result<Self, Problem> {
        Ok(Self {
            run,
            row: Row::part(edits::read_id(row_id, DataRowId::parse)?),
            run_row: RunRow::part(edits::read_id(&run.id, ModelRunId::parse)?, &run.name),
        })
    }

    /// Sets labels, which show the data type of the row.
    pub fn with_labels(mut self, RunLabels { labels, shown_type }: RunLabels) -> Self {
        self.row = self.row.with_shown_type(shown_type);
        self.run_row = self.run_row.with_labels(labels);
        self
    }

    /// Sets predictions, which show the data type of the row.
    pub fn with_predictions(mut self, RunLabels { labels, shown_type }: RunLabels) -> Self {
        self.row = self.row.with_shown_type(shown_type);
        self.run_row = self.run_row.with_predictions(labels);
        self
    }

    /// Sets other pieces of the row in the run.
    pub fn with(mut self, change: impl FnOnce(RunRow) -> RunRow) -> Self {
        self.run_row = change(self.run_row);
        self
    }

    /// Returns the part of the row.
    pub fn build(self) -> Result<Row, Problem> {
        let model_id = edits::read_id(&self.run.model_id, ModelId::parse)?;
        Ok(self.row.in_run(model_id, &self.run.model_name, self.run_row))
    }
}
