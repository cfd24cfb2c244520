//! Texts that people give: any text is a name, and no text is more than that.

use super::{Served, cars, image};
use labelport_engine::annotation_import::ImportKind;
use labelport_engine::catalog::{attachment, dataset, embedding, global_key, metadata, slice};
use labelport_engine::models::{model, run};
use labelport_engine::projects::{batch, ontology, project};
use labelport_model::request::Scope;
use serde_json::{Value, json};

const HOSTILE: &[&str] = &[
    "'; drop table data_rows; --",
    "\" or 1=1 --",
    "%",
    "_",
    "$1",
    "../../etc/passwd",
    "line\nbreak\tand \u{1} control",
    "naïve — 東京 🚤 \u{202e}",
    "</script><script>alert(1)</script>",
    "\\u0000 \\\" {}[]",
    "null",
    "labelport:/api/v1/x",
];

#[test]
fn any_text_is_a_name() {
    let served = Served::new();
    let (workspace, caller) = (&served.workspace, &served.caller);
    let mut payload = image("first");
    for (number, name) in HOSTILE.iter().enumerate() {
        let made = dataset::create(workspace, caller, name, Some(name)).unwrap();
        assert_eq!((made.name.as_str(), made.description.as_deref()), (*name, Some(*name)));
        payload["global_key"] = json!(format!("key {number}"));
        payload["external_id"] = json!(name);
        payload["attachments"] = json!([{ "type": "RAW_TEXT", "value": name, "name": name }]);
        payload["metadata_fields"] = json!([{ "schemaId": "cko8s9r5v0001h2dk9elqdidh", "value": name }]);
        let ids = served.rows(&made.id, std::slice::from_ref(&payload));
        let project = served.project(name, "IMAGE", &cars(), &ids);
        let creation = batch::Creation { name: (*name).to_owned(), priority: 1, consensus: Value::Null };
        let project = project::get(workspace, &project.id).unwrap();
        assert_eq!(batch::create_empty(workspace, &caller.user, &project, &creation).unwrap().name, *name);
        let conflict = batch::create_empty(workspace, &caller.user, &project, &creation).unwrap_err();
        assert!(conflict.message.contains(name));
        let tools =
            json!({ "tools": [{ "tool": "rectangle", "name": name, "classifications": [] }], "classifications": [] });
        project::set_up(workspace, &project.id, &tools.to_string()).unwrap();
        let line = json!({ "uuid": name, "dataRow": { "id": ids[0] }, "name": name,
                           "bbox": { "top": 1, "left": 2, "height": 3, "width": 4 } });
        let statuses = served.import(ImportKind::Label, &project.id, name, &[line]);
        assert_eq!((&statuses[0]["status"], &statuses[0]["uuid"]), (&json!("SUCCESS"), &json!(name)));
        let made_model = model::create(workspace, caller, name, project.ontology_id.as_ref().unwrap()).unwrap();
        let made_run = run::create(workspace, caller, &made_model.id, name, &json!({ *name: name })).unwrap();
        assert_eq!((made_model.name.as_str(), made_run.name.as_str()), (*name, *name));
        assert_eq!(embedding::create(workspace, name, 1).unwrap().name, *name);
        let field = metadata::put_schema(workspace, &json!({ "name": name, "kind": "CustomMetadataString" })).unwrap();
        assert_eq!(field.name, *name);

        let lines = served.export_all(Scope::Project(project.id.clone()));
        assert_eq!(lines.len(), 1);
        let line = &lines[0];
        assert_eq!(line["data_row"]["external_id"], *name);
        assert_eq!(line["data_row"]["details"]["dataset_name"], *name);
        assert_eq!(line["attachments"][0]["value"], *name);
        assert_eq!(line["metadata_fields"][0]["value"], *name);
        let of_project = &line["projects"][&project.id];
        assert_eq!(of_project["name"], *name);
        assert_eq!(of_project["labels"][0]["annotations"]["objects"][0]["name"], *name);
        assert_eq!(served.export_all(Scope::Dataset(made.id)).len(), 1);
    }
    assert_eq!(dataset::list(workspace).unwrap().len(), HOSTILE.len());
    let renamed = |id: &str, name: &str| dataset::update(workspace, id, Some(name.to_owned()), None).unwrap().name;
    for (made, name) in dataset::list(workspace).unwrap().iter().zip(HOSTILE.iter().rev()) {
        assert_eq!(renamed(&made.id, name), *name);
    }
}

#[test]
fn any_text_is_a_global_key_or_none() {
    let served = Served::new();
    let ids = served.rows(&served.dataset("set"), &vec![json!({ "row_data": "text" }); HOSTILE.len()]);
    let pairs: Vec<(String, String)> = ids.iter().cloned().zip(HOSTILE.iter().map(|key| (*key).to_owned())).collect();
    let assigned = global_key::assign(&served.workspace, pairs).unwrap();
    assert_eq!(assigned.invalid.len(), 1, "{assigned:?}");
    assert!(assigned.invalid[0].1.contains('\u{1}'), "{assigned:?}");
    let keys: Vec<String> = assigned.assigned.iter().map(|(_, key)| key.clone()).collect();
    let found = global_key::find_rows(&served.workspace, &keys).unwrap();
    let expect: Vec<Option<String>> = assigned.assigned.iter().map(|(id, _)| Some(id.clone())).collect();
    assert_eq!(found, expect);
    let cleared = global_key::clear(&served.workspace, keys.clone()).unwrap();
    assert_eq!((cleared.cleared, cleared.not_found.len()), (keys, 0));
    let lines = served.export_all(Scope::Catalog);
    assert!(lines.iter().all(|line| line["data_row"]["global_key"].is_null()), "{lines:?}");
}

#[test]
fn what_is_no_name_is_refused() {
    let served = Served::new();
    let (workspace, caller) = (&served.workspace, &served.caller);
    let long = "x".repeat(257);
    for name in ["", "  ", long.as_str()] {
        dataset::create(workspace, caller, name, None).unwrap_err();
        project::create(workspace, caller, &json!({ "name": name })).unwrap_err();
        embedding::create(workspace, name, 1).unwrap_err();
        slice::create(workspace, caller, name, None, "[]").unwrap_err();
        metadata::put_schema(workspace, &json!({ "name": name, "kind": "CustomMetadataString" })).unwrap_err();
        let normalized = cars().to_string();
        let new = ontology::NewOntology { name, normalized: &normalized, description: None, media_type: None };
        ontology::create(workspace, &new).unwrap_err();
    }
    project::create(workspace, caller, &json!({ "name": "x", "allowedMediaType": "SMELL" })).unwrap_err();
    embedding::create(workspace, "x", 0).unwrap_err();
    for normalized in [
        "",
        "[]",
        "{\"tools\":7}",
        "{\"tools\":[7]}",
        "{\"tools\":[{\"name\":\"x\"}]}",
        "{\"tools\":[{\"tool\":\"polygon\"}]}",
    ] {
        let new = ontology::NewOntology { name: "x", normalized, description: None, media_type: None };
        ontology::create(workspace, &new).unwrap_err();
    }
    attachment::create(workspace, "'; drop table attachments; --", &json!({ "type": "IMAGE", "value": "x" }))
        .unwrap_err();
    for filter in ["", "{}", "[7]", "[{\"type\":\"'\"}]"] {
        slice::create(workspace, caller, "x", None, filter).unwrap_err();
    }
    assert!(dataset::list(workspace).unwrap().is_empty());
}
