//! JSON as labelport stores it: structure in one spelling, numbers in any spelling.
//!
//! Incoming text is scanned once into a [`Document`]: its *normal form* (compact, ASCII, escapes as Python's `json`
//! writes them) and the offsets of its values in that form. Numbers keep their spelling, since `7`, `7.0` and
//! `9007199254740993` must be exported as they were imported. After that everything is a slice of the normal form: what
//! is stored is what is exported, and an export copies it without parsing it.
//!
//! Refused, each with its offset: whatever the grammar of RFC 8259 refuses, `NaN` and `Infinity`, text that is not
//! UTF-8, lone surrogates (they are not characters), duplicate keys in one object (readers disagree about which one
//! counts) and nesting deeper than [`DEPTH_LIMIT`].
//!
//! Why not a general JSON library: those read numbers into floats, silently keep the last of two equal keys and print
//! strings again on every export.

mod document;
mod error;
mod node;
mod object;
mod peek;
mod scan;
mod string;

pub use document::{Document, Value};
pub use error::{JsonError, JsonProblem};
pub use node::Kind;
pub use object::{Members, ObjectWriter, merge_members};
pub use peek::{find_member, inside, list_members};
pub(crate) use string::string_end;
pub use string::{quote_into, unquote};

/// How deep arrays and objects may nest. Real rows stay below 40; readers in other languages give up at about 1,000.
pub const DEPTH_LIMIT: usize = 512;
