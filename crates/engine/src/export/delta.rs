//! Deltas: exports of what changed after a watermark.
//!
//! A delta holds the rows that were touched after the watermark and are selected now, each exactly as in a full export, and
//! one more stream, [`CHANGES`](crate::manifest::CHANGES): the rows that left, and for each row of the delta that does not
//! follow the previous one the row before it in the full result. [`apply`](crate::apply) rebuilds the full result from
//! this. A touched row may be unchanged, and a row that left may never have been in a result: a delta may name too many rows,
//! never too few.

use super::ExportError;
use super::chunk::CHUNK_BYTES;
use super::error::SinceError;
use super::scope::Resolved;
use super::work_error::WorkError;
use crate::manifest::{Delta, hex};
use labelport_model::json::ObjectWriter;
use labelport_model::predicate::{Condition, Predicate};
use labelport_model::request::Watermark;
use labelport_store::read::history::{self, Departed};
use labelport_store::read::select::{Base, Selection};
use labelport_store::row_key::RowKey;
use labelport_store::tables::{data_rows, settings};
use labelport_store::{Connection, StoreError};
use sha2::{Digest as _, Sha256};
use std::collections::HashSet;
use std::ops::ControlFlow;

/// What became of a row, in the stream of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It was deleted.
    Deleted,
    /// It is not in the project, dataset or model run any more.
    LeftScope,
    /// It changed, and the filters do not let it pass now. They may not have done so before.
    NoMatch,
    /// It is a row of the delta, and stands after another one.
    Placed,
}

impl Change {
    /// Returns the word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Deleted => "deleted",
            Self::LeftScope => "left_scope",
            Self::NoMatch => "no_match",
            Self::Placed => "placed",
        }
    }

    /// Finds a change by its word.
    pub fn find(word: &str) -> Option<Self> {
        [Self::Deleted, Self::LeftScope, Self::NoMatch, Self::Placed].into_iter().find(|change| change.word() == word)
    }
}

/// Returns the watermark of a state, for a request that was resolved in it.
pub(super) fn watermark(
    connection: &mut dyn Connection,
    organization_id: &str,
    resolved: &Resolved,
    change_seq: i64,
) -> Result<Watermark, StoreError> {
    let digest = |text: &str| hex(&Sha256::digest(text.as_bytes()));
    let mut request = resolved.request.of_whole().to_canonical_json();
    request.extend(resolved.slice_filter.iter().flat_map(|filter| ["\n", filter.as_str()]));
    let mut workspace = organization_id.to_owned();
    workspace
        .extend(settings::find(connection, settings::LINEAGE)?.iter().flat_map(|lineage| ["\n", lineage.as_str()]));
    let last_row_key = history::last_row_key(connection)?;
    Ok(Watermark::new([&digest(&workspace), &digest(&request)], change_seq, last_row_key))
}

/// What changed after a watermark.
pub(super) struct Changes {
    since: Watermark,
    org_key: i64,
    base: Base,
    /// All rows that are selected now.
    whole: Selection,
    /// Those of them that were touched.
    pub(super) changed: Selection,
    /// Rows that were touched and are not selected.
    unselected: Selection,
    /// The only data rows that can ever be selected, where the request lists them.
    listed: Option<HashSet<String>>,
}

impl Changes {
    /// Finds what changed; fails for a watermark from which nothing can go on.
    pub(super) fn find(
        connection: &mut dyn Connection,
        org_key: i64,
        resolved: &Resolved,
        (since, now): (&Watermark, &Watermark),
    ) -> Result<Self, ExportError> {
        check(since, now, history::start(connection, org_key)?)?;
        let runs = history::list_changed(connection, since.change_seq)?;
        let whole = resolved.selection.clone();
        let changed = whole.within(&runs);
        let listed = listed(&resolved.predicate);
        // A list of ids holds for a row forever, so that others need not be named.
        let mut against = vec![Predicate::Not(Box::new(resolved.predicate.clone()))];
        against.extend(listed.iter().map(|ids| Condition::DataRowIds(ids.clone()).into()));
        let unselected = Selection::prepare(connection, org_key, resolved.base, &Predicate::all(against))?;
        // New rows, too: a result of a later time may have one that was selected then.
        let unselected = unselected.within(&runs);
        let listed = listed.map(|ids| ids.into_iter().collect());
        Ok(Self { since: since.clone(), org_key, base: resolved.base, whole, changed, unselected, listed })
    }

    /// Writes the stream of changes: departures first, then the places of rows. `out` takes whole lines.
    pub(super) fn write(
        &self,
        connection: &mut dyn Connection,
        out: &mut dyn FnMut(Vec<u8>) -> Result<(), WorkError>,
    ) -> Result<(), WorkError> {
        let mut lines = Lines { bytes: Vec::new(), out };
        self.write_departures(connection, &mut lines)?;
        for part in self.unselected.parts() {
            let keys = self.unselected.keys(connection, &part)?;
            let mut names = data_rows::list_names(connection, &keys)?;
            for row_key in keys {
                let (row_id, global_key) = names.remove(&row_key).unwrap_or_default();
                lines.departed(Change::NoMatch, &row_id, global_key.as_deref())?;
            }
        }
        self.write_places(connection, &mut lines)?;
        lines.hand_on()
    }

    fn write_departures(&self, connection: &mut dyn Connection, lines: &mut Lines<'_>) -> Result<(), WorkError> {
        let mut outcome = Ok(());
        // Rows whose id another row has now, which may be selected.
        let mut succeeded: Vec<Departed> = Vec::new();
        history::for_each_departed(connection, self.org_key, self.base, self.since.change_seq, &mut |departed| {
            if self.listed.as_ref().is_some_and(|listed| !listed.contains(&departed.row_id)) {
                return ControlFlow::Continue(());
            }
            if departed.successor.is_some() {
                succeeded.push(departed);
                return ControlFlow::Continue(());
            }
            outcome = lines.left(&departed);
            if outcome.is_err() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        outcome?;
        for departed in succeeded {
            let successor = departed.successor.unwrap_or_default();
            if self.whole.last_before(connection, successor, successor + 1)?.is_none() {
                lines.left(&departed)?;
            }
        }
        Ok(())
    }

    /// Says where rows stand that do not follow the row before them.
    fn write_places(&self, connection: &mut dyn Connection, lines: &mut Lines<'_>) -> Result<(), WorkError> {
        let mut before: Option<RowKey> = None;
        for part in self.changed.parts() {
            // Rows, each with the one that it follows.
            let mut placed: Vec<(RowKey, Option<RowKey>)> = Vec::new();
            for row_key in self.changed.keys(connection, &part)? {
                // All rows that are new since then are in the delta, so that each of them follows the one before it.
                let follows = before.is_some_and(|before| before + 1 == row_key || before > self.since.last_row_key);
                let last = match follows {
                    true => before,
                    false => self.whole.last_before(connection, before.unwrap_or(0), row_key)?,
                };
                if last != before || before.is_none() {
                    placed.push((row_key, last));
                }
                before = Some(row_key);
            }
            let keys: Vec<RowKey> =
                placed.iter().flat_map(|(row_key, last)| [Some(*row_key), *last]).flatten().collect();
            let names = data_rows::list_names(connection, &keys)?;
            let id = |row_key: RowKey| names.get(&row_key).map_or("", |(id, _)| id.as_str());
            for (row_key, last) in placed {
                lines.placed(id(row_key), last.map(id))?;
            }
        }
        Ok(())
    }

    /// Describes the delta for its manifest.
    pub(super) fn describe(&self, changes: Delta) -> Delta {
        Delta { since: self.since.to_string(), ..changes }
    }
}

/// Fails for a watermark from which nothing can go on.
pub(crate) fn check(since: &Watermark, now: &Watermark, start: i64) -> Result<(), SinceError> {
    check_same(since, now)?;
    if since.change_seq > now.change_seq {
        return Err(SinceError::Future { since: since.change_seq, now: now.change_seq });
    }
    if since.change_seq < start {
        return Err(SinceError::Forgotten { since: since.change_seq, start });
    }
    Ok(())
}

/// Fails for watermarks of two workspaces or requests.
pub(crate) fn check_same(since: &Watermark, now: &Watermark) -> Result<(), SinceError> {
    if since.workspace != now.workspace {
        return Err(SinceError::OtherWorkspace);
    }
    if since.request != now.request {
        return Err(SinceError::OtherRequest);
    }
    Ok(())
}

/// Returns the ids that a predicate lists, if it lets no other row pass.
fn listed(predicate: &Predicate) -> Option<Vec<String>> {
    match predicate {
        Predicate::Test(Condition::DataRowIds(ids)) => Some(ids.clone()),
        Predicate::All(parts) => parts.iter().find_map(listed),
        _ => None,
    }
}

/// Takes lines until they are enough to hand on.
struct Lines<'o> {
    bytes: Vec<u8>,
    out: &'o mut dyn FnMut(Vec<u8>) -> Result<(), WorkError>,
}

impl Lines<'_> {
    fn left(&mut self, departed: &Departed) -> Result<(), WorkError> {
        let change = if departed.is_deleted { Change::Deleted } else { Change::LeftScope };
        self.departed(change, &departed.row_id, departed.global_key.as_deref())
    }

    fn departed(&mut self, change: Change, row_id: &str, global_key: Option<&str>) -> Result<(), WorkError> {
        self.line(row_id, change, |line| match global_key {
            Some(global_key) => line.text("global_key", global_key),
            None => line.raw("global_key", b"null"),
        })
    }

    fn placed(&mut self, row_id: &str, after: Option<&str>) -> Result<(), WorkError> {
        self.line(row_id, Change::Placed, |line| match after {
            Some(after) => line.text("after", after),
            None => line.raw("after", b"null"),
        })
    }

    fn line(
        &mut self,
        row_id: &str,
        change: Change,
        rest: impl FnOnce(&mut ObjectWriter<'_>),
    ) -> Result<(), WorkError> {
        let mut line = ObjectWriter::open(&mut self.bytes);
        line.text("data_row_id", row_id);
        line.text("change", change.word());
        rest(&mut line);
        line.close();
        self.bytes.push(b'\n');
        if self.bytes.len() >= CHUNK_BYTES { self.hand_on() } else { Ok(()) }
    }

    fn hand_on(&mut self) -> Result<(), WorkError> {
        match self.bytes.is_empty() {
            true => Ok(()),
            false => (self.out)(std::mem::take(&mut self.bytes)),
        }
    }
}
