//! The clock and chance of the system, for the engine, which reads neither.

use crate::workspace;
use labelport_engine::ambient::{Chance, Clock};
use labelport_model::time::Timestamp;

/// The clock of the system.
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        workspace::now()
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
