//! Rings of corners: bounds, areas, and cutting to a picture.

/// A corner in pixels, from the upper left corner of the picture.
pub(in crate::write) type Corner = (f64, f64);

/// Returns the left, upper, right and lower side of the box around a ring; nothing for one without corners, or with a side
/// that is not a number.
pub(in crate::write) fn bounds_of(ring: &[Corner]) -> Option<[f64; 4]> {
    let first = ring.first()?;
    let start = [first.0, first.1, first.0, first.1];
    let is_whole = ring.iter().all(|(x, y)| x.is_finite() && y.is_finite());
    is_whole.then(|| {
        ring.iter().fold(start, |[left, top, right, bottom], (x, y)| {
            [left.min(*x), top.min(*y), right.max(*x), bottom.max(*y)]
        })
    })
}

/// Returns twice the area that a ring encloses, negative where it runs the other way round.
pub(in crate::write) fn twice_area(ring: &[Corner]) -> f64 {
    let next = ring.iter().cycle().skip(1);
    ring.iter().zip(next).map(|((x, y), (u, v))| x * v - u * y).sum()
}

/// Cuts a ring to the picture, side by side of the picture. A ring that lies inside stays as it is.
pub(in crate::write) fn cut_to(ring: &[Corner], (width, height): (f64, f64)) -> Vec<Corner> {
    let is_inside = |(x, y): &Corner| (0.0..=width).contains(x) && (0.0..=height).contains(y);
    if ring.iter().all(is_inside) {
        return ring.to_vec();
    }
    let x = |corner: &Corner| corner.0;
    let y = |corner: &Corner| corner.1;
    let kept = cut_at(ring, x, 0.0, 1.0);
    let kept = cut_at(&kept, x, width, -1.0);
    let kept = cut_at(&kept, y, 0.0, 1.0);
    let kept = cut_at(&kept, y, height, -1.0);
    // A point on a cut is a rounding error away from it.
    kept.iter().map(|(x, y)| (x.clamp(0.0, width), y.clamp(0.0, height))).collect()
}

/// Keeps the part of a ring on one side of a line: where `sign` × (side − limit) is not negative.
fn cut_at(ring: &[Corner], side: impl Fn(&Corner) -> f64, limit: f64, sign: f64) -> Vec<Corner> {
    let mut kept = Vec::new();
    for (index, from) in ring.iter().enumerate() {
        let to = &ring[(index + 1) % ring.len()];
        let (here, there) = (sign * (side(from) - limit), sign * (side(to) - limit));
        if here >= 0.0 {
            kept.push(*from);
        }
        if (here < 0.0) != (there < 0.0) && here != 0.0 && there != 0.0 {
            let share = here / (here - there);
            kept.push((from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share));
        }
    }
    kept
}
