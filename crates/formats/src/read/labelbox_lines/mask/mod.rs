//! Masks: pictures to regions of pixels, regions to pictures.
//!
//! A region is stored as runs of pixels row by row, so that memory depends on the outline and not on the area. Every
//! instance becomes a picture of its own at once. The composites, in which each instance of the label has its own
//! colour and later ones lie over earlier ones, are painted when all lines are read.
//!
//! A mask need not be as large as the image it is for: nothing says that the vendor refuses such masks. Regions of
//! different sizes never meet in one composite, so none is cut.

mod picture;
mod region;
mod sheet;

pub(super) use picture::{Inside, regions};
pub(super) use region::{Region, from_counts};
pub(super) use sheet::{Addresses, Sheets, Spot};

use crate::raster::Runs;

/// The most pixels of a mask: four times what the largest cameras make.
const PIXEL_LIMIT: u64 = 100_000_000;
/// The maximum number of runs in the masks of one data row: 240 MB.
pub(super) const RUN_LIMIT: usize = 20_000_000;

/// Reads the pixels of an instance from its own picture, or those of its colour from a picture of several. Fails with a
/// clause that says what is wrong with the picture.
pub(crate) fn read_runs(picture: &[u8], colour: Option<Colour>) -> Result<Runs, String> {
    let inside = colour.map_or(Inside::Lit, Inside::Of);
    let found = regions(picture, &[inside]).map_err(|problem| problem.to_string())?;
    let region = found.into_iter().next().unwrap_or_default();
    Ok(Runs::of_rows(region.width, region.height, region.runs.iter().map(|run| (run.row, run.start, run.end))))
}

/// The red, green and blue of an instance.
pub(super) type Colour = [u8; 3];
