//! Blocks: the rows that lie together where tables are distributed.
//!
//! The rows of 8,192 neighbouring keys are a *block*, and lie on one node with all their sections. A column `row_block`, which the
//! tables of sections have on a cluster and nowhere else, says which block that is. Statements do not know of it: [`with_blocks`]
//! puts it into those that compare or insert keys of rows.
//!
//! # Adding a table
//! See [`tables`].

mod dialect;
pub(super) mod tables;

pub(super) use dialect::{are_named, in_block, is_within, with_blocks, with_names};
pub(super) use tables::BLOCK_BITS;

use crate::engine::{Insert, Param};

/// What a session sets. With one connection to each node a transaction sees everywhere what it has written, and a snapshot one state
/// of each node. A node can be found by the value of a parameter only where plans are made for values.
pub(super) const SESSION: &str = "set citus.max_adaptive_executor_pool_size = 1; \
    set citus.multi_shard_modify_mode = 'sequential'; set plan_cache_mode = 'force_custom_plan'";

/// Gives rows that are inserted their blocks; none for a table without blocks. Returns the table with its columns, and the values.
pub(super) fn add_blocks<'a>(insert: &Insert<'_>, params: &[Param<'a>]) -> Option<(String, Vec<Param<'a>>)> {
    let (table, columns) = insert.into.split_once(" (")?;
    let columns = columns.strip_suffix(')').filter(|_| tables::is_by_block(table))?;
    let at = columns.split(", ").position(|column| column == "row_key")?;
    let mut values = Vec::with_capacity(params.len() / insert.columns * (insert.columns + 1));
    for row in params.chunks(insert.columns) {
        values.extend_from_slice(row);
        values.push(match row[at] {
            Param::Int(key) => Param::Int(key >> tables::BLOCK_BITS),
            other => other,
        });
    }
    Some((format!("{table} ({columns}, {})", tables::BLOCK), values))
}
