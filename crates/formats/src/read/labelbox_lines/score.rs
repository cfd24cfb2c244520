//! Confidence and metrics of a prediction's parts.
//!
//! Their position in an export is a guess, made only here: at the end of the object of the line, key frame or answer
//! that has them. Labels never have them, but invalid ones are an error for both.

use super::Purpose;
use super::error::{Fault, LineProblem};
use super::line::{find, find_list, get, get_number, get_text, number, object};
use labelport_model::annotation::{Metric, Number, Scores, Text};
use labelport_model::json::Value;

/// Returns the scores of a line, a key frame or an answer.
pub(super) fn read(value: Value<'_>, purpose: Purpose) -> Result<Scores<'static>, Fault> {
    let mut scores = Scores::default();
    if let Some(confidence) = find(value, "confidence") {
        if !(0.0..=1.0).contains(&number(confidence)?) {
            return Err(Fault::at(confidence, LineProblem::Confidence(confidence.raw().to_owned())));
        }
        scores.confidence = Number::spelled(confidence.raw().to_owned());
    }
    let mut metrics = Vec::new();
    for metric in find_list(value, "customMetrics")? {
        let name = get_text(object(metric)?, "name")?;
        get_number(metric, "value")?;
        let value = Number::spelled(get(metric, "value")?.raw().to_owned());
        metrics.push(Metric { name: Some(Text::new(&name)), value, ..Metric::default() });
    }
    if !metrics.is_empty() {
        scores.custom_metrics = Some(metrics);
    }
    Ok(if purpose == Purpose::Prediction { scores } else { Scores::default() })
}
