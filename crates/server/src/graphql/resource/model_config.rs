//! Model configurations, and the projects that use them.

use super::id;
use crate::graphql::schema::{Field, Part, Type};
use crate::nodes;
use labelport_engine::items::Item;
use labelport_engine::models::config::{self, ModelConfig};
use labelport_model::problem::Problem;
use serde_json::{Value, json};

pub(super) static PART: Part = Part {
    types: &[
        Type { name: "ModelConfig", leaves: &["id", "inferenceParams", "modelId", "name"], fields: &[] },
        Type {
            name: "ProjectModelConfig",
            leaves: &["id", "modelConfigId", "projectId", "projectModelConfigId", "responseCount"],
            fields: &[Field::member("modelConfig", "ModelConfig")],
        },
    ],
    queries: &[],
    mutations: &[
        Field::object("createModelConfig", "ModelConfig", &["input"], |call, _, arguments| {
            let (name, model) = (arguments.text("input.name")?, arguments.text("input.modelId")?);
            let params = arguments.at("input.inferenceParams");
            config::create(call.workspace, call.caller, name, model, params).map(|config| to_node(&config))
        }),
        Field::object("deleteModelConfig", "Success", &["input"], |call, _, arguments| {
            config::delete(call.workspace, arguments.text("input.id")?).map(|()| json!({ "success": true }))
        }),
        Field::object("createProjectModelConfig", "ProjectModelConfig", &["input"], |call, _, arguments| {
            let (project, model) = (arguments.text("input.projectId")?, arguments.text("input.modelConfigId")?);
            let count = arguments.at("input.responseCount");
            let count = if count.is_null() { None } else { Some(arguments.number("input.responseCount")?) };
            let id = config::attach(call.workspace, call.caller, project, model, count)?;
            Ok(json!({ "projectModelConfigId": id, "id": id, "projectId": project, "modelConfigId": model }))
        }),
        Field::object("deleteProjectModelConfig", "Success", &["input"], |call, _, arguments| {
            config::detach(call.workspace, arguments.text("input.id")?).map(|()| json!({ "success": true }))
        }),
        Field::object("setProjectModelSetupComplete", "Project", &["data", "where"], |call, _, arguments| {
            if !arguments.flag("data.modelSetupComplete")? {
                return Err(Problem::malformed("data.modelSetupComplete has to be true; what is set up stays so"));
            }
            config::complete(call.workspace, arguments.text("where.id")?).map(nodes::project)
        }),
    ],
    more: &[(
        "Project",
        &[Field::object("projectModelConfigs", "ProjectModelConfig", &[], |call, parent, _| {
            let found = config::list_of(call.workspace, id(parent))?;
            let to_use = |(used, config): config::Use| {
                json!({
                    "id": used.id,
                    "projectModelConfigId": used.id,
                    "projectId": used.parent,
                    "modelConfigId": config.id,
                    "responseCount": used.body.response_count,
                    "modelConfig": to_node(&config),
                })
            };
            Ok(found.into_iter().map(to_use).collect())
        })],
    )],
};

fn to_node(config: &Item<ModelConfig>) -> Value {
    json!({
        "id": config.id,
        "name": config.name,
        "modelId": config.body.model_id,
        "inferenceParams": config.body.inference_params,
    })
}
