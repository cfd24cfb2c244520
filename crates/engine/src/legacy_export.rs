//! Exports in the rows of v1.

/// The kinds of tasks that keep such a result.
pub const KINDS: [&str; 0] = [];
