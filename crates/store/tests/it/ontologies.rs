//! Ontologies that were given: what they replace and what they refuse.

use crate::engines::{Contract, TestStore, hold, now};
use crate::rows::{BOAT, CAR, id, look, merge, twelve};
use labelport_model::id::OntologyId;
use labelport_store::merge::{Refusal, Verdict};
use labelport_store::ontologies::{self, GivenOntology, Imported, OntologyError};

const CONTRACTS: &[Contract] = &[
    ("a given ontology takes the place of a grown one", a_given_ontology_takes_the_place_of_a_grown_one),
    ("rows must fit a given ontology", rows_must_fit_a_given_ontology),
    ("what is no ontology changes nothing", what_is_no_ontology_changes_nothing),
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
        ("[]", "ontology: an array where"),
        (r#"{"tools":[],"classifications":null}"#, "classifications: null where"),
        (r#"{"tools":[{"featureSchemaId":"x"}],"classifications":[]}"#, "tools[0].featureSchemaId: \"x\" is no"),
    ] {
        let error = import(test, "broken", text).unwrap_err().to_string();
        assert!(error.starts_with(expect), "{error}");
    }
    assert_eq!(look(&test.store, "select name from ontologies").as_deref(), Some("vehicles"));
    assert_eq!(features(test), [id("f", BOAT)]);
}
