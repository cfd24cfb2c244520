//! Settings that no label shows: webhooks, model configurations, and projects whose rows are made with them.

use super::Served;
use labelport_engine::catalog::dataset;
use labelport_engine::models::config;
use labelport_engine::projects::{batch, generation, project};
use labelport_engine::webhooks::{self, Creation, Update};
use labelport_model::problem::{Problem, ProblemKind};
use labelport_model::request::Scope;
use serde_json::{Value, json};

#[track_caller]
fn check<T>(outcome: Result<T, Problem>, kind: ProblemKind, text: &str) {
    let problem = outcome.map(drop).unwrap_err();
    assert!(problem.kind == kind && problem.message.contains(text), "{:?}: {}", problem.kind, problem.message);
}

#[test]
fn a_webhook_keeps_its_secret_and_goes_with_its_project() {
    let served = Served::new();
    let (workspace, caller) = (&served.workspace, &served.caller);
    let project = project::create(workspace, caller, &json!({ "name": "p" })).unwrap();
    let topics = ["LABEL_CREATED".to_owned()];
    let (url, email) = ("https://a.test/", caller.user.email.as_str());
    let good = Creation { project_id: Some(&project.id), topics: &topics, url, secret: Some("s"), created_by: email };
    let hook = webhooks::create(workspace, &good).unwrap().webhook;
    check(
        webhooks::create(workspace, &Creation { project_id: Some("nobody"), ..good }),
        ProblemKind::NotFound,
        "project",
    );
    check(webhooks::create(workspace, &Creation { secret: Some(""), ..good }), ProblemKind::Malformed, "secret");
    let update = |status| webhooks::update(workspace, &hook.id, &Update { status: Some(status), ..Update::default() });
    check(update("SLEEPING"), ProblemKind::Malformed, "ACTIVE, INACTIVE, REVOKED");
    served.pass(1);
    let changed = update("INACTIVE").unwrap();
    assert_eq!((changed.body.status.as_str(), changed.body.url.as_str()), ("INACTIVE", "https://a.test/"));
    assert!(changed.updated > changed.created && changed == webhooks::get(workspace, &hook.id).unwrap());
    project::delete(workspace, &project.id).unwrap();
    assert_eq!(webhooks::list(workspace, None).unwrap().len(), 0);
}

#[test]
fn model_configurations_stay_once_a_project_is_set_up() {
    let served = Served::new();
    let (workspace, caller) = (&served.workspace, &served.caller);
    let data = json!({ "name": "p", "allowedMediaType": "CONVERSATIONAL", "editorTaskType": "MODEL_CHAT_EVALUATION" });
    let chat = generation::create(workspace, caller, &data).unwrap();
    assert!(project::settings(&chat)["setupComplete"].is_string(), "nobody chooses an editor for it");
    let other = project::create(workspace, caller, &json!({ "name": "q" })).unwrap();
    let small = config::create(workspace, caller, "small", "m", &json!({ "t": 0.5 })).unwrap();
    check(config::create(workspace, caller, "", "m", &json!({})), ProblemKind::Malformed, "name");
    check(config::create(workspace, caller, "n", "m", &json!([])), ProblemKind::Malformed, "an object");
    let attach = |project: &str, config: &str, count| config::attach(workspace, caller, project, config, count);
    let used = attach(&chat.id, &small.id, Some(2)).unwrap();
    check(attach(&chat.id, &small.id, None), ProblemKind::Conflict, "already");
    check(attach(&chat.id, "nobody", None), ProblemKind::NotFound, "model configuration");
    check(attach(&chat.id, &small.id, Some(0)), ProblemKind::Malformed, "responseCount");
    check(attach(&other.id, &small.id, None), ProblemKind::NotAllowed, "live model chat evaluation");
    check(config::delete(workspace, &small.id), ProblemKind::NotAllowed, &chat.id);
    check(config::complete(workspace, &other.id), ProblemKind::NotAllowed, "can complete model setup");
    config::complete(workspace, &chat.id).unwrap();
    check(attach(&chat.id, &small.id, None), ProblemKind::NotAllowed, "Cannot create model config for project");
    check(config::detach(workspace, &used), ProblemKind::NotAllowed, "because model setup is complete");
    let [(stored, of)] = &config::list_of(workspace, &chat.id).unwrap()[..] else { panic!() };
    assert_eq!((&stored.id, stored.body.response_count, of), (&used, Some(2), &small));
    project::delete(workspace, &chat.id).unwrap();
    config::delete(workspace, &small.id).unwrap();
    check(config::delete(workspace, &small.id), ProblemKind::NotFound, "model configuration");
}

#[test]
fn rows_are_made_with_a_project_or_nothing_is() {
    let served = Served::new();
    let (workspace, caller) = (&served.workspace, &served.caller);
    let data = |extra: Value| {
        let mut data = json!({ "name": "p", "allowedMediaType": "LLM_PROMPT_CREATION", "datasetNameOrId": "d" });
        data.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        data
    };
    let refuse = |extra: Value, kind: ProblemKind, text: &str| {
        check(generation::create(workspace, caller, &data(extra)), kind, text);
    };
    for count in [json!(0), json!(10_001), json!("4"), json!(1.5)] {
        refuse(json!({ "dataRowCount": count }), ProblemKind::Malformed, "a number from 1 to 10000");
    }
    refuse(json!({ "allowedMediaType": "IMAGE" }), ProblemKind::Malformed, "dataset.create_data_rows");
    refuse(json!({ "appendToExistingDataset": true }), ProblemKind::NotFound, "no dataset");
    refuse(json!({ "datasetNameOrId": " " }), ProblemKind::Malformed, "dataset names have 1 to");
    refuse(json!({ "name": "" }), ProblemKind::Malformed, "project names have 1 to");
    assert_eq!((project::list(workspace).unwrap().len(), dataset::list(workspace).unwrap().len()), (0, 0));
    let made = generation::create(workspace, caller, &data(json!({ "dataRowCount": 1_001 }))).unwrap();
    let [batch] = &batch::list(workspace, &made).unwrap()[..] else { panic!() };
    assert_eq!((batch.size, project::settings(&made)["uploadType"].as_str()), (1_001, Some("AUTO")));
    served.settle();
    let lines = served.export_all(Scope::Project(made.id));
    assert_eq!(lines.len(), 1_001);
    assert_eq!(lines[1_000]["data_row"]["row_data"], "Prompt 1001");
    let known = dataset::list(workspace).unwrap().remove(0);
    let more = json!({ "appendToExistingDataset": true, "datasetNameOrId": known.id, "dataRowCount": 2 });
    generation::create(workspace, caller, &data(more)).unwrap();
    assert_eq!(dataset::get(workspace, &known.id).unwrap().row_count, 1_003);
    served.settle();
}
