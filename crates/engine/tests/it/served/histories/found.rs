//! What there is in a workspace, as lists of ids: what a change picks from.

use super::take;
use crate::served::Served;
use crate::support::everything;
use labelport_engine::catalog::{dataset, embedding, metadata, slice};
use labelport_engine::models::{model, run};
use labelport_engine::projects::issue::{self, ListIssues};
use labelport_engine::projects::ontology::{self, list_nodes};
use labelport_engine::projects::{batch, project, tag};
use labelport_model::request::Scope;
use labelport_samples::Chance;
use serde_json::Value;

/// Lists ids; where one thing is in another, both with a space between them.
pub(super) type List = fn(&Served) -> Vec<String>;

/// Returns one of those that are listed.
pub(super) fn pick(served: &Served, chance: &mut Chance, list: List) -> Option<String> {
    chance.pick(&list(served)).cloned()
}

/// Returns up to so many of those that are listed.
pub(super) fn some(served: &Served, chance: &mut Chance, list: List, most: u64) -> Vec<String> {
    some_of(&list(served), chance, most)
}

/// Returns up to so many of some ids.
pub(super) fn some_of(ids: &[String], chance: &mut Chance, most: u64) -> Vec<String> {
    let mut some: Vec<String> = (0..chance.between(1, most)).filter_map(|_| chance.pick(ids).cloned()).collect();
    some.sort();
    some.dedup();
    some
}

/// Returns the rows of the catalog with all that they have.
fn lines(served: &Served) -> Vec<Value> {
    let rows = take(served.workspace.store(), &everything(Scope::Catalog)).unwrap().rows;
    let rows = String::from_utf8(rows).unwrap();
    rows.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn texts<'a>(values: impl IntoIterator<Item = &'a Value>) -> Vec<String> {
    values.into_iter().filter_map(|value| value.as_str().map(str::to_owned)).collect()
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn elements(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

pub(super) fn projects(served: &Served) -> Vec<String> {
    project::list(&served.workspace).unwrap().into_iter().map(|project| project.id).collect()
}

pub(super) fn datasets(served: &Served) -> Vec<String> {
    dataset::list(&served.workspace).unwrap().into_iter().map(|dataset| dataset.id).collect()
}

pub(super) fn models(served: &Served) -> Vec<String> {
    model::list(&served.workspace).unwrap().into_iter().map(|model| model.id).collect()
}

pub(super) fn runs(served: &Served) -> Vec<String> {
    let runs = models(served).into_iter().flat_map(|id| run::list(&served.workspace, &id).unwrap());
    runs.map(|run| run.id).collect()
}

pub(super) fn slices(served: &Served) -> Vec<String> {
    slice::list(&served.workspace).unwrap().into_iter().map(|slice| slice.id).collect()
}

pub(super) fn tags(served: &Served) -> Vec<String> {
    tag::list(&served.workspace).unwrap().into_iter().map(|tag| tag.id).collect()
}

pub(super) fn embeddings(served: &Served) -> Vec<String> {
    embedding::list(&served.workspace).unwrap().into_iter().map(|embedding| embedding.id).collect()
}

pub(super) fn ontologies(served: &Served) -> Vec<String> {
    ontology::list(&served.workspace, "").unwrap().into_iter().map(|ontology| ontology.id).collect()
}

pub(super) fn nodes(served: &Served) -> Vec<String> {
    list_nodes(&served.workspace, "").unwrap().into_iter().map(|node| node.id).collect()
}

/// Ontologies with their tools.
pub(super) fn features(served: &Served) -> Vec<String> {
    let mut found = Vec::new();
    for ontology in ontology::list(&served.workspace, "").unwrap() {
        let normalized = ontology::normalized(&ontology);
        let tools = texts(elements(&normalized["tools"]).map(|tool| &tool["featureSchemaId"]));
        found.extend(tools.into_iter().map(|tool| format!("{} {tool}", ontology.id)));
    }
    found
}

/// Lists the ontologies that have a tool called "car".
fn ontologies_with_cars(served: &Served) -> Vec<String> {
    let has_car = |ontology: &ontology::Ontology| {
        elements(&ontology::normalized(ontology)["tools"]).any(|tool| tool["name"] == "car")
    };
    let found = ontology::list(&served.workspace, "").unwrap().into_iter().filter(has_car);
    found.map(|ontology| ontology.id).collect()
}

/// Projects that have such an ontology, with their rows.
pub(super) fn rows_of_projects_with_cars(served: &Served) -> Vec<(String, String)> {
    let ontologies = ontologies_with_cars(served);
    let projects = project::list(&served.workspace).unwrap().into_iter();
    let projects = projects.filter(|project| project.ontology_id.as_ref().is_some_and(|id| ontologies.contains(id)));
    let rows = |id: String| rows_of_project(served, &id).into_iter().map(move |row| (id.clone(), row));
    projects.flat_map(|project| rows(project.id)).collect()
}

/// Model runs whose models are called after such an ontology, with their rows.
pub(super) fn rows_of_runs_with_cars(served: &Served) -> Vec<(String, String)> {
    let ontologies = ontologies_with_cars(served);
    let models = model::list(&served.workspace).unwrap().into_iter().filter(|model| ontologies.contains(&model.name));
    let runs: Vec<String> =
        models.flat_map(|model| run::list(&served.workspace, &model.id).unwrap()).map(|run| run.id).collect();
    let rows = rows_of_runs(served);
    let rows =
        rows.iter().filter_map(|both| both.split_once(' ')).filter(|(run, _)| runs.iter().any(|known| known == run));
    rows.map(|(run, row)| (run.to_owned(), row.to_owned())).collect()
}

pub(super) fn schemas(served: &Served) -> Vec<String> {
    metadata::list(&served.workspace).unwrap().into_iter().map(|schema| schema.id).collect()
}

/// Metadata fields with their kinds, but for those with options.
pub(super) fn schemas_and_kinds(served: &Served) -> Vec<String> {
    let schemas = metadata::list(&served.workspace).unwrap().into_iter();
    let plain = schemas.filter(|schema| schema.kind != "CustomMetadataEnum");
    plain.map(|schema| format!("{} {}", schema.id, schema.kind)).collect()
}

/// Projects with their batches.
pub(super) fn batches(served: &Served) -> Vec<String> {
    let mut found = Vec::new();
    for project in project::list(&served.workspace).unwrap() {
        let batches = batch::list(&served.workspace, &project).unwrap().into_iter();
        found.extend(batches.map(|batch| format!("{} {}", project.id, batch.id)));
    }
    found
}

pub(super) fn issues(served: &Served) -> Vec<String> {
    let projects = project::list(&served.workspace).unwrap().into_iter();
    let issues =
        projects.flat_map(|project| issue::list(&served.workspace, project.key, &ListIssues::default()).unwrap());
    issues.map(|issue| issue.id).collect()
}

pub(super) fn rows(served: &Served) -> Vec<String> {
    texts(lines(served).iter().map(|line| &line["data_row"]["id"]))
}

pub(super) fn global_keys(served: &Served) -> Vec<String> {
    texts(lines(served).iter().map(|line| &line["data_row"]["global_key"]))
}

pub(super) fn attachments(served: &Served) -> Vec<String> {
    texts(lines(served).iter().flat_map(|line| elements(&line["attachments"])).map(|attachment| &attachment["id"]))
}

/// Rows with the metadata fields of which they have values.
pub(super) fn values(served: &Served) -> Vec<String> {
    let mut found = Vec::new();
    for line in lines(served) {
        let row = line["data_row"]["id"].as_str().unwrap();
        found.extend(
            texts(elements(&line["metadata_fields"]).map(|value| &value["schema_id"]))
                .into_iter()
                .map(|schema| format!("{row} {schema}")),
        );
    }
    found
}

/// Labels with their rows and projects.
pub(super) fn labels_in_projects(served: &Served) -> Vec<String> {
    let mut found = Vec::new();
    for line in lines(served) {
        let row = line["data_row"]["id"].as_str().unwrap();
        for (project, in_project) in members(&line["projects"]) {
            let labels = texts(elements(&in_project["labels"]).map(|label| &label["id"]));
            found.extend(labels.into_iter().map(|label| format!("{label} {row} {project}")));
        }
    }
    found
}

pub(super) fn labels(served: &Served) -> Vec<String> {
    let labels = labels_in_projects(served);
    labels.iter().map(|label| label.split(' ').next().unwrap().to_owned()).collect()
}

/// Lists the rows of a project.
pub(super) fn rows_of_project(served: &Served, project: &str) -> Vec<String> {
    let lines = lines(served);
    let inside = lines.iter().filter(|line| line["projects"].get(project).is_some());
    texts(inside.map(|line| &line["data_row"]["id"]))
}

/// Model runs with their rows.
pub(super) fn rows_of_runs(served: &Served) -> Vec<String> {
    let mut found = Vec::new();
    for line in lines(served) {
        let row = line["data_row"]["id"].as_str().unwrap();
        for (_, model) in members(&line["experiments"]) {
            found.extend(members(&model["runs"]).map(|(run, _)| format!("{run} {row}")));
        }
    }
    found
}

/// Names of features that annotations have.
pub(super) fn feature_names(served: &Served) -> Vec<String> {
    let lines = lines(served);
    let projects = lines.iter().flat_map(|line| members(&line["projects"]));
    let labels = projects.flat_map(|(_, project)| elements(&project["labels"]));
    texts(labels.flat_map(|label| elements(&label["annotations"]["objects"])).map(|object| &object["name"]))
}
