//! The bytes of MOTChallenge: lines of boxes on frames, and what is known of a video.

use super::*;
use crate::write::testing::{TestRow, Written, classes, object, write};

const CLASSES: [(&str, &str, &str); 4] = [
    ("s1", "van", "VideoBoundingBox"),
    ("s2", "zone", "VideoPolygon"),
    ("s3", "tip", "VideoPoint"),
    ("s9", "sort", "radio_answer"),
];
const SORT: &str = r#"{"feature_id":"q1","feature_schema_id":"s9","name":"sort","radio_answer":{"feature_id":"o","name":"old","classifications":[]}}"#;

fn boxed(id: &str, left: f64, answers: &str) -> String {
    let shape = format!(r#""bounding_box":{{"left":{left:?},"top":0.5,"width":10.0,"height":20.25}}"#);
    format!(r#""{id}":{}"#, object(id, CLASSES[0], answers, &shape))
}

fn written(media: &str, name: &str) -> Written {
    let ring = r#""polygon":[{"x":1.0,"y":2.0},{"x":9.0,"y":2.0},{"x":9.0,"y":6.0},{"x":1.0,"y":2.0}]"#;
    let point = r#""point":{"x":1.0,"y":2.0}"#;
    let annotations = format!(
        r#"{{"frames":{{"2":{{"objects":{{{},{},"f3":{},"f4":{}}},"classifications":[{SORT}]}},"3":{{"objects":{{{}}},"classifications":[]}},"0":{{"objects":{{{}}}}}}},"segments":{{"f1":[[2,3]],"f2":[[2,4]]}},"classifications":[]}}"#,
        boxed("f2", 100.0, ""),
        boxed("f1", -2.0, SORT),
        object("f3", CLASSES[1], "", ring),
        object("f4", CLASSES[2], "", point),
        boxed("f1", 3.25, ""),
        boxed("f1", 3.25, "")
    );
    let head = format!(r#""id":"clrow1","external_id":"{name}""#);
    let image = r#"{"asset_type":"image","width":8,"height":6}"#;
    let rows = [
        TestRow { head: &head, media, annotations: Some(&annotations) },
        TestRow { head: r#""id":"clrow2""#, media, annotations: None },
        TestRow { head: r#""id":"clrow3""#, media: image, annotations: None },
    ];
    write(&Mot, &[], &classes(&CLASSES), &rows)
}

#[test]
fn the_bytes_of_a_sequence() {
    let video = r#"{"asset_type":"video","width":100,"height":50,"frame_rate":29.97,"frame_count":40}"#;
    let written = written(video, "day 1/v.mp4");
    // What is left out has no line, but its number.
    let lines =
        "2,1,100,0.5,10,20.25,1,1,1\n2,2,-2,0.5,10,20.25,1,1,1\n2,3,1,2,8,4,1,2,1\n3,2,3.25,0.5,10,20.25,1,1,1\n";
    assert_eq!(written.text("train/day 1/v/gt/gt.txt"), lines);
    assert_eq!(written.text("train/day 1/v/gt/labels.txt"), "van\nzone\n");
    let info = "[Sequence]\nname=v\nimDir=img1\nframeRate=30\nseqLength=40\nimWidth=100\nimHeight=50\nimExt=.jpg\n";
    assert_eq!(written.text("train/day 1/v/seqinfo.ini"), info);
    assert_eq!(written.text("train/clrow2/gt/gt.txt"), "");
    let row = "clrow1,,day 1/v.mp4,,train,train/day 1/v/img1/,train/day 1/v/gt/gt.txt,l1";
    assert_eq!(written.text("rows.csv").lines().nth(1), Some(row));
    let expect = [
        "3 VideoBoundingBox van kept",
        "1 VideoBoundingBox van left_out its frame is not one from 1 on",
        "1 VideoPoint tip left_out the format holds boxes, polygons and masks on frames of videos",
        "1 VideoPolygon zone reduced to the box around it",
        "2 radio_answer sort left_out the format has no place for answers",
        "1 row - kept it has no label, and seems to have nothing on its picture",
        "2 row - kept its frame rate is written as a whole number",
        "1 row - kept its objects are written on key frames alone; see --interpolated-frames",
        "1 row - left_out its row is not a video",
    ];
    assert_eq!(written.losses, expect);
}

#[test]
fn a_video_goes_into_the_package_as_a_whole() {
    let video = r#"{"asset_type":"video","width":100,"height":50}"#;
    let row = TestRow { head: r#""id":"clrow1","external_id":"v.mp4""#, media: video, annotations: None };
    let written = write(&Mot, &[("media", "copy")], &classes(&CLASSES), &[row]);
    assert_eq!(written.assets, ["videos/train/v.mp4"]);
}

#[test]
fn a_video_without_a_frame_rate_has_no_info() {
    let written = written(r#"{"asset_type":"video","width":100,"height":50,"frame_count":40}"#, "v.mp4");
    assert!(written.files.keys().all(|path| !path.ends_with("seqinfo.ini")));
    assert!(written.losses.contains(&format!("2 row - kept {NO_INFO}")), "{:?}", written.losses);
}
