//! What can happen to a workspace: everything that the SDK, the CLI and imports can change. A change that the workspace
//! refuses is none.

use super::found::{self, pick, some, some_of};
use super::{import_lines, request, take};
use crate::served::{Served, image};
use labelport_engine::annotation_import::{self, ImportKind, NewImport};
use labelport_engine::catalog::{
    attachment, data_row, dataset, embedding, global_key, metadata, row_change, row_metadata, slice,
};
use labelport_engine::models::{model, registration, run};
use labelport_engine::people::user;
use labelport_engine::projects::issue::{self, Creation};
use labelport_engine::projects::named_rows::NamedRows;
use labelport_engine::projects::ontology::{features, rename_node};
use labelport_engine::projects::{
    batch, benchmark, label, label_feedback, labeling_override, project, review, tag, workflow,
};
use labelport_model::problem::Problem;
use labelport_model::request::{Params, Scope};
use labelport_samples::{Chance, Size, random};
use serde_json::{Value, json};

type Change = fn(&Served, &mut Chance);

/// Every change, by what it does.
pub(super) const CHANGES: &[(&str, Change)] = &[
    ("new rows are imported", |served, chance| {
        for file in random(chance.next_u64(), &Size { rows: 3, ..Size::SMALL }) {
            import_lines(served, &file.ndjson);
        }
    }),
    ("changed lines are imported", |served, chance| import_changed(served, chance, change_line)),
    ("renamed lines are imported", |served, chance| import_changed(served, chance, rename_line)),
    ("rows are deleted", |served, chance| {
        let ids = some(served, chance, found::rows, 3);
        drop(data_row::delete(&served.workspace, ids));
    }),
    ("a row is deleted and comes back", |served, chance| {
        let Some(id) = pick(served, chance, found::rows) else { return };
        let scope = Scope::Rows { data_row_ids: Some(vec![id.clone()]), global_keys: None };
        let line =
            take(served.workspace.store(), &request(scope.clone(), Params::everything(scope.kind()))).unwrap().rows;
        drop(data_row::delete(&served.workspace, vec![id]));
        import_lines(served, &line);
    }),
    ("a dataset is renamed", |served, chance| {
        with(served, chance, found::datasets, |id, name| {
            drop(dataset::update(&served.workspace, id, Some(name), None))
        });
    }),
    ("a project is renamed", |served, chance| {
        with(served, chance, found::projects, |id, name| {
            drop(project::update(&served.workspace, id, &json!({ "name": name })));
        });
    }),
    ("a project gets tags", |served, chance| {
        with(served, chance, found::projects, |id, name| {
            let made = tag::create(&served.workspace, &served.caller, &name, "ff0000");
            let ids = some(served, &mut Chance::named(&name), found::tags, 2);
            drop(made);
            drop(tag::set(&served.workspace, &served.caller, id, &ids));
        });
    }),
    ("a tag is renamed", |served, chance| {
        // Those that came with imported rows have no tag of their own.
        let name = word(chance);
        let tags = some(served, chance, found::tags, 9);
        tags.iter().find(|id| tag::update(&served.workspace, id, Some(&name), None).is_ok());
    }),
    ("labels are deleted", |served, chance| {
        let ids = some(served, chance, found::labels, 2);
        drop(label::delete(&served.workspace, ids));
    }),
    ("labels are imported", |served, chance| {
        import_boxes(served, chance, ImportKind::Label, &found::rows_of_projects_with_cars(served));
    }),
    ("predictions are imported", |served, chance| {
        import_boxes(served, chance, ImportKind::Prediction, &found::rows_of_runs_with_cars(served));
    }),
    ("a project gets another ontology", |served, chance| {
        let ontology = pick(served, chance, found::ontologies);
        with(served, chance, found::projects, |id, _| {
            drop(ontology.map(|ontology| project::connect_ontology(&served.workspace, id, &ontology)));
        });
    }),
    ("a row is updated", |served, chance| {
        with(served, chance, found::rows, |id, name| {
            let payload = json!({ "external_id": name, "global_key": name });
            drop(row_change::update(&served.workspace, id, payload.to_string().into_bytes()));
        });
    }),
    ("a label gets feedback", |served, chance| {
        with(served, chance, found::labels, |id, name| {
            let scores = json!({ "quality": 0.5 });
            drop(label_feedback::put(&served.workspace, &served.caller, id, &name, &scores));
        });
    }),
    ("an attachment is changed", |served, chance| {
        with(served, chance, found::attachments, |id, name| {
            drop(attachment::update(&served.workspace, id, &json!({ "name": name })));
        });
    }),
    ("an issue is changed", |served, chance| {
        with(served, chance, found::issues, |id, name| {
            let position = Value::Null;
            let change = issue::Change { label_id: None, content: Some(&name), category_id: None, position: &position };
            drop(issue::change(&served.workspace, id, &change));
        });
    }),
    ("a project is copied", |served, chance| {
        if chance.happens(20) {
            with(served, chance, found::projects, |id, _| {
                drop(project::clone(&served.workspace, &served.caller, id));
            });
        }
    }),
    ("rows are sent to a project", |served, chance| {
        let rows = NamedRows { ids: some(served, chance, found::rows, 4), global_keys: Vec::new() };
        with(served, chance, found::projects, |id, name| {
            let Ok(project) = project::get(&served.workspace, id) else { return };
            let creation = batch::Creation { name, priority: 3, consensus: Value::Null };
            drop(batch::create(&served.workspace, &served.caller, &project, &creation, &rows));
        });
    }),
    ("a batch loses what is not labelled", |served, chance| {
        on_batch(served, chance, |project, batch| batch::remove_queued(&served.workspace, project, batch));
    }),
    ("a batch is deleted", |served, chance| {
        on_batch(served, chance, |project, batch| batch::delete(&served.workspace, project, batch));
    }),
    ("rows move in the workflow", |served, chance| {
        on_project_rows(served, chance, |served, chance, project, rows| {
            let Ok(found) = project::get(&served.workspace, project) else { return };
            let queues = workflow::list(&served.workspace, &found).unwrap_or_default();
            let queue = chance.pick(&queues).map(|queue| queue.id.as_str());
            drop(workflow::start_move(&served.workspace, &served.caller, project, queue, rows));
        });
    }),
    ("priorities change", |served, chance| {
        on_project_rows(served, chance, |served, chance, project, rows| {
            let priority = chance.between(1, 9) as i64;
            drop(workflow::start_priorities(&served.workspace, &served.caller, project, priority, rows));
        });
    }),
    ("a row is put before others", |served, chance| {
        on_project_rows(served, chance, |served, chance, project, rows| {
            let row = json!({ "id": rows["ids"][0], "idType": "ID" });
            let wanted = [(row, chance.between(1, 9) as i64)];
            drop(labeling_override::set(&served.workspace, &served.caller, project, &wanted));
        });
    }),
    ("metadata is set", |served, chance| {
        let schemas = found::schemas_and_kinds(served);
        let schemas = schemas.iter().filter_map(|schema| schema.strip_suffix(" CustomMetadataString"));
        let Some(schema) = chance.pick(&schemas.collect::<Vec<_>>()).copied().map(str::to_owned) else { return };
        let name = word(chance);
        let rows = some(served, chance, found::rows, 2).into_iter();
        let given = rows.map(|id| json!({ "dataRowId": id, "fields": [{ "schemaId": schema, "value": name }] }));
        drop(row_metadata::put(&served.workspace, given.collect()));
    }),
    ("metadata is removed", |served, chance| {
        let Some(both) = pick(served, chance, found::values) else { return };
        let (row, schema) = both.split_once(' ').unwrap();
        let given = json!({ "dataRowIdentifier": { "id": row, "idType": "ID" }, "schemaIds": [schema] });
        drop(row_metadata::remove(&served.workspace, vec![given]));
    }),
    ("a metadata field is renamed", |served, chance| {
        let (both, name) = (pick(served, chance, found::schemas_and_kinds), word(chance));
        let Some((id, kind)) = both.as_deref().and_then(|both| both.split_once(' ')) else { return };
        drop(metadata::put_schema(&served.workspace, &json!({ "id": id, "name": name, "kind": kind })));
    }),
    ("a metadata field is deleted", |served, chance| {
        if chance.happens(20) {
            with(served, chance, found::schemas, |id, _| {
                drop(metadata::delete_schema(&served.workspace, id));
            });
        }
    }),
    ("an attachment is added", |served, chance| {
        with(served, chance, found::rows, |id, name| {
            let given = json!({ "type": "RAW_TEXT", "value": name, "name": name });
            drop(attachment::create(&served.workspace, id, &given));
        });
    }),
    ("an attachment goes", |served, chance| {
        with(served, chance, found::attachments, |id, _| {
            drop(attachment::delete(&served.workspace, id));
        });
    }),
    ("a row gets a global key", |served, chance| {
        with(served, chance, found::rows, |id, name| {
            drop(global_key::assign(&served.workspace, vec![(id.to_owned(), name)]));
        });
    }),
    ("rows are registered for a model run", |served, chance| {
        let rows = json!({ "dataRowIds": some(served, chance, found::rows, 3) });
        with(served, chance, found::runs, |id, _| {
            drop(served.order(|| registration::start_rows(&served.workspace, &served.caller, id, &rows)));
            served.settle();
        });
    }),
    ("labels are registered for a model run", |served, chance| {
        let labels = json!(some(served, chance, found::labels, 2));
        with(served, chance, found::runs, |id, _| {
            drop(served.order(|| registration::start_labels(&served.workspace, &served.caller, id, &labels)));
            served.settle();
        });
    }),
    ("rows get a split", |served, chance| {
        let Some(run) = pick(served, chance, found::runs) else { return };
        let rows = found::rows_of_runs(served);
        let rows: Vec<String> =
            rows.iter().filter_map(|row| row.strip_prefix(&run)).map(|row| row[1..].to_owned()).collect();
        let split = ["TRAINING", "VALIDATION", "TEST"][chance.below(3) as usize];
        let splits = json!([{ "split": split, "dataRowIds": some_of(&rows, chance, 2) }]);
        drop(served.order(|| registration::start_splits(&served.workspace, &served.caller, &run, &splits)));
        served.settle();
    }),
    ("a model run loses a row", |served, chance| {
        let Some(both) = pick(served, chance, found::rows_of_runs) else { return };
        let (run, row) = both.split_once(' ').unwrap();
        drop(registration::remove_rows(&served.workspace, run, &[row.to_owned()]));
    }),
    ("a model run is made", |served, chance| {
        with(served, chance, found::models, |id, name| {
            drop(run::create(&served.workspace, &served.caller, id, &name, &Value::Null));
        });
    }),
    ("a model run is deleted", |served, chance| {
        if chance.happens(20) {
            with(served, chance, found::runs, |id, _| drop(run::delete(&served.workspace, &[id.to_owned()])));
        }
    }),
    ("a model is deleted", |served, chance| {
        if chance.happens(10) {
            with(served, chance, found::models, |id, _| drop(model::delete(&served.workspace, &[id.to_owned()])));
        }
    }),
    ("an issue is opened", |served, chance| {
        let Some(all) = pick(served, chance, found::labels_in_projects) else { return };
        let [label, row_id, project_id] = all.split(' ').collect::<Vec<_>>()[..] else { return };
        let label_id = Some(label).filter(|_| chance.happens(50));
        let position = Value::Null;
        let creation = Creation { project_id, row_id, label_id, content: "?", category_id: None, position: &position };
        drop(issue::create(&served.workspace, &served.caller, &creation));
    }),
    ("an issue goes", |served, chance| {
        with(served, chance, found::issues, |id, _| {
            drop(issue::delete(&served.workspace, &served.caller, vec![id.to_owned()]));
        });
    }),
    ("a label is reviewed", |served, chance| {
        with(served, chance, found::labels, |id, _| drop(review::create(&served.workspace, &served.caller, id, 1.0)));
    }),
    ("a label is a benchmark", |served, chance| {
        with(served, chance, found::labels, |id, _| drop(benchmark::create(&served.workspace, &served.caller, id)));
    }),
    ("a label is no benchmark", |served, chance| {
        with(served, chance, found::labels, |id, _| drop(benchmark::delete(&served.workspace, id)));
    }),
    ("rows get an embedding", |served, chance| {
        let name = word(chance);
        let Ok(made) = embedding::create(&served.workspace, &name, 2) else { return };
        let rows = some(served, chance, found::rows, 2).into_iter();
        let lines: String = rows.map(|id| format!("{}\n", json!({ "id": id, "vector": [0.5, 1.5] }))).collect();
        drop(embedding::import_vectors(&served.workspace, &made.id, lines.as_bytes()));
    }),
    ("an embedding is deleted", |served, chance| {
        with(served, chance, found::embeddings, |id, _| {
            drop(embedding::delete(&served.workspace, id));
        });
    }),
    ("a feature is renamed", |served, chance| {
        with(served, chance, found::nodes, |id, name| drop(rename_node(&served.workspace, id, &name)));
    }),
    ("a feature leaves its ontology", |served, chance| {
        let Some(both) = pick(served, chance, found::features) else { return };
        let (ontology, feature) = both.split_once(' ').unwrap();
        drop(features::remove(&served.workspace, ontology, feature));
    }),
    ("a dataset is deleted", |served, chance| {
        if chance.happens(5) {
            with(served, chance, found::datasets, |id, _| drop(dataset::delete(&served.workspace, id)));
        }
    }),
    ("a project is deleted", |served, chance| {
        if chance.happens(5) {
            with(served, chance, found::projects, |id, _| drop(project::delete(&served.workspace, id)));
        }
    }),
    ("a user is removed", |served, chance| {
        if chance.happens(10) {
            let member = served.caller_with(&format!("{}@example.test", word(chance)), "Labeler");
            drop(user::remove(&served.workspace, &served.caller, &member.user.id));
        }
    }),
];

/// Makes what random rows lack: a project with a workflow, a model, slices.
pub(super) fn set_up(served: &Served) {
    let rows = served.rows(&served.dataset("images"), &["one", "two", "three", "four"].map(image));
    let ontology = json!({ "tools": [{ "tool": "rectangle", "name": "car", "color": "#ff0000", "classifications": [] }],
        "classifications": [] });
    let made = served.project("made by hand", "IMAGE", &ontology, &rows);
    metadata::put_schema(&served.workspace, &json!({ "name": "noted", "kind": "CustomMetadataString" })).unwrap();
    let car = made
        .ontology_id
        .clone()
        .unwrap_or_else(|| project::get(&served.workspace, &made.id).unwrap().ontology_id.unwrap());
    let of_rows = found::ontologies(served).into_iter().find(|id| *id != car);
    for ontology in of_rows.iter().chain([&car]) {
        let made = model::create(&served.workspace, &served.caller, ontology, ontology).unwrap();
        let first = run::create(&served.workspace, &served.caller, &made.id, "first", &Value::Null).unwrap();
        let rows = json!({ "dataRowIds": rows });
        served.order(|| registration::start_rows(&served.workspace, &served.caller, &first.id, &rows)).unwrap();
        served.settle();
    }
    for (number, filter) in slices(served).iter().enumerate() {
        slice::create(&served.workspace, &served.caller, &format!("slice {number}"), None, filter).unwrap();
    }
}

/// Composes filters of every kind.
fn slices(served: &Served) -> Vec<String> {
    let mut chance = Chance::new(9);
    let mut some = |list: found::List| json!([pick(served, &mut chance, list)]);
    let feature = some(found::feature_names);
    let (project, dataset, run) = (some(found::projects), some(found::datasets), some(found::runs));
    let is = |kind: &str, ids: &Value| json!({ "type": kind, "operator": "is", "ids": ids });
    let noted = json!({ "type": "metadata", "schema": "noted", "operator": "is", "value": ["red", "blue"] });
    let later =
        |kind: &str| json!({ "type": kind, "value": { "operator": "GREATER_THAN", "value": "2026-01-01 00:00:30" } });
    let conditions = [
        json!({ "type": "metadata", "schema": "noted", "operator": "exists" }),
        is("annotation", &feature),
        is("labeled_in", &project),
        is("dataset", &dataset),
        is("model_run", &run),
        json!({ "type": "model_run", "operator": "is", "ids": run, "split": "Training" }),
        json!({ "type": "task_queue_status", "status": "InReview" }),
        json!({ "type": "task_queue_not_exist" }),
        json!({ "type": "media_type", "operator": "is", "values": ["image", "video"] }),
        json!({ "type": "global_key", "operator": "starts_with", "value": "word" }),
        json!({ "type": "external_id", "operator": "starts_with", "value": "r" }),
        later("data_row_updated_at"),
        later("data_row_last_activity_at"),
        later("labeled_at"),
    ];
    let mut filters = Vec::new();
    let either = json!({ "or": [is("annotation", &feature), noted] });
    // A world may lack what a condition is about.
    for condition in conditions.into_iter().chain([either]).filter(|condition| !condition.to_string().contains("null"))
    {
        filters.push(json!([condition]).to_string());
        filters.push(json!({ "not": condition }).to_string());
    }
    filters
}

/// Changes one of those that are listed, with a word at hand for its new name.
fn with(served: &Served, chance: &mut Chance, list: found::List, change: impl FnOnce(&str, String)) {
    let word = word(chance);
    if let Some(id) = pick(served, chance, list) {
        change(&id, word);
    }
}

/// Makes up a word; some come again.
fn word(chance: &mut Chance) -> String {
    let words = ["red", "blue", "zwölf", "a \"b\"", "c/d"];
    match chance.happens(50) {
        true => (*chance.pick(&words).unwrap()).to_owned(),
        false => format!("word {}", chance.below(1_000)),
    }
}

/// Imports boxes for rows of some projects or model runs.
fn import_boxes(served: &Served, chance: &mut Chance, kind: ImportKind, places: &[(String, String)]) {
    for _ in 0..2 {
        let Some((parent, row)) = chance.pick(places).cloned() else { return };
        let sides = json!({ "left": 1.0, "top": 2.0, "width": chance.between(1, 9) as f64, "height": 4.0 });
        let line = json!({ "uuid": chance.uuid(), "dataRow": { "id": row }, "name": "car", "bbox": sides });
        let (url, name) = (served.upload("lines.ndjson", format!("{line}\n").as_bytes()), chance.cuid());
        let new = NewImport { kind, parent_id: &parent, name: &name, input_url: &url };
        drop(annotation_import::start(&served.workspace, &served.caller, &new));
    }
    served.settle();
}

fn on_batch(
    served: &Served,
    chance: &mut Chance,
    change: impl FnOnce(&labelport_store::tables::projects::Project, &str) -> Result<(), Problem>,
) {
    let Some(both) = pick(served, chance, found::batches) else { return };
    let (project, batch) = both.split_once(' ').unwrap();
    if let Ok(project) = project::get(&served.workspace, project) {
        drop(change(&project, batch));
    }
}

/// Starts a task about rows of a project, and lets a worker do it.
fn on_project_rows(served: &Served, chance: &mut Chance, change: impl FnOnce(&Served, &mut Chance, &str, &Value)) {
    let Some(project) = pick(served, chance, found::projects) else { return };
    let inside = found::rows_of_project(served, &project);
    let rows = json!({ "ids": some_of(&inside, chance, 3), "idType": "ID" });
    served.order(|| change(served, chance, &project, &rows));
    served.settle();
}

/// Imports lines of an export that were changed.
fn import_changed(served: &Served, chance: &mut Chance, change: fn(&mut Value, &mut Chance)) {
    let ids = some(served, chance, found::rows, 3);
    if ids.is_empty() {
        return;
    }
    let scope = Scope::Rows { data_row_ids: Some(ids), global_keys: None };
    let params = Params { interpolated_frames: false, ..Params::everything(scope.kind()) };
    let rows = take(served.workspace.store(), &request(scope, params)).unwrap().rows;
    let mut lines = String::new();
    for line in String::from_utf8(rows).unwrap().lines() {
        let mut line: Value = serde_json::from_str(line).unwrap();
        change(&mut line, chance);
        lines.push_str(&format!("{line}\n"));
    }
    import_lines(served, lines.as_bytes());
}

/// Changes something of a row that belongs to it alone.
fn change_line(line: &mut Value, chance: &mut Chance) {
    let word = word(chance);
    match chance.below(6) {
        0 => line["data_row"]["external_id"] = json!(word),
        1 => line["media_attributes"]["width"] = json!(chance.between(1, 4_000)),
        2 => line["attachments"] = json!([]),
        3 => line["metadata_fields"] = json!([]),
        4 => {
            for project in line["projects"].as_object_mut().into_iter().flat_map(|projects| projects.values_mut()) {
                project["labels"].as_array_mut().into_iter().for_each(|labels| drop(labels.pop()));
            }
        }
        _ => line["data_row"]["row_data"] = json!(format!("https://example.test/{word}")),
    }
}

/// Changes a name that other rows show, too.
fn rename_line(line: &mut Value, chance: &mut Chance) {
    let word = word(chance);
    let first = |value: &mut Value| value.as_object_mut().and_then(|members| members.keys().next().cloned());
    match chance.below(4) {
        0 => line["data_row"]["details"]["dataset_name"] = json!(word),
        1 => {
            if let Some(id) = first(&mut line["projects"]) {
                line["projects"][id]["name"] = json!(word);
            }
        }
        2 => {
            if let Some(id) = first(&mut line["experiments"]) {
                line["experiments"][id]["name"] = json!(word);
            }
        }
        _ => {
            if let Some(id) = first(&mut line["experiments"])
                && let Some(run) = first(&mut line["experiments"][&id]["runs"])
            {
                line["experiments"][id]["runs"][run]["name"] = json!(word);
            }
        }
    }
}
