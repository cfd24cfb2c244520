//! Imports of data rows: what fails fails alone, and what was interrupted goes on exactly where it was.

use super::{Served, image, new_row};
use labelport_engine::catalog::row_import::{self, RowImport};
use labelport_engine::catalog::{data_row, dataset};
use labelport_model::request::Scope;
use labelport_store::tables::data_rows::ListRows;
use labelport_store::tables::tasks::{self, TaskStatus};
use serde_json::{Value, json};

/// Items of which some cannot be taken, in two chunks: 0 and 3 are rows, the others fail with these words.
fn mixed(dataset_id: &str) -> (Vec<Value>, Vec<(i64, &'static str)>) {
    let item = |payload: Value| new_row(dataset_id, &payload);
    let deep = |depth: usize| -> Value { (0..depth).fold(json!("x"), |inner, _| json!([inner])) };
    let first = json!([
        item(image("a")),
        item(image("a")),
        item(json!({ "row_data": "http://127.0.0.1/b.jpg", "global_key": "b",
                     "metadata_fields": [{ "schemaId": "nobody", "value": "x" }] })),
        item(json!({ "row_data": "just a text", "global_key": "c", "media_type": "TEXT",
                     "attachments": [{ "type": "RAW_TEXT", "value": "note" }],
                     "metadata_fields": [{ "schemaId": "cko8s9r5v0001h2dk9elqdidh", "value": "night" }] })),
        new_row("cnodataset000000000000000", &image("d")),
        item(json!({ "global_key": "e" })),
        item(json!({ "row_data": 7, "global_key": "f" })),
    ]);
    let second = json!([
        item(json!({ "row_data": "{\"a\":1}", "media_type": "IMAGE" })),
        item(json!({ "row_data": "x", "attachments": deep(300) })),
        item(json!({ "row_data": "x", "metadata_fields": deep(300) })),
        item(json!({ "row_data": "x", "attachments": [{ "type": "SONG", "value": "x" }] })),
        item(json!({ "row_data": "x", "global_key": " padded" })),
        item(json!({ "row_data": "x", "external_id": { "a": 1 } })),
        item(json!({ "row_data": "x", "embeddings": [{ "embeddingId": "nobody", "vector": [1] }] })),
        json!({ "id": { "type": "GKEY", "value": "nobody" }, "payload": { "external_id": "x" } }),
        json!({ "id": { "type": "SONG", "value": "" }, "payload": {} }),
        json!(["nothing"]),
        json!("nothing"),
        json!(null),
        item(image("z")),
    ]);
    let failures = vec![
        (1, "Duplicate global key: 'a'"),
        (2, "no metadata field has the schema id \"nobody\""),
        (4, "cnodataset000000000000000"),
        (5, "row_data is missing"),
        (6, "row_data is a number"),
        (7, "Expected type image/*, detected: application/json"),
        (8, "attachments: more than"),
        (9, "metadata_fields: more than"),
        (10, "is no type of attachment"),
        (11, "has spaces around it"),
        (12, "external_id has to be a text"),
        (13, "there is no embedding with the id \"nobody\""),
        (14, "no data row has the global key \"nobody\""),
        (15, "AUTO, ID or GKEY"),
        (16, "an item has an id and a payload"),
        (17, "an item has an id and a payload"),
        (18, "an item has an id and a payload"),
    ];
    (vec![first, second], failures)
}

#[test]
fn what_cannot_be_taken_fails_alone() {
    let served = Served::new();
    let (chunks, expect) = mixed(&served.dataset("set"));
    let task = served.start_rows(&chunks);
    let done = served.complete(&task);
    assert_eq!((done.rows_done, done.rows_total), (20, Some(20)));
    let failures = served.statuses(&task, true);
    assert_eq!(failures.len(), expect.len(), "{failures:#?}");
    for ((ordinal, message), (place, words)) in failures.iter().zip(&expect) {
        assert!(ordinal == place && message.contains(words), "{ordinal}: {message}\nexpected: {place}: {words}");
    }
    let rows = served.statuses(&task, false);
    assert_eq!(rows.iter().map(|(ordinal, _)| *ordinal).collect::<Vec<_>>(), [0, 3, 19]);
    let lines = served.export_all(Scope::Catalog);
    let ids: Vec<_> = lines.iter().map(|line| line["data_row"]["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids, rows.into_iter().map(|(_, id)| id).collect::<Vec<_>>());
    assert_eq!(lines[1]["metadata_fields"][0]["value"], "night");
    assert_eq!(lines[1]["attachments"][0]["value"], "note");
}

#[test]
fn a_row_of_which_a_member_cannot_be_read_fails() {
    let served = Served::new();
    let dataset_id = served.dataset("set");
    let long = "x".repeat(5_000);
    let good = [
        json!({ "media_type": "text", "external_id": long, "embeddings": [], "updated_at": "now", "uid": "u" }),
        json!({ "mediaType": "POINT_CLOUD", "externalId": "a\nb", "metadata": null, "media_attributes": {} }),
    ];
    let bad = [
        (json!({ "embeddings": 5 }), "embeddings is a number; give an array of objects"),
        (json!({ "embeddings": {} }), "embeddings is an object; give an array of objects"),
        (json!({ "embeddings": [5] }), "there is no embedding with the id \"\""),
        (json!({ "media_type": "NOPE" }), "\"NOPE\" is no media type; write one of: "),
        (json!({ "media_type": 5 }), "media_type has to be a text and is a number"),
        (json!({ "global_key": "a\0b" }), "the global key \"a\\0b\" has a control character; remove it"),
        (json!({ "global_key": ["a"] }), "global_key has to be a text and is an array"),
        (json!({ "global_key": long.clone() + "x" }), "a global key has 1 to 200 characters, this one has 5001"),
        (json!({ "external_id": "a\0b" }), "the external_id \"a\\0b\" has a NUL character; remove it"),
        (json!({ "external_id": long.clone() + "x" }), "at most 5000 characters, this one has 5001"),
        (json!({ "metadata_fields": 5 }), "metadata fields have to be an array"),
        (json!({ "attachments": "x" }), "attachments have to be an array"),
        (json!({ "attachments": [{ "type": "RAW_TEXT", "value": "x", "name": 5 }] }), "name of an attachment is"),
        (json!({ "moon": null }), "\"moon\" is no member of a data row; write one of: "),
    ];
    let item = |given: &Value| {
        let mut payload = given.clone();
        payload["row_data"] = json!("text");
        new_row(&dataset_id, &payload)
    };
    let items = good.iter().chain(bad.iter().map(|(given, _)| given)).map(item).collect();
    let task = served.start_rows(&[Value::Array(items)]);
    served.complete(&task);
    let failures = served.statuses(&task, true);
    assert_eq!(failures.len(), bad.len(), "{failures:#?}");
    for ((_, message), (_, words)) in failures.iter().zip(&bad) {
        assert!(message.contains(words), "{message}\nexpected: {words}");
    }
    assert_eq!(served.statuses(&task, false).len(), good.len());
}

#[test]
fn a_text_layer_that_is_no_list_of_pages_fails_its_row() {
    let served = Served::new();
    let dataset_id = served.dataset("set");
    let layers = [
        (r#"[{"number":1,"width":600,"height":800.5,"groups":[]}]"#, ""),
        (r#"[{"number":1,"width":null}]"#, ""),
        ("{}", "it is an object; give a list of pages"),
        ("[1]", "[0] is a number; give an object with the groups of a page"),
        (r#"[{"groups":[]},{"width":-5,"height":9}]"#, "[1].width is not a positive number; give a size in points"),
        (r#"[{"width":5,"height":0}]"#, "[0].height is not a positive number; give a size in points"),
        (r#"[{"width":"5"}]"#, "[0].width is not a positive number; give a size in points"),
        (r#"[{"groups":{}}]"#, "[0].groups is an object; give a list"),
    ];
    let mut urls: Vec<(Value, &str)> =
        layers.iter().map(|(layer, words)| (json!(served.upload("layer.json", layer.as_bytes())), *words)).collect();
    urls.push((json!(5), "text_layer_url is a number; give a URL"));
    urls.push((Value::Null, ""));
    let item = |(url, _): &(Value, &str)| {
        let row_data = json!({ "pdf_url": "https://a.example/a.pdf", "text_layer_url": url });
        new_row(&dataset_id, &json!({ "row_data": row_data, "media_type": "PDF" }))
    };
    let task = served.start_rows(&[urls.iter().map(item).collect()]);
    served.complete(&task);
    let failures = served.statuses(&task, true);
    let expect: Vec<&str> = urls.iter().map(|(_, words)| *words).filter(|words| !words.is_empty()).collect();
    assert_eq!(failures.len(), expect.len(), "{failures:#?}");
    for ((_, message), words) in failures.iter().zip(expect) {
        assert!(message.contains(words), "{message}\nexpected: {words}");
    }
}

#[test]
fn a_row_that_is_no_json_fails_alone() {
    let served = Served::new();
    let dataset_id = served.dataset("set");
    let row = |key: &str| new_row(&dataset_id, &image(key)).to_string();
    let (good, half) = (row("a"), row("HALF").replace("HALF", "b\\ud83d"));
    let chunk = served.upload("json_import.json", format!("[{good},{half},{}]", row("c")).as_bytes());
    let manifest = json!({ "chunk_uris": [chunk] }).to_string();
    let manifest = served.upload("manifest.json", manifest.as_bytes());
    let start = || row_import::start(&served.workspace, &served.caller, row_import::Rows::Manifest(&manifest));
    let task = served.order(start).unwrap();
    served.complete(&task);
    let [(1, message)] = &served.statuses(&task, true)[..] else { panic!("not the second row alone failed") };
    let expect = "row 2 of its chunk is not JSON: half of a surrogate pair";
    assert!(message.starts_with(expect), "{message}");
    let failure = served.read(|connection| tasks::list_rows(connection, task.as_str(), true, -1, 1)).remove(0);
    let failure: Value = serde_json::from_str(&failure.failure.unwrap()).unwrap();
    assert_eq!(failure["spec"]["globalKey"], "b\u{fffd}", "what can be shown of it is");
    assert_eq!(served.statuses(&task, false).len(), 2);
}

#[test]
fn an_interrupted_import_creates_nothing_twice() {
    // Chunks of more rows than a transaction takes, with failures among them.
    let items = |dataset_id: &str, from: usize, to: usize| -> Value {
        let payload = |number: usize| match number % 100 {
            7 => json!({ "row_data": "text", "global_key": "g0" }),
            _ => json!({ "row_data": format!("text {number}"), "global_key": format!("g{number}") }),
        };
        Value::Array((from..to).map(|number| new_row(dataset_id, &payload(number))).collect())
    };
    let served = Served::new();
    let dataset_id = served.dataset("set");
    let task = served.start_rows(&[items(&dataset_id, 0, 1_100), items(&dataset_id, 1_100, 1_700)]);
    let mut seen = vec![0];
    // Each worker does one transaction more before it notices that it has to stop.
    while served.work_for(&RowImport, &task, 0) {
        seen.push(served.read(|connection| tasks::next_row(connection, task.as_str())));
        assert_eq!(served.task(&task).rows_done, *seen.last().unwrap());
    }
    assert_eq!(seen, [0, 500, 1_000, 1_100, 1_600]);
    served.complete(&task);
    assert_eq!(served.statuses(&task, true).len(), 17);
    let rows = served.statuses(&task, false);
    assert_eq!(rows.len(), 1_683);
    assert!(rows.iter().zip(rows.iter().skip(1)).all(|(one, next)| one.0 < next.0));
    let dataset_key = dataset::get(&served.workspace, &dataset_id).unwrap().key;
    let which = ListRows { dataset_key, after: 0, external_id: None, limit: 10_000 };
    let in_order: Vec<String> =
        data_row::list(&served.workspace, &which).unwrap().into_iter().map(|row| row.id).collect();
    assert_eq!(in_order, rows.into_iter().map(|(_, id)| id).collect::<Vec<_>>(), "rows are in the order of the file");
}

#[test]
fn a_row_is_changed_by_what_names_it() {
    let served = Served::new();
    let dataset_id = served.dataset("set");
    let with_note = json!({ "row_data": "text", "global_key": "a", "external_id": "one",
                            "attachments": [{ "type": "RAW_TEXT", "value": "old" }] });
    let ids = served.rows(&dataset_id, &[with_note]);
    served.pass(1_000);
    let task = served.start_rows(&[json!([
        { "id": { "type": "GKEY", "value": "a" },
          "payload": { "external_id": "two", "attachments": [{ "type": "RAW_TEXT", "value": "new" }] } },
        { "id": { "type": "ID", "value": ids[0] }, "payload": { "global_key": "b" } },
        { "id": { "type": "GKEY", "value": "a" }, "payload": { "external_id": "three" } },
    ])]);
    served.complete(&task);
    assert_eq!(served.statuses(&task, false), [(0, ids[0].clone()), (1, ids[0].clone())]);
    assert_eq!(served.statuses(&task, true).len(), 1, "nothing has that key any more");
    let line = &served.export_all(Scope::Catalog)[0];
    let data_row = &line["data_row"];
    assert_eq!((&data_row["external_id"], &data_row["global_key"]), (&json!("two"), &json!("b")));
    assert_eq!(data_row["row_data"], "text", "what is not given stays");
    assert_eq!(line["attachments"].as_array().unwrap().len(), 1);
    assert_eq!(line["attachments"][0]["value"], "new");
    assert_eq!(data_row["details"]["updated_at"], "2026-01-01T00:00:01.000+00:00");
    assert_eq!(data_row["details"]["created_at"], "2026-01-01T00:00:00.000+00:00");
}

#[test]
fn an_import_that_cannot_be_read_fails_as_a_whole() {
    let served = Served::new();
    let check = |manifest: &str, words: &str| {
        let manifest = served.upload("manifest.json", manifest.as_bytes());
        let rows = row_import::Rows::Manifest(&manifest);
        let start = || row_import::start(&served.workspace, &served.caller, rows);
        let id = served.order(start).unwrap();
        served.settle();
        let task = served.task(&id);
        assert_eq!(task.status, TaskStatus::Failed);
        assert!(task.outcome.as_ref().unwrap().contains(words), "{:?}", task.outcome);
    };
    check("nothing", "not JSON");
    check("{}", "no array chunk_uris");
    check(r#"{"chunk_uris":["http://served.test/files/nobody/x"]}"#, "the chunk of the import");
    check(r#"{"chunk_uris":["ftp://a/b"]}"#, "the chunk of the import");
    let chunk = served.upload("chunk.json", b"{}");
    check(&json!({ "chunk_uris": [chunk] }).to_string(), "JSON array");
}
