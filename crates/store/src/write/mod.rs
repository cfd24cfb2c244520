//! What changes many tables at once: merging rows, removing them, and recording each change.
//!
//! Every function here keeps the change sequence, the tombstones, the kept counts and the last activity of a row true.

pub mod activity;
pub mod changes;
pub(crate) mod counts;
pub mod history;
pub mod merge;
pub(crate) mod options;
pub mod removal;
pub mod tally;
