//! Data rows one by one: found, listed, and what is known of their assets.

use crate::engines::{Contract, TestStore, hold};
use crate::rows::{count, id, key, line, look, merge, peek, row_key, twelve, write};
use labelport_store::tables::data_rows::{self, Asset, AssetState, ListRows};
use labelport_store::write::merge::Verdict;

const CONTRACTS: &[Contract] = &[
    ("a row is found by what names it", a_row_is_found_by_what_names_it),
    ("a dataset is listed page by page", a_dataset_is_listed_page_by_page),
    ("a global key that is cleared is free", a_global_key_that_is_cleared_is_free),
    ("an attachment leads to its row", an_attachment_leads_to_its_row),
    ("the lists of a row are as an export shows them", the_lists_of_a_row_are_as_an_export_shows_them),
    ("an asset waits until it was seen", an_asset_waits_until_it_was_seen),
];

#[test]
fn contracts_of_data_rows() {
    hold(CONTRACTS);
}

fn a_row_is_found_by_what_names_it(test: &TestStore) {
    merge(&test.store, &twelve());
    let org_key = test.store.org_key();
    let row = peek(&test.store, |connection| data_rows::find(connection, org_key, &id("r", 5))).unwrap();
    assert_eq!((row.key, row.id.as_str()), (row_key(&test.store, 5), id("r", 5).as_str()));
    assert_eq!(row.dataset_key, Some(key(&test.store, "select dataset_key from datasets where name = 'set 1'")));
    assert_eq!(row.data_type.as_deref(), Some("image"));
    assert_eq!((row.global_key.as_deref(), row.external_id.as_deref()), (Some("cam-b-5"), Some("img/5")));
    assert!(row.head.starts_with(r#""id":"r000000000000000000000005","global_key":"cam-b-5""#), "{}", row.head);
    assert!(row.created_ms < row.updated_ms && row.media.is_some() && row.details.is_some());
    assert_eq!(peek(&test.store, |connection| data_rows::find(connection, org_key + 1, &row.id)), None);
    assert_eq!(peek(&test.store, |connection| data_rows::find(connection, org_key, "")), None);
    let by_key =
        |key: &str| peek(&test.store, |connection| data_rows::find_key_by_global_key(connection, org_key, key));
    assert_eq!(by_key("cam-b-5"), Some(row.key));
    assert_eq!((by_key("CAM-B-5"), by_key("cam-b-%")), (None, None));
    let found = peek(&test.store, |connection| data_rows::list_by_external_id(connection, org_key, "img/5"));
    assert_eq!(found, [row]);
    let none = line(12, "", &[]);
    merge(&test.store, &[none]);
    let bare = peek(&test.store, |connection| data_rows::find(connection, org_key, &id("r", 12))).unwrap();
    assert_eq!((bare.dataset_key, bare.details, bare.created_ms), (None, None, None));
}

fn a_dataset_is_listed_page_by_page(test: &TestStore) {
    merge(&test.store, &twelve());
    let org_key = test.store.org_key();
    let dataset_key = key(&test.store, "select dataset_key from datasets where name = 'set 1'");
    let check = |after, external_id: Option<&str>, limit, expect: &[i64]| {
        let which = ListRows { dataset_key, after, external_id: external_id.map(str::to_owned), limit };
        let listed = peek(&test.store, |connection| data_rows::list(connection, org_key, &which));
        assert_eq!(listed.iter().map(|row| row.key).collect::<Vec<_>>(), expect, "{which:?}");
    };
    check(0, None, 4, &[1, 2, 3, 4]);
    check(4, None, 4, &[5, 6]);
    check(6, None, 4, &[]);
    check(0, None, 0, &[]);
    check(0, Some("img/3"), 4, &[3]);
    check(3, Some("img/3"), 4, &[]);
    check(0, Some("img/7"), 4, &[]);
    assert_eq!(peek(&test.store, |connection| data_rows::list_keys(connection, dataset_key)), [1, 2, 3, 4, 5, 6]);
}

fn a_global_key_that_is_cleared_is_free(test: &TestStore) {
    // The key is in other texts of the row too, which stay as they are.
    let hostile = r#","global_key":"a \"b\" é","external_id":",\"global_key\":\"a \\\"b\\\" é\"","row_data":"x""#;
    assert_eq!(merge(&test.store, &[line(1, hostile, &[])]), [Verdict::Created]);
    write(&test.store, |connection| data_rows::clear_global_key(connection, 1));
    let head = look(&test.store, "select head from data_rows").unwrap();
    let expect =
        r#""id":"r000000000000000000000001","external_id":",\"global_key\":\"a \\\"b\\\" \u00e9\"","row_data":"x""#;
    assert_eq!(head, expect);
    assert_eq!(count(&test.store, "global_keys"), 0);
    write(&test.store, |connection| data_rows::clear_global_key(connection, 1));
    write(&test.store, |connection| data_rows::clear_global_key(connection, 99));
    let other = line(2, r#","global_key":"a \"b\" é""#, &[]);
    assert_eq!(merge(&test.store, &[other]), [Verdict::Created]);
}

fn an_attachment_leads_to_its_row(test: &TestStore) {
    let org_key = test.store.org_key();
    let attachment = |id: &str| format!(r#"{{"type":"RAW_TEXT","value":"\"id\":\"a9\"","id":"{id}"}}"#);
    let with = |row, ids: &[&str]| {
        let list: Vec<String> = ids.iter().map(|id| attachment(id)).collect();
        line(row, "", &[format!(r#""attachments":[{}]"#, list.join(","))])
    };
    merge(&test.store, &[with(1, &["a1", "a_2"]), with(2, &["a3"])]);
    let find = |id: &str| peek(&test.store, |connection| data_rows::find_row_of_attachment(connection, org_key, id));
    assert_eq!((find("a1"), find("a_2"), find("a3")), (Some(1), Some(1), Some(2)));
    for nothing in ["a9", "a%", "ax2", "", "a"] {
        assert_eq!(find(nothing), None, "{nothing}");
    }
    assert_eq!(peek(&test.store, |connection| data_rows::find_row_of_attachment(connection, org_key + 1, "a1")), None);
    let listed = peek(&test.store, |connection| data_rows::list_attachments(connection, 1));
    assert_eq!(listed.iter().map(|found| (found.row_key, found.ordinal)).collect::<Vec<_>>(), [(1, 0), (1, 1)]);
    assert_eq!(listed[1].json, attachment("a_2"));
    merge(&test.store, &[with(1, &["a4"])]);
    assert_eq!((find("a1"), find("a4")), (None, Some(1)));
}

fn the_lists_of_a_row_are_as_an_export_shows_them(test: &TestStore) {
    merge(&test.store, &twelve());
    let metadata = peek(&test.store, |connection| data_rows::list_metadata(connection, 8));
    assert_eq!(metadata.len(), 1, "an enum with two options is one value");
    assert!(metadata[0].contains("night") && metadata[0].contains("fog"), "{metadata:?}");
    let embeddings = peek(&test.store, |connection| data_rows::list_embeddings(connection, 1));
    assert_eq!(embeddings, [r#"{"id":"e1","name":"clip","dimensions":2,"is_custom":false,"values":[]}"#]);
    assert_eq!(peek(&test.store, |connection| data_rows::list_metadata(connection, 12)), Vec::<String>::new());
}

fn an_asset_waits_until_it_was_seen(test: &TestStore) {
    merge(&test.store, &twelve());
    let asset = |row_key, state| Asset {
        row_key,
        state,
        media_type: Some("TEXT".to_owned()),
        attributes: Some(r#"{"assetType":"text"}"#.to_owned()),
        content: Some("naïve".to_owned()),
        text_layer: None,
        notice: (state == AssetState::Unreachable).then(|| "gone".to_owned()),
    };
    let put = |asset: &Asset| {
        let asset = asset.clone();
        write(&test.store, move |connection| data_rows::put_asset(connection, &asset));
    };
    let waiting = |limit| peek(&test.store, |connection| data_rows::list_waiting(connection, limit));
    let are_processed = |keys: &[i64]| peek(&test.store, |connection| data_rows::are_processed(connection, keys));
    for row_key in [3, 1, 2] {
        put(&asset(row_key, AssetState::Waiting));
    }
    assert_eq!((waiting(9), waiting(2)), (vec![1, 2, 3], vec![1, 2]));
    assert!(!are_processed(&[9, 2]) && are_processed(&[9]) && are_processed(&[]), "rows of an import wait for nothing");
    for (row_key, state) in [(1, AssetState::Seen), (2, AssetState::Unreachable)] {
        put(&asset(row_key, state));
        let found = peek(&test.store, |connection| data_rows::find_asset(connection, row_key));
        assert_eq!(found, Some(asset(row_key, state)));
    }
    assert_eq!(waiting(9), [3]);
    assert!(are_processed(&[1, 2]) && !are_processed(&[1, 2, 3]));
    assert_eq!(peek(&test.store, |connection| data_rows::find_asset(connection, 4)), None);
}
