//! Wake-ups between the threads of a process: there is work, or some of it is done.

use crate::ambient::Clock;
use labelport_model::problem::Problem;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// How often a waiter checks without a wake-up.
const CHECK_INTERVAL: Duration = Duration::from_millis(50);

/// Wakes workers when there is work, and callers that wait when some of it is done.
///
/// A wake-up is a hint: every waiter also looks at the store from time to time.
#[derive(Debug, Default)]
pub struct WakeUp {
    count: Mutex<u64>,
    waiting: Condvar,
}

impl WakeUp {
    /// Wakes every waiter.
    pub fn notify(&self) {
        *self.count.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.waiting.notify_all();
    }

    /// Waits for a wake-up after the `seen`th, at most for `timeout`; returns the number of wake-ups so far.
    pub(crate) fn wait(&self, seen: u64, timeout: Duration) -> u64 {
        let count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = self.waiting.wait_timeout_while(count, timeout, |count| *count == seen);
        *outcome.unwrap_or_else(PoisonError::into_inner).0
    }

    /// Waits until `holds` returns true, at most for `timeout`.
    pub fn wait_until(
        &self,
        clock: &dyn Clock,
        timeout: Duration,
        holds: &mut dyn FnMut() -> Result<bool, Problem>,
    ) -> Result<(), Problem> {
        let over = clock.now().plus_millis(i64::try_from(timeout.as_millis()).unwrap_or(i64::MAX));
        loop {
            let seen = *self.count.lock().unwrap_or_else(PoisonError::into_inner);
            if holds()? || clock.now() >= over {
                return Ok(());
            }
            self.wait(seen, CHECK_INTERVAL);
        }
    }
}
