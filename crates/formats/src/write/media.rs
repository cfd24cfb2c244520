//! The assets of rows in a package.
//!
//! A format says where the asset of a row belongs; the caller, which takes its [`Entries`], has the bytes, and changes none.

use super::{About, AssetEntry, AssetPlace, Entries, Format, FormatOption, Options};
use labelport_model::json::Value;

/// The option.
pub static MEDIA: FormatOption = FormatOption {
    name: "media",
    summary: "Whether the pictures and videos themselves are in the package. `copy` adds them as they are; `link` makes hard \
              links of files that are on this machine, and copies the others.",
    values: &["none", "copy", "link"],
    form: None,
};

/// Whether assets are in a package, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Media {
    /// They are not.
    None,
    /// They are copied.
    Copy,
    /// They are hard links where that is possible, else copies.
    Link,
}

impl Media {
    /// Reads the option of a format, under whose name it may have another default.
    pub(super) fn of(about: &About<'_>, option: &FormatOption) -> Self {
        Self::find(about.option(option))
    }

    /// Reads the option of a format; nothing for a format that has none.
    pub fn of_format(format: &dyn Format, options: &Options) -> Option<Self> {
        let option = format.options().iter().find(|option| option.name == MEDIA.name)?;
        Some(Self::find(options.get(option.name).map_or(option.values[0], String::as_str)))
    }

    fn find(value: &str) -> Self {
        match value {
            "copy" => Self::Copy,
            "link" => Self::Link,
            _ => Self::None,
        }
    }

    /// Says where the asset of a row belongs. `head` has the members of `data_row`.
    pub(super) fn add(self, head: Value<'_>, place: impl FnOnce() -> AssetPlace, entries: &mut Entries<'_>) {
        if self != Self::None {
            let text = |key| head.get(key).and_then(Value::as_text).unwrap_or_default().into_owned();
            entries.assets.push(AssetEntry { place: place(), data_row_id: text("id"), url: text("row_data") });
        }
    }
}
