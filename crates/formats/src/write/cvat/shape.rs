//! Shapes as elements: box, polygon, polyline, points and mask.

use crate::raster::Runs;
use crate::write::Pictures;
use crate::write::picture::{Corner, Drawn, NO_AREA, OTHER_SIZE, Size, is_flat, is_of_size};
use crate::write::xml::Element;
use labelport_model::annotation::{Point, Shape};

/// What CVAT has no shape for.
pub(super) const NOT_HELD: &str = "the format holds boxes, polygons, lines, points, masks and answers";

const NOT_A_NUMBER: &str = "its place is not a number";

/// A shape in pixels, from the upper left corner of the picture. Nothing is cut to the picture.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Figure {
    Box { left: f64, top: f64, right: f64, bottom: f64 },
    Polygon(Vec<Corner>),
    Line(Vec<Corner>),
    Point(Corner),
    Mask(Runs),
}

impl Figure {
    /// Takes a shape. Fails with a clause for what CVAT has no shape for, or for which nothing could be drawn.
    pub(super) fn of(shape: &Shape<'_>, size: &Size, pictures: Option<&dyn Pictures>) -> Result<Self, &'static str> {
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
            shape => match Drawn::of(shape, pictures).ok_or(NOT_HELD)?? {
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
    pub(super) fn stays_before(&self, next: &Self) -> bool {
        match (self, next) {
            (Self::Line(points), Self::Line(others)) => points.len() != others.len(),
            (Self::Box { .. }, Self::Box { .. }) | (Self::Point(_), Self::Point(_)) => false,
            _ => true,
        }
    }

    /// Returns the name of its element.
    pub(super) fn element(&self) -> &'static str {
        match self {
            Self::Box { .. } => "box",
            Self::Polygon(_) => "polygon",
            Self::Line(_) => "polyline",
            Self::Point(_) => "points",
            Self::Mask(_) => "mask",
        }
    }

    /// Writes the attributes that say where it is.
    pub(super) fn write(&self, element: &mut Element<'_>) {
        match self {
            Self::Box { left, top, right, bottom } => {
                [("xtl", left), ("ytl", top), ("xbr", right), ("ybr", bottom)]
                    .into_iter()
                    .for_each(|(name, side)| element.number(name, *side));
            }
            Self::Polygon(points) | Self::Line(points) => element.points("points", points),
            Self::Point(point) => element.points("points", &[*point]),
            Self::Mask(runs) => {
                // A mask without pixels is no figure.
                let Some(bounds) = runs.bounds() else { return };
                let counts: Vec<String> = runs.row_counts(&bounds).iter().map(u32::to_string).collect();
                element.attribute("rle", &counts.join(", "));
                let sides = [bounds.left, bounds.top, bounds.width, bounds.height];
                for (name, side) in ["left", "top", "width", "height"].into_iter().zip(sides) {
                    element.number(name, f64::from(side));
                }
            }
        }
    }
}
