//! The database of a workspace whose rows a server keeps: what the command line and the environment say about it.

use crate::founding::found;
use crate::outcome::Failure;
pub(crate) use labelport_store::postgres::Filling;
use labelport_store::postgres::{self, Address, Credentials, Postgres, PostgresOptions};
use labelport_store::{Store, StoreError};
use std::path::PathBuf;
use std::time::Duration;

/// The address of a database, not opened yet.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    address: Address,
    text: String,
}

impl Database {
    /// Returns whether a text is meant as an address.
    pub(crate) fn is_named_by(text: &str) -> bool {
        text.contains("://")
    }

    /// Reads an address. In an argument it has no password: other users of the machine see arguments.
    pub(crate) fn parse(text: &str, is_argument: bool) -> Result<Self, Failure> {
        if is_argument && postgres::has_password(text) {
            let message = "the password in --store can be seen by every user of this machine";
            return Err(Failure::usage(message).hint(
                "leave it out and set PGPASSWORD, write it to the file that PGPASSFILE names, or set LABELPORT_STORE to \
                 the whole address",
            ));
        }
        let address = Address::parse(text, &credentials()?).map_err(Failure::usage)?;
        Ok(Self { address, text: text.to_owned() })
    }

    /// Returns the address without its password.
    pub(crate) fn shown(&self) -> &str {
        self.address.shown()
    }

    /// Returns the address as it was given, for the environment of a process of ours.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Opens a database that has a workspace.
    pub(crate) fn open(&self, lock_wait: Duration) -> Result<Store, StoreError> {
        found(Postgres::open(self.options(lock_wait))?)
    }

    /// Opens a database, which gets a workspace if it is empty.
    pub(crate) fn open_or_create(&self, lock_wait: Duration) -> Result<Store, StoreError> {
        found(Postgres::open_or_create(self.options(lock_wait))?)
    }

    /// Returns whether the database has a workspace.
    pub(crate) fn has_store(&self, lock_wait: Duration) -> Result<bool, StoreError> {
        Postgres::has_store(self.options(lock_wait))
    }

    /// Distributes the tables over the nodes of a cluster; returns whether they were not distributed before.
    pub(crate) fn distribute(&self, lock_wait: Duration) -> Result<bool, StoreError> {
        Postgres::distribute(self.options(lock_wait))
    }

    /// Begins to fill the database with rows of another one.
    pub(crate) fn begin_filling(&self, lock_wait: Duration, mark: &str) -> Result<Filling, StoreError> {
        Filling::begin(self.options(lock_wait), mark)
    }

    fn options(&self, lock_wait: Duration) -> PostgresOptions {
        PostgresOptions { address: self.address.clone(), lock_wait }
    }
}

/// Reads who asks, where `psql` looks for it.
#[expect(clippy::disallowed_methods, reason = "this is where the command line reads the environment")]
fn credentials() -> Result<Credentials, Failure> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let password = variable("PGPASSWORD");
    let password_file = match variable("PGPASSFILE").filter(|_| password.is_none()) {
        Some(file) => Some(std::fs::read_to_string(&file).map_err(|error| {
            Failure::new(format!("the file {file}, which PGPASSFILE names, cannot be read: {error}"))
                .hint("name a file that this user can read, or unset PGPASSFILE")
        })?),
        None => variable("HOME").and_then(|home| std::fs::read_to_string(PathBuf::from(home).join(".pgpass")).ok()),
    };
    Ok(Credentials { user: variable("PGUSER").or_else(|| variable("USER")), password, password_file })
}
