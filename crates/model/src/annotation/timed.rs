//! Classifications that do not hold for the whole: when they begin, and on which frames they are shown.

use super::timeline::Range;
use super::{Answer, Classification, Text};

/// A classification and when it holds. It holds for the whole where nothing else is said.
#[derive(Debug, Clone, PartialEq)]
pub struct Timed<'a> {
    /// The classification.
    pub classification: Classification<'a>,
    /// The start of each of its ranges, in milliseconds. Only recordings use them.
    pub starts: Vec<i64>,
    /// For how many frames it, or each option chosen in it, lasts. Where there are any, a video shows the answer on its
    /// frames and not with those of the whole.
    pub on_frames: Vec<Segments<'a>>,
}

/// The ranges over which a feature id lasts.
#[derive(Debug, Clone, PartialEq)]
pub struct Segments<'a> {
    /// The feature id.
    pub feature_id: Text<'a>,
    /// Frames or milliseconds, both ends included.
    pub ranges: Vec<Range>,
}

impl<'a> Timed<'a> {
    /// Returns whether a video shows it on its frames.
    pub fn is_on_frames(&self) -> bool {
        !self.on_frames.is_empty()
    }

    /// Returns the classification as a frame shows it: a checklist with the options that last there. Nothing where no
    /// answer does.
    pub fn at(&self, frame: i64) -> Option<Classification<'a>> {
        let covers =
            |segments: &Segments<'_>| segments.ranges.iter().any(|(first, last)| (*first..=*last).contains(&frame));
        if !self.on_frames.iter().any(covers) {
            return None;
        }
        let mut shown = self.classification.clone();
        if let Some(Answer::Checklist(options)) = &mut shown.answer {
            // An option without ranges of its own lasts as long as the others.
            options.items.retain(|option| {
                let own =
                    self.on_frames.iter().find(|segments| option.feature.id.as_ref() == Some(&segments.feature_id));
                own.is_none_or(covers)
            });
        }
        Some(shown)
    }
}

impl Segments<'_> {
    /// Lists the frames on which it was set: the first and the last of each range, ascending.
    pub fn key_frames(&self) -> Vec<i64> {
        let mut frames: Vec<i64> = self.ranges.iter().flat_map(|(first, last)| [*first, *last]).collect();
        frames.sort_unstable();
        frames.dedup();
        frames
    }
}
