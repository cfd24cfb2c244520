//! What the labels of a project say about the work in it: how they were reviewed, and what each person did.
//!
//! Both are counted when they are asked for, one label after the other in constant memory: nothing is kept that could
//! differ from the labels.

use crate::workspace::Workspace;
use labelport_model::problem::Problem;
use labelport_model::time::Timestamp;
use labelport_store::tables::label_facts;
use serde_json::Value;
use std::collections::BTreeMap;

/// How many labels have reviews whose scores add up to which sign.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReviewCounts {
    /// Labels without a review.
    pub without: i64,
    /// Labels that were rejected more than approved.
    pub negative: i64,
    /// Labels whose scores add up to nothing.
    pub zero: i64,
    /// Labels that were approved more than rejected.
    pub positive: i64,
}

/// What one person did in a project.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LabelerTotals {
    /// The e-mail address.
    pub email: String,
    /// How many labels.
    pub labels: i64,
    /// Seconds spent on them.
    pub seconds: f64,
    /// The mean of their consensus scores; none where no label has one.
    pub consensus: Option<f64>,
    /// The mean of their benchmark scores; none where no label has one.
    pub benchmark: Option<f64>,
    /// When a label of theirs was last changed.
    pub last_activity: Option<Timestamp>,
}

/// The sum of some values, for their mean.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    total: f64,
    count: u32,
}

impl Sum {
    fn add(&mut self, value: Option<f64>) {
        if let Some(value) = value {
            self.total += value;
            self.count += 1;
        }
    }

    fn mean(self) -> Option<f64> {
        (self.count > 0).then(|| self.total / f64::from(self.count))
    }
}

/// Counts the labels of a project by what reviews said of them.
pub fn count_reviews(workspace: &Workspace, project_key: i64) -> Result<ReviewCounts, Problem> {
    let mut counts = ReviewCounts::default();
    let finder = memchr::memmem::Finder::new("\"reviews\":[{");
    workspace.read(|connection| {
        Ok(label_facts::each(connection, project_key, &mut |facts| {
            // Most labels have none, and are not parsed.
            let has_some = finder.find(facts.details).is_some();
            let reviews = if has_some { read_list(facts.details, "reviews") } else { Vec::new() };
            // A review that says no score is of an export, in which only labels that still exist are: it approved.
            let score = |review: &Value| review["score"].as_f64().unwrap_or(1.0);
            let net: f64 = reviews.iter().map(score).sum();
            match (reviews.is_empty(), net) {
                (true, _) => counts.without += 1,
                (_, net) if net < 0.0 => counts.negative += 1,
                (_, net) if net > 0.0 => counts.positive += 1,
                _ => counts.zero += 1,
            }
        })?)
    })?;
    Ok(counts)
}

/// Adds up the labels of a project by who made them, in the order of the addresses.
pub fn list_labelers(workspace: &Workspace, project_key: i64) -> Result<Vec<LabelerTotals>, Problem> {
    let mut by_email: BTreeMap<String, (LabelerTotals, Sum, Sum)> = BTreeMap::new();
    workspace.read(|connection| {
        Ok(label_facts::each(connection, project_key, &mut |facts| {
            let details = read_object(facts.details);
            let performance = read_object(facts.performance);
            let Some(email) = details["created_by"].as_str() else { return };
            if !by_email.contains_key(email) {
                by_email.insert(email.to_owned(), Default::default());
            }
            if let Some((totals, consensus, benchmark)) = by_email.get_mut(email) {
                totals.labels += 1;
                totals.seconds += performance["seconds_to_create"].as_f64().unwrap_or(0.0);
                consensus.add(performance["consensus_score"].as_f64());
                benchmark.add(performance["benchmark_score"].as_f64());
                let time = |key: &str| details[key].as_str().and_then(Timestamp::parse_export);
                totals.last_activity = totals.last_activity.max(time("updated_at").or(time("created_at")));
            }
        })?)
    })?;
    let finish = |(email, (totals, consensus, benchmark)): (String, (LabelerTotals, Sum, Sum))| LabelerTotals {
        email,
        consensus: consensus.mean(),
        benchmark: benchmark.mean(),
        ..totals
    };
    Ok(by_email.into_iter().map(finish).collect())
}

/// Returns a list that is a member of a stored object; empty where there is none.
pub(super) fn read_list(stored: &[u8], key: &str) -> Vec<Value> {
    match read_object(stored)[key].take() {
        Value::Array(list) => list,
        _ => Vec::new(),
    }
}

/// Returns a stored object; null where there is none.
pub(super) fn read_object(stored: &[u8]) -> Value {
    serde_json::from_slice(stored).unwrap_or_default()
}
