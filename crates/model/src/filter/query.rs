//! Queries: entries joined by `and`, `or` and `not`.

use super::entry::Entry;
use super::id_list::sorted;
use super::{FILTERS, Filter};
use crate::input::{Input, InputError, InputProblem};
use crate::json::{Kind, Value, quote_into};
use crate::predicate::Predicate;
use crate::time::Zone;
use std::borrow::Cow;

/// How deep entries may be nested.
pub const DEPTH_LIMIT: usize = 32;

/// The maximum number of entries of one query. Databases limit the size of one expression; the smallest limit in use is
/// about 1,000 terms, and one entry can become two.
pub const ENTRY_LIMIT: usize = 400;

const CONNECTORS: [&str; 3] = ["and", "or", "not"];

/// Reads a query: an array of entries that all must hold, or one entry. Dates without a zone are read in `zone`.
///
/// Every row passes the empty array. Paths in errors begin with `filter`.
pub fn parse_query(text: &str, zone: &Zone) -> Result<Predicate, InputError> {
    let document = Input::scan(text, "filter")?;
    read_query(&Input::new(document.root(), "filter"), zone)
}

/// Reads a query that is part of a larger text, as [`parse_query`] does.
pub fn read_query(query: &Input<'_>, zone: &Zone) -> Result<Predicate, InputError> {
    read_with(query, zone, FILTERS)
}

/// Reads a query whose entries are of these filters.
pub(super) fn read_with(
    query: &Input<'_>,
    zone: &Zone,
    filters: &[&'static dyn Filter],
) -> Result<Predicate, InputError> {
    let mut reader = QueryParser { zone, filters, entries: 0 };
    if query.kind() == Kind::Array {
        let parts: Result<Vec<_>, _> = query.elements()?.into_iter().map(|entry| reader.entry(entry, 1)).collect();
        return Ok(Predicate::all(parts?));
    }
    reader.entry(query.clone(), 1)
}

/// Prints a query so that two spellings of one query become one text: compact, an array, keys and ids in order.
///
/// The order of entries is kept, since people chose it. A text that is not a query is an error.
pub fn canonical_query(text: &str) -> Result<String, InputError> {
    // The default zone decides what a date means, not whether it is one.
    parse_query(text, &Zone::utc())?;
    let document = Input::scan(text, "filter")?;
    let root = document.root();
    let mut out = Vec::with_capacity(text.len());
    if root.kind() == Kind::Array {
        write_value(root, &mut out);
    } else {
        out.push(b'[');
        write_value(root, &mut out);
        out.push(b']');
    }
    Ok(String::from_utf8_lossy(&out).into_owned())
}

struct QueryParser<'z> {
    zone: &'z Zone,
    filters: &'z [&'static dyn Filter],
    entries: usize,
}

impl QueryParser<'_> {
    fn entry(&mut self, input: Input<'_>, depth: usize) -> Result<Predicate, InputError> {
        if depth > DEPTH_LIMIT {
            return Err(input.error(InputProblem::TooDeep { limit: DEPTH_LIMIT }));
        }
        self.entries += 1;
        if self.entries > ENTRY_LIMIT {
            return Err(input.error(InputProblem::TooMany { limit: ENTRY_LIMIT }));
        }
        input.object()?;
        let Some(connector) = CONNECTORS.into_iter().find(|connector| input.value().get(connector).is_some()) else {
            return self.leaf(input);
        };
        input.only(&[connector])?;
        let inner = input.get(connector)?;
        match connector {
            "and" => Ok(Predicate::all(self.list(&inner, depth)?)),
            "or" => Ok(Predicate::any(self.list(&inner, depth)?)),
            _ => Ok(Predicate::negate(self.entry(inner, depth + 1)?)),
        }
    }

    fn list(&mut self, list: &Input<'_>, depth: usize) -> Result<Vec<Predicate>, InputError> {
        let entries = list.elements()?;
        if entries.is_empty() {
            // An empty `or` would match nothing and an empty `and` everything: too different to guess.
            return Err(list.error(InputProblem::Count { count: 0, limit: ENTRY_LIMIT }));
        }
        entries.into_iter().map(|entry| self.entry(entry, depth + 1)).collect()
    }

    fn leaf(&self, input: Input<'_>) -> Result<Predicate, InputError> {
        let kind = input.get("type")?;
        let find = |name: &str| self.filters.iter().copied().find(|filter| filter.name() == name);
        let names: Vec<&str> = self.filters.iter().map(|filter| filter.name()).collect();
        let filter: &dyn Filter = kind.choose(find, &names)?;
        filter.parse(&Entry { input, zone: self.zone })
    }
}

fn write_value(value: Value<'_>, out: &mut Vec<u8>) {
    match value.kind() {
        Kind::Object => {
            let mut members: Vec<_> = value.members().collect();
            members.sort_unstable_by_key(|(key, _)| *key);
            write_list(out, b"{}", members, |(key, value), out| {
                out.push(b'"');
                out.extend_from_slice(key.as_bytes());
                out.extend_from_slice(b"\":");
                let is_id_list = key == "ids" && value.kind() == Kind::Array;
                if is_id_list { write_ids(value, out) } else { write_value(value, out) }
            });
        }
        Kind::Array => write_list(out, b"[]", value.elements(), write_value),
        _ => out.extend_from_slice(value.raw().as_bytes()),
    }
}

fn write_ids(list: Value<'_>, out: &mut Vec<u8>) {
    let ids = sorted(list.elements().filter_map(Value::as_text).map(Cow::into_owned).collect());
    write_list(out, b"[]", ids, |id, out| quote_into(&id, out));
}

fn write_list<T>(
    out: &mut Vec<u8>,
    [open, close]: &[u8; 2],
    items: impl IntoIterator<Item = T>,
    write: impl Fn(T, &mut Vec<u8>),
) {
    out.push(*open);
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(item, out);
    }
    out.push(*close);
}
