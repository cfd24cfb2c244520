//! The smallest rectangle around a shape, turned as it needs to be.

use super::super::picture::Corner;

/// Returns the corners of the rectangle of the smallest area around some points, in the order in which they are walked
/// clockwise as people see a picture, from the one that is highest and then farthest to the left. Nothing where the points
/// lie on a line.
pub(super) fn smallest_rectangle(points: &[Corner]) -> Option<[Corner; 4]> {
    let hull = hull_of(points);
    if hull.len() < 3 {
        return None;
    }
    // One side of the smallest rectangle lies on a side of the hull.
    let sides = hull.iter().zip(hull.iter().cycle().skip(1));
    let rectangles = sides.filter_map(|(from, to)| {
        let (x, y) = (to.0 - from.0, to.1 - from.1);
        let length = x.hypot(y);
        (length > 0.0).then(|| around(&hull, (x / length, y / length)))
    });
    let smallest = rectangles.min_by(|one, other| one.area.total_cmp(&other.area))?;
    let first = (0..4).min_by(|one, other| {
        let (one, other) = (smallest.corners[*one], smallest.corners[*other]);
        one.1.total_cmp(&other.1).then(one.0.total_cmp(&other.0))
    });
    let mut corners = smallest.corners;
    corners.rotate_left(first.unwrap_or_default());
    Some(corners)
}

struct Rectangle {
    area: f64,
    corners: [Corner; 4],
}

/// Returns the rectangle around points that has a side along a way of length 1.
fn around(points: &[Corner], (x, y): Corner) -> Rectangle {
    let along = |point: &Corner| point.0 * x + point.1 * y;
    let across = |point: &Corner| point.1 * x - point.0 * y;
    let range = |of: &dyn Fn(&Corner) -> f64| {
        points.iter().map(of).fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), at| (low.min(at), high.max(at)))
    };
    let ((start, end), (near, far)) = (range(&along), range(&across));
    let corner = |along: f64, across: f64| (along * x - across * y, along * y + across * x);
    let corners = [corner(start, near), corner(end, near), corner(end, far), corner(start, far)];
    Rectangle { area: (end - start) * (far - near), corners }
}

/// Returns the corners of the smallest convex area around points, clockwise as people see a picture.
fn hull_of(points: &[Corner]) -> Vec<Corner> {
    let mut sorted = points.to_vec();
    sorted.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.total_cmp(&other.1)));
    sorted.dedup();
    let half = |points: &mut dyn Iterator<Item = &Corner>| {
        let mut chain: Vec<Corner> = Vec::new();
        for point in points {
            while let [.., before, last] = &chain[..]
                && turn(*before, *last, *point) <= 0.0
            {
                chain.pop();
            }
            chain.push(*point);
        }
        chain.pop();
        chain
    };
    let mut hull = half(&mut sorted.iter());
    hull.extend(half(&mut sorted.iter().rev()));
    hull
}

/// Returns whether a way turns to the right at a corner (positive), to the left (negative) or not at all, as people see a
/// picture.
fn turn(from: Corner, at: Corner, to: Corner) -> f64 {
    (at.0 - from.0) * (to.1 - from.1) - (at.1 - from.1) * (to.0 - from.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(points: &[Corner], expect: Option<[Corner; 4]>) {
        let found = smallest_rectangle(points);
        let rounded = found.map(|corners| corners.map(|(x, y)| ((x * 1e6).round() / 1e6, (y * 1e6).round() / 1e6)));
        assert_eq!(rounded, expect);
    }

    #[test]
    fn the_rectangle_is_turned_as_it_needs_to_be() {
        let diamond = [(2.0, 0.0), (4.0, 2.0), (2.0, 4.0), (0.0, 2.0)];
        check(&diamond, Some(diamond));
        let upright = [(1.0, 1.0), (5.0, 1.0), (5.0, 3.0), (1.0, 3.0)];
        check(&upright, Some(upright));
        // What lies within does not matter, and neither does the order.
        check(&[(5.0, 3.0), (3.0, 2.0), (1.0, 1.0), (1.0, 3.0), (5.0, 1.0), (3.0, 1.0)], Some(upright));
        check(&[(0.0, 0.0), (4.0, 0.0), (0.0, 3.0)], Some([(0.0, 0.0), (4.0, 0.0), (4.0, 3.0), (0.0, 3.0)]));
    }

    #[test]
    fn points_on_a_line_have_none() {
        check(&[], None);
        check(&[(1.0, 1.0)], None);
        check(&[(1.0, 1.0), (2.0, 2.0), (3.0, 3.0), (1.0, 1.0)], None);
    }
}
