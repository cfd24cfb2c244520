//! Conditions in SQL: a test for any row, and a look-up where an index gives the rows at once.
//!
//! A test is part of a statement whose rows are called `b`. It is never null: a fact that a row does not have makes it
//! false, so that `not` is its exact opposite.

use super::{Base, Statement, Value};
use labelport_model::predicate::{Compare, Condition, NumberRange, Predicate};
use labelport_model::time::{Span, Timestamp};
use labelport_model::workflow::Split;
use std::ops::Bound;

/// What conditions are about: whose rows, and which project's labels and states.
pub(super) struct Scoped {
    pub(super) org_key: i64,
    pub(super) base: Base,
}

impl Scoped {
    /// The project whose labels, batches and states count; all of them where it is none.
    fn project(&self) -> Option<i64> {
        match self.base {
            Base::Project(key) => Some(key),
            _ => None,
        }
    }
}

/// Appends a predicate as a condition in parentheses.
pub(super) fn push_predicate(statement: &mut Statement, scoped: &Scoped, predicate: &Predicate) {
    match predicate {
        Predicate::All(parts) => push_joined(statement, scoped, parts, " and ", "1 = 1"),
        Predicate::Any(parts) => push_joined(statement, scoped, parts, " or ", "1 = 0"),
        Predicate::Not(part) => {
            statement.push("(not ");
            push_predicate(statement, scoped, part);
            statement.push(")");
        }
        Predicate::Test(condition) => {
            statement.push("(");
            push_test(statement, scoped, condition);
            statement.push(")");
        }
    }
}

fn push_joined(statement: &mut Statement, scoped: &Scoped, parts: &[Predicate], word: &str, empty: &str) {
    statement.push("(");
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            statement.push(word);
        }
        push_predicate(statement, scoped, part);
    }
    if parts.is_empty() {
        statement.push(empty);
    }
    statement.push(")");
}

/// Appends a condition on the row `b`.
fn push_test(statement: &mut Statement, scoped: &Scoped, condition: &Condition) {
    match condition {
        Condition::DataRowIds(ids) => {
            statement.push("b.row_key in (select i.row_key from row_ids i where ");
            push_one_of(statement, "i.id", ids);
            statement.push(")");
        }
        Condition::GlobalKeys(keys) => {
            statement.push("b.row_key in (select g.row_key from global_keys g where g.org_key = ");
            statement.param(Value::Int(scoped.org_key));
            statement.push(" and ");
            push_one_of(statement, "g.global_key", keys);
            statement.push(")");
        }
        Condition::GlobalKeyPrefix(prefix) => {
            push_data_row(statement, |statement| push_prefix(statement, "d.global_key", prefix));
        }
        Condition::ExternalIdPrefix(prefix) => {
            push_data_row(statement, |statement| push_prefix(statement, "d.external_id", prefix));
        }
        Condition::Datasets(ids) => push_data_row(statement, |statement| {
            statement.push("d.dataset_key in (select s.dataset_key from datasets s where ");
            push_one_of(statement, "s.id", ids);
            statement.push(")");
        }),
        Condition::DataTypes(names) => push_data_row(statement, |statement| {
            push_one_of(statement, "d.data_type", names);
        }),
        Condition::Activity(span) => push_data_row(statement, |statement| push_span(statement, "d.activity_ms", span)),
        Condition::Created(span) => push_data_row(statement, |statement| push_span(statement, "d.created_ms", span)),
        Condition::Updated(span) => push_data_row(statement, |statement| push_span(statement, "d.updated_ms", span)),
        Condition::Batches(ids) => push_project_row(statement, scoped, |statement| push_batches(statement, ids)),
        Condition::Status(status) => push_project_row(statement, scoped, |statement| {
            statement.push("p.status = ");
            statement.param(Value::Int(i64::from(status.code())));
        }),
        Condition::LabelCreated(span) => {
            push_label(statement, scoped, |statement| push_span(statement, "l.created_ms", span));
        }
        Condition::LabeledIn(ids) => push_label(statement, scoped, |statement| {
            statement.push("l.project_key in (select j.project_key from projects j where ");
            push_one_of(statement, "j.id", ids);
            statement.push(")");
        }),
        Condition::HasFeature(names) => {
            statement.push("exists (select 1 from label_features f where f.row_key = b.row_key and ");
            push_features(statement, scoped, names);
            statement.push(")");
        }
        Condition::InModelRun { runs, split } => {
            statement.push("exists (select 1 from run_rows r where r.row_key = b.row_key and ");
            push_runs(statement, runs, *split);
            statement.push(")");
        }
        Condition::Metadata { schema, compare } => {
            statement.push("exists (select 1 from metadata m where m.row_key = b.row_key and ");
            push_schema(statement, scoped, schema);
            statement.push(" and ");
            push_compare(statement, compare);
            statement.push(")");
        }
    }
}

/// Returns the statement that finds a condition's rows through an index, if there is one.
///
/// It may find rows outside the base, and a row twice; it misses none.
pub(super) fn lookup(scoped: &Scoped, condition: &Condition) -> Option<Statement> {
    let mut statement = Statement::default();
    match condition {
        Condition::DataRowIds(ids) => {
            statement.push("select i.row_key from row_ids i where ");
            push_one_of(&mut statement, "i.id", ids);
        }
        Condition::GlobalKeys(keys) => {
            statement.push("select g.row_key from global_keys g where g.org_key = ");
            statement.param(Value::Int(scoped.org_key));
            statement.push(" and ");
            push_one_of(&mut statement, "g.global_key", keys);
        }
        Condition::GlobalKeyPrefix(prefix) => {
            statement.push("select d.row_key from global_keys d where d.org_key = ");
            statement.param(Value::Int(scoped.org_key));
            statement.push(" and ");
            push_prefix(&mut statement, "d.global_key", prefix);
        }
        Condition::ExternalIdPrefix(prefix) => {
            statement.push("select d.row_key from data_rows d where ");
            push_prefix(&mut statement, "d.external_id", prefix);
        }
        Condition::Activity(span) => {
            statement.push("select d.row_key from data_rows d where ");
            push_span(&mut statement, "d.activity_ms", span);
        }
        Condition::LabelCreated(span) => {
            statement.push("select l.row_key from labels l where ");
            push_span(&mut statement, "l.created_ms", span);
        }
        Condition::Batches(ids) => {
            statement.push("select p.row_key from project_rows p where ");
            push_batches(&mut statement, ids);
        }
        Condition::Status(status) => {
            statement.push("select p.row_key from project_rows p where p.project_key = ");
            statement.param(Value::Int(scoped.project()?));
            statement.push(" and p.status = ");
            statement.param(Value::Int(i64::from(status.code())));
        }
        Condition::HasFeature(names) => {
            statement.push("select f.row_key from label_features f where ");
            push_features(&mut statement, scoped, names);
        }
        Condition::InModelRun { runs, split } => {
            statement.push("select r.row_key from run_rows r where ");
            push_runs(&mut statement, runs, *split);
        }
        Condition::Metadata { schema, compare } => {
            statement.push("select m.row_key from metadata m where ");
            push_schema(&mut statement, scoped, schema);
            statement.push(" and ");
            push_compare(&mut statement, compare);
        }
        Condition::Datasets(_)
        | Condition::DataTypes(_)
        | Condition::Created(_)
        | Condition::Updated(_)
        | Condition::LabeledIn(_) => return None,
    }
    Some(statement)
}

/// Returns whether a condition holds for exactly the rows of the base that its look-up finds.
pub(super) fn is_settled(condition: &Condition) -> bool {
    matches!(condition, Condition::DataRowIds(_) | Condition::GlobalKeys(_))
}

fn push_data_row(statement: &mut Statement, condition: impl FnOnce(&mut Statement)) {
    statement.push("exists (select 1 from data_rows d where d.row_key = b.row_key and ");
    condition(statement);
    statement.push(")");
}

fn push_project_row(statement: &mut Statement, scoped: &Scoped, condition: impl FnOnce(&mut Statement)) {
    statement.push("exists (select 1 from project_rows p where p.row_key = b.row_key and ");
    if let Some(key) = scoped.project() {
        statement.push("p.project_key = ");
        statement.param(Value::Int(key));
        statement.push(" and ");
    }
    condition(statement);
    statement.push(")");
}

/// The key of labels begins with the project, so the projects of the row are named first.
fn push_label(statement: &mut Statement, scoped: &Scoped, condition: impl FnOnce(&mut Statement)) {
    statement.push("exists (select 1 from project_rows p join labels l on l.project_key = p.project_key ");
    statement.push("and l.row_key = p.row_key where p.row_key = b.row_key and ");
    if let Some(key) = scoped.project() {
        statement.push("p.project_key = ");
        statement.param(Value::Int(key));
        statement.push(" and ");
    }
    condition(statement);
    statement.push(")");
}

fn push_batches(statement: &mut Statement, ids: &[String]) {
    statement.push("p.batch_key in (select a.batch_key from batches a where ");
    push_one_of(statement, "a.id", ids);
    statement.push(")");
}

fn push_features(statement: &mut Statement, scoped: &Scoped, names: &[String]) {
    if let Some(key) = scoped.project() {
        statement.push("f.project_key = ");
        statement.param(Value::Int(key));
        statement.push(" and ");
    }
    statement.push("f.feature_key in (select s.feature_key from feature_schemas s where s.org_key = ");
    statement.param(Value::Int(scoped.org_key));
    statement.push(" and (");
    push_one_of(statement, "s.schema_id", names);
    statement.push(" or ");
    // Names are stored as they are in JSON.
    let escaped: Vec<String> = names.iter().map(|name| escaped(name)).collect();
    push_one_of(statement, "s.name", &escaped);
    statement.push("))");
}

fn escaped(text: &str) -> String {
    let mut json = Vec::new();
    labelport_model::json::quote_into(text, &mut json);
    String::from_utf8_lossy(&json[1..json.len() - 1]).into_owned()
}

fn push_runs(statement: &mut Statement, runs: &[String], split: Option<Split>) {
    statement.push("r.run_key in (select u.run_key from model_runs u where ");
    push_one_of(statement, "u.id", runs);
    statement.push(")");
    if let Some(split) = split {
        statement.push(" and r.split = ");
        statement.param(Value::Int(i64::from(split.code())));
    }
}

fn push_schema(statement: &mut Statement, scoped: &Scoped, schema: &str) {
    statement.push("m.schema_key in (select s.schema_key from metadata_schemas s where s.org_key = ");
    statement.param(Value::Int(scoped.org_key));
    statement.push(" and (s.id = ");
    statement.param(Value::Text(schema.to_owned()));
    statement.push(" or s.name = ");
    statement.param(Value::Text(schema.to_owned()));
    statement.push("))");
}

/// Appends what a metadata value must be; never null.
fn push_compare(statement: &mut Statement, compare: &Compare) {
    match compare {
        Compare::Exists => statement.push("m.json is not null"),
        Compare::OneOf(texts) => {
            statement.push("(");
            push_one_of(statement, "coalesce(m.text_value, '')", texts);
            statement.push(" and m.text_value is not null or ");
            push_one_of(statement, "coalesce(m.option_id, '')", texts);
            statement.push(" and m.option_id is not null)");
        }
        // The name of an option is stored among the texts, and is not one.
        Compare::StartsWith(prefix) => {
            statement.push("m.option_id is null and ");
            push_prefix(statement, "m.text_value", prefix);
        }
        // `like` ignores case on some engines; what a removal changes held the part, on all of them.
        Compare::Contains(part) if !part.is_empty() => {
            statement.push("m.option_id is null and m.text_value is not null and replace(m.text_value, ");
            statement.param(Value::Text(part.clone()));
            statement.push(", '') <> m.text_value");
        }
        Compare::Contains(_) => statement.push("m.option_id is null and m.text_value is not null"),
        Compare::Number(range) => push_number(statement, range),
        Compare::Time(span) => push_span(statement, "m.time_ms", span),
    }
}

fn push_number(statement: &mut Statement, range: &NumberRange) {
    statement.push("m.number_value is not null");
    for (bound, included, excluded) in [(range.from, " >= ", " > "), (range.to, " <= ", " < ")] {
        let (operator, number) = match bound {
            Bound::Included(number) => (included, number),
            Bound::Excluded(number) => (excluded, number),
            Bound::Unbounded => continue,
        };
        statement.push(" and m.number_value");
        statement.push(operator);
        statement.param(Value::Real(number));
    }
}

fn push_span(statement: &mut Statement, column: &str, span: &Span) {
    statement.push(column);
    statement.push(" is not null");
    for (end, operator) in [(span.from, " >= "), (span.to, " <= ")] {
        if let Some(time) = end {
            statement.push(" and ");
            statement.push(column);
            statement.push(operator);
            statement.param(Value::Int(Timestamp::as_millis(time)));
        }
    }
}

/// Appends a test for texts that begin with a prefix, as a range that an index serves. The index of an engine that takes no
/// long texts has their beginnings, so these are tested, too.
fn push_prefix(statement: &mut Statement, column: &str, prefix: &str) {
    statement.push(&format!("{column} is not null and {column} >= "));
    statement.param(Value::Text(prefix.to_owned()));
    let beginning: String = prefix.chars().take(INDEXED).collect();
    statement.push(&format!(" and substr({column}, 1, {INDEXED}) >= "));
    statement.param(Value::Text(beginning.clone()));
    for (tested, end) in [
        (column.to_owned(), after_prefix(prefix)),
        (format!("substr({column}, 1, {INDEXED})"), after_prefix(&beginning)),
    ] {
        if let Some(end) = end {
            statement.push(&format!(" and {tested} < "));
            statement.param(Value::Text(end));
        }
    }
}

/// How many characters of a long text an index has.
const INDEXED: usize = 200;

/// Returns the first text after all that begin with a prefix; none where every greater text does.
fn after_prefix(prefix: &str) -> Option<String> {
    let mut characters: Vec<char> = prefix.chars().collect();
    while let Some(last) = characters.pop() {
        // The next character in byte order; the gap of the surrogates holds none.
        let next = match last {
            '\u{d7ff}' => Some('\u{e000}'),
            last => char::from_u32(last as u32 + 1),
        };
        if let Some(next) = next {
            characters.push(next);
            return Some(characters.into_iter().collect());
        }
    }
    None
}

/// Appends that a column is one of a list.
fn push_one_of(statement: &mut Statement, column: &str, texts: &[String]) {
    statement.push(column);
    statement.push(" = any(");
    statement.param(Value::Texts(texts.to_vec()));
    statement.push(")");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_prefix_is_the_next_text() {
        assert_eq!(after_prefix("cam-"), Some("cam.".to_owned()));
        assert_eq!(after_prefix("a\u{d7ff}"), Some("a\u{e000}".to_owned()));
        assert_eq!(after_prefix("a\u{10ffff}"), Some("b".to_owned()));
        assert_eq!(after_prefix("\u{10ffff}"), None);
        assert_eq!(after_prefix(""), None);
    }
}
