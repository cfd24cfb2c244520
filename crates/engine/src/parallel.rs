//! Work in parallel, results in order.
//!
//! Jobs are numbered as they are taken. Each produces any number of parts; parts are handed on in the order of the jobs,
//! so what comes out does not depend on the number of workers. Memory is bounded: a job holds at most so many parts that
//! were not handed on, and nobody starts a job far ahead of the one whose turn it is.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// The most parts of one job that wait to be handed on, unless the caller says otherwise. A job of usual size fits whole, so that a worker does not wait for
/// the job whose turn it is.
const PARTS_HELD: usize = 8;
/// How many jobs may be open for each worker, unless the caller says otherwise.
const JOBS_AHEAD: usize = 3;

/// What a worker gets whose parts are no longer wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stopped;

/// Passes a part to the consumer, which takes parts in order.
pub(crate) type Emit<'a, P> = dyn FnMut(P) -> Result<(), Stopped> + 'a;

struct State<P, E> {
    /// The number that the next job gets.
    next: u64,
    /// The job whose parts are handed on.
    turn: u64,
    jobs: BTreeMap<u64, Waiting<P>>,
    is_exhausted: bool,
    is_stopped: bool,
    error: Option<E>,
}

struct Waiting<P> {
    parts: VecDeque<P>,
    is_done: bool,
}

struct Shared<P, E> {
    state: Mutex<State<P, E>>,
    changed: Condvar,
    jobs_open: u64,
    parts_held: usize,
}

/// Runs the jobs that `next` gives out on as many threads as there are workers, and `publish`es their parts in order.
///
/// The first error, of a job or of `publish`, ends everything and is returned. `next` is called by one thread at a time.
pub(crate) fn run<W, J, P, E>(
    workers: &mut [W],
    next: impl FnMut() -> Result<Option<J>, E> + Send,
    work: impl Fn(&mut W, J, &mut Emit<'_, P>) -> Result<(), E> + Sync,
    publish: impl FnMut(P) -> Result<(), E>,
) -> Result<(), E>
where
    W: Send,
    P: Send,
    E: Send,
{
    run_within((PARTS_HELD, JOBS_AHEAD), workers, next, work, publish)
}

/// Does what [`run`] does, where so many parts of one job may wait to be handed on, and so many jobs be open for each worker.
pub(crate) fn run_within<W, J, P, E>(
    (parts_held, jobs_ahead): (usize, usize),
    workers: &mut [W],
    next: impl FnMut() -> Result<Option<J>, E> + Send,
    work: impl Fn(&mut W, J, &mut Emit<'_, P>) -> Result<(), E> + Sync,
    mut publish: impl FnMut(P) -> Result<(), E>,
) -> Result<(), E>
where
    W: Send,
    P: Send,
    E: Send,
{
    let shared = Shared {
        state: Mutex::new(State {
            next: 0,
            turn: 0,
            jobs: BTreeMap::new(),
            is_exhausted: false,
            is_stopped: false,
            error: None,
        }),
        changed: Condvar::new(),
        jobs_open: (workers.len() * jobs_ahead) as u64,
        parts_held,
    };
    let source = Mutex::new(next);
    std::thread::scope(|scope| {
        for worker in workers.iter_mut() {
            let (shared, source, work) = (&shared, &source, &work);
            scope.spawn(move || shared.serve(worker, source, work));
        }
        while let Some(part) = shared.next_part() {
            if let Err(error) = publish(part) {
                shared.fail(error);
                break;
            }
        }
    });
    match shared.state.into_inner().unwrap_or_else(PoisonError::into_inner).error {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

/// Does what [`run`] does on the thread of the caller, for work that is shorter than the start of a thread.
pub(crate) fn run_here<W, J, P, E>(
    worker: &mut W,
    mut next: impl FnMut() -> Result<Option<J>, E>,
    work: impl Fn(&mut W, J, &mut Emit<'_, P>) -> Result<(), E>,
    mut publish: impl FnMut(P) -> Result<(), E>,
) -> Result<(), E> {
    while let Some(job) = next()? {
        let mut failure = None;
        let outcome = work(worker, job, &mut |part| {
            publish(part).map_err(|error| {
                failure.get_or_insert(error);
                Stopped
            })
        });
        if let Some(error) = failure {
            return Err(error);
        }
        outcome?;
    }
    Ok(())
}

impl<P, E> Shared<P, E> {
    fn lock(&self) -> MutexGuard<'_, State<P, E>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, guard: MutexGuard<'a, State<P, E>>) -> MutexGuard<'a, State<P, E>> {
        self.changed.wait(guard).unwrap_or_else(PoisonError::into_inner)
    }

    fn serve<W, J>(
        &self,
        worker: &mut W,
        source: &Mutex<impl FnMut() -> Result<Option<J>, E>>,
        work: &(impl Fn(&mut W, J, &mut Emit<'_, P>) -> Result<(), E> + Sync),
    ) {
        // A worker that panics must not leave the others waiting for its parts.
        let guard = StopOnPanic(self);
        while let Some((number, job)) = self.take(source) {
            let outcome = work(worker, job, &mut |part| self.push(number, part));
            let mut state = self.lock();
            if let Some(waiting) = state.jobs.get_mut(&number) {
                waiting.is_done = true;
            }
            drop(state);
            self.changed.notify_all();
            if let Err(error) = outcome {
                self.fail(error);
            }
        }
        std::mem::forget(guard);
    }

    /// Takes the next job, with its number; nothing when there is none or everything has stopped.
    fn take<J>(&self, source: &Mutex<impl FnMut() -> Result<Option<J>, E>>) -> Option<(u64, J)> {
        // The source stays locked until the number is given, so that numbers follow the order of the source.
        let mut source = source.lock().unwrap_or_else(PoisonError::into_inner);
        let mut state = self.lock();
        while !state.is_stopped && !state.is_exhausted && state.next >= state.turn + self.jobs_open {
            state = self.wait(state);
        }
        if state.is_stopped || state.is_exhausted {
            return None;
        }
        drop(state);
        let taken = source();
        let mut state = self.lock();
        let taken = match taken {
            Ok(Some(job)) => {
                let number = state.next;
                state.next += 1;
                state.jobs.insert(number, Waiting { parts: VecDeque::new(), is_done: false });
                Some((number, job))
            }
            Ok(None) => {
                state.is_exhausted = true;
                None
            }
            Err(error) => {
                state.is_stopped = true;
                state.error.get_or_insert(error);
                None
            }
        };
        drop(state);
        self.changed.notify_all();
        taken
    }

    fn push(&self, number: u64, part: P) -> Result<(), Stopped> {
        let mut state = self.lock();
        loop {
            if state.is_stopped {
                return Err(Stopped);
            }
            match state.jobs.get_mut(&number) {
                Some(waiting) if waiting.parts.len() < self.parts_held => {
                    waiting.parts.push_back(part);
                    break;
                }
                Some(_) => state = self.wait(state),
                None => return Err(Stopped),
            }
        }
        drop(state);
        self.changed.notify_all();
        Ok(())
    }

    /// Waits for the next part in order; nothing after the last.
    fn next_part(&self) -> Option<P> {
        let mut state = self.lock();
        loop {
            if state.is_stopped {
                return None;
            }
            let (turn, is_exhausted) = (state.turn, state.is_exhausted);
            match state.jobs.get_mut(&turn) {
                Some(waiting) => {
                    if let Some(part) = waiting.parts.pop_front() {
                        drop(state);
                        self.changed.notify_all();
                        return Some(part);
                    }
                    if waiting.is_done {
                        state.jobs.remove(&turn);
                        state.turn += 1;
                        self.changed.notify_all();
                        continue;
                    }
                }
                None if is_exhausted => return None,
                None => {}
            }
            state = self.wait(state);
        }
    }

    fn fail(&self, error: E) {
        let mut state = self.lock();
        state.is_stopped = true;
        state.error.get_or_insert(error);
        drop(state);
        self.changed.notify_all();
    }
}

struct StopOnPanic<'a, P, E>(&'a Shared<P, E>);

impl<P, E> Drop for StopOnPanic<'_, P, E> {
    fn drop(&mut self) {
        self.0.lock().is_stopped = true;
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn squares(workers: usize, jobs: u64) -> Vec<u64> {
        let mut numbers = 0..jobs;
        let mut published = Vec::new();
        run(
            &mut vec![(); workers],
            || Ok::<_, ()>(numbers.next()),
            |(), number, emit| {
                // Later jobs are shorter, so workers overtake each other.
                for step in 0..(jobs - number) % 7 {
                    if emit(number * number + step).is_err() {
                        return Ok(());
                    }
                }
                Ok(())
            },
            |part| {
                published.push(part);
                Ok(())
            },
        )
        .unwrap();
        published
    }

    #[test]
    fn order_does_not_depend_on_the_number_of_workers() {
        let alone = squares(1, 200);
        for workers in [2, 3, 8] {
            assert_eq!(squares(workers, 200), alone);
        }
    }

    #[test]
    fn work_on_the_thread_of_the_caller_is_published_in_order_until_an_error() {
        let run = |limit: u64| {
            let mut numbers = 0..10;
            let mut published = Vec::new();
            let outcome = run_here(
                &mut (),
                || Ok(numbers.next()),
                |(), number, emit| {
                    // A job that goes on after a part was refused gets the first error all the same.
                    emit(2 * number).and_then(|()| emit(2 * number + 1)).unwrap_or_default();
                    Ok(())
                },
                |part| {
                    if part == limit {
                        return Err(part);
                    }
                    published.push(part);
                    Ok(())
                },
            );
            (published, outcome)
        };
        assert_eq!(run(99), ((0..20).collect(), Ok(())));
        assert_eq!(run(7), ((0..7).collect(), Err(7)));
    }

    #[test]
    fn the_first_error_ends_everything() {
        let mut numbers = 0..u64::MAX;
        let outcome = run(
            &mut [(), ()],
            || Ok(numbers.next()),
            |(), number, emit| if number == 50 { Err("fifty") } else { emit(number).or(Ok(())) },
            |_| Ok(()),
        );
        assert_eq!(outcome, Err("fifty"));
    }

    #[test]
    fn a_publisher_that_fails_stops_the_workers() {
        let mut numbers = 0..u64::MAX;
        let publish = |part| if part == 9 { Err("full") } else { Ok(()) };
        let outcome = run(&mut [(), ()], || Ok(numbers.next()), |(), number, emit| emit(number).or(Ok(())), publish);
        assert_eq!(outcome, Err("full"));
    }

    #[test]
    fn a_job_without_parts_takes_its_turn() {
        let mut numbers = 0..20;
        let mut published = Vec::new();
        run(
            &mut [(), ()],
            || Ok::<_, ()>(numbers.next()),
            |(), number, emit| if number % 2 == 0 { emit(number).or(Ok(())) } else { Ok(()) },
            |part| {
                published.push(part);
                Ok(())
            },
        )
        .unwrap();
        assert_eq!(published, [0, 2, 4, 6, 8, 10, 12, 14, 16, 18]);
    }
}
