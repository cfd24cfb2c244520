//! Where the blocks lie.

use super::node::{Node, port};
use crate::postgres::blocks::tables;
use crate::postgres::client::Client;
use std::collections::{BTreeMap, HashMap};

/// Which part of each table is on which node.
#[derive(Debug, Default)]
pub(super) struct Places {
    pub(super) nodes: Vec<Node>,
    /// By the first hash, ascending.
    parts: Vec<Part>,
}

/// The rows of some hashes of blocks, in every table.
#[derive(Debug)]
pub(super) struct Part {
    first_hash: i64,
    /// By number among the nodes.
    pub(super) node: usize,
    /// What each table is called there.
    pub(super) names: HashMap<String, String>,
}

/// Each part of each table, on one of the nodes that have it. What was moved away and is not removed yet has another state.
const SQL: &str = "select distinct on (s.shardminvalue::bigint, c.relname) s.shardminvalue::bigint, c.relname::text, \
    s.shardid, n.nodename, n.nodeport from pg_dist_shard s join pg_class c on c.oid = s.logicalrelid \
    join pg_dist_placement p on p.shardid = s.shardid join pg_dist_node n on n.groupid = p.groupid \
    where p.shardstate = 1 and n.noderole = 'primary' and n.isactive and c.relnamespace = current_schema()::regnamespace \
    and c.relname = any($1) order by s.shardminvalue::bigint, c.relname, n.groupid";

impl Places {
    /// Asks the coordinator.
    pub(super) fn load(coordinator: &mut Client) -> Result<Self, tokio_postgres::Error> {
        let named: Vec<&str> = tables::BY_BLOCK.iter().map(|(table, _)| *table).collect();
        let mut nodes = Vec::new();
        let mut parts: BTreeMap<i64, Part> = BTreeMap::new();
        for row in coordinator.query(SQL, &[&named])? {
            let (first_hash, table, shard): (i64, String, i64) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            let node = Node { host: row.try_get(3)?, port: port(row.try_get(4)?) };
            let known = nodes.iter().position(|known| *known == node);
            let node = known.unwrap_or_else(|| {
                nodes.push(node);
                nodes.len() - 1
            });
            let part = parts.entry(first_hash).or_insert_with(|| Part { first_hash, node, names: HashMap::new() });
            let name = format!("{table}_{shard}");
            part.names.insert(table, name);
        }
        Ok(Self { nodes, parts: parts.into_values().collect() })
    }

    /// Returns the part that has a hash, by its number.
    pub(super) fn find(&self, hash: i64) -> Option<usize> {
        self.parts.partition_point(|part| part.first_hash <= hash).checked_sub(1)
    }

    pub(super) fn part(&self, number: usize) -> &Part {
        &self.parts[number]
    }
}
