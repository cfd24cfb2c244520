//! Webhooks at the command line.

use crate::support::{Place, first_words};
use labelport_store::testing;

const URL: &str = "http://127.0.0.1:1/hook";

/// Creates a webhook; returns its secret and its id.
fn create(place: &Place, more: &[&str]) -> (String, String) {
    let arguments = ["webhook", "create", URL, "--topics", "export.finished,rows.changed"];
    let secret = place.run(&[&arguments[..], more].concat()).succeeded().out;
    let list = place.run(&["webhook", "list"]).succeeded().out;
    (secret, first_words(&list).last().unwrap().to_string())
}

#[test]
fn the_secret_is_the_only_line_of_standard_output() {
    let place = Place::with_demo_rows();
    let (secret, _) = create(&place, &[]);
    assert!(secret.starts_with("whsec_") && secret.lines().count() == 1, "{secret}");
    place.write("secret", b"mine\n");
    let (secret, _) = create(&place, &["--secret-file", "secret"]);
    assert_eq!(secret, "mine\n");
    let list = place.run(&["--json", "webhook", "list"]).succeeded();
    assert!(!list.out.contains("mine") && list.out.lines().count() == 2, "{}", list.out);
}

#[test]
fn a_test_says_what_the_receiver_answers() {
    let place = Place::with_demo_rows();
    let (_, id) = create(&place, &[]);
    let said = ["127.0.0.1 is not at a public address", "--allow-fetch", "hint: here and for `labelport serve`"];
    place.run(&["webhook", "test", &id]).ended(1, &said);
    place.run(&["webhook", "test", &id, "--allow-fetch", "127.0.0.1"]).ended(1, &["127.0.0.1 cannot be reached"]);
    let deliveries = place.run(&["webhook", "deliveries", &id]).succeeded().out;
    assert_eq!(deliveries.matches("webhook.test  FAILED").count(), 2, "{deliveries}");
    let delivery = first_words(&deliveries)[0].to_owned();
    place.run(&["webhook", "resend", &delivery]).ended(0, &["sends delivery"]);
    let waits = place.run(&["webhook", "deliveries", &id]).succeeded().out;
    assert!(waits.contains("webhook.test  WAITING"), "{waits}");
    place.run(&["doctor"]).succeeded();
}

#[test]
fn webhooks_are_turned_off_and_on_and_deleted() {
    let place = Place::with_demo_rows();
    let (_, id) = create(&place, &["--project", "Lineside safety audit"]);
    place.run(&["webhook", "disable", &id]).succeeded();
    assert!(place.run(&["webhook", "list"]).succeeded().out.contains("INACTIVE"));
    place.run(&["webhook", "enable", &id]).succeeded();
    place.run(&["webhook", "delete", &id]).succeeded();
    for arguments in [["webhook", "delete", &id], ["webhook", "enable", &id], ["webhook", "test", &id]] {
        place.run(&arguments).ended(1, &["there is no webhook with the id"]);
    }
    place.run(&["webhook", "resend", "nothing"]).ended(1, &["there is no delivery with the id"]);
    place.run(&["doctor"]).succeeded();
}

#[test]
fn what_makes_no_webhook_is_refused_in_words() {
    let place = Place::with_demo_rows();
    let create = |url: &str, topics: &str| place.run(&["webhook", "create", url, "--topics", topics]);
    create("example.org", "rows.changed").ended(1, &["give an address"]);
    create("https://me:secret@example.org", "rows.changed").ended(1, &["without a user name"]);
    let refused = create("https://me:secret@example.org", "rows.changed");
    assert!(!refused.err.contains("me:secret"), "{}", refused.err);
    create(URL, "moon").ended(1, &["moon", "export.finished", "rows.changed"]);
    create(URL, "").ended(1, &["topics"]);
    place.run(&["webhook", "create", URL]).ended(2, &["--topics"]);
    let of_project = ["webhook", "create", URL, "--topics", "rows.changed", "--project", "Nope"];
    place.run(&of_project).ended(1, &["no project", "Nope"]);
    place.write("secret", b"whsec_!\n");
    let with_secret = ["webhook", "create", URL, "--topics", "rows.changed", "--secret-file", "secret"];
    place.run(&with_secret).ended(1, &["is not the Base64 of a key"]);
    place.run(&["webhook", "list"]).ended(0, &["there are no webhooks"]);
    place.run(&["webhook", "create", URL, "--topics", "rows.changed, export.failed"]).succeeded();
    if !testing::is_on_postgres() {
        let nowhere = Place::empty().run(&["webhook", "create", URL, "--topics", "rows.changed"]);
        nowhere.ended(1, &["there is no data folder"]);
    }
}
