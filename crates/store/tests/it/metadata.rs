//! Metadata schemas and embeddings.

use crate::engines::{Contract, TestStore, hold, now};
use crate::rows::{change_seq, count, id, key, look, merge, peek, rows_with, twelve, write};
use labelport_store::tables::data_rows;
use labelport_store::tables::embeddings::{self, Embedding};
use labelport_store::tables::metadata::{self, MetadataSchema};
use labelport_store::write::changes;

const CONTRACTS: &[Contract] = &[
    ("a schema is created once", a_schema_is_created_once),
    ("a new name is in every value", a_new_name_is_in_every_value),
    ("options change places", options_change_places),
    ("a deleted schema leaves its values", a_deleted_schema_leaves_its_values),
    ("an embedding goes with its vectors", an_embedding_goes_with_its_vectors),
];

#[test]
fn contracts_of_metadata() {
    hold(CONTRACTS);
}

fn list(test: &TestStore) -> Vec<MetadataSchema> {
    peek(&test.store, |connection| metadata::list(connection, test.store.org_key()))
}

fn schema(test: &TestStore, name: &str) -> MetadataSchema {
    list(test).into_iter().find(|schema| schema.name == name).unwrap()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(id, name)| ((*id).to_owned(), (*name).to_owned())).collect()
}

fn a_schema_is_created_once(test: &TestStore) {
    let org_key = test.store.org_key();
    let new = |id: &str, name: &str, is_reserved| MetadataSchema {
        key: 0,
        id: id.to_owned(),
        name: name.to_owned(),
        kind: "CustomMetadataEnum".to_owned(),
        is_reserved,
        options: pairs(&[("o1", "night"), ("o2", "it's \"day\"")]),
    };
    let create = |schema: &MetadataSchema| {
        let schema = schema.clone();
        write(&test.store, move |connection| metadata::create(connection, org_key, &schema))
    };
    let first = create(&new("m1", "time", false)).unwrap();
    assert_eq!(create(&new("m1", "time", false)), None);
    let second = create(&new("m2", "split", true)).unwrap();
    let expect = [
        MetadataSchema { key: second, ..new("m2", "split", true) },
        MetadataSchema { key: first, ..new("m1", "time", false) },
    ];
    assert_eq!(list(test), expect);
    write(&test.store, move |connection| {
        metadata::put_option(connection, first, "o0", "dusk")?;
        metadata::put_option(connection, first, "o0", "dusk")
    });
    assert_eq!(schema(test, "time").options[2], ("o0".to_owned(), "dusk".to_owned()), "in the order of creation");
    assert_eq!(schema(test, "time").options.len(), 3);
}

fn rename(test: &TestStore, schema: &MetadataSchema, name: &str, options: &[(&str, &str)]) {
    let (org_key, schema, name, options) = (test.store.org_key(), schema.clone(), name.to_owned(), pairs(options));
    write(&test.store, move |connection| metadata::rename(connection, org_key, &schema, &name, &options));
}

fn values(test: &TestStore, row: usize) -> String {
    let sql = format!(
        "select string_agg(coalesce(json, text_value), ' | ' order by ordinal, part) from metadata where row_key = {row}"
    );
    look(&test.store, &sql).unwrap()
}

fn a_new_name_is_in_every_value(test: &TestStore) {
    merge(&test.store, &twelve());
    rename(test, &schema(test, "weather"), "the \"sky\"", &[]);
    assert_eq!(schema(test, "the \"sky\"").kind, "CustomMetadataString");
    let value = values(test, 1);
    assert!(value.contains(r#""schema_name":"the \"sky\"","#) && value.contains(r#""value":"sunny day""#), "{value}");
    assert_eq!(change_seq(&test.store), 2);
    assert_eq!(rows_with(&test.store, "data_rows", 2), [1, 2, 9]);
    assert_eq!(rows_with(&test.store, "project_rows", 2), [1, 2]);
    assert_eq!(rows_with(&test.store, "run_rows", 2), [1, 2]);
    let column = look(&test.store, "select text_value from metadata where row_key = 1");
    assert_eq!(column.as_deref(), Some("sunny day"), "a text that is no option stays");
}

fn options_change_places(test: &TestStore) {
    merge(&test.store, &twelve());
    let sort = schema(test, "sort");
    let (night, fog) = (id("o", 1), id("o", 2));
    assert_eq!(sort.options, pairs(&[(&night, "night"), (&fog, "fog")]));
    rename(test, &sort, "sort", &[(&night, "fog"), (&fog, "night"), ("unheard of", "x")]);
    assert_eq!(schema(test, "sort").options, pairs(&[(&night, "fog"), (&fog, "night")]));
    let name = |id: &str, name: &str| format!(r#""schema_id":"{id}","schema_name":"{name}""#);
    let value = values(test, 8);
    assert!(value.contains(&name(&night, "fog")) && value.contains(&name(&fog, "night")), "{value}");
    let of_options = "select option_id || text_value from metadata where row_key = 8 order by part";
    let mut reader = test.store.reader().unwrap();
    let read = reader.list(of_options, &[], |row| row.text(0).unwrap()).unwrap();
    assert_eq!(read, [format!("{night}fog"), format!("{fog}night")]);
    assert_eq!(rows_with(&test.store, "data_rows", 2), [7, 8]);
}

fn a_deleted_schema_leaves_its_values(test: &TestStore) {
    merge(&test.store, &twelve());
    let (weather, before) = (schema(test, "weather"), values(test, 1));
    write(&test.store, move |connection| metadata::mark_deleted(connection, weather.key, now()));
    assert!(list(test).iter().all(|schema| schema.name != "weather"));
    assert_eq!(values(test, 1), before);
}

fn an_embedding_goes_with_its_vectors(test: &TestStore) {
    merge(&test.store, &twelve());
    let org_key = test.store.org_key();
    let embedding = Embedding { id: "e2".to_owned(), name: "ours".to_owned(), dimensions: 3, is_custom: true };
    let new = embedding.clone();
    write(&test.store, move |connection| embeddings::create(connection, org_key, &new, now()));
    let list = || peek(&test.store, |connection| embeddings::list(connection, org_key));
    let clip = Embedding { id: "e1".to_owned(), name: "clip".to_owned(), dimensions: 2, is_custom: false };
    assert_eq!(list(), [clip.clone(), embedding]);
    let delete = |id: &'static str| {
        write(&test.store, move |connection| {
            let change_seq = changes::next_change_seq(connection, org_key)?;
            embeddings::delete(connection, org_key, id, change_seq)
        })
    };
    let vectors = |id: &str| peek(&test.store, |connection| embeddings::count_vectors(connection, org_key, id));
    let put = |json: &'static str| {
        write(&test.store, move |connection| embeddings::put_vector(connection, org_key, 2, "e2", json));
        peek(&test.store, |connection| data_rows::list_embeddings(connection, 2))
    };
    assert_eq!((put("[1]"), put("[2]")), (vec!["[1]".to_owned()], vec!["[2]".to_owned()]));
    assert_eq!((vectors("e1"), vectors("e2"), vectors("e3")), (1, 1, 0));
    assert_eq!((delete("e2"), delete("e2")), (true, false));
    assert_eq!(list(), [clip]);
    assert_eq!(rows_with(&test.store, "data_rows", 2), [2]);
    assert_eq!(count(&test.store, "row_embeddings"), 1);
    assert!(delete("e1"));
    assert_eq!((count(&test.store, "row_embeddings"), key(&test.store, "select count(*) from embeddings")), (0, 0));
    assert_eq!(rows_with(&test.store, "data_rows", 4), [1]);
}
