//! Rows by a metadata field.
//!
//! | operator | value | true of |
//! |---|---|---|
//! | `exists` | none | a field with any value |
//! | `is` | a text, or a list of texts | a text equal to one; an enum option with such a name or id |
//! | `starts_with`, `contains` | a text | a text like that |
//! | `EQUAL`, `LESS_THAN` …, `BETWEEN` | a number, or a date | a number, or a datetime, that compares so |
//!
//! A query does not know the kind of a field. The value says what is compared, and a field of another kind compares
//! false.

use super::Filter;
use super::compare;
use super::entry::Entry;
use crate::input::{Input, InputError};
use crate::json::Kind;
use crate::predicate::{Compare, Condition, Predicate};

/// The operators of texts and enum options. Those of numbers and dates are in [`compare`].
const TEXT_OPERATORS: [&str; 4] = ["contains", "exists", "is", "starts_with"];

pub(super) struct Metadata;

impl Filter for Metadata {
    fn name(&self) -> &'static str {
        "metadata"
    }

    fn summary(&self) -> &'static str {
        "Data rows whose metadata field compares so: by text, option, number or date."
    }

    fn example(&self) -> &'static str {
        r#"{"type":"metadata","schema":"captureDateTime","operator":"LESS_THAN","value":"2025-03-01"}"#
    }

    fn parse(&self, entry: &Entry<'_>) -> Result<Predicate, InputError> {
        let allowed: Vec<&str> = TEXT_OPERATORS.iter().chain(&compare::OPERATORS).copied().collect();
        let operator = entry.operator(&allowed)?;
        entry.only(match operator {
            "exists" => &["schema", "operator"],
            operator if TEXT_OPERATORS.contains(&operator) => &["schema", "operator", "value"],
            _ => &["schema", "operator", "value", "timezone"],
        })?;
        let schema = entry.get("schema")?.filled_text()?;
        let compare = match operator {
            "exists" => Compare::Exists,
            "is" => Compare::OneOf(texts(entry)?),
            "starts_with" => Compare::StartsWith(entry.get("value")?.filled_text()?),
            "contains" => Compare::Contains(entry.get("value")?.filled_text()?),
            _ if is_about_numbers(&entry.get("value")?) => Compare::Number(compare::numbers(&entry.input)?),
            _ => Compare::Time(compare::span(&entry.input, entry.zone)?),
        };
        Ok(Condition::Metadata { schema, compare }.into())
    }
}

fn texts(entry: &Entry<'_>) -> Result<Vec<String>, InputError> {
    let value = entry.get("value")?;
    if value.kind() == Kind::Array { entry.list("value") } else { Ok(vec![value.text()?.into_owned()]) }
}

fn is_about_numbers(value: &Input<'_>) -> bool {
    let is_number = |value: &Input<'_>| value.kind() == Kind::Number;
    is_number(value) || ["min", "max"].into_iter().filter_map(|end| value.find(end)).any(|end| is_number(&end))
}
