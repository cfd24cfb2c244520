//! Names that nothing has: refused where a query is written, noticed where a saved query is run.

use crate::support::{Workspace, everything};
use labelport_engine::export::{self, ExportError};
use labelport_engine::manifest::Manifest;
use labelport_model::filter;
use labelport_model::request::Scope;
use labelport_model::time::Zone;
use labelport_samples::demo;

fn refused(workspace: &Workspace, query: &str) -> Option<String> {
    let query = filter::parse_query(query, &Zone::utc()).unwrap();
    let mut reader = workspace.store.reader().unwrap();
    export::check_query(&mut *reader, workspace.store.org_key(), &query).err().map(|error| error.to_string())
}

#[test]
fn a_query_that_names_what_is_not_there_is_refused_with_the_nearest_name() {
    let demo = demo();
    let workspace = Workspace::of(&demo.files);
    let (project, dataset, run) = (&demo.projects[0], &demo.datasets[0], &demo.runs[0]);
    let check = |query: String, expect: &str| {
        let found = refused(&workspace, &query);
        assert_eq!(found.as_deref(), (!expect.is_empty()).then_some(expect), "{query}");
    };
    let ids = |kind: &str, id: &str| format!(r#"{{"type":"{kind}","operator":"is","ids":["{id}"]}}"#);
    check(ids("dataset", &dataset.id), "");
    let named = format!(
        "there is no dataset with the id {:?}; the dataset named {0:?} has the id {:?}",
        dataset.name, dataset.id
    );
    check(ids("dataset", &dataset.name), &named);
    check(ids("labeled_in", &project.id), "");
    check(ids("labeled_in", "nothing like it"), "there is no project with the id \"nothing like it\"");
    check(ids("model_run", &run.id), "");
    let close = format!("{}x", run.id);
    let meant = format!("there is no model run with the id {close:?}; did you mean {:?}?", run.id);
    assert!(refused(&workspace, &ids("model_run", &close)).unwrap().starts_with(meant.trim_end_matches('?')));
    assert!(refused(&workspace, &ids("batch", "no batch")).unwrap().starts_with("there is no batch with the id"));

    let metadata = |schema: &str, value: &str| {
        format!(r#"{{"type":"metadata","schema":"{schema}","operator":"is","value":"{value}"}}"#)
    };
    check(metadata("season", "winter"), "");
    // Any text may be the value of a field that is not an enum.
    check(metadata("track", "anything"), "");
    check(metadata("sesaon", "winter"), "there is no metadata field \"sesaon\"; did you mean \"season\"?");
    check(
        metadata("season", "wintr"),
        "there is no option of the metadata field \"season\" called \"wintr\"; did you mean \"winter\"?",
    );
    // A value of another kind than the field's would match no row, whatever is in it.
    let compare = |schema: &str, operator: &str, value: &str| {
        format!(r#"{{"type":"metadata","schema":"{schema}","operator":"{operator}","value":{value}}}"#)
    };
    check(compare("rail_temperature_c", "LESS_THAN", "3"), "");
    check(compare("inspected_at", "LESS_THAN", "\"2025-03-01\""), "");
    check(
        compare("rail_temperature_c", "is", "\"3\""),
        "there is no metadata field of texts called \"rail_temperature_c\"; the field of that name is a CustomMetadataNumber",
    );
    check(
        compare("track", "EQUAL", "3"),
        "there is no metadata field of numbers called \"track\"; the field of that name is a CustomMetadataString",
    );
    check(
        compare("season", "LESS_THAN", "\"2025-03-01\""),
        "there is no metadata field of dates called \"season\"; the field of that name is a CustomMetadataEnum",
    );
    // Inside of other entries too, and each name once.
    let both =
        format!(r#"[{{"not":{}}},{{"or":[{},{}]}}]"#, metadata("a", "x"), metadata("a", "x"), ids("dataset", "b"));
    check(both, "there is no metadata field \"a\"; there is no dataset with the id \"b\"");
}

#[test]
fn features_are_known_by_name_or_id() {
    let workspace = Workspace::of(&demo().files);
    let exported = workspace.export_catalog();
    let feature = &exported.manifest.annotations[0];
    for name in [&feature.name, &feature.feature_schema_id] {
        assert_eq!(refused(&workspace, &format!(r#"{{"type":"annotation","operator":"is","ids":[{name:?}]}}"#)), None);
    }
    let wrong = format!(r#"{{"type":"annotation","operator":"is","ids":["{}s"]}}"#, feature.name);
    let found = refused(&workspace, &wrong).unwrap();
    assert!(found.starts_with(&format!("there is no feature \"{}s\"; did you mean", feature.name)), "{found}");
}

#[test]
fn a_saved_query_whose_names_are_gone_is_noticed_in_the_manifest() {
    let demo = demo();
    let workspace = Workspace::of(&demo.files);
    let query = r#"[{"not":{"type":"metadata","schema":"gone","operator":"exists"}}]"#;
    let slice = workspace.add_slice("what is gone", query);
    let exported = workspace.export(&everything(Scope::Slice(slice)));
    assert!(exported.manifest.digest.rows > 0);
    assert_eq!(exported.manifest.unknown_names, ["there is no metadata field \"gone\""]);
    let text = exported.manifest.to_json();
    assert_eq!(Manifest::from_json(text.as_bytes()).unwrap(), exported.manifest);
    let plain = workspace.export_catalog().manifest;
    assert_eq!(plain.unknown_names, Vec::<String>::new());
    assert!(!plain.to_json().contains("unknown_names"));
}

#[test]
fn a_scope_that_is_not_there_has_the_nearest_names() {
    let demo = demo();
    let workspace = Workspace::of(&demo.files);
    let project = demo.projects.iter().find(|project| project.name == "Rail flaw search").unwrap();
    let mut reader = workspace.store.reader().unwrap();
    let mut check = |name: &str| {
        let request = everything(Scope::Project(name.to_owned()));
        let error = export::check(&mut *reader, workspace.store.org_key(), &request).unwrap_err();
        match &error {
            ExportError::NotFound { nearest, .. } => (nearest.clone(), error.to_string()),
            other => panic!("{other:?}"),
        }
    };
    let (nearest, said) = check("rail flaw serch");
    assert_eq!(nearest.first(), Some(&project.name));
    assert!(said.ends_with("did you mean \"Rail flaw search\"?"), "{said}");
    let (nearest, said) = check("zzz");
    assert_eq!(nearest, Vec::<String>::new());
    assert!(said.ends_with("`labelport list` shows what there is"), "{said}");
}
