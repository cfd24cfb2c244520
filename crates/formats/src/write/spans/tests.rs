//! The bytes of spans: texts, conversations, and what is wrong with what is stored.

use super::*;
use crate::write::testing::{TestRow, Written, classes, write};
use crate::write::text::tests::{
    CHAT, CHAT_MEDIA, CLASSES, TEXT_MEDIA, chat_row, head, message_span, relation, row, span, text_answer,
};

fn written(row: &TestRow<'_>, options: &[(&str, &str)]) -> Written {
    write(&Spans, options, &classes(&CLASSES), &[*row])
}

#[test]
fn a_text_is_a_line_with_its_spans_relations_and_answers() {
    let head = head("Caf\u{e9} \u{1f319} \"Z\u{fc}ge\"");
    let annotations = row(
        &[
            span("a", "s1", "train", 5, 5, Some("\u{1f319}")),
            span("b", "s2", "a: b", 8, 11, Some("Z\u{fc}ge")),
            relation("r", "a", "b", "unidirectional_relationship"),
        ],
        &[text_answer()],
    );
    let found = written(&TestRow { head: &head, media: TEXT_MEDIA, annotations: Some(&annotations) }, &[]);
    assert_eq!(
        found.text("train.jsonl"),
        concat!(
            r#"{"text":"Caf\u00e9 \ud83c\udf19 \"Z\u00fcge\"","spans":["#,
            r#"{"start":5,"end":6,"label":"train","id":"a","answers":{"kind":"goods"}},"#,
            r#"{"start":8,"end":12,"label":"a: b","id":"b","answers":{"kind":"goods"}}],"#,
            r#""relations":[{"id":"r","from":"a","to":"b","label":"seen at","directed":true}],"#,
            r#""answers":{"note":"a text"},"#,
            r#""meta":{"data_row_id":"clrow","global_key":"k","external_id":"x/a.b.txt","label_id":"l1"}}"#,
            "\n",
        )
    );
    let rows = "data_row_id,global_key,external_id,split,file,label_id\r\nclrow,k,x/a.b.txt,train,train.jsonl,l1\r\n";
    assert_eq!((found.text("rows.csv"), found.text("losses.ndjson")), (rows, ""));
    let expect = [
        "1 TextEntity a: b kept",
        "1 TextEntity train kept",
        "1 TextUnidirectionalRelationship seen at kept",
        "2 radio_answer kind kept",
        "1 text_answer note kept",
    ];
    assert_eq!(found.losses, expect);
}

#[test]
fn a_conversation_is_one_text_with_a_line_for_each_message() {
    let annotations = chat_row();
    let head = head(CHAT);
    let found = written(&TestRow { head: &head, media: CHAT_MEDIA, annotations: Some(&annotations) }, &[]);
    assert_eq!(
        found.text("train.jsonl"),
        concat!(
            r#"{"text":"\u00e9 free?\nno","spans":["#,
            r#"{"start":2,"end":6,"label":"said","id":"a","message_id":"q"},"#,
            r#"{"start":8,"end":10,"label":"said","id":"b","message_id":"r"}],"#,
            r#""relations":[{"id":"z","from":"b","to":"a","label":"seen at","directed":false}],"answers":{},"#,
            r#""messages":[{"id":"q","start":0,"end":7,"author":"Ann","answers":{"note":"of q"}},"#,
            r#"{"id":"r","start":8,"end":10}],"#,
            r#""meta":{"data_row_id":"clrow","global_key":"k","external_id":"x/a.b.txt","label_id":"l1"}}"#,
            "\n",
        )
    );
    assert_eq!(found.text("losses.ndjson"), "");
}

#[test]
fn a_text_that_is_not_at_hand_is_null_and_spans_have_their_tokens() {
    let annotations = row(&[span("a", "s1", "train", 3, 4, Some("is"))], &[]);
    let head = head("https://host/a.txt");
    let found = written(&TestRow { head: &head, media: TEXT_MEDIA, annotations: Some(&annotations) }, &[]);
    let line = found.text("train.jsonl");
    let start = r#"{"text":null,"spans":[{"start":3,"end":5,"label":"train","id":"a","token":"is","#;
    assert!(line.starts_with(start) && line.contains(r#""row_data":"https://host/a.txt"}}"#), "{line}");
    assert_eq!(found.losses[2], "1 row - kept its text is kept elsewhere, and null is written in place of it");
    // Characters of a message are counted in the text of all, which is not known.
    let annotations = chat_row();
    let found = written(&TestRow { head: &head, media: CHAT_MEDIA, annotations: Some(&annotations) }, &[]);
    assert!(
        found.text("train.jsonl").starts_with(r#"{"text":null,"spans":[],"relations":[],"answers":{},"messages":[],"#)
    );
    assert_eq!(found.losses[0], "2 ConversationalTextEntity said left_out its text is kept elsewhere");
}

#[test]
fn what_is_not_within_the_text_is_left_out_and_what_is_moved_is_named() {
    let head = head("na\u{ef}ve");
    let annotations = row(
        &[
            span("a", "s1", "train", 1, 4, Some("aive")),
            span("b", "s1", "train", 4, 5, None),
            span("c", "s1", "train", 0, -1, None),
            span("d", "s1", "train", 5, 4, None),
            message_span("e", "q", 0, 1),
            relation("r", "a", "b", "bidirectional_relationship"),
        ],
        &[],
    );
    let found = written(&TestRow { head: &head, media: TEXT_MEDIA, annotations: Some(&annotations) }, &[]);
    let line = found.text("train.jsonl");
    let spans = r#""spans":[{"start":1,"end":5,"label":"train","id":"a","token":"aive","answers":{"kind":"goods"}}]"#;
    assert!(line.contains(spans) && line.contains(r#""relations":[]"#), "{line}");
    let expect = [
        "1 ConversationalTextEntity said left_out it is about a message, and its row is one text",
        "1 TextEntity train kept",
        "2 TextEntity train left_out it marks no characters",
        "1 TextEntity train left_out its characters are not within the text",
        "1 TextUnidirectionalRelationship seen at left_out one of the two that it relates is not written",
        "1 radio_answer kind kept",
        "2 radio_answer kind left_out it marks no characters",
        "1 radio_answer kind left_out its characters are not within the text",
        "1 span - kept its characters are not those that were stored with it",
    ];
    assert_eq!(found.losses, expect);
    assert_eq!(found.text("losses.ndjson").lines().count(), 8);
}

#[test]
fn rows_that_are_not_texts_have_no_line_and_rows_without_a_label_have_one() {
    let image = r#"{"asset_type":"image"}"#;
    let found = written(&TestRow { head: &head("x"), media: image, annotations: None }, &[]);
    assert_eq!((found.text("train.jsonl"), found.losses.len()), ("", 1));
    assert!(found.text("rows.csv").ends_with("clrow,k,x/a.b.txt,,,\r\n"));
    let found = written(&TestRow { head: &head("x"), media: TEXT_MEDIA, annotations: None }, &[]);
    let line = r#"{"text":"x","spans":[],"relations":[],"answers":{},"meta":{"data_row_id":"clrow","global_key":"k","external_id":"x/a.b.txt"}}"#;
    assert_eq!(found.text("train.jsonl").trim_end(), line);
    assert_eq!(found.losses, ["1 row - kept it has no label, and its document says that nothing is marked"]);
}
