//! What was found: differences of a row, and sums of them.
//!
//! The forms for programs are made here too. Sums hold for each class: what the second side has is what the first one has,
//! without what was removed, with what was added; so an annotation that got another class is removed from one and added to
//! the other.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What happened to a row, a label or an annotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// It is only in the second side.
    Added,
    /// It is only in the first side.
    Removed,
    /// It is in both and differs.
    Changed,
}

impl Change {
    /// Returns the word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
        }
    }
}

/// A row that differs.
#[derive(Debug, Clone, PartialEq)]
pub struct RowDiff {
    /// What happened.
    pub change: Change,
    /// The id of the data row.
    pub id: String,
    /// Its global key: that of the second side, if it is there.
    pub global_key: Option<String>,
    /// What else of the row differs than labels.
    pub members: Vec<Member>,
    /// Labels and predictions that differ; of a row that was added or removed, all.
    pub labels: Vec<LabelDiff>,
}

/// A member of a row that differs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Member {
    /// The keys that lead to it, with dots between them.
    pub path: String,
    /// The same without ids.
    pub kind: String,
}

/// Which list a label is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    /// Labels of a project.
    Labels,
    /// Labels of a model run.
    RunLabels,
    /// Predictions of a model run.
    Predictions,
}

/// A label that differs.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelDiff {
    /// What happened.
    pub change: Change,
    /// In which list it is.
    pub list: List,
    /// The project or the model run that has the list.
    pub home: String,
    /// Its id.
    pub id: String,
    /// What else of the label differs than annotations.
    pub members: Vec<String>,
    /// Annotations that differ; of a label that was added or removed, all.
    pub annotations: Vec<AnnotationDiff>,
}

/// An annotation that differs.
#[derive(Debug, Clone, PartialEq)]
pub struct AnnotationDiff {
    /// What happened.
    pub change: Change,
    /// Its feature id: that of the second side, if it is there.
    pub id: Option<String>,
    /// Its class: the name of its feature.
    pub class: String,
    /// The annotation kind of an object, the answer key of a classification.
    pub kind: String,
    /// What differs of one that is in both.
    pub what: Vec<What>,
}

/// What differs of an annotation.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// The class; this is that of the first side.
    Class(String),
    /// The kind; this is that of the first side.
    Kind(String),
    /// The feature id; this is that of the first side.
    Id(Option<String>),
    /// What is drawn or pointed at, with the IoU of both where they have an area.
    Geometry(Option<f64>),
    /// Answers.
    Answers(Vec<AnswerDiff>),
    /// The frames on which it is stored.
    Frames {
        /// Those that only the second side has.
        added: u64,
        /// Those that only the first side has.
        removed: u64,
        /// Those that differ.
        changed: u64,
    },
    /// The ranges over which it lasts.
    Segments,
    /// How sure a model is.
    Scores,
    /// Something else, such as a member that nobody knows or the spelling of a number.
    Other,
}

/// A question that was answered in another way. No answer is nothing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AnswerDiff {
    /// The question, after those that lead to it.
    pub question: String,
    /// The answer of the first side.
    pub before: Option<String>,
    /// The answer of the second side.
    pub after: Option<String>,
}

/// How many were added, removed and changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Only in the second side.
    pub added: u64,
    /// Only in the first side.
    pub removed: u64,
    /// In both, and different.
    pub changed: u64,
}

impl Tally {
    fn add(&mut self, change: Change) {
        match change {
            Change::Added => self.added += 1,
            Change::Removed => self.removed += 1,
            Change::Changed => self.changed += 1,
        }
    }

    /// Returns whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn to_json(self) -> Value {
        json!({ "added": self.added, "removed": self.removed, "changed": self.changed })
    }
}

/// Sums of all differences.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sums {
    /// Rows that are the same.
    pub same: u64,
    /// Rows.
    pub rows: Tally,
    /// Labels of projects and of model runs.
    pub labels: Tally,
    /// Predictions.
    pub predictions: Tally,
    /// Annotations by class and kind.
    pub classes: BTreeMap<(String, String), Tally>,
    /// Rows by the other members that differ.
    pub members: BTreeMap<String, u64>,
}

impl Sums {
    /// Returns whether both sides are the same.
    pub fn are_same(&self) -> bool {
        self.rows.is_empty()
    }

    pub(super) fn add(&mut self, row: &RowDiff) {
        self.rows.add(row.change);
        for label in &row.labels {
            let tally = if label.list == List::Predictions { &mut self.predictions } else { &mut self.labels };
            tally.add(label.change);
            label.annotations.iter().for_each(|annotation| self.add_annotation(annotation));
        }
        let mut kinds: Vec<&String> = row.members.iter().map(|member| &member.kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        for kind in kinds {
            *self.members.entry(kind.clone()).or_default() += 1;
        }
    }

    fn add_annotation(&mut self, annotation: &AnnotationDiff) {
        let AnnotationDiff { change, class, kind, what, .. } = annotation;
        let (mut class_before, mut kind_before) = (class, kind);
        for what in what {
            match what {
                What::Class(before) => class_before = before,
                What::Kind(before) => kind_before = before,
                _ => {}
            }
        }
        let mut add = |class: &str, kind: &str, change| {
            self.classes.entry((class.to_owned(), kind.to_owned())).or_default().add(change);
        };
        if (class_before, kind_before) == (class, kind) {
            add(class, kind, *change);
        } else {
            add(class_before, kind_before, Change::Removed);
            add(class, kind, Change::Added);
        }
    }

    /// Returns the sums for programs.
    pub fn to_json(&self) -> Value {
        let classes = self.classes.iter().map(|((class, kind), tally)| {
            json!({
                "class": class, "kind": kind,
                "added": tally.added, "removed": tally.removed, "changed": tally.changed,
            })
        });
        json!({
            "same": self.are_same(),
            "rows": {
                "same": self.same,
                "added": self.rows.added, "removed": self.rows.removed, "changed": self.rows.changed,
            },
            "labels": self.labels.to_json(),
            "predictions": self.predictions.to_json(),
            "classes": classes.collect::<Vec<_>>(),
            "members": self.members,
        })
    }
}

impl RowDiff {
    /// Returns the row for programs.
    pub fn to_json(&self) -> Value {
        let members = self.members.iter().map(|member| member.path.as_str());
        json!({
            "change": self.change.word(),
            "data_row_id": self.id,
            "global_key": self.global_key,
            "members": members.collect::<Vec<_>>(),
            "labels": self.labels.iter().map(LabelDiff::to_json).collect::<Vec<_>>(),
        })
    }
}

impl LabelDiff {
    fn to_json(&self) -> Value {
        let mut label = Map::new();
        label.insert("change".to_owned(), json!(self.change.word()));
        let (list, home) = match self.list {
            List::Labels => ("labels", "project_id"),
            List::RunLabels => ("labels", "model_run_id"),
            List::Predictions => ("predictions", "model_run_id"),
        };
        label.insert("list".to_owned(), json!(list));
        label.insert(home.to_owned(), json!(self.home));
        label.insert("label_id".to_owned(), json!(self.id));
        label.insert("members".to_owned(), json!(self.members));
        let annotations = self.annotations.iter().map(AnnotationDiff::to_json);
        label.insert("annotations".to_owned(), annotations.collect());
        Value::Object(label)
    }
}

impl AnnotationDiff {
    fn to_json(&self) -> Value {
        let mut annotation = Map::new();
        let mut set = |key: &str, value: Value| drop(annotation.insert(key.to_owned(), value));
        set("change", json!(self.change.word()));
        set("feature_id", json!(self.id));
        set("class", json!(self.class));
        set("kind", json!(self.kind));
        for what in &self.what {
            match what {
                What::Class(before) => set("class_before", json!(before)),
                What::Kind(before) => set("kind_before", json!(before)),
                What::Id(before) => set("feature_id_before", json!(before)),
                What::Geometry(iou) => set("geometry", json!({ "iou": iou })),
                What::Answers(answers) => {
                    let answers = answers.iter().map(
                        |answer| json!({ "question": answer.question, "before": answer.before, "after": answer.after }),
                    );
                    set("answers", answers.collect());
                }
                What::Frames { added, removed, changed } => {
                    set("frames", json!({ "added": added, "removed": removed, "changed": changed }));
                }
                What::Segments => set("segments", json!(true)),
                What::Scores => set("scores", json!(true)),
                What::Other => set("other", json!(true)),
            }
        }
        Value::Object(annotation)
    }
}
