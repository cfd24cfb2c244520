//! Relations between annotations of one label.

use crate::annotation::ReadError;
use crate::annotation::cursor::Cursor;
use crate::annotation::record::{self, Layout, Record, keeps_layout};
use crate::annotation::scalar::Text;
use crate::json::ObjectWriter;

/// A relation between two annotations.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Relation<'a> {
    /// Whether the two ends differ.
    pub direction: Direction,
    /// The feature id at which it starts.
    pub source: Option<Text<'a>>,
    /// The name of the feature at which it starts, where no annotation of the row is of that feature.
    pub source_ontology_name: Option<Text<'a>>,
    /// The feature id to which it leads.
    pub target: Option<Text<'a>>,
    /// What else was stored.
    pub layout: Layout<'a>,
}

/// Whether the ends of a relation differ.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Direction {
    /// From a source to a target.
    #[default]
    Directed,
    /// Both ways.
    Mutual,
}

impl Direction {
    /// Returns the key under which such a relation is stored.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Directed => "unidirectional_relationship",
            Self::Mutual => "bidirectional_relationship",
        }
    }
}

impl<'a> Relation<'a> {
    pub(super) fn read(direction: Direction, cursor: &mut Cursor<'a>) -> Result<Option<Self>, ReadError> {
        Ok(record::read(cursor)?.map(|relation| Self { direction, ..relation }))
    }
}

impl Relation<'_> {
    /// Appends the object as it is stored.
    pub fn write(&self, out: &mut Vec<u8>) {
        record::write(self, out);
    }
}

impl<'a> Record<'a> for Relation<'a> {
    const KEYS: &'static [&'static str] = &["source", "source_ontology_name", "target"];

    fn read_member(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Result<bool, ReadError> {
        match key {
            0 => cursor.fill(&mut self.source, Text::read),
            1 => cursor.fill(&mut self.source_ontology_name, Text::read),
            _ => cursor.fill(&mut self.target, Text::read),
        }
    }

    fn write_member(&self, key: usize, object: &mut ObjectWriter<'_>) {
        if let Some(text) = [&self.source, &self.source_ontology_name, &self.target][key] {
            text.write(object.key(Self::KEYS[key]));
        }
    }

    keeps_layout!();
}
