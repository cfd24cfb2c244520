//! Reading and writing, kind by kind, and whatever a label may hold.

use super::*;
use crate::json::Document;
use proptest::prelude::*;

fn annotations(text: &str) -> Vec<Annotation<'_>> {
    read(text).collect::<Result<_, _>>().unwrap()
}

/// Reads a text and writes it back; the result must be the text, and the annotations those that are counted.
#[track_caller]
fn check_identity(text: &str) {
    let mut written = Vec::new();
    rewrite(text, &mut written, &mut |_| {}).unwrap();
    assert_eq!(String::from_utf8(written).unwrap(), text);
    let document = Document::parse(text.as_bytes()).unwrap();
    assert_eq!(document.text(), text, "the test is not in normal form");
    let mut counted = Vec::new();
    for_each(document.root(), &mut |mark| counted.push(format!("{mark:?}")));
    let mut marks = Vec::new();
    annotations(text).iter().for_each(|found| found.for_each_mark(&mut |mark| marks.push(format!("{mark:?}"))));
    // A classification among unknown members is counted in another order.
    counted.sort();
    marks.sort();
    assert_eq!(marks, counted);
}

/// Reads one object of a label and compares its shape, and that nothing of it was left unread.
#[track_caller]
fn check_shape(kind: &str, geometry: &str, expect: &Shape<'_>) {
    let text = format!(
        r#"{{"objects":[{{"feature_id":"f","name":"a","annotation_kind":"{kind}","classifications":[],{geometry}}}]}}"#
    );
    check_identity(&text);
    let found = annotations(&text);
    let [Annotation { body: Body::Object(object), .. }] = &found[..] else { panic!("{found:?}") };
    assert_eq!(object.shape.as_ref(), Some(expect));
    assert_eq!(object.layout, Layout::default(), "something was kept as it came");
}

fn number(text: &str) -> Number<'_> {
    Number::spelled(text).unwrap()
}

fn point<'a>(x: &'a str, y: &'a str) -> Point<'a> {
    Point { x: number(x), y: number(y), ..Point::default() }
}

fn text(text: &str) -> Option<Text<'static>> {
    Some(Text::new(text))
}

#[test]
fn shapes_on_images_and_pages() {
    let rect = Rect {
        top: number("1.0"),
        left: number("2.5"),
        height: number("3"),
        width: number("4.125"),
        layout: Layout::default(),
    };
    let stored = r#""bounding_box":{"top":1.0,"left":2.5,"height":3,"width":4.125}"#;
    check_shape("ImageBoundingBox", stored, &Shape::Box(rect.clone()));
    check_shape("VideoBoundingBox", stored, &Shape::Box(rect.clone()));
    let page = format!(r#""page_number":0,{stored},"page_dimensions":{{"height":792.0,"width":612.0}}"#);
    check_shape("DocumentBoundingBox", &page, &Shape::PageBox(rect));
    check_shape("ImagePoint", r#""point":{"x":33.5,"y":71.25}"#, &Shape::Point(point("33.5", "71.25")));
    let corners = vec![point("1.0", "2.0"), point("3.0", "2.0"), point("3.0", "9.0"), point("1.0", "2.0")];
    let list = r#"[{"x":1.0,"y":2.0},{"x":3.0,"y":2.0},{"x":3.0,"y":9.0},{"x":1.0,"y":2.0}]"#;
    check_shape("ImagePolyline", &format!(r#""line":{list}"#), &Shape::Line(corners.clone()));
    assert_eq!(open_ring(&corners), &corners[..3]);
    assert_eq!(open_ring(&corners[..3]), &corners[..3]);
    check_shape("ImagePolygon", &format!(r#""polygon":{list}"#), &Shape::Polygon(corners));
}

#[test]
fn masks_have_a_picture_of_their_own_or_one_with_others() {
    let instance = Some(Instance { url: text("u"), layout: Layout::default() });
    let composite = Some(Composite { url: text("v"), color_rgb: Some([0, 128, 255]), layout: Layout::default() });
    let (own, shared) = (r#""mask":{"url":"u"}"#, r#""composite_mask":{"url":"v","color_rgb":[0,128,255]}"#);
    let mask = Mask { instance, composite };
    assert_eq!(mask.url(), text("u").as_ref());
    check_shape("ImageSegmentationMask", &format!("{own},{shared}"), &Shape::Mask(mask.clone()));
    check_shape("ImageSegmentationMask", own, &Shape::Mask(Mask { composite: None, ..mask.clone() }));
    check_shape("DICOMSegmentationMask", shared, &Shape::Mask(Mask { instance: None, ..mask }));
}

#[test]
fn spans_end_after_their_last_character() {
    let span = Span { start: 8, end: 12, token: text("Mara"), layout: Layout::default() };
    check_shape("TextEntity", r#""location":{"start":8,"end":11,"token":"Mara"}"#, &Shape::Span(span.clone()));
    let empty = Span { start: 0, end: 0, token: None, layout: Layout::default() };
    check_shape("TextEntity", r#""location":{"start":0,"end":-1}"#, &Shape::Span(empty));
    let span = MessageSpan { message_id: text("m0"), span: Span { token: None, ..span }, layout: Layout::default() };
    let stored = r#""conversational_location":{"message_id":"m0","location":{"start":8,"end":11}}"#;
    check_shape("ConversationalTextEntity", stored, &Shape::MessageSpan(span));
    let group = TokenGroup {
        id: text("g"),
        page_number: Some(1),
        tokens: Some(vec![Text::new("t"), Text::new("u")]),
        text: text("MV Mara"),
        layout: Layout::default(),
    };
    let stored = r#""location":{"groups":[{"id":"g","page_number":1,"tokens":["t","u"],"text":"MV Mara"}]}"#;
    let tokens = Tokens { groups: vec![group], layout: Layout::default() };
    check_shape("DocumentEntityToken", stored, &Shape::Tokens(tokens));
}

#[test]
fn shapes_on_maps_are_degrees() {
    let position =
        |longitude, latitude| Position { longitude: number(longitude), latitude: number(latitude), altitude: None };
    let check = |kind, name: &str, stored: &str, expect| {
        let geojson = format!(r#""geojson":{{"type":"{name}","coordinates":{stored}}}"#);
        check_shape(kind, &geojson, &Shape::Geo(Geo::new(expect)));
    };
    check("GeoPoint", "Point", "[-3.75,43.45]", Coordinates::Point(position("-3.75", "43.45")));
    let high = Position { altitude: Some(number("7")), ..position("-3.75", "43.45") };
    check("GeoPoint", "Point", "[-3.75,43.45,7]", Coordinates::Point(high));
    let (here, there) = (position("1.0", "2.0"), position("3.0", "4.5"));
    let line = vec![here.clone(), there.clone()];
    check("GeoPolyline", "LineString", "[[1.0,2.0],[3.0,4.5]]", Coordinates::Line(line));
    let ring = vec![vec![here.clone(), there, here]];
    let stored = "[[[1.0,2.0],[3.0,4.5],[1.0,2.0]]]";
    check("GeoPolygon", "Polygon", stored, Coordinates::Polygon(ring.clone()));
    check("GeoBoundingBox", "Polygon", stored, Coordinates::Box(ring));
}

#[test]
fn relations_and_judgements_of_messages() {
    let relation = Relation { source: text("a"), target: text("b"), ..Relation::default() };
    let ends = r#"{"source":"a","target":"b"}"#;
    let stored = format!(r#""unidirectional_relationship":{ends}"#);
    check_shape("ImageUnidirectionalRelationship", &stored, &Shape::Relation(relation.clone()));
    let stored = format!(r#""bidirectional_relationship":{ends}"#);
    let mutual = Relation { direction: Direction::Mutual, ..relation };
    check_shape("TextBidirectionalRelationship", &stored, &Shape::Relation(mutual));
    let named = Relation { source_ontology_name: text("part"), target: text("b"), ..Relation::default() };
    let stored = r#""unidirectional_relationship":{"source_ontology_name":"part","target":"b"}"#;
    check_shape("DocumentUnidirectionalRelationship", stored, &Shape::Relation(named));

    let (message_id, model_config_name, parent_message_id) = (text("m1"), text("model a"), text("m0"));
    let choice = MessageChoice {
        message_id: message_id.clone(),
        model_config_name: model_config_name.clone(),
        parent_message_id: parent_message_id.clone(),
        layout: Layout::default(),
    };
    let stored = r#""selected_message":{"message_id":"m1","model_config_name":"model a","parent_message_id":"m0"}"#;
    check_shape("MessageSingleSelection", stored, &Shape::MessageChoice(choice));
    let message = Message { message_id, model_config_name, ..Message::default() };
    let choices = MessageChoices {
        messages: vec![message.clone()],
        parent_message_id: parent_message_id.clone(),
        layout: Layout::default(),
    };
    let stored = r#""selected_messages":{"messages":[{"message_id":"m1","model_config_name":"model a"}],"parent_message_id":"m0"}"#;
    check_shape("MessageMultiSelection", stored, &Shape::MessageChoices(choices));
    let messages = vec![Message { order: Some(2), ..message }];
    let ranks = MessageRanks { messages, parent_message_id, layout: Layout::default() };
    let stored = r#""ranked_messages":{"ranked_messages":[{"message_id":"m1","model_config_name":"model a","order":2}],"parent_message_id":"m0"}"#;
    check_shape("MessageRanking", stored, &Shape::MessageRanks(ranks));
}

#[test]
fn answers_lead_to_questions() {
    let text = r#"{"classifications":[{"feature_id":"c1","name":"shift","radio_answer":{"feature_id":"o1","name":"day","value":"day","classifications":[{"feature_id":"c2","name":"why","text_answer":{"content":"caf\u00e9","classifications":[]}}]}},{"feature_id":"c3","name":"tags","checklist_answers":[{"feature_id":"o2","name":"wet","classifications":[]},{"feature_id":"o3","name":"dry"}],"confidence":0.5,"custom_metrics":[{"name":"iou","value":1}]},{"feature_id":"c4","message_id":"m0","conversational_text_answer":{"content":"x"}}]}"#;
    check_identity(text);
    let found = annotations(text);
    let classifications: Vec<_> = found
        .iter()
        .map(|found| match &found.body {
            Body::Classification(classification) => classification,
            Body::Object(object) => panic!("{object:?}"),
        })
        .collect();
    let [radio, checklist, words] = classifications[..] else { panic!("{found:?}") };
    let nested: Vec<_> = radio.nested().map(|answered| answered.feature.name.clone()).collect();
    assert_eq!(nested, [self::text("why")]);
    let Some(Answer::Checklist(choices)) = &checklist.answer else { panic!("{checklist:?}") };
    assert_eq!(choices.items.len(), 2);
    assert_eq!(checklist.scores.confidence, Some(number("0.5")));
    assert_eq!((words.message_id.clone(), words.subject), (self::text("m0"), Subject::Message));
    assert_eq!(words.answer_key(), "conversational_text_answer");
    let mut names = Vec::new();
    radio.for_each(&mut |answered| names.push(answered.feature.name.as_ref().unwrap().get().into_owned()));
    assert_eq!(names, ["shift", "why"]);
}

#[test]
fn places_say_where_an_annotation_is() {
    let video = r#"{"frames":{"3":{"objects":{"f":{"annotation_kind":"VideoPoint"}},"classifications":[{"name":"gate"}]}},"segments":{"f":[[3,4]]},"classifications":[{"name":"whole"}]}"#;
    check_identity(video);
    let on_frame = Place { frame: Some(3), ..Place::default() };
    let places: Vec<_> = annotations(video).into_iter().map(|found| found.place).collect();
    assert_eq!(
        places,
        [
            Place { key: Some("f"), ..on_frame.clone() },
            Place { list: Holder::Classifications, ..on_frame },
            Place { list: Holder::Classifications, ..Place::default() },
        ]
    );
    let frame = r#"{"objects":{"f":{"annotation_kind":"VideoPoint"}},"classifications":[{"name":"gate"}]}"#;
    let places: Vec<_> = read_frame(frame, 3).map(|found| found.unwrap().place).collect();
    let on_frame = Place { frame: Some(3), ..Place::default() };
    assert_eq!(
        places,
        [Place { key: Some("f"), ..on_frame.clone() }, Place { list: Holder::Classifications, ..on_frame }]
    );
    let series = r#"{"groups":{"Axial":{"name":"Axial","classifications":[{"name":"a"}],"frames":{"2":{"objects":{"f":{"annotation_kind":"DICOMPolyline"}}}}},"Coronal":{"frames":{}}},"classifications":[{"name":"whole"}]}"#;
    check_identity(series);
    let places: Vec<_> = annotations(series).into_iter().map(|found| found.place).collect();
    let axial = Place { axis: Some("Axial"), ..Place::default() };
    assert_eq!(
        places,
        [
            Place { list: Holder::Classifications, ..axial.clone() },
            Place { key: Some("f"), frame: Some(2), ..axial },
            Place { list: Holder::Classifications, ..Place::default() },
        ]
    );
    let sound = r#"{"classifications":[],"segments":{},"timestamp":{"200":{"classifications":[{"name":"a"}]}}}"#;
    check_identity(sound);
    assert_eq!(annotations(sound)[0].place.start_ms, Some(200));
    let lists = r#"{"objects":[{"annotation_kind":"ImagePoint"}],"relationships":[{"annotation_kind":"X"}],"orbits":[[{"x":{"annotation_kind":"Orbit3D"}}]]}"#;
    check_identity(lists);
    let holders: Vec<_> = annotations(lists).into_iter().map(|found| found.place.list).collect();
    assert_eq!(holders, [Holder::Objects, Holder::Relationships, Holder::Unknown]);
}

#[test]
fn what_is_unknown_is_kept_as_it_came_and_counted() {
    for text in [
        "null",
        "7",
        "[]",
        "{}",
        // Keys in another order, keys that nobody knows, and members of another type.
        r#"{"objects":[{"point":{"y":1,"x":2.50},"annotation_kind":"ImagePoint","name":null,"feature_id":7,"glow":[1,{"a":"}"}]}]}"#,
        r#"{"objects":[{"annotation_kind":"ImageBoundingBox","bounding_box":{"left":1,"angle":30,"top":2,"width":3,"height":4}}]}"#,
        r#"{"objects":[{"annotation_kind":"ImagePoint","point":{"x":1}},{"annotation_kind":"ImagePolygon","polygon":[{"x":1,"y":2},7]}]}"#,
        // A second shape, and one that is said in another spelling.
        r#"{"objects":[{"annotation_kind":"X","point":{"x":1,"y":2},"line":[{"x":1,"y":2}],"location":{"start":1.0,"end":2}}]}"#,
        r#"{"objects":[{"annotation_kind":"GeoPolygon","geojson":{"coordinates":[[[1,2]]],"type":"Polygon","bbox":[]}}]}"#,
        r#"{"objects":[{"annotation_kind":"GeoPolygon","geojson":{"type":"MultiPolygon","coordinates":[[[[1,2]]]]}}]}"#,
        r#"{"objects":[{"annotation_kind":"X","composite_mask":{"color_rgb":[0,0,256],"url":"u"},"mask":{"url":"v","size":1}}]}"#,
        // A list in a list, and an object among classifications.
        r#"{"classifications":[[{"name":"a","radio_answer":{}}],7,{"name":"b","annotation_kind":"X"},{"name":"c"}]}"#,
        r#"{"classifications":[[{"annotation_kind":"X","classifications":[{"name":"a"}]}]]}"#,
        r#"{"orbits":{"classifications":[[{"name":"a"}],{"name":"b"}]},"classifications":[[[{"text_answer":{"glow":{}}}]]]}"#,
        r#"{"objects":[{"annotation_kind":"X","classifications":[[{"name":"a"}],{"name":"b","annotation_kind":"Y"},{"name":"c"}]}]}"#,
        // No kind, and things that are not objects.
        r#"{"objects":[{"name":"a","classifications":[{"name":"b"}]},7,[{"name":"c"}]],"relationships":{"name":"d"}}"#,
        r#"{"frames":{"1":{"objects":{"f":{"name":"a","inner":{"annotation_kind":"X"}}}}}}"#,
        r#"{"objects":[{"annotation_kind":"GeoPolygon","geojson":{"type":"Polygon","coordinates":[]}}]}"#,
        // Several answers, none, and answers of other types.
        r#"{"classifications":[{"text_answer":{"content":"x"},"radio_answer":{"name":"y"}},{"dropdown_answer":7},{"checklist_answers":{}},{"radio_answer":null}]}"#,
        // Annotations in places that no type has.
        r#"{"objects":[{"annotation_kind":"X","point":{"x":1,"y":2,"at":{"annotation_kind":"Y","classifications":[{"name":"z"}]}}}]}"#,
        r#"{"frames":{"1":{"annotation_kind":"F","objects":{"f":{"annotation_kind":"G"}},"classifications":[{"name":"c"}]}}}"#,
        r#"{"annotation_kind":7,"frames":{"x":7,"2":[{"classifications":[{"name":"c"}]}]}}"#,
        r#"{"classifications":[{"checklist_answers":[{"name":"a","annotation_kind":"K","classifications":[{"name":"b"}]},9]}]}"#,
    ] {
        check_identity(text);
    }
}

#[test]
fn annotations_that_no_type_holds_are_reported_as_unread() {
    let text = r#"{"objects":[{"annotation_kind":"X","classifications":[{"name":"a"}],"inner":{"annotation_kind":"Y","classifications":[{"name":"z"}]}},{"annotation_kind":"X","glow":{"a":1}}]}"#;
    let unread: Vec<_> = annotations(text).iter().map(Annotation::count_unread).collect();
    assert_eq!(unread, [2, 0]);
}

#[test]
fn edits_are_written_and_nothing_else_changes() {
    let text = r#"{"objects":[{"glow":1,"annotation_kind":"X","name":"old","mask":{"url":"u"}}],"segments":{}}"#;
    let mut written = Vec::new();
    let outcome = rewrite(text, &mut written, &mut |annotation| {
        let Body::Object(object) = &mut annotation.body else { return };
        object.feature.name = self::text("new");
        object.scores.confidence = Some(Number::new(0.5));
    });
    assert_eq!(outcome, Ok(()));
    let expect = r#"{"objects":[{"glow":1,"annotation_kind":"X","name":"new","mask":{"url":"u"},"confidence":0.5}],"segments":{}}"#;
    assert_eq!(String::from_utf8(written).unwrap(), expect);
}

#[test]
fn a_text_that_is_cut_off_is_an_error() {
    let text = r#"{"frames":{"3":{"objects":{"f":{"annotation_kind":"VideoPoint","point":{"x":1.0,"y":-2}}},"classifications":[{"name":"a\"b","radio_answer":{"name":"c","classifications":[]}}]}}}"#;
    check_identity(text);
    for end in 0..text.len() {
        let outcome: Result<Vec<_>, _> = read(&text[..end]).collect();
        assert!(outcome.is_err(), "{}", &text[..end]);
    }
    let mut after = read("{}x");
    assert!(after.next().unwrap().is_err() && after.next().is_none());
}

#[test]
fn answers_may_be_nested_as_deep_as_json_may() {
    // Each level takes four levels of JSON, of which there are 512.
    let levels = crate::json::DEPTH_LIMIT / 4;
    let open = r#"{"classifications":[{"name":"a","radio_answer":"#.repeat(levels);
    let text = format!("{open}{{}}{}", "}]}".repeat(levels));
    check_identity(&text);
    let mut marks = 0;
    annotations(&text)[0].for_each_mark(&mut |_| marks += 1);
    assert_eq!(marks, levels);
}

/// Keys that mean something somewhere.
const KEYS: &[&str] = &[
    "objects",
    "classifications",
    "relationships",
    "frames",
    "groups",
    "timestamp",
    "segments",
    "1",
    "Axial",
    "feature_id",
    "name",
    "annotation_kind",
    "message_id",
    "radio_answer",
    "checklist_answers",
    "text_answer",
    "conversational_radio_answer",
    "content",
    "bounding_box",
    "top",
    "left",
    "height",
    "width",
    "point",
    "line",
    "polygon",
    "x",
    "y",
    "mask",
    "composite_mask",
    "url",
    "color_rgb",
    "location",
    "start",
    "end",
    "token",
    "groups",
    "conversational_location",
    "geojson",
    "type",
    "coordinates",
    "unidirectional_relationship",
    "target",
    "page_number",
    "confidence",
    "custom_metrics",
    "glow",
];

fn any_json() -> impl Strategy<Value = String> {
    let words = ["null", "true", "0", "-1", "7.50", "1e3", "\"a\"", "\"Polygon\"", "\"\\u00e9\\\"\"", "[1,2]", "{}"];
    let leaf = prop::sample::select(words.to_vec()).prop_map(str::to_owned);
    leaf.prop_recursive(7, 60, 6, |inner| {
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..4).prop_map(|each| format!("[{}]", each.join(","))),
            3 => prop::collection::vec((prop::sample::select(KEYS), inner), 0..6).prop_map(|members| {
                let mut seen = std::collections::BTreeSet::new();
                let members = members.into_iter().filter(|(key, _)| seen.insert(*key));
                let members: Vec<String> = members.map(|(key, value)| format!("\"{key}\":{value}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn whatever_a_label_holds_is_written_back_and_counted(text in any_json()) {
        check_identity(&text);
    }

    /// What is not JSON in normal form is an error in the text, or comes out as it went in.
    #[test]
    fn any_text_is_written_back_or_refused(
        text in prop_oneof![
            "\\PC{0,40}",
            (any_json(), any::<prop::sample::Index>(), "[\\[\\]{}:,\"\\\\ a0\u{e9}-]{0,3}").prop_map(|(json, at, extra)| {
                let (before, after) = json.split_at(at.index(json.len()));
                format!("{before}{extra}{after}")
            }),
        ],
    ) {
        let mut written = Vec::new();
        match rewrite(&text, &mut written, &mut |_| {}) {
            Ok(()) => prop_assert_eq!(String::from_utf8(written).unwrap(), text),
            Err(error) => prop_assert!(error.offset <= text.len()),
        }
    }
}
