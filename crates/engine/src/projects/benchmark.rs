//! Benchmarks: labels that others of their row are compared with.
//!
//! A benchmark names itself in its `performance_details`, as exports show it, and that alone makes it one, imported or not.
//! An item next to it keeps who made it one, and when. Nothing here computes agreement; scores are what imports say.

use super::label::{self, Label};
use super::performance::read_object;
use super::project::Project;
use crate::edits::Edits;
use crate::items::{self, Body, Item, ItemKind, Naming};
use crate::workspace::Workspace;
use crate::workspace::access::Caller;
use labelport_model::json::{Document, Members, merge_members};
use labelport_model::problem::Problem;
use labelport_model::time::Timestamp;
use labelport_store::tables::{label_facts, labels};
use labelport_store::write::activity;
use serde::{Deserialize, Serialize};

const MEMBER: &str = "benchmark_reference_label";
/// The members of `performance_details` that come before those which only some labels have.
const FIRST: &[&str] = &["seconds_to_create", "seconds_to_review", "skipped", MEMBER];

/// An item of this kind says no more than who and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Made {}

impl Body for Made {
    const KIND: ItemKind = ItemKind::Benchmark;
    const WORD: &'static str = "benchmark";
}

/// A benchmark.
#[derive(Debug, Clone, PartialEq)]
pub struct Benchmark {
    /// The public id.
    pub id: String,
    /// The label.
    pub label: Label,
    /// The e-mail address of who made it one; none for a benchmark of an import.
    pub created_by: Option<String>,
    /// When it became one; none for a benchmark of an import.
    pub created: Option<Timestamp>,
    /// How many other labels its row has in the project.
    pub completed: usize,
    /// The mean of their benchmark scores; none where none has one.
    pub agreement: Option<f64>,
    /// When the last of them was made.
    pub last_activity: Option<Timestamp>,
}

/// Returns whether a label is a benchmark.
pub fn is_benchmark(label: &Label) -> bool {
    let performance = read_object(label.performance.as_deref().unwrap_or_default().as_bytes());
    performance[MEMBER] == label.id.as_str()
}

/// Makes a label the benchmark of its row in its project, which must have no other one. Again, it changes nothing.
pub fn create(workspace: &Workspace, caller: &Caller, label_id: &str) -> Result<Benchmark, Problem> {
    let id = workspace.chance().cuid();
    let made = Item::new(workspace, caller, Naming { id: &id, parent: label_id, name: "" }, Made {});
    let (org_key, now, label_id) = (workspace.org_key(), workspace.now(), label_id.to_owned());
    let label = workspace.write(move |connection| {
        let mut edits = Edits::begin(connection, org_key, now)?;
        let label = labels::find(edits.connection, org_key, &label_id)?;
        let mut label = label.ok_or_else(|| Problem::not_found("label", &label_id))?;
        if is_benchmark(&label) {
            return Ok(label);
        }
        let others = labels::list_of_row(edits.connection, org_key, label.row_key)?;
        let other = others.iter().find(|other| other.project_key == label.project_key && is_benchmark(other));
        if let Some(other) = other {
            let message =
                format!("label {} is the benchmark of this data row already; delete that benchmark", other.id);
            return Err(Problem::conflict(message));
        }
        let stored = label.performance.take().unwrap_or_else(|| "{}".to_owned());
        let mut member = Members::default();
        member.push_text(MEMBER, &label.id);
        let members = merge_members(&stored[1..stored.len() - 1], member.as_str(), FIRST);
        label.performance = Some(format!("{{{members}}}"));
        put(&mut edits, &label, now)?;
        edits.finish()?;
        made.create(connection, org_key)?;
        Ok(label)
    })?;
    describe(workspace, label)
}

/// Makes a benchmark a label like others; returns its id as a benchmark.
pub fn delete(workspace: &Workspace, label_id: &str) -> Result<String, Problem> {
    let (org_key, now, label_id) = (workspace.org_key(), workspace.now(), label_id.to_owned());
    workspace.write(move |connection| {
        let mut edits = Edits::begin(connection, org_key, now)?;
        let label = labels::find(edits.connection, org_key, &label_id)?.filter(is_benchmark);
        let mut label = label.ok_or_else(|| Problem::not_found("benchmark on a label", &label_id))?;
        let stored = label.performance.take().unwrap_or_default();
        let document = Document::parse(stored.as_bytes()).map_err(Problem::internal)?;
        let mut members = Members::default();
        for (key, value) in document.root().members().filter(|(key, _)| *key != MEMBER) {
            members.push_raw(key, value.raw());
        }
        label.performance = Some(format!("{{{}}}", members.as_str()));
        put(&mut edits, &label, now)?;
        edits.finish()?;
        let made: Vec<Item<Made>> = items::list_of(connection, org_key, &label.id)?;
        for made in &made {
            items::delete::<Made>(connection, org_key, &made.id)?;
        }
        Ok(made.into_iter().next().map_or(label.id, |made| made.id))
    })
}

/// Returns a benchmark.
pub fn get(workspace: &Workspace, id: &str) -> Result<Benchmark, Problem> {
    let org_key = workspace.org_key();
    let made: Option<Item<Made>> = workspace.read(|connection| items::find(connection, org_key, id))?;
    // One of an import goes by the id of its label.
    let label_id = made.map_or_else(|| id.to_owned(), |made| made.parent);
    let label = workspace.read(|connection| Ok(labels::find(connection, org_key, &label_id)?))?;
    let label = label.filter(is_benchmark).ok_or_else(|| Problem::not_found("benchmark", id))?;
    describe(workspace, label)
}

/// Lists the benchmarks of a project in the order of their rows.
pub fn list(workspace: &Workspace, project: &Project) -> Result<Vec<Benchmark>, Problem> {
    let found = workspace.read(|connection| Ok(label_facts::list_benchmarks(connection, project.key)?))?;
    found.into_iter().filter(is_benchmark).map(|label| describe(workspace, label)).collect()
}

fn put(edits: &mut Edits<'_>, label: &Label, now: Timestamp) -> Result<(), Problem> {
    label_facts::put(edits.connection, label)?;
    activity::note(edits.connection, label.row_key, now)?;
    Ok(edits.touch(label.row_key)?)
}

fn describe(workspace: &Workspace, label: Label) -> Result<Benchmark, Problem> {
    let org_key = workspace.org_key();
    let made: Vec<Item<Made>> = workspace.read(|connection| items::list_of(connection, org_key, &label.id))?;
    let made = made.into_iter().next();
    let others = label::list_of_row(workspace, label.row_key)?.into_iter();
    let others: Vec<Label> =
        others.filter(|other| other.project_key == label.project_key && other.id != label.id).collect();
    let read = |text: &Option<String>| read_object(text.as_deref().unwrap_or_default().as_bytes());
    let scores: Vec<f64> = others
        .iter()
        .map(|other| read(&other.performance))
        .filter(|performance| performance[MEMBER] == label.id.as_str())
        .filter_map(|performance| performance["benchmark_score"].as_f64())
        .collect();
    let created = |label: &Label| read(&label.details)["created_at"].as_str().and_then(Timestamp::parse_export);
    Ok(Benchmark {
        id: made.as_ref().map_or_else(|| label.id.clone(), |made| made.id.clone()),
        created_by: made.as_ref().map(|made| made.created_by.clone()),
        created: made.map(|made| made.created).or_else(|| created(&label)),
        completed: others.len(),
        agreement: (!scores.is_empty()).then(|| scores.iter().sum::<f64>() / scores.len() as f64),
        last_activity: others.iter().filter_map(created).max(),
        label,
    })
}
