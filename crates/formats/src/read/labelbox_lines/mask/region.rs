//! The pixels of one instance.

use super::super::error::{Fault, LineProblem};
use super::super::line::{get_list, whole};
use super::{PIXEL_LIMIT, RUN_LIMIT};
use labelport_model::json::Value;

/// Pixels of a picture.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in super::super) struct Region {
    pub(in super::super) width: u32,
    pub(in super::super) height: u32,
    /// Ordered by row and column; none touches another.
    pub(super) runs: Vec<Run>,
}

/// Neighbouring pixels of one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) row: u32,
    pub(super) start: u32,
    /// The end, not included.
    pub(super) end: u32,
}

impl Region {
    pub(super) fn new(width: u32, height: u32) -> Self {
        Self { width, height, runs: Vec::new() }
    }

    /// Adds pixels after the existing ones.
    pub(super) fn push(&mut self, row: u32, start: u32, end: u32) {
        match self.runs.last_mut() {
            Some(last) if last.row == row && last.end == start => last.end = end,
            _ => self.runs.push(Run { row, start, end }),
        }
    }

    /// Returns whether it has no pixels.
    pub(in super::super) fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Returns how many runs it has.
    pub(in super::super) fn length(&self) -> usize {
        self.runs.len()
    }
}

/// Checks the size of a picture before memory is taken for it.
pub(super) fn check_size(width: u64, height: u64) -> Result<(), LineProblem> {
    let pixels = width.checked_mul(height).filter(|pixels| *pixels > 0 && *pixels <= PIXEL_LIMIT);
    match pixels {
        Some(_) => Ok(()),
        None => Err(LineProblem::TooManyPixels { width, height, limit: PIXEL_LIMIT }),
    }
}

/// Reads `size` and `counts`: run lengths down the columns, those outside the object and those inside by turns.
pub(in super::super) fn from_counts(mask: Value<'_>) -> Result<Region, Fault> {
    let (height, width) = match get_list(mask, "size", "numbers", 2)?[..] {
        [height, width] => (length(height)?, length(width)?),
        _ => return Err(Fault::wrong_kind(mask, "a size of height and width")),
    };
    check_size(width, height).map_err(|problem| Fault::at(mask, problem))?;
    let pixels = width * height;
    let mut sum = 0;
    let mut runs = Vec::new();
    for (index, count) in get_list(mask, "counts", "counts", 1)?.into_iter().enumerate() {
        let count = length(count)?;
        if index % 2 == 1 && count > 0 {
            runs.push((sum, sum + count));
        }
        sum = sum.saturating_add(count);
        if sum > pixels {
            break;
        }
    }
    if sum != pixels {
        return Err(Fault::at(mask, LineProblem::CountsMismatch { sum, pixels }));
    }
    transpose(&runs, width as u32, height as u32).map_err(|problem| Fault::at(mask, problem))
}

fn length(value: Value<'_>) -> Result<u64, Fault> {
    u64::try_from(whole(value)?).map_err(|_| Fault::at(value, LineProblem::NegativeCount))
}

/// Converts runs down the columns to runs along the rows.
fn transpose(runs: &[(u64, u64)], width: u32, height: u32) -> Result<Region, LineProblem> {
    // A bit for each pixel, row by row: at most 12 MB.
    let mut bits = vec![0_u64; (u64::from(width) * u64::from(height)).div_ceil(64) as usize];
    for (start, end) in runs {
        for pixel in *start..*end {
            let place = (pixel % u64::from(height)) * u64::from(width) + pixel / u64::from(height);
            bits[(place / 64) as usize] |= 1 << (place % 64);
        }
    }
    let mut region = Region::new(width, height);
    for (index, word) in bits.into_iter().enumerate() {
        let mut left = word;
        while left != 0 {
            let place = index as u64 * 64 + u64::from(left.trailing_zeros());
            let column = (place % u64::from(width)) as u32;
            region.push((place / u64::from(width)) as u32, column, column + 1);
            left &= left - 1;
        }
        if region.length() > RUN_LIMIT {
            return Err(LineProblem::TooScattered(RUN_LIMIT));
        }
    }
    Ok(region)
}

#[cfg(test)]
mod tests {
    use super::*;
    use labelport_model::json::Document;

    #[track_caller]
    fn check(mask: &str, expect: Result<&[(u32, u32, u32)], &str>) {
        let document = Document::parse(mask.as_bytes()).unwrap();
        let found = from_counts(document.root()).map_err(|fault| fault.problem.to_string());
        let found =
            found.map(|region| region.runs.iter().map(|each| (each.row, each.start, each.end)).collect::<Vec<_>>());
        assert_eq!(found.as_deref().map_err(String::as_str), expect);
    }

    #[test]
    fn counts_run_down_the_columns() {
        // Two rows of three: the middle column, then its lower pixel and the one right above it.
        check(r#"{"size":[2,3],"counts":[2,2,2]}"#, Ok(&[(0, 1, 2), (1, 1, 2)]));
        check(r#"{"size":[2,3],"counts":[3,2,1]}"#, Ok(&[(0, 2, 3), (1, 1, 2)]));
        check(r#"{"size":[2,3],"counts":[0,6]}"#, Ok(&[(0, 0, 3), (1, 0, 3)]));
        check(r#"{"size":[2,3],"counts":[6]}"#, Ok(&[]));
    }

    #[test]
    fn counts_that_do_not_fill_the_picture_are_refused() {
        check(r#"{"size":[2,3],"counts":[2,2]}"#, Err("the counts add up to 4 pixels, the size to 6"));
        check(r#"{"size":[2,3],"counts":[2,5]}"#, Err("the counts add up to 7 pixels, the size to 6"));
        check(r#"{"size":[2,3,1],"counts":[6]}"#, Err("expected a size of height and width, found an object"));
        let limit = "a mask of 20000 x 20000 pixels; 1 to 100000000 pixels are allowed";
        check(r#"{"size":[20000,20000],"counts":[400000000]}"#, Err(limit));
        let huge = "a mask of 9223372036854775807 x 2 pixels; 1 to 100000000 pixels are allowed";
        check(r#"{"size":[2,9223372036854775807],"counts":[1]}"#, Err(huge));
        let negative = "a negative count; counts are numbers of pixels";
        check(r#"{"size":[2,3],"counts":[-1,7]}"#, Err(negative));
    }
}
