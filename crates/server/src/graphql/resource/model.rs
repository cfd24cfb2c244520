//! Models.

use super::{id, node};
use crate::graphql::listing;
use crate::graphql::schema::{Field, Part, Type};
use crate::nodes;
use labelport_engine::models::model::{self, Model};
use labelport_engine::models::run;
use serde_json::{Value, json};

pub(super) static PART: Part = Part {
    types: &[Type {
        name: "Model",
        leaves: &["id", "name", "ontologyId"],
        fields: &[Field::object(
            "modelRuns",
            "ModelRun",
            &["first", "orderBy", "skip", "where"],
            |call, parent, arguments| {
                let found = run::list(call.workspace, id(parent))?;
                listing::page(found.iter().map(|each| node(nodes::model_run(each))).collect(), arguments)
            },
        )],
    }],
    queries: &[
        Field::object("model", "Model", &["where"], |call, _, arguments| {
            model::get(call.workspace, arguments.text("where.id")?).map(to_node)
        }),
        Field::object("models", "Model", &["first", "orderBy", "skip", "where"], |call, _, arguments| {
            let found = model::list(call.workspace)?;
            listing::page(found.into_iter().map(|each| node(to_node(each))).collect(), arguments)
        }),
    ],
    mutations: &[
        Field::object("createModel", "Model", &["data"], |call, _, arguments| {
            let (name, ontology_id) = (arguments.text("data.name")?, arguments.text("data.ontologyId")?);
            model::create(call.workspace, call.caller, name, ontology_id).map(to_node)
        }),
        Field::leaf("deleteModels", &["where"], |call, _, arguments| {
            model::delete(call.workspace, &arguments.texts("where.ids")?).map(|()| json!(true))
        }),
    ],
    more: &[],
};

fn to_node(model: Model) -> Value {
    json!({ "id": model.id, "name": model.name, "ontologyId": model.ontology_id })
}
