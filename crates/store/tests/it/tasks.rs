//! Tasks: their life, their progress, their leases.

use crate::engines::{Contract, TestStore, hold, now};
use crate::rows::{id, run};
use labelport_model::id::TaskId;
use labelport_model::time::Timestamp;
use labelport_store::tables::tasks::{
    self, Ending, Lease, ListCreated, ListTasks, NewTask, Same, Task, TaskProgress, TaskRow, TaskStatus,
};
use labelport_store::{Connection, Store, StoreError};

const CONTRACTS: &[Contract] = &[
    ("a task lives and ends once", a_task_lives_and_ends_once),
    ("progress never shrinks and never passes the total", progress_is_monotone),
    ("a lease has one owner", a_lease_has_one_owner),
    ("tasks are listed, newest first", tasks_are_listed),
    ("a task that cannot be read is damage", a_task_that_cannot_be_read_is_damage),
    ("people see their own tasks", people_see_their_own_tasks),
    ("the same question is found again", the_same_question_is_found_again),
    ("workers see what nobody works on", workers_see_what_nobody_works_on),
    ("what became of a row is noted once", what_became_of_a_row_is_noted_once),
    ("ended tasks grow old", ended_tasks_grow_old),
    ("only a lease that ran out counts as a death", only_a_lease_that_ran_out_counts_as_a_death),
    ("queues take turns", queues_take_turns),
    ("tasks are counted", tasks_are_counted),
];

#[test]
fn contracts_of_tasks() {
    hold(CONTRACTS);
}

fn task_id(number: usize) -> TaskId {
    TaskId::parse(&id("t", number)).unwrap()
}

fn write<T: Send + 'static>(
    test: &TestStore,
    job: impl FnOnce(&mut dyn Connection) -> Result<T, StoreError> + Send + 'static,
) -> T {
    test.store.write(job).unwrap()
}

fn create(test: &TestStore, number: usize) -> bool {
    create_in(test, number, "")
}

fn create_in(test: &TestStore, number: usize, queue: &str) -> bool {
    let org_key = test.store.org_key();
    let task = NewTask {
        id: task_id(number),
        kind: "export".to_owned(),
        name: format!("task {number}"),
        request: r#"{"a":1}"#.to_owned(),
        created_by: Some("a@example.com".to_owned()),
        queue: queue.to_owned(),
        created: now(),
    };
    write(test, move |connection| tasks::create(connection, org_key, &task))
}

fn find(store: &Store, number: usize) -> Task {
    tasks::find(&mut *store.reader().unwrap(), &task_id(number)).unwrap().unwrap()
}

fn finish(test: &TestStore, number: usize, status: TaskStatus, owner: Option<&str>) -> bool {
    let ending =
        Ending { status, outcome: Some("{}".to_owned()), owner: owner.map(str::to_owned), now: now().plus_millis(9) };
    write(test, move |connection| tasks::finish(connection, &task_id(number), &ending))
}

fn lease(owner: &str, until: Timestamp) -> Lease {
    Lease { owner: owner.to_owned(), until }
}

fn a_task_lives_and_ends_once(test: &TestStore) {
    assert!(create(test, 1));
    assert!(!create(test, 1), "the id is taken");
    let task = find(&test.store, 1);
    assert_eq!((task.status, task.rows_done, task.rows_total), (TaskStatus::InProgress, 0, None));
    assert_eq!((task.kind.as_str(), task.name.as_str(), task.request.as_str()), ("export", "task 1", r#"{"a":1}"#));
    assert_eq!((task.created, task.created_by.as_deref()), (now(), Some("a@example.com")));
    assert_eq!((task.finished, &task.outcome, task.attempt), (None, &None, 0));
    assert!(finish(test, 1, TaskStatus::Complete, None));
    assert!(!finish(test, 1, TaskStatus::Failed, None), "what has ended has ended");
    let task = find(&test.store, 1);
    assert_eq!((task.status, task.outcome.as_deref()), (TaskStatus::Complete, Some("{}")));
    assert_eq!(task.finished, Some(now().plus_millis(9)));
    assert!(tasks::find(&mut *test.store.reader().unwrap(), &task_id(2)).unwrap().is_none());
}

fn progress_is_monotone(test: &TestStore) {
    create(test, 1);
    let report = |rows_done, rows_total, expect: (i64, Option<i64>)| {
        let progress = TaskProgress { rows_done, rows_total };
        write(test, move |connection| tasks::report_progress(connection, &task_id(1), progress));
        let task = find(&test.store, 1);
        assert_eq!((task.rows_done, task.rows_total), expect, "{progress:?}");
    };
    report(5, None, (5, None));
    report(3, None, (5, None));
    report(7, Some(10), (7, Some(10)));
    report(11, None, (10, Some(10)));
    report(0, Some(20), (10, Some(20)));
    report(15, Some(12), (12, Some(12)));
    report(1, Some(2), (12, Some(12)));
    finish(test, 1, TaskStatus::Canceled, None);
    report(13, Some(14), (12, Some(12)));
}

fn a_lease_has_one_owner(test: &TestStore) {
    let at = |minutes: i64| now().plus_millis(minutes * 60_000);
    create(test, 1);
    let claim = |owner: &str, from: i64, until: i64| {
        let lease = lease(owner, at(until));
        write(test, move |connection| tasks::claim(connection, &task_id(1), &lease, at(from)))
    };
    let heartbeat = |owner: &str, until: i64| {
        let lease = lease(owner, at(until));
        write(test, move |connection| tasks::heartbeat(connection, &task_id(1), &lease))
    };
    let org_key = test.store.org_key();
    let expired = |now: i64| -> Vec<TaskId> {
        let listed = tasks::list_expired(&mut *test.store.reader().unwrap(), org_key, at(now)).unwrap();
        listed.into_iter().map(|task| task.id).collect()
    };
    assert!(!find(&test.store, 1).is_interrupted(at(99)), "nobody has begun");
    assert_eq!(expired(99), []);
    assert!(!heartbeat("a", 5), "nobody holds it");
    assert!(claim("a", 0, 5));
    assert!(!claim("b", 4, 9), "a holds it");
    assert!(claim("a", 1, 6), "its own may be taken again");
    assert_eq!(find(&test.store, 1).attempt, 1);
    assert!(heartbeat("a", 10));
    assert!(!heartbeat("b", 10));
    assert_eq!(expired(9), []);
    assert!(!find(&test.store, 1).is_interrupted(at(9)));
    assert_eq!(expired(10), [task_id(1)]);
    assert!(find(&test.store, 1).is_interrupted(at(10)));
    assert!(claim("b", 10, 15));
    assert_eq!((find(&test.store, 1).attempt, find(&test.store, 1).lease), (2, Some(lease("b", at(15)))));
    assert!(!heartbeat("a", 20), "a has lost it");
    assert!(!finish(test, 1, TaskStatus::Complete, Some("a")), "a has lost it");
    assert!(finish(test, 1, TaskStatus::Complete, Some("b")));
    assert!(!claim("c", 99, 100), "it has ended");
    assert_eq!(expired(99), []);
    assert_eq!(find(&test.store, 1).lease, None);
}

fn tasks_are_listed(test: &TestStore) {
    for number in 1..=5 {
        create(test, number);
    }
    finish(test, 2, TaskStatus::Failed, None);
    finish(test, 4, TaskStatus::Failed, None);
    let org_key = test.store.org_key();
    let check = |status, limit, expect: &[usize]| {
        let listed = tasks::list(&mut *test.store.reader().unwrap(), org_key, &ListTasks { status, limit }).unwrap();
        let listed: Vec<TaskId> = listed.into_iter().map(|task| task.id).collect();
        assert_eq!(listed, expect.iter().map(|number| task_id(*number)).collect::<Vec<_>>());
    };
    check(None, 10, &[5, 4, 3, 2, 1]);
    check(None, 2, &[5, 4]);
    check(Some(TaskStatus::Failed), 10, &[4, 2]);
    check(Some(TaskStatus::InProgress), 1, &[5]);
    check(Some(TaskStatus::Canceled), 10, &[]);
}

fn a_task_that_cannot_be_read_is_damage(test: &TestStore) {
    create(test, 1);
    run(&test.store, "update tasks set status = 'SLEEPING'");
    let outcome = tasks::find(&mut *test.store.reader().unwrap(), &task_id(1));
    assert!(matches!(outcome, Err(StoreError::Damaged(_))), "{outcome:?}");
}

fn ids(tasks: Vec<Task>) -> Vec<TaskId> {
    tasks.into_iter().map(|task| task.id).collect()
}

fn people_see_their_own_tasks(test: &TestStore) {
    for number in 1..=4 {
        create(test, number);
    }
    run(&test.store, "update tasks set created_by = 'b@example.com' where task_key = 3");
    let org_key = test.store.org_key();
    let check = |by: &str, which: Option<usize>, skip, limit, expect: &[usize]| {
        let which = ListCreated { id: which.map(|number| task_id(number).to_string()), skip, limit };
        let listed = tasks::list_created(&mut *test.store.reader().unwrap(), org_key, by, &which).unwrap();
        assert_eq!(ids(listed), expect.iter().map(|number| task_id(*number)).collect::<Vec<_>>(), "{by}: {which:?}");
    };
    check("a@example.com", None, 0, 9, &[4, 2, 1]);
    check("a@example.com", None, 1, 1, &[2]);
    check("a@example.com", None, 3, 9, &[]);
    check("a@example.com", Some(2), 0, 9, &[2]);
    check("a@example.com", Some(3), 0, 9, &[]);
    check("b@example.com", None, 0, 9, &[3]);
    check("", None, 0, 9, &[]);
}

fn workers_see_what_nobody_works_on(test: &TestStore) {
    for number in 1..=4 {
        create(test, number);
    }
    run(&test.store, "update tasks set kind = 'import' where task_key = 3");
    let at = |minutes: i64| now().plus_millis(minutes * 60_000);
    let org_key = test.store.org_key();
    let check = |kinds: &[&str], at, expect: &[usize]| {
        let listed = tasks::list_claimable(&mut *test.store.reader().unwrap(), org_key, kinds, at).unwrap();
        assert_eq!(ids(listed), expect.iter().map(|number| task_id(*number)).collect::<Vec<_>>(), "{kinds:?}");
    };
    check(&["export", "import"], at(0), &[1, 2, 3, 4]);
    check(&["import"], at(0), &[3]);
    check(&[], at(0), &[]);
    let held = lease("a", at(5));
    assert!(write(test, move |connection| tasks::claim(connection, &task_id(1), &held, at(0))));
    finish(test, 2, TaskStatus::Canceled, None);
    check(&["export"], at(4), &[4]);
    check(&["export"], at(5), &[1, 4]);
    write(test, |connection| tasks::release(connection, &task_id(1), "b"));
    check(&["export"], at(4), &[4]);
    write(test, |connection| tasks::release(connection, &task_id(1), "a"));
    check(&["export"], at(4), &[1, 4]);
    assert_eq!(find(&test.store, 1).lease, None);
    write(test, |connection| tasks::release(connection, &task_id(2), "a"));
    assert_eq!(find(&test.store, 2).status, TaskStatus::Canceled);
}

fn what_became_of_a_row_is_noted_once(test: &TestStore) {
    create(test, 1);
    create(test, 2);
    let row = |ordinal, row_id: Option<&str>| TaskRow {
        ordinal,
        row_id: row_id.map(str::to_owned),
        failure: row_id.is_none().then(|| r#"{"message":"it's \"bad\""}"#.to_owned()),
    };
    let note = |task: usize, row: TaskRow| {
        write(test, move |connection| tasks::note_row(connection, &task_id(task), &row));
    };
    let next = |task: usize| tasks::next_row(&mut *test.store.reader().unwrap(), task_id(task).as_str()).unwrap();
    let list = |has_failed, after, limit| {
        let id = task_id(1);
        tasks::list_rows(&mut *test.store.reader().unwrap(), id.as_str(), has_failed, after, limit).unwrap()
    };
    let count = |task: usize, has_failed| {
        tasks::count_rows(&mut *test.store.reader().unwrap(), task_id(task).as_str(), has_failed).unwrap()
    };
    assert_eq!(next(1), 0);
    for (ordinal, row_id) in [(0, Some("r0")), (1, None), (2, Some("r2")), (3, None), (4, Some("r4"))] {
        note(1, row(ordinal, row_id));
    }
    note(1, row(1, Some("r1")));
    note(9, row(1, Some("r1")));
    assert_eq!((next(1), next(2), next(9)), (5, 0, 0));
    assert_eq!((count(1, false), count(1, true), count(2, false), count(9, true)), (3, 2, 0, 0));
    assert_eq!(list(false, -1, 2), [row(0, Some("r0")), row(2, Some("r2"))]);
    assert_eq!(list(false, 2, 2), [row(4, Some("r4"))]);
    assert_eq!(list(true, -1, 9), [row(1, None), row(3, None)]);
    assert_eq!(list(true, 3, 9), []);
}

fn ended_tasks_grow_old(test: &TestStore) {
    for number in 1..=3 {
        create(test, number);
    }
    finish(test, 3, TaskStatus::Complete, None);
    finish(test, 1, TaskStatus::Failed, None);
    let org_key = test.store.org_key();
    let before = |at| ids(tasks::list_finished_before(&mut *test.store.reader().unwrap(), org_key, at).unwrap());
    assert_eq!(before(now().plus_millis(9)), []);
    assert_eq!(before(now().plus_millis(10)), [task_id(1), task_id(3)]);
}

fn the_same_question_is_found_again(test: &TestStore) {
    for number in 1..=5 {
        create(test, number);
    }
    run(&test.store, "update tasks set created_by = 'b@example.com' where task_key = 2");
    run(&test.store, "update tasks set kind = 'import' where task_key = 3");
    run(&test.store, "update tasks set request = '{}' where task_key = 4");
    let org_key = test.store.org_key();
    let same = |limit| {
        let which = Same { created_by: "a@example.com", kind: "export", request: r#"{"a":1}"#, limit };
        ids(tasks::list_same(&mut *test.store.reader().unwrap(), org_key, &which).unwrap())
    };
    assert_eq!(same(9), [task_id(5), task_id(1)]);
    assert_eq!(same(1), [task_id(5)]);
    finish(test, 5, TaskStatus::Complete, None);
    let replace = |before: &'static str, outcome: &'static str| {
        write(test, move |connection| tasks::replace_outcome(connection, &task_id(5), before, outcome))
    };
    assert!(!replace("", "x") && replace("{}", r#"{"seen":true}"#) && !replace("{}", "y"));
    assert_eq!(find(&test.store, 5).outcome.as_deref(), Some(r#"{"seen":true}"#));
}

fn only_a_lease_that_ran_out_counts_as_a_death(test: &TestStore) {
    create(test, 1);
    let at = |minutes: i64| now().plus_millis(minutes * 60_000);
    let claim = |owner: &str, from: i64, expect: bool, deaths: i64| {
        let lease = lease(owner, at(from + 1));
        let claimed = write(test, move |connection| tasks::claim(connection, &task_id(1), &lease, at(from)));
        assert_eq!((claimed, find(&test.store, 1).deaths), (expect, deaths), "{owner} at {from}");
    };
    claim("a", 0, true, 0);
    write(test, |connection| tasks::release(connection, &task_id(1), "a"));
    claim("b", 0, true, 0);
    write(test, move |connection| tasks::postpone(connection, &task_id(1), "a", at(99)));
    write(test, move |connection| tasks::postpone(connection, &task_id(1), "b", at(5)));
    claim("b", 4, false, 0);
    claim("c", 4, false, 0);
    claim("c", 5, true, 0);
    // A worker that was slow to renew its own lease is alive.
    claim("c", 9, true, 0);
    claim("d", 10, true, 1);
    claim("e", 11, true, 2);
    finish(test, 1, TaskStatus::Failed, None);
    let given_up = |deaths| {
        let org_key = test.store.org_key();
        ids(tasks::list_given_up(&mut *test.store.reader().unwrap(), org_key, deaths, 9).unwrap())
    };
    assert_eq!((given_up(2), given_up(3)), (vec![task_id(1)], vec![]));
}

fn queues_take_turns(test: &TestStore) {
    for number in 1..=4 {
        create_in(test, number, "busy");
    }
    create_in(test, 5, "other");
    create_in(test, 6, "third");
    let org_key = test.store.org_key();
    let mut served = Vec::new();
    loop {
        let listed = tasks::list_claimable(&mut *test.store.reader().unwrap(), org_key, &["export"], now()).unwrap();
        let Some(first) = listed.into_iter().next() else { break };
        let (id, held) = (first.id.clone(), lease("a", now().plus_millis(1)));
        served.push(first.id);
        write(test, move |connection| {
            assert!(tasks::claim(connection, &id, &held, now())?);
            let ending = Ending { status: TaskStatus::Complete, outcome: None, owner: None, now: now() };
            tasks::finish(connection, &id, &ending)
        });
    }
    assert_eq!(served, [1, 5, 6, 2, 3, 4].map(task_id));
}

fn tasks_are_counted(test: &TestStore) {
    for number in 1..=4 {
        create_in(test, number, if number < 3 { "a" } else { "b" });
    }
    finish(test, 1, TaskStatus::Failed, None);
    let held = lease("a", now().plus_millis(1));
    write(test, move |connection| tasks::claim(connection, &task_id(3), &held, now()));
    let org_key = test.store.org_key();
    let mut reader = test.store.reader().unwrap();
    let counts = tasks::count_by_status(&mut *reader, org_key).unwrap();
    let expect = [3, 0, 1, 0];
    assert_eq!(counts, TaskStatus::ALL.into_iter().zip(expect).collect::<Vec<_>>());
    let mut waiting = |which: Option<(&[&str], &str)>| tasks::count_waiting(&mut *reader, org_key, which).unwrap();
    assert_eq!((waiting(None), waiting(Some((&[], "a"))), waiting(Some((&["import"], "a")))), (2, 0, 0));
    assert_eq!((waiting(Some((&["export"], "a"))), waiting(Some((&["export"], "b")))), (1, 1));
}
