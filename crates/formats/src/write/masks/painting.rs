//! The objects of a picture, and the pictures that are made of them.

use super::Pixels;
use crate::raster::{Canvas, Runs};
use crate::write::FileEntry;
use crate::write::folders::Folders;
use crate::write::picture::{ALL_COVERED, ClassList, IN_THE_BOX, PARTLY_COVERED, Size, palette};
use crate::write::settled::{Fate, Pending};
use std::collections::BTreeMap;

/// Why a picture has no mask.
pub(super) const TOO_LARGE: &str = "its picture is too large to be painted";
/// The greatest value of a pixel in shades of grey.
const TOO_MANY: &str = "its picture has more than 65,535 objects or classes";
/// The greatest value of a pixel that is a place in a palette.
const PALETTE_LAST: usize = 255;
/// The value of a pixel that belongs to the class of its picture.
const WHITE: u8 = 255;

/// An object.
pub(super) struct Painted {
    pub(super) pending: Pending,
    /// The class by number, whether it is a box, and the pixels; or why there are none, as a clause.
    pub(super) drawn: Result<(usize, bool, Runs), &'static str>,
}

/// The objects of a picture, in their order.
#[derive(Default)]
pub(super) struct Painting(Vec<Painted>);

/// What is made of a picture.
#[derive(Default)]
pub(super) struct Made {
    /// What became of each object.
    pub(super) fates: Vec<Fate>,
    pub(super) objects: Vec<Listed>,
    pub(super) files: Vec<FileEntry>,
}

/// An object on a picture.
pub(super) struct Listed {
    pub(super) feature_id: String,
    pub(super) path: String,
    /// The value of its pixels.
    pub(super) value: usize,
    /// Its class by number, from 0.
    pub(super) class: usize,
    /// How many pixels it has, also those that later objects of its class cover, where a pixel is a class.
    pub(super) pixels: u64,
}

impl Painting {
    pub(super) fn add(&mut self, painted: Painted) {
        self.0.push(painted);
    }

    pub(super) fn objects(&self) -> impl Iterator<Item = &Painted> {
        self.0.iter()
    }

    /// Paints the objects. Without files, only what becomes of them is found out. The path has no extension.
    pub(super) fn make(
        &self,
        pixels: Pixels,
        size: &Size,
        path: &str,
        list: &ClassList,
        folders: &Folders,
        is_survey: bool,
    ) -> Made {
        let Some(mut canvas) = Canvas::new(size.width as u32, size.height as u32) else {
            let fate = |painted: &Painted| Fate::left_out(painted.drawn.as_ref().err().copied().unwrap_or(TOO_LARGE));
            return Made { fates: self.0.iter().map(fate).collect(), ..Made::default() };
        };
        // A canvas holds numbers of objects, from 1; these are the classes of the numbers.
        let mut classes = vec![usize::MAX];
        for (number, painted) in (1_usize..).zip(&self.0) {
            let class = painted.drawn.as_ref().map_or(usize::MAX, |(class, ..)| *class);
            classes.push(class);
            if let (Ok((_, _, runs)), Ok(number)) = (&painted.drawn, u16::try_from(number)) {
                canvas.paint(runs, number);
            }
        }
        let mut made = Made::default();
        for (number, painted) in (1_usize..).zip(&self.0) {
            let (class, is_box, runs) = match &painted.drawn {
                Ok(drawn) => drawn,
                Err(reason) => {
                    made.fates.push(Fate::left_out(reason));
                    continue;
                }
            };
            let value = match pixels {
                Pixels::Class => class + 1,
                Pixels::Object => number,
                Pixels::EachClass => usize::from(WHITE),
            };
            if number > usize::from(u16::MAX) || value > usize::from(u16::MAX) {
                made.fates.push(Fate::left_out(TOO_MANY));
                continue;
            }
            let all = runs.area();
            let seen = match pixels {
                Pixels::Class => canvas.count(runs, |other| classes.get(usize::from(other)) == Some(class)),
                Pixels::Object => canvas.count(runs, |other| usize::from(other) == number),
                Pixels::EachClass => all,
            };
            made.fates.push(match (seen, is_box) {
                (0, _) => Fate::left_out(ALL_COVERED),
                (seen, _) if seen < all => Fate::reduced(PARTLY_COVERED),
                (_, true) => Fate::reduced(IN_THE_BOX),
                _ => Fate::KEPT,
            });
            if seen > 0 && !is_survey {
                let path = match pixels {
                    Pixels::EachClass => class_path(path, *class, list, folders),
                    _ => format!("{path}.png"),
                };
                let feature_id = painted.pending.feature_id();
                made.objects.push(Listed { feature_id, path, value, class: *class, pixels: seen });
            }
        }
        if !is_survey {
            made.files = self.files(pixels, path, &canvas, &classes, list, folders);
        }
        made
    }

    fn files(
        &self,
        pixels: Pixels,
        path: &str,
        canvas: &Canvas,
        classes: &[usize],
        list: &ClassList,
        folders: &Folders,
    ) -> Vec<FileEntry> {
        let class_count = list.names().len();
        let file = |bytes| vec![FileEntry { path: format!("{path}.png"), bytes }];
        // The value of a number of the canvas; that of nothing is 0.
        let value_of = |class: &usize| class.checked_add(1).unwrap_or_default();
        match pixels {
            Pixels::Class if class_count <= PALETTE_LAST => {
                let values: Vec<u8> =
                    classes.iter().map(|class| u8::try_from(value_of(class)).unwrap_or_default()).collect();
                let palette = palette(class_count);
                file(canvas.to_flat_png(&values, Some(&palette)))
            }
            Pixels::Class => {
                let values: Vec<u16> =
                    classes.iter().map(|class| u16::try_from(value_of(class)).unwrap_or_default()).collect();
                file(canvas.to_deep_png(&values))
            }
            Pixels::Object => file(canvas.to_deep_png(&(0..=u16::MAX).take(classes.len()).collect::<Vec<_>>())),
            Pixels::EachClass => {
                let mut by_class: BTreeMap<usize, Vec<&Runs>> = BTreeMap::new();
                for (class, _, runs) in self.0.iter().filter_map(|painted| painted.drawn.as_ref().ok()) {
                    by_class.entry(*class).or_default().push(runs);
                }
                let draw = |(class, runs): (usize, Vec<&Runs>)| {
                    let mut own = canvas.emptied();
                    runs.into_iter().for_each(|runs| own.paint(runs, 1));
                    let bytes = own.to_flat_png(&[0, WHITE], None);
                    FileEntry { path: class_path(path, class, list, folders), bytes }
                };
                by_class.into_iter().map(draw).collect()
            }
        }
    }
}

/// Returns where the picture of a class is.
fn class_path(path: &str, class: usize, list: &ClassList, folders: &Folders) -> String {
    let name = list.names().get(class).and_then(|name| folders.find(name));
    format!("{path}/{}.png", name.unwrap_or_default())
}
