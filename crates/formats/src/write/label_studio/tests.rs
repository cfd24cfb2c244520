//! The bytes of Label Studio: tasks with regions, answers and relations, and the configurations that declare them.

use super::*;
use crate::write::testing::{TestRow, Written, classes, object, write};

const CLASSES: [(&str, &str, &str); 12] = [
    ("s1", "car", "ImageBoundingBox"),
    ("s2", "a & <b>", "ImagePolygon"),
    ("s3", "rail", "ImagePolyline"),
    ("s4", "tip", "ImagePoint"),
    ("s5", "coupled", "ImageUnidirectionalRelationship"),
    ("s6", "place", "TextEntity"),
    ("s7", "place", "ConversationalTextEntity"),
    ("s8", "near", "TextBidirectionalRelationship"),
    ("s9", "sort", "radio_answer"),
    ("s10", "moving", "VideoBoundingBox"),
    ("s11", "words", "text_answer"),
    ("s12", "tags", "checklist_answers"),
];
const SORT: &str = r#"{"feature_id":"q1","feature_schema_id":"s9","name":"sort","radio_answer":{"feature_id":"o","name":"old","classifications":[]}}"#;

fn related(id: &str, class: usize, key: &str, target: &str) -> String {
    object(id, CLASSES[class], "", &format!(r#""{key}":{{"source":"f1","target":"{target}"}}"#))
}

fn written(media: &str, row_data: &str, annotations: &str) -> Written {
    let head = format!(r#""id":"clrow1","global_key":"k1","row_data":{row_data}"#);
    let row = TestRow { head: &head, media, annotations: Some(annotations) };
    write(&LabelStudio, &[], &classes(&CLASSES), &[row])
}

/// Checks the one task of a data type: what it shows, and its results.
#[track_caller]
fn check(written: &Written, medium: &str, shown: &str, results: &[&str]) {
    let expect = format!(
        "[\n{{\"data\":{{\"{medium}\":{shown},\"data_row_id\":\"clrow1\",\"global_key\":\"k1\"}},\"annotations\":[{{\"was_cancelled\":false,\"ground_truth\":false,\"result\":[{}]}}]}}\n]\n",
        results.join(",")
    );
    assert_eq!(written.text(&format!("{medium}/tasks.json")), expect);
}

const IMAGE: &str = r#"{"asset_type":"image","width":100,"height":50}"#;

fn region(id: &str, control: &str, kind: &str, value: &str) -> String {
    format!(
        r#"{{"id":"{id}","from_name":"{control}","to_name":"image","type":"{kind}","original_width":100,"original_height":50,"image_rotation":0,"value":{{{value}}}}}"#
    )
}

#[test]
fn the_bytes_of_images() {
    let objects = [
        object("f1", CLASSES[0], SORT, r#""bounding_box":{"width":40.0,"top":10.0,"height":30.0,"left":20.5}"#),
        object(
            "f2",
            CLASSES[1],
            "",
            r#""polygon":[{"x":0.0,"y":0.0},{"x":50.0,"y":0.0},{"x":50.0,"y":20.0},{"x":0.0,"y":0.0}]"#,
        ),
        object("f3", CLASSES[2], "", r#""line":[{"x":0.0,"y":0.0},{"x":50.0,"y":10.0}]"#),
        object("f4", CLASSES[3], "", r#""point":{"x":7.5,"y":8.0}"#),
    ];
    let (f5, f6) = ("unidirectional_relationship", "unidirectional_relationship");
    let annotations = format!(
        r#"{{"relationships":[{},{}],"objects":[{}],"classifications":[{SORT}]}}"#,
        related("f5", 4, f5, "f2"),
        related("f6", 4, f6, "gone"),
        objects.join(",")
    );
    let written = written(IMAGE, r#""https://host/a.jpg""#, &annotations);
    let bounds = r#""x":20.5,"y":20,"width":40,"height":60,"rotation":0"#;
    let results = [
        region("f1", "boxes", "rectanglelabels", &format!(r#"{bounds},"rectanglelabels":["car"]"#)),
        region("f1", "sort (2)", "choices", &format!(r#"{bounds},"choices":["old"]"#)),
        region(
            "f2",
            "polygons",
            "polygonlabels",
            r#""points":[[0,0],[50,0],[50,40]],"closed":true,"polygonlabels":["a & <b>"]"#,
        ),
        region(
            "f3",
            "lines",
            "vectorlabels",
            r#""vertices":[{"id":"p1","prevPointId":null,"x":0,"y":0,"isBezier":false},{"id":"p2","prevPointId":"p1","x":50,"y":20,"isBezier":false}],"closed":false,"vectorlabels":["rail"]"#,
        ),
        region("f4", "points", "keypointlabels", r#""x":7.5,"y":16,"width":0.5,"keypointlabels":["tip"]"#),
        r#"{"id":"q1","from_name":"sort","to_name":"image","type":"choices","value":{"choices":["old"]}}"#.to_owned(),
        r#"{"type":"relation","from_id":"f1","to_id":"f2","direction":"right","labels":["coupled"]}"#.to_owned(),
    ];
    check(&written, "image", r#""https://host/a.jpg""#, &results.each_ref().map(String::as_str));
    let config = r#"<View>
  <Image name="image" value="$image"/>
  <RectangleLabels name="boxes" toName="image">
    <Label value="car"/>
  </RectangleLabels>
  <PolygonLabels name="polygons" toName="image">
    <Label value="a &amp; &lt;b&gt;"/>
  </PolygonLabels>
  <VectorLabels name="lines" toName="image">
    <Label value="rail"/>
  </VectorLabels>
  <KeyPointLabels name="points" toName="image">
    <Label value="tip"/>
  </KeyPointLabels>
  <Relations>
    <Relation value="coupled"/>
  </Relations>
  <Header value="sort"/>
  <Choices name="sort" toName="image" choice="single">
    <Choice value="old"/>
  </Choices>
  <Header value="sort"/>
  <Choices name="sort (2)" toName="image" choice="single" perRegion="true">
    <Choice value="old"/>
  </Choices>
</View>
"#;
    assert_eq!(written.text("image/labels.xml"), config);
    let expect = [
        "1 ImageBoundingBox car kept",
        "1 ImagePoint tip kept",
        "1 ImagePolygon a & <b> kept",
        "1 ImagePolyline rail kept",
        "1 ImageUnidirectionalRelationship coupled kept",
        "1 ImageUnidirectionalRelationship coupled left_out one of the two that it relates is not written",
        "2 radio_answer sort kept",
    ];
    assert_eq!(written.losses, expect);
    assert_eq!(written.text("rows.csv").lines().nth(1), Some("clrow1,k1,,train,image/tasks.json,l1"));
}

#[test]
fn nothing_is_beyond_the_sides_of_the_picture() {
    let objects = [
        object("f1", CLASSES[0], "", r#""bounding_box":{"left":-10.0,"top":10.0,"width":40.0,"height":100.0}"#),
        object("f2", CLASSES[0], "", r#""bounding_box":{"left":100.0,"top":10.0,"width":40.0,"height":100.0}"#),
        object(
            "f3",
            CLASSES[1],
            "",
            r#""polygon":[{"x":-20.0,"y":0.0},{"x":20.0,"y":0.0},{"x":20.0,"y":20.0},{"x":-20.0,"y":20.0}]"#,
        ),
        object("f4", CLASSES[3], "", r#""point":{"x":100.5,"y":8.0}"#),
        object("f1", CLASSES[3], "", r#""point":{"x":100.0,"y":50.0}"#),
    ];
    let annotations = format!(r#"{{"objects":[{}],"classifications":[],"relationships":[]}}"#, objects.join(","));
    let written = written(IMAGE, r#""a.jpg""#, &annotations);
    let results = [
        region(
            "f1",
            "boxes",
            "rectanglelabels",
            r#""x":0,"y":20,"width":30,"height":80,"rotation":0,"rectanglelabels":["car"]"#,
        ),
        region(
            "f3",
            "polygons",
            "polygonlabels",
            r#""points":[[0,0],[20,0],[20,40],[0,40]],"closed":true,"polygonlabels":["a & <b>"]"#,
        ),
        // No two regions have one id.
        region("f1-2", "points", "keypointlabels", r#""x":100,"y":100,"width":0.5,"keypointlabels":["tip"]"#),
    ];
    check(&written, "image", r#""a.jpg""#, &results.each_ref().map(String::as_str));
    let expect = [
        "1 ImageBoundingBox car reduced to what of it is inside the picture",
        "1 ImageBoundingBox car left_out it lies outside the picture",
        "1 ImagePoint tip kept",
        "1 ImagePoint tip left_out it lies outside the picture",
        "1 ImagePolygon a & <b> reduced to what of it is inside the picture",
    ];
    assert_eq!(written.losses, expect);
}

#[test]
fn the_bytes_of_texts() {
    let location =
        |start: u32, end: u32, token: &str| format!(r#""location":{{"start":{start},"end":{end},"token":"{token}"}}"#);
    let annotations = format!(
        r#"{{"objects":[{},{},{}],"classifications":[{SORT}],"relationships":[{}]}}"#,
        object("f1", CLASSES[5], SORT, &location(2, 5, "Ulm\\n")),
        object("f2", CLASSES[5], "", &location(6, 8, "Ulm")),
        object("f3", CLASSES[5], "", &location(0, 2, "moved")),
        related("f4", 7, "bidirectional_relationship", "f2")
    )
    .replace("\\\\n", "\\n");
    let written = written(r#"{"asset_type":"text"}"#, r#""🌙 Ulm\nUlm""#, &annotations);
    let results = [
        r#"{"id":"f1","from_name":"entities","to_name":"text","type":"labels","value":{"start":2,"end":6,"text":"Ulm\n","labels":["place"]}}"#,
        r#"{"id":"f1","from_name":"sort (2)","to_name":"text","type":"choices","value":{"start":2,"end":6,"choices":["old"]}}"#,
        r#"{"id":"f2","from_name":"entities","to_name":"text","type":"labels","value":{"start":6,"end":9,"text":"Ulm","labels":["place"]}}"#,
        r#"{"type":"relation","from_id":"f1","to_id":"f2","direction":"bi","labels":["near"]}"#,
        r#"{"id":"r5","from_name":"sort","to_name":"text","type":"choices","value":{"choices":["old"]}}"#,
    ];
    check(&written, "text", r#""\ud83c\udf19 Ulm\nUlm""#, &results);
    let expect = [
        "1 TextBidirectionalRelationship near kept",
        "2 TextEntity place kept",
        "1 TextEntity place left_out its characters are not those that were stored with it",
        "2 radio_answer sort kept",
    ];
    assert_eq!(written.losses, expect);
}

#[test]
fn characters_of_messages_are_counted_as_browsers_do() {
    let chat = r#""{\"messages\":[{\"messageId\":\"m1\",\"content\":\"no\"},{\"messageId\":\"m2\",\"content\":\"🌙 Ulm\",\"user\":{\"name\":\"Ann\"}}]}""#;
    let place = r#""conversational_location":{"message_id":"m2","location":{"start":2,"end":4}}"#;
    let of_message = SORT.replace("\"radio_answer\"", "\"message_id\":\"m2\",\"conversational_radio_answer\"");
    let annotations = format!(
        r#"{{"objects":[{}],"classifications":[{of_message}],"relationships":[]}}"#,
        object("f1", CLASSES[6], "", place)
    );
    let written = written(r#"{"asset_type":"conversational"}"#, chat, &annotations);
    let shown = r#"[{"author":"","text":"no","id":"m1"},{"author":"Ann","text":"\ud83c\udf19 Ulm","id":"m2"}]"#;
    let results = [
        r#"{"id":"f1","from_name":"entities","to_name":"conversation","type":"paragraphlabels","value":{"start":"1","end":"1","startOffset":3,"endOffset":6,"text":"Ulm","paragraphlabels":["place"]}}"#,
        r#"{"id":"m2","from_name":"messages","to_name":"conversation","type":"paragraphlabels","value":{"start":"1","end":"1","startOffset":0,"endOffset":6,"paragraphlabels":["message"]}}"#,
        r#"{"id":"m2","from_name":"sort","to_name":"conversation","type":"choices","value":{"start":"1","end":"1","startOffset":0,"endOffset":6,"choices":["old"]}}"#,
    ];
    check(&written, "conversation", shown, &results);
    let config = r#"<View>
  <Paragraphs name="conversation" value="$conversation" layout="dialogue" nameKey="author" textKey="text"/>
  <ParagraphLabels name="entities" toName="conversation">
    <Label value="place"/>
  </ParagraphLabels>
  <ParagraphLabels name="messages" toName="conversation">
    <Label value="message"/>
  </ParagraphLabels>
  <Relations>
    <Relation value="near"/>
  </Relations>
  <Header value="sort"/>
  <Choices name="sort" toName="conversation" choice="single" perRegion="true">
    <Choice value="old"/>
  </Choices>
</View>
"#;
    assert_eq!(written.text("conversation/labels.xml"), config);
    assert_eq!(written.losses, ["1 ConversationalTextEntity place kept", "1 conversational_radio_answer - kept"]);
}

#[test]
fn the_bytes_of_recordings() {
    let words = r#"{"feature_id":"f2","feature_schema_id":"s11","name":"words","text_answer":{"content":"Clear?"}}"#;
    let annotations = format!(
        r#"{{"classifications":[],"segments":{{"o":[[200,2600],[3000,3100]],"f2":[[9,10]]}},"timestamp":{{"200":{{"classifications":[{SORT}]}},"500":{{"classifications":[{words}]}}}}}}"#
    );
    let written = written(r#"{"asset_type":"audio"}"#, r#""https://host/a.mp3""#, &annotations);
    let results = [
        r#"{"id":"q1","from_name":"moments","to_name":"audio","type":"labels","value":{"start":0.2,"end":2.6,"channel":0,"labels":["sort"]}}"#,
        r#"{"id":"q1","from_name":"sort","to_name":"audio","type":"choices","value":{"start":0.2,"end":2.6,"channel":0,"choices":["old"]}}"#,
        // Nothing says when the second ends.
        r#"{"id":"f2","from_name":"moments","to_name":"audio","type":"labels","value":{"start":0.5,"end":0.5,"channel":0,"labels":["words"]}}"#,
        r#"{"id":"f2","from_name":"words","to_name":"audio","type":"textarea","value":{"start":0.5,"end":0.5,"channel":0,"text":["Clear?"]}}"#,
    ];
    check(&written, "audio", r#""https://host/a.mp3""#, &results);
    assert!(written.text("audio/labels.xml").contains(r#"<Label value="sort"/>"#));
    assert_eq!(written.losses, ["1 radio_answer sort kept", "1 text_answer words kept"]);
}

#[test]
fn a_checklist_lasts_as_long_as_its_longest_option() {
    let option = |id: &str| format!(r#"{{"feature_id":"{id}","name":"{id}","classifications":[]}}"#);
    let tags = format!(
        r#"{{"feature_id":"f1","feature_schema_id":"s12","name":"tags","checklist_answers":[{},{}]}}"#,
        option("bell"),
        option("horn")
    );
    let annotations = format!(
        r#"{{"segments":{{"bell":[[200,900]],"horn":[[200,1500]]}},"timestamp":{{"200":{{"classifications":[{tags}]}},"-5":{{"classifications":[{SORT}]}}}}}}"#
    );
    let written = written(r#"{"asset_type":"audio"}"#, r#""a.mp3""#, &annotations);
    let results = [
        r#"{"id":"f1","from_name":"moments","to_name":"audio","type":"labels","value":{"start":0.2,"end":1.5,"channel":0,"labels":["tags"]}}"#,
        r#"{"id":"f1","from_name":"tags","to_name":"audio","type":"choices","value":{"start":0.2,"end":1.5,"channel":0,"choices":["bell","horn"]}}"#,
    ];
    check(&written, "audio", r#""a.mp3""#, &results);
    let expect = [
        "1 checklist_answers tags reduced to one range, as long as its longest option",
        "1 radio_answer sort left_out it begins before its recording",
    ];
    assert_eq!(written.losses, expect);
}

#[test]
fn the_bytes_of_videos() {
    let video = r#"{"asset_type":"video","width":100,"height":50,"frame_rate":10,"frame_count":40}"#;
    let on = |left: f64, answers: &str| {
        let shape = format!(r#""bounding_box":{{"left":{left:?},"top":0.0,"width":10.0,"height":10.0}}"#);
        format!(r#"{{"objects":{{"f1":{}}},"classifications":[]}}"#, object("f1", CLASSES[9], answers, &shape))
    };
    let annotations = |second: &str| {
        format!(
            r#"{{"frames":{{"2":{},"6":{}}},"segments":{{"f1":[[2,9]]}},"key_frame_feature_map":{{"f1":[2,6]}},"classifications":[]}}"#,
            on(0.0, SORT),
            on(20.0, second)
        )
    };
    let sides = |x: u32| format!(r#""x":{x},"y":0,"width":10,"height":20,"rotation":0"#);
    let bounds = format!(
        r#""framesCount":40,"duration":4,"sequence":[{{"frame":2,"enabled":true,{0},"time":0.2}},{{"frame":6,"enabled":true,{1},"time":0.6}},{{"frame":9,"enabled":false,{1},"time":0.9}}]"#,
        sides(0),
        sides(20)
    );
    let track = format!(
        r#"{{"id":"f1","from_name":"tracks","to_name":"video","type":"videorectangle","value":{{{bounds},"labels":["moving"]}}}}"#
    );
    let answer = format!(
        r#"{{"id":"f1","from_name":"sort","to_name":"video","type":"choices","value":{{{bounds},"choices":["old"]}}}}"#
    );
    let same = written(video, r#""https://host/a.mp4""#, &annotations(SORT));
    check(&same, "video", r#""https://host/a.mp4""#, &[&track, &answer]);
    assert_eq!(same.losses, ["2 VideoBoundingBox moving kept", "2 radio_answer sort kept"]);

    let changing = written(video, r#""https://host/a.mp4""#, &annotations(&SORT.replace("old", "new")));
    check(&changing, "video", r#""https://host/a.mp4""#, &[&track]);
    let left_out = "2 radio_answer sort left_out it is not the same on all key frames of its object, which has one answer \
                    for all of them";
    assert_eq!(changing.losses, ["2 VideoBoundingBox moving kept", left_out]);
}

#[test]
fn names_that_xml_cannot_hold_are_alike_in_both_files() {
    let odd = SORT.replace("\"sort\"", "\"s\\u000bt\"").replace("\"old\"", "\"\"");
    let annotations = format!(r#"{{"objects":[],"classifications":[{odd}],"relationships":[]}}"#);
    let written = written(IMAGE, r#""a.jpg""#, &annotations);
    let results =
        [r#"{"id":"q1","from_name":"s\ufffdt","to_name":"image","type":"choices","value":{"choices":["-"]}}"#];
    check(&written, "image", r#""a.jpg""#, &results);
    let declared = written.text("image/labels.xml");
    assert!(declared.contains("name=\"s\u{fffd}t\"") && declared.contains("<Choice value=\"-\"/>"), "{declared}");
}

#[test]
fn labels_are_chosen_as_in_other_formats() {
    use crate::write::chosen;
    assert_eq!((LABELS.name, LABELS.values), (chosen::LABELS.name, chosen::LABELS.values));
}

#[test]
fn only_data_types_that_occur_have_a_folder() {
    let written = written(r#"{"asset_type":"html"}"#, r#""https://host/a.html""#, r#"{"classifications":[]}"#);
    let paths: Vec<&str> = written.files.keys().map(String::as_str).collect();
    assert_eq!(paths, ["html/labels.xml", "html/tasks.json", "losses.ndjson", "rows.csv"]);
}
