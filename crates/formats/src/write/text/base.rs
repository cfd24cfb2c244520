//! What every format of texts knows before the first row: options, classes, where texts are read.

use super::content::Content;
use crate::write::by_label::Setup;
use crate::write::chosen;
use crate::write::class_names::{CLASS_NAMES, ClassNames};
use crate::write::picture::ClassList;
use crate::write::{About, FormatOption, OpenError, Options, Texts, Wanted};
use labelport_model::data_type::Form;
use labelport_model::json::Value;

/// The option by which labels are chosen: that of all formats, in the words of these.
pub(in crate::write) static LABELS: FormatOption = FormatOption {
    name: "labels",
    summary: "Which label of a row: the selected one, else the benchmark, else the one with the highest consensus score, \
              else the newest; or the newest; or the benchmark; or each of them, with a document of its own.",
    values: &["best", "latest", "benchmark", "all"],
    form: None,
};

/// What marks characters.
const SPANS: &[Form] = &[Form::Span, Form::MessageSpan];
/// What relates two of them.
const RELATIONS: &[Form] = &[Form::Directed, Form::Mutual];

/// What is known before the first row.
pub(in crate::write) struct Base<'f> {
    pub(in crate::write) setup: Setup<'f>,
    /// The classes of spans, in the order of the ontology.
    pub(in crate::write) entities: ClassList,
    /// The classes of relations.
    pub(in crate::write) relations: ClassList,
    texts: Option<&'f dyn Texts>,
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
            setup: Setup::of(about)?,
            entities: ClassList::of(about.classes, SPANS, names, &[]),
            relations: ClassList::of(about.classes, RELATIONS, names, &[]),
            texts: about.texts,
        })
    }

    /// Reads the text of a row. Fails with a clause for a row that is not one.
    pub(in crate::write) fn content(&self, head: Value<'_>, media: Option<&[u8]>) -> Result<Content, &'static str> {
        Content::of(head, media, self.texts)
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
