//! As much of TOML as a `Cargo.toml` of this repository uses: headers, and one key a line.

use crate::tree;

/// One `key = value` of a manifest.
pub(crate) struct Entry {
    /// The line, from 1.
    pub(crate) line: usize,
    /// The header above it, without brackets.
    pub(crate) table: String,
    /// The key up to its first dot. For `[dependencies.name]` it is `name`.
    pub(crate) key: String,
    /// The rest of the key and the value, as written: `.workspace = true`, ` = { path = "…" }`.
    pub(crate) rest: String,
}

/// A kind of dependency table.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dependencies {
    /// What the crate is built with.
    Normal,
    /// What its tests need besides.
    Dev,
}

/// Reads the entries of a manifest.
pub(crate) fn entries(path: &str) -> Vec<Entry> {
    let mut table = String::new();
    let mut entries = Vec::new();
    for (index, line) in tree::read(path).lines().enumerate() {
        let line_number = index + 1;
        let text = line.trim_end();
        if let Some(header) = text.strip_prefix('[') {
            table = header.trim_end_matches(']').trim_start_matches('[').to_owned();
            if let Some((head, name)) = table.rsplit_once('.')
                && head.ends_with("dependencies")
            {
                let (table, key) = (head.to_owned(), name.to_owned());
                entries.push(Entry { line: line_number, table, key, rest: String::new() });
            }
        } else if text.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '"') {
            let end = text.find(|each: char| each == '.' || each == '=' || each.is_whitespace()).unwrap_or(text.len());
            let key = text[..end].trim_matches('"').to_owned();
            entries.push(Entry { line: line_number, table: table.clone(), key, rest: text[end..].to_owned() });
        }
    }
    entries
}

impl Entry {
    /// Returns whether the entry is a dependency, also of one platform alone, and of which kind.
    pub(crate) fn dependencies(&self) -> Option<Dependencies> {
        match self.table.rsplit('.').next()? {
            _ if self.table.starts_with("workspace.") => None,
            "dependencies" | "build-dependencies" => Some(Dependencies::Normal),
            "dev-dependencies" => Some(Dependencies::Dev),
            _ => None,
        }
    }
}
