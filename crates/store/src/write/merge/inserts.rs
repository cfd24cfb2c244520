//! What is new, gathered and written many rows at a time.
//!
//! An engine writes thirty rows for the price of a few. Ids come in any order, so look-up tables are written in the order
//! of their keys: each page of them is then changed once and not wherever a row happens to fall. What is gathered is not
//! in the store: [`Inserts::flush`] comes before anything reads or changes the rows of these tables.

use super::order::sort_by_text;
use crate::engine::{Connection, Insert, Param, StoreError};
use crate::row_key::RowKey;
use labelport_model::row::{MetadataFact, ProjectRow, Row};
use labelport_model::time::Timestamp;

/// Rows of several tables that wait to be written.
#[derive(Default)]
pub(super) struct Inserts<'a> {
    pub(super) data_rows: Vec<NewDataRow<'a>>,
    pub(super) project_rows: Vec<NewProjectRow<'a>>,
    pub(super) labels: Vec<NewLabel<'a>>,
    /// Feature, project and row, where the row has no features in the project yet.
    pub(super) label_features: Vec<(i64, i64, RowKey)>,
    /// The same where it may have some.
    pub(super) more_features: Vec<(i64, i64, RowKey)>,
    pub(super) attachments: Vec<NewAttachment<'a>>,
    pub(super) metadata: Vec<NewFact<'a>>,
    /// Row, ordinal, embedding and entry.
    pub(super) embeddings: Vec<(RowKey, i64, i64, &'a String)>,
    pub(super) run_rows: Vec<NewRunRow<'a>>,
    pub(super) run_labels: Vec<NewRunLabel>,
}

pub(super) struct NewAttachment<'a> {
    pub(super) row_key: RowKey,
    pub(super) ordinal: i64,
    pub(super) json: &'a String,
    pub(super) id: Option<String>,
}

/// A metadata value, or one option of an enum.
pub(super) struct NewFact<'a> {
    pub(super) row_key: RowKey,
    pub(super) ordinal: i64,
    pub(super) part: i64,
    pub(super) schema_key: i64,
    pub(super) fact: &'a MetadataFact,
    pub(super) json: Option<&'a str>,
}

pub(super) struct NewRunRow<'a> {
    pub(super) run_key: i64,
    pub(super) row_key: RowKey,
    pub(super) split: Option<i64>,
    pub(super) change_seq: i64,
    pub(super) known: i64,
    pub(super) head: &'a str,
    pub(super) tail: &'a str,
    pub(super) model_rest: Option<&'a str>,
}

/// A label or prediction of a model run.
pub(super) struct NewRunLabel {
    pub(super) run_key: i64,
    pub(super) row_key: RowKey,
    pub(super) role: i64,
    pub(super) ordinal: i64,
    pub(super) has_masks: bool,
    pub(super) tally: Vec<u8>,
    pub(super) id: String,
    pub(super) head: String,
    pub(super) rest: Option<String>,
    pub(super) annotations: String,
}

pub(super) struct NewDataRow<'a> {
    pub(super) row_key: RowKey,
    pub(super) org_key: i64,
    pub(super) dataset_key: Option<i64>,
    pub(super) change_seq: i64,
    /// Which lists the row gives.
    pub(super) known: i64,
    pub(super) row: &'a Row,
}

pub(super) struct NewProjectRow<'a> {
    pub(super) project_key: i64,
    pub(super) row_key: RowKey,
    pub(super) batch_key: Option<i64>,
    pub(super) workflow_task_key: Option<i64>,
    pub(super) change_seq: i64,
    pub(super) project: &'a ProjectRow,
}

pub(super) struct NewLabel<'a> {
    pub(super) project_key: i64,
    pub(super) row_key: RowKey,
    pub(super) ordinal: i64,
    pub(super) created_ms: Option<i64>,
    pub(super) has_masks: bool,
    pub(super) tally: Vec<u8>,
    pub(super) id: &'a str,
    pub(super) head: &'a str,
    pub(super) details: Option<&'a String>,
    pub(super) performance: Option<&'a String>,
    pub(super) rest: Option<&'a String>,
    pub(super) annotations: &'a str,
}

impl Inserts<'_> {
    /// Writes what was gathered.
    pub(super) fn flush(&mut self, connection: &mut dyn Connection) -> Result<(), StoreError> {
        self.flush_data_rows(connection)?;
        self.flush_project_rows(connection)?;
        self.flush_labels(connection)?;
        for (features, conflict) in
            [(&mut self.label_features, ""), (&mut self.more_features, "on conflict do nothing")]
        {
            features.sort_unstable();
            features.dedup();
            let into = "label_features (feature_key, project_key, row_key)";
            write(connection, into, conflict, features, |(feature_key, project_key, row_key)| {
                [(*feature_key).into(), (*project_key).into(), (*row_key).into()]
            })?;
            features.clear();
        }
        self.flush_lists(connection)?;
        self.flush_runs(connection)
    }

    fn flush_lists(&mut self, connection: &mut dyn Connection) -> Result<(), StoreError> {
        let attachments = std::mem::take(&mut self.attachments);
        write(connection, "attachments (row_key, ordinal, json, id)", "", &attachments, |new| {
            [new.row_key.into(), new.ordinal.into(), new.json.into(), new.id.as_ref().into()]
        })?;
        let metadata = std::mem::take(&mut self.metadata);
        let into = "metadata (row_key, ordinal, part, schema_key, text_value, number_value, time_ms, option_id, json)";
        write(connection, into, "", &metadata, |new| {
            let (mut text, mut number, mut time, mut option) = (Param::Null, Param::Null, Param::Null, Param::Null);
            match new.fact {
                MetadataFact::Text(value) => text = value.into(),
                MetadataFact::Number(value) => number = Param::Real(*value),
                MetadataFact::Time(value) => time = value.as_millis().into(),
                MetadataFact::EnumOption { id, name } => (text, option) = (name.into(), id.into()),
                MetadataFact::Other => {}
            }
            let (row_key, ordinal, part) = (new.row_key.into(), new.ordinal.into(), new.part.into());
            [row_key, ordinal, part, new.schema_key.into(), text, number, time, option, new.json.into()]
        })?;
        let embeddings = std::mem::take(&mut self.embeddings);
        let into = "row_embeddings (row_key, ordinal, embedding_key, json)";
        write(connection, into, "", &embeddings, |(row_key, ordinal, embedding_key, json)| {
            [(*row_key).into(), (*ordinal).into(), (*embedding_key).into(), (*json).into()]
        })
    }

    fn flush_runs(&mut self, connection: &mut dyn Connection) -> Result<(), StoreError> {
        let mut rows = std::mem::take(&mut self.run_rows);
        rows.sort_unstable_by_key(|new| (new.run_key, new.row_key));
        let into = "run_rows (run_key, row_key, split, change_seq, known, head, tail, model_rest)";
        write(connection, into, "", &rows, |new| {
            [
                new.run_key.into(),
                new.row_key.into(),
                new.split.into(),
                new.change_seq.into(),
                new.known.into(),
                new.head.into(),
                new.tail.into(),
                new.model_rest.into(),
            ]
        })?;
        let mut labels = std::mem::take(&mut self.run_labels);
        labels.sort_unstable_by_key(|new| (new.run_key, new.row_key, new.role, new.ordinal));
        let into = "run_labels (run_key, row_key, role, ordinal, has_masks, tally, id, head, rest, annotations)";
        write(connection, into, "", &labels, |new| {
            [
                new.run_key.into(),
                new.row_key.into(),
                new.role.into(),
                new.ordinal.into(),
                new.has_masks.into(),
                Param::Blob(&new.tally),
                (&new.id).into(),
                (&new.head).into(),
                new.rest.as_ref().into(),
                (&new.annotations).into(),
            ]
        })
    }

    fn flush_data_rows(&mut self, connection: &mut dyn Connection) -> Result<(), StoreError> {
        let mut rows = std::mem::take(&mut self.data_rows);
        let into = "data_rows (row_key, org_key, dataset_key, data_type, created_ms, updated_ms, activity_ms, \
                    change_seq, known, id, global_key, external_id, head, details, media, rest)";
        write(connection, into, "", &rows, |new| {
            let row = new.row;
            let details = row.details.as_ref();
            let millis = |time: Option<Timestamp>| Param::from(time.map(Timestamp::as_millis));
            [
                new.row_key.into(),
                new.org_key.into(),
                new.dataset_key.into(),
                row.data_type.map(|data_type| data_type.name).into(),
                millis(details.and_then(|details| details.created)),
                millis(details.and_then(|details| details.updated)),
                millis(details.and_then(|details| details.activity)),
                new.change_seq.into(),
                new.known.into(),
                row.id.as_str().into(),
                row.global_key.as_ref().into(),
                row.external_id.as_ref().into(),
                (&row.head).into(),
                details.map(|details| &details.members).into(),
                row.media.as_ref().into(),
                row.rest.as_ref().into(),
            ]
        })?;
        sort_by_text(&mut rows, |new| new.row.id.as_str());
        write(connection, "row_ids (id, row_key)", "", &rows, |new| [new.row.id.as_str().into(), new.row_key.into()])?;
        rows.retain(|new| new.row.global_key.is_some());
        sort_by_text(&mut rows, |new| new.row.global_key.as_deref().unwrap_or_default());
        write(connection, "global_keys (org_key, global_key, row_key)", "", &rows, |new| {
            [new.org_key.into(), new.row.global_key.as_ref().into(), new.row_key.into()]
        })
    }

    fn flush_project_rows(&mut self, connection: &mut dyn Connection) -> Result<(), StoreError> {
        let mut rows = std::mem::take(&mut self.project_rows);
        rows.sort_unstable_by_key(|new| (new.project_key, new.row_key));
        let into = "project_rows (project_key, row_key, batch_key, workflow_task_key, status, priority, change_seq, \
                    details, rest)";
        write(connection, into, "", &rows, |new| {
            let details = new.project.details.as_ref();
            [
                new.project_key.into(),
                new.row_key.into(),
                new.batch_key.into(),
                new.workflow_task_key.into(),
                details.and_then(|details| details.status).map(|status| status.code()).into(),
                details.and_then(|details| details.priority).into(),
                new.change_seq.into(),
                details.map(|details| &details.json).into(),
                new.project.rest.as_ref().into(),
            ]
        })
    }

    fn flush_labels(&mut self, connection: &mut dyn Connection) -> Result<(), StoreError> {
        let mut labels = std::mem::take(&mut self.labels);
        labels.sort_unstable_by_key(|new| (new.project_key, new.row_key, new.ordinal));
        let into = "labels (project_key, row_key, ordinal, created_ms, has_masks, tally, id, head, details, \
                    performance, rest, annotations)";
        write(connection, into, "", &labels, |new| {
            [
                new.project_key.into(),
                new.row_key.into(),
                new.ordinal.into(),
                new.created_ms.into(),
                new.has_masks.into(),
                Param::Blob(&new.tally),
                new.id.into(),
                new.head.into(),
                new.details.into(),
                new.performance.into(),
                new.rest.into(),
                new.annotations.into(),
            ]
        })?;
        sort_by_text(&mut labels, |new| new.id);
        write(connection, "label_ids (id, project_key, row_key)", "", &labels, |new| {
            [new.id.into(), new.project_key.into(), new.row_key.into()]
        })
    }
}

/// Writes rows into a table. `into` names the table and its columns.
fn write<'a, T, const COLUMNS: usize>(
    connection: &mut dyn Connection,
    into: &str,
    conflict: &str,
    rows: &'a [T],
    columns: impl Fn(&'a T) -> [Param<'a>; COLUMNS],
) -> Result<(), StoreError> {
    let insert = Insert { into, columns: COLUMNS, conflict };
    let together = (connection.traits().insert_params / COLUMNS).max(1);
    let mut params = Vec::new();
    for some in rows.chunks(together) {
        params.clear();
        params.extend(some.iter().flat_map(&columns));
        connection.insert_many(&insert, &params)?;
    }
    Ok(())
}
