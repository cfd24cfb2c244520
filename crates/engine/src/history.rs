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

/// Forgets what is older than it is kept, in portions, between which others write.
pub fn prune(store: &Store, now: Timestamp) -> Result<(), StoreError> {
    let before = now.plus_millis(-i64::from(kept_days(store)?) * DAY_MS);
    let org_key = store.org_key();
    store.write(move |connection| history::mark(connection, org_key, now))?;
    while store.write(move |connection| history::forget(connection, org_key, before))? {}
    Ok(())
}
