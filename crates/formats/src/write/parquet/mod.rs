//! Tables as Parquet files: typed columns, compressed with zstd, in row groups.
//!
//! The tables are those of [`tables`]. Threads encode typed cells, and one [`Join`](join::Join) for each table collects
//! them into columns and writes a row group whenever enough have come. So row groups do not depend on the number of threads.
//!
//! # Invariants
//! - The schema of a table does not depend on what is in it: a table without lines has all its columns.
//! - The bytes of a file are those of its cells: no time, no version of a library.

mod join;
mod schema;

use super::about::check_options;
use super::tables::{self, Style, TABLES};
use super::{About, Encoder, Entries, Format, Joiner, Layout, Numbers, OpenError};
use join::Join;
use labelport_model::record::Record;

/// Long tables as Parquet files.
pub struct Parquet;

struct Tables;

impl Format for Parquet {
    fn name(&self) -> &'static str {
        "parquet"
    }

    fn summary(&self) -> &'static str {
        "The tables of csv with typed columns, in Parquet; for DuckDB, Polars, pandas, Spark, Hugging Face datasets."
    }

    fn keeps(&self) -> &'static str {
        "everything"
    }

    fn layout(&self) -> Layout {
        Layout::Package
    }

    fn open<'f>(&'f self, about: &'f About<'f>) -> Result<Box<dyn Encoder + 'f>, OpenError> {
        check_options(self.name(), self.options(), &about.options)?;
        Ok(Box::new(Tables))
    }
}

impl Encoder for Tables {
    fn streams(&self) -> Vec<String> {
        TABLES.iter().map(|table| format!("{}.parquet", table.name)).collect()
    }

    fn joiner(&self, stream: usize) -> Option<Box<dyn Joiner>> {
        let table = TABLES.get(stream)?;
        Some(Box::new(Join::of(table.columns)))
    }

    fn row(&self, record: &Record<'_>, _: &mut Numbers, entries: &mut Entries<'_>) {
        tables::write(record, Style::Typed, entries);
    }
}
