//! Slices as the SDK reads them: page by page.

use super::{Served, cars};
use labelport_engine::catalog::data_row;
use labelport_engine::catalog::slice::{self, Cursor, Page};
use labelport_engine::models::{model, registration, run};
use serde_json::{Value, json};

/// Reads a slice in pages; `between` is called after each.
fn read(served: &Served, id: &str, limit: usize, between: &mut dyn FnMut(&Page)) -> Vec<String> {
    let (mut ids, mut from) = (Vec::new(), None);
    loop {
        let page = slice::list_rows(&served.workspace, &served.caller, id, from, limit).unwrap();
        assert!(page.rows.len() <= limit);
        ids.extend(page.rows.iter().map(|(id, _)| id.clone()));
        between(&page);
        // What a client has is a text.
        match page.next {
            Some(next) => from = Some(Cursor::parse(&next.to_string()).unwrap()),
            None => return ids,
        }
    }
}

fn make(served: &Served, name: &str, filter: &str) -> String {
    slice::create(&served.workspace, &served.caller, name, None, filter).unwrap().id
}

#[test]
fn every_row_of_a_slice_is_on_exactly_one_page() {
    let served = Served::new();
    let payload = |name: String| json!({ "row_data": "text", "global_key": name });
    let first = served.dataset("first");
    let ids = served.rows(&first, &(0..1_100).map(|number| payload(format!("g{number}"))).collect::<Vec<_>>());
    let second = served.dataset("second");
    served.rows(&second, &(0..10).map(|number| payload(format!("h{number}"))).collect::<Vec<_>>());
    // One that is walked, one that is looked up in an index.
    let not_second = format!(r#"{{"not":{{"type":"dataset","operator":"is","ids":["{second}"]}}}}"#);
    let by_key = r#"[{"type":"global_key","operator":"is","ids":["g3","g7","h1","g2"]}]"#;
    let check = |name: &str, filter: &str, limits: &[usize], expect: &[String]| {
        let id = make(&served, name, filter);
        for limit in limits {
            let mut pages = 0;
            let found = read(&served, &id, *limit, &mut |page| {
                pages += 1;
                assert_eq!(page.total, expect.len());
            });
            assert_eq!(found, expect, "{name} by {limit}");
            assert_eq!(pages, expect.len().div_ceil(*limit).max(1), "{name} by {limit}");
        }
    };
    check("walked", &not_second, &[100, 1_100, 10_000], &ids);
    let four = read(&served, &make(&served, "four", by_key), 10, &mut |_| {});
    assert_eq!(four[..3], [ids[2].clone(), ids[3].clone(), ids[7].clone()]);
    check("looked up", by_key, &[1, 2, 3, 4, 5], &four);
    check("none", r#"[{"type":"global_key","operator":"is","ids":["moon"]}]"#, &[1, 100], &[]);
}

#[test]
fn rows_that_leave_between_two_pages_hide_no_others() {
    let served = Served::new();
    let dataset_id = served.dataset("set");
    let payloads: Vec<_> = (0..10).map(|number| json!({ "row_data": number.to_string() })).collect();
    let ids = served.rows(&dataset_id, &payloads);
    let id = make(&served, "all", &format!(r#"[{{"type":"dataset","operator":"is","ids":["{dataset_id}"]}}]"#));
    let found = read(&served, &id, 3, &mut |page| {
        assert_eq!(page.total, 10);
        let gone = page.rows.iter().map(|(id, _)| id.clone()).collect();
        data_row::delete(&served.workspace, gone).unwrap();
    });
    assert_eq!(found, ids);
}

#[test]
fn what_is_no_cursor_is_refused() {
    for text in ["3", "a:b", "3:", ":", "3:-1", "99999999999999999999:1"] {
        assert!(Cursor::parse(text).unwrap_err().message.contains("is no cursor of this list"), "{text}");
    }
    let served = Served::new();
    let id = make(&served, "all", r#"[{"type":"global_key","operator":"is","ids":["a"]}]"#);
    let far = Cursor::parse(&format!("{}:0", i64::MAX)).unwrap();
    assert_eq!(slice::list_rows(&served.workspace, &served.caller, &id, Some(far), 1).unwrap().rows, []);
}

#[test]
fn rows_of_a_slice_are_those_of_a_model_run() {
    let served = Served::new();
    let (workspace, caller) = (&served.workspace, &served.caller);
    let dataset_id = served.dataset("set");
    let payloads: Vec<_> =
        (0..6).map(|number| json!({ "row_data": "text", "global_key": number.to_string() })).collect();
    let ids = served.rows(&dataset_id, &payloads);
    let project = served.project("project", "TEXT", &cars(), &ids);
    let model = model::create(workspace, caller, "m", &project.ontology_id.unwrap()).unwrap();
    let run = run::create(workspace, caller, &model.id, "r", &Value::Null).unwrap();
    let rows = json!({ "dataRowIds": ids[1..5] });
    served.order(|| registration::start_rows(workspace, caller, &run.id, &rows)).unwrap();
    served.settle();
    let slice_id = make(&served, "some", r#"[{"type":"global_key","operator":"is","ids":["0","2","3","4"]}]"#);
    let page = |from, limit| slice::list_rows_of_run(workspace, caller, &slice_id, &run.id, from, limit).unwrap();
    let first = page(None, 2);
    assert_eq!((first.total, first.rows.len()), (3, 2));
    let second = page(first.next, 2);
    let found: Vec<String> = first.rows.into_iter().chain(second.rows).map(|(id, _)| id).collect();
    assert_eq!((found, second.next), (ids[2..5].to_vec(), None));
    let unknown = slice::list_rows_of_run(workspace, caller, &slice_id, "nope", None, 2).unwrap_err();
    assert!(unknown.message.contains("nope"), "{}", unknown.message);
}
