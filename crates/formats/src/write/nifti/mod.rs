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

use super::about::check_options;
use super::annotations::for_each;
use super::by_label::{ByLabel, LABELS, LOSSES_STREAM, LabelWriter, Piece, Said, Setup, Written};
use super::chosen::{self, PREDICTIONS};
use super::class_names::{CLASS_NAMES, ClassNames};
use super::folders::{Folders, safe_name};
use super::media::Media;
use super::naming::NAMES;
use super::picture::{ALL_COVERED, CLASSES, ClassList, Drawn, PARTLY_COVERED, Size, parse_pinned, pixels_of};
use super::settled::{Fate, NO_ANSWERS, Origin, Pending, settle};
use super::split::SPLIT;
use super::split_by::SPLIT_BY;
use super::stored::parsed;
use super::{
    About, AssetPlace, Encoder, Entries, FileEntry, Format, FormatOption, Layout, OpenError, Options, Pictures, Scans,
    Wanted,
};
use crate::raster::{Canvas, Runs};
use grid::Grid;
use labelport_model::annotation::{Annotation, Body, Object};
use labelport_model::data_type::{self, Container, Form};
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

/// The option by which series are in a package: that of all formats, in the words of this one.
static MEDIA: FormatOption = FormatOption {
    name: "media",
    summary: "Whether the series themselves are in the package. `copy` adds them as they are; `link` makes hard links of files \
              that are on this machine, and copies the others.",
    values: &["none", "copy", "link"],
    form: None,
};

static OPTIONS: [FormatOption; 9] = [CLASSES, CLASS_NAMES, LABELS, MEDIA, NAMES, PREDICTIONS, SPLIT, SPLIT_BY, VOXELS];

/// What has voxels.
const FORMS: [Form; 2] = [Form::Mask, Form::FrameMask];

const NOT_A_SERIES: &str = "its row is not a medical series";
const NOT_AT_HAND: &str = "its series is not at hand";
const NOT_HELD: &str = "the format holds masks on slices of series";
const WHOLE_SERIES: &str = "it is about a whole series, and the format holds slices";
const OTHER_PLANE: &str = "it is on a plane that is computed from the series, not on one of its slices";
const NO_SLICE: &str = "its slice is not one of the series";
const TOO_MANY: &str = "its export has more than 65,535 classes";
const SLICE_TOO_LARGE: &str = "the slices of its series have more than 67 million pixels";

/// The greatest value of a voxel of 8 bits.
const SHALLOW_LAST: usize = 255;

struct Volumes<'f> {
    setup: Setup<'f>,
    media: Media,
    list: ClassList,
    /// The names of classes as files, where each has a volume.
    folders: Option<Folders>,
    pictures: Option<&'f dyn Pictures>,
    scans: Option<&'f dyn Scans>,
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
        Wanted { scans: true, ..chosen::wanted(options) }
    }

    fn open<'f>(&'f self, about: &'f About<'f>) -> Result<Box<dyn Encoder + 'f>, OpenError> {
        check_options(self.name(), self.options(), &about.options)?;
        let setup = Setup::of(about)?;
        setup.chooser.refuse_scores(self.name())?;
        let class_names = ClassNames::of(about.option(&CLASS_NAMES));
        let list = ClassList::of(about.classes, &FORMS, class_names, &parse_pinned(about.option(&CLASSES))?);
        let names = list.names().iter().map(String::as_str);
        let folders = (about.option(&VOXELS) == "each-class")
            .then(|| Folders::of(names, str::to_owned, |known| safe_name(known, |_| true)));
        let media = Media::of(about, &MEDIA);
        let (pictures, scans) = (about.pictures, about.scans);
        Ok(Box::new(ByLabel(Volumes { setup, media, list, folders, pictures, scans })))
    }
}

impl LabelWriter for Volumes<'_> {
    type Subject = Grid;

    const SAID: Said = Said {
        no_label: "it has no label, and its volume says that nothing is there",
        no_prediction: "it has no prediction, and its volume says that nothing is there",
        skipped: "its label was skipped, and its volume says that nothing is there",
    };

    fn setup(&self) -> &Setup<'_> {
        &self.setup
    }

    fn streams(&self) -> Vec<String> {
        Vec::new()
    }

    fn makes_files(&self) -> bool {
        true
    }

    fn start(&self, entries: &mut Entries<'_>) {
        self.list.say_renamed(entries);
        for why in self.folders.iter().flat_map(Folders::renamed) {
            entries.losses.add("class", Outcome::Reduced, why, 1);
        }
        entries.files.extend([self.list.to_file(), self.list.to_table()]);
    }

    fn subject(&self, head: Value<'_>, record: &Record<'_>) -> Result<Grid, &'static str> {
        let media = parsed(record.media.unwrap_or(b"{}"));
        let data_type = data_type::of_media(media.root()).filter(|found| found.container == Container::Groups);
        data_type.ok_or(NOT_A_SERIES)?;
        let url = head.get("row_data").and_then(Value::as_text).unwrap_or_default();
        let grid = Grid::of(&self.scans.ok_or(NOT_AT_HAND)?.read(&url)?)?;
        if Canvas::can_have(grid.columns, grid.rows) { Ok(grid) } else { Err(SLICE_TOO_LARGE) }
    }

    fn once(&self, piece: &Piece<'_, Grid>, entries: &mut Entries<'_>) {
        let path = || AssetPlace::File(format!("media/{}/{}{}", piece.part, piece.stem, piece.extension));
        self.media.add(piece.head, path, entries);
    }

    fn write(&self, piece: &Piece<'_, Grid>, entries: &mut Entries<'_>) -> Result<Written, &'static str> {
        let origin = Origin { data_row_id: piece.row_id, label_id: piece.label_id };
        let layers = self.read(piece, &origin, entries);
        let stem = format!("{}/{}", piece.part, piece.stem);
        let unwritable = |_: io::Error| "its volume cannot be packed";
        let (fates, files) = match &self.folders {
            None => self.of_all(&layers, piece.subject, &stem, entries.is_survey),
            Some(folders) => self.of_each(&layers, piece.subject, (&stem, folders), entries.is_survey),
        }
        .map_err(unwritable)?;
        for (painted, fate) in layers.values().flatten().zip(fates) {
            painted.pending.settle(fate, &origin, (LOSSES_STREAM, entries));
        }
        entries.files.extend(files);
        let end = if self.folders.is_some() { "/" } else { ".nii.gz" };
        Ok(Written { file: format!("{stem}{end}"), lines: 1 })
    }
}

/// A mask on a slice.
struct Painted {
    pending: Pending,
    /// The number of its class, from 0.
    class: usize,
    runs: Runs,
}

/// Masks by layer, in their order.
type Layers = BTreeMap<usize, Vec<Painted>>;

/// What became of each mask, and files.
type Made = (Vec<Fate>, Vec<FileEntry>);

impl Volumes<'_> {
    /// Reads the masks of a label, and settles what is not one.
    fn read(&self, piece: &Piece<'_, Grid>, origin: &Origin<'_>, entries: &mut Entries<'_>) -> Layers {
        let (mut layers, classes) = (Layers::new(), &self.setup.classes);
        let Some(label) = piece.label else { return layers };
        for_each(label.annotations, entries, &mut |annotation, entries| {
            let found = match &annotation.body {
                Body::Classification(_) => Err(NO_ANSWERS),
                Body::Object(object) => self.drawn(annotation, object, piece.subject),
            };
            match found {
                Ok((layer, class, runs)) => {
                    let painted = Painted { pending: Pending::of(annotation, classes), class, runs };
                    layers.entry(layer).or_default().push(painted);
                }
                Err(reason) => settle(annotation, Fate::left_out(reason), origin, classes, (LOSSES_STREAM, entries)),
            }
        });
        layers
    }

    /// Returns the layer, the class and the pixels of an object. Fails with a clause where it has none.
    fn drawn(
        &self,
        annotation: &Annotation<'_>,
        object: &Object<'_>,
        grid: &Grid,
    ) -> Result<(usize, usize, Runs), &'static str> {
        let place = self.setup.classes.place_of(annotation, object)?;
        let shape = object.shape.as_ref().filter(|_| self.list.is_drawn(place)).ok_or(NOT_HELD)?;
        let (Some(axis), Some(slice)) = (annotation.place.axis, annotation.place.frame) else {
            return Err(WHOLE_SERIES);
        };
        if axis != grid.axis {
            return Err(OTHER_PLANE);
        }
        let layer = grid.layer(slice).ok_or(NO_SLICE)?;
        // What is looked at first has no numbers yet.
        let class = self.list.number(place).unwrap_or_default();
        if class >= usize::from(u16::MAX) {
            return Err(TOO_MANY);
        }
        let drawn = Drawn::of(shape, self.pictures).ok_or(NOT_HELD)??;
        let size = Size { width: grid.columns.into(), height: grid.rows.into(), is_turned: false };
        Ok((layer, class, pixels_of(drawn, &size)?))
    }

    /// Makes the volume of all classes.
    fn of_all(&self, layers: &Layers, grid: &Grid, stem: &str, is_survey: bool) -> io::Result<Made> {
        let is_deep = self.list.names().len() > SHALLOW_LAST;
        let mut volume = if is_survey { None } else { Some(Volume::new(grid, is_deep)?) };
        let mut fates = Vec::new();
        let value_of = |painted: &Painted| u16::try_from(painted.class + 1).ok();
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
            let value_of = |painted: &Painted| (painted.class == class).then_some(1);
            paint(layers, grid, &value_of, &mut |_, canvas| volume.add(canvas.pixels()))?;
            let name = folders.find(self.list.name(class)).unwrap_or_default();
            files.push(FileEntry { path: format!("{stem}/{name}.nii.gz"), bytes: volume.finish()? });
        }
        Ok((fates, files))
    }
}

/// Takes the masks of a layer, and its pixels.
type EachLayer<'e> = dyn FnMut(&[Painted], &Canvas) -> io::Result<()> + 'e;

/// Paints all layers of a volume, one by one. A mask without a value is not painted.
fn paint(
    layers: &Layers,
    grid: &Grid,
    value_of: &dyn Fn(&Painted) -> Option<u16>,
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
