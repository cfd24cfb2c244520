//! Rows by what was annotated on them.
//!
//! Objects and classifications count alike, at any depth and in any frame of a video.

use super::Filter;
use super::entry::Entry;
use crate::input::InputError;
use crate::predicate::{Condition, Predicate};

pub(super) struct Annotation;

impl Filter for Annotation {
    fn name(&self) -> &'static str {
        "annotation"
    }

    fn summary(&self) -> &'static str {
        "Data rows with a project label that has one of these tools or classifications, by feature schema id or by name."
    }

    fn example(&self) -> &'static str {
        r#"{"type":"annotation","operator":"is","ids":["Car","cm3a7x0fe0001q8v4b2c3d4ea"]}"#
    }

    fn parse(&self, entry: &Entry<'_>) -> Result<Predicate, InputError> {
        Ok(Condition::HasFeature(entry.ids()?).into())
    }
}
