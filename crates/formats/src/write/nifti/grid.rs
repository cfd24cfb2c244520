//! The grid of a volume: which slice of a series is which layer, and where voxels are in the patient.
//!
//! # Invariants
//! - Columns of pixels run along the first axis, rows along the second, and layers along the third.
//! - Layers are at one distance from each other. A series that is otherwise has no grid.

use labelport_model::series::{Series, Slice};
use std::f64::consts::FRAC_1_SQRT_2;

/// Why a series has no grid.
const UNLIKE: &str = "the slices of its series differ in orientation or spacing";
const ODD_ORIENTATION: &str = "the rows and columns of its series are not at right angles";
const ODD_SPACING: &str = "the spacing of its series is not a number of millimetres";
const OBLIQUE: &str = "its series is not axial, coronal or sagittal: its slices are turned by 45 degrees or more";
const NO_THICKNESS: &str = "the thickness of its only slice is not known";
const UNEVEN: &str = "the slices of its series are not at one distance from each other";
const TOO_LARGE: &str = "its series is too large for a volume";

/// The most voxels along an axis, which NIfTI counts in 16 bits.
const SIDE_LIMIT: usize = 32_767;
/// The most voxels of a volume.
const VOXEL_LIMIT: u64 = 1 << 30;
/// How far directions are from what they should be at most.
const DIRECTION_TOLERANCE: f64 = 1e-3;
/// How far two spacings differ that are the same, in millimetres.
const SPACING_TOLERANCE_MM: f64 = 1e-4;
/// How far a slice is from its layer at most, as a part of the distance from one to the next.
const PLACE_TOLERANCE: f64 = 0.01;
/// Files have positions with few decimals: so far may a slice be away in any case, in millimetres, unless layers are so near
/// to each other that it is more than a quarter of their distance.
const PLACE_TOLERANCE_MM: f64 = 0.01;
const NEAR: f64 = 0.25;

type Vector = [f64; 3];

/// The grid of a volume.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Grid {
    pub(super) columns: u32,
    pub(super) rows: u32,
    /// The layer of each slice, from 0, in the order of the file.
    pub(super) layers: Vec<usize>,
    /// The axis along which the series is sliced.
    pub(super) axis: &'static str,
    /// The step from a voxel to the next along each axis, in millimetres, as DICOM counts directions.
    steps: [Vector; 3],
    /// The middle of the first voxel.
    origin: Vector,
}

impl Grid {
    /// Makes the grid of a series. Fails with a clause for a series whose slices are not those of one volume.
    pub(super) fn of(series: &Series) -> Result<Self, &'static str> {
        let first = series.slices.first().ok_or(UNEVEN)?;
        if !series.slices.iter().all(|slice| is_like(slice, first)) {
            return Err(UNLIKE);
        }
        let (along, down) = (first.along_row, first.down_column);
        let is_unit = |vector: Vector| (length(vector) - 1.0).abs() <= DIRECTION_TOLERANCE;
        if !is_unit(along) || !is_unit(down) || dot(along, down).abs() > DIRECTION_TOLERANCE {
            return Err(ODD_ORIENTATION);
        }
        if !first.spacing_mm.iter().all(|spacing| spacing.is_normal() && *spacing > 0.0) {
            return Err(ODD_SPACING);
        }
        let count = series.slices.len();
        let sides = [series.columns as usize, series.rows as usize, count];
        let voxels = u64::from(series.columns) * u64::from(series.rows) * count as u64;
        if sides.iter().any(|side| *side > SIDE_LIMIT) || voxels > VOXEL_LIMIT {
            return Err(TOO_LARGE);
        }
        let normal = cross(along, down);
        let order = order_of(series, normal);
        let (origin, step) = layers_of(series, &order, normal)?;
        let mut layers = vec![0; count];
        order.iter().enumerate().for_each(|(layer, slice)| layers[*slice] = layer);
        let [row_spacing, column_spacing] = first.spacing_mm;
        let steps = [scaled(along, column_spacing), scaled(down, row_spacing), step];
        let is_held = |vector: &Vector| vector.iter().all(|part| part.abs() < f64::from(f32::MAX));
        if !steps.iter().chain([&origin]).all(is_held) {
            return Err(ODD_SPACING);
        }
        let axis = axis_of(normal).ok_or(OBLIQUE)?;
        Ok(Self { columns: series.columns, rows: series.rows, layers, axis, steps, origin })
    }

    /// Returns the layer of a slice, which is counted from 1.
    pub(super) fn layer(&self, slice: i64) -> Option<usize> {
        let place = usize::try_from(slice.checked_sub(1)?).ok()?;
        self.layers.get(place).copied()
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
fn order_of(series: &Series, normal: Vector) -> Vec<usize> {
    let places: Vec<f64> = series.slices.iter().map(|slice| dot(slice.position_mm, normal)).collect();
    let mut order: Vec<usize> = (0..places.len()).collect();
    if !places.is_sorted_by(|one, next| one < next) && !places.is_sorted_by(|one, next| one > next) {
        order.sort_by(|one, other| places[*one].total_cmp(&places[*other]));
    }
    order
}

/// Returns the position of the first layer, and the step from one to the next.
fn layers_of(series: &Series, order: &[usize], normal: Vector) -> Result<(Vector, Vector), &'static str> {
    let positions: Vec<Vector> = order.iter().map(|slice| series.slices[*slice].position_mm).collect();
    let (Some(first), Some(last)) = (positions.first(), positions.last()) else { return Err(UNEVEN) };
    if positions.len() == 1 {
        let thickness = series.slices[0].thickness_mm.filter(|thickness| thickness.is_normal()).ok_or(NO_THICKNESS)?;
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

fn is_like(slice: &Slice, first: &Slice) -> bool {
    let is_near = |one: &[f64], other: &[f64], tolerance: f64| {
        one.iter().zip(other).all(|(one, other)| (one - other).abs() <= tolerance)
    };
    is_near(&slice.along_row, &first.along_row, DIRECTION_TOLERANCE)
        && is_near(&slice.down_column, &first.down_column, DIRECTION_TOLERANCE)
        && is_near(&slice.spacing_mm, &first.spacing_mm, SPACING_TOLERANCE_MM)
}

/// Returns the axis that is nearest to the direction in which slices follow each other; nothing where none is near.
fn axis_of(normal: Vector) -> Option<&'static str> {
    let named = ["Sagittal", "Coronal", "Axial"].into_iter().zip(normal);
    named
        .max_by(|one, other| one.1.abs().total_cmp(&other.1.abs()))
        .filter(|axis| axis.1.abs() > FRAC_1_SQRT_2)
        .map(|axis| axis.0)
}

fn dot(one: Vector, other: Vector) -> f64 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}

fn cross([a, b, c]: Vector, [x, y, z]: Vector) -> Vector {
    [b * z - c * y, c * x - a * z, a * y - b * x]
}

fn length(vector: Vector) -> f64 {
    dot(vector, vector).sqrt()
}

fn scaled(vector: Vector, factor: f64) -> Vector {
    vector.map(|part| part * factor)
}

fn plus([a, b, c]: Vector, [x, y, z]: Vector) -> Vector {
    [a + x, b + y, c + z]
}

fn minus(one: Vector, other: Vector) -> Vector {
    plus(one, scaled(other, -1.0))
}
