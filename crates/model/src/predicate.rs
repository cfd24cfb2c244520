//! What a filter asks of a data row, in the closed form that backends translate.
//!
//! Filters and backends are two lists that both grow; they meet here and nowhere else. A predicate holds no
//! unparsed text: dates are instants, lists are sorted and without duplicates, names of kinds are known to exist.
//!
//! A condition about a fact that a row does not have is **false**, so its `Not` is true: a row without labels was not
//! labelled in March, and it is among the rows not labelled in March. There is no third truth value. An unknown id is
//! not an error; it matches no row.
//!
//! Texts are compared exactly, in upper and lower case as stored.
//!
//! # Adding a condition
//! One variant of [`Condition`]. The compiler then names every backend that has to implement it, so first check whether
//! the existing variants can express it.

use crate::time::{Span, Timestamp};
use crate::workflow::{Split, WorkflowStatus};
use std::ops::Bound;

/// A test of one data row.
#[derive(Debug, Clone, PartialEq)]
pub enum Predicate {
    /// Every part holds. True for no parts at all.
    All(Vec<Predicate>),
    /// At least one part holds. False for no parts at all.
    Any(Vec<Predicate>),
    /// The part does not hold.
    Not(Box<Predicate>),
    /// The condition holds.
    Test(Condition),
}

impl Predicate {
    /// Joins parts that must all hold. Nested lists of such parts are flattened; a single part stays as it is.
    pub fn all(parts: Vec<Self>) -> Self {
        let mut flat = Vec::with_capacity(parts.len());
        for part in parts {
            match part {
                Self::All(inner) => flat.extend(inner),
                part => flat.push(part),
            }
        }
        if flat.len() == 1 { flat.remove(0) } else { Self::All(flat) }
    }

    /// Joins parts of which at least one must hold. Nested lists of such parts are flattened; a single part stays as it
    /// is.
    pub fn any(parts: Vec<Self>) -> Self {
        let mut flat = Vec::with_capacity(parts.len());
        for part in parts {
            match part {
                Self::Any(inner) => flat.extend(inner),
                part => flat.push(part),
            }
        }
        if flat.len() == 1 { flat.remove(0) } else { Self::Any(flat) }
    }

    /// Negates a part.
    pub fn negate(part: Self) -> Self {
        match part {
            Self::Not(inner) => *inner,
            part => Self::Not(Box::new(part)),
        }
    }

    /// Returns whether every row passes, whatever it holds.
    pub fn is_always_true(&self) -> bool {
        matches!(self, Self::All(parts) if parts.is_empty())
    }
}

impl From<Condition> for Predicate {
    fn from(condition: Condition) -> Self {
        Self::Test(condition)
    }
}

/// One thing that is true or false of a data row. Lists are sorted, without duplicates, and mean "one of".
///
/// In a project export, conditions about batches, status and labels consider only that project; in any other export
/// they consider every project of the row.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// The public id is one of these.
    DataRowIds(Vec<String>),
    /// The global key is one of these.
    GlobalKeys(Vec<String>),
    /// The global key begins with this text.
    GlobalKeyPrefix(String),
    /// The external id begins with this text.
    ExternalIdPrefix(String),
    /// The row belongs to one of these datasets.
    Datasets(Vec<String>),
    /// The row is of one of these data types, by their names.
    DataTypes(Vec<String>),
    /// The row was sent to a project with one of these batches.
    Batches(Vec<String>),
    /// The row has this status in a workflow.
    Status(WorkflowStatus),
    /// The last activity on the row is in this range.
    Activity(Span),
    /// A label of the row was submitted in this range.
    LabelCreated(Span),
    /// The row was created in this range.
    Created(Span),
    /// The row was updated in this range.
    Updated(Span),
    /// A metadata field of the row compares.
    Metadata {
        /// The id or the name of the metadata schema.
        schema: String,
        /// What its value must be.
        compare: Compare,
    },
    /// The row has a label in one of these projects.
    LabeledIn(Vec<String>),
    /// A label of the row has an annotation of one of these features, each by schema id or by name.
    HasFeature(Vec<String>),
    /// The row is in one of these model runs.
    InModelRun {
        /// The runs.
        runs: Vec<String>,
        /// The split of the run that the row must be in; `None` for any.
        split: Option<Split>,
    },
}

/// What a metadata value must be. A value of another kind than the comparison is about compares false.
#[derive(Debug, Clone, PartialEq)]
pub enum Compare {
    /// There is a value, of any kind.
    Exists,
    /// A text that is one of these, or an enum option whose id or name is. Sorted, without duplicates.
    OneOf(Vec<String>),
    /// A text that begins with this.
    StartsWith(String),
    /// A text that contains this.
    Contains(String),
    /// A number in this range.
    Number(NumberRange),
    /// A datetime in this range.
    Time(Span),
}

impl Compare {
    /// Compares a text.
    pub fn accepts_text(&self, text: &str) -> bool {
        match self {
            Self::Exists => true,
            Self::OneOf(texts) => texts.binary_search_by(|known| known.as_str().cmp(text)).is_ok(),
            Self::StartsWith(prefix) => text.starts_with(prefix.as_str()),
            Self::Contains(part) => text.contains(part.as_str()),
            Self::Number(_) | Self::Time(_) => false,
        }
    }

    /// Compares a number.
    pub fn accepts_number(&self, number: f64) -> bool {
        match self {
            Self::Exists => true,
            Self::Number(range) => range.contains(number),
            _ => false,
        }
    }

    /// Compares a datetime.
    pub fn accepts_time(&self, time: Timestamp) -> bool {
        match self {
            Self::Exists => true,
            Self::Time(span) => span.contains(time),
            _ => false,
        }
    }
}

/// A range of numbers. The bounds are finite.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NumberRange {
    /// Where it starts.
    pub from: Bound<f64>,
    /// Where it ends.
    pub to: Bound<f64>,
}

impl NumberRange {
    /// Returns whether a number is in the range.
    pub fn contains(&self, number: f64) -> bool {
        let is_behind_start = match self.from {
            Bound::Included(from) => from <= number,
            Bound::Excluded(from) => from < number,
            Bound::Unbounded => true,
        };
        let is_before_end = match self.to {
            Bound::Included(to) => number <= to,
            Bound::Excluded(to) => number < to,
            Bound::Unbounded => true,
        };
        is_behind_start && is_before_end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(status: WorkflowStatus) -> Predicate {
        Condition::Status(status).into()
    }

    #[test]
    fn lists_are_flattened_but_keep_their_meaning() {
        let (done, rework) = (status(WorkflowStatus::Done), status(WorkflowStatus::InRework));
        let both = || vec![done.clone(), rework.clone()];
        assert_eq!(Predicate::all(vec![Predicate::all(both()), done.clone()]), {
            Predicate::All(vec![done.clone(), rework.clone(), done.clone()])
        });
        assert_eq!(Predicate::all(vec![done.clone(), Predicate::all(Vec::new())]), done);
        assert_eq!(Predicate::any(vec![Predicate::any(both())]), Predicate::Any(both()));
        assert_eq!(Predicate::all(vec![Predicate::any(both())]), Predicate::Any(both()));
        assert_eq!(Predicate::negate(Predicate::negate(done.clone())), done);
        assert!(Predicate::all(Vec::new()).is_always_true());
        assert!(!Predicate::any(Vec::new()).is_always_true());
    }

    #[test]
    fn values_of_another_kind_compare_false() {
        let above_two = Compare::Number(NumberRange { from: Bound::Excluded(2.0), to: Bound::Unbounded });
        assert!(above_two.accepts_number(2.5) && !above_two.accepts_number(2.0));
        assert!(!above_two.accepts_text("3") && !above_two.accepts_time(Timestamp::MAX));
        let one_of = Compare::OneOf(vec!["day".to_owned(), "night".to_owned()]);
        assert!(one_of.accepts_text("night") && !one_of.accepts_text("Night") && !one_of.accepts_number(1.0));
        assert!(Compare::Exists.accepts_text("") && Compare::Exists.accepts_number(0.0));
    }
}
