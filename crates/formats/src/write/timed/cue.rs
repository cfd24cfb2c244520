//! Answers with their times.

use super::occurrences::{Occurrences, Part};
use super::ranges::Ranges;
use super::recording::{Recording, Times};
use crate::write::Entries;
use crate::write::annotations::{for_each, stored};
use crate::write::attributes::{Attributes, Value};
use crate::write::settled::{Classes, Fate, Origin, settle_each};
use labelport_model::annotation::{Annotation, Answer, Body, Classification, Range, Text, Timeline};
use labelport_model::losses::Outcome;
use labelport_model::record::LabelRecord;

/// Why something is not a cue.
const NOT_HELD: &str = "the format holds answers that have times, and nothing about objects";
const OF_WHOLE: &str = "it is about the whole, and the format holds answers that have times";
const NO_END: &str = "nothing says how long it lasts";
const NOTHING: &str = "nothing is answered";
const SOME: &str = "to those of its options that can be written";

/// An answer with its times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cue {
    pub(super) times: Times,
    /// The question, named after those that lead to it.
    pub(super) question: String,
    /// The name of an option, or a text.
    pub(super) answer: String,
}

/// What becomes of an answer to a question, by a format.
pub(super) type Judge<'j> = dyn Fn(&str, &str) -> Fate + 'j;

/// Reads the cues of a label in the order of their times, and settles its annotations.
pub(super) fn read(
    label: &LabelRecord<'_>,
    recording: &Recording,
    judge: &Judge<'_>,
    (origin, classes): (&Origin<'_>, &Classes<'_>),
    (stream, entries): (usize, &mut Entries<'_>),
) -> Vec<Cue> {
    let timeline = Timeline::read(stored(&label.annotations)).unwrap_or_default();
    let mut reader = Reader { recording, ranges: Ranges::of(timeline), judge };
    let mut occurrences = Occurrences::default();
    for_each(label.annotations, entries, &mut |annotation, entries| {
        let mut fates = Vec::new();
        let fate = match reader.take(annotation, &mut occurrences, &mut fates) {
            Ok(()) => Fate::KEPT,
            Err(reason) => Fate::left_out(reason),
        };
        settle_each(annotation, fate, &mut fates.into_iter(), origin, classes, (stream, &mut *entries));
    });
    let mut cues = Vec::new();
    for part in occurrences.parts(recording) {
        let Ok((times, _)) = recording.times(part.range) else { continue };
        for answer in part.answers {
            if judge(&part.question, &answer).outcome != Outcome::LeftOut {
                cues.push(Cue { times, question: part.question.clone(), answer });
            }
        }
    }
    cues.sort_by_key(|cue| cue.times);
    cues
}

/// Reads annotations of a label.
struct Reader<'r> {
    recording: &'r Recording,
    ranges: Ranges<'r>,
    judge: &'r Judge<'r>,
}

impl Reader<'_> {
    /// Takes an annotation, and adds what becomes of it and of the answers in it. Fails with a clause for one that has no
    /// times.
    fn take(
        &mut self,
        annotation: &Annotation<'_>,
        occurrences: &mut Occurrences,
        fates: &mut Vec<Fate>,
    ) -> Result<(), &'static str> {
        let Body::Classification(answer) = &annotation.body else { return Err(NOT_HELD) };
        if annotation.place.axis.is_some() {
            return Err(NOT_HELD);
        }
        // What is inside in a form that is not known has no name and no value.
        let is_read = annotation.count_unread() == 0;
        let at = if self.recording.has_frames() { annotation.place.frame } else { annotation.place.start_ms };
        let timings = self.timings(answer, at)?;
        if !is_read {
            return Ok(());
        }
        let attributes = Attributes::of([answer]);
        let own_id = id_of(answer.feature.id.as_ref());
        let mut ranges: Vec<Range> = timings.iter().flat_map(|timing| &timing.ranges).copied().collect();
        ranges.sort_unstable();
        ranges.dedup();
        let mut is_first = true;
        for (question, value, fate) in attributes.iter() {
            if std::mem::take(&mut is_first) {
                let outcomes = timings.iter().flat_map(|timing| self.add(question, timing, at, occurrences)).collect();
                fates.push(joined(outcomes, fate));
                continue;
            }
            // An answer to which another leads holds as long as that.
            let answers = match value {
                Value::None => Vec::new(),
                Value::One(answer) | Value::Text(answer) => vec![answer.clone()],
                Value::Several(answers) => answers.clone(),
            };
            let timing = Timing { id: own_id.clone(), ranges: ranges.clone(), answers, is_single: false };
            fates.push(joined(self.add(question, &timing, at, occurrences), fate));
        }
        Ok(())
    }

    /// Returns when the answers of a classification hold. Fails with a clause where that is not known.
    fn timings(&mut self, answer: &Classification<'_>, at: Option<i64>) -> Result<Vec<Timing>, &'static str> {
        let own = id_of(answer.feature.id.as_ref());
        let (mut timings, mut together): (Vec<Timing>, Vec<String>) = (Vec::new(), Vec::new());
        let mut add = |option: Option<&Text<'_>>, answer: String| {
            let id = id_of(option);
            let mut ranges = self.ranges.around(&id, at);
            if let (true, Some(at)) = (ranges.is_empty(), at) {
                // An option of a checklist that begins later is listed with those that begin now.
                ranges.extend(self.ranges.nearest(&id, at));
            }
            if ranges.is_empty() {
                together.push(answer);
            } else {
                timings.push(Timing { id, ranges, answers: vec![answer], is_single: false });
            }
        };
        let name = |name: Option<&Text<'_>>| name.map(|name| name.get().into_owned()).unwrap_or_default();
        match &answer.answer {
            Some(Answer::Radio(choice)) => add(choice.feature.id.as_ref(), name(choice.feature.name.as_ref())),
            Some(Answer::Checklist(choices)) => {
                choices.items.iter().for_each(|one| add(one.feature.id.as_ref(), name(one.feature.name.as_ref())));
            }
            Some(Answer::Text(words)) => add(None, name(words.content.as_ref())),
            None => {}
        }
        if together.is_empty() && !timings.is_empty() {
            return Ok(timings);
        }
        let ranges = self.ranges.around(&own, at);
        let single = at.filter(|_| self.recording.has_frames()).map(|frame| (frame, frame));
        let (ranges, is_single) = match (ranges.is_empty(), single, at) {
            (false, ..) => (ranges, false),
            (true, Some(single), _) => (vec![single], true),
            // The others are cues; these are left out.
            _ if !timings.is_empty() => (Vec::new(), false),
            (true, None, Some(_)) => return Err(NO_END),
            (true, None, None) => return Err(OF_WHOLE),
        };
        timings.push(Timing { id: own, ranges, answers: together, is_single });
        Ok(timings)
    }

    /// Adds answers that hold together, and returns what becomes of each of them.
    fn add(&self, question: &str, timing: &Timing, at: Option<i64>, occurrences: &mut Occurrences) -> Vec<Fate> {
        let mut fates = Vec::new();
        for range in &timing.ranges {
            let part = Part { range: *range, question: question.to_owned(), answers: timing.answers.clone() };
            match self.recording.times(*range) {
                Ok((_, said)) => {
                    fates.extend(timing.answers.iter().map(|answer| match (self.judge)(question, answer) {
                        Fate::KEPT if !said.is_empty() => Fate::reduced(said),
                        fate => fate,
                    }));
                    occurrences.add(&timing.id, part, timing.is_single, at);
                }
                Err(reason) => fates.extend(timing.answers.iter().map(|_| Fate::left_out(reason))),
            }
        }
        if timing.ranges.is_empty() {
            fates.extend(timing.answers.iter().map(|_| Fate::left_out(NO_END)));
        }
        fates
    }
}

/// When answers hold that hold together.
struct Timing {
    /// The feature id by which that is known.
    id: String,
    ranges: Vec<Range>,
    answers: Vec<String>,
    /// Whether nothing but a frame is known.
    is_single: bool,
}

fn id_of(id: Option<&Text<'_>>) -> String {
    id.map(|id| id.escaped().to_owned()).unwrap_or_default()
}

/// Returns what becomes of an answer of which parts are written, each by its fate.
fn joined(parts: Vec<Fate>, of_name: Fate) -> Fate {
    let left_out: Vec<Fate> = parts.iter().copied().filter(|fate| fate.outcome == Outcome::LeftOut).collect();
    let reduced = parts.iter().copied().find(|fate| fate.outcome == Outcome::Reduced);
    match (left_out.first(), reduced) {
        _ if parts.is_empty() => Fate::left_out(NOTHING),
        (Some(first), _) if left_out.len() == parts.len() => *first,
        (Some(_), _) => Fate::reduced(SOME),
        (None, Some(reduced)) => reduced,
        (None, None) => of_name,
    }
}
