//! The bytes of timed answers: recordings, videos, and what is wrong with what is stored.

use super::track::MEDIA;
use super::*;
use crate::write::Format;
use crate::write::by_label::LABELS;
use crate::write::testing::{TestRow, Written, classes, write};
use proptest::prelude::*;

const CLASSES: [(&str, &str, &str); 5] = [
    ("q1", "speaker", "radio_answer"),
    ("q2", "words", "text_answer"),
    ("q3", "noises", "checklist_answers"),
    ("q4", "sure", "radio_answer"),
    ("q5", "van", "VideoBoundingBox"),
];

const AUDIO: &str = r#"{"asset_type":"audio"}"#;
const VIDEO: &str = r#"{"asset_type":"video","frame_rate":25,"frame_count":100}"#;
const HEAD: &str = r#""id":"clrow","global_key":"k","external_id":"calls/a.b.mp3","row_data":"https://host/a.mp3""#;

fn radio(id: &str, option: &str, name: &str) -> String {
    let nested = r#"[{"feature_id":"n","feature_schema_id":"q4","name":"sure","radio_answer":{"feature_id":"n1","name":"yes"}}]"#;
    let nested = if option == "o2" { nested } else { "[]" };
    format!(
        r#"{{"feature_id":"{id}","feature_schema_id":"q1","name":"speaker","radio_answer":{{"feature_id":"{option}","name":"{name}","classifications":{nested}}}}}"#
    )
}

fn text(id: &str, content: &str) -> String {
    format!(
        r#"{{"feature_id":"{id}","feature_schema_id":"q2","name":"words","text_answer":{{"content":"{content}"}}}}"#
    )
}

fn noises(id: &str, options: &[(&str, &str)]) -> String {
    let options: Vec<String> =
        options.iter().map(|(id, name)| format!(r#"{{"feature_id":"{id}","name":"{name}"}}"#)).collect();
    format!(
        r#"{{"feature_id":"{id}","feature_schema_id":"q3","name":"noises","checklist_answers":[{}]}}"#,
        options.join(",")
    )
}

fn audio(segments: &str, starts: &[(u64, &[String])], whole: &[String]) -> String {
    let starts: Vec<String> =
        starts.iter().map(|(at, said)| format!(r#""{at}":{{"classifications":[{}]}}"#, said.join(","))).collect();
    format!(
        r#"{{"classifications":[{}],"segments":{{{segments}}},"timestamp":{{{}}}}}"#,
        whole.join(","),
        starts.join(",")
    )
}

fn written(format: &dyn Format, media: &str, annotations: &str, options: &[(&str, &str)]) -> Written {
    write(format, options, &classes(&CLASSES), &[TestRow { head: HEAD, media, annotations: Some(annotations) }])
}

/// A call: two people who speak at the same time, one of them twice, what is said, noises, and an answer about the whole.
fn call() -> String {
    audio(
        r#""o1":[[150,2550],[4000,5000]],"o2":[[2000,3000]],"t":[[450,2050]],"c1":[[0,1000]],"c2":[[500,1500]]"#,
        &[
            (0, &[noises("c", &[("c1", "bell"), ("c2", "a: \\\"b\\\"")])]),
            (150, &[radio("f1", "o1", "the driver")]),
            (450, &[text("t", "Is <2> --> clear?\\n\\nYes & no")]),
            (500, &[noises("c", &[("c1", "bell"), ("c2", "a: \\\"b\\\"")])]),
            (2000, &[radio("f2", "o2", "Ann")]),
            (4000, &[radio("f1", "o1", "the driver")]),
        ],
        &[noises("w", &[("w1", "wind")])],
    )
}

#[test]
fn speakers_are_lines_of_rttm() {
    let found = written(&Rttm, AUDIO, &call(), &[]);
    let expect = concat!(
        "SPEAKER calls/a.b 1 0.150 2.400 <NA> <NA> the_driver <NA> <NA>\n",
        "SPEAKER calls/a.b 1 2.000 1.000 <NA> <NA> Ann <NA> <NA>\n",
        "SPEAKER calls/a.b 1 4.000 1.000 <NA> <NA> the_driver <NA> <NA>\n",
    );
    assert_eq!(found.text("train/calls/a.b.rttm"), expect);
    let other = "it answers another question; see the option question";
    let expect = [
        format!("2 checklist_answers noises left_out {other}"),
        "1 checklist_answers noises left_out it is about the whole, and the format holds answers that have times"
            .to_owned(),
        "3 radio_answer speaker kept".to_owned(),
        format!("1 radio_answer sure left_out {other}"),
        r#"1 speaker - reduced its name "the driver" is written as "the_driver""#.to_owned(),
        format!("1 text_answer words left_out {other}"),
    ];
    let mut losses = found.losses.clone();
    losses.sort_by_key(|loss| loss.split_once(' ').unwrap().1.to_owned());
    let mut sorted = expect.to_vec();
    sorted.sort_by_key(|loss| loss.split_once(' ').unwrap().1.to_owned());
    assert_eq!(losses, sorted);
    assert!(found.text("rows.csv").ends_with("clrow,k,calls/a.b.mp3,train,train/calls/a.b.rttm,l1\r\n"));
    let found = written(&Rttm, AUDIO, &call(), &[("question", "Speaker/SURE")]);
    let expect = "SPEAKER calls/a.b 1 2.000 1.000 <NA> <NA> yes <NA> <NA>\n";
    assert_eq!(found.text("train/calls/a.b.rttm"), expect, "a question to which an answer leads holds as long");
}

#[test]
fn no_two_speakers_are_one_and_a_name_with_white_space_is_no_field() {
    let segments = r#""o1":[[0,10]],"o2":[[20,30]],"o3":[[40,50]]"#;
    let starts = [radio("a", "o1", "A B"), radio("b", "o3", "A_B"), radio("c", "o2", "A\\tB")];
    let starts = [(0, &starts[..1]), (40, &starts[1..2]), (20, &starts[2..])];
    let annotations = audio(segments, &starts, &[]);
    let head = HEAD.replace("calls/a.b.mp3", "calls/a b.mp3");
    let row = TestRow { head: &head, media: AUDIO, annotations: Some(&annotations) };
    let found = write(&Rttm, &[], &classes(&CLASSES), &[row]);
    let names: Vec<&str> = found.text("train/clrow.rttm").lines().map(|line| line.split(' ').nth(7).unwrap()).collect();
    let lines = found.text("train/clrow.rttm").lines().all(|line| line.split_whitespace().count() == 10);
    assert!(lines && found.text("train/clrow.rttm").starts_with("SPEAKER clrow 1 0.000 0.010 "));
    assert_eq!(names, ["A_B_3", "A_B_2", "A_B"]);
}

#[test]
fn answers_are_cues_of_webvtt() {
    let found = written(&WebVtt, AUDIO, &call(), &[]);
    let expect = r#"WEBVTT

1 noises
00:00:00.000 --> 00:00:01.000
bell

2 speaker
00:00:00.150 --> 00:00:02.550
the driver

3 words
00:00:00.450 --> 00:00:02.050
Is &lt;2&gt; --&gt; clear?
Yes &amp; no

4 noises
00:00:00.500 --> 00:00:01.500
a: "b"

5 speaker
00:00:02.000 --> 00:00:03.000
Ann

6 speaker/sure
00:00:02.000 --> 00:00:03.000
yes

7 speaker
00:00:04.000 --> 00:00:05.000
the driver
"#;
    assert_eq!(found.text("train/calls/a.b.vtt"), expect);
    let expect = [
        "2 checklist_answers noises kept",
        "1 checklist_answers noises left_out it is about the whole, and the format holds answers that have times",
        "3 radio_answer speaker kept",
        "1 radio_answer sure reduced to an attribute that is named after the questions that lead to it",
        "1 text_answer words reduced to its lines that are not blank",
    ];
    assert_eq!(found.losses, expect);
    let found = written(&WebVtt, AUDIO, &call(), &[("question", "words")]);
    assert_eq!(found.text("train/calls/a.b.vtt").lines().filter(|line| line.contains(" --> ")).count(), 1);
}

#[test]
fn tiers_of_a_textgrid_have_no_gaps_and_no_overlaps() {
    let found = written(&TextGrid, AUDIO, &call(), &[]);
    let grid = found.text("train/calls/a.b.TextGrid");
    let start = concat!(
        "File type = \"ooTextFile\"\nObject class = \"TextGrid\"\n\nxmin = 0\nxmax = 5.000\ntiers? <exists>\nsize = 6\nitem []:\n",
        "    item [1]:\n        class = \"IntervalTier\"\n        name = \"noises\"\n        xmin = 0\n        xmax = 5.000\n",
        "        intervals: size = 2\n        intervals [1]:\n            xmin = 0.000\n            xmax = 1.000\n            text = \"bell\"\n",
        "        intervals [2]:\n            xmin = 1.000\n            xmax = 5.000\n            text = \"\"\n",
    );
    assert!(grid.starts_with(start), "{grid}");
    let names: Vec<&str> = grid.lines().filter_map(|line| line.trim().strip_prefix("name = ")).collect();
    assert_eq!(
        names,
        [r#""noises""#, r#""noises (2)""#, r#""speaker""#, r#""speaker (2)""#, r#""speaker/sure""#, r#""words""#]
    );
    assert!(grid.contains("text = \"a: \"\"b\"\"\"\n") && grid.contains("text = \"Is <2> --> clear?\n\nYes & no\"\n"));
    let found = written(&TextGrid, AUDIO, &audio("", &[], &[noises("w", &[("w1", "wind")])]), &[]);
    assert!(!found.files.contains_key("train/calls/a.b.TextGrid"));
    assert_eq!(found.losses[1], "1 row - left_out nothing that the format holds has times");
}

#[test]
fn a_video_counts_frames_and_its_answers_may_change() {
    let frame = |number: u64, said: &[String]| {
        let van = r#"{"feature_id":"v","feature_schema_id":"q5","name":"van","annotation_kind":"VideoBoundingBox","classifications":[],"bounding_box":{"top":1.0,"left":1.0,"height":1.0,"width":1.0}}"#;
        format!(r#""{number}":{{"objects":{{"v":{van}}},"classifications":[{}]}}"#, said.join(","))
    };
    let frames = [
        frame(1, &[text("t", "one"), radio("f", "o1", "Ann")]),
        frame(11, &[text("t", "two")]),
        frame(25, &[text("t", "two"), radio("f", "o1", "Ann")]),
        frame(90, &[noises("c", &[("c1", "bell")])]),
        frame(91, &[noises("c", &[("c1", "bell")])]),
    ];
    let annotations = format!(
        r#"{{"frames":{{{}}},"segments":{{"t":[[1,25]],"o1":[[1,25]],"w":[[76,999]],"w2":[[101,102]]}},"key_frame_feature_map":{{}},"classifications":[{},{}]}}"#,
        frames.join(","),
        text("w", "past the end"),
        text("w2", "after the end")
    );
    let found = written(&WebVtt, VIDEO, &annotations, &[]);
    let cues: Vec<&str> = found.text("train/calls/a.b.vtt").split("\n\n").skip(1).collect();
    let expect = [
        "1 words\n00:00:00.000 --> 00:00:00.400\none",
        "2 speaker\n00:00:00.000 --> 00:00:01.000\nAnn",
        "3 words\n00:00:00.400 --> 00:00:01.000\ntwo",
        "4 words\n00:00:03.000 --> 00:00:04.000\npast the end",
        "5 noises\n00:00:03.560 --> 00:00:03.640\nbell\n",
    ];
    assert_eq!(cues, expect);
    let expect = [
        "5 VideoBoundingBox van left_out the format holds answers that have times, and nothing about objects",
        "2 checklist_answers noises kept",
        "2 radio_answer speaker kept",
        "3 text_answer words kept",
        "1 text_answer words reduced to the part that is within its video",
        "1 text_answer words left_out it is after the end of its video",
    ];
    assert_eq!(found.losses, expect);
    let found = written(&TextGrid, VIDEO, &annotations, &[]);
    assert!(found.text("train/calls/a.b.TextGrid").contains("xmax = 4.000\ntiers"));
    let found = written(&WebVtt, r#"{"asset_type":"video"}"#, &annotations, &[]);
    assert!(found.losses.contains(&"1 row - left_out the frame rate of its video is not known".to_owned()));
    assert!(found.text("rows.csv").ends_with("clrow,k,calls/a.b.mp3,,,\r\n"));
}

#[test]
fn what_has_no_times_or_no_words_is_left_out_with_a_reason() {
    let segments = r#""t":[[5,5]],"e":[[0,10]],"b":[[9,3]]"#;
    let starts = [text("t", "now"), text("e", " "), text("b", "back"), text("u", "no end")];
    let annotations =
        audio(segments, &[(5, &starts[..1]), (0, &starts[1..2]), (9, &starts[2..3]), (7, &starts[3..])], &[]);
    let found = written(&WebVtt, AUDIO, &annotations, &[]);
    let expect = [
        "1 text_answer words reduced to one millisecond: it has no length",
        "2 text_answer words left_out nothing says how long it lasts",
        "1 text_answer words left_out there is nothing to read in it",
    ];
    assert_eq!(found.losses, expect);
    assert_eq!(found.text("train/calls/a.b.vtt"), "WEBVTT\n\n1 words\n00:00:00.005 --> 00:00:00.006\nnow\n");
    let row = TestRow { head: HEAD, media: AUDIO, annotations: None };
    let found = write(&WebVtt, &[], &classes(&CLASSES), &[row]);
    assert_eq!(found.text("train/calls/a.b.vtt"), "WEBVTT\n");
    assert_eq!(found.losses, ["1 row - kept it has no label, and its file says that nothing has times"]);
}

#[test]
fn questions_with_arrows_and_line_breaks_name_their_cues() {
    let annotations =
        audio(r#""t":[[0,9]]"#, &[(0, &[text("t", "x").replace("\"words\"", r#""a --> b\n\"c\"""#)])], &[]);
    let found = written(&WebVtt, AUDIO, &annotations, &[]);
    assert!(found.text("train/calls/a.b.vtt").contains("\n1 a -- > b \"c\"\n"));
    let found = written(&TextGrid, AUDIO, &annotations, &[]);
    assert!(found.text("train/calls/a.b.TextGrid").contains("name = \"a --> b \"\"c\"\"\"\n"));
}

#[test]
fn a_recording_belongs_into_the_package_where_that_is_asked_for() {
    let options = &[("media", "copy")];
    assert_eq!(written(&WebVtt, AUDIO, &call(), options).assets, ["media/train/calls/a.b.mp3"]);
    assert!(written(&WebVtt, AUDIO, &call(), &[]).assets.is_empty());
    let nothing = audio("", &[], &[]);
    assert!(written(&TextGrid, AUDIO, &nothing, options).assets.is_empty(), "a row that is left out");
    assert_eq!((MEDIA.name, MEDIA.values), (crate::write::MEDIA.name, crate::write::MEDIA.values));
    assert_eq!((LABELS.name, LABELS.values), (crate::write::chosen::LABELS.name, crate::write::chosen::LABELS.values));
}

/// A tier: its name, and its intervals with their texts.
type Tier = (String, Vec<(u64, u64, String)>);

/// Reads the tiers of a TextGrid, and checks that their intervals follow one another up to the end.
fn tiers_of(grid: &str) -> Vec<Tier> {
    let value = |line: &str| line.split_once(" = ").unwrap().1.trim_matches('"').to_owned();
    let ms = |line: &str| value(line).replace('.', "").parse::<u64>().unwrap();
    let lines: Vec<&str> = grid.lines().map(str::trim).collect();
    let end = ms(lines[4]);
    let mut tiers: Vec<Tier> = Vec::new();
    for (place, line) in lines.iter().enumerate() {
        if line.starts_with("name = ") {
            tiers.push((value(line), Vec::new()));
        }
        if line.starts_with("intervals [") {
            let interval = (ms(lines[place + 1]), ms(lines[place + 2]), value(lines[place + 3]));
            tiers.last_mut().unwrap().1.push(interval);
        }
    }
    for (name, intervals) in &tiers {
        assert_eq!((intervals[0].0, intervals.last().unwrap().1), (0, end), "{name}");
        assert!(
            intervals.windows(2).all(|pair| pair[0].1 == pair[1].0 && pair[0].0 < pair[0].1),
            "{name}: {intervals:?}"
        );
    }
    tiers
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_answer_is_once_in_every_format(turns in prop::collection::vec((0_u64..40, 0_u64..15, 0_usize..3), 1..14)) {
        let names = ["Ann", "Bob", "Cid"];
        let (mut segments, mut starts) = (Vec::new(), std::collections::BTreeMap::<u64, Vec<String>>::new());
        for (number, (start, length, who)) in turns.iter().enumerate() {
            segments.push(format!(r#""t{number}":[[{start},{}]]"#, start + length));
            let id = format!("f{number}");
            starts.entry(*start).or_default().push(radio(&id, &format!("t{number}"), names[*who]));
        }
        let starts: Vec<(u64, &[String])> = starts.iter().map(|(at, said)| (*at, said.as_slice())).collect();
        let annotations = audio(&segments.join(","), &starts, &[]);
        let mut expected: Vec<(u64, u64, &str)> =
            turns.iter().map(|(start, length, who)| (*start, start + length.max(&1), names[*who])).collect();
        expected.sort_unstable();
        let found = written(&TextGrid, AUDIO, &annotations, &[]);
        let mut read: Vec<(u64, u64, String)> =
            tiers_of(found.text("train/calls/a.b.TextGrid")).into_iter().flat_map(|(_, intervals)| intervals).collect();
        read.retain(|(.., text)| !text.is_empty());
        read.sort_unstable();
        let read: Vec<(u64, u64, &str)> = read.iter().map(|(start, end, text)| (*start, *end, text.as_str())).collect();
        prop_assert_eq!(&read, &expected);
        let found = written(&Rttm, AUDIO, &annotations, &[]);
        let ms = |text: &str| text.replace('.', "").parse::<u64>().unwrap();
        let lines = found.text("train/calls/a.b.rttm").lines().map(|line| {
            let fields: Vec<&str> = line.split(' ').collect();
            (ms(fields[3]), ms(fields[3]) + ms(fields[4]), fields[7])
        });
        let mut lines: Vec<(u64, u64, &str)> = lines.collect();
        lines.sort_unstable();
        prop_assert_eq!(&lines, &expected);
        let found = written(&WebVtt, AUDIO, &annotations, &[]);
        let cues = found.text("train/calls/a.b.vtt").matches(" --> ").count();
        prop_assert_eq!(cues, expected.len());
    }
}
