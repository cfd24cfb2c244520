//! Many rows in few statements.
//!
//! A statement that writes thirty rows keeps its place in each table and index; thirty statements look for it thirty times.

use crate::engine::{Insert, Param};
use rusqlite::{Connection, Error};

/// About how many parameters a statement has. With 96 an import was slower, with 1,500 no faster.
const STATEMENT_PARAMS: usize = 384;
/// How many parameters are best put together at a time: those of 16 statements.
pub(super) const PARAMS: usize = 16 * STATEMENT_PARAMS;

/// Inserts rows, as many at a time as a statement takes, the rest one by one.
pub(super) fn insert_many(connection: &Connection, insert: &Insert<'_>, params: &[Param<'_>]) -> Result<(), Error> {
    let together = (STATEMENT_PARAMS / insert.columns).max(1) * insert.columns;
    let (many, rest) = params.split_at(params.len() - params.len() % together);
    for (params, count) in [(many, together), (rest, insert.columns)] {
        if params.is_empty() {
            continue;
        }
        // A statement for many rows has some kilobytes. To find it prepared costs more than to insert a row.
        let mut statement = connection.prepare_cached(&statement(insert, count / insert.columns))?;
        for params in params.chunks(count) {
            statement.execute(rusqlite::params_from_iter(params))?;
        }
    }
    Ok(())
}

/// Writes a statement for so many rows. Without `or fail` SQLite would keep a copy of each page for each statement that
/// changes it, so that the statement alone can be taken back.
fn statement(insert: &Insert<'_>, rows: usize) -> String {
    let mut numbers = 1..;
    let values: Vec<String> = (0..rows)
        .map(|_| {
            let row: Vec<String> =
                numbers.by_ref().take(insert.columns).map(|number: usize| format!("${number}")).collect();
            format!("({})", row.join(", "))
        })
        .collect();
    format!("insert or fail into {} values {} {}", insert.into, values.join(", "), insert.conflict)
        .trim_end()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(conflict: &str, rows: usize, columns: usize, expect: &str) {
        assert_eq!(statement(&Insert { into: "t (a)", columns, conflict }, rows), expect);
    }

    #[test]
    fn statements_number_their_parameters() {
        check("", 1, 1, "insert or fail into t (a) values ($1)");
        check("", 2, 2, "insert or fail into t (a) values ($1, $2), ($3, $4)");
        check("on conflict do nothing", 2, 1, "insert or fail into t (a) values ($1), ($2) on conflict do nothing");
    }
}
