//! The bytes of Pascal VOC: boxes, what becomes a box, and names of classes that a list cannot have.

use super::*;
use crate::write::testing::{TestRow, Written, classes, write};

const IMAGE: &str = r#"{"asset_type":"image","width":100,"height":50}"#;
const CLASSES: [(&str, &str, &str); 6] = [
    ("s1", "car", "ImageBoundingBox"),
    ("s2", "a: <b>", "ImagePolygon"),
    ("s3", "a_ <b>", "ImageBoundingBox"),
    ("s4", "tip", "ImagePoint"),
    ("s9", "sort", "radio_answer"),
    ("s10", "tags", "checklist_answers"),
];
const ANSWERS: &str = r#"{"feature_id":"q1","feature_schema_id":"s9","name":"sort","radio_answer":{"feature_id":"o","name":"old & <new>","classifications":[]}},{"feature_id":"q4","feature_schema_id":"s10","name":"tags","checklist_answers":[{"feature_id":"o2","name":"wet","classifications":[]},{"feature_id":"o3","name":"dry","classifications":[]}]}"#;
const HEAD: &str = r#""id":"clrow1","global_key":"k1","external_id":"x/a.b.jpg","row_data":"https://host/a.b.jpg""#;

fn object(number: u32, class: (&str, &str, &str), answers: &str, shape: &str) -> String {
    let (schema_id, name, kind) = class;
    format!(
        r#"{{"feature_id":"f{number}","feature_schema_id":"{schema_id}","name":"{name}","annotation_kind":"{kind}","classifications":[{answers}],{shape}}}"#
    )
}

fn encode(options: &[(&str, &str)], rows: &[TestRow<'_>]) -> Written {
    write(&Voc, options, &classes(&CLASSES), rows)
}

#[test]
fn the_bytes_of_images() {
    let objects = [
        object(1, CLASSES[0], ANSWERS, r#""bounding_box":{"width":40.0,"top":10.0,"height":30.0,"left":-20.5}"#),
        object(
            2,
            CLASSES[1],
            "",
            r#""polygon":[{"x":1.0,"y":0.1},{"x":50.0,"y":0.1},{"x":50.0,"y":20.25},{"x":1.0,"y":0.1}]"#,
        ),
        object(3, CLASSES[3], ANSWERS, r#""point":{"x":7.5,"y":8.0}"#),
        object(4, CLASSES[2], "", r#""bounding_box":{"top":10.0,"left":20.5,"height":0.0,"width":40.0}"#),
    ];
    let annotations = format!(r#"{{"objects":[{}],"classifications":[{ANSWERS}]}}"#, objects.join(","));
    let rows = [
        TestRow { head: HEAD, media: IMAGE, annotations: Some(&annotations) },
        TestRow { head: r#""id":"clrow2","external_id":"empty.png""#, media: IMAGE, annotations: None },
        TestRow {
            head: r#""id":"clrow3""#,
            media: r#"{"asset_type":"video","width":9,"height":9}"#,
            annotations: None,
        },
    ];
    let written = encode(&[], &rows);
    let expect = r#"<annotation>
  <folder>JPEGImages</folder>
  <filename>x/a.b.jpg</filename>
  <size>
    <width>100</width>
    <height>50</height>
  </size>
  <segmented>0</segmented>
  <object>
    <name>car</name>
    <pose>Unspecified</pose>
    <truncated>0</truncated>
    <difficult>0</difficult>
    <bndbox>
      <xmin>-20.5</xmin>
      <ymin>10</ymin>
      <xmax>19.5</xmax>
      <ymax>40</ymax>
    </bndbox>
    <attributes>
      <attribute>
        <name>sort</name>
        <value>old &amp; &lt;new&gt;</value>
      </attribute>
      <attribute>
        <name>tags: wet</name>
        <value>true</value>
      </attribute>
      <attribute>
        <name>tags: dry</name>
        <value>true</value>
      </attribute>
    </attributes>
  </object>
  <object>
    <name>a_ &lt;b&gt; (2)</name>
    <pose>Unspecified</pose>
    <truncated>0</truncated>
    <difficult>0</difficult>
    <bndbox>
      <xmin>1</xmin>
      <ymin>0.1</ymin>
      <xmax>50</xmax>
      <ymax>20.25</ymax>
    </bndbox>
  </object>
</annotation>
"#;
    assert_eq!(written.text("Annotations/x/a.b.xml"), expect);
    assert!(written.text("Annotations/empty.xml").ends_with("  <segmented>0</segmented>\n</annotation>\n"));
    assert_eq!(written.text("ImageSets/Main/train.txt"), "x/a.b\nempty\n");
    let classes = "# label:color_rgb:parts:actions\ncar:128,0,0::\na_ <b> (2):0,128,0::\na_ <b>:128,128,0::\n";
    assert_eq!(written.text("labelmap.txt"), classes);
    let listed = "data_row_id,global_key,external_id,row_data,split,image,labels,label_id\r\n\
                  clrow1,k1,x/a.b.jpg,https://host/a.b.jpg,train,JPEGImages/x/a.b.jpg,Annotations/x/a.b.xml,l1\r\n\
                  clrow2,,empty.png,,train,JPEGImages/empty.png,Annotations/empty.xml,\r\n\
                  clrow3,,,,,,,\r\n";
    assert_eq!(written.text("rows.csv"), listed);
    let expect = [
        "1 ImageBoundingBox a_ <b> left_out it has no area",
        "1 ImageBoundingBox car kept",
        "1 ImagePoint tip left_out the format holds boxes of pictures",
        "1 ImagePolygon a: <b> reduced to the box around it",
        "1 checklist_answers tags kept",
        "1 checklist_answers tags left_out the format has no place for answers",
        "1 checklist_answers tags left_out the format holds boxes of pictures",
        "1 class - reduced the name \"a: <b>\" cannot be in a list, and is \"a_ <b> (2)\"",
        "1 radio_answer sort kept",
        "1 radio_answer sort left_out the format has no place for answers",
        "1 radio_answer sort left_out the format holds boxes of pictures",
        "1 row - kept it has no label, and seems to have nothing on its picture",
        "1 row - left_out the format is of images alone",
    ];
    assert_eq!(written.losses, expect);
}

#[test]
fn scores_have_no_place() {
    let options = [("predictions".to_owned(), "scores".to_owned())].into();
    let refused = Voc.open(&About { options, ..About::default() }).err().map(|error| error.to_string());
    assert!(refused.is_some_and(|error| error.ends_with("no or labels for voc, which has no place for scores")));
}
