//! Shapes of pictures as they are stored, for formats that hold all of them.

use super::drawn::{Drawn, NO_AREA, OTHER_SIZE, is_of_size};
use super::ring::{Corner, is_flat};
use super::size::Size;
use crate::raster::Runs;
use crate::write::Pictures;
use labelport_model::annotation::{Point, Shape};

const NOT_A_NUMBER: &str = "its place is not a number";

/// A shape in pixels, from the upper left corner of the picture. Nothing is cut to the picture.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::write) enum Figure {
    Box { left: f64, top: f64, right: f64, bottom: f64 },
    Polygon(Vec<Corner>),
    Line(Vec<Corner>),
    Point(Corner),
    Mask(Runs),
}

impl Figure {
    /// Takes a shape. Fails with a clause where nothing could be drawn, and with `not_held` for a shape that is not drawn on
    /// pictures.
    pub(in crate::write) fn of(
        shape: &Shape<'_>,
        size: &Size,
        pictures: Option<&dyn Pictures>,
        not_held: &'static str,
    ) -> Result<Self, &'static str> {
        let corner = |point: &Point<'_>| (point.x.get(), point.y.get());
        let is_finite = |(x, y): &Corner| x.is_finite() && y.is_finite();
        match shape {
            Shape::Point(point) => Some(corner(point)).filter(is_finite).map(Self::Point).ok_or(NOT_A_NUMBER),
            Shape::Line(points) => {
                let points: Vec<Corner> = points.iter().map(corner).collect();
                match points.iter().all(is_finite) {
                    false => Err(NOT_A_NUMBER),
                    true if points.len() < 2 => Err("it is a line of fewer than two points"),
                    true => Ok(Self::Line(points)),
                }
            }
            shape => match Drawn::of(shape, pictures).ok_or(not_held)?? {
                Drawn::Box { left, top, right, bottom } => {
                    let is_one = [left, top, right, bottom].iter().all(|side| side.is_finite());
                    let has_area = is_one && right > left && bottom > top;
                    has_area.then_some(Self::Box { left, top, right, bottom }).ok_or(NO_AREA)
                }
                Drawn::Polygon(ring) if !ring.iter().all(is_finite) => Err(NOT_A_NUMBER),
                Drawn::Polygon(ring) => Some(ring).filter(|ring| !is_flat(ring)).map(Self::Polygon).ok_or(NO_AREA),
                Drawn::Mask(runs) if !is_of_size(&runs, size) => Err(OTHER_SIZE),
                Drawn::Mask(runs) => Some(runs).filter(|runs| runs.area() > 0).map(Self::Mask).ok_or(NO_AREA),
            },
        }
    }

    /// Returns whether an object stays as it is until the key frame on which it is another figure, instead of moving there.
    pub(in crate::write) fn stays_before(&self, next: &Self) -> bool {
        match (self, next) {
            (Self::Line(points), Self::Line(others)) => points.len() != others.len(),
            (Self::Box { .. }, Self::Box { .. }) | (Self::Point(_), Self::Point(_)) => false,
            _ => true,
        }
    }
}
