//! Why a record is refused, and where in it.
//!
//! A [`Fault`] has only the offset of the wrong value; the path to it is found once, when the record is refused.

use crate::read::RowProblem;
use crate::read::labelbox_lines::find_path;
use labelport_model::json::{Kind, Value};
use labelport_model::quote::Quoted;

/// What is wrong with a value of a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Problem {
    /// The record is not an object.
    #[error("expected a record of a v1 export (an object with the key \"DataRow ID\"), found {0}")]
    NotARecord(&'static str),
    /// The record is a row of export v2.
    #[error("this is a row of export v2, which has \"data_row\"; import it with `labelport import labelbox`")]
    RowOfToday,
    /// A required key is absent or null.
    #[error("the key {0:?} is missing")]
    Missing(&'static str),
    /// Nothing says which data row the record is about.
    #[error("nothing names the data row; add \"DataRow ID\", \"Global Key\" or \"External ID\"")]
    NoRow,
    /// Nothing says which project or model run the record is of.
    #[error("nothing names the project; add \"Project Name\", or \"Data Split\" to a record of a model run")]
    NoProject,
    /// The value is of another kind.
    #[error("expected {expected}, found {found}")]
    WrongKind {
        /// What was found.
        found: &'static str,
        /// What was expected.
        expected: &'static str,
    },
    /// A number in quotes.
    #[error("expected a number, found the string {0}; write it without quotes")]
    QuotedNumber(Quoted),
    /// The text is not a time.
    #[error("{0} is not a time; write it as 2021-03-01T09:30:00.000Z")]
    Time(Quoted),
    /// Nothing is drawn.
    #[error("the object has no geometry; expected one of bbox, polygon, line, point, data, geometry, instanceURI")]
    NoGeometry,
    /// The geometry is something else.
    #[error("this is not the geometry of {0}; correct it, or remove the object")]
    Geometry(&'static str),
    /// A shape on a map that nobody knows.
    #[error("{0} is no shape on a map; use rectangle, polygon, polyline or point")]
    MapShape(Quoted),
    /// A number below the smallest one.
    #[error("{found} is below {least}")]
    TooSmall {
        /// What was found.
        found: i64,
        /// The smallest number.
        least: i64,
    },
    /// A span that ends before it starts.
    #[error("the start {start} is after the end {end}; swap them")]
    Backwards {
        /// The start.
        start: i64,
        /// The end.
        end: i64,
    },
    /// An axis that nobody knows.
    #[error("{0} is no axis; use Axial, Sagittal or Coronal")]
    Axis(Quoted),
    /// Frames with an axis and frames without one.
    #[error(
        "some frames have a group and some have none; give it to all slices of a series, and to no frame of a video"
    )]
    MixedAxes,
    /// A frame that occurs twice.
    #[error("frame {0} occurs twice; merge the two")]
    FrameTwice(i64),
    /// An object that occurs twice on a frame.
    #[error("the object {0} occurs twice on this frame; remove one of the two")]
    ObjectTwice(Quoted),
    /// The file with the frames cannot be read.
    #[error("the frames in {address} cannot be read: {reason}")]
    Frames {
        /// Where the record says that they are.
        address: Quoted,
        /// Why, with the remedy.
        reason: String,
    },
    /// A model run whose split nobody knows.
    #[error("{0} is no data split; use training, validation or test")]
    Split(Quoted),
}

/// A problem, and the offset in the record of the value that has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) offset: usize,
    pub(super) problem: Problem,
}

impl Fault {
    pub(super) fn at(value: Value<'_>, problem: Problem) -> Self {
        Self { offset: value.offset(), problem }
    }

    pub(super) fn wrong_kind(value: Value<'_>, expected: &'static str) -> Self {
        Self::at(value, Problem::WrongKind { found: value.kind().named(), expected })
    }

    /// Returns the problem with its place in a document.
    pub(super) fn locate(self, root: Value<'_>) -> RowProblem {
        let mut place = String::new();
        find_path(root, self.offset, &mut place);
        let reason = if place.is_empty() { self.problem.to_string() } else { format!("{place}: {}", self.problem) };
        RowProblem { offset: self.offset, reason }
    }
}

/// Returns a member that is there and not null.
pub(super) fn find<'v>(value: Value<'v>, key: &str) -> Option<Value<'v>> {
    value.get(key).filter(|member| member.kind() != Kind::Null)
}

/// Returns a member; fails where it is absent.
pub(super) fn get<'v>(value: Value<'v>, key: &'static str) -> Result<Value<'v>, Fault> {
    find(value, key).ok_or_else(|| Fault::at(value, Problem::Missing(key)))
}

/// Fails unless the value is an object.
pub(super) fn object(value: Value<'_>) -> Result<Value<'_>, Fault> {
    if value.kind() == Kind::Object { Ok(value) } else { Err(Fault::wrong_kind(value, "an object")) }
}

/// Fails unless the value is an array.
pub(super) fn array(value: Value<'_>) -> Result<Value<'_>, Fault> {
    if value.kind() == Kind::Array { Ok(value) } else { Err(Fault::wrong_kind(value, "an array")) }
}

/// Fails unless the value is a number.
pub(super) fn number(value: Value<'_>) -> Result<Value<'_>, Fault> {
    match value.kind() {
        Kind::Number => Ok(value),
        Kind::String => {
            let text = value.as_text().unwrap_or_default();
            match text.trim().parse::<f64>() {
                Ok(_) => Err(Fault::at(value, Problem::QuotedNumber(Quoted::new(&text)))),
                Err(_) => Err(Fault::wrong_kind(value, "a number")),
            }
        }
        _ => Err(Fault::wrong_kind(value, "a number")),
    }
}

/// Returns a whole number; fails below the smallest one.
pub(super) fn whole(value: Value<'_>, least: i64) -> Result<i64, Fault> {
    let found = number(value)?.as_i64().ok_or_else(|| Fault::wrong_kind(value, "a whole number"))?;
    if found < least { Err(Fault::at(value, Problem::TooSmall { found, least })) } else { Ok(found) }
}

/// Fails unless the value is a string.
pub(super) fn string(value: Value<'_>) -> Result<Value<'_>, Fault> {
    if value.kind() == Kind::String { Ok(value) } else { Err(Fault::wrong_kind(value, "a string")) }
}

/// Returns the text of a member; nothing where it is absent or null.
pub(super) fn find_text(value: Value<'_>, key: &str) -> Result<Option<String>, Fault> {
    let Some(member) = find(value, key) else { return Ok(None) };
    Ok(string(member)?.as_text().map(std::borrow::Cow::into_owned))
}
