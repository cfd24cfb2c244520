//! The grid of a volume: which slice of a series is which layer, and where voxels are in the patient.
//!
//! # Invariants
//! - Columns of pixels run along the first axis, rows along the second, and layers along the third.
//! - Layers are at one distance from each other. A series that is otherwise has no grid.

use crate::write::series::{ODD_SPACING, Stack, Vector, dot, length, minus, plus, scaled};

/// Why a series has no grid.
const NO_THICKNESS: &str = "the thickness of its only slice is not known";
const UNEVEN: &str = "the slices of its series are not at one distance from each other";
const TOO_LARGE: &str = "its series is too large for a volume";

/// The most voxels along an axis, which NIfTI counts in 16 bits.
const SIDE_LIMIT: usize = 32_767;
/// The most voxels of a volume.
const VOXEL_LIMIT: u64 = 1 << 30;
/// How far a slice is from its layer at most, as a part of the distance from one to the next.
const PLACE_TOLERANCE: f64 = 0.01;
/// Files have positions with few decimals: so far may a slice be away in any case, in millimetres, unless layers are so near
/// to each other that it is more than a quarter of their distance.
const PLACE_TOLERANCE_MM: f64 = 0.01;
const NEAR: f64 = 0.25;

/// The grid of a volume.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Grid {
    pub(super) columns: u32,
    pub(super) rows: u32,
    /// The layer of each slice, from 0, in the order of the file.
    pub(super) layers: Vec<usize>,
    /// The step from a voxel to the next along each axis, in millimetres, as DICOM counts directions.
    steps: [Vector; 3],
    /// The middle of the first voxel.
    origin: Vector,
}

impl Grid {
    /// Makes the grid of a series. Fails with a clause for a series whose slices are not those of one volume.
    pub(super) fn of(stack: &Stack) -> Result<Self, &'static str> {
        let series = &stack.series;
        let first = series.slices.first().ok_or(UNEVEN)?;
        let count = series.slices.len();
        let sides = [series.columns as usize, series.rows as usize, count];
        let voxels = u64::from(series.columns) * u64::from(series.rows) * count as u64;
        if sides.iter().any(|side| *side > SIDE_LIMIT) || voxels > VOXEL_LIMIT {
            return Err(TOO_LARGE);
        }
        let order = order_of(stack);
        let (origin, step) = layers_of(stack, &order)?;
        let mut layers = vec![0; count];
        order.iter().enumerate().for_each(|(layer, slice)| layers[*slice] = layer);
        let [row_spacing, column_spacing] = first.spacing_mm;
        let steps = [scaled(first.along_row, column_spacing), scaled(first.down_column, row_spacing), step];
        let is_held = |vector: &Vector| vector.iter().all(|part| part.abs() < f64::from(f32::MAX));
        if !steps.iter().chain([&origin]).all(is_held) {
            return Err(ODD_SPACING);
        }
        Ok(Self { columns: series.columns, rows: series.rows, layers, steps, origin })
    }

    /// Returns the rows of the matrix that makes places of indices of voxels, in millimetres: as NIfTI counts directions,
    /// with x growing to the right hand and y to the front.
    pub(super) fn affine(&self) -> [[f64; 4]; 3] {
        let row = |part: usize| {
            let sign = if part < 2 { -1.0 } else { 1.0 };
            let [x, y, z] = self.steps;
            // Adding zero makes zero of its negative.
            [x, y, z, self.origin].map(|vector| sign * vector[part] + 0.0)
        };
        [row(0), row(1), row(2)]
    }

    /// Returns the length of the step along each axis.
    pub(super) fn spacing(&self) -> Vector {
        self.steps.map(length)
    }
}

/// Lists the slices in the order of their layers: that of the file if each is farther than the one before, to one side or
/// to the other, else that of their places.
fn order_of(stack: &Stack) -> Vec<usize> {
    let places = stack.depths();
    let mut order: Vec<usize> = (0..places.len()).collect();
    if !places.is_sorted_by(|one, next| one < next) && !places.is_sorted_by(|one, next| one > next) {
        order.sort_by(|one, other| places[*one].total_cmp(&places[*other]));
    }
    order
}

/// Returns the position of the first layer, and the step from one to the next.
fn layers_of(stack: &Stack, order: &[usize]) -> Result<(Vector, Vector), &'static str> {
    let (slices, normal) = (&stack.series.slices, stack.normal);
    let positions: Vec<Vector> = order.iter().map(|slice| slices[*slice].position_mm).collect();
    let (Some(first), Some(last)) = (positions.first(), positions.last()) else { return Err(UNEVEN) };
    if positions.len() == 1 {
        let thickness = slices[0].thickness_mm.filter(|thickness| thickness.is_normal()).ok_or(NO_THICKNESS)?;
        return Ok((*first, scaled(normal, thickness)));
    }
    let step = scaled(minus(*last, *first), 1.0 / (positions.len() - 1) as f64);
    let distance = dot(step, normal).abs();
    let tolerance = PLACE_TOLERANCE_MM.min(NEAR * distance).max(PLACE_TOLERANCE * distance);
    let is_there = |(layer, position): (usize, &Vector)| {
        let expected = plus(*first, scaled(step, layer as f64));
        length(minus(*position, expected)) <= tolerance
    };
    if distance.is_normal() && positions.iter().enumerate().all(is_there) { Ok((*first, step)) } else { Err(UNEVEN) }
}
