//! Why frames cannot be interpolated.

use crate::json::JsonError;

/// The maximum size of all frames of one label. Only a segment of absurd length exceeds it: an hour of video at 60
/// frames a second with 200 boxes on each frame has about 15 GB.
pub const FILLED_LIMIT_BYTES: u64 = 64 << 30;

/// Why frames cannot be interpolated. Each text completes "a label is written with its key frames only: …".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FillError {
    /// The annotations are not JSON.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// `frames` is not an object.
    #[error("frames is {0}, not an object")]
    Frames(&'static str),
    /// A key of `frames` is not a whole number.
    #[error("the frame key \"{0}\" is not a whole number of 64 bits")]
    FrameKey(String),
    /// Two keys are the same number.
    #[error("frame {0} occurs twice")]
    FrameTwice(i64),
    /// A member of a frame has another type.
    #[error("{key} of frame {frame} is {found}")]
    Member {
        /// The frame.
        frame: i64,
        /// The key.
        key: &'static str,
        /// What was found.
        found: &'static str,
    },
    /// Two classifications of a frame have the same id.
    #[error("frame {frame} has two classifications with the feature id \"{feature_id}\"")]
    SameFeature {
        /// The frame.
        frame: i64,
        /// The feature id.
        feature_id: String,
    },
    /// A segment is not a range of frames.
    #[error("a segment of {feature_id} is {range}, not a first and a last frame")]
    Segment {
        /// The feature.
        feature_id: String,
        /// The beginning of what was found.
        range: String,
    },
    /// The answers of a checklist change too often to be tracked.
    #[error("the answers of {feature_id} have too many segments to follow")]
    TooManyAnswers {
        /// The feature.
        feature_id: String,
    },
    /// All frames together are too large.
    #[error(
        "with every frame it would have about {} GiB, more than the {} GiB allowed; \
             shorten its segments, or export without interpolated frames",
        .bytes >> 30,
        FILLED_LIMIT_BYTES >> 30
    )]
    TooLarge {
        /// The estimated size.
        bytes: u64,
    },
}
