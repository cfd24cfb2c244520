//! What a comparison of two results finds, and that it misses nothing.

mod kinds;
mod pairs;
mod sides;

use labelport_engine::diff::{self, DiffError, DiffOptions, RowDiff, Side, Sums};
use labelport_engine::manifest::Manifest;
use labelport_model::row::ROW_LIMIT_BYTES;
use serde_json::Value;
use std::io::{self, Cursor, Read};
use std::path::Path;

/// What a comparison found.
#[derive(Debug, PartialEq)]
struct Found {
    sums: Sums,
    rows: Vec<RowDiff>,
}

/// Memory of waiting rows that nothing in these tests needs more of.
const LARGE: usize = 64 << 20;

/// Compares two files of rows.
fn compare(old: &[u8], new: &[u8], window_bytes: usize) -> Result<Found, DiffError> {
    let scratch = std::env::temp_dir();
    let options = DiffOptions { window_bytes, row_limit_bytes: ROW_LIMIT_BYTES, scratch_folder: &scratch };
    compare_with((old, None), (new, None), &options)
}

fn compare_with(
    (old, of_old): (&[u8], Option<&Manifest>),
    (new, of_new): (&[u8], Option<&Manifest>),
    options: &DiffOptions<'_>,
) -> Result<Found, DiffError> {
    let open = |bytes: &[u8]| -> io::Result<Box<dyn Read + Send>> { Ok(Box::new(Cursor::new(bytes.to_vec()))) };
    let (olds, news) = (|| open(old), || open(new));
    let old = Side { name: "old", manifest: of_old, rows: &olds };
    let new = Side { name: "new", manifest: of_new, rows: &news };
    let mut rows = Vec::new();
    let mut each = |row: &RowDiff| {
        rows.push(row.clone());
        Ok(())
    };
    let sums = diff::diff(&old, &new, options, &mut each, &mut |_| {})?;
    Ok(Found { sums, rows })
}

/// Returns rows as a file.
fn file(rows: &[Value]) -> Vec<u8> {
    rows.iter().flat_map(|row| format!("{row}\n").into_bytes()).collect()
}

/// Returns the rows of a file.
fn rows(file: &[u8]) -> Vec<Value> {
    file.split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect()
}

fn options(scratch_folder: &Path) -> DiffOptions<'_> {
    DiffOptions::new(scratch_folder)
}
