//! The nine data types from end to end: a row as the SDK sends it, annotations of it, and the line of an export.

use super::Served;
use labelport_engine::annotation_import::ImportKind;
use labelport_engine::catalog::data_row;
use labelport_model::data_type::DATA_TYPES;
use labelport_model::request::Scope;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A row of a data type with what is drawn on it.
struct Case {
    media_type: &'static str,
    row_data: Value,
    /// Lines without their row.
    lines: Vec<Value>,
    /// The structure of `media_attributes`.
    media: &'static str,
    /// The structure of `annotations`.
    annotations: &'static str,
}

/// An ontology with a tool of each sort.
pub(super) fn ontology() -> Value {
    let tool = |kind: &str, name: &str| json!({ "tool": kind, "name": name, "classifications": [] });
    json!({
        "tools": [
            tool("rectangle", "box"),
            tool("polygon", "area"),
            tool("line", "rope"),
            tool("point", "lamp"),
            tool("raster-segmentation", "water"),
            tool("named-entity", "vessel"),
            tool("edge", "near"),
        ],
        "classifications": [
            { "type": "radio", "instructions": "shift", "name": "shift", "options": [
                { "label": "day", "value": "day", "options": [] } ] },
            { "type": "text", "instructions": "remark", "name": "remark", "options": [] },
        ],
    })
}

fn shift() -> Value {
    json!({ "uuid": "shift", "name": "shift", "answer": { "name": "day" } })
}

fn cases(served: &Served) -> Vec<Case> {
    let bbox = |left: f64| json!({ "top": 1.0, "left": left, "height": 3.0, "width": 4 });
    let boxed = json!({ "uuid": "box", "name": "box", "bbox": bbox(2.0) });
    let on_frames = json!({ "uuid": "box", "name": "box", "segments": [{ "keyframes": [
        { "frame": 1, "bbox": bbox(2.0) }, { "frame": 3, "bbox": bbox(4.0) } ] }] });
    let layer = json!([{ "number": 1, "width": 595.0, "height": 842.0, "units": "POINTS", "groups": [
        { "id": "g1", "content": "MV Mara", "tokens": [
            { "id": "t1", "content": "MV" }, { "id": "t2", "content": "Mara" } ] } ] }]);
    let layer_url = served.upload("layer.json", layer.to_string().as_bytes());
    let conversation = json!({ "type": "application/vnd.labelbox.conversational", "version": 1, "messages": [
        { "messageId": "m1", "timestampUsec": 1, "content": "which pier?", "user": { "userId": "u", "name": "Ana" },
          "align": "left", "canLabel": true } ] });
    let tiles = json!({ "tileLayerUrl": "https://tiles.test/{z}/{x}/{y}.png", "bounds": [[1.0, 2.0], [3.0, 4.0]],
                        "minZoom": 1, "maxZoom": 3, "epsg": "EPSG4326" });
    vec![
        Case {
            media_type: "AUDIO",
            row_data: json!("http://127.0.0.1/a.mp3"),
            lines: vec![
                shift(),
                json!({ "name": "remark", "answer": [{ "value": "horn", "frames": [{ "start": 10, "end": 20 }] }] }),
            ],
            media: "{asset_type mime_type}",
            annotations: "{classifications[{F radio_answer{F classifications[]}}] segments{#[[ ]]} \
                          timestamp{10{classifications[{F text_answer{content classifications[]}}]}}}",
        },
        Case {
            media_type: "CONVERSATIONAL",
            row_data: conversation,
            lines: vec![
                json!({ "uuid": "v", "name": "vessel", "location": { "start": 0, "end": 4 }, "messageId": "m1" }),
                shift(),
            ],
            media: "{asset_type mime_type labelable_ids[] message_count}",
            annotations: "{objects[{F annotation_kind classifications[] conversational_location{message_id \
                          location{start end}}}] classifications[{F radio_answer{F classifications[]}}] \
                          relationships[]}",
        },
        Case {
            media_type: "DICOM",
            row_data: json!("http://127.0.0.1/a.dcm"),
            lines: vec![
                json!({ "uuid": "r", "name": "rope", "groupKey": "axial", "segments": [{ "keyframes": [
                    { "frame": 1, "line": [{ "x": 1, "y": 2 }, { "x": 3, "y": 4 }] } ] }] }),
                shift(),
            ],
            media: "{asset_type mime_type}",
            annotations: "{groups{Axial{name classifications[] frames{1{objects{#{F annotation_kind classifications[] \
                          line[{x y} {x y}]}} classifications[]}}} Sagittal{name classifications[] frames{}} \
                          Coronal{name classifications[] frames{}}} segments{Axial{#[[ ]]} Sagittal{} Coronal{}} \
                          classifications[{F radio_answer{F classifications[]}}] key_frame_feature_map{#{Axial{1} \
                          Coronal{} Sagittal{}}}}",
        },
        Case {
            media_type: "PDF",
            row_data: json!({ "pdf_url": "http://127.0.0.1/a.pdf", "text_layer_url": layer_url }),
            lines: vec![
                json!({ "uuid": "v", "name": "vessel", "textSelections": [
                    { "tokenIds": ["t1", "t2"], "groupId": "g1", "page": 1 } ] }),
                json!({ "uuid": "b", "name": "box", "bbox": bbox(2.0), "page": 1, "unit": "POINTS" }),
                shift(),
            ],
            media: "{asset_type mime_type text_layer_url}",
            annotations: "{objects[{F annotation_kind classifications[] location{groups[{id page_number tokens[ ] \
                          text}]}} {F annotation_kind classifications[] page_number bounding_box{top left height \
                          width} page_dimensions{height width}}] classifications[{F radio_answer{F \
                          classifications[]}}] relationships[]}",
        },
        Case {
            media_type: "TMS_GEO",
            row_data: tiles,
            lines: vec![
                json!({ "uuid": "l", "name": "lamp", "point": { "x": 2.5, "y": 1.5 } }),
                boxed.clone(),
                shift(),
            ],
            media: "{asset_type mime_type}",
            annotations: "{objects[{F annotation_kind classifications[] geojson{type coordinates[ ]}} {F \
                          annotation_kind classifications[] geojson{type coordinates[[[ ] [ ] [ ] [ ] [ ]]]}}] \
                          classifications[{F radio_answer{F classifications[]}}] relationships[]}",
        },
        Case {
            media_type: "HTML",
            row_data: json!("http://127.0.0.1/a.html"),
            lines: vec![shift()],
            media: "{asset_type mime_type}",
            annotations: "{objects[] classifications[{F radio_answer{F classifications[]}}] relationships[]}",
        },
        Case {
            media_type: "IMAGE",
            row_data: json!("http://127.0.0.1/a.jpg"),
            lines: vec![
                boxed.clone(),
                json!({ "uuid": "a", "name": "area", "polygon": [{ "x": 1, "y": 1 }, { "x": 2, "y": 1 }, { "x": 2, "y": 2 }] }),
                json!({ "uuid": "m", "name": "water", "mask": { "size": [2, 2], "counts": [1, 3] } }),
                json!({ "uuid": "r", "relationship": { "source": "box", "target": "a", "type": "unidirectional" }, "name": "near" }),
                shift(),
            ],
            media: "{asset_type mime_type}",
            annotations: "{objects[{F annotation_kind classifications[] bounding_box{top left height width}} {F \
                          annotation_kind classifications[] polygon[{x y} {x y} {x y} {x y}]} {F annotation_kind \
                          classifications[] mask{url} composite_mask{url color_rgb[  ]}}] classifications[{F radio_answer{F \
                          classifications[]}}] relationships[{F annotation_kind classifications[] \
                          unidirectional_relationship{source target}}]}",
        },
        Case {
            media_type: "TEXT",
            row_data: json!("the vessel Mara"),
            lines: vec![json!({ "uuid": "v", "name": "vessel", "location": { "start": 4, "end": 9 } }), shift()],
            media: "{asset_type mime_type}",
            annotations: "{objects[{F annotation_kind classifications[] location{start end token}}] classifications[{F \
                          radio_answer{F classifications[]}}] relationships[]}",
        },
        Case {
            media_type: "VIDEO",
            row_data: json!("http://127.0.0.1/a.mp4"),
            lines: vec![
                on_frames,
                json!({ "uuid": "s", "name": "shift", "answer": { "name": "day" }, "frames": [{ "start": 2, "end": 3 }] }),
                json!({ "uuid": "q", "name": "remark", "answer": "dusty" }),
            ],
            media: "{asset_type mime_type}",
            annotations: "{frames{1{objects{#{F annotation_kind classifications[] bounding_box{top left height \
                          width}}} classifications[]} 2{objects{#{F annotation_kind classifications[] bounding_box{top \
                          left height width}}} classifications[]} 3{objects{#{F annotation_kind classifications[] \
                          bounding_box{top left height width}}} classifications[]}} segments{#[[ ]] #[[ ]]} \
                          key_frame_feature_map{#[ ]} classifications[{F radio_answer{F classifications[]}} {F \
                          text_answer{content classifications[]}}]}",
        },
    ]
}

/// Returns the structure of a value: keys in their order, ids as `#`, and what every feature begins with as `F`.
fn structure(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let members: Vec<String> = members
                .iter()
                .map(|(key, value)| {
                    let is_id = key.len() == 25 && key.starts_with('c');
                    format!("{}{}", if is_id { "#" } else { key }, structure(value))
                })
                .collect();
            format!("{{{}}}", members.join(" ")).replace("feature_id feature_schema_id name value", "F")
        }
        Value::Array(elements) => {
            let shapes: Vec<String> = elements.iter().map(structure).collect();
            format!("[{}]", shapes.join(" "))
        }
        _ => String::new(),
    }
}

#[test]
fn every_data_type_goes_in_and_comes_out() {
    let served = Served::new();
    let dataset_id = served.dataset("set");
    let mut seen = BTreeSet::new();
    for case in cases(&served) {
        let name = case.media_type;
        let payload = json!({ "row_data": case.row_data, "global_key": name, "external_id": "x", "media_type": name });
        let ids = served.rows(&dataset_id, &[payload]);
        let project = served.project(name, name, &ontology(), &ids);
        let lines: Vec<Value> = case
            .lines
            .into_iter()
            .map(|mut line| {
                line["dataRow"] = json!({ "globalKey": name });
                line
            })
            .collect();
        let statuses = served.import(ImportKind::Label, &project.id, "labels", &lines);
        for status in &statuses {
            assert_eq!(status["status"], "SUCCESS", "{name}: {status}");
        }
        let exported = served.export_all(Scope::Project(project.id.clone()));
        assert_eq!(exported.len(), 1, "{name}");
        let line = &exported[0];
        let label = &line["projects"][&project.id]["labels"][0];
        assert_eq!(structure(&line["media_attributes"]), case.media, "{name}");
        assert_eq!(structure(&label["annotations"]), case.annotations, "{name}");
        assert_eq!(label["label_kind"], if name == "VIDEO" { "Video" } else { "Default" }, "{name}");
        let expect = "{data_row{id external_id global_key row_data details{dataset_id dataset_name created_at updated_at \
                      last_activity_at created_by}} media_attributes";
        assert!(structure(line).starts_with(expect), "{name}: {}", structure(line));
        seen.insert(data_row::get(&served.workspace, &ids[0]).unwrap().data_type.unwrap());
    }
    assert!(
        DATA_TYPES.iter().map(|data_type| data_type.name).collect::<BTreeSet<_>>().into_iter().eq(seen.iter()),
        "{seen:?}"
    );
}

/// Returns a workspace that keeps a mask, and the id of its project.
pub(super) fn with_a_mask() -> (Served, String) {
    let served = Served::new();
    let payload = json!({ "row_data": "http://127.0.0.1/a.jpg", "global_key": "a", "media_type": "IMAGE" });
    let ids = served.rows(&served.dataset("set"), &[payload]);
    let project = served.project("project", "IMAGE", &ontology(), &ids);
    let mask = json!({ "uuid": "m", "dataRow": { "id": ids[0] }, "name": "water",
                       "mask": { "size": [2, 2], "counts": [1, 3] } });
    served.import(ImportKind::Label, &project.id, "labels", &[mask]);
    (served, project.id)
}

#[test]
fn masks_are_kept_and_their_urls_are_signed() {
    let (served, project_id) = with_a_mask();
    let line = &served.export_all(Scope::Project(project_id.clone()))[0];
    let object = &line["projects"][&project_id]["labels"][0]["annotations"]["objects"][0];
    let url = object["composite_mask"]["url"].as_str().unwrap();
    let path = served.workspace.signer().own_path(url).unwrap();
    let signature = url.split_once("?signature=").unwrap().1;
    served.workspace.signer().check(path, None, Some(signature), served.workspace.now()).unwrap();
    let feature_id = object["feature_id"].as_str().unwrap();
    let instance = format!("/api/v1/projects/{project_id}/annotations/{feature_id}/index/1/mask");
    for place in [path, &instance] {
        let org_key = served.workspace.org_key();
        let read = |connection: &mut dyn labelport_store::Connection| {
            Ok(labelport_store::tables::files::find_mask(connection, org_key, place)?)
        };
        let file_id = served.workspace.read(read).unwrap().unwrap();
        assert!(std::fs::read(served.workspace.files().local_path(&file_id).unwrap()).unwrap().starts_with(b"\x89PNG"));
    }
}
