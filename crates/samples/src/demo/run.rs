//! The demo's models, their runs, and what the runs say about rows.

use serde_json::{Value, json};

use super::super::chance::{Chance, cuid_of, uuid_of};
use super::super::shape::{Label, add_confidence, prediction, sorted_map};
use super::brush::Brush;
use super::{DemoRun, Named, Subject, label};

/// Returns the models, by name.
pub(super) fn list_models() -> Vec<Named> {
    let mut models: Vec<Named> = Vec::new();
    for run in RUNS {
        if models.last().is_none_or(|last| last.name != run.model) {
            let (name, data_type) = (run.model.to_owned(), run.data_type.to_owned());
            models.push(Named { id: model_id(run), name, data_type });
        }
    }
    models
}

/// Returns the runs, by model and name.
pub(super) fn list_runs() -> Vec<DemoRun> {
    let print = |run: &Run| DemoRun { id: run_id(run), name: run.name.to_owned(), model_id: model_id(run) };
    RUNS.iter().map(print).collect()
}

/// Returns the `experiments` of a row, empty when no run covers it.
pub(super) fn experiments(subject: &Subject, index: usize) -> Value {
    let covering = |run: &&Run| run.data_type == subject.name && run.first_row <= index && index < run.end_row;
    let mut models = Vec::new();
    for model in list_models() {
        let of_model = RUNS.iter().filter(covering).filter(|run| run.model == model.name);
        let runs: Vec<(String, Value)> = of_model.map(|run| (run_id(run), print_run(subject, run, index))).collect();
        if !runs.is_empty() {
            models.push((model.id, json!({"name": model.name, "runs": sorted_map(runs)})));
        }
    }
    sorted_map(models)
}

struct Run {
    model: &'static str,
    name: &'static str,
    data_type: &'static str,
    first_row: usize,
    /// One past the last row.
    end_row: usize,
    /// How far from the truth it predicts.
    drift_px: f64,
}

/// By model and name.
static RUNS: &[Run] = &[
    Run { model: "shunt tracker", name: "first pass", data_type: "video", first_row: 0, end_row: 5, drift_px: 6.25 },
    Run { model: "wagon finder", name: "augmented", data_type: "image", first_row: 0, end_row: 10, drift_px: 2.125 },
    Run { model: "wagon finder", name: "baseline", data_type: "image", first_row: 1, end_row: 8, drift_px: 9.5 },
];

const SPLITS: [&str; 4] = ["Training", "Training", "Validation", "Test"];

fn model_id(run: &Run) -> String {
    cuid_of(&format!("model/{}", run.model))
}

fn run_id(run: &Run) -> String {
    uuid_of(&format!("model/{}/run/{}", run.model, run.name))
}

fn print_run(subject: &Subject, run: &Run, index: usize) -> Value {
    let plan = &subject.projects[0];
    let path = format!("model/{}/run/{}/row/{index}", run.model, run.name);
    let labels = label::labels(subject, plan, index);
    let skipped = |label: &&Label| label.performance["skipped"] == true;
    let labels: Vec<Value> = labels.iter().filter(|label| !skipped(label)).map(Label::in_run).collect();
    let mut annotations = (plan.annotate)(&mut Brush::new(plan.name, &path, run.drift_px), index);
    add_confidence(&mut annotations, &mut Chance::named(&format!("{path}/confidence")));
    json!({
        "name": run.name,
        "run_data_row_id": uuid_of(&path),
        "annotation_group_id": uuid_of(&format!("{path}/group")),
        "labels": labels,
        "predictions": [prediction(&cuid_of(&path), subject.label_kind, annotations)],
        "split": SPLITS[index % SPLITS.len()],
    })
}
