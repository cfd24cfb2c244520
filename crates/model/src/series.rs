//! A series of slices, as the headers of medical scans describe it: how large the slices are, where they lie, and what the
//! series, its patient and its study are called.
//!
//! Lengths are millimetres. Directions and positions are those of the patient as DICOM has them: x grows to the left hand, y
//! to the back, z to the head.

use std::collections::BTreeMap;

/// An element of a DICOM file: its group and its number.
pub type Tag = (u16, u16);

/// What kind of object the file is.
pub const CLASS_UID: Tag = (0x08, 0x16);
/// The file itself.
pub const INSTANCE_UID: Tag = (0x08, 0x18);
/// The day of the study.
pub const STUDY_DATE: Tag = (0x08, 0x20);
/// The time of day of the study.
pub const STUDY_TIME: Tag = (0x08, 0x30);
/// The number of the order.
pub const ACCESSION_NUMBER: Tag = (0x08, 0x50);
/// Who asked for the study.
pub const REFERRING_PHYSICIAN: Tag = (0x08, 0x90);
/// The name of the patient.
pub const PATIENT_NAME: Tag = (0x10, 0x10);
/// The number of the patient.
pub const PATIENT_ID: Tag = (0x10, 0x20);
/// The day on which the patient was born.
pub const PATIENT_BIRTH_DATE: Tag = (0x10, 0x30);
/// The sex of the patient, as a letter.
pub const PATIENT_SEX: Tag = (0x10, 0x40);
/// The study.
pub const STUDY_UID: Tag = (0x20, 0x0d);
/// The series.
pub const SERIES_UID: Tag = (0x20, 0x0e);
/// The number of the study.
pub const STUDY_ID: Tag = (0x20, 0x10);
/// The patient as one frame of reference, in which positions are.
pub const FRAME_OF_REFERENCE_UID: Tag = (0x20, 0x52);
/// `01` if the pixels were once packed with losses.
pub const LOSSY: Tag = (0x28, 0x2110);
/// How much smaller they became each time.
pub const LOSSY_RATIO: Tag = (0x28, 0x2112);
/// How they were packed each time.
pub const LOSSY_METHOD: Tag = (0x28, 0x2114);

/// The elements whose texts a [`Series`] has.
pub const TEXTS: [Tag; 17] = [
    CLASS_UID,
    INSTANCE_UID,
    STUDY_DATE,
    STUDY_TIME,
    ACCESSION_NUMBER,
    REFERRING_PHYSICIAN,
    PATIENT_NAME,
    PATIENT_ID,
    PATIENT_BIRTH_DATE,
    PATIENT_SEX,
    STUDY_UID,
    SERIES_UID,
    STUDY_ID,
    FRAME_OF_REFERENCE_UID,
    LOSSY,
    LOSSY_RATIO,
    LOSSY_METHOD,
];

/// A series of slices of one size.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The width of a slice in pixels.
    pub columns: u32,
    /// The height of a slice in pixels.
    pub rows: u32,
    /// The slices in the order of the file: slice 1 is the first frame.
    pub slices: Vec<Slice>,
    /// What the file says in texts, by element: of [`TEXTS`], those that are there and not empty. Nothing for one that cannot
    /// be read.
    pub texts: BTreeMap<Tag, Option<String>>,
}

/// Where a slice lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slice {
    /// The middle of its pixel at the left and at the top.
    pub position_mm: [f64; 3],
    /// The direction in which columns follow each other, along a row of pixels.
    pub along_row: [f64; 3],
    /// The direction in which rows follow each other, down a column of pixels.
    pub down_column: [f64; 3],
    /// From one row to the next, and from one column to the next.
    pub spacing_mm: [f64; 2],
    /// How thick the slice is, where that is known.
    pub thickness_mm: Option<f64>,
}
