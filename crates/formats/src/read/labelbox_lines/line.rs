//! Values of a line, read with a fault for what is wrong. `null` is the same as absent.

use super::error::{Fault, LineProblem};
use labelport_model::annotation::{Number, Range};
use labelport_model::json::{Kind, Value};
use labelport_model::quote::Quoted;

/// Returns a member that is there and not null.
pub(super) fn find<'v>(value: Value<'v>, key: &str) -> Option<Value<'v>> {
    value.get(key).filter(|member| member.kind() != Kind::Null)
}

/// Returns a member; fails where it is absent.
pub(super) fn get<'v>(value: Value<'v>, key: &'static str) -> Result<Value<'v>, Fault> {
    find(value, key).ok_or_else(|| Fault::at(value, LineProblem::Missing(key)))
}

/// Fails unless the value is an object.
pub(super) fn object(value: Value<'_>) -> Result<Value<'_>, Fault> {
    if value.kind() == Kind::Object { Ok(value) } else { Err(Fault::wrong_kind(value, "an object")) }
}

/// Returns a member that is an object.
pub(super) fn get_object<'v>(value: Value<'v>, key: &'static str) -> Result<Value<'v>, Fault> {
    object(get(value, key)?)
}

/// Returns the elements of an array.
pub(super) fn list(value: Value<'_>) -> Result<Vec<Value<'_>>, Fault> {
    if value.kind() == Kind::Array { Ok(value.elements().collect()) } else { Err(Fault::wrong_kind(value, "a list")) }
}

/// Returns the elements of a member that is an array with as many of them as there must be.
pub(super) fn get_list<'v>(
    value: Value<'v>,
    key: &'static str,
    what: &'static str,
    least: usize,
) -> Result<Vec<Value<'v>>, Fault> {
    let member = get(value, key)?;
    let elements = list(member)?;
    if elements.len() < least {
        return Err(Fault::at(member, LineProblem::TooFew { found: elements.len(), what, least }));
    }
    Ok(elements)
}

/// Returns the elements of a member that is an array; none where it is absent.
pub(super) fn find_list<'v>(value: Value<'v>, key: &str) -> Result<Vec<Value<'v>>, Fault> {
    find(value, key).map_or(Ok(Vec::new()), list)
}

/// Returns a text.
pub(super) fn text(value: Value<'_>) -> Result<String, Fault> {
    value.as_text().map(std::borrow::Cow::into_owned).ok_or_else(|| Fault::wrong_kind(value, "a string"))
}

/// Returns a member that is a text.
pub(super) fn get_text(value: Value<'_>, key: &'static str) -> Result<String, Fault> {
    text(get(value, key)?)
}

/// Returns a member that is a text, or nothing where it is absent.
pub(super) fn find_text(value: Value<'_>, key: &str) -> Result<Option<String>, Fault> {
    find(value, key).map(text).transpose()
}

/// Returns a number.
pub(super) fn number(value: Value<'_>) -> Result<f64, Fault> {
    let number = value.as_f64().ok_or_else(|| Fault::wrong_kind(value, "a number"))?;
    if number.is_finite() { Ok(number) } else { Err(Fault::at(value, LineProblem::NumberTooLarge)) }
}

/// Returns a member that is a number.
pub(super) fn get_number(value: Value<'_>, key: &'static str) -> Result<f64, Fault> {
    number(get(value, key)?)
}

/// Returns a whole number, which may be spelled with a fraction of zero.
pub(super) fn whole(value: Value<'_>) -> Result<i64, Fault> {
    // Floats hold every whole number up to this one.
    const LIMIT: f64 = 9_007_199_254_740_992.0;
    if let Some(whole) = value.as_i64() {
        return Ok(whole);
    }
    match number(value)? {
        float if float.fract() == 0.0 && float.abs() < LIMIT => Ok(float as i64),
        _ => Err(Fault::wrong_kind(value, "a whole number")),
    }
}

/// Returns a member that is a whole number.
pub(super) fn get_whole(value: Value<'_>, key: &'static str) -> Result<i64, Fault> {
    whole(get(value, key)?)
}

/// Returns a member that is a whole number and not before the first.
pub(super) fn get_from(value: Value<'_>, key: &'static str, first: i64) -> Result<i64, Fault> {
    let member = get(value, key)?;
    let found = whole(member)?;
    if found < first { Err(Fault::at(member, LineProblem::TooEarly { found, first })) } else { Ok(found) }
}

/// Reads `start` and `end`, both included.
pub(super) fn range(value: Value<'_>, first: i64) -> Result<Range, Fault> {
    let (start, end) = (get_from(object(value)?, "start", first)?, get_whole(value, "end")?);
    if start <= end { Ok((start, end)) } else { Err(Fault::at(value, LineProblem::Backwards { start, end })) }
}

/// Returns one of some words, written in any case.
pub(super) fn one_of<T: Copy>(value: Value<'_>, words: &[(&str, T)], allowed: &'static str) -> Result<T, Fault> {
    let found = text(value)?;
    let known = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(&found)).map(|(_, meaning)| *meaning);
    known.ok_or_else(|| Fault::at(value, LineProblem::NotAllowed { found: Quoted::new(&found), allowed }))
}

/// Returns a number of a geometry, printed as a float: a fraction stays as it was given, a whole number gets one of
/// zero.
pub(super) fn float(value: Value<'_>) -> Result<Number<'static>, Fault> {
    let number = number(value)?;
    let given = value.raw();
    let spelling = match given.contains(['e', 'E']) {
        true => None,
        false if given.contains('.') => Some(given.to_owned()),
        false => Some(format!("{given}.0")),
    };
    Ok(spelling.and_then(Number::spelled).unwrap_or_else(|| Number::new(number)))
}

/// Returns a member that is a number, printed as a float.
pub(super) fn get_float(value: Value<'_>, key: &'static str) -> Result<Number<'static>, Fault> {
    float(get(value, key)?)
}

/// Returns a computed number with the given number of decimals at most, printed as a float.
pub(super) fn computed(at: Value<'_>, number: f64, decimals: i32) -> Result<Number<'static>, Fault> {
    if !number.is_finite() {
        return Err(Fault::at(at, LineProblem::NumberTooLarge));
    }
    let scale = 10_f64.powi(decimals);
    let rounded = (number * scale).round() / scale;
    // Adding zero turns a negative zero into zero.
    Ok(Number::new(if rounded.is_finite() { rounded + 0.0 } else { number }))
}
