//! Metrics of model runs: checked, and kept unchanged.

use super::error::{Fault, LineProblem};
use super::line::{find, find_text, get, list, number, one_of, whole};
use labelport_model::json::{Kind, Value};

/// The ways to put metrics together, and whether each takes a confusion matrix.
const AGGREGATIONS: &[(&str, bool)] = &[
    ("ARITHMETIC_MEAN", false),
    ("CONFUSION_MATRIX", true),
    ("GEOMETRIC_MEAN", false),
    ("HARMONIC_MEAN", false),
    ("SUM", false),
];
const AGGREGATION_NAMES: &str = "ARITHMETIC_MEAN, CONFUSION_MATRIX, GEOMETRIC_MEAN, HARMONIC_MEAN, SUM";
/// True and false positives, true and false negatives.
const MATRIX_LENGTH: usize = 4;

/// Fails unless the line is a metric: a number or four counts, or one of them for each of several confidences.
pub(super) fn check(line: Value<'_>) -> Result<(), Fault> {
    let value = get(line, "metricValue")?;
    let mut is_matrix = None;
    if value.kind() == Kind::Object {
        for (confidence, each) in value.members() {
            if !confidence.parse::<f64>().is_ok_and(|number| (0.0..=1.0).contains(&number)) {
                return Err(Fault::at(each, LineProblem::Confidence(confidence.chars().take(40).collect())));
            }
            let is_list = check_value(each)?;
            if is_matrix.is_some_and(|known| known != is_list) {
                return Err(Fault::at(each, LineProblem::MetricMismatch));
            }
            is_matrix = Some(is_list);
        }
        if is_matrix.is_none() {
            return Err(Fault::at(value, LineProblem::TooFew { found: 0, what: "confidences", least: 1 }));
        }
    } else {
        is_matrix = Some(check_value(value)?);
    }
    for key in ["metricName", "featureName", "subclassName"] {
        find_text(line, key)?;
    }
    if let Some(given) = find(line, "aggregation")
        && Some(one_of(given, AGGREGATIONS, AGGREGATION_NAMES)?) != is_matrix
    {
        return Err(Fault::at(given, LineProblem::MetricMismatch));
    }
    Ok(())
}

/// Checks a number or four counts; returns whether it is the latter.
fn check_value(value: Value<'_>) -> Result<bool, Fault> {
    if value.kind() != Kind::Array {
        number(value)?;
        return Ok(false);
    }
    let counts = list(value)?;
    if counts.len() != MATRIX_LENGTH {
        return Err(Fault::wrong_kind(value, "a list of four counts"));
    }
    for count in counts {
        whole(count)?;
    }
    Ok(true)
}
