//! Projects.

use super::{id, node, number, organization, user_by};
use crate::graphql::Call;
use crate::graphql::argument::Arguments;
use crate::graphql::listing;
use crate::graphql::schema::{Field, Node, Part, Type};
use crate::nodes;
use labelport_engine::catalog::dataset;
use labelport_engine::projects::{generation, label, ontology as ontologies, project};
use labelport_model::problem::Problem;
use serde_json::{Value, json};

/// The one frontend that projects are labelled in.
const EDITOR_ID: &str = "ceditor000000000000000001";

pub(super) static PART: Part = Part {
    types: &[
        Type {
            name: "Project",
            leaves: &[
                "allowedMediaType",
                "autoAuditNumberOfLabels",
                "autoAuditPercentage",
                "createdAt",
                "description",
                "editorTaskType",
                "id",
                "isBenchmarkEnabled",
                "isConsensusEnabled",
                "modelSetupComplete",
                "name",
                "queueMode",
                "setupComplete",
                "showingPredictionsToLabelers",
                "updatedAt",
                "uploadType",
            ],
            fields: &[
                Field::leaf("dataRowCount", &[], |call, parent, _| {
                    project::count_rows(call.workspace, number(parent, "_key")).map(|count| json!(count))
                }),
                Field::leaf("lastActivityTime", &[], |call, parent, _| {
                    project::find_activity(call.workspace, number(parent, "_key")).map(nodes::time_of_millis)
                }),
                Field::leaf("labelCount", &[], |call, parent, _| {
                    label::count(call.workspace, number(parent, "_key")).map(|count| json!(count))
                }),
                Field::leaf("tagSetStatus", &[], |_, _, _| Ok(json!("ENABLED"))),
                Field::object("ontology", "Ontology", &[], |call, parent, _| {
                    let project = project::get(call.workspace, id(parent))?;
                    Ok(project::find_ontology(call.workspace, &project)?.map_or(Value::Null, nodes::ontology))
                }),
                // A project that is not set up has none: older versions refuse to set one up twice.
                Field::object("labelingFrontend", "LabelingFrontend", &[], |_, parent, _| {
                    let has = |key: &str| parent.get(key).is_some_and(|value| !value.is_null());
                    Ok(if has("setupComplete") || has("labelingFrontendId") { editor() } else { Value::Null })
                }),
                Field::object(
                    "labelingFrontendOptions",
                    "LabelingFrontendOptions",
                    &["first", "orderBy", "skip", "where"],
                    frontend_options,
                ),
                Field::object("datasets", "Dataset", &["first", "orderBy", "skip", "where"], datasets),
                Field::object("organization", "Organization", &[], organization),
                Field::object("createdBy", "User", &[], |call, parent, _| {
                    user_by(call, |user| user.key == number(parent, "_createdBy"))
                }),
                Field::object("connectOntology", "Project", &["ontologyId"], connect_ontology).for_writers(),
                Field::object("setTagSetStatus", "TagSetStatus", &[], |_, _, _| {
                    Ok(json!({ "tagSetStatus": "ENABLED" }))
                })
                .for_writers(),
                Field::object("showPredictionsToLabelers", "Project", &["show"], |_, parent, arguments| {
                    let mut shown = Value::Object(parent.clone());
                    shown["showingPredictionsToLabelers"] = json!(arguments.flag("show")?);
                    Ok(shown)
                })
                .for_writers(),
            ],
        },
        Type { name: "TagSetStatus", leaves: &["tagSetStatus"], fields: &[] },
        Type { name: "LabelingFrontend", leaves: &["description", "iframeUrlPath", "id", "name"], fields: &[] },
        Type { name: "LabelingFrontendOptions", leaves: &["customizationOptions", "id"], fields: &[] },
        Type { name: "ProjectInstructions", leaves: &["id"], fields: &[Field::member("ontology", "OntologyOptions")] },
        Type { name: "OntologyOptions", leaves: &["id", "options"], fields: &[] },
    ],
    queries: &[
        Field::object("project", "Project", &["where"], |call, _, arguments| {
            project::get(call.workspace, arguments.text("where.id")?).map(nodes::project)
        }),
        Field::object("projects", "Project", &["first", "orderBy", "skip", "where"], |call, _, arguments| {
            list(call, arguments)
        }),
        Field::object(
            "labelingFrontends",
            "LabelingFrontend",
            &["first", "orderBy", "skip", "where"],
            |_, _, arguments| listing::page(vec![node(editor())], arguments),
        ),
    ],
    mutations: &[
        // The SDK sends changes of a project's parts as fields of a project that it selects in a mutation.
        Field::object("project", "Project", &["where"], |call, _, arguments| {
            project::get(call.workspace, arguments.text("where.id")?).map(nodes::project)
        }),
        Field::object("createProject", "Project", &["data"], |call, _, arguments| {
            generation::create(call.workspace, call.caller, arguments.at("data")).map(nodes::project)
        }),
        Field::object("updateProject", "Project", &["data", "where"], update),
        Field::object("cloneProject", "Project", &["data"], |call, _, arguments| {
            project::clone(call.workspace, call.caller, arguments.text("data.projectId")?).map(nodes::project)
        }),
        Field::object("createLabelingFrontendOptions", "LabelingFrontendOptions", &["data"], create_options),
        Field::object("setProjectInstructions", "ProjectInstructions", &["data", "where"], set_instructions),
        Field::leaf("extendReservations", &[], |_, _, _| Ok(json!(0))),
    ],
    more: &[],
};

pub(super) fn list(call: &Call<'_>, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let found = project::list(call.workspace)?;
    listing::page(found.into_iter().map(|project| node(nodes::project(project))).collect(), arguments)
}

fn editor() -> Value {
    json!({ "id": EDITOR_ID, "name": "Editor", "description": "The editor", "iframeUrlPath": "" })
}

/// Lists the datasets that rows of a project are of.
fn datasets(call: &Call<'_>, parent: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let found = dataset::list_of_project(call.workspace, number(parent, "_key"))?;
    listing::page(found.into_iter().map(|each| node(nodes::dataset(each))).collect(), arguments)
}

/// Lists the options of the editor of a project that is set up: its ontology.
fn frontend_options(call: &Call<'_>, parent: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let is_set_up = parent.get("setupComplete").is_some_and(|time| !time.is_null());
    let project = project::get(call.workspace, id(parent))?;
    let ontology = project::find_ontology(call.workspace, &project)?.filter(|_| is_set_up);
    let options = |ontology: ontologies::Ontology| {
        let options = ontologies::normalized(&ontology).to_string();
        node(json!({ "id": ontology.id, "customizationOptions": options }))
    };
    listing::page(ontology.map(options).into_iter().collect(), arguments)
}

fn update(call: &Call<'_>, _: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let id = arguments.text("where.id")?;
    if arguments.flag("data.deleted")? {
        project::delete(call.workspace, id)?;
        return Ok(json!({ "id": id }));
    }
    let mut data = arguments.at("data").clone();
    if let Some(frontend) = arguments.find_text("data.labelingFrontend.connect.id")? {
        if frontend != EDITOR_ID {
            return Err(Problem::not_found("labeling frontend", frontend));
        }
        data["labelingFrontendId"] = json!(frontend);
    }
    project::update(call.workspace, id, &data).map(nodes::project)
}

fn connect_ontology(call: &Call<'_>, parent: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    project::connect_ontology(call.workspace, id(parent), arguments.text("ontologyId")?).map(nodes::project)
}

/// Sets a project up: the options of its editor are an ontology.
fn create_options(call: &Call<'_>, _: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let project_id = ["data.project.connect.id", "data.projectId", "data.project.id"]
        .into_iter()
        .find_map(|path| arguments.find_text(path).transpose())
        .transpose()?
        .ok_or_else(|| Problem::malformed("data.project is missing; name the project"))?;
    let options = arguments.text("data.customizationOptions")?;
    project::set_up(call.workspace, project_id, options)?;
    Ok(json!({ "id": call.workspace.chance().cuid(), "customizationOptions": options }))
}

fn set_instructions(call: &Call<'_>, _: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let url = arguments.text("data.instructionsUrl")?;
    let data = json!({ "projectInstructions": url });
    let project = project::update(call.workspace, arguments.text("where.id")?, &data)?;
    let ontology = project::find_ontology(call.workspace, &project)?;
    let ontology = ontology.map(|found| json!({ "id": found.id, "options": ontologies::normalized(&found) }));
    Ok(json!({ "id": project.id, "ontology": ontology }))
}
