//! Pictures by the answer to a question: each belongs into the folder of its class, and nothing else is written of it.
//!
//! The classes are the options of one radio question about the whole picture that labels have chosen. Programs number them in
//! the order of the alphabet, as folders.

use super::super::annotations::for_each;
use super::super::class_names::{CLASS_NAMES, ClassNames};
use super::super::folders::{Folders, safe_name};
use super::super::settled::{Fate, NO_ANSWERS, settle_each};
use super::super::{About, Entries, FileEntry, FormatOption, OpenError};
use super::sheet::Sheet;
use labelport_model::annotation::{self, Annotation, Answer, Body, Classification, Feature, Holder};
use labelport_model::record::{Annotations, LabelRecord};

/// The option.
pub(super) static QUESTION: FormatOption = FormatOption {
    name: "question",
    summary: "For task=classify: the radio question whose options are the classes. It need not be named where labels answer \
              only one.",
    values: &[""],
    form: Some("NAME"),
};

/// Kinds of [values](crate::write::Encoder::values).
const QUESTIONS: &str = "question";
const ANSWERS: &str = "answer";
const LOOKED: &str = "looked";

/// The most classes.
const CLASSES_LIMIT: usize = 1_000;

/// Why a row is in no folder.
pub(super) const NO_LABEL: &str = "it has no label, so that it is of no class";
pub(super) const NOT_ANSWERED: &str = "its label does not answer the question, so that it is of no class";

const ONE_ANSWER: &str = "the format holds the answer to one question";
const SECOND_ANSWER: &str = "its label has another answer to the question";

/// The question whose options are the classes.
pub(super) struct Question {
    /// Its name, value or schema id; empty where there is but one.
    wanted: String,
    names: ClassNames,
    folders: Folders,
}

impl Question {
    /// Reads the options, and names the folders.
    pub(super) fn of(about: &About<'_>) -> Result<Self, OpenError> {
        let given = about.option(&QUESTION);
        let found: Vec<&str> = about.values_of(QUESTIONS).collect();
        let refused =
            |known: String| OpenError::OptionValue { option: QUESTION.name.to_owned(), value: given.to_owned(), known };
        // Before the rows were looked at, nothing can be said of them.
        let is_known = about.values_of(LOOKED).next().is_some();
        match found[..] {
            [] if is_known => {
                return Err(refused(
                    "for labels that answer a radio question about the picture; these answer none".to_owned(),
                ));
            }
            [_, _, ..] if given.is_empty() => {
                return Err(refused(format!("one of the questions that labels answer: {}", quoted(&found))));
            }
            _ if is_known && !given.is_empty() && about.values_of(ANSWERS).next().is_none() => {
                return Err(refused(format!("one of the questions that labels answer: {}", quoted(&found))));
            }
            _ => {}
        }
        if about.values_of(ANSWERS).count() > CLASSES_LIMIT {
            return Err(refused(format!("a question with at most {CLASSES_LIMIT} different answers")));
        }
        let folders = Folders::of(about.values_of(ANSWERS), str::to_owned, folder_name);
        Ok(Self { wanted: given.to_owned(), names: ClassNames::of(about.option(&CLASS_NAMES)), folders })
    }

    /// Lists the classes, one a line.
    pub(super) fn to_file(&self) -> FileEntry {
        let names = self.folders.list().iter().map(|name| format!("{name}\n")).collect::<String>();
        FileEntry { path: "classes.txt".to_owned(), bytes: names.into_bytes() }
    }

    /// Lists sentences about folders that are not called as their classes.
    pub(super) fn renamed(&self) -> &[String] {
        self.folders.renamed()
    }

    /// Lists the questions that a label answers, and its answers to the one that is wanted, as values of the row.
    pub(super) fn values(&self, label: &LabelRecord<'_>, values: &mut Vec<String>) {
        values.push(format!("{LOOKED}:"));
        let Annotations::Stored(stored) = label.annotations else { return };
        for annotation in annotation::read(std::str::from_utf8(stored).unwrap_or("{}")).flatten() {
            let Some((question, _)) = asked(&annotation) else { continue };
            values.push(format!("{QUESTIONS}:{}", texts(&question.feature)[0]));
            values.extend(self.answer(&annotation).map(|answer| format!("{ANSWERS}:{answer}")));
        }
    }

    /// Returns the folder of a label, and settles what it says.
    pub(super) fn folder(
        &self,
        sheet: &Sheet<'_, '_>,
        label: &LabelRecord<'_>,
        entries: &mut Entries<'_>,
    ) -> Option<String> {
        let mut found: Option<String> = None;
        let id = sheet.id_of(label);
        for_each(label.annotations, entries, &mut |annotation, entries| {
            let fate = match self.answer(annotation) {
                None => Fate::left_out(ONE_ANSWER),
                Some(_) if found.is_some() => Fate::left_out(SECOND_ANSWER),
                Some(answer) => {
                    found = Some(self.folders.find(&answer).map_or_else(|| folder_name(&answer), str::to_owned));
                    Fate::KEPT
                }
            };
            // What an answer leads to has no place.
            let mut fates = std::iter::once(fate).chain(std::iter::repeat(Fate::left_out(NO_ANSWERS)));
            let target = (sheet.losses_stream, entries);
            settle_each(annotation, fate, &mut fates, &sheet.origin(&id), sheet.classes, target);
        });
        found
    }

    /// Returns the answer to the question, if an annotation is one.
    fn answer(&self, annotation: &Annotation<'_>) -> Option<String> {
        let (question, chosen) = asked(annotation)?;
        let feature = &question.feature;
        let id = feature.schema_id.as_ref().map(|id| id.get().into_owned()).unwrap_or_default();
        let is_it = self.wanted.is_empty() || texts(feature).contains(&self.wanted) || id == self.wanted;
        let [name, value] = texts(chosen);
        let text = match self.names {
            ClassNames::Value if !value.is_empty() => value,
            _ => name,
        };
        (is_it && !text.is_empty()).then_some(text)
    }
}

/// Returns a radio question about the whole picture, and the option that was chosen.
fn asked<'s, 'a>(annotation: &'s Annotation<'a>) -> Option<(&'s Classification<'a>, &'s Feature<'a>)> {
    let Body::Classification(question) = &annotation.body else { return None };
    let Some(Answer::Radio(choice)) = &question.answer else { return None };
    let is_of_whole = annotation.place.list != Holder::InnerList && annotation.place.frame.is_none();
    is_of_whole.then_some((question, &choice.feature))
}

/// Returns the name and the value of a feature.
fn texts(feature: &Feature<'_>) -> [String; 2] {
    [&feature.name, &feature.value].map(|text| text.as_ref().map(|text| text.get().into_owned()).unwrap_or_default())
}

/// Lists names, each in quotes.
fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
}

fn folder_name(class: &str) -> String {
    safe_name(class, |_| true)
}
