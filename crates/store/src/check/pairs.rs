//! Checks of what leads to something in another table.
//!
//! On a cluster a look-up lies on another node than the row it leads to, and no statement compares the two. So entries are read in
//! portions, and what they lead to by lists; both sides name the pair in the same words.

use super::run::Findings;
use crate::engine::{Connection, Param, RowView, StoreError};
use crate::row_key::RowKey;
use std::collections::HashSet;
use std::ops::ControlFlow;

/// How many keys or entries are compared together.
const TOGETHER: usize = 8_192;

/// A table by which something is found by a text.
struct LookUp {
    /// Selects what can be looked up in a range of row keys: the text, the pair in words, the two texts that a message shows.
    things: &'static str,
    /// Selects the pairs of a list of texts.
    found: &'static str,
    /// What to say of a thing that is not found.
    missing: &'static str,
    /// Selects the entries after a text: the text, the key of the row, the pair.
    entries: &'static str,
    /// Selects the pairs of a list of rows.
    there: &'static str,
    /// What to say of an entry that leads nowhere.
    orphan: &'static str,
    /// Counts the entries.
    count: &'static str,
}

const LOOK_UPS: &[LookUp] = &[
    LookUp {
        things: "select r.id, r.row_key || ' ' || r.id, r.id, r.id from data_rows r where r.row_key between $1 and $2",
        found: "select row_key || ' ' || id from row_ids where id = any($1)",
        missing: "data row {0} is not in the look-up by id",
        entries: "select id, row_key, row_key || ' ' || id from row_ids where id > $1 order by id limit 8192",
        there: "select r.row_key || ' ' || r.id from data_rows r where r.row_key = any($1)",
        orphan: "the look-up by id knows data row {0}, which is not there",
        count: "select count(*) from row_ids",
    },
    LookUp {
        things: "select r.global_key, r.row_key || ' ' || r.org_key || ' ' || r.global_key, r.id, r.global_key \
                 from data_rows r where r.row_key between $1 and $2 and r.global_key is not null",
        found: "select row_key || ' ' || org_key || ' ' || global_key from global_keys where global_key = any($1)",
        missing: "data row {0} has the global key {1}, which is not in the look-up by global key",
        entries: "select global_key, row_key, row_key || ' ' || org_key || ' ' || global_key from global_keys \
                  where global_key > $1 order by global_key limit 8192",
        there: "select r.row_key || ' ' || r.org_key || ' ' || r.global_key from data_rows r where r.row_key = any($1)",
        orphan: "the look-up by global key knows {0}, which no data row has",
        count: "select count(*) from global_keys",
    },
    LookUp {
        things: "select l.id, l.row_key || ' ' || l.project_key || ' ' || l.id, l.id, r.id from data_rows r \
                 join project_rows p on p.row_key = r.row_key \
                 join labels l on l.project_key = p.project_key and l.row_key = p.row_key \
                 where r.row_key between $1 and $2",
        found: "select row_key || ' ' || project_key || ' ' || id from label_ids where id = any($1)",
        missing: "label {0} of data row {1} is not in the look-up by label id",
        entries: "select id, row_key, row_key || ' ' || project_key || ' ' || id from label_ids where id > $1 \
                  order by id limit 8192",
        there: "select l.row_key || ' ' || l.project_key || ' ' || l.id from project_rows p \
                join labels l on l.project_key = p.project_key and l.row_key = p.row_key where p.row_key = any($1)",
        orphan: "the look-up by label id knows label {0}, which is not there",
        count: "select count(*) from label_ids",
    },
];

pub(super) fn look_ups(connection: &mut dyn Connection, _: i64, found: &mut Findings) -> Result<(), StoreError> {
    LOOK_UPS.iter().try_for_each(|look_up| look_up.check(connection, found))
}

impl LookUp {
    fn check(&self, connection: &mut dyn Connection, found: &mut Findings) -> Result<(), StoreError> {
        let (things, missing) = self.find_missing(connection)?;
        let is_one_each = connection.count(self.count, &[])? == things;
        // Where each thing has an entry, and there are no more entries than things, each entry leads to a thing.
        if !is_one_each || !missing.is_empty() {
            self.find_orphans(connection, found)?;
        }
        found.extend(missing);
        Ok(())
    }

    /// Returns how many things there are, and those that are not found.
    fn find_missing(&self, connection: &mut dyn Connection) -> Result<(i64, Findings), StoreError> {
        let (mut count, mut missing) = (0, Findings::default());
        let sql = "select min(row_key), max(row_key) from data_rows";
        let bounds = connection.find(sql, &[], |row| row.int(0).zip(row.int(1)))?.flatten();
        let Some((first, last)) = bounds else { return Ok((0, missing)) };
        for start in (first..=last).step_by(TOGETHER) {
            let params = [start.into(), (start + TOGETHER as RowKey - 1).into()];
            let things = connection
                .list(self.things, &params, |row| (text(row, 0), text(row, 1), [text(row, 2), text(row, 3)]))?;
            count += things.len() as i64;
            let texts: Vec<String> = things.iter().map(|(text, ..)| text.clone()).collect();
            let known = pairs(connection, self.found, Param::Texts(&texts))?;
            for (_, _, shown) in things.iter().filter(|(_, pair, _)| !known.contains(pair)) {
                missing.add(|| self.missing.replace("{0}", &shown[0]).replace("{1}", &shown[1]));
            }
        }
        Ok((count, missing))
    }

    fn find_orphans(&self, connection: &mut dyn Connection, found: &mut Findings) -> Result<(), StoreError> {
        let mut after = String::new();
        // An entry may be of the empty text.
        let mut sql = self.entries.replacen("> $1", ">= $1", 1);
        loop {
            let entries = connection
                .list(&sql, &[(&after).into()], |row| (text(row, 0), row.int(1).unwrap_or(0), text(row, 2)))?;
            let Some((last, ..)) = entries.last() else { return Ok(()) };
            after.clone_from(last);
            sql = self.entries.to_owned();
            let keys: Vec<RowKey> = entries.iter().map(|(_, key, _)| *key).collect();
            let there = pairs(connection, self.there, Param::Ints(&keys))?;
            for (text, ..) in entries.iter().filter(|(_, _, pair)| !there.contains(pair)) {
                found.add(|| self.orphan.replace("{0}", text));
            }
        }
    }
}

/// Finds issues of rows that are not in the project.
pub(super) fn issues(connection: &mut dyn Connection, found: &mut Findings) -> Result<(), StoreError> {
    let sql = "select i.issue_key, i.row_key, i.row_key || ' ' || i.project_key, i.id from issues i \
               where i.issue_key > $1 order by i.issue_key limit 8192";
    let there = "select p.row_key || ' ' || p.project_key from project_rows p where p.row_key = any($1)";
    let mut after = i64::MIN;
    loop {
        let read = |row: &dyn RowView| (row.int(0).unwrap_or(0), row.int(1).unwrap_or(0), text(row, 2), text(row, 3));
        let issues = connection.list(sql, &[after.into()], read)?;
        let Some((last, ..)) = issues.last() else { return Ok(()) };
        after = *last;
        let keys: Vec<RowKey> = issues.iter().map(|(_, key, ..)| *key).collect();
        let there = pairs(connection, there, Param::Ints(&keys))?;
        for (.., id) in issues.iter().filter(|(_, _, pair, _)| !there.contains(pair)) {
            found.add(|| format!("issue {id} belongs to a project that its data row is not in"));
        }
    }
}

/// Returns the pairs of a list.
fn pairs(connection: &mut dyn Connection, sql: &str, list: Param<'_>) -> Result<HashSet<String>, StoreError> {
    let mut pairs = HashSet::new();
    connection.query(sql, &[list], &mut |row| {
        pairs.extend(row.text(0));
        ControlFlow::Continue(())
    })?;
    Ok(pairs)
}

fn text(row: &dyn RowView, column: usize) -> String {
    row.text(column).unwrap_or_default()
}
