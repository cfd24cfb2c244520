//! The bytes of COCO: images, frames of videos, points, texts, and all pixels of a picture.

use super::*;
use crate::write::testing::{TestRow, Written, classes, write};

const IMAGE: &str = r#"{"asset_type":"image","width":100,"height":50}"#;
const VIDEO: &str = r#"{"asset_type":"video","width":100,"height":50}"#;
const CLASSES: [(&str, &str, &str); 6] = [
    ("s1", "car", "ImageBoundingBox"),
    ("s2", "a: b", "ImagePolygon"),
    ("s3", "rail", "ImagePolyline"),
    ("s4", "tip", "ImagePoint"),
    ("s8", "note", "text_answer"),
    ("s9", "sort", "radio_answer"),
];
const ANSWER: &str = r#"{"feature_id":"q1","feature_schema_id":"s9","name":"sort","radio_answer":{"feature_id":"o","name":"old","classifications":[]}}"#;
const NOTE: &str =
    r#"{"feature_id":"q2","feature_schema_id":"s8","name":"note","text_answer":{"content":"a \"quoted\" text"}}"#;

fn object(number: u32, class: (&str, &str, &str), shape: &str) -> String {
    let (schema_id, name, kind) = class;
    format!(
        r#"{{"feature_id":"f{number}","feature_schema_id":"{schema_id}","name":"{name}","annotation_kind":"{kind}","classifications":[{ANSWER}],{shape}}}"#
    )
}

const BOX: &str = r#""bounding_box":{"top":10.0,"left":20.5,"height":30.0,"width":40.0}"#;
const RING: &str =
    r#""polygon":[{"x":0.0,"y":0.0},{"x":50.0,"y":0.0},{"x":50.0,"y":20.0},{"x":0.0,"y":20.0},{"x":0.0,"y":0.0}]"#;

fn image_with_all() -> String {
    let objects = [
        object(1, CLASSES[0], BOX),
        object(2, CLASSES[1], RING),
        object(3, CLASSES[2], r#""line":[{"x":0.0,"y":0.0},{"x":50.0,"y":0.0}]"#),
        object(4, CLASSES[3], r#""point":{"x":7.5,"y":8.0}"#),
    ];
    format!(r#"{{"objects":[{}],"classifications":[{ANSWER},{NOTE}],"relationships":[]}}"#, objects.join(","))
}

fn encode(options: &[(&str, &str)], rows: &[TestRow<'_>]) -> Written {
    write(&Coco, options, &classes(&CLASSES), rows)
}

const HEAD: &str = r#""id":"clrow1","global_key":"k1","external_id":"x/a.b.jpg","row_data":"https://host/a.b.jpg""#;

#[test]
fn the_bytes_of_images() {
    let annotations = image_with_all();
    let rows = [
        TestRow { head: HEAD, media: IMAGE, annotations: Some(&annotations) },
        TestRow { head: r#""id":"clrow2","external_id":"empty.png""#, media: IMAGE, annotations: None },
        TestRow { head: r#""id":"clrow3""#, media: "{}", annotations: Some(&annotations) },
    ];
    let written = encode(&[], &rows);
    let expect = r#"{"info":{"description":"Exported by labelport","version":"1.0"},
"licenses":[],
"categories":[
{"id":1,"name":"car","supercategory":""},
{"id":2,"name":"a: b","supercategory":""}],
"images":[
{"id":1,"width":100,"height":50,"file_name":"x/a.b.jpg","data_row_id":"clrow1","global_key":"k1","attributes":{"sort":"old","note":"a \"quoted\" text"}},
{"id":2,"width":100,"height":50,"file_name":"empty.png","data_row_id":"clrow2"}
],
"annotations":[
{"id":1,"image_id":1,"category_id":1,"bbox":[20.5,10,40,30],"area":1200,"iscrowd":0,"segmentation":[],"feature_id":"f1","attributes":{"sort":"old"}},
{"id":2,"image_id":1,"category_id":2,"bbox":[0,0,50,20],"area":1000,"iscrowd":0,"segmentation":[[0,0,50,0,50,20,0,20]],"feature_id":"f2","attributes":{"sort":"old"}}
]}
"#;
    assert_eq!(written.text("annotations/instances_train.json"), expect);
    assert_eq!(written.text("classes.txt"), "car\na: b\n");
    let listed = "data_row_id,global_key,external_id,row_data,split,image,labels,label_id\r\n\
                  clrow1,k1,x/a.b.jpg,https://host/a.b.jpg,train,images/train/x/a.b.jpg,annotations/instances_train.json,l1\r\n\
                  clrow2,,empty.png,,train,images/train/empty.png,annotations/instances_train.json,\r\n\
                  clrow3,,,,,,,\r\n";
    assert_eq!(written.text("rows.csv"), listed);
    let not_held = "the format holds boxes, polygons and masks of pictures";
    let unknown = "the width and the height of its picture are not known";
    let expect = [
        "1 ImageBoundingBox car kept".to_owned(),
        format!("1 ImageBoundingBox car left_out {unknown}"),
        format!("1 ImagePoint tip left_out {not_held}"),
        format!("1 ImagePoint tip left_out {unknown}"),
        "1 ImagePolygon a: b kept".to_owned(),
        format!("1 ImagePolygon a: b left_out {unknown}"),
        format!("1 ImagePolyline rail left_out {not_held}"),
        format!("1 ImagePolyline rail left_out {unknown}"),
        "3 radio_answer sort kept".to_owned(),
        format!("2 radio_answer sort left_out {not_held}"),
        format!("5 radio_answer sort left_out {unknown}"),
        "1 row - kept it has no label, and seems to have nothing on its picture".to_owned(),
        format!("1 row - left_out {unknown}"),
        "1 text_answer note kept".to_owned(),
        format!("1 text_answer note left_out {unknown}"),
    ];
    assert_eq!(written.losses, expect);
    // An empty part is a file that opens, too.
    let split = encode(&[("split", "train=0,val=1")], &rows[..1]);
    assert!(split.text("annotations/instances_train.json").ends_with("\"images\":[\n],\n\"annotations\":[\n]}\n"));
    assert!(split.text("annotations/instances_val.json").contains("\"id\":1,\"image_id\":1"));
}

#[test]
fn outlines_have_fewer_corners_where_that_is_asked_for() {
    let bent =
        r#""polygon":[{"x":0.0,"y":0.0},{"x":25.0,"y":1.0},{"x":50.0,"y":0.0},{"x":50.0,"y":20.0},{"x":0.0,"y":20.0}]"#;
    let annotations = format!(r#"{{"objects":[{}]}}"#, object(2, CLASSES[1], bent));
    let row = TestRow { head: HEAD, media: IMAGE, annotations: Some(&annotations) };
    let polygon = |written: &Written| {
        let text = written.text("annotations/instances_train.json");
        let from = text.find("\"bbox\"").unwrap();
        text[from..from + text[from..].find(",\"feature_id").unwrap()].to_owned()
    };
    let written = encode(&[("simplify", "1")], &[row]);
    let expect = r#""bbox":[0,0,50,20],"area":1000,"iscrowd":0,"segmentation":[[0,0,50,0,50,20,0,20]]"#;
    assert_eq!(polygon(&written), expect);
    let reduced = "1 ImagePolygon a: b reduced to an outline with fewer corners, as the option simplify says";
    assert!(written.losses.contains(&reduced.to_owned()), "{:?}", written.losses);
    let written = encode(&[("simplify", "0.9")], &[row]);
    assert!(polygon(&written).contains("25,1"), "{}", polygon(&written));
    assert!(written.losses.iter().all(|loss| !loss.contains("reduced")), "{:?}", written.losses);
}

#[test]
fn frames_of_videos_are_images_and_their_objects_have_tracks() {
    let shunter = |number| object(number, ("s1", "car", "ImageBoundingBox"), BOX);
    let annotations = format!(
        r#"{{"frames":{{"3":{{"objects":{{"f1":{},"f2":{}}},"classifications":[]}},"12":{{"objects":{{"f2":{}}},"classifications":[{ANSWER}]}}}},"classifications":[{NOTE}],"key_frame_feature_map":{{}}}}"#,
        shunter(1),
        shunter(2),
        shunter(2)
    );
    let head = r#""id":"clrow1","external_id":"clip.mp4""#;
    let empty = r#"{"frames":{},"classifications":[]}"#;
    let rows = [
        TestRow { head, media: VIDEO, annotations: Some(&annotations) },
        TestRow { head: r#""id":"clrow2""#, media: VIDEO, annotations: Some(empty) },
    ];
    let written = encode(&[], &rows);
    let text = written.text("annotations/instances_train.json");
    let images = r#""images":[
{"id":1,"width":100,"height":50,"file_name":"clip.video/000003.jpg","video_id":1,"frame_id":2,"data_row_id":"clrow1"},
{"id":2,"width":100,"height":50,"file_name":"clip.video/000012.jpg","video_id":1,"frame_id":11,"data_row_id":"clrow1","attributes":{"sort":"old"}}
],
"#;
    assert!(text.contains(images), "{text}");
    for (id, image, track) in [(1, 1, 1), (2, 1, 2), (3, 2, 2)] {
        let start = format!(r#"{{"id":{id},"image_id":{image},"category_id":1,"#);
        let line = text.lines().find(|line| line.starts_with(&start)).unwrap();
        assert!(line.contains(&format!(r#""track_id":{track},"feature_id""#)), "{line}");
    }
    let whole = "1 text_answer note left_out it is about a whole video, and the format holds frames";
    assert!(written.losses.contains(&whole.to_owned()), "{:?}", written.losses);
    assert!(written.losses.contains(&"1 row - left_out nothing is stored on a frame of its video".to_owned()));
    assert!(written.text("rows.csv").contains("clrow1,,clip.mp4,,train,images/train/clip.video/,"));
}

#[test]
fn points_are_categories_with_one_keypoint() {
    let annotations = image_with_all();
    let rows = [TestRow { head: HEAD, media: IMAGE, annotations: Some(&annotations) }];
    let written = encode(&[("task", "keypoints")], &rows);
    let text = written.text("annotations/person_keypoints_train.json");
    let category = r#"{"id":1,"name":"tip","supercategory":"","keypoints":["tip"],"skeleton":[]}"#;
    assert!(text.contains(category), "{text}");
    let point = r#"{"id":1,"image_id":1,"category_id":1,"keypoints":[7.5,8,2],"num_keypoints":1,"bbox":[7.5,8,0,0],"area":0,"iscrowd":0,"feature_id":"f4","attributes":{"sort":"old"}}"#;
    assert!(text.contains(point), "{text}");
    assert!(written.losses.contains(&"1 ImageBoundingBox car left_out keypoints are points alone".to_owned()));
}

#[test]
fn a_rule_joins_points_to_boxes() {
    let annotations = format!(
        r#"{{"objects":[{},{},{},{}]}}"#,
        object(1, CLASSES[3], r#""point":{"x":60.5,"y":40.0}"#),
        object(2, CLASSES[0], BOX),
        object(3, CLASSES[3], r#""point":{"x":7.5,"y":8.0}"#),
        object(4, CLASSES[2], r#""line":[{"x":0.0,"y":0.0},{"x":50.0,"y":0.0}]"#),
    );
    let rows = [TestRow { head: HEAD, media: IMAGE, annotations: Some(&annotations) }];
    let written = encode(&[("task", "keypoints"), ("pose", "car:tip;a\\: b:tip")], &rows);
    let text = written.text("annotations/person_keypoints_train.json");
    for element in [
        r#"{"id":1,"name":"car","supercategory":"","keypoints":["tip"],"skeleton":[]}"#,
        r#"{"id":2,"name":"a: b","supercategory":"","keypoints":["tip"],"skeleton":[]}"#,
        r#"{"id":1,"image_id":1,"category_id":1,"bbox":[20.5,10,40,30],"area":1200,"iscrowd":0,"segmentation":[],"num_keypoints":1,"keypoints":[60.5,40,2],"feature_id":"f2","attributes":{"sort":"old"}}"#,
    ] {
        assert!(text.contains(element), "{text}");
    }
    assert_eq!(text.matches("\"image_id\"").count(), 1, "{text}");
    let expect = [
        "1 ImageBoundingBox car kept",
        "1 ImagePoint tip kept",
        "1 ImagePoint tip left_out it is in no box of a class that has it as a point",
        "1 ImagePolyline rail left_out no rule of the option pose names its class",
    ];
    let objects = written.losses.iter().filter(|loss| loss.contains(" Image"));
    assert_eq!(objects.collect::<Vec<_>>(), expect);
    let options = [("pose".to_owned(), "car:tip".to_owned())].into();
    let refused = Coco.open(&About { options, ..About::default() }).err().map(|error| error.to_string());
    assert!(refused.is_some_and(|error| error.ends_with("it is for task=keypoints alone")));
}

#[test]
fn categories_can_be_called_by_their_values() {
    let annotations = image_with_all();
    let rows = [TestRow { head: HEAD, media: IMAGE, annotations: Some(&annotations) }];
    let written = encode(&[("class-names", "value")], &rows);
    let text = written.text("annotations/instances_train.json");
    assert!(text.contains(r#"{"id":2,"name":"a:_b","supercategory":""}"#), "{text}");
}

#[test]
fn texts_about_images_are_captions() {
    let annotations = image_with_all();
    let rows = [TestRow { head: HEAD, media: IMAGE, annotations: Some(&annotations) }];
    let written = encode(&[("task", "captions")], &rows);
    let text = written.text("annotations/captions_train.json");
    assert!(!text.contains("categories"), "{text}");
    assert!(text.contains("\n{\"id\":1,\"image_id\":1,\"caption\":\"a \\\"quoted\\\" text\"}\n]}\n"), "{text}");
    let other = "captions are texts about whole pictures alone";
    for loss in [format!("1 ImageBoundingBox car left_out {other}"), "1 text_answer note kept".to_owned()] {
        assert!(written.losses.contains(&loss), "{:?}", written.losses);
    }
    assert!(written.losses.contains(&format!("5 radio_answer sort left_out {other}")), "{:?}", written.losses);
}

#[test]
fn all_pixels_of_a_picture_belong_to_the_last_object_on_them() {
    let annotations = image_with_all();
    let rows = [
        TestRow { head: HEAD, media: IMAGE, annotations: Some(&annotations) },
        TestRow { head: r#""id":"clrow2""#, media: VIDEO, annotations: Some(r#"{"frames":{}}"#) },
    ];
    let written = encode(&[("task", "panoptic")], &rows);
    let text = written.text("annotations/panoptic_train.json");
    let expect = r#"{"image_id":1,"file_name":"x/a.b.png","segments_info":[{"id":1,"category_id":1,"area":910,"bbox":[21,10,40,30],"iscrowd":0},{"id":2,"category_id":2,"area":1000,"bbox":[0,0,50,20],"iscrowd":0}]}"#;
    assert!(text.contains(expect), "{text}");
    assert!(written.files["annotations/panoptic_train/x/a.b.png"].starts_with(b"\x89PNG"));
    let covered = "1 ImageBoundingBox car reduced to the pixels that no later object covers";
    assert!(written.losses.contains(&covered.to_owned()), "{:?}", written.losses);
    let video = "1 row - left_out panoptic segmentation is of images alone";
    assert!(written.losses.contains(&video.to_owned()), "{:?}", written.losses);
}

#[test]
fn two_questions_of_one_name_are_said() {
    let annotations = format!(r#"{{"objects":[],"classifications":[{ANSWER},{ANSWER}]}}"#);
    let rows = [TestRow { head: HEAD, media: IMAGE, annotations: Some(&annotations) }];
    let written = encode(&[], &rows);
    let text = written.text("annotations/instances_train.json");
    assert!(text.contains(r#""attributes":{"sort":"old","sort (2)":"old"}"#), "{text}");
    let numbered = "to an attribute with a number after its name, which another question has, too";
    let expect = ["1 radio_answer sort kept".to_owned(), format!("1 radio_answer sort reduced {numbered}")];
    assert_eq!(written.losses, expect);
}

#[test]
fn what_is_on_a_frame_of_an_image_is_nowhere() {
    let annotations = format!(r#"{{"frames":{{"3":{{"objects":{{}},"classifications":[{ANSWER}]}}}}}}"#);
    let rows = [TestRow { head: HEAD, media: IMAGE, annotations: Some(&annotations) }];
    let written = encode(&[], &rows);
    assert!(!written.text("annotations/instances_train.json").contains("attributes"));
    assert_eq!(written.losses, ["1 radio_answer sort left_out it is on a frame, and its row is an image"]);
}
