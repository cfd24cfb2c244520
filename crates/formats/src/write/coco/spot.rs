//! Where annotations are written: a row, and a picture of it.

use crate::write::attributes::Attributes;
use crate::write::picture::{Row, Size};
use std::collections::HashMap;

/// Where annotations are written.
pub(super) struct Spot<'s, 'r> {
    pub(super) row: &'s Row<'r>,
    pub(super) size: &'s Size,
    /// The number of the picture.
    pub(super) picture: u64,
    pub(super) frame: Option<i64>,
    /// The numbers of the objects of a video, by feature id.
    pub(super) tracks: HashMap<String, usize>,
    /// The answers about the picture.
    pub(super) answers: Attributes,
}
