//! The bytes of YOLO, picture by picture.

use super::*;
use crate::write::{About, Class};
use labelport_model::data_type;
use labelport_model::losses::Losses;
use labelport_model::record::{Annotations, LabelRecord};

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

/// Encodes one row and returns its files, its streams and its losses.
fn encode(options: &[(&str, &str)], media: &str, labels: &[LabelRecord<'_>]) -> (Vec<FileEntry>, [String; 2], Losses) {
    let classes = classes();
    let options = options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let about = About { classes: &classes, options, ..About::default() };
    let encoder = Yolo.open(&about).unwrap();
    let (mut streams, mut files, mut losses) = ([Vec::new(), Vec::new()], Vec::new(), Losses::default());
    let mut entries = Entries { streams: &mut streams, files: &mut files, losses: &mut losses, is_survey: false };
    let details = Some(&br#"{"selected_label_id":"l1"}"#[..]);
    let project = ProjectRecord { id: "p", name: None, labels, details, tags: None, rest: b"" };
    let record = Record {
        head: br#""id":"clrow","global_key":"k","external_id":"x/a.b.jpg","row_data":"https://host/a.b.jpg""#,
        details: None,
        media: Some(media.as_bytes()),
        attachments: None,
        metadata: None,
        embeddings: None,
        projects: Some(&[project]),
        models: None,
        rest: b"",
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
    assert_eq!(found, ["ImageBoundingBox", "ImagePolyline", "object"].map(left_out));
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
