//! Two callers at once: nothing that was acknowledged is lost, and nothing that is deleted comes back.

use super::{Served, cars, image};
use labelport_engine::catalog::{asset, data_row, row_change};
use labelport_engine::projects::named_rows::NamedRows;
use labelport_engine::projects::{batch, project};
use labelport_model::problem::Problem;
use labelport_model::request::Scope;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::OnceLock;

/// Runs both at the same time.
fn both<A: Send, B: Send>(one: impl FnOnce() -> A + Send, other: impl FnOnce() -> B + Send) -> (A, B) {
    std::thread::scope(|scope| {
        let one = scope.spawn(one);
        let other = other();
        (one.join().unwrap(), other)
    })
}

#[test]
fn of_two_changes_of_a_project_neither_is_lost() {
    let served = Served::new();
    let dataset_id = served.dataset("set");
    let row_ids = served.rows(&dataset_id, &[image("g")]);
    let id = served.project("project", "IMAGE", &cars(), &row_ids).id;
    for number in 0..20 {
        let text = number.to_string();
        let change = |member: &str| project::update(&served.workspace, &id, &json!({ member: text }));
        let (named, described) = both(|| change("name"), || change("description"));
        assert!(named.is_ok() && described.is_ok());
        let found = project::get(&served.workspace, &id).unwrap();
        assert_eq!((found.name, found.description), (text.clone(), Some(text)));
    }
}

#[test]
fn a_row_that_is_deleted_while_it_is_changed_stays_deleted() {
    let served = Served::new();
    let dataset_id = served.dataset("set");
    let rows: Vec<_> = (0..20).map(|number| image(&format!("g{number}"))).collect();
    for id in served.rows(&dataset_id, &rows) {
        let change = || row_change::update(&served.workspace, &id, br#"{"external_id":"back"}"#.to_vec());
        let (deleted, _) = both(|| data_row::delete(&served.workspace, vec![id.clone()]), change);
        assert_eq!(deleted.unwrap(), std::slice::from_ref(&id));
    }
    assert_eq!(served.export_all(Scope::Catalog), Vec::<Value>::new());
}

#[test]
fn a_project_that_is_deleted_while_rows_enter_it_stays_deleted() {
    let served = Served::new();
    let dataset_id = served.dataset("set");
    let row_ids = served.rows(&dataset_id, &[image("g")]);
    for _ in 0..20 {
        let data = json!({ "name": "project", "allowedMediaType": "IMAGE" });
        let project = project::create(&served.workspace, &served.caller, &data).unwrap();
        let creation = batch::Creation { name: "batch".to_owned(), priority: 5, consensus: Value::Null };
        let rows = NamedRows { ids: row_ids.clone(), global_keys: Vec::new() };
        let enter = || -> Result<(), Problem> {
            batch::create(&served.workspace, &served.caller, &project, &creation, &rows).map(|_| ())
        };
        let (deleted, _) = both(|| project::delete(&served.workspace, &project.id), enter);
        assert!(deleted.is_ok());
        assert_eq!(served.export_all(Scope::Catalog)[0]["projects"], json!({}));
    }
}

/// Answers each request with its path until `/end` is asked for; calls `meanwhile` before each answer.
fn answer(listener: &TcpListener, meanwhile: impl Fn(&str)) {
    while let Ok((mut connection, _)) = listener.accept() {
        let (mut request, mut byte) = (Vec::new(), [0]);
        while !request.ends_with(b"\r\n\r\n") && connection.read(&mut byte).is_ok_and(|count| count == 1) {
            request.push(byte[0]);
        }
        let request = String::from_utf8_lossy(&request).into_owned();
        let path = request.split(' ').nth(1).unwrap_or_default();
        if path == "/end" {
            return;
        }
        meanwhile(path);
        let head = format!("content-type: text/plain\r\ncontent-length: {}\r\nconnection: close", path.len());
        let _ = connection.write_all(format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n{path}").as_bytes());
    }
}

#[test]
fn an_asset_that_is_replaced_while_it_is_looked_at_is_not_taken_for_the_new_one() {
    let served = Served::reaching_itself();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let url = |name: &str| format!("http://{address}/{name}.txt");
    let known_id: OnceLock<String> = OnceLock::new();
    let replace = |name: &str| {
        let change = json!({ "row_data": url(name) }).to_string().into_bytes();
        row_change::update(&served.workspace, known_id.get().unwrap(), change).unwrap();
    };
    let contents = std::thread::scope(|scope| {
        scope.spawn(|| {
            answer(&listener, |path| {
                if path == "/two.txt" {
                    replace("three")
                }
            })
        });
        let row = json!({ "row_data": url("one"), "media_type": "TEXT" });
        let [id] = served.rows(&served.dataset("set"), &[row]).try_into().unwrap();
        let key = data_row::get(&served.workspace, &id).unwrap().key;
        known_id.set(id).unwrap();
        replace("two");
        let contents = [(); 2].map(|()| {
            asset::look_at_waiting(&served.workspace, &|| false).unwrap();
            asset::find(&served.workspace, key).unwrap().unwrap().content
        });
        TcpStream::connect(address).unwrap().write_all(b"GET /end HTTP/1.1\r\n\r\n").unwrap();
        contents
    });
    assert_eq!(contents, [None, Some("/three.txt".to_owned())]);
}
