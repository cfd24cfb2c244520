//! What formats of timed answers have in common: the answers to questions that hold for a part of a recording or a video,
//! with their times.
//!
//! A *cue* is an answer with its times, in milliseconds from the beginning, the end not included. Recordings store
//! milliseconds, so that cues have their times. Videos store frames from 1, both ends included: a cue begins with its first
//! frame and ends where its last one does, by the frame rate of the video.
//!
//! # Invariants
//! - An answer on several frames of one range is one cue.
//! - A cue lasts at least a millisecond, and ends with the video at the latest.
//!
//! # Adding a format of timed answers
//! A type that implements [`CueWriter`], and a [`Format`](super::Format) that opens [`cues`](track::cues) with it.

mod cue;
mod occurrences;
mod ranges;
mod recording;
mod rttm;
#[cfg(test)]
mod tests;
mod textgrid;
mod track;
mod webvtt;

pub use rttm::Rttm;
pub use textgrid::TextGrid;
pub use webvtt::WebVtt;

#[cfg(doc)]
use track::CueWriter;
