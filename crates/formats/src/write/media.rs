//! The assets of rows in a package.
//!
//! A format says where the asset of a row belongs; the caller, which takes its [`Entries`], has the bytes, and changes none.

use super::{About, AssetEntry, Entries, FormatOption};
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
    /// Reads the option.
    pub fn of(about: &About<'_>) -> Self {
        match about.option(&MEDIA) {
            "copy" => Self::Copy,
            "link" => Self::Link,
            _ => Self::None,
        }
    }

    /// Says where the asset of a row belongs. `head` has the members of `data_row`.
    pub(super) fn add(self, head: Value<'_>, path: impl FnOnce() -> String, entries: &mut Entries<'_>) {
        if self != Self::None {
            let text = |key| head.get(key).and_then(Value::as_text).unwrap_or_default().into_owned();
            entries.assets.push(AssetEntry { path: path(), data_row_id: text("id"), url: text("row_data") });
        }
    }
}
