//! What an object draws or points at.
//!
//! [`Shape`] is the small closed type at which output formats meet annotation kinds: a format says what it does with
//! each shape and never looks at an annotation kind, and a kind is a name for a shape. What no shape describes stays
//! with its object as it came.
//!
//! # Adding a shape
//! A variant of [`Shape`], its key in `KEYS` and an arm in `read` and `write`, all in this file; what it holds in the
//! file of its terms. The compiler then names the formats that have to say what they do with it.

mod geo;
mod mask;
mod message;
mod pixel;
mod relation;
mod span;

pub use geo::{Coordinates, Geo, Position};
pub use mask::{Composite, Instance, Mask};
pub use message::{Message, MessageChoice, MessageChoices, MessageRanks};
pub use pixel::{Dimensions, Point, Rect, open_ring};
pub use relation::{Direction, Relation};
pub use span::{MessageSpan, Span, TokenGroup, Tokens};

use super::ReadError;
use super::cursor::Cursor;
use super::feature::write_list;
use super::record;

/// What an object draws or points at, and in which terms.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape<'a> {
    /// A rectangle in pixels.
    Box(Rect<'a>),
    /// A rectangle on the page of a document, in PDF points. The page is [`Object::page_number`](super::Object).
    PageBox(Rect<'a>),
    /// A point in pixels.
    Point(Point<'a>),
    /// Points in pixels, joined in order.
    Line(Vec<Point<'a>>),
    /// A ring of points in pixels. The stored form repeats the first point at the end; see [`open_ring`].
    Polygon(Vec<Point<'a>>),
    /// Something on a map, in degrees.
    Geo(Geo<'a>),
    /// The pixels of an object, as a picture at a URL.
    Mask(Mask<'a>),
    /// Characters of a text.
    Span(Span<'a>),
    /// Characters of a message.
    MessageSpan(MessageSpan<'a>),
    /// Words of the text layer of a document.
    Tokens(Tokens<'a>),
    /// A relation between two annotations.
    Relation(Relation<'a>),
    /// The message that is preferred to its siblings.
    MessageChoice(MessageChoice<'a>),
    /// The messages that are preferred to their siblings.
    MessageChoices(MessageChoices<'a>),
    /// Messages in order of preference.
    MessageRanks(MessageRanks<'a>),
}

/// The keys under which shapes are stored, in the order in which an object has them.
pub(super) const KEYS: [&str; 14] = [
    "bounding_box",
    "polygon",
    "line",
    "point",
    "mask",
    "composite_mask",
    "location",
    "conversational_location",
    "geojson",
    "unidirectional_relationship",
    "bidirectional_relationship",
    "selected_message",
    "selected_messages",
    "ranked_messages",
];

impl<'a> Shape<'a> {
    /// Reads the value of the key at a position into what an object has so far. Returns `false` if it has another form,
    /// or if the object has a shape already.
    pub(super) fn read(shape: &mut Option<Self>, key: usize, cursor: &mut Cursor<'a>) -> Result<bool, ReadError> {
        if let (Some(Self::Mask(mask)), 4 | 5) = (&mut *shape, key) {
            return mask.read(KEYS[key], cursor);
        }
        if shape.is_some() {
            return Ok(false);
        }
        *shape = match key {
            0 => record::read(cursor)?.map(Self::Box),
            1 => cursor.list(record::read)?.map(Self::Polygon),
            2 => cursor.list(record::read)?.map(Self::Line),
            3 => record::read(cursor)?.map(Self::Point),
            4 | 5 => {
                let mut mask = Mask::default();
                mask.read(KEYS[key], cursor)?.then_some(Self::Mask(mask))
            }
            6 => match record::attempt(cursor, record::read)? {
                Some(span) => Some(Self::Span(span)),
                None => record::read(cursor)?.map(Self::Tokens),
            },
            7 => record::read(cursor)?.map(Self::MessageSpan),
            8 => Geo::read(cursor)?.map(Self::Geo),
            9 => Relation::read(Direction::Directed, cursor)?.map(Self::Relation),
            10 => Relation::read(Direction::Mutual, cursor)?.map(Self::Relation),
            11 => record::read(cursor)?.map(Self::MessageChoice),
            12 => record::read(cursor)?.map(Self::MessageChoices),
            _ => record::read(cursor)?.map(Self::MessageRanks),
        };
        Ok(shape.is_some())
    }

    /// Writes the value of the key at a position, if the shape has one there. `open` writes the key.
    pub(super) fn write<'o>(&self, key: usize, open: impl FnOnce(&'static str) -> &'o mut Vec<u8>) {
        let name = KEYS[key];
        match (self, name) {
            (Self::Box(rect) | Self::PageBox(rect), "bounding_box") => record::write(rect, open(name)),
            (Self::Polygon(points), "polygon") | (Self::Line(points), "line") => {
                write_list(points, open(name), record::write);
            }
            (Self::Point(point), "point") => record::write(point, open(name)),
            (Self::Mask(Mask { instance: Some(instance), .. }), "mask") => record::write(instance, open(name)),
            (Self::Mask(Mask { composite: Some(composite), .. }), "composite_mask") => {
                record::write(composite, open(name));
            }
            (Self::Span(span), "location") => record::write(span, open(name)),
            (Self::Tokens(tokens), "location") => record::write(tokens, open(name)),
            (Self::MessageSpan(span), "conversational_location") => record::write(span, open(name)),
            (Self::Geo(geo), "geojson") => record::write(geo, open(name)),
            (Self::Relation(relation), "unidirectional_relationship" | "bidirectional_relationship")
                if name == relation.direction.key() =>
            {
                record::write(relation, open(name));
            }
            (Self::MessageChoice(choice), "selected_message") => record::write(choice, open(name)),
            (Self::MessageChoices(choices), "selected_messages") => record::write(choices, open(name)),
            (Self::MessageRanks(ranks), "ranked_messages") => record::write(ranks, open(name)),
            _ => {}
        }
    }
}
