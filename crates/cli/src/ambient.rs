//! The clock, the random source and the processors of the system. Nothing below the command line reads them.

use labelport_engine::ambient::{Chance, Clock};
use labelport_model::time::Timestamp;
use labelport_store::{Founding, Store, StoreError};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The clock of the system, or that of the server that keeps the rows, where the two differ: processes on several machines
/// must agree on when a lease is over.
pub(crate) struct SystemClock {
    /// How much later it is on the server.
    ahead_ms: i64,
}

/// A difference that messages there and back, and clocks that are set well, may have.
const SAME_TIME_MS: i64 = 1_000;

impl SystemClock {
    /// Takes the clock that a store goes by.
    pub(crate) fn of(store: &Store) -> Result<Self, StoreError> {
        let before = now().as_millis();
        let there = store.now()?;
        let here = before + (now().as_millis() - before) / 2;
        let ahead_ms = there.map_or(0, |there| there.as_millis() - here);
        Ok(Self { ahead_ms: if ahead_ms.abs() < SAME_TIME_MS { 0 } else { ahead_ms } })
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        now().plus_millis(self.ahead_ms)
    }
}

/// The random source of the system.
pub(crate) struct SystemChance;

impl Chance for SystemChance {
    fn fill(&self, bytes: &mut [u8]) {
        // Without chance there are no ids and no secrets: nothing that could be done would be right.
        getrandom::fill(bytes).expect("the system has a random source");
    }
}

/// Returns the time.
#[expect(clippy::disallowed_methods, reason = "this is where the command line reads the clock")]
pub(crate) fn now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}

/// Returns a point in time to measure from.
#[expect(clippy::disallowed_methods, reason = "this is where the command line reads the clock")]
pub(crate) fn instant() -> Instant {
    Instant::now()
}

/// Returns a new cuid: the letter c and 24 letters or digits by chance. Ids are not secrets.
pub(crate) fn new_id() -> String {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let mut id = String::from("c");
    while id.len() < 25 {
        // The standard library draws fresh keys from the system for each state.
        let mut chance = RandomState::new().build_hasher().finish();
        for _ in 0..12 {
            id.push(DIGITS[(chance % 36) as usize] as char);
            chance /= 36;
        }
    }
    id.truncate(25);
    id
}

/// Returns what a new store starts with.
pub(crate) fn founding() -> Founding {
    Founding { organization_id: new_id(), now: now() }
}

/// Returns how many threads may run at once.
pub(crate) fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
