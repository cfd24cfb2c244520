//! The pixels of masks, and the tables about them.

use super::*;
use crate::write::testing::{TestRow, Written, classes, write};

const IMAGE: &str = r#"{"asset_type":"image","width":6,"height":4}"#;
const CLASSES: [(&str, &str, &str); 4] = [
    ("s1", "car", "ImageBoundingBox"),
    ("s2", "a/b", "ImagePolygon"),
    ("s3", "tip", "ImagePoint"),
    ("s9", "sort", "radio_answer"),
];

fn object(number: u32, class: usize, shape: &str) -> String {
    let (schema_id, name, kind) = CLASSES[class];
    format!(
        r#"{{"feature_id":"f{number}","feature_schema_id":"{schema_id}","name":"{name}","annotation_kind":"{kind}","classifications":[],{shape}}}"#
    )
}

/// A car on the left, a polygon over its right half, and another car, all of which is outside the picture.
fn annotations() -> String {
    let objects = [
        object(1, 0, r#""bounding_box":{"top":0,"left":0,"height":2,"width":4}"#),
        object(2, 1, r#""polygon":[{"x":2,"y":1},{"x":6,"y":1},{"x":6,"y":4},{"x":2,"y":4},{"x":2,"y":1}]"#),
        object(3, 2, r#""point":{"x":1,"y":1}"#),
        object(4, 0, r#""bounding_box":{"top":9,"left":9,"height":2,"width":4}"#),
    ];
    format!(r#"{{"objects":[{}],"classifications":[]}}"#, objects.join(","))
}

fn encode(options: &[(&str, &str)], annotations: Option<&str>) -> Written {
    let head = r#""id":"clrow","external_id":"x/1.jpg""#;
    write(&Masks, options, &classes(&CLASSES), &[TestRow { head, media: IMAGE, annotations }])
}

/// Returns the values of pixels, row by row.
#[track_caller]
fn pixels(written: &Written, path: &str) -> Vec<Vec<u16>> {
    let bytes = written.files.get(path).unwrap_or_else(|| panic!("{path} is not among {:?}", written.files.keys()));
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
    let is_deep = reader.info().bit_depth == png::BitDepth::Sixteen;
    let mut raw = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut raw).unwrap();
    let values: Vec<u16> = match is_deep {
        true => raw.chunks(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect(),
        false => raw.iter().map(|value| u16::from(*value)).collect(),
    };
    values.chunks(6).map(<[u16]>::to_vec).collect()
}

#[test]
fn a_pixel_is_the_number_of_its_class() {
    let written = encode(&[], Some(&annotations()));
    let expect = [[1, 1, 1, 1, 0, 0], [1, 1, 2, 2, 2, 2], [0, 0, 2, 2, 2, 2], [0, 0, 2, 2, 2, 2]];
    assert_eq!(pixels(&written, "masks/train/x/1.png"), expect);
    assert_eq!(written.text("classes.csv"), "number,name,red,green,blue\r\n1,car,128,0,0\r\n2,a/b,0,128,0\r\n");
    assert_eq!(written.text("classes.txt"), "car\na/b\n");
    let objects = "data_row_id,label_id,feature_id,file,value,class,pixels\r\n\
                   clrow,l1,f1,masks/train/x/1.png,1,car,6\r\n\
                   clrow,l1,f2,masks/train/x/1.png,2,a/b,12\r\n";
    assert_eq!(written.text("objects.csv"), objects);
    assert!(
        written.text("rows.csv").ends_with("clrow,,x/1.jpg,,train,images/train/x/1.jpg,masks/train/x/1.png,l1\r\n")
    );
    let expect = [
        "1 ImageBoundingBox car reduced to the pixels that no later object covers",
        "1 ImageBoundingBox car left_out it has no area",
        "1 ImagePoint tip left_out masks are the pixels of boxes, polygons and masks of pictures",
        "1 ImagePolygon a/b kept",
    ];
    assert_eq!(written.losses, expect);
}

#[test]
fn a_pixel_is_the_number_of_its_object() {
    let written = encode(&[("pixels", "object")], Some(&annotations()));
    let expect = [[1, 1, 1, 1, 0, 0], [1, 1, 2, 2, 2, 2], [0, 0, 2, 2, 2, 2], [0, 0, 2, 2, 2, 2]];
    assert_eq!(pixels(&written, "masks/train/x/1.png"), expect);
}

#[test]
fn each_class_has_a_picture_of_its_own() {
    let written = encode(&[("pixels", "each-class")], Some(&annotations()));
    let car = [[255, 255, 255, 255, 0, 0], [255, 255, 255, 255, 0, 0], [0; 6], [0; 6]];
    assert_eq!(pixels(&written, "masks/train/x/1/car.png"), car);
    let polygon = [[0; 6], [0, 0, 255, 255, 255, 255], [0, 0, 255, 255, 255, 255], [0, 0, 255, 255, 255, 255]];
    assert_eq!(pixels(&written, "masks/train/x/1/a_b.png"), polygon);
    assert!(written.losses.contains(&"1 ImageBoundingBox car reduced to the pixels in the box".to_owned()));
    assert!(written.losses.iter().any(|loss| loss.starts_with("1 class - reduced the name \"a/b\" cannot be")));
}

#[test]
fn a_row_without_a_label_has_an_empty_mask_and_a_notice() {
    let written = encode(&[], None);
    assert_eq!(pixels(&written, "masks/train/x/1.png"), [[0; 6]; 4]);
    assert_eq!(written.losses, [format!("1 row - kept {}", picture::NO_LABEL)]);
    let nothing = encode(&[], Some(r#"{"objects":[],"classifications":[]}"#));
    assert_eq!((nothing.losses.len(), nothing.files["masks/train/x/1.png"].len() > 50), (0, true));
}

#[test]
fn a_frame_of_a_video_has_a_picture() {
    let media = r#"{"asset_type":"video","width":6,"height":4}"#;
    let car = object(1, 0, r#""bounding_box":{"top":0,"left":0,"height":1,"width":1}"#);
    let annotations = format!(
        r#"{{"frames":{{"3":{{"objects":{{"f1":{car}}},"classifications":[]}},"12":{{"objects":{{"f1":{car}}},"classifications":[]}}}},"classifications":[]}}"#
    );
    let row = TestRow { head: r#""id":"clrow","external_id":"clip.mp4""#, media, annotations: Some(&annotations) };
    let written = write(&Masks, &[], &classes(&CLASSES), &[row]);
    for frame in ["000003", "000012"] {
        assert_eq!(pixels(&written, &format!("masks/train/clip.video/{frame}.png"))[0], [1, 0, 0, 0, 0, 0]);
    }
    assert!(written.text("rows.csv").contains(",images/train/clip.video/,masks/train/clip.video/,l1\r\n"));
}

#[test]
fn a_picture_that_is_too_large_has_no_mask() {
    let media = r#"{"asset_type":"image","width":100000,"height":100000}"#;
    let annotations = annotations();
    let row = TestRow { head: r#""id":"clrow","external_id":"1.jpg""#, media, annotations: Some(&annotations) };
    let written = write(&Masks, &[], &classes(&CLASSES), &[row]);
    assert!(!written.files.keys().any(|path| path.starts_with("masks/")), "{:?}", written.files.keys());
    assert!(written.text("rows.csv").ends_with("clrow,,1.jpg,,,,,\r\n"), "{}", written.text("rows.csv"));
    assert!(written.losses.contains(&format!("1 row - left_out {}", painting::TOO_LARGE)), "{:?}", written.losses);
}
