//! Why a request is refused.
//!
//! A parameter or filter has two names: the SDK's name in code and over HTTP, and a flag on the command line. An error
//! has both; each API prints the one that its users wrote.

use super::{ScopeKind, WatermarkError};
use crate::input::InputError;
use crate::quote::Quoted;
use crate::time::TimeError;
use std::fmt;

/// A parameter or filter, by both of its names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OptionName {
    /// The SDK's name, such as `workflow_status`.
    pub name: &'static str,
    /// The flag on the command line, such as `--workflow-status`.
    pub flag: &'static str,
}

/// Why a request is refused. It is displayed with the flags of options; see also [`RequestError::with_names`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestError {
    /// The JSON of a request is invalid.
    Input(InputError),
    /// An option does not apply to this scope.
    OutOfScope {
        /// The option.
        option: OptionName,
        /// The scope asked for.
        scope: ScopeKind,
        /// The scopes to which it applies.
        applies: &'static [ScopeKind],
    },
    /// One of two options includes the other one.
    Together {
        /// The wider option.
        option: OptionName,
        /// The narrower one.
        other: OptionName,
    },
    /// More or fewer values than an option takes.
    Count {
        /// The option.
        option: OptionName,
        /// The number of values given, with duplicates.
        count: usize,
        /// The minimum.
        least: usize,
        /// The maximum.
        most: usize,
    },
    /// An empty list.
    Empty {
        /// The option.
        option: OptionName,
    },
    /// A value that an option does not accept.
    NotAllowed {
        /// The option.
        option: OptionName,
        /// The value given.
        found: Quoted,
        /// The accepted values, joined by commas.
        allowed: String,
    },
    /// An invalid date or range.
    Time {
        /// The option.
        option: OptionName,
        /// What is wrong with it.
        problem: TimeError,
    },
    /// Chosen rows, but no rows are given.
    NoRows {
        /// The options that choose rows.
        options: [OptionName; 2],
    },
    /// What the export is to go on from is not a watermark.
    Watermark(WatermarkError),
    /// The time zone of the request is not known.
    Zone(TimeError),
}

impl RequestError {
    /// Returns the message with the SDK's names, for readers who write code or JSON.
    pub fn with_names(&self) -> String {
        self.text(|option| option.name)
    }

    /// Returns the message with the flags of the command line.
    pub fn with_flags(&self) -> String {
        self.text(|option| option.flag)
    }

    fn text(&self, spell: impl Fn(&OptionName) -> &'static str) -> String {
        match self {
            Self::Input(error) => error.to_string(),
            Self::OutOfScope { option, scope, applies } => {
                let names: Vec<&str> = applies.iter().map(|kind| kind.name()).collect();
                let (option, scope, names) = (spell(option), scope.name(), names.join(", "));
                format!("{option} does not apply to a {scope} export; it applies to: {names}")
            }
            Self::Together { option, other } => {
                let (option, other) = (spell(option), spell(other));
                format!("{option} and {other} contradict each other; give one of them")
            }
            Self::Count { option, count, least, most } => {
                let takes = if least == most { most.to_string() } else { format!("{least} to {most}") };
                format!("{} takes {takes} values, not {count}", spell(option))
            }
            Self::Empty { option } => format!("{} is an empty list; leave it out or name at least one", spell(option)),
            Self::NotAllowed { option, found, allowed } => {
                format!("{} cannot be {found}; give one of: {allowed}", spell(option))
            }
            Self::Time { option, problem } => format!("{}: {problem}", spell(option)),
            Self::NoRows { options } => {
                let [ids, keys] = options.each_ref().map(spell);
                format!("an export of chosen rows needs the rows: give {ids} or {keys}")
            }
            Self::Watermark(error) => error.to_string(),
            Self::Zone(error) => error.to_string(),
        }
    }
}

impl fmt::Display for RequestError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.with_flags())
    }
}

impl std::error::Error for RequestError {}

impl From<InputError> for RequestError {
    fn from(error: InputError) -> Self {
        Self::Input(error)
    }
}
