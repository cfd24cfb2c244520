//! Statements in terms of blocks.
//!
//! Statements name rows by `row_key`. Citus finds the node that has a row by its block, and joins rows on one node only where their
//! blocks are compared. So a comparison of keys is given one of blocks, and an insert a block for each row.

use super::tables::{self, BLOCK, BLOCK_BITS};
use std::collections::HashMap;

/// The column that names a row.
const KEY: &str = "row_key";

/// Words after which a table is named.
const BEFORE_TABLES: &[&str] = &["from", "join", "into", "update"];

/// Words that follow a table that has no name of its own in a statement.
const AFTER_TABLES: &[&str] = &["where", "set", "on", "join", "left", "order", "group", "limit", "values", "union"];

/// Returns a statement with blocks.
pub(in crate::postgres) fn with_blocks(sql: &str) -> String {
    let sql = match sql.strip_prefix("insert into ") {
        Some(insert) => insert_with_blocks(insert).unwrap_or_else(|| sql.to_owned()),
        None => sql.to_owned(),
    };
    compare_blocks(&sql)
}

/// Returns the expression of the block of a row, given that of its key.
fn block_of(key: &str) -> String {
    format!("({key}::bigint >> {BLOCK_BITS})")
}

/// Adds the block to what a statement inserts as `values`; none where it needs no block.
fn insert_with_blocks(insert: &str) -> Option<String> {
    let (table, rest) = insert.split_once(" (")?;
    let (columns, rest) = rest.split_once(')')?;
    if !tables::is_by_block(table) {
        return None;
    }
    let at = columns.split(", ").position(|column| column == KEY)?;
    let values = rest.strip_prefix(" values (")?;
    let end = end_of_parenthesis(values)?;
    let (values, rest) = values.split_at(end);
    let key = split_outside(values).get(at).copied()?.trim();
    let rest = rest.replacen(&format!("on conflict ({KEY})"), &format!("on conflict ({BLOCK}, {KEY})"), 1);
    let rest = rest.replacen("on conflict (project_key, ", &format!("on conflict ({BLOCK}, project_key, "), 1);
    Some(format!("insert into {table} ({columns}, {BLOCK}) values ({values}, {}{rest}", block_of(key)))
}

/// Returns where the parenthesis ends that is open at the start.
fn end_of_parenthesis(text: &str) -> Option<usize> {
    let mut depth = 1;
    text.char_indices().find_map(|(at, letter)| {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        (depth == 0).then_some(at)
    })
}

/// Splits a list at its commas, apart from those in parentheses.
fn split_outside(list: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (at, letter) in list.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&list[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&list[start..]);
    parts
}

/// Gives every comparison of the keys of rows one of their blocks.
fn compare_blocks(sql: &str) -> String {
    let words = words(sql);
    // Which tables the names of a statement stand for.
    let mut by_block: HashMap<&str, bool> = HashMap::new();
    for (index, pair) in words.windows(2).enumerate() {
        if !BEFORE_TABLES.contains(&pair[0].0) {
            continue;
        }
        let table = pair[1].0;
        let name = words.get(index + 2).map(|(word, _)| *word);
        let named = name.filter(|name| !AFTER_TABLES.contains(name) && is_name(name));
        by_block.insert(named.unwrap_or(table), tables::is_by_block(table));
    }
    let mut out = String::with_capacity(sql.len() + 64);
    let mut copied = 0;
    let mut current = "";
    for (index, (word, at)) in words.iter().enumerate() {
        if index > 0 && BEFORE_TABLES.contains(&words[index - 1].0) {
            current = word;
        }
        let (qualifier, column) = column_of(word);
        let is_compared = column == KEY && words.get(index + 1).is_some_and(|(next, _)| *next == "=");
        let owner = if qualifier.is_empty() { current } else { qualifier };
        if !is_compared || !by_block.get(owner).copied().unwrap_or(false) {
            continue;
        }
        let Some((other, _)) = words.get(index + 2) else { continue };
        // What is computed from a key is not in the block of that key.
        let is_whole = words.get(index + 3).is_none_or(|(after, _)| *after == ")" || is_name(after));
        if !is_whole || (index > 0 && words[index - 1].0 == "not") {
            continue;
        }
        let block = match other.strip_suffix(&format!(".{KEY}")) {
            Some(other) if by_block.get(other).copied().unwrap_or(false) => format!("{other}.{BLOCK}"),
            None if other.starts_with('$') => block_of(other),
            _ => continue,
        };
        let dot = if qualifier.is_empty() { "" } else { "." };
        out.push_str(&sql[copied..*at]);
        out.push_str(&format!("{qualifier}{dot}{BLOCK} = {block} and "));
        copied = *at;
    }
    out.push_str(&sql[copied..]);
    out
}

/// Returns a statement about the rows of one block, which is the parameter after the others. It names those by a range or a list of
/// keys.
pub(in crate::postgres) fn in_block(sql: &str, params: usize) -> String {
    let sql = with_blocks(sql);
    let words = words(&sql);
    let is_named = |at: usize| {
        let next = |by: usize| words.get(at + by).map_or("", |(word, _)| *word);
        matches!((next(1), next(2)), ("between" | "in", _) | ("=", "any"))
    };
    let mut keys = words.iter().enumerate().filter(|(at, (word, _))| column_of(word).1 == KEY && is_named(*at));
    let Some((_, (word, at))) = keys.next() else { return sql.clone() };
    let (qualifier, _) = column_of(word);
    let dot = if qualifier.is_empty() { "" } else { "." };
    format!("{}{qualifier}{dot}{BLOCK} = ${}::bigint and {}", &sql[..*at], params + 1, &sql[*at..])
}

/// Returns whether a statement reads nothing but tables that are cut into blocks.
pub(in crate::postgres) fn is_within(sql: &str) -> bool {
    sql.starts_with("select ") && tables_of(&words(sql)).all(|(table, _)| tables::is_by_block(table))
}

/// Returns whether all tables of a statement have other names.
pub(in crate::postgres) fn are_named(sql: &str, names: &HashMap<String, String>) -> bool {
    tables_of(&words(sql)).all(|(table, _)| names.contains_key(table))
}

/// Returns a statement with other names for its tables.
pub(in crate::postgres) fn with_names(sql: &str, names: &HashMap<String, String>) -> String {
    let words = words(sql);
    let mut out = String::with_capacity(sql.len() + 64);
    let mut copied = 0;
    for (table, at) in tables_of(&words) {
        out.push_str(&sql[copied..at]);
        out.push_str(names.get(table).map_or(table, String::as_str));
        copied = at + table.len();
    }
    out.push_str(&sql[copied..]);
    out
}

/// Returns the tables that a statement names, and where.
fn tables_of<'a>(words: &'a [(&'a str, usize)]) -> impl Iterator<Item = (&'a str, usize)> {
    words.windows(2).filter(|pair| BEFORE_TABLES.contains(&pair[0].0) && pair[1].0 != "(").map(|pair| pair[1])
}

/// Returns what a column is qualified by, which may be nothing, and its name.
fn column_of(word: &str) -> (&str, &str) {
    word.rsplit_once('.').unwrap_or(("", word))
}

/// Returns the words of a statement and where each begins. Parentheses and commas are words of their own, and texts none.
fn words(sql: &str) -> Vec<(&str, usize)> {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.' | '$');
    let mut words = Vec::new();
    let mut rest = sql;
    while let Some(letter) = rest.chars().next() {
        let at = sql.len() - rest.len();
        let length = match letter {
            '\'' => 1 + rest[1..].find('\'').map_or(rest.len() - 1, |end| end + 1),
            _ if is_part(letter) => rest.find(|letter| !is_part(letter)).unwrap_or(rest.len()),
            _ => letter.len_utf8(),
        };
        if letter != '\'' && !letter.is_whitespace() {
            words.push((&sql[at..at + length], at));
        }
        rest = &rest[length..];
    }
    words
}

fn is_name(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_looked_for_in_its_block() {
        for (plain, expect) in [
            (
                "select head from data_rows where row_key = $1",
                "select head from data_rows where row_block = ($1::bigint >> 13) and row_key = $1",
            ),
            ("select row_key from row_ids where id = $1", "select row_key from row_ids where id = $1"),
            ("select 1 from labels where row_key = $1 + 1", "select 1 from labels where row_key = $1 + 1"),
            ("select 1 from labels where not row_key = $1", "select 1 from labels where not row_key = $1"),
            (
                "update labels set details = $1 where project_key = $2 and row_key = $3",
                "update labels set details = $1 where project_key = $2 and row_block = ($3::bigint >> 13) and row_key = $3",
            ),
            (
                "select l.id from project_rows r join labels l on l.project_key = r.project_key and l.row_key = r.row_key",
                "select l.id from project_rows r join labels l on l.project_key = r.project_key and \
                 l.row_block = r.row_block and l.row_key = r.row_key",
            ),
            (
                "select i.id from row_ids i where not exists (select 1 from data_rows r where r.row_key = i.row_key)",
                "select i.id from row_ids i where not exists (select 1 from data_rows r where r.row_key = i.row_key)",
            ),
        ] {
            assert_eq!(with_blocks(plain), expect);
        }
    }

    #[test]
    fn a_block_is_read_at_its_node() {
        let sql = "select row_key, json from attachments where row_key between $1 and $2 order by row_key, ordinal";
        let in_block = in_block(sql, 2);
        assert_eq!(
            in_block,
            "select row_key, json from attachments where row_block = $3::bigint and row_key between $1 and $2 \
             order by row_key, ordinal"
        );
        let names = HashMap::from([("attachments".to_owned(), "attachments_102008".to_owned())]);
        assert!(with_names(&in_block, &names).starts_with("select row_key, json from attachments_102008 where "));
        assert!(is_within(sql));
        assert!(!is_within("select row_key from row_ids where id = $1"));
        let sql = "select b.row_key from data_rows b where b.dataset_key in (select s.dataset_key from datasets s)";
        assert!(!is_within(sql));
    }

    #[test]
    fn an_insert_gets_a_block() {
        assert_eq!(
            with_blocks(
                "insert into assets (row_key, state) values ($1, $2) on conflict (row_key) do update set state = $2"
            ),
            "insert into assets (row_key, state, row_block) values ($1, $2, ($1::bigint >> 13)) \
             on conflict (row_block, row_key) do update set state = $2"
        );
        let plain = "insert into global_keys (org_key, global_key, row_key) values ($1, $2, $3)";
        assert_eq!(with_blocks(plain), plain);
    }
}
