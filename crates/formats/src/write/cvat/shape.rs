//! Shapes as elements: box, polygon, polyline, points and mask.

use crate::write::picture::Figure;
use crate::write::xml::Element;

/// What CVAT has no shape for.
pub(super) const NOT_HELD: &str = "the format holds boxes, polygons, lines, points, masks and answers";

/// Returns the name of the element of a figure.
pub(super) fn element(figure: &Figure) -> &'static str {
    match figure {
        Figure::Box { .. } => "box",
        Figure::Polygon(_) => "polygon",
        Figure::Line(_) => "polyline",
        Figure::Point(_) => "points",
        Figure::Mask(_) => "mask",
    }
}

/// Writes the attributes that say where a figure is.
pub(super) fn write(figure: &Figure, element: &mut Element<'_>) {
    match figure {
        Figure::Box { left, top, right, bottom } => {
            [("xtl", left), ("ytl", top), ("xbr", right), ("ybr", bottom)]
                .into_iter()
                .for_each(|(name, side)| element.number(name, *side));
        }
        Figure::Polygon(points) | Figure::Line(points) => element.points("points", points),
        Figure::Point(point) => element.points("points", &[*point]),
        Figure::Mask(runs) => {
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
