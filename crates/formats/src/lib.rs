//! Records to bytes, one file for each output format, and the bytes of others to what is stored: see [`read`].
//!
//! A format is pure: it sees one [`Record`] at a time and appends bytes to a buffer. It never sees a file, a database or
//! another format, and it keeps nothing between two records, so that records can be encoded on any number of threads.
//!
//! # Adding a format
//! One file beside this one with a type that implements [`Format`], one line in [`FORMATS`].

mod legacy;
mod ndjson;
pub mod read;

use labelport_model::record::Record;
pub use legacy::{Frames, Legacy, LegacyJson, LegacyRun};
pub use ndjson::Ndjson;

/// A way to write records.
pub trait Format: Sync {
    /// Returns the name by which a request asks for it.
    fn name(&self) -> &'static str;
    /// Returns one sentence about it.
    fn summary(&self) -> &'static str;
    /// Returns the file name extension, without a dot.
    fn extension(&self) -> &'static str;
    /// Appends one record. The buffer may be emptied while a record with filled frames is written, see
    /// [`Annotations`](labelport_model::record::Annotations).
    fn write(&self, record: &Record<'_>, out: &mut Vec<u8>);
}

/// Every format, by name.
pub static FORMATS: &[&dyn Format] = &[&LegacyJson(Legacy::PLAIN), &LegacyRun(Legacy::PLAIN), &Ndjson];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_is_described_and_in_order() {
        let names: Vec<_> = FORMATS.iter().map(|format| format.name()).collect();
        assert!(names.is_sorted(), "{names:?}");
        for format in FORMATS {
            assert!(format.summary().ends_with('.'), "{}: the summary is no sentence", format.name());
        }
    }
}
