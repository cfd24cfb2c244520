//! The frames of a video label: interpolated between key frames, folded back to key frames, cut out of long rows.
//!
//! A label stores its key frames and the segments over which its objects last. An export with interpolated frames
//! contains every frame of every segment, which can be thousands of times as much text as the label. So nothing here
//! ever holds all frames: [`Filled`] writes them one at a time, [`Cutter`] takes them out of a row one at a time, and
//! [`fold`] turns them back into key frames by comparing one frame at a time.
//!
//! Memory is bounded by one stored label and one frame. A frame holds each object at most once, so it is never larger
//! than the label that it comes from, apart from the numbers in it.
//!
//! # What a frame shows
//! - An object, on each frame of its segments. Between two key frames of one segment boxes, points and lines move
//!   linearly; everything else stays as on the previous key frame. Computed numbers are rounded to a thousandth of a
//!   pixel, as stored ones are. A mask is a picture of one frame and is never copied to another.
//! - A classification, on each frame covered by a segment of it or of its answer. If the answers of a checklist have
//!   segments of their own, a frame shows the answers whose segments cover it.
//! - A key frame, as it is stored.
//!
//! [`fold`]: fold::fold

mod cut;
mod error;
mod fill;
mod fold;
mod runs;
mod segments;

#[cfg(test)]
mod tests;

pub use cut::{Cut, CutError, CutRow, Cutter, FrameSink};
pub use error::{FILLED_LIMIT_BYTES, FillError};
pub use fill::Filled;
pub use fold::{Folder, fold, is_filled_as};
