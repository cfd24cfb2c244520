//! An issue that a reviewer raised about a label, which no row can tell.

use super::super::moment::{HOUR_MS, MINUTE_MS, Moment};
use super::{SUBJECTS, Subject, label, section};

/// An issue on one of the demo's labels, still open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoIssue {
    /// The project of the label.
    pub project_id: String,
    /// The label it is about.
    pub label_id: String,
    /// The row of the label.
    pub data_row_id: String,
    /// The name of its category.
    pub category: String,
    /// What is wrong.
    pub content: String,
    /// E-mail of who raised it.
    pub created_by: String,
    /// When, as rows print times.
    pub created_at: String,
    /// What was said about it, oldest first; the last one is the row's last activity.
    pub comments: Vec<DemoComment>,
}

/// A comment on an issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoComment {
    /// What was said.
    pub content: String,
    /// E-mail of who said it.
    pub created_by: String,
    /// When, as rows print times.
    pub created_at: String,
}

/// Returns the issue.
pub(super) fn issue() -> DemoIssue {
    let subject = SUBJECTS.iter().find(|subject| subject.name == DATA_TYPE);
    let subject = subject.expect("the issue is about a data type of the table");
    let plan = &subject.projects[0];
    let first = label::labels(subject, plan, ROW).into_iter().next();
    let comments = COMMENTS.iter().map(|(later_ms, content, by)| DemoComment {
        content: (*content).to_owned(),
        created_by: (*by).to_owned(),
        created_at: raised_at().plus(*later_ms).print(),
    });
    DemoIssue {
        project_id: section::project_id(plan),
        label_id: first.expect("the row of the issue has a label").id,
        data_row_id: label::row_id(subject, ROW),
        category: "geometry".to_owned(),
        content: "The box of the tank wagon cuts off its rear buffer.".to_owned(),
        created_by: "sunniva@example.test".to_owned(),
        created_at: raised_at().print(),
        comments: comments.collect(),
    }
}

/// Returns when the last comment on the row was made, if the issue is about it.
pub(super) fn last_comment_on(subject: &Subject, index: usize) -> Option<Moment> {
    let last_ms = COMMENTS.last().map_or(0, |(later_ms, _, _)| *later_ms);
    (subject.name == DATA_TYPE && index == ROW).then(|| raised_at().plus(last_ms))
}

const DATA_TYPE: &str = "image";

/// A row whose label was rejected.
const ROW: usize = 4;

static COMMENTS: &[(u64, &str, &str)] = &[
    (
        38 * MINUTE_MS,
        "Is the buffer part of the wagon? The guide says \u{201c}body only\u{201d}.",
        "ottilie@example.test",
    ),
    (3 * HOUR_MS, "It is since last week. Please redraw {rear buffer} too.", "sunniva@example.test"),
];

fn raised_at() -> Moment {
    label::labeled_at(ROW).plus(30 * HOUR_MS)
}
