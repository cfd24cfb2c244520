//! Segmentation objects: every element of one, their pixels, and what is not in them.

use super::*;
use crate::write::Class;
use crate::write::series::testing::{
    self, CRACK, HEAD, KNOWN, PORE, SEAM, annotations, annotations_of, count, drawn_objects, is_wide, mask, series,
};
use crate::write::series::{NO_SLICE, NOT_A_SERIES, NOT_HELD, OTHER_PLANE};
use crate::write::testing::{TestRow, Written as WrittenFiles, classes, object, write_about};
use labelport_model::record::{Annotations, RunRecord};
use labelport_model::series::{
    CLASS_UID, FRAME_OF_REFERENCE_UID, INSTANCE_UID, LOSSY, LOSSY_METHOD, LOSSY_RATIO, PATIENT_NAME, SERIES_UID,
    STUDY_UID, Series, Tag,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// A series of slices of 4 x 3 pixels that says what it is.
fn known_series(places: &[f64]) -> Series {
    let texts = [
        (CLASS_UID, "1.2.840.10008.5.1.4.1.1.2.1"),
        (INSTANCE_UID, "1.2.3.4"),
        (STUDY_DATE, "20260131"),
        (STUDY_UID, "1.2.3"),
        (SERIES_UID, "1.2.3.5"),
        (FRAME_OF_REFERENCE_UID, "1.2.3.6"),
        (PATIENT_NAME, "Müller^Jürgen"),
    ];
    Series { texts: texts.map(|(tag, text)| (tag, Some(text.to_owned()))).into(), ..series(places) }
}

fn encode(known: &[Class], kept: Result<Series, &'static str>, annotations: Option<&str>) -> WrittenFiles {
    testing::encode(&DicomSeg, &[], known, kept, annotations)
}

/// An element, or the beginning of an item: how deep it is, its tag, its kind and its value.
type Element<'e> = (usize, Tag, &'e str, &'e [u8]);

/// Reads the elements of a sequence or a file, which must be in order, and of even lengths.
#[track_caller]
fn elements<'e>(mut bytes: &'e [u8], depth: usize, found: &mut Vec<Element<'e>>) {
    let short = |bytes: &[u8], at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
    let long = |bytes: &[u8], at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    let mut last = None;
    while !bytes.is_empty() {
        let tag = (short(bytes, 0), short(bytes, 2));
        if tag == (0xfffe, 0xe000) {
            let (item, rest) = bytes[8..].split_at(long(bytes, 4));
            found.push((depth, tag, "", &[]));
            elements(item, depth + 1, found);
            bytes = rest;
            continue;
        }
        assert!(last.replace(tag) < Some(tag), "{tag:x?} is after {last:x?}");
        let kind = std::str::from_utf8(&bytes[4..6]).unwrap();
        let (start, length) =
            if ["OB", "SQ"].contains(&kind) { (12, long(bytes, 8)) } else { (8, short(bytes, 6).into()) };
        assert_eq!(length % 2, 0, "{tag:x?} has an odd length");
        let (value, rest) = bytes[start..].split_at(length);
        found.push((depth, tag, kind, value));
        if kind == "SQ" {
            elements(value, depth + 1, found);
        }
        bytes = rest;
    }
}

#[track_caller]
fn read(written: &WrittenFiles) -> Vec<Element<'_>> {
    let path = "train/scans/rail.dcm";
    let file = written.files.get(path).unwrap_or_else(|| panic!("{path} is not among {:?}", written.files.keys()));
    assert_eq!(&file[..128], [0; 128]);
    assert_eq!(&file[128..132], b"DICM");
    let mut found = Vec::new();
    elements(&file[132..], 0, &mut found);
    found
}

/// Writes elements as lines.
fn dump(elements: &[Element<'_>]) -> String {
    let mut text = String::new();
    for (depth, (group, number), kind, value) in elements {
        let indent = " ".repeat(*depth);
        let shown = match *kind {
            "" | "SQ" => String::new(),
            "US" => {
                format!(" {:?}", value.chunks(2).map(|two| u16::from_le_bytes([two[0], two[1]])).collect::<Vec<_>>())
            }
            "UL" => format!(" {:?}", longs(value)),
            "AT" | "OB" => format!(" {value:02x?}"),
            _ => format!(" {:?}", String::from_utf8_lossy(value)),
        };
        let tag = if kind.is_empty() { "-".to_owned() } else { format!("{group:04x},{number:04x} ") };
        writeln!(text, "{indent}{tag}{kind}{shown}").unwrap();
    }
    text
}

fn longs(value: &[u8]) -> Vec<u32> {
    value.chunks(4).map(|four| u32::from_le_bytes(four.try_into().unwrap())).collect()
}

/// Returns the texts and numbers of an element, wherever it is.
fn values<'e>(elements: &[Element<'e>], tag: Tag) -> Vec<&'e [u8]> {
    elements.iter().filter(|element| element.1 == tag).map(|element| element.3).collect()
}

fn texts(elements: &[Element<'_>], tag: Tag) -> Vec<String> {
    let text = |value: &&[u8]| String::from_utf8_lossy(value).trim_end_matches([' ', '\0']).to_owned();
    values(elements, tag).iter().map(text).collect()
}

/// Returns the pixels of each frame, with the label of its segment and its slice, from 1.
fn frames(elements: &[Element<'_>]) -> BTreeMap<(String, u32), Vec<bool>> {
    let labels = texts(elements, (0x62, 0x05));
    // Positions are in millimetres from the first slice, two from one to the next.
    let slices = texts(elements, (0x20, 0x32)).into_iter().map(|position| {
        let z: f64 = position.rsplit('\\').next().unwrap().parse().unwrap();
        (z / 2.0) as u32 + 1
    });
    let segments = values(elements, (0x62, 0x0b)).into_iter().map(|value| u16::from_le_bytes([value[0], value[1]]));
    let bits = values(elements, (0x7fe0, 0x10))[0];
    let pixel = |place: usize| bits[place / 8] >> (place % 8) & 1 == 1;
    let pixels = |frame: usize| (frame * 12..(frame + 1) * 12).map(pixel).collect();
    let named = segments.zip(slices).map(|(segment, slice)| (labels[usize::from(segment) - 1].clone(), slice));
    named.enumerate().map(|(frame, name)| (name, pixels(frame))).collect()
}

fn pixels(text: &str) -> Vec<bool> {
    text.chars().map(|letter| letter == '#').collect()
}

#[test]
fn a_file_says_what_it_is_and_what_it_is_of() {
    let first = [mask("f1", CRACK, "0:0-3"), mask("f2", PORE, "0:2-4")];
    let stored = annotations(&[("Axial", &[(1, &first), (3, &[mask("f3", PORE, "2:3-4")])])]);
    let written = encode(&classes(&[CRACK, PORE]), Ok(known_series(&[0.0, 2.0, 4.0])), Some(&stored));
    let found = read(&written);
    // The length of the group about the file, which depends on the name of the file, as that does on the version.
    let length: usize = found[1..7].iter().map(|(.., value)| 8 + value.len()).sum::<usize>() + 4;
    assert_eq!(longs(found[0].3), [length as u32]);
    let (name, version) = (&texts(&found, INSTANCE_UID)[0], &texts(&found, (0x18, 0x1020))[0]);
    assert_eq!(version, env!("CARGO_PKG_VERSION"));
    let shown = dump(&found[1..]).replace(&format!("{name}\\0"), name).replace(name, "FILE");
    let shown = shown.replace(&format!("{version} "), version).replace(version, "VERSION");
    assert_eq!(shown, include_str!("tests/segmentation.txt"));
    assert_eq!(written.losses, ["1 DICOMSegmentationMask crack kept", "2 DICOMSegmentationMask pore kept"]);
    let rows = "data_row_id,global_key,external_id,split,file,label_id\r\n\
                clrow,,scans/rail.dcm,train,train/scans/rail.dcm,l1\r\n";
    assert_eq!(written.text("rows.csv"), rows);
    assert_eq!(written.text("classes.txt"), "crack\npore\n");
}

#[test]
fn masks_of_two_classes_do_not_cover_each_other_and_those_of_one_are_one_segment() {
    let objects = [
        mask("f1", PORE, "0:0-3"),
        mask("f2", CRACK, "0:2-4"),
        mask("f3", PORE, "0:2-3,1:0-1"),
        mask("f4", CRACK, "2:0-1"),
    ];
    let stored = annotations(&[("Axial", &[(2, &objects)])]);
    let written = encode(&classes(&[CRACK, PORE]), Ok(known_series(&[0.0, 2.0])), Some(&stored));
    let found = read(&written);
    let expect = [(("crack".to_owned(), 2), pixels("..##....#...")), (("pore".to_owned(), 2), pixels("###.#......."))];
    assert_eq!(frames(&found), expect.into());
    assert_eq!(texts(&found, (0x62, 0x13)), ["YES"]);
    assert_eq!(written.losses, ["2 DICOMSegmentationMask crack kept", "2 DICOMSegmentationMask pore kept"]);
}

#[test]
fn options_say_the_names_and_the_order_of_segments_and_whether_series_are_there() {
    let other = ("s1", "a crack", CRACK.2);
    let objects = [mask("f1", other, "0:0-3"), mask("f2", PORE, "0:2-4")];
    let stored = annotations(&[("Axial", &[(1, &objects)])]);
    let options = [("class-names", "value"), ("classes", "pore\n"), ("media", "copy"), ("split", "a=1")];
    let known = classes(&[other, PORE]);
    let written = testing::encode(&DicomSeg, &options, &known, Ok(known_series(&[0.0, 2.0])), Some(&stored));
    let mut found = Vec::new();
    elements(&written.files["a/scans/rail.dcm"][132..], 0, &mut found);
    assert_eq!(texts(&found, (0x62, 0x05)), ["pore", "a_crack"]);
    assert_eq!(written.assets, ["media/a/scans/rail.dcm"]);
    // The series of a row without a segmentation is not there.
    assert!(testing::encode(&DicomSeg, &options, &known, Ok(known_series(&[0.0])), None).assets.is_empty());
}

#[test]
fn frames_are_in_the_order_of_the_depth_of_slices_at_any_distance() {
    let on = |slice: u32, mask: String| (slice, [mask]);
    let masks = [
        on(1, mask("f1", CRACK, "0:0-1")),
        on(2, mask("f2", CRACK, "0:1-2")),
        on(3, mask("f3", CRACK, "0:2-3")),
        on(4, mask("f4", PORE, "0:3-4")),
    ];
    let slices: Vec<(u32, &[String])> = masks.iter().map(|(slice, masks)| (*slice, &masks[..])).collect();
    let stored = annotations(&[("Axial", &slices)]);
    // The second and the third are at one place.
    let series = known_series(&[6.0, 2.0, 2.0, 5.0]);
    let written = encode(&classes(&[CRACK, PORE]), Ok(series), Some(&stored));
    let found = read(&written);
    assert_eq!(texts(&found, (0x08, 0x1160)), ["2", "3", "1", "4"], "the number of the frame in the series");
    let numbers: Vec<_> = values(&found, (0x20, 0x9157)).into_iter().map(longs).collect();
    assert_eq!(numbers, [[1, 1], [1, 2], [1, 4], [2, 3]], "segment and depth");
    assert_eq!(texts(&found, (0x62, 0x13)), ["NO"]);
}

#[test]
fn the_only_slice_of_a_file_has_no_number() {
    let stored = annotations(&[("Axial", &[(1, &[mask("f1", CRACK, "0:0-1")])])]);
    let mut series = known_series(&[0.0]);
    series.texts.extend(
        [(LOSSY, "01"), (LOSSY_RATIO, "12.5\\x"), (LOSSY_METHOD, "ISO_10918_1")]
            .map(|(tag, text)| (tag, Some(text.to_owned()))),
    );
    let written = encode(&classes(&[CRACK]), Ok(series), Some(&stored));
    let found = read(&written);
    assert!(values(&found, (0x08, 0x1160)).is_empty());
    // What was once packed with losses stays so; a ratio that is not a number is not copied.
    assert_eq!((texts(&found, LOSSY), texts(&found, LOSSY_RATIO)), (vec!["01".to_owned()], vec![]));
    assert_eq!(texts(&found, LOSSY_METHOD), ["ISO_10918_1"]);
}

#[test]
fn names_are_derived_from_what_a_file_is_and_holds() {
    let names = |url: &str, class| {
        let stored = annotations(&[("Axial", &[(1, &[mask("f1", class, url)])])]);
        let written = encode(&classes(&[CRACK, PORE]), Ok(known_series(&[0.0, 2.0])), Some(&stored));
        let found = read(&written);
        // The name of the file is in the group about itself, too.
        assert_eq!(texts(&found, (0x02, 0x03)), [texts(&found, INSTANCE_UID)[0].clone()]);
        [INSTANCE_UID, SERIES_UID, (0x20, 0x9164)].map(|tag| texts(&found, tag).pop().unwrap())
    };
    let first = names("0:0-1", CRACK);
    assert_eq!(names("0:0-1", CRACK), first);
    for other in [names("0:0-2", CRACK), names("0:0-1", PORE)] {
        assert_ne!(other[0], first[0], "another file of the same label");
        assert_eq!(other[1..], first[1..]);
    }
    assert!(first.iter().collect::<BTreeSet<_>>().len() == 3 && first.iter().all(|name| name.starts_with("2.25.")));
}

#[test]
fn what_a_series_says_in_a_form_that_is_not_allowed_is_left_empty_and_said() {
    let stored = annotations(&[("Axial", &[(1, &[mask("f1", CRACK, "0:0-1")])])]);
    let mut series = known_series(&[0.0, 2.0]);
    series.texts.extend([
        (PATIENT_NAME, None),
        ((0x10, 0x20), Some("x".repeat(65))),
        (STUDY_TIME, Some("7:30".to_owned())),
    ]);
    let written = encode(&classes(&[CRACK]), Ok(series), Some(&stored));
    let found = read(&written);
    for tag in [PATIENT_NAME, (0x10, 0x20), STUDY_TIME, (0x10, 0x40)] {
        assert_eq!(texts(&found, tag), [""]);
    }
    let said = |what: &str| {
        format!("1 row - kept {what} is left empty: its series has characters or a form that cannot be written")
    };
    let expect = ["the id of its patient", "the name of its patient", "the time of its study"].map(said);
    assert_eq!(written.losses[1..], expect);
}

#[test]
fn names_of_classes_are_shortened_and_said() {
    let (one, other) = ("c".repeat(60) + "-first", "c".repeat(60) + "-second");
    let listed = [("s1", one.as_str(), CRACK.2), ("s2", other.as_str(), CRACK.2), ("s3", "a\\b", CRACK.2)];
    let objects: Vec<String> = listed
        .iter()
        .map(|class| {
            // Names in JSON have two backslashes for one.
            mask(class.0, (class.0, &class.1.replace('\\', "\\\\"), class.2), "0:0-1")
        })
        .collect();
    let stored = annotations(&[("Axial", &[(1, &objects)])]);
    let written = encode(&classes(&listed), Ok(known_series(&[0.0, 2.0])), Some(&stored));
    let found = read(&written);
    let short = "c".repeat(56);
    assert_eq!(texts(&found, (0x62, 0x05)), [short.clone(), format!("{short}_2"), "a_b".to_owned()]);
    assert_eq!(texts(&found, (0x62, 0x06)), [one, other, "a\\b".to_owned()]);
    let renamed: Vec<&String> = written.losses.iter().filter(|loss| loss.contains(" class - reduced ")).collect();
    assert_eq!(renamed.len(), 3, "{renamed:?}");
    assert!(renamed[0].ends_with(r#"its name "a\\b" is written as "a_b""#), "{renamed:?}");
}

#[test]
fn what_is_on_no_slice_of_the_series_is_left_out_and_said() {
    let line = object("f1", SEAM, "", r#""line":[{"x":1,"y":1},{"x":2,"y":2}]"#);
    let wide = mask("f2", CRACK, "wide/0:0-1");
    let stored = annotations(&[
        ("Axial", &[(1, &[line, wide]), (3, &[mask("f3", CRACK, "0:0-1")])]),
        ("Sagittal", &[(1, &[mask("f5", CRACK, "0:0-1")])]),
    ]);
    let written = encode(&classes(&[CRACK, SEAM]), Ok(known_series(&[0.0, 2.0])), Some(&stored));
    assert_eq!(
        written.losses,
        [
            format!("1 DICOMPolyline seam left_out {NOT_HELD}"),
            format!("1 DICOMSegmentationMask crack left_out {OTHER_PLANE}"),
            "1 DICOMSegmentationMask crack left_out its mask has another size than the picture".to_owned(),
            format!("1 DICOMSegmentationMask crack left_out {NO_SLICE}"),
            format!("1 row - left_out {NO_MASKS}"),
        ]
    );
    assert!(!written.files.keys().any(|path| path.ends_with(".dcm")), "{:?}", written.files.keys());
    assert!(written.text("rows.csv").ends_with("clrow,,scans/rail.dcm,,,\r\n"));
}

#[track_caller]
fn check_left_out(change: impl Fn(&mut Series), expect: &str) {
    let stored = annotations(&[("Axial", &[(1, &[mask("f1", CRACK, "0:0-1")])])]);
    let mut series = known_series(&[0.0, 2.0]);
    change(&mut series);
    let written = encode(&classes(&[CRACK]), Ok(series), Some(&stored));
    let expect = [format!("1 DICOMSegmentationMask crack left_out {expect}"), format!("1 row - left_out {expect}")];
    assert_eq!(written.losses, expect);
}

#[test]
fn a_series_to_which_nothing_can_refer_has_no_segmentation() {
    let unnamed = "its series does not say which study, series and file it is";
    for tag in [CLASS_UID, INSTANCE_UID, STUDY_UID, SERIES_UID] {
        check_left_out(|series| drop(series.texts.remove(&tag)), unnamed);
        check_left_out(|series| drop(series.texts.insert(tag, None)), unnamed);
        check_left_out(|series| drop(series.texts.insert(tag, Some("1.2/3".to_owned()))), unnamed);
    }
    let unplaced = "its series does not say in which frame of reference its slices lie";
    check_left_out(|series| drop(series.texts.remove(&FRAME_OF_REFERENCE_UID)), unplaced);
    check_left_out(|series| drop(series.texts.remove(&STUDY_DATE)), NO_TIME);
    check_left_out(
        |series| series.slices[1].spacing_mm = [0.5, 0.5],
        "the slices of its series differ in orientation or spacing",
    );
}

#[test]
fn rows_without_masks_have_no_segmentation() {
    let written = encode(&classes(&[CRACK]), Ok(known_series(&[0.0, 2.0])), None);
    assert_eq!(written.losses, [format!("1 row - left_out {NO_MASKS}")]);
    let written = encode(&classes(&[CRACK]), Err("its series is gone"), None);
    assert_eq!(written.losses, ["1 row - left_out its series is gone"]);
    let row = TestRow { head: HEAD, media: r#"{"asset_type":"image"}"#, annotations: None };
    let image = write_about(&DicomSeg, About::default(), &[row]);
    assert_eq!(image.losses, [format!("1 row - left_out {NOT_A_SERIES}")]);
}

#[test]
fn a_file_has_a_limit() {
    assert!(segmentation::is_held(1, 1, 46_000 * 46_000));
    assert!(!segmentation::is_held(1, 1, 65_535 * 65_535));
    assert!(segmentation::is_held(400_000, 1, 1) && !segmentation::is_held(500_000, 1, 1));
    assert!(!segmentation::is_held(50_000, 50_000, 1) && !segmentation::is_held(usize::MAX, 1, u64::MAX));
}

#[test]
fn what_was_drawn_has_the_time_of_its_label_else_that_of_its_study() {
    let check = |details: Option<&str>, texts: &[(Tag, &str)], expect: Option<(&str, &str)>| {
        let mut series = known_series(&[0.0]);
        series.texts.remove(&STUDY_DATE);
        series.texts.extend(texts.iter().map(|(tag, text)| (*tag, Some((*text).to_owned()))));
        let label = LabelRecord {
            head: b"",
            details: details.map(str::as_bytes),
            performance: None,
            annotations: Annotations::Stored(b"{}"),
            rest: b"",
        };
        let found = drawn_at(Some(&label), &Copied::of(&series).unwrap());
        assert_eq!(found.as_ref().map(|(day, time)| (day.as_str(), time.as_str())), expect, "{details:?} {texts:?}");
    };
    let study: &[(Tag, &str)] = &[(STUDY_DATE, "20260131"), (STUDY_TIME, "0730")];
    let created = r#""created_at":"2026-02-01T01:30:00.000+02:00""#;
    check(Some(&format!("{{{created}}}")), study, Some(("20260131", "233000.000")));
    let updated = format!(r#"{{{created},"updated_at":"2026-02-02T00:00:01.250+00:00"}}"#);
    check(Some(&updated), study, Some(("20260202", "000001.250")));
    let changed = updated.replace("updated_at", "content_last_updated_at");
    check(Some(&changed), study, Some(("20260202", "000001.250")));
    check(Some(r#"{"created_at":"yesterday"}"#), study, Some(("20260131", "0730")));
    check(None, study, Some(("20260131", "0730")));
    check(None, &study[..1], Some(("20260131", "000000")));
    check(None, &study[1..], None);
}

#[test]
fn a_prediction_is_by_its_model() {
    let stored = annotations(&[("Axial", &[(1, &[mask("f1", CRACK, "0:0-1")])])]);
    let prediction = [LabelRecord {
        head: br#""id":"clprediction""#,
        details: None,
        performance: None,
        annotations: Annotations::Stored(stored.as_bytes()),
        rest: b"",
    }];
    let run = |predictions| RunRecord { id: "r", name: None, head: b"", labels: &[], predictions, tail: b"" };
    let (without, with) = ([run(None)], [run(Some(&[])), run(Some(&prediction[..]))]);
    let model = |id, name, runs| ModelRecord { id, name, runs, rest: b"" };
    let long = format!("\"{}\"", "m".repeat(70));
    for (name, expect) in
        [(Some(&br#""second reader""#[..]), "second reader"), (None, "clmodel"), (Some(long.as_bytes()), &long[1..65])]
    {
        let models = [model("clother", Some(br#""first reader""#), &without), model("clmodel", name, &with)];
        let record = Record {
            head: HEAD.as_bytes(),
            details: None,
            media: Some(testing::MEDIA.as_bytes()),
            attachments: None,
            metadata: None,
            embeddings: None,
            projects: None,
            models: Some(&models),
            rest: b"",
        };
        let options = [("predictions", "labels")];
        let written =
            testing::encode_record(&DicomSeg, &options, &classes(&[CRACK]), Ok(known_series(&[0.0])), &record);
        let [FileEntry { path, bytes }] = &written[..] else { panic!("{} files", written.len()) };
        let files = BTreeMap::from([(path.clone(), bytes.clone())]);
        let written = WrittenFiles { files, assets: Vec::new(), losses: Vec::new() };
        let found = read(&written);
        assert_eq!(texts(&found, (0x62, 0x08)), ["AUTOMATIC"]);
        assert_eq!(texts(&found, (0x62, 0x09)), [expect]);
        assert_eq!(texts(&found, (0x08, 0x103e)), ["Prediction"]);
    }
}

proptest! {
    #[test]
    fn every_pixel_of_every_mask_is_in_its_segment_and_the_rest_is_settled(objects in drawn_objects()) {
        let stored = annotations_of(&objects);
        let written = encode(&classes(&KNOWN), Ok(known_series(&[0.0, 2.0, 4.0])), Some(&stored));
        let mut expect: BTreeMap<(String, u32), Vec<bool>> = BTreeMap::new();
        let mut kept = 0;
        for object in &objects {
            let (plane, slice, class, (row, start, end), _) = *object;
            if plane == 0 && (1..=3).contains(&slice) && class < 2 && start < end && !is_wide(object) {
                let frame = expect.entry((KNOWN[class].1.to_owned(), slice)).or_insert_with(|| vec![false; 12]);
                (start..end).for_each(|x| frame[(row * 4 + x) as usize] = true);
                kept += 1;
            }
        }
        let lost = objects.len() - kept + objects.iter().filter(|object| object.4).count();
        prop_assert_eq!((count(&written, &[" kept"]), count(&written, &[" left_out "])), (kept, lost));
        prop_assert_eq!(lost, written.text("losses.ndjson").lines().count());
        prop_assert_eq!(written.files.contains_key("train/scans/rail.dcm"), kept > 0);
        if kept > 0 {
            prop_assert_eq!(frames(&read(&written)), expect);
        }
    }
}
