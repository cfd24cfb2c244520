//! Wake-ups between the threads of a process: there is work, or some of it is done.

use crate::ambient::Clock;
use labelport_model::problem::Problem;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// How often a waiter checks without a wake-up.
const CHECK_INTERVAL: Duration = Duration::from_millis(50);
/// How often a caller that waits for the end of a task checks without a wake-up: another process may have done it.
const END_CHECK_INTERVAL: Duration = Duration::from_millis(200);
/// Those who wait for tasks are divided into so many groups, so that the end of a task wakes few who wait for another.
const GROUPS: usize = 64;

/// Wakes workers when there is work, and callers that wait when some of it is done.
///
/// A wake-up is a hint: every waiter also looks at the store from time to time.
#[derive(Debug)]
pub struct WakeUp {
    all: Counted,
    ends: [Counted; GROUPS],
}

/// A number of wake-ups, and those who wait for the next.
#[derive(Debug, Default)]
struct Counted {
    count: Mutex<u64>,
    waiting: Condvar,
}

impl Counted {
    fn count(&self) -> u64 {
        *self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn notify(&self) {
        *self.count.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.waiting.notify_all();
    }

    fn wait(&self, seen: u64, timeout: Duration) -> u64 {
        let count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = self.waiting.wait_timeout_while(count, timeout, |count| *count == seen);
        *outcome.unwrap_or_else(PoisonError::into_inner).0
    }
}

impl Default for WakeUp {
    fn default() -> Self {
        Self { all: Counted::default(), ends: std::array::from_fn(|_| Counted::default()) }
    }
}

impl WakeUp {
    /// Wakes everybody but those who wait for the end of a task.
    pub fn notify(&self) {
        self.all.notify();
    }

    /// Wakes everybody who waits for the end of a task, after [`notify`](Self::notify)ing the others.
    pub(crate) fn notify_end(&self, task_id: &str) {
        self.notify();
        self.group(task_id).notify();
    }

    fn group(&self, task_id: &str) -> &Counted {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(task_id);
        &self.ends[hash as usize % GROUPS]
    }

    /// Waits for a wake-up after the `seen`th, at most for `timeout`; returns the number of wake-ups so far.
    pub(crate) fn wait(&self, seen: u64, timeout: Duration) -> u64 {
        self.all.wait(seen, timeout)
    }

    /// Waits until a task has ended, as `has_ended` says, at most for `timeout`.
    pub(crate) fn wait_for_end(
        &self,
        task_id: &str,
        clock: &dyn Clock,
        timeout: Duration,
        has_ended: &mut dyn FnMut() -> Result<bool, Problem>,
    ) -> Result<(), Problem> {
        wait_until(self.group(task_id), END_CHECK_INTERVAL, clock, timeout, has_ended)
    }

    /// Waits until `holds` returns true, at most for `timeout`.
    pub fn wait_until(
        &self,
        clock: &dyn Clock,
        timeout: Duration,
        holds: &mut dyn FnMut() -> Result<bool, Problem>,
    ) -> Result<(), Problem> {
        wait_until(&self.all, CHECK_INTERVAL, clock, timeout, holds)
    }
}

fn wait_until(
    wake_ups: &Counted,
    interval: Duration,
    clock: &dyn Clock,
    timeout: Duration,
    holds: &mut dyn FnMut() -> Result<bool, Problem>,
) -> Result<(), Problem> {
    let over = clock.now().plus_millis(i64::try_from(timeout.as_millis()).unwrap_or(i64::MAX));
    loop {
        let seen = wake_ups.count();
        if holds()? || clock.now() >= over {
            return Ok(());
        }
        wake_ups.wait(seen, interval);
    }
}
