//! The migrations, one after the other. One that has landed is never edited.

/// Every migration, oldest first.
pub(super) const MIGRATIONS: &[&str] =
    &[include_str!("migrations/0001_first.sql"), include_str!("migrations/0002_export_ranges.sql")];

/// Says which version the schema has, in a database of ours.
pub(super) const VERSION_SQL: &str = "select version from labelport_schema";

/// What is added to the version of a schema whose tables are distributed. A program that does not know of that takes it for one
/// of a later version, and writes nothing.
const DISTRIBUTED: i64 = 1_000_000;

/// Where the tables of a workspace lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// All on one server.
    Whole,
    /// On the nodes of a Citus cluster.
    Distributed,
}

/// Returns the number of migrations that this program knows.
pub(super) fn known() -> i64 {
    MIGRATIONS.len() as i64
}

/// Returns the version that a database has whose schema this program knows.
pub(super) fn version(layout: Layout) -> i64 {
    match layout {
        Layout::Whole => known(),
        Layout::Distributed => DISTRIBUTED + known(),
    }
}

/// Returns what a version that was found says: where the tables lie, and how many migrations were applied. That is negative while
/// the database is being filled.
pub(super) fn parse(found: i64) -> (Layout, i64) {
    match found.abs() >= DISTRIBUTED {
        true => (Layout::Distributed, found - found.signum() * DISTRIBUTED),
        false => (Layout::Whole, found),
    }
}
