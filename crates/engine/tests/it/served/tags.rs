//! Tags of projects: those of an import are like others, and only a change moves rows.

use super::{Served, cars, image};
use labelport_engine::projects::search;
use labelport_engine::projects::tag::{self, Tag};
use labelport_model::problem::ProblemKind;
use labelport_store::tables::projects;
use labelport_store::write::changes;
use serde_json::json;

fn texts(tags: &[Tag]) -> Vec<&str> {
    tags.iter().map(|tag| tag.text.as_str()).collect()
}

#[test]
fn tags_of_an_import_are_tags_like_others() {
    let served = Served::new();
    let (workspace, caller) = (&served.workspace, &served.caller);
    let ids = served.rows(&served.dataset("set"), &[image("g0")]);
    let project = served.project("project", "IMAGE", &cars(), &ids);
    let imported = r#"[{"id":"t1","text":"old","color":"FFAEA9","type":"Default","weight":1.50}]"#;
    let key = project.key;
    workspace.write(move |connection| Ok(projects::put_tags(connection, key, imported)?)).unwrap();
    let made = tag::create(workspace, caller, "new", "#3FDC9A").unwrap();
    assert_eq!(texts(&tag::list(workspace).unwrap()), ["new", "old"]);
    let change_seq = || served.read(|connection| changes::peek_change_seq(connection, workspace.org_key()));
    let before = change_seq();
    let set = |ids: &[&str]| {
        let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
        tag::set(workspace, caller, &project.id, &ids)
    };
    assert_eq!(texts(&set(&["t1", &made.id, "t1"]).unwrap()), ["old", "new"]);
    assert_eq!(change_seq(), before + 1);
    set(&["t1", &made.id]).unwrap();
    assert_eq!(change_seq(), before + 1, "the same tags again change nothing");
    let stored = served.read(|connection| projects::find_tags(connection, project.key)).unwrap();
    assert!(stored.contains(r#""weight":1.5"#), "{stored}");
    let other = served.project("other", "IMAGE", &cars(), &ids);
    let moved = tag::set(workspace, caller, &other.id, &["t1".to_owned()]).unwrap();
    assert_eq!(texts(&moved), ["old"], "a tag of one project is there for all");
    let before = change_seq();
    tag::update(workspace, &made.id, Some("newer"), None).unwrap();
    assert_eq!(change_seq(), before + 1, "the rows of the project that has it show it");
    assert_eq!(texts(&tag::list_of(workspace, &project).unwrap()), ["old", "newer"]);
    assert_eq!(texts(&tag::list_of(workspace, &other).unwrap()), ["old"]);
    assert_eq!(tag::update(workspace, "none", None, None).unwrap_err().kind, ProblemKind::NotFound);
    assert_eq!(set(&["none"]).unwrap_err().kind, ProblemKind::NotFound);
    assert_eq!(tag::create(workspace, caller, "newer", "3FDC9A").unwrap_err().kind, ProblemKind::Conflict);
}

#[test]
fn a_search_that_is_none_is_refused_by_name() {
    let served = Served::new();
    served.project("project", "IMAGE", &cars(), &served.rows(&served.dataset("set"), &[image("g0")]));
    let check = |filter: serde_json::Value, expect: &str| {
        let problem = search::list(&served.workspace, &[filter]).unwrap_err();
        assert!(problem.message.starts_with(expect), "{}", problem.message);
    };
    check(json!({ "type": "moon" }), "searchQuery.type is \"\\\"moon\\\"\"; give organization_id");
    check(json!({ "type": "tag", "values": "a" }), "values is");
    check(json!({ "type": "task_completed_count", "value": { "operator": "EQUALS" } }), "value.value is missing");
    check(json!({ "type": "task_completed_count", "value": { "operator": "<", "value": 1 } }), "value.operator is");
    assert_eq!(search::list(&served.workspace, &[json!({ "type": "stage", "values": [] })]).unwrap().len(), 0);
}
