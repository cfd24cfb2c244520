//! The bytes of YouTube-VIS: videos with the frames on which something is stored, and objects frame by frame.

use super::*;
use crate::write::testing::{TestRow, classes, object, write};

const CLASSES: [(&str, &str, &str); 3] =
    [("s1", "van", "VideoBoundingBox"), ("s2", "zone", "VideoPolygon"), ("s9", "sort", "radio_answer")];
const SORT: &str = r#"{"feature_id":"q1","feature_schema_id":"s9","name":"sort","radio_answer":{"feature_id":"o","name":"old","classifications":[]}}"#;

#[test]
fn the_bytes_of_videos() {
    let boxed = |left: f64| {
        let shape = format!(r#""bounding_box":{{"left":{left:?},"top":0.5,"width":10.0,"height":20.0}}"#);
        object("f1", CLASSES[0], "", &shape)
    };
    let ring = r#""polygon":[{"x":1.0,"y":2.0},{"x":9.0,"y":2.0},{"x":9.0,"y":6.0},{"x":1.0,"y":2.0}]"#;
    let annotations = format!(
        r#"{{"frames":{{"2":{{"objects":{{"f1":{},"f2":{}}}}},"4":{{"objects":{{}},"classifications":[{SORT}]}},"7":{{"objects":{{"f1":{}}}}}}},"segments":{{}},"classifications":[]}}"#,
        boxed(1.0),
        object("f2", CLASSES[1], "", ring),
        boxed(2.5)
    );
    let video = r#"{"asset_type":"video","width":100,"height":50}"#;
    let rows = [
        TestRow { head: r#""id":"clrow1","external_id":"v.mp4""#, media: video, annotations: Some(&annotations) },
        TestRow { head: r#""id":"clrow2""#, media: video, annotations: None },
    ];
    let written = write(&YoutubeVis, &[], &classes(&CLASSES), &rows);
    let head = |id: u32| {
        format!(r#""id":{id},"video_id":1,"category_id":{id},"iscrowd":0,"width":100,"height":50,"length":3"#)
    };
    let expect = [
        "{\"info\":{\"description\":\"Exported by labelport\",\"version\":\"1.0\"},",
        "\"licenses\":[],",
        "\"categories\":[{\"id\":1,\"name\":\"van\",\"supercategory\":\"\"},{\"id\":2,\"name\":\"zone\",\"supercategory\":\"\"}],",
        "\"videos\":[",
        "{\"id\":1,\"width\":100,\"height\":50,\"length\":3,\"file_names\":[\"v/000002.jpg\",\"v/000004.jpg\",\"v/000007.jpg\"],\"data_row_id\":\"clrow1\"}",
        "],",
        "\"annotations\":[",
        &format!(
            r#"{{{},"segmentations":[null,null,null],"bboxes":[[1,0.5,10,20],null,[2.5,0.5,10,20]],"areas":[200,null,200]}},"#,
            head(1)
        ),
        &format!(
            r#"{{{},"segmentations":[[[1,2,9,2,9,6]],null,null],"bboxes":[[1,2,8,4],null,null],"areas":[16,null,null]}}"#,
            head(2)
        ),
        "]}",
        "",
    ];
    assert_eq!(written.text("train.json"), expect.join("\n"));
    assert_eq!(written.text("classes.txt"), "van\nzone\n");
    let row = "clrow1,,v.mp4,,train,train/JPEGImages/v/,train.json,l1";
    assert_eq!(written.text("rows.csv").lines().nth(1), Some(row));
    let expect = [
        "2 VideoBoundingBox van kept",
        "1 VideoPolygon zone kept",
        "1 radio_answer sort left_out the format has no place for answers",
        "1 row - left_out nothing is stored on a frame of its video",
    ];
    assert_eq!(written.losses, expect);
}
