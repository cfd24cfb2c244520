//! How each kind of annotation is written, and the rows around them.

use super::*;
use labelport_model::losses::Losses;
use labelport_model::record::{Annotations, DetailsRecord, LabelRecord, ModelRecord, ProjectRecord, RunRecord};

const ID: &str = "cjhfk1o2f0a1b2c3d4e5f6g7h";
const SCHEMA: &str = "ckabc1o2f0a1b2c3d4e5f6g7h";

/// Returns a feature with these members after its own.
fn feature(members: &str) -> String {
    format!(r#"{{"feature_id":"{ID}","feature_schema_id":"{SCHEMA}","name":"Car","value":"car",{members}}}"#)
}

/// Returns how the feature above reads in the old format, without its braces.
fn named() -> String {
    format!(r#""featureId":"{ID}","schemaId":"{SCHEMA}","title":"Car","value":"car""#)
}

fn record<'a>(head: &'a [u8], projects: &'a [ProjectRecord<'a>], models: &'a [ModelRecord<'a>]) -> Record<'a> {
    Record {
        head,
        details: Some(DetailsRecord { dataset: br#""dataset_id":"d","dataset_name":"Yard""#, members: b"" }),
        media: Some(br#"{"height":2,"asset_type":"image","mime_type":"image/png","exif_rotation":1}"#),
        attachments: None,
        metadata: None,
        embeddings: None,
        projects: Some(projects),
        models: Some(models),
        rest: b"",
    }
}

fn label_of(annotations: &str) -> LabelRecord<'_> {
    LabelRecord {
        head: br#""label_kind":"Default","version":"1.0.0","id":"L1""#,
        details: None,
        performance: None,
        annotations: Annotations::Stored(annotations.as_bytes()),
        rest: b"",
    }
}

fn project_of<'a>(labels: &'a [LabelRecord<'a>]) -> ProjectRecord<'a> {
    ProjectRecord { id: "P1", name: Some(br#""Cars""#), labels, details: None, tags: None, rest: b"" }
}

fn written(format: &dyn Format, record: &Record<'_>) -> String {
    let (mut streams, mut files, mut losses) = ([Vec::new()], Vec::new(), Losses::default());
    let about = About::default();
    let mut entries = Entries {
        streams: &mut streams,
        files: &mut files,
        assets: &mut Vec::new(),
        losses: &mut losses,
        is_survey: false,
    };
    format.open(&about).unwrap().row(record, &mut Numbers::default(), &mut entries);
    let [out] = streams;
    let text = String::from_utf8(out).unwrap();
    for line in text.lines() {
        assert_eq!(Document::parse(line.as_bytes()).unwrap().text(), line, "no JSON in normal form");
    }
    text
}

/// Returns a text as it is stored.
fn stored(json: &str) -> String {
    Document::parse(json.as_bytes()).unwrap().text().to_owned()
}

/// Returns the `Label` of a label with these annotations.
fn label_with(legacy: Legacy<'_>, annotations: &str) -> String {
    let annotations = stored(annotations);
    let labels = [label_of(&annotations)];
    let line =
        written(&LegacyJson(legacy), &record(br#""id":"R1","row_data":"https://h/a""#, &[project_of(&labels)], &[]));
    Document::parse(line.trim_end().as_bytes()).unwrap().root().get("Label").unwrap().raw().to_owned()
}

/// Blue for everything, so that expectations stay short.
const BLUE: Legacy<'static> = Legacy { color: &|_| Some("#0000ff".to_owned()), ..Legacy::PLAIN };

#[track_caller]
fn check_object(members: &str, expect: &str) {
    let label =
        label_with(BLUE, &format!(r#"{{"objects":[{}],"classifications":[],"relationships":[]}}"#, feature(members)));
    let head = named().replace(r#""title""#, r##""color":"#0000ff","title""##);
    assert_eq!(label, format!(r#"{{"objects":[{{{head},{expect}}}],"classifications":[],"relationships":[]}}"#));
}

#[test]
fn geometry_has_its_old_name() {
    let none = r#""classifications":[]"#;
    check_object(
        r#""classifications":[],"bounding_box":{"top":1.0,"left":2.5,"height":3.0,"width":4}"#,
        &format!(r#""bbox":{{"top":1.0,"left":2.5,"height":3.0,"width":4}},{none}"#),
    );
    check_object(r#""polygon":[{"x":1.0,"y":2.0}]"#, &format!(r#""polygon":[{{"x":1.0,"y":2.0}}],{none}"#));
    check_object(r#""line":[{"x":1.0,"y":2.0}]"#, &format!(r#""line":[{{"x":1.0,"y":2.0}}],{none}"#));
    check_object(r#""point":{"x":1.0,"y":2.0}"#, &format!(r#""point":{{"x":1.0,"y":2.0}},{none}"#));
    check_object(r#""mask":{"url":"https://h/m"}"#, &format!(r#""instanceURI":"https://h/m",{none}"#));
    check_object(
        r#""composite_mask":{"url":"https://h/m","color_rgb":[1,2,3]}"#,
        &format!(r#""instanceURI":"https://h/m",{none}"#),
    );
    check_object(
        r#""page_number":0,"bounding_box":{"top":1,"left":2,"height":3,"width":4},"page_dimensions":{"height":1}"#,
        &format!(r#""bbox":{{"top":1,"left":2,"height":3,"width":4}},"page":0,"unit":"POINTS",{none}"#),
    );
    let end = format!(r#""format":"text.location","version":1,{none}"#);
    check_object(
        r#""location":{"start":1,"end":2,"token":"ab"}"#,
        &format!(r#""data":{{"location":{{"start":1,"end":2}}}},{end}"#),
    );
    check_object(
        r#""conversational_location":{"message_id":"m","location":{"start":1,"end":2}}"#,
        &format!(r#""data":{{"location":{{"start":1,"end":2,"messageId":"m"}}}},{end}"#),
    );
    check_object(
        r#""location":{"groups":[{"id":"g","page_number":1,"tokens":["t"],"text":"x"}]}"#,
        &format!(
            r#""data":{{"location":[{{"text-bbox":{{"page":1}},"groupId":"g","tokenIds":["t"],"text":"x"}}],"unit":"POINTS"}},{none}"#
        ),
    );
}

#[test]
fn geometry_on_maps_names_its_shape() {
    for (kind, shape, coordinates, name) in [
        ("GeoBoundingBox", "Polygon", "[[[1.5,2],[3,4]]]", "rectangle"),
        ("GeoPolygon", "Polygon", "[[[1.5,2],[3,4]]]", "polygon"),
        ("GeoPolyline", "LineString", "[[1.5,2],[3,4]]", "polyline"),
        ("GeoPoint", "Point", "[1.5,2]", "point"),
    ] {
        check_object(
            &format!(r#""annotation_kind":"{kind}","geojson":{{"type":"{shape}","coordinates":{coordinates}}}"#),
            &format!(r#""type":"{name}","geometry":{{"coordinates":{coordinates}}},"classifications":[]"#),
        );
    }
}

#[track_caller]
fn check_classifications(list: &str, expect: &str) {
    let label = label_with(BLUE, &format!(r#"{{"classifications":[{list}]}}"#));
    assert_eq!(label, format!(r#"{{"objects":[],"classifications":[{expect}],"relationships":[]}}"#));
    // The same below an object.
    check_object(&format!(r#""classifications":[{list}]"#), &format!(r#""classifications":[{expect}]"#));
}

#[test]
fn classifications_are_one_flat_list() {
    let named = named();
    let plain = |name: &str| format!(r#"{{"name":"{name}","classifications":[]}}"#);
    check_classifications(
        &feature(&format!(r#""radio_answer":{}"#, plain("a"))),
        &format!(r#"{{{named},"answer":{{"title":"a","value":"a"}}}}"#),
    );
    check_classifications(
        &feature(&format!(r#""checklist_answers":[{},{}]"#, plain("a"), plain("b"))),
        &format!(r#"{{{named},"answers":[{{"title":"a","value":"a"}},{{"title":"b","value":"b"}}]}}"#),
    );
    check_classifications(
        &feature(r#""text_answer":{"content":"\u00e4","classifications":[]}"#),
        &format!(r#"{{{named},"answer":"\u00e4"}}"#),
    );
    let text = |name: &str| format!(r#"{{"name":"{name}","text_answer":{{"content":"x"}}}}"#);
    let nested = format!(r#"{{"name":"a","classifications":[{},{}]}}"#, text("b"), text("c"));
    let (b, c) = (r#"{"title":"b","value":"b","answer":"x"}"#, r#"{"title":"c","value":"c","answer":"x"}"#);
    check_classifications(
        &format!("{},{}", feature(&format!(r#""radio_answer":{nested}"#)), text("c")),
        &format!(r#"{{{named},"answer":{{"title":"a","value":"a"}}}},{b},{c},{c}"#),
    );
    check_classifications(&format!("[{},[{}]]", text("b"), text("c")), &format!("{b},{c}"));
    check_classifications(
        &feature(&format!(r#""message_id":"m","conversational_radio_answer":{}"#, plain("a"))),
        &format!(r#"{{{named},"messageId":"m","answer":{{"title":"a","value":"a"}}}}"#),
    );
}

#[test]
fn classifications_of_sound_keep_their_start() {
    let annotations = r#"{"classifications":[],"segments":{},"timestamp":{"150":{"classifications":[
        {"name":"a","text_answer":{"content":"x"}}]}}}"#;
    assert_eq!(
        label_with(BLUE, annotations),
        r#"{"objects":[],"classifications":[{"title":"a","value":"a","startMilliseconds":150,"answer":"x"}],"relationships":[]}"#
    );
}

#[test]
fn relationships_stand_once_and_in_their_own_list() {
    let relation = |id: &str| {
        format!(r#"{{"feature_id":"{id}","name":"r","unidirectional_relationship":{{"source":"a","target":"b"}}}}"#)
    };
    let (one, two) = (ID, SCHEMA);
    let annotations =
        format!(r#"{{"objects":[{},{}],"relationships":[{}]}}"#, relation(one), relation(two), relation(one));
    let expect = |id: &str| {
        format!(
            r#"{{"featureId":"{id}","title":"r","value":"r","unidirectionalRelationship":{{"source":"a","target":"b"}}}}"#
        )
    };
    assert_eq!(
        label_with(BLUE, &annotations),
        format!(r#"{{"objects":[],"classifications":[],"relationships":[{},{}]}}"#, expect(one), expect(two))
    );
}

#[test]
fn ids_of_another_length_are_left_out() {
    let annotations = r#"{"objects":[{"feature_id":"short","feature_schema_id":7,"name":"a","point":{}}]}"#;
    let label = label_with(BLUE, annotations);
    assert!(label.starts_with(r##"{"objects":[{"color":"#0000ff","title":"a","value":"a","point":{}"##), "{label}");
}

const VIDEO: &str = r#"{"frames":{
    "10":{"objects":{"f1":{"feature_id":"f1","name":"a","point":{"x":2}}},"classifications":[]},
    "2":{"objects":{"f1":{"feature_id":"f1","name":"a","point":{"x":1}}},
         "classifications":[{"name":"c","text_answer":{"content":"x"}}]}},
  "segments":{"f1":[[2,10]]},"key_frame_feature_map":{"f1":[2]},
  "classifications":[{"name":"g","text_answer":{"content":"y"}}]}"#;

/// The lines of the frames above.
fn video_lines() -> [String; 2] {
    let object = |x: u8, is_key: bool| {
        format!(
            r##"{{"color":"#0000ff","title":"a","value":"a","point":{{"x":{x}}},"keyframe":{is_key},"classifications":[]}}"##
        )
    };
    let text = |name: &str, content: &str| format!(r#"{{"title":"{name}","value":"{name}","answer":"{content}"}}"#);
    let (whole, own) = (text("g", "y"), text("c", "x"));
    [
        format!(r#"{{"frameNumber":2,"classifications":[{whole},{own}],"objects":[{}]}}"#, object(1, true)),
        format!(r#"{{"frameNumber":10,"classifications":[],"objects":[{}]}}"#, object(2, false)),
    ]
}

#[test]
fn frames_are_lines_in_order_behind_a_url_or_in_the_row() {
    let [first, second] = video_lines();
    let mut out = Vec::new();
    BLUE.video_frames(Annotations::Stored(stored(VIDEO).as_ref()), &mut out);
    assert_eq!(String::from_utf8(out).unwrap(), format!("{first}\n{second}\n"));
    assert_eq!(label_with(BLUE, VIDEO), format!("[{first},{second}]"));
    let served = Legacy { frames: Frames::Served(&|id| format!("https://h/{id}/frames")), ..BLUE };
    assert_eq!(label_with(served, VIDEO), r#"{"frames":"https://h/L1/frames"}"#);
}

#[track_caller]
fn check_key_frame(map: &str, expect: bool) {
    let annotations = format!(r#"{{"frames":{{"5":{{"objects":{{"f":{{"feature_id":"f","point":{{}}}}}}}}}}{map}}}"#);
    let mut out = Vec::new();
    BLUE.video_frames(Annotations::Stored(annotations.as_ref()), &mut out);
    let line = String::from_utf8(out).unwrap();
    assert!(line.contains(&format!(r#""keyframe":{expect}"#)), "{line}");
}

#[test]
fn key_frames_are_those_that_the_map_names() {
    check_key_frame("", true);
    check_key_frame(r#","key_frame_feature_map":{}"#, true);
    check_key_frame(r#","key_frame_feature_map":{"f":[4,5]}"#, true);
    check_key_frame(r#","key_frame_feature_map":{"f":[4,6]}"#, false);
    check_key_frame(r#","key_frame_feature_map":{"f":{"5":true}}"#, true);
    check_key_frame(r#","key_frame_feature_map":{"f":{"5":false}}"#, false);
}

#[test]
fn a_video_without_frames_keeps_its_classifications() {
    let mut out = Vec::new();
    BLUE.video_frames(
        Annotations::Stored(r#"{"frames":{},"classifications":[{"name":"g","text_answer":{"content":"y"}}]}"#.as_ref()),
        &mut out,
    );
    let expect = r#"{"frameNumber":1,"classifications":[{"title":"g","value":"g","answer":"y"}],"objects":[]}"#;
    assert_eq!(String::from_utf8(out).unwrap(), format!("{expect}\n"));
    let mut out = Vec::new();
    for nothing in ["{}", "no JSON", r#"{"frames":[1],"groups":7}"#, r#"{"frames":{"x":{}}}"#] {
        BLUE.video_frames(Annotations::Stored(nothing.as_ref()), &mut out);
    }
    assert_eq!(out, b"");
}

#[test]
fn slices_say_which_group_they_are_of() {
    let annotations = r#"{"groups":{"Axial":{"name":"Axial","classifications":[],"frames":{
        "1":{"objects":{"f":{"feature_id":"f","name":"a","point":{}}},"classifications":[]}}},"Coronal":{"frames":{}}},
        "key_frame_feature_map":{"f":{"Axial":{"2":true}}}}"#;
    let label = label_with(BLUE, annotations);
    assert!(label.starts_with(r#"[{"frameNumber":1,"group":"Axial","classifications":[],"objects":[{"#), "{label}");
    assert!(label.contains(r#""keyframe":false"#), "{label}");
}

#[test]
fn a_row_of_a_project_has_every_key() {
    let label = LabelRecord {
        details: Some(
            br#"{"created_at":"2025-02-17T07:30:00.120+00:00","updated_at":"2025-02-17T08:30:00+00:00","created_by":"a@b",
                "reviews":[{"reviewed_at":"2025-02-18T08:30:00.000+00:00","reviewed_by":"c@d"}]}"#,
        ),
        performance: Some(
            br#"{"seconds_to_create":12,"seconds_to_review":3,"skipped":false,"benchmark_reference_label":"L0",
                "benchmark_score":0.5,"consensus_score":1.0}"#,
        ),
        ..label_of("{}")
    };
    let legacy = Legacy { editor_url: "https://h/editor", has_open_issues: &|id| id == "L1", ..BLUE };
    let labels = [label, label_of("{}")];
    let fields: &[&[u8]] = &[
        br#"{"schema_id":"s","schema_name":"n","schema_kind":"CustomMetadataNumber","value":1.50}"#,
        br#"{"schema_id":"s","schema_name":"n","schema_kind":"CustomMetadataEnum","value":[{"schema_name":"o"}]}"#,
    ];
    let head = br#""id":"R1","external_id":"e","global_key":"g","row_data":"https://h/a.png""#;
    let projects = [project_of(&labels)];
    let record = Record { metadata: Some(fields), ..record(head, &projects, &[]) };
    let empty = r#"{"objects":[],"classifications":[],"relationships":[]}"#;
    let start = |who: &str, times: &str| {
        format!(
            r#"{{"ID":"L1","DataRow ID":"R1","Labeled Data":"https://h/a.png","Label":{empty},"Created By":{who},"Project Name":"Cars",{times}"#
        )
    };
    let metadata = concat!(
        r#""DataRow Metadata":[{"schemaId":"s","name":"n","value":1.50,"kind":"CustomMetadataNumber"},"#,
        r#"{"schemaId":"s","name":"n","value":"o","kind":"CustomMetadataEnum"}],"#,
        r#""Media Attributes":{"height":2,"assetType":"image","mimeType":"image/png","exifRotation":1},"media_type":"image"}"#
    );
    let first = [
        start(r#""a@b""#, r#""Created At":"2025-02-17T07:30:00.120Z","Updated At":"2025-02-17T08:30:00.000Z","#),
        r#""Seconds to Label":12,"External ID":"e","Global Key":"g","Agreement":1.0,"Benchmark Agreement":0.5,"#
            .to_owned(),
        r#""Benchmark ID":"L0","Dataset Name":"Yard","Reviews":[{"score":1,"id":"L1-0","#.to_owned(),
        r#""createdAt":"2025-02-18T08:30:00.000Z","createdBy":"c@d","labelId":"L1"}],"#.to_owned(),
        r#""View Label":"https://h/editor?project=P1&label=L1","Has Open Issues":1,"Skipped":false,"#.to_owned(),
        metadata.to_owned(),
    ];
    let second = [
        start("null", r#""Created At":null,"Updated At":null,"#),
        r#""Seconds to Label":0,"External ID":"e","Global Key":"g","Agreement":-1,"Benchmark Agreement":-1,"#
            .to_owned(),
        r#""Benchmark ID":null,"Dataset Name":"Yard","Reviews":[],"#.to_owned(),
        r#""View Label":"https://h/editor?project=P1&label=L1","Has Open Issues":1,"Skipped":false,"#.to_owned(),
        metadata.to_owned(),
    ];
    assert_eq!(written(&LegacyJson(legacy), &record), format!("{}\n{}\n", first.concat(), second.concat()));
}

#[test]
fn a_skipped_label_is_empty() {
    for annotations in [VIDEO, r#"{"objects":[]}"#] {
        let label = LabelRecord { performance: Some(br#"{"skipped":true}"#), ..label_of(annotations) };
        let line = written(&LegacyJson(BLUE), &record(br#""id":"R1""#, &[project_of(&[label])], &[]));
        assert!(line.contains(r#""Label":{},"#) && line.contains(r#""Skipped":true"#), "{line}");
    }
}

#[test]
fn tiles_are_named_as_readers_know_them() {
    let labels = [label_of("{}")];
    let line = |row_data: &str| {
        let head = format!(r#""id":"R1","row_data":"{}""#, row_data.replace('"', "\\\""));
        written(&LegacyJson(BLUE), &record(head.as_bytes(), &[project_of(&labels)], &[]))
    };
    let tiles = line(r#"{"tile_layer_url":"https://t","min_zoom":1,"epsg":"EPSG4326"}"#);
    let expect = r#""Labeled Data":"{\"tileLayerUrl\":\"https://t\",\"minZoom\":1,\"epsg\":\"EPSG4326\"}""#;
    assert!(tiles.contains(expect), "{tiles}");
    let text = line("{ not a tile_layer_url");
    assert!(text.contains(r#""Labeled Data":"{ not a tile_layer_url""#), "{text}");
}

#[test]
fn a_row_of_a_model_run_has_all_its_labels() {
    let one = label_of(r#"{"objects":[{"name":"a","point":{}}]}"#);
    let two = label_of(r#"{"objects":[{"name":"b","point":{}}]}"#);
    let labels = [one, two];
    let run = |labels, tail| RunRecord {
        id: "run",
        name: None,
        head: br#""run_data_row_id":"u""#,
        labels,
        predictions: None,
        tail,
    };
    let runs = [run(&labels[..], &br#""split":"TRAINING""#[..]), run(&[], b"")];
    let model = ModelRecord { id: "m", name: None, runs: &runs, rest: b"" };
    let models = [model];
    let text = written(&LegacyRun(BLUE), &record(br#""id":"R1","external_id":"e","row_data":"x""#, &[], &models));
    let row = |split: &str, objects: &str| {
        format!(
            concat!(
                r#"{{"ID":"u","Data Split":{},"DataRow ID":"R1","Labeled Data":"x","External ID":"e","#,
                r#""Media Attributes":{{"height":2,"assetType":"image","mimeType":"image/png","exifRotation":1}},"#,
                r#""Label":{{"objects":[{}],"classifications":[],"relationships":[]}}}}"#
            ),
            split, objects
        )
    };
    let object = |name: &str| {
        format!(r##"{{"color":"#0000ff","title":"{name}","value":"{name}","point":{{}},"classifications":[]}}"##)
    };
    let first = row(r#""training""#, &format!("{},{}", object("a"), object("b")));
    assert_eq!(text, format!("{first}\n{}\n", row("null", "")));
}

#[test]
fn a_mask_is_where_the_caller_serves_it() {
    let served = Legacy { mask_url: &|id, _| Some(format!("https://here/{id}")), ..BLUE };
    let label = label_with(served, &format!(r#"{{"objects":[{}]}}"#, feature(r#""mask":{"url":"https://h/m"}"#)));
    assert!(label.contains(&format!(r#""instanceURI":"https://here/{ID}""#)), "{label}");
}

#[test]
fn values_of_an_unexpected_kind_are_left_out_or_kept() {
    let lists = |objects: &str, classifications: &str| {
        format!(r#"{{"objects":[{objects}],"classifications":[{classifications}],"relationships":[]}}"#)
    };
    for (annotations, expect) in [
        ("[]", lists("", "")),
        (r#"{"objects":{"a":1},"classifications":7,"relationships":"x"}"#, lists("", "")),
        (r#"{"objects":[1,null,"x",[]],"classifications":[1,null,[[]]]}"#, lists("", "")),
        (
            r#"{"objects":[{"location":1,"conversational_location":2,"geojson":3,"mask":4,"classifications":5}]}"#,
            lists(
                r##"{"color":"#0000ff","title":"","value":"","location":1,"conversationalLocation":2,"geojson":3,"mask":4,"classifications":[]}"##,
                "",
            ),
        ),
        (
            r#"{"classifications":[{"radio_answer":1},{"checklist_answers":2},{"text_answer":3}]}"#,
            lists("", r#"{"title":"","value":""},{"title":"","value":""},{"title":"","value":""}"#),
        ),
        (
            r#"{"frames":{"1":7,"2":{"objects":[1],"classifications":{}}},"key_frame_feature_map":1}"#,
            r#"[{"frameNumber":1,"classifications":[],"objects":[]},{"frameNumber":2,"classifications":[],"objects":[]}]"#
                .to_owned(),
        ),
        (r#"{"groups":{"a":1,"b":{"frames":[]}}}"#, "[]".to_owned()),
        (r#"{"timestamp":{"x":{"classifications":[{}]},"1":2}}"#, lists("", r#"{"title":"","value":""}"#)),
    ] {
        assert_eq!(label_with(BLUE, annotations), expect, "{annotations}");
    }
}

#[test]
fn what_a_record_had_is_given_back() {
    check_object(
        r##""point":{"x":1,"y":2},"legacy":{"color":"#0000ff","mood":1.0,"point":7,"title":"no"}"##,
        r#""point":{"x":1,"y":2},"mood":1.0,"classifications":[]"#,
    );
    let label = label_with(
        BLUE,
        r##"{"objects":[{"name":"a","point":{"x":1,"y":2},"legacy":{"color":"#123456"}}],"classifications":[
            {"name":"q","checklist_answers":[{"name":"o","legacy":{"weight":1}}],"legacy":{"dropdown":true,"scope":"x"}}]}"##,
    );
    let object = r##"{"color":"#123456","title":"a","value":"a","point":{"x":1,"y":2},"classifications":[]}"##;
    let question = r#"{"title":"q","value":"q","answer":[{"title":"o","value":"o","weight":1}],"scope":"x"}"#;
    assert_eq!(label, format!(r#"{{"objects":[{object}],"classifications":[{question}],"relationships":[]}}"#));
    let rest = br#""legacy":{"Label":{"tint":1,"relationships":[{"from":"x"}]},"Has Open Issues":1,"View Label":"u","Extra":2}"#;
    let labels = [LabelRecord { rest, ..label_of(r#"{"objects":[]}"#) }];
    let line = written(&LegacyJson(BLUE), &record(br#""id":"R1""#, &[project_of(&labels)], &[]));
    assert!(
        line.contains(r#""Label":{"objects":[],"classifications":[],"relationships":[{"from":"x"}],"tint":1}"#),
        "{line}"
    );
    assert!(line.contains(r#""View Label":"https://editor.labelbox.com?"#) && line.contains(r#""Has Open Issues":1"#));
    assert!(line.ends_with(",\"Extra\":2}\n"), "{line}");
}

#[test]
fn frames_that_were_not_read_are_where_the_record_said() {
    let rest = br#""legacy":{"Label":{"frames":"https://h/frames"}}"#;
    let labels = [LabelRecord { rest, ..label_of(r#"{"frames":{}}"#) }];
    for frames in [Frames::Inline, Frames::Served(&|id| format!("https://here/{id}"))] {
        let line = written_with(&Legacy { frames, ..BLUE }, &labels);
        assert!(line.contains(r#""Label":{"frames":"https://h/frames"}"#), "{line}");
    }
}

fn written_with(legacy: &Legacy<'_>, labels: &[LabelRecord<'_>]) -> String {
    let mut out = Vec::new();
    row::write_labels(legacy, &record(br#""id":"R1""#, &[project_of(labels)], &[]), &mut out);
    String::from_utf8(out).unwrap()
}
