//! Ranges of shared exports: each has one owner at a time, and none is forgotten.

use crate::engines::{Contract, TestStore, hold, now};
use labelport_model::id::TaskId;
use labelport_model::time::Timestamp;
use labelport_store::tables::export_ranges::{self, ExportRun, Lend, Taken};
use labelport_store::tables::tasks::{self, Ending, NewTask, TaskStatus};
use labelport_store::{Connection, Store, StoreError};

const TASK: &str = "ctask00000000000000000001";
const CONTRACTS: &[Contract] = &[
    ("a range has one owner", a_range_has_one_owner),
    ("what is lost is taken by somebody else", what_is_lost_is_taken_by_somebody_else),
    ("helpers go no further than the window", helpers_go_no_further_than_the_window),
    ("a new leader has what the one before had", a_new_leader_has_what_the_one_before_had),
    ("a run ends with its task", a_run_ends_with_its_task),
];

#[test]
fn ranges_keep_their_contracts() {
    hold(CONTRACTS);
}

fn write<T: Send + 'static>(
    store: &Store,
    work: impl FnOnce(&mut dyn Connection) -> Result<T, StoreError> + Send + 'static,
) -> T {
    store.write(work).unwrap()
}

/// Begins a run that "leader" leads.
fn begin(test: &TestStore) -> &Store {
    let (store, org_key) = (&test.store, test.store.org_key());
    let task = NewTask {
        id: TaskId::parse(TASK).unwrap(),
        kind: "export-data-rows".to_owned(),
        name: "rows".to_owned(),
        request: "{}".to_owned(),
        created_by: None,
        queue: String::new(),
        created: now(),
    };
    let text = str::to_owned;
    let run = ExportRun { id: text("run"), task_id: text(TASK), leader: text("leader"), settings: text("{}") };
    write(store, move |connection| {
        tasks::create(connection, org_key, &task)?;
        export_ranges::create_run(connection, &run)
    });
    store
}

fn later() -> Timestamp {
    now().plus_millis(10_000)
}

fn lend(store: &Store, owner: &'static str, window: i64, at: Timestamp) -> Option<i64> {
    write(store, move |connection| {
        let until = at.plus_millis(10_000);
        let ask = Lend { run_id: "run", ranges: 4, owner, until, attempts: 2, window };
        let may = export_ranges::may_lend(connection, &ask, at)?;
        let lent = export_ranges::lend(connection, &ask, at)?;
        assert!(may || lent.is_none());
        Ok(lent)
    })
}

fn take(store: &Store, leader: &'static str, ordinal: i64, at: Timestamp) -> Taken {
    write(store, move |connection| export_ranges::take(connection, "run", ordinal, leader, at))
}

fn complete(store: &Store, ordinal: i64, owner: &'static str) -> bool {
    write(store, move |connection| export_ranges::complete(connection, "run", ordinal, owner, "object"))
}

fn a_range_has_one_owner(test: &TestStore) {
    let store = begin(test);
    assert_eq!(take(store, "leader", 0, now()), Taken::Now);
    assert_eq!([lend(store, "one", 9, now()), lend(store, "other", 9, now())], [Some(1), Some(2)]);
    assert_eq!(take(store, "leader", 1, now()), Taken::ByHelper);
    assert!(!complete(store, 1, "other") && complete(store, 1, "one") && !complete(store, 1, "one"));
    assert_eq!(take(store, "leader", 3, now()), Taken::Now);
    assert_eq!(lend(store, "one", 9, now()), None);
}

fn what_is_lost_is_taken_by_somebody_else(test: &TestStore) {
    let store = begin(test);
    let lent: Vec<_> = (0..4).map(|_| lend(store, "dead", 9, now()).unwrap()).collect();
    assert_eq!(lent, [0, 1, 2, 3]);
    write(store, |connection| export_ranges::renew(connection, "run", "dead", later().plus_millis(1)));
    assert_eq!(lend(store, "one", 9, later()), None);
    write(store, |connection| export_ranges::give_back(connection, "run", "dead"));
    assert_eq!(lend(store, "one", 9, now()), Some(0));
    assert_eq!(take(store, "leader", 1, now()), Taken::Now);
    assert!(!complete(store, 0, "dead") && !complete(store, 1, "dead"));
    // A range that helpers have failed at twice is the leader's.
    write(store, |connection| export_ranges::give_back(connection, "run", "one"));
    assert_eq!([lend(store, "other", 9, now()), lend(store, "other", 9, now())], [Some(2), Some(3)]);
    assert_eq!(lend(store, "other", 9, now()), None);
    assert_eq!(take(store, "leader", 0, now()), Taken::Now);
    // So is one whose rows are gone.
    assert!(complete(store, 2, "other"));
    write(store, |connection| export_ranges::lose(connection, "run", 2));
    assert_eq!(take(store, "leader", 2, now()), Taken::Now);
}

fn helpers_go_no_further_than_the_window(test: &TestStore) {
    let store = begin(test);
    assert_eq!([1, 2].map(|_| lend(store, "one", 2, now())), [Some(0), Some(1)]);
    assert_eq!(lend(store, "one", 2, now()), None);
    assert_eq!(take(store, "leader", 0, now()), Taken::ByHelper);
    assert_eq!([1, 2].map(|_| lend(store, "one", 2, now())), [Some(2), None]);
}

fn a_new_leader_has_what_the_one_before_had(test: &TestStore) {
    let store = begin(test);
    assert_eq!(take(store, "leader", 0, now()), Taken::Now);
    assert_eq!(lend(store, "one", 9, now()), Some(1));
    write(store, |connection| export_ranges::lead(connection, "run", "next"));
    assert_eq!(take(store, "leader", 2, now()), Taken::Never);
    assert_eq!([0, 1, 2].map(|ordinal| take(store, "next", ordinal, now())), [Taken::Now, Taken::ByHelper, Taken::Now]);
}

fn a_run_ends_with_its_task(test: &TestStore) {
    let (store, org_key) = (begin(test), test.store.org_key());
    write(store, |connection| export_ranges::add_state(connection, "run", "one", "state"));
    let reader = &mut *store.reader().unwrap();
    assert_eq!(export_ranges::list_states(reader, "run").unwrap(), ["state"]);
    assert_eq!(export_ranges::list_runs(reader, org_key).unwrap().len(), 1);
    assert_eq!(export_ranges::list_ended(reader).unwrap(), Vec::<String>::new());
    let ending = Ending { status: TaskStatus::Failed, outcome: None, owner: None, now: now() };
    write(store, move |connection| tasks::finish(connection, &TaskId::parse(TASK).unwrap(), &ending));
    let reader = &mut *store.reader().unwrap();
    assert!(
        !export_ranges::has_run(reader, "run").unwrap()
            && export_ranges::list_runs(reader, org_key).unwrap().is_empty()
    );
    assert_eq!(export_ranges::list_ended(reader).unwrap(), [TASK]);
    assert_eq!(lend(store, "one", 9, now()), None);
    write(store, |connection| export_ranges::remove_run_of(connection, TASK));
    let reader = &mut *store.reader().unwrap();
    assert_eq!(export_ranges::find_run(reader, TASK).unwrap(), None);
    assert_eq!(export_ranges::list_states(reader, "run").unwrap(), Vec::<String>::new());
}
