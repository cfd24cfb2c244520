//! Ontologies, and feature schemas by themselves.

use super::{cursored, node};
use crate::graphql::Call;
use crate::graphql::argument::Arguments;
use crate::graphql::listing;
use crate::graphql::schema::{Field, Node, Part, Type};
use crate::nodes;
use labelport_engine::projects::ontology::{NewOntology, SchemaNode};
use labelport_engine::projects::{ontology, project};
use labelport_model::problem::Problem;
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
                Field::object("projects", "Project", &["first", "orderBy", "skip", "where"], projects),
                Field::object("createdBy", "User", &[], |_, _, _| Ok(Value::Null)),
            ],
        },
        Type { name: "OntologyPage", leaves: &["nextCursor"], fields: &[Field::member("nodes", "Ontology")] },
        Type { name: "FeatureSchema", leaves: &["id", "name", "normalized"], fields: &[] },
        Type { name: "FeatureSchemaPage", leaves: &["nextCursor"], fields: &[Field::member("nodes", "FeatureSchema")] },
    ],
    queries: &[
        Field::object("ontology", "Ontology", &["where"], |call, _, arguments| {
            ontology::get(call.workspace, arguments.text("where.id")?).map(nodes::ontology)
        }),
        Field::object("ontologies", "OntologyPage", &["after", "first", "from", "where"], |call, _, arguments| {
            let found = ontology::list(call.workspace, arguments.find_text("where.search")?.unwrap_or_default())?;
            cursored(found.into_iter().map(|each| node(nodes::ontology(each))).collect(), arguments, "nextCursor")
        }),
        Field::object("rootSchemaNode", "FeatureSchema", &["where"], |call, _, arguments| {
            ontology::get_node(call.workspace, arguments.text("where.featureSchemaId")?).map(feature)
        }),
        Field::object(
            "rootSchemaNodes",
            "FeatureSchemaPage",
            &["after", "first", "from", "where"],
            |call, _, arguments| {
                let found =
                    ontology::list_nodes(call.workspace, arguments.find_text("where.search")?.unwrap_or_default())?;
                cursored(found.into_iter().map(|each| node(feature(each))).collect(), arguments, "nextCursor")
            },
        ),
    ],
    mutations: &[
        Field::object("upsertOntology", "Ontology", &["data"], create),
        Field::object("upsertRootSchemaNode", "FeatureSchema", &["data"], |call, _, arguments| {
            ontology::put_node(call.workspace, None, arguments.text("data.normalized")?).map(feature)
        }),
    ],
    more: &[],
};

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
    ontology::create(call.workspace, &new).map(nodes::ontology)
}

fn projects(call: &Call<'_>, parent: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let id = super::id(parent);
    let found = project::list(call.workspace)?.into_iter();
    let found = found.filter(|project| project.ontology_id.as_deref() == Some(id));
    listing::page(found.map(|project| node(nodes::project(project))).collect(), arguments)
}

#[cfg(test)]
mod tests {
    use crate::graphql::testing::Bench;
    use serde_json::{Value, json};

    #[test]
    fn the_projects_of_an_ontology_come_in_pages() {
        let bench = Bench::new();
        let run = |query: &str| bench.run(query, &Value::Null).unwrap_or_else(|failed| panic!("{}", failed.problem));
        let normalized = r#"{\"tools\":[],\"classifications\":[]}"#;
        let made = run(&format!("mutation{{upsertOntology(data:{{name:\"o\" normalized:\"{normalized}\"}}){{id}}}}"));
        let ontology_id = made["data"]["upsertOntology"]["id"].as_str().unwrap().to_owned();
        for name in ["a", "b", "c"] {
            let made = run(&format!("mutation{{createProject(data:{{name:\"{name}\"}}){{id}}}}"));
            let id = &made["data"]["createProject"]["id"];
            let connect = format!("connectOntology(ontologyId:\"{ontology_id}\"){{id}}");
            run(&format!("mutation{{project(where:{{id:{id}}}){{{connect}}}}}"));
        }
        let page = "projects(where:{deleted:false} orderBy:name_DESC skip:1 first:1){name}";
        let found = run(&format!("{{ontology(where:{{id:\"{ontology_id}\"}}){{{page}}}}}"));
        assert_eq!(found["data"]["ontology"]["projects"], json!([{ "name": "b" }]));
    }
}
