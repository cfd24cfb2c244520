//! Issues: raised, commented on, settled, and exported.

use super::{Served, car, cars, image};
use labelport_engine::annotation_import::ImportKind;
use labelport_engine::projects::issue::{self, Change, Creation};
use labelport_engine::projects::label;
use labelport_model::problem::ProblemKind;
use labelport_model::request::Scope;
use labelport_store::tables::issues::IssueStatus;
use labelport_store::tables::labels::ListLabels;
use serde_json::{Value, json};

#[test]
fn an_issue_is_raised_answered_and_settled() {
    let served = Served::new();
    let (workspace, caller) = (&served.workspace, &served.caller);
    let ids = served.rows(&served.dataset("set"), &[image("g0"), image("g1")]);
    let project = served.project("project", "IMAGE", &cars(), &ids[..1]);
    served.import(ImportKind::Label, &project.id, "labels", &[car("g0", "u", 1)]);
    let which = ListLabels { limit: 1, ..ListLabels::default() };
    let label_id = label::list(workspace, &project.id, &which).unwrap().remove(0).id;
    let hostile = "it's \"too\" large'; drop table issues; -- 🚤";
    let creation = Creation {
        project_id: &project.id,
        row_id: &ids[0],
        label_id: Some(&label_id),
        content: hostile,
        category_id: None,
        position: &Value::Null,
    };
    served.pass(1);
    let first = issue::create(workspace, caller, &creation).unwrap();
    served.pass(1);
    let comment = issue::comment(workspace, caller, &first, "so it is").unwrap();
    let second =
        issue::create(workspace, caller, &Creation { label_id: None, content: "blurred", ..creation }).unwrap();
    served.pass(1);
    issue::resolve(workspace, caller, &second, IssueStatus::Resolved).unwrap();
    let export =
        |status| -> Value { serde_json::from_str(&issue::export(workspace, &project.id, status).unwrap()).unwrap() };
    let all = export(None);
    let time = |millis: u32| format!("2026-01-01T00:00:00.{millis:03}Z");
    let expect = json!({
        "id": first, "dataRowId": ids[0], "labelId": label_id, "content": hostile, "status": "Open",
        "createdBy": "ana@example.test", "createdAt": time(1), "updatedAt": time(2),
        "comments": [{ "id": comment, "content": "so it is", "createdBy": "ana@example.test", "createdAt": time(2) }],
    });
    assert_eq!(all[0], expect);
    assert_eq!(
        (&all[1]["id"], &all[1]["status"], &all[1]["labelId"]),
        (&json!(second), &json!("Resolved"), &Value::Null)
    );
    assert_eq!(export(Some(IssueStatus::Open)), json!([expect]));
    assert_eq!(export(Some(IssueStatus::Resolved)).as_array().unwrap().len(), 1);
    let line = &served.export_all(Scope::Project(project.id.clone()))[0];
    assert_eq!(line["data_row"]["details"]["last_activity_at"], "2026-01-01T00:00:00.003+00:00");
}

#[test]
fn what_is_no_issue_is_refused() {
    let served = Served::new();
    let (workspace, caller) = (&served.workspace, &served.caller);
    let ids = served.rows(&served.dataset("set"), &[image("g0"), image("g1")]);
    let project = served.project("project", "IMAGE", &cars(), &ids[..1]);
    let good = Creation {
        project_id: &project.id,
        row_id: &ids[0],
        label_id: None,
        content: "x",
        category_id: None,
        position: &Value::Null,
    };
    let check = |creation: Creation<'_>, kind: ProblemKind| {
        let problem = issue::create(workspace, caller, &creation).unwrap_err();
        assert_eq!(problem.kind, kind, "{}", problem.message);
    };
    check(Creation { content: " ", ..good }, ProblemKind::Malformed);
    check(Creation { content: &"x".repeat(10_001), ..good }, ProblemKind::Malformed);
    check(Creation { project_id: "nobody", ..good }, ProblemKind::NotFound);
    check(Creation { row_id: &ids[1], ..good }, ProblemKind::Malformed);
    check(Creation { row_id: "'", ..good }, ProblemKind::NotFound);
    check(Creation { label_id: Some("cnobody000000000000000000"), ..good }, ProblemKind::NotFound);
    check(Creation { category_id: Some("nobody"), ..good }, ProblemKind::NotFound);
    check(Creation { position: &json!("left"), ..good }, ProblemKind::Malformed);
    issue::comment(workspace, caller, "nobody", "x").unwrap_err();
    issue::resolve(workspace, caller, "nobody", IssueStatus::Open).unwrap_err();
    issue::export(workspace, "nobody", None).unwrap_err();
    assert_eq!(issue::export(workspace, &project.id, None).unwrap(), "[]");
}

#[test]
fn a_changed_or_deleted_issue_moves_its_row() {
    let served = Served::new();
    let (workspace, caller) = (&served.workspace, &served.caller);
    let ids = served.rows(&served.dataset("set"), &[image("g0")]);
    let project = served.project("project", "IMAGE", &cars(), &ids);
    let activity = || {
        let line = &served.export_all(Scope::Project(project.id.clone()))[0];
        line["data_row"]["details"]["last_activity_at"].as_str().unwrap().to_owned()
    };
    let creation = Creation {
        project_id: &project.id,
        row_id: &ids[0],
        label_id: None,
        content: "x",
        category_id: None,
        position: &json!({ "type": "Point", "coordinates": [1, 2] }),
    };
    let id = issue::create(workspace, caller, &creation).unwrap();
    let comment = issue::comment(workspace, caller, &id, "y").unwrap();
    let change = Change { label_id: None, content: Some("z"), category_id: None, position: &Value::Null };
    let steps: [&dyn Fn(); 4] = [
        &|| issue::change(workspace, &id, &change).unwrap(),
        &|| drop(issue::change_comment(workspace, caller, &comment, "v").unwrap()),
        &|| issue::delete_comment(workspace, caller, &comment).unwrap(),
        &|| issue::delete(workspace, caller, vec![id.clone(), "nobody".to_owned()]).unwrap(),
    ];
    for (step, millis) in steps.into_iter().zip(1..) {
        served.pass(1);
        step();
        assert_eq!(activity(), format!("2026-01-01T00:00:00.{millis:03}+00:00"));
    }
    issue::get(workspace, &id).unwrap_err();
    let number = issue::create(workspace, caller, &creation).unwrap();
    assert_eq!(
        issue::get(workspace, &number).unwrap().position.as_deref(),
        Some(r#"{"type":"Point","coordinates":[1,2]}"#)
    );
}

#[test]
fn an_issue_is_deleted_by_its_creator_or_an_admin() {
    let served = Served::new();
    let (workspace, ana) = (&served.workspace, &served.caller);
    let member = |name: &str| served.caller_with(name, "Team Manager");
    let (bob, cy) = (member("bob@example.test"), member("cy@example.test"));
    let ids = served.rows(&served.dataset("set"), &[image("g0")]);
    let project = served.project("project", "IMAGE", &cars(), &ids);
    let creation = Creation {
        project_id: &project.id,
        row_id: &ids[0],
        label_id: None,
        content: "x",
        category_id: None,
        position: &Value::Null,
    };
    let raise = || issue::create(workspace, &bob, &creation).unwrap();
    let (first, second) = (raise(), raise());
    let refused = issue::delete(workspace, &cy, vec![first.clone()]).unwrap_err();
    assert_eq!(refused.kind, ProblemKind::Forbidden);
    assert!(refused.message.contains("bob@example.test"), "{}", refused.message);
    issue::delete(workspace, &bob, vec![first]).unwrap();
    issue::delete(workspace, ana, vec![second]).unwrap();
    assert_eq!(issue::count(workspace, project.key).unwrap(), 0);
}
