//! What a format knows about an export before the first row.

use super::Totals;
use std::collections::BTreeMap;

/// What an export is about.
#[derive(Debug, Clone, Default)]
pub struct About<'a> {
    /// The classes that annotations can have: in the order of the ontology, then those that it does not list.
    pub classes: &'a [Class],
    /// The options of the format, which have been checked.
    pub options: Options,
    /// What the export will hold. Known for formats that are [numbered](super::Format::is_numbered), else zero.
    pub totals: Totals,
}

/// A class: a feature of the ontology.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Class {
    /// Its place among the classes, from 0, without gaps.
    pub index: u32,
    /// The feature schema id; empty if no row gave one.
    pub schema_id: String,
    /// The name that people read.
    pub name: String,
    /// The annotation kind, or the answer key of a classification.
    pub kind: String,
}

/// An option of a format.
#[derive(Debug, Clone, Copy)]
pub struct FormatOption {
    /// The name, as in `--format-option NAME=VALUE`.
    pub name: &'static str,
    /// One sentence about it.
    pub summary: &'static str,
    /// The values that it can have, the default first.
    pub values: &'static [&'static str],
}

/// The options that were chosen, by name.
pub type Options = BTreeMap<String, String>;

/// Why a format cannot be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// An option is unknown.
    #[error("the format {format} has no option {option:?}; {known}")]
    UnknownOption {
        /// The format.
        format: &'static str,
        /// The option.
        option: String,
        /// What it has, as a clause.
        known: String,
    },
    /// An option has a value that it cannot have.
    #[error("the option {option} cannot be {value:?}; it is one of: {known}")]
    OptionValue {
        /// The option.
        option: String,
        /// The value.
        value: String,
        /// The values that it can have.
        known: String,
    },
}

impl About<'_> {
    /// Returns the value of an option, or its default.
    pub fn option(&self, option: &FormatOption) -> &str {
        self.options.get(option.name).map_or(option.values[0], String::as_str)
    }
}

/// Fails for an option that a format does not have, or for a value that the option cannot have.
pub(super) fn check_options(
    format: &'static str,
    known: &'static [FormatOption],
    options: &Options,
) -> Result<(), OpenError> {
    for (name, value) in options {
        let Some(option) = known.iter().find(|option| option.name == name) else {
            let names: Vec<&str> = known.iter().map(|option| option.name).collect();
            let known = match &names[..] {
                [] => "it has none".to_owned(),
                names => format!("it has: {}", names.join(", ")),
            };
            return Err(OpenError::UnknownOption { format, option: name.clone(), known });
        };
        if !option.values.contains(&value.as_str()) {
            let known = option.values.join(", ");
            return Err(OpenError::OptionValue { option: name.clone(), value: value.clone(), known });
        }
    }
    Ok(())
}
