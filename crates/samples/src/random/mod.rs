//! Random workspaces for property tests.
//!
//! A seed and a size give a workspace of any mix of data types, with content as odd as the format allows. What must
//! agree does agree: a name belongs to one id, a feature is what its schema id says, labels and rows have their own
//! ids, keys are sorted where exports sort them, labels are in the order of their making, and the last activity of a
//! row is the newest time in it. Every row has every section, so an export with everything on and frames not
//! interpolated gives back the line. Characters go beyond the basic plane; only NUL is left out, because not every
//! database can keep it.
//!
//! # Adding a data type
//! One file with a [`Painter`] and one line in [`PAINTERS`].

mod audio;
mod conversation;
mod dicom;
mod document;
mod geospatial;
mod html;
mod image;
mod pen;
mod row;
mod text;
mod video;
mod words;
mod world;

use serde_json::Value;

use self::pen::Pen;
use self::world::World;
use super::SampleFile;
use super::chance::Chance;

/// How big and how odd a random workspace is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Data rows in all files together.
    pub rows: u64,
    /// Files that the rows are spread over; a file may come out empty.
    pub files: u64,
    /// Masks are drawn too; their URLs are on a host of the workspace's own.
    pub masks: bool,
    /// Metadata numbers are also spelt in ways that a parser would print differently, such as `12.10` or `1E+2`.
    pub odd_spellings: bool,
}

impl Size {
    /// A workspace that takes a blink: twelve rows in two files, no masks, plain numbers.
    pub const SMALL: Size = Size { rows: 12, files: 2, masks: false, odd_spellings: false };
}

/// Returns the files of a random workspace; the same for the same seed and size.
pub fn random(seed: u64, size: &Size) -> Vec<SampleFile> {
    let mut chance = Chance::new(seed);
    let world = World::new(seed, &mut chance, size);
    let mut files: Vec<SampleFile> = (0..size.files.max(1))
        .map(|number| SampleFile { name: format!("random-{number}.ndjson"), ndjson: Vec::new() })
        .collect();
    let count = files.len() as u64;
    for number in 0..size.rows {
        let line = row::line(&world, &mut chance, number);
        let ndjson = &mut files[chance.below(count) as usize].ndjson;
        ndjson.extend_from_slice(line.as_bytes());
        ndjson.push(b'\n');
    }
    files
}

/// A data type and how its rows are made up.
struct Painter {
    name: &'static str,
    label_kind: &'static str,
    asset: fn(&mut Chance) -> Asset,
    annotate: fn(&mut Pen, &Asset) -> Value,
}

/// What a row shows.
struct Asset {
    row_data: String,
    media_attributes: Value,
}

impl Asset {
    /// Returns a whole number among the media attributes; 0 when it is not there.
    fn attribute(&self, key: &str) -> u64 {
        self.media_attributes[key].as_u64().unwrap_or_default()
    }
}

/// Every data type, by name.
static PAINTERS: &[Painter] = &[
    audio::PAINTER,
    conversation::PAINTER,
    dicom::PAINTER,
    document::PAINTER,
    geospatial::PAINTER,
    html::PAINTER,
    image::PAINTER,
    text::PAINTER,
    video::PAINTER,
];

#[cfg(test)]
mod tests;
