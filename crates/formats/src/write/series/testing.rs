//! What tests of formats of series share: a series, its header, and masks on its slices.

use crate::raster::{Canvas, Runs};
use crate::write::testing::{TestRow, Written, object, write_about};
use crate::write::{About, Class, Entries, FileEntry, Format, Numbers, Pictures, Scans};
use labelport_model::losses::Losses;
use labelport_model::record::Record;
use labelport_model::series::{Series, Slice};
use proptest::prelude::*;
use std::collections::BTreeMap;

pub(in crate::write) const MEDIA: &str = r#"{"asset_type":"dicom"}"#;
pub(in crate::write) const HEAD: &str =
    r#""id":"clrow","external_id":"scans/rail.dcm","row_data":"file:///scans/rail.dcm""#;
pub(in crate::write) const CRACK: (&str, &str, &str) = ("s1", "crack", "DICOMSegmentationMask");
pub(in crate::write) const PORE: (&str, &str, &str) = ("s2", "pore", "DICOMSegmentationMask");
pub(in crate::write) const SEAM: (&str, &str, &str) = ("s3", "seam", "DICOMPolyline");

/// A place in a slice of the series, as its position says.
pub(in crate::write) fn slice(z: f64) -> Slice {
    Slice {
        position_mm: [-10.0, 20.0, z],
        along_row: [1.0, 0.0, 0.0],
        down_column: [0.0, 1.0, 0.0],
        spacing_mm: [0.5, 0.25],
        thickness_mm: Some(3.0),
    }
}

/// A series of slices of 4 x 3 pixels.
pub(in crate::write) fn series(places: &[f64]) -> Series {
    Series { columns: 4, rows: 3, slices: places.iter().map(|z| slice(*z)).collect(), texts: BTreeMap::new() }
}

#[derive(Debug)]
struct Kept(Result<Series, &'static str>);

impl Scans for Kept {
    fn read(&self, url: &str) -> Result<Series, &'static str> {
        assert_eq!(url, "file:///scans/rail.dcm");
        self.0.clone()
    }
}

/// Pictures of masks of 4 x 3 pixels, named by rows and ranges of columns: `0:0-2,1:0-2`.
#[derive(Debug)]
struct Drawings;

impl Pictures for Drawings {
    fn read(&self, url: &str) -> Result<Vec<u8>, &'static str> {
        let (width, url) = url.strip_prefix("wide/").map_or((4, url), |url| (5, url));
        let runs = url.split(',').map(|run| {
            let (row, columns) = run.split_once(':').unwrap();
            let (start, end) = columns.split_once('-').unwrap();
            (row.parse().unwrap(), start.parse().unwrap(), end.parse().unwrap())
        });
        let mut canvas = Canvas::new(width, 3).unwrap();
        canvas.paint(&Runs::of_rows(width, 3, runs), 1);
        Ok(canvas.to_flat_png(&[0, 255], None))
    }
}

pub(in crate::write) fn mask(id: &str, class: (&str, &str, &str), url: &str) -> String {
    object(id, class, "", &format!(r#""mask":{{"url":"{url}"}}"#))
}

/// The name of a plane, and its slices by number with their objects.
pub(in crate::write) type Group<'g> = (&'g str, &'g [(u32, &'g [String])]);

/// Writes annotations of groups.
pub(in crate::write) fn annotations(groups: &[Group<'_>]) -> String {
    let group = |(name, slices): &Group<'_>| {
        let slice = |(number, objects): &(u32, &[String])| {
            let keyed = objects.iter().enumerate().map(|(index, object)| format!(r#""k{index}":{object}"#));
            let keyed = keyed.collect::<Vec<_>>().join(",");
            format!(r#""{number}":{{"objects":{{{keyed}}},"classifications":[]}}"#)
        };
        let slices: Vec<String> = slices.iter().map(slice).collect();
        format!(r#""{name}":{{"name":"{name}","classifications":[],"frames":{{{}}}}}"#, slices.join(","))
    };
    let groups: Vec<String> = groups.iter().map(group).collect();
    format!(r#"{{"groups":{{{}}},"segments":{{}},"classifications":[]}}"#, groups.join(","))
}

/// Writes a row of a series with a label.
pub(in crate::write) fn encode(
    format: &dyn Format,
    options: &[(&str, &str)],
    known: &[Class],
    kept: Result<Series, &'static str>,
    annotations: Option<&str>,
) -> Written {
    let scans = Kept(kept);
    write_about(format, about(options, known, &scans), &[TestRow { head: HEAD, media: MEDIA, annotations }])
}

/// Writes a record. Returns the files that it makes.
pub(in crate::write) fn encode_record(
    format: &dyn Format,
    options: &[(&str, &str)],
    known: &[Class],
    kept: Result<Series, &'static str>,
    record: &Record<'_>,
) -> Vec<FileEntry> {
    let scans = Kept(kept);
    let about = about(options, known, &scans);
    let encoder = format.open(&about).unwrap();
    let mut streams = vec![Vec::new(); encoder.streams().len()];
    let (mut files, mut assets, mut losses) = (Vec::new(), Vec::new(), Losses::default());
    let mut entries = Entries {
        streams: &mut streams,
        files: &mut files,
        assets: &mut assets,
        losses: &mut losses,
        is_survey: false,
    };
    let mut numbers = Numbers::FIRST;
    encoder.row(record, &mut numbers, &mut entries);
    files
}

fn about<'a>(options: &[(&str, &str)], known: &'a [Class], scans: &'a Kept) -> About<'a> {
    let options = options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    About { classes: known, options, pictures: Some(&Drawings), scans: Some(scans), ..About::default() }
}

/// An object on a slice: its plane, its slice, its class among [`KNOWN`], its row and columns, and whether it has an answer;
/// it may have no pixels, or be of another size.
pub(in crate::write) type Drawn = (usize, u32, usize, (u32, u32, u32), bool);

/// The classes of such objects, and that of their answers.
pub(in crate::write) const KNOWN: [(&str, &str, &str); 4] = [CRACK, PORE, SEAM, ("q", "size", "text_answer")];

/// Draws objects, some of which are on slices of a series of three axial ones.
pub(in crate::write) fn drawn_objects() -> impl Strategy<Value = Vec<Drawn>> {
    let pixels = (0..3_u32, 0..4_u32, 0..5_u32);
    prop::collection::vec((0..3_usize, 0..5_u32, 0..3_usize, pixels, any::<bool>()), 0..20)
}

/// Returns whether the mask of an object is larger than its slice.
pub(in crate::write) fn is_wide((.., (_, _, end), has_answer): &Drawn) -> bool {
    *has_answer && end.is_multiple_of(2)
}

/// Writes the annotations of objects.
pub(in crate::write) fn annotations_of(objects: &[Drawn]) -> String {
    let text = r#"{"feature_id":"a","feature_schema_id":"q","name":"size","text_answer":{"content":"7","classifications":[]}}"#;
    let shape = |(number, drawn): (usize, &Drawn)| {
        let (_, _, class, (row, start, end), has_answer) = drawn;
        let wide = if is_wide(drawn) { "wide/" } else { "" };
        let shape = if *class == 2 {
            r#""line":[{"x":1,"y":1},{"x":2,"y":2}]"#.to_owned()
        } else {
            format!(r#""mask":{{"url":"{wide}{row}:{start}-{end}"}}"#)
        };
        object(&format!("f{number}"), KNOWN[*class], if *has_answer { text } else { "" }, &shape)
    };
    let on = |plane: usize, slice: u32| -> Vec<String> {
        let found = objects.iter().enumerate().filter(|(_, object)| object.0 == plane && object.1 == slice);
        found.map(shape).collect()
    };
    let planes = (0..3).map(|plane| (0..5).map(|slice| on(plane, slice)).collect::<Vec<_>>());
    let planes: Vec<Vec<Vec<String>>> = planes.collect();
    let slices: Vec<Vec<(u32, &[String])>> = planes
        .iter()
        .map(|slices| (0..).zip(slices).map(|(number, objects)| (number, objects.as_slice())).collect())
        .collect();
    let names = ["Axial", "Sagittal", "Coronal"];
    let groups: Vec<Group<'_>> = names.iter().zip(&slices).map(|(name, slices)| (*name, slices.as_slice())).collect();
    annotations(&groups)
}

/// Counts the annotations whose outcome is one of some.
pub(in crate::write) fn count(written: &Written, outcomes: &[&str]) -> usize {
    let of_class = written.losses.iter().filter(|loss| !loss.contains(" row "));
    let found = of_class.filter(|loss| outcomes.iter().any(|outcome| loss.contains(outcome)));
    found.map(|loss| loss.split(' ').next().unwrap().parse::<usize>().unwrap()).sum()
}
