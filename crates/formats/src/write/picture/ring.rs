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

/// Returns whether a ring encloses nothing: all its corners are on one line. The area says less, since a ring that crosses
/// itself may enclose as much one way round as the other.
pub(in crate::write) fn is_flat(ring: &[Corner]) -> bool {
    let Some((first, others)) = ring.split_first() else { return true };
    let Some(second) = others.iter().find(|corner| *corner != first) else { return true };
    let way = (second.0 - first.0, second.1 - first.1);
    others.iter().all(|(x, y)| way.0 * (y - first.1) == way.1 * (x - first.0))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_that_crosses_itself_is_not_flat() {
        assert!(!is_flat(&[(0.0, 0.0), (10.0, 10.0), (10.0, 0.0), (0.0, 10.0)]));
        for flat in
            [&[][..], &[(1.0, 1.0)], &[(1.0, 1.0), (1.0, 1.0), (1.0, 1.0)], &[(1.0, 1.0), (2.0, 3.0), (3.0, 5.0)]]
        {
            assert!(is_flat(flat), "{flat:?}");
        }
    }
}
