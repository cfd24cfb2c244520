//! Ontologies that were given: what they replace and what they refuse.

use crate::engines::{Contract, TestStore, hold, now};
use crate::rows::{BOAT, CAR, id, look, merge, peek, twelve, write};
use labelport_model::id::OntologyId;
use labelport_store::tables::ontologies::{self, Deletion, GivenOntology, Imported, OntologyError, SchemaNode};
use labelport_store::write::merge::{Refusal, Verdict};

const CONTRACTS: &[Contract] = &[
    ("a given ontology takes the place of a grown one", a_given_ontology_takes_the_place_of_a_grown_one),
    ("rows must fit a given ontology", rows_must_fit_a_given_ontology),
    ("what is no ontology changes nothing", what_is_no_ontology_changes_nothing),
    ("an ontology is described, deleted and given again", an_ontology_is_described_deleted_and_given_again),
    ("a node takes the place of one with its id", a_node_takes_the_place_of_one_with_its_id),
];

#[test]
fn contracts_of_ontologies() {
    hold(CONTRACTS);
}

fn import(test: &TestStore, name: &str, normalized: &str) -> Result<Imported, OntologyError> {
    let org_key = test.store.org_key();
    let (name, normalized) = (name.to_owned(), normalized.to_owned());
    let job = move |connection: &mut dyn labelport_store::Connection| {
        let id = OntologyId::parse(&id("y", 1)).unwrap();
        let given = GivenOntology { id: &id, name: &name, normalized: &normalized, now: now() };
        Ok(ontologies::import_given(connection, org_key, given))
    };
    test.store.write(job).unwrap()
}

fn with_tools(features: &[usize]) -> String {
    let tool = |feature: &usize| format!(r#"{{ "tool" : "rectangle", "featureSchemaId": "{}" }}"#, id("f", *feature));
    let tools: Vec<String> = features.iter().map(tool).collect();
    format!(r#"{{ "tools": [{}], "classifications": [], "é": 7.0 }}"#, tools.join(", "))
}

fn features(test: &TestStore) -> Vec<String> {
    let sql = "select f.schema_id from ontology_features f join ontologies o on o.ontology_key = f.ontology_key \
               where o.id = 'y000000000000000000000001' order by f.schema_id";
    test.store.reader().unwrap().list(sql, &[], |row| row.text(0).unwrap()).unwrap()
}

fn a_given_ontology_takes_the_place_of_a_grown_one(test: &TestStore) {
    merge(&test.store, &twelve());
    assert_eq!(features(test), [id("f", CAR), id("f", BOAT)], "it grows with its rows");
    let key: i64 =
        look(&test.store, "select ontology_key from projects order by project_key").unwrap().parse().unwrap();
    let imported = import(test, "vehicles", &with_tools(&[CAR, 3])).unwrap();
    assert_eq!(imported, Imported { ontology_key: key, features: 2, has_replaced: true });
    assert_eq!(features(test), [id("f", CAR), id("f", 3)]);
    let tool = |feature| format!(r#"{{"tool":"rectangle","featureSchemaId":"{}"}}"#, id("f", feature));
    let normal = |tools: &str| format!(r#"vehicles 1 {{"tools":[{tools}],"classifications":[],"\u00e9":7.0}}"#);
    let grown = look(&test.store, "select count(*) from ontologies where is_given = 0 and normalized is null");
    assert_eq!(grown.as_deref(), Some("1"), "the other project's ontology is as it was");
    let ours =
        || look(&test.store, "select name || ' ' || is_given || ' ' || normalized from ontologies where is_given = 1");
    assert_eq!(ours(), Some(normal(&format!("{},{}", tool(CAR), tool(3)))));
    let imported = import(test, "vehicles", &with_tools(&[BOAT])).unwrap();
    assert_eq!(imported, Imported { ontology_key: key, features: 1, has_replaced: true });
    assert_eq!(features(test), [id("f", BOAT)]);
    assert_eq!(ours(), Some(normal(&tool(BOAT))));
}

fn rows_must_fit_a_given_ontology(test: &TestStore) {
    assert!(!import(test, "vehicles", &with_tools(&[BOAT])).unwrap().has_replaced);
    let verdicts = merge(&test.store, &twelve());
    for (index, verdict) in verdicts.iter().enumerate() {
        // Rows 2 to 4 have a car in project 1; row 5 has one in project 2, whose ontology grows.
        let is_refused = (1..=3).contains(&index);
        assert_eq!(matches!(verdict, Verdict::Refused(_)), is_refused, "row {}: {verdict:?}", index + 1);
    }
    let expect = Refusal::UnknownFeature {
        project: id("j", 1),
        feature: "car".to_owned(),
        schema_id: id("f", CAR),
        ontology: id("y", 1),
    };
    assert_eq!(verdicts[1], Verdict::Refused(expect));
    assert_eq!(features(test), [id("f", BOAT)], "a given ontology does not grow");
    import(test, "vehicles", &with_tools(&[BOAT, CAR])).unwrap();
    let verdicts = merge(&test.store, &twelve());
    assert!(verdicts.iter().all(|verdict| !matches!(verdict, Verdict::Refused(_))), "{verdicts:?}");
}

fn what_is_no_ontology_changes_nothing(test: &TestStore) {
    import(test, "vehicles", &with_tools(&[BOAT])).unwrap();
    for (text, expect) in [
        ("[", "the ontology is not JSON"),
        ("[]", "ontology: expected an object, found an array"),
        (r#"{"tools":[],"classifications":null}"#, "classifications: expected an array, found null"),
        (r#"{"tools":[{"featureSchemaId":"x"}],"classifications":[]}"#, "tools[0].featureSchemaId: \"x\" is no"),
    ] {
        let error = import(test, "broken", text).unwrap_err().to_string();
        assert!(error.starts_with(expect), "{error}");
    }
    assert_eq!(look(&test.store, "select name from ontologies").as_deref(), Some("vehicles"));
    assert_eq!(features(test), [id("f", BOAT)]);
}

fn an_ontology_is_described_deleted_and_given_again(test: &TestStore) {
    merge(&test.store, &twelve());
    let org_key = test.store.org_key();
    let find = || peek(&test.store, |connection| ontologies::find(connection, org_key, &id("y", 1)));
    let key = find().unwrap().key;
    assert_eq!(find().unwrap().normalized, None, "it grew");
    let describe = |description: Option<&'static str>, media_type: Option<&'static str>| {
        write(&test.store, move |connection| ontologies::describe(connection, key, description, media_type));
        let found = find().unwrap();
        (found.description, found.media_type)
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(describe(Some("boats"), None), (some("boats"), None));
    assert_eq!(describe(None, Some("IMAGE")), (some("boats"), some("IMAGE")));
    let users =
        |feature| peek(&test.store, |connection| ontologies::count_users_of(connection, org_key, &id("f", feature)));
    assert_eq!((users(CAR), users(BOAT), users(9)), (2, 1, 0));
    assert_eq!(peek(&test.store, |connection| ontologies::list_projects(connection, key)), [id("j", 1)]);
    write(&test.store, move |connection| ontologies::mark_deleted(connection, key, now()));
    assert_eq!((find(), users(CAR)), (None, 1));
    assert_eq!(peek(&test.store, |connection| ontologies::find_by_key(connection, org_key, key)), None);
    let listed = peek(&test.store, |connection| ontologies::list(connection, org_key));
    assert_eq!(listed.into_iter().map(|each| each.id).collect::<Vec<_>>(), [id("y", 2)]);
    import(test, "vehicles", &with_tools(&[CAR])).unwrap();
    let found = find().unwrap();
    assert_eq!((found.key, found.name.as_str(), found.updated), (key, "vehicles", now()));
}

fn a_node_takes_the_place_of_one_with_its_id(test: &TestStore) {
    let org_key = test.store.org_key();
    let node = |id: &str, name: &str, is_tool| SchemaNode {
        id: id.to_owned(),
        name: name.to_owned(),
        is_tool,
        normalized: format!(r#"{{"name":"{name}"}}"#),
    };
    let put = |node: &SchemaNode, after| {
        let node = node.clone();
        write(&test.store, move |connection| {
            ontologies::put_node(connection, org_key, &node, now().plus_millis(after))
        });
    };
    let list = || peek(&test.store, |connection| ontologies::list_nodes(connection, org_key));
    put(&node("n2", "car", true), 0);
    put(&node("n1", "it's", false), 1);
    assert_eq!(list(), [node("n2", "car", true), node("n1", "it's", false)]);
    put(&node("n2", "boat", false), 2);
    assert_eq!(list(), [node("n2", "boat", false), node("n1", "it's", false)], "it keeps its age");
    let find = |id: &str| peek(&test.store, |connection| ontologies::find_node(connection, org_key, id));
    assert_eq!((find("n1"), find("n3")), (Some(node("n1", "it's", false)), None));
    let delete = |id: &'static str| {
        write(&test.store, move |connection| ontologies::delete_node(connection, org_key, id, now()))
    };
    let deletions = ["n1", "n1", "' or 1=1 --"].map(delete);
    assert_eq!(deletions, [Deletion::Done, Deletion::DoneBefore, Deletion::Unknown]);
    assert_eq!(find("n1"), None);
    assert_eq!(list(), [node("n2", "boat", false)]);
}
