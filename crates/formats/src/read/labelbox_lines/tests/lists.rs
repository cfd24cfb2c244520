//! Rows whose annotations are lists: images, texts, conversations, documents, maps, pages.

use super::*;

#[test]
fn every_tool_of_an_image() {
    check(
        "image",
        &[
            r#"{"uuid":"rel","name":"part_of","relationship":{"source":"u2","target":"u1","type":"unidirectional"}}"#,
            r#"{"uuid":"u1","name":"boat","bbox":{"top":8,"left":4.25,"height":6.0,"width":3},
                "unknown":{"key":1},"confidence":0.5,
                "classifications":[{"name":"boat_kind","answer":{"name":"Tug"}}]}"#,
            r#"{"uuid":"u2","schemaId":"t-deck","polygon":[{"x":0,"y":0},{"x":5,"y":0.5},{"x":1e1,"y":7}]}"#,
            r#"{"name":"rope","line":[{"x":1,"y":2},{"x":3,"y":4}],"classifications":null}"#,
            r#"{"name":"lamp","point":{"x":1,"y":-2.50}}"#,
        ],
        r##"{"objects":[
            {"feature_id":"#4","feature_schema_id":"t-boat","name":"boat","value":"boat","annotation_kind":"ImageBoundingBox",
            "classifications":[{"feature_id":"#3","feature_schema_id":"q-kind","name":"Boat kind","value":"boat_kind",
            "radio_answer":{"feature_id":"#2","feature_schema_id":"o-tug","name":"Tug","value":"tug","classifications":[]}}],
            "bounding_box":{"top":8.0,"left":4.25,"height":6.0,"width":3.0}},
            {"feature_id":"#5","feature_schema_id":"t-deck","name":"Deck - Area","value":"deck_area",
            "annotation_kind":"ImagePolygon","classifications":[],
            "polygon":[{"x":0.0,"y":0.0},{"x":5.0,"y":0.5},{"x":10.0,"y":7.0},{"x":0.0,"y":0.0}]},
            {"feature_id":"#6","feature_schema_id":"t-rope","name":"rope","value":"the_rope",
            "annotation_kind":"ImagePolyline","classifications":[],"line":[{"x":1.0,"y":2.0},{"x":3.0,"y":4.0}]},
            {"feature_id":"#7","feature_schema_id":"t-lamp","name":"lamp","value":"lamp","annotation_kind":"ImagePoint",
            "classifications":[],"point":{"x":1.0,"y":-2.50}}],
            "classifications":[],
            "relationships":[{"feature_id":"#1","feature_schema_id":"t-part","name":"part_of","value":"part_of",
            "annotation_kind":"ImageUnidirectionalRelationship","classifications":[],
            "unidirectional_relationship":{"source":"#5","target":"#4"}}]}"##,
    );
}

#[test]
fn a_closed_polygon_stays_as_it_is() {
    check(
        "image",
        &[r#"{"name":"Deck - Area","polygon":[{"x":0,"y":0},{"x":5,"y":0},{"x":5,"y":5},{"x":0.0,"y":0}]}"#],
        r##"{"objects":[{"feature_id":"#1","feature_schema_id":"t-deck","name":"Deck - Area","value":"deck_area",
            "annotation_kind":"ImagePolygon","classifications":[],
            "polygon":[{"x":0.0,"y":0.0},{"x":5.0,"y":0.0},{"x":5.0,"y":5.0},{"x":0.0,"y":0.0}]}],
            "classifications":[],"relationships":[]}"##,
    );
}

#[test]
fn predictions_show_their_scores() {
    check_for(
        &subject("image"),
        Purpose::Prediction,
        &[
            r#"{"name":"lamp","point":{"x":1,"y":2},"confidence":0.50,"customMetrics":[{"name":"iou","value":7}]}"#,
            r#"{"name":"shift","answer":{"name":"night","confidence":1}}"#,
            r#"{"name":"note","answer":"a","confidence":0}"#,
        ],
        r##"{"objects":[{"feature_id":"#1","feature_schema_id":"t-lamp","name":"lamp","value":"lamp",
            "annotation_kind":"ImagePoint","classifications":[],"point":{"x":1.0,"y":2.0},
            "confidence":0.50,"custom_metrics":[{"name":"iou","value":7}]}],
            "classifications":[
            {"feature_id":"#3","feature_schema_id":"q-shift","name":"Which shift?","value":"shift","radio_answer":
            {"feature_id":"#2","feature_schema_id":"o-night","name":"Night","value":"night","classifications":[],"confidence":1}},
            {"feature_id":"#4","feature_schema_id":"q-note","name":"note","value":"my-text",
            "text_answer":{"content":"a","classifications":[]},"confidence":0}],
            "relationships":[]}"##,
    );
}

#[test]
fn metrics_of_predictions_are_kept_untouched() {
    let lines = [
        r#"{"uuid":"m1","metricName":"iou","metricValue":0.50,"featureName":"boat"}"#,
        r#"{"metricName":"iou","metricValue":{"0.1":0.2},"aggregation":"SUM"}"#,
        r#"{"metricName":"cm","metricValue":[1,2,3,4],"aggregation":"CONFUSION_MATRIX"}"#,
    ];
    let converted = run(&subject("image"), &lines, Purpose::Prediction, &mut Toy::default());
    assert_eq!(
        converted,
        Converted { annotations: None, outcomes: vec![Ok(()); 3], metrics: lines.map(String::from).into() }
    );
}

#[test]
fn spans_of_a_text_have_their_token() {
    let subject = Subject { text: Some("Tug caf\u{e9} Mara"), ..subject("text") };
    check_for(
        &subject,
        Purpose::Label,
        &[
            r#"{"uuid":"a","name":"vessel","location":{"start":4,"end":7}}"#,
            r#"{"uuid":"b","name":"vessel","location":{"start":9,"end":12}}"#,
            r#"{"name":"part_of","relationship":{"source":"a","target":"b","type":"bidirectional","readonly":false}}"#,
        ],
        r##"{"objects":[
            {"feature_id":"#1","feature_schema_id":"t-vessel","name":"vessel","value":"vessel","annotation_kind":"TextEntity",
            "classifications":[],"location":{"start":4,"end":7,"token":"caf\u00e9"}},
            {"feature_id":"#2","feature_schema_id":"t-vessel","name":"vessel","value":"vessel","annotation_kind":"TextEntity",
            "classifications":[],"location":{"start":9,"end":12,"token":"Mara"}}],
            "classifications":[],
            "relationships":[{"feature_id":"#3","feature_schema_id":"t-part","name":"part_of","value":"part_of",
            "annotation_kind":"TextBidirectionalRelationship","classifications":[],
            "bidirectional_relationship":{"source":"#1","target":"#2"}}]}"##,
    );
}

#[test]
fn a_conversation_is_annotated_message_by_message() {
    let subject = Subject { media: Some(r#"{"labelable_ids":["m0","m1"]}"#), ..subject("conversation") };
    check_for(
        &subject,
        Purpose::Label,
        &[
            r#"{"uuid":"a","name":"vessel","messageId":"m0","location":{"start":3,"end":9}}"#,
            r#"{"uuid":"b","name":"vessel","messageId":"m1","location":{"start":0,"end":0}}"#,
            r#"{"name":"part_of","relationship":{"source":"a","target":"b","type":"unidirectional"}}"#,
            r#"{"name":"shift","messageId":"m0","answer":{"name":"night"}}"#,
            r#"{"name":"conditions","messageId":"m1","answer":[{"name":"wet"}]}"#,
            r#"{"name":"note","messageId":"m1","answer":"ok"}"#,
            r#"{"name":"note","messageId":null,"answer":"all"}"#,
        ],
        r##"{"objects":[
            {"feature_id":"#1","feature_schema_id":"t-vessel","name":"vessel","value":"vessel",
            "annotation_kind":"ConversationalTextEntity","classifications":[],
            "conversational_location":{"message_id":"m0","location":{"start":3,"end":9}}},
            {"feature_id":"#2","feature_schema_id":"t-vessel","name":"vessel","value":"vessel",
            "annotation_kind":"ConversationalTextEntity","classifications":[],
            "conversational_location":{"message_id":"m1","location":{"start":0,"end":0}}}],
            "classifications":[
            {"feature_id":"#5","feature_schema_id":"q-shift","name":"Which shift?","value":"shift","message_id":"m0",
            "conversational_radio_answer":
            {"feature_id":"#4","feature_schema_id":"o-night","name":"Night","value":"night","classifications":[]}},
            {"feature_id":"#7","feature_schema_id":"q-cond","name":"conditions","value":"conditions","message_id":"m1",
            "conversational_checklist_answers":
            [{"feature_id":"#6","feature_schema_id":"o-wet","name":"wet","value":"wet","classifications":[]}]},
            {"feature_id":"#8","feature_schema_id":"q-note","name":"note","value":"my-text","message_id":"m1",
            "conversational_text_answer":{"content":"ok","classifications":[]}},
            {"feature_id":"#9","feature_schema_id":"q-note","name":"note","value":"my-text",
            "text_answer":{"content":"all","classifications":[]}}],
            "relationships":[{"feature_id":"#3","feature_schema_id":"t-part","name":"part_of","value":"part_of",
            "annotation_kind":"TextUnidirectionalRelationship","classifications":[],
            "unidirectional_relationship":{"source":"#1","target":"#2"}}]}"##,
    );
}

#[test]
fn messages_are_chosen_and_ranked() {
    check(
        "conversation",
        &[
            r#"{"name":"best","messageEvaluationTask":{"format":"message-single-selection",
                "data":{"messageId":"m1","modelConfigName":"x","parentMessageId":"m0"}}}"#,
            r#"{"name":"good","messageEvaluationTask":{"format":"message-multi-selection",
                "data":{"parentMessageId":"m0","selectedMessages":[{"messageId":"m1","modelConfigName":"x"}]}}}"#,
            r#"{"name":"order","messageEvaluationTask":{"format":"message-ranking",
                "data":{"parentMessageId":"m0","rankedMessages":[{"messageId":"m1","modelConfigName":"x","order":1}]}}}"#,
        ],
        r##"{"objects":[
            {"feature_id":"#1","feature_schema_id":"t-best","name":"best","annotation_kind":"MessageSingleSelection",
            "classifications":[],
            "selected_message":{"message_id":"m1","model_config_name":"x","parent_message_id":"m0"}},
            {"feature_id":"#2","feature_schema_id":"t-good","name":"good","annotation_kind":"MessageMultiSelection",
            "classifications":[],
            "selected_messages":{"messages":[{"message_id":"m1","model_config_name":"x"}],"parent_message_id":"m0"}},
            {"feature_id":"#3","feature_schema_id":"t-order","name":"order","annotation_kind":"MessageRanking",
            "classifications":[],
            "ranked_messages":{"ranked_messages":[{"message_id":"m1","model_config_name":"x","order":1}],"parent_message_id":"m0"}}],
            "classifications":[],"relationships":[]}"##,
    );
}

/// Two pages of different sizes; the second has a group of three words.
const LAYER: &str = r#"[{"number":1,"width":612,"height":792.5,"groups":[]},
    {"number":2,"width":500,"height":400,"groups":[{"id":"g","content":"MV Mara II","tokens":[
        {"id":"t1","content":"MV"},{"id":"t2","content":"Mara"},{"id":"t3","content":"II"}]}]}]"#;

#[test]
fn a_document_has_boxes_on_pages_and_words() {
    let subject = Subject { text_layer: Some(LAYER), ..subject("document") };
    let bbox = |unit: &str| {
        format!(r#"{{"name":"boat","bbox":{{"top":10,"left":2.5,"height":50,"width":10}},"page":1,"unit":"{unit}"}}"#)
    };
    let (points, inches) = (bbox("POINTS"), bbox("INCHES"));
    let (pixels, percent) = (bbox("PIXELS"), bbox("PERCENT"));
    let shown = |id: u32, corner: &str| {
        format!(
            r##"{{"feature_id":"#{id}","feature_schema_id":"t-boat","name":"boat","value":"boat",
                "annotation_kind":"DocumentBoundingBox","classifications":[],"page_number":1,
                "bounding_box":{corner},"page_dimensions":{{"height":400.0,"width":500.0}}}}"##
        )
    };
    let objects = [
        shown(1, r#"{"top":10.0,"left":2.5,"height":50.0,"width":10.0}"#),
        shown(2, r#"{"top":720.0,"left":180.0,"height":3600.0,"width":720.0}"#),
        shown(3, r#"{"top":7.5,"left":1.875,"height":37.5,"width":7.5}"#),
        shown(4, r#"{"top":40.0,"left":12.5,"height":200.0,"width":50.0}"#),
        r##"{"feature_id":"#5","feature_schema_id":"t-vessel","name":"vessel","value":"vessel",
            "annotation_kind":"DocumentEntityToken","classifications":[],
            "location":{"groups":[{"id":"g","page_number":2,"tokens":["t1","t2"],"text":"MV Mara"}]}}"##
            .to_owned(),
    ];
    check_for(
        &subject,
        Purpose::Label,
        &[
            &points,
            &inches,
            &pixels,
            &percent,
            r#"{"name":"vessel","textSelections":[{"tokenIds":["t1","t2"],"groupId":"g","page":2}]}"#,
        ],
        &format!(r#"{{"objects":[{}],"classifications":[],"relationships":[]}}"#, objects.join(",")),
    );
}

#[test]
fn what_nobody_knows_of_a_document_or_a_text_is_left_out() {
    check(
        "document",
        &[
            r#"{"name":"boat","bbox":{"top":1,"left":2,"height":3,"width":4},"page":0}"#,
            r#"{"uuid":"e","name":"vessel","textSelections":[{"tokenIds":["t"],"groupId":"g","page":1}]}"#,
            r#"{"name":"part_of","relationship":{"target":"e","type":"unidirectional","sourceOntologyName":"note"}}"#,
        ],
        r##"{"objects":[
            {"feature_id":"#1","feature_schema_id":"t-boat","name":"boat","value":"boat",
            "annotation_kind":"DocumentBoundingBox","classifications":[],"page_number":0,
            "bounding_box":{"top":1.0,"left":2.0,"height":3.0,"width":4.0}},
            {"feature_id":"#2","feature_schema_id":"t-vessel","name":"vessel","value":"vessel",
            "annotation_kind":"DocumentEntityToken","classifications":[],
            "location":{"groups":[{"id":"g","page_number":1,"tokens":["t"]}]}}],
            "classifications":[],
            "relationships":[{"feature_id":"#3","feature_schema_id":"t-part","name":"part_of","value":"part_of",
            "annotation_kind":"DocumentUnidirectionalRelationship","classifications":[],
            "unidirectional_relationship":{"source_ontology_name":"note","target":"#2"}}]}"##,
    );
    check(
        "text",
        &[r#"{"name":"vessel","location":{"start":0,"end":900}}"#],
        r##"{"objects":[{"feature_id":"#1","feature_schema_id":"t-vessel","name":"vessel","value":"vessel",
            "annotation_kind":"TextEntity","classifications":[],"location":{"start":0,"end":900}}],
            "classifications":[],"relationships":[]}"##,
    );
}

#[test]
fn geometry_of_a_map_is_geojson() {
    let object = |id: u32, schema: &str, name: &str, value: &str, kind: &str, geojson: &str| {
        format!(
            r##"{{"feature_id":"#{id}","feature_schema_id":"{schema}","name":"{name}","value":"{value}",
                "annotation_kind":"{kind}","classifications":[],"geojson":{geojson}}}"##
        )
    };
    let ring = r#"{"type":"Polygon","coordinates":[[[-3.8,43.4],[-3.8,43.5],[-3.7,43.5],[-3.7,43.4],[-3.8,43.4]]]}"#;
    let objects = [
        object(1, "t-boat", "boat", "boat", "GeoBoundingBox", ring),
        object(2, "t-boat", "boat", "boat", "GeoBoundingBox", ring),
        object(3, "t-lamp", "lamp", "lamp", "GeoPoint", r#"{"type":"Point","coordinates":[-3.75,43.0]}"#),
        object(
            4,
            "t-rope",
            "rope",
            "the_rope",
            "GeoPolyline",
            r#"{"type":"LineString","coordinates":[[-3.0,43.0],[-2.0,44.0]]}"#,
        ),
        object(
            5,
            "t-deck",
            "Deck - Area",
            "deck_area",
            "GeoPolygon",
            r#"{"type":"Polygon","coordinates":[[[0.0,0.0],[1.0,1.0],[2.0,0.0],[0.0,0.0]]]}"#,
        ),
    ];
    check(
        "geospatial",
        &[
            r#"{"name":"boat","bbox":{"top":43.4,"left":-3.8,"height":0.1,"width":0.1}}"#,
            r#"{"name":"boat","bbox":{"top":43.5,"left":-3.8,"height":-0.1,"width":0.1}}"#,
            r#"{"name":"lamp","point":{"x":-3.75,"y":43}}"#,
            r#"{"name":"rope","line":[{"x":-3,"y":43},{"x":-2,"y":44}]}"#,
            r#"{"name":"Deck - Area","polygon":[{"x":0,"y":0},{"x":1,"y":1},{"x":2,"y":0}]}"#,
        ],
        &format!(r#"{{"objects":[{}],"classifications":[],"relationships":[]}}"#, objects.join(",")),
    );
}

#[test]
fn lines_tell_the_data_type_of_a_row_of_which_nothing_is_known() {
    #[track_caller]
    fn check(line: &str, expect: &str) {
        let unknown = Subject { data_type: None, media: None, text: None, text_layer: None };
        let converted = run(&unknown, &[line], Purpose::Label, &mut Toy::default());
        assert!(converted.annotations.unwrap().contains(expect));
    }
    check(r#"{"name":"boat","bbox":{"top":1,"left":2,"height":3,"width":4}}"#, "ImageBoundingBox");
    check(
        r#"{"name":"boat","bbox":{"top":1,"left":2,"height":3,"width":4},"page":1,"unit":"POINTS"}"#,
        "DocumentBoundingBox",
    );
    check(r#"{"name":"vessel","location":{"start":0,"end":1}}"#, "TextEntity");
    check(r#"{"name":"vessel","location":{"start":0,"end":1},"messageId":"m"}"#, "ConversationalTextEntity");
    check(r#"{"name":"lamp","segments":[{"keyframes":[{"frame":1,"point":{"x":1,"y":1}}]}]}"#, "VideoPoint");
    check(r#"{"name":"note","answer":[{"value":"a","frames":[{"start":1,"end":2}]}]}"#, "key_frame_feature_map");
    check(r#"{"name":"note","answer":"a"}"#, "relationships");
}
