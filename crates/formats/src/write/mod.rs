//! Records to bytes, one file (or folder) for each output format.
//!
//! A [`Format`] is opened on what an export is [`About`] and gives an [`Encoder`], which turns rows into [`Entries`]:
//! bytes of the format's streams, whole files, and [`Losses`].
//!
//! # Invariants
//! - An encoder is pure and keeps nothing between two rows, so that rows can be encoded on any number of threads. What
//!   must be known of other rows (numbers that run through, totals, classes) is known before the first row. What can only
//!   be known from one row to the next is the matter of a [`Joiner`].
//! - A format never filters: it writes what is in the record, or counts what it cannot hold as a loss.
//! - Nothing is changed in bytes after encoding, but [marks](replace_marks) of numbers.
//!
//! # Adding a format
//! One file in this folder with a type that implements [`Format`], and one line in [`FORMATS`].

mod about;
mod annotations;
mod attributes;
mod brat;
mod by_label;
mod cells;
mod chat;
mod chosen;
mod class_names;
mod coco;
mod conll;
mod csv;
mod cvat;
mod datumaro;
mod declared;
mod dicom_seg;
mod digits;
mod elements;
mod entries;
mod folders;
mod geojson;
mod hf;
mod label_studio;
mod legacy;
mod marks;
mod masks;
mod media;
mod mot;
mod naming;
mod ndjson;
mod nifti;
mod parquet;
mod picture;
mod row_list;
mod series;
mod settled;
mod skeleton;
mod spans;
mod split;
mod split_by;
mod stored;
mod tables;
#[cfg(test)]
mod testing;
mod text;
mod timed;
mod voc;
mod webdataset;
mod xml;
mod yolo;
mod youtube_vis;

pub use about::{
    About, Class, FormatOption, OpenError, Options, Pictures, Scans, Texts, VALUES_LIMIT, Wanted, name_hash,
};
pub use brat::Brat;
pub use chat::{ChatPreference, ChatSft};
pub use coco::Coco;
pub use conll::Conll;
pub use csv::Csv;
pub use cvat::Cvat;
pub use datumaro::Datumaro;
pub use dicom_seg::DicomSeg;
pub use entries::{AssetEntry, AssetPlace, Entries, FileEntry, Joiner, Layout, Numbers, Totals};
pub use geojson::GeoJson;
pub use hf::HuggingFace;
pub use label_studio::LabelStudio;
pub use legacy::{Frames, Legacy, LegacyJson, LegacyRun};
pub use marks::replace_marks;
pub use masks::Masks;
pub use media::{MEDIA, Media};
pub use mot::Mot;
pub use ndjson::Ndjson;
pub use nifti::Nifti;
pub use parquet::Parquet;
pub use settled::LOSSES;
pub use spans::Spans;
pub use timed::{Rttm, TextGrid, WebVtt};
pub use voc::Voc;
pub use webdataset::WebDataset;
pub use yolo::Yolo;
pub use youtube_vis::YoutubeVis;

#[cfg(doc)]
use labelport_model::losses::Losses;
use labelport_model::record::Record;

/// A way to write records.
pub trait Format: Sync {
    /// Returns the name by which a request asks for it.
    fn name(&self) -> &'static str;

    /// Returns one sentence about it.
    fn summary(&self) -> &'static str;

    /// Returns what it holds of annotations, as a list in words: "boxes, polygons, answers".
    fn keeps(&self) -> &'static str;

    /// Returns what a result consists of.
    fn layout(&self) -> Layout;

    /// Lists its options.
    fn options(&self) -> &'static [FormatOption] {
        &[]
    }

    /// Returns whether the numbers of rows, pictures and annotations run through a result. Then all rows are encoded to
    /// nowhere before the first one is written; without that, numbers are those within a part, and mean nothing but as
    /// [marks](Encoder::has_marks).
    fn is_numbered(&self) -> bool {
        false
    }

    /// Returns whether annotations may have no place in it. Then its encoder [settles](Losses::settle) every annotation,
    /// all rows are looked at before the first one is written, and an export that would lose something is refused unless
    /// that was allowed. Such a format also gets the details by which it chooses among the labels of a row, whether or not
    /// the request asks for them.
    fn is_lossy(&self) -> bool {
        false
    }

    /// Returns which sections of rows it reads for its options, whether or not the request asks for them. Asked of formats
    /// that are [lossy](Self::is_lossy).
    fn wanted(&self, _: &Options) -> Wanted {
        Wanted::default()
    }

    /// Prepares to encode the rows of one export.
    fn open<'f>(&'f self, about: &'f About<'f>) -> Result<Box<dyn Encoder + 'f>, OpenError>;
}

/// Turns the rows of one export into entries.
pub trait Encoder: Sync {
    /// Lists the paths of the files that grow with every row, in the order in which an archive holds them; files that one
    /// row makes are not among them. A result that is one file has one, without a path of its own.
    ///
    /// A stream whose path is that of an earlier one continues its file, as the annotations of a COCO file come after its
    /// images: it is written once all rows are in the earlier one.
    fn streams(&self) -> Vec<String> {
        vec![String::new()]
    }

    /// Returns whether files of rows are written. They are listed in one more stream, which is not among those above.
    fn makes_files(&self) -> bool {
        false
    }

    /// Returns what finishes the bytes of a stream of a package; most need nothing.
    fn joiner(&self, _stream: usize) -> Option<Box<dyn Joiner>> {
        None
    }

    /// Writes what comes before the first row.
    fn start(&self, _: &mut Entries<'_>) {}

    /// Writes what comes between streams that are continued and the streams that continue them.
    fn between(&self, _: &mut Entries<'_>) {}

    /// Returns whether numbers that run through the result are [marks](replace_marks) in its streams. Then rows get numbers
    /// within their part, and need not be encoded again once the numbers are known with which it begins. Asked of formats
    /// that are [lossy](Format::is_lossy).
    fn has_marks(&self) -> bool {
        false
    }

    /// Writes one row. It takes the numbers of what it writes.
    ///
    /// While a record with filled frames is written, the streams may be emptied: see
    /// [`Annotations`](labelport_model::record::Annotations).
    fn row(&self, record: &Record<'_>, numbers: &mut Numbers, entries: &mut Entries<'_>);

    /// Returns the name that files of a row would have if no other row had it. Asked of formats that are
    /// [lossy](Format::is_lossy).
    fn file_name(&self, _: &Record<'_>) -> Option<String> {
        None
    }

    /// Lists what of a row must be known before the first row is written, each with a word for what it is and a colon before
    /// it: see [`About::values`]. Asked of formats that are [lossy](Format::is_lossy).
    fn values(&self, _: &Record<'_>) -> Vec<String> {
        Vec::new()
    }

    /// Lists the names of classes as a result has them, by number, where rows know of classes by that alone; nothing where
    /// they know more. If the list is the same once it is known which classes are written, rows are, too.
    fn class_names(&self) -> Option<Vec<String>> {
        None
    }

    /// Writes what comes after the last row.
    fn finish(&self, _: &Totals, _: &mut Entries<'_>) {}
}

/// Every format, by name.
pub static FORMATS: &[&dyn Format] = &[
    &Brat,
    &ChatPreference,
    &ChatSft,
    &Coco,
    &Conll,
    &Csv,
    &Cvat,
    &Datumaro,
    &DicomSeg,
    &GeoJson,
    &HuggingFace,
    &LabelStudio,
    &LegacyJson(Legacy::PLAIN),
    &LegacyRun(Legacy::PLAIN),
    &Masks,
    &Mot,
    &Ndjson,
    &Nifti,
    &Parquet,
    &Rttm,
    &Spans,
    &TextGrid,
    &Voc,
    &WebDataset,
    &WebVtt,
    &Yolo,
    &YoutubeVis,
];

/// Finds a format by its name.
pub fn find(name: &str) -> Option<&'static dyn Format> {
    FORMATS.iter().copied().find(|format| format.name() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_is_described_and_in_order() {
        let names: Vec<_> = FORMATS.iter().map(|format| format.name()).collect();
        assert!(names.is_sorted_by(|one, next| one < next), "{names:?}");
        for format in FORMATS {
            assert!(format.summary().ends_with('.'), "{}: the summary is not a sentence", format.name());
            assert!(
                !format.keeps().is_empty() && !format.keeps().ends_with('.'),
                "{}: {}",
                format.name(),
                format.keeps()
            );
            let about = About::default();
            let streams = format.open(&about).unwrap().streams();
            assert!(!streams.is_empty(), "{}: there is no stream", format.name());
            assert_eq!(streams == [""], format.layout().extension().is_some(), "{}: {streams:?}", format.name());
            for option in format.options() {
                assert!(option.summary.ends_with('.'), "{}: the summary is not a sentence", option.name);
            }
        }
    }
}
