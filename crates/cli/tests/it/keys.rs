//! API keys and the signing secret, on the command line.

use crate::support::Place;

#[test]
fn a_new_key_is_the_only_line_of_standard_output() {
    let place = Place::empty();
    let check = |arguments: &[&str], name: &str| {
        let ran = place.run(arguments).succeeded();
        let key = ran.out.trim_end();
        assert!(key.starts_with("lbp_") && ran.out == format!("{key}\n"), "{ran:?}");
        assert!(ran.err.contains(&format!("created key {name:?}")) && !ran.err.contains(key), "{ran:?}");
    };
    check(&["key", "create"], "key");
    check(&["key", "create"], "key-2");
    check(&["key", "create", "--name", "nightly", "--role", "Reader"], "nightly");
    let json = place.run(&["--json", "key", "create"]).succeeded();
    assert!(json.out.starts_with("{\"event\":\"key\"") && json.out.contains("lbp_") && json.err.is_empty(), "{json:?}");
}

#[test]
fn a_key_whose_name_is_taken_is_refused() {
    let place = Place::empty();
    place.run(&["key", "create", "--name", "nightly"]).succeeded();
    let again = place.run(&["key", "create", "--name", "nightly"]);
    assert!(again.out.is_empty());
    again.ended(1, &["a key named \"nightly\" exists already"]);
    place.run(&["key", "revoke", "nightly"]).succeeded();
    place.run(&["key", "create", "--name", "nightly"]).succeeded();
}

#[test]
fn the_signing_secret_of_a_workspace_is_rotated() {
    let place = Place::empty();
    place.run(&["key", "rotate-signing"]).ended(1, &["there is no data folder"]);
    place.run(&["key", "create"]).succeeded();
    place.run(&["key", "rotate-signing"]).ended(0, &["made a new signing secret"]);
}
