//! Answers as people read them: each question with what was answered, whatever ids the answers have.

use super::found::AnswerDiff;
use labelport_model::annotation::{Annotation, Answer, Body, Classification, Feature};
use std::collections::{BTreeMap, BTreeSet};

/// The answers of an annotation: by question, after the question and the option that lead to it. A question may be asked
/// more than once.
pub(super) type Answers = BTreeMap<String, Vec<String>>;

/// Lists the answers about an object, or that of a classification and those that it leads to.
pub(super) fn of(annotation: &Annotation<'_>) -> Answers {
    let mut answers = Answers::new();
    match &annotation.body {
        Body::Classification(classification) => add(classification, "", &mut answers),
        Body::Object(_) => annotation.answers().iter().for_each(|answer| add(answer, "", &mut answers)),
    }
    answers
}

/// Adds what differs between two lists of answers.
pub(super) fn compare(old: &Answers, new: &Answers, found: &mut BTreeSet<AnswerDiff>) {
    let questions: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for question in questions {
        let (before, after) = (old.get(question), new.get(question));
        if before != after {
            let joined = |answers: Option<&Vec<String>>| answers.map(|answers| answers.join("; "));
            let question = question.clone();
            found.insert(AnswerDiff { question, before: joined(before), after: joined(after) });
        }
    }
}

fn add(classification: &Classification<'_>, before: &str, answers: &mut Answers) {
    let question = name(&classification.feature);
    let path = if before.is_empty() { question } else { format!("{before} > {question}") };
    let answer = match &classification.answer {
        Some(Answer::Radio(choice)) => name(&choice.feature),
        Some(Answer::Checklist(choices)) => {
            let mut chosen: Vec<String> = choices.items.iter().map(|choice| name(&choice.feature)).collect();
            chosen.sort_unstable();
            chosen.join(", ")
        }
        Some(Answer::Text(words)) => words.content.as_ref().map(|text| text.get().into_owned()).unwrap_or_default(),
        None => String::new(),
    };
    answers.entry(path.clone()).or_default().push(answer);
    for (choice, list) in classification.nested_by_choice() {
        let path = choice.map_or(path.clone(), |choice| format!("{path} > {}", name(&choice.feature)));
        list.items.iter().for_each(|nested| add(nested, &path, answers));
    }
}

/// Returns what people call a feature.
pub(super) fn name(feature: &Feature<'_>) -> String {
    let texts = [&feature.name, &feature.value, &feature.schema_id];
    texts.into_iter().flatten().next().map(|text| text.get().into_owned()).unwrap_or_default()
}
