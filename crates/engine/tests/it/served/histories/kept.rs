//! How far back a delta goes, and what else than rows changes their bytes.

use super::super::{Served, data_types, image};
use super::{applied, since, take};
use crate::support::{assert_same_bytes, everything};
use labelport_engine::catalog::{attachment, row_change, slice};
use labelport_engine::export::{ExportError, SinceError, job};
use labelport_engine::history;
use labelport_engine::storage::results::Stream;
use labelport_model::request::{ExportRequest, Scope};
use labelport_store::tables::files;
use serde_json::json;

const DAY_MS: i64 = 24 * 3_600_000;

/// Changes a row.
fn note(served: &Served, row_id: &str) {
    let given = json!({ "type": "RAW_TEXT", "value": "note", "name": "note" });
    attachment::create(&served.workspace, row_id, &given).unwrap();
}

#[test]
fn a_watermark_is_good_as_long_as_history_is_kept() {
    let served = Served::new();
    let store = served.workspace.store();
    let ids = served.rows(&served.dataset("set"), &[image("a"), image("b")]);
    let request = everything(Scope::Catalog);
    let old = take(store, &request).unwrap();
    let prune = || history::prune(store, served.workspace.now()).unwrap();
    let outcome = |from: &super::Taken| match take(store, &since(&request, &from.manifest.watermark)) {
        Ok(delta) => {
            let now = take(store, &request).unwrap();
            assert_same_bytes(&applied(from, &delta).unwrap().rows, &now.rows, "a delta within history");
            None
        }
        Err(ExportError::Since(error)) => Some(error),
        Err(error) => panic!("{error}"),
    };
    note(&served, &ids[0]);
    prune();
    let marked = take(store, &request).unwrap();
    served.pass(89 * DAY_MS);
    note(&served, &ids[1]);
    prune();
    assert_eq!((outcome(&old), outcome(&marked)), (None, None), "history is kept for 90 days");
    served.pass(2 * DAY_MS);
    prune();
    let (since_seq, start) = (old.manifest.change_seq, marked.manifest.change_seq);
    assert_eq!(outcome(&old), Some(SinceError::Forgotten { since: since_seq, start }));
    assert_eq!(outcome(&marked), None, "what changed after the mark is known");
    history::keep_for(store, 1).unwrap();
    served.pass(2 * DAY_MS);
    prune();
    assert!(matches!(outcome(&marked), Some(SinceError::Forgotten { .. })));
    let fresh = take(store, &request).unwrap();
    note(&served, &ids[0]);
    assert_eq!(outcome(&fresh), None);
}

#[test]
fn a_watermark_is_old_after_half_of_the_time_in_which_something_changed() {
    let served = Served::new();
    let store = served.workspace.store();
    let ids = served.rows(&served.dataset("set"), &[image("a")]);
    let change_seq = || take(store, &everything(Scope::Catalog)).unwrap().manifest.change_seq;
    let is_old = |change_seq| history::is_half_over(store, change_seq, served.workspace.now()).unwrap();
    let watched = change_seq();
    history::prune(store, served.workspace.now()).unwrap();
    served.pass(80 * DAY_MS);
    history::prune(store, served.workspace.now()).unwrap();
    assert!(!is_old(watched), "nothing has changed");
    note(&served, &ids[0]);
    history::prune(store, served.workspace.now()).unwrap();
    served.pass(44 * DAY_MS);
    assert!(!is_old(watched));
    served.pass(2 * DAY_MS);
    assert!(is_old(watched));
    assert!(!is_old(change_seq()));
}

#[test]
fn history_goes_in_portions() {
    let served = Served::new();
    let store = served.workspace.store();
    let request = everything(Scope::Catalog);
    let lines: String = labelport_samples::image_rows(40).map(|line| line + "\n").collect();
    super::import_lines(&served, lines.as_bytes());
    let old = take(store, &request).unwrap();
    // Every second row: as many runs as rows.
    store
        .write(|connection| {
            (1..25_000)
                .try_for_each(|number| labelport_store::write::changes::touch_row(connection, 100 + 2 * number, 1))
        })
        .unwrap();
    history::prune(store, served.workspace.now()).unwrap();
    served.pass(91 * DAY_MS);
    history::prune(store, served.workspace.now()).unwrap();
    let left = served.read(|connection| labelport_store::read::history::list_changed(connection, 0));
    assert_eq!(left, []);
    assert!(take(store, &since(&request, &old.manifest.watermark)).is_ok(), "nothing happened since");
}

#[test]
fn new_urls_of_masks_are_changes_of_the_rows_that_show_them() {
    let (served, project) = data_types::with_a_mask();
    let store = served.workspace.store();
    let request = everything(Scope::Project(project));
    let before = take(store, &request).unwrap();
    let nothing = take(store, &since(&request, &before.manifest.watermark)).unwrap();
    assert_eq!(nothing.rows, b"");
    served.workspace.rotate_signing_secret().unwrap();
    let now = take(store, &request).unwrap();
    assert_ne!(now.rows, before.rows, "the URL is signed with another secret");
    let delta = take(store, &since(&request, &before.manifest.watermark)).unwrap();
    assert_same_bytes(&applied(&before, &delta).unwrap().rows, &now.rows, "a new secret");
}

#[test]
fn a_task_keeps_rows_and_changes() {
    let served = Served::new();
    let ids = served.rows(&served.dataset("set"), &[image("a"), image("b"), image("c")]);
    let request = everything(Scope::Catalog);
    let before = take(served.workspace.store(), &request).unwrap();
    note(&served, &ids[1]);
    labelport_engine::catalog::data_row::delete(&served.workspace, vec![ids[0].clone()]).unwrap();
    let request = since(&request, &before.manifest.watermark);
    let direct = take(served.workspace.store(), &request).unwrap();
    let id = served.order(|| job::start(&served.workspace, &served.caller, "", &request)).unwrap();
    served.complete(&id);
    assert_eq!(served.result(&id).as_bytes(), direct.rows);
    let stored = job::get_result(&served.workspace, id.as_str()).unwrap();
    let mut changes = Vec::new();
    let each = &mut |piece: &[u8]| {
        changes.extend_from_slice(piece);
        Ok(())
    };
    stored.read(Stream::Changes, 0, u64::MAX, each).unwrap();
    assert_eq!(changes, direct.changes);
    let text = String::from_utf8(changes).unwrap();
    let expect = format!(
        "{{\"data_row_id\":\"{}\",\"change\":\"deleted\",\"global_key\":\"a\"}}\n\
         {{\"data_row_id\":\"{}\",\"change\":\"placed\",\"after\":null}}\n",
        ids[0], ids[1]
    );
    assert_eq!(text, expect);
    // What makes no sense is refused before there is a task.
    let other = ExportRequest { scope: Scope::Dataset("set".to_owned()), ..request };
    let refused = job::start(&served.workspace, &served.caller, "", &other).unwrap_err();
    assert!(refused.message.contains("another request"), "{}", refused.message);
}

#[test]
fn a_row_that_was_selected_for_a_while_leaves_a_result_that_has_it() {
    let served = Served::new();
    let store = served.workspace.store();
    let dataset = served.dataset("set");
    served.rows(&dataset, &[image("a")]);
    let filter = r#"[{"type":"external_id","operator":"starts_with","value":"cam"}]"#;
    let slice = slice::create(&served.workspace, &served.caller, "cameras", None, filter).unwrap();
    let request = everything(Scope::Slice(slice.id));
    let first = take(store, &request).unwrap();
    let named = |name: &str| json!({ "external_id": name }).to_string().into_bytes();
    let id = served.rows(&dataset, &[image("b")]).remove(0);
    row_change::update(&served.workspace, &id, named("camera")).unwrap();
    let between = take(store, &request).unwrap();
    row_change::update(&served.workspace, &id, named("other")).unwrap();
    let (delta, now) =
        (take(store, &since(&request, &first.manifest.watermark)).unwrap(), take(store, &request).unwrap());
    assert_eq!((first.rows.len(), between.manifest.digest.rows, now.rows.len()), (0, 1, 0));
    for from in [&first, &between, &now] {
        assert_same_bytes(&applied(from, &delta).unwrap().rows, &now.rows, "a delta that began before");
    }
}

#[test]
fn the_first_mask_changes_the_rows_that_show_one() {
    let (served, project) = data_types::with_a_mask();
    let request = everything(Scope::Project(project));
    // A row that names a mask by where the first workspace keeps it, in one that keeps none.
    let rows = take(served.workspace.store(), &request).unwrap().rows;
    let rows = String::from_utf8(rows).unwrap();
    let at = rows.find("http://served.test/").unwrap();
    let url = rows[at..].split('"').next().unwrap();
    let path = url.split("?signature=").next().unwrap().trim_start_matches("http://served.test");
    let rows = rows.replace(url, &format!("labelport:{path}"));
    let other = Served::new();
    super::import_lines(&other, rows.as_bytes());
    let store = other.workspace.store();
    let before = take(store, &request).unwrap();
    let org_key = store.org_key();
    let file = other.workspace.find_own_file(&other.upload("mask.png", b"png")).unwrap();
    store.write(move |connection| files::put_mask(connection, org_key, "/api/v1/masks/x/1", &file)).unwrap();
    let delta = take(store, &since(&request, &before.manifest.watermark)).unwrap();
    let now = take(store, &request).unwrap();
    assert_ne!(now.rows, before.rows, "URLs of masks are signed now");
    assert_same_bytes(&applied(&before, &delta).unwrap().rows, &now.rows, "the first mask");
}
