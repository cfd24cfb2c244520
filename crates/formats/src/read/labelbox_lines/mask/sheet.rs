//! The masks of one label: stored one by one, and together on composites.
//!
//! A composite holds the instances of one frame; images have the one frame 1. Frames of one group and size share the
//! composite's id, as `…/masks/<id>/index/<frame>` says. An instance has the same colour on all of its frames.

use super::super::error::LineProblem;
use super::super::{Mask, MaskPlace, World};
use super::{Colour, RUN_LIMIT, Region, picture};
use labelport_model::annotation::Axis;
use std::collections::BTreeMap;

/// What makes frames share the id of a composite: the axis of slices, and the size.
type Series = (Option<Axis>, u32, u32);

/// The masks of one label.
#[derive(Debug, Default)]
pub(in super::super) struct Sheets {
    layers: Vec<Layer>,
    sheets: BTreeMap<(Series, i64), Sheet>,
    ids: BTreeMap<Series, String>,
    colours: BTreeMap<String, Colour>,
    runs: usize,
}

/// One instance on one frame.
#[derive(Debug)]
struct Layer {
    line: usize,
    colour: Colour,
    sheet: (Series, i64),
    region: Region,
    /// The URL of its own picture.
    url: String,
}

/// Where the pixels of an instance are found.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Addresses<'a> {
    /// Its own picture, white on black.
    pub(in super::super) instance: &'a str,
    /// The picture of all instances of the label.
    pub(in super::super) composite: &'a str,
    /// Its colour there.
    pub(in super::super) colour: Colour,
}

/// A composite.
#[derive(Debug, Default)]
struct Sheet {
    layers: Vec<usize>,
    url: String,
}

/// How many masks had been added.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Mark(usize);

/// Where an instance is.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Spot<'a> {
    /// The line it comes from.
    pub(in super::super) line: usize,
    /// Its feature id.
    pub(in super::super) feature_id: &'a str,
    /// The axis along which a series is sliced.
    pub(in super::super) axis: Option<Axis>,
    /// The frame; 1 for an image.
    pub(in super::super) index: i64,
}

impl Sheets {
    /// Stores an instance and adds it to its composite; returns its index for [`Sheets::find`].
    pub(in super::super) fn add(
        &mut self,
        spot: Spot<'_>,
        region: Region,
        world: &mut dyn World,
    ) -> Result<usize, LineProblem> {
        self.runs += region.length();
        if self.runs > RUN_LIMIT {
            self.runs -= region.length();
            return Err(LineProblem::TooScattered(RUN_LIMIT));
        }
        let png = picture::instance(&region).map_err(LineProblem::Keep)?;
        let place = MaskPlace::Instance { feature_id: spot.feature_id.to_owned(), index: spot.index.unsigned_abs() };
        let url = world.keep_mask(Mask { place, png }).map_err(LineProblem::Keep)?;
        let series = (spot.axis, region.width, region.height);
        let colour = match self.colours.get(spot.feature_id) {
            Some(colour) => *colour,
            None => {
                let colour = colour(self.colours.len() as u32);
                self.colours.insert(spot.feature_id.to_owned(), colour);
                colour
            }
        };
        let sheet = (series, spot.index);
        self.layers.push(Layer { line: spot.line, colour, sheet, region, url });
        Ok(self.layers.len() - 1)
    }

    /// Returns how many masks have been added, for [`Sheets::drop_after`].
    pub(in super::super) fn mark(&self) -> Mark {
        Mark(self.layers.len())
    }

    /// Forgets the masks of a line that failed.
    pub(in super::super) fn drop_after(&mut self, mark: Mark) {
        for layer in self.layers.drain(mark.0..) {
            self.runs -= layer.region.length();
        }
    }

    /// Paints and stores the composites; returns the lines with an instance on one that could not be stored.
    pub(in super::super) fn settle(&mut self, world: &mut dyn World) -> Vec<(usize, LineProblem)> {
        for (index, layer) in self.layers.iter().enumerate() {
            self.ids.entry(layer.sheet.0).or_insert_with(|| world.new_id());
            self.sheets.entry(layer.sheet).or_default().layers.push(index);
        }
        let mut failed = Vec::new();
        for ((series, index), sheet) in &mut self.sheets {
            let layers: Vec<&Layer> = sheet.layers.iter().map(|layer| &self.layers[*layer]).collect();
            let regions: Vec<_> = layers.iter().map(|layer| (&layer.region, layer.colour)).collect();
            let composite = MaskPlace::Composite { id: self.ids[series].clone(), index: index.unsigned_abs() };
            let kept = picture::composite(series.1, series.2, &regions)
                .and_then(|png| world.keep_mask(Mask { place: composite, png }));
            match kept {
                Ok(url) => sheet.url = url,
                Err(reason) => {
                    failed.extend(layers.iter().map(|layer| (layer.line, LineProblem::Keep(reason.clone()))));
                }
            }
        }
        failed
    }

    /// Returns where an instance is found, once the composites are settled.
    pub(in super::super) fn find(&self, layer: usize) -> Option<Addresses<'_>> {
        let layer = self.layers.get(layer)?;
        let composite = &self.sheets.get(&layer.sheet)?.url;
        Some(Addresses { instance: &layer.url, composite, colour: layer.colour })
    }
}

/// Returns the colour of an instance by its number: never black, and different for the first 16 million.
fn colour(number: u32) -> Colour {
    // An odd factor permutes the 24-bit numbers; this one puts neighbours far apart. Zero alone stays zero.
    let mixed = (number.wrapping_add(1) & 0xff_ffff).wrapping_mul(0x9e_3779) & 0xff_ffff;
    [(mixed >> 16) as u8, (mixed >> 8) as u8, mixed as u8]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_unlike_each_other_and_unlike_black() {
        let colours: std::collections::BTreeSet<_> = (0..100_000).map(colour).collect();
        assert!(colours.len() == 100_000 && !colours.contains(&[0, 0, 0]));
    }
}
