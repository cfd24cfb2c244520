//! How much of what two shapes cover is common to both.
//!
//! Boxes, polygons and their like on maps are compared as areas: the *IoU* is the area of the intersection divided by that
//! of the union, from 0 to 1. It is exact also for polygons that are not convex, have holes or cross themselves: what is
//! inside is what an odd number of edges surrounds. On maps, degrees are taken for plane. Other shapes are equal or not.

use labelport_model::annotation::{Coordinates, Number, Object, Point, Shape};

/// Above this many edges on one level, crossings of edges are not looked for, and the area is nearly exact.
const CROSSINGS_LIMIT: usize = 64;

/// The areas of an intersection and of a union.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Overlap {
    pub(super) intersection: f64,
    pub(super) union: f64,
}

impl Overlap {
    /// Returns the IoU, in billionths, so that it does not depend on the order in which areas were added up.
    pub(super) fn iou(self) -> f64 {
        if self.union > 0.0 { ((self.intersection / self.union) * 1e9).round() / 1e9 } else { 0.0 }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.intersection += other.intersection;
        self.union += other.union;
    }
}

/// What an object covers.
#[derive(Debug, Clone)]
pub(super) struct Region {
    /// The page of a document.
    page: Option<i64>,
    rings: Vec<Vec<[f64; 2]>>,
    /// The smallest and the largest x and y.
    bounds: [f64; 4],
    area: f64,
}

impl Region {
    /// Returns what an object covers; nothing for a shape without an area.
    pub(super) fn of(object: &Object<'_>) -> Option<Self> {
        let rings = match object.shape.as_ref()? {
            Shape::Box(rect) | Shape::PageBox(rect) => {
                let (left, top) = (rect.left.get(), rect.top.get());
                let (right, bottom) = (left + rect.width.get(), top + rect.height.get());
                vec![vec![[left, top], [right, top], [right, bottom], [left, bottom]]]
            }
            Shape::Polygon(points) => vec![points.iter().map(point).collect()],
            Shape::Geo(geo) => match &geo.coordinates {
                Coordinates::Polygon(rings) | Coordinates::Box(rings) => {
                    let position = |longitude: &Number<'_>, latitude: &Number<'_>| [longitude.get(), latitude.get()];
                    let ring = rings
                        .iter()
                        .map(|ring| ring.iter().map(|place| position(&place.longitude, &place.latitude)).collect());
                    ring.collect()
                }
                Coordinates::Point(_) | Coordinates::Line(_) => return None,
            },
            _ => return None,
        };
        let region = Self::new(object.page_number, rings);
        region.bounds.iter().all(|bound| bound.is_finite()).then_some(region)
    }

    fn new(page: Option<i64>, rings: Vec<Vec<[f64; 2]>>) -> Self {
        let points = || rings.iter().flatten();
        let least = |axis: usize| points().map(|point| point[axis]).fold(f64::INFINITY, f64::min);
        let most = |axis: usize| points().map(|point| point[axis]).fold(f64::NEG_INFINITY, f64::max);
        let bounds = [least(0), least(1), most(0), most(1)];
        let area = sweep(&edges(&rings, 0)).0[0];
        Self { page, rings, bounds, area }
    }

    /// Returns the area.
    pub(super) fn area(&self) -> f64 {
        self.area
    }

    /// Returns what two regions have in common.
    pub(super) fn overlap(&self, other: &Self) -> Overlap {
        let sum = self.area + other.area;
        if self.common_bounds(other) <= 0.0 {
            return Overlap { intersection: 0.0, union: sum };
        }
        let mut both = edges(&self.rings, 0);
        both.extend(edges(&other.rings, 1));
        let (_, intersection) = sweep(&both);
        Overlap { intersection, union: sum - intersection }
    }

    /// Returns the area that the smallest rectangles around both have in common, which is never less than that of what they
    /// have in common themselves, and costs less.
    pub(super) fn common_bounds(&self, other: &Self) -> f64 {
        if self.page != other.page {
            return 0.0;
        }
        let along = |axis: usize| {
            let (from, to) = (axis, axis + 2);
            self.bounds[to].min(other.bounds[to]) - self.bounds[from].max(other.bounds[from])
        };
        along(0).max(0.0) * along(1).max(0.0)
    }
}

fn point(point: &Point<'_>) -> [f64; 2] {
    [point.x.get(), point.y.get()]
}

/// An edge of one of two regions, from its upper end to its lower one.
#[derive(Debug, Clone, Copy)]
struct Edge {
    region: usize,
    from: [f64; 2],
    to: [f64; 2],
}

impl Edge {
    fn x_at(&self, y: f64) -> f64 {
        let share = (y - self.from[1]) / (self.to[1] - self.from[1]);
        self.from[0] + share * (self.to[0] - self.from[0])
    }
}

/// Lists the edges of rings that are not level.
fn edges(rings: &[Vec<[f64; 2]>], region: usize) -> Vec<Edge> {
    let mut edges = Vec::new();
    for ring in rings {
        for (index, one) in ring.iter().enumerate() {
            let other = ring[(index + 1) % ring.len()];
            if one[1] < other[1] {
                edges.push(Edge { region, from: *one, to: other });
            } else if one[1] > other[1] {
                edges.push(Edge { region, from: other, to: *one });
            }
        }
    }
    edges
}

/// Returns the areas of two regions, and of what they have in common.
///
/// The plane is cut into levels between corners and crossings, in which all edges are straight and do not cross: there an
/// area is its height times its width in the middle.
fn sweep(edges: &[Edge]) -> ([f64; 2], f64) {
    let mut levels: Vec<f64> = edges.iter().flat_map(|edge| [edge.from[1], edge.to[1]]).collect();
    levels.sort_unstable_by(f64::total_cmp);
    levels.dedup();
    let mut by_start: Vec<&Edge> = edges.iter().collect();
    by_start.sort_by(|one, other| one.from[1].total_cmp(&other.from[1]));
    let mut next = by_start.into_iter().peekable();
    let mut active: Vec<&Edge> = Vec::new();
    let (mut areas, mut common) = ([0.0; 2], 0.0);
    for ends in levels.windows(2) {
        let [top, bottom] = [ends[0], ends[1]];
        active.retain(|edge| edge.to[1] > top);
        while let Some(edge) = next.next_if(|edge| edge.from[1] <= top) {
            active.push(edge);
        }
        for cut in crossings(&active, top, bottom).windows(2) {
            let (middle, height) = ((cut[0] + cut[1]) / 2.0, cut[1] - cut[0]);
            let widths = widths(&active, middle);
            areas[0] += height * widths[0];
            areas[1] += height * widths[1];
            common += height * widths[2];
        }
    }
    (areas, common)
}

/// Returns the ends of a level, and where edges cross in it.
fn crossings(active: &[&Edge], top: f64, bottom: f64) -> Vec<f64> {
    let mut cuts = vec![top, bottom];
    if active.len() <= CROSSINGS_LIMIT {
        for (index, one) in active.iter().enumerate() {
            for other in &active[index + 1..] {
                let before = one.x_at(top) - other.x_at(top);
                let after = one.x_at(bottom) - other.x_at(bottom);
                if before * after < 0.0 {
                    cuts.push(top + (bottom - top) * before / (before - after));
                }
            }
        }
        cuts.sort_unstable_by(f64::total_cmp);
    }
    cuts
}

/// Returns how wide both regions and what they have in common are on a line.
fn widths(active: &[&Edge], y: f64) -> [f64; 3] {
    let mut ends: Vec<(f64, usize)> = active.iter().map(|edge| (edge.x_at(y), edge.region)).collect();
    ends.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut widths = [0.0; 3];
    let mut is_inside = [false; 2];
    for pair in ends.windows(2) {
        is_inside[pair[0].1] ^= true;
        let width = pair[1].0 - pair[0].0;
        for region in [0, 1] {
            if is_inside[region] {
                widths[region] += width;
            }
        }
        if is_inside == [true; 2] {
            widths[2] += width;
        }
    }
    widths
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn region(points: &[[f64; 2]]) -> Region {
        Region::new(None, vec![points.to_vec()])
    }

    fn rectangle(left: f64, top: f64, width: f64, height: f64) -> Region {
        region(&[[left, top], [left + width, top], [left + width, top + height], [left, top + height]])
    }

    #[track_caller]
    fn check(one: &Region, other: &Region, expect: f64) {
        assert!((one.overlap(other).iou() - expect).abs() < 1e-8, "{} is not {expect}", one.overlap(other).iou());
        assert_eq!(one.overlap(other).iou(), other.overlap(one).iou());
        assert!(one.common_bounds(other) >= one.overlap(other).intersection - 1e-9);
    }

    #[test]
    fn areas_are_exact() {
        let square = rectangle(0.0, 0.0, 10.0, 10.0);
        check(&square, &square, 1.0);
        check(&square, &rectangle(5.0, 0.0, 10.0, 10.0), 1.0 / 3.0);
        check(&square, &rectangle(10.0, 0.0, 10.0, 10.0), 0.0);
        check(&square, &rectangle(2.0, 2.0, 5.0, 4.0), 0.2);
        // Triangles that cross, a shape with a notch, and one that crosses itself.
        let one = region(&[[0.0, 0.0], [4.0, 0.0], [0.0, 4.0]]);
        check(&one, &region(&[[4.0, 0.0], [0.0, 0.0], [4.0, 4.0]]), 4.0 / 12.0);
        let notched = region(&[[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [5.0, 5.0], [0.0, 10.0]]);
        check(&square, &notched, 0.75);
        let bow = region(&[[0.0, 0.0], [10.0, 10.0], [10.0, 0.0], [0.0, 10.0]]);
        check(&square, &bow, 0.5);
        let mut holed = square.rings.clone();
        holed.push(rectangle(2.0, 2.0, 6.0, 6.0).rings[0].clone());
        check(&square, &Region::new(None, holed), 0.64);
        check(&square, &Region { page: Some(2), ..square.clone() }, 0.0);
        check(&region(&[[0.0, 0.0], [5.0, 5.0]]), &square, 0.0);
    }

    proptest! {
        /// Boxes by the sweep are what anybody computes from their sides.
        #[test]
        fn boxes_agree_with_their_sides(
            one in prop::array::uniform4(0_u16..50), other in prop::array::uniform4(0_u16..50),
        ) {
            let of = |[left, top, width, height]: [u16; 4]| {
                rectangle(left.into(), top.into(), f64::from(width) + 1.0, f64::from(height) + 1.0)
            };
            let (first, second) = (of(one), of(other));
            let both = first.common_bounds(&second);
            let expect = both / (first.area + second.area - both);
            prop_assert!((first.overlap(&second).iou() - expect).abs() < 1e-8);
        }

        #[test]
        fn no_order_of_two_polygons_matters(
            one in prop::collection::vec(prop::array::uniform2(0.0..9.0), 3..9),
            other in prop::collection::vec(prop::array::uniform2(0.0..9.0), 3..9),
        ) {
            let (one, other) = (region(&one), region(&other));
            let iou = one.overlap(&other).iou();
            prop_assert!((iou - other.overlap(&one).iou()).abs() < 1e-8);
            prop_assert!((0.0..=1.0).contains(&iou));
            prop_assert!(one.common_bounds(&other) >= one.overlap(&other).intersection - 1e-9);
            prop_assert!((one.overlap(&one).iou() - 1.0).abs() < 1e-8 || one.area() < 1e-9);
        }
    }
}
