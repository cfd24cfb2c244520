//! One annotation, typed: what it is and where it is, for every data type.
//!
//! A label stores its annotations as the JSON that an export shows. [`read`] yields them one by one in the order of
//! that text, typed, borrowing from it, without a tree of the whole; [`rewrite`] does the same and writes the stored
//! form back, so that a stage can change annotations as they pass.
//!
//! # Invariants
//! - Reading and writing gives the same bytes, whatever the annotations are. What has no typed form (an unknown key, a
//!   number where a text is expected, a shape of the future) is kept unchanged in its place: see [`Layout`].
//!   Numbers and texts keep their spelling.
//! - Geometry is in documented terms: pixels, PDF points, degrees, code points with an exclusive end, frames from 1,
//!   milliseconds from 0. Each type says which.
//! - An *object* has an `annotation_kind`, wherever it is; a *classification* is an item of a list called
//!   `classifications`, whatever holds the list. So unknown containers are read like the others. An item of `objects` or
//!   `relationships` without a kind is read as an object too.
//! - [`for_each`] counts on a parsed [`Value`](crate::json::Value) exactly what [`Annotation::for_each_mark`] counts on
//!   what [`read`] yields.
//!
//! No other module looks at geometry keys. This one never sees an output format, a database or a request.
//!
//! # Example
//! ```
//! use labelport_model::annotation::{self, Body, Shape};
//!
//! let stored = r#"{"objects":[{"feature_id":"f1","feature_schema_id":"s1","name":"boat","value":"boat",
//! "annotation_kind":"ImageBoundingBox","classifications":[],
//! "bounding_box":{"top":40.0,"left":60.0,"height":120.0,"width":200.0}}],
//! "classifications":[],"relationships":[]}"#.replace('\n', "");
//! for found in annotation::read(&stored) {
//!     let found = found?;
//!     let Body::Object(object) = &found.body else { continue };
//!     let Some(Shape::Box(rect)) = &object.shape else { continue };
//!     assert_eq!((rect.left.get(), rect.left.text().as_ref()), (60.0, "60.0"));
//! }
//! # Ok::<(), annotation::ReadError>(())
//! ```
//!
//! # Adding an annotation kind
//! Its name and form in [`crate::data_type`]. If it draws something new, a [`Shape`]: see `shape`.

mod between;
mod body;
mod classification;
mod container;
mod cursor;
mod feature;
mod mark;
mod object;
mod place;
mod read;
mod record;
mod scalar;
mod shape;
mod timed;
mod timeline;
mod track;

#[cfg(test)]
mod tests;

pub use between::{Between, is_picture};
pub use body::{Annotation, Body};
pub use classification::{Answer, Choice, Classification, Classifications, List, Subject, Words};
pub use container::Contents;
pub use feature::{Feature, Metric, Scores};
pub use mark::{Mark, for_each, for_each_item, for_each_member, has_filled_frames, has_masks};
pub use object::Object;
pub use place::{Holder, Place};
pub use read::{Annotations, Part, Parts, members, parts, read, read_frame, rewrite};
pub use record::Layout;
pub use scalar::{Number, Text};
pub use shape::{
    Composite, Coordinates, Dimensions, Direction, Geo, Instance, Mask, Message, MessageChoice, MessageChoices,
    MessageRanks, MessageSpan, Point, Position, Rect, Relation, Shape, Span, TokenGroup, Tokens, open_ring,
};
pub use timed::{Segments, Timed};
pub use timeline::{Range, Timeline};
pub use track::{Axis, Track};

/// Why annotations cannot be read: they are not JSON in normal form. What is stored is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the annotations are not JSON in normal form at byte {offset}")]
pub struct ReadError {
    /// Bytes before the place, counted from the start of the text.
    pub offset: usize,
}
