//! Answers as they occur, on one frame after the other, put together to the parts over which they last.

use super::recording::Recording;
use labelport_model::annotation::Range;
use std::collections::{BTreeMap, HashMap};

/// Answers to a question over a range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// Frames or milliseconds, both ends included.
    pub(super) range: Range,
    pub(super) question: String,
    /// The answers that hold together.
    pub(super) answers: Vec<String>,
}

/// What occurred so far. It does not grow with the frames on which nothing changes.
#[derive(Debug, Default)]
pub(super) struct Occurrences {
    /// By feature id, question and range, in the order in which they came.
    places: HashMap<(String, String, Range), usize>,
    seen: Vec<Seen>,
    /// Runs of frames of which no range is known, by feature id, question and answers.
    runs: HashMap<(String, String, Vec<String>), usize>,
}

#[derive(Debug)]
enum Seen {
    /// Over a range: from which frame or millisecond on which answers hold.
    Over(Range, String, BTreeMap<i64, Vec<String>>),
    /// On a run of frames.
    Run(Part),
}

impl Occurrences {
    /// Adds answers that occur `at` a frame or a millisecond.
    pub(super) fn add(&mut self, id: &str, part: Part, is_single: bool, at: Option<i64>) {
        let at = at.unwrap_or(part.range.0);
        if is_single {
            let key = (id.to_owned(), part.question.clone(), part.answers.clone());
            if let Some(Seen::Run(run)) = self.runs.get(&key).and_then(|place| self.seen.get_mut(*place))
                && (run.range.0..=run.range.1.saturating_add(1)).contains(&at)
            {
                run.range.1 = run.range.1.max(at);
                return;
            }
            self.runs.insert(key, self.seen.len());
            self.seen.push(Seen::Run(part));
            return;
        }
        let key = (id.to_owned(), part.question.clone(), part.range);
        let place = *self.places.entry(key).or_insert(self.seen.len());
        if place == self.seen.len() {
            self.seen.push(Seen::Over(part.range, part.question, BTreeMap::new()));
        }
        if let Some(Seen::Over(_, _, answers)) = self.seen.get_mut(place) {
            let is_same = answers.last_key_value().is_some_and(|(last, known)| *last < at && *known == part.answers);
            if !is_same {
                answers.insert(at, part.answers);
            }
        }
    }

    /// Lists the parts over which answers last: a range, or that of it until other answers are given.
    pub(super) fn parts(self, recording: &Recording) -> Vec<Part> {
        let mut parts: Vec<Part> = Vec::new();
        for seen in self.seen {
            let (range, question, answers) = match seen {
                Seen::Run(part) => {
                    parts.push(part);
                    continue;
                }
                Seen::Over(range, question, answers) => (range, question, answers),
            };
            let mut changes: Vec<(i64, Vec<String>)> = answers.into_iter().collect();
            changes.dedup_by(|next, known| next.1 == known.1);
            let ends: Vec<i64> = changes.iter().skip(1).map(|(at, _)| recording.before(*at)).collect();
            for (place, (at, answers)) in changes.into_iter().enumerate() {
                let first = if place == 0 { range.0 } else { at };
                let last = ends.get(place).copied().unwrap_or(range.1);
                parts.push(Part { range: (first, last), question: question.clone(), answers });
            }
        }
        parts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(media: &str, occurrences: &[(Range, bool, i64, &str)], expect: &[(i64, i64, &str)]) {
        let recording = Recording::of(Some(media.as_bytes())).unwrap();
        let mut all = Occurrences::default();
        for (range, is_single, at, answer) in occurrences {
            let part = Part { range: *range, question: "q".to_owned(), answers: vec![(*answer).to_owned()] };
            all.add("f", part, *is_single, Some(*at));
        }
        let found = all.parts(&recording);
        let found: Vec<_> = found.iter().map(|part| (part.range.0, part.range.1, part.answers[0].as_str())).collect();
        assert_eq!(found, expect);
    }

    const VIDEO: &str = r#"{"asset_type":"video","frame_rate":25}"#;

    #[test]
    fn an_answer_lasts_for_its_range_or_until_it_changes() {
        check(VIDEO, &[((3, 9), false, 3, "a"), ((3, 9), false, 9, "a")], &[(3, 9, "a")]);
        let changing = [((3, 9), false, 7, "b"), ((3, 9), false, 4, "a"), ((3, 9), false, 8, "b")];
        check(VIDEO, &changing, &[(3, 6, "a"), (7, 9, "b")]);
        let audio = r#"{"asset_type":"audio"}"#;
        check(audio, &[((0, 900), false, 0, "a"), ((0, 900), false, 400, "b")], &[(0, 400, "a"), (400, 900, "b")]);
    }

    #[test]
    fn frames_without_a_range_are_runs() {
        let frames = [((3, 3), true, 3, "a"), ((4, 4), true, 4, "a"), ((6, 6), true, 6, "a"), ((7, 7), true, 7, "b")];
        check(VIDEO, &frames, &[(3, 4, "a"), (6, 6, "a"), (7, 7, "b")]);
    }
}
