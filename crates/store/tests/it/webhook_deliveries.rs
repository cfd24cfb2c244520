//! Deliveries of webhooks: one on its way at a time, the least tried first, and gone with their webhook.

use crate::engines::{Contract, TestStore, hold, now};
use crate::rows::{id, merge, peek, twelve};
use labelport_model::time::Timestamp;
use labelport_store::tables::items::{self, Item, ItemKind};
use labelport_store::tables::webhook_deliveries::{self as deliveries, Delivery, DeliveryStatus};
use labelport_store::write::removal;

const CONTRACTS: &[Contract] = &[
    ("one delivery of a webhook is due at a time", one_delivery_of_a_webhook_is_due_at_a_time),
    ("deliveries end and are forgotten", deliveries_end_and_are_forgotten),
    ("deliveries go with their project", deliveries_go_with_their_project),
];

#[test]
fn contracts_of_webhook_deliveries() {
    hold(CONTRACTS);
}

#[test]
fn every_status_is_found_by_its_spelling() {
    for status in DeliveryStatus::ALL {
        assert_eq!(DeliveryStatus::parse(status.wire_name()), Some(status));
    }
}

fn delivery(id: &str, webhook_id: &str) -> Delivery {
    Delivery {
        id: id.to_owned(),
        webhook_id: webhook_id.to_owned(),
        event_id: "e".to_owned(),
        topic: "rows.changed".to_owned(),
        body: "{}".to_owned(),
        status: DeliveryStatus::Waiting,
        attempts: 0,
        created: now(),
        next: now(),
        claimed: Timestamp::from_millis(0),
        give_up: now().plus_millis(1_000),
        ended: None,
        answer: None,
        error: None,
    }
}

/// Creates webhooks `w` and `v` of a project, or of the organization.
fn create_webhooks(test: &TestStore, parent: &str) {
    let org_key = test.store.org_key();
    for id in ["w", "v"] {
        let item = Item {
            id: id.to_owned(),
            parent: parent.to_owned(),
            name: String::new(),
            body: "{}".to_owned(),
            created_by: String::new(),
            created: now(),
            updated: now(),
        };
        test.store.write(move |db| items::create(db, org_key, ItemKind::Webhook, &item)).unwrap();
    }
}

fn create(test: &TestStore, delivery: Delivery) {
    let org_key = test.store.org_key();
    test.store.write(move |db| deliveries::create(db, org_key, &delivery)).unwrap();
}

fn update(test: &TestStore, delivery: Delivery) -> bool {
    test.store.write(move |db| deliveries::update(db, &delivery)).unwrap()
}

fn due(test: &TestStore, webhook_id: &str, at: Timestamp) -> Option<String> {
    peek(&test.store, |db| deliveries::find_due(db, webhook_id, at)).map(|delivery| delivery.id)
}

fn one_delivery_of_a_webhook_is_due_at_a_time(test: &TestStore) {
    create_webhooks(test, "");
    for id in ["a", "b", "c"] {
        create(test, delivery(id, "w"));
    }
    create(test, delivery("d", "v"));
    assert_eq!(due(test, "w", now()).as_deref(), Some("a"));
    assert_eq!(due(test, "w", now().plus_millis(-1)), None, "not before its time");
    let claimed = Delivery { claimed: now().plus_millis(10), ..delivery("a", "w") };
    assert!(update(test, claimed.clone()));
    assert_eq!(peek(&test.store, |db| deliveries::find(db, "a")), Some(claimed));
    assert_eq!((due(test, "w", now()), due(test, "v", now()).as_deref()), (None, Some("d")));
    assert_eq!(due(test, "w", now().plus_millis(10)).as_deref(), Some("a"), "its sender has gone");
    // One that was tried comes after those that were not.
    assert!(update(test, Delivery { attempts: 1, error: Some("why".to_owned()), ..delivery("a", "w") }));
    assert_eq!(due(test, "w", now()).as_deref(), Some("b"));
    assert!(!update(test, delivery("nothing", "w")));
}

fn deliveries_end_and_are_forgotten(test: &TestStore) {
    create_webhooks(test, "");
    let org_key = test.store.org_key();
    let (tried, other) = (Delivery { error: Some("why".to_owned()), ..delivery("a", "w") }, delivery("b", "w"));
    create(test, tried.clone());
    update(test, tried);
    create(test, other);
    create(test, Delivery { give_up: now().plus_millis(5_000), ..delivery("c", "w") });
    create(test, delivery("d", "v"));
    let give_up = |at| test.store.write(move |db| deliveries::give_up(db, org_key, at, "late")).unwrap();
    assert_eq!((give_up(now()), give_up(now().plus_millis(1_000))), (0, 3));
    let listed = peek(&test.store, |db| deliveries::list(db, "w", 10));
    let told: Vec<_> = listed.iter().map(|each| (each.id.as_str(), each.status, each.error.as_deref())).collect();
    let (failed, waiting) = (DeliveryStatus::Failed, DeliveryStatus::Waiting);
    assert_eq!(told, [("c", waiting, None), ("b", failed, Some("late")), ("a", failed, Some("why"))]);
    test.store.write(move |db| deliveries::give_up_all(db, "w", now(), "off")).unwrap();
    assert_eq!(peek(&test.store, |db| deliveries::list(db, "w", 1))[0].error.as_deref(), Some("off"));
    test.store.write(move |db| deliveries::remove_ended_before(db, org_key, now().plus_millis(1_000))).unwrap();
    let left = |webhook_id| peek(&test.store, |db| deliveries::list(db, webhook_id, 10)).len();
    assert_eq!((left("w"), left("v")), (2, 1));
    test.store.write(move |db| deliveries::remove_all(db, "w")).unwrap();
    assert_eq!((left("w"), left("v")), (0, 1));
}

fn deliveries_go_with_their_project(test: &TestStore) {
    merge(&test.store, &twelve());
    create_webhooks(test, &id("j", 1));
    create(test, delivery("a", "w"));
    let org_key = test.store.org_key();
    let project_key =
        peek(&test.store, |db| db.count("select project_key from projects order by project_key limit 1", &[]));
    test.store
        .write(move |db| {
            let change_seq = labelport_store::write::changes::next_change_seq(db, org_key)?;
            removal::remove_project(db, org_key, change_seq, project_key)
        })
        .unwrap();
    assert_eq!(peek(&test.store, |db| deliveries::list(db, "w", 10)), []);
    assert_eq!(peek(&test.store, |db| items::list(db, org_key, ItemKind::Webhook)), []);
}
