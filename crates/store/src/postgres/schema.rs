//! The migrations, one after the other. One that has landed is never edited.

/// Every migration, oldest first.
pub(super) const MIGRATIONS: &[&str] =
    &[include_str!("migrations/0001_first.sql"), include_str!("migrations/0002_export_ranges.sql")];

/// Says which version the schema has, in a database of ours.
pub(super) const VERSION_SQL: &str = "select version from labelport_schema";

/// Returns the number of migrations that this program knows.
pub(super) fn known() -> i64 {
    MIGRATIONS.len() as i64
}
