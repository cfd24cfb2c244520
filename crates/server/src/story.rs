//! One story through the whole server: a client fills an empty workspace, exports from it and deletes everything.

use crate::test_app::TestApp;
use labelport_model::annotation::{self, Body, Number, Object, Shape};
use serde_json::{Value, json};

/// Returns the id at a JSON pointer of an answer.
#[track_caller]
fn id_of(data: &Value, path: &str) -> String {
    data.pointer(path).and_then(Value::as_str).unwrap_or_else(|| panic!("{path} of {data}")).to_owned()
}

/// Creates three rows in a dataset; returns the id of the dataset.
fn import_rows(app: &TestApp) -> String {
    let query = "mutation ($data: DatasetCreateInput!) { createDataset(data: $data) { id } }";
    let dataset_id = id_of(&app.graphql(query, json!({ "data": { "name": "streets" } })), "/createDataset/id");
    let items: Vec<Value> = ["a", "b", "c"]
        .iter()
        .map(|key| {
            let row_data = format!("http://127.0.0.1/{key}.jpg");
            let payload = json!({ "dataset_id": dataset_id, "row_data": row_data, "global_key": key,
                                  "media_type": "IMAGE" });
            json!({ "id": { "type": "AUTO", "value": "" }, "payload": payload })
        })
        .collect();
    let chunk = app.upload("json_import.json", &Value::Array(items).to_string());
    let manifest = json!({ "source": "SDK", "item_count": 3, "chunk_uris": [chunk] });
    let manifest = app.upload("manifest.json", &manifest.to_string());
    let query = "mutation ($data: UpsertInput!) { upsertDataRows(data: $data) { id } }";
    let task_id = id_of(&app.graphql(query, json!({ "data": { "manifestUri": manifest } })), "/upsertDataRows/id");
    app.settle();
    let query = "query ($data: Input!) { failedDataRowImports(data: $data) { total results { message } } }";
    let failed = app.graphql(query, json!({ "data": { "taskId": task_id } }));
    assert_eq!(failed["failedDataRowImports"], json!({ "total": 0, "results": [] }));
    dataset_id
}

/// Sets up a project whose ontology has boxes named `car`, with rows `a` and `b`; returns its id and the ontology's.
fn set_up_project(app: &TestApp) -> (String, String) {
    let normalized = json!({ "tools": [{ "tool": "rectangle", "name": "car", "classifications": [] }],
                             "classifications": [] });
    let query = "mutation ($data: OntologyInput!) { upsertOntology(data: $data) { id } }";
    let data = json!({ "name": "cars", "normalized": normalized.to_string(), "mediaType": "IMAGE" });
    let ontology_id = id_of(&app.graphql(query, json!({ "data": data })), "/upsertOntology/id");
    let query = "mutation ($data: ProjectInput!) { createProject(data: $data) { id } }";
    let data = json!({ "name": "crossings", "allowedMediaType": "IMAGE" });
    let project_id = id_of(&app.graphql(query, json!({ "data": data })), "/createProject/id");
    let query = "mutation ($id: ID!, $ontologyId: ID!) { project(where: { id: $id }) { \
                 connectOntology(ontologyId: $ontologyId) { id } } }";
    app.graphql(query, json!({ "id": project_id, "ontologyId": ontology_id }));
    let query = "mutation ($id: ID!, $input: BatchInput!) { project(where: { id: $id }) { \
                 createBatchV2(input: $input) { batch { id } failedDataRowIds } } }";
    let input = json!({ "name": "first", "globalKeys": ["a", "b"], "priority": 5 });
    let created = app.graphql(query, json!({ "id": project_id, "input": input }));
    assert_eq!(created["project"]["createBatchV2"]["failedDataRowIds"], json!([]));
    (project_id, ontology_id)
}

/// Imports a box for each row named; all lines must be taken. `kind` is the end of the operations' names.
#[track_caller]
fn import_boxes(app: &TestApp, kind: &str, parent: (&str, &str), rows: &[(&str, u32)]) {
    let lines: Vec<String> = rows
        .iter()
        .map(|(key, left)| {
            let bbox = json!({ "top": 1, "left": left, "height": 6, "width": 3.5 });
            let uuid = format!("{kind}-{key}");
            json!({ "uuid": uuid, "dataRow": { "globalKey": key }, "name": "car", "bbox": bbox }).to_string()
        })
        .collect();
    let file_url = app.upload("lines.ndjson", &lines.join("\n"));
    let operation = format!("{}{}", kind[..1].to_uppercase(), &kind[1..]);
    let query = format!("mutation ($data: ImportInput!) {{ create{operation}(data: $data) {{ id state }} }}");
    app.graphql(&query, json!({ "data": { "name": "boxes", parent.0: parent.1, "fileUrl": file_url } }));
    app.settle();
    let query = format!("query ($where: ImportWhere!) {{ {kind}(where: $where) {{ state statusFileUrl }} }}");
    let import = app.graphql(&query, json!({ "where": { "name": "boxes", parent.0: parent.1 } }));
    assert_eq!(import[kind]["state"], "FINISHED");
    let statuses = app.get(&import[kind]["statusFileUrl"]);
    let statuses: Vec<Value> = statuses.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(statuses.len(), rows.len());
    assert!(statuses.iter().all(|status| status["status"] == "SUCCESS"), "{statuses:?}");
}

/// Registers the labels of a project and two predictions in a run of a new model; returns the ids of model and run.
fn register_run(app: &TestApp, project_id: &str, ontology_id: &str) -> (String, String) {
    let query = "mutation ($data: ModelInput!) { createModel(data: $data) { id } }";
    let created = app.graphql(query, json!({ "data": { "name": "detector", "ontologyId": ontology_id } }));
    let model_id = id_of(&created, "/createModel/id");
    let query = "mutation ($data: RunInput!) { createModelRun(data: $data) { id } }";
    let run_id =
        id_of(&app.graphql(query, json!({ "data": { "name": "r1", "modelId": model_id } })), "/createModelRun/id");
    let query = "mutation ($where: Where!) { createMEAModelRunProjectLabelRegistrationTask(where: $where) }";
    app.graphql(query, json!({ "where": { "modelRunId": run_id, "projectId": project_id } }));
    app.settle();
    import_boxes(app, "modelErrorAnalysisPredictionImport", ("modelRunId", &run_id), &[("a", 5), ("b", 6)]);
    (model_id, run_id)
}

/// Exports by a mutation; returns the rows of the result.
#[track_caller]
fn export(app: &TestApp, operation: &str, filters: Value, params: Value) -> Vec<Value> {
    let query = format!("mutation ($input: ExportInput!) {{ {operation}(input: $input) {{ taskId isStreamable }} }}");
    let input = json!({ "taskName": "story", "filters": filters, "params": params, "isStreamableReady": true });
    let started = app.graphql(&query, json!({ "input": input }));
    assert_eq!(started[operation]["isStreamable"], true);
    let task_id = id_of(&started, &format!("/{operation}/taskId"));
    app.settle();
    let query = "query ($where: TaskWhere!) { task(where: $where) { \
                 exportMetadataHeader(streamType: RESULT) { totalLines } \
                 exportFileFromOffset(offset: \"0\", streamType: RESULT) { file } } }";
    let task = app.graphql(query, json!({ "where": { "id": task_id } }));
    let file = &task["task"]["exportFileFromOffset"]["file"];
    let text = if file.is_null() { String::new() } else { app.get(file) };
    let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let total = task["task"]["exportMetadataHeader"]["totalLines"].as_u64().unwrap_or(0);
    assert_eq!(total, rows.len() as u64, "the header counts the rows");
    rows
}

fn keys(rows: &[Value]) -> Vec<&str> {
    rows.iter().filter_map(|row| row["data_row"]["global_key"].as_str()).collect()
}

/// Returns the boxes of a label: top, left, height and width in pixels.
fn boxes(annotations: &Value) -> Vec<[f64; 4]> {
    let stored = annotations.to_string();
    let found = annotation::read(&stored).map(|found| match found.unwrap().body {
        Body::Object(Object { shape: Some(Shape::Box(rect)), .. }) => {
            [&rect.top, &rect.left, &rect.height, &rect.width].map(Number::get)
        }
        other => panic!("{other:?}"),
    });
    found.collect()
}

#[test]
fn rows_are_labelled_exported_and_deleted() {
    let app = TestApp::new();
    let dataset_id = import_rows(&app);
    let (project_id, ontology_id) = set_up_project(&app);
    import_boxes(&app, "labelImport", ("projectId", &project_id), &[("a", 2), ("b", 3)]);
    let (model_id, run_id) = register_run(&app, &project_id, &ontology_id);

    let in_project = || json!({ "projectId": project_id, "searchQuery": { "scope": null, "query": [] } });
    let rows = export(&app, "exportDataRowsInProject", in_project(), json!({ "includeProjectDetails": true }));
    assert_eq!(keys(&rows), ["a", "b"]);
    for (row, left) in rows.iter().zip([2.0, 3.0]) {
        let project = &row["projects"][&project_id];
        assert_eq!(project["project_details"]["workflow_status"], "IN_REVIEW", "a label moves its row to review");
        assert_eq!(project["labels"].as_array().unwrap().len(), 1);
        assert_eq!(boxes(&project["labels"][0]["annotations"]), [[1.0, left, 6.0, 3.5]]);
    }

    let in_run = || json!({ "modelRunId": run_id });
    let rows = export(&app, "exportDataRowsInModelRun", in_run(), json!({ "includePredictions": true }));
    assert_eq!(keys(&rows), ["a", "b"]);
    for (row, left) in rows.iter().zip([5.0, 6.0]) {
        let run = &row["experiments"][&model_id]["runs"][&run_id];
        assert_eq!((run["labels"].as_array().unwrap().len(), run["predictions"].as_array().unwrap().len()), (1, 1));
        assert_ne!(run["labels"][0]["id"], run["predictions"][0]["id"]);
        assert_eq!(boxes(&run["predictions"][0]["annotations"]), [[1.0, left, 6.0, 3.5]]);
    }

    let row_id = id_of(&rows[0], "/data_row/id");
    let query = "mutation ($where: Where!) { deleteDataRows(where: $where) { id } }";
    let deleted = app.graphql(query, json!({ "where": { "dataRowIds": [row_id] } }));
    assert_eq!(deleted["deleteDataRows"], json!([{ "id": row_id }]));
    assert_eq!(keys(&export(&app, "exportDataRowsInProject", in_project(), json!({}))), ["b"]);
    assert_eq!(keys(&export(&app, "exportDataRowsInModelRun", in_run(), json!({}))), ["b"]);

    let query = "mutation ($where: Where!) { deleteModels(where: $where) }";
    app.graphql(query, json!({ "where": { "ids": [model_id] } }));
    let query = "mutation ($where: Where!, $data: Data!) { updateProject(where: $where, data: $data) { id } }";
    app.graphql(query, json!({ "where": { "id": project_id }, "data": { "deleted": true } }));
    let query = "mutation ($input: ExportInput!) { exportDataRowsInProject(input: $input) { taskId } }";
    let message = app.refused(query, json!({ "input": { "filters": in_project() } }));
    assert!(message.contains(&project_id), "{message}");
    let in_catalog = || json!({ "searchQuery": { "scope": null, "query": [] } });
    assert_eq!(keys(&export(&app, "exportDataRowsInCatalog", in_catalog(), json!({}))), ["b", "c"]);
    let query = "mutation ($where: Where!, $data: Data!) { updateDataset(where: $where, data: $data) { id } }";
    app.graphql(query, json!({ "where": { "id": dataset_id }, "data": { "deleted": true } }));
    assert!(export(&app, "exportDataRowsInCatalog", in_catalog(), json!({})).is_empty());
}

#[test]
#[should_panic = "work is left in the queue"]
fn a_story_does_not_end_with_work_left_in_the_queue() {
    let mut app = TestApp::new();
    app.stop_workers();
    let query = "mutation ($data: DatasetCreateInput!) { createDataset(data: $data) { id } }";
    let dataset_id = id_of(&app.graphql(query, json!({ "data": { "name": "streets" } })), "/createDataset/id");
    let query = "mutation ($data: DataRowCreateInput!) { createDataRow(data: $data) { id } }";
    let data = json!({ "rowData": "http://127.0.0.1/a.jpg", "dataset": { "connect": { "id": dataset_id } } });
    app.graphql(query, json!({ "data": data }));
}
