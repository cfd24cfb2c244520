//! Waiting for the assets of rows, so that what an import makes does not depend on how fast they are read.
//!
//! Words, pages and messages are annotated by what the asset says. An import of lines about such a row waits until the
//! asset was looked at, for [`PATIENCE`] in all; after that the lines of rows that still wait fail, and say so.

use super::target::Parent;
use crate::tasks::Pulse;
use crate::workspace::Workspace;
use labelport_model::data_type::{self, DataType};
use labelport_model::problem::Problem;
use labelport_model::time::Timestamp;
use labelport_store::row_key::RowKey;
use labelport_store::tables::data_rows::{self, Asset, AssetState, DataRow};
use std::collections::BTreeSet;
use std::time::Duration;

/// How long an import waits for assets in all.
pub(super) const PATIENCE: Duration = Duration::from_secs(300);

/// What an import has waited for.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// When its patience ends, once it began to wait.
    until: Option<Timestamp>,
    /// Rows whose assets were not looked at in time.
    late: BTreeSet<RowKey>,
}

impl Waiting {
    /// Waits for the assets of rows that lines need.
    pub(super) fn wait(
        &mut self,
        workspace: &Workspace,
        target: &Parent,
        rows: impl Iterator<Item = RowKey>,
        pulse: &Pulse,
    ) -> Result<(), Problem> {
        let mut waiting = self.find(workspace, target, rows.collect())?;
        if waiting.is_empty() {
            return Ok(());
        }
        let now = workspace.now();
        let patience_ms = i64::try_from(PATIENCE.as_millis()).unwrap_or(i64::MAX);
        let until = *self.until.get_or_insert(now.plus_millis(patience_ms));
        let left_ms = u64::try_from(until.as_millis().saturating_sub(now.as_millis())).unwrap_or(0);
        workspace.wake_up().wait_until(workspace.clock(), Duration::from_millis(left_ms), &mut || {
            waiting = self.find(workspace, target, std::mem::take(&mut waiting))?;
            Ok(waiting.is_empty() || pulse.is_over())
        })?;
        self.late.extend(waiting);
        Ok(())
    }

    /// Returns whether the asset of a row was not looked at in time.
    pub(super) fn is_late(&self, row_key: RowKey) -> bool {
        self.late.contains(&row_key)
    }

    /// Returns those of the rows whose assets are needed and wait to be looked at.
    fn find(&self, workspace: &Workspace, target: &Parent, rows: Vec<RowKey>) -> Result<Vec<RowKey>, Problem> {
        let org_key = workspace.org_key();
        workspace.read(|connection| {
            let mut waiting = Vec::new();
            for row_key in rows {
                let asset = data_rows::find_asset(connection, row_key)?;
                let Some(asset) = asset.filter(|asset| asset.state == AssetState::Waiting) else { continue };
                let Some(row) = data_rows::find_by_key(connection, org_key, row_key)? else { continue };
                if data_type_of(&row, Some(&asset), target).is_none_or(|data_type| data_type.is_read) {
                    waiting.push(row_key);
                }
            }
            Ok(waiting)
        })
    }
}

/// Returns the data type of a row: what it is known to be, or was declared to be, or what its project holds.
pub(super) fn data_type_of(row: &DataRow, asset: Option<&Asset>, target: &Parent) -> Option<&'static DataType> {
    let declared = asset.and_then(|asset| asset.media_type.as_deref());
    let known = row.data_type.as_deref().and_then(data_type::find);
    known.or_else(|| declared.or(target.media_type()).and_then(data_type::find_by_media_type))
}
