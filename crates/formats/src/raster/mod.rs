//! Pixels of masks and polygons: as run lengths, and as rings along the edges of the pixels.
//!
//! # Invariants
//! - Run lengths go down the columns, from the leftmost, and begin with pixels that are outside: the order of COCO.
//! - Corners of pixels have whole coordinates, from 0 at the left and at the top. A ring along the edges of a mask encloses
//!   its pixels and no others.
//! - [`fill`] takes the pixels that pycocotools takes, for any polygon.
//!
//! Nothing here allocates more than grows with the outline, but for a [`Canvas`], which has a limit.

mod bits;
mod canvas;
mod fill;
mod outline;
mod rows;
mod text;

pub use canvas::{Area, Canvas};
pub use fill::fill;
pub use outline::Ring;

/// A mask: which pixels of a picture are inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Runs {
    width: u32,
    height: u32,
    /// Lengths by turns outside and inside, down the columns. Only the first may be 0.
    counts: Vec<u32>,
}

/// A box of whole pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The first column.
    pub left: u32,
    /// The first row.
    pub top: u32,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl Runs {
    /// Makes a mask of where it changes between outside and inside: places down the columns, ascending. Two changes at one
    /// place are none.
    pub(crate) fn of_changes(width: u32, height: u32, changes: impl Iterator<Item = u64>) -> Self {
        let end = u64::from(width) * u64::from(height);
        let mut kept: Vec<u64> = Vec::new();
        for place in changes {
            match kept.last() {
                Some(last) if *last == place => {
                    kept.pop();
                }
                _ => kept.push(place),
            }
        }
        kept.retain(|place| *place < end);
        let mut counts = Vec::with_capacity(kept.len() + 1);
        let mut from = 0;
        for place in kept.into_iter().chain([end]) {
            // A picture has fewer pixels than 2^32: see the limits of what is imported.
            counts.push(u32::try_from(place - from).unwrap_or(u32::MAX));
            from = place;
        }
        Self { width, height, counts }
    }

    /// Makes a mask of runs along the rows: row, first column, and the column after the last.
    pub fn of_rows(width: u32, height: u32, rows: impl Iterator<Item = (u32, u32, u32)>) -> Self {
        let mut changes: Vec<u64> = Vec::new();
        let column = u64::from(height);
        for (row, start, end) in rows {
            for x in start..end {
                let place = u64::from(x) * column + u64::from(row);
                changes.extend([place, place + 1]);
            }
        }
        changes.sort_unstable();
        Self::of_changes(width, height, changes.into_iter())
    }

    /// Returns the width of the picture.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Returns the height of the picture.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Lists the lengths by turns outside and inside, down the columns.
    pub fn counts(&self) -> &[u32] {
        &self.counts
    }

    /// Counts the pixels inside.
    pub fn area(&self) -> u64 {
        self.counts.iter().skip(1).step_by(2).map(|count| u64::from(*count)).sum()
    }

    /// Lists the runs inside: their first places, and the places after their last, down the columns.
    fn inside(&self) -> impl Iterator<Item = (u64, u64)> {
        let mut place = 0;
        self.counts.iter().enumerate().filter_map(move |(index, count)| {
            let start = place;
            place += u64::from(*count);
            (index % 2 == 1).then_some((start, place))
        })
    }

    /// Lists the runs inside, each within its column: column, first row, and the row after the last.
    fn columns(&self) -> impl Iterator<Item = (u32, u32, u32)> {
        let height = u64::from(self.height);
        self.inside().flat_map(move |(start, end)| {
            let columns = (start / height)..=((end - 1) / height);
            columns.map(move |x| {
                let first = start.saturating_sub(x * height);
                let last = (end - x * height).min(height);
                // Both are rows of the picture.
                (x as u32, first as u32, last as u32)
            })
        })
    }

    /// Returns the smallest box around the pixels; none for an empty mask.
    pub fn bounds(&self) -> Option<Bounds> {
        let mut found: Option<(u32, u32, u32, u32)> = None;
        for (x, top, bottom) in self.columns() {
            let (left, right, first, last) = found.unwrap_or((x, x, top, bottom));
            found = Some((left.min(x), right.max(x), first.min(top), last.max(bottom)));
        }
        found.map(|(left, right, top, bottom)| Bounds { left, top, width: right - left + 1, height: bottom - top })
    }

    /// Returns the pixels that are in either of two masks of one size.
    pub fn union(&self, other: &Self) -> Self {
        let edges = |runs: &Self| -> Vec<(u64, i32)> {
            runs.inside().flat_map(|(start, end)| [(start, 1), (end, -1)]).collect()
        };
        let mut all = [edges(self), edges(other)].concat();
        // Where one run ends and another begins, the second keeps the mask going.
        all.sort_unstable_by_key(|(place, step)| (*place, -step));
        let mut depth = 0;
        let changes = all.into_iter().filter_map(move |(place, step)| {
            let before = depth;
            depth += step;
            (before == 0 || depth == 0).then_some(place)
        });
        Self::of_changes(self.width, self.height, changes)
    }
}

#[cfg(test)]
mod tests;
