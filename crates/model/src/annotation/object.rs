//! Objects: what is drawn or pointed at, and relations between them.

use super::ReadError;
use super::classification::{Classifications, read_classifications, write_classifications};
use super::cursor::Cursor;
use super::feature::{FEATURE_KEYS, Feature, Scores};
use super::record::{self, Layout, Record, keeps_layout};
use super::scalar::{Text, read_whole, write_whole};
use super::shape::{self, Coordinates, Dimensions, Shape};
use crate::data_type::{self, Form};
use crate::json::ObjectWriter;

/// Something drawn or pointed at, or a relation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Object<'a> {
    /// The tool that made it.
    pub feature: Feature<'a>,
    /// The annotation kind, such as `ImageBoundingBox`.
    pub kind: Option<Text<'a>>,
    /// Answers to questions about the object. The stored form writes an empty list where there are none.
    pub classifications: Option<Classifications<'a>>,
    /// The page of a document, as it was imported: boxes count pages from 0.
    pub page_number: Option<i64>,
    /// What is drawn or pointed at. Nothing where no shape describes it: then it is among the others of the layout.
    pub shape: Option<Shape<'a>>,
    /// The size of the page.
    pub page_dimensions: Option<Dimensions<'a>>,
    /// How sure a model is.
    pub scores: Scores<'a>,
    /// What else was stored.
    pub layout: Layout<'a>,
}

impl<'a> Object<'a> {
    /// Reads an object from its JSON in normal form; nothing if the value is something else.
    pub fn from_json(json: &'a str) -> Result<Option<Self>, ReadError> {
        let mut cursor = Cursor::new(json);
        let found = Self::read(&mut cursor)?;
        if found.is_some() {
            cursor.finish()?;
        }
        Ok(found)
    }

    /// Appends the object as it is stored.
    pub fn write(&self, out: &mut Vec<u8>) {
        record::write(self, out);
    }

    /// Returns what the annotation kind draws, where a data type has that kind.
    pub fn form(&self) -> Option<Form> {
        data_type::find_kind(self.kind.as_ref()?.escaped()).map(|kind| kind.form)
    }

    /// Lists the members under keys of shapes that no [`Shape`] describes, keys without quotes, values as JSON: of a
    /// second shape, or of one that lacks a number.
    pub fn unread_shapes(&self) -> impl Iterator<Item = (&'a str, &'a str)> + '_ {
        self.layout.others().filter(|(key, _)| shape::KEYS.contains(key))
    }

    pub(super) fn read(cursor: &mut Cursor<'a>) -> Result<Option<Self>, ReadError> {
        let Some(mut object): Option<Self> = record::read(cursor)? else { return Ok(None) };
        object.shape = match object.shape.take() {
            Some(Shape::Box(rect)) if object.page_number.is_some() => Some(Shape::PageBox(rect)),
            Some(Shape::Geo(mut geo)) if object.is_rectangle() => {
                geo.coordinates = match geo.coordinates {
                    Coordinates::Polygon(rings) => Coordinates::Box(rings),
                    other => other,
                };
                Some(Shape::Geo(geo))
            }
            other => other,
        };
        Ok(Some(object))
    }

    fn is_rectangle(&self) -> bool {
        self.kind.as_ref().is_some_and(|kind| kind.escaped().ends_with("BoundingBox"))
    }
}

const KIND: usize = FEATURE_KEYS;
const CLASSIFICATIONS: usize = KIND + 1;
const PAGE_NUMBER: usize = CLASSIFICATIONS + 1;
const FIRST_SHAPE: usize = PAGE_NUMBER + 1;
const PAGE_DIMENSIONS: usize = FIRST_SHAPE + shape::KEYS.len();
const FIRST_SCORE: usize = PAGE_DIMENSIONS + 1;

impl<'a> Record<'a> for Object<'a> {
    const KEYS: &'static [&'static str] = &KEYS;

    fn read_member(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Result<bool, ReadError> {
        match key {
            ..FEATURE_KEYS => self.feature.read_member(key, cursor),
            KIND => cursor.fill(&mut self.kind, Text::read),
            CLASSIFICATIONS => cursor.fill(&mut self.classifications, read_classifications),
            PAGE_NUMBER => cursor.fill(&mut self.page_number, read_whole),
            FIRST_SHAPE..PAGE_DIMENSIONS => Shape::read(&mut self.shape, key - FIRST_SHAPE, cursor),
            PAGE_DIMENSIONS => cursor.fill(&mut self.page_dimensions, record::read),
            _ => self.scores.read_member(key - FIRST_SCORE, cursor),
        }
    }

    fn write_member(&self, key: usize, object: &mut ObjectWriter<'_>) {
        match key {
            ..FEATURE_KEYS => self.feature.write_member(key, KEYS[key], object),
            KIND => {
                if let Some(kind) = &self.kind {
                    kind.write(object.key(KEYS[key]));
                }
            }
            CLASSIFICATIONS => write_classifications(self.classifications.as_ref(), object),
            PAGE_NUMBER => {
                if let Some(page) = self.page_number {
                    write_whole(page, object.key(KEYS[key]));
                }
            }
            FIRST_SHAPE..PAGE_DIMENSIONS => {
                if let Some(shape) = &self.shape {
                    shape.write(key - FIRST_SHAPE, |name| object.key(name));
                }
            }
            PAGE_DIMENSIONS => {
                if let Some(dimensions) = &self.page_dimensions {
                    record::write(dimensions, object.key(KEYS[key]));
                }
            }
            _ => self.scores.write_member(key - FIRST_SCORE, object),
        }
    }

    keeps_layout!();
}

/// The keys of an object in order: what all objects have, then shapes, then what may follow.
const KEYS: [&str; FIRST_SCORE + 2] = {
    let mut keys = [""; FIRST_SCORE + 2];
    let first =
        ["feature_id", "feature_schema_id", "name", "value", "annotation_kind", "classifications", "page_number"];
    let last = ["page_dimensions", "confidence", "custom_metrics"];
    let mut index = 0;
    while index < keys.len() {
        keys[index] = match index {
            ..FIRST_SHAPE => first[index],
            FIRST_SHAPE..PAGE_DIMENSIONS => shape::KEYS[index - FIRST_SHAPE],
            _ => last[index - PAGE_DIMENSIONS],
        };
        index += 1;
    }
    keys
};
