//! Masks in all their forms, and what is kept of them.

use super::*;
use base64::Engine;
use png::{BitDepth, ColorType, Decoder, Encoder};

/// Encodes a picture of one row of colours.
fn picture(colours: &[[u8; 3]]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, colours.len() as u32, 1);
    encoder.set_color(ColorType::Rgb);
    encoder.set_depth(BitDepth::Eight);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(colours.as_flattened()).unwrap();
    writer.finish().unwrap();
    out
}

fn pixels(png: &[u8]) -> Vec<u8> {
    let mut reader = Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut pixels).unwrap();
    pixels
}

fn inline(png: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(png)
}

const RED: [u8; 3] = [255, 0, 0];
const BLUE: [u8; 3] = [0, 0, 255];
const NONE: [u8; 3] = [0, 0, 0];

fn toy() -> Toy {
    let pictures = BTreeMap::from([
        ("u".to_owned(), picture(&[NONE, RED, RED, BLUE])),
        ("v".to_owned(), picture(&[NONE, NONE, RED, NONE])),
        ("bad".to_owned(), b"GIF89a".to_vec()),
    ]);
    Toy { pictures, ..Toy::default() }
}

/// Returns the URLs and the colours that annotations show, in the order of the text.
fn shown(annotations: &str) -> Vec<(String, [u8; 3])> {
    let composites = annotations.split(r#""composite_mask":"#).skip(1);
    let read = |text: &str| {
        let document = Document::parse(&text.as_bytes()[..=text.find('}').unwrap()]).unwrap();
        let channels: Vec<u8> =
            document.root().get("color_rgb").unwrap().elements().map(|each| each.as_i64().unwrap() as u8).collect();
        let url = document.root().get("url").unwrap().as_text().unwrap().into_owned();
        (url, channels.try_into().unwrap())
    };
    composites.map(read).collect()
}

#[test]
fn masks_of_an_image_are_kept_alone_and_together() {
    let png = format!(r#"{{"name":"sky","mask":{{"png":"{}"}}}}"#, inline(&picture(&[[1, 1, 1], NONE, NONE, NONE])));
    let lines = [
        r#"{"name":"water","mask":{"instanceURI":"u","colorRGB":[255,0,0]}}"#,
        r#"{"name":"sky","mask":{"instanceURI":"u","colorRGB":[0,0,255]}}"#,
        &png,
        r#"{"name":"water","mask":{"size":[1,4],"counts":[2,2]}}"#,
    ];
    let mut world = toy();
    let converted = run(&subject("image"), &lines, Purpose::Label, &mut world);
    assert_eq!(converted.outcomes, vec![Ok(()); 4]);
    assert_eq!(world.fetches, 1, "one picture is fetched once");
    let annotations = converted.annotations.unwrap();
    check_row(&annotations, data_type::find("image").unwrap());
    let start = r##"{"objects":[{"feature_id":"#1","feature_schema_id":"t-water","name":"water","value":"water",
        "annotation_kind":"ImageSegmentationMask","classifications":[],
        "mask":{"url":"https://m/annotations/#1/1"},"composite_mask":{"url":"https://m/masks/#5/1","color_rgb":["##;
    let start: String = start.lines().map(str::trim).collect();
    assert!(short(&annotations).starts_with(&start), "{annotations}");
    let shown = shown(&annotations);
    let alone = |number: u32| MaskPlace::Instance { feature_id: format!("c{number:024}"), index: 1 };
    assert_eq!(pixels(&world.kept[&alone(1)]), [0, 255, 255, 0]);
    assert_eq!(pixels(&world.kept[&alone(2)]), [0, 0, 0, 255]);
    assert_eq!(pixels(&world.kept[&alone(3)]), [255, 0, 0, 0]);
    assert_eq!(pixels(&world.kept[&alone(4)]), [0, 0, 255, 255]);
    let together = MaskPlace::Composite { id: format!("c{:024}", 5), index: 1 };
    // The last region lies over the second and a part of the first.
    let colours: Vec<[u8; 3]> = shown.iter().map(|(_, colour)| *colour).collect();
    assert_eq!(pixels(&world.kept[&together]), [colours[2], colours[0], colours[3], colours[3]].as_flattened());
    assert_eq!(world.kept.len(), 5);
}

#[test]
fn masks_of_different_sizes_never_meet() {
    let lines = [
        r#"{"name":"water","mask":{"size":[1,4],"counts":[2,2]}}"#,
        r#"{"name":"water","mask":{"size":[1,5],"counts":[2,3]}}"#,
    ];
    let mut world = toy();
    let annotations = run(&subject("image"), &lines, Purpose::Label, &mut world).annotations.unwrap();
    let shown = shown(&annotations);
    assert_ne!(shown[0].0, shown[1].0);
}

#[test]
fn a_frame_has_one_mask() {
    let line = r#"{"masks":{"frames":[{"index":2,"instanceURI":"u"},{"index":2,"instanceURI":"v"}],
        "instances":[{"name":"water","colorRGB":[255,0,0]}]}}"#;
    let converted = run(&subject("video"), &[line], Purpose::Label, &mut toy());
    let message = converted.outcomes[0].clone().unwrap_err().message();
    assert_eq!(message, "at masks.frames[1].index: frame 2 is given twice; give each frame once");
}

#[test]
fn one_line_has_masks_of_several_objects_on_several_frames() {
    let bytes = inline(&picture(&[BLUE, NONE, NONE, NONE]));
    let line = format!(
        r#"{{"uuid":"m","masks":{{
            "frames":[{{"index":20,"instanceURI":"u"}},{{"index":21,"instanceURI":"v"}},{{"index":23,"imBytes":"{bytes}"}}],
            "instances":[{{"name":"water","colorRGB":[255,0,0]}},{{"name":"sky","colorRGB":[0,0,255]}},
                {{"name":"sky","colorRGB":[9,9,9]}}]}}}}"#
    );
    let mut world = toy();
    let converted = run(&subject("video"), &[&line], Purpose::Label, &mut world);
    assert_eq!(converted.outcomes, [Ok(())]);
    let annotations = converted.annotations.unwrap();
    check_row(&annotations, data_type::find("video").unwrap());
    let end = r##""segments":{"#1":[[20,21]],"#2":[[20,20],[23,23]]},"key_frame_feature_map":{"#1":[20,21],"#2":[20,23]},"classifications":[]}"##;
    assert!(short(&annotations).ends_with(end), "{annotations}");
    let urls: Vec<String> = shown(&annotations).into_iter().map(|(url, _)| short(&url)).collect();
    assert_eq!(
        urls,
        ["https://m/masks/#4/20", "https://m/masks/#4/20", "https://m/masks/#4/21", "https://m/masks/#4/23"]
    );
    let colours: Vec<_> = shown(&annotations).into_iter().map(|(_, colour)| colour).collect();
    assert!(colours[0] == colours[2] && colours[1] == colours[3] && colours[0] != colours[1]);
    assert_eq!(world.kept.len(), 4 + 3);
}

#[test]
fn groups_of_slices_have_composites_of_their_own() {
    let line = |group: &str| {
        format!(
            r#"{{"groupKey":"{group}","masks":{{"frames":[{{"index":1,"instanceURI":"v"}}],
                "instances":[{{"name":"water","colorRGB":[255,0,0]}}]}}}}"#
        )
    };
    let mut world = toy();
    let lines = [line("axial"), line("sagittal")];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let annotations = run(&subject("dicom"), &lines, Purpose::Label, &mut world).annotations.unwrap();
    check_row(&annotations, data_type::find("dicom").unwrap());
    let shown = shown(&annotations);
    assert!(annotations.contains("DICOMSegmentationMask") && shown[0].0 != shown[1].0);
}

#[track_caller]
fn check_fails(lines: &[&str], mut world: Toy, expect: &[Option<&str>]) {
    let converted = run(&subject("image"), lines, Purpose::Label, &mut world);
    let found: Vec<_> =
        converted.outcomes.iter().map(|outcome| outcome.as_ref().err().map(LineError::message)).collect();
    assert_eq!(found.iter().map(Option::as_deref).collect::<Vec<_>>(), expect);
}

#[test]
fn a_mask_that_cannot_be_used_fails_alone() {
    let mask = |inside: &str| format!(r#"{{"name":"water","mask":{{{inside}}}}}"#);
    #[track_caller]
    fn check(line: &str, expect: &str) {
        check_fails(&[line, r#"{"name":"note","answer":"a"}"#], toy(), &[Some(expect), None]);
    }
    check(
        &mask(r#""instanceURI":"nowhere","colorRGB":[1,2,3]"#),
        "at mask.instanceURI: fetch \"nowhere\": nothing there",
    );
    check(
        &mask(r#""instanceURI":"u","colorRGB":[1,2,3]"#),
        "at mask: no pixel of the mask belongs to the object; check colorRGB and the picture",
    );
    check(&mask(r#""instanceURI":"u","colorRGB":[1,2]"#), "at mask.colorRGB: 2 channels, at least 3 are needed");
    check(
        &mask(r#""instanceURI":"u","colorRGB":[1,2,256]"#),
        "at mask.colorRGB[2]: expected a number from 0 to 255, found a number",
    );
    check(&mask(r#""instanceURI":"u""#), "at mask: the key colorRGB is missing");
    check(&mask(r#""png":"%%""#), "at mask.png: text that is not base64; encode the bytes of a PNG file");
    check(&mask(r#""png":"AAAA""#), "at mask: not a readable PNG picture: unexpected end of file");
    check(&mask(r#""size":[1,4],"counts":[1]"#), "at mask: the counts add up to 1 pixels, the size to 4");
    check(
        &mask(r#""size":[1,4],"counts":[4]"#),
        "at mask: no pixel of the mask belongs to the object; check colorRGB and the picture",
    );
    check(&mask(r#""size":[0,4],"counts":[0]"#), "at mask: a mask of 4 x 0 pixels; 1 to 100000000 pixels are allowed");
    check(&mask(""), "at mask: the key colorRGB is missing");
}

#[test]
fn a_mask_that_cannot_be_kept_fails_every_line_that_needs_it() {
    let lines = [
        r#"{"uuid":"m","name":"water","mask":{"size":[1,4],"counts":[2,2]}}"#,
        r#"{"uuid":"l","name":"lamp","point":{"x":1,"y":1}}"#,
        r#"{"name":"part_of","relationship":{"source":"l","target":"m","type":"unidirectional"}}"#,
    ];
    let lost = "at relationship.target: the line with the uuid \"m\" made no object to relate to; \
                correct that line first";
    let expect = [Some("store the mask: the disk is full"), None, Some(lost)];
    let refuses_some: [fn(&MaskPlace) -> bool; 2] =
        [|place| matches!(place, MaskPlace::Instance { .. }), |place| matches!(place, MaskPlace::Composite { .. })];
    for refuses in refuses_some {
        check_fails(&lines, Toy { refuses: Some(refuses), ..toy() }, &expect);
    }
}
