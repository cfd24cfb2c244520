//! The slices of a series: alike, and turned to one of the planes that labels name.

use super::vector::{Vector, cross, dot, length};
use labelport_model::series::{Series, Slice};
use std::f64::consts::FRAC_1_SQRT_2;

/// Why the slices of a series are not a stack.
const NO_SLICES: &str = "its series has no slices";
const UNLIKE: &str = "the slices of its series differ in orientation or spacing";
const ODD_ORIENTATION: &str = "the rows and columns of its series are not at right angles";
/// Also said where a spacing is too large for what a format writes.
pub(in crate::write) const ODD_SPACING: &str = "the spacing of its series is not a number of millimetres";
const OBLIQUE: &str = "its series is not axial, coronal or sagittal: its slices are turned by 45 degrees or more";

/// How far directions are from what they should be at most.
const DIRECTION_TOLERANCE: f64 = 1e-3;
/// How far two spacings differ that are the same, in millimetres.
const SPACING_TOLERANCE_MM: f64 = 1e-4;

/// Slices that are turned one way, at any distances from each other.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::write) struct Stack {
    pub(in crate::write) series: Series,
    /// The plane of the slices, as labels name it.
    pub(in crate::write) axis: &'static str,
    /// The direction in which the slices look.
    pub(in crate::write) normal: Vector,
}

impl Stack {
    /// Takes a series. Fails with a clause for one whose slices are not alike, or are in none of the planes.
    pub(in crate::write) fn of(series: Series) -> Result<Self, &'static str> {
        let first = series.slices.first().ok_or(NO_SLICES)?;
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
        let normal = cross(along, down);
        let axis = axis_of(normal).ok_or(OBLIQUE)?;
        Ok(Self { series, axis, normal })
    }

    /// Returns the place of a slice, which labels count from 1, from 0.
    pub(in crate::write) fn place(&self, slice: i64) -> Option<usize> {
        let place = usize::try_from(slice.checked_sub(1)?).ok()?;
        (place < self.series.slices.len()).then_some(place)
    }

    /// Returns how far each slice is along the normal, in millimetres.
    pub(in crate::write) fn depths(&self) -> Vec<f64> {
        self.series.slices.iter().map(|slice| dot(slice.position_mm, self.normal)).collect()
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::write::series::testing::series;

    #[test]
    fn the_plane_of_a_series_is_that_of_its_slices() {
        let planes = [
            ([1.0, 0.0, 0.0], [0.0, 1.0, 0.0], "Axial"),
            ([1.0, 0.0, 0.0], [0.0, 0.0, -1.0], "Coronal"),
            ([0.0, 1.0, 0.0], [0.0, 0.0, -1.0], "Sagittal"),
        ];
        for (along_row, down_column, axis) in planes {
            let mut turned = series(&[0.0, 2.0]);
            let normal = cross(along_row, down_column);
            for (slice, place) in turned.slices.iter_mut().zip([0.0, 2.0]) {
                let position_mm = normal.map(|part| part * place);
                *slice = Slice { along_row, down_column, position_mm, ..*slice };
            }
            assert_eq!(Stack::of(turned).unwrap().axis, axis);
        }
    }

    #[test]
    fn slices_are_counted_from_1() {
        let stack = Stack::of(series(&[0.0, 7.0])).unwrap();
        let places = [0, 1, 2, 3, i64::MIN, i64::MAX].map(|slice| stack.place(slice));
        assert_eq!(places, [None, Some(0), Some(1), None, None, None]);
        assert_eq!(stack.depths(), [0.0, 7.0]);
    }
}
