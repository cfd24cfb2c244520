//! Reviews of labels: a score that somebody gave one.
//!
//! The reviews of a label are stored where exports show them, in `label_details.reviews`, and nowhere else: an entry says
//! who and when, and next to that its id and score. Entries of an import may lack both. Then the id is the one that legacy
//! exports give it, made of the label and the position, and it is stored with the first change of the list, so that it
//! stays. Since such an id begins with that of its label, there is no look-up that could contradict the label. Ids that an
//! archive brings are others: their label is searched for.

use super::label::Label;
use super::performance::read_list;
use crate::edits::Edits;
use crate::workspace::Workspace;
use crate::workspace::access::Caller;
use labelport_model::json::{Document, Members, merge_members};
use labelport_model::problem::Problem;
use labelport_model::time::Timestamp;
use labelport_store::tables::{label_facts, labels};
use labelport_store::write::activity;
use serde_json::{Value, json};

/// A review.
#[derive(Debug, Clone, PartialEq)]
pub struct Review {
    /// The public id.
    pub id: String,
    /// The id of the label.
    pub label_id: String,
    /// The score: positive approves, negative rejects. A review of an import without one approves.
    pub score: f64,
    /// The e-mail address of the reviewer; none where an import does not say.
    pub created_by: Option<String>,
    /// When; none where an import does not say.
    pub created: Option<Timestamp>,
    /// When it was last changed.
    pub updated: Option<Timestamp>,
}

/// Reviews a label.
pub fn create(workspace: &Workspace, caller: &Caller, label_id: &str, score: f64) -> Result<Review, Problem> {
    let score = read_score(score)?;
    let (now, by, label) = (workspace.now(), caller.user.email.clone(), label_id.to_owned());
    edit(workspace, label_id, move |entries| {
        let number = |entry: &Value| entry["id"].as_str()?.rsplit_once('-')?.1.parse::<u64>().ok();
        let next = entries.iter().filter_map(number).max().map_or(0, |last| last.saturating_add(1));
        let entry = json!({
            "reviewed_at": now.to_string(), "reviewed_by": by, "id": format!("{label}-{next}"), "score": score,
        });
        entries.push(entry.clone());
        Ok(of_entry(&label, 0, &entry))
    })
}

/// Gives a review another score.
pub fn update(workspace: &Workspace, id: &str, score: f64) -> Result<Review, Problem> {
    let score = read_score(score)?;
    let (now, wanted) = (workspace.now(), id.to_owned());
    let label_id = label_of(workspace, id)?.id;
    edit(workspace, &label_id.clone(), move |entries| {
        let entry = entries.iter_mut().find(|entry| entry["id"] == wanted.as_str());
        let entry = entry.ok_or_else(|| unknown(&wanted))?;
        entry["score"] = score;
        entry["updated_at"] = json!(now.to_string());
        Ok(of_entry(&label_id, 0, entry))
    })
}

/// Deletes a review.
pub fn delete(workspace: &Workspace, id: &str) -> Result<(), Problem> {
    let wanted = id.to_owned();
    edit(workspace, &label_of(workspace, id)?.id, move |entries| {
        let before = entries.len();
        entries.retain(|entry| entry["id"] != wanted.as_str());
        if entries.len() == before { Err(unknown(&wanted)) } else { Ok(()) }
    })
}

/// Returns a review.
pub fn get(workspace: &Workspace, id: &str) -> Result<Review, Problem> {
    list(&label_of(workspace, id)?).into_iter().find(|review| review.id == id).ok_or_else(|| unknown(id))
}

/// Lists the reviews of a label in the order in which they were made.
pub fn list(label: &Label) -> Vec<Review> {
    let entries = read_list(label.details.as_deref().unwrap_or_default().as_bytes(), "reviews");
    entries.iter().enumerate().map(|(index, entry)| of_entry(&label.id, index, entry)).collect()
}

/// Changes the reviews of a label, and moves the activity of its row.
fn edit<T: Send + 'static>(
    workspace: &Workspace,
    label_id: &str,
    change: impl FnOnce(&mut Vec<Value>) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let (org_key, now, label_id) = (workspace.org_key(), workspace.now(), label_id.to_owned());
    workspace.write(move |connection| {
        let mut edits = Edits::begin(connection, org_key, now)?;
        let label = labels::find(edits.connection, org_key, &label_id)?;
        let mut label = label.ok_or_else(|| Problem::not_found("label", &label_id))?;
        let details = label.details.take().unwrap_or_else(|| "{}".to_owned());
        let mut entries = read_list(details.as_bytes(), "reviews");
        for (index, entry) in entries.iter_mut().enumerate() {
            if entry.is_object() && !entry["id"].is_string() {
                entry["id"] = json!(format!("{label_id}-{index}"));
            }
        }
        let outcome = change(&mut entries)?;
        let entries = Document::parse(Value::Array(entries).to_string().as_bytes()).map_err(Problem::internal)?;
        let mut reviews = Members::default();
        reviews.push_raw("reviews", entries.text());
        let members = merge_members(&details[1..details.len() - 1], reviews.as_str(), &[]);
        label.details = Some(format!("{{{members}}}"));
        label_facts::put(edits.connection, &label)?;
        activity::note(edits.connection, label.row_key, now)?;
        edits.touch(label.row_key)?;
        edits.finish()?;
        Ok(outcome)
    })
}

fn of_entry(label_id: &str, index: usize, entry: &Value) -> Review {
    let time = |key: &str| entry[key].as_str().and_then(Timestamp::parse_export);
    Review {
        id: entry["id"].as_str().map_or_else(|| format!("{label_id}-{index}"), str::to_owned),
        label_id: label_id.to_owned(),
        score: entry["score"].as_f64().unwrap_or(1.0),
        created_by: entry["reviewed_by"].as_str().map(str::to_owned),
        created: time("reviewed_at"),
        updated: time("updated_at").or(time("reviewed_at")),
    }
}

/// Returns the label that a review is of.
fn label_of(workspace: &Workspace, id: &str) -> Result<Label, Problem> {
    let org_key = workspace.org_key();
    let has_it = |label: &Label| list(label).iter().any(|review| review.id == id);
    let found = workspace.read(|connection| {
        if let Some((label_id, _)) = id.rsplit_once('-')
            && let Some(label) = labels::find(connection, org_key, label_id)?.filter(has_it)
        {
            return Ok(Some(label));
        }
        for label_id in label_facts::list_with_review(connection, org_key, id)? {
            if let Some(label) = labels::find(connection, org_key, &label_id)?.filter(has_it) {
                return Ok(Some(label));
            }
        }
        Ok(None)
    })?;
    found.ok_or_else(|| unknown(id))
}

fn unknown(id: &str) -> Problem {
    Problem::not_found("review", id)
}

/// Returns a score as it is stored: without a fraction where it has none, as legacy exports need it.
fn read_score(score: f64) -> Result<Value, Problem> {
    if !(-1e9..=1e9).contains(&score) {
        return Err(Problem::malformed(format!("the score is {score}; give a number, such as 1, 0 or -1")));
    }
    Ok(if score.fract() == 0.0 { json!(score as i64) } else { json!(score) })
}
