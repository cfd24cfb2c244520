//! Each kind of difference, on a result of a few lines.

use super::*;
use crate::manifest::{Annotations, Digest, SectionNotice};
use std::io::Write as _;

/// Rows with one label each, which has a box on a boat; the fifth has a prediction more.
fn rows() -> Vec<String> {
    let boat = r#"{"feature_schema_id":"c6","name":"b\u00f6at","annotation_kind":"ImageBoundingBox"}"#;
    let label = format!(r#"{{"id":"l","annotations":{{"objects":[{boat}],"classifications":[]}}}}"#);
    let row = |number: u32| {
        let runs = format!(r#"{{"m":{{"runs":{{"r":{{"labels":[{label}],"predictions":[{label}]}}}}}}}}"#);
        let experiments = if number == 5 { runs } else { "{}".to_owned() };
        format!(
            r#"{{"data_row":{{"id":"{number}"}},"projects":{{"p":{{"labels":[{label}]}}}},"experiments":{experiments}}}"#
        )
    };
    (1..=12).map(row).collect()
}

fn text(rows: &[String]) -> Vec<u8> {
    rows.iter().map(|row| format!("{row}\n")).collect::<String>().into_bytes()
}

/// Describes `rows()` in parts of four lines.
fn manifest() -> Manifest {
    let bytes = text(&rows());
    let mut digest = Digest::default();
    digest.add(&bytes, 12);
    let mut digest = digest.finish();
    digest.parts.clear();
    for four in rows().chunks(4) {
        let mut part = Digest::default();
        part.add(&text(four), 4);
        digest.parts.extend(part.finish().parts);
    }
    let boats = Annotations {
        feature_schema_id: "c6".to_owned(),
        name: "b\u{f6}at".to_owned(),
        kind: "ImageBoundingBox".to_owned(),
        count: 14,
    };
    Manifest {
        format: "ndjson".to_owned(),
        request: "{}".to_owned(),
        change_seq: 3,
        digest,
        labels: 12,
        run_labels: 1,
        predictions: 1,
        annotations: vec![boats],
        sections: vec![SectionNotice { section: "attachments".to_owned(), count: 12 }],
        ..Manifest::default()
    }
}

fn verdict(bytes: Vec<u8>, manifest: &Manifest) -> Verdict {
    verify(Box::new(io::Cursor::new(bytes)), manifest, &mut |_| {}).unwrap()
}

/// Compares the differences, in order, by how their texts begin.
#[track_caller]
fn check(bytes: Vec<u8>, manifest: &Manifest, expect: &[&str]) {
    let verdict = verdict(bytes, manifest);
    let found: Vec<String> = verdict.differences.iter().map(ToString::to_string).collect();
    let is_same = found.len() == expect.len() && found.iter().zip(expect).all(|(text, start)| text.starts_with(start));
    assert!(is_same, "found {found:#?}\nexpected {expect:#?}");
    assert_eq!(verdict.is_same(), expect.is_empty());
    assert_eq!(verdict.first().map(ToString::to_string), found.first().cloned());
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Packs in frames of a third each, as an export does for each chunk.
fn in_frames(pack: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    rows().chunks(4).flat_map(|four| pack(&text(four))).collect()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_result_is_what_its_manifest_says_packed_or_not() {
    check(text(&rows()), &manifest(), &[]);
    check(in_frames(gzip), &manifest(), &[]);
    check(in_frames(zstd), &manifest(), &[]);
    let whole = verdict(text(&rows()), &manifest());
    assert_eq!((whole.rows, whole.bytes), (12, text(&rows()).len() as u64));
}

#[test]
fn an_empty_result_is_one() {
    let mut empty = manifest();
    empty.digest = Digest::default().finish();
    (empty.labels, empty.run_labels, empty.predictions) = (0, 0, 0);
    empty.annotations.clear();
    check(Vec::new(), &empty, &[]);
    check(zstd(b""), &empty, &[]);
    check(
        text(&rows()[..1]),
        &empty,
        &[
            "the file has 214 bytes, the manifest says 0",
            "the file has 1 rows",
            "the SHA-256",
            "the file has 1 labels",
            "annotations of b\u{f6}at",
        ],
    );
}

#[test]
fn a_flipped_byte_is_found_in_its_part() {
    let mut bytes = text(&rows());
    let at = bytes.len() / 2;
    assert_eq!(rows()[5].as_bytes()[3], b'a');
    let line = text(&rows()[..5]).len();
    bytes[line + 3] = b'b';
    let part = text(&rows()[..4]).len();
    let end = text(&rows()[..8]).len() - 1;
    check(
        bytes,
        &manifest(),
        &[
            &format!("bytes {part} to {end} (lines 5 to 8) differ: their CRC-32 is "),
            "the SHA-256 of the file is ",
            "line 6, column 1: an object without an object data_row is not a row",
            "the file has 11 labels, the manifest says 12",
            "annotations of b\u{f6}at (c6, ImageBoundingBox): 13, the manifest says 14",
        ],
    );
    let mut bytes = text(&rows());
    bytes[at] = 0xff;
    let found = verdict(bytes, &manifest());
    assert!(found.first().unwrap().to_string().contains("(lines 5 to 8) differ"), "{found:?}");
    assert!(found.differences.iter().any(|one| one.to_string().contains("bytes that are not UTF-8")), "{found:?}");
}

#[test]
fn a_line_that_is_no_json_is_named_with_its_column() {
    let mut rows = rows();
    rows[11].replace_range(..12, "{\"data_row\";");
    check(
        text(&rows),
        &manifest(),
        &[
            "bytes ",
            "the SHA-256",
            "line 12, column 12: expected ':', found ';'",
            "the file has 11 labels",
            "annotations of ",
        ],
    );
}

#[test]
fn a_removed_line_is_missed() {
    let mut rows = rows();
    let size = text(&rows).len();
    let removed = rows.remove(4).len() + 1;
    check(
        text(&rows),
        &manifest(),
        &[
            &format!("the file has {} bytes, the manifest says {size}", size - removed),
            "the file has 11 rows, the manifest says 12",
            "bytes ",
            "bytes ",
            "the SHA-256",
            "the file has 11 labels, the manifest says 12",
            "the file has 0 labels of model runs, the manifest says 1",
            "the file has 0 predictions, the manifest says 1",
            "annotations of b\u{f6}at (c6, ImageBoundingBox): 11, the manifest says 14",
        ],
    );
}

#[test]
fn a_truncated_file_is_cut_in_a_line() {
    let mut bytes = text(&rows());
    let size = bytes.len();
    bytes.truncate(size - 40);
    let found = verdict(bytes, &manifest());
    let texts: Vec<String> = found.differences.iter().map(ToString::to_string).collect();
    assert_eq!(texts[0], format!("the file has {} bytes, the manifest says {size}", size - 40));
    assert!(texts[1].ends_with("(lines 9 to 12) are not all there: the file ends before"), "{texts:#?}");
    assert!(texts[3].starts_with("line 12, column "), "{texts:#?}");
    assert!(texts[3].ends_with("the text ends inside a JSON value: the line is cut off"), "{texts:#?}");
}

#[test]
fn a_last_line_without_its_line_feed_is_a_difference() {
    let mut bytes = text(&rows());
    bytes.pop();
    check(bytes, &manifest(), &["the file has ", "bytes ", "the SHA-256"]);
}

#[test]
fn an_appended_line_is_seen() {
    let mut rows = rows();
    rows.push(rows[0].clone());
    check(
        text(&rows),
        &manifest(),
        &["the file has ", "the file has 13 rows", "the SHA-256", "the file has 13 labels", "annotations of "],
    );
}

#[test]
fn a_manifest_of_another_file_differs_in_everything_that_differs() {
    let mut other = manifest();
    other.annotations[0].name = "barge".to_owned();
    other.annotations[0].feature_schema_id.clear();
    other.digest.sha256 = "00".repeat(32);
    other.digest.parts[0].crc32 ^= 1;
    other.labels = 3;
    check(
        text(&rows()),
        &other,
        &[
            "bytes 0 to ",
            "the SHA-256",
            "the file has 12 labels, the manifest says 3",
            "annotations of barge (no schema id, ImageBoundingBox): 0, the manifest says 14",
            "annotations of b\u{f6}at (c6, ImageBoundingBox): 14, the manifest says 0",
        ],
    );
}

#[test]
fn damaged_frames_are_distinguished_from_differences() {
    for pack in [gzip, zstd] {
        let mut packed = in_frames(pack);
        packed.truncate(packed.len() - 6);
        let found = verdict(packed, &manifest());
        let first = found.first().unwrap().to_string();
        assert!(first.starts_with("the file is damaged: after "), "{first}");
        let mut packed = in_frames(pack);
        let at = packed.len() / 2;
        packed[at] ^= 0x55;
        let found = verdict(packed, &manifest());
        assert!(found.first().unwrap().to_string().starts_with("the file is damaged"), "{found:?}");
        // A file that ends with a whole frame is no damaged one, but a shorter one.
        let shorter: Vec<u8> = rows()[..8].chunks(4).flat_map(|four| pack(&text(four))).collect();
        let found = verdict(shorter, &manifest());
        assert!(found.first().unwrap().to_string().starts_with("the file has "), "{found:?}");
    }
}

#[test]
fn lists_are_bounded() {
    let mut many = manifest();
    many.digest.parts = many.digest.parts.iter().cycle().take(99).copied().collect();
    many.digest.bytes = many.digest.parts.iter().map(|part| part.bytes).sum();
    many.digest.rows = 99 * 4;
    let garbage = vec!["{}".to_owned(); 40];
    let found = verdict(text(&garbage), &many);
    let texts: Vec<String> = found.differences.iter().map(ToString::to_string).collect();
    assert!(texts.contains(&"89 further parts differ".to_owned()), "{texts:#?}");
    assert!(texts.contains(&"30 further lines are not rows".to_owned()), "{texts:#?}");
}

#[test]
fn a_line_over_the_limit_is_not_held() {
    let bytes = text(&rows());
    let found = verify_lines(Box::new(io::Cursor::new(bytes)), &manifest(), 300, &mut |_| {}).unwrap();
    let first = found.first().unwrap().to_string();
    assert_eq!(first, "line 5, column 1: a line of more than 300 bytes, not counting video frames");
}

#[test]
fn a_file_that_cannot_be_read_is_an_error_and_no_difference() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is gone"))
        }
    }
    let behind_start = io::Cursor::new(in_frames(gzip)[..40].to_vec()).chain(Broken);
    for input in [Box::new(Broken) as Box<dyn Read + Send>, Box::new(behind_start)] {
        let error = verify(input, &manifest(), &mut |_| {}).unwrap_err();
        assert_eq!(error.to_string(), "it cannot be read (the disk is gone)");
    }
}

#[test]
fn a_manifest_that_no_file_can_fit_is_refused() {
    let mut other = manifest();
    other.digest.bytes += 1;
    let error = verify(Box::new(io::empty()), &other, &mut |_| {}).unwrap_err();
    assert!(error.to_string().starts_with("its manifest contradicts itself: its parts have "), "{error}");
    other.format = "coco".to_owned();
    let error = verify(Box::new(io::empty()), &other, &mut |_| {}).unwrap_err();
    assert!(error.to_string().contains("\"coco\""), "{error}");
}

#[test]
fn progress_counts_the_bytes_of_the_file() {
    let packed = in_frames(gzip);
    let size = packed.len() as u64;
    let mut last = 0;
    verify(Box::new(io::Cursor::new(packed)), &manifest(), &mut |bytes| last = bytes).unwrap();
    assert_eq!(last, size);
}
