//! Segments: the inclusive ranges of frames over which features last.

use super::error::FillError;
use crate::json::Value;
use std::collections::BTreeMap;

/// An inclusive range of frames.
pub(super) type Range = (i64, i64);

/// The ranges of each feature id, as stored.
pub(super) type Segments<'a> = BTreeMap<&'a str, Vec<Range>>;

/// Reads `segments` of annotations.
pub(super) fn read(segments: Value<'_>) -> Result<Segments<'_>, FillError> {
    let mut read = Segments::new();
    for (id, ranges) in segments.members() {
        let mut list = Vec::new();
        for range in ranges.elements() {
            let ends: Vec<Option<i64>> = range.elements().map(Value::as_i64).collect();
            match ends[..] {
                [Some(first), Some(last)] if first <= last => list.push((first, last)),
                _ => return Err(FillError::Segment { feature_id: id.to_owned(), range: excerpt(range.raw()) }),
            }
        }
        read.insert(id, list);
    }
    Ok(read)
}

/// Returns the beginning of a text that may be long.
pub(super) fn excerpt(text: &str) -> String {
    const SHOWN: usize = 60;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Frames that belong to one range of a list. Where ranges overlap, a frame belongs to the one listed first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    /// The first and the last frame.
    pub(super) frames: Range,
    /// The whole range.
    pub(super) range: Range,
}

/// Cuts ranges into pieces that do not overlap, in ascending order.
pub(super) fn pieces(ranges: &[Range]) -> Vec<Piece> {
    let mut pieces = Vec::with_capacity(ranges.len());
    // What is covered so far, as ranges that neither overlap nor touch. Each step merges what it meets, so that many
    // overlapping ranges cost no more than sorting them.
    let mut covered: BTreeMap<i64, i64> = BTreeMap::new();
    for range in ranges {
        let (mut first, mut last) = *range;
        // The first frame that is not known to be covered; `None` where there is none up to the largest number.
        let mut free_from = Some(first);
        if let Some((start, end)) = covered.range(..=first).next_back().map(|(start, end)| (*start, *end))
            && end.saturating_add(1) >= first
        {
            first = start;
            last = last.max(end);
            free_from = end.checked_add(1);
        }
        while let Some(from) = free_from.filter(|from| *from <= range.1) {
            match covered.range(from..).next().map(|(start, end)| (*start, *end)) {
                Some((start, end)) if start <= range.1 => {
                    if from < start {
                        pieces.push(Piece { frames: (from, start - 1), range: *range });
                    }
                    covered.remove(&start);
                    last = last.max(end);
                    free_from = end.checked_add(1);
                }
                _ => {
                    pieces.push(Piece { frames: (from, range.1), range: *range });
                    break;
                }
            }
        }
        covered.insert(first, last);
    }
    pieces.sort_unstable_by_key(|piece| piece.frames);
    pieces
}

/// Joins ranges that overlap or touch, in ascending order.
pub(super) fn merged(ranges: impl IntoIterator<Item = Range>) -> Vec<Range> {
    let mut sorted: Vec<Range> = ranges.into_iter().collect();
    sorted.sort_unstable();
    let mut merged: Vec<Range> = Vec::with_capacity(sorted.len());
    for (first, last) in sorted {
        match merged.last_mut() {
            Some((_, end)) if first <= end.saturating_add(1) => *end = last.max(*end),
            _ => merged.push((first, last)),
        }
    }
    merged
}

/// Lists the parts of merged ranges that lie inside a window.
pub(super) fn clipped(merged: &[Range], window: Range) -> impl Iterator<Item = Range> {
    let start = merged.partition_point(|(_, last)| *last < window.0);
    let inside = merged[start..].iter().take_while(move |(first, _)| *first <= window.1);
    inside.map(move |(first, last)| (window.0.max(*first), window.1.min(*last)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(ranges: &[Range], expect: &[(i64, i64, Range)]) {
        let found: Vec<_> = pieces(ranges).iter().map(|piece| (piece.frames.0, piece.frames.1, piece.range)).collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn a_frame_belongs_to_the_range_listed_first() {
        check(&[(1, 5), (7, 9)], &[(1, 5, (1, 5)), (7, 9, (7, 9))]);
        check(&[(4, 9), (1, 5)], &[(1, 3, (1, 5)), (4, 9, (4, 9))]);
        check(&[(3, 4), (1, 9)], &[(1, 2, (1, 9)), (3, 4, (3, 4)), (5, 9, (1, 9))]);
        check(&[(1, 9), (3, 4), (9, 10)], &[(1, 9, (1, 9)), (10, 10, (9, 10))]);
        check(
            &[(2, 3), (6, 7), (1, 9)],
            &[(1, 1, (1, 9)), (2, 3, (2, 3)), (4, 5, (1, 9)), (6, 7, (6, 7)), (8, 9, (1, 9))],
        );
        check(&[(i64::MIN, i64::MAX), (1, 2)], &[(i64::MIN, i64::MAX, (i64::MIN, i64::MAX))]);
        check(&[(5, i64::MAX), (1, i64::MAX)], &[(1, 4, (1, i64::MAX)), (5, i64::MAX, (5, i64::MAX))]);
    }

    #[test]
    fn pieces_agree_with_a_look_at_every_frame() {
        // Every list of three ranges within five frames.
        let ranges: Vec<Range> = (1..=5).flat_map(|first| (first..=5).map(move |last| (first, last))).collect();
        for one in &ranges {
            for two in &ranges {
                for three in &ranges {
                    let list = [*one, *two, *three];
                    let cut = pieces(&list);
                    for frame in 1..=5 {
                        let expect = list.iter().find(|(first, last)| (*first..=*last).contains(&frame)).copied();
                        let mut holding = cut.iter().filter(|piece| (piece.frames.0..=piece.frames.1).contains(&frame));
                        assert_eq!(holding.next().map(|piece| piece.range), expect, "frame {frame} of {list:?}");
                        assert_eq!(holding.next(), None, "frame {frame} of {list:?} is in two pieces");
                    }
                }
            }
        }
    }

    #[test]
    fn ranges_are_merged_and_clipped() {
        assert_eq!(merged([(5, 6), (1, 2), (3, 3), (9, 9)]), [(1, 3), (5, 6), (9, 9)]);
        let found: Vec<Range> = clipped(&[(1, 3), (5, 6), (9, 9)], (3, 8)).collect();
        assert_eq!(found, [(3, 3), (5, 6)]);
    }
}
