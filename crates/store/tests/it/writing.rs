//! Writing: whole or not at all, and answered when it is kept.

use crate::engines::{Contract, TestStore, hold, now};
use crate::rows::{count, look, run};
use labelport_store::tables::slices::{self, Slice};
use labelport_store::{Connection, Step, Store, StoreError};
use std::sync::mpsc::channel;

const CONTRACTS: &[Contract] = &[
    ("a job that fails leaves nothing", a_job_that_fails_leaves_nothing),
    ("a job that fails takes no other with it", a_job_that_fails_takes_no_other_with_it),
    ("a lost transaction is reported to all jobs in it", a_lost_transaction_is_reported),
    ("each job counts as a commit", each_job_counts_as_a_commit),
    ("what is answered is kept", what_is_answered_is_kept),
    ("reopening keeps everything", reopening_keeps_everything),
];

#[test]
fn contracts_of_writing() {
    hold(CONTRACTS);
}

pub(crate) fn add(connection: &mut dyn Connection, org_key: i64, name: &str) -> Result<bool, StoreError> {
    let slice = Slice {
        id: format!("id of {name}"),
        name: name.to_owned(),
        description: None,
        filter: "[]".to_owned(),
        created: now(),
    };
    slices::create(connection, org_key, &slice)
}

fn a_job_that_fails_leaves_nothing(test: &TestStore) {
    let org_key = test.store.org_key();
    let outcome = test.store.write(move |connection| {
        assert!(add(connection, org_key, "a")?);
        Err::<(), _>(StoreError::Withdrawn)
    });
    assert!(matches!(outcome, Err(StoreError::Withdrawn)), "{outcome:?}");
    let outcome = test.store.write(move |connection| {
        add(connection, org_key, "b")?;
        connection.execute("insert into counters (name, value) values ('commit', 0)", &[])
    });
    assert!(matches!(outcome, Err(StoreError::Engine(_))), "{outcome:?}");
    assert_eq!(count(&test.store, "slices"), 0);
    assert!(test.store.write(move |connection| add(connection, org_key, "a")).unwrap());
    assert_eq!(count(&test.store, "slices"), 1);
}

fn a_job_that_fails_takes_no_other_with_it(test: &TestStore) {
    let answers = run_together(&test.store, 20, |connection, org_key, number| {
        add(connection, org_key, &number.to_string())?;
        if number % 3 == 0 { Err(StoreError::Withdrawn) } else { Ok(()) }
    });
    for (number, answer) in answers.into_iter().enumerate() {
        assert_eq!(answer.is_ok(), number % 3 != 0, "job {number}");
    }
    assert_eq!(count(&test.store, "slices"), 13);
}

/// Runs jobs that wait together, so that most of them share a transaction; returns their answers in their order.
fn run_together<T: Send + 'static>(
    store: &Store,
    count: usize,
    job: fn(&mut dyn Connection, i64, usize) -> Result<T, StoreError>,
) -> Vec<Result<T, StoreError>> {
    let org_key = store.org_key();
    let (let_go, held) = channel::<()>();
    std::thread::scope(move |scope| {
        // While this job holds the writer the others wait. What befalls its group is no matter.
        scope.spawn(move || drop(store.write(move |_| Ok(held.recv().is_err()))));
        let jobs: Vec<_> = (0..count)
            .map(|number| scope.spawn(move || store.write(move |connection| job(connection, org_key, number))))
            .collect();
        drop(let_go);
        jobs.into_iter().map(|job| job.join().unwrap()).collect()
    })
}

fn a_lost_transaction_is_reported(test: &TestStore) {
    for round in 0..10 {
        let answers = run_together(&test.store, 30, |connection, org_key, number| {
            add(connection, org_key, &number.to_string())?;
            if number == 15 {
                // A full disk may do this without the job's knowledge.
                connection.step(Step::RollBack)?;
                return Err(StoreError::Full);
            }
            Ok(())
        });
        for (number, answer) in answers.into_iter().enumerate() {
            let sql = format!("select count(*) from slices where name = '{number}'");
            let is_kept = look(&test.store, &sql).as_deref() == Some("1");
            assert_eq!(answer.is_ok(), is_kept, "round {round}, job {number}: {answer:?}");
            assert!(matches!(answer, Ok(()) | Err(StoreError::Full)), "round {round}, job {number}: {answer:?}");
        }
        run(&test.store, "delete from slices");
    }
}

fn each_job_counts_as_a_commit(test: &TestStore) {
    let answers = run_together(&test.store, 30, |connection, _, _| {
        connection.count("select value from counters where name = 'commit'", &[])
    });
    let mut seen: Vec<i64> = answers.into_iter().map(Result::unwrap).collect();
    seen.sort_unstable();
    assert!(seen.is_sorted_by(|one, next| one < next), "two jobs take each other's changes for their own: {seen:?}");
}

fn what_is_answered_is_kept(test: &TestStore) {
    let org_key = test.store.org_key();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            scope.spawn(move || {
                for number in 0..50 {
                    let name = format!("{thread}/{number}");
                    assert!(test.store.write(move |connection| add(connection, org_key, &name)).unwrap());
                }
            });
        }
    });
    let mut reader = test.open_again().reader().unwrap();
    let names = reader.list("select name from slices order by name", &[], |row| row.text(0).unwrap()).unwrap();
    let mut expect: Vec<String> =
        (0..8).flat_map(|thread| (0..50).map(move |number| format!("{thread}/{number}"))).collect();
    expect.sort_unstable();
    assert_eq!(names, expect);
}

fn reopening_keeps_everything(test: &TestStore) {
    let org_key = test.store.org_key();
    let store = test.open_again();
    store.write(move |connection| add(connection, org_key, "a")).unwrap();
    drop(store);
    let store = test.open_again();
    assert_eq!(store.org_key(), org_key);
    assert_eq!(count(&store, "slices"), 1);
    assert_eq!(count(&store, "organizations"), 1);
}
