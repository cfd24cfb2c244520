//! Lists as the SDK asks for them: a filter over members, an order, a page.
//!
//! Pages are by number (`skip`, `first`) or by cursor (`after` or `from`, `first`). The lists here are of things that a
//! workspace has thousands of at most; rows and labels are paged in the store.

use super::argument::Arguments;
use super::schema::Node;
use labelport_model::given;
use labelport_model::problem::Problem;
use labelport_model::time::Timestamp;
use serde_json::{Value, json};
use std::cmp::Ordering;

/// How many a page has where nobody says.
pub(super) const PAGE: usize = 100;
/// The most that a page may have.
pub(super) const PAGE_LIMIT: usize = 10_000;

/// Returns whether an order is the requested one.
type Holds = fn(Ordering) -> bool;

/// The endings of keys that say how members are compared.
const OPERATORS: [(&str, Holds); 5] = [
    ("_not", Ordering::is_ne),
    ("_lte", Ordering::is_le),
    ("_gte", Ordering::is_ge),
    ("_lt", Ordering::is_lt),
    ("_gt", Ordering::is_gt),
];

/// Returns the page of a list that is asked for by number.
pub(super) fn page(nodes: Vec<Node>, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let mut kept = filtered(nodes, arguments.at("where"))?;
    if let Some(order) = arguments.find_text("orderBy")? {
        let (member, is_down) = match order.rsplit_once('_') {
            Some((member, "DESC")) => (member, true),
            Some((member, _)) => (member, false),
            None => (order, false),
        };
        if kept.first().is_some_and(|node| !node.contains_key(member)) {
            let message = format!("orderBy is {order:?}, and this list has no member {member:?} to be ordered by");
            return Err(Problem::malformed(message));
        }
        kept.sort_by(|one, next| compare(&one[member], &next[member]).unwrap_or(Ordering::Equal));
        if is_down {
            kept.reverse();
        }
    }
    let skip = arguments.count("skip", 0)?;
    let first = arguments.count("first", PAGE_LIMIT)?.min(PAGE_LIMIT);
    Ok(kept.into_iter().skip(skip).take(first).map(Value::Object).collect())
}

/// A page by cursor: its nodes, and the cursor of the next one, null at the end.
pub(super) struct Page {
    pub(super) nodes: Vec<Value>,
    pub(super) next: Value,
}

/// Returns the page of a list after a cursor. A cursor is the position after the last node given.
pub(super) fn page_by_cursor(nodes: Vec<Node>, arguments: &Arguments<'_>) -> Result<Page, Problem> {
    let cursor = arguments.find_cursor("after")?.or(arguments.find_cursor("from")?);
    let start = match cursor {
        None => 0,
        Some(cursor) => {
            cursor.parse().map_err(|_| Problem::malformed(format!("{cursor:?} is no cursor of this list")))?
        }
    };
    let first = arguments.count("first", PAGE)?.min(PAGE_LIMIT);
    let count = nodes.len();
    let nodes: Vec<Value> = nodes.into_iter().skip(start).take(first).map(Value::Object).collect();
    let end = start.saturating_add(nodes.len());
    Ok(Page { next: if end < count { json!(end.to_string()) } else { Value::Null }, nodes })
}

/// Keeps the nodes that a filter lets pass.
fn filtered(nodes: Vec<Node>, filter: &Value) -> Result<Vec<Node>, Problem> {
    if !matches!(filter, Value::Null | Value::Object(_)) {
        return Err(given::wrong("where", "an object", filter));
    }
    let mut kept = Vec::new();
    for node in nodes {
        if passes(&node, filter)? {
            kept.push(node);
        }
    }
    Ok(kept)
}

fn passes(node: &Node, filter: &Value) -> Result<bool, Problem> {
    for (key, wanted) in filter.as_object().into_iter().flatten() {
        let is_kept = match key.as_str() {
            "AND" => {
                let mut all = true;
                for part in given::list("where.AND", wanted)? {
                    all &= passes(node, part)?;
                }
                all
            }
            // What is deleted is not in any list.
            "deleted" => !given::flag("where.deleted", wanted)?,
            key => passes_member(node, key, wanted)?,
        };
        if !is_kept {
            return Ok(false);
        }
    }
    Ok(true)
}

fn passes_member(node: &Node, key: &str, wanted: &Value) -> Result<bool, Problem> {
    if let Some(found) = node.get(key) {
        return Ok(compare_with_wanted(found, &wanted_for(key, key, wanted)?) == Some(Ordering::Equal));
    }
    for (ending, holds) in OPERATORS {
        let Some(member) = key.strip_suffix(ending) else { continue };
        if let Some(found) = node.get(member) {
            return Ok(compare_with_wanted(found, &wanted_for(key, member, wanted)?).is_some_and(holds));
        }
    }
    Err(Problem::malformed(format!("where.{key} is no member by which this list can be filtered")))
}

/// Returns what a member is compared with; a date without a time or without a zone is one of UTC.
///
/// # Errors
/// If a date is compared with a text that is none: as texts, one would be before the other.
fn wanted_for(key: &str, member: &str, wanted: &Value) -> Result<Value, Problem> {
    let Some(text) = wanted.as_str().filter(|_| member.ends_with("At")) else { return Ok(wanted.clone()) };
    let forms = [text.to_owned(), format!("{text}T00:00:00Z"), format!("{}Z", text.replacen(' ', "T", 1))];
    match forms.into_iter().find(|form| Timestamp::parse_export(form).is_some()) {
        Some(form) => Ok(json!(form)),
        None => Err(Problem::malformed(format!("where.{key} is {text:?}; give a date such as 2025-03-01T09:30:00Z"))),
    }
}

/// Compares a member with what a filter wants. Texts are compared without regard to case, as the vendor does.
fn compare_with_wanted(found: &Value, wanted: &Value) -> Option<Ordering> {
    match (found, wanted) {
        (Value::String(one), Value::String(other)) if compare(found, wanted).is_some_and(Ordering::is_ne) => {
            compare(&json!(one.to_lowercase()), &json!(other.to_lowercase()))
        }
        _ => compare(found, wanted),
    }
}

/// Compares two values: dates as instants, numbers as numbers, texts as texts.
fn compare(one: &Value, other: &Value) -> Option<Ordering> {
    match (one, other) {
        (Value::String(one), Value::String(other)) => {
            match (Timestamp::parse_export(one), Timestamp::parse_export(other)) {
                (Some(one), Some(other)) => Some(one.cmp(&other)),
                _ => Some(one.cmp(other)),
            }
        }
        (Value::Number(one), Value::Number(other)) => one.as_f64()?.partial_cmp(&other.as_f64()?),
        _ => (one == other).then_some(Ordering::Equal),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes() -> Vec<Node> {
        let names = ["b", "a", "c"].into_iter().enumerate();
        names
            .map(|(index, name)| {
                let created = format!("2025-01-0{}T00:00:00.000Z", index + 1);
                match json!({ "name": name, "createdAt": created }) {
                    Value::Object(node) => node,
                    _ => unreachable!(),
                }
            })
            .collect()
    }

    #[track_caller]
    fn check(arguments: Value, expect: &[&str]) {
        let Value::Object(arguments) = arguments else { panic!() };
        let found = page(nodes(), &Arguments(&arguments)).unwrap();
        let names: Vec<&str> = found.as_array().unwrap().iter().map(|node| node["name"].as_str().unwrap()).collect();
        assert_eq!(names, expect);
    }

    #[test]
    fn lists_are_filtered_sorted_and_cut() {
        check(json!({}), &["b", "a", "c"]);
        check(json!({ "where": { "AND": [{ "name": "a" }, { "deleted": false }] } }), &["a"]);
        check(json!({ "where": { "name_not": "a" } }), &["b", "c"]);
        check(json!({ "where": { "name": "A" } }), &["a"]);
        check(json!({ "where": { "name_not": "A" } }), &["b", "c"]);
        check(json!({ "where": { "name_gt": "A" } }), &["b", "c"]);
        check(json!({ "where": { "createdAt_gte": "2025-01-02T00:00:00Z" } }), &["a", "c"]);
        check(json!({ "where": { "createdAt_lt": "2025-01-02T00:00:00Z" } }), &["b"]);
        check(json!({ "orderBy": "name_ASC", "skip": 1, "first": 1 }), &["b"]);
        check(json!({ "orderBy": "createdAt_DESC" }), &["c", "a", "b"]);
        check(json!({ "where": { "createdAt_gt": "2025-01-02" } }), &["c"]);
        check(json!({ "where": { "createdAt_lte": "2025-01-02 00:00:00" } }), &["b", "a"]);
    }

    #[test]
    fn a_list_is_not_filtered_or_ordered_by_what_it_does_not_have() {
        #[track_caller]
        fn refuse(arguments: &Value, expect: &str) {
            let problem = page(nodes(), &Arguments(arguments.as_object().unwrap())).unwrap_err();
            assert!(problem.message.contains(expect), "{}", problem.message);
        }
        refuse(&json!({ "where": { "moon": 1 } }), "where.moon");
        refuse(&json!({ "where": { "createdAt_gt": "soon" } }), "where.createdAt_gt is \"soon\"; give a date");
        refuse(&json!({ "where": { "createdAt": "soon" } }), "give a date");
        refuse(&json!({ "orderBy": "moon_ASC" }), "no member \"moon\"");
    }

    #[test]
    fn cursors_lead_to_the_end() {
        let mut names = Vec::new();
        let mut cursor = Value::Null;
        loop {
            let arguments = json!({ "after": cursor, "first": 2 });
            let page = page_by_cursor(nodes(), &Arguments(arguments.as_object().unwrap())).unwrap();
            names.extend(page.nodes.iter().map(|node| node["name"].clone()));
            cursor = page.next;
            if cursor.is_null() {
                break;
            }
        }
        assert_eq!(names, ["b", "a", "c"]);
    }
}
