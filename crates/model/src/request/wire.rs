//! The input of the SDK's export mutations, read into a request.
//!
//! The SDK sends the ids and the filters of a scope in one object, and dates with an operator and a zone. Every entry
//! that it can send corresponds to a filter of the request, so that an export means the same through every API.
//! Anything else is refused: if it were ignored, the result would have too many rows.

use super::filters::ExportFilters;
use super::{ExportRequest, Params, RequestError, Scope, ScopeKind};
use crate::filter::{Entry, IdList};
use crate::input::{Input, InputError, InputProblem};
use crate::quote::Quoted;
use crate::time::Zone;
use crate::workflow::WorkflowStatus;

/// What an export mutation requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WireExport {
    /// `taskName`, empty if the SDK sends none.
    pub task_name: String,
    /// Whether the SDK can read streams: versions that cannot do not send `isStreamableReady`.
    pub reads_streams: bool,
    /// The export.
    pub request: ExportRequest,
}

/// The entries of `searchQuery.query` by their `type`.
const ENTRIES: [&str; 8] = [
    "batch",
    "data_row_id",
    "data_row_last_activity_at",
    "dataset",
    "global_key",
    "labeled_at",
    "task_queue_not_exist",
    "task_queue_status",
];

impl WireExport {
    /// Reads the `input` of the mutation for a scope. Dates without a zone are read in `zone`.
    pub fn parse(text: &str, kind: ScopeKind, zone: &Zone) -> Result<Self, RequestError> {
        let document = Input::scan(text, "input")?;
        let input = Input::new(document.root(), "input");
        let given = input.get("filters")?;
        let id_key = match kind {
            ScopeKind::Project => Some("projectId"),
            ScopeKind::Slice => Some("sliceId"),
            ScopeKind::ModelRun => Some("modelRunId"),
            ScopeKind::Dataset | ScopeKind::Rows | ScopeKind::Catalog => None,
        };
        // A filter that is misspelt or not where it belongs would let every row through.
        let known: Vec<&str> = id_key.into_iter().chain(["searchQuery"]).collect();
        given.only(&known)?;
        let mut filters = ExportFilters::default();
        let mut dataset = None;
        if let Some(search) = given.find("searchQuery") {
            search.only(&["scope", "query"])?;
            if let Some(query) = search.find("query") {
                for entry in query.elements()? {
                    read_entry(&entry, zone, &mut filters, &mut dataset)?;
                }
            }
        }
        let id = || given.get(id_key.unwrap_or_default())?.filled_text();
        let scope = match kind {
            ScopeKind::Project => Scope::Project(id()?),
            ScopeKind::Slice => Scope::Slice(id()?),
            ScopeKind::ModelRun => Scope::ModelRun(id()?),
            ScopeKind::Dataset | ScopeKind::Rows | ScopeKind::Catalog => match dataset {
                Some(dataset) => Scope::Dataset(dataset),
                None => Scope::Catalog,
            },
        };
        let params = match input.find("params") {
            Some(params) => Params::read_wire(&params)?,
            None => Params::default(),
        };
        Ok(Self {
            task_name: input.find("taskName").map(|name| name.text()).transpose()?.unwrap_or_default().into_owned(),
            reads_streams: input.find("isStreamableReady").map(|flag| flag.boolean()).transpose()?.unwrap_or(false),
            request: ExportRequest {
                params: params.kept_for(scope.kind()),
                scope,
                filters,
                format: super::FormatChoice::default(),
                zone_name: zone.name().to_owned(),
                since: None,
            },
        })
    }
}

fn read_entry(
    input: &Input<'_>,
    zone: &Zone,
    filters: &mut ExportFilters,
    dataset: &mut Option<String>,
) -> Result<(), InputError> {
    let named = input.get("type")?;
    let kind = named.choose(|text| ENTRIES.into_iter().find(|known| *known == text), &ENTRIES)?;
    let entry = Entry::new(input.clone(), zone);
    let ids = || {
        let ids = entry.ids()?;
        IdList::new(ids).map_err(|error| {
            input.error(InputProblem::Count { count: error.count, limit: crate::filter::ID_LIST_LIMIT })
        })
    };
    let is_repeated = match kind {
        "batch" => filters.batch_ids.replace(ids()?).is_some(),
        "data_row_id" => filters.data_row_ids.replace(ids()?).is_some(),
        "global_key" => filters.global_keys.replace(ids()?).is_some(),
        "data_row_last_activity_at" => filters.last_activity_at.replace(entry.span()?).is_some(),
        "labeled_at" => filters.label_created_at.replace(entry.span()?).is_some(),
        "task_queue_not_exist" => filters.workflow_status.replace(WorkflowStatus::ToLabel).is_some(),
        "task_queue_status" => {
            let names = WorkflowStatus::ALL.map(WorkflowStatus::filter_name);
            let status = entry.get("status")?.choose(WorkflowStatus::parse_filter, &names)?;
            filters.workflow_status.replace(status).is_some()
        }
        _ => {
            let mut ids = ids()?.into_vec();
            let only = ids.pop().filter(|_| ids.is_empty());
            if only.is_none() {
                let found = Quoted::new("several datasets");
                return Err(input.error(InputProblem::NotAllowed { found, allowed: "one dataset".to_owned() }));
            }
            dataset.replace(only.unwrap_or_default()).is_some()
        }
    };
    if is_repeated {
        let found = Quoted::new(kind);
        let allowed = "each type once: entries combine by and".to_owned();
        return Err(named.error(InputProblem::NotAllowed { found, allowed }));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: ScopeKind, text: &str, expect: &str) {
        let outcome = match WireExport::parse(text, kind, &Zone::utc()) {
            Ok(export) => {
                let json = export.request.to_canonical_json();
                let start = json.find("\"scope\"").unwrap();
                format!("{} {} {}", export.task_name, export.reads_streams, &json[start..])
            }
            Err(error) => error.with_names(),
        };
        assert!(outcome.contains(expect), "{outcome}\nhas no\n{expect}");
    }

    #[test]
    fn scopes_come_from_ids() {
        let project = r#"{"taskName":"nightly","isStreamableReady":true,"filters":{"projectId":"p1",
            "searchQuery":{"scope":null,"query":[]}},"params":{"includeAttachments":true,"surprise":1}}"#;
        check(ScopeKind::Project, project, r#"nightly true "scope":{"kind":"project","id":"p1"}"#);
        check(ScopeKind::Project, project, r#""attachments":true"#);
        check(ScopeKind::Slice, r#"{"filters":{"sliceId":"s"}}"#, r#" false "scope":{"kind":"slice","id":"s"}"#);
        check(ScopeKind::ModelRun, r#"{"filters":{}}"#, "input.filters: the key modelRunId is missing");
        let catalog = |query: &str| format!(r#"{{"filters":{{"searchQuery":{{"query":[{query}]}}}}}}"#);
        check(ScopeKind::Catalog, &catalog(""), r#""scope":{"kind":"catalog"}"#);
        let dataset = catalog(r#"{"ids":["d1"],"operator":"is","type":"dataset"}"#);
        check(ScopeKind::Catalog, &dataset, r#""scope":{"kind":"dataset","id":"d1"}"#);
    }

    #[test]
    fn a_filter_in_a_place_that_nobody_reads_is_refused() {
        for (filters, place) in [
            (r#"{"projectId":"p","dataRowIds":["a"]}"#, "input.filters: the key \"dataRowIds\" is not known"),
            (r#"{"projectId":"p","sliceId":"s"}"#, "input.filters: the key \"sliceId\" is not known"),
            (
                r#"{"projectId":"p","searchQuery":{"filters":[]}}"#,
                "input.filters.searchQuery: the key \"filters\" is not known",
            ),
            (r#"{"projectId":"p","search_query":{}}"#, "input.filters: the key \"search_query\" is not known"),
        ] {
            check(ScopeKind::Project, &format!(r#"{{"filters":{filters}}}"#), place);
        }
    }

    #[test]
    fn every_entry_becomes_its_filter() {
        let project = |query: &str| format!(r#"{{"filters":{{"projectId":"p","searchQuery":{{"query":[{query}]}}}}}}"#);
        for (entry, expect) in [
            (r#"{"ids":["b","a"],"operator":"is","type":"batch"}"#, r#""batch_ids":["a","b"]"#),
            (r#"{"ids":["a"],"operator":"is","type":"data_row_id"}"#, r#""data_row_ids":["a"]"#),
            (r#"{"ids":["a"],"operator":"is","type":"global_key"}"#, r#""global_keys":["a"]"#),
            (r#"{"type":"task_queue_not_exist"}"#, r#""workflow_status":"ToLabel""#),
            (r#"{"type":"task_queue_status","status":"InReview"}"#, r#""workflow_status":"InReview""#),
            (
                r#"{"type":"labeled_at","value":{"operator":"BETWEEN","timezone":"UTC","value":{"min":"2025-01-01","max":"2025-01-02"}}}"#,
                r#""label_created_at":["2025-01-01T00:00:00.000+00:00","2025-01-02T23:59:59.999+00:00"]"#,
            ),
            (
                r#"{"type":"data_row_last_activity_at","value":{"operator":"GREATER_THAN_OR_EQUAL","timezone":"UTC","value":"2025-01-01T10:00:00+0000"}}"#,
                r#""last_activity_at":["2025-01-01T10:00:00.000+00:00",null]"#,
            ),
        ] {
            check(ScopeKind::Project, &project(entry), expect);
        }
        let twice = r#"{"type":"task_queue_not_exist"},{"type":"task_queue_status","status":"Done"}"#;
        check(ScopeKind::Project, &project(twice), "query[1].type: \"task_queue_status\" is not allowed here");
        check(ScopeKind::Project, &project(r#"{"type":"moon"}"#), "query[0].type: \"moon\" is not allowed here");
    }

    #[test]
    fn params_that_a_scope_does_not_have_are_dropped_as_the_vendor_does() {
        let text =
            r#"{"filters":{"modelRunId":"r"},"params":{"includeProjectDetails":true,"includePredictions":true}}"#;
        check(ScopeKind::ModelRun, text, r#""project_details":false"#);
        check(ScopeKind::ModelRun, text, r#""predictions":true"#);
    }
}
