//! Ontologies, and feature schemas by themselves.

use super::{cursored, node, time};
use crate::graphql::Call;
use crate::graphql::argument::Arguments;
use crate::graphql::schema::{Field, Node, Part, Type};
use labelport_engine::labeling::ontology::NewOntology;
use labelport_engine::labeling::{ontology, project};
use labelport_model::problem::Problem;
use labelport_store::ontologies::{Ontology, SchemaNode};
use serde_json::{Value, json};

pub(super) static PART: Part = Part {
    types: &[
        Type {
            name: "Ontology",
            leaves: &[
                "classificationSchemaCount",
                "createdAt",
                "description",
                "id",
                "mediaType",
                "name",
                "normalized",
                "objectSchemaCount",
                "updatedAt",
            ],
            fields: &[
                Field::object("projects", "Project", projects),
                Field::object("createdBy", "User", |_, _, _| Ok(Value::Null)),
            ],
        },
        Type { name: "OntologyPage", leaves: &["nextCursor"], fields: &[Field::member("nodes", "Ontology")] },
        Type { name: "FeatureSchema", leaves: &["id", "name", "normalized"], fields: &[] },
        Type { name: "FeatureSchemaPage", leaves: &["nextCursor"], fields: &[Field::member("nodes", "FeatureSchema")] },
    ],
    queries: &[
        Field::object("ontology", "Ontology", |call, _, arguments| {
            ontology::get(call.workspace, arguments.text("where.id")?).map(told)
        }),
        Field::object("ontologies", "OntologyPage", |call, _, arguments| {
            let found = ontology::list(call.workspace, arguments.find_text("where.search")?.unwrap_or_default())?;
            cursored(found.into_iter().map(|each| node(told(each))).collect(), arguments, "nextCursor")
        }),
        Field::object("rootSchemaNode", "FeatureSchema", |call, _, arguments| {
            ontology::get_node(call.workspace, arguments.text("where.featureSchemaId")?).map(feature)
        }),
        Field::object("rootSchemaNodes", "FeatureSchemaPage", |call, _, arguments| {
            let found = ontology::list_nodes(call.workspace, arguments.find_text("where.search")?.unwrap_or_default())?;
            cursored(found.into_iter().map(|each| node(feature(each))).collect(), arguments, "nextCursor")
        }),
    ],
    mutations: &[
        Field::object("upsertOntology", "Ontology", create),
        Field::object("upsertRootSchemaNode", "FeatureSchema", |call, _, arguments| {
            ontology::put_node(call.workspace, None, arguments.text("data.normalized")?).map(feature)
        }),
    ],
    more: &[],
};

/// Returns an ontology as the SDK reads one.
pub(super) fn told(ontology: Ontology) -> Value {
    let normalized = ontology::normalized(&ontology);
    let (tools, classifications) = ontology::counts(&normalized);
    json!({
        "id": ontology.id,
        "name": ontology.name,
        "description": ontology.description,
        "mediaType": ontology.media_type,
        "normalized": normalized,
        "objectSchemaCount": tools,
        "classificationSchemaCount": classifications,
        "createdAt": time(ontology.created),
        "updatedAt": time(ontology.updated),
    })
}

fn feature(schema: SchemaNode) -> Value {
    let normalized: Value = serde_json::from_str(&schema.normalized).unwrap_or_default();
    json!({ "id": schema.id, "name": schema.name, "normalized": normalized })
}

fn create(call: &Call<'_>, _: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let new = NewOntology {
        name: arguments.text("data.name")?,
        normalized: arguments.text("data.normalized")?,
        description: arguments.find_text("data.description")?,
        media_type: arguments.find_text("data.mediaType")?,
    };
    ontology::create(call.workspace, &new).map(told)
}

fn projects(call: &Call<'_>, parent: &Node, _: &Arguments<'_>) -> Result<Value, Problem> {
    let id = super::id(parent);
    let found = project::list(call.workspace)?.into_iter();
    Ok(found.filter(|project| project.ontology_id.as_deref() == Some(id)).map(super::project::told).collect())
}
