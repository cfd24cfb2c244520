//! Why frames cannot be filled in.

use crate::json::JsonError;

/// The most bytes to which the frames of one label may grow. It takes a segment of absurd length to get there: an hour of
/// video at 60 frames a second with 200 boxes on each frame has about 15 GB.
pub const FILLED_LIMIT_BYTES: u64 = 64 << 30;

/// Why frames cannot be filled in. Each text completes "a label is written with its key frames only: …".
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
    #[error("frame {0} is there twice")]
    FrameTwice(i64),
    /// A member of a frame has another type.
    #[error("{key} of frame {frame} is {found}")]
    Member {
        /// The frame.
        frame: i64,
        /// The key.
        key: &'static str,
        /// What stands there.
        found: &'static str,
    },
    /// Two classifications of a frame cannot be told apart.
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
        /// The beginning of what stands there.
        range: String,
    },
    /// The answers of a checklist come and go more often than they can be followed.
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
