//! How long the history of changes is kept: as long as an export of what changed may look back.

use labelport_model::time::Timestamp;
use labelport_store::tables::settings;
use labelport_store::write::history;
use labelport_store::{Store, StoreError};

/// How many days it is kept where nobody said so.
pub const KEPT_DAYS: u32 = 90;

const DAY_MS: i64 = 24 * 3_600_000;

/// Returns for how many days history is kept.
pub fn kept_days(store: &Store) -> Result<u32, StoreError> {
    let found = settings::find(&mut *store.reader()?, settings::HISTORY_DAYS)?;
    Ok(found.and_then(|days| days.parse().ok()).unwrap_or(KEPT_DAYS))
}

/// Says for how many days history is kept.
pub fn keep_for(store: &Store, days: u32) -> Result<(), StoreError> {
    store.write(move |connection| settings::put(connection, settings::HISTORY_DAYS, &days.to_string()))
}

/// Returns whether what changed after a change number is kept for less than half of the time from now on: another change
/// came after it, and a long time ago.
pub fn is_half_over(store: &Store, change_seq: i64, now: Timestamp) -> Result<bool, StoreError> {
    let half_ago = now.plus_millis(-i64::from(kept_days(store)?) * DAY_MS / 2);
    Ok(history::last_before(&mut *store.reader()?, half_ago)? > change_seq)
}

/// Forgets what is older than it is kept, in portions, between which others write.
pub fn prune(store: &Store, now: Timestamp) -> Result<(), StoreError> {
    let before = now.plus_millis(-i64::from(kept_days(store)?) * DAY_MS);
    let org_key = store.org_key();
    store.write(move |connection| history::mark(connection, org_key, now))?;
    while store.write(move |connection| history::forget(connection, org_key, before))? {}
    Ok(())
}
