//! Records in flight: read and not handed to the store yet.
//!
//! Records are cut from a file faster than they are parsed. How many may wait is bounded by the memory that they take when
//! they are parsed, so that ten rows of the largest size are never in memory together, nor a hundred thousand of the
//! smallest.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// No more records are read while those in flight take more bytes than this.
const FLIGHT_BYTES: usize = 32 << 20;
/// What a parsed row takes in addition to its text, about: a short row has as many parts as a long one.
const ROW_BYTES: usize = 1 << 10;

/// What is in flight.
#[derive(Debug, Default)]
pub(super) struct Flight(Arc<State>);

#[derive(Debug, Default)]
struct State {
    bytes: Mutex<Bytes>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Bytes {
    in_flight: usize,
    is_cancelled: bool,
}

impl Bytes {
    fn must_wait(&self) -> bool {
        self.in_flight > FLIGHT_BYTES && !self.is_cancelled
    }
}

/// Records are in flight until this is dropped.
#[derive(Debug)]
pub(super) struct Ticket {
    flight: Arc<State>,
    text_bytes: usize,
    records: usize,
}

impl Flight {
    /// Waits until more records may be read. One record is always let through.
    pub(super) fn wait(&self) {
        let bytes = self.0.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.0.changed.wait_while(bytes, |bytes| bytes.must_wait()));
    }

    /// Counts records until the ticket is dropped.
    pub(super) fn ticket(&self, text_bytes: usize, records: usize) -> Ticket {
        let ticket = Ticket { flight: Arc::clone(&self.0), text_bytes, records };
        self.0.bytes.lock().unwrap_or_else(PoisonError::into_inner).in_flight += ticket.bytes();
        ticket
    }

    /// Lets everyone go on: the import has failed, and nobody takes what is in flight.
    pub(super) fn cancel(&self) {
        self.0.bytes.lock().unwrap_or_else(PoisonError::into_inner).is_cancelled = true;
        self.0.changed.notify_all();
    }
}

impl Ticket {
    /// Returns how many bytes the records take when they are parsed.
    pub(super) fn bytes(&self) -> usize {
        self.text_bytes + self.records * ROW_BYTES
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.flight.bytes.lock().unwrap_or_else(PoisonError::into_inner).in_flight -= self.bytes();
        self.flight.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    /// Waits on another thread; returns what shows when it is let through.
    fn wait(flight: &Flight) -> mpsc::Receiver<()> {
        let flight = Flight(Arc::clone(&flight.0));
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            flight.wait();
            sender.send(()).unwrap();
        });
        receiver
    }

    fn must_wait(flight: &Flight) -> bool {
        flight.0.bytes.lock().unwrap().must_wait()
    }

    #[test]
    fn records_wait_until_those_before_are_handed_on() {
        let flight = Flight::default();
        let small = flight.ticket(FLIGHT_BYTES, 0);
        assert!(!must_wait(&flight));
        let large = flight.ticket(1, 0);
        assert!(must_wait(&flight));
        let waiting = wait(&flight);
        drop(large);
        assert!(!must_wait(&flight));
        waiting.recv().unwrap();
        drop(small);
    }

    #[test]
    fn many_short_records_wait_before_their_text_is_much() {
        let flight = Flight::default();
        let _ticket = flight.ticket(FLIGHT_BYTES / 2, FLIGHT_BYTES / ROW_BYTES);
        assert!(must_wait(&flight));
    }

    #[test]
    fn a_failed_import_keeps_nobody_waiting() {
        let flight = Flight::default();
        let ticket = flight.ticket(FLIGHT_BYTES + 1, 0);
        assert!(must_wait(&flight));
        let waiting = wait(&flight);
        flight.cancel();
        waiting.recv().unwrap();
        assert_eq!(ticket.bytes(), FLIGHT_BYTES + 1);
    }
}
