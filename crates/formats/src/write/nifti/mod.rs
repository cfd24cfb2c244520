//! NIfTI: a volume for each series, whose voxels are numbers of classes; for nnU-Net, MONAI, 3D Slicer and ITK-SNAP.
//!
//! `PART/NAME.nii.gz` is as large as the series and lies where the series lies: its matrix is made of the positions, the
//! directions and the spacing of the slices. Objects of a slice are painted in their order, so that a later one covers an
//! earlier one. With `--format-option voxels=each-class` there is a volume for each class.
//!
//! What labels store is numbers of slices, so that the header of the series must be at hand. A series that is not, or that is
//! not one volume, is left out. So are masks of planes that a program has computed from the series.
//!
//! What the format cannot hold: lines, answers, and what others cover.

mod grid;
#[cfg(test)]
mod tests;
mod volume;

use super::by_label::{ByLabel, LABELS, LOSSES_STREAM, LabelWriter, Piece, Said, Setup, Written};
use super::chosen::PREDICTIONS;
use super::class_names::CLASS_NAMES;
use super::folders::{Folders, safe_name};
use super::naming::NAMES;
use super::picture::{ALL_COVERED, CLASSES, PARTLY_COVERED};
use super::series::{self, Base, MEDIA, OnSlice, Stack};
use super::settled::{Fate, Origin};
use super::split::SPLIT;
use super::split_by::SPLIT_BY;
use super::{About, Encoder, Entries, FileEntry, Format, FormatOption, Layout, OpenError, Options, Wanted};
use crate::raster::Canvas;
use grid::Grid;
use labelport_model::json::Value;
use labelport_model::losses::Outcome;
use labelport_model::record::Record;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use volume::Volume;

/// A volume for each series.
pub struct Nifti;

static VOXELS: FormatOption = FormatOption {
    name: "voxels",
    summary: "What a voxel is: the number of its class, or, in a volume for each class, whether it belongs to the class.",
    values: &["class", "each-class"],
    form: None,
};

static OPTIONS: [FormatOption; 9] = [CLASSES, CLASS_NAMES, LABELS, MEDIA, NAMES, PREDICTIONS, SPLIT, SPLIT_BY, VOXELS];

const SLICE_TOO_LARGE: &str = "the slices of its series have more than 67 million pixels";

/// The greatest value of a voxel of 8 bits.
const SHALLOW_LAST: usize = 255;

struct Volumes<'f> {
    base: Base<'f>,
    /// The names of classes as files, where each has a volume.
    folders: Option<Folders>,
}

impl Format for Nifti {
    fn name(&self) -> &'static str {
        "nifti"
    }

    fn summary(&self) -> &'static str {
        "A NIfTI volume for each medical series, whose voxels are numbers of classes; for nnU-Net, MONAI and 3D Slicer."
    }

    fn keeps(&self) -> &'static str {
        "masks on slices of DICOM series"
    }

    fn layout(&self) -> Layout {
        Layout::Package
    }

    fn options(&self) -> &'static [FormatOption] {
        &OPTIONS
    }

    fn is_lossy(&self) -> bool {
        true
    }

    fn wanted(&self, options: &Options) -> Wanted {
        series::wanted(options)
    }

    fn open<'f>(&'f self, about: &'f About<'f>) -> Result<Box<dyn Encoder + 'f>, OpenError> {
        let base = Base::of(self, about)?;
        let names = base.list.names().iter().map(String::as_str);
        let folders = (about.option(&VOXELS) == "each-class")
            .then(|| Folders::of(names, str::to_owned, |known| safe_name(known, |_| true)));
        Ok(Box::new(ByLabel(Volumes { base, folders })))
    }
}

impl LabelWriter for Volumes<'_> {
    type Subject = (Stack, Grid);

    const SAID: Said = Said {
        no_label: "it has no label, and its volume says that nothing is there",
        no_prediction: "it has no prediction, and its volume says that nothing is there",
        skipped: "its label was skipped, and its volume says that nothing is there",
    };

    fn setup(&self) -> &Setup<'_> {
        &self.base.setup
    }

    fn streams(&self) -> Vec<String> {
        Vec::new()
    }

    fn makes_files(&self) -> bool {
        true
    }

    fn start(&self, entries: &mut Entries<'_>) {
        self.base.start(entries);
        for why in self.folders.iter().flat_map(Folders::renamed) {
            entries.losses.add("class", Outcome::Reduced, why, 1);
        }
    }

    fn subject(&self, head: Value<'_>, record: &Record<'_>) -> Result<(Stack, Grid), &'static str> {
        let stack = self.base.stack(head, record)?;
        let grid = Grid::of(&stack)?;
        if Canvas::can_have(grid.columns, grid.rows) { Ok((stack, grid)) } else { Err(SLICE_TOO_LARGE) }
    }

    fn once(&self, piece: &Piece<'_, (Stack, Grid)>, entries: &mut Entries<'_>) {
        self.base.add_media(piece, entries);
    }

    fn write(&self, piece: &Piece<'_, (Stack, Grid)>, entries: &mut Entries<'_>) -> Result<Written, &'static str> {
        let origin = Origin { data_row_id: piece.row_id, label_id: piece.label_id };
        let (stack, grid) = piece.subject;
        let slices = self.base.read(piece, stack, &origin, entries);
        let layers: Layers = slices.into_iter().map(|(slice, masks)| (grid.layers[slice], masks)).collect();
        let stem = format!("{}/{}", piece.part, piece.stem);
        let unwritable = |_: io::Error| "its volume cannot be packed";
        let (fates, files) = match &self.folders {
            None => self.of_all(&layers, grid, &stem, entries.is_survey),
            Some(folders) => self.of_each(&layers, grid, (&stem, folders), entries.is_survey),
        }
        .map_err(unwritable)?;
        for (mask, fate) in layers.values().flatten().zip(fates) {
            mask.pending.settle(fate, &origin, (LOSSES_STREAM, entries));
        }
        entries.files.extend(files);
        let end = if self.folders.is_some() { "/" } else { ".nii.gz" };
        Ok(Written { file: format!("{stem}{end}"), lines: 1 })
    }
}

/// Masks by layer, in their order.
type Layers = BTreeMap<usize, Vec<OnSlice>>;

/// What became of each mask, and files.
type Made = (Vec<Fate>, Vec<FileEntry>);

impl Volumes<'_> {
    /// Makes the volume of all classes.
    fn of_all(&self, layers: &Layers, grid: &Grid, stem: &str, is_survey: bool) -> io::Result<Made> {
        let is_deep = self.base.list.names().len() > SHALLOW_LAST;
        let mut volume = if is_survey { None } else { Some(Volume::new(grid, is_deep)?) };
        let mut fates = Vec::new();
        let value_of = |painted: &OnSlice| u16::try_from(painted.class + 1).ok();
        paint(layers, grid, &value_of, &mut |layer, canvas| {
            for painted in layer {
                let seen = canvas.count(&painted.runs, |value| Some(value) == value_of(painted));
                fates.push(match seen {
                    0 => Fate::left_out(ALL_COVERED),
                    seen if seen < painted.runs.area() => Fate::reduced(PARTLY_COVERED),
                    _ => Fate::KEPT,
                });
            }
            volume.as_mut().map_or(Ok(()), |volume| volume.add(canvas.pixels()))
        })?;
        let file = |bytes| FileEntry { path: format!("{stem}.nii.gz"), bytes };
        let bytes = volume.map(Volume::finish).transpose()?;
        Ok((fates, bytes.map(file).into_iter().collect()))
    }

    /// Makes a volume for each class that is there.
    fn of_each(
        &self,
        layers: &Layers,
        grid: &Grid,
        (stem, folders): (&str, &Folders),
        is_survey: bool,
    ) -> io::Result<Made> {
        let classes: BTreeSet<usize> = layers.values().flatten().map(|painted| painted.class).collect();
        let fates = layers.values().flatten().map(|_| Fate::KEPT).collect();
        let mut files = Vec::new();
        for class in classes.into_iter().filter(|_| !is_survey) {
            let mut volume = Volume::new(grid, false)?;
            let value_of = |painted: &OnSlice| (painted.class == class).then_some(1);
            paint(layers, grid, &value_of, &mut |_, canvas| volume.add(canvas.pixels()))?;
            let name = folders.find(self.base.list.name(class)).unwrap_or_default();
            files.push(FileEntry { path: format!("{stem}/{name}.nii.gz"), bytes: volume.finish()? });
        }
        Ok((fates, files))
    }
}

/// Takes the masks of a layer, and its pixels.
type EachLayer<'e> = dyn FnMut(&[OnSlice], &Canvas) -> io::Result<()> + 'e;

/// Paints all layers of a volume, one by one. A mask without a value is not painted.
fn paint(
    layers: &Layers,
    grid: &Grid,
    value_of: &dyn Fn(&OnSlice) -> Option<u16>,
    each: &mut EachLayer<'_>,
) -> io::Result<()> {
    let empty = Canvas::new(grid.columns, grid.rows).ok_or(io::ErrorKind::InvalidInput)?;
    for layer in 0..grid.layers.len() {
        match layers.get(&layer) {
            None => each(&[], &empty)?,
            Some(layer) => {
                let mut canvas = empty.emptied();
                for painted in layer {
                    value_of(painted).into_iter().for_each(|value| canvas.paint(&painted.runs, value));
                }
                each(layer, &canvas)?;
            }
        }
    }
    Ok(())
}
