//! Reading: a state that was committed, the same for every connection of a snapshot, without waiting.

use crate::engines::{Contract, TestStore, hold};
use crate::writing::add;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;

const CONTRACTS: &[Contract] = &[
    ("readers see what is committed and do not wait for the rest", readers_see_what_is_committed),
    ("the connections of a snapshot agree", the_connections_of_a_snapshot_agree),
];

#[test]
fn contracts_of_reading() {
    hold(CONTRACTS);
}

const COUNT: &str = "select count(*) from slices";

fn readers_see_what_is_committed(test: &TestStore) {
    let org_key = test.store.org_key();
    let mut reader = test.store.reader().unwrap();
    let (wrote, is_written) = channel();
    let (let_go, held) = channel();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let job = move |connection: &mut dyn labelport_store::Connection| {
                add(connection, org_key, "a")?;
                wrote.send(()).unwrap();
                held.recv().unwrap();
                Ok(())
            };
            test.store.write(job).unwrap();
            reader_after(test);
        });
        // Dropped by a failure below, which so ends the job that waits for it.
        let let_go: std::sync::mpsc::Sender<()> = let_go;
        is_written.recv().unwrap();
        // The write transaction is open; if a reader had to wait for it, this would never end.
        assert_eq!(reader.count(COUNT, &[]).unwrap(), 0);
        assert_eq!(test.store.reader().unwrap().count(COUNT, &[]).unwrap(), 0);
        // Where rows lie on several servers, a snapshot begins after those who write.
        let is_whole = test.store.traits().keys_together.is_none();
        let mut snapshot = is_whole.then(|| test.store.snapshot(2).unwrap());
        let_go.send(()).unwrap();
        while reader.count(COUNT, &[]).unwrap() == 0 {
            std::thread::yield_now();
        }
        for connection in snapshot.iter_mut().flat_map(|snapshot| &mut snapshot.connections) {
            assert_eq!(connection.count(COUNT, &[]).unwrap(), 0);
        }
    });
}

/// What was acknowledged is seen by the next reader.
fn reader_after(test: &TestStore) {
    assert_eq!(test.store.reader().unwrap().count(COUNT, &[]).unwrap(), 1);
}

fn the_connections_of_a_snapshot_agree(test: &TestStore) {
    let org_key = test.store.org_key();
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut number = 0;
            // The bound ends the thread if the other fails.
            while !is_over.load(Ordering::Relaxed) && number < 20_000 {
                let job = move |connection: &mut dyn labelport_store::Connection| {
                    labelport_store::write::changes::next_change_seq(connection, org_key)?;
                    add(connection, org_key, &number.to_string())
                };
                test.store.write(job).unwrap();
                number += 1;
            }
        });
        let mut last = -1;
        for _ in 0..30 {
            let mut snapshot = test.store.snapshot(4).unwrap();
            for _ in 0..2 {
                for connection in &mut snapshot.connections {
                    assert_eq!(connection.count(COUNT, &[]).unwrap(), snapshot.change_seq);
                }
            }
            assert!(snapshot.change_seq >= last);
            last = snapshot.change_seq;
        }
        is_over.store(true, Ordering::Relaxed);
    });
}
