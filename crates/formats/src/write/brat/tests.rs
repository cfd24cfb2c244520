//! The bytes of brat: entities, relations, attributes, and the files that say what there is.

use super::*;
use crate::write::testing::{TestRow, Written, classes, write};
use crate::write::text::tests::{
    CHAT, CHAT_MEDIA, CLASSES, TEXT_MEDIA, chat_row, head, relation, row, span, text_answer,
};

fn written(text: &str, annotations: &str) -> Written {
    let head = head(text);
    let media = if text.starts_with('{') { CHAT_MEDIA } else { TEXT_MEDIA };
    write(&Brat, &[], &classes(&CLASSES), &[TestRow { head: &head, media, annotations: Some(annotations) }])
}

#[test]
fn a_text_has_a_file_of_its_own_and_one_for_its_annotations() {
    let annotations = row(
        &[
            span("a", "s1", "train", 0, 8, Some("Goods 417")),
            span("b", "s2", "a: b", 15, 15, Some("\u{1f319}")),
            relation("r", "a", "b", "unidirectional_relationship"),
        ],
        &[text_answer()],
    );
    let found = written("Goods 417 held.\u{1f319} Late", &annotations);
    assert_eq!(found.text("train/x/a.b.txt"), "Goods 417 held.\u{1f319} Late");
    assert_eq!(
        found.text("train/x/a.b.ann"),
        "T1\ttrain 0 9\tGoods 417\nA1\tkind T1 goods\nT2\ta__b 15 16\t\u{1f319}\nA2\tkind T2 goods\nR1\tseen_at Arg1:T1 Arg2:T2\n"
    );
    let conf = concat!(
        "[entities]\ntrain\na__b\nsaid\n\n[relations]\nseen_at\tArg1:<ENTITY>, Arg2:<ENTITY>\n\n[events]\n\n",
        "[attributes]\nkind\tArg:<ENTITY>, Value:goods\n",
    );
    assert_eq!(found.text("annotation.conf"), conf);
    assert!(found.text("visual.conf").starts_with("[labels]\na__b | a: b\nseen_at | seen at\n\n[drawing]\n"));
    let expect = [
        "1 TextEntity a: b kept",
        "1 TextEntity train kept",
        "1 TextUnidirectionalRelationship seen at kept",
        r#"1 class - reduced its name "a: b" is written as "a__b""#,
        r#"1 class - reduced its name "seen at" is written as "seen_at""#,
        "2 radio_answer kind kept",
        "1 text_answer note left_out the format holds answers about entities alone",
    ];
    assert_eq!(found.losses, expect);
    assert!(found.text("rows.csv").ends_with("clrow,k,x/a.b.txt,train,train/x/a.b.txt,l1\r\n"));
}

#[test]
fn an_entity_on_several_lines_has_a_fragment_on_each() {
    let annotations = row(
        &[
            span("a", "s1", "train", 0, 8, Some("One\\r\\n \\nTwo")),
            span("b", "s1", "train", 3, 5, None),
            span("c", "s1", "train", 6, 8, Some("two")),
            relation("r", "a", "b", "unidirectional_relationship"),
            relation("q", "a", "c", "unidirectional_relationship"),
        ],
        &[],
    );
    let found =
        written("One\r\n \nTwo", &annotations.replace("\"end\":8,\"token\":\"One", "\"end\":9,\"token\":\"One"));
    assert_eq!(found.text("train/x/a.b.txt"), "One \n \nTwo");
    assert_eq!(found.text("train/x/a.b.ann"), "T1\ttrain 0 3;7 10\tOne Two\nA1\tkind T1 goods\n");
    let expect = [
        "1 TextEntity train reduced to a fragment for each line",
        "1 TextEntity train left_out it is white space alone",
        "1 TextEntity train left_out its characters are not those that were stored with it",
        "2 TextUnidirectionalRelationship seen at left_out one of the two that it relates is not written",
    ];
    assert_eq!(found.losses[..4], expect);
    assert_eq!(found.losses.last().unwrap(), "1 row - kept its carriage returns are written as spaces");
}

#[test]
fn answers_become_attributes_and_notes() {
    let answers = concat!(
        r#"{"feature_id":"o","feature_schema_id":"s5","name":"kind","radio_answer":{"name":"not clear","classifications":["#,
        r#"{"feature_id":"n","feature_schema_id":"s6","name":"note","text_answer":{"content":"two\nlines"}}]}},"#,
        r#"{"feature_id":"c","feature_schema_id":"s7","name":"load","checklist_answers":[{"name":"coal"},{"name":"\u00e9 1"}]},"#,
        r#"{"feature_id":"d","feature_schema_id":"s7","name":"load","checklist_answers":[]}"#,
    );
    let one = span("a", "s1", "train", 0, 2, None);
    let start = one.find(r#""classifications":["#).unwrap() + r#""classifications":["#.len();
    let end = one.find("],\"location\"").unwrap();
    let annotations = row(&[format!("{}{answers}{}", &one[..start], &one[end..])], &[]);
    let mut listed = CLASSES.to_vec();
    listed.push(("s7", "load", "checklist_answers"));
    let head = head("One");
    let found = write(
        &Brat,
        &[],
        &classes(&listed),
        &[TestRow { head: &head, media: TEXT_MEDIA, annotations: Some(&annotations) }],
    );
    let lines = "T1\ttrain 0 3\tOne\nA1\tkind T1 not_clear\n#1\tAnnotatorNotes T1\tkind/note: two lines\nA2\tload-coal T1\nA3\tload-__1 T1\n";
    assert_eq!(found.text("train/x/a.b.ann"), lines);
    assert!(found.text("annotation.conf").ends_with(
        "[attributes]\nkind\tArg:<ENTITY>, Value:not_clear\nload-coal\tArg:<ENTITY>\nload-__1\tArg:<ENTITY>\n"
    ));
    let of_answers: Vec<&str> =
        found.losses.iter().filter(|loss| loss.contains("_answer")).map(String::as_str).collect();
    let expect = [
        "1 checklist_answers load reduced to an attribute for each option",
        "1 checklist_answers load left_out nothing was answered",
        "1 radio_answer kind kept",
        "1 text_answer note reduced to a note",
    ];
    assert_eq!(of_answers, expect);
}

#[test]
fn a_conversation_is_one_text_and_a_text_elsewhere_has_no_files() {
    let found = written(CHAT, &chat_row());
    assert_eq!(found.text("train/x/a.b.txt"), "\u{e9} free?\nno");
    assert_eq!(found.text("train/x/a.b.ann"), "T1\tsaid 2 6\tfree\nT2\tsaid 8 10\tno\nR1\tseen_at Arg1:T2 Arg2:T1\n");
    assert!(
        found.losses.contains(
            &"1 TextUnidirectionalRelationship seen at reduced to a relation that has a direction".to_owned()
        )
    );
    let found = written("https://host/a.txt", &row(&[], &[]));
    assert!(!found.files.keys().any(|path| path.starts_with("train/")));
    assert!(found.losses.contains(&"1 row - left_out its text is kept elsewhere".to_owned()));
}

#[test]
fn types_are_words_whatever_classes_are_called() {
    let mut listed = CLASSES.to_vec();
    listed[0].1 = "-->";
    listed[1].1 = "[relations]";
    listed[2] = ("s3", "a\tb", "TextBidirectionalRelationship");
    listed[3].1 = "a|b";
    let annotations = row(
        &[
            span("a", "s1", "-->", 0, 2, None),
            span("b", "s2", "[relations]", 0, 2, None),
            relation("r", "a", "b", "bidirectional_relationship")
                .replace("seen at", "a\\tb")
                .replace("TextUnidirectional", "TextBidirectional"),
        ],
        &[],
    );
    let head = head("One");
    let row = TestRow { head: &head, media: TEXT_MEDIA, annotations: Some(&annotations) };
    let found = write(&Brat, &[], &classes(&listed), &[row]);
    let lines =
        "T1\t--_ 0 3\tOne\nA1\tkind T1 goods\nT2\t_relations_ 0 3\tOne\nA2\tkind T2 goods\nR1\ta_b_2 Arg1:T1 Arg2:T2\n";
    assert_eq!(found.text("train/x/a.b.ann"), lines);
    let conf = found.text("annotation.conf");
    let expect =
        "[entities]\n--_\n_relations_\na_b\n\n[relations]\na_b_2\tArg1:<ENTITY>, Arg2:<ENTITY>, <REL-TYPE>:symmetric\n";
    assert!(conf.starts_with(expect), "{conf}");
    assert!(
        found
            .text("visual.conf")
            .starts_with("[labels]\n--_ | -->\n_relations_ | [relations]\na_b | a b\na_b_2 | a b\n")
    );
    assert_eq!(found.losses.iter().filter(|loss| loss.contains("left_out")).count(), 0, "{:?}", found.losses);
}
