//! What may be compared, and what is refused in words.

use super::{LARGE, compare, compare_with, options};
use crate::support::{Workspace, everything};
use labelport_engine::diff::{self, DiffError, DiffOptions, Side};
use labelport_engine::manifest::{Delta, Manifest};
use labelport_model::request::Scope;
use labelport_samples::{Size, random};
use std::io::{self, Read, Write as _};
use std::path::Path;

fn row(id: &str, rest: &str) -> String {
    format!("{{\"data_row\":{{\"id\":\"{id}\"}}{rest}}}\n")
}

#[test]
fn equal_digests_answer_without_reading() {
    let workspace = Workspace::of(&random(5, &Size::SMALL));
    let exported = workspace.export(&everything(Scope::Catalog));
    let unreadable = || -> io::Result<Box<dyn Read + Send>> { Err(io::Error::other("it was opened")) };
    let side = Side { name: "rows", manifest: Some(&exported.manifest), rows: &unreadable };
    let folder = std::env::temp_dir();
    let sums = diff::diff(&side, &side, &options(&folder), &mut |_| Ok(()), &mut |_| {}).unwrap();
    assert!(sums.are_same());
    assert_eq!(sums.same, exported.manifest.digest.rows);
    // Another digest, and it is opened.
    let mut other = exported.manifest.clone();
    other.digest.sha256 = "0".repeat(64);
    let other = Side { manifest: Some(&other), ..side };
    let outcome = diff::diff(&side, &other, &options(&folder), &mut |_| Ok(()), &mut |_| {});
    assert!(outcome.unwrap_err().to_string().contains("it was opened"));
}

#[test]
fn packed_rows_are_compared_with_plain_ones() {
    let file = random(6, &Size { files: 1, ..Size::SMALL }).remove(0).ndjson;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&file).unwrap();
    let gzip = gzip.finish().unwrap();
    assert!(compare(&gzip, &file, LARGE).unwrap().sums.are_same());
    // One that is cut off is not one with fewer rows.
    let cut = &gzip[..gzip.len() / 2];
    assert!(matches!(compare(cut, &file, LARGE), Err(DiffError::Read { name, .. }) if name == "old"));
}

#[test]
fn what_is_not_a_row_is_named_with_its_line() {
    let (a, b) = (row("a", ""), row("b", ""));
    let check = |old: &str, new: &str, expect: &str| {
        let error = compare(old.as_bytes(), new.as_bytes(), LARGE).unwrap_err().to_string();
        assert!(error.starts_with(expect), "{error}");
    };
    check("id,global_key\n", &a, "line 1 of old is not a row of an export in ndjson");
    check(&a, "<html>\n", "line 1 of new is not a row");
    check(&format!("{a}{b}"), &format!("{a}rubbish\n"), "line 2 of new is not a row");
    // Found by its id, and then damaged: cut off, and with labels that are none.
    check(&row("a", ",\"x\":1"), "{\"data_row\":{\"id\":\"a\"},\"x\"", "line 1 of new is not a row");
    check(&a, &format!("{}{}", row("b", ""), row("b", ",\"x\":1")), "new has two rows with the id b");
    let folder = std::env::temp_dir();
    let short = DiffOptions { row_limit_bytes: 1 << 20, ..options(&folder) };
    let long = row("a", &format!(",\"x\":\"{}\"", "x".repeat(3 << 20)));
    let error = compare_with((long.as_bytes(), None), (a.as_bytes(), None), &short).unwrap_err().to_string();
    assert_eq!(error, "line 1 of old is longer than 1 MiB, which is the longest row that is compared");
}

#[test]
fn long_rows_that_are_equal_are_the_same() {
    let folder = std::env::temp_dir();
    let short = DiffOptions { row_limit_bytes: 1 << 20, ..options(&folder) };
    let long = |id: &str, end: &str| row(id, &format!(",\"x\":\"{}{end}\"", "x".repeat(5 << 20)));
    let file =
        |end: &str, last: &str| [row("a", ""), long("b", end), row("c", ""), long("d", ""), row("e", last)].concat();
    let compare = |old: String, new: String| compare_with((old.as_bytes(), None), (new.as_bytes(), None), &short);
    let found = compare(file("", ""), file("", ",\"y\":1")).unwrap();
    assert_eq!((found.sums.same, found.sums.rows.changed), (4, 1));
    // One that ends the file, with a line feed and without.
    let found = compare(long("a", ""), long("a", "")).unwrap();
    assert_eq!(found.sums.same, 1);
    for other in ["y", "xx"] {
        let error = compare(file("x", ""), file(other, "")).unwrap_err().to_string();
        assert!(error.starts_with("line 2 of old is longer than 1 MiB"), "{error}");
    }
}

#[test]
fn files_are_used_only_where_the_window_is_not_enough() {
    let options = |window_bytes| DiffOptions { window_bytes, ..options(Path::new("/nowhere")) };
    let rows: Vec<String> = (0..100).map(|number| row(&format!("a{number}"), "")).collect();
    let backwards: Vec<String> = rows.iter().rev().cloned().collect();
    let changed: Vec<String> = rows.iter().map(|row| row.replace("}}", "},\"x\":1}")).collect();
    let compare = |old: &[String], new: &[String], window: usize| {
        compare_with((old.concat().as_bytes(), None), (new.concat().as_bytes(), None), &options(window))
    };
    assert_eq!(compare(&rows, &changed, 0).unwrap().sums.rows.changed, 100, "partners are next to each other");
    assert!(compare(&rows, &backwards, LARGE).unwrap().sums.are_same());
    // A row that is missing moves all others by one, and waits alone.
    let others = [&rows[..7], &rows[8..]].concat();
    assert_eq!(compare(&rows, &others, 1_000).unwrap().sums.rows.removed, 1);
    assert!(
        matches!(compare(&rows, &backwards, 1_000), Err(DiffError::Scratch { folder, .. }) if folder == Path::new("/nowhere"))
    );
}

#[test]
fn rows_of_one_id_are_noticed_on_disk_too() {
    let mut old = String::new();
    for number in 0..50 {
        old.push_str(&row(&format!("a{number}"), ""));
    }
    old.push_str(&row("a7", ",\"x\":1"));
    let error = compare(old.as_bytes(), b"", 0).unwrap_err().to_string();
    assert!(error.starts_with("old (line ") && error.contains("two rows with the id a7"), "{error}");
}

#[test]
fn other_formats_and_deltas_are_refused() {
    let folder = std::env::temp_dir();
    let a = row("a", "");
    let check = |manifest: &Manifest, expect: &str| {
        let sides = ((a.as_bytes(), None), (a.as_bytes(), Some(manifest)));
        assert_eq!(compare_with(sides.0, sides.1, &options(&folder)).unwrap_err().to_string(), expect);
    };
    let coco = Manifest { format: "coco".to_owned(), ..Manifest::default() };
    check(&coco, "new has the format coco; results of the format ndjson can be compared");
    let delta = Manifest { format: "ndjson".to_owned(), delta: Some(Delta::default()), ..Manifest::default() };
    check(&delta, "new is a delta; combine it with its export by `labelport apply` first");
}

#[test]
fn odd_annotations_are_compared_all_the_same() {
    // Neither of them has a form that anybody knows.
    for (old, new) in [
        ("[]", "{}"),
        ("{\"objects\":7}", "{\"objects\":8}"),
        ("{\"objects\":[{\"name\":1}]}", "{\"objects\":[{\"name\":2}]}"),
        ("{\"objects\":[{\"bounding_box\":{}}]}", "{\"objects\":[{\"bounding_box\":null}]}"),
        ("null", "{\"classifications\":[[{\"name\":\"a\"}]]}"),
    ] {
        let with = |annotations: &str| {
            row("a", &format!(",\"projects\":{{\"p\":{{\"labels\":[{{\"annotations\":{annotations}}}]}}}}"))
        };
        let found = compare(with(old).as_bytes(), with(new).as_bytes(), LARGE).unwrap();
        assert_eq!((found.sums.rows.changed, found.rows[0].labels.len()), (1, 1), "{old} {new}");
        assert_eq!(found.rows[0].labels[0].id, "#0");
    }
    let polygon = |x: &str| {
        let object = format!(
            "{{\"feature_id\":\"f\",\"annotation_kind\":\"ImagePolygon\",\"polygon\":[{{\"x\":{x},\"y\":1}}]}}"
        );
        row("a", &format!(",\"projects\":{{\"p\":{{\"labels\":[{{\"annotations\":{{\"objects\":[{object}]}}}}]}}}}"))
    };
    for x in ["1e999", "-1e400", "5"] {
        let found = compare(polygon("1").as_bytes(), polygon(x).as_bytes(), LARGE).unwrap();
        assert_eq!(found.sums.rows.changed, 1);
    }
}
