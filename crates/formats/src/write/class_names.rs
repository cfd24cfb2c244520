//! By which of its two names a class goes in a result.

use super::{Class, FormatOption};

/// The option.
pub(super) static CLASS_NAMES: FormatOption = FormatOption {
    name: "class-names",
    summary: "What classes are called: by the name that people read, or by the value, the name for programs.",
    values: &["name", "value"],
    form: None,
};

/// Which name of a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClassNames {
    Name,
    Value,
}

impl ClassNames {
    /// Reads a value of the option.
    pub(super) fn of(value: &str) -> Self {
        if value == "value" { Self::Value } else { Self::Name }
    }

    /// Returns what a class is called.
    pub(super) fn name(self, class: &Class) -> &str {
        match self {
            Self::Name => &class.name,
            Self::Value => &class.value,
        }
    }
}
