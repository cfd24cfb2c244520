//! Rows into the store: what a line says replaces what was stored, what it does not say changes nothing.
//!
//! A row is merged whole or refused whole: every reason to refuse it is looked up before the first write. A
//! list (labels, attachments, metadata, embeddings) is one value and is replaced as such; ids of labels that vanish are
//! counted, so that nothing goes in silence. A row that changed gets the next number of the change sequence in every scope
//! that it belongs to.

mod counted;
mod inserts;
mod joining;
mod labels;
mod names;
mod nul;
mod order;
mod refuse;
mod sections;
mod taken;

pub use counted::{MergeCounts, Tally};
pub use refuse::Refusal;

use crate::engine::{Connection, Param, StoreError};
use crate::row_key::RowKey;
use crate::write::changes::{self, Departure};
use crate::write::counts::{Changes, Kept, Standing};
use inserts::{Inserts, NewDataRow, NewProjectRow, NewRunRow};
use labelport_model::json::{Document, Value, merge_members};
use labelport_model::row::{Join, Label, ModelRow, ProjectRow, Row, RunRow};
use labelport_model::time::Timestamp;
use labelport_model::workflow::Split;
use names::{Kind, Named, Names};

/// The order of the keys of a run before its labels.
const RUN_HEAD_KEYS: &[&str] = &["run_data_row_id", "annotation_group_id"];

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is new.
    Created,
    /// Something of it is new.
    Changed,
    /// All of it was known.
    Unchanged,
    /// It contradicts what is stored; nothing of it was written.
    Refused(Refusal),
}

/// A row that lost labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// The id of the row.
    pub row_id: String,
    /// The global key that the file gives it.
    pub global_key: Option<String>,
    /// How many of its labels and predictions are gone.
    pub labels: u64,
}

/// The most rows that lost labels of which a merger keeps the names.
const LOSSES_NAMED: usize = 10;

/// Merges rows, one after the other, in the transactions of its caller.
pub struct Merger {
    names: Names,
    org_key: i64,
    now: Timestamp,
    change_seq: i64,
    /// The key of the next new row. Keys are given here, since asking the database for each costs as much as writing it.
    next_row_key: RowKey,
    /// The key of the first row that is new in this transaction.
    first_new_key: RowKey,
    /// The rows that this transaction changed, apart from new ones.
    touched: Vec<RowKey>,
    wrote: bool,
    /// Changes of kept counts, written at the end of the transaction.
    kept: Changes,
    /// What was done so far.
    pub counts: MergeCounts,
    /// The first rows that lost labels.
    pub losses: Vec<Loss>,
}

/// The row that is being merged.
#[derive(Clone, Copy)]
struct Target {
    row_key: RowKey,
    is_new: bool,
    /// How lists join the stored ones.
    join: Join,
}

impl Merger {
    /// Makes a merger for an organization. `now` is the creation time of what is new.
    pub fn new(org_key: i64, now: Timestamp) -> Self {
        Self {
            names: Names::default(),
            org_key,
            now,
            change_seq: 0,
            next_row_key: 0,
            first_new_key: 0,
            touched: Vec::new(),
            wrote: false,
            kept: Changes::default(),
            counts: MergeCounts::default(),
            losses: Vec::new(),
        }
    }

    /// Starts a transaction's worth of rows.
    pub fn begin(&mut self, connection: &mut dyn Connection) -> Result<(), StoreError> {
        self.names.begin(connection)?;
        self.change_seq = changes::peek_change_seq(connection, self.org_key)?;
        self.next_row_key = connection.count("select value from counters where name = 'row_key'", &[])? + 1;
        self.first_new_key = self.next_row_key;
        self.touched.clear();
        self.wrote = false;
        self.kept = Changes::default();
        Ok(())
    }

    /// Ends a transaction's worth of rows.
    pub fn end(&mut self, connection: &mut dyn Connection) -> Result<(), StoreError> {
        let renamed = self.names.end(connection, self.change_seq)?;
        self.kept.flush(connection)?;
        if self.wrote || renamed {
            // The writer is alone, so this is the number that was looked at in the beginning.
            changes::next_change_seq(connection, self.org_key)?;
            let last_row_key = self.next_row_key - 1;
            if last_row_key >= self.first_new_key {
                changes::note_run(connection, self.change_seq, &(self.first_new_key..=last_row_key))?;
            }
            changes::note_rows(connection, self.change_seq, &mut self.touched)?;
            let sql = "update counters set value = $1 where name = 'row_key'";
            connection.execute(sql, &[last_row_key.into()])?;
        }
        Ok(())
    }

    /// Merges one row.
    pub fn merge(&mut self, connection: &mut dyn Connection, row: &Row) -> Result<Verdict, StoreError> {
        let sql = "select row_key from row_ids where id = $1";
        let known = connection.find(sql, &[row.id.as_str().into()], |found| found.int(0))?.flatten();
        if let Some(refusal) = self.refusal(connection, row, known)? {
            return Ok(Verdict::Refused(refusal));
        }
        let mut inserts = Inserts::default();
        let Some(row_key) = known else {
            self.insert(connection, &mut inserts, row)?;
            inserts.flush(connection)?;
            return Ok(Verdict::Created);
        };
        let target = Target { row_key, is_new: false, join: row.join };
        let removed = self.counts.removed();
        let mut changed = self.update_data_row(connection, row_key, row)?;
        changed |= self.merge_sections(connection, &mut inserts, target, row)?;
        inserts.flush(connection)?;
        if !changed {
            self.counts.rows.unchanged += 1;
            return Ok(Verdict::Unchanged);
        }
        self.wrote = true;
        self.touch(connection, row_key)?;
        self.counts.rows.changed += 1;
        let labels = self.counts.removed() - removed;
        if labels > 0 && self.losses.len() < LOSSES_NAMED {
            let (row_id, global_key) = (row.id.to_string(), row.global_key.clone());
            self.losses.push(Loss { row_id, global_key, labels });
        }
        Ok(Verdict::Changed)
    }

    /// Merges rows in their order and returns what became of each. The store is the same as after merging one by one; rows
    /// that are new are written together.
    pub fn merge_all(&mut self, connection: &mut dyn Connection, rows: &[&Row]) -> Result<Vec<Verdict>, StoreError> {
        let taken = taken::find_taken(connection, self.org_key, rows)?;
        let mut inserts = Inserts::default();
        let mut verdicts = Vec::with_capacity(rows.len());
        for (row, may_be_known) in rows.iter().copied().zip(taken) {
            verdicts.push(if may_be_known {
                inserts.flush(connection)?;
                self.merge(connection, row)?
            } else if let Some(refusal) = self.refusal_of_new(connection, row)? {
                Verdict::Refused(refusal)
            } else {
                self.insert(connection, &mut inserts, row)?;
                Verdict::Created
            });
        }
        inserts.flush(connection)?;
        Ok(verdicts)
    }

    fn insert<'a>(
        &mut self,
        connection: &mut dyn Connection,
        inserts: &mut Inserts<'a>,
        row: &'a Row,
    ) -> Result<(), StoreError> {
        let row_key = self.next_row_key;
        self.next_row_key += 1;
        let (org_key, change_seq, dataset_key) = (self.org_key, self.change_seq, self.dataset_of(connection, row)?);
        inserts.data_rows.push(NewDataRow {
            row_key,
            org_key,
            dataset_key,
            change_seq,
            known: sections::known(row),
            row,
        });
        self.kept.add(Kept::Catalog(org_key), 1);
        if let Some(key) = dataset_key {
            self.kept.add(Kept::Dataset(key), 1);
        }
        self.merge_sections(connection, inserts, Target { row_key, is_new: true, join: row.join }, row)?;
        self.wrote = true;
        self.counts.rows.created += 1;
        Ok(())
    }

    /// Merges everything but the data row itself; returns whether any of it changed.
    fn merge_sections<'a>(
        &mut self,
        connection: &mut dyn Connection,
        inserts: &mut Inserts<'a>,
        target: Target,
        row: &'a Row,
    ) -> Result<bool, StoreError> {
        let mut changed = self.merge_attachments(connection, inserts, target, row)?;
        changed |= self.merge_metadata(connection, inserts, target, row)?;
        changed |= self.merge_embeddings(connection, inserts, target, row)?;
        for project in &row.projects {
            changed |= self.merge_project(connection, inserts, target, project)?;
        }
        for model in &row.models {
            for run in &model.runs {
                changed |= self.merge_run(connection, inserts, target, model, run)?;
            }
        }
        Ok(changed)
    }

    /// Adds labels to those that a row has in a project, where a merge would replace the list. The row must be in the
    /// project, the labels new, and their features those of the project's ontology.
    pub fn append_labels(
        &mut self,
        connection: &mut dyn Connection,
        place: (i64, RowKey),
        given: &[Label],
    ) -> Result<(), StoreError> {
        self.append_to_list(connection, place, given)?;
        self.wrote = true;
        self.touch(connection, place.1)
    }

    /// Gives a row the change number of this transaction.
    fn touch(&mut self, connection: &mut dyn Connection, row_key: RowKey) -> Result<(), StoreError> {
        self.touched.push(row_key);
        changes::number_row(connection, row_key, self.change_seq)
    }

    fn claim_global_key(
        &self,
        connection: &mut dyn Connection,
        global_key: &str,
        row_key: RowKey,
    ) -> Result<(), StoreError> {
        connection.execute(
            "insert into global_keys (org_key, global_key, row_key) values ($1, $2, $3)",
            &[self.org_key.into(), global_key.into(), row_key.into()],
        )?;
        Ok(())
    }

    fn dataset_of(&mut self, connection: &mut dyn Connection, row: &Row) -> Result<Option<i64>, StoreError> {
        let Some((id, name)) = row.details.as_ref().and_then(|details| details.dataset.as_ref()) else {
            return Ok(None);
        };
        self.named(connection, Kind::Dataset, self.org_key, id.as_str(), name.as_deref()).map(Some)
    }

    fn named(
        &mut self,
        connection: &mut dyn Connection,
        kind: Kind,
        parent_key: i64,
        id: &str,
        name: Option<&str>,
    ) -> Result<i64, StoreError> {
        let named = Named { parent_key, id, name, now: self.now };
        self.names.named(connection, kind, &named, &mut self.counts)
    }

    fn scope(&self) -> names::Scope {
        names::Scope { org_key: self.org_key, now: self.now }
    }

    /// Updates a known row; returns whether it changed.
    fn update_data_row(
        &mut self,
        connection: &mut dyn Connection,
        row_key: RowKey,
        row: &Row,
    ) -> Result<bool, StoreError> {
        let stored = sections::StoredRow::get(connection, row_key)?;
        let head = sections::joined_head(row, &stored.head);
        let rest = row.rest.as_ref().map(|rest| merge_members(stored.rest.as_deref().unwrap_or(""), rest, &[]));
        let dataset_key = match stored.dataset_key {
            Some(key) if sections::stays_in_dataset(connection, key, row)? => Some(key),
            stored => self.dataset_of(connection, row)?.or(stored),
        };
        let joined = sections::joined(row, &stored);
        let (details, media) = (joined.details.as_deref(), joined.media.as_deref());
        let rest = rest.as_ref().or(stored.rest.as_ref());
        let known = stored.known | sections::known(row);
        let is_same = head == stored.head
            && known == stored.known
            && dataset_key == stored.dataset_key
            && details == stored.details.as_deref()
            && media == stored.media.as_deref()
            && rest == stored.rest.as_ref();
        let data_type = joined.data_type.as_deref();
        if is_same && data_type == stored.data_type.as_deref() {
            return Ok(false);
        }
        if let Some(scope_key) = stored.dataset_key.filter(|_| dataset_key != stored.dataset_key) {
            let departure = Departure { scope: changes::Scope::Dataset, scope_key, row_key, row_id: row.id.as_str() };
            changes::leave_scope(connection, self.org_key, self.change_seq, departure)?;
        }
        if dataset_key != stored.dataset_key {
            for (key, by) in [(stored.dataset_key, -1), (dataset_key, 1)] {
                if let Some(key) = key {
                    self.kept.add(Kept::Dataset(key), by);
                }
            }
        }
        // A line may say null, and then the row has none any more: what counts is the head.
        let [global_key, external_id] = texts_of(&head, ["global_key", "external_id"]);
        if global_key != stored.global_key {
            let sql = "delete from global_keys where org_key = $1 and row_key = $2 and global_key = $3";
            connection.execute(sql, &[self.org_key.into(), row_key.into(), stored.global_key.as_ref().into()])?;
            if let Some(global_key) = &global_key {
                self.claim_global_key(connection, global_key, row_key)?;
            }
        }
        let given = row.details.as_ref();
        let time = |given: Option<Option<Timestamp>>, stored: Option<i64>| {
            let given = given.map(|time| time.map(Timestamp::as_millis));
            Param::from(match row.join {
                Join::Replace => given.unwrap_or(stored),
                Join::Add => given.flatten().or(stored),
            })
        };
        connection.execute(
            "update data_rows set dataset_key = $1, data_type = $2, created_ms = $3, \
             updated_ms = $4, activity_ms = $5, global_key = $6, external_id = $7, head = $8, details = $9, \
             media = $10, rest = $11, known = $12 where row_key = $13",
            &[
                dataset_key.into(),
                data_type.into(),
                time(given.map(|details| details.created), stored.created_ms),
                time(given.map(|details| details.updated), stored.updated_ms),
                time(given.map(|details| details.activity), stored.activity_ms),
                global_key.as_ref().into(),
                external_id.as_ref().into(),
                (&head).into(),
                details.into(),
                media.into(),
                rest.into(),
                known.into(),
                row_key.into(),
            ],
        )?;
        Ok(true)
    }

    fn merge_project<'a>(
        &mut self,
        connection: &mut dyn Connection,
        inserts: &mut Inserts<'a>,
        target: Target,
        project: &'a ProjectRow,
    ) -> Result<bool, StoreError> {
        let scope = self.scope();
        let project_key = self.names.project(connection, &scope, project, &mut self.counts)?;
        let details = project.details.as_ref();
        let mut batch_key = None;
        let mut workflow_task_key = None;
        if let Some(details) = details {
            if let Some((id, name)) = &details.batch {
                batch_key = Some(self.named(connection, Kind::Batch, project_key, id.as_str(), name.as_deref())?);
            }
            if let Some((id, name)) = &details.task {
                let id = id.as_deref().unwrap_or("");
                workflow_task_key = Some(self.names.workflow_task(connection, project_key, id, name)?);
            }
        }
        let stored = match target.is_new {
            true => None,
            false => sections::StoredProjectRow::find(connection, project_key, target.row_key)?,
        };
        let mut changed = true;
        let status = details.and_then(|details| details.status).map(|status| i64::from(status.code()));
        let standing = Standing { status, batch_key, workflow_task_key };
        match &stored {
            None => {
                self.kept.add_row(project_key, standing, 1);
                inserts.project_rows.push(NewProjectRow {
                    project_key,
                    row_key: target.row_key,
                    batch_key,
                    workflow_task_key,
                    change_seq: self.change_seq,
                    project,
                });
            }
            Some(stored) => {
                changed = false;
                if let Some(details) = details.filter(|details| stored.details.as_ref() != Some(&details.json)) {
                    self.kept.add_row(project_key, stored.standing, -1);
                    self.kept.add_row(project_key, standing, 1);
                    connection.execute(
                        "update project_rows set batch_key = $1, workflow_task_key = $2, status = $3, priority = $4, \
                         details = $5 where project_key = $6 and row_key = $7",
                        &[
                            batch_key.into(),
                            workflow_task_key.into(),
                            details.status.map(|status| status.code()).into(),
                            details.priority.into(),
                            (&details.json).into(),
                            project_key.into(),
                            target.row_key.into(),
                        ],
                    )?;
                    changed = true;
                }
                if let Some(given) = &project.rest {
                    let rest = merge_members(stored.rest.as_deref().unwrap_or(""), given, &[]);
                    if stored.rest.as_ref() != Some(&rest) {
                        connection.execute(
                            "update project_rows set rest = $1 where project_key = $2 and row_key = $3",
                            &[(&rest).into(), project_key.into(), target.row_key.into()],
                        )?;
                        changed = true;
                    }
                }
            }
        }
        if let Some(given) = &project.labels {
            let is_new = stored.is_none();
            let list = labels::ProjectList { project_key, row_key: target.row_key, is_new, join: target.join };
            changed |= self.merge_labels(connection, inserts, list, given)?;
        }
        Ok(changed)
    }

    fn merge_run<'a>(
        &mut self,
        connection: &mut dyn Connection,
        inserts: &mut Inserts<'a>,
        target: Target,
        model: &'a ModelRow,
        run: &'a RunRow,
    ) -> Result<bool, StoreError> {
        let name = model.name.as_deref();
        let model_key = self.named(connection, Kind::Model, self.org_key, model.id.as_str(), name)?;
        let name = run.name.as_deref();
        let run_key = self.named(connection, Kind::ModelRun, model_key, run.id.as_str(), name)?;
        let stored = match target.is_new {
            true => None,
            false => sections::StoredRunRow::find(connection, run_key, target.row_key)?,
        };
        let split = run.split.map(|split| split.code());
        let known = i64::from(run.labels.is_some()) | i64::from(run.predictions.is_some()) << 1;
        let mut changed = true;
        match &stored {
            None => {
                self.kept.add(Kept::Run(run_key), 1);
                inserts.run_rows.push(NewRunRow {
                    run_key,
                    row_key: target.row_key,
                    split: split.map(i64::from),
                    change_seq: self.change_seq,
                    known,
                    head: &run.head,
                    tail: &run.tail,
                    model_rest: model.rest.as_deref(),
                });
            }
            Some(stored) => {
                let head = merge_ordered(&stored.head, &run.head, RUN_HEAD_KEYS);
                let tail = merge_ordered(&stored.tail, &run.tail, &["split"]);
                let rest =
                    merge_members(stored.model_rest.as_deref().unwrap_or(""), model.rest.as_deref().unwrap_or(""), &[]);
                let known = known | stored.known;
                changed = head != stored.head
                    || tail != stored.tail
                    || rest != stored.model_rest.as_deref().unwrap_or("")
                    || known != stored.known;
                if changed {
                    let [split] = texts_of(&tail, ["split"]);
                    let split = split.and_then(|split| Split::parse(&split)).map(Split::code);
                    connection.execute(
                        "update run_rows set split = $1, head = $2, tail = $3, model_rest = $4, known = $5 \
                         where run_key = $6 and row_key = $7",
                        &[
                            split.into(),
                            (&head).into(),
                            (&tail).into(),
                            Some(&rest).filter(|rest| !rest.is_empty()).into(),
                            known.into(),
                            run_key.into(),
                            target.row_key.into(),
                        ],
                    )?;
                }
            }
        }
        let is_new = stored.is_none();
        for (role, given) in [(0, &run.labels), (1, &run.predictions)] {
            if let Some(given) = given {
                let list = labels::RunList { run_key, row_key: target.row_key, role, is_new, join: target.join };
                changed |= self.merge_run_labels(connection, inserts, list, given)?;
            }
        }
        Ok(changed)
    }
}

/// Returns merged members with the keys of `first` in front, or the old ones untouched where nothing new is said: a line
/// that repeats one of the keys must not move the others.
fn merge_ordered(old: &str, new: &str, first: &[&str]) -> String {
    let kept = merge_members(old, new, &[]);
    if kept == old { kept } else { merge_members(&kept, new, first) }
}

/// Returns the texts of some keys among members; `None` for a key that is absent, null or no text.
fn texts_of<const N: usize>(members: &str, keys: [&str; N]) -> [Option<String>; N] {
    let document = Document::parse(format!("{{{members}}}").as_bytes()).expect("members are JSON in normal form");
    let root = document.root();
    keys.map(|key| root.get(key).and_then(Value::as_text).map(std::borrow::Cow::into_owned))
}
