//! Users and API keys.

use crate::engines::{Contract, TestStore, hold, now};
use crate::rows::{peek, write};
use labelport_store::tables::api_keys::{self, NewApiKey, NewUser, User};

const CONTRACTS: &[Contract] = &[
    ("a user is created once", a_user_is_created_once),
    ("a key leads to its user", a_key_leads_to_its_user),
    ("a key is revoked by what names it alone", a_key_is_revoked_by_what_names_it_alone),
];

#[test]
fn contracts_of_keys() {
    hold(CONTRACTS);
}

fn user(test: &TestStore, id: &str, email: &str, time_zone: Option<&str>) -> User {
    let new = NewUser {
        id: id.to_owned(),
        email: email.to_owned(),
        role: "Admin".to_owned(),
        time_zone: time_zone.map(str::to_owned),
        created: now(),
    };
    let org_key = test.store.org_key();
    write(&test.store, move |connection| api_keys::ensure_user(connection, org_key, &new))
}

fn key(test: &TestStore, user: &User, id: &str, name: &str, hint: &str) {
    let new = NewApiKey {
        id: id.to_owned(),
        user_key: user.key,
        name: name.to_owned(),
        hash: format!("hash of {id}"),
        hint: hint.to_owned(),
        role: "Reader".to_owned(),
        created: now(),
        expires: (id == "k2").then(|| now().plus_millis(1)),
    };
    let org_key = test.store.org_key();
    write(&test.store, move |connection| api_keys::create_key(connection, org_key, &new));
}

fn a_user_is_created_once(test: &TestStore) {
    let org_key = test.store.org_key();
    let ana = user(test, "u1", "ana@example.com", None);
    assert_eq!((ana.id.as_str(), ana.role.as_str(), ana.time_zone.clone(), ana.created), ("u1", "Admin", None, now()));
    let again = user(test, "u2", "ana@example.com", Some("Europe/Madrid"));
    assert_eq!(again, User { time_zone: Some("Europe/Madrid".to_owned()), ..ana.clone() });
    assert_eq!(user(test, "u3", "ana@example.com", None), again, "a zone that is not given stays");
    let ben = user(test, "u4", "Ana@example.com", None);
    assert_ne!(ben.key, ana.key, "upper and lower case differ");
    let listed = peek(&test.store, |connection| api_keys::list_users(connection, org_key));
    assert_eq!(listed, [again, ben.clone()]);
    let find = |email: &str| peek(&test.store, |connection| api_keys::find_user_by_email(connection, org_key, email));
    assert_eq!(find("Ana@example.com"), Some(ben));
    assert_eq!(find("' or '1' = '1"), None);
}

fn a_key_leads_to_its_user(test: &TestStore) {
    let org_key = test.store.org_key();
    let ana = user(test, "u1", "ana@example.com", None);
    key(test, &ana, "k1", "laptop", "…aaaa");
    key(test, &ana, "k2", "server", "…bbbb");
    let find = |hash: &str| peek(&test.store, |connection| api_keys::find_key(connection, org_key, hash));
    let (found, owner) = find("hash of k2").unwrap();
    assert_eq!(owner, ana);
    assert_eq!((found.id.as_str(), found.name.as_str(), found.hint.as_str()), ("k2", "server", "…bbbb"));
    assert_eq!((found.email.as_str(), found.role.as_str(), found.created), ("ana@example.com", "Reader", now()));
    assert_eq!((found.expires, found.revoked), (Some(now().plus_millis(1)), None));
    assert_eq!(find("hash of k3"), None);
    assert_eq!(peek(&test.store, |connection| api_keys::find_key(connection, org_key + 1, "hash of k1")), None);
    let listed = peek(&test.store, |connection| api_keys::list_keys(connection, org_key));
    assert_eq!(listed.iter().map(|key| key.id.as_str()).collect::<Vec<_>>(), ["k1", "k2"]);
}

fn a_key_is_revoked_by_what_names_it_alone(test: &TestStore) {
    let org_key = test.store.org_key();
    let ana = user(test, "u1", "ana@example.com", None);
    for (id, name, hint) in [("k1", "laptop", "…aaaa"), ("k2", "server", "…bbbb"), ("k3", "server", "…cccc")] {
        key(test, &ana, id, name, hint);
    }
    let revoke = |named: &str, at| {
        let named = named.to_owned();
        write(&test.store, move |connection| api_keys::revoke_key(connection, org_key, &named, at))
    };
    let revoked = |id: &str| {
        let listed = peek(&test.store, |connection| api_keys::list_keys(connection, org_key));
        listed.into_iter().find(|key| key.id == id).unwrap().revoked
    };
    assert_eq!(revoke("printer", now()), 0);
    assert_eq!(revoke("server", now()), 2);
    assert_eq!((revoked("k2"), revoked("k3")), (None, None), "which of the two is not said");
    // A clock that was put back must not keep a key alive.
    assert_eq!(revoke("…bbbb", now().plus_millis(-7)), 1);
    assert_eq!(revoked("k2"), Some(now().plus_millis(-7)));
    assert_eq!(revoke("server", now()), 1);
    assert_eq!(revoke("k3", now()), 0, "it was revoked before");
    assert_eq!(revoke("k1", now()), 1);
}
