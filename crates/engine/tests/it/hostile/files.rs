//! Files that are something else, and files that end too early.

use super::{assert_untouched, good, refusals};
use crate::support::{ImportAs, Workspace, assert_same_bytes};
use labelport_engine::composed::to_ascii_json;
use labelport_engine::import::ImportError;
use serde_json::Value;
use std::io::Write as _;

/// Imports a file that is no export: the error says so, and nothing is written.
#[track_caller]
fn check_error(bytes: &[u8], expect: &str) {
    for strict in [false, true] {
        let workspace = Workspace::new();
        let import = ImportAs { strict, ..ImportAs::default() };
        let error = workspace.import("rows.ndjson", bytes, import).unwrap_err();
        assert!(!matches!(error, ImportError::Store(_)), "{error:?}");
        assert_eq!(error.to_string(), format!("rows.ndjson {expect}"));
        assert_untouched(&workspace);
    }
}

/// Imports a file that holds the two good rows and something wrong.
#[track_caller]
fn check_refused(bytes: &[u8], expect: &[&str]) {
    let [first, last] = good();
    let workspace = Workspace::new();
    assert_eq!(refusals(&workspace, bytes, ImportAs::default()), expect);
    assert_same_bytes(&workspace.export_catalog().bytes, format!("{first}{last}").as_bytes(), "the good rows");
    let workspace = Workspace::new();
    assert_eq!(refusals(&workspace, bytes, ImportAs { strict: true, ..ImportAs::default() }), expect, "strict");
    if !expect.is_empty() {
        assert_untouched(&workspace);
    }
}

const NOT_AN_EXPORT: &str = "; expected NDJSON, or a JSON array, of rows with the key data_row";

#[test]
fn files_of_other_kinds_are_recognised() {
    for (bytes, found) in [
        (&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], "it holds binary data"),
        (b"%PDF-1.7\n%\xe2\xe3", "it does not begin with a JSON object or array"),
        (b"id,external_id\n1,2\n", "it does not begin with a JSON object or array"),
        (b"<!doctype html><html></html>", "it does not begin with a JSON object or array"),
        (b"{\0\"\0", "it holds binary data"),
        (b"\xff\xfe{\0\"\0", "it holds binary data"),
        (b"", "it is empty"),
        (b" \r\n\t\n", "it is empty"),
        (b"\xef\xbb\xbf", "it is empty"),
        (b"null", "it does not begin with a JSON object or array"),
        (b"{}", "its objects have no key data_row"),
        (b"[{\"id\":1},{\"id\":2}]", "its objects have no key data_row"),
        (b"{\"type\":\"FeatureCollection\",\"features\":[]}", "its objects have no key data_row"),
    ] {
        check_error(bytes, &format!("is no export: {found}{NOT_AN_EXPORT}"));
    }
    let packed = gzip(b"<html>");
    check_error(&packed, &format!("is no export: it does not begin with a JSON object or array{NOT_AN_EXPORT}"));
}

#[test]
fn a_legacy_export_is_named_as_one() {
    let legacy = r#"[{"ID":"cl1","DataRow ID":"ck1","Labeled Data":"https://a.test/1.jpg","Label":{"objects":[]}}]"#;
    check_error(
        legacy.as_bytes(),
        "is an export in the legacy v1 format (it has \"DataRow ID\"); export it again as v2",
    );
}

#[test]
fn an_empty_array_is_an_export_of_nothing() {
    for text in ["[]", " [ \r\n ] \n", "\u{feff}[]"] {
        let workspace = Workspace::new();
        let summary = workspace.import_all("rows.json", text.as_bytes());
        assert_eq!((summary.records, summary.refused), (0, 0));
        assert_untouched(&workspace);
    }
}

#[test]
fn rows_are_read_in_every_layout() {
    let [first, last] = good();
    let pretty = |line: &String| serde_json::to_string_pretty(&serde_json::from_str::<Value>(line).unwrap()).unwrap();
    for text in [
        format!("{first}{last}"),
        format!("{first}{}", last.trim_end()),
        format!("\n\n{first}\n \t\n{last}\n"),
        format!("{first}{last}").replace('\n', "\r\n"),
        format!("\u{feff}{first}{last}"),
        format!("[{first},{last}]"),
        format!("[{},{}]", first.trim_end(), last.trim_end()),
        format!("\u{feff}[\r\n{}\r\n,\r\n{}]\r\n", first.trim_end(), last.trim_end()),
        format!("{}\n{}\n", pretty(&first), pretty(&last)),
        format!("{}{}", pretty(&first), pretty(&last)).replace('\n', "\r\n"),
        format!("[{},\n{}]", pretty(&first), pretty(&last)),
    ] {
        check_refused(text.as_bytes(), &[]);
        check_refused(&gzip(text.as_bytes()), &[]);
        check_refused(&zstd::encode_all(text.as_bytes(), 1).unwrap(), &[]);
    }
}

#[test]
fn characters_may_be_escaped_or_not() {
    let row = |text: &str| format!(r#"{{"data_row":{{"id":"ca00000000000000000000000","row_data":"{text}"}}}}"#);
    let texts = ["K\u{fc}hl/\u{1f683} w", r"K\u00fchl/\ud83d\ude83 w", r"\u004B\u00FChl\/\uD83D\uDE83\u0020w"];
    for text in texts {
        let workspace = Workspace::new();
        workspace.import_all("rows.ndjson", row(text).as_bytes());
        let exported = workspace.export_catalog();
        let expected = format!(r#"{{"data_row":{{"id":"ca00000000000000000000000","row_data":"{}"}}"#, texts[1]);
        assert!(exported.bytes.starts_with(expected.as_bytes()), "{text}");
    }
}

#[test]
fn an_array_that_ends_early_gives_the_rows_before() {
    let [first, last] = good();
    let (first, last) = (first.trim_end(), last.trim_end());
    let cut = format!("[{first},{last}");
    let end = cut.len() + 1;
    check_refused(cut.as_bytes(), &[&format!("rows.ndjson:1:{end}: the file ends inside its array: it is cut off")]);
    check_refused(
        format!("[\n{first},\n{last},\n{{\"data_row\":{{\"id\"").as_bytes(),
        &[
            "rows.ndjson:4:18: the text ends inside a JSON value: the line is cut off",
            "rows.ndjson:4:18: the file ends inside its array: it is cut off",
        ],
    );
    let behind = "text after the end of the array";
    check_refused(format!("[{first},{last}]\nand more").as_bytes(), &[&format!("rows.ndjson:2:1: {behind}")]);
    check_refused(format!("[{first},{last}\n]]").as_bytes(), &[&format!("rows.ndjson:2:2: {behind}")]);
    let no_row = "where an export row, an object with the key data_row, should stand";
    check_refused(
        format!("[{first},\n7, \"x\", [],{last}]").as_bytes(),
        &[
            &format!("rows.ndjson:2:1: row: a number {no_row}"),
            &format!("rows.ndjson:2:4: row: a string {no_row}"),
            &format!("rows.ndjson:2:9: row: an array {no_row}"),
        ],
    );
}

#[test]
fn places_are_found_in_rows_over_several_lines() {
    let [first, last] = good();
    let wrong = "{\n  \"data_row\": {\n    \"id\": \"short\"\n  }\n}\n";
    let lines = |text: &str| serde_json::to_string_pretty(&serde_json::from_str::<Value>(text).unwrap()).unwrap();
    let before = lines(&first).lines().count();
    let text = format!("{}\n{wrong}{}", lines(&first), lines(&last));
    let message = "data_row.id: data row id \"short\" has 5 characters, an id has 25";
    check_refused(text.as_bytes(), &[&format!("rows.ndjson:{}:11: {message}", before + 3)]);
    let text = format!("[{},\n{wrong},{}]", lines(&first), lines(&last));
    check_refused(text.as_bytes(), &[&format!("rows.ndjson:{}:11: {message}", before + 3)]);
}

#[test]
fn a_last_line_that_is_cut_off_is_refused_alone() {
    let [first, last] = good();
    let text = format!("{first}{last}{}", &to_ascii_json(&serde_json::from_str(&first).unwrap())[..300]);
    check_refused(text.as_bytes(), &["rows.ndjson:3:301: the text ends inside a JSON value: the line is cut off"]);
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_packed_file_that_ends_early_cannot_be_read() {
    let [first, last] = good();
    let text = format!("{first}{last}");
    for packed in [gzip(text.as_bytes()), zstd::encode_all(text.as_bytes(), 1).unwrap()] {
        check_error(&packed[..packed.len() / 2], "cannot be read (the packed data is cut off)");
        check_error(&packed[..packed.len() - 1], "cannot be read (the packed data is cut off)");
    }
}
