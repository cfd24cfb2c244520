//! Which labels of a row are written, for formats in which a picture has one set of annotations.
//!
//! One label is written, or each of them by itself; labels are never merged. Predictions of a model run can be written in
//! their place. Of a row in several projects or model runs, the first counts.

use super::split_by::{ByValue, SPLIT_BY};
use super::stored::{member_of, parsed, text, text_of};
use super::{About, FormatOption, OpenError, Options, Wanted};
use labelport_model::json::{Value, find_member};
use labelport_model::record::{LabelRecord, ProjectRecord, Record};

/// The option.
pub(super) static LABELS: FormatOption = FormatOption {
    name: "labels",
    summary: "Which label of a row: the selected one, else the benchmark, else the one with the highest consensus score, \
              else the newest; or the newest; or the benchmark; or each of them, with a picture of its own.",
    values: &["best", "latest", "benchmark", "all"],
    form: None,
};

/// The option.
pub(super) static PREDICTIONS: FormatOption = FormatOption {
    name: "predictions",
    summary: "Whether the predictions of the model run are written in place of labels: as labels, or with their confidence.",
    values: &["no", "labels", "scores"],
    form: None,
};

/// Why a label is not the one.
pub(super) const NOT_CHOSEN: &str = "another label of its row was chosen; see the option labels";

const SEVERAL_PROJECTS: &str = "its row is in several projects; export them one by one";
const SEVERAL_RUNS: &str = "its row is in several model runs; export them one by one";
const OF_A_RUN: &str = "it is of a model run, and the labels of the project are written";
const A_PREDICTION: &str = "it is a prediction; see the option predictions";
const NOT_A_PREDICTION: &str = "the predictions of a model run are written; see the option predictions";
const NO_ID: &str = "it has no id, after which its file would be named";

/// Which labels of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chosen {
    Best,
    Latest,
    Benchmark,
    All,
}

/// What is written of model runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Predictions {
    No,
    AsLabels,
    WithScores,
}

/// Chooses among the labels of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chooser {
    pub(super) chosen: Chosen,
    pub(super) predictions: Predictions,
}

/// A label of a row.
pub(super) struct Choice<'r> {
    pub(super) label: &'r LabelRecord<'r>,
    /// How it is written, or why it is not.
    pub(super) verdict: Result<Rank, &'static str>,
}

/// How a label is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rank {
    /// As the label of the row.
    First,
    /// As another label of the row.
    Further,
}

/// What speaks for a label; the greatest is chosen.
#[derive(Debug, Clone, PartialEq, PartialOrd)]
struct Merit {
    is_selected: bool,
    is_benchmark: bool,
    consensus: f64,
    created: String,
    id: String,
}

/// Returns which sections of rows the options of labels and parts read.
pub(super) fn wanted(options: &Options) -> Wanted {
    let metadata = options.get(SPLIT_BY.name).is_some_and(|value| ByValue::reads_metadata(value));
    let predictions = options.get(PREDICTIONS.name).is_some_and(|value| value != "no");
    Wanted { metadata, predictions, texts: false, scans: false }
}

impl Chooser {
    /// Reads the options.
    pub(super) fn of(about: &About<'_>) -> Result<Self, OpenError> {
        let predictions = match about.option(&PREDICTIONS) {
            "labels" => Predictions::AsLabels,
            "scores" => Predictions::WithScores,
            _ => Predictions::No,
        };
        let chosen = Chosen::of(about.option(&LABELS));
        if predictions != Predictions::No && chosen == Chosen::Benchmark {
            return Err(OpenError::OptionValue {
                option: LABELS.name.to_owned(),
                value: "benchmark".to_owned(),
                known: "best, latest or all where predictions are written: a prediction is never a benchmark"
                    .to_owned(),
            });
        }
        Ok(Self { chosen, predictions })
    }

    /// Fails where predictions are to be written with their confidence, for something that has no place for it.
    pub(super) fn refuse_scores(self, what: &str) -> Result<(), OpenError> {
        if self.predictions != Predictions::WithScores {
            return Ok(());
        }
        Err(OpenError::OptionValue {
            option: PREDICTIONS.name.to_owned(),
            value: "scores".to_owned(),
            known: format!("no or labels for {what}, which has no place for scores"),
        })
    }

    /// Lists all labels and predictions of a row, in its order, with what is to become of them.
    pub(super) fn choose<'r>(self, record: &Record<'r>) -> Vec<Choice<'r>> {
        let mut choices = Vec::new();
        let takes_labels = self.predictions == Predictions::No;
        let projects = record.projects.unwrap_or_default();
        let own = projects.iter().find(|project| takes_labels && !project.labels.is_empty());
        for project in projects {
            let is_own = own.is_some_and(|own| std::ptr::eq(own, project));
            let reason = match (takes_labels, is_own) {
                (true, true) => None,
                (true, false) => Some(SEVERAL_PROJECTS),
                (false, _) => Some(NOT_A_PREDICTION),
            };
            self.add(project.labels, Some(project), reason, &mut choices);
        }
        let mut has_predictions = false;
        let runs = record.models.into_iter().flatten().flat_map(|model| model.runs);
        for (index, run) in runs.enumerate() {
            let reason = match (takes_labels, own, index) {
                (false, _, _) => Some(NOT_A_PREDICTION),
                (true, Some(_), _) => Some(OF_A_RUN),
                (true, None, 0) => None,
                (true, None, _) => Some(SEVERAL_RUNS),
            };
            self.add(run.labels, None, reason, &mut choices);
            let predictions = run.predictions.unwrap_or_default();
            let reason = match (takes_labels, has_predictions) {
                (true, _) => Some(A_PREDICTION),
                (false, true) => Some(SEVERAL_RUNS),
                (false, false) => None,
            };
            has_predictions |= !predictions.is_empty();
            self.add(predictions, None, reason, &mut choices);
        }
        choices
    }

    /// Adds labels that belong together; all with a reason.
    fn add<'r>(
        self,
        labels: &'r [LabelRecord<'r>],
        project: Option<&ProjectRecord<'_>>,
        reason: Option<&'static str>,
        choices: &mut Vec<Choice<'r>>,
    ) {
        let first = if reason.is_none() { self.chosen.among(project, labels) } else { None };
        for (place, label) in labels.iter().enumerate() {
            let verdict = match reason {
                Some(reason) => Err(reason),
                None if first == Some(place) => Ok(Rank::First),
                None if self.chosen == Chosen::All && label_id(label).is_empty() => Err(NO_ID),
                None if self.chosen == Chosen::All => Ok(Rank::Further),
                None => Err(NOT_CHOSEN),
            };
            choices.push(Choice { label, verdict });
        }
    }
}

impl Chosen {
    /// Reads a value of the option.
    fn of(value: &str) -> Self {
        match value {
            "latest" => Self::Latest,
            "benchmark" => Self::Benchmark,
            "all" => Self::All,
            _ => Self::Best,
        }
    }

    /// Returns the place of the label that is the label of the row; nothing where none is.
    fn among(self, project: Option<&ProjectRecord<'_>>, labels: &[LabelRecord<'_>]) -> Option<usize> {
        if labels.len() == 1 && self != Self::Benchmark {
            return Some(0);
        }
        let details = parsed(project.and_then(|project| project.details).unwrap_or(b"{}"));
        let selected = details.root().get("selected_label_id").and_then(Value::as_text).unwrap_or_default();
        let merits = labels.iter().map(|label| Merit::of(label, &selected)).enumerate();
        let merits = merits.filter(|(_, merit)| self != Self::Benchmark || merit.is_benchmark);
        let weighed = merits.map(|(place, merit)| match self {
            Self::Best | Self::All => (place, merit),
            _ => (place, Merit { is_selected: false, is_benchmark: false, consensus: -1.0, ..merit }),
        });
        weighed
            .max_by(|(_, one), (_, other)| one.partial_cmp(other).unwrap_or(std::cmp::Ordering::Equal))
            .map(|(place, _)| place)
    }
}

impl Merit {
    fn of(label: &LabelRecord<'_>, selected: &str) -> Self {
        let text = |value: Value<'_>, key: &str| value.get(key).and_then(Value::as_text).map(|text| text.into_owned());
        let id = label_id(label);
        let details = parsed(label.details.unwrap_or(b"{}"));
        let performance = parsed(label.performance.unwrap_or(b"{}"));
        let consensus = performance.root().get("consensus_score").and_then(|score| score.raw().parse().ok());
        Self {
            is_selected: !id.is_empty() && id == selected,
            is_benchmark: is_benchmark(label),
            consensus: consensus.unwrap_or(-1.0),
            created: text(details.root(), "created_at").unwrap_or_default(),
            id,
        }
    }
}

/// Returns whether somebody skipped a label: then nothing is said of what is on the row.
pub(super) fn is_skipped(label: &LabelRecord<'_>) -> bool {
    member_of(label.performance, "skipped") == Some("true")
}

/// Returns whether a label is the benchmark of its row.
pub(super) fn is_benchmark(label: &LabelRecord<'_>) -> bool {
    let id = label_id(label);
    let reference = member_of(label.performance, "benchmark_reference_label");
    !id.is_empty() && reference.and_then(text_of).is_some_and(|reference| reference == id)
}

/// Returns the id of a label; empty for one without.
pub(super) fn label_id(label: &LabelRecord<'_>) -> String {
    find_member(text(label.head), "id").and_then(text_of).unwrap_or_default().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use labelport_model::record::Annotations;

    #[track_caller]
    fn check(chosen: Chosen, selected: &str, labels: &[(&str, &str, &str)], expect: Option<&str>) {
        let heads: Vec<String> = labels.iter().map(|(id, ..)| format!(r#""id":"{id}""#)).collect();
        let details: Vec<String> = labels.iter().map(|(_, at, _)| format!(r#"{{"created_at":"{at}"}}"#)).collect();
        let records: Vec<LabelRecord<'_>> = labels
            .iter()
            .zip(heads.iter().zip(&details))
            .map(|((.., performance), (head, details))| LabelRecord {
                head: head.as_bytes(),
                details: Some(details.as_bytes()),
                performance: Some(performance.as_bytes()),
                annotations: Annotations::Stored(b"{}"),
                rest: b"",
            })
            .collect();
        let of_project = format!(r#"{{"selected_label_id":"{selected}"}}"#);
        let details = Some(of_project.as_bytes());
        let project = ProjectRecord { id: "p", name: None, labels: &records, details, tags: None, rest: b"" };
        let found = chosen.among(Some(&project), &records);
        assert_eq!(found.map(|place| labels[place].0), expect, "{chosen:?}");
    }

    #[test]
    fn the_best_label_is_the_selected_then_the_benchmark_then_by_consensus_then_the_newest() {
        let benchmark = r#"{"benchmark_reference_label":"b"}"#;
        let scored = r#"{"consensus_score":0.9}"#;
        let labels = [("a", "2026-01-03", "{}"), ("b", "2026-01-01", benchmark), ("c", "2026-01-02", scored)];
        check(Chosen::Best, "a", &labels, Some("a"));
        check(Chosen::Best, "", &labels, Some("b"));
        check(Chosen::Best, "", &[labels[0], labels[2]], Some("c"));
        check(Chosen::Best, "", &[("x", "2026-01-01", "{}"), ("y", "2026-01-01", "{}")], Some("y"));
        check(Chosen::Latest, "b", &labels, Some("a"));
        check(Chosen::Benchmark, "a", &labels, Some("b"));
        check(Chosen::Benchmark, "a", &labels[..1], None);
        check(Chosen::Best, "a", &[], None);
    }
}
