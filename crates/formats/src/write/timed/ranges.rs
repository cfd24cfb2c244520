//! The ranges over which feature ids last, found by a frame or a millisecond.

use labelport_model::annotation::{Range, Timeline};
use std::collections::HashMap;

/// The ranges of a label.
pub(super) struct Ranges<'a> {
    timeline: Timeline<'a>,
    /// Those of the feature ids that were asked for.
    known: HashMap<String, Sorted>,
}

/// Ranges by their first frame or millisecond.
#[derive(Debug, Default)]
struct Sorted {
    ranges: Vec<Range>,
    /// For each, the end of it and of those before it.
    ends: Vec<i64>,
}

impl<'a> Ranges<'a> {
    pub(super) fn of(timeline: Timeline<'a>) -> Self {
        Self { timeline, known: HashMap::new() }
    }

    /// Lists the ranges of a feature id, by their beginnings: those around a frame or millisecond where one is given.
    pub(super) fn around(&mut self, id: &str, at: Option<i64>) -> Vec<Range> {
        let Sorted { ranges, ends } = self.sorted(id);
        let Some(at) = at else { return ranges.clone() };
        let begun = ranges.partition_point(|(first, _)| *first <= at);
        let open = ranges[..begun].iter().zip(ends).rev().take_while(|(_, end)| **end >= at);
        let mut found: Vec<Range> = open.map(|(range, _)| *range).filter(|(_, last)| *last >= at).collect();
        found.reverse();
        found
    }

    /// Returns the first range of a feature id that begins after a frame or millisecond, else the last one before it.
    pub(super) fn nearest(&mut self, id: &str, at: i64) -> Option<Range> {
        let ranges = &self.sorted(id).ranges;
        let begun = ranges.partition_point(|(first, _)| *first <= at);
        ranges.get(begun).or_else(|| ranges.last()).copied()
    }

    fn sorted(&mut self, id: &str) -> &Sorted {
        if !self.known.contains_key(id) {
            let mut ranges = self.timeline.segments(None, id).to_vec();
            ranges.sort_unstable();
            ranges.dedup();
            let ends = ranges.iter().scan(i64::MIN, |end, (_, last)| {
                *end = (*end).max(*last);
                Some(*end)
            });
            let sorted = Sorted { ends: ends.collect(), ranges };
            self.known.insert(id.to_owned(), sorted);
        }
        // It was just inserted.
        &self.known[id]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_found_by_what_is_in_them() {
        let text = r#"{"segments":{"f":[[20,30],[1,9],[5,25],[1,9],[40,3]]}}"#;
        let mut ranges = Ranges::of(Timeline::read(text).unwrap());
        assert_eq!(ranges.around("f", Some(7)), [(1, 9), (5, 25)]);
        assert_eq!(ranges.around("f", Some(25)), [(5, 25), (20, 30)]);
        assert_eq!(ranges.around("f", Some(31)), []);
        assert_eq!(ranges.around("f", None).len(), 4);
        assert_eq!((ranges.nearest("f", 0), ranges.nearest("f", 10)), (Some((1, 9)), Some((20, 30))));
        assert_eq!((ranges.nearest("f", 99), ranges.nearest("g", 1)), (Some((40, 3)), None));
    }
}
