//! Labels that join those of a list, where other labels would replace it.
//!
//! A record about one label says nothing about the other labels of its row. What the list becomes does not depend on the
//! order in which the records come: labels are in the order in which they were created.

use super::merge_ordered;
use crate::engine::StoreError;
use labelport_model::id::LabelId;
use labelport_model::json::{Document, Members};
use labelport_model::row::{Join, Label, legacy};
use labelport_model::time::Timestamp;

/// A label as stored, and as it will be.
#[derive(PartialEq, Eq)]
pub(super) struct StoredLabel {
    pub(super) id: String,
    pub(super) head: String,
    pub(super) details: Option<String>,
    pub(super) performance: Option<String>,
    pub(super) rest: Option<String>,
    pub(super) annotations: String,
    pub(super) created_ms: Option<i64>,
}

impl StoredLabel {
    /// Returns the label that a line gives, with what the line does not say taken from the one stored.
    pub(super) fn of(label: &Label, stored: &[Self], join: Join) -> Self {
        let stored = stored.iter().find(|stored| stored.id == label.id.as_str());
        let known = stored.and_then(|stored| stored.rest.as_deref()).unwrap_or("");
        let given = label.rest.as_deref().unwrap_or("");
        let rest = match join {
            Join::Replace => merge_ordered(known, given, &["z_order"]),
            // What an earlier import of the same record kept is what this one keeps, or nothing.
            Join::Add => merge_ordered(&without_kept(known), given, &["z_order"]),
        };
        let created_ms = label.created.map(|time| time.as_millis());
        Self {
            id: label.id.to_string(),
            head: label.head.clone(),
            details: label.details.clone().or_else(|| stored?.details.clone()),
            performance: label.performance.clone().or_else(|| stored?.performance.clone()),
            rest: Some(rest).filter(|rest| !rest.is_empty()),
            annotations: label.annotations.clone(),
            created_ms: if label.details.is_some() { created_ms } else { stored.and_then(|stored| stored.created_ms) },
        }
    }
}

/// Returns the stored labels that stay as they are next to the given ones; none where the list is replaced.
pub(super) fn kept(join: Join, stored: &[StoredLabel], given: &[Label]) -> Result<Vec<Label>, StoreError> {
    if join == Join::Replace {
        return Ok(Vec::new());
    }
    let is_kept = |stored: &&StoredLabel| {
        let label = given.iter().find(|label| label.id.as_str() == stored.id);
        label.is_none_or(|label| says_more(stored, label))
    };
    stored.iter().filter(is_kept).map(read).collect()
}

/// Returns whether a stored label stays although a record gives it again.
fn says_more(stored: &StoredLabel, given: &Label) -> bool {
    // What was read from a file before is not forgotten because the file is not at hand.
    if given.is_elsewhere && given.annotations != stored.annotations {
        return true;
    }
    let [known, new] = [&stored.details, &given.details].map(|details| updated(details.as_deref()));
    let key = format!("\"{}\":", legacy::KEY);
    let [is_known_old, is_new_old] =
        [&stored.rest, &given.rest].map(|rest| rest.as_ref().is_some_and(|rest| rest.contains(&key)));
    // Of two versions the later one counts, whichever file comes first. If they are one version, a row of today's form
    // says more about it than a record, which has something that today's form has no key for.
    known > new || (known == new && known.is_some() && is_new_old && !is_known_old)
}

/// Returns when a label was changed last, given its details.
fn updated(details: Option<&str>) -> Option<Timestamp> {
    let document = Document::parse(details?.as_bytes()).ok()?;
    Timestamp::parse_export(&document.root().get("updated_at")?.as_text()?)
}

/// Returns the labels that a list will have, in its order, of those that are kept and those that are given.
///
/// Known labels stay in their places. A new one comes after those that were created before it.
pub(super) fn in_order<'l>(
    stored: &[StoredLabel],
    kept: &'l [Label],
    given: &'l [Label],
    join: Join,
) -> Vec<&'l Label> {
    if join == Join::Replace {
        return given.iter().collect();
    }
    let all = || kept.iter().chain(given);
    let find = |stored: &StoredLabel| all().find(|label| label.id.as_str() == stored.id);
    let mut list: Vec<&Label> = stored.iter().filter_map(find).collect();
    for label in given {
        if list.iter().any(|known| known.id == label.id) {
            continue;
        }
        let is_before = |known: &&Label| (known.created, &known.id) <= (label.created, &label.id);
        let place = list.iter().rposition(is_before).map_or(0, |last| last + 1);
        list.insert(place, label);
    }
    list
}

/// Returns members without those that a record of the legacy format has left.
fn without_kept(rest: &str) -> String {
    let Ok(document) = Document::parse(format!("{{{rest}}}").as_bytes()) else { return rest.to_owned() };
    let mut members = Members::default();
    for (key, value) in document.root().members().filter(|(key, _)| *key != legacy::KEY) {
        members.push_raw(key, value.raw());
    }
    members.into_string()
}

fn read(stored: &StoredLabel) -> Result<Label, StoreError> {
    let damaged = |error: &dyn std::fmt::Display| StoreError::Damaged(format!("label {}: {error}", stored.id));
    let document = Document::parse(stored.annotations.as_bytes()).map_err(|error| damaged(&error))?;
    let id = LabelId::parse(&stored.id).map_err(|error| damaged(&error))?;
    let label = Label::stored(id, stored.head.clone(), document.root()).map_err(|error| damaged(&error))?;
    Ok(Label {
        details: stored.details.clone(),
        performance: stored.performance.clone(),
        rest: stored.rest.clone(),
        created: stored.created_ms.map(Timestamp::from_millis),
        // It was reported when it came.
        has_filled_frames: false,
        ..label
    })
}
