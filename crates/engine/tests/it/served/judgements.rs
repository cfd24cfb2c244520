//! What is said of labels: reviews, benchmarks, scores. What of it exports show moves the rows.

use super::{Served, car, cars, image};
use labelport_engine::annotation_import::ImportKind;
use labelport_engine::items::{self, ItemKind};
use labelport_engine::projects::label::{self, Label, ListLabels};
use labelport_engine::projects::performance::{self, ReviewCounts};
use labelport_engine::projects::{benchmark, label_feedback, review};
use labelport_model::problem::ProblemKind;
use labelport_model::request::Scope;
use labelport_store::tables;
use labelport_store::tables::projects::Project;
use labelport_store::write::changes;
use serde_json::{Value, json};

/// A project with two rows, of which the first has two labels and the second one.
fn judged(served: &Served) -> (Project, Vec<Label>) {
    let ids = served.rows(&served.dataset("set"), &[image("g0"), image("g1")]);
    let project = served.project("project", "IMAGE", &cars(), &ids);
    served.import(ImportKind::Label, &project.id, "one", &[car("g0", "u", 1), car("g1", "v", 1)]);
    served.import(ImportKind::Label, &project.id, "two", &[car("g0", "w", 2)]);
    let which = ListLabels { limit: 10, ..ListLabels::default() };
    let mut labels = label::list(&served.workspace, &project.id, &which).unwrap();
    labels.sort_by_key(|label| label.row_key);
    (project, labels)
}

/// Stores the facts of a label as an import might bring them.
fn put(served: &Served, label: &Label, details: &str, performance: &str) {
    let label = Label { details: Some(details.to_owned()), performance: Some(performance.to_owned()), ..label.clone() };
    served.workspace.write(move |connection| Ok(tables::label_facts::put(connection, &label)?)).unwrap();
}

fn change_seq(served: &Served) -> i64 {
    served.read(|connection| changes::peek_change_seq(connection, served.workspace.org_key()))
}

#[test]
fn reviews_of_an_import_keep_their_place_and_get_ids() {
    let served = Served::new();
    let (workspace, caller) = (&served.workspace, &served.caller);
    let (project, labels) = judged(&served);
    let label = &labels[0];
    let details = r#"{"created_at":"2026-01-01T00:00:00.000+00:00","reviews":[{"reviewed_at":"2025-01-02T00:00:00.000+00:00","reviewed_by":"z@example.test","extra":1.50},{"reviewed_by":"y@example.test"}],"later":1}"#;
    put(&served, label, details, "{}");
    let ids = || -> Vec<String> {
        review::list(&label::get(workspace, &label.id).unwrap()).into_iter().map(|review| review.id).collect()
    };
    let named = |number: u32| format!("{}-{number}", label.id);
    assert_eq!(ids(), [named(0), named(1)]);
    let before = change_seq(&served);
    review::delete(workspace, &named(0)).unwrap();
    assert_eq!(change_seq(&served), before + 1);
    assert_eq!(ids(), [named(1)], "an id does not move with the position");
    let made = review::create(workspace, caller, &label.id, -1.0).unwrap();
    assert_eq!((made.id.clone(), made.score), (named(2), -1.0));
    let stored = label::get(workspace, &label.id).unwrap().details.unwrap();
    let expect = format!(
        r#"{{"created_at":"2026-01-01T00:00:00.000+00:00","reviews":[{{"reviewed_by":"y@example.test","id":"{}"}},{{"reviewed_at":"2026-01-01T00:00:00.000+00:00","reviewed_by":"ana@example.test","id":"{}","score":-1}}],"later":1}}"#,
        named(1),
        named(2)
    );
    assert_eq!(stored, expect);
    assert_eq!(review::get(workspace, &named(1)).unwrap().score, 1.0, "a label that still exists was approved");
    let counts = performance::count_reviews(workspace, project.key).unwrap();
    assert_eq!(counts, ReviewCounts { without: 2, negative: 0, zero: 1, positive: 0 });
    let line = &served.export_all(Scope::Project(project.id.clone()))[0];
    let shown = line["projects"][&project.id]["labels"].as_array().unwrap();
    assert!(shown.iter().any(|shown| shown["label_details"]["reviews"][1]["score"] == -1), "{line}");
}

#[test]
fn reviews_of_an_archive_are_found_by_ids_of_their_own() {
    let served = Served::new();
    let workspace = &served.workspace;
    let (_, labels) = judged(&served);
    // The other ids are like it, for a pattern.
    for (label, id) in labels.iter().zip(["cXreview", "c_review", "c\\\"%review"]) {
        let entry = json!({ "reviewed_at": "2025-01-02T00:00:00.000+00:00", "score": 1, "id": id });
        let details = format!(r#"{{"created_at":"2026-01-01T00:00:00.000+00:00","reviews":[{entry}]}}"#);
        put(&served, label, &details, "{}");
        assert_eq!(review::get(workspace, id).unwrap().label_id, label.id);
    }
    assert_eq!(review::update(workspace, "c_review", -1.0).unwrap().label_id, labels[1].id);
    review::delete(workspace, "c_review").unwrap();
    assert_eq!(review::get(workspace, "c_review").unwrap_err().kind, ProblemKind::NotFound);
    assert_eq!(review::get(workspace, "cXreview").unwrap().score, 1.0);
}

#[test]
fn what_is_no_review_is_refused() {
    let served = Served::new();
    let (workspace, caller) = (&served.workspace, &served.caller);
    let (_, labels) = judged(&served);
    assert_eq!(review::create(workspace, caller, "nobody", 1.0).unwrap_err().kind, ProblemKind::NotFound);
    for score in [f64::NAN, f64::INFINITY, 1e10] {
        assert_eq!(review::create(workspace, caller, &labels[0].id, score).unwrap_err().kind, ProblemKind::Malformed);
    }
    for id in ["nobody", "nobody-0", &format!("{}-0", labels[0].id)] {
        assert_eq!(review::get(workspace, id).unwrap_err().kind, ProblemKind::NotFound, "{id}");
        assert_eq!(review::update(workspace, id, 1.0).unwrap_err().kind, ProblemKind::NotFound, "{id}");
        assert_eq!(review::delete(workspace, id).unwrap_err().kind, ProblemKind::NotFound, "{id}");
    }
}

#[test]
fn a_benchmark_of_an_import_is_one_like_others() {
    let served = Served::new();
    let (workspace, caller) = (&served.workspace, &served.caller);
    let (project, labels) = judged(&served);
    let (one, two, other) = (&labels[0], &labels[1], &labels[2]);
    let performance =
        |extra: &str| format!(r#"{{"seconds_to_create":1.50,"benchmark_reference_label":"{}"{extra}}}"#, one.id);
    let details = r#"{"created_at":"2026-01-01T00:00:00.000+00:00"}"#;
    put(&served, one, details, &performance(""));
    put(&served, two, details, &performance(r#","benchmark_score":0.5"#));
    let [found] = &benchmark::list(workspace, &project).unwrap()[..] else { panic!() };
    assert_eq!((&found.id, &found.label.id, found.completed, found.agreement), (&one.id, &one.id, 1, Some(0.5)));
    assert_eq!((&found.created_by, benchmark::get(workspace, &one.id).unwrap().id == one.id), (&None, true));
    assert_eq!(benchmark::create(workspace, caller, &two.id).unwrap_err().kind, ProblemKind::Conflict);
    let before = change_seq(&served);
    let made = benchmark::create(workspace, caller, &other.id).unwrap();
    assert_eq!(change_seq(&served), before + 1);
    assert_eq!(made.created_by.as_deref(), Some("ana@example.test"));
    assert_eq!(benchmark::list(workspace, &project).unwrap().len(), 2);
    assert_eq!(benchmark::delete(workspace, &one.id).unwrap(), one.id);
    let stored = label::get(workspace, &one.id).unwrap().performance.unwrap();
    assert_eq!(stored, r#"{"seconds_to_create":1.50}"#, "numbers keep their spelling");
    assert_eq!(benchmark::delete(workspace, &one.id).unwrap_err().kind, ProblemKind::NotFound);
    label::delete(workspace, vec![other.id.clone()]).unwrap();
    let left = served.read(|connection| tables::items::list(connection, workspace.org_key(), ItemKind::Benchmark));
    assert_eq!(left, []);
}

#[test]
fn feedback_replaces_what_was_said_before() {
    let served = Served::new();
    let (workspace, caller) = (&served.workspace, &served.caller);
    let (_, labels) = judged(&served);
    let say = |scores: &Value| label_feedback::put(workspace, caller, &labels[0].id, "edges", scores);
    let first = say(&json!({ "a": 1, "b": 0.25 })).unwrap();
    let second = say(&json!({ "a": 2 })).unwrap();
    assert_eq!((first.id == second.id, second.body.scores["a"]), (true, 2.0));
    let stored = workspace
        .read(|connection| items::list_of::<label_feedback::Feedback>(connection, workspace.org_key(), &labels[0].id));
    assert_eq!(stored.unwrap(), [second]);
    assert_eq!(say(&json!([1])).unwrap_err().kind, ProblemKind::Malformed);
    assert_eq!(say(&json!({ "a": "high" })).unwrap_err().message, "scores.a is \"\\\"high\\\"\"; give a number");
}
