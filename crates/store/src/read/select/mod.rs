//! Which rows an export has: keys of data rows, ascending, under a predicate.
//!
//! A selective condition (ids, dates, status, batch, slice terms) is looked up in its index first: if it leaves few rows,
//! those keys are the *candidates* and nothing else is looked at, so the cost grows with the rows kept and not with the
//! rows held. Otherwise key ranges are walked and every row is tested. Both ways end in the same statement, without the
//! condition that gave the candidates where those are exactly its rows, so what is selected never depends on the way.
//!
//! # Adding a condition
//! A variant of `Condition` in the model; its test, and its look-up if an index serves it, in `condition`.

mod condition;

use crate::engine::{Connection, Param, RowView, StoreError};
use crate::row_key::{KeyRun, RowKey, together};
use condition::Scoped;
use labelport_model::predicate::Predicate;
use std::collections::HashSet;
use std::fmt::Write as _;
use std::ops::RangeInclusive;

/// The rows among which a predicate selects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Base {
    /// Every data row of the organization.
    Catalog,
    /// The rows of a dataset.
    Dataset(i64),
    /// The rows of a model run.
    ModelRun(i64),
    /// The rows of a project.
    Project(i64),
}

/// A selection that can be read range by range.
#[derive(Debug, Clone)]
pub struct Selection {
    statement: Statement,
    /// The candidates, and the statement for them.
    candidates: Option<(Vec<RowKey>, Statement)>,
    /// Conditions, by their place, that list rows, and how many there are of them.
    listed: Vec<(usize, usize)>,
    bounds: RangeInclusive<RowKey>,
    /// The only keys that are looked at, where they are not all; ascending runs.
    within: Option<Vec<KeyRun>>,
}

/// The most candidates that are taken from an index.
const CANDIDATE_LIMIT: usize = 65_536;
/// How many rows an export reads as one job, at least.
const RANGE_ROWS: RowKey = 1_024;
/// How many candidates it reads as one job. They are far apart: the pages of so many stay in the cache of a reader from being
/// selected until they are put together.
const CANDIDATES_TOGETHER: usize = 32;
/// How many rows it reads as one job where they become very large.
const LARGE_ROWS_TOGETHER: RowKey = 16;
/// How many ranges an export has at most; a larger workspace has longer ranges.
const RANGES_LIMIT: RowKey = 65_536;

/// A part of a selection: one job of an export.
#[derive(Debug, Clone)]
pub enum Part {
    /// Every selected row in this range of keys.
    Range(RangeInclusive<RowKey>),
    /// Those of these candidates that are selected.
    Candidates {
        /// Their keys, ascending.
        keys: Vec<RowKey>,
        /// Whether the condition that gave them holds for each of them.
        are_settled: bool,
    },
}

/// A text with its parameters, numbered in the order in which they appear.
#[derive(Debug, Clone, Default)]
struct Statement {
    sql: String,
    params: Vec<Value>,
}

#[derive(Debug, Clone)]
enum Value {
    Int(i64),
    Real(f64),
    Text(String),
    Texts(Vec<String>),
}

impl Statement {
    fn push(&mut self, sql: &str) {
        self.sql.push_str(sql);
    }

    fn param(&mut self, value: Value) {
        self.params.push(value);
        // Writing to a string cannot fail.
        let _ = write!(self.sql, "${}", self.params.len());
    }

    fn params(&self) -> Vec<Param<'_>> {
        let param = |value| match value {
            &Value::Int(number) => Param::Int(number),
            &Value::Real(number) => Param::Real(number),
            Value::Text(text) => Param::Text(text),
            Value::Texts(texts) => Param::Texts(texts),
        };
        self.params.iter().map(param).collect()
    }
}

impl Selection {
    /// Prepares the selection of rows of `base` that pass `predicate`.
    pub fn prepare(
        connection: &mut dyn Connection,
        org_key: i64,
        base: Base,
        predicate: &Predicate,
    ) -> Result<Self, StoreError> {
        let scoped = Scoped { org_key, base };
        let conditions = match predicate {
            Predicate::All(parts) => &parts[..],
            single => std::slice::from_ref(single),
        };
        let statement = |settled| {
            let mut statement = Statement::default();
            base_statement(&mut statement, &scoped);
            for (_, part) in conditions.iter().enumerate().filter(|(index, _)| Some(*index) != settled) {
                statement.push(" and ");
                condition::push_predicate(&mut statement, &scoped, part);
            }
            statement
        };
        let mut listed = Vec::new();
        let candidates = find_candidates(connection, &scoped, conditions, &mut listed)?;
        let candidates = candidates.map(|Candidates { keys, settled }| (keys, statement(settled)));
        let statement = statement(None);
        let bounds = find_bounds(connection, &scoped)?;
        Ok(Self { statement, candidates, listed, bounds, within: None })
    }

    /// Returns how many of the rows exist that a condition of the predicate lists, by its place; nothing where that was not
    /// looked up.
    pub fn count_listed(&self, condition: usize) -> Option<usize> {
        self.listed.iter().find(|(place, _)| *place == condition).map(|(_, count)| *count)
    }

    /// Restricts the selection to ascending runs of keys.
    pub fn within(&self, runs: &[KeyRun]) -> Self {
        let mut restricted = self.clone();
        if let Some((keys, _)) = &mut restricted.candidates {
            keys.retain(|key| {
                let next = runs.partition_point(|run| run.end() < key);
                runs.get(next).is_some_and(|run| run.contains(key))
            });
        }
        let (first, last) = (*self.bounds.start(), *self.bounds.end());
        let clipped = runs.iter().map(|run| first.max(*run.start())..=last.min(*run.end()));
        restricted.within = Some(clipped.filter(|run| !run.is_empty()).collect());
        restricted
    }

    /// Cuts the selection into parts, in key order. The cuts depend on what is stored and on nothing else.
    pub fn parts(&self) -> Vec<Part> {
        self.cut(RANGE_ROWS)
    }

    /// Cuts it into parts of a few rows each: for rows that become very large.
    pub fn small_parts(&self) -> Vec<Part> {
        self.cut(LARGE_ROWS_TOGETHER)
    }

    fn cut(&self, rows: RowKey) -> Vec<Part> {
        if let Some((candidates, _)) = &self.candidates {
            let chunks = candidates.chunks(CANDIDATES_TOGETHER.min(rows as usize));
            return chunks.map(|keys| Part::Candidates { keys: keys.to_vec(), are_settled: true }).collect();
        }
        let (first, last) = (*self.bounds.start(), *self.bounds.end());
        let span = (last - first).max(0) + 1;
        let width = rows.max((span + RANGES_LIMIT - 1) / RANGES_LIMIT);
        match &self.within {
            None => ranges(&(first..=last), width).collect(),
            Some(runs) => cut_runs(runs, width),
        }
    }

    /// Returns the data type of the first row that may be selected; none where there is no row, or its type is not known.
    pub fn first_data_type(&self, connection: &mut dyn Connection) -> Result<Option<String>, StoreError> {
        let candidate = self.candidates.as_ref().map(|(keys, _)| keys.first().copied());
        let first = candidate.unwrap_or_else(|| (!self.bounds.is_empty()).then_some(*self.bounds.start()));
        let Some(first) = first else { return Ok(None) };
        let sql = "select data_type from data_rows where row_key = $1";
        Ok(connection.find(sql, &[Param::Int(first)], |row| row.text(0))?.flatten())
    }

    /// Returns the last row that is selected before a key and not before another.
    pub fn last_before(
        &self,
        connection: &mut dyn Connection,
        from: RowKey,
        before: RowKey,
    ) -> Result<Option<RowKey>, StoreError> {
        if let Some((keys, _)) = &self.candidates {
            let end = keys.partition_point(|key| *key < before);
            for chunk in keys[..end].rchunks(CANDIDATES_TOGETHER) {
                let part = Part::Candidates { keys: chunk.to_vec(), are_settled: true };
                let selected = self.keys(connection, &part)?;
                if let Some(last) = selected.last().filter(|last| **last >= from) {
                    return Ok(Some(*last));
                }
                if chunk[0] < from {
                    break;
                }
            }
            return Ok(None);
        }
        let next = self.statement.params.len() + 1;
        let sql = format!(
            "{} and b.row_key >= ${next} and b.row_key < ${} order by b.row_key desc limit 1",
            self.statement.sql,
            next + 1
        );
        let mut params = self.statement.params();
        params.extend([Param::Int(from), Param::Int(before)]);
        Ok(connection.find(&sql, &params, |row| row.int(0))?.flatten())
    }

    /// Reads the keys of a part, ascending.
    pub fn keys(&self, connection: &mut dyn Connection, part: &Part) -> Result<Vec<RowKey>, StoreError> {
        let mut keys = Vec::new();
        let mut each = |row: &dyn RowView| {
            keys.extend(row.int(0));
            std::ops::ControlFlow::Continue(())
        };
        match part {
            Part::Range(range) => {
                let next = self.statement.params.len() + 1;
                let restriction = format!("b.row_key between ${next} and ${} order by b.row_key", next + 1);
                let sql = format!("{} and {restriction}", self.statement.sql);
                let traits = connection.traits();
                for run in together(std::slice::from_ref(range), traits.keys_together).into_iter().flatten() {
                    let mut params = self.statement.params();
                    params.extend([Param::Int(*run.start()), Param::Int(*run.end())]);
                    connection.query_block(*run.start(), &sql, &params, &mut each)?;
                }
            }
            Part::Candidates { keys: candidates, are_settled } => {
                let statement = match &self.candidates {
                    Some((_, shorter)) if *are_settled => shorter,
                    _ => &self.statement,
                };
                let first = statement.params.len() + 1;
                for some in candidates.chunks(CANDIDATES_TOGETHER) {
                    // The last chunk names its last key again: one statement serves all.
                    let last = some[some.len() - 1];
                    let named = some.iter().copied().chain(std::iter::repeat(last)).take(CANDIDATES_TOGETHER);
                    let params: Vec<Param<'_>> = named.map(Param::Int).collect();
                    let numbers: Vec<String> =
                        (first..).take(params.len()).map(|number| format!("${number}")).collect();
                    let sql = format!("{} and b.row_key in ({})", statement.sql, numbers.join(", "));
                    let params: Vec<Param<'_>> = statement.params().into_iter().chain(params).collect();
                    connection.query(&sql, &params, &mut each)?;
                }
                // A few keys are sorted here for less than by the statement.
                keys.sort_unstable();
            }
        }
        Ok(keys)
    }
}

/// Cuts a range of keys into parts.
fn ranges(range: &KeyRun, width: RowKey) -> impl Iterator<Item = Part> {
    let (first, last) = (*range.start(), *range.end());
    let starts = (0..).map(move |index| first + index * width).take_while(move |start| *start <= last);
    starts.map(move |start| Part::Range(start..=(start + width - 1).min(last)))
}

/// Cuts runs into parts: long ones as ranges, those of a few keys together.
fn cut_runs(runs: &[KeyRun], width: RowKey) -> Vec<Part> {
    let together = CANDIDATES_TOGETHER.min(usize::try_from(width).unwrap_or(CANDIDATES_TOGETHER));
    let mut parts = Vec::new();
    let mut few: Vec<RowKey> = Vec::new();
    let hand_on = |few: &mut Vec<RowKey>, parts: &mut Vec<Part>, room: usize| {
        if few.len() > room {
            parts.push(Part::Candidates { keys: std::mem::take(few), are_settled: false });
        }
    };
    for run in runs {
        if run.end() - run.start() < together as RowKey {
            for key in run.clone() {
                few.push(key);
                hand_on(&mut few, &mut parts, together - 1);
            }
        } else {
            hand_on(&mut few, &mut parts, 0);
            parts.extend(ranges(run, width));
        }
    }
    hand_on(&mut few, &mut parts, 0);
    parts
}

/// Starts a statement that selects row keys of the base as `b`, and ends it where a condition may follow.
fn base_statement(statement: &mut Statement, scoped: &Scoped) {
    let (sql, key) = match scoped.base {
        Base::Catalog => ("select b.row_key from data_rows b where b.org_key = ", scoped.org_key),
        Base::Dataset(key) => ("select b.row_key from data_rows b where b.dataset_key = ", key),
        Base::ModelRun(key) => ("select b.row_key from run_rows b where b.run_key = ", key),
        // The condition that always holds names a column that no index has. It keeps away from the index by row, which is
        // slimmer, but whose pages nothing else of an export reads.
        Base::Project(key) => {
            ("select b.row_key from project_rows b where coalesce(b.priority, 0) is not null and b.project_key = ", key)
        }
    };
    statement.push(sql);
    statement.param(Value::Int(key));
}

/// The only rows that can be selected.
struct Candidates {
    keys: Vec<RowKey>,
    /// The condition that holds for these rows and no others, so that it need not be tested.
    settled: Option<usize>,
}

/// Returns the candidates of the condition that leaves the fewest, if any leaves few.
fn find_candidates(
    connection: &mut dyn Connection,
    scoped: &Scoped,
    conditions: &[Predicate],
    listed: &mut Vec<(usize, usize)>,
) -> Result<Option<Candidates>, StoreError> {
    let mut best: Option<Candidates> = None;
    for (index, part) in conditions.iter().enumerate() {
        let Predicate::Test(condition) = part else { continue };
        let Some(lookup) = condition::lookup(scoped, condition) else { continue };
        let limit = best.as_ref().map_or(CANDIDATE_LIMIT, |best| best.keys.len());
        let sql = format!("{} limit {}", lookup.sql, limit + 1);
        let mut keys = connection.list(&sql, &lookup.params(), |row| row.int(0).unwrap_or(0))?;
        if keys.len() <= limit {
            keys.sort_unstable();
            keys.dedup();
            let settled = condition::is_settled(condition).then_some(index);
            listed.extend(settled.map(|index| (index, keys.len())));
            best = Some(Candidates { keys, settled });
        }
    }
    Ok(best)
}

/// Returns the first and the last key of the base; an empty range for an empty base.
fn find_bounds(connection: &mut dyn Connection, scoped: &Scoped) -> Result<RangeInclusive<RowKey>, StoreError> {
    let mut ends = [1, 0];
    for (end, direction) in ends.iter_mut().zip(["asc", "desc"]) {
        let mut statement = Statement::default();
        base_statement(&mut statement, scoped);
        let sql = format!("{} order by b.row_key {direction} limit 1", statement.sql);
        if let Some(key) = connection.find(&sql, &statement.params(), |row| row.int(0))?.flatten() {
            *end = key;
        }
    }
    Ok(ends[0]..=ends[1])
}

/// Counts the ids or global keys of a list that name no data row.
pub fn count_unknown(
    connection: &mut dyn Connection,
    org_key: i64,
    ids: &[String],
    global_keys: &[String],
) -> Result<u64, StoreError> {
    const TOGETHER: usize = 256;
    let mut unknown = 0;
    for (list, within, select) in [
        (ids, None, "select id from row_ids where id in"),
        (global_keys, Some(org_key), "select global_key from global_keys where org_key = $1 and global_key in"),
    ] {
        let fixed = usize::from(within.is_some());
        let numbers: Vec<String> = (fixed + 1..=fixed + TOGETHER).map(|number| format!("${number}")).collect();
        let sql = format!("{select} ({})", numbers.join(", "));
        for chunk in list.chunks(TOGETHER) {
            let mut params: Vec<Param<'_>> = within.into_iter().map(Param::Int).collect();
            params.extend(chunk.iter().map(Param::from));
            // A last chunk names its last text again: one statement serves all.
            params.resize(fixed + TOGETHER, Param::Text(&chunk[chunk.len() - 1]));
            let known: HashSet<Option<String>> =
                connection.list(&sql, &params, |row| row.text(0))?.into_iter().collect();
            unknown += chunk.iter().filter(|text| !known.contains(&Some((*text).clone()))).count() as u64;
        }
    }
    Ok(unknown)
}
