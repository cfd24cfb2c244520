//! Tags of projects.

use super::id;
use crate::graphql::Call;
use crate::graphql::schema::{Field, Part, Type};
use labelport_engine::projects::project;
use labelport_engine::projects::tag::{self, Tag};
use labelport_model::problem::Problem;
use serde_json::{Value, json};

pub(super) static PART: Part = Part {
    types: &[Type { name: "ResourceTag", leaves: &["color", "id", "text"], fields: &[] }],
    queries: &[],
    mutations: &[
        Field::object("createResourceTag", "ResourceTag", &["input"], |call, _, arguments| {
            let (text, color) = (arguments.text("input.text")?, arguments.text("input.color")?);
            tag::create(call.workspace, call.caller, text, color).map(|tag| to_node(&tag))
        }),
        Field::object("updateResourceTag", "ResourceTag", &["data", "where"], |call, _, arguments| {
            let (text, color) = (arguments.find_text("data.text")?, arguments.find_text("data.color")?);
            tag::update(call.workspace, arguments.text("where.id")?, text, color).map(|tag| to_node(&tag))
        }),
    ],
    more: &[
        ("Organization", &[Field::object("resourceTag", "ResourceTag", &[], |call, _, _| list(call))]),
        (
            "Project",
            &[
                Field::object("resourceTags", "ResourceTag", &[], |call, parent, _| {
                    let project = project::get(call.workspace, id(parent))?;
                    Ok(tag::list_of(call.workspace, &project)?.iter().map(to_node).collect())
                }),
                Field::object("updateProjectResourceTags", "ResourceTag", &["input"], |call, parent, arguments| {
                    let ids = arguments.texts("input.resourceTagIds")?;
                    Ok(tag::set(call.workspace, call.caller, id(parent), &ids)?.iter().map(to_node).collect())
                })
                .for_writers(),
            ],
        ),
    ],
};

fn list(call: &Call<'_>) -> Result<Value, Problem> {
    Ok(tag::list(call.workspace)?.iter().map(to_node).collect())
}

fn to_node(tag: &Tag) -> Value {
    json!({ "id": tag.id, "text": tag.text, "color": tag.color })
}
