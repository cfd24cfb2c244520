//! Exports of before v2: rows of labels, of model runs and of data rows, as versions 2 and 3 of the SDK ask for them.
//!
//! Results are kept as those of other exports are, one JSON object a line. The SDK asks for one by repeating the same
//! mutation until the answer is there, so that [`start_or_join`] distinguishes a repeated question from a new one. What a row says
//! is in [`labelport_formats::write::Legacy`]; here is what a row needs from the workspace: addresses, colours, open issues.
//!
//! # Adding an export
//! A variant of [`LegacyKind`] with what its `data` means, and a job with its kind in [`KINDS`](crate::export::job::KINDS)
//! and in the list of [`jobs`](crate::registry).

mod facts;
mod frames;
mod label_json;
mod labels;
mod order;
mod rows;

pub use frames::{PIECE_BYTES, video_frames};
pub use label_json::LabelJson;
pub use labels::{LabelExport, RunExport};
pub use order::{Legacy, LegacyKind, start_or_join};
pub use rows::RowExport;
