//! What is read of many rows at once: which rows a request selects, which have changed, and pages of their sections in key
//! order.
//!
//! Nothing here changes the database. Single entities are read in [`tables`](crate::tables).

pub mod history;
pub mod page;
pub mod select;
