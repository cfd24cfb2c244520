//! Confidence and metrics of a prediction's parts.
//!
//! Where an export shows them is a guess, and this is its one place: at the end of the object whose line, key frame or
//! answer brought them. Labels never show them; what is wrong with them is an error for both.

use super::Purpose;
use super::error::{Fault, Problem};
use super::line::{find, find_list, get_number, get_text, number, object, quoted};
use labelport_model::json::{Members, Value};

/// Returns the members that a line, a key frame or an answer adds at the end of its object.
pub(super) fn read(value: Value<'_>, purpose: Purpose) -> Result<String, Fault> {
    let mut members = Members::default();
    if let Some(confidence) = find(value, "confidence") {
        if !(0.0..=1.0).contains(&number(confidence)?) {
            return Err(Fault::at(confidence, Problem::Confidence(confidence.raw().to_owned())));
        }
        members.push_raw("confidence", confidence.raw());
    }
    let mut metrics = Vec::new();
    for metric in find_list(value, "customMetrics")? {
        let name = get_text(object(metric)?, "name")?;
        get_number(metric, "value")?;
        let value = find(metric, "value").map_or("null", Value::raw);
        metrics.push(format!("{{\"name\":{},\"value\":{value}}}", quoted(&name)));
    }
    if !metrics.is_empty() {
        members.push_raw("custom_metrics", &format!("[{}]", metrics.join(",")));
    }
    Ok(if purpose == Purpose::Prediction { members.into_string() } else { String::new() })
}
