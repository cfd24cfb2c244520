//! Masks as run lengths along the rows of a box, as some formats have them.

use super::{Bounds, Runs};

impl Runs {
    /// Lists the lengths by turns outside and inside along the rows of a box, from the topmost, in which all pixels are.
    /// Only the first may be 0, and together they are the box.
    pub fn row_counts(&self, bounds: &Bounds) -> Vec<u32> {
        let width = u64::from(bounds.width);
        let mut columns = self.columns().peekable();
        let (mut before, mut changes): (Vec<u32>, Vec<u64>) = (Vec::new(), Vec::new());
        for x in bounds.left..=bounds.left + bounds.width {
            let mut here: Vec<u32> = Vec::new();
            while let Some((_, top, bottom)) = columns.next_if(|(column, ..)| *column == x) {
                here.extend([top, bottom]);
            }
            // Between two ends of what either column holds, one of them is inside and the other is not.
            let mut ends = [before, here.clone()].concat();
            ends.sort_unstable();
            for pair in ends.chunks_exact(2) {
                let rows = (pair[0]..pair[1]).map(|y| u64::from(y - bounds.top) * width);
                changes.extend(rows.map(|row| row + u64::from(x - bounds.left)));
            }
            before = here;
        }
        // A run that goes on from the end of one row to the start of the next is one run.
        changes.sort_unstable();
        Self::of_changes(bounds.width, bounds.height, changes.into_iter()).counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_mask_is_listed_row_by_row() {
        let ring = [(1, 2, 5), (2, 2, 3), (2, 4, 5), (3, 2, 5)];
        let runs = Runs::of_rows(8, 6, ring.into_iter());
        assert_eq!(runs.row_counts(&runs.bounds().unwrap()), [0, 4, 1, 4]);
        let corner = Runs::of_rows(8, 6, [(0, 1, 2), (1, 0, 1)].into_iter());
        assert_eq!(corner.row_counts(&corner.bounds().unwrap()), [1, 2, 1]);
    }

    proptest! {
        #[test]
        fn rows_are_those_of_the_pixels(width in 1_u32..9, height in 1_u32..9, pixels in prop::collection::vec(any::<bool>(), 81)) {
            let is_inside = |x: u32, y: u32| pixels[(y * width + x) as usize];
            let cells = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
            let rows = cells.filter(|(x, y)| is_inside(*x, *y)).map(|(x, y)| (y, x, x + 1));
            let runs = Runs::of_rows(width, height, rows);
            if let Some(bounds) = runs.bounds() {
                let counts = runs.row_counts(&bounds);
                prop_assert!(counts.iter().skip(1).all(|count| *count > 0), "{:?}", counts);
                let spelled: Vec<bool> = counts.iter().enumerate()
                    .flat_map(|(index, count)| std::iter::repeat_n(index % 2 == 1, *count as usize)).collect();
                let expect: Vec<bool> = (bounds.top..bounds.top + bounds.height)
                    .flat_map(|y| (bounds.left..bounds.left + bounds.width).map(move |x| (x, y)))
                    .map(|(x, y)| is_inside(x, y)).collect();
                prop_assert_eq!(spelled, expect);
            }
        }
    }
}
