//! A Segmentation object: its elements, and its frames of one bit a pixel.
//!
//! # Invariants
//! - Segments are numbered from 1 without gaps, in the order of their classes. A frame is the pixels of one segment on one
//!   slice; there is none without pixels. Frames are in the order of segments, and then of the depth of slices.
//! - The same content is the same bytes. Nothing says when or where the file was written.

use super::copied::Copied;
use super::dataset::Dataset;
use super::uid::derived;
use crate::raster::Runs;
use crate::write::series::{BySlice, Stack};
use labelport_model::series::{
    ACCESSION_NUMBER, CLASS_UID, FRAME_OF_REFERENCE_UID, INSTANCE_UID, PATIENT_BIRTH_DATE, PATIENT_ID, PATIENT_NAME,
    PATIENT_SEX, REFERRING_PHYSICIAN, SERIES_UID, STUDY_DATE, STUDY_ID, STUDY_TIME, STUDY_UID, Tag,
};
use std::collections::BTreeMap;

/// Segmentation Storage.
const SEGMENTATION: &str = "1.2.840.10008.5.1.4.1.1.66.4";
/// The category and the type of every segment: nothing is known of its class but its name.
const TISSUE: (&str, &str, &str) = ("SCT", "85756007", "Tissue");
const DERIVED_BY: (&str, &str, &str) = ("DCM", "113076", "Segmentation");
const DERIVED_FROM: (&str, &str, &str) = ("DCM", "121322", "Source image for image processing operation");

/// The most bytes of a file.
const FILE_BYTES: u64 = 256 << 20;
/// The most bytes that say what a frame is, and what a segment is.
const FRAME_BYTES: u64 = 600;
const SEGMENT_BYTES: u64 = 6_000;

const POSITION: Tag = (0x20, 0x32);
const POSITION_GROUP: Tag = (0x20, 0x9113);
const SEGMENT_NUMBER: Tag = (0x62, 0x0b);
const SEGMENT_GROUP: Tag = (0x62, 0x0a);
const DIMENSION_UID: Tag = (0x20, 0x9164);

/// What a segment says of its class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Described<'d> {
    pub(super) label: &'d str,
    /// The name of the class, where the label is another one.
    pub(super) description: Option<&'d str>,
    pub(super) lab: [u16; 3],
}

/// What a file is of.
pub(super) struct About<'a> {
    pub(super) stack: &'a Stack,
    pub(super) copied: &'a Copied,
    pub(super) row_id: &'a str,
    pub(super) label_id: &'a str,
    /// The model whose prediction it is; nothing for what people drew.
    pub(super) model: Option<&'a str>,
    /// Day and time of day of what was drawn.
    pub(super) drawn_at: (&'a str, &'a str),
}

/// Masks as segments and frames.
pub(super) struct Frames<'m> {
    /// The classes of segments, in their order.
    classes: Vec<usize>,
    /// The number of the segment from 0, the slice, and its number in the order of depth, from 0.
    frames: Vec<(usize, usize, usize)>,
    masks: Vec<Vec<&'m Runs>>,
}

impl<'m> Frames<'m> {
    /// Puts masks on slices in the order of frames.
    pub(super) fn of(slices: &'m BySlice, stack: &Stack) -> Self {
        let depths = stack.depths();
        let mut order: Vec<usize> = slices.keys().copied().collect();
        order.sort_by(|one, other| depths[*one].total_cmp(&depths[*other]).then(one.cmp(other)));
        let mut by_class: BTreeMap<usize, BTreeMap<usize, Vec<&Runs>>> = BTreeMap::new();
        for (depth, slice) in order.iter().enumerate() {
            for mask in &slices[slice] {
                by_class.entry(mask.class).or_default().entry(depth).or_default().push(&mask.runs);
            }
        }
        let mut found = Self { classes: by_class.keys().copied().collect(), frames: Vec::new(), masks: Vec::new() };
        for (segment, by_depth) in by_class.into_values().enumerate() {
            for (depth, masks) in by_depth {
                found.frames.push((segment, order[depth], depth));
                found.masks.push(masks);
            }
        }
        found
    }

    /// Returns whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Returns whether a file can hold them.
    pub(super) fn fit(&self, stack: &Stack) -> bool {
        is_held(self.frames.len(), self.classes.len(), pixels(stack))
    }

    /// Returns whether a pixel is in two segments.
    fn overlap(&self) -> bool {
        let mut by_slice: BTreeMap<usize, Vec<Runs>> = BTreeMap::new();
        for ((_, slice, _), masks) in self.frames.iter().zip(&self.masks) {
            by_slice.entry(*slice).or_default().extend(union(masks.iter().copied()));
        }
        by_slice.values().any(|segments| {
            let all = union(segments).map_or(0, |all| all.area());
            segments.iter().map(Runs::area).sum::<u64>() > all
        })
    }

    /// Writes the file.
    pub(super) fn write<'d>(&self, about: &About<'_>, describe: impl Fn(usize) -> Described<'d>) -> Vec<u8> {
        let mut head = Dataset::default();
        head.text((0x08, 0x05), b"CS", "ISO_IR 192");
        head.text((0x08, 0x08), b"CS", "DERIVED\\PRIMARY");
        head.text(CLASS_UID, b"UI", SEGMENTATION);
        let rest = self.rest(about, describe);
        // A file of other content has another name, also if it is of the same label.
        let counts = self.masks.iter().flatten().map(|runs| runs.counts());
        let counts: Vec<Vec<u8>> =
            counts.map(|counts| counts.iter().flat_map(|count| count.to_le_bytes()).collect()).collect();
        let content = [head.bytes(), rest.bytes()].into_iter().chain(counts.iter().map(Vec::as_slice));
        let instance_uid = about.uid("instance", content);
        let implementation_uid = derived([b"labelport" as &[u8]]);
        let mut file = Dataset::file(SEGMENTATION, &instance_uid, &implementation_uid);
        head.text(INSTANCE_UID, b"UI", &instance_uid);
        file.append(&head);
        file.append(&rest);
        file.bits((0x7fe0, 0x10), pixels(about.stack), &self.masks);
        file.into_bytes()
    }

    /// Writes what comes between the name of the file and its pixels.
    fn rest<'d>(&self, about: &About<'_>, describe: impl Fn(usize) -> Described<'d>) -> Dataset {
        let (copied, series) = (about.copied, &about.stack.series);
        let (day, time) = about.drawn_at;
        let mut out = Dataset::default();
        copied.write(STUDY_DATE, &mut out);
        out.text((0x08, 0x23), b"DA", day);
        copied.write(STUDY_TIME, &mut out);
        out.text((0x08, 0x33), b"TM", time);
        copied.write(ACCESSION_NUMBER, &mut out);
        out.text((0x08, 0x60), b"CS", "SEG");
        out.text((0x08, 0x70), b"LO", "labelport");
        copied.write(REFERRING_PHYSICIAN, &mut out);
        out.text((0x08, 0x103e), b"LO", if about.model.is_some() { "Prediction" } else { "Label" });
        out.text((0x08, 0x1090), b"LO", "labelport");
        out.group((0x08, 0x1115), |item| {
            item.group((0x08, 0x114a), |item| about.write_source(item));
            copied.write(SERIES_UID, item);
        });
        [PATIENT_NAME, PATIENT_ID, PATIENT_BIRTH_DATE, PATIENT_SEX].iter().for_each(|tag| copied.write(*tag, &mut out));
        // It is required, and programs have none.
        out.text((0x18, 0x1000), b"LO", "0");
        out.text((0x18, 0x1020), b"LO", env!("CARGO_PKG_VERSION"));
        copied.write(STUDY_UID, &mut out);
        out.text(SERIES_UID, b"UI", &about.uid("series", []));
        copied.write(STUDY_ID, &mut out);
        out.integer((0x20, 0x11), 1);
        out.integer((0x20, 0x13), 1);
        copied.write(FRAME_OF_REFERENCE_UID, &mut out);
        out.text((0x20, 0x1040), b"LO", "");
        self.write_dimensions(&about.uid("dimensions", []), &mut out);
        out.shorts((0x28, 0x02), &[1]);
        out.text((0x28, 0x04), b"CS", "MONOCHROME2");
        out.integer((0x28, 0x08), self.frames.len());
        // Both are counted in 16 bits by the series, too.
        let side = |side: u32| u16::try_from(side).unwrap_or_default();
        out.shorts((0x28, 0x10), &[side(series.rows)]);
        out.shorts((0x28, 0x11), &[side(series.columns)]);
        for (number, value) in [(0x100, 1), (0x101, 1), (0x102, 0), (0x103, 0)] {
            out.shorts((0x28, number), &[value]);
        }
        copied.write_lossy(&mut out);
        out.text((0x62, 0x01), b"CS", "BINARY");
        let segments = (1..).zip(&self.classes).map(|(number, class)| about.segment(number, &describe(*class)));
        out.sequence((0x62, 0x02), segments);
        out.text((0x62, 0x13), b"CS", if self.overlap() { "YES" } else { "NO" });
        out.text((0x70, 0x80), b"CS", "SEGMENTATION");
        out.text((0x70, 0x81), b"LO", "");
        out.text((0x70, 0x84), b"PN", "");
        out.group((0x5200, 0x9229), |item| about.write_shared(item));
        let frames = self.frames.iter().map(|frame| about.frame(*frame));
        out.sequence((0x5200, 0x9230), frames);
        out
    }

    /// Says by which numbers frames are found: those of the segment and of the position.
    fn write_dimensions(&self, uid: &str, out: &mut Dataset) {
        out.group((0x20, 0x9221), |item| item.text(DIMENSION_UID, b"UI", uid));
        let dimension = |element: Tag, group: Tag, name: &str| {
            let mut item = Dataset::default();
            item.text(DIMENSION_UID, b"UI", uid);
            item.pointer((0x20, 0x9165), element);
            item.pointer((0x20, 0x9167), group);
            item.text((0x20, 0x9421), b"LO", name);
            item
        };
        let segment = dimension(SEGMENT_NUMBER, SEGMENT_GROUP, "Segment");
        out.sequence((0x20, 0x9222), [segment, dimension(POSITION, POSITION_GROUP, "Position")]);
    }
}

impl About<'_> {
    /// Returns the name of one of the things that a label makes.
    fn uid<'c>(&self, what: &str, content: impl IntoIterator<Item = &'c [u8]>) -> String {
        let parts = ["labelport", what, self.row_id, self.label_id].map(str::as_bytes);
        let content: Vec<&[u8]> = content.into_iter().collect();
        derived(parts.into_iter().chain(content))
    }

    /// Names the file of the series.
    fn write_source(&self, item: &mut Dataset) {
        item.text((0x08, 0x1150), b"UI", self.copied.text(CLASS_UID));
        item.text((0x08, 0x1155), b"UI", self.copied.text(INSTANCE_UID));
    }

    fn segment(&self, number: u16, described: &Described<'_>) -> Dataset {
        let mut item = Dataset::default();
        item.code((0x62, 0x03), TISSUE);
        item.shorts((0x62, 0x04), &[number]);
        item.text((0x62, 0x05), b"LO", described.label);
        described.description.iter().for_each(|text| item.text((0x62, 0x06), b"ST", text));
        item.text((0x62, 0x08), b"CS", if self.model.is_some() { "AUTOMATIC" } else { "MANUAL" });
        self.model.iter().for_each(|model| item.text((0x62, 0x09), b"LO", model));
        item.shorts((0x62, 0x0d), &described.lab);
        item.code((0x62, 0x0f), TISSUE);
        item
    }

    /// Says what all frames share: how they are turned, and how far apart and how thick their pixels are.
    fn write_shared(&self, item: &mut Dataset) {
        let slices = &self.stack.series.slices;
        let Some(first) = slices.first() else { return };
        let directions = [first.along_row, first.down_column].concat();
        item.group((0x20, 0x9116), |group| group.decimals((0x20, 0x37), &directions));
        item.group((0x28, 0x9110), |group| {
            let is_shared = slices.iter().all(|slice| slice.thickness_mm == first.thickness_mm);
            let thickness = first.thickness_mm.filter(|_| is_shared);
            thickness.iter().for_each(|thickness| group.decimals((0x18, 0x50), &[*thickness]));
            group.decimals((0x28, 0x30), &first.spacing_mm);
        });
    }

    /// Says what a frame is: of which slice, where it lies, and of which segment.
    fn frame(&self, (segment, slice, depth): (usize, usize, usize)) -> Dataset {
        let slices = &self.stack.series.slices;
        // There are no more segments than numbers, and not so many frames.
        let short = |place: usize| u16::try_from(place + 1).unwrap_or(u16::MAX);
        let long = |place: usize| u32::try_from(place + 1).unwrap_or(u32::MAX);
        let mut item = Dataset::default();
        item.group((0x08, 0x9124), |group| {
            group.group((0x08, 0x2112), |source| {
                self.write_source(source);
                if slices.len() > 1 {
                    source.integer((0x08, 0x1160), slice + 1);
                }
                source.text((0x28, 0x135a), b"CS", "YES");
                source.code((0x40, 0xa170), DERIVED_FROM);
            });
            group.code((0x08, 0x9215), DERIVED_BY);
        });
        item.group((0x20, 0x9111), |group| group.longs((0x20, 0x9157), &[long(segment), long(depth)]));
        item.group(POSITION_GROUP, |group| group.decimals(POSITION, &slices[slice].position_mm));
        item.group(SEGMENT_GROUP, |group| group.shorts(SEGMENT_NUMBER, &[short(segment)]));
        item
    }
}

/// Returns whether a file can hold so many frames of so many pixels.
pub(super) fn is_held(frames: usize, segments: usize, pixels: u64) -> bool {
    let frame_bytes = (pixels / 8).saturating_add(FRAME_BYTES);
    let segment_bytes = SEGMENT_BYTES.saturating_mul(segments as u64);
    (frames as u64).saturating_mul(frame_bytes).saturating_add(segment_bytes) <= FILE_BYTES
}

/// Counts the pixels of a slice.
fn pixels(stack: &Stack) -> u64 {
    u64::from(stack.series.columns) * u64::from(stack.series.rows)
}

/// Returns the pixels that are in any of some masks; nothing where there are none.
fn union<'r>(masks: impl IntoIterator<Item = &'r Runs>) -> Option<Runs> {
    masks
        .into_iter()
        .fold(None, |all: Option<Runs>, runs| Some(all.map_or_else(|| runs.clone(), |all| all.union(runs))))
}
