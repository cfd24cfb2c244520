//! Deleted things are gone: from gets, from lists, and from what exports show of others.

use super::{Served, car, cars, image};
use labelport_engine::annotation_import::ImportKind;
use labelport_engine::catalog::{attachment, data_row, dataset, embedding, global_key, metadata, slice};
use labelport_engine::models::{model, registration, run};
use labelport_engine::projects::{batch, label, ontology, project};
use labelport_model::problem::{Problem, ProblemKind};
use labelport_model::request::Scope;
use labelport_store::tables::data_rows::ListRows;
use labelport_store::tables::labels::ListLabels;
use serde_json::{Value, json};

/// A workspace with a project, a model run with the labels of it, and the ids of its rows.
struct Filled {
    served: Served,
    dataset_id: String,
    project_id: String,
    model_id: String,
    run_id: String,
    row_ids: Vec<String>,
}

fn filled() -> Filled {
    let served = Served::new();
    let dataset_id = served.dataset("set");
    let row_ids = served.rows(&dataset_id, &(0..4).map(|number| image(&format!("g{number}"))).collect::<Vec<_>>());
    let project = served.project("project", "IMAGE", &cars(), &row_ids[..3]);
    let lines = [car("g0", "u", 1), car("g1", "v", 1)];
    served.import(ImportKind::Label, &project.id, "labels", &lines);
    let ontology_id = project::get(&served.workspace, &project.id).unwrap().ontology_id.unwrap();
    let model = model::create(&served.workspace, &served.caller, "model", &ontology_id).unwrap();
    let run = run::create(&served.workspace, &served.caller, &model.id, "run", &Value::Null).unwrap();
    let id =
        served.order(|| registration::start_project(&served.workspace, &served.caller, &run.id, &project.id)).unwrap();
    served.complete(&id);
    Filled { served, dataset_id, project_id: project.id, model_id: model.id, run_id: run.id, row_ids }
}

#[track_caller]
fn is_gone<T: std::fmt::Debug>(outcome: Result<T, Problem>) {
    let problem = outcome.unwrap_err();
    assert_eq!(problem.kind, ProblemKind::NotFound, "{}", problem.message);
}

/// Returns whether any export shows a text.
fn is_shown(served: &Served, text: &str) -> bool {
    served.export_all(Scope::Catalog).iter().any(|line| line.to_string().contains(text))
}

#[test]
fn a_deleted_row_is_gone() {
    let Filled { served, dataset_id, project_id, run_id, row_ids, .. } = filled();
    let deleted = data_row::delete(&served.workspace, vec![row_ids[0].clone(), "nobody".to_owned()]).unwrap();
    assert_eq!(deleted, row_ids[..1]);
    is_gone(data_row::get(&served.workspace, &row_ids[0]));
    let dataset = dataset::get(&served.workspace, &dataset_id).unwrap();
    assert_eq!(dataset.row_count, 3);
    let which = ListRows { dataset_key: dataset.key, after: 0, external_id: None, limit: 10 };
    assert_eq!(data_row::list(&served.workspace, &which).unwrap().len(), 3);
    assert_eq!(global_key::find_rows(&served.workspace, &["g0".to_owned()]).unwrap(), [None]);
    assert_eq!(served.export_all(Scope::Project(project_id)).len(), 2);
    assert_eq!(served.export_all(Scope::ModelRun(run_id)).len(), 1);
    assert!(!is_shown(&served, &row_ids[0]));
    assert_eq!(served.rows(&dataset_id, &[image("g0")]).len(), 1, "its global key is free");
}

#[test]
fn a_deleted_dataset_is_gone_with_its_rows() {
    let Filled { served, dataset_id, project_id, row_ids, .. } = filled();
    dataset::delete(&served.workspace, &dataset_id).unwrap();
    is_gone(dataset::get(&served.workspace, &dataset_id));
    is_gone(dataset::delete(&served.workspace, &dataset_id));
    is_gone(data_row::get(&served.workspace, &row_ids[3]));
    assert!(dataset::list(&served.workspace).unwrap().is_empty());
    assert!(served.export_all(Scope::Project(project_id)).is_empty());
    let task = served.start_rows(&[json!([super::new_row(&dataset_id, &image("g9"))])]);
    served.complete(&task);
    assert_eq!(served.statuses(&task, true).len(), 1, "nothing can be put into it");
}

#[test]
fn a_deleted_project_is_gone_with_its_labels() {
    let Filled { served, project_id, run_id, model_id, row_ids, .. } = filled();
    let which = ListLabels { limit: 10, ..ListLabels::default() };
    let labels = label::list(&served.workspace, &project_id, &which).unwrap();
    assert!(is_shown(&served, &format!("\"{project_id}\"")));
    project::delete(&served.workspace, &project_id).unwrap();
    is_gone(project::get(&served.workspace, &project_id));
    is_gone(project::delete(&served.workspace, &project_id));
    is_gone(label::list(&served.workspace, &project_id, &which));
    assert!(project::list(&served.workspace).unwrap().is_empty());
    assert!(!is_shown(&served, &format!("\"{project_id}\"")));
    assert_eq!(label::delete(&served.workspace, vec![labels[0].id.clone()]).unwrap(), Vec::<String>::new());
    assert!(data_row::get(&served.workspace, &row_ids[0]).is_ok(), "its rows stay in their dataset");
    let kept = &served.export_all(Scope::ModelRun(run_id.clone()))[0]["experiments"][&model_id]["runs"][&run_id];
    assert_eq!(kept["labels"][0]["id"], labels[0].id.as_str(), "a run keeps what joined it");
}

#[test]
fn deleted_labels_and_batches_are_gone() {
    let Filled { served, project_id, .. } = filled();
    let project = project::get(&served.workspace, &project_id).unwrap();
    let which = ListLabels { limit: 10, ..ListLabels::default() };
    let labels = label::list(&served.workspace, &project_id, &which).unwrap();
    served.pass(7);
    let ids = vec![labels[1].id.clone(), "nobody".to_owned(), labels[1].id.clone()];
    assert_eq!(label::delete(&served.workspace, ids).unwrap(), [labels[1].id.clone()]);
    assert_eq!(label::count(&served.workspace, project.key).unwrap(), 1);
    let lines = served.export_all(Scope::Project(project_id.clone()));
    assert_eq!(lines[1]["data_row"]["details"]["last_activity_at"], "2026-01-01T00:00:00.007+00:00");
    let batches = batch::list(&served.workspace, &project).unwrap();
    assert_eq!(batches[0].size, 3);
    batch::remove_queued(&served.workspace, &project, &batches[0].id).unwrap();
    assert_eq!(served.export_all(Scope::Project(project_id.clone())).len(), 1, "the row with a label stays");
    batch::delete(&served.workspace, &project, &batches[0].id).unwrap();
    is_gone(batch::get(&served.workspace, &project, &batches[0].id));
    assert!(batch::list(&served.workspace, &project).unwrap().is_empty());
    assert!(served.export_all(Scope::Project(project_id)).is_empty());
}

#[test]
fn deleted_models_and_runs_are_gone() {
    let Filled { served, model_id, run_id, .. } = filled();
    let other = run::create(&served.workspace, &served.caller, &model_id, "other", &Value::Null).unwrap();
    run::delete(&served.workspace, std::slice::from_ref(&run_id)).unwrap();
    is_gone(run::get(&served.workspace, &run_id));
    assert!(!is_shown(&served, &run_id));
    assert_eq!(run::list(&served.workspace, &model_id).unwrap().len(), 1);
    let again = run::create(&served.workspace, &served.caller, &model_id, "other", &Value::Null).unwrap_err();
    assert_eq!(again.kind, ProblemKind::Conflict);
    model::delete(&served.workspace, std::slice::from_ref(&model_id)).unwrap();
    is_gone(model::get(&served.workspace, &model_id));
    is_gone(run::get(&served.workspace, &other.id));
    assert!(model::list(&served.workspace).unwrap().is_empty());
}

#[test]
fn deleted_attachments_metadata_and_embeddings_are_gone() {
    let Filled { served, row_ids, .. } = filled();
    let row = data_row::get(&served.workspace, &row_ids[0]).unwrap();
    let given = json!({ "type": "TEXT", "value": "it's \"new\"", "name": "note" });
    let made = attachment::create(&served.workspace, &row.id, &given).unwrap();
    let id = made["id"].as_str().unwrap();
    let changed = attachment::update(&served.workspace, id, &json!({ "value": "newer" })).unwrap();
    assert_eq!(
        (&changed["value"], &changed["type"], &changed["name"]),
        (&json!("newer"), &json!("RAW_TEXT"), &json!("note"))
    );
    attachment::delete(&served.workspace, id).unwrap();
    is_gone(attachment::delete(&served.workspace, id));
    assert!(attachment::list(&served.workspace, row.key).unwrap().is_empty());

    let field =
        metadata::put_schema(&served.workspace, &json!({ "name": "speed", "kind": "CustomMetadataNumber" })).unwrap();
    metadata::delete_schema(&served.workspace, &field.id).unwrap();
    is_gone(metadata::delete_schema(&served.workspace, &field.id));
    assert!(metadata::list(&served.workspace).unwrap().iter().all(|known| known.id != field.id));
    metadata::delete_schema(&served.workspace, "cko8s9r5v0001h2dk9elqdidh").unwrap_err();

    let made = embedding::create(&served.workspace, "ours", 2).unwrap();
    embedding::delete(&served.workspace, &made.id).unwrap();
    is_gone(embedding::get(&served.workspace, &made.id));
    assert!(embedding::create(&served.workspace, "ours", 3).is_ok(), "its name is free");
}

#[test]
fn deleted_ontologies_and_nodes_are_gone() {
    let Filled { served, project_id, .. } = filled();
    let used = project::get(&served.workspace, &project_id).unwrap().ontology_id.unwrap();
    let refused = ontology::delete(&served.workspace, &used).unwrap_err();
    assert!(refused.message.contains(&project_id), "{}", refused.message);
    let normalized = cars().to_string();
    let new = ontology::NewOntology { name: "free", normalized: &normalized, description: None, media_type: None };
    let free = ontology::create(&served.workspace, &new).unwrap();
    let node = ontology::normalized(&free)["tools"][0]["featureSchemaId"].as_str().unwrap().to_owned();
    ontology::delete_node(&served.workspace, &node).unwrap_err();
    ontology::delete(&served.workspace, &free.id).unwrap();
    is_gone(ontology::get(&served.workspace, &free.id));
    assert!(ontology::list(&served.workspace, "free").unwrap().is_empty());
    ontology::delete_node(&served.workspace, &node).unwrap();
    is_gone(ontology::get_node(&served.workspace, &node));
    is_gone(slice::get(&served.workspace, "nobody"));
}

#[test]
fn a_deleted_embedding_leaves_no_gap_among_the_others_of_a_row() {
    let served = Served::new();
    let ids = served.rows(&served.dataset("set"), &[image("a")]);
    let made = ["one", "two", "three"].map(|name| embedding::create(&served.workspace, name, 2).unwrap().id);
    let line = json!({ "id": ids[0], "vector": [0.5, 1.5] }).to_string();
    for id in &made {
        assert_eq!(embedding::import_vectors(&served.workspace, id, line.as_bytes()).unwrap(), 1);
    }
    embedding::delete(&served.workspace, &made[1]).unwrap();
    let lines = served.export_all(Scope::Catalog);
    let left: Vec<&Value> = lines[0]["embeddings"].as_array().unwrap().iter().map(|found| &found["id"]).collect();
    assert_eq!(left, [&made[0], &made[2]]);
    served.check_store();
}
