//! The passage of a row through the workflow of a project, as in `project_details`.
//!
//! The history is the truth and the state follows from it: the last step decides the status and the task. Times only
//! grow; the history is printed newest first.

use serde_json::{Map, Value, json};

use crate::chance::uuid_of;
use crate::moment::{HOUR_MS, MINUTE_MS, Moment};

/// One move in a workflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Into the labelling task.
    Enter,
    /// A label was submitted: on to review.
    Submit,
    Reject,
    /// Reworked: back to review.
    Resubmit,
    Approve,
    /// Moved to done by hand.
    Finish,
    /// Moved by hand from done to review.
    Reopen,
}

/// A row's stay in a project.
pub(super) struct Passage<'a> {
    /// Name from which the project's tasks, ontology and batch get their ids.
    pub(super) project: &'a str,
    pub(super) batch: &'a str,
    pub(super) steps: &'a [Step],
    pub(super) start: Moment,
    pub(super) labeler: &'a str,
    pub(super) reviewer: &'a str,
    pub(super) priority: u64,
    pub(super) selected_label_id: Option<&'a str>,
    pub(super) expected_labels: u64,
}

impl Passage<'_> {
    /// Returns the `project_details`.
    pub(super) fn print(&self) -> Value {
        let mut details = Map::new();
        details.insert("ontology_id".into(), crate::chance::cuid_of(&format!("{}/ontology", self.project)).into());
        let (status, task) = self.standing();
        if let Some(task) = task {
            details.insert("task_id".into(), self.task_id(task).into());
        }
        details.insert("task_name".into(), task.unwrap_or("Done").into());
        details.insert("batch_id".into(), uuid_of(&format!("{}/batch/{}", self.project, self.batch)).into());
        details.insert("batch_name".into(), self.batch.into());
        details.insert("workflow_status".into(), status.into());
        details.insert("priority".into(), self.priority.into());
        if let Some(label) = self.selected_label_id {
            details.insert("selected_label_id".into(), label.into());
        }
        details.insert("consensus_expected_label_count".into(), self.expected_labels.into());
        let mut history: Vec<Value> =
            self.steps.iter().enumerate().map(|(index, step)| self.print_step(*step, self.moment_of(index))).collect();
        history.reverse();
        details.insert("workflow_history".into(), history.into());
        details.into()
    }

    /// Returns when the last step was taken.
    pub(super) fn last_moment(&self) -> Moment {
        self.moment_of(self.steps.len().saturating_sub(1))
    }

    fn moment_of(&self, index: usize) -> Moment {
        // The first two steps are written together, when the label is submitted.
        match index {
            0 => self.start,
            1 => self.start.plus(13),
            later => self.start.plus(later as u64 * (2 * HOUR_MS + 7 * MINUTE_MS + 41)),
        }
    }

    fn standing(&self) -> (&'static str, Option<&'static str>) {
        match self.steps.last() {
            None | Some(Step::Enter) => ("TO_LABEL", Some(LABELING)),
            Some(Step::Submit | Step::Resubmit | Step::Reopen) => ("IN_REVIEW", Some(REVIEW)),
            Some(Step::Reject) => ("IN_REWORK", Some(REWORK)),
            Some(Step::Approve | Step::Finish) => ("DONE", None),
        }
    }

    fn print_step(&self, step: Step, moment: Moment) -> Value {
        let (action, by, previous, next) = match step {
            Step::Enter => ("Move", self.labeler, None, Some(LABELING)),
            Step::Submit => ("Move", self.labeler, Some(LABELING), Some(REVIEW)),
            Step::Reject => ("Reject", self.reviewer, Some(REVIEW), Some(REWORK)),
            Step::Resubmit => ("Move", self.labeler, Some(REWORK), Some(REVIEW)),
            Step::Approve => ("Approve", self.reviewer, Some(REVIEW), None),
            Step::Finish => ("Move", self.reviewer, Some(REVIEW), None),
            Step::Reopen => ("Move", self.reviewer, None, Some(REVIEW)),
        };
        let mut entry = json!({"action": action, "created_at": moment.print(), "created_by": by});
        if let Some(task) = previous {
            entry["previous_task_name"] = task.into();
            entry["previous_task_id"] = self.task_id(task).into();
        }
        if let Some(task) = next {
            entry["next_task_name"] = task.into();
            entry["next_task_id"] = self.task_id(task).into();
        }
        entry
    }

    fn task_id(&self, task: &str) -> String {
        uuid_of(&format!("{}/task/{task}", self.project))
    }
}

const LABELING: &str = "Initial labeling task";
const REVIEW: &str = "Initial review task";
const REWORK: &str = "Rework (all rejected)";
