//! Imports of annotations, under the three names that the SDK has for them and the older one.

use super::{file, user_by};
use crate::graphql::Call;
use crate::graphql::argument::Arguments;
use crate::graphql::schema::{Field, Node, Part, Type};
use crate::nodes;
use labelport_engine::annotation_import::{self, AnnotationImport, ImportKind, NewImport, OfRun};
use labelport_engine::models::run;
use labelport_engine::projects::project;
use labelport_model::problem::Problem;
use serde_json::{Value, json};

pub(super) static PART: Part = Part {
    types: &[Type {
        name: "AnnotationImport",
        leaves: &[
            "createdAt",
            "errorFileUrl",
            "id",
            "inputFileUrl",
            "modelRunId",
            "name",
            "progress",
            "state",
            "statusFileUrl",
        ],
        fields: &[
            Field::object("project", "Project", &[], |call, parent, _| {
                let found = project::find_by_key(call.workspace, super::number(parent, "_parent"))?;
                Ok(found.map_or(Value::Null, nodes::project))
            }),
            Field::object("modelRun", "ModelRun", &[], |call, parent, _| {
                let found = run::find_by_key(call.workspace, super::number(parent, "_parent"))?;
                Ok(found.map_or(Value::Null, |run| nodes::model_run(&run)))
            }),
            Field::object("createdBy", "User", &[], |call, parent, _| {
                let id = parent.get("_createdBy").and_then(Value::as_str).unwrap_or_default();
                user_by(call, |user| user.id == id)
            }),
        ],
    }],
    queries: &[
        Field::object("labelImport", "AnnotationImport", &["where"], |call, _, arguments| {
            get(call, arguments, ImportKind::Label)
        }),
        Field::object("modelAssistedLabelingPredictionImport", "AnnotationImport", &["where"], |call, _, arguments| {
            get(call, arguments, ImportKind::Prelabel)
        }),
        Field::object("modelErrorAnalysisPredictionImport", "AnnotationImport", &["where"], |call, _, arguments| {
            get(call, arguments, ImportKind::Prediction)
        }),
        Field::object("bulkImportRequest", "AnnotationImport", &["where"], |call, _, arguments| {
            get(call, arguments, ImportKind::Prelabel)
        }),
        Field::object("meaToMalPredictionImport", "AnnotationImport", &["where"], |call, _, arguments| {
            get(call, arguments, ImportKind::Prelabel)
        }),
        Field::object("labelImports", "AnnotationImport", &["first", "skip", "where"], |call, _, arguments| {
            list(call, arguments, ImportKind::Label)
        }),
        Field::object(
            "modelAssistedLabelingPredictionImports",
            "AnnotationImport",
            &["first", "skip", "where"],
            |call, _, arguments| list(call, arguments, ImportKind::Prelabel),
        ),
        Field::object("bulkImportRequests", "AnnotationImport", &["first", "skip", "where"], |call, _, arguments| {
            list(call, arguments, ImportKind::Prelabel)
        }),
    ],
    mutations: &[
        Field::object("createLabelImport", "AnnotationImport", &["data"], |call, _, arguments| {
            create(call, arguments, ImportKind::Label)
        }),
        Field::object(
            "createModelAssistedLabelingPredictionImport",
            "AnnotationImport",
            &["data"],
            |call, _, arguments| create(call, arguments, ImportKind::Prelabel),
        ),
        Field::object(
            "createModelErrorAnalysisPredictionImport",
            "AnnotationImport",
            &["data"],
            |call, _, arguments| create(call, arguments, ImportKind::Prediction),
        ),
        Field::object("createMalPredictionImportForModelRunDataRows", "AnnotationImport", &["data"], of_run),
        Field::object("createBulkImportRequest", "AnnotationImport", &["data"], |call, _, arguments| {
            create(call, arguments, ImportKind::Prelabel)
        }),
        Field::object("deleteModelAssistedLabelingPredictionImport", "AnnotationImport", &["where"], delete),
        Field::object("deleteBulkImportRequest", "AnnotationImport", &["where"], delete),
    ],
    more: &[],
};

fn parent_id<'a>(arguments: &'a Arguments<'_>, at: &str, kind: ImportKind) -> Result<&'a str, Problem> {
    match kind {
        ImportKind::Label | ImportKind::Prelabel => arguments.text(&format!("{at}.projectId")),
        ImportKind::Prediction => arguments.text(&format!("{at}.modelRunId")),
    }
}

fn create(call: &Call<'_>, arguments: &Arguments<'_>, kind: ImportKind) -> Result<Value, Problem> {
    let parent_id = parent_id(arguments, "data", kind)?;
    let input_url = file::input(call, arguments)?;
    let new = NewImport { kind, parent_id, name: arguments.text("data.name")?, input_url: &input_url };
    let import = annotation_import::start(call.workspace, call.caller, &new)?;
    Ok(to_node(call, &import, parent_id))
}

fn of_run(call: &Call<'_>, _: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let project_id = arguments.text("data.projectId")?;
    let of = OfRun {
        project_id,
        run_id: arguments.text("data.modelRunId")?,
        row_ids: arguments.texts("data.dataRowIds")?,
        name: arguments.text("data.name")?,
    };
    let import = annotation_import::import_of_run(call.workspace, call.caller, &of)?;
    Ok(to_node(call, &import, project_id))
}

fn get(call: &Call<'_>, arguments: &Arguments<'_>, kind: ImportKind) -> Result<Value, Problem> {
    if let Some(id) = arguments.find_text("where.id")? {
        let (import, parent_id) = annotation_import::get_by_id(call.workspace, kind, id)?;
        return Ok(to_node(call, &import, &parent_id));
    }
    let parent_id = parent_id(arguments, "where", kind)?;
    let import = annotation_import::get(call.workspace, kind, parent_id, arguments.text("where.name")?)?;
    Ok(to_node(call, &import, parent_id))
}

fn list(call: &Call<'_>, arguments: &Arguments<'_>, kind: ImportKind) -> Result<Value, Problem> {
    let parent_id = parent_id(arguments, "where", kind)?;
    let found = annotation_import::list(call.workspace, kind, parent_id)?;
    let (skip, first) = (arguments.count("skip", 0)?, arguments.count("first", usize::MAX)?);
    Ok(found.iter().skip(skip).take(first).map(|import| to_node(call, import, parent_id)).collect())
}

fn delete(call: &Call<'_>, _: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let deleted = annotation_import::delete(call.workspace, arguments.text("where.id")?)?;
    Ok(json!({ "id": deleted.id, "name": deleted.name }))
}

fn to_node(call: &Call<'_>, import: &AnnotationImport, parent_id: &str) -> Value {
    let url = |id: &Option<String>, name: &str| id.as_ref().map(|id| call.workspace.file_url(id, name));
    let percent = match (import.state.as_str(), import.rows_total) {
        ("FINISHED", _) => 100,
        (_, Some(total)) if total > 0 => 100 * import.rows_done / total,
        _ => 0,
    };
    json!({
        "id": import.id,
        "name": import.name,
        "state": import.state,
        "progress": format!("{percent}%"),
        "inputFileUrl": import.input_url,
        "statusFileUrl": url(&import.status_file, "statuses.ndjson"),
        "errorFileUrl": url(&import.error_file, "errors.ndjson"),
        "createdAt": nodes::time(import.created),
        "modelRunId": parent_id,
        "_parent": import.parent_key,
        "_createdBy": import.created_by,
    })
}
