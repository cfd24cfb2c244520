//! Composed workspaces: invented, deterministic rows for the demo, the tests and the benchmarks.
//!
//! Everything here is made up: a railway yard called Alder, hosts under `example.test`, people who do not exist. The
//! same call gives the same bytes on every machine, because there is no clock and no random source but [`Chance`].
//! Lines are compact, ASCII-only JSON in the row format of today, one row a line, in the key order of an export with
//! every section switched on, except that video labels show their key frames only. This module never knows a store,
//! a request or a format: it only writes text that an import can read.
//!
//! - [`demo`] is a small world to look at: nine data types, ten projects, two models.
//! - [`random`] is a workspace for property tests, as odd as the format allows.
//! - [`older_shape`] gives a row of today the shape of an export of some years ago.
//! - [`image_rows`] is as many rows as a benchmark wants, formatted by hand to be faster than what it measures.
//!
//! # Adding a data type
//! One file in `demo/` with a `Subject` and one line in its table, one file in `random/` with a `Painter` and one
//! line in its table.

mod ascii_json;
mod chance;
mod clip;
mod demo;
mod image_rows;
mod moment;
mod older;
mod passage;
mod random;
mod shape;
mod workload;

pub use ascii_json::to_ascii_json;
pub use chance::Chance;
pub use demo::{Demo, DemoComment, DemoIssue, DemoRun, DemoSlice, Named, demo};
pub use image_rows::{ImageRows, image_rows, write_image_rows};
pub use older::{OLDER_CHANGES, OlderChange, older_shape, with_older_change};
pub use random::{Size, random};
pub use workload::{WORKLOADS, Workload};

/// One file of rows, ready to be imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleFile {
    /// A file name that is safe everywhere, such as `image.ndjson`.
    pub name: String,
    /// One row of JSON a line; the last line ends with a line feed too.
    pub ndjson: Vec<u8>,
}
