//! The bytes of CVAT: images with shapes and tags, videos with tracks, and what has no place in them.

use super::*;
use crate::write::testing::{TestRow, Written, classes, write};

const IMAGE: &str = r#"{"asset_type":"image","width":100,"height":50}"#;
const VIDEO: &str = r#"{"asset_type":"video","width":100,"height":50,"frame_count":12}"#;
const CLASSES: [(&str, &str, &str); 8] = [
    ("s1", "car", "ImageBoundingBox"),
    ("s2", "a & <b>", "ImagePolygon"),
    ("s3", "rail", "ImagePolyline"),
    ("s4", "tip", "ImagePoint"),
    ("s5", "coupled", "ImageUnidirectionalRelationship"),
    ("s8", "note", "text_answer"),
    ("s9", "car", "radio_answer"),
    ("s10", "tags", "checklist_answers"),
];
const SORT: &str = r#"{"feature_id":"q1","feature_schema_id":"s9","name":"car","radio_answer":{"feature_id":"o","name":"old","classifications":[{"feature_id":"q3","feature_schema_id":"s8","name":"note","text_answer":{"content":"why \u000b"}}]}}"#;
const TAGS: &str = r#"{"feature_id":"q4","feature_schema_id":"s10","name":"tags","checklist_answers":[{"feature_id":"o2","name":"wet","classifications":[]}]}"#;
const NOTE: &str =
    r#"{"feature_id":"q2","feature_schema_id":"s8","name":"note","text_answer":{"content":"1 < 2\n\"so\" \u000b"}}"#;

fn object(number: u32, class: (&str, &str, &str), answers: &str, shape: &str) -> String {
    let (schema_id, name, kind) = class;
    format!(
        r#"{{"feature_id":"f{number}","feature_schema_id":"{schema_id}","name":"{name}","annotation_kind":"{kind}","classifications":[{answers}],{shape}}}"#
    )
}

const BOX: &str = r#""bounding_box":{"height":30.0,"width":40.0,"top":10.0,"left":20.5}"#;

fn image_with_all() -> String {
    let objects = [
        object(1, CLASSES[0], &format!("{SORT},{TAGS}"), BOX),
        object(
            2,
            CLASSES[1],
            "",
            r#""polygon":[{"x":0.0,"y":0.0},{"x":50.0,"y":0.0},{"x":50.0,"y":20.25},{"x":0.0,"y":0.0}]"#,
        ),
        object(3, CLASSES[2], "", r#""line":[{"x":0.0,"y":0.0},{"x":150.0,"y":0.0}]"#),
        object(4, CLASSES[3], "", r#""point":{"x":7.5,"y":8.0}"#),
        object(5, CLASSES[0], "", r#""bounding_box":{"height":0.0,"width":40.0,"top":10.0,"left":20.5}"#),
        object(6, CLASSES[2], "", r#""line":[{"x":0.0,"y":0.0}]"#),
    ];
    let relation = object(7, CLASSES[4], "", r#""unidirectional_relationship":{"source":"f1","target":"f2"}"#);
    format!(r#"{{"objects":[{}],"classifications":[{SORT},{NOTE}],"relationships":[{relation}]}}"#, objects.join(","))
}

fn encode(options: &[(&str, &str)], rows: &[TestRow<'_>]) -> Written {
    write(&Cvat, options, &classes(&CLASSES), rows)
}

const HEAD: &str = r#""id":"clrow1","global_key":"k1","external_id":"x/a.b.jpg","row_data":"https://host/a.b.jpg""#;

/// Returns what a file holds after its `<meta>`.
fn body(text: &str) -> &str {
    &text[text.find("  </meta>\n").unwrap() + "  </meta>\n".len()..]
}

#[test]
fn the_bytes_of_images() {
    let annotations = image_with_all();
    let rows = [
        TestRow { head: HEAD, media: IMAGE, annotations: Some(&annotations) },
        TestRow { head: r#""id":"clrow2","external_id":"empty.png""#, media: IMAGE, annotations: None },
        TestRow { head: r#""id":"clrow3""#, media: "{}", annotations: Some(r#"{"objects":[]}"#) },
    ];
    let written = encode(&[], &rows);
    let text = written.text("train/annotations.xml");
    let start = r#"<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta>
    <task>
      <name>train</name>
      <mode>annotation</mode>
      <labels>
        <label>
          <name>car</name>
          <type>rectangle</type>
          <attributes>
            <attribute>
              <name>car</name>
              <mutable>True</mutable>
              <input_type>select</input_type>
              <default_value>__undefined__</default_value>
              <values>__undefined__&#10;old</values>
            </attribute>
            <attribute>
              <name>car/note</name>
              <mutable>True</mutable>
              <input_type>text</input_type>
              <default_value></default_value>
              <values></values>
            </attribute>
            <attribute>
              <name>tags: wet</name>
              <mutable>True</mutable>
              <input_type>checkbox</input_type>
              <default_value>false</default_value>
              <values>false</values>
            </attribute>
          </attributes>
        </label>
        <label>
          <name>a &amp; &lt;b&gt;</name>
          <type>polygon</type>
          <attributes/>
        </label>
"#;
    assert!(text.starts_with(start), "{text}");
    // A question is a label too; this one has the name of a tool.
    assert!(text.contains("<name>car (2)</name>\n          <type>tag</type>"), "{text}");
    let expect = "  <image id=\"0\" name=\"x/a.b.jpg\" width=\"100\" height=\"50\">
    <box label=\"car\" source=\"manual\" occluded=\"0\" xtl=\"20.5\" ytl=\"10\" xbr=\"60.5\" ybr=\"40\" z_order=\"0\">
      <attribute name=\"car\">old</attribute>
      <attribute name=\"car/note\">why \u{fffd}</attribute>
      <attribute name=\"tags: wet\">true</attribute>
    </box>
    <polygon label=\"a &amp; &lt;b&gt;\" source=\"manual\" occluded=\"0\" points=\"0,0;50,0;50,20.25\" z_order=\"0\"/>
    <polyline label=\"rail\" source=\"manual\" occluded=\"0\" points=\"0,0;150,0\" z_order=\"0\"/>
    <points label=\"tip\" source=\"manual\" occluded=\"0\" points=\"7.5,8\" z_order=\"0\"/>
    <tag label=\"car (2)\" source=\"manual\">
      <attribute name=\"car\">old</attribute>
      <attribute name=\"car/note\">why \u{fffd}</attribute>
    </tag>
    <tag label=\"note\" source=\"manual\">
      <attribute name=\"note\">1 &lt; 2&#10;&quot;so&quot; \u{fffd}</attribute>
    </tag>
  </image>
  <image id=\"1\" name=\"empty.png\" width=\"100\" height=\"50\"/>
</annotations>
";
    assert_eq!(body(text), expect);
    let listed = "data_row_id,global_key,external_id,row_data,split,image,labels,label_id\r\n\
                  clrow1,k1,x/a.b.jpg,https://host/a.b.jpg,train,train/images/x/a.b.jpg,train/annotations.xml,l1\r\n\
                  clrow2,,empty.png,,train,train/images/empty.png,train/annotations.xml,\r\n\
                  clrow3,,,,,,,\r\n";
    assert_eq!(written.text("rows.csv"), listed);
    let expect = [
        "1 ImageBoundingBox car kept",
        "1 ImageBoundingBox car left_out it has no area",
        "1 ImagePoint tip kept",
        "1 ImagePolygon a & <b> kept",
        "1 ImagePolyline rail kept",
        "1 ImagePolyline rail left_out it is a line of fewer than two points",
        "1 ImageUnidirectionalRelationship coupled left_out the format holds boxes, polygons, lines, points, masks and answers",
        "1 checklist_answers tags kept",
        "1 class - reduced its name is that of another class, so that it is called \"car (2)\"",
        "2 radio_answer car kept",
        "1 row - kept it has no label, and seems to have nothing on its picture",
        "1 row - left_out the width and the height of its picture are not known",
        "1 text_answer note reduced to a text in which U+FFFD stands for characters that XML cannot hold",
        "2 text_answer note reduced to an attribute that is named after the questions that lead to it",
    ];
    assert_eq!(written.losses, expect);
    let json = labelport_model::json::Document::parse(written.text("labels.json").as_bytes()).unwrap();
    assert_eq!(json.root().elements().count(), 6);
}

#[test]
fn the_bytes_of_a_video() {
    let on = |number, left: &str| {
        let shape = format!(r#""bounding_box":{{"top":10.0,"left":{left},"height":30.0,"width":40.0}}"#);
        object(number, ("s1", "car", "ImageBoundingBox"), SORT, &shape)
    };
    let ring = |x: &str| {
        let shape = format!(r#""polygon":[{{"x":{x},"y":0.0}},{{"x":50.0,"y":0.0}},{{"x":50.0,"y":20.0}}]"#);
        object(3, CLASSES[1], "", &shape)
    };
    let annotations = format!(
        r#"{{"frames":{{"1":{{"objects":{{"f1":{},"f3":{}}},"classifications":[]}},"5":{{"objects":{{"f1":{},"f3":{}}},"classifications":[{NOTE}]}},"12":{{"objects":{{"f1":{}}},"classifications":[]}}}},"segments":{{"f1":[[1,6],[12,12]],"f3":[[1,5]]}},"classifications":[{NOTE}],"key_frame_feature_map":{{}}}}"#,
        on(1, "1.0"),
        ring("2.0"),
        on(1, "5.0"),
        ring("6.0"),
        on(1, "9.0"),
    );
    let rows = [
        TestRow { head: r#""id":"clrow1","external_id":"clip.mp4""#, media: VIDEO, annotations: Some(&annotations) },
        TestRow { head: r#""id":"clrow2""#, media: VIDEO, annotations: None },
    ];
    let written = encode(&[], &rows);
    let text = written.text("train/videos/clip.xml");
    let meta = "      <name>clip</name>\n      <mode>interpolation</mode>\n      <size>12</size>\n      <original_size>\n        \
                <width>100</width>\n        <height>50</height>\n      </original_size>\n      <labels>\n";
    assert!(text.contains(meta), "{text}");
    let boxed = |frame: u32, outside: u32, left: u32| {
        format!(
            "    <box frame=\"{frame}\" keyframe=\"1\" outside=\"{outside}\" occluded=\"0\" xtl=\"{left}\" ytl=\"10\" xbr=\"{}\" ybr=\"40\" z_order=\"0\">\n      \
             <attribute name=\"car\">old</attribute>\n      <attribute name=\"car/note\">why \u{fffd}</attribute>\n    </box>\n",
            left + 40
        )
    };
    let ringed = |frame: u32, outside: u32, x: u32| {
        format!(
            "    <polygon frame=\"{frame}\" keyframe=\"1\" outside=\"{outside}\" occluded=\"0\" points=\"{x},0;50,0;50,20\" z_order=\"0\"/>\n"
        )
    };
    // The last frame is the last one of the video, so that nothing comes after it.
    let expect = [
        "  <track id=\"0\" label=\"car\" source=\"manual\">\n".to_owned(),
        boxed(0, 0, 1) + &boxed(4, 0, 5) + &boxed(6, 1, 5) + &boxed(11, 0, 9),
        "  </track>\n  <track id=\"1\" label=\"a &amp; &lt;b&gt;\" source=\"manual\">\n".to_owned(),
        ringed(0, 0, 2) + &ringed(3, 0, 2) + &ringed(4, 0, 6) + &ringed(5, 1, 6),
        "  </track>\n</annotations>\n".to_owned(),
    ];
    assert_eq!(body(text), expect.concat());
    assert_eq!(body(written.text("train/videos/clrow2.xml")), "</annotations>\n");
    assert!(
        written.text("rows.csv").contains("clrow1,,clip.mp4,,train,train/videos/clip.mp4,train/videos/clip.xml,l1")
    );
    assert!(written.losses.contains(&format!("2 text_answer note left_out {OF_VIDEO}")), "{:?}", written.losses);
    assert!(written.losses.contains(&"3 ImageBoundingBox car kept".to_owned()), "{:?}", written.losses);
}

#[test]
fn frames_before_the_first_and_objects_of_whole_videos_are_left_out() {
    let annotations = format!(
        r#"{{"objects":[{}],"frames":{{"0":{{"objects":{{"f1":{}}},"classifications":[]}}}}}}"#,
        object(2, CLASSES[0], "", BOX),
        object(1, CLASSES[0], "", BOX)
    );
    let rows = [TestRow { head: r#""id":"clrow1""#, media: VIDEO, annotations: Some(&annotations) }];
    let written = encode(&[], &rows);
    let expect = [
        "1 ImageBoundingBox car left_out it is about a whole video, and the format holds frames",
        "1 ImageBoundingBox car left_out its frame is not one from 1 on",
    ];
    assert_eq!(written.losses, expect);
}

#[test]
fn a_mask_is_run_lengths_along_the_rows_of_its_box() {
    let runs = crate::raster::Runs::of_rows(10, 20, [(3, 2, 5), (4, 2, 3), (5, 4, 5)].into_iter());
    let mut out = Vec::new();
    let mut element = Element::open("mask", 0, &mut out);
    shape::write(&Figure::Mask(runs), &mut element);
    element.close();
    let expect = "<mask rle=\"0, 4, 4, 1\" left=\"2\" top=\"3\" width=\"3\" height=\"3\"/>\n";
    assert_eq!(String::from_utf8(out).unwrap(), expect);
}

#[test]
fn scores_have_no_place() {
    let options = [("predictions".to_owned(), "scores".to_owned())].into();
    let refused = Cvat.open(&About { options, ..About::default() }).err().map(|error| error.to_string());
    assert!(refused.is_some_and(|error| error.ends_with("no or labels for cvat, which has no place for scores")));
}
