//! What can go wrong with a database server, and what to do about it.

/// Why a database server did not do what was asked. No message has a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PostgresError {
    /// Nobody answers.
    #[error(
        "the database server {server} cannot be reached ({reason}); check host, port and sslmode in --store, and that \
         PostgreSQL runs and takes connections from here"
    )]
    Unreachable {
        /// The address.
        server: String,
        /// What the system said.
        reason: String,
    },
    /// The server does not let the user in.
    #[error(
        "the database server {server} refuses the user ({reason}); check the user, and its password in PGPASSWORD, in the \
         file that PGPASSFILE names or in LABELPORT_STORE"
    )]
    Login {
        /// The address.
        server: String,
        /// What the server said.
        reason: String,
    },
    /// The server has no such database.
    #[error("there is no database {server}; create it with `createdb`, or name another with --store")]
    NoDatabase {
        /// The address.
        server: String,
    },
    /// The user may not do what is needed.
    #[error("the database {server} denies what is needed ({reason}); the user must own the tables")]
    Denied {
        /// The address.
        server: String,
        /// What the server said.
        reason: String,
    },
    /// The server is of an old version.
    #[error("the database server {server} is PostgreSQL {found}; labelport needs 15 or later")]
    TooOld {
        /// The address.
        server: String,
        /// Its version.
        found: String,
    },
    /// The database holds tables of others.
    #[error("the database {server} holds something else; name an empty database with --store")]
    NotAStore {
        /// The address.
        server: String,
    },
    /// The database is empty.
    #[error("there is no workspace in {server}; create one by importing into it, or name another with --store")]
    NoStore {
        /// The address.
        server: String,
    },
    /// The database has a workspace where an empty one is needed.
    #[error("the database {server} has a workspace already; name an empty database")]
    Taken {
        /// The address.
        server: String,
    },
    /// The database is being filled.
    #[error(
        "a workspace is being moved to {server}; run the same `labelport migrate` again to finish that, or drop the database"
    )]
    Moving {
        /// The address.
        server: String,
    },
    /// Another process is filling the database.
    #[error("another process is moving a workspace to {server}; wait for it to end")]
    MovedByAnother {
        /// The address.
        server: String,
    },
    /// The database was begun to be filled from something else.
    #[error(
        "{server} was filled in part from another workspace, or from this one before it changed; create an empty database and \
         move to that"
    )]
    MovingFromElsewhere {
        /// The address.
        server: String,
    },
    /// The schema is of a later version.
    #[error(
        "the database {server} has schema {found}, this labelport knows schemas up to {known}; install a newer labelport"
    )]
    Newer {
        /// The address.
        server: String,
        /// The version found.
        found: i64,
        /// The newest version known.
        known: i64,
    },
    /// The tables were distributed by another process.
    #[error(
        "the tables of {server} were distributed over a cluster since this process opened them; run the command again"
    )]
    Redistributed {
        /// The address.
        server: String,
    },
    /// The database is not one of Citus.
    #[error(
        "the database {server} has no Citus; run `create extension citus` in it, on a server where that is installed, and name \
         the coordinator with --store"
    )]
    NoCitus {
        /// The address.
        server: String,
    },
    /// The cluster has no node for rows.
    #[error("the cluster of {server} has no workers; add them with `citus_add_node` and run the command again")]
    NoWorkers {
        /// The address.
        server: String,
    },
    /// A node has not heard of a decision yet.
    #[error(
        "the cluster of {server} has transactions that are not settled on every node yet; run the command again in a minute, and \
         look at its nodes if that does not help"
    )]
    Unsettled {
        /// The address.
        server: String,
    },
    /// The schema is of an earlier version, and the server takes no writes.
    #[error(
        "the database {server} has schema {found} of an earlier version and takes no writes; open the primary server once"
    )]
    Older {
        /// The address.
        server: String,
        /// The version found.
        found: i64,
    },
    /// The server takes no writes.
    #[error("the database {server} takes no writes; name the primary server with --store, or only read and export")]
    ReadOnly {
        /// The address.
        server: String,
    },
    /// The server has no connection left.
    #[error("the database server {server} has no connection left ({reason}); raise that limit, or run fewer processes")]
    NoConnection {
        /// The address.
        server: String,
        /// What the server said.
        reason: String,
    },
    /// The connection broke.
    #[error(
        "the connection to the database {server} was lost ({reason}); run the command again, what was acknowledged is kept"
    )]
    Lost {
        /// The address.
        server: String,
        /// What was seen of it.
        reason: String,
    },
    /// Another process writes.
    #[error(
        "another process has been writing to {server} for longer than {waited_secs} s; wait for it to end or stop it"
    )]
    Locked {
        /// The address.
        server: String,
        /// How long this process waited.
        waited_secs: u64,
    },
    /// The server has no space left.
    #[error(
        "the disk of the database server {server} is full; free some space and run the command again, what was acknowledged \
         is kept"
    )]
    Full {
        /// The address.
        server: String,
    },
    /// The server stopped a statement.
    #[error(
        "the database server {server} stopped a statement ({reason}); raise statement_timeout for this user and run the \
         command again"
    )]
    Stopped {
        /// The address.
        server: String,
        /// What the server said.
        reason: String,
    },
    /// A copy of the database is for the server to make.
    #[error("the database {server} cannot be copied to a file; back it up with `pg_dump`")]
    NoCopy {
        /// The address.
        server: String,
    },
    /// Another transaction was in the way.
    #[error("another transaction was in the way on {server} ({reason}); nothing was changed, run the command again")]
    Conflict {
        /// The address.
        server: String,
        /// What the server said.
        reason: String,
    },
    /// A text has the character that PostgreSQL does not store.
    #[error("a text has the character NUL (U+0000), which PostgreSQL cannot store; remove it")]
    Nul,
    /// A value is longer than the server takes.
    #[error("a value is longer than PostgreSQL takes ({reason}); shorten it, or keep the workspace in SQLite")]
    TooLong {
        /// What the server said.
        reason: String,
    },
}

impl PostgresError {
    /// Returns whether trying again later may help without anybody doing anything.
    pub fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::NoConnection { .. }
                | Self::Lost { .. }
                | Self::Locked { .. }
                | Self::Conflict { .. }
                | Self::Unsettled { .. }
        )
    }
}
