//! Row keys: how tables, pages and change lists refer to a data row.

use std::ops::RangeInclusive;

/// The internal key of a data row: 64 bits, in creation order.
pub type RowKey = i64;

/// Neighbouring row keys, first and last included.
pub type KeyRun = RangeInclusive<RowKey>;
