//! Files that are something else, and files that end too early.

use super::{assert_untouched, good, refusals};
use crate::support::{ImportAs, Workspace, assert_same_bytes};
use labelport_engine::import::{ImportError, Source};
use labelport_samples::to_ascii_json;
use serde_json::Value;
use std::io::{self, Cursor, Read, Write as _};

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

const EXPECTED: &str = "; expected NDJSON, or a JSON array, of rows with the key data_row or of v1 \
     records with the key \"DataRow ID\"";

#[test]
fn files_of_other_kinds_get_the_sentence_that_fits() {
    let utf_16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let mut tar = vec![b'x'; 512];
    tar[257..262].copy_from_slice(b"ustar");
    let blanks = "\n".repeat(100_000);
    let page = "it is a web page or XML, perhaps the error message of a download; open it in a text editor, and download \
                the export again";
    let table = "it looks like a table (CSV); export it as NDJSON";
    for (bytes, found) in [
        (b"".to_vec(), format!("it is empty{EXPECTED}")),
        (b"\xef\xbb\xbf".to_vec(), format!("it is empty{EXPECTED}")),
        (b" \r\n\t\n".to_vec(), format!("it holds nothing but blank lines{EXPECTED}")),
        (blanks.clone().into_bytes(), format!("it holds nothing but blank lines{EXPECTED}")),
        (format!("{blanks}null").into_bytes(), format!("it does not begin with a JSON object or array{EXPECTED}")),
        (b"null".to_vec(), format!("it does not begin with a JSON object or array{EXPECTED}")),
        (b"Dear reader,\nhere you are".to_vec(), format!("it does not begin with a JSON object or array{EXPECTED}")),
        (b"{}".to_vec(), format!("its objects have neither key{EXPECTED}")),
        (b"[{\"id\":1},{\"id\":2}]".to_vec(), format!("its objects have neither key{EXPECTED}")),
        (b"{\"type\":\"FeatureCollection\"}".to_vec(), format!("its objects have neither key{EXPECTED}")),
        (b"\x01\0\0\0IHDR".to_vec(), format!("it holds binary data{EXPECTED}")),
        (vec![0; 4_096], "it begins with zero bytes, as a file does whose copy was cut off; copy it again".to_owned()),
        (utf_16("{\"data_row\":{}}"), "it is UTF-16 text; save it as UTF-8".to_owned()),
        (utf_16("\u{feff}{\"data_row\":{}}"), "it is UTF-16 text; save it as UTF-8".to_owned()),
        (b"\0{\0\"".to_vec(), "it is UTF-16 text; save it as UTF-8".to_owned()),
        (b"\xfe\xff\0{\0\"".to_vec(), "it is UTF-16 text; save it as UTF-8".to_owned()),
        (b"\xff\xfe\0\0{\0\0\0".to_vec(), "it is UTF-32 text; save it as UTF-8".to_owned()),
        (b"<!doctype html><html></html>".to_vec(), page.to_owned()),
        (b"\n<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>".to_vec(), page.to_owned()),
        (gzip(b"<html>"), page.to_owned()),
        (b"id,external_id\n1,2\n".to_vec(), table.to_owned()),
        (b"id;name\n1;x\n".to_vec(), table.to_owned()),
        (b"id\tname\n".to_vec(), table.to_owned()),
        (b"PK\x03\x04\x14\0".to_vec(), "it is a ZIP archive; unpack it and import the files in it".to_owned()),
        (tar.clone(), "it is a tar archive; unpack it and import the files in it".to_owned()),
        (gzip(&tar), "it is a tar archive; unpack it and import the files in it".to_owned()),
        (gzip(&gzip(good()[0].as_bytes())), "it is packed twice; unpack it once".to_owned()),
        (b"\xfd7zXZ\0\0\x04".to_vec(), "it is packed with xz; unpack it, or pack it with gzip or zstd".to_owned()),
        (b"BZh91AY&SY".to_vec(), "it is packed with bzip2; unpack it, or pack it with gzip or zstd".to_owned()),
        (b"PAR1\x15\x04".to_vec(), "it is a Parquet file; export it as NDJSON".to_owned()),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec(), "it is a PNG image; import the rows that name it".to_owned()),
        (b"%PDF-1.7\n%\xe2\xe3".to_vec(), "it is a PDF document; import the rows that name it".to_owned()),
        (
            b"SQLite format 3\0\x10".to_vec(),
            "it is an SQLite database; name its data folder with --data to read one of labelport".to_owned(),
        ),
        (
            b"{\"manifest_version\":1,\n\"format\":\"ndjson\"}".to_vec(),
            "it is the manifest of a result; import the result that it lies next to".to_owned(),
        ),
        (
            b"{\"record\":1,\"file\":\"a\"}".to_vec(),
            "it lists why records were refused; correct and import the records in the file that it lies next to"
                .to_owned(),
        ),
    ] {
        check_error(&bytes, &format!("is not an export: {found}"));
    }
}

#[test]
fn packed_files_that_are_damaged_get_the_sentence_that_fits() {
    let [first, last] = good();
    let zstd = |bytes: &[u8]| {
        let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
        encoder.include_checksum(true).unwrap();
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let remedy = "copy or download the file again)";
    for (packed, sort) in [(gzip(first.as_bytes()), "gzip"), (zstd(first.as_bytes()), "zstd")] {
        let size = packed.len();
        for cut in [5, size / 2, size - 1] {
            check_error(&packed[..cut], &format!("cannot be read (the packed data is cut off; {remedy}"));
        }
        let mut flipped = packed.clone();
        flipped[size / 2] ^= 0x40;
        let error = Workspace::new().import("f", &flipped, ImportAs::default()).unwrap_err().to_string();
        assert!(
            error.starts_with("f cannot be read (the packed data is damaged: ") && error.ends_with(remedy),
            "{error}"
        );
        for (trailing, what) in [
            (&b"\n"[..], "something else"),
            (b"garbage", "something else"),
            (b"{}", "something else"),
            (b"\0\0\0\0\0\0", "zeros"),
        ] {
            let bytes = [&packed, trailing].concat();
            if what == "zeros" && sort == "gzip" {
                Workspace::new().import_all("f", &bytes);
                continue;
            }
            check_error(
                &bytes,
                &format!(
                    "cannot be read (after byte {size} the {sort} data ends and {what} follows, as in a file whose \
                     copy went wrong; copy it again, or remove what follows)"
                ),
            );
        }
    }
    // Padding is at the end, and nothing comes after it.
    let padded = [gzip(first.as_bytes()), vec![0; 9], gzip(last.as_bytes())].concat();
    let error = Workspace::new().import("f", &padded, ImportAs::default()).unwrap_err().to_string();
    assert!(error.contains("the gzip data ends and something else follows"), "{error}");
    // Members and frames follow each other, also empty ones and frames that readers skip.
    let skipped = b"\x5a\x2a\x4d\x18\x03\0\0\0abc";
    for packed in [
        [gzip(first.as_bytes()), gzip(b""), gzip(last.as_bytes())].concat(),
        [zstd(first.as_bytes()), skipped.to_vec(), zstd(b""), zstd(last.as_bytes())].concat(),
    ] {
        check_refused(&packed, &[]);
        // However few bytes come at once.
        let workspace = Workspace::new();
        let source = Source::stream("f", Box::new(OneByOne(Cursor::new(packed))));
        assert_eq!(workspace.import_source(source, ImportAs::default()).unwrap().counts.rows.created, 2);
    }
}

/// Gives one byte at a time, as a slow pipe does.
struct OneByOne(Cursor<Vec<u8>>);

impl Read for OneByOne {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let end = buffer.len().min(1);
        self.0.read(&mut buffer[..end])
    }
}

#[test]
fn a_folder_is_not_a_file() {
    let folder = tempfile::TempDir::new().unwrap();
    let Err(error) = Source::file(folder.path()) else { panic!("a folder is opened") };
    assert!(error.to_string().ends_with("cannot be read (it is a folder; name the files in it)"), "{error}");
}

#[test]
fn blank_lines_before_the_first_record_are_counted_and_skipped() {
    let [first, last] = good();
    for blanks in [String::new(), "\n \r\n\t".to_owned(), "\n".repeat(200_000)] {
        let before = blanks.matches('\n').count() + 1;
        let column = blanks.len() - blanks.rfind('\n').map_or(0, |end| end + 1);
        let text = format!("{blanks}{{\"data_row\":{{\"id\":\"short\"}}}}\n{first}{last}");
        let reason = "data_row.id: data row id \"short\" has 5 characters, an id has 25";
        check_refused(text.as_bytes(), &[&format!("rows.ndjson:{before}:{}: {reason}", column + 19)]);
        check_refused(
            format!("{blanks}[{{\"data_row\":{{\"id\":\"short\"}}}},{first},{last}]").as_bytes(),
            &[&format!("rows.ndjson:{before}:{}: {reason}", column + 20)],
        );
    }
}

#[test]
fn zero_bytes_in_a_line_are_the_problem_of_the_line() {
    let [first, last] = good();
    let text = format!("{first}{}\n{last}", "\0".repeat(9));
    check_refused(
        text.as_bytes(),
        &["rows.ndjson:2:1: a zero byte, as in a file whose copy was cut off; copy the file again"],
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
    check_refused(
        cut.as_bytes(),
        &[&format!("rows.ndjson:1:{end}: the file ends inside its array: it is cut off; copy or export it again")],
    );
    check_refused(
        format!("[\n{first},\n{last},\n{{\"data_row\":{{\"id\"").as_bytes(),
        &[
            "rows.ndjson:4:18: the text ends inside a JSON value: the line is cut off",
            "rows.ndjson:4:18: the file ends inside its array: it is cut off; copy or export it again",
        ],
    );
    let trailing =
        "text after the end of the array, which is not read; put its rows into the array or into a file of their own";
    check_refused(format!("[{first},{last}]\nand more").as_bytes(), &[&format!("rows.ndjson:2:1: {trailing}")]);
    check_refused(format!("[{first},{last}\n]]").as_bytes(), &[&format!("rows.ndjson:2:2: {trailing}")]);
    let no_row = "expected an export row (an object with the key data_row), found";
    check_refused(
        format!("[{first},\n7, \"x\", [],{last}]").as_bytes(),
        &[
            &format!("rows.ndjson:2:1: row: {no_row} a number"),
            &format!("rows.ndjson:2:4: row: {no_row} a string"),
            &format!("rows.ndjson:2:9: row: {no_row} an array"),
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
