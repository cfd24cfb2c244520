//! Lists of labels: those of a row in a project, those of a row in a model run.

use super::inserts::{Inserts, NewLabel, NewRunLabel};
use super::joining::{self, StoredLabel};
use super::{Merger, Tally};
use crate::engine::{Connection, Param, StoreError};
use crate::row_key::RowKey;
use crate::write::counts::Kept;
use crate::write::removal;
use crate::write::tally;
use labelport_model::row::{Join, Label};
use std::collections::BTreeSet;
use std::ops::ControlFlow;

/// The labels of a row in a project.
#[derive(Clone, Copy)]
pub(super) struct ProjectList {
    pub(super) project_key: i64,
    pub(super) row_key: RowKey,
    /// Whether the row has just entered the project, so that nothing is stored.
    pub(super) is_new: bool,
    /// Whether given labels replace the stored ones or join them.
    pub(super) join: Join,
}

/// The labels or predictions of a row in a model run.
#[derive(Clone, Copy)]
pub(super) struct RunList {
    pub(super) run_key: i64,
    pub(super) row_key: RowKey,
    /// 0 for labels, 1 for predictions.
    pub(super) role: i64,
    /// Whether the row has just entered the run, so that nothing is stored.
    pub(super) is_new: bool,
    /// Whether given labels replace the stored ones or join them.
    pub(super) join: Join,
}

impl Merger {
    /// Replaces a project's list of labels if it differs; returns whether it did.
    pub(super) fn merge_labels<'a>(
        &mut self,
        connection: &mut dyn Connection,
        inserts: &mut Inserts<'a>,
        list: ProjectList,
        given: &'a [Label],
    ) -> Result<bool, StoreError> {
        if list.is_new {
            for (ordinal, label) in (0..).zip(given) {
                self.insert_label(connection, inserts, label, new_label(list, ordinal, label), true)?;
            }
            self.counts.labels.created += given.len() as u64;
            self.kept.add(Kept::Labels(list.project_key), given.len() as i64);
            return Ok(!given.is_empty());
        }
        let keys: [Param<'_>; 2] = [list.project_key.into(), list.row_key.into()];
        let stored = connection.list(
            "select id, head, details, performance, rest, annotations, created_ms from labels \
             where project_key = $1 and row_key = $2 order by ordinal",
            &keys,
            |row| StoredLabel {
                id: row.text(0).unwrap_or_default(),
                head: row.text(1).unwrap_or_default(),
                details: row.text(2),
                performance: row.text(3),
                rest: row.text(4),
                annotations: row.text(5).unwrap_or_default(),
                created_ms: row.int(6),
            },
        )?;
        let kept = joining::kept(list.join, &stored, given)?;
        let listed = joining::in_order(&stored, &kept, given, list.join);
        let wanted: Vec<StoredLabel> = listed.iter().map(|label| StoredLabel::of(label, &stored, list.join)).collect();
        count(&mut self.counts.labels, (&stored, &wanted), &kept, given);
        if stored == wanted {
            return Ok(false);
        }
        self.kept.add(Kept::Labels(list.project_key), wanted.len() as i64 - stored.len() as i64);
        self.forget_features(connection, list)?;
        let left: BTreeSet<&str> = wanted.iter().map(|label| label.id.as_str()).collect();
        for label in &stored {
            connection.execute("delete from label_ids where id = $1", &[(&label.id).into()])?;
            if !left.contains(label.id.as_str()) {
                removal::remove_items(connection, &label.id)?;
            }
        }
        connection.execute("delete from labels where project_key = $1 and row_key = $2", &keys)?;
        let mut inserts = Inserts::default();
        for (ordinal, (wanted, label)) in (0..).zip(wanted.iter().zip(listed)) {
            let new = NewLabel {
                created_ms: wanted.created_ms,
                details: wanted.details.as_ref(),
                performance: wanted.performance.as_ref(),
                rest: wanted.rest.as_ref(),
                ..new_label(list, ordinal, label)
            };
            self.insert_label(connection, &mut inserts, label, new, true)?;
        }
        inserts.flush(connection)?;
        Ok(true)
    }

    /// Adds labels after those that a row has in a project.
    pub(super) fn append_to_list(
        &mut self,
        connection: &mut dyn Connection,
        (project_key, row_key): (i64, RowKey),
        given: &[Label],
    ) -> Result<(), StoreError> {
        let sql = "select count(*) from labels where project_key = $1 and row_key = $2";
        let first = connection.count(sql, &[project_key.into(), row_key.into()])?;
        let list = ProjectList { project_key, row_key, is_new: false, join: Join::Replace };
        let mut inserts = Inserts::default();
        for (ordinal, label) in (first..).zip(given) {
            self.insert_label(connection, &mut inserts, label, new_label(list, ordinal, label), false)?;
        }
        inserts.flush(connection)?;
        self.counts.labels.created += given.len() as u64;
        self.kept.add(Kept::Labels(project_key), given.len() as i64);
        Ok(())
    }

    /// Takes a row's labels out of the look-up by feature.
    fn forget_features(&self, connection: &mut dyn Connection, list: ProjectList) -> Result<(), StoreError> {
        let keys: [Param<'_>; 2] = [list.project_key.into(), list.row_key.into()];
        let mut feature_keys = BTreeSet::new();
        let sql = "select tally from labels where project_key = $1 and row_key = $2 order by ordinal";
        connection.query(sql, &keys, &mut |row| {
            tally::decode(row.bytes(0).unwrap_or(&[]), &mut |feature_key, _| {
                feature_keys.insert(feature_key);
            });
            ControlFlow::Continue(())
        })?;
        for feature_key in feature_keys {
            connection.execute(
                "delete from label_features where feature_key = $1 and project_key = $2 and row_key = $3",
                &[feature_key.into(), keys[0], keys[1]],
            )?;
        }
        Ok(())
    }

    fn insert_label<'a>(
        &mut self,
        connection: &mut dyn Connection,
        inserts: &mut Inserts<'a>,
        label: &Label,
        new: NewLabel<'a>,
        is_first: bool,
    ) -> Result<(), StoreError> {
        let counted = self.tally(connection, label)?;
        self.counts.filled_videos += u64::from(label.has_filled_frames);
        let (project_key, row_key) = (new.project_key, new.row_key);
        let of_row = if is_first { &mut inserts.label_features } else { &mut inserts.more_features };
        of_row.extend(counted.iter().map(|(feature_key, _)| (*feature_key, project_key, row_key)));
        inserts.labels.push(NewLabel { tally: tally::encode(&counted), ..new });
        for (feature, _) in label.tally.iter().filter(|(feature, _)| !feature.schema_id.is_empty()) {
            self.names.grow_ontology(connection, project_key, &feature.schema_id)?;
        }
        Ok(())
    }

    /// Replaces a run's list of labels or predictions if it differs; returns whether it did.
    pub(super) fn merge_run_labels(
        &mut self,
        connection: &mut dyn Connection,
        inserts: &mut Inserts<'_>,
        list: RunList,
        given: &[Label],
    ) -> Result<bool, StoreError> {
        let keys: [Param<'_>; 3] = [list.run_key.into(), list.row_key.into(), list.role.into()];
        let stored = if list.is_new {
            Vec::new()
        } else {
            connection.list(
                "select id, head, rest, annotations from run_labels \
                 where run_key = $1 and row_key = $2 and role = $3 order by ordinal",
                &keys,
                |row| StoredLabel {
                    id: row.text(0).unwrap_or_default(),
                    head: row.text(1).unwrap_or_default(),
                    details: None,
                    performance: None,
                    rest: row.text(2),
                    annotations: row.text(3).unwrap_or_default(),
                    created_ms: None,
                },
            )?
        };
        let kept = joining::kept(list.join, &stored, given)?;
        let listed = joining::in_order(&stored, &kept, given, list.join);
        let wanted: Vec<StoredLabel> = listed.iter().map(|label| StoredLabel::of(label, &stored, list.join)).collect();
        count(&mut self.counts.run_labels, (&stored, &wanted), &kept, given);
        if stored == wanted {
            return Ok(false);
        }
        if !stored.is_empty() {
            connection.execute("delete from run_labels where run_key = $1 and row_key = $2 and role = $3", &keys)?;
        }
        for (ordinal, (wanted, label)) in (0..).zip(wanted.into_iter().zip(listed)) {
            let counted = self.tally(connection, label)?;
            self.counts.filled_videos += u64::from(label.has_filled_frames);
            inserts.run_labels.push(NewRunLabel {
                run_key: list.run_key,
                row_key: list.row_key,
                role: list.role,
                ordinal,
                has_masks: label.has_masks,
                tally: tally::encode(&counted),
                id: wanted.id,
                head: wanted.head,
                rest: wanted.rest,
                annotations: wanted.annotations,
            });
        }
        Ok(true)
    }

    /// Returns a label's counts by feature key, in key order.
    fn tally(&mut self, connection: &mut dyn Connection, label: &Label) -> Result<Vec<(i64, u32)>, StoreError> {
        let scope = self.scope();
        let mut counted = Vec::with_capacity(label.tally.len());
        for (feature, count) in &label.tally {
            counted.push((self.names.feature(connection, &scope, feature, &mut self.counts)?, *count));
        }
        counted.sort_unstable();
        Ok(counted)
    }
}

/// Returns a label of which nothing is stored, not counted yet.
fn new_label(list: ProjectList, ordinal: i64, label: &Label) -> NewLabel<'_> {
    NewLabel {
        project_key: list.project_key,
        row_key: list.row_key,
        ordinal,
        created_ms: label.created.map(|time| time.as_millis()),
        has_masks: label.has_masks,
        tally: Vec::new(),
        id: label.id.as_str(),
        head: &label.head,
        details: label.details.as_ref(),
        performance: label.performance.as_ref(),
        rest: label.rest.as_ref(),
        annotations: &label.annotations,
    }
}

/// Counts what becomes of the given labels, and of those of the list that vanish. Labels that are kept although they are
/// given are unchanged; others that are kept are not of the import.
fn count(tally: &mut Tally, (stored, wanted): (&[StoredLabel], &[StoredLabel]), kept: &[Label], given: &[Label]) {
    let is_kept = |id: &str| kept.iter().any(|label| label.id.as_str() == id);
    tally.unchanged += given.iter().filter(|label| is_kept(label.id.as_str())).count() as u64;
    for label in wanted.iter().filter(|label| !is_kept(&label.id)) {
        match stored.iter().find(|stored| stored.id == label.id) {
            None => tally.created += 1,
            Some(known) if known == label => tally.unchanged += 1,
            Some(_) => tally.changed += 1,
        }
    }
    let ids: BTreeSet<&str> = wanted.iter().map(|label| label.id.as_str()).collect();
    tally.removed += stored.iter().filter(|label| !ids.contains(label.id.as_str())).count() as u64;
}
