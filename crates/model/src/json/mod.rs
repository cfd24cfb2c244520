//! JSON as labelport keeps it: one spelling for structure, every spelling for numbers.
//!
//! A text that enters is scanned once into a [`Document`]: its *normal form* (compact, ASCII, escapes as Python's `json`
//! writes them) and the places of its values in that form. Numbers keep the spelling they came with, since `7`, `7.0` and
//! `9007199254740993` must leave as they entered. From there on everything is slices of the normal form: what is stored
//! is what is exported, and an export copies it without looking inside.
//!
//! Refused, each with its place: what the grammar of RFC 8259 refuses, `NaN` and `Infinity`, text that is not UTF-8, lone
//! surrogates (no text holds them), keys given twice in one object (readers disagree about which counts) and nesting
//! deeper than [`DEPTH_LIMIT`].
//!
//! Why not a general JSON library: those read numbers into floats, keep the last of two equal keys without a word and
//! print strings anew on every export.

mod document;
mod error;
mod node;
mod object;
mod scan;
mod string;

pub use document::{Document, Value};
pub use error::{JsonError, JsonProblem};
pub use node::Kind;
pub use object::{Members, ObjectWriter, merge_members};
pub use string::{quote_into, unquote};

/// How deep arrays and objects may nest. Real rows stay below 40; readers in other languages give up at about 1,000.
pub const DEPTH_LIMIT: usize = 512;
