//! Names of folders after values, safe on every system, no two alike.

use crate::package::check_path;
use std::collections::BTreeMap;

/// The most bytes of a name.
const NAME_BYTES: usize = 100;

/// Names that values have as folders.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Folders {
    names: BTreeMap<String, String>,
    renamed: Vec<String>,
}

impl Folders {
    /// Names the folder of each value. `known_as` says how people or programs know it: values that are known as the same
    /// share a folder. `safe` makes a name of that. Where two of these are alike, apart from case, the later of them, in
    /// the order of the alphabet, gets a number; those that can stay as they are come first.
    pub(super) fn of<'v>(
        values: impl Iterator<Item = &'v str>,
        known_as: impl Fn(&str) -> String,
        safe: impl Fn(&str) -> String,
    ) -> Self {
        let mut by_known: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for value in values {
            by_known.entry(known_as(value)).or_default().push(value);
        }
        let mut folders = Self::default();
        let mut used: Vec<String> = Vec::new();
        let (plain, odd): (Vec<_>, Vec<_>) = by_known.into_iter().partition(|(known, _)| safe(known) == *known);
        for (known, values) in plain.into_iter().chain(odd) {
            let safe = safe(&known);
            let numbered = (2..).map(|number| format!("{safe}_{number}"));
            let mut names = std::iter::once(safe.clone()).chain(numbered);
            let name = names.find(|name| !used.contains(&name.to_lowercase())).unwrap_or(safe);
            if name != known {
                let value = values.first().copied().unwrap_or_default();
                let why = format!("the name {value:?} cannot be that of its folder, which is called {name:?}");
                folders.renamed.push(why);
            }
            folders.names.extend(values.into_iter().map(|value| (value.to_owned(), name.clone())));
            used.push(name.to_lowercase());
        }
        folders
    }

    /// Returns the folder of a value.
    pub(super) fn find(&self, value: &str) -> Option<&str> {
        self.names.get(value).map(String::as_str)
    }

    /// Lists the folders in the order of the alphabet.
    pub(super) fn list(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.names.values().map(String::as_str).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Lists sentences about folders that are not called as their values.
    pub(super) fn renamed(&self) -> &[String] {
        &self.renamed
    }
}

/// Returns a name that every system takes: with `_` for what it cannot have, and after what it cannot be.
pub(super) fn safe_name(name: &str, is_kept: impl Fn(char) -> bool) -> String {
    let mut safe = String::new();
    for letter in name.chars() {
        let letter = if is_kept(letter) && letter != '/' { letter } else { '_' };
        if safe.len() + letter.len_utf8() > NAME_BYTES {
            break;
        }
        safe.push(letter);
    }
    if check_path(&safe).is_err() {
        let replace = |letter: char| if letter.is_control() || "<>:\"\\|?*".contains(letter) { '_' } else { letter };
        safe = safe.chars().map(replace).collect();
    }
    let candidates = [safe.clone(), format!("{safe}_"), format!("_{safe}_")];
    candidates.into_iter().find(|name| check_path(name).is_ok()).unwrap_or(safe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_safe_and_no_two_are_alike() {
        let values = ["A: b", "A_ b", "CON", "a_ b", "é/ø", "x.", "", "..", "nul.txt"];
        let folders = Folders::of(values.into_iter(), str::to_owned, |known| safe_name(known, |_| true));
        let names: Vec<&str> = values.iter().filter_map(|value| folders.find(value)).collect();
        assert_eq!(names, ["A_ b_3", "A_ b", "CON_", "a_ b_2", "é_ø", "x._", "_", ".._", "_nul.txt_"]);
        assert!(names.iter().all(|name| check_path(name).is_ok()), "{names:?}");
        assert_eq!((folders.renamed().len(), folders.list().len()), (8, 9));
    }
}
