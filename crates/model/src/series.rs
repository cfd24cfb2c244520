//! A series of slices, as the headers of medical scans describe it: how large the slices are and where they lie.
//!
//! Lengths are millimetres. Directions and positions are those of the patient as DICOM has them: x grows to the left hand, y
//! to the back, z to the head.

/// A series of slices of one size.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The width of a slice in pixels.
    pub columns: u32,
    /// The height of a slice in pixels.
    pub rows: u32,
    /// The slices in the order of the file: slice 1 is the first frame.
    pub slices: Vec<Slice>,
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
