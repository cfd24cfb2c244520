//! Databases for tests and benchmarks: gone after a moment, or emptied and used again, which takes a twentieth of the time
//! that it takes to make one.

use super::{Address, Credentials, Postgres, PostgresOptions, cluster};
use crate::engine::StoreError;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How a database orders texts, where nothing says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Locale {
    /// By their bytes.
    C,
    /// As people do: by the rules of the Unicode consortium, numbers by their value.
    Icu,
}

/// An empty database, dropped with this, unless it is used again.
#[derive(Debug)]
pub struct Scratch {
    server: Arc<PostgresOptions>,
    /// The other servers that have a part of it.
    nodes: Vec<PostgresOptions>,
    name: String,
    url: String,
    /// Where it goes when it is not needed any more; none for one that is dropped.
    shelf: Option<String>,
}

/// How many pieces each table of a cluster is cut into.
const SHARDS: u32 = 4;

/// Databases that nobody uses, by the URL of their server. They stay when the process ends.
static IDLE: Mutex<Vec<(String, Scratch)>> = Mutex::new(Vec::new());

/// Takes the rows out of a workspace, and the connections of those who used it.
const EMPTY: &str = "select pg_terminate_backend(pid) from pg_stat_activity \
    where datname = current_database() and pid <> pg_backend_pid(); \
    do $$ declare named text; begin \
    for named in select relname from pg_class where relkind = 'r' and relnamespace = current_schema()::regnamespace \
    and relname <> 'labelport_schema' loop execute 'delete from ' || named; end loop; \
    for named in select relname from pg_class where relkind = 'S' and relnamespace = current_schema()::regnamespace \
    loop perform setval(named::regclass, 1, false); end loop; \
    if to_regclass('counters') is not null then \
    insert into counters (name, value) values ('commit', 0), ('row_key', 0); end if; end $$";

impl Scratch {
    /// Creates a database on the server that a URL leads to, by the name of this process and a number.
    pub fn create(server_url: &str, locale: Locale) -> Result<Self, StoreError> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let address = Address::parse(server_url, &Credentials::default());
        let address = address.map_err(|error| StoreError::Engine(error.to_string()))?;
        let server = Arc::new(PostgresOptions { address, lock_wait: Duration::from_secs(60) });
        let name = format!("labelport_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let order = match locale {
            Locale::C => "lc_collate 'C' lc_ctype 'C'",
            Locale::Icu => "locale_provider icu icu_locale 'en-US-u-kn-true' lc_collate 'C' lc_ctype 'C'",
        };
        super::session::command(&server, &format!("drop database if exists {name}"))?;
        super::session::command(
            &server,
            &format!("create database {name} template template0 encoding 'UTF8' {order}"),
        )?;
        let url = with_database(server_url, &name);
        Ok(Self { server, nodes: Vec::new(), name, url, shelf: None })
    }

    /// Creates a database on all servers of a Citus cluster, whose coordinator a URL leads to. The database that the URL names
    /// knows the others.
    pub fn create_cluster(coordinator_url: &str) -> Result<Self, StoreError> {
        // A node that is added gets the roles, which all databases of a server share, and two cannot write them at once.
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let mut database = Self::create(coordinator_url, Locale::C)?;
        let nodes = cluster::nodes(&database.server)?;
        let create = format!("create database {} template template0", database.name);
        database.nodes = nodes.iter().map(|node| node.options(&database.server)).collect();
        for node in &database.nodes {
            super::session::command(node, &database.drop_sql())?;
            super::session::command(node, &create)?;
        }
        let address = database.options(Duration::from_secs(60))?;
        for node in &nodes {
            super::session::command(&node.options(&address), "create extension citus")?;
        }
        let host = cluster::coordinator(&database.server)?;
        let shards = format!("alter database {} set citus.shard_count = {SHARDS}", database.name);
        for sql in [shards, "create extension citus".to_owned(), host.register_coordinator_sql()] {
            super::session::command(&address, &sql)?;
        }
        for node in &nodes {
            super::session::command(&address, &node.add_sql())?;
        }
        Ok(database)
    }

    fn create_distributed(coordinator_url: &str) -> Result<Self, StoreError> {
        let database = Self::create_cluster(coordinator_url)?;
        Postgres::distribute(database.options(Duration::from_secs(60))?)?;
        Ok(database)
    }

    fn drop_sql(&self) -> String {
        format!("drop database if exists {} with (force)", self.name)
    }

    /// Returns a database that has an empty workspace or nothing: one that was used before, or a new one.
    pub fn borrow(server_url: &str, locale: Locale) -> Result<Self, StoreError> {
        Self::borrow_from(&format!("{locale:?} {server_url}"), || Self::create(server_url, locale))
    }

    /// Returns a database on a cluster that has an empty workspace: one that was used before, or a new one.
    pub fn borrow_distributed(coordinator_url: &str) -> Result<Self, StoreError> {
        Self::borrow_from(&format!("distributed {coordinator_url}"), || Self::create_distributed(coordinator_url))
    }

    fn borrow_from(shelf: &str, create: impl FnOnce() -> Result<Self, StoreError>) -> Result<Self, StoreError> {
        let found = {
            let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
            let at = idle.iter().position(|(place, _)| place == shelf);
            at.map(|at| idle.swap_remove(at).1)
        };
        let mut database = match found {
            Some(found) => {
                super::session::command(&found.options(Duration::from_secs(60))?, EMPTY)?;
                found
            }
            None => create()?,
        };
        database.shelf = Some(shelf.to_owned());
        Ok(database)
    }

    /// Returns the URL of the database.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns how to open it.
    pub fn options(&self, lock_wait: Duration) -> Result<PostgresOptions, StoreError> {
        let address = Address::parse(&self.url, &Credentials::default());
        Ok(PostgresOptions { address: address.map_err(|error| StoreError::Engine(error.to_string()))?, lock_wait })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Some(shelf) = self.shelf.take() {
            let (server, nodes) = (Arc::clone(&self.server), std::mem::take(&mut self.nodes));
            let (name, url) = (std::mem::take(&mut self.name), std::mem::take(&mut self.url));
            let idle = Self { server, nodes, name, url, shelf: None };
            return IDLE.lock().unwrap_or_else(PoisonError::into_inner).push((shelf, idle));
        }
        // A server that is gone has no database to drop.
        for server in self.nodes.iter().chain([&*self.server]) {
            drop(super::session::command(server, &self.drop_sql()));
        }
    }
}

/// Puts another database into the URL of a server.
fn with_database(url: &str, name: &str) -> String {
    let (start, options) = url.split_once('?').map_or((url, None), |(start, options)| (start, Some(options)));
    let (scheme, rest) = start.split_once("://").unwrap_or(("postgres", start));
    let authority = rest.split('/').next().unwrap_or(rest);
    let options = options.map(|options| format!("?{options}")).unwrap_or_default();
    format!("{scheme}://{authority}/{name}{options}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_gets_another_database() {
        assert_eq!(with_database("postgres://a@h:1/x?sslmode=disable", "y"), "postgres://a@h:1/y?sslmode=disable");
        assert_eq!(with_database("postgres://a@h", "y"), "postgres://a@h/y");
        assert_eq!(with_database("postgres:///x?host=/run", "y"), "postgres:///y?host=/run");
    }
}
