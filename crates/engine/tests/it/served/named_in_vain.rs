//! Rows that a call refers to but that were not found: the caller gets their ids, and nothing continues as if they existed.

use super::{Served, cars, image};
use labelport_engine::catalog::data_row;
use labelport_engine::models::{model, registration, run};
use labelport_engine::projects::batch::{self, Creation};
use labelport_engine::projects::named_rows::NamedRows;
use labelport_engine::projects::{project, workflow};
use labelport_model::problem::Problem;
use labelport_model::request::Scope;
use labelport_store::tables::projects::Project;
use labelport_store::tables::tasks::TaskStatus;
use serde_json::{Value, json};

const NOBODY: &str = "cnobody000000000000000000";
const NO_ROWS: &str = "No valid data rows to be added from the list provided!";

/// A project with the first of three rows.
fn filled() -> (Served, Project, Vec<String>) {
    let served = Served::new();
    let dataset_id = served.dataset("set");
    let ids = served.rows(&dataset_id, &[image("g0"), image("g1"), image("g2")]);
    let project = served.project("project", "IMAGE", &cars(), &ids[..1]);
    (served, project, ids)
}

fn creation(name: &str) -> Creation {
    Creation { name: name.to_owned(), priority: 5, consensus: Value::Null }
}

#[test]
fn a_batch_tells_the_ids_of_nothing() {
    let (served, project, ids) = filled();
    let create = |name: &str, rows: Value| {
        let rows = NamedRows::read(&rows).unwrap();
        batch::create(&served.workspace, &served.caller, &project, &creation(name), &rows)
    };
    let (made, failed) = create("second", json!({ "dataRowIds": [NOBODY, ids[1], "x\0"] })).unwrap();
    assert_eq!((made.size, failed), (1, vec![NOBODY.to_owned(), "x\0".to_owned()]));
    for rows in [
        json!({ "dataRowIds": [NOBODY] }),
        json!({ "globalKeys": ["g2", "nobody"] }),
        json!({ "dataRowIds": [ids[2]], "globalKeys": ["nobody"] }),
        json!({}),
    ] {
        assert_eq!(create("third", rows).unwrap_err().message, NO_ROWS);
    }
    let (_, failed) = create("third", json!({ "dataRowIds": [ids[2]] })).unwrap();
    assert_eq!(failed, Vec::<String>::new(), "what was refused left no batch and no row");
}

#[test]
fn a_large_batch_takes_the_others_and_fails() {
    let (served, project, ids) = filled();
    let batch = batch::create_empty(&served.workspace, &served.caller.user, &project, &creation("large")).unwrap();
    let fill = |rows: &Value| {
        let start = || batch::start_fill(&served.workspace, &served.caller, &project, &batch, 5, rows);
        let id = served.order(start).unwrap();
        served.settle();
        let task = served.task(&id);
        assert_eq!(task.status, TaskStatus::Failed);
        let outcome: Value = serde_json::from_str(&task.outcome.unwrap()).unwrap();
        outcome["error"].as_str().unwrap().to_owned()
    };
    let message = fill(&json!({ "dataRowIds": [ids[1], NOBODY] }));
    assert_eq!(message, format!("1 data row is not in the workspace: {NOBODY:?}; the others are in the batch"));
    assert_eq!(batch::get(&served.workspace, &project, &batch.id).unwrap().size, 1);
    assert_eq!(fill(&json!({ "dataRowIds": [NOBODY] })), NO_ROWS);
    assert_eq!(fill(&json!({ "globalKeys": ["g2", "nobody"] })), NO_ROWS);
    let wrong = json!({ "dataRowIds": [5] });
    batch::start_fill(&served.workspace, &served.caller, &project, &batch, 5, &wrong).unwrap_err();
    let many = json!({ "dataRowIds": [ids[2], NOBODY] });
    let refused = batch::create_many(&served.workspace, &served.caller, &project, &creation("many"), &many);
    assert!(refused.unwrap_err().message.ends_with("no batch was created"));
    assert_eq!(batch::list(&served.workspace, &project).unwrap().len(), 2);
}

#[test]
fn calls_about_rows_of_a_project_or_a_run_are_refused() {
    let (served, project, ids) = filled();
    let (workspace, caller) = (&*served.workspace, &served.caller);
    let ontology_id = project::get(workspace, &project.id).unwrap().ontology_id.unwrap();
    let made = model::create(workspace, caller, "model", &ontology_id).unwrap();
    let run = run::create(workspace, caller, &made.id, "run", &Value::Null).unwrap();
    let rows = json!({ "globalKeys": ["g0"] });
    let task = served.order(|| registration::start_rows(workspace, caller, &run.id, &rows)).unwrap();
    served.complete(&task);
    let tasks = served.count_tasks();
    let check = |outcome: Result<(), Problem>, words: &str| {
        let message = outcome.unwrap_err().message;
        assert!(message.starts_with("1 data row is not in the ") && message.contains(words), "{message}");
    };
    let elsewhere = json!({ "ids": ["g0", "g1"], "idType": "GKEY" });
    let nobody = json!({ "ids": [ids[0], NOBODY] });
    for (rows, name) in [(&elsewhere, "g1"), (&nobody, NOBODY)] {
        let words = |end: &str| format!("project: {name:?}; {end}");
        let moved = workflow::start_move(workspace, caller, &project.id, None, rows).map(drop);
        check(moved, &words("no row was moved"));
        let changed = workflow::start_priorities(workspace, caller, &project.id, 1, rows).map(drop);
        check(changed, &words("no priority was changed"));
    }
    let rows = json!({ "dataRowIds": [ids[1], NOBODY] });
    let added = registration::start_rows(workspace, caller, &run.id, &rows).map(drop);
    check(added, &format!("workspace: {NOBODY:?}; no row was added"));
    let splits = json!([{ "split": "TEST", "dataRowIds": ids[..2] }]);
    let split = registration::start_splits(workspace, caller, &run.id, &splits).map(drop);
    check(split, &format!("model run: {:?}; no split was changed", ids[1]));
    let removed = registration::remove_rows(workspace, &run.id, &ids[..2]);
    check(removed, &format!("model run: {:?}; no row was removed", ids[1]));
    assert_eq!(served.count_tasks(), tasks, "nothing was started");
    registration::remove_rows(workspace, &run.id, &ids[..1]).unwrap();
}

#[test]
fn a_row_that_leaves_before_its_task_runs_fails_it() {
    let (served, project, ids) = filled();
    let (workspace, caller) = (&*served.workspace, &served.caller);
    let rows = NamedRows { ids: vec![ids[1].clone()], global_keys: Vec::new() };
    batch::create(workspace, caller, &project, &creation("second"), &rows).unwrap();
    let made = model::create(workspace, caller, "model", project.ontology_id.as_ref().unwrap()).unwrap();
    let run = run::create(workspace, caller, &made.id, "run", &Value::Null).unwrap();
    let named = json!({ "ids": ids[..2] });
    let of_run = json!({ "dataRowIds": ids[..2] });
    let tasks = served.order(|| {
        [
            (workflow::start_move(workspace, caller, &project.id, None, &named), "project"),
            (workflow::start_priorities(workspace, caller, &project.id, 1, &named), "project"),
            (registration::start_rows(workspace, caller, &run.id, &of_run), "workspace"),
        ]
    });
    data_row::delete(workspace, vec![ids[1].clone()]).unwrap();
    served.settle();
    for (started, place) in tasks {
        let task = served.task(&started.unwrap());
        let message = format!("1 data row is not in the {place}: \\\"{}\\\"; the others ", ids[1]);
        assert!(task.status == TaskStatus::Failed && task.outcome.as_ref().unwrap().contains(&message), "{task:?}");
    }
    assert_eq!(served.export_all(Scope::ModelRun(run.id)).len(), 1);
    let lines = served.export_all(Scope::Project(project.id.clone()));
    let details = &lines[0]["projects"][&project.id]["project_details"];
    assert_eq!((&details["workflow_status"], &details["priority"]), (&json!("DONE"), &json!(1)));
}
