//! What every format of texts knows before the first row: options, classes, where texts are read.

use super::content::Content;
use crate::write::chosen::{self, Chooser, Chosen};
use crate::write::class_names::{CLASS_NAMES, ClassNames};
use crate::write::naming::{self, NAMES, Name, naming_apart};
use crate::write::picture::ClassList;
use crate::write::settled::Classes;
use crate::write::split::Split;
use crate::write::{About, FormatOption, OpenError, Options, Texts, Wanted};
use labelport_model::data_type::Form;
use labelport_model::json::Value;
use std::collections::HashSet;

/// The option by which labels are chosen: that of all formats, in the words of these.
pub(in crate::write) static LABELS: FormatOption = FormatOption {
    name: "labels",
    summary: "Which label of a row: the selected one, else the benchmark, else the one with the highest consensus score, \
              else the newest; or the newest; or the benchmark; or each of them, with a document of its own.",
    values: &["best", "latest", "benchmark", "all"],
    form: None,
};

/// The streams that every package of texts has; those of the parts follow.
pub(super) const ROWS_STREAM: usize = 0;
pub(super) const LOSSES_STREAM: usize = 1;
const PARTS_STREAM: usize = 2;

/// What marks characters.
const SPANS: &[Form] = &[Form::Span, Form::MessageSpan];
/// What relates two of them.
const RELATIONS: &[Form] = &[Form::Directed, Form::Mutual];

/// What is known before the first row.
pub(in crate::write) struct Base<'f> {
    pub(in crate::write) chooser: Chooser,
    pub(in crate::write) split: Split,
    pub(in crate::write) classes: Classes<'f>,
    /// The classes of spans, in the order of the ontology.
    pub(in crate::write) entities: ClassList,
    /// The classes of relations.
    pub(in crate::write) relations: ClassList,
    texts: Option<&'f dyn Texts>,
    naming: &'f str,
    shared_names: &'f HashSet<u64>,
}

/// Returns which sections of rows a format of texts reads.
pub(in crate::write) fn wanted(options: &Options) -> Wanted {
    Wanted { texts: true, ..chosen::wanted(options) }
}

impl<'f> Base<'f> {
    /// Reads the options, which have been checked.
    pub(in crate::write) fn of(about: &'f About<'f>) -> Result<Self, OpenError> {
        let names = ClassNames::of(about.option(&CLASS_NAMES));
        Ok(Self {
            chooser: Chooser::of(about)?,
            split: Split::of(about)?,
            classes: Classes::of(about),
            entities: ClassList::of(about.classes, SPANS, names, &[]),
            relations: ClassList::of(about.classes, RELATIONS, names, &[]),
            texts: about.texts,
            naming: about.option(&NAMES),
            shared_names: &about.shared_names,
        })
    }

    /// Reads the text of a row. Fails with a clause for a row that is not one.
    pub(in crate::write) fn content(&self, head: Value<'_>, media: Option<&[u8]>) -> Result<Content, &'static str> {
        Content::of(head, media, self.texts)
    }

    /// Returns the stream of a part, for a format that has one for each.
    pub(in crate::write) fn stream_of(&self, part: &str) -> usize {
        PARTS_STREAM + self.split.place(part)
    }

    /// Returns the name that files of a row would have if no other row had it.
    pub(super) fn wanted_name(&self, head: Value<'_>) -> Option<String> {
        naming::wanted(self.naming_of(head), head).map(|name| name.stem)
    }

    /// Returns the name of a row's files.
    pub(super) fn name(&self, head: Value<'_>) -> Name {
        naming::name(self.naming_of(head), head, self.shared_names)
    }

    fn naming_of(&self, head: Value<'_>) -> &'f str {
        if self.chooser.chosen == Chosen::All && naming_apart(self.naming, head) == "id" { "id" } else { self.naming }
    }
}

#[cfg(test)]
mod tests {
    use super::LABELS;
    use crate::write::chosen;

    #[test]
    fn labels_are_chosen_as_in_other_formats() {
        assert_eq!((LABELS.name, LABELS.values), (chosen::LABELS.name, chosen::LABELS.values));
    }
}
