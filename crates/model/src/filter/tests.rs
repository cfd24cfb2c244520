//! The filter table, what queries mean and how they are refused.

use super::*;
use crate::input::Input;
use crate::predicate::{Compare, Condition, NumberRange};
use crate::time::{Span, Timestamp, Zone};
use crate::workflow::{Split, WorkflowStatus};
use std::ops::Bound;

#[track_caller]
fn check(query: &str, expect: impl Into<Predicate>) {
    assert_eq!(parse_query(query, &Zone::utc()).unwrap(), expect.into(), "{query}");
}

#[track_caller]
fn check_refused(query: &str, expect: &str) {
    let error = parse_query(query, &Zone::utc()).unwrap_err().to_string();
    assert!(error.starts_with(expect), "{query}\n  {error}");
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn span(from: Option<&str>, to: Option<&str>) -> Span {
    let instant = |text: &str| Timestamp::parse_export(text).unwrap();
    Span { from: from.map(instant), to: to.map(instant) }
}

#[test]
fn every_filter_is_described_unique_and_in_order() {
    let names: Vec<&str> = FILTERS.iter().map(|filter| filter.name()).collect();
    assert!(names.is_sorted_by(|one, next| one < next), "{names:?}");
    for filter in FILTERS {
        let name = filter.name();
        assert!(filter.summary().ends_with('.'), "{name}: summary is not a sentence");
        assert!(filter.example().contains(&format!(r#""type":"{name}""#)), "{name}: example of another filter");
        let read = parse_query(filter.example(), &Zone::utc());
        assert!(matches!(read, Ok(Predicate::Test(_))), "{name}: {read:?}");
        let with_stranger = filter.example().replacen('{', r#"{"stranger":1,"#, 1);
        check_refused(&with_stranger, "filter: the key \"stranger\" is not known here; known keys: type");
    }
}

#[test]
fn lists_of_ids_are_sorted_and_unique() {
    check(r#"{"ids":["b","a","b"],"operator":"is","type":"data_row_id"}"#, Condition::DataRowIds(texts(&["a", "b"])));
    check(r#"[{"ids":["k"],"operator":"is","type":"global_key"}]"#, Condition::GlobalKeys(texts(&["k"])));
    check(r#"{"type":"batch","operator":"is","ids":["x"]}"#, Condition::Batches(texts(&["x"])));
    check(r#"{"type":"dataset","operator":"is","ids":["x"]}"#, Condition::Datasets(texts(&["x"])));
    check(r#"{"type":"labeled_in","operator":"is","ids":["x"]}"#, Condition::LabeledIn(texts(&["x"])));
    check(r#"{"type":"annotation","operator":"is","ids":["Car"]}"#, Condition::HasFeature(texts(&["Car"])));
}

#[test]
fn entries_join_by_and_or_and_not() {
    let done = || Predicate::from(Condition::Status(WorkflowStatus::Done));
    let to_label = || Predicate::from(Condition::Status(WorkflowStatus::ToLabel));
    let (done_text, to_label_text) =
        (r#"{"type":"task_queue_status","status":"Done"}"#, r#"{"type":"task_queue_not_exist"}"#);
    check("[]", Predicate::All(Vec::new()));
    check(&format!("[{done_text},{to_label_text}]"), Predicate::All(vec![done(), to_label()]));
    check(&format!(r#"[{{"and":[{done_text}]}},{to_label_text}]"#), Predicate::All(vec![done(), to_label()]));
    check(&format!(r#"{{"or":[{done_text},{to_label_text}]}}"#), Predicate::Any(vec![done(), to_label()]));
    check(&format!(r#"{{"not":{done_text}}}"#), Predicate::Not(Box::new(done())));
    check(&format!(r#"{{"not":{{"not":{done_text}}}}}"#), done());
}

#[test]
fn dates_are_read_in_the_zone_of_the_entry_else_of_the_caller() {
    let madrid = r#"{"type":"labeled_at","value":{"operator":"BETWEEN","timezone":"Europe/Madrid",
                     "value":{"min":"2025-03-01","max":"2025-03-30"}}}"#;
    let expect = span(Some("2025-02-28T23:00:00Z"), Some("2025-03-30T21:59:59.999Z"));
    check(madrid, Condition::LabelCreated(expect));
    let plain = r#"{"type":"data_row_created_at","value":{"operator":"EQUAL","value":"2025-03-01"}}"#;
    let tokyo = Zone::parse("Asia/Tokyo").unwrap();
    let expect = span(Some("2025-02-28T15:00:00Z"), Some("2025-03-01T14:59:59.999Z"));
    assert_eq!(parse_query(plain, &tokyo).unwrap(), Condition::Created(expect).into());
}

#[test]
fn a_day_is_whole_under_every_operator() {
    #[track_caller]
    fn check_operator(operator: &str, from: Option<&str>, to: Option<&str>) {
        let value = format!(r#"{{"operator":"{operator}","timezone":"UTC","value":"2025-03-01"}}"#);
        check(
            &format!(r#"{{"type":"data_row_last_activity_at","value":{value}}}"#),
            Condition::Activity(span(from, to)),
        );
    }
    check_operator("EQUAL", Some("2025-03-01T00:00:00Z"), Some("2025-03-01T23:59:59.999Z"));
    check_operator("GREATER_THAN", Some("2025-03-02T00:00:00Z"), None);
    check_operator("GREATER_THAN_OR_EQUAL", Some("2025-03-01T00:00:00Z"), None);
    check_operator("LESS_THAN", None, Some("2025-02-28T23:59:59.999Z"));
    check_operator("LESS_THAN_OR_EQUAL", None, Some("2025-03-01T23:59:59.999Z"));
}

#[test]
fn metadata_compares_by_the_kind_of_the_value() {
    #[track_caller]
    fn check_metadata(rest: &str, compare: Compare) {
        let schema = "tag".to_owned();
        check(&format!(r#"{{"type":"metadata","schema":"tag",{rest}}}"#), Condition::Metadata { schema, compare });
    }
    let range = |from, to| Compare::Number(NumberRange { from, to });
    check_metadata(r#""operator":"exists""#, Compare::Exists);
    check_metadata(r#""operator":"is","value":"night""#, Compare::OneOf(texts(&["night"])));
    check_metadata(r#""operator":"is","value":["b","a"]"#, Compare::OneOf(texts(&["a", "b"])));
    check_metadata(r#""operator":"starts_with","value":"ni""#, Compare::StartsWith("ni".to_owned()));
    check_metadata(r#""operator":"contains","value":"gh""#, Compare::Contains("gh".to_owned()));
    check_metadata(r#""operator":"EQUAL","value":7"#, range(Bound::Included(7.0), Bound::Included(7.0)));
    check_metadata(r#""operator":"LESS_THAN","value":7.5"#, range(Bound::Unbounded, Bound::Excluded(7.5)));
    check_metadata(r#""operator":"GREATER_THAN_OR_EQUAL","value":-1"#, range(Bound::Included(-1.0), Bound::Unbounded));
    check_metadata(
        r#""operator":"BETWEEN","value":{"min":1,"max":2}"#,
        range(Bound::Included(1.0), Bound::Included(2.0)),
    );
    check_metadata(
        r#""operator":"LESS_THAN","timezone":"Asia/Tokyo","value":"2025-03-01""#,
        Compare::Time(span(None, Some("2025-02-28T14:59:59.999Z"))),
    );
    check_metadata(
        r#""operator":"BETWEEN","value":{"min":"2025-03-01"}"#,
        Compare::Time(span(Some("2025-03-01T00:00:00Z"), None)),
    );
}

#[test]
fn prefixes_media_types_and_runs_are_read() {
    check(
        r#"{"type":"global_key","operator":"starts_with","value":"cam/"}"#,
        Condition::GlobalKeyPrefix("cam/".to_owned()),
    );
    check(
        r#"{"type":"external_id","operator":"starts_with","value":"a"}"#,
        Condition::ExternalIdPrefix("a".to_owned()),
    );
    check(
        r#"{"type":"media_type","operator":"is","values":["video","PDF","image","VIDEO"]}"#,
        Condition::DataTypes(texts(&["document", "image", "video"])),
    );
    check(
        r#"{"type":"model_run","operator":"is","ids":["r"],"split":"valid"}"#,
        Condition::InModelRun { runs: texts(&["r"]), split: Some(Split::Validation) },
    );
    check(
        r#"{"type":"model_run","operator":"is","ids":["r"]}"#,
        Condition::InModelRun { runs: texts(&["r"]), split: None },
    );
}

#[test]
fn refusals_name_the_place_and_the_remedy() {
    check_refused(
        r#"[{"type":"task_queue_not_exist"},{"type":"task_queue_not_exist"},
            {"or":[{"type":"labeled_at","value":{"operator":"BETWIXT","value":"2025-01-01"}}]}]"#,
        "filter[2].or[0].value.operator: \"BETWIXT\" is not allowed here; write one of: BETWEEN, EQUAL, GREATER_THAN",
    );
    check_refused(
        r#"[{"type":"lucky"}]"#,
        "filter[0].type: \"lucky\" is not allowed here; write one of: annotation, batch,",
    );
    check_refused("[{}]", "filter[0]: the key type is missing");
    check_refused("7", "filter: expected an object, found a number");
    check_refused("[[]]", "filter[0]: expected an object, found an array");
    check_refused(r#"{"or":[]}"#, "filter.or: 0 values in a list that holds 1 to 400");
    check_refused(
        r#"{"and":[{"type":"task_queue_not_exist"}],"type":"batch"}"#,
        "filter: the key \"type\" is not known here",
    );
    check_refused(r#"{"type":"batch","ids":["a"]}"#, "filter: the key operator is missing");
    check_refused(
        r#"{"type":"batch","operator":"is","ids":[]}"#,
        "filter.ids: 0 values in a list that holds 1 to 2000",
    );
    check_refused(
        r#"{"type":"batch","operator":"is","ids":["a",1]}"#,
        "filter.ids[1]: expected a string, found a number",
    );
    check_refused(
        r#"{"type":"batch","operator":"is not","ids":["a"]}"#,
        "filter.operator: \"is not\" is not allowed here; write one of: is",
    );
    check_refused(r#"{"type":"external_id","operator":"starts_with","value":""}"#, "filter.value: an empty text");
    check_refused(
        r#"{"type":"media_type","operator":"is","values":["smell"]}"#,
        "filter.values[0]: \"smell\" is not allowed here; write one of: audio,",
    );
    check_refused(
        r#"{"type":"task_queue_status","status":"Reviewing"}"#,
        "filter.status: \"Reviewing\" is not allowed here; write one of: ToLabel,",
    );
    check_refused(
        r#"{"type":"labeled_at","value":{"operator":"EQUAL","timezone":"Mars","value":"2025-01-01"}}"#,
        "filter.value.timezone: time zone \"Mars\" is not known",
    );
    check_refused(
        r#"{"type":"labeled_at","value":{"operator":"BETWEEN","value":{"min":"2025-02-30"}}}"#,
        "filter.value.value: start date \"2025-02-30\" is not a date",
    );
    check_refused(
        r#"{"type":"metadata","schema":"n","operator":"exists","value":1}"#,
        "filter: the key \"value\" is not known",
    );
    check_refused(
        r#"{"type":"metadata","schema":"n","operator":"EQUAL","value":1e999}"#,
        "filter.value: a number beyond",
    );
    check_refused(
        r#"{"type":"metadata","schema":"n","operator":"BETWEEN","value":{"min":2,"max":1}}"#,
        "filter.value: min is greater than max",
    );
}

#[test]
fn text_that_is_not_one_json_value_is_refused() {
    check_refused("", "filter: the text ends");
    check_refused("[] []", "filter: text after the end of the JSON value");
    check_refused(r#"{"type":"batch","type":"batch"}"#, "filter: the key \"type\" occurs twice");
}

#[test]
fn size_is_bounded() {
    let leaf = r#"{"type":"task_queue_not_exist"}"#;
    let nested = |depth: usize| format!("{}{leaf}{}", r#"{"not":"#.repeat(depth), "}".repeat(depth));
    assert!(parse_query(&nested(DEPTH_LIMIT - 1), &Zone::utc()).is_ok());
    let error = parse_query(&nested(DEPTH_LIMIT), &Zone::utc()).unwrap_err();
    assert!(error.to_string().ends_with("entries nested more than 32 deep; write the query flatter"), "{error}");
    let wide = |count: usize| format!("[{}]", vec![leaf; count].join(","));
    assert!(parse_query(&wide(ENTRY_LIMIT), &Zone::utc()).is_ok());
    check_refused(&wide(ENTRY_LIMIT + 1), "filter[400]: more than 400 entries in one query");
    let ids = |count: usize| {
        let ids: Vec<String> = (0..count).map(|id| format!("\"{id}\"")).collect();
        format!(r#"{{"type":"batch","operator":"is","ids":[{}]}}"#, ids.join(","))
    };
    assert!(parse_query(&ids(2_000), &Zone::utc()).is_ok());
    check_refused(&ids(2_001), "filter.ids: 2001 values in a list that holds 1 to 2000");
}

#[test]
fn two_spellings_of_a_query_print_as_one() {
    let expect = r#"[{"ids":["a","b"],"operator":"is","type":"batch"}]"#;
    for spelling in [
        r#"{"type":"batch","operator":"is","ids":["b","a"]}"#,
        r#"[ {"operator":"is", "ids":["a","b","a"], "type":"batch"} ]"#,
        expect,
    ] {
        assert_eq!(canonical_query(spelling).unwrap(), expect);
    }
    assert!(canonical_query(r#"{"type":"lucky"}"#).is_err());
}

/// A filter as CONTRIBUTING says how to add one: external ids begin in one of two ways.
struct EitherExternalId;

impl Filter for EitherExternalId {
    fn name(&self) -> &'static str {
        "either_external_id"
    }

    fn summary(&self) -> &'static str {
        "Rows whose external id begins in one of two ways."
    }

    fn example(&self) -> &'static str {
        r#"{"type":"either_external_id","first":"a","second":"b"}"#
    }

    fn parse(&self, entry: &Entry<'_>) -> Result<Predicate, InputError> {
        entry.input.only(&["type", "first", "second"])?;
        let id = |key| Ok::<_, InputError>(entry.input.get(key)?.text()?.into_owned());
        Ok(Predicate::any(vec![
            Condition::ExternalIdPrefix(id("first")?).into(),
            Condition::ExternalIdPrefix(id("second")?).into(),
        ]))
    }
}

#[test]
fn a_new_filter_is_one_type_and_one_line_in_a_table() {
    let filters: Vec<&'static dyn Filter> = FILTERS.iter().copied().chain([&EitherExternalId as _]).collect();
    let read = |text: &str| {
        let document = Input::scan(text, "filter").unwrap();
        super::query::read_with(&Input::new(document.root(), "filter"), &Zone::utc(), &filters)
    };
    let found = read(&format!("[{}]", EitherExternalId.example())).unwrap();
    let expected = [Condition::ExternalIdPrefix("a".to_owned()), Condition::ExternalIdPrefix("b".to_owned())];
    assert_eq!(found, Predicate::any(expected.map(Predicate::from).to_vec()));
    let error = read(r#"[{"type":"either_external_id","first":"a"}]"#).unwrap_err().to_string();
    assert!(error.contains("filter[0]") && error.contains("second is missing"), "{error}");
}
