//! The bytes of datumaro: items of images and of frames, with what is declared for their labels.

use super::*;
use crate::write::testing::{TestRow, classes, object, write};

const CLASSES: [(&str, &str, &str); 7] = [
    ("s1", "car", "ImageBoundingBox"),
    ("s2", "zone", "ImagePolygon"),
    ("s3", "rail", "ImagePolyline"),
    ("s4", "tip", "ImagePoint"),
    ("s5", "coupled", "ImageUnidirectionalRelationship"),
    ("s6", "moving", "VideoBoundingBox"),
    ("s9", "sort", "radio_answer"),
];
const SORT: &str = r#"{"feature_id":"q1","feature_schema_id":"s9","name":"sort","radio_answer":{"feature_id":"o","name":"old","classifications":[]}}"#;

#[test]
fn the_bytes_of_images() {
    let objects = [
        object("f1", CLASSES[0], SORT, r#""bounding_box":{"left":-1.0,"top":10.0,"width":40.5,"height":30.0}"#),
        object(
            "f2",
            CLASSES[1],
            "",
            r#""polygon":[{"x":0.0,"y":0.0},{"x":50.0,"y":0.0},{"x":50.0,"y":20.0},{"x":0.0,"y":0.0}]"#,
        ),
        object("f3", CLASSES[2], "", r#""line":[{"x":0.0,"y":0.0},{"x":50.0,"y":10.0}]"#),
        object("f4", CLASSES[3], "", r#""point":{"x":7.5,"y":8.0}"#),
        object("f5", CLASSES[4], "", r#""unidirectional_relationship":{"source":"f1","target":"f2"}"#),
    ];
    let annotations = format!(r#"{{"objects":[{}],"classifications":[{SORT}],"relationships":[]}}"#, objects.join(","));
    let image = r#"{"asset_type":"image","width":100,"height":50}"#;
    let rows = [
        TestRow { head: r#""id":"clrow1","external_id":"a.jpg""#, media: image, annotations: Some(&annotations) },
        TestRow { head: r#""id":"clrow2","external_id":"b/c.png""#, media: image, annotations: None },
        TestRow {
            head: r#""id":"clrow3","external_id":"d.png""#,
            media: r#"{"asset_type":"image"}"#,
            annotations: None,
        },
    ];
    let written = write(&Datumaro, &[], &classes(&CLASSES), &rows);
    let label =
        |name: &str, attributes: &str| format!(r#"{{"name":"{name}","parent":"","attributes":[{attributes}]}}"#);
    let labels =
        [label("car", r#""sort""#), label("zone", ""), label("rail", ""), label("tip", ""), label("moving", "")];
    let colours = [(128, 0, 0), (0, 128, 0), (128, 128, 0), (0, 0, 128), (128, 0, 128)];
    let colours = (0..).zip(colours).map(|(id, (r, g, b))| format!(r#"{{"label_id":{id},"r":{r},"g":{g},"b":{b}}}"#));
    let annotation = |id: u32, kind: &str, attributes: &str, label: u32, figure: &str| {
        format!(
            r#"{{"id":{id},"type":"{kind}","attributes":{{{attributes}}},"group":0,"label_id":{label},{figure},"z_order":0}}"#
        )
    };
    let drawn = [
        annotation(1, "bbox", r#""sort":"old""#, 0, r#""bbox":[-1,10,40.5,30]"#),
        annotation(2, "polygon", "", 1, r#""points":[0,0,50,0,50,20]"#),
        annotation(3, "polyline", "", 2, r#""points":[0,0,50,10]"#),
        annotation(4, "points", "", 3, r#""points":[7.5,8],"visibility":[2]"#),
    ];
    let expect = format!(
        "{{\"dm_format_version\":\"1.0\",\n\"media_type\":2,\n\"infos\":{{}},\n\"categories\":{{\"label\":{{\"labels\":[{}],\
         \"label_groups\":[],\"attributes\":[]}},\"mask\":{{\"colormap\":[{}]}}}},\n\"items\":[\n\
         {{\"id\":\"a\",\"annotations\":[{}],\"attr\":{{\"sort\":\"old\"}},\"image\":{{\"path\":\"a.jpg\",\"size\":[50,100]}}}},\n\
         {{\"id\":\"b/c\",\"annotations\":[],\"attr\":{{}},\"image\":{{\"path\":\"b/c.png\",\"size\":[50,100]}}}}\n]}}\n",
        labels.join(","),
        colours.collect::<Vec<_>>().join(","),
        drawn.join(",")
    );
    assert_eq!(written.text("annotations/train.json"), expect);
    let expect = [
        "1 ImageBoundingBox car kept",
        "1 ImagePoint tip kept",
        "1 ImagePolygon zone kept",
        "1 ImagePolyline rail kept",
        "1 ImageUnidirectionalRelationship coupled left_out the format holds boxes, polygons, lines, points, masks and answers",
        "2 radio_answer sort kept",
        "1 row - kept it has no label, and seems to have nothing on its picture",
        "1 row - left_out the width and the height of its picture are not known",
    ];
    assert_eq!(written.losses, expect);
    assert_eq!(written.text("classes.txt"), "car\nzone\nrail\ntip\nmoving\n");
    let rows: Vec<&str> = written.text("rows.csv").lines().collect();
    assert_eq!(rows[1], "clrow1,,a.jpg,,train,images/train/a.jpg,annotations/train.json,l1");
}

#[test]
fn the_bytes_of_frames() {
    let on = |left: u32| {
        let shape = format!(r#""bounding_box":{{"left":{left}.0,"top":0.0,"width":10.0,"height":10.0}}"#);
        format!(r#"{{"objects":{{"f1":{}}},"classifications":[{SORT}]}}"#, object("f1", CLASSES[5], "", &shape))
    };
    let annotations = format!(
        r#"{{"frames":{{"2":{},"6":{}}},"segments":{{"f1":[[2,9]]}},"key_frame_feature_map":{{"f1":[2,6]}},"classifications":[{SORT}]}}"#,
        on(0),
        on(20)
    );
    let row = TestRow {
        head: r#""id":"clrow1","external_id":"v.mp4""#,
        media: r#"{"asset_type":"video","width":100,"height":50}"#,
        annotations: Some(&annotations),
    };
    let written = write(&Datumaro, &[], &classes(&CLASSES), &[row]);
    let item = |number: u32, frame: u32, left: u32| {
        format!(
            "{{\"id\":\"v.video/{frame:06}\",\"annotations\":[{{\"id\":{number},\"type\":\"bbox\",\"attributes\":{{\"track_id\":1}},\
             \"group\":0,\"object_id\":1,\"label_id\":4,\"bbox\":[{left},0,10,10],\"z_order\":0}}],\"attr\":{{\"sort\":\"old\"}},\
             \"image\":{{\"path\":\"v.video/{frame:06}.jpg\",\"size\":[50,100]}}}}"
        )
    };
    let items = format!("\"items\":[\n{},\n{}\n]}}\n", item(1, 2, 0), item(2, 6, 20));
    let text = written.text("annotations/train.json");
    assert!(text.ends_with(&items), "{text}");
    let left_out = "1 radio_answer sort left_out it is about a whole video, and the format holds frames";
    assert_eq!(written.losses, ["2 VideoBoundingBox moving kept", "2 radio_answer sort kept", left_out]);
}
