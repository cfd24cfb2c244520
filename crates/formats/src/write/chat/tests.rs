//! The bytes of conversations: lists and trees, what labels prefer, and what cannot be written.

use super::*;
use crate::write::Format;
use crate::write::testing::{TestRow, Written, classes, write};
use crate::write::text::tests::{CHAT, CHAT_MEDIA, head, message_span, row, text_answer};
use proptest::prelude::*;

const CLASSES: [(&str, &str, &str); 5] = [
    ("s4", "said", "ConversationalTextEntity"),
    ("s6", "note", "text_answer"),
    ("j1", "best", "MessageSingleSelection"),
    ("j2", "good", "MessageMultiSelection"),
    ("j3", "order", "MessageRanking"),
];

/// A person asks, two models answer; the person answers both, and three models answer that.
const TREE: &str = r#"{"type":"application/vnd.labelbox.conversational.model-chat-evaluation","version":2,
"actors":{"h":{"role":"human"},"m":{"role":"model"},"n":{"role":"model"}},
"messages":{
"q1":{"actorId":"h","content":[{"type":"text","content":"Is \"5\" free?"}],"childMessageIds":["a1","a2"]},
"a1":{"actorId":"m","content":[{"type":"text","content":"No."}],"childMessageIds":["q2"]},
"a2":{"actorId":"n","content":[{"type":"text","content":"Ja \u00fc"}],"childMessageIds":["q2"]},
"q2":{"actorId":"h","content":[{"type":"text","content":"And 6?"}],"childMessageIds":["b1","b2","b3"]},
"b1":{"actorId":"m","content":[{"type":"text","content":"b1"}],"childMessageIds":[]},
"b2":{"actorId":"n","content":[{"type":"text","content":"b2"}],"childMessageIds":[]},
"b3":{"actorId":"n","content":[{"type":"text","content":"b3"}],"childMessageIds":[]}},
"rootMessageIds":["q1"]}"#;

fn judgement(schema: &str, name: &str, kind: &str, members: &str) -> String {
    format!(
        r#"{{"feature_id":"{schema}","feature_schema_id":"{schema}","name":"{name}","annotation_kind":"{kind}","classifications":[],{members}}}"#
    )
}

fn best(id: &str, parent: &str) -> String {
    let members =
        format!(r#""selected_message":{{"message_id":"{id}","model_config_name":"m","parent_message_id":"{parent}"}}"#);
    judgement("j1", "best", "MessageSingleSelection", &members)
}

fn good(ids: &[&str], parent: &str) -> String {
    let ids: Vec<String> = ids.iter().map(|id| format!(r#"{{"message_id":"{id}","model_config_name":"m"}}"#)).collect();
    let members = format!(r#""selected_messages":{{"messages":[{}],"parent_message_id":"{parent}"}}"#, ids.join(","));
    judgement("j2", "good", "MessageMultiSelection", &members)
}

fn order(ranks: &[(&str, i64)], parent: &str) -> String {
    let one = |(id, order): &(&str, i64)| format!(r#"{{"message_id":"{id}","model_config_name":"m","order":{order}}}"#);
    let ranks: Vec<String> = ranks.iter().map(one).collect();
    let members =
        format!(r#""ranked_messages":{{"ranked_messages":[{}],"parent_message_id":"{parent}"}}"#, ranks.join(","));
    judgement("j3", "order", "MessageRanking", &members)
}

fn written(format: &dyn Format, row_data: &str, objects: Option<&[String]>, options: &[(&str, &str)]) -> Written {
    let head = head(row_data);
    let annotations = objects.map(|objects| row(objects, &[text_answer()]));
    let row = TestRow { head: &head, media: CHAT_MEDIA, annotations: annotations.as_deref() };
    write(format, options, &classes(&CLASSES), &[row])
}

/// Returns the lines, each as the initials of the roles and the texts of its messages.
fn lines(found: &Written) -> Vec<String> {
    let short = |line: &str| {
        let line = line.replace(r#"{"role":""#, "").replace(r#"","content":""#, ":").replace(r#""}"#, "");
        line.replace("assistant:", "a:").replace("user:", "u:").replace("system:", "s:")
    };
    found.text("train.jsonl").lines().map(short).collect()
}

#[test]
fn a_list_of_messages_is_a_line_whose_authors_are_cast() {
    let objects = [message_span("a", "q", 2, 5)];
    let found = written(&ChatSft, CHAT, Some(&objects), &[]);
    let expect = "{\"messages\":[{\"role\":\"user\",\"content\":\"\\u00e9 free?\"},{\"role\":\"assistant\",\"content\":\"no\"}]}\n";
    assert_eq!(found.text("train.jsonl"), expect);
    let expect = [
        "1 ConversationalTextEntity said left_out the format holds conversations and judgements about their messages",
        "1 row - kept its authors have no roles: that of the first message is the user, all others are the assistant; see the option assistant",
        "1 text_answer note left_out the format holds conversations and judgements about their messages",
    ];
    assert_eq!(found.losses, expect);
    assert!(found.text("rows.csv").ends_with("clrow,k,x/a.b.txt,train,train.jsonl,l1\r\n"));
    assert_eq!(found.text("losses.ndjson").lines().count(), 2);
    let found = written(&ChatSft, CHAT, None, &[("assistant", "Ann")]);
    assert_eq!(lines(&found), [r#"{"messages":[a:\u00e9 free?]}"#]);
    let expect = [
        "1 conversation - reduced to the last message of the assistant: nobody answers those after it",
        "1 row - kept it has no label, and its conversation is written as it is",
    ];
    assert_eq!(found.losses, expect);
    let found = written(&ChatSft, CHAT, None, &[("assistant", "Bob")]);
    let expect = [
        "1 conversation - left_out no message of it is written by an assistant; see the option assistant",
        "1 row - left_out no message of it is written by an assistant; see the option assistant",
    ];
    assert_eq!((lines(&found).len(), &found.losses[..]), (0, &expect.map(str::to_owned)[..]));
    assert!(found.text("rows.csv").ends_with("clrow,k,x/a.b.txt,,,\r\n"));
}

#[test]
fn a_tree_makes_a_line_through_each_answer_that_is_preferred() {
    let of = |objects: &[String], options: &[(&str, &str)]| written(&ChatSft, TREE, Some(objects), options);
    let every = |first: &str| {
        ["b1", "b2", "b3"].map(|last| format!(r#"{{"messages":[u:Is \"5\" free?,a:{first},u:And 6?,a:{last}]}}"#))
    };
    let (no, ja) = (every("No."), every(r"Ja \u00fc"));
    assert_eq!(lines(&of(&[], &[])), [&no[..], &ja[..]].concat());
    let objects = [best("a2", "q1"), order(&[("b3", 2), ("b1", 1), ("b2", 1)], "q2")];
    let found = of(&objects, &[]);
    assert_eq!(lines(&found), ja[..2]);
    let reduced = "reduced to which conversations are written: those with the answers that it prefers";
    assert_eq!(
        found.losses[..2],
        [format!("1 MessageRanking order {reduced}"), format!("1 MessageSingleSelection best {reduced}")]
    );
    assert_eq!(found.text("rows.csv").lines().count(), 3, "a line of the list for each line");
    let found = of(&objects, &[("paths", "all")]);
    assert_eq!(lines(&found).len(), 6);
    let left_out = "left_out all conversations of the row are written; see the option paths";
    assert_eq!(
        found.losses[..2],
        [format!("1 MessageRanking order {left_out}"), format!("1 MessageSingleSelection best {left_out}")]
    );
}

#[test]
fn a_line_is_whole_or_left_out() {
    let odd = TREE.replace(r#"[{"type":"text","content":"b2"}]"#, r#"[{"type":"image","content":"b2"}]"#);
    let found = written(&ChatSft, &odd, Some(&[best("b2", "q2")]), &[]);
    assert_eq!(lines(&found).len(), 0);
    let expect = [
        "1 MessageSingleSelection best left_out no conversation with the answers that it prefers is written",
        "2 conversation - left_out a message of it is empty, or something else than text",
        "1 row - left_out a message of it is empty, or something else than text",
    ];
    assert_eq!(found.losses[..3], expect);
    let found = written(&ChatPreference, &odd, Some(&[best("b1", "q2")]), &[]);
    assert_eq!(
        found.losses[0],
        "1 MessageSingleSelection best left_out a message of it is empty, or something else than text"
    );
}

#[test]
fn a_ranking_makes_pairs() {
    let objects = [best("a2", "q1"), order(&[("b3", 3), ("b1", 1), ("b2", 2)], "q2")];
    let of = |options: &[(&str, &str)]| written(&ChatPreference, TREE, Some(&objects), options);
    let pair = |chosen: &str, rejected: &str| {
        format!(
            r#"{{"prompt":[u:Is \"5\" free?,a:Ja \u00fc,u:And 6?],"chosen":[a:{chosen}],"rejected":[a:{rejected}]}}"#
        )
    };
    let first = r#"{"prompt":[u:Is \"5\" free?],"chosen":[a:Ja \u00fc],"rejected":[a:No.]}"#.to_owned();
    let found = of(&[]);
    assert_eq!(lines(&found), [first.clone(), pair("b1", "b2"), pair("b1", "b3"), pair("b2", "b3")]);
    let kept = ["1 MessageRanking order kept", "1 MessageSingleSelection best kept"];
    assert_eq!(found.losses[..2], kept);
    let found = of(&[("pairs", "adjacent")]);
    assert_eq!(lines(&found), [first.clone(), pair("b1", "b2"), pair("b2", "b3")]);
    assert_eq!(found.losses[..2], kept);
    let found = of(&[("pairs", "ends")]);
    assert_eq!(lines(&found), [first, pair("b1", "b3")]);
    let reduced = "1 MessageRanking order reduced to the pairs of the first rank and the last; see the option pairs";
    assert_eq!(found.losses[..2], [reduced, kept[1]]);
    let found = of(&[("dialect", "openai"), ("pairs", "ends")]);
    let expect = r#"{"input":{"messages":[{"role":"user","content":"Is \"5\" free?"}]},"preferred_output":[{"role":"assistant","content":"Ja \u00fc"}],"non_preferred_output":[{"role":"assistant","content":"No."}]}"#;
    assert_eq!(found.text("train.jsonl").lines().next(), Some(expect));
}

#[test]
fn a_selection_is_compared_with_the_other_answers() {
    let found = written(&ChatPreference, TREE, Some(&[good(&["b1", "b3"], "q2")]), &[]);
    let last = |line: &String| line[line.find("\"chosen\"").unwrap()..].to_owned();
    let lines: Vec<String> = lines(&found).iter().map(last).collect();
    assert_eq!(lines, [r#""chosen":[a:b1],"rejected":[a:b2]}"#, r#""chosen":[a:b3],"rejected":[a:b2]}"#]);
    assert_eq!(found.losses[0], "1 MessageMultiSelection good kept");
}

#[test]
fn messages_of_a_list_that_are_ranked_answer_the_message_before() {
    let message =
        |id: &str, author: &str| format!(r#"{{"messageId":"{id}","content":"{id}","user":{{"name":"{author}"}}}}"#);
    let list = [message("q", "user"), message("r", "model"), message("s", "model"), message("t", "user")];
    let list = format!(r#"{{"messages":[{}]}}"#, list.join(","));
    let objects = [order(&[("r", 2), ("s", 1)], "q")];
    let found = written(&ChatPreference, &list, Some(&objects), &[]);
    assert_eq!(lines(&found), [r#"{"prompt":[u:q],"chosen":[a:s],"rejected":[a:r]}"#]);
    let found = written(&ChatSft, &list, Some(&objects), &[]);
    assert_eq!(lines(&found), [r#"{"messages":[u:q,a:s]}"#]);
    let found = written(&ChatSft, &list, Some(&[]), &[]);
    assert_eq!(lines(&found), [r#"{"messages":[u:q,a:r,a:s]}"#], "nothing says that they are alternatives");
}

#[track_caller]
fn check_left_out(object: String, reason: &str) {
    let found = written(&ChatPreference, TREE, Some(&[object]), &[]);
    let is_it = |loss: &&String| loss.starts_with("1 Message");
    let loss = found.losses.iter().find(is_it).unwrap();
    assert!(loss.ends_with(&format!("left_out {reason}")), "{loss}");
    assert_eq!(found.text("train.jsonl"), "");
    assert!(found.losses.contains(&"1 row - left_out nothing says which of its answers are better".to_owned()));
}

#[test]
fn what_compares_nothing_is_left_out_with_a_reason() {
    check_left_out(best("zz", "q1"), "one of its messages is not in the conversation");
    check_left_out(best("a1", "zz"), "one of its messages is not in the conversation");
    check_left_out(best("a1", "q2"), "its messages do not answer the same message");
    check_left_out(best("q2", "a1"), "one of its messages is not written by an assistant");
    check_left_out(good(&["b1", "b2", "b3"], "q2"), "it has no other message to compare with");
    check_left_out(good(&[], "q2"), "it names no message");
    check_left_out(good(&["b1", "b1"], "q2"), "it names a message twice");
    check_left_out(order(&[("b1", 1)], "q2"), "it has no other message to compare with");
    check_left_out(order(&[("b1", 1), ("b2", 1)], "q2"), "all its messages have one rank");
    check_left_out(order(&[("a1", 1), ("b2", 2)], "q1"), "its messages do not answer the same message");
    let no_rank = order(&[("b1", 1), ("b2", 2)], "q2").replace(r#","order":2"#, "");
    check_left_out(no_rank, "one of its messages has no rank");
}

#[test]
fn messages_of_one_rank_make_no_pair() {
    let found = written(&ChatPreference, TREE, Some(&[order(&[("b1", 1), ("b2", 1), ("b3", 2)], "q2")]), &[]);
    assert_eq!(lines(&found).len(), 2);
    let reason = "to the answers of different ranks: those of one rank make no pair";
    assert_eq!(found.losses[0], format!("1 MessageRanking order reduced {reason}"));
}

#[test]
fn a_row_that_makes_too_many_lines_is_left_out() {
    // Each of 14 questions has two answers, both of which the next question answers.
    let mut messages = Vec::new();
    for step in 0..14 {
        let next = if step < 13 { format!("\"q{}\"", step + 1) } else { String::new() };
        messages.push(format!(r#""q{step}":{{"actorId":"h","content":"x","childMessageIds":["a{step}","b{step}"]}}"#));
        for answer in ["a", "b"] {
            messages.push(format!(r#""{answer}{step}":{{"actorId":"m","content":"x","childMessageIds":[{next}]}}"#));
        }
    }
    let tree = format!(
        r#"{{"actors":{{"h":{{"role":"human"}},"m":{{"role":"model"}}}},"messages":{{{}}}}}"#,
        messages.join(",")
    );
    let found = written(&ChatSft, &tree, Some(&[best("a0", "q0")]), &[("paths", "best")]);
    assert_eq!(lines(&found).len(), 8192);
    let found = written(&ChatSft, &tree, Some(&[best("a0", "q0")]), &[("paths", "all")]);
    let reason = "left_out its conversation makes more than 10,000 lines, or more than 256 MiB of them";
    assert_eq!(found.losses[0], format!("1 MessageSingleSelection best {reason}"));
    assert_eq!(found.losses[1], format!("1 row - {reason}"));
}

#[test]
fn a_row_that_is_no_conversation_is_left_out() {
    for (row_data, reason) in [
        ("hello", "its conversation has a form that is not known"),
        (r#"{"messages":{},"actors":{}}"#, "its conversation has no messages"),
        ("https://host/chat.json", "its text is kept elsewhere"),
    ] {
        for format in [&ChatSft as &dyn Format, &ChatPreference] {
            let found = written(format, row_data, Some(&[best("a1", "q1")]), &[]);
            assert_eq!(found.losses[0], format!("1 MessageSingleSelection best left_out {reason}"));
            assert_eq!(found.text("train.jsonl"), "");
        }
    }
    let head = head("text");
    let found =
        write(&ChatSft, &[], &[], &[TestRow { head: &head, media: r#"{"asset_type":"text"}"#, annotations: None }]);
    assert_eq!(found.losses, ["1 row - left_out its row is not a conversation"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_ranking_of_any_shape_makes_the_pairs_of_its_ranks(ranks in prop::collection::vec(0_i64..4, 2..8)) {
        let answers: Vec<String> = (0..ranks.len()).map(|number| format!("a{number}")).collect();
        let mut messages: Vec<String> = answers
            .iter()
            .map(|id| format!(r#""{id}":{{"actorId":"m","content":"{id}","childMessageIds":[]}}"#))
            .collect();
        let children: Vec<String> = answers.iter().map(|id| format!("\"{id}\"")).collect();
        let children = children.join(",");
        messages.push(format!(r#""q":{{"actorId":"h","content":"q","childMessageIds":[{children}]}}"#));
        let tree = format!(
            r#"{{"actors":{{"h":{{"role":"human"}},"m":{{"role":"model"}}}},"messages":{{{}}}}}"#,
            messages.join(",")
        );
        let listed: Vec<(&str, i64)> = answers.iter().map(String::as_str).zip(ranks.iter().copied()).collect();
        let objects = [order(&listed, "q")];
        let rank_of = |id: &str| ranks[id[1..].parse::<usize>().unwrap()];
        let mut different: Vec<i64> = ranks.clone();
        different.sort_unstable();
        different.dedup();
        let place = |rank: i64| different.iter().position(|known| *known == rank).unwrap();
        for (which, is_pair) in [
            ("all", (|one, other, _| one < other) as fn(usize, usize, usize) -> bool),
            ("adjacent", |one, other, _| one + 1 == other),
            ("ends", |one, other, last| one == 0 && other == last && last > 0),
        ] {
            let found = written(&ChatPreference, &tree, Some(&objects), &[("pairs", which)]);
            let pairs: Vec<(String, String)> = lines(&found)
                .iter()
                .map(|line| {
                    let of = |key: &str| line.split(key).nth(1).unwrap().split([']', '[']).nth(1).unwrap()[2..].to_owned();
                    (of("\"chosen\":"), of("\"rejected\":"))
                })
                .collect();
            let mut expected = Vec::new();
            for one in &answers {
                for other in &answers {
                    if is_pair(place(rank_of(one)), place(rank_of(other)), different.len() - 1) {
                        expected.push((one.clone(), other.clone()));
                    }
                }
            }
            let mut sorted = pairs.clone();
            sorted.sort_unstable();
            expected.sort_unstable();
            prop_assert_eq!(&sorted, &expected, "{}", which);
        }
        // Fine-tuning goes through the answers of the first rank, all of them.
        let found = written(&ChatSft, &tree, Some(&objects), &[]);
        let best = ranks.iter().filter(|rank| **rank == different[0]).count();
        let expected = if different.len() == 1 { ranks.len() } else { best };
        prop_assert_eq!(lines(&found).len(), expected);
    }
}
