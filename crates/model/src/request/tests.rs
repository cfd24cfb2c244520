//! The tables of a request, what is refused, and the canonical form.

use super::*;
use crate::filter::{IdList, parse_query};
use crate::input::Input;
use crate::predicate::Predicate;
use crate::time::{Span, Timestamp, Zone};
use crate::workflow::WorkflowStatus;
use std::collections::BTreeSet;

const PROJECT: &str = r#"{"kind":"project","id":"p"}"#;
const DATASET: &str = r#"{"kind":"dataset","id":"d"}"#;
const ROWS: &str = r#"{"kind":"rows","data_row_ids":["b","a","b"]}"#;
const SLICE: &str = r#"{"kind":"slice","id":"s"}"#;
const MODEL_RUN: &str = r#"{"kind":"model-run","id":"r"}"#;
const CATALOG: &str = r#"{"kind":"catalog"}"#;

fn read(scope: &str, rest: &str) -> Result<ExportRequest, RequestError> {
    ExportRequest::from_json(&format!(r#"{{"scope":{scope}{rest}}}"#))
}

#[track_caller]
fn check_taken(scope: &str, rest: &str) {
    let request = read(scope, rest).unwrap();
    request.check().unwrap();
    let canonical = request.to_canonical_json();
    let again = ExportRequest::from_json(&canonical).unwrap();
    assert_eq!(again.to_canonical_json(), canonical);
    assert_eq!(again.filters, request.filters);
}

#[track_caller]
fn check_refused(scope: &str, rest: &str, expect: &str) {
    let error = read(scope, rest).and_then(|request| request.check()).unwrap_err();
    assert_eq!(error.to_string(), expect);
}

#[test]
fn every_option_is_described_and_unique() {
    let mut names = BTreeSet::new();
    let params = PARAMS.iter().map(|param| (param.option, param.summary, param.scopes));
    let filters = EXPORT_FILTERS.iter().map(|filter| (filter.option, filter.summary, filter.scopes));
    for (option, summary, scopes) in params.chain(filters) {
        assert!(names.insert(option.name), "{} is listed twice", option.name);
        assert_eq!(option.flag, format!("--{}", option.name.replace('_', "-")));
        assert!(summary.ends_with('.'), "{}: summary is not a sentence", option.name);
        assert!(!scopes.is_empty(), "{} applies nowhere", option.name);
    }
    let wire: BTreeSet<&str> = PARAMS.iter().map(|param| param.wire).collect();
    assert_eq!(wire.len(), PARAMS.len());
    for scope in SCOPES {
        assert_eq!(ScopeKind::find(scope.name), Some(scope.kind));
        assert_eq!(scope.kind.name(), scope.name);
        assert!(scope.summary.ends_with('.'));
    }
}

#[test]
fn options_apply_where_the_vendor_says() {
    let applies = |kind: ScopeKind| -> Vec<&str> {
        let params = PARAMS.iter().filter(|param| !param.scopes.contains(&kind)).map(|param| param.option.name);
        let filters = EXPORT_FILTERS.iter().filter(|filter| !filter.scopes.contains(&kind));
        params.chain(filters.map(|filter| filter.option.name)).collect()
    };
    let across = ["project_ids", "model_run_ids", "all_projects", "all_model_runs"];
    let with = |front: &[&'static str], back: &[&'static str]| [front, back].concat();
    assert_eq!(applies(ScopeKind::Project), with(&["predictions", "model_run_details"], &across));
    for kind in [ScopeKind::Dataset, ScopeKind::Catalog] {
        assert_eq!(applies(kind), ["model_run_details", "workflow_status", "batch_ids"]);
    }
    assert_eq!(applies(ScopeKind::Rows), ["predictions", "model_run_details", "workflow_status", "batch_ids"]);
    let filters: Vec<&str> = EXPORT_FILTERS.iter().map(|filter| filter.option.name).collect();
    assert_eq!(applies(ScopeKind::Slice), with(&["model_run_details"], &filters));
    let details = ["project_details", "label_details", "performance_details"];
    assert_eq!(applies(ScopeKind::ModelRun), with(&with(&details, &across), &filters));
}

#[test]
fn requests_survive_their_canonical_form() {
    check_taken(PROJECT, "");
    check_taken(CATALOG, r#","params":null,"filters":null,"zone":null"#);
    check_taken(ROWS, r#","params":{"all_projects":true,"media_type_override":"tms_geo"}"#);
    check_taken(SLICE, r#","params":{"predictions":true,"project_ids":["b","a"]}"#);
    check_taken(MODEL_RUN, r#","params":{"interpolated_frames":true,"model_run_details":true}"#);
    check_taken(DATASET, r#","filters":{"global_keys":["k"],"data_row_ids":["r"]}"#);
    check_taken(PROJECT, r#","filters":{"last_activity_at":[null,"2025-03-30"]},"zone":"Europe/Madrid""#);
    // Samoa had no 30 December in 2011, so this range is empty, and it must stay so.
    check_taken(PROJECT, r#","filters":{"label_created_at":["2011-12-30","2011-12-30"]},"zone":"Pacific/Apia""#);
    for scope in [PROJECT, DATASET, ROWS, SLICE, MODEL_RUN, CATALOG] {
        let mut request = read(scope, "").unwrap();
        request.params = Params::everything(request.scope.kind());
        request.check().unwrap();
        assert_eq!(ExportRequest::from_json(&request.to_canonical_json()).unwrap().params, request.params);
    }
}

#[test]
fn the_canonical_form_lists_everything_in_order() {
    let request = read(
        r#"{"kind":"rows","global_keys":["k2","k1"]}"#,
        r#","zone":"europe/madrid","params":{"model_run_ids":["z","a","z"],"embeddings":true},
           "filters":{"last_activity_at":["2025-03-01","None"],"data_row_ids":["r2","r1","r2"]}"#,
    );
    let expect = concat!(
        r#"{"version":1,"scope":{"kind":"rows","data_row_ids":null,"global_keys":["k1","k2"]},"#,
        r#""params":{"attachments":false,"metadata_fields":false,"embeddings":true,"data_row_details":false,"#,
        r#""project_details":false,"label_details":false,"performance_details":false,"interpolated_frames":false,"#,
        r#""predictions":false,"model_run_details":false,"project_ids":[],"model_run_ids":["a","z"],"#,
        r#""all_projects":false,"all_model_runs":false,"media_type_override":null},"#,
        r#""filters":{"last_activity_at":["2025-02-28T23:00:00.000+00:00",null],"label_created_at":null,"#,
        r#""workflow_status":null,"batch_ids":null,"global_keys":null,"data_row_ids":["r1","r2"]},"#,
        r#""zone":"Europe/Madrid"}"#,
    );
    assert_eq!(request.unwrap().to_canonical_json(), expect);
}

#[test]
fn options_out_of_scope_are_refused_with_the_scopes_where_they_apply() {
    check_refused(
        DATASET,
        r#","filters":{"workflow_status":"Done"}"#,
        "--workflow-status does not apply to a dataset export; it applies to: project",
    );
    check_refused(
        MODEL_RUN,
        r#","params":{"label_details":true}"#,
        "--label-details does not apply to a model-run export; it applies to: project, dataset, rows, slice, catalog",
    );
    check_refused(
        ROWS,
        r#","params":{"predictions":true}"#,
        "--predictions does not apply to a rows export; it applies to: dataset, slice, model-run, catalog",
    );
    check_refused(
        SLICE,
        r#","filters":{"global_keys":["k"]}"#,
        "--global-keys does not apply to a slice export; it applies to: project, dataset, rows, catalog",
    );
    let error = read(CATALOG, r#","filters":{"batch_ids":["b"]}"#).unwrap().check().unwrap_err();
    assert_eq!(error.with_names(), "batch_ids does not apply to a catalog export; it applies to: project");
    check_taken(DATASET, r#","params":{"model_run_details":false},"filters":{"workflow_status":null}"#);
}

#[test]
fn contradictions_and_sizes_are_refused() {
    let names = |count: usize| {
        let names: Vec<String> = (0..count).map(|name| format!("\"{name}\"")).collect();
        names.join(",")
    };
    check_refused(
        CATALOG,
        r#","params":{"all_projects":true,"project_ids":["p"]}"#,
        "--all-projects and --project-ids contradict each other; give one of them",
    );
    check_refused(
        CATALOG,
        r#","params":{"all_model_runs":true,"model_run_ids":["p"]}"#,
        "--all-model-runs and --model-run-ids contradict each other; give one of them",
    );
    let params = |count| format!(r#","params":{{"project_ids":[{}]}}"#, names(count));
    check_taken(CATALOG, &params(30));
    check_refused(CATALOG, &params(31), "--project-ids takes 1 to 30 values, not 31");
    let filters = |count| format!(r#","filters":{{"global_keys":[{}]}}"#, names(count));
    check_taken(CATALOG, &filters(2_000));
    check_refused(CATALOG, &filters(2_001), "--global-keys takes 1 to 2000 values, not 2001");
    check_refused(CATALOG, &filters(0), "--global-keys takes 1 to 2000 values, not 0");
    check_refused(
        r#"{"kind":"rows"}"#,
        "",
        "an export of chosen rows needs the rows: give --data-row-ids or --global-keys",
    );
    check_refused(
        r#"{"kind":"rows","global_keys":[]}"#,
        "",
        "--global-keys is an empty list; leave it out or name at least one",
    );
}

#[test]
fn anything_unknown_is_refused_with_its_path() {
    check_refused(
        PROJECT,
        r#","colour":1"#,
        "request: the key \"colour\" is not known here; known keys: version, scope, params, filters, format, zone, since",
    );
    check_refused(PROJECT, r#","version":2"#, "request.version: \"2\" is not allowed here; write one of: 1");
    check_refused(
        PROJECT,
        r#","params":{"attachments":"yes"}"#,
        "request.params.attachments: expected true or false, found a string",
    );
    check_refused(
        r#"{"kind":"planet"}"#,
        "",
        "request.scope.kind: \"planet\" is not allowed here; write one of: project, dataset, rows, slice, model-run, catalog",
    );
    check_refused(
        r#"{"kind":"catalog","id":"x"}"#,
        "",
        "request.scope: the key \"id\" is not known here; known keys: kind",
    );
    check_refused(r#"{"kind":"project"}"#, "", "request.scope: the key id is missing; add it");
    check_refused(
        PROJECT,
        r#","zone":"Mars""#,
        "request.zone: time zone \"Mars\" is not known; use an IANA name such as Europe/Madrid or UTC",
    );
    check_refused(
        PROJECT,
        r#","filters":{"workflow_status":"doen"}"#,
        "--workflow-status cannot be \"doen\"; give one of: ToLabel, InReview, InRework, Done",
    );
    check_refused(
        PROJECT,
        r#","filters":{"last_activity_at":["2025-01-01"]}"#,
        "--last-activity-at takes 2 values, not 1",
    );
    check_refused(
        PROJECT,
        r#","filters":{"last_activity_at":[null,null]}"#,
        "--last-activity-at: a range of dates needs at least one end; give a start, an end or both",
    );
    check_refused(
        PROJECT,
        r#","params":{"media_type_override":"POINT_CLOUD"}"#,
        "request.params.media_type_override: \"POINT_CLOUD\" is not allowed here; write one of: \
         AUDIO, CONVERSATIONAL, DICOM, PDF, TMS_GEO, TMS_SIMPLE, HTML, IMAGE, TEXT, VIDEO",
    );
}

#[test]
fn accepted_losses_are_part_of_a_request_in_their_order() {
    let format = r#","format":{"name":"yolo","accept":["b=reduced","*=left_out","b=reduced"]}"#;
    let request = ExportRequest::from_json(&format!(r#"{{"scope":{PROJECT}{format}}}"#)).unwrap();
    let canonical = request.to_canonical_json();
    assert!(canonical.contains(r#""format":{"name":"yolo","accept":["*=left_out","b=reduced"]}"#), "{canonical}");
    assert_eq!(ExportRequest::from_json(&canonical), Ok(request));
    check_refused(
        PROJECT,
        r#","format":{"name":"yolo","accept":["ImagePolygon=box"]}"#,
        "request.format.accept[0]: \"ImagePolygon=box\" is not allowed here; write one of: KIND=reduced, KIND=left_out; \
         KIND can be *",
    );
    check_refused(
        PROJECT,
        r#","format":{"name":"yolo","accept":"*=reduced"}"#,
        "request.format.accept: expected an array, found a string",
    );
}

#[test]
fn the_params_of_the_sdk_are_read_and_unknown_ones_ignored() {
    let text = r#"{"mediaTypeOverride":null,"includeAttachments":true,"includeEmbeddings":false,"includeLabels":true,
                   "projectIds":["b","a"],"modelRunIds":null,"allProjects":false}"#;
    let document = Input::scan(text, "params").unwrap();
    let params = Params::read_wire(&Input::new(document.root(), "params")).unwrap();
    let project_ids = vec!["a".to_owned(), "b".to_owned()];
    assert_eq!(params, Params { attachments: true, project_ids, ..Params::default() });
}

#[test]
fn export_filters_mean_what_the_entries_of_the_sdk_mean() {
    let list = |id: &str| IdList::new(vec![id.to_owned()]).ok();
    let span = |from: &str| Some(Span { from: Timestamp::parse_export(from), to: None });
    let filters = ExportFilters {
        last_activity_at: span("2025-03-01T00:00:00Z"),
        label_created_at: span("2025-03-02T00:00:00Z"),
        workflow_status: Some(WorkflowStatus::ToLabel),
        batch_ids: list("b"),
        global_keys: list("k"),
        data_row_ids: list("r"),
    };
    let query = r#"[
        {"type":"data_row_last_activity_at","value":{"operator":"GREATER_THAN_OR_EQUAL","timezone":"UTC","value":"2025-03-01"}},
        {"type":"labeled_at","value":{"operator":"GREATER_THAN_OR_EQUAL","timezone":"UTC","value":"2025-03-02T00:00:00+0000"}},
        {"type":"task_queue_not_exist"},
        {"ids":["b"],"operator":"is","type":"batch"},
        {"ids":["k"],"operator":"is","type":"global_key"},
        {"ids":["r"],"operator":"is","type":"data_row_id"}]"#;
    assert_eq!(filters.to_predicate(), parse_query(query, &Zone::utc()).unwrap());
    assert_eq!(ExportFilters::default().to_predicate(), Predicate::All(Vec::new()));
}
