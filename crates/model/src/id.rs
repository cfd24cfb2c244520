//! Public ids, one type for each kind of thing.
//!
//! An incoming id is parsed here once and never checked again. There are two forms: *cuids* of exactly
//! 25 lower-case letters and digits, and *free ids* (usually uuids) for batches, model runs,
//! tasks and workflow tasks, where any printable text up to 64 characters is an id. Equality is equality of text.
//!
//! # Adding a kind of id
//! One line in the table at the end of [`ids`](self).

use std::fmt;

/// The number of characters of a cuid.
pub const CUID_LENGTH: usize = 25;
/// The maximum number of characters of a free id.
pub const FREE_ID_LIMIT: usize = 64;

/// Why a text is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// A cuid has exactly 25 characters.
    #[error("{what} {text:?} has {length} characters, an id has 25")]
    Length {
        /// What the id is of, such as "data row id".
        what: &'static str,
        /// The first characters of the text.
        text: String,
        /// The number of characters.
        length: usize,
    },
    /// A free id has at least one character, and at most [`FREE_ID_LIMIT`].
    #[error("{what} {text:?} has {length} characters, such an id has 1 to {FREE_ID_LIMIT}")]
    FreeLength {
        /// What the id is of, such as "batch id".
        what: &'static str,
        /// The first characters of the text.
        text: String,
        /// The number of characters.
        length: usize,
    },
    /// An id has only letters and digits.
    #[error("{what} {text:?} has a character that ids cannot have")]
    Character {
        /// What the id is of.
        what: &'static str,
        /// The first characters of the text.
        text: String,
    },
}

fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(40).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

fn check_cuid(what: &'static str, text: &str) -> Result<(), IdError> {
    let length = text.chars().count();
    if length != CUID_LENGTH {
        return Err(IdError::Length { what, text: shown(text), length });
    }
    if !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(IdError::Character { what, text: shown(text) });
    }
    Ok(())
}

fn check_free(what: &'static str, text: &str) -> Result<(), IdError> {
    let length = text.chars().count();
    if length == 0 || length > FREE_ID_LIMIT {
        return Err(IdError::FreeLength { what, text: shown(text), length });
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(IdError::Character { what, text: shown(text) });
    }
    Ok(())
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident, $what:literal, $check:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Reads an id from text.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                $check($what, text)?;
                Ok(Self(text.to_owned()))
            }

            /// Returns the id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.0)
            }
        }
    )*};
}

ids! {
    /// A batch: the rows sent to a project together. A uuid at the vendor.
    BatchId, "batch id", check_free;
    /// A data row.
    DataRowId, "data row id", check_cuid;
    /// A dataset.
    DatasetId, "dataset id", check_cuid;
    /// A label, or a prediction of a model run.
    LabelId, "label id", check_cuid;
    /// A model (the vendor's exports say "experiment").
    ModelId, "model id", check_cuid;
    /// A model run. A uuid at the vendor.
    ModelRunId, "model run id", check_free;
    /// An ontology.
    OntologyId, "ontology id", check_cuid;
    /// A project.
    ProjectId, "project id", check_cuid;
    /// A saved query over the catalog.
    SliceId, "slice id", check_cuid;
    /// A background task: an import or an export.
    TaskId, "task id", check_cuid;
    /// A user.
    UserId, "user id", check_cuid;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cuid_has_25_letters_or_digits() {
        assert!(DataRowId::parse("c5nnwqi820dxfp85t9v2qd6z4").is_ok());
        let error = DataRowId::parse("abc").unwrap_err().to_string();
        assert_eq!(error, "data row id \"abc\" has 3 characters, an id has 25");
        let error = DataRowId::parse("c5nnwqi820dxfp85t9v2qd6z'").unwrap_err().to_string();
        assert!(error.contains("has a character"), "{error}");
    }

    #[test]
    fn a_run_id_may_be_a_uuid_but_not_empty() {
        assert!(ModelRunId::parse("439a498d-c7bc-e515-cd0a-6ad4d4e20803").is_ok());
        let error = ModelRunId::parse("").unwrap_err().to_string();
        assert_eq!(error, "model run id \"\" has 0 characters, such an id has 1 to 64");
        assert!(ModelRunId::parse("two words").is_err());
    }
}
