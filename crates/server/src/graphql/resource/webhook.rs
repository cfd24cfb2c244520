//! Webhooks. URLs may hold secrets of receivers, so only callers who may change things see them.

use super::{id, node, organization, user_of};
use crate::graphql::Call;
use crate::graphql::argument::Arguments;
use crate::graphql::listing;
use crate::graphql::schema::{Field, Node, Part, Type};
use crate::nodes::{self, time};
use labelport_engine::items::Item;
use labelport_engine::projects::project;
use labelport_engine::webhooks::{self, Creation, Update, Webhook};
use labelport_engine::workspace::access::{Action, allow};
use labelport_model::problem::Problem;
use serde_json::{Value, json};

pub(super) static PART: Part = Part {
    types: &[Type {
        name: "Webhook",
        leaves: &["createdAt", "id", "status", "topics", "updatedAt", "url"],
        fields: &[
            Field::object("createdBy", "User", &[], |call, parent, _| user_of(call, parent, "_createdBy")),
            Field::object("organization", "Organization", &[], organization),
            Field::object("project", "Project", &[], |call, parent, _| {
                match parent.get("_project").and_then(Value::as_str).filter(|id| !id.is_empty()) {
                    Some(id) => project::get(call.workspace, id).map(nodes::project),
                    None => Ok(Value::Null),
                }
            }),
        ],
    }],
    queries: &[Field::object("webhook", "Webhook", &["where"], |call, _, arguments| {
        allow(call.caller, Action::Write)?;
        webhooks::get(call.workspace, arguments.text("where.id")?).map(to_node)
    })],
    mutations: &[
        Field::object("createWebhook", "Webhook", &["data"], |call, _, arguments| {
            let topics = arguments.texts("data.topics.set")?;
            let creation = Creation {
                project_id: arguments.find_text("data.project.id")?,
                topics: &topics,
                url: arguments.text("data.url")?,
                secret: Some(arguments.text("data.secret")?),
                created_by: &call.caller.user.email,
            };
            webhooks::create(call.workspace, &creation).map(|created| to_node(created.webhook))
        }),
        Field::object("updateWebhook", "Webhook", &["data", "where"], |call, _, arguments| {
            let topics = arguments.texts("data.topics.set")?;
            let topics = (!arguments.at("data.topics.set").is_null()).then_some(&topics);
            let (url, status) = (arguments.find_text("data.url")?, arguments.find_text("data.status")?);
            let update = Update { topics: topics.map(Vec::as_slice), url, status };
            webhooks::update(call.workspace, arguments.text("where.id")?, &update).map(to_node)
        }),
    ],
    more: &[
        (
            "Organization",
            &[Field::object("webhooks", "Webhook", &["first", "orderBy", "skip", "where"], |call, _, arguments| {
                allow(call.caller, Action::Write)?;
                page(webhooks::list(call.workspace, None)?, arguments)
            })],
        ),
        ("Project", &[Field::object("webhooks", "Webhook", &["first", "orderBy", "skip", "where"], of_project)]),
    ],
};

fn of_project(call: &Call<'_>, parent: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    allow(call.caller, Action::Write)?;
    page(webhooks::list(call.workspace, Some(id(parent)))?, arguments)
}

fn page(found: Vec<Item<Webhook>>, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    listing::page(found.into_iter().map(|each| node(to_node(each))).collect(), arguments)
}

fn to_node(webhook: Item<Webhook>) -> Value {
    json!({
        "id": webhook.id,
        "topics": webhook.body.topics,
        "url": webhook.body.url,
        "status": webhook.body.status,
        "createdAt": time(webhook.created),
        "updatedAt": time(webhook.updated),
        "_createdBy": webhook.created_by,
        "_project": webhook.parent,
    })
}
