//! Texts that rows name by URL: what the workspace keeps is written, what it does not keep is said.

use super::Served;
use crate::formats::{export_with, lossy};
use crate::support::everything;
use labelport_engine::annotation_import::ImportKind;
use labelport_engine::manifest::Manifest;
use labelport_formats::write::{Brat, Conll, Format, Spans};
use labelport_model::losses::Outcome;
use labelport_model::request::Scope;
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn export(served: &Served, format: &dyn Format) -> (BTreeMap<String, Vec<u8>>, Manifest) {
    let workspace = &served.workspace;
    export_with(workspace.store(), Some(workspace.files()), &lossy(everything(Scope::Catalog)), format, 2)
}

/// Returns the lines of the package of spans, by global key.
fn lines(served: &Served) -> BTreeMap<String, Value> {
    let (files, _) = export(served, &Spans);
    let text = String::from_utf8(files["train.jsonl"].clone()).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.map(|line| (line["meta"]["global_key"].as_str().unwrap().to_owned(), line)).collect()
}

/// Makes rows of which some name their text by URL.
fn with_texts() -> (Served, Vec<String>) {
    let served = Served::new();
    let log = served.upload("log.txt", "\u{feff}the vessel M\u{e4}ra \u{1f6a2}".as_bytes());
    let chat = json!({ "type": "application/vnd.labelbox.conversational", "version": 1, "messages": [
        { "messageId": "m1", "content": "where?", "canLabel": true, "user": { "userId": "u", "name": "Ann" } } ] });
    let chat = served.upload("chat.json", chat.to_string().as_bytes());
    let dataset_id = served.dataset("set");
    let payloads = [
        json!({ "row_data": log, "global_key": "log", "media_type": "TEXT" }),
        json!({ "row_data": chat, "global_key": "chat", "media_type": "CONVERSATIONAL" }),
        json!({ "row_data": "http://127.0.0.1/a.txt", "global_key": "elsewhere", "media_type": "TEXT" }),
        json!({ "row_data": "in the row", "global_key": "inline", "media_type": "TEXT" }),
    ];
    let ids = served.rows(&dataset_id, &payloads);
    (served, ids)
}

#[test]
fn a_text_that_the_workspace_keeps_is_written_and_another_is_null() {
    let (served, _) = with_texts();
    let found: Vec<(String, Value)> =
        lines(&served).into_iter().map(|(key, line)| (key, line["text"].clone())).collect();
    let expect = [
        ("chat", json!("where?")),
        ("elsewhere", Value::Null),
        ("inline", json!("in the row")),
        ("log", json!("the vessel M\u{e4}ra \u{1f6a2}")),
    ];
    assert_eq!(found, expect.map(|(key, text)| (key.to_owned(), text)));
}

#[test]
fn a_row_whose_text_is_not_at_hand_is_left_out_of_formats_that_need_it() {
    let (served, _) = with_texts();
    for (format, documents) in [(&Conll as &dyn Format, 0), (&Brat, 3)] {
        let (files, manifest) = export(&served, format);
        let left_out: Vec<(&str, u64)> = manifest
            .losses
            .iter()
            .filter(|(loss, _)| loss.what == "row" && loss.outcome == Outcome::LeftOut)
            .map(|(loss, count)| (loss.reason.as_str(), count))
            .collect();
        assert_eq!(left_out, [("its text is kept elsewhere", 1)], "{}", format.name());
        assert_eq!(files.keys().filter(|path| path.ends_with(".ann")).count(), documents);
    }
}

#[test]
fn spans_of_an_upload_count_the_characters_of_its_text() {
    let (served, ids) = with_texts();
    let ontology = json!({ "tools": [{ "tool": "named-entity", "name": "vessel", "classifications": [] },
        { "tool": "named-entity", "name": "port", "classifications": [] }], "classifications": [] });
    let project = served.project("ships", "TEXT", &ontology, &ids[..1]);
    let line = json!({ "uuid": "u", "dataRow": { "globalKey": "log" }, "name": "vessel", "location": { "start": 11, "end": 16 } });
    let statuses = served.import(ImportKind::Label, &project.id, "labels", &[line]);
    assert_eq!(statuses[0]["status"], "SUCCESS", "{statuses:?}");
    let line = lines(&served).remove("log").unwrap();
    let span = &line["spans"][0];
    assert_eq!((&span["label"], &span["start"], &span["end"]), (&json!("vessel"), &json!(11), &json!(17)));
    assert_eq!(span.get("token"), None, "the text has the characters that were stored");
    let request = lossy(everything(Scope::Project(project.id.clone())));
    let workspace = &served.workspace;
    let (files, _) = export_with(workspace.store(), Some(workspace.files()), &request, &Brat, 2);
    // A tool that nobody has used yet is a type, too.
    let conf = String::from_utf8_lossy(&files["annotation.conf"]).into_owned();
    assert!(conf.starts_with("[entities]\nvessel\nport\n\n"), "{conf}");
    let of_row = files.iter().find(|(path, _)| path.ends_with(".ann")).unwrap().1;
    assert_eq!(String::from_utf8_lossy(of_row), "T1\tvessel 11 17\tM\u{e4}ra \u{1f6a2}\n");
}
