//! The bytes of YOLO, picture by picture.

use super::*;
use crate::write::{About, Class};
use labelport_model::data_type;
use labelport_model::losses::Losses;
use labelport_model::record::{Annotations, LabelRecord, ModelRecord, ProjectRecord, RunRecord};

const BOX: &str = r#""bounding_box":{"top":10.0,"left":20.0,"height":30.0,"width":40.0}"#;
const RING: &str = r#""polygon":[{"x":0.0,"y":0.0},{"x":50.0,"y":0.0},{"x":0.0,"y":25.0},{"x":0.0,"y":0.0}]"#;
const LINE: &str = r#""line":[{"x":0.0,"y":0.0},{"x":50.0,"y":0.0}]"#;

fn object(schema_id: &str, name: &str, kind: &str, shape: &str) -> String {
    let answers = r#"[{"feature_id":"q","feature_schema_id":"s9","name":"kind","value":"kind","radio_answer":null}]"#;
    format!(
        r#"{{"feature_id":"f{schema_id}","feature_schema_id":"{schema_id}","name":"{name}","value":"{name}","annotation_kind":"{kind}","classifications":{answers},{shape}}}"#
    )
}

fn classes() -> Vec<Class> {
    let listed = [
        ("s1", "yes", "ImageBoundingBox"),
        ("s2", "a: b", "ImagePolygon"),
        ("s3", "rail", "ImagePolyline"),
        ("s9", "kind", "radio_answer"),
        ("s4", "lamp", "ImagePoint"),
        ("s5", "buffer", "ImagePoint"),
    ];
    let class = |(index, (schema_id, name, kind)): (u32, (&str, &str, &str))| Class {
        index,
        schema_id: schema_id.to_owned(),
        name: name.to_owned(),
        value: name.replace(' ', "_"),
        kind: kind.to_owned(),
        form: data_type::find_kind(kind).map(|kind| kind.form),
        is_listed: true,
        written: 1,
    };
    (0..).zip(listed).map(class).collect()
}

/// Files, streams and losses.
type Encoded = (Vec<FileEntry>, [String; 2], Losses);

/// Encodes one row with labels in a project.
fn encode(options: &[(&str, &str)], media: &str, labels: &[LabelRecord<'_>]) -> Encoded {
    encode_all(options, media, labels, &[])
}

/// Encodes one row with labels in a project and predictions in a model run, as an export does: the second time it is known
/// what there is.
fn encode_all(
    options: &[(&str, &str)],
    media: &str,
    labels: &[LabelRecord<'_>],
    predictions: &[LabelRecord<'_>],
) -> Encoded {
    let classes = classes();
    let options = options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let details = Some(&br#"{"selected_label_id":"l1"}"#[..]);
    let project = ProjectRecord { id: "p", name: None, labels, details, tags: None, rest: b"" };
    let (tail, predictions) = (&b""[..], Some(predictions));
    let run = RunRecord { id: "r", name: None, head: b"", labels: &[], predictions, tail };
    let model = ModelRecord { id: "m", name: None, runs: &[run], rest: b"" };
    let record = Record {
        head: br#""id":"clrow","global_key":"k","external_id":"x/a.b.jpg","row_data":"https://host/a.b.jpg""#,
        details: None,
        media: Some(media.as_bytes()),
        attachments: None,
        metadata: None,
        embeddings: None,
        projects: Some(&[project]),
        models: Some(&[model]),
        rest: b"",
    };
    let about = About { classes: &classes, options, ..About::default() };
    let values = Yolo.open(&about).unwrap().values(&record).into_iter().collect();
    let about = About { values, ..about };
    let encoder = Yolo.open(&about).unwrap();
    let (mut streams, mut files, mut losses) = ([Vec::new(), Vec::new()], Vec::new(), Losses::default());
    let mut entries = Entries {
        streams: &mut streams,
        files: &mut files,
        assets: &mut Vec::new(),
        losses: &mut losses,
        is_survey: false,
    };
    encoder.start(&mut entries);
    encoder.row(&record, &mut Numbers::default(), &mut entries);
    losses.name_classes(|place| (classes[place as usize].kind.clone(), classes[place as usize].name.clone()));
    (files, streams.map(|stream| String::from_utf8(stream).unwrap()), losses)
}

fn label<'a>(head: &'a str, annotations: &'a str) -> LabelRecord<'a> {
    let annotations = Annotations::Stored(annotations.as_bytes());
    LabelRecord { head: head.as_bytes(), details: None, performance: None, annotations, rest: b"" }
}

#[track_caller]
fn check_file(files: &[FileEntry], path: &str, expect: &str) {
    let found = files.iter().find(|file| file.path == path).unwrap_or_else(|| panic!("{path} is not there"));
    assert_eq!(String::from_utf8_lossy(&found.bytes), expect);
}

const PICTURE: &str = r#"{"asset_type":"image","width":100,"height":50}"#;

#[test]
fn the_bytes_of_a_picture_with_every_shape() {
    let drawn = [
        object("s1", "yes", "ImageBoundingBox", BOX),
        object("s2", "a: b", "ImagePolygon", RING),
        object("s3", "rail", "ImagePolyline", LINE),
    ];
    let annotations = format!(r#"{{"objects":[{}],"classifications":[],"relationships":[]}}"#, drawn.join(","));
    let labels = [label(r#""id":"l1""#, &annotations), label(r#""id":"l2""#, &annotations)];
    let (files, [rows, lost], losses) = encode(&[("split", "train=0,val=1")], PICTURE, &labels);
    let data = "path: .\ntrain: images/train\nval: images/val\nnc: 2\nnames:\n  0: \"yes\"\n  1: \"a: b\"\n";
    check_file(&files, "data.yaml", data);
    check_file(&files, "classes.txt", "yes\na: b\n");
    check_file(&files, "labels/val/x/a.b.txt", "0 0.4 0.5 0.4 0.6\n1 0.25 0.25 0.5 0.5\n");
    let expect = "data_row_id,global_key,external_id,row_data,split,image,labels,label_id\r\n\
                  clrow,k,x/a.b.jpg,https://host/a.b.jpg,val,images/val/x/a.b.jpg,labels/val/x/a.b.txt,l1\r\n";
    assert_eq!(rows, expect);
    let found: Vec<String> = losses
        .iter()
        .map(|(loss, count)| {
            format!("{count} {} {} {} {}", loss.what, loss.class.as_deref().unwrap(), loss.outcome.word(), loss.reason)
        })
        .collect();
    let expect = [
        "1 ImageBoundingBox yes kept ",
        "1 ImageBoundingBox yes left_out another label of its row was chosen; see the option labels",
        "1 ImagePolygon a: b reduced to the box around it",
        "1 ImagePolygon a: b left_out another label of its row was chosen; see the option labels",
        "1 ImagePolyline rail left_out another label of its row was chosen; see the option labels",
        "1 ImagePolyline rail left_out the format holds boxes, polygons and masks of pictures",
        "3 radio_answer kind left_out another label of its row was chosen; see the option labels",
        "2 radio_answer kind left_out the format has no place for answers",
        "1 radio_answer kind left_out the format holds boxes, polygons and masks of pictures",
    ];
    assert_eq!(found, expect);
    let first = r#"{"data_row_id":"clrow","label_id":"l1","feature_id":"fs1","kind":"radio_answer","name":"kind","outcome":"left_out","reason":"the format has no place for answers"}"#;
    assert_eq!((lost.lines().next(), lost.lines().count()), (Some(first), 11));
    let (files, ..) = encode(&[("class-names", "value")], PICTURE, &labels);
    check_file(&files, "classes.txt", "yes\na:_b\n");
    let (files, ..) = encode(&[("task", "segment")], PICTURE, &labels);
    let outlines = "0 0.2 0.2 0.6 0.2 0.6 0.8 0.2 0.8\n1 0 0 0.5 0 0 0.5\n";
    check_file(&files, "labels/train/x/a.b.txt", outlines);
}

#[test]
fn a_picture_on_which_nothing_is_drawn_has_an_empty_file() {
    let nothing = label(r#""id":"l1""#, r#"{"objects":[],"classifications":[],"relationships":[]}"#);
    let skipped = LabelRecord { performance: Some(br#"{"skipped":true}"#), ..nothing };
    for (labels, expect) in [(&[nothing][..], None), (&[], Some(NO_LABEL)), (&[skipped], Some(SKIPPED))] {
        let (files, _, losses) = encode(&[], PICTURE, labels);
        check_file(&files, "labels/train/x/a.b.txt", "");
        let found: Vec<&str> = losses.iter().map(|(loss, _)| loss.reason.as_str()).collect();
        assert_eq!(found, expect.into_iter().collect::<Vec<_>>());
    }
}

#[test]
fn an_object_of_no_class_has_no_line() {
    let kindless = object("s1", "yes", "ImageBoundingBox", BOX).replace(r#""annotation_kind":"ImageBoundingBox","#, "");
    let unknown = object("s7", "elsewhere", "ImageBoundingBox", BOX);
    let misdrawn = object("s3", "rail", "ImagePolyline", BOX);
    let annotations = format!(r#"{{"objects":[{kindless},{unknown},{misdrawn}]}}"#);
    let (files, _, losses) = encode(&[], PICTURE, &[label(r#""id":"l1""#, &annotations)]);
    check_file(&files, "labels/train/x/a.b.txt", "");
    let found: Vec<_> = losses.iter().filter(|(loss, _)| loss.what != "radio_answer").collect();
    let found: Vec<_> = found.iter().map(|(loss, count)| (loss.what.as_str(), loss.outcome, *count)).collect();
    let left_out = |what| (what, Outcome::LeftOut, 1);
    assert_eq!(found, ["ImageBoundingBox", "ImagePolyline", "object without a kind"].map(left_out));
}

#[test]
fn a_row_without_size_has_a_line_and_no_file() {
    let annotations = format!(r#"{{"objects":[{}]}}"#, object("s1", "yes", "ImageBoundingBox", BOX));
    let (files, [rows, lost], losses) = encode(&[], "{}", &[label(r#""id":"l1""#, &annotations)]);
    assert_eq!(files.len(), 2, "data.yaml and classes.txt alone");
    assert!(rows.ends_with("clrow,k,x/a.b.jpg,https://host/a.b.jpg,,,,\r\n"), "{rows}");
    assert_eq!(lost.lines().count(), 2);
    let found: Vec<&str> = losses.iter().map(|(loss, _)| loss.what.as_str()).collect();
    assert_eq!(found, ["ImageBoundingBox", "radio_answer", "row"]);
}

/// Lists what became of things, with how many.
fn listed(losses: &Losses) -> Vec<String> {
    let each = |(loss, count): (&labelport_model::losses::Loss, u64)| {
        format!("{count} {} {} {}", loss.what, loss.outcome.word(), loss.reason)
    };
    losses.iter().map(each).collect()
}

const LABEL_IDS: [&str; 2] = ["claaaaaaaaaaaaaaaaaaaaaaaa", "clbbbbbbbbbbbbbbbbbbbbbbbb"];

#[test]
fn each_label_of_a_row_can_have_a_file_of_its_own() {
    let boxed = format!(r#"{{"objects":[{}]}}"#, object("s1", "yes", "ImageBoundingBox", BOX));
    let ring = format!(r#"{{"objects":[{}]}}"#, object("s2", "a: b", "ImagePolygon", RING));
    let heads = LABEL_IDS.map(|id| format!(r#""id":"{id}""#));
    let labels = [label(&heads[0], &boxed), label(&heads[1], &ring), label("", &ring)];
    let (files, [rows, _], losses) = encode(&[("labels", "all")], PICTURE, &labels);
    let further = format!("x/a.b--{}", LABEL_IDS[0]);
    check_file(&files, "labels/train/x/a.b.txt", "1 0.25 0.25 0.5 0.5\n");
    check_file(&files, &format!("labels/train/{further}.txt"), "0 0.4 0.5 0.4 0.6\n");
    assert_eq!(files.len(), 4);
    let expect = format!("images/train/{further}.jpg,labels/train/{further}.txt,{}", LABEL_IDS[0]);
    assert!(rows.lines().any(|line| line.ends_with(&expect)), "{rows}");
    assert_eq!(rows.lines().count(), 3, "{rows}");
    let left_out = listed(&losses).into_iter().filter(|line| line.contains("it has no id"));
    assert_eq!(left_out.count(), 2, "{:?}", listed(&losses));
    // A name that could be that of a further label is not taken.
    let options = [("labels", "all"), ("names", "global-key")];
    let head = format!(r#""id":"clrow","global_key":"k--{}""#, LABEL_IDS[0]);
    let classes = classes();
    let options = options.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let about = About { classes: &classes, options, ..About::default() };
    assert_eq!(Yolo.open(&about).unwrap().file_name(&record_of(&head)), None);
}

fn record_of(head: &str) -> Record<'_> {
    Record {
        head: head.as_bytes(),
        details: None,
        media: None,
        attachments: None,
        metadata: None,
        embeddings: None,
        projects: None,
        models: None,
        rest: b"",
    }
}

#[test]
fn predictions_are_written_in_place_of_labels_with_or_without_scores() {
    let with = |confidence: &str| {
        let drawn = object("s1", "yes", "ImageBoundingBox", BOX);
        drawn.strip_suffix('}').unwrap().to_owned() + confidence + "}"
    };
    let drawn = [with(r#","confidence":0.75"#), with(""), with(r#","confidence":7"#)].join(",");
    let predicted = format!(r#"{{"objects":[{drawn}]}}"#);
    let (labels, predictions) = ([label(r#""id":"l1""#, &predicted)], [label(r#""id":"p1""#, &predicted)]);
    let sides = "0 0.4 0.5 0.4 0.6";
    for (option, expect) in [
        ("labels", [sides.to_owned(), sides.to_owned(), sides.to_owned()]),
        ("scores", [format!("{sides} 0.75"), format!("{sides} 1"), format!("{sides} 1")]),
    ] {
        let options = [("predictions", option), ("labels", "latest")];
        let (files, [rows, _], losses) = encode_all(&options, PICTURE, &labels, &predictions);
        check_file(&files, "labels/train/x/a.b.txt", &(expect.join("\n") + "\n"));
        assert!(rows.ends_with(",p1\r\n"), "{rows}");
        let objects: Vec<String> = listed(&losses).into_iter().filter(|line| line.contains("BoundingBox")).collect();
        let replaced =
            "3 ImageBoundingBox left_out the predictions of a model run are written; see the option predictions";
        let mut expect = vec!["3 ImageBoundingBox kept ", replaced];
        if option == "scores" {
            let odd = "1 ImageBoundingBox reduced its confidence was cut to the range from 0 to 1";
            let none = "1 ImageBoundingBox reduced it has no confidence, and 1 is written";
            expect = vec!["1 ImageBoundingBox kept ", none, odd, replaced];
        }
        assert_eq!(objects, expect);
    }
    let (files, _, losses) = encode_all(&[("predictions", "labels")], PICTURE, &labels, &[]);
    check_file(&files, "labels/train/x/a.b.txt", "");
    assert!(listed(&losses).contains(&format!("1 row kept {NO_PREDICTION}")));
    let (_, [rows, _], losses) = encode_all(&[], PICTURE, &labels, &predictions);
    assert!(rows.ends_with(",l1\r\n"), "{rows}");
    assert!(
        listed(&losses)
            .contains(&"3 ImageBoundingBox left_out it is a prediction; see the option predictions".to_owned())
    );
}

#[test]
fn a_pose_is_a_box_with_the_points_that_a_rule_joins_to_it() {
    let point =
        |schema_id, name, x: f64| object(schema_id, name, "ImagePoint", &format!(r#""point":{{"x":{x:?},"y":25.0}}"#));
    let drawn = [
        object("s1", "yes", "ImageBoundingBox", BOX),
        point("s5", "buffer", 50.0),
        point("s4", "lamp", 99.0),
        point("s5", "buffer", 30.0),
        point("s4", "lamp", 101.0),
        object("s2", "a: b", "ImagePolygon", RING),
    ];
    let annotations = format!(r#"{{"objects":[{}]}}"#, drawn.join(","));
    let options = [("task", "pose"), ("pose", "yes:lamp,buffer")];
    let labels = [label(r#""id":"l1""#, &annotations)];
    let (files, _, losses) = encode(&options, PICTURE, &labels);
    check_file(&files, "labels/train/x/a.b.txt", "0 0.4 0.5 0.4 0.6 0 0 0 0.5 0.5 2\n");
    check_file(&files, "classes.txt", "yes\n");
    let data = "path: .\ntrain: images/train\n# There is no part of this name.\nval: images/train\nkpt_shape: [2, 3]\n\
                nc: 1\nnames:\n  0: \"yes\"\nkpt_names:\n  0:\n    - \"lamp\"\n    - \"buffer\"\n";
    check_file(&files, "data.yaml", data);
    let objects: Vec<String> = listed(&losses).into_iter().filter(|line| line.contains(" Image")).collect();
    let expect = [
        "1 ImageBoundingBox kept ",
        "1 ImagePoint left_out it is in no box of a class that has it as a point",
        "1 ImagePoint left_out it lies outside the picture",
        "1 ImagePoint kept ",
        "1 ImagePoint left_out its box has another point of its class",
        "1 ImagePolygon left_out no rule of the option pose names its class",
    ];
    let sorted = |mut lines: Vec<String>| {
        lines.sort();
        lines
    };
    assert_eq!(sorted(objects), sorted(expect.map(str::to_owned).to_vec()));
    // The longest rule says how many points each line has; predictions have their confidence at the end.
    let options = [("task", "pose"), ("pose", "yes:lamp,buffer;a\\: b:lamp"), ("predictions", "scores")];
    let (files, ..) = encode_all(&options, PICTURE, &[], &labels);
    let lines = "0 0.4 0.5 0.4 0.6 0 0 0 0.5 0.5 2 1\n1 0.25 0.25 0.5 0.5 0 0 0 0 0 0 1\n";
    check_file(&files, "labels/train/x/a.b.txt", lines);
}

/// Returns annotations that answer a question.
fn answering(question: &str, option: &str) -> String {
    format!(
        r#"{{"feature_id":"c{question}","feature_schema_id":"s9","name":"{question}","value":"{question}","radio_answer":{{"feature_id":"o","feature_schema_id":"s10","name":"{option}","value":"a_value","classifications":[]}}}}"#
    )
}

#[test]
fn a_picture_belongs_in_the_folder_of_the_answer_to_a_question() {
    let answers = [answering("kind", "Goods / mail"), answering("kind", "none")].join(",");
    let drawn = object("s1", "yes", "ImageBoundingBox", BOX);
    let annotations = format!(r#"{{"objects":[{drawn}],"classifications":[{answers}]}}"#);
    let labels = [label(r#""id":"l1""#, &annotations)];
    // The size of a picture is not needed.
    let (files, [rows, lost], losses) = encode(&[("task", "classify")], r#"{"asset_type":"image"}"#, &labels);
    assert!(rows.ends_with(",train,train/Goods _ mail/x/a.b.jpg,,l1\r\n"), "{rows}");
    check_file(&files, "classes.txt", "Goods _ mail\nnone\n");
    assert_eq!((files.len(), lost.lines().count()), (1, 3));
    let expect = [
        "1 ImageBoundingBox left_out the format holds the answer to one question",
        "1 class reduced the name \"Goods / mail\" cannot be that of its folder, which is called \"Goods _ mail\"",
        "1 radio_answer kept ",
        "1 radio_answer left_out its label has another answer to the question",
        "1 radio_answer left_out the format holds the answer to one question",
    ];
    assert_eq!(listed(&losses), expect);
    let options = [("task", "classify"), ("question", "kind"), ("class-names", "value")];
    let (_, [rows, _], _) = encode(&options, PICTURE, &labels);
    assert!(rows.contains("train/a_value/x/a.b.jpg"), "{rows}");
    let (files, [rows, _], losses) = encode(&[("task", "classify")], PICTURE, &[]);
    assert!(rows.ends_with(",,,,\r\n") && files.len() == 1, "{rows}");
    assert_eq!(listed(&losses), ["1 row left_out it has no label, so that it is of no class"]);
    let (_, [rows, _], _) = encode(&[("task", "classify")], r#"{"asset_type":"video"}"#, &labels);
    assert!(rows.ends_with(",,,,\r\n"), "{rows}");
}

#[test]
fn options_that_do_not_fit_together_are_refused() {
    let check = |options: &[(&str, &str)], values: &[&str], expect: &str| {
        let options = options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        let about = About { options, values, ..About::default() };
        let error = Yolo.open(&about).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains(expect), "{error}");
    };
    check(&[("pose", "a:b")], &[], "the option pose cannot be \"a:b\"; it is for task=pose alone");
    check(&[("question", "kind"), ("task", "obb")], &[], "it is for task=classify alone");
    check(&[("simplify", "1")], &[], "it is for task=segment alone");
    check(&[("simplify", "-1"), ("task", "segment")], &[], "it is a number of pixels, 0 or more");
    check(&[("task", "pose")], &[], "it is rules such as person:head");
    check(&[("predictions", "scores"), ("task", "classify")], &[], "which has no place for scores");
    check(&[("predictions", "labels"), ("labels", "benchmark")], &[], "best, latest or all where predictions");
    check(&[("split", "train=1"), ("split-by", "run")], &[], "left out where the option split is given");
    let classify = ("task", "classify");
    let several = ["answer:x", "looked:", "question:kind", "question:weather"];
    check(&[classify], &several, "one of the questions that labels answer: \"kind\", \"weather\"");
    check(
        &[classify, ("question", "weathre")],
        &several[1..],
        "one of the questions that labels answer: \"kind\", \"weather\"",
    );
    check(&[classify], &["looked:"], "these answer none");
}
