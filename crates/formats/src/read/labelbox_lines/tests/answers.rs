//! Answers at any depth, in every form.

use super::*;

#[test]
fn a_page_is_classified_as_a_whole() {
    check(
        "html",
        &[
            r#"{"uuid":"1","name":"Which shift?","answer":{"name":"day","classifications":[
                {"name":"light","answer":{"schemaId":"o-grey"}}]}}"#,
            r#"{"schemaId":"q-cond","answers":[{"name":"wet"},{"name":"crowded"}]}"#,
            r#"{"name":"note","answer":"checked \"twice\" \u00e9"}"#,
            r#"{"name":"my-text","answer":""}"#,
        ],
        r##"{"objects":[],"classifications":[
            {"feature_id":"#4","feature_schema_id":"q-shift","name":"Which shift?","value":"shift",
            "radio_answer":{"feature_id":"#1","feature_schema_id":"o-day","name":"Day","value":"day","classifications":[
            {"feature_id":"#3","feature_schema_id":"q-light","name":"light","value":"light",
            "radio_answer":{"feature_id":"#2","feature_schema_id":"o-grey","name":"grey","value":"grey","classifications":[]}}]}},
            {"feature_id":"#7","feature_schema_id":"q-cond","name":"conditions","value":"conditions","checklist_answers":[
            {"feature_id":"#5","feature_schema_id":"o-wet","name":"wet","value":"wet","classifications":[]},
            {"feature_id":"#6","feature_schema_id":"o-crowded","name":"crowded","value":"crowded","classifications":[]}]},
            {"feature_id":"#8","feature_schema_id":"q-note","name":"note","value":"my-text",
            "text_answer":{"content":"checked \"twice\" \u00e9","classifications":[]}},
            {"feature_id":"#9","feature_schema_id":"q-note","name":"note","value":"my-text",
            "text_answer":{"content":"","classifications":[]}}],"relationships":[]}"##,
    );
}

#[test]
fn prompts_responses_and_dropdowns_are_answered_like_other_questions() {
    #[track_caller]
    fn check_key(line: &str, expect: &str) {
        let converted = run(&subject("text"), &[line], Purpose::Label, &mut Toy::default());
        let annotations = converted.annotations.unwrap_or_else(|| panic!("{:?}", converted.outcomes));
        assert!(annotations.contains(expect), "{annotations}");
    }
    check_key(r#"{"name":"ask","answer":"why?"}"#, r#""text_answer":{"content":"why?""#);
    check_key(r#"{"name":"say","answer":"so"}"#, r#""text_answer":{"content":"so""#);
    check_key(r#"{"name":"pick","answer":{"name":"a"}}"#, r#""radio_answer":{"#);
    check_key(r#"{"name":"mark","answer":[{"name":"b"}]}"#, r#""checklist_answers":[{"#);
    check_key(r#"{"name":"berth","answer":{"name":"pier"}}"#, r#""radio_answer":{"#);
    check_key(r#"{"name":"berth","answer":[{"name":"pier"}]}"#, r#""checklist_answers":[{"#);
}

#[test]
fn free_words_are_asked_about_too() {
    check(
        "image",
        &[r#"{"name":"remark","answer":"a","classifications":[{"name":"sure","answer":{"name":"yes"}}]}"#],
        r##"{"objects":[],"classifications":[
            {"feature_id":"#3","feature_schema_id":"q-remark","name":"remark","value":"remark",
            "text_answer":{"content":"a","classifications":[
            {"feature_id":"#2","feature_schema_id":"q-sure","name":"sure","value":"sure",
            "radio_answer":{"feature_id":"#1","feature_schema_id":"o-yes","name":"yes","value":"yes","classifications":[]}}]}}],
            "relationships":[]}"##,
    );
}

#[test]
fn answers_nest_as_deep_as_the_ontology() {
    let mut question = r#"{"type":"text","name":"q","instructions":"q","featureSchemaId":"q","options":[]}"#.to_owned();
    let mut line = r#"{"name":"q","answer":"end"}"#.to_owned();
    // Each level takes four levels of JSON, of which 512 are allowed.
    for _ in 0..120 {
        question = format!(
            r#"{{"type":"radio","name":"q","instructions":"q","featureSchemaId":"q","options":[
                {{"label":"o","value":"o","featureSchemaId":"o","options":[{question}]}}]}}"#
        );
        line = format!(r#"{{"name":"q","answer":{{"name":"o","classifications":[{line}]}}}}"#);
    }
    let ontology = Ontology::parse(&format!(r#"{{"classifications":[{question}]}}"#)).unwrap();
    let mut world = Toy::default();
    let converted = convert(&ontology, &subject("image"), &[&line], Purpose::Label, &mut world);
    assert_eq!(converted.outcomes, [Ok(())]);
    assert_eq!(world.ids, 241);
}

#[test]
fn audio_answers_begin_at_milliseconds() {
    check(
        "audio",
        &[
            r#"{"name":"note","answer":[{"value":"Mara","frames":[{"start":400,"end":1500}]},
                {"value":"over","frames":[{"start":0,"end":0},{"start":1600,"end":1700}]}]}"#,
            r#"{"name":"shift","answer":[{"name":"day","frames":[{"start":400,"end":900}],"classifications":[
                {"name":"light","answer":[{"name":"sun","frames":[{"start":500,"end":600}]}]}]}]}"#,
            r#"{"name":"conditions","frames":[{"start":5,"end":6}],"answer":[{"name":"wet"},{"name":"crowded"}]}"#,
            r#"{"name":"note","answer":"whole"}"#,
        ],
        r##"{"classifications":[{"feature_id":"#10","feature_schema_id":"q-note","name":"note","value":"my-text",
            "text_answer":{"content":"whole","classifications":[]}}],
            "segments":{"#1":[[400,1500]],"#2":[[0,0],[1600,1700]],"#4":[[500,600]],"#3":[[400,900]],"#7":[[5,6]],"#8":[[5,6]]},
            "timestamp":{"0":{"classifications":[
            {"feature_id":"#2","feature_schema_id":"q-note","name":"note","value":"my-text",
            "text_answer":{"content":"over","classifications":[]}}]},
            "5":{"classifications":[{"feature_id":"#9","feature_schema_id":"q-cond","name":"conditions","value":"conditions",
            "checklist_answers":[
            {"feature_id":"#7","feature_schema_id":"o-wet","name":"wet","value":"wet","classifications":[]},
            {"feature_id":"#8","feature_schema_id":"o-crowded","name":"crowded","value":"crowded","classifications":[]}]}]},
            "400":{"classifications":[
            {"feature_id":"#1","feature_schema_id":"q-note","name":"note","value":"my-text",
            "text_answer":{"content":"Mara","classifications":[]}},
            {"feature_id":"#6","feature_schema_id":"q-shift","name":"Which shift?","value":"shift","radio_answer":
            {"feature_id":"#3","feature_schema_id":"o-day","name":"Day","value":"day","classifications":[
            {"feature_id":"#5","feature_schema_id":"q-light","name":"light","value":"light","radio_answer":
            {"feature_id":"#4","feature_schema_id":"o-sun","name":"sun","value":"sun","classifications":[]}}]}}]},
            "1600":{"classifications":[
            {"feature_id":"#2","feature_schema_id":"q-note","name":"note","value":"my-text",
            "text_answer":{"content":"over","classifications":[]}}]}}}"##,
    );
}

#[test]
fn a_video_holds_ranges_in_its_segments_and_makes_no_key_frames() {
    check(
        "video",
        &[
            r#"{"name":"shift","answer":{"name":"night"},"frames":[{"start":3,"end":9},{"start":14,"end":15}]}"#,
            r#"{"name":"conditions","answer":[{"name":"wet","frames":[{"start":1,"end":2}]},
                {"name":"crowded","frames":[{"start":4,"end":4}]}]}"#,
            r#"{"name":"note","answer":"x","frames":[{"start":1,"end":1}]}"#,
            r#"{"name":"note","answer":"all"}"#,
        ],
        r##"{"frames":{},
            "segments":{"#1":[[3,9],[14,15]],"#3":[[1,2]],"#4":[[4,4]],"#7":[[1,1]]},
            "key_frame_feature_map":{},
            "classifications":[
            {"feature_id":"#2","feature_schema_id":"q-shift","name":"Which shift?","value":"shift","radio_answer":
            {"feature_id":"#1","feature_schema_id":"o-night","name":"Night","value":"night","classifications":[]}},
            {"feature_id":"#5","feature_schema_id":"q-cond","name":"conditions","value":"conditions","checklist_answers":
            [{"feature_id":"#3","feature_schema_id":"o-wet","name":"wet","value":"wet","classifications":[]}]},
            {"feature_id":"#6","feature_schema_id":"q-cond","name":"conditions","value":"conditions","checklist_answers":
            [{"feature_id":"#4","feature_schema_id":"o-crowded","name":"crowded","value":"crowded","classifications":[]}]},
            {"feature_id":"#7","feature_schema_id":"q-note","name":"note","value":"my-text",
            "text_answer":{"content":"x","classifications":[]}},
            {"feature_id":"#8","feature_schema_id":"q-note","name":"note","value":"my-text",
            "text_answer":{"content":"all","classifications":[]}}]}"##,
    );
}
