//! Classes by number: from 0, in the order of the ontology, with a name for each.
//!
//! `classes.txt` has the names, one a line. Given to a later export, each of its classes keeps its number, whatever became
//! of the ontology.

use super::colours::colour;
use crate::write::cells::Line;
use crate::write::class_names::ClassNames;
use crate::write::{Class, Entries, FileEntry, FormatOption, OpenError};
use labelport_model::data_type::Form;
use labelport_model::losses::{Losses, Outcome};
use std::collections::{BTreeMap, HashMap, HashSet};

/// The option.
pub(in crate::write) static CLASSES: FormatOption = FormatOption {
    name: "classes",
    summary: "Names that keep their numbers, one a line: the classes.txt of an earlier export. Others come after them.",
    values: &[""],
    form: Some("@classes.txt"),
};

/// Reads a value of the option.
pub(in crate::write) fn parse_pinned(text: &str) -> Result<Vec<String>, OpenError> {
    let names: Vec<String> = text.lines().map(read_name).collect();
    let refused = |known: &str| OpenError::OptionValue {
        option: CLASSES.name.to_owned(),
        value: text.lines().next().unwrap_or_default().chars().take(80).collect(),
        known: known.to_owned(),
    };
    if text.lines().any(str::is_empty) {
        return Err(refused("a list with one name a line, none of them empty"));
    }
    let mut seen = HashSet::new();
    match names.iter().find(|name| !seen.insert(*name)) {
        Some(twice) => Err(refused(&format!("a list in which each name is once; {twice:?} is there twice"))),
        None => Ok(names),
    }
}

/// Writes a name as a line: line breaks and backslashes after a backslash, and an empty name as a backslash.
fn write_name(name: &str) -> String {
    match name {
        "" => "\\".to_owned(),
        name => name.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r"),
    }
}

/// Reads a line.
fn read_name(line: &str) -> String {
    let mut name = String::new();
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match (letter, letter == '\\') {
            (_, true) => match letters.next() {
                Some('n') => name.push('\n'),
                Some('r') => name.push('\r'),
                Some('\\') => name.push('\\'),
                // Somebody else's file, in which a backslash is one.
                Some(other) => name.extend(['\\', other]),
                None if name.is_empty() => {}
                None => name.push('\\'),
            },
            _ => name.push(letter),
        }
    }
    name
}

/// The classes by number.
pub(in crate::write) struct ClassList {
    names: Vec<String>,
    /// The number of each class of the export, by its place; those that have none are not there.
    numbers: HashMap<u32, usize, foldhash::quality::RandomState>,
    /// The places of classes whose annotations have lines.
    drawn: HashSet<u32, foldhash::quality::RandomState>,
    renamed: Vec<String>,
}

impl ClassList {
    /// Lists the tools that draw in one of some forms: all that the ontology of the project has, in its order, and others
    /// of which something is written. A tool has one number, whatever its annotations are called. Pinned names come
    /// first.
    pub(in crate::write) fn of(classes: &[Class], forms: &[Form], class_names: ClassNames, pinned: &[String]) -> Self {
        let mut list = Self::in_order(classes, forms, class_names);
        let mut names: Vec<String> = pinned.iter().map(|name| (*name).to_owned()).collect();
        let place_of: Vec<usize> = list
            .names
            .iter()
            .map(|name| {
                names.iter().position(|known| known == name).unwrap_or_else(|| {
                    names.push(name.clone());
                    names.len() - 1
                })
            })
            .collect();
        list.numbers.values_mut().for_each(|number| *number = place_of[*number]);
        list.names = names;
        list
    }

    fn in_order(classes: &[Class], forms: &[Form], class_names: ClassNames) -> Self {
        let is_drawn = |class: &&Class| class.form.is_some_and(|form| forms.contains(&form));
        let drawn = classes.iter().filter(is_drawn).map(|class| class.index).collect();
        let mut list = Self { names: Vec::new(), numbers: HashMap::default(), drawn, renamed: Vec::new() };
        let mut tools: HashMap<(&str, &str), usize> = HashMap::new();
        let mut used = HashSet::new();
        for class in classes.iter().filter(is_drawn).filter(|class| class.is_listed || class.written > 0) {
            // A tool without an id is known by its name.
            let own_name = if class.schema_id.is_empty() { class.name.as_str() } else { "" };
            let next = list.names.len();
            let number = *tools.entry((&class.schema_id, own_name)).or_insert(next);
            if number == next {
                let own = list.free_name(class_names.name(class), &used);
                used.insert(own.clone());
                list.names.push(own);
            }
            list.numbers.insert(class.index, number);
        }
        list
    }

    /// Lists the names by number.
    pub(in crate::write) fn names(&self) -> &[String] {
        &self.names
    }

    /// Returns the name of a class, by its number; empty for a number that none has.
    pub(in crate::write) fn name(&self, number: usize) -> &str {
        self.names.get(number).map_or("", String::as_str)
    }

    /// Returns the file by which a later export keeps the numbers.
    pub(in crate::write) fn to_file(&self) -> FileEntry {
        let names = self.names.iter().map(|name| write_name(name) + "\n");
        FileEntry { path: "classes.txt".to_owned(), bytes: names.collect::<String>().into_bytes() }
    }

    /// Returns `classes.csv`: the value of each class where pixels are numbers of classes, from 1, with its name and its
    /// colour.
    pub(in crate::write) fn to_table(&self) -> FileEntry {
        let (mut streams, mut losses) = ([Vec::new()], Losses::default());
        let mut entries = Entries {
            streams: &mut streams,
            files: &mut Vec::new(),
            assets: &mut Vec::new(),
            losses: &mut losses,
            is_survey: false,
        };
        let mut line = Line::of(&mut entries, 0);
        ["number", "name", "red", "green", "blue"].iter().for_each(|column| line.token(column));
        line.end();
        for (number, name) in (1_usize..).zip(&self.names) {
            let mut line = Line::of(&mut entries, 0);
            line.token(&number.to_string());
            line.text(name);
            match u8::try_from(number) {
                Ok(number) => colour(number.into()).iter().for_each(|part| line.token(&part.to_string())),
                Err(_) => line.empty(3),
            }
            line.end();
        }
        FileEntry { path: "classes.csv".to_owned(), bytes: std::mem::take(&mut streams[0]) }
    }

    /// Says which classes have other names, since theirs were taken.
    pub(in crate::write) fn say_renamed(&self, entries: &mut Entries<'_>) {
        self.renamed().for_each(|why| entries.losses.add("class", Outcome::Reduced, why, 1));
    }

    /// Lists sentences about classes whose names were taken.
    pub(in crate::write) fn renamed(&self) -> impl Iterator<Item = &str> {
        self.renamed.iter().map(String::as_str)
    }

    /// Returns the number of a class of the export.
    pub(in crate::write) fn number(&self, place: u32) -> Option<usize> {
        self.numbers.get(&place).copied()
    }

    /// Lists the number of each class that one of the export has, in order, with the place of the first such class.
    pub(in crate::write) fn places(&self) -> BTreeMap<usize, u32> {
        let mut places = BTreeMap::new();
        for (place, number) in &self.numbers {
            let first = places.entry(*number).or_insert(*place);
            *first = (*first).min(*place);
        }
        places
    }

    /// Returns whether annotations of a class have lines.
    pub(in crate::write) fn is_drawn(&self, place: u32) -> bool {
        self.drawn.contains(&place)
    }

    fn free_name(&mut self, name: &str, used: &HashSet<String>) -> String {
        if !used.contains(name) {
            return name.to_owned();
        }
        let free = (2..).map(|number| format!("{name} ({number})")).find(|name| !used.contains(name));
        let free = free.unwrap_or_default();
        self.renamed.push(format!("its name is that of another class, so that it is called {free:?}"));
        free
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMS: [Form; 3] = [Form::Box, Form::Polygon, Form::Mask];

    fn class(index: u32, schema_id: &str, name: &str, form: Form, is_listed: bool, written: u64) -> Class {
        let (schema_id, name, value) = (schema_id.to_owned(), name.to_owned(), format!("{name}_value"));
        Class { index, schema_id, name, value, kind: String::new(), form: Some(form), is_listed, written }
    }

    #[test]
    fn tools_are_numbered_in_the_order_of_the_ontology() {
        let classes = [
            class(0, "s1", "car", Form::Box, true, 0),
            class(1, "s2", "road", Form::Line, true, 9),
            class(2, "s3", "car", Form::Polygon, true, 2),
            class(3, "s1", "vehicle", Form::Box, true, 4),
            class(4, "s4", "old", Form::Mask, false, 1),
            class(5, "s5", "elsewhere", Form::Mask, false, 0),
            class(6, "", "nameless", Form::Box, false, 1),
            class(7, "", "other", Form::Box, false, 1),
        ];
        let list = ClassList::of(&classes, &FORMS, ClassNames::Name, &[]);
        assert_eq!(list.names(), ["car", "car (2)", "old", "nameless", "other"]);
        let numbers: Vec<_> = (0..8).map(|place| list.number(place)).collect();
        assert_eq!(numbers, [Some(0), None, Some(1), Some(0), Some(2), None, Some(3), Some(4)]);
        assert_eq!(list.renamed().count(), 1);

        let pinned = ClassList::of(&classes, &FORMS, ClassNames::Name, &["gone", "car (2)", "old"].map(str::to_owned));
        assert_eq!(pinned.names(), ["gone", "car (2)", "old", "car", "nameless", "other"]);
        let numbers: Vec<_> = (0..8).map(|place| pinned.number(place)).collect();
        assert_eq!(numbers, [Some(3), None, Some(1), Some(3), Some(2), None, Some(4), Some(5)]);

        let values = ClassList::of(&classes, &FORMS, ClassNames::Value, &["old_value".to_owned()]);
        let expect = ["old_value", "car_value", "car_value (2)", "nameless_value", "other_value"];
        assert_eq!(values.names(), expect);
    }

    #[test]
    fn pinned_names_are_read_line_by_line() {
        assert_eq!(parse_pinned("car\r\na: b\n"), Ok(vec!["car".to_owned(), "a: b".to_owned()]));
        for name in ["", "a b", "a\nb", "a\r\nb", "a\\", "\\n", "\\\\"] {
            assert_eq!(parse_pinned(&write_name(name)), Ok(vec![name.to_owned()]), "{name:?} comes back");
        }
        assert_eq!(read_name(r"C:\dir"), r"C:\dir", "a name of somebody else's");
        assert_eq!(parse_pinned(""), Ok(vec![]));
        assert!(parse_pinned("car\n\nboat").is_err());
        let error = parse_pinned("car\ncar").unwrap_err().to_string();
        assert!(error.contains("\"car\" is there twice"), "{error}");
    }
}
