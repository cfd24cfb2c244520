//! What has a time: recordings in milliseconds, videos in frames.

use crate::write::stored::parsed;
use labelport_model::annotation::Range;
use labelport_model::data_type::{self, Container};
use labelport_model::json::Value;

/// Why a row has no times.
const NOT_TIMED: &str = "its row is not a recording or a video";
const NO_RATE: &str = "the frame rate of its video is not known";

/// How a cue is reduced, and why there is none.
const CUT: &str = "to the part that is within its video";
const INSTANT: &str = "to one millisecond: it has no length";
const SHARED: &str = "to milliseconds, of which each is several frames";
const OUTSIDE: &str = "it is after the end of its video";
const BEFORE: &str = "it begins before its recording, or ends before it begins";

/// At this many frames each second, no two begin in the same millisecond.
const RATE_LIMIT: f64 = 500.0;

/// The times of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Recording {
    /// Frames each second; nothing for what is stored in milliseconds.
    frame_rate: Option<f64>,
    /// How many frames there are, where that is known.
    frame_count: Option<i64>,
}

/// Times in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Times {
    pub(super) start_ms: u64,
    /// After the last one.
    pub(super) end_ms: u64,
}

impl Recording {
    /// Reads what is known of a row. Fails with a clause for one that has no times.
    pub(super) fn of(media: Option<&[u8]>) -> Result<Self, &'static str> {
        let media = parsed(media.unwrap_or(b"{}"));
        let number = |key: &str| media.root().get(key).and_then(Value::as_f64);
        match data_type::of_media(media.root()).map(|found| found.container) {
            Some(Container::Stamps) => Ok(Self { frame_rate: None, frame_count: None }),
            Some(Container::Frames) => {
                let frame_rate = number("frame_rate").filter(|rate| rate.is_finite() && *rate > 0.0).ok_or(NO_RATE)?;
                let frame_count = number("frame_count").filter(|count| (1.0..1e15).contains(count));
                Ok(Self { frame_rate: Some(frame_rate), frame_count: frame_count.map(|count| count as i64) })
            }
            _ => Err(NOT_TIMED),
        }
    }

    /// Returns whether it counts frames.
    pub(super) fn has_frames(&self) -> bool {
        self.frame_rate.is_some()
    }

    /// Returns how long it lasts, where that is known.
    pub(super) fn length_ms(&self) -> Option<u64> {
        Some(ms(self.frame_count?, self.frame_rate?))
    }

    /// Returns the last frame or millisecond before another one.
    pub(super) fn before(&self, at: i64) -> i64 {
        if self.has_frames() { at.saturating_sub(1) } else { at }
    }

    /// Returns the times of a range, and how they are not all of it. Fails with a clause for a range that is outside.
    pub(super) fn times(&self, (first, last): Range) -> Result<(Times, &'static str), &'static str> {
        let (times, mut said) = match self.frame_rate {
            None => {
                let (Ok(start_ms), Ok(end_ms)) = (u64::try_from(first), u64::try_from(last)) else {
                    return Err(BEFORE);
                };
                (Times { start_ms, end_ms }, "")
            }
            Some(rate) => {
                let end = self.frame_count.map_or(last, |count| last.min(count));
                if first < 1 || last < first {
                    return Err(BEFORE);
                }
                if end < first {
                    return Err(OUTSIDE);
                }
                let said = if end < last { CUT } else { "" };
                let said = if rate > RATE_LIMIT { SHARED } else { said };
                (Times { start_ms: ms(first - 1, rate), end_ms: ms(end, rate) }, said)
            }
        };
        if times.end_ms < times.start_ms {
            return Err(BEFORE);
        }
        let least = times.start_ms.saturating_add(1);
        if times.end_ms < least {
            said = INSTANT;
        }
        Ok((Times { end_ms: times.end_ms.max(least), ..times }, said))
    }
}

/// Returns a time in seconds, with three decimals.
pub(super) fn seconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1_000, ms % 1_000)
}

/// Returns when a number of frames are over.
fn ms(frames: i64, rate: f64) -> u64 {
    // Numbers that are too large become the largest.
    (frames as f64 * 1_000.0 / rate).round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(media: &str, range: Range, expect: Result<(u64, u64, &str), &str>) {
        let found = Recording::of(Some(media.as_bytes())).and_then(|recording| recording.times(range));
        assert_eq!(found.map(|(times, said)| (times.start_ms, times.end_ms, said)), expect, "{media} {range:?}");
    }

    #[test]
    fn recordings_have_the_times_that_are_stored() {
        let audio = r#"{"asset_type":"audio"}"#;
        check(audio, (0, 1500), Ok((0, 1500, "")));
        check(audio, (7, 7), Ok((7, 8, INSTANT)));
        check(audio, (-1, 7), Err(BEFORE));
        check(audio, (9, 7), Err(BEFORE));
    }

    #[test]
    fn frames_of_videos_count_from_1_and_last() {
        let video = |more: &str| format!(r#"{{"asset_type":"video"{more}}}"#);
        check(&video(r#","frame_rate":25,"frame_count":100"#), (1, 25), Ok((0, 1000, "")));
        check(&video(r#","frame_rate":29.97002997002997"#), (2, 3), Ok((33, 100, "")));
        check(&video(r#","frame_rate":25,"frame_count":100"#), (90, 120), Ok((3560, 4000, CUT)));
        check(&video(r#","frame_rate":25,"frame_count":100"#), (101, 120), Err(OUTSIDE));
        check(&video(r#","frame_rate":25"#), (0, 7), Err(BEFORE));
        check(&video(r#","frame_rate":25"#), (8, 7), Err(BEFORE));
        check(&video(r#","frame_rate":4000"#), (1, 1), Ok((0, 1, INSTANT)));
        check(&video(r#","frame_rate":1000"#), (1, 1), Ok((0, 1, SHARED)));
        check(&video(""), (1, 2), Err(NO_RATE));
        check(&video(r#","frame_rate":0"#), (1, 2), Err(NO_RATE));
        check(r#"{"asset_type":"image"}"#, (1, 2), Err(NOT_TIMED));
    }
}
