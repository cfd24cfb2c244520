//! Every way in which a line fails, and that it fails alone.

use super::*;

/// Converts a line between two good ones; the error must have the name and the message.
#[track_caller]
fn check_with(subject: &Subject<'_>, line: &str, name: &str, message: &str) {
    let good = r#"{"uuid":"good","name":"note","answer":"a"}"#;
    let lines = [good, line, r#"{"name":"note","answer":"b"}"#];
    let converted = run(subject, &lines, Purpose::Label, &mut Toy::default());
    let error = converted.outcomes[1].clone().expect_err("the line was taken");
    assert_eq!((error.name(), error.message().as_str()), (name, message));
    assert!(converted.outcomes[0].is_ok() && converted.outcomes[2].is_ok());
    let annotations = converted.annotations.unwrap();
    let data_type = subject.data_type.unwrap();
    check_row(&annotations, data_type);
    assert_eq!(annotations.matches("text_answer").count(), 2, "{annotations}");
}

#[track_caller]
fn check(data_type: &str, line: &str, name: &str, message: &str) {
    check_with(&subject(data_type), line, name, message);
}

#[test]
fn lines_that_are_no_annotations() {
    check(
        "image",
        "{",
        "InvalidJson",
        "the line is not JSON: byte 1: the text ends inside a JSON value: the line is cut off",
    );
    check(
        "image",
        r#"{"name":"lamp","point":{"x":NaN,"y":1}}"#,
        "InvalidJson",
        "the line is not JSON: byte 28: NaN is not a JSON number; write null or leave the key out",
    );
    check("image", "[]", "InvalidValue", "expected an object, found an array");
    check(
        "image",
        r#"{"name":"lamp"}"#,
        "NoAnnotation",
        "the line has nothing to annotate; add an answer, a relationship or one of bbox, line, mask, \
         messageEvaluationTask, point, polygon, location, textSelections",
    );
    check(
        "image",
        r#"{"name":"lamp","point":null}"#,
        "NoAnnotation",
        "the line has nothing to annotate; add an answer, a relationship or one of bbox, line, mask, messageEvaluationTask, point, polygon, location, textSelections",
    );
    check("image", r#"{"uuid":7,"name":"lamp"}"#, "InvalidValue", "at uuid: expected a string, found a number");
    check(
        "image",
        r#"{"uuid":"good","name":"lamp","point":{"x":1,"y":1}}"#,
        "DuplicateUuid",
        "at uuid: the uuid \"good\" is used by an earlier line of this row; give each line its own",
    );
}

#[test]
fn features_that_the_ontology_does_not_have() {
    let unknown = |what: &str, wanted: &str, at: &str| {
        format!("at {at}: the ontology has no {what} \"{wanted}\" here; add it to the ontology or correct the line")
    };
    let point = r#""point":{"x":1,"y":1}"#;
    check("image", &format!(r#"{{"name":"sub",{point}}}"#), "FeatureNotFound", &unknown("tool", "sub", "name"));
    check("image", &format!(r#"{{"schemaId":"x",{point}}}"#), "FeatureNotFound", &unknown("tool", "x", "schemaId"));
    check("image", &format!(r#"{{"name":"note",{point}}}"#), "FeatureNotFound", &unknown("tool", "note", "name"));
    check("image", &format!(r#"{{{point}}}"#), "MissingKey", "the key name is missing");
    check("image", r#"{"name":"lamp","answer":"a"}"#, "FeatureNotFound", &unknown("classification", "lamp", "name"));
    check(
        "image",
        r#"{"name":"shift","answer":{"name":"dusk"}}"#,
        "FeatureNotFound",
        &unknown("option", "dusk", "answer.name"),
    );
    check(
        "image",
        r#"{"name":"shift","answer":{"name":"day","classifications":[{"name":"note","answer":"a"}]}}"#,
        "FeatureNotFound",
        &unknown("classification", "note", "answer.classifications[0].name"),
    );
    check(
        "image",
        r#"{"name":"part_of","relationship":{"target":"good","type":"unidirectional","sourceOntologyName":"x"}}"#,
        "FeatureNotFound",
        &unknown("feature", "x", "relationship.sourceOntologyName"),
    );
    check(
        "video",
        r#"{"masks":{"frames":[],"instances":[{"name":"x","colorRGB":[1,1,1]}]}}"#,
        "FeatureNotFound",
        &unknown("tool", "x", "masks.instances[0].name"),
    );
}

#[test]
fn tools_that_draw_something_else() {
    let mismatch = |feature: &str, tool: &str, key: &str, at: &str| {
        format!(
            "at {at}: \"{feature}\" is a {tool} in the ontology, which {key} cannot draw; use another feature or \
             another geometry"
        )
    };
    check(
        "image",
        r#"{"name":"boat","point":{"x":1,"y":1}}"#,
        "ToolMismatch",
        &mismatch("boat", "rectangle", "point", "point"),
    );
    check(
        "image",
        r#"{"name":"boat","relationship":{"source":"a","target":"b","type":"unidirectional"}}"#,
        "ToolMismatch",
        &mismatch("boat", "rectangle", "relationship", "relationship"),
    );
    check(
        "video",
        r#"{"masks":{"frames":[],"instances":[{"name":"boat","colorRGB":[1,1,1]}]}}"#,
        "ToolMismatch",
        &mismatch("boat", "rectangle", "masks", "masks.instances[0]"),
    );
    check(
        "conversation",
        r#"{"name":"best","messageEvaluationTask":{"format":"message-ranking","data":{}}}"#,
        "InvalidValue",
        "at messageEvaluationTask.format: \"message-ranking\" is not one of message-single-selection",
    );
}

#[test]
fn annotations_that_the_data_type_does_not_have() {
    let lacking = |data_type: &str, key: &str| {
        format!(
            "at {key}: {data_type} rows cannot have annotations with {key}; remove the line or send it for another row"
        )
    };
    let bbox = r#"{"name":"boat","bbox":{"top":1,"left":1,"height":1,"width":1}}"#;
    for data_type in ["audio", "html", "text", "conversation", "dicom"] {
        check(data_type, bbox, "DataTypeMismatch", &lacking(data_type, "bbox"));
    }
    check("video", bbox, "DataTypeMismatch", "objects of video rows need frames; put bbox into segments[].keyframes[]");
    let segments = r#"{"name":"boat","segments":[]}"#;
    check("image", segments, "DataTypeMismatch", &lacking("image", "segments"));
    let masks = r#"{"masks":{"frames":[],"instances":[]}}"#;
    check("image", masks, "DataTypeMismatch", &lacking("image", "masks"));
    let relation = r#"{"name":"part_of","relationship":{"source":"good","target":"good","type":"unidirectional"}}"#;
    check("video", relation, "DataTypeMismatch", &lacking("video", "relationship"));
    check(
        "image",
        r#"{"name":"note","answer":"a","frames":[{"start":1,"end":2}]}"#,
        "DataTypeMismatch",
        "at frames: an answer here lasts as long as what it is about; remove frames",
    );
    check(
        "image",
        r#"{"metricValue":1}"#,
        "InvalidMetric",
        "metrics belong to predictions of model runs; send the line to a model run",
    );
}

#[test]
fn answers_that_do_not_fit_the_question() {
    check(
        "image",
        r#"{"name":"shift","answer":[{"name":"day"}]}"#,
        "AnswerMismatch",
        "at answer: \"Which shift?\" is a radio question, which has one answer; give an object instead of a list",
    );
    check(
        "image",
        r#"{"name":"conditions","answer":[{"name":"wet"},{"name":"crowded"},{"schemaId":"o-wet"}]}"#,
        "AnswerMismatch",
        "at answer[2]: the option \"wet\" is given twice; give each option once",
    );
    check(
        "image",
        r#"{"name":"shift","answer":"day"}"#,
        "AnswerMismatch",
        "at answer: \"Which shift?\" is a radio question; its answer is an object with the name of an option, not a string",
    );
    check(
        "image",
        r#"{"name":"conditions","answer":{"name":"wet"}}"#,
        "AnswerMismatch",
        "at answer: \"conditions\" is a checklist question; its answer is a list of objects with the names of options, \
         not an object",
    );
    check(
        "image",
        r#"{"name":"note","answer":7}"#,
        "AnswerMismatch",
        "at answer: \"note\" is a text question; its answer is a string, not a number",
    );
    check(
        "image",
        r#"{"name":"all","answer":"a"}"#,
        "AnswerMismatch",
        "at answer: \"all\" is a group question; its answer is given to the questions in it, not a string",
    );
    check(
        "image",
        r#"{"name":"omen","answer":"a"}"#,
        "AnswerMismatch",
        "at answer: \"omen\" is a foreign question; its answer is of a kind that imports do not read, not a string",
    );
    check(
        "image",
        r#"{"name":"conditions","answer":["wet"]}"#,
        "InvalidValue",
        "at answer[0]: expected an object, found a string",
    );
    check("image", r#"{"name":"shift","answer":{}}"#, "MissingKey", "at answer: the key name is missing");
    check(
        "image",
        r#"{"name":"boat","bbox":{"top":1,"left":1,"height":1,"width":1},"classifications":[{"name":"hull_no"}]}"#,
        "MissingKey",
        "at classifications[0]: the key answer is missing",
    );
}

#[test]
fn scores_out_of_range() {
    let scored = |score: &str| format!(r#"{{"name":"lamp","point":{{"x":1,"y":1}},{score}}}"#);
    let outside = |number: &str| format!("at confidence: a confidence of {number}; give a number from 0 to 1");
    check("image", &scored(r#""confidence":1.01"#), "InvalidConfidence", &outside("1.01"));
    check("image", &scored(r#""confidence":-1"#), "InvalidConfidence", &outside("-1"));
    check("image", &scored(r#""confidence":"1""#), "InvalidValue", "at confidence: expected a number, found a string");
    check(
        "image",
        &scored(r#""customMetrics":[{"name":"a"}]"#),
        "MissingKey",
        "at customMetrics[0]: the key value is missing",
    );
}

#[test]
fn geometry_that_cannot_be_drawn() {
    check(
        "image",
        r#"{"name":"boat","bbox":{"top":1,"left":1,"height":-1,"width":1}}"#,
        "InvalidGeometry",
        "at bbox.height: a negative length; give the corner with the smaller coordinates and its distance to the other",
    );
    check(
        "image",
        r#"{"name":"boat","bbox":{"top":1,"left":1,"height":1}}"#,
        "MissingKey",
        "at bbox: the key width is missing",
    );
    check(
        "image",
        r#"{"name":"lamp","point":{"x":1e999,"y":1}}"#,
        "InvalidValue",
        "at point.x: a number too large to keep; give one below 1e308",
    );
    check(
        "image",
        r#"{"name":"lamp","point":{"x":"1","y":1}}"#,
        "InvalidValue",
        "at point.x: expected a number, found a string",
    );
    check(
        "image",
        r#"{"name":"Deck - Area","polygon":[{"x":1,"y":1},{"x":2,"y":2}]}"#,
        "TooFewValues",
        "at polygon: 2 points, at least 3 are needed",
    );
    check(
        "geospatial",
        r#"{"name":"boat","bbox":{"top":1.7e308,"left":1,"height":1.7e308,"width":1}}"#,
        "InvalidValue",
        "at bbox: a number too large to keep; give one below 1e308",
    );
}

#[test]
fn spans_beyond_their_text() {
    let text = Subject { text: Some("caf\u{e9}"), ..subject("text") };
    let span = |place: &str| format!(r#"{{"name":"vessel","location":{{{place}}}}}"#);
    check_with(
        &text,
        &span(r#""start":0,"end":4"#),
        "InvalidRange",
        "at location: the span ends at character 4, the text has 4; the end is included and counts from 0",
    );
    let backwards = "at location: the start 3 is after the end 2; swap them";
    check_with(&text, &span(r#""start":3,"end":2"#), "InvalidRange", backwards);
    let early = "at location.start: -1 is too small; the first is 0";
    check_with(&text, &span(r#""start":-1,"end":2"#), "InvalidRange", early);
    let fraction = "at location.start: expected a whole number, found a number";
    check_with(&text, &span(r#""start":0.5,"end":2"#), "InvalidValue", fraction);
    check("conversation", &span(r#""start":0,"end":2"#), "MissingKey", "the key messageId is missing");
    let conversation = Subject { media: Some(r#"{"labelable_ids":["m0"]}"#), ..subject("conversation") };
    check_with(
        &conversation,
        r#"{"name":"note","answer":"a","messageId":"m9"}"#,
        "MessageNotFound",
        "at messageId: the conversation has no message \"m9\" to annotate; take message ids from the row's data",
    );
}

#[test]
fn places_that_a_document_does_not_have() {
    let layer = r#"[{"number":1,"groups":[{"id":"g","tokens":[{"id":"t","content":"a"}]}]}]"#;
    let known = Subject { text_layer: Some(layer), ..subject("document") };
    let entity = |group: &str, token: &str, page: u32| {
        format!(
            r#"{{"name":"vessel","textSelections":[{{"groupId":"{group}","tokenIds":["{token}"],"page":{page}}}]}}"#
        )
    };
    let missing = |what: &str, key: &str| {
        format!(
            "at textSelections[0].{key}: the row's text layer has no {what} \"x\"; take the ids from its text_layer_url"
        )
    };
    check_with(&known, &entity("x", "t", 1), "TokenNotFound", &missing("group", "groupId"));
    check_with(&known, &entity("g", "x", 1), "TokenNotFound", &missing("token", "tokenIds[0]"));
    let early = "at textSelections[0].page: 0 is too small; the first is 1";
    check_with(&known, &entity("g", "t", 0), "InvalidRange", early);
    let bbox = |place: &str| format!(r#"{{"name":"boat","bbox":{{"top":1,"left":1,"height":1,"width":1}}{place}}}"#);
    check("document", &bbox(""), "MissingKey", "the key page is missing");
    check(
        "document",
        &bbox(r#","page":1,"unit":"CUBITS""#),
        "InvalidValue",
        "at unit: \"CUBITS\" is not one of INCHES, PERCENT, PIXELS, POINTS",
    );
    check_with(
        &known,
        &bbox(r#","page":0,"unit":"PERCENT""#),
        "InvalidGeometry",
        "PERCENT needs the size of the page, which is unknown; use POINTS or add a text layer to the row",
    );
}

#[test]
fn frames_that_a_video_does_not_have() {
    let lamp = |frames: &str| format!(r#"{{"name":"lamp","segments":[{{"keyframes":[{frames}]}}]}}"#);
    let at = "segments[0].keyframes";
    check(
        "video",
        &lamp(r#"{"frame":0,"point":{"x":1,"y":1}}"#),
        "InvalidRange",
        &format!("at {at}[0].frame: 0 is too small; the first is 1"),
    );
    let twice = r#"{"frame":2,"point":{"x":1,"y":1}},{"frame":2,"point":{"x":9,"y":9}}"#;
    check(
        "video",
        &lamp(twice),
        "InvalidRange",
        &format!("at {at}[1].frame: frame 2 is given twice; give each frame once"),
    );
    check("video", &lamp(""), "TooFewValues", &format!("at {at}: 0 key frames, at least 1 are needed"));
    check(
        "video",
        &lamp(r#"{"frame":1,"point":{"x":1,"y":1}},{"frame":2,"bbox":{}}"#),
        "MissingKey",
        &format!("at {at}[1]: the key point is missing"),
    );
    check(
        "video",
        r#"{"name":"lamp","segments":[]}"#,
        "TooFewValues",
        "at segments: 0 segments, at least 1 are needed",
    );
    let ranged = |frames: &str| format!(r#"{{"name":"shift","answer":{{"name":"day"}},"frames":[{frames}]}}"#);
    check(
        "video",
        &ranged(r#"{"start":9,"end":3}"#),
        "InvalidRange",
        "at frames[0]: the start 9 is after the end 3; swap them",
    );
    check(
        "video",
        &ranged(r#"{"start":0,"end":3}"#),
        "InvalidRange",
        "at frames[0].start: 0 is too small; the first is 1",
    );
    check(
        "video",
        r#"{"name":"boat","classifications":[{"name":"hull_no","answer":"7","frames":[{"start":4,"end":6}]}],
            "segments":[{"keyframes":[{"frame":1,"bbox":{"top":1,"left":1,"height":1,"width":1}}]}]}"#,
        "InvalidRange",
        "at classifications: the object is on none of the frames 4 to 6, for which this answer lasts",
    );
    check("audio", &ranged(r#"{"start":0}"#), "MissingKey", "at frames[0]: the key end is missing");
    check(
        "dicom",
        r#"{"name":"rope","segments":[{"keyframes":[{"frame":1,"line":[]}]}]}"#,
        "MissingKey",
        "the key groupKey is missing",
    );
    check(
        "dicom",
        r#"{"name":"rope","groupKey":"oblique","segments":[{"keyframes":[{"frame":1,"line":[]}]}]}"#,
        "InvalidValue",
        "at groupKey: \"oblique\" is not one of axial, sagittal, coronal",
    );
}

#[test]
fn relationships_that_lead_nowhere() {
    let relation = |inside: &str| {
        format!(r#"{{"uuid":"r","name":"part_of","relationship":{{{inside},"type":"unidirectional"}}}}"#)
    };
    check(
        "image",
        &relation(r#""source":"good","target":"gone""#),
        "RelationshipTarget",
        "at relationship.target: no line of this row has the uuid \"gone\"; send both objects in the same import",
    );
    check(
        "image",
        &relation(r#""source":"r","target":"good""#),
        "RelationshipTarget",
        "at relationship.source: the line with the uuid \"r\" made no object to relate to; correct that line first",
    );
    check("image", &relation(r#""target":"good""#), "MissingKey", "at relationship: the key source is missing");
    check(
        "image",
        r#"{"name":"part_of","relationship":{"source":"good","target":"good","type":"sideways"}}"#,
        "InvalidValue",
        "at relationship.type: \"sideways\" is not one of unidirectional, bidirectional",
    );
}

#[test]
fn metrics_of_the_wrong_shape() {
    #[track_caller]
    fn check_metric(line: &str, name: &str) {
        let converted = run(&subject("image"), &[line], Purpose::Prediction, &mut Toy::default());
        assert_eq!(converted.outcomes[0].as_ref().unwrap_err().name(), name);
        assert_eq!((converted.annotations, converted.metrics), (None, Vec::new()));
    }
    check_metric(r#"{"metricValue":"a"}"#, "InvalidValue");
    check_metric(r#"{"metricValue":[1,2,3]}"#, "InvalidValue");
    check_metric(r#"{"metricValue":[1,2,3,0.5]}"#, "InvalidValue");
    check_metric(r#"{"metricValue":{}}"#, "TooFewValues");
    check_metric(r#"{"metricValue":{"2":1}}"#, "InvalidConfidence");
    check_metric(r#"{"metricValue":{"0.1":1,"0.2":[1,2,3,4]}}"#, "InvalidMetric");
    check_metric(r#"{"metricValue":1,"aggregation":"CONFUSION_MATRIX"}"#, "InvalidMetric");
    check_metric(r#"{"metricValue":1,"aggregation":"MEDIAN"}"#, "InvalidValue");
    check_metric(r#"{"metricValue":1,"metricName":7}"#, "InvalidValue");
}

#[test]
fn nothing_is_left_of_a_row_whose_lines_all_fail() {
    let converted = run(&subject("image"), &["{", ""], Purpose::Label, &mut Toy::default());
    assert!(converted.annotations.is_none() && converted.outcomes.iter().all(Result::is_err));
    let nothing = run(&subject("image"), &[], Purpose::Label, &mut Toy::default());
    assert_eq!(nothing, Converted { annotations: None, outcomes: Vec::new(), metrics: Vec::new() });
}

#[test]
fn archived_features_take_no_new_labels() {
    let ontology = r#"{"tools":[
      {"tool":"rectangle","name":"boat","featureSchemaId":"t-old","archived":1},
      {"tool":"rectangle","name":"pier","featureSchemaId":"t-gone","archived":1},
      {"tool":"rectangle","name":"boat","featureSchemaId":"t-new","archived":0}],
     "classifications":[{"type":"text","name":"note","instructions":"note","featureSchemaId":"q-note","archived":true}]}"#;
    let ontology = Ontology::parse(ontology).unwrap();
    let bbox = r#""bbox":{"top":1,"left":1,"height":1,"width":1}"#;
    let lines = [
        format!(r#"{{"name":"boat",{bbox}}}"#),
        format!(r#"{{"name":"pier",{bbox}}}"#),
        format!(r#"{{"schemaId":"t-old",{bbox}}}"#),
        r#"{"name":"note","answer":"x"}"#.to_owned(),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let converted = convert(&ontology, &subject("image"), &lines, Purpose::Label, &mut Toy::default());
    let said: Vec<Option<String>> =
        converted.outcomes.iter().map(|outcome| Some(outcome.as_ref().err()?.to_string())).collect();
    let refusal = |at: &str, what: &str, named: &str| {
        Some(format!(
            "at {at}: the {what} \"{named}\" is archived and takes no new labels; unarchive it in the ontology or correct the line"
        ))
    };
    assert_eq!(
        said,
        [
            None,
            refusal("name", "tool", "pier"),
            refusal("schemaId", "tool", "t-old"),
            refusal("name", "classification", "note")
        ]
    );
    assert!(converted.annotations.unwrap().contains("t-new"));
}
