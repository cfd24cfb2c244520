//! Which rows an export has: keys of data rows, ascending, under a predicate.
//!
//! A selective condition (ids, dates, status, batch, slice terms) is looked up in its index first: if it leaves few rows,
//! those keys are the *candidates* and nothing else is looked at, so the cost grows with the rows kept and not with the
//! rows held. Otherwise key ranges are walked and every row is tested. Both ways end in the same statement, so what is
//! selected never depends on the way.
//!
//! # Adding a condition
//! A variant of `Condition` in the model; its test, and its look-up if an index serves it, in [`condition`].

mod condition;

use crate::connection::{Connection, Param, StoreError};
use crate::page::RowKey;
use condition::Scoped;
use labelport_model::predicate::Predicate;
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
    candidates: Option<Vec<RowKey>>,
    bounds: RangeInclusive<RowKey>,
}

/// The most candidates that are taken from an index.
const CANDIDATE_LIMIT: usize = 65_536;
/// How many rows an export reads as one job, at least.
const RANGE_ROWS: RowKey = 1_024;
/// How many ranges an export has at most; a larger workspace has longer ranges.
const RANGES_LIMIT: RowKey = 65_536;

/// A part of a selection: one job of an export.
#[derive(Debug, Clone)]
pub enum Part {
    /// Every selected row in this range of keys.
    Range(RangeInclusive<RowKey>),
    /// Those of these candidates that are selected.
    Candidates(Vec<RowKey>),
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
        let param = |value: &'_ Value| match value {
            Value::Int(number) => Param::Int(*number),
            Value::Real(number) => Param::Real(*number),
            Value::Text(_) => Param::Null,
        };
        let mut params: Vec<Param<'_>> = self.params.iter().map(param).collect();
        for (param, value) in params.iter_mut().zip(&self.params) {
            if let Value::Text(text) = value {
                *param = Param::Text(text);
            }
        }
        params
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
        let mut statement = Statement::default();
        base_statement(&mut statement, &scoped);
        statement.push(" and ");
        condition::push_predicate(&mut statement, &scoped, predicate);
        let candidates = find_candidates(connection, &scoped, predicate)?;
        let bounds = find_bounds(connection, &scoped)?;
        Ok(Self { statement, candidates, bounds })
    }

    /// Cuts the selection into parts, in key order. The cuts depend on what is stored and on nothing else.
    pub fn parts(&self) -> Vec<Part> {
        if let Some(candidates) = &self.candidates {
            let chunks = candidates.chunks(RANGE_ROWS as usize);
            return chunks.map(|chunk| Part::Candidates(chunk.to_vec())).collect();
        }
        let (first, last) = (*self.bounds.start(), *self.bounds.end());
        let span = (last - first).max(0) + 1;
        let width = RANGE_ROWS.max((span + RANGES_LIMIT - 1) / RANGES_LIMIT);
        let starts = (0..).map(|index| first + index * width).take_while(|start| *start <= last);
        starts.map(|start| Part::Range(start..=(start + width - 1).min(last))).collect()
    }

    /// Reads the keys of a part, ascending.
    pub fn keys(&self, connection: &mut dyn Connection, part: &Part) -> Result<Vec<RowKey>, StoreError> {
        let mut keys = Vec::new();
        let mut read = |restriction: &str, more: &[Param<'_>]| {
            let sql = format!("{} and {restriction} order by b.row_key", self.statement.sql);
            let mut params = self.statement.params();
            params.extend_from_slice(more);
            connection.query(&sql, &params, &mut |row| {
                keys.extend(row.int(0));
                std::ops::ControlFlow::Continue(())
            })
        };
        match part {
            Part::Range(range) => {
                let next = self.statement.params.len() + 1;
                let restriction = format!("b.row_key between ${next} and ${}", next + 1);
                read(&restriction, &[Param::Int(*range.start()), Param::Int(*range.end())])?;
            }
            Part::Candidates(candidates) => {
                for chunk in candidates.chunks(512) {
                    let list: Vec<String> = chunk.iter().map(i64::to_string).collect();
                    read(&format!("b.row_key in ({})", list.join(",")), &[])?;
                }
            }
        }
        Ok(keys)
    }
}

/// Starts a statement that selects row keys of the base as `b`, and ends it where a condition may follow.
fn base_statement(statement: &mut Statement, scoped: &Scoped) {
    let (sql, key) = match scoped.base {
        Base::Catalog => ("select b.row_key from data_rows b where b.org_key = ", scoped.org_key),
        Base::Dataset(key) => ("select b.row_key from data_rows b where b.dataset_key = ", key),
        Base::ModelRun(key) => ("select b.row_key from run_rows b where b.run_key = ", key),
        Base::Project(key) => ("select b.row_key from project_rows b where b.project_key = ", key),
    };
    statement.push(sql);
    statement.param(Value::Int(key));
}

/// Returns the candidates of the condition that leaves the fewest, if any leaves few.
fn find_candidates(
    connection: &mut dyn Connection,
    scoped: &Scoped,
    predicate: &Predicate,
) -> Result<Option<Vec<RowKey>>, StoreError> {
    let conditions = match predicate {
        Predicate::All(parts) => &parts[..],
        single => std::slice::from_ref(single),
    };
    let mut best: Option<Vec<RowKey>> = None;
    for part in conditions {
        let Predicate::Test(condition) = part else { continue };
        let Some(lookup) = condition::lookup(scoped, condition) else { continue };
        let limit = best.as_ref().map_or(CANDIDATE_LIMIT, Vec::len);
        let sql = format!("{} limit {}", lookup.sql, limit + 1);
        let mut keys = connection.list(&sql, &lookup.params(), |row| row.int(0).unwrap_or(0))?;
        if keys.len() <= limit {
            keys.sort_unstable();
            keys.dedup();
            best = Some(keys);
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
    let mut unknown = 0;
    for id in ids {
        let sql = "select row_key from row_ids where id = $1";
        unknown += u64::from(connection.find(sql, &[id.into()], |_| ())?.is_none());
    }
    for key in global_keys {
        let sql = "select row_key from global_keys where org_key = $1 and global_key = $2";
        unknown += u64::from(connection.find(sql, &[org_key.into(), key.into()], |_| ())?.is_none());
    }
    Ok(unknown)
}
