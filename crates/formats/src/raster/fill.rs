//! Polygons to pixels, as pycocotools fills them.
//!
//! Corners are put on a grid that is five times as fine as the pixels, the sides are walked in its steps, and a pixel's
//! column is entered or left where a side crosses the middle of the column. So a pixel counts if its centre is inside, up
//! to a tenth of a pixel.

use super::Runs;

/// How many steps of the fine grid are a pixel.
const FINE: i64 = 5;
/// The step of a pixel that is its middle.
const MIDDLE: i64 = 2;
/// Corners farther outside than this many pixels are taken for that far, so that a walk ends.
const FAR: f64 = 1e6;

/// Fills a ring of corners, x and y in pixels, whether or not it repeats the first at its end. What is outside the picture
/// is cut off. Where a ring crosses itself, pixels that it encloses twice are outside.
pub fn fill(ring: &[(f64, f64)], width: u32, height: u32) -> Runs {
    let on_grid = |side: f64| (side.clamp(-FAR, FAR) * FINE as f64 + 0.5) as i64;
    let corners: Vec<(i64, i64)> = ring.iter().map(|(x, y)| (on_grid(*x), on_grid(*y))).collect();
    let mut walk = Walk { width: i64::from(width), height: i64::from(height), last: None, changes: Vec::new() };
    for (index, from) in corners.iter().enumerate() {
        walk.side(*from, corners[(index + 1) % corners.len()]);
    }
    walk.changes.sort_unstable();
    Runs::of_changes(width, height, walk.changes.into_iter())
}

/// A walk along the sides of a polygon.
struct Walk {
    width: i64,
    height: i64,
    last: Option<(i64, i64)>,
    /// The places where a column is entered or left.
    changes: Vec<u64>,
}

impl Walk {
    /// Walks along a side, both ends included.
    fn side(&mut self, from: (i64, i64), to: (i64, i64)) {
        let (across, down) = ((to.0 - from.0).abs(), (to.1 - from.1).abs());
        let is_flat = across >= down;
        let steps = if is_flat { across } else { down };
        // The points of a side are the same whichever way it is walked: they are counted from its left or upper end.
        let is_backwards = if is_flat { from.0 > to.0 } else { from.1 > to.1 };
        let (start, end) = if is_backwards { (to, from) } else { (from, to) };
        let slope = match (is_flat, steps) {
            (_, 0) => 0.0,
            (true, _) => (end.1 - start.1) as f64 / across as f64,
            (false, _) => (end.0 - start.0) as f64 / down as f64,
        };
        for step in 0..=steps {
            let step = if is_backwards { steps - step } else { step };
            let aside = |start: i64| (start as f64 + slope * step as f64 + 0.5) as i64;
            self.point(if is_flat { (start.0 + step, aside(start.1)) } else { (aside(start.0), start.1 + step) });
        }
    }

    fn point(&mut self, (x, y): (i64, i64)) {
        let Some((last_x, last_y)) = self.last.replace((x, y)) else { return };
        if x == last_x {
            return;
        }
        // The step of the grid that was crossed; the middle of a column is one of five.
        let crossed = if x < last_x { x } else { x - 1 };
        let column = (crossed - MIDDLE).div_euclid(FINE);
        if (crossed - MIDDLE).rem_euclid(FINE) != 0 || !(0..self.width).contains(&column) {
            return;
        }
        let row = -(MIDDLE - y.min(last_y)).div_euclid(FINE);
        let row = row.clamp(0, self.height);
        self.changes.extend(u64::try_from(column * self.height + row));
    }
}
