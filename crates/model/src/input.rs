//! JSON written by people or programs, read with the path to each value.
//!
//! Queries and requests come from people. So every error names its path, such as `filter[2].or[0].value.operator`, what
//! is wrong there and what is allowed instead. Nothing is skipped: an unknown key is an error, since an ignored filter
//! makes a result silently wrong.
//!
//! `null` and an absent key mean the same here.

use crate::json::{Document, JsonError, Kind, Value};
use crate::quote::Quoted;
use crate::time::TimeError;
use std::borrow::Cow;

/// A refused value, with its path and the reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct InputError {
    /// The path to the value.
    pub place: String,
    /// What is wrong with it.
    pub problem: InputProblem,
}

/// What is wrong with a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InputProblem {
    /// The text is not JSON.
    #[error("{0} (at byte {offset})", offset = .0.offset)]
    Json(JsonError),
    /// A required key is missing.
    #[error("the key {key} is missing; add it")]
    Missing {
        /// The key.
        key: &'static str,
    },
    /// An unknown key.
    #[error("the key {key} is not known here; known keys: {known}")]
    UnknownKey {
        /// The key.
        key: Quoted,
        /// The known keys, joined by commas.
        known: String,
    },
    /// A value of another kind.
    #[error("expected {expected}, found {found}")]
    WrongKind {
        /// What was found.
        found: &'static str,
        /// What was expected.
        expected: &'static str,
    },
    /// A value of the right kind that is not allowed.
    #[error("{found} is not allowed here; write one of: {allowed}")]
    NotAllowed {
        /// The value given.
        found: Quoted,
        /// The allowed values, joined by commas.
        allowed: String,
    },
    /// A list that is empty or too long.
    #[error("{count} values in a list that holds 1 to {limit}")]
    Count {
        /// The number of values given, with duplicates.
        count: usize,
        /// The maximum.
        limit: usize,
    },
    /// An empty text.
    #[error("an empty text matches everything; write at least one character")]
    EmptyText,
    /// A number that no float can hold.
    #[error("a number beyond the range of a 64-bit float")]
    NotFinite,
    /// A range that ends before it starts.
    #[error("min is greater than max; swap them")]
    Reversed,
    /// A zone or a date that is not one.
    #[error("{0}")]
    Time(#[from] TimeError),
    /// Entries that are nested too deeply.
    #[error("entries nested more than {limit} deep; write the query flatter")]
    TooDeep {
        /// The maximum number of levels.
        limit: usize,
    },
    /// More entries than one query may have.
    #[error("more than {limit} entries in one query; use lists of ids where entries differ by an id alone")]
    TooMany {
        /// The maximum number of entries.
        limit: usize,
    },
}

/// A value and the path to it.
#[derive(Debug, Clone)]
pub struct Input<'a> {
    value: Value<'a>,
    place: String,
}

impl<'a> Input<'a> {
    /// Scans a text whose outermost value is called `place` in errors.
    pub fn scan(text: &str, place: &str) -> Result<Document, InputError> {
        Document::parse(text.as_bytes())
            .map_err(|error| InputError { place: place.to_owned(), problem: InputProblem::Json(error) })
    }

    /// Takes a value that is called `place` in errors.
    pub fn new(value: Value<'a>, place: &str) -> Self {
        Self { value, place: place.to_owned() }
    }

    /// Returns the value itself.
    pub fn value(&self) -> Value<'a> {
        self.value
    }

    /// Returns what the value is.
    pub fn kind(&self) -> Kind {
        self.value.kind()
    }

    /// Finds the value of a key, unless it is null.
    pub fn find(&self, key: &str) -> Option<Self> {
        let value = self.value.get(key).filter(|value| value.kind() != Kind::Null)?;
        Some(Self { value, place: format!("{}.{key}", self.place) })
    }

    /// Returns the value of a key; fails if it is absent or null.
    pub fn get(&self, key: &'static str) -> Result<Self, InputError> {
        self.object()?;
        self.find(key).ok_or_else(|| self.error(InputProblem::Missing { key }))
    }

    /// Fails unless the value is an object.
    pub fn object(&self) -> Result<(), InputError> {
        if self.kind() == Kind::Object { Ok(()) } else { Err(self.wrong_kind("an object")) }
    }

    /// Fails unless the value is an object with no other keys than these.
    pub fn only(&self, known: &[&str]) -> Result<(), InputError> {
        self.object()?;
        match self.value.members().find(|(key, _)| !known.contains(key)) {
            None => Ok(()),
            Some((key, _)) => {
                Err(self.error(InputProblem::UnknownKey { key: Quoted::new(key), known: known.join(", ") }))
            }
        }
    }

    /// Returns the elements of an array; fails for another kind.
    pub fn elements(&self) -> Result<Vec<Self>, InputError> {
        if self.kind() != Kind::Array {
            return Err(self.wrong_kind("an array"));
        }
        let place = |index| format!("{}[{index}]", self.place);
        Ok(self.value.elements().enumerate().map(|(index, value)| Self { value, place: place(index) }).collect())
    }

    /// Returns the texts of an array of strings; fails for another kind.
    pub fn texts(&self) -> Result<Vec<String>, InputError> {
        self.elements()?.iter().map(|element| element.text().map(Cow::into_owned)).collect()
    }

    /// Returns the text of a string; fails for another kind.
    pub fn text(&self) -> Result<Cow<'a, str>, InputError> {
        self.value.as_text().ok_or_else(|| self.wrong_kind("a string"))
    }

    /// Returns the text of a string that is not empty.
    pub fn filled_text(&self) -> Result<String, InputError> {
        let text = self.text()?;
        if text.is_empty() { Err(self.error(InputProblem::EmptyText)) } else { Ok(text.into_owned()) }
    }

    /// Returns a finite number; fails for another kind.
    pub fn number(&self) -> Result<f64, InputError> {
        let number = self.value.as_f64().ok_or_else(|| self.wrong_kind("a number"))?;
        if number.is_finite() { Ok(number) } else { Err(self.error(InputProblem::NotFinite)) }
    }

    /// Returns a boolean; fails for another kind.
    pub fn boolean(&self) -> Result<bool, InputError> {
        match self.kind() {
            Kind::True => Ok(true),
            Kind::False => Ok(false),
            _ => Err(self.wrong_kind("true or false")),
        }
    }

    /// Returns the meaning of a text; if it has none, the error lists the `allowed` texts.
    pub fn choose<T>(&self, find: impl Fn(&str) -> Option<T>, allowed: &[&str]) -> Result<T, InputError> {
        let text = self.text()?;
        find(&text).ok_or_else(|| {
            self.error(InputProblem::NotAllowed { found: Quoted::new(&text), allowed: allowed.join(", ") })
        })
    }

    /// Makes the error that this value is of the wrong kind.
    pub fn wrong_kind(&self, expected: &'static str) -> InputError {
        self.error(InputProblem::WrongKind { found: self.kind().named(), expected })
    }

    /// Makes an error about this value.
    pub fn error(&self, problem: impl Into<InputProblem>) -> InputError {
        InputError { place: self.place.clone(), problem: problem.into() }
    }
}
