//! Objects on frames: videos and slices.

use super::*;

const BOX_1: &str = r#""bbox":{"top":1,"left":1,"height":1,"width":1}"#;
const SHOWN_1: &str = r#""bounding_box":{"top":1.0,"left":1.0,"height":1.0,"width":1.0}"#;

#[test]
fn an_object_is_tracked_over_segments() {
    let line = format!(
        r#"{{"name":"boat","confidence":0.5,"segments":[{{"keyframes":[
            {{"frame":3,{BOX_1},"classifications":[{{"name":"boat_kind","answer":{{"name":"tug"}}}}]}},
            {{"frame":10,{BOX_1},"classifications":[]}},
            {{"frame":5,{BOX_1},"classifications":[{{"name":"boat_kind","answer":{{"name":"ferry"}}}},{{"name":"hull_no","answer":"7"}}]}}]}},
            {{"keyframes":[{{"frame":20,{BOX_1},"confidence":0.25}}]}}]}}"#
    );
    let point = r#"{"name":"lamp","segments":[{"keyframes":[{"frame":3,"point":{"x":1,"y":2}}]}]}"#;
    let tug = r##"{"feature_id":"#2","feature_schema_id":"q-kind","name":"Boat kind","value":"boat_kind","radio_answer":
        {"feature_id":"#1","feature_schema_id":"o-tug","name":"Tug","value":"tug","classifications":[]}}"##;
    let ferry = r##"{"feature_id":"#2","feature_schema_id":"q-kind","name":"Boat kind","value":"boat_kind","radio_answer":
        {"feature_id":"#3","feature_schema_id":"o-ferry","name":"Ferry","value":"ferry","classifications":[]}}"##;
    let hull = r##"{"feature_id":"#4","feature_schema_id":"q-hull","name":"hull_no","value":"hull_no",
        "text_answer":{"content":"7","classifications":[]}}"##;
    let boat = |frame: u32, items: &str, confidence: &str| {
        format!(
            r##""{frame}":{{"objects":{{"#5":{{"feature_id":"#5","feature_schema_id":"t-boat","name":"boat","value":"boat",
                "annotation_kind":"VideoBoundingBox","classifications":[{items}],{SHOWN_1},"confidence":{confidence}}}"##
        )
    };
    let lamp = r##","#6":{"feature_id":"#6","feature_schema_id":"t-lamp","name":"lamp","value":"lamp",
        "annotation_kind":"VideoPoint","classifications":[],"point":{"x":1.0,"y":2.0}}"##;
    let rest = r#"},"classifications":[]}"#;
    let frames = [
        format!("{}{lamp}{rest}", boat(3, tug, "0.5")),
        format!("{}{rest}", boat(5, &format!("{ferry},{hull}"), "0.5")),
        format!("{}{rest}", boat(10, &format!("{ferry},{hull}"), "0.5")),
        format!("{}{rest}", boat(20, "", "0.25")),
    ];
    check_for(
        &subject("video"),
        Purpose::Prediction,
        &[&line, point],
        &format!(
            r##"{{"frames":{{{}}},"segments":{{"#5":[[3,10],[20,20]],"#6":[[3,3]]}},
            "key_frame_feature_map":{{"#5":[3,5,10,20],"#6":[3]}},"classifications":[]}}"##,
            frames.join(",")
        ),
    );
}

#[test]
fn lines_and_rings_are_tracked_too() {
    check(
        "video",
        &[
            r#"{"name":"rope","segments":[{"keyframes":[{"frame":2,"line":[{"x":1,"y":2},{"x":3,"y":4}]}]}]}"#,
            r#"{"name":"Deck - Area","segments":[{"keyframes":[{"frame":1,"polygon":[{"x":0,"y":0},{"x":1,"y":1},{"x":2,"y":0}]}]}]}"#,
        ],
        r##"{"frames":{"1":{"objects":{"#2":{"feature_id":"#2","feature_schema_id":"t-deck","name":"Deck - Area",
            "value":"deck_area","annotation_kind":"VideoPolygon","classifications":[],
            "polygon":[{"x":0.0,"y":0.0},{"x":1.0,"y":1.0},{"x":2.0,"y":0.0},{"x":0.0,"y":0.0}]}},"classifications":[]},
            "2":{"objects":{"#1":{"feature_id":"#1","feature_schema_id":"t-rope","name":"rope","value":"the_rope",
            "annotation_kind":"VideoPolyline","classifications":[],"line":[{"x":1.0,"y":2.0},{"x":3.0,"y":4.0}]}},"classifications":[]}},
            "segments":{"#1":[[2,2]],"#2":[[1,1]]},"key_frame_feature_map":{"#1":[2],"#2":[1]},"classifications":[]}"##,
    );
}

#[test]
fn slices_stand_in_their_group() {
    check(
        "dicom",
        &[
            r#"{"name":"rope","groupKey":"coronal","segments":[{"keyframes":[
                {"frame":1,"line":[{"x":1,"y":2},{"x":3,"y":4}]},{"frame":4,"line":[{"x":1,"y":2},{"x":3,"y":4}]}]}]}"#,
            r#"{"name":"note","answer":"a"}"#,
        ],
        r##"{"groups":{"Axial":{"name":"Axial","classifications":[],"frames":{}},
            "Sagittal":{"name":"Sagittal","classifications":[],"frames":{}},
            "Coronal":{"name":"Coronal","classifications":[],"frames":{
            "1":{"objects":{"#1":{"feature_id":"#1","feature_schema_id":"t-rope","name":"rope","value":"the_rope",
            "annotation_kind":"DICOMPolyline","classifications":[],"line":[{"x":1.0,"y":2.0},{"x":3.0,"y":4.0}]}},"classifications":[]},
            "4":{"objects":{"#1":{"feature_id":"#1","feature_schema_id":"t-rope","name":"rope","value":"the_rope",
            "annotation_kind":"DICOMPolyline","classifications":[],"line":[{"x":1.0,"y":2.0},{"x":3.0,"y":4.0}]}},"classifications":[]}}}},
            "segments":{"Axial":{},"Sagittal":{},"Coronal":{"#1":[[1,4]]}},
            "classifications":[{"feature_id":"#2","feature_schema_id":"q-note","name":"note","value":"my-text",
            "text_answer":{"content":"a","classifications":[]}}],
            "key_frame_feature_map":{"#1":{"Axial":{},"Coronal":{"1":true,"4":true},"Sagittal":{}}}}"##,
    );
}

#[test]
fn answers_on_frames_stand_on_the_frames_for_which_they_last() {
    let boat = format!(r#"{{"name":"boat","segments":[{{"keyframes":[{{"frame":4,{BOX_1}}}]}}]}}"#);
    let gate = r##"{"feature_id":"#4","feature_schema_id":"q-gate","name":"gate","value":"gate","radio_answer":
        {"feature_id":"#2","feature_schema_id":"o-open","name":"open","value":"open","classifications":[
        {"feature_id":"#3","feature_schema_id":"q-by","name":"by","value":"by",
        "text_answer":{"content":"Mara","classifications":[]}}]}}"##;
    let seen = |options: &str| {
        format!(
            r##"{{"feature_id":"#7","feature_schema_id":"q-seen","name":"seen","value":"seen","checklist_answers":[{options}]}}"##
        )
    };
    let gull =
        r##"{"feature_id":"#5","feature_schema_id":"o-gull","name":"gull","value":"gull","classifications":[]}"##;
    let seal =
        r##"{"feature_id":"#6","feature_schema_id":"o-seal","name":"seal","value":"seal","classifications":[]}"##;
    let caption = r##"{"feature_id":"#8","feature_schema_id":"q-caption","name":"caption","value":"caption",
        "text_answer":{"content":"calm","classifications":[]}}"##;
    let frame = |number: u32, items: &[&str]| {
        format!(r#""{number}":{{"objects":{{}},"classifications":[{}]}}"#, items.join(","))
    };
    let on_boat = format!(
        r##""4":{{"objects":{{"#1":{{"feature_id":"#1","feature_schema_id":"t-boat","name":"boat","value":"boat",
            "annotation_kind":"VideoBoundingBox","classifications":[],{SHOWN_1}}}}},"classifications":[{gate},{}]}}"##,
        seen(gull)
    );
    check(
        "video",
        &[
            &boat,
            r#"{"name":"gate","answer":{"name":"open","classifications":[{"name":"by","answer":"Mara"}]},
                "frames":[{"start":3,"end":6}]}"#,
            r#"{"name":"seen","answer":[{"name":"gull","frames":[{"start":1,"end":5}]},
                {"name":"seal","frames":[{"start":5,"end":5},{"start":9,"end":9}]}]}"#,
            r#"{"name":"caption","answer":[{"value":"calm","frames":[{"start":6,"end":6}]}]}"#,
            r#"{"name":"caption","answer":"whole"}"#,
        ],
        &format!(
            r##"{{"frames":{{{}}},"segments":{{"#1":[[4,4]],"#2":[[3,6]],"#5":[[1,5]],"#6":[[5,5],[9,9]],"#8":[[6,6]]}},
            "key_frame_feature_map":{{"#1":[4],"#2":[3,6],"#5":[1,5],"#6":[5,9],"#8":[6]}},
            "classifications":[{{"feature_id":"#9","feature_schema_id":"q-caption","name":"caption","value":"caption",
            "text_answer":{{"content":"whole","classifications":[]}}}}]}}"##,
            [
                frame(1, &[&seen(gull)]),
                frame(3, &[gate, &seen(gull)]),
                on_boat,
                frame(5, &[gate, &seen(&format!("{gull},{seal}"))]),
                frame(6, &[gate, caption]),
                frame(9, &[&seen(seal)]),
            ]
            .join(",")
        ),
    );
}

#[test]
fn an_answer_about_an_object_lasts_for_its_frames() {
    let box_at = |left: &str| format!(r#""bbox":{{"top":1,"left":{left},"height":1,"width":1}}"#);
    let line = format!(
        r#"{{"name":"boat","classifications":[
            {{"name":"boat_kind","answer":{{"name":"tug"}},"frames":[{{"start":3,"end":4}}]}},{{"name":"hull_no","answer":"7"}}],
            "segments":[{{"keyframes":[{{"frame":1,{}}},{{"frame":9,{}}}]}}]}}"#,
        box_at("10"),
        box_at("50")
    );
    let kind = r##"{"feature_id":"#2","feature_schema_id":"q-kind","name":"Boat kind","value":"boat_kind","radio_answer":
        {"feature_id":"#1","feature_schema_id":"o-tug","name":"Tug","value":"tug","classifications":[]}}"##;
    let hull = r##"{"feature_id":"#3","feature_schema_id":"q-hull","name":"hull_no","value":"hull_no",
        "text_answer":{"content":"7","classifications":[]}}"##;
    let frame = |number: u32, items: &[&str], left: &str| {
        format!(
            r##""{number}":{{"objects":{{"#4":{{"feature_id":"#4","feature_schema_id":"t-boat","name":"boat","value":"boat",
                "annotation_kind":"VideoBoundingBox","classifications":[{}],
                "bounding_box":{{"top":1.0,"left":{left},"height":1.0,"width":1.0}}}}}},"classifications":[]}}"##,
            items.join(",")
        )
    };
    check(
        "video",
        &[&line],
        &format!(
            r##"{{"frames":{{{}}},"segments":{{"#4":[[1,9]],"#1":[[3,4]]}},
            "key_frame_feature_map":{{"#4":[1,3,4,5,9],"#1":[3,4]}},"classifications":[]}}"##,
            [
                frame(1, &[hull], "10.0"),
                frame(3, &[hull, kind], "20.0"),
                frame(4, &[hull, kind], "25.0"),
                frame(5, &[hull], "30.0"),
                frame(9, &[hull], "50.0"),
            ]
            .join(",")
        ),
    );
}
