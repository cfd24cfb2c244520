//! Names as words: without spaces and other characters that end a field of a line, no two alike.

use std::collections::HashSet;

/// Words for names, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::write) struct Words {
    words: Vec<String>,
    renamed: Vec<String>,
}

impl Words {
    /// Makes words of names. Where two are alike, the later one that is not spelled as its name gets a number.
    pub(in crate::write) fn of<'n>(names: impl IntoIterator<Item = &'n str>, safe: impl Fn(&str) -> String) -> Self {
        let names: Vec<&str> = names.into_iter().collect();
        let own_names: HashSet<&str> = names.iter().copied().collect();
        let (mut words, mut renamed, mut used) = (Vec::with_capacity(names.len()), Vec::new(), HashSet::new());
        for name in &names {
            let own = safe(name);
            let is_taken = |word: &String| used.contains(word) || (word != name && own_names.contains(word.as_str()));
            let numbered = (2..).map(|number| format!("{own}_{number}"));
            let word = std::iter::once(own.clone()).chain(numbered).find(|word| !is_taken(word)).unwrap_or(own);
            if word != **name {
                renamed.push(format!("its name {name:?} is written as {word:?}"));
            }
            used.insert(word.clone());
            words.push(word);
        }
        Self { words, renamed }
    }

    /// Returns the word for the name at a place.
    pub(in crate::write) fn get(&self, place: usize) -> &str {
        self.words.get(place).map_or("_", String::as_str)
    }

    /// Lists the words.
    pub(in crate::write) fn list(&self) -> &[String] {
        &self.words
    }

    /// Lists sentences about names that are written as something else.
    pub(in crate::write) fn renamed(&self) -> &[String] {
        &self.renamed
    }
}

/// Returns a name with `_` for every character that is not kept.
pub(in crate::write) fn safe_word(name: &str, is_kept: impl Fn(char) -> bool) -> String {
    let word: String = name.chars().map(|letter| if is_kept(letter) { letter } else { '_' }).collect();
    if word.is_empty() { "_".to_owned() } else { word }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_names_are_one_word() {
        let safe = |name: &str| safe_word(name, |letter| letter.is_ascii_alphanumeric() || letter == '-');
        let names = ["a b", "a_b", "yes", "é", "", "a:b", "-->"];
        let words = Words::of(names, |name| safe_word(name, |letter| letter != ' ' && letter != ':'));
        assert_eq!(words.list(), ["a_b_2", "a_b", "yes", "é", "_", "a_b_3", "-->"]);
        assert_eq!(words.renamed().len(), 3);
        assert_eq!(words.renamed()[0], r#"its name "a b" is written as "a_b_2""#);
        assert_eq!(Words::of(["é ø", "--"], safe).list(), ["___", "--"]);
        assert_eq!((words.get(2), words.get(9)), ("yes", "_"));
    }
}
