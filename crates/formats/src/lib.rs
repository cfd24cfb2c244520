//! Output formats, and the packages that hold their files.
//!
//! - [`write`](mod@write): records to bytes, one file for each output format.
//! - [`package`]: many files in one archive, with names that are safe on every system.
//!
//! Everything here is pure: no file, no database, no clock.

pub mod package;
pub mod write;
