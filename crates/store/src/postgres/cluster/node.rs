//! The servers of a cluster.

use crate::engine::StoreError;
use crate::postgres::PostgresOptions;
use crate::postgres::client::Client;
use crate::postgres::error;
use crate::postgres::session::{self, Role};

/// A server of a cluster, as its coordinator knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::postgres) struct Node {
    pub(super) host: String,
    pub(super) port: u16,
}

impl Node {
    /// Returns how to open the same database on this node.
    pub(in crate::postgres) fn options(&self, coordinator: &PostgresOptions) -> PostgresOptions {
        let address = coordinator.address.at(&self.host, self.port);
        PostgresOptions { address, lock_wait: coordinator.lock_wait }
    }

    /// Returns the statement by which a coordinator takes the node into its cluster.
    pub(in crate::postgres) fn add_sql(&self) -> String {
        format!("select citus_add_node('{}', {})", self.host, self.port)
    }

    /// Returns the statement that says where a coordinator is.
    pub(in crate::postgres) fn register_coordinator_sql(&self) -> String {
        format!("select citus_set_coordinator_host('{}', {})", self.host, self.port)
    }
}

/// Lists the nodes with rows.
pub(in crate::postgres) fn nodes(coordinator: &PostgresOptions) -> Result<Vec<Node>, StoreError> {
    list(coordinator, "groupid > 0")
}

/// Returns the coordinator as it knows itself.
pub(in crate::postgres) fn coordinator(options: &PostgresOptions) -> Result<Node, StoreError> {
    let found = list(options, "groupid = 0")?.into_iter().next();
    found.ok_or_else(|| StoreError::Engine("the coordinator does not know where it is".to_owned()))
}

fn list(options: &PostgresOptions, condition: &str) -> Result<Vec<Node>, StoreError> {
    let sql = format!(
        "select nodename, nodeport from pg_dist_node where isactive and noderole = 'primary' and {condition} \
         order by nodename, nodeport"
    );
    let mut client: Client = session::connect(options, Role::Unchecked)?;
    let mut read = || -> Result<Vec<Node>, tokio_postgres::Error> {
        let rows = client.query(&sql, &[])?;
        rows.iter().map(|row| Ok(Node { host: row.try_get(0)?, port: port(row.try_get(1)?) })).collect()
    };
    read().map_err(|error| error::explain(&error, session::context(options)))
}

pub(super) fn port(number: i32) -> u16 {
    u16::try_from(number).unwrap_or_default()
}
