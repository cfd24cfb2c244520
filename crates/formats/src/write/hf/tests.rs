//! The bytes of image folders.

use super::*;
use crate::write::testing::{TestRow, classes, write};

const IMAGE: &str = r#"{"asset_type":"image","width":100,"height":50}"#;
const CLASSES: [(&str, &str, &str); 4] = [
    ("s1", "car", "ImageBoundingBox"),
    ("s2", "zone", "ImagePolygon"),
    ("s3", "tip", "ImagePoint"),
    ("s9", "sort", "radio_answer"),
];
const ANSWER: &str =
    r#"{"feature_id":"q","feature_schema_id":"s9","name":"sort","radio_answer":{"name":"old \"one\""}}"#;

fn object(number: u32, class: usize, shape: &str) -> String {
    let (schema_id, name, kind) = CLASSES[class];
    format!(
        r#"{{"feature_id":"f{number}","feature_schema_id":"{schema_id}","name":"{name}","annotation_kind":"{kind}","classifications":[{ANSWER}],{shape}}}"#
    )
}

#[test]
fn every_line_has_the_same_members() {
    let objects = [
        object(1, 0, r#""bounding_box":{"top":1,"left":2.5,"height":3,"width":4}"#),
        object(2, 1, r#""polygon":[{"x":0,"y":0},{"x":8,"y":0},{"x":0,"y":6},{"x":0,"y":0}]"#),
        object(3, 2, r#""point":{"x":1,"y":1}"#),
    ];
    let annotations = format!(r#"{{"objects":[{}],"classifications":[{ANSWER}]}}"#, objects.join(","));
    let rows = [
        TestRow {
            head: r#""id":"cl1","global_key":"k","external_id":"x/1.jpg""#,
            media: IMAGE,
            annotations: Some(&annotations),
        },
        TestRow { head: r#""id":"cl2","external_id":"2.jpg""#, media: IMAGE, annotations: None },
        TestRow { head: r#""id":"cl3""#, media: r#"{"asset_type":"video","width":8,"height":6}"#, annotations: None },
    ];
    let written = write(&HuggingFace, &[], &classes(&CLASSES), &rows);
    let expect = r#"{"file_name":"x/1.jpg","data_row_id":"cl1","global_key":"k","label_id":"l1","width":100,"height":50,"objects":{"id":["f1","f2"],"category":[0,1],"name":["car","zone"],"bbox":[[2.5,1,4,3],[0,0,8,6]],"area":[12,48],"answers":["{\"sort\":\"old \\\"one\\\"\"}","{\"sort\":\"old \\\"one\\\"\"}"]},"answers":"{\"sort\":\"old \\\"one\\\"\"}"}
{"file_name":"2.jpg","data_row_id":"cl2","global_key":"","label_id":"","width":100,"height":50,"objects":{"id":[],"category":[],"name":[],"bbox":[],"area":[],"answers":[]},"answers":"{}"}
"#;
    assert_eq!(written.text("train/metadata.jsonl"), expect);
    assert!(written.text("rows.csv").contains("cl1,k,x/1.jpg,,train,train/x/1.jpg,train/metadata.jsonl,l1\r\n"));
    assert_eq!(written.text("classes.txt"), "car\nzone\n");
    let expect = [
        "1 ImageBoundingBox car kept",
        "1 ImagePoint tip left_out the format holds boxes of images",
        "1 ImagePolygon zone reduced to the box around it",
        "3 radio_answer sort kept",
        "1 radio_answer sort left_out the format holds boxes of images",
        "1 row - kept it has no label, and seems to have nothing on its picture",
        "1 row - left_out its row is a video, and the format holds images",
    ];
    assert_eq!(written.losses, expect);
}
