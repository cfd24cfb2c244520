//! What a format knows about an export before the first row.

use super::Totals;
use labelport_model::data_type::Form;
use labelport_model::series::Series;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;

/// What an export is about.
#[derive(Debug, Clone, Default)]
pub struct About<'a> {
    /// The classes that annotations can have: in the order of the ontology, then those that it does not list.
    pub classes: &'a [Class],
    /// The options of the format, which have been checked.
    pub options: Options,
    /// What the export will hold. Known for formats that are [numbered](super::Format::is_numbered), else zero.
    pub totals: Totals,
    /// The [hashes](name_hash) of the names that several rows have. Known for formats that are
    /// [lossy](super::Format::is_lossy), once all rows have been looked at.
    pub shared_names: HashSet<u64>,
    /// The different [values](super::Encoder::values) of rows; where there are more than [`VALUES_LIMIT`], not all. Known for formats that
    /// are [lossy](super::Format::is_lossy), once all rows have been looked at.
    pub values: BTreeSet<String>,
    /// Where pictures of masks are read; nothing where there are none to read.
    pub pictures: Option<&'a dyn Pictures>,
    /// Where texts are read that rows name by URL; nothing where there are none to read.
    pub texts: Option<&'a dyn Texts>,
    /// Where the headers of series are read that rows name by URL; nothing where there are none to read.
    pub scans: Option<&'a dyn Scans>,
}

/// Reads pictures that annotations name.
pub trait Pictures: fmt::Debug + Sync {
    /// Reads a picture that is kept in the workspace. Fails with a clause that says why it cannot be read.
    fn read(&self, url: &str) -> Result<Vec<u8>, &'static str>;
}

/// Reads texts that rows name by URL.
pub trait Texts: fmt::Debug + Sync {
    /// Reads the text or the conversation of a row, if the workspace keeps it. Fails with a clause that says why it is not
    /// at hand.
    fn read(&self, data_row_id: &str, url: &str) -> Result<String, &'static str>;
}

/// Reads what series say about their slices.
pub trait Scans: fmt::Debug + Sync {
    /// Reads the header of the series that a row names by URL, if the workspace keeps it or it is a file of this machine.
    /// Fails with a clause that says why it is not at hand.
    fn read(&self, url: &str) -> Result<Series, &'static str>;
}

/// Returns what stands for a name where names are compared. Names that differ in case are one on some systems.
pub fn name_hash(name: &str) -> u64 {
    // FNV-1a: the same on every machine, and a name that is taken for shared only gets a longer one.
    let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    name.to_lowercase().bytes().fold(0xcbf2_9ce4_8422_2325, fold)
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
    /// The name for programs; where the ontology gives none, that which it would have made of the name.
    pub value: String,
    /// The annotation kind, the answer key of a classification, or the tool of a feature that no annotation has.
    pub kind: String,
    /// What its annotations draw; nothing for classifications.
    pub form: Option<Form>,
    /// Whether the ontology of the project that is exported has it.
    pub is_listed: bool,
    /// How many of its annotations are written. Known for formats that are [lossy](super::Format::is_lossy), once all rows
    /// have been looked at; before that and for other formats 1, so that any class has a place.
    pub written: u64,
}

/// An option of a format.
#[derive(Debug, Clone, Copy)]
pub struct FormatOption {
    /// The name, as in `--format-option NAME=VALUE`.
    pub name: &'static str,
    /// One sentence about it.
    pub summary: &'static str,
    /// The values that it can have, the default first. Where it takes a text, the only one is the default.
    pub values: &'static [&'static str],
    /// What a text looks like, for an option that takes one: `train=0.8,val=0.2`.
    pub form: Option<&'static str>,
}

/// The most different values of rows that are kept: more than anything that is made of them may have.
pub const VALUES_LIMIT: usize = 10_000;

/// Sections of rows that a format reads, whether or not a request asks for them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Metadata.
    pub metadata: bool,
    /// The predictions of model runs, where the export is of one.
    pub predictions: bool,
    /// Texts that rows name by URL: see [`Texts`].
    pub texts: bool,
    /// Series that rows name by URL: see [`Scans`].
    pub scans: bool,
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
    #[error("the option {option} cannot be {value:?}; it is {known}")]
    OptionValue {
        /// The option.
        option: String,
        /// The value.
        value: String,
        /// The values that it can have, as a clause.
        known: String,
    },
}

impl About<'_> {
    /// Lists the different values of rows that are of one kind.
    pub(super) fn values_of(&self, what: &str) -> impl Iterator<Item = &str> {
        let of_kind = move |value: &'_ String| value.starts_with(what) && value[what.len()..].starts_with(':');
        self.values.iter().filter(move |value| of_kind(value)).map(move |value| &value[what.len() + 1..])
    }

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
        if option.form.is_none() && !option.values.contains(&value.as_str()) {
            let known = format!("one of: {}", option.values.join(", "));
            return Err(OpenError::OptionValue { option: name.clone(), value: value.clone(), known });
        }
    }
    Ok(())
}
