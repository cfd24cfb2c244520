//! The bytes of CoNLL: tags of tokens, sentences, and what has no place.

use super::*;
use crate::write::testing::{TestRow, Written, classes, write};
use crate::write::text::tests::{
    CHAT, CHAT_MEDIA, CLASSES, TEXT_MEDIA, chat_row, head, relation, row, span, text_answer,
};

fn written(text: &str, annotations: &str) -> Written {
    let head = head(text);
    let media = if text.starts_with('{') { CHAT_MEDIA } else { TEXT_MEDIA };
    write(&Conll, &[], &classes(&CLASSES), &[TestRow { head: &head, media, annotations: Some(annotations) }])
}

/// Returns the lines of a text without the columns that say nothing, with `|` for the end of a sentence.
#[track_caller]
fn lines(written: &Written) -> String {
    let text = written.text("train.conll").strip_prefix("-DOCSTART- -X- -X- O\n\n").unwrap();
    let lines = text.lines().map(|line| if line.is_empty() { "|".to_owned() } else { line.replace(" -X- -X- ", "/") });
    lines.collect::<Vec<_>>().join(" ")
}

#[test]
fn a_document_has_a_line_for_each_token() {
    let annotations = row(
        &[
            span("a", "s1", "train", 0, 8, Some("Goods 417")),
            span("b", "s2", "a: b", 15, 15, Some("\u{1f319}")),
            relation("r", "a", "b", "unidirectional_relationship"),
        ],
        &[text_answer()],
    );
    let found = written("Goods 417 held.\u{1f319} Late", &annotations);
    assert_eq!(
        found.text("train.conll"),
        "-DOCSTART- -X- -X- O\n\nGoods -X- -X- B-train\n417 -X- -X- I-train\nheld -X- -X- O\n. -X- -X- O\n\n\u{1f319} -X- -X- B-a:_b\nLate -X- -X- O\n\n"
    );
    let expect = [
        "1 TextEntity a: b kept",
        "1 TextEntity train kept",
        "1 TextUnidirectionalRelationship seen at left_out the format has no place for relations",
        "1 class - reduced its name \"a: b\" is written as \"a:_b\"",
        "2 radio_answer kind left_out the format has no place for answers",
        "1 text_answer note left_out the format has no place for answers",
    ];
    assert_eq!(found.losses, expect);
    assert!(found.text("rows.csv").ends_with("clrow,k,x/a.b.txt,train,train.conll,l1\r\n"));
}

#[test]
fn entities_are_widened_to_tokens_and_the_longest_of_several_is_written() {
    let annotations = row(
        &[
            span("inner", "s2", "a: b", 4, 7, Some("milk")),
            span("cut", "s1", "train", 5, 12, Some("ilk trai")),
            span("next", "s1", "train", 14, 14, None),
            span("space", "s1", "train", 3, 3, None),
            span("moved", "s1", "train", 0, 2, Some("Die")),
            span("again", "s1", "train", 15, 17, None),
        ],
        &[],
    );
    let found = written("The milk train ran", &annotations);
    assert_eq!(lines(&found), "The/O milk/B-train train/I-train ran/B-train |");
    let of_spans: Vec<&str> =
        found.losses.iter().filter(|loss| loss.contains("TextEntity")).map(String::as_str).collect();
    let expect = [
        "1 TextEntity a: b left_out it shares tokens with another entity, and a token has one tag",
        "1 TextEntity train kept",
        "1 TextEntity train reduced to whole tokens",
        "1 TextEntity train left_out its characters are not those that were stored with it",
        "2 TextEntity train left_out there is nothing to see in it, and no token",
    ];
    assert_eq!(of_spans, expect);
}

#[test]
fn no_sentence_ends_inside_an_entity() {
    let annotations = row(&[span("a", "s1", "train", 4, 9, Some("1. B\\n2"))], &[]);
    let found = written("One 1. B\n2. Two.", &annotations);
    assert_eq!(lines(&found), "One/O 1/B-train ./I-train B/I-train 2/I-train ./O | Two/O ./O |");
}

#[test]
fn messages_are_sentences_and_a_text_without_tokens_is_an_empty_document() {
    let found = written(CHAT, &chat_row());
    assert_eq!(lines(&found), "\u{e9}/O free/B-said ?/O | no/B-said |");
    let found = written(" \n", &row(&[], &[]));
    assert_eq!(found.text("train.conll"), "-DOCSTART- -X- -X- O\n\n");
    let found = written("https://host/a.txt", &row(&[], &[]));
    assert_eq!(found.text("train.conll"), "");
    assert_eq!(found.losses[1..], ["1 row - left_out its text is kept elsewhere"]);
}

#[test]
fn tags_are_one_column_whatever_classes_are_called() {
    let mut listed = CLASSES.to_vec();
    (listed[0].1, listed[1].1) = ("a\tb", "a\u{2028}b");
    let annotations = row(&[span("a", "s1", "a\\tb", 0, 2, None), span("b", "s2", "a\u{2028}b", 4, 6, None)], &[]);
    let head = head("One two");
    let row = TestRow { head: &head, media: TEXT_MEDIA, annotations: Some(&annotations) };
    let found = write(&Conll, &[], &classes(&listed), &[row]);
    assert_eq!(lines(&found), "One/B-a_b two/B-a_b_2 |");
}
