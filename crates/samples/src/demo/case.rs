//! What happened to a row in a project.
//!
//! Cases are a cycle over the rows of a file; the shortest file has six rows and sees the first six.

use super::super::passage::Step;

/// A row's story.
pub(super) struct Case {
    pub(super) steps: &'static [Step],
    pub(super) labels: Labels,
}

/// The labels that a story ends with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Labels {
    None,
    Plain,
    /// Plain, with a review.
    Reviewed,
    /// Two labels and how far they agree; the first was chosen.
    Consensus,
    /// A reference label and one that is measured by it.
    Benchmark,
    Skipped,
}

impl Case {
    /// Returns the story of the row at that place.
    pub(super) fn of(index: usize) -> &'static Case {
        &CASES[index % CASES.len()]
    }
}

use Step::{Approve, Enter, Finish, Reject, Reopen, Resubmit, Submit};

static CASES: &[Case] = &[
    Case { steps: &[Enter, Submit, Approve], labels: Labels::Reviewed },
    Case { steps: &[Enter, Submit, Finish], labels: Labels::Consensus },
    Case { steps: &[Enter], labels: Labels::None },
    Case { steps: &[Enter, Submit], labels: Labels::Benchmark },
    Case { steps: &[Enter, Submit, Reject], labels: Labels::Reviewed },
    Case { steps: &[Enter, Submit, Approve], labels: Labels::Skipped },
    Case { steps: &[Enter, Submit, Reject, Resubmit, Approve], labels: Labels::Reviewed },
    Case { steps: &[Enter, Submit], labels: Labels::Plain },
    Case { steps: &[Enter, Submit, Approve, Reopen], labels: Labels::Plain },
];
