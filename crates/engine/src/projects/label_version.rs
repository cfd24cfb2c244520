//! Versions of labels: what is known of how a label came to be what it is.
//!
//! The store keeps a label as it is now, and nobody edits labels in place: what a reviewer saw is what is stored. So a label
//! has a version for its submission, and one for each review that approved or rejected it. The list goes label by label, in
//! the order in which they were created, and is paged by the position among them.

use super::label::{self, Label, ListLabels};
use super::performance::read_object;
use super::{project, review};
use crate::workspace::Workspace;
use labelport_model::problem::{Problem, ProblemKind};
use labelport_model::time::Timestamp;
use labelport_store::tables::{data_rows, labels, projects};
use serde_json::Value;
use std::collections::BTreeSet;

/// How many labels are looked at together.
const PORTION: usize = 100;

/// What made a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Somebody submitted the label.
    Submitted,
    /// A reviewer approved it.
    Approved,
    /// A reviewer rejected it.
    Rejected,
}

impl Action {
    /// Returns the word of the SDK.
    pub fn word(self) -> &'static str {
        match self {
            Self::Submitted => "SUBMITTED",
            Self::Approved => "APPROVED",
            Self::Rejected => "REJECTED",
        }
    }
}

/// A version of a label.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelVersion {
    /// The public id: that of the label, or of the review.
    pub id: String,
    /// What made it.
    pub action: Action,
    /// The label, as it was.
    pub label: Label,
    /// The id of its data row.
    pub row_id: String,
    /// The id of its project.
    pub project_id: String,
    /// The e-mail address of who submitted or reviewed it; empty where an import does not say.
    pub created_by: String,
    /// When.
    pub created: Timestamp,
    /// Where its row is in the workflow: the id and the name of the task; none for one that is done.
    pub stage: Option<(String, String)>,
    /// How many annotations it has.
    pub annotations: usize,
}

/// Which versions; none for any.
#[derive(Debug, Clone, Copy)]
pub struct ListVersions<'a> {
    /// The project.
    pub project_id: &'a str,
    /// Of this label.
    pub label_id: Option<&'a str>,
    /// Of the labels of this data row.
    pub row_id: Option<&'a str>,
    /// Submitted or reviewed by the user with this e-mail address.
    pub created_by: Option<&'a str>,
    /// At this time or later.
    pub after: Option<Timestamp>,
    /// Before this time.
    pub before: Option<Timestamp>,
}

/// A page of versions.
#[derive(Debug, Clone, PartialEq)]
pub struct VersionPage {
    /// The versions.
    pub versions: Vec<LabelVersion>,
    /// Where the next page begins; none at the end.
    pub next: Option<usize>,
}

/// Returns a version.
pub fn get(workspace: &Workspace, id: &str) -> Result<LabelVersion, Problem> {
    let unknown = || Problem::not_found("label version", id);
    let label = match label::get(workspace, id) {
        Err(problem) if problem.kind == ProblemKind::NotFound => {
            label::get(workspace, &review::get(workspace, id).map_err(|_| unknown())?.label_id)?
        }
        found => found?,
    };
    describe(workspace, label)?.into_iter().find(|version| version.id == id).ok_or_else(unknown)
}

/// Lists versions of the labels of a project. A page holds all versions of its labels, and so may have more than `limit`.
pub fn list(
    workspace: &Workspace,
    which: &ListVersions<'_>,
    from: usize,
    limit: usize,
) -> Result<VersionPage, Problem> {
    let mut page = VersionPage { versions: Vec::new(), next: None };
    if let Some(id) = which.label_id {
        let project = project::get(workspace, which.project_id)?;
        let org_key = workspace.org_key();
        let found = workspace.read(|connection| Ok(labels::find(connection, org_key, id)?))?;
        if let Some(label) = found.filter(|label| label.project_key == project.key && from == 0) {
            page.versions = describe(workspace, label)?;
            page.versions.retain(|version| holds(which, version));
        }
        return Ok(page);
    }
    let mut skip = from;
    loop {
        let portion = ListLabels { skip, limit: PORTION, ..ListLabels::default() };
        let labels = label::list(workspace, which.project_id, &portion)?;
        let is_last = labels.len() < PORTION;
        for label in labels {
            if page.versions.len() >= limit {
                page.next = Some(skip);
                return Ok(page);
            }
            skip += 1;
            page.versions.extend(describe(workspace, label)?.into_iter().filter(|version| holds(which, version)));
        }
        if is_last {
            return Ok(page);
        }
    }
}

fn holds(which: &ListVersions<'_>, version: &LabelVersion) -> bool {
    which.row_id.is_none_or(|id| version.row_id == id)
        && which.created_by.is_none_or(|email| version.created_by == email)
        && which.after.is_none_or(|time| version.created >= time)
        && which.before.is_none_or(|time| version.created < time)
}

/// Returns the versions of a label, oldest first.
fn describe(workspace: &Workspace, label: Label) -> Result<Vec<LabelVersion>, Problem> {
    let org_key = workspace.org_key();
    let (row, project, standing) = workspace.read(|connection| {
        Ok((
            data_rows::find_by_key(connection, org_key, label.row_key)?,
            projects::find_by_key(connection, org_key, label.project_key)?,
            projects::find_row(connection, label.project_key, label.row_key)?,
        ))
    })?;
    let read = |text: Option<&str>| read_object(text.unwrap_or_default().as_bytes());
    let details = read(label.details.as_deref());
    let standing = read(standing.and_then(|row| row.details).as_deref());
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let submitted = LabelVersion {
        id: label.id.clone(),
        action: Action::Submitted,
        row_id: row.map(|row| row.id).unwrap_or_default(),
        project_id: project.map(|project| project.id).unwrap_or_default(),
        created_by: text(&details["created_by"]),
        created: details["created_at"].as_str().and_then(Timestamp::parse_export).unwrap_or(Timestamp::from_millis(0)),
        stage: standing["task_id"].as_str().map(|id| (id.to_owned(), text(&standing["task_name"]))),
        annotations: count(&read(Some(&label.annotations))),
        label,
    };
    let reviewed = review::list(&submitted.label).into_iter().filter(|review| review.score != 0.0);
    let reviewed = reviewed.map(|review| LabelVersion {
        id: review.id,
        action: if review.score > 0.0 { Action::Approved } else { Action::Rejected },
        created_by: review.created_by.unwrap_or_default(),
        created: review.updated.unwrap_or(submitted.created),
        ..submitted.clone()
    });
    let mut versions: Vec<LabelVersion> = reviewed.collect();
    versions.insert(0, submitted);
    versions.sort_by_key(|version| version.created);
    Ok(versions)
}

/// Counts annotations as people do: each object once, in however many frames it is, and each question at the top.
fn count(annotations: &Value) -> usize {
    let mut ids = BTreeSet::new();
    let mut direct = 0;
    gather(annotations, &mut ids, &mut direct);
    direct + ids.len()
}

fn gather<'a>(part: &'a Value, ids: &mut BTreeSet<&'a str>, direct: &mut usize) {
    for key in ["objects", "classifications"] {
        match &part[key] {
            Value::Array(list) => {
                for annotation in list {
                    match annotation["feature_id"].as_str() {
                        Some(id) => drop(ids.insert(id)),
                        None => *direct += 1,
                    }
                }
            }
            // The objects of a frame, by id.
            Value::Object(members) => ids.extend(members.keys().map(String::as_str)),
            _ => {}
        }
    }
    for key in ["frames", "groups", "timestamp"] {
        for inner in part[key].as_object().into_iter().flat_map(|members| members.values()) {
            gather(inner, ids, direct);
        }
    }
}
