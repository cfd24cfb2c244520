//! Formats: rows on their way out and on their way in, and the packages that hold many files.
//!
//! - [`write`](mod@write): records to bytes, one file for each output format.
//! - [`read`]: the bytes of others to what is stored.
//! - [`raster`]: masks and polygons as pixels, run lengths and outlines.
//! - [`package`]: many files in one archive, with names that are safe on every system.
//!
//! Everything here is pure: no file, no database, no clock.

pub mod package;
pub mod raster;
pub mod read;
pub mod write;
