//! What records become, and which are refused.

use super::*;
use crate::read::{Media, Nowhere};
use labelport_model::row::Label;

const ROW: &str = "cr00000000000000000000001";
const LABEL: &str = "cl00000000000000000000001";
const PROJECT: &str = "cp00000000000000000000001";
const SCHEMA: &str = "cs00000000000000000000001";

/// Returns a record with this `Label` and further members.
fn record(label: &str, members: &str) -> String {
    format!(
        r#"{{"ID":"{LABEL}","DataRow ID":"{ROW}","Labeled Data":"https://h/a","Label":{label},"Project Name":"Yard",
        "View Label":"https://e?project={PROJECT}&label={LABEL}"{members}}}"#
    )
}

fn read(record: &str) -> Result<Reading, RowProblem> {
    LabelboxV1.open(Box::new(Nowhere)).read(record.as_bytes())
}

/// Returns the only label of a record.
#[track_caller]
fn label_of(record: &str) -> Label {
    let mut row = read(record).unwrap().row;
    row.projects.remove(0).labels.unwrap().remove(0)
}

/// Compares the annotations of a label, given without its outer spaces.
#[track_caller]
fn check(label: &str, members: &str, expect: &str) {
    let stored = label_of(&record(label, members)).annotations;
    let expect = Document::parse(expect.as_bytes()).unwrap();
    assert_eq!(stored, expect.text());
}

#[track_caller]
fn check_object(given: &str, expect: &str) {
    check(
        &format!(r#"{{"objects":[{{"title":"a","value":"a",{given}}}],"classifications":[]}}"#),
        "",
        &format!(r#"{{"objects":[{{"name":"a","value":"a",{expect}}}],"classifications":[],"relationships":[]}}"#),
    );
}

#[test]
fn geometry_gets_its_name_of_today_and_keeps_its_numbers() {
    let none = r#""classifications":[]"#;
    for (given, expect) in [
        (
            r#""bbox":{"top":1,"left":2.50,"height":1e1,"width":-0}"#,
            format!(
                r#""annotation_kind":"ImageBoundingBox",{none},"bounding_box":{{"top":1,"left":2.50,"height":1e1,"width":-0}}"#
            ),
        ),
        (
            r#""polygon":[{"x":1,"y":2}]"#,
            format!(r#""annotation_kind":"ImagePolygon",{none},"polygon":[{{"x":1,"y":2}}]"#),
        ),
        (r#""line":[{"x":1,"y":2}]"#, format!(r#""annotation_kind":"ImagePolyline",{none},"line":[{{"x":1,"y":2}}]"#)),
        (r#""point":{"x":1,"y":2}"#, format!(r#""annotation_kind":"ImagePoint",{none},"point":{{"x":1,"y":2}}"#)),
        (
            r#""instanceURI":"https://h/m""#,
            format!(r#""annotation_kind":"ImageSegmentationMask",{none},"mask":{{"url":"https://h/m"}}"#),
        ),
        (
            r#""page":0,"unit":"POINTS","bbox":{"top":1,"left":2,"height":3,"width":4}"#,
            format!(
                r#""annotation_kind":"DocumentBoundingBox",{none},"page_number":0,"bounding_box":{{"top":1,"left":2,"height":3,"width":4}}"#
            ),
        ),
        (
            r#""page":0,"unit":"INCHES","bbox":{"top":1,"left":2,"height":3,"width":4}"#,
            format!(
                r#""annotation_kind":"DocumentBoundingBox",{none},"page_number":0,"bounding_box":{{"top":1,"left":2,"height":3,"width":4}},"legacy":{{"unit":"INCHES"}}"#
            ),
        ),
        (
            r#""data":{"location":{"start":0,"end":-1}},"format":"text.location","version":1"#,
            format!(r#""annotation_kind":"TextEntity",{none},"location":{{"start":0,"end":-1}}"#),
        ),
        (
            r#""data":{"location":{"start":1,"end":2,"messageId":"m"}},"format":"x","version":2"#,
            format!(
                r#""annotation_kind":"ConversationalTextEntity",{none},"conversational_location":{{"message_id":"m","location":{{"start":1,"end":2}}}},"legacy":{{"format":"x","version":2}}"#
            ),
        ),
        (
            r#""type":"polyline","geometry":{"type":"LineString","coordinates":[[1,2],[3,4]]}"#,
            format!(
                r#""annotation_kind":"GeoPolyline",{none},"geojson":{{"type":"LineString","coordinates":[[1,2],[3,4]]}}"#
            ),
        ),
        // A second geometry is kept.
        (
            r#""point":{"x":1,"y":2},"polygon":[{"x":0,"y":0}]"#,
            format!(
                r#""annotation_kind":"ImagePolygon",{none},"polygon":[{{"x":0,"y":0}}],"legacy":{{"point":{{"x":1,"y":2}}}}"#
            ),
        ),
    ] {
        check_object(given, &expect);
    }
}

#[test]
fn lists_in_lists_of_classifications_are_flat_and_answers_get_their_names() {
    let text = |name: &str| format!(r#"{{"title":"{name}","value":"{name}","answer":"x"}}"#);
    let stored = |name: &str| {
        format!(r#"{{"name":"{name}","value":"{name}","text_answer":{{"content":"x","classifications":[]}}}}"#)
    };
    let option = r#"{"title":"o","value":"o"}"#;
    let chosen = r#"{"name":"o","value":"o","classifications":[]}"#;
    let answers = format!(
        r#"[{a},[{b},[{c}]],{{"title":"r","answer":{option}}},{{"title":"l","answers":[{option}]}},
        {{"title":"d","answer":[{option}]}},{{"title":"n","answer":null}},{{"title":"m","messageId":"1","answer":"y"}}]"#,
        a = text("a"),
        b = text("b"),
        c = text("c")
    );
    let expect = format!(
        r#"[{a},{b},{c},{{"name":"r","radio_answer":{chosen}}},{{"name":"l","checklist_answers":[{chosen}]}},
        {{"name":"d","checklist_answers":[{chosen}],"legacy":{{"dropdown":true}}}},{{"name":"n"}},
        {{"name":"m","message_id":"1","conversational_text_answer":{{"content":"y","classifications":[]}}}}]"#,
        a = stored("a"),
        b = stored("b"),
        c = stored("c")
    );
    check(
        &format!(r#"{{"objects":[],"classifications":{answers}}}"#),
        "",
        &format!(r#"{{"objects":[],"classifications":{expect},"relationships":[]}}"#),
    );
    let reading = read(&record(&format!(r#"{{"classifications":{answers}}}"#), "")).unwrap();
    let counts = reading.counts.unwrap();
    assert_eq!((counts.classifications.read, counts.classifications.stored), (8, 8));
}

#[test]
fn what_has_no_key_today_is_kept_and_counted() {
    let label = r##"{"objects":[{"title":"a","color":"#fff","mood":[1.0],"point":{"x":1,"y":2}}],"tint":null}"##;
    let reading = read(&record(label, r#","Has Open Issues":1,"Data Split":null,"Extra":{"a":7}"#)).unwrap();
    let counts = reading.counts.unwrap();
    let names: Vec<&str> = counts.kept.keys().map(String::as_str).collect();
    assert_eq!(names, ["Extra", "Has Open Issues", "Label.tint", "View Label", "objects[].color", "objects[].mood"]);
    let label = reading.row.projects.into_iter().next().unwrap().labels.unwrap().remove(0);
    assert!(label.annotations.contains(r##""legacy":{"color":"#fff","mood":[1.0]}"##), "{}", label.annotations);
    let rest = label.rest.unwrap();
    assert!(rest.starts_with(r#""legacy":{"Label":{"tint":null},"View Label":"#), "{rest}");
    assert!(rest.ends_with(r#""Has Open Issues":1,"Extra":{"a":7}}"#), "{rest}");
}

#[test]
fn ids_come_from_the_link_or_from_names_and_are_always_the_same() {
    let project = |record: &str| read(record).unwrap().row.projects.remove(0).id.to_string();
    assert_eq!(project(&record("{}", "")), PROJECT);
    let unlinked = |name: &str| format!(r#"{{"ID":"x","DataRow ID":"y","Label":{{}},"Project Name":"{name}"}}"#);
    assert_eq!(project(&unlinked("Yard")), project(&unlinked("Yard")));
    assert_ne!(project(&unlinked("Yard")), project(&unlinked("Quay")));
    let reading = read(&unlinked("Yard")).unwrap();
    assert_eq!(reading.counts.unwrap().derived_ids, 2);
    let label = reading.row.projects.into_iter().next().unwrap().labels.unwrap().remove(0);
    assert_eq!(label.rest.as_deref(), Some(r#""legacy":{"DataRow ID":"y","ID":"x"}"#));
    // A row that is named by its keys alone is the same in every record.
    let by_key = r#"{"ID":"a","Global Key":"g","Label":{},"Project Name":"Yard"}"#;
    assert_eq!(read(by_key).unwrap().row.id, read(&by_key.replace("\"a\"", "\"b\"")).unwrap().row.id);
}

#[test]
fn a_row_is_of_the_type_that_the_record_shows() {
    let of = |data: &str, label: &str, members: &str| {
        let record = record(label, members).replace("https://h/a\"", &format!("{data}\""));
        read(&record).unwrap().row.data_type.map(|data_type| data_type.name)
    };
    let none = r#"{"objects":[],"classifications":[]}"#;
    assert_eq!(of("https://h/a", none, ""), None);
    assert_eq!(of("https://h/a.JPG?x=1", none, ""), Some("image"));
    assert_eq!(of("a few words", none, ""), Some("text"));
    assert_eq!(of("https://h/a", none, r#","media_type":"video""#), Some("video"));
    assert_eq!(of("https://h/a.jpg", none, r#","Media Attributes":{"assetType":"video"}"#), Some("video"));
    assert_eq!(of("https://h/a", r#"[{"frameNumber":1}]"#, ""), Some("video"));
    assert_eq!(of("https://h/a", r#"[{"frameNumber":1,"group":"Axial"}]"#, ""), Some("dicom"));
    assert_eq!(of("https://h/a", r#"{"classifications":[{"startMilliseconds":3,"answer":"x"}]}"#, ""), Some("audio"));
    assert_eq!(of(r#"{\"tileLayerUrl\":\"https://t\"}"#, none, ""), Some("geospatial"));
    assert_eq!(of(r#"{\"messages\":[]}"#, none, ""), Some("conversation"));
    let attributes = |media: &str| read(&record(none, &format!(r#","Media Attributes":{media}"#))).unwrap().row.media;
    let expect = r#"{"frame_rate":25,"asset_type":"video"}"#;
    assert_eq!(attributes(r#"{"frameRate":25,"assetType":"video"}"#).as_deref(), Some(expect));
    assert_eq!(attributes("{}").as_deref(), Some("{}"));
    // What a URL looks like is not said of the row, but what is drawn may say it.
    let media = |label: &str| read(&record(label, "").replace("https://h/a", "https://h/a.jpg")).unwrap().row.media;
    assert_eq!(media("{}").as_deref(), Some("{}"));
    assert_eq!(media(r#"[{"frameNumber":1}]"#).as_deref(), Some(r#"{"asset_type":"video"}"#));
}

#[test]
fn frames_have_segments_and_key_frames() {
    let object = |frame: u8, flag: &str| {
        format!(
            r#"{{"frameNumber":{frame},"objects":[{{"featureId":"f","title":"a","point":{{"x":{frame}.0,"y":0.0}}{flag}}}]}}"#
        )
    };
    let frames =
        format!("[{},{},{}]", object(4, ""), object(2, r#","keyframe":true"#), object(1, r#","keyframe":false"#));
    let stored = label_of(&record(&frames, "")).annotations;
    assert!(stored.starts_with(r#"{"frames":{"1":"#), "{stored}");
    assert!(
        stored.ends_with(r#""segments":{"f":[[1,2],[4,4]]},"key_frame_feature_map":{"f":[2,4]},"classifications":[]}"#)
    );
    // A frame that the key frames give is not stored.
    let line = format!("[{},{},{}]", object(1, ""), object(2, r#","keyframe":false"#), object(3, ""));
    let label = label_of(&record(&line, ""));
    assert!(!label.annotations.contains("\"2\":{"), "{}", label.annotations);
    // Frames in an object are the same.
    assert_eq!(label_of(&record(&format!("{{\"frames\":{frames}}}"), "")).annotations, stored);
}

#[test]
fn objects_without_ids_get_the_same_ids_on_every_frame() {
    let point = r#"{"title":"a","point":{"x":1,"y":2}}"#;
    let frame = |number: u8| format!(r#"{{"frameNumber":{number},"objects":[{point},{point}]}}"#);
    let stored = label_of(&record(&format!("[{},{}]", frame(1), frame(2)), "")).annotations;
    let document = Document::parse(stored.as_bytes()).unwrap();
    let ids = |number: &str| -> Vec<String> {
        let frame = document.root().get("frames").and_then(|frames| frames.get(number)).unwrap();
        frame.get("objects").unwrap().members().map(|(id, _)| id.to_owned()).collect()
    };
    assert_eq!((ids("1").len(), ids("1")), (2, ids("2")));
}

#[test]
fn members_with_names_of_ours_are_no_trouble() {
    let label = r#"{"frames":"https://h/f","Label":1,"legacy":2}"#;
    let rest = label_of(&record(label, r#","frames":3,"legacy":4"#)).rest.unwrap();
    let expect = r#""legacy":{"Label":{"frames":"https://h/f","Label":1,"legacy":2},"View Label":"#;
    assert!(rest.starts_with(expect) && rest.ends_with(r#""frames":3,"legacy":4}"#), "{rest}");
    let label = r#"{"classifications":[{"title":"q","answer":[],"dropdown":5,"legacy":6}]}"#;
    let stored = label_of(&record(label, "")).annotations;
    assert!(stored.contains(r#""legacy":{"dropdown":true,"legacy":6}"#), "{stored}");
}

#[test]
fn a_label_whose_frames_are_elsewhere_says_so() {
    let label = label_of(&record(r#"{"frames":"https://h/frames"}"#, ""));
    assert!(label.is_elsewhere);
    assert!(label.rest.unwrap().contains(r#""frames":"https://h/frames""#));
    let reading = read(&record(r#"{"frames":"https://h/frames"}"#, "")).unwrap();
    assert_eq!(reading.counts.unwrap().frame_files_elsewhere, 1);
}

/// A world with one file of frames.
struct OneFile(&'static str);

impl World for OneFile {
    fn run_name(&self) -> &str {
        "run"
    }

    fn frames(&mut self, address: &str) -> Result<Media<Vec<u8>>, String> {
        if address == "frames" { Ok(Media::Here(self.0.into())) } else { Err("there is none; add it".to_owned()) }
    }

    fn mask(&mut self, place: &str, _: &str) -> Media<String> {
        Media::Here(format!("here:{place}"))
    }
}

#[test]
fn frames_are_read_from_a_file_of_lines_or_an_array() {
    let of = |text, address: &str| {
        let record = record(&format!(r#"{{"frames":"{address}"}}"#), "");
        LabelboxV1.open(Box::new(OneFile(text))).read(record.as_bytes())
    };
    let one = r#"{"frameNumber":1,"objects":[{"featureId":"f","title":"a","instanceURI":"https://h/m"}]}"#;
    let stored = |text| {
        let row = of(text, "frames").unwrap().row;
        row.projects.into_iter().next().unwrap().labels.unwrap().remove(0).annotations
    };
    let lines: &'static str = Box::leak(format!("\n{one}\n\n").into_boxed_str());
    let array: &'static str = Box::leak(format!(" [{one}]").into_boxed_str());
    assert_eq!(stored(lines), stored(array));
    let url = format!(r#""mask":{{"url":"here:/api/v1/projects/{PROJECT}/annotations/f/index/1/mask"}}"#);
    assert!(stored(lines).contains(&url), "{}", stored(lines));
    for (text, address, expect) in [
        (
            "{}",
            "frames",
            "Label.frames: the frames in \"frames\" cannot be read: line 1: the key \"frameNumber\" is missing",
        ),
        ("\n{\"frameNumber\":0}", "frames", "line 2: frameNumber: 0 is below 1"),
        ("{", "frames", "line 1: "),
        (
            "[{\"frameNumber\":\"3\"}]",
            "frames",
            "[0].frameNumber: expected a number, found the string \"3\"; write it without",
        ),
        ("", "other", "cannot be read: there is none; add it"),
    ] {
        let problem = of(text, address).unwrap_err();
        assert!(problem.reason.contains(expect), "{}", problem.reason);
    }
}

#[track_caller]
fn check_refused(record: &str, expect: &str) {
    let problem = read(record).unwrap_err();
    assert!(problem.reason.starts_with(expect), "{}", problem.reason);
    assert!(problem.offset < record.len());
}

#[test]
fn what_is_wrong_is_refused_with_its_place_and_a_remedy() {
    let in_object = |geometry: &str| record(&format!(r#"{{"objects":[{{"title":"a",{geometry}}}]}}"#), "");
    for (geometry, expect) in [
        (
            r#""bbox":{"top":"12","left":1,"height":1,"width":1}"#,
            "Label.objects[0].bbox.top: expected a number, found the string \"12\"; write it without quotes",
        ),
        (r#""bbox":{"top":1,"left":1,"height":1}"#, "Label.objects[0].bbox: the key \"width\" is missing"),
        (r#""bbox":[1,2,3,4]"#, "Label.objects[0].bbox: expected an object, found an array"),
        (r#""polygon":[{"x":1}]"#, "Label.objects[0].polygon[0]: the key \"y\" is missing"),
        (r#""polygon":[]"#, "Label.objects[0].polygon: this is not the geometry of a polygon"),
        (r#""line":{"x":1}"#, "Label.objects[0].line: expected an array"),
        (r#""point":{"x":true,"y":1}"#, "Label.objects[0].point.x: expected a number, found a boolean"),
        (
            r#""data":{"location":{"start":5,"end":2}}"#,
            "Label.objects[0].data.location: the start 5 is after the end 2; swap",
        ),
        (r#""data":{"location":{"start":-3,"end":2}}"#, "Label.objects[0].data.location.start: -3 is below 0"),
        (r#""data":{}"#, "Label.objects[0].data: the key \"location\" is missing"),
        (
            r#""type":"star","geometry":{"coordinates":[1,2]}"#,
            "Label.objects[0].type: \"star\" is no shape on a map; use",
        ),
        (
            r#""type":"point","geometry":{"coordinates":[["1",2]]}"#,
            "Label.objects[0].geometry.coordinates[0][0]: expected a number",
        ),
        (
            r#""type":"polygon","geometry":{"coordinates":[1,2]}"#,
            "Label.objects[0].geometry: this is not the geometry of a polygon on a map",
        ),
        (r#""geometry":{"coordinates":[1,2]}"#, "Label.objects[0]: the key \"type\" is missing"),
        (r#""x":1"#, "Label.objects[0]: the object has no geometry; expected one of"),
        (
            r#""title2":1,"featureId":7,"point":{"x":1,"y":1}"#,
            "Label.objects[0].featureId: expected a string, found a number",
        ),
        (r#""classifications":[7],"point":{"x":1,"y":1}"#, "Label.objects[0].classifications[0]: expected an object"),
        (
            r#""classifications":[{"answer":7}],"point":{"x":1,"y":1}"#,
            "Label.objects[0].classifications[0].answer: expected a text, an option",
        ),
        (r#""unidirectionalRelationship":7"#, "Label.objects[0].unidirectionalRelationship: expected an object"),
    ] {
        check_refused(&in_object(geometry), expect);
    }
    for (label, expect) in [
        ("\"Skip\"", "Label: expected an object, or an array of frames, found a string"),
        ("null", "the key \"Label\" is missing"),
        (r#"{"objects":{}}"#, "Label.objects: expected an array, found an object"),
        (r#"{"frames":7}"#, "Label.frames: expected an array of frames, or the path or URL"),
        (r#"[{"frameNumber":1},{"frameNumber":1}]"#, "Label[1]: frame 1 occurs twice"),
        (r#"[{"frameNumber":1,"group":"Up"}]"#, "Label[0].group: \"Up\" is no axis; use Axial"),
        (r#"[{"frameNumber":1,"group":"Axial"},{"frameNumber":2}]"#, "Label[1]: some frames have a group"),
        (
            r#"[{"frameNumber":1,"objects":[{"featureId":"f","point":{"x":1,"y":1}},{"featureId":"f","point":{"x":1,"y":1}}]}]"#,
            "Label[0].objects[1]: the object \"f\" occurs twice on this frame",
        ),
        (r#"[7]"#, "Label[0]: expected an object"),
    ] {
        check_refused(&record(label, ""), expect);
    }
    for (members, expect) in [
        (r#","Created At":"yesterday""#, "Created At: \"yesterday\" is not a time; write it as"),
        (r#","Agreement":"-1""#, "Agreement: expected a number, found the string \"-1\""),
        (r#","Seconds to Label":[]"#, "Seconds to Label: expected a number"),
        (r#","Skipped":"no""#, "Skipped: expected true or false, found a string"),
        (r#","Reviews":[{"score":"1"}]"#, "Reviews[0].score: expected a number, found the string"),
        (r#","Reviews":{}"#, "Reviews: expected an array"),
        (r#","DataRow Metadata":[7]"#, "DataRow Metadata[0]: expected an object"),
        (r#","Media Attributes":[]"#, "Media Attributes: expected an object"),
        (r#","Global Key":7"#, "Global Key: expected a string"),
    ] {
        check_refused(&record("{}", members), expect);
    }
    check_refused("7", "expected a record of a v1 export");
    check_refused(r#"{"data_row":{"id":"x"}}"#, "this is a row of export v2");
    check_refused(r#"{"Label":{}}"#, "nothing names the project; add \"Project Name\"");
    check_refused(r#"{"Label":{},"Project Name":"x"}"#, "nothing names the data row");
    let run = r#"{"ID":"u","DataRow ID":"r","Label":{},"Data Split":"some"}"#;
    check_refused(run, "Data Split: \"some\" is no data split; use training");
}

#[test]
fn an_empty_label_is_a_label_without_annotations() {
    for (label, members, skipped) in
        [("{}", r#","Skipped":true"#, true), ("{}", "", false), (r#"{"objects":[]}"#, "", false)]
    {
        let label = label_of(&record(label, members));
        assert_eq!(label.annotations, r#"{"objects":[],"classifications":[],"relationships":[]}"#);
        let expect = format!(r#"{{"seconds_to_create":0,"seconds_to_review":0,"skipped":{skipped}}}"#);
        assert_eq!(label.performance, Some(expect));
    }
    let video = label_of(&record("{}", r#","media_type":"video","Skipped":true"#));
    assert!(video.annotations.starts_with(r#"{"frames":{},"segments":{}"#), "{}", video.annotations);
}

#[test]
fn features_become_an_ontology() {
    let object = |color: &str, answer: &str| {
        format!(
            r#"{{"schemaId":"{SCHEMA}","title":"Crane","value":"crane"{color},"point":{{"x":1,"y":2}},"classifications":[
            {{"title":"State","value":"state","answer":{{"title":"{answer}","value":"{answer}"}}}}]}}"#
        )
    };
    let label = format!(
        r##"{{"objects":[{},{}],"classifications":[{{"title":"Note","answer":"x"}}]}}"##,
        object(r##","color":"#123456""##, "idle"),
        object("", "busy")
    );
    let gathered = *read(&record(&label, "")).unwrap().gathered.unwrap();
    assert_eq!((gathered.project_id.as_str(), gathered.project_name.as_deref()), (PROJECT, Some("Yard")));
    let normalized = gathered.features.to_normalized();
    let document = Document::parse(normalized.as_bytes()).unwrap();
    assert_eq!(document.text(), normalized, "no JSON in normal form");
    let tools: Vec<Value<'_>> = document.root().get("tools").unwrap().elements().collect();
    let [tool] = tools[..] else { panic!("{normalized}") };
    let text = |value: Value<'_>, key: &str| value.get(key).and_then(Value::as_text).unwrap().into_owned();
    assert_eq!((text(tool, "featureSchemaId"), text(tool, "tool")), (SCHEMA.to_owned(), "point".to_owned()));
    assert_eq!((text(tool, "name"), text(tool, "color")), ("Crane".to_owned(), "#123456".to_owned()));
    let question = tool.get("classifications").unwrap().elements().next().unwrap();
    let options: Vec<String> =
        question.get("options").unwrap().elements().map(|option| text(option, "label")).collect();
    assert_eq!((text(question, "type"), options), ("radio".to_owned(), vec!["idle".to_owned(), "busy".to_owned()]));
    assert_eq!(document.root().get("classifications").unwrap().elements().count(), 1);
    crate::read::labelbox_lines::Ontology::parse(&normalized).unwrap();
}
