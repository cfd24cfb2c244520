//! What annotations and answers have in common: which feature they are of, and how sure a model is.

use super::ReadError;
use super::cursor::Cursor;
use super::record::{self, Layout, Record, keeps_layout};
use super::scalar::{Number, Text};
use crate::json::ObjectWriter;

/// Which feature of the ontology something is of.
///
/// Each member is absent in some real exports: the schema id before July 2023, the value before 2024.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Feature<'a> {
    /// The id of the annotation or answer itself. An object on many frames has one id on all of them.
    pub id: Option<Text<'a>>,
    /// The id of the feature in the ontology.
    pub schema_id: Option<Text<'a>>,
    /// The name that people read.
    pub name: Option<Text<'a>>,
    /// The name that programs read.
    pub value: Option<Text<'a>>,
}

/// The number of keys of a feature, which come first in every record that has one.
pub(super) const FEATURE_KEYS: usize = 4;

impl<'a> Feature<'a> {
    fn member_mut(&mut self, key: usize) -> &mut Option<Text<'a>> {
        match key {
            0 => &mut self.id,
            1 => &mut self.schema_id,
            2 => &mut self.name,
            _ => &mut self.value,
        }
    }

    pub(super) fn read_member(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Result<bool, ReadError> {
        cursor.fill(self.member_mut(key), Text::read)
    }

    pub(super) fn write_member(&self, key: usize, name: &str, object: &mut ObjectWriter<'_>) {
        let member = [&self.id, &self.schema_id, &self.name, &self.value][key];
        if let Some(text) = member {
            text.write(object.key(name));
        }
    }
}

/// How sure a model is of a prediction. Labels have none.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Scores<'a> {
    /// The confidence, from 0 to 1.
    pub confidence: Option<Number<'a>>,
    /// Metrics of the user's own.
    pub custom_metrics: Option<Vec<Metric<'a>>>,
}

impl<'a> Scores<'a> {
    /// Reads `confidence` (0) or `custom_metrics` (1).
    pub(super) fn read_member(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Result<bool, ReadError> {
        match key {
            0 => cursor.fill(&mut self.confidence, Number::read),
            _ => cursor.fill(&mut self.custom_metrics, |cursor| cursor.list(record::read)),
        }
    }

    pub(super) fn write_member(&self, key: usize, object: &mut ObjectWriter<'_>) {
        if let (0, Some(confidence)) = (key, &self.confidence) {
            confidence.write(object.key("confidence"));
        }
        if let (1, Some(metrics)) = (key, &self.custom_metrics) {
            write_list(metrics, object.key("custom_metrics"), record::write);
        }
    }
}

/// A metric of the user's own.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metric<'a> {
    /// The name.
    pub name: Option<Text<'a>>,
    /// The value.
    pub value: Option<Number<'a>>,
    /// What else was stored.
    pub layout: Layout<'a>,
}

impl<'a> Record<'a> for Metric<'a> {
    const KEYS: &'static [&'static str] = &["name", "value"];

    fn read_member(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Result<bool, ReadError> {
        match key {
            0 => cursor.fill(&mut self.name, Text::read),
            _ => cursor.fill(&mut self.value, Number::read),
        }
    }

    fn write_member(&self, key: usize, object: &mut ObjectWriter<'_>) {
        if let (0, Some(name)) = (key, &self.name) {
            name.write(object.key("name"));
        }
        if let (1, Some(value)) = (key, &self.value) {
            value.write(object.key("value"));
        }
    }

    keeps_layout!();
}

/// Writes an array.
pub(super) fn write_list<T>(list: &[T], out: &mut Vec<u8>, write: impl Fn(&T, &mut Vec<u8>)) {
    out.push(b'[');
    for (index, element) in list.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(element, out);
    }
    out.push(b']');
}
