//! Where in a row something is wrong.

use crate::id::IdError;
use crate::json::{Kind, Value};
use crate::time::Timestamp;

/// A row that cannot be read, with the place and the reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {problem}")]
pub struct RowError {
    /// The offset of the wrong value in the line, in bytes.
    pub offset: usize,
    /// The path to it, such as `projects.cl….labels[0].id`.
    pub path: String,
    /// What is wrong.
    pub problem: RowProblem,
}

/// What is wrong with a value of a row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RowProblem {
    /// The line is not an export row.
    #[error("expected an export row (an object with the key data_row), found {0}")]
    NotARow(&'static str),
    /// A required key is missing.
    #[error("the key {0} is missing")]
    Missing(&'static str),
    /// The value is of another kind.
    #[error("expected {expected}, found {found}")]
    WrongKind {
        /// What was found.
        found: &'static str,
        /// What was expected.
        expected: &'static str,
    },
    /// The text is not an id.
    #[error("{0}")]
    Id(#[from] IdError),
    /// The text is not a time.
    #[error("{0:?} is not a time; write it as 2025-03-01T09:30:00.000+00:00")]
    Time(String),
    /// A model without runs.
    #[error("a model without runs says nothing about a row; leave it out")]
    NoRuns,
    /// One label twice in one list.
    #[error("the label occurs twice in this row")]
    LabelTwice,
}

/// The path to a value, as a list on the stack of the reader.
#[derive(Clone, Copy)]
pub(super) enum Place<'a> {
    Row,
    Key(&'a Place<'a>, &'a str),
    Index(&'a Place<'a>, usize),
}

impl Place<'_> {
    pub(super) fn error(&self, value: Value<'_>, problem: RowProblem) -> RowError {
        RowError { offset: value.offset(), path: self.path(), problem }
    }

    pub(super) fn wrong_kind(&self, value: Value<'_>, expected: &'static str) -> RowError {
        self.error(value, RowProblem::WrongKind { found: value.kind().named(), expected })
    }

    fn path(&self) -> String {
        match self {
            Self::Row => "row".to_owned(),
            Self::Key(Place::Row, key) => (*key).to_owned(),
            Self::Key(parent, key) => format!("{}.{key}", parent.path()),
            Self::Index(parent, index) => format!("{}[{index}]", parent.path()),
        }
    }
}

/// Fails unless the value is an object.
pub(super) fn object<'v>(place: &Place<'_>, value: Value<'v>) -> Result<Value<'v>, RowError> {
    if value.kind() == Kind::Object { Ok(value) } else { Err(place.wrong_kind(value, "an object")) }
}

/// Fails unless the value is an array.
pub(super) fn array<'v>(place: &Place<'_>, value: Value<'v>) -> Result<Value<'v>, RowError> {
    if value.kind() == Kind::Array { Ok(value) } else { Err(place.wrong_kind(value, "an array")) }
}

/// Returns a text; `None` for null; fails for another kind.
pub(super) fn text(place: &Place<'_>, value: Value<'_>) -> Result<Option<String>, RowError> {
    match value.kind() {
        Kind::Null => Ok(None),
        Kind::String => Ok(value.as_text().map(std::borrow::Cow::into_owned)),
        _ => Err(place.wrong_kind(value, "a string")),
    }
}

/// Parses an id given as a string; fails for another kind.
pub(super) fn when_id<T>(
    place: &Place<'_>,
    value: Value<'_>,
    parse: impl Fn(&str) -> Result<T, IdError>,
) -> Result<Option<T>, RowError> {
    let Some(text) = value.as_text() else {
        return Err(place.wrong_kind(value, "an id in quotes"));
    };
    parse(&text).map(Some).map_err(|error| place.error(value, error.into()))
}

/// Parses a time member; `None` where it is absent or null.
pub(super) fn time(place: &Place<'_>, value: Value<'_>, key: &'static str) -> Result<Option<Timestamp>, RowError> {
    let Some(member) = value.get(key) else { return Ok(None) };
    let here = Place::Key(place, key);
    let Some(written) = text(&here, member)? else { return Ok(None) };
    match Timestamp::parse_export(&written) {
        Some(time) => Ok(Some(time)),
        None => Err(here.error(member, RowProblem::Time(written))),
    }
}
