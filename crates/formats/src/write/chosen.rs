//! Which label of a row is written, for formats that hold one.

use super::FormatOption;
use super::stored::{members, parsed};
use labelport_model::json::Value;
use labelport_model::record::{LabelRecord, ProjectRecord};

/// The option.
pub(super) static LABELS: FormatOption = FormatOption {
    name: "labels",
    summary: "Which label of a row: the selected one, else the benchmark, else the one with the highest consensus score, \
              else the newest; or the newest; or the benchmark.",
    values: &["best", "latest", "benchmark"],
    form: None,
};

/// Why a label is not the one.
pub(super) const NOT_CHOSEN: &str = "another label of its row was chosen; see the option labels";

/// Which label of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chosen {
    Best,
    Latest,
    Benchmark,
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

impl Chosen {
    /// Reads a value of the option.
    pub(super) fn of(value: &str) -> Self {
        match value {
            "latest" => Self::Latest,
            "benchmark" => Self::Benchmark,
            _ => Self::Best,
        }
    }

    /// Returns the place of the label that is written; nothing where none is.
    pub(super) fn among(self, project: Option<&ProjectRecord<'_>>, labels: &[LabelRecord<'_>]) -> Option<usize> {
        if labels.len() == 1 && self != Self::Benchmark {
            return Some(0);
        }
        let details = parsed(project.and_then(|project| project.details).unwrap_or(b"{}"));
        let selected = details.root().get("selected_label_id").and_then(Value::as_text).unwrap_or_default();
        let merits = labels.iter().map(|label| Merit::of(label, &selected)).enumerate();
        let merits = merits.filter(|(_, merit)| self != Self::Benchmark || merit.is_benchmark);
        let weighed = merits.map(|(place, merit)| match self {
            Self::Best => (place, merit),
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
            is_benchmark: !id.is_empty()
                && text(performance.root(), "benchmark_reference_label").as_deref() == Some(&id),
            consensus: consensus.unwrap_or(-1.0),
            created: text(details.root(), "created_at").unwrap_or_default(),
            id,
        }
    }
}

/// Returns whether somebody skipped a label: then nothing is said of what is on the row.
pub(super) fn is_skipped(label: &LabelRecord<'_>) -> bool {
    let performance = parsed(label.performance.unwrap_or(b"{}"));
    performance.root().get("skipped").is_some_and(|skipped| skipped.raw() == "true")
}

/// Returns the id of a label; empty for one without.
pub(super) fn label_id(label: &LabelRecord<'_>) -> String {
    let head = members(label.head);
    head.root().get("id").and_then(Value::as_text).unwrap_or_default().into_owned()
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
