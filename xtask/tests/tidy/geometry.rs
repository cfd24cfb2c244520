//! Who may look at the keys of stored geometry: the typed annotation, and nobody else.
//!
//! A second place that knows how geometry is stored would have to learn every new shape too, and would be forgotten.

use crate::rust::{self, Kind};
use crate::{Problem, expect_none, tree};

/// The keys under which annotations store what is drawn or pointed at, and what stands in that.
const KEYS: &[&str] = &[
    "bidirectional_relationship",
    "bounding_box",
    "color_rgb",
    "composite_mask",
    "conversational_location",
    "geojson",
    "line",
    "location",
    "mask",
    "point",
    "polygon",
    "ranked_messages",
    "raster_segmentation",
    "selected_message",
    "selected_messages",
    "unidirectional_relationship",
];

/// Where such a word may stand, and why. A path that ends in `/` is a folder.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("crates/cli/src/archive_report.rs", "counts masks"),
    ("crates/cli/src/command/export.rs", "counts lines of text"),
    ("crates/cli/src/command/import.rs", "names the line of a file"),
    ("crates/engine/src/export/classes.rs", "names tools of ontologies"),
    ("crates/engine/src/export/croissant.rs", "names the ending of a file"),
    ("crates/engine/src/import/refused.rs", "names the line of a file"),
    ("crates/formats/src/write/cvat/", "writes elements of CVAT, some of which are the same words"),
    ("crates/formats/src/write/datumaro/", "writes types of datumaro, some of which are the same words"),
    (
        "crates/formats/src/write/legacy/object.rs",
        "writes the keys of the old format, some of which are the same words",
    ),
    ("crates/formats/src/write/geojson/", "names the format, and its members, which are the same words"),
    ("crates/formats/src/write/series/testing.rs", "composes annotations of tests"),
    ("crates/formats/examples/raster.rs", "names what it is asked for"),
    ("crates/formats/src/read/", "reads keys of foreign lines, some of which are the same words"),
    ("crates/model/src/annotation/", "is the typed annotation"),
    ("crates/model/src/data_type/", "recognises data types by keys of foreign lines"),
    ("crates/samples/", "composes rows without reading them"),
    ("crates/server/src/graphql/resource/export.rs", "has an argument for a line of a result"),
];

fn is_exception(file: &str) -> bool {
    EXCEPTIONS.iter().any(|(path, _)| file == *path || (path.ends_with('/') && file.starts_with(path)))
}

/// Returns the geometry keys in a string literal: the whole of it, or quoted in it as JSON has them.
fn keys_in(literal: &str) -> impl Iterator<Item = &'static str> {
    KEYS.iter().copied().filter(move |key| {
        let quoted = |quote: &str| literal.contains(&format!("{quote}{key}{quote}"));
        literal == *key || quoted("\"") || quoted("\\\"")
    })
}

/// Returns the geometry keys in a source file before its tests, with their lines.
fn keys_of(source: &str) -> Vec<(usize, &'static str)> {
    let tests_from = source.lines().position(|line| line.trim() == "#[cfg(test)]").unwrap_or(usize::MAX);
    let literals =
        rust::pieces(source).into_iter().filter(|piece| piece.kind == Kind::Text && piece.line <= tests_from);
    literals.flat_map(|piece| keys_in(piece.text).map(move |key| (piece.line, key))).collect()
}

#[test]
fn only_typed_annotations_know_geometry_keys() {
    let mut problems = Vec::new();
    for file in tree::files("crates", "rs") {
        let is_test = file.contains("/tests/") || file.ends_with("/tests.rs");
        if is_test || is_exception(&file) {
            continue;
        }
        for (line, key) in keys_of(&tree::read(&file)) {
            problems.push(Problem {
                file: file.clone(),
                line,
                what: format!("the geometry key {key:?}"),
                remedy: "read annotations with labelport_model::annotation and match on Shape; if the word means \
                         something else, list the file in EXCEPTIONS in xtask/tests/tidy/geometry.rs",
            });
        }
    }
    expect_none(problems);
}

#[test]
fn every_exception_is_needed() {
    let mut problems = Vec::new();
    for (path, reason) in EXCEPTIONS {
        let files = tree::files("crates", "rs").into_iter().filter(|file| file.starts_with(path));
        if files.map(|file| keys_of(&tree::read(&file)).len()).sum::<usize>() == 0 {
            problems.push(Problem {
                file: (*path).to_owned(),
                line: 1,
                what: format!("has no geometry key, though it {reason}"),
                remedy: "remove it from EXCEPTIONS in xtask/tests/tidy/geometry.rs",
            });
        }
    }
    expect_none(problems);
}

#[test]
fn keys_are_found_in_literals_alone() {
    let source = "// \"mask\"\nlet polygon = get(\"point\");\nlet text = r#\"{\"geojson\":1}\"#;\n\
                  let other = \"\\\"line\\\":\";\nlet none = \"a line\";\n#[cfg(test)]\nlet test = \"mask\";\n";
    assert_eq!(keys_of(source), [(2, "point"), (3, "geojson"), (4, "line")]);
}
