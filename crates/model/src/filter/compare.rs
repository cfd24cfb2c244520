//! Comparisons with an operator in capitals: `{"operator":"BETWEEN","value":{"min":1,"max":2}}`.
//!
//! Dates and numbers are compared by the same operators. A date without a time means the whole day: greater is
//! after its last millisecond, less is before its first one, equal is in between.

use crate::input::{Input, InputError, InputProblem};
use crate::predicate::NumberRange;
use crate::time::{Span, Zone};
use std::ops::Bound;

/// The operators, as queries spell them.
pub(super) const OPERATORS: [&str; 6] =
    ["BETWEEN", "EQUAL", "GREATER_THAN", "GREATER_THAN_OR_EQUAL", "LESS_THAN", "LESS_THAN_OR_EQUAL"];

/// How a value compares to the one of a query.
#[derive(Clone, Copy)]
enum Relation {
    Between,
    Equal,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

/// Reads `operator`, `value` and optionally `timezone` of an object as a time range.
pub(super) fn span(holder: &Input<'_>, zone: &Zone) -> Result<Span, InputError> {
    let relation = relation(holder)?;
    let zone = match holder.find("timezone") {
        None => zone.clone(),
        Some(name) => Zone::parse(&name.text()?).map_err(|error| name.error(error))?,
    };
    let value = holder.get("value")?;
    if let Relation::Between = relation {
        value.only(&["min", "max"])?;
        let text = |key| value.find(key).map(|end| end.text()).transpose();
        let (min, max) = (text("min")?, text("max")?);
        return Span::parse(min.as_deref(), max.as_deref(), &zone).map_err(|error| value.error(error));
    }
    let text = value.text()?;
    let text = Some(text.as_ref());
    let named = match relation {
        Relation::GreaterOrEqual => Span::parse(text, None, &zone),
        Relation::LessOrEqual => Span::parse(None, text, &zone),
        _ => Span::parse(text, text, &zone),
    };
    let named = named.map_err(|error| value.error(error))?;
    Ok(match relation {
        Relation::Greater => Span { from: named.to.map(|to| to.plus_millis(1)), to: None },
        Relation::Less => Span { from: None, to: named.from.map(|from| from.plus_millis(-1)) },
        _ => named,
    })
}

/// Reads `operator` and `value` of an object as a range of numbers.
pub(super) fn numbers(holder: &Input<'_>) -> Result<NumberRange, InputError> {
    let relation = relation(holder)?;
    let value = holder.get("value")?;
    if let Relation::Between = relation {
        value.only(&["min", "max"])?;
        let (min, max) = (value.get("min")?.number()?, value.get("max")?.number()?);
        if min > max {
            return Err(value.error(InputProblem::Reversed));
        }
        return Ok(NumberRange { from: Bound::Included(min), to: Bound::Included(max) });
    }
    let number = value.number()?;
    let (from, to) = match relation {
        Relation::Greater => (Bound::Excluded(number), Bound::Unbounded),
        Relation::GreaterOrEqual => (Bound::Included(number), Bound::Unbounded),
        Relation::Less => (Bound::Unbounded, Bound::Excluded(number)),
        Relation::LessOrEqual => (Bound::Unbounded, Bound::Included(number)),
        Relation::Equal | Relation::Between => (Bound::Included(number), Bound::Included(number)),
    };
    Ok(NumberRange { from, to })
}

fn relation(holder: &Input<'_>) -> Result<Relation, InputError> {
    let find = |text: &str| match text {
        "BETWEEN" => Some(Relation::Between),
        "EQUAL" => Some(Relation::Equal),
        "GREATER_THAN" => Some(Relation::Greater),
        "GREATER_THAN_OR_EQUAL" => Some(Relation::GreaterOrEqual),
        "LESS_THAN" => Some(Relation::Less),
        "LESS_THAN_OR_EQUAL" => Some(Relation::LessOrEqual),
        _ => None,
    };
    holder.get("operator")?.choose(find, &OPERATORS)
}
