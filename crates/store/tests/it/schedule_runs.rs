//! Runs of schedules.

use crate::engines::{Contract, TestStore, hold, now};
use crate::rows::peek;
use labelport_store::tables::items::{self, Item, ItemKind};
use labelport_store::tables::schedule_runs::{self, RunEnd, RunStatus};

const CONTRACTS: &[Contract] = &[("runs end once, and the latest are kept", runs_end_once_and_the_latest_are_kept)];

#[test]
fn contracts_of_runs() {
    hold(CONTRACTS);
}

fn runs_end_once_and_the_latest_are_kept(test: &TestStore) {
    let org_key = test.store.org_key();
    let end = |status| RunEnd {
        status,
        reason: None,
        rows: Some(3),
        sha256: Some("aa".to_owned()),
        task_id: Some("t".to_owned()),
    };
    let work = move |connection: &mut dyn labelport_store::Connection| {
        for id in ["nightly", "other"] {
            let (id, name) = (id.to_owned(), id.to_owned());
            let (parent, created_by, body) = (String::new(), String::new(), "{}".to_owned());
            let item = Item { id, parent, name, body, created_by, created: now(), updated: now() };
            items::create(connection, org_key, ItemKind::Schedule, &item)?;
        }
        let mut keys = Vec::new();
        for count in 0..5 {
            keys.push(schedule_runs::create(connection, "nightly", now().plus_millis(count), now())?);
        }
        schedule_runs::create(connection, "other", now(), now())?;
        for key in [keys[1], keys[4]] {
            assert!(schedule_runs::end(connection, key, &end(RunStatus::Complete), now())?);
        }
        assert!(!schedule_runs::end(connection, keys[4], &end(RunStatus::Failed), now())?, "it has ended");
        schedule_runs::prune(connection, "nightly", 7)?;
        schedule_runs::prune(connection, "nightly", 3)?;
        Ok(keys)
    };
    let keys = test.store.write(work).unwrap();
    let runs = |id: &str| peek(&test.store, |connection| schedule_runs::list(connection, id, 10));
    let left: Vec<i64> = runs("nightly").iter().map(|run| run.key).collect();
    assert_eq!(left, [keys[4], keys[3], keys[2], keys[0]], "the first one runs yet");
    let last = &runs("nightly")[0];
    assert_eq!((last.status, last.rows, last.ended), (RunStatus::Complete, Some(3), Some(now())));
    assert_eq!((last.due, runs("nightly")[1].ended), (now().plus_millis(4), None));
    assert_eq!(runs("other").len(), 1);
    test.store.write(|connection| schedule_runs::prune(connection, "other", 0)).unwrap();
    assert_eq!(runs("other"), []);
}
