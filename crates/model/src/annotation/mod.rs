//! One annotation, typed: what it is and where it stands, for every data type.
//!
//! A label stores its annotations as the JSON that an export shows. [`read`] yields them one by one in the order of that
//! text, typed, borrowing from it, without a tree of the whole; [`rewrite`] does the same and writes the stored form back,
//! so that a stage can change annotations as they pass.
//!
//! # Invariants
//! - Reading and writing gives the same bytes, whatever the annotations are. What has no typed form (an unknown key, a
//!   number where a text is expected, a shape that nobody has seen yet) stays where it was, as it came: see [`Layout`].
//!   Numbers and texts keep their spelling.
//! - Geometry is in documented terms: pixels, PDF points, degrees, code points with an exclusive end, frames from 1,
//!   milliseconds from 0. Each type says which.
//! - An *object* has an `annotation_kind`, wherever it stands; a *classification* stands in a list called
//!   `classifications`, whatever holds that. So a container that nobody has seen yet is walked like the others. What
//!   stands among the objects or relationships without a kind is read as an object too.
//! - [`for_each`] counts on a parsed [`Value`](crate::json::Value) exactly what [`Annotation::for_each_mark`] counts on
//!   what [`read`] yields.
//!
//! No other module looks at geometry keys. This one knows no output format, no database and no request.
//!
//! # Adding an annotation kind
//! Its name and form in [`crate::data_type`]. If it draws something new, a [`Shape`]: see `shape`.

mod between;
mod classification;
mod container;
mod cursor;
mod feature;
mod mark;
mod object;
mod read;
mod record;
mod scalar;
mod shape;
mod timeline;

#[cfg(test)]
mod tests;

pub use between::{Between, is_picture};
pub use classification::{Answer, Choice, Classification, Classifications, List, Subject, Words};
pub use container::{Axis, Contents, Segments, Timed, Track};
pub use feature::{Feature, Metric, Scores};
pub use mark::{Mark, for_each, for_each_item, for_each_member, has_filled_frames, has_masks};
pub use object::Object;
pub use read::{Annotations, Part, Parts, members, parts, read, rewrite};
pub use record::Layout;
pub use scalar::{Number, Text};
pub use shape::{
    Composite, Coordinates, Dimensions, Direction, Geo, Instance, Mask, Message, MessageChoice, MessageChoices,
    MessageRanks, MessageSpan, Point, Position, Rect, Relation, Shape, Span, TokenGroup, Tokens, open_ring,
};
pub use timeline::{Range, Timeline};

use crate::json::Document;

/// An annotation and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Annotation<'a> {
    /// Where it stands.
    pub place: Place<'a>,
    /// What it is.
    pub body: Body<'a>,
    /// The text that was read.
    stored: &'a str,
    /// Whether something in it was kept as it came that may hold annotations.
    has_unread: bool,
}

/// What an annotation is.
#[derive(Debug, Clone, PartialEq)]
pub enum Body<'a> {
    /// Something drawn or pointed at, or a relation.
    Object(Object<'a>),
    /// An answer to a question about what the place says.
    Classification(Classification<'a>),
}

/// Where an annotation stands in the annotations of a label. Where nothing more is said, it is about the whole row.
///
/// Pages and messages are part of what an annotation is: see [`Object::page_number`], [`Classification::message_id`],
/// [`MessageSpan`] and [`TokenGroup`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Place<'a> {
    /// The list that holds it.
    pub list: Holder,
    /// The key under which it stands, where `objects` has keys: its feature id.
    pub key: Option<&'a str>,
    /// The axis along which a series is sliced: `Axial`, `Sagittal` or `Coronal`.
    pub axis: Option<&'a str>,
    /// The frame of a video or the slice of a series, from 1.
    pub frame: Option<i64>,
    /// When it begins in a recording, in milliseconds from 0.
    pub start_ms: Option<i64>,
}

/// What holds an annotation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Holder {
    /// The objects.
    #[default]
    Objects,
    /// The classifications.
    Classifications,
    /// The relationships.
    Relationships,
    /// A list in the list of classifications, which some files have. The store does not count what such a list holds.
    InnerList,
    /// Something unknown.
    Unknown,
}

/// Why annotations cannot be read: they are not JSON in normal form. What is stored is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the annotations are not JSON in normal form at byte {offset}")]
pub struct ReadError {
    /// Bytes before the place, counted from the start of the text.
    pub offset: usize,
}

impl<'a> Annotation<'a> {
    /// Makes an annotation that was not stored yet.
    pub fn new(place: Place<'a>, body: Body<'a>) -> Self {
        Self { place, body, stored: "", has_unread: false }
    }

    /// Returns the feature that it is of.
    pub fn feature(&self) -> &Feature<'a> {
        match &self.body {
            Body::Object(object) => &object.feature,
            Body::Classification(classification) => &classification.feature,
        }
    }

    /// Returns the answers to questions about an object, none for a classification.
    pub fn answers(&self) -> &[Classification<'a>] {
        match &self.body {
            Body::Object(object) => object.classifications.as_ref().map_or(&[], |list| &list.items),
            Body::Classification(_) => &[],
        }
    }

    /// Returns whether the store counts the annotation itself, apart from those in it.
    fn is_counted(&self) -> bool {
        self.place.list != Holder::InnerList
    }

    /// Returns the text that was read; empty for an annotation that was not stored yet.
    pub fn stored(&self) -> &'a str {
        self.stored
    }

    /// Appends the annotation as it is stored.
    pub fn write(&self, out: &mut Vec<u8>) {
        match &self.body {
            Body::Object(object) => object.write(out),
            Body::Classification(classification) => classification.write(out),
        }
    }

    /// Calls `each` for this annotation and for every annotation in it, in the order in which they are stored.
    ///
    /// These are the annotations that the store counts: not an object without a kind, not what stands in an inner list.
    pub fn for_each_mark(&self, each: &mut dyn FnMut(Mark<'_>)) {
        if self.has_unread
            && let Ok(document) = Document::parse(self.stored.as_bytes())
        {
            match &self.body {
                Body::Classification(_) if self.is_counted() => for_each_item(document.root(), None, each),
                _ => for_each(document.root(), each),
            }
            return;
        }
        if let Body::Object(Object { feature, kind: Some(kind), .. }) = &self.body {
            each(Mark::of(feature, kind.escaped()));
        }
        let mut each_in = |classification: &Classification<'_>| {
            classification.for_each(&mut |answered| each(Mark::of(&answered.feature, answered.answer_key())));
        };
        match &self.body {
            Body::Object(_) => self.answers().iter().for_each(each_in),
            Body::Classification(classification) if self.is_counted() => each_in(classification),
            Body::Classification(classification) => classification.nested().for_each(each_in),
        }
    }

    /// Returns how many annotations were stored in this one where its type has no place for them: what a format that
    /// writes all that is typed still loses.
    pub fn count_unread(&self) -> u64 {
        if !self.has_unread {
            return 0;
        }
        let (mut stored, mut typed) = (0_u64, 0_u64);
        self.for_each_mark(&mut |_| stored += 1);
        let read = Self { has_unread: false, ..self.clone() };
        read.for_each_mark(&mut |_| typed += 1);
        stored.saturating_sub(typed)
    }
}
