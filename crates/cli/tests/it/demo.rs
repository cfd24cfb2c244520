//! The demo: the first thing that a newcomer runs.

use crate::support::Place;

#[test]
fn the_demo_exports_every_scope_and_says_what_to_do_next() {
    let place = Place::empty();
    let ran = place.run(&["demo"]).succeeded();
    for word in ["project", "dataset", "model-run", "slice", "rows", "catalog", "sha256", "\"data_row\"", "Now try"] {
        assert!(ran.out.contains(word), "{word} is not in {}", ran.out);
    }
    assert_eq!(place.visible_files(), ["labelport-demo"]);
    for name in ["catalog.ndjson", "catalog.ndjson.manifest.json", "slice.ndjson", "project-7-image.ndjson"] {
        assert!(place.path("labelport-demo/exports").join(name).exists(), "{name}");
    }
    let verified = place.run(&["verify", "labelport-demo/exports/catalog.ndjson"]).succeeded();
    assert!(verified.err.contains("is as exported"), "{}", verified.err);
    place.run(&["--data", "labelport-demo", "doctor"]).succeeded();
}

#[test]
fn a_second_demo_changes_nothing_and_says_so() {
    let place = Place::empty();
    place.run(&["demo"]).succeeded();
    let first = place.read("labelport-demo/exports/catalog.ndjson");
    let again = place.run(&["demo"]).succeeded();
    assert!(again.err.contains("0 data rows created, 0 changed"), "{}", again.err);
    assert_eq!(place.read("labelport-demo/exports/catalog.ndjson"), first);
}
