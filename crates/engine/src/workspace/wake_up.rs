//! Wake-ups between the threads of a process: there is work, or some of it is done.

use crate::ambient::Clock;
use labelport_model::problem::Problem;
use std::collections::BTreeSet;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// How often a waiter checks without a wake-up.
const CHECK_INTERVAL: Duration = Duration::from_millis(50);
/// How often a caller that waits for the end of a task checks without a wake-up: another process may have done it.
const END_CHECK_INTERVAL: Duration = Duration::from_millis(200);
/// Those who wait for tasks are divided into so many groups, so that the end of a task wakes few who wait for another.
const GROUPS: usize = 64;
/// How many ended tasks are remembered for other processes, at most.
const UNSAID_LIMIT: usize = 1_000;

/// Wakes workers when there is work, and callers that wait when some of it is done.
///
/// A wake-up is a hint: every waiter also looks at the store from time to time.
#[derive(Debug)]
pub struct WakeUp {
    all: Counted,
    ends: [Counted; GROUPS],
    unsaid: Unsaid,
}

/// What other processes do not know yet: that there was something, and which tasks have ended.
#[derive(Debug, Default)]
struct Unsaid {
    ended: Mutex<Option<BTreeSet<String>>>,
    changed: Condvar,
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

impl Unsaid {
    fn add(&self, task_id: Option<&str>) {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = ended.get_or_insert_default();
        // Where nobody says it, nobody needs it.
        if ended.len() < UNSAID_LIMIT {
            ended.extend(task_id.map(str::to_owned));
        }
        self.changed.notify_one();
    }
}

impl Default for WakeUp {
    fn default() -> Self {
        let ends = std::array::from_fn(|_| Counted::default());
        Self { all: Counted::default(), ends, unsaid: Unsaid::default() }
    }
}

impl WakeUp {
    /// Wakes everybody but those who wait for the end of a task.
    pub fn notify(&self) {
        self.all.notify();
        self.unsaid.add(None);
    }

    /// Wakes everybody who waits for the end of a task, after [`notify`](Self::notify)ing the others.
    pub(crate) fn notify_end(&self, task_id: &str) {
        self.all.notify();
        self.group(task_id).notify();
        self.unsaid.add(Some(task_id));
    }

    /// Wakes those in this process, for something in another one: tasks of these ids have ended there, or there is work.
    pub(crate) fn wake<'a>(&self, ended: impl Iterator<Item = &'a str>) {
        self.all.notify();
        ended.for_each(|task_id| self.group(task_id).notify());
    }

    /// Waits until there is something that other processes do not know, at most for `timeout`, and `gathered` longer for more
    /// of it. Returns which tasks have ended; none where there was nothing.
    pub(crate) fn take_unsaid(&self, timeout: Duration, gathered: Duration) -> Option<BTreeSet<String>> {
        let ended = self.unsaid.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.unsaid.changed.wait_timeout_while(ended, timeout, |ended| ended.is_none());
        if waited.unwrap_or_else(PoisonError::into_inner).0.is_none() {
            return None;
        }
        std::thread::park_timeout(gathered);
        self.unsaid.ended.lock().unwrap_or_else(PoisonError::into_inner).take()
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

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_millis(1);

    #[test]
    fn what_happens_here_is_said_once_and_what_happens_elsewhere_is_not_said_again() {
        let wake_up = WakeUp::default();
        assert_eq!(wake_up.take_unsaid(SOON, SOON), None);
        wake_up.notify();
        assert_eq!(wake_up.take_unsaid(SOON, SOON), Some(BTreeSet::new()));
        wake_up.notify_end("b");
        wake_up.notify_end("a");
        wake_up.notify();
        assert_eq!(wake_up.take_unsaid(SOON, SOON), Some(BTreeSet::from(["a".to_owned(), "b".to_owned()])));
        let (all, ends) = (wake_up.all.count(), wake_up.group("c").count());
        wake_up.wake(["c"].into_iter());
        assert_eq!((wake_up.all.count(), wake_up.group("c").count()), (all + 1, ends + 1));
        assert_eq!(wake_up.take_unsaid(SOON, SOON), None);
    }

    #[test]
    fn what_nobody_says_does_not_add_up() {
        let wake_up = WakeUp::default();
        (0..3 * UNSAID_LIMIT).for_each(|number| wake_up.notify_end(&number.to_string()));
        assert_eq!(wake_up.take_unsaid(SOON, SOON).map(|ended| ended.len()), Some(UNSAID_LIMIT));
    }
}
