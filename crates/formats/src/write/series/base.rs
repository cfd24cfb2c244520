//! What every format of series knows before the first row, and what it takes of a row: the masks on its slices.

use super::stack::Stack;
use crate::raster::Runs;
use crate::write::about::check_options;
use crate::write::annotations::for_each;
use crate::write::by_label::{LOSSES_STREAM, Piece, Setup};
use crate::write::class_names::{CLASS_NAMES, ClassNames};
use crate::write::media::Media;
use crate::write::picture::{CLASSES, ClassList, Drawn, Size, parse_pinned, pixels_of};
use crate::write::settled::{Fate, NO_ANSWERS, Origin, Pending, settle};
use crate::write::stored::parsed;
use crate::write::{
    About, AssetPlace, Entries, Format, FormatOption, OpenError, Options, Pictures, Scans, Wanted, chosen,
};
use labelport_model::annotation::{Annotation, Body, Object};
use labelport_model::data_type::{self, Container, Form};
use labelport_model::json::Value;
use labelport_model::record::Record;
use std::collections::BTreeMap;

/// The option by which series are in a package: that of all formats, in the words of these.
pub(in crate::write) static MEDIA: FormatOption = FormatOption {
    name: "media",
    summary: "Whether the series themselves are in the package. `copy` adds them as they are; `link` makes hard links of files \
              that are on this machine, and copies the others.",
    values: &["none", "copy", "link"],
    form: None,
};

/// What has pixels on slices.
const FORMS: [Form; 2] = [Form::Mask, Form::FrameMask];

/// Why a row or an annotation is left out.
pub(in crate::write) const NOT_A_SERIES: &str = "its row is not a medical series";
const NOT_AT_HAND: &str = "its series is not at hand";
pub(in crate::write) const NOT_HELD: &str = "the format holds masks on slices of series";
const WHOLE_SERIES: &str = "it is about a whole series, and the format holds slices";
pub(in crate::write) const OTHER_PLANE: &str =
    "it is on a plane that is computed from the series, not on one of its slices";
pub(in crate::write) const NO_SLICE: &str = "its slice is not one of the series";
const TOO_MANY: &str = "its export has more than 65,535 classes";

/// A mask on a slice.
pub(in crate::write) struct OnSlice {
    pub(in crate::write) pending: Pending,
    /// The number of its class, from 0.
    pub(in crate::write) class: usize,
    pub(in crate::write) runs: Runs,
}

/// Masks by the place of their slice in the file, from 0, in their order.
pub(in crate::write) type BySlice = BTreeMap<usize, Vec<OnSlice>>;

/// What is known before the first row.
pub(in crate::write) struct Base<'f> {
    pub(in crate::write) setup: Setup<'f>,
    pub(in crate::write) list: ClassList,
    media: Media,
    pictures: Option<&'f dyn Pictures>,
    scans: Option<&'f dyn Scans>,
}

/// Returns which sections of rows a format of series reads.
pub(in crate::write) fn wanted(options: &Options) -> Wanted {
    Wanted { scans: true, ..chosen::wanted(options) }
}

impl<'f> Base<'f> {
    /// Checks and reads the options.
    pub(in crate::write) fn of(format: &dyn Format, about: &'f About<'f>) -> Result<Self, OpenError> {
        check_options(format.name(), format.options(), &about.options)?;
        let setup = Setup::of(about)?;
        setup.chooser.refuse_scores(format.name())?;
        let class_names = ClassNames::of(about.option(&CLASS_NAMES));
        let list = ClassList::of(about.classes, &FORMS, class_names, &parse_pinned(about.option(&CLASSES))?);
        Ok(Self { setup, list, media: Media::of(about, &MEDIA), pictures: about.pictures, scans: about.scans })
    }

    /// Writes the classes.
    pub(in crate::write) fn start(&self, entries: &mut Entries<'_>) {
        self.list.say_renamed(entries);
        entries.files.extend([self.list.to_file(), self.list.to_table()]);
    }

    /// Reads the series of a row. Fails with a clause for a row without one, or with one that is not at hand.
    pub(in crate::write) fn stack(&self, head: Value<'_>, record: &Record<'_>) -> Result<Stack, &'static str> {
        let media = parsed(record.media.unwrap_or(b"{}"));
        let data_type = data_type::of_media(media.root()).filter(|found| found.container == Container::Groups);
        data_type.ok_or(NOT_A_SERIES)?;
        let url = head.get("row_data").and_then(Value::as_text).unwrap_or_default();
        Stack::of(self.scans.ok_or(NOT_AT_HAND)?.read(&url)?)
    }

    /// Says where the series itself belongs, if it is in the package.
    pub(in crate::write) fn add_media<S>(&self, piece: &Piece<'_, S>, entries: &mut Entries<'_>) {
        let path = || AssetPlace::File(format!("media/{}/{}{}", piece.part, piece.stem, piece.extension));
        self.media.add(piece.head, path, entries);
    }

    /// Reads the masks of a label, and settles what is not one on a slice.
    pub(in crate::write) fn read<S>(
        &self,
        piece: &Piece<'_, S>,
        stack: &Stack,
        origin: &Origin<'_>,
        entries: &mut Entries<'_>,
    ) -> BySlice {
        let (mut slices, classes) = (BySlice::new(), &self.setup.classes);
        let Some(label) = piece.label else { return slices };
        for_each(label.annotations, entries, &mut |annotation, entries| {
            let found = match &annotation.body {
                Body::Classification(_) => Err(NO_ANSWERS),
                Body::Object(object) => self.drawn(annotation, object, stack),
            };
            match found {
                Ok((slice, class, runs)) => {
                    let mask = OnSlice { pending: Pending::of(annotation, classes), class, runs };
                    slices.entry(slice).or_default().push(mask);
                }
                Err(reason) => settle(annotation, Fate::left_out(reason), origin, classes, (LOSSES_STREAM, entries)),
            }
        });
        slices
    }

    /// Returns the slice, the class and the pixels of an object. Fails with a clause where it has none.
    fn drawn(
        &self,
        annotation: &Annotation<'_>,
        object: &Object<'_>,
        stack: &Stack,
    ) -> Result<(usize, usize, Runs), &'static str> {
        let place = self.setup.classes.place_of(annotation, object)?;
        let shape = object.shape.as_ref().filter(|_| self.list.is_drawn(place)).ok_or(NOT_HELD)?;
        let (Some(axis), Some(slice)) = (annotation.place.axis, annotation.place.frame) else {
            return Err(WHOLE_SERIES);
        };
        if axis != stack.axis {
            return Err(OTHER_PLANE);
        }
        let slice = stack.place(slice).ok_or(NO_SLICE)?;
        // What is looked at first has no numbers yet.
        let class = self.list.number(place).unwrap_or_default();
        if class >= usize::from(u16::MAX) {
            return Err(TOO_MANY);
        }
        let drawn = Drawn::of(shape, self.pictures).ok_or(NOT_HELD)??;
        let size = Size { width: stack.series.columns.into(), height: stack.series.rows.into(), is_turned: false };
        Ok((slice, class, pixels_of(drawn, &size)?))
    }
}
