//! The bytes of GeoJSON: features of maps, rings as the standard has them, answers about whole maps.

use super::*;
use crate::write::testing::{TestRow, Written, classes, write};

const MAP: &str = r#"{"asset_type":"tms_geo","mime_type":"application/x-tms-geo"}"#;
const CLASSES: [(&str, &str, &str); 4] = [
    ("s1", "depot", "GeoBoundingBox"),
    ("s2", "crane", "GeoPoint"),
    ("s3", "siding", "GeoPolyline"),
    ("s9", "roof", "radio_answer"),
];
const ANSWER: &str = r#"{"feature_id":"q","feature_schema_id":"s9","name":"roof","radio_answer":{"name":"tin"}}"#;

fn object(number: u32, class: usize, geojson: &str) -> String {
    let (schema_id, name, kind) = CLASSES[class];
    format!(
        r#"{{"feature_id":"f{number}","feature_schema_id":"{schema_id}","name":"{name}","annotation_kind":"{kind}","classifications":[{ANSWER}],"geojson":{geojson}}}"#
    )
}

fn encode(options: &[(&str, &str)], media: &str, objects: &[String]) -> Written {
    let annotations = format!(r#"{{"objects":[{}],"classifications":[{ANSWER}]}}"#, objects.join(","));
    let head = r#""id":"clrow","global_key":"k","external_id":"sheet-1""#;
    write(&GeoJson, options, &classes(&CLASSES), &[TestRow { head, media, annotations: Some(&annotations) }])
}

#[test]
fn features_are_closed_rings_that_go_round_as_they_should() {
    let objects = [
        // Clockwise, as boxes are stored, and not closed.
        object(1, 0, r#"{"type":"Polygon","coordinates":[[[1.0,2.0],[1.0,3.0],[2.5,3.0],[2.5,2.0]]]}"#),
        object(2, 1, r#"{"type":"Point","coordinates":[12.20,-41.42]}"#),
        object(3, 2, r#"{"type":"LineString","coordinates":[[1,2],[3,4]]}"#),
        object(4, 1, r#"{"type":"Point","coordinates":[512,20]}"#),
        object(5, 2, r#"{"type":"LineString","coordinates":[[1,2]]}"#),
    ];
    let written = encode(&[], MAP, &objects);
    let expect = r#"{"type":"FeatureCollection","features":[
{"type":"Feature","id":"f1","geometry":{"type":"Polygon","coordinates":[[[1.0,2.0],[2.5,2.0],[2.5,3.0],[1.0,3.0],[1.0,2.0]]]},"properties":{"name":"depot","kind":"GeoBoundingBox","data_row_id":"clrow","global_key":"k","label_id":"l1","answer.roof":"tin"}},
{"type":"Feature","id":"f2","geometry":{"type":"Point","coordinates":[12.20,-41.42]},"properties":{"name":"crane","kind":"GeoPoint","data_row_id":"clrow","global_key":"k","label_id":"l1","answer.roof":"tin"}},
{"type":"Feature","id":"f3","geometry":{"type":"LineString","coordinates":[[1,2],[3,4]]},"properties":{"name":"siding","kind":"GeoPolyline","data_row_id":"clrow","global_key":"k","label_id":"l1","answer.roof":"tin"}},
{"type":"Feature","geometry":null,"properties":{"data_row_id":"clrow","global_key":"k","label_id":"l1","answer.roof":"tin"}}
]}
"#;
    assert_eq!(written.text("features.geojson"), expect);
    assert_eq!(
        written.text("rows.csv"),
        "data_row_id,global_key,external_id,split,file,label_id\r\nclrow,k,sheet-1,train,features.geojson,l1\r\n"
    );
    let expect = [
        "1 GeoBoundingBox depot kept",
        "1 GeoPoint crane kept",
        "1 GeoPoint crane left_out its coordinates are not degrees of longitude and latitude",
        "1 GeoPolyline siding kept",
        "1 GeoPolyline siding left_out it has too few positions for what it is",
        "4 radio_answer roof kept",
        "1 radio_answer roof left_out it has too few positions for what it is",
        "1 radio_answer roof left_out its coordinates are not degrees of longitude and latitude",
    ];
    assert_eq!(written.losses, expect);
}

#[test]
fn holes_go_round_the_other_way() {
    let ring = |corners: &str| format!("[{corners}]");
    let outer = ring("[0,0],[9,0],[9,9],[0,9],[0,0]");
    let hole = ring("[2,2],[4,2],[4,4],[2,4],[2,2]");
    let polygon = format!(r#"{{"type":"Polygon","coordinates":[{outer},{hole}]}}"#);
    let written = encode(&[], MAP, &[object(1, 0, &polygon)]);
    let expect = format!("\"coordinates\":[{outer},{}]", ring("[2,2],[2,4],[4,4],[4,2],[2,2]"));
    assert!(written.text("features.geojson").contains(&expect), "{}", written.text("features.geojson"));
}

#[test]
fn each_feature_can_have_a_line() {
    let objects = [object(2, 1, r#"{"type":"Point","coordinates":[1,2]}"#)];
    let written = encode(&[("lines", "yes"), ("split", "train=0,val=1")], MAP, &objects);
    let text = written.text("features_val.geojsonl");
    assert_eq!((text.lines().count(), written.text("features_train.geojsonl")), (2, ""));
    assert!(text.lines().all(|line| line.starts_with("{\"type\":\"Feature\"") && line.ends_with('}')), "{text}");
}

#[test]
fn other_rows_are_left_out() {
    let objects = [object(2, 1, r#"{"type":"Point","coordinates":[1,2]}"#)];
    let written = encode(&[], r#"{"asset_type":"image","width":8,"height":6}"#, &objects);
    assert_eq!(written.text("features.geojson"), "{\"type\":\"FeatureCollection\",\"features\":[\n]}\n");
    assert!(written.text("rows.csv").ends_with("clrow,k,sheet-1,,,\r\n"));
    let reason = "left_out its row is not a map";
    let expect =
        [format!("1 GeoPoint crane {reason}"), format!("2 radio_answer roof {reason}"), format!("1 row - {reason}")];
    assert_eq!(written.losses, expect);
}

#[test]
fn a_feature_is_named_after_its_class_and_has_one() {
    let point = object(2, 1, r#"{"type":"Point","coordinates":[1,2]}"#);
    let kindless = point.replace(r#""annotation_kind":"GeoPoint","#, "");
    let written = encode(&[("class-names", "value")], MAP, &[point, kindless]);
    let text = written.text("features.geojson");
    // What is stored has no value, which then is made of the name.
    assert_eq!((text.matches("\"id\":").count(), text.matches(r#""name":"crane""#).count()), (1, 1), "{text}");
    let left_out = "left_out it has no annotation kind";
    assert!(written.losses.contains(&format!("1 object without a kind - {left_out}")), "{:?}", written.losses);
    assert!(written.text("losses.ndjson").contains(r#""kind":"object without a kind""#));
}
