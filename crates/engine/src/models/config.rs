//! Model configurations for live evaluation: a model with parameters, and the projects that use it. They are settings that
//! are kept; no model runs here.

use crate::catalog::dataset::check_name;
use crate::items::{self, Body, Item, ItemKind, Naming};
use crate::projects::project::{self, CHAT_EVALUATION, Project};
use crate::workspace::Workspace;
use crate::workspace::access::Caller;
use labelport_model::given;
use labelport_model::problem::{Problem, ProblemKind};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A model with parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelConfig {
    /// The id of the model, which need not be one of this workspace.
    pub model_id: String,
    /// The parameters, an object.
    pub inference_params: Value,
}

impl Body for ModelConfig {
    const KIND: ItemKind = ItemKind::ModelConfig;
    const WORD: &'static str = "model configuration";
}

/// A configuration that a project uses. Its parent is the project, its name the id of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectModelConfig {
    /// How many responses are asked for; none for the default.
    pub response_count: Option<i64>,
}

impl Body for ProjectModelConfig {
    const KIND: ItemKind = ItemKind::ProjectModelConfig;
    const WORD: &'static str = "model configuration of a project";
}

/// A use of a configuration, with the configuration.
pub type Use = (Item<ProjectModelConfig>, Item<ModelConfig>);

/// Creates a configuration.
pub fn create(
    workspace: &Workspace,
    caller: &Caller,
    name: &str,
    model_id: &str,
    inference_params: &Value,
) -> Result<Item<ModelConfig>, Problem> {
    check_name(ModelConfig::WORD, name)?;
    check_name("model", model_id)?;
    if !inference_params.is_object() {
        return Err(given::wrong("inferenceParams", "an object", inference_params));
    }
    let id = workspace.chance().cuid();
    let body = ModelConfig { model_id: model_id.to_owned(), inference_params: inference_params.clone() };
    let config = Item::new(workspace, caller, Naming { id: &id, parent: "", name }, body);
    let (org_key, new) = (workspace.org_key(), config.clone());
    workspace.write(move |connection| new.create(connection, org_key))?;
    Ok(config)
}

/// Deletes a configuration that no project uses.
pub fn delete(workspace: &Workspace, id: &str) -> Result<(), Problem> {
    let (org_key, id) = (workspace.org_key(), id.to_owned());
    workspace.write(move |connection| {
        let uses: Vec<Item<ProjectModelConfig>> = items::list(connection, org_key)?;
        if let Some(used) = uses.iter().find(|used| used.name == id) {
            let message =
                format!("project {} uses the model configuration; take it out of the project first", used.parent);
            return Err(Problem::new(ProblemKind::NotAllowed, message));
        }
        match items::delete::<ModelConfig>(connection, org_key, &id)? {
            true => Ok(()),
            false => Err(Problem::not_found(ModelConfig::WORD, &id)),
        }
    })
}

/// Lets a project of live evaluation use a configuration; returns the id of the use.
pub fn attach(
    workspace: &Workspace,
    caller: &Caller,
    project_id: &str,
    config_id: &str,
    response_count: Option<i64>,
) -> Result<String, Problem> {
    let project = project::get(workspace, project_id)?;
    if setting(&project, "editorTaskType") != CHAT_EVALUATION {
        let message = "Only live model chat evaluation projects have model configs";
        return Err(Problem::new(ProblemKind::NotAllowed, message));
    }
    check_open(&project, "create")?;
    if response_count.is_some_and(|count| count < 1) {
        return Err(given::wrong("responseCount", "a number from 1", &json!(response_count)));
    }
    let id = workspace.chance().cuid();
    let naming = Naming { id: &id, parent: &project.id, name: config_id };
    let used = Item::new(workspace, caller, naming, ProjectModelConfig { response_count });
    let org_key = workspace.org_key();
    workspace.write(move |connection| {
        items::get::<ModelConfig>(connection, org_key, &used.name)?;
        let known: Vec<Item<ProjectModelConfig>> = items::list_of(connection, org_key, &used.parent)?;
        if known.iter().any(|known| known.name == used.name) {
            return Err(Problem::conflict("the project uses this model configuration already"));
        }
        used.create(connection, org_key)
    })?;
    Ok(id)
}

/// Ends the use of a configuration by a project.
pub fn detach(workspace: &Workspace, id: &str) -> Result<(), Problem> {
    let org_key = workspace.org_key();
    let used: Item<ProjectModelConfig> = workspace.read(|connection| items::get(connection, org_key, id))?;
    check_open(&project::get(workspace, &used.parent)?, "delete")?;
    workspace.write(move |connection| items::delete::<ProjectModelConfig>(connection, org_key, &used.id).map(drop))
}

/// Lists the uses of configurations by a project, oldest first, each with the configuration.
pub fn list_of(workspace: &Workspace, project_id: &str) -> Result<Vec<Use>, Problem> {
    let org_key = workspace.org_key();
    workspace.read(|connection| {
        let uses: Vec<Item<ProjectModelConfig>> = items::list_of(connection, org_key, project_id)?;
        let with_config = |used: Item<ProjectModelConfig>| {
            let config = items::get(connection, org_key, &used.name)?;
            Ok((used, config))
        };
        uses.into_iter().map(with_config).collect()
    })
}

/// Says that the models of a project are set up: its configurations stay from then on.
pub fn complete(workspace: &Workspace, project_id: &str) -> Result<Project, Problem> {
    let project = project::get(workspace, project_id)?;
    if setting(&project, "editorTaskType") != CHAT_EVALUATION {
        let message = "Only live model chat evaluation projects can complete model setup";
        return Err(Problem::new(ProblemKind::NotAllowed, message));
    }
    project::update(workspace, project_id, &json!({ "modelSetupComplete": true }))
}

fn setting(project: &Project, key: &str) -> Value {
    project::settings(project)[key].clone()
}

fn check_open(project: &Project, verb: &str) -> Result<(), Problem> {
    if setting(project, "modelSetupComplete") != true {
        return Ok(());
    }
    let message = format!("Cannot {verb} model config for project because model setup is complete");
    Err(Problem::new(ProblemKind::NotAllowed, message))
}
