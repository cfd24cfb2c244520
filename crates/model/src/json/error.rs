//! Why a text is refused.

use super::DEPTH_LIMIT;

/// Why a text is not JSON that labelport keeps, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct JsonError {
    /// The offset from the start of the text, in bytes.
    pub offset: usize,
    /// What is wrong there.
    pub problem: JsonProblem,
}

/// What is wrong with a text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonProblem {
    /// The text ends inside a value.
    #[error("the text ends inside a JSON value: the line is cut off")]
    Ended,
    /// A character that is not allowed here.
    #[error("expected {expected}, found {found}")]
    Unexpected {
        /// What was found.
        found: String,
        /// What the grammar allows here.
        expected: &'static str,
    },
    /// `NaN`, `Infinity` or `-Infinity`.
    #[error("{0} is not a JSON number; write null or leave the key out")]
    NotANumber(&'static str),
    /// A number such as `01`, `1.` or `.5`.
    #[error("a number that JSON does not allow")]
    BadNumber,
    /// The bytes are not UTF-8.
    #[error("bytes that are not UTF-8; convert the file to UTF-8")]
    NotUtf8,
    /// A backslash before a character that cannot be escaped.
    #[error("an invalid escape")]
    BadEscape,
    /// Half of a surrogate pair.
    #[error("half of a surrogate pair (\\ud800 to \\udfff alone is not a character)")]
    LoneSurrogate,
    /// A control character that must be escaped.
    #[error("an unescaped control character in a string")]
    ControlCharacter,
    /// One key twice in one object.
    #[error("the key {0:?} occurs twice in one object")]
    DuplicateKey(String),
    /// More than [`DEPTH_LIMIT`] levels.
    #[error("more than {DEPTH_LIMIT} levels of nesting")]
    TooDeep,
    /// Something after the value.
    #[error("text after the end of the JSON value")]
    Trailing,
    /// More than 700 MB.
    #[error("a JSON text of more than 700 MB")]
    TooLong,
}
