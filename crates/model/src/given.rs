//! Arguments of a call, as JSON values: of the expected type, or refused by name.
//!
//! Null and absent are the same. A value of another type is never treated as absent: the call would silently be made
//! without it. An error says what the argument is called, what was given and what is expected.

use crate::problem::Problem;
use crate::quote::Quoted;
use serde_json::Value;

/// Returns a text; fails if it is absent.
pub fn text<'a>(name: &str, value: &'a Value) -> Result<&'a str, Problem> {
    value.as_str().ok_or_else(|| wrong(name, "a text", value))
}

/// Finds a text.
pub fn find_text<'a>(name: &str, value: &'a Value) -> Result<Option<&'a str>, Problem> {
    if value.is_null() { Ok(None) } else { text(name, value).map(Some) }
}

/// Finds a boolean; absent is false.
pub fn flag(name: &str, value: &Value) -> Result<bool, Problem> {
    match value {
        Value::Null => Ok(false),
        Value::Bool(is_so) => Ok(*is_so),
        other => Err(wrong(name, "true or false", other)),
    }
}

/// Returns the elements of a list; empty if it is absent.
pub fn list<'a>(name: &str, value: &'a Value) -> Result<&'a [Value], Problem> {
    match value {
        Value::Null => Ok(&[]),
        Value::Array(elements) => Ok(elements),
        other => Err(wrong(name, "a list", other)),
    }
}

/// Returns a list of texts; empty if it is absent.
pub fn texts(name: &str, value: &Value) -> Result<Vec<String>, Problem> {
    let read = |(index, element): (usize, &Value)| text(&format!("{name}[{index}]"), element).map(str::to_owned);
    list(name, value)?.iter().enumerate().map(read).collect()
}

/// Reports that a value is not what is expected.
pub fn wrong(name: &str, expected: &str, found: &Value) -> Problem {
    match found {
        Value::Null => Problem::malformed(format!("{name} is missing; give {expected}")),
        other => Problem::malformed(format!("{name} is {}; give {expected}", Quoted::new(&other.to_string()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::fmt::Debug;

    #[track_caller]
    fn check<T: Debug + PartialEq>(outcome: Result<T, Problem>, expect: Result<T, &str>) {
        match (outcome, expect) {
            (Ok(found), Ok(expect)) => assert_eq!(found, expect),
            (Err(problem), Err(message)) => assert_eq!(problem.message, message),
            (outcome, expect) => panic!("{outcome:?}, expected {expect:?}"),
        }
    }

    #[test]
    fn what_is_of_another_type_is_not_absent() {
        check(find_text("name", &json!("a")), Ok(Some("a")));
        check(find_text("name", &json!(null)), Ok(None));
        check(find_text("name", &json!(5)), Err("name is \"5\"; give a text"));
        check(text("name", &json!(null)), Err("name is missing; give a text"));
        check(flag("deleted", &json!(null)), Ok(false));
        check(flag("deleted", &json!(true)), Ok(true));
        check(flag("deleted", &json!("yes")), Err("deleted is \"\\\"yes\\\"\"; give true or false"));
        check(texts("ids", &json!(null)), Ok(Vec::new()));
        check(texts("ids", &json!(["a"])), Ok(vec!["a".to_owned()]));
        check(texts("ids", &json!("a")), Err("ids is \"\\\"a\\\"\"; give a list"));
        check(texts("ids", &json!(["a", {}])), Err("ids[1] is \"{}\"; give a text"));
        check(texts("ids", &json!([null])), Err("ids[0] is missing; give a text"));
    }
}
