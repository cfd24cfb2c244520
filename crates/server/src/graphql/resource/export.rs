//! Exports: the four mutations that start them, and the streams in which results are read.

use super::id;
use crate::graphql::Call;
use crate::graphql::argument::Arguments;
use crate::graphql::schema::{Field, Node, Part, Type};
use labelport_engine::export::job;
use labelport_engine::storage::results::{FileRange, Stream};
use labelport_model::problem::{Problem, ProblemKind};
use labelport_model::request::{ScopeKind, WireExport};
use serde_json::{Value, json};

pub(super) static PART: Part = Part {
    types: &[
        Type { name: "StartedExport", leaves: &["isStreamable", "taskId"], fields: &[] },
        Type {
            name: "ExportTask",
            leaves: &["id"],
            fields: &[
                Field::object("createdBy", "User", &[], |call, parent, _| {
                    super::task::creator(call, super::id(parent))
                }),
                Field::object("organization", "Organization", &[], super::organization),
                Field::object("exportMetadataHeader", "StreamHeader", &["streamType"], header),
                Field::object(
                    "exportFileFromOffset",
                    "StreamFile",
                    &["offset", "streamType"],
                    |call, parent, arguments| {
                        let offset = u64::try_from(arguments.number("offset")?).ok();
                        file(call, parent, arguments, |stored, stream| stored.file_at_offset(stream, offset?))
                    },
                ),
                Field::object(
                    "exportFileFromLine",
                    "StreamFile",
                    &["line", "streamType"],
                    |call, parent, arguments| {
                        let line = u64::try_from(arguments.number("line")?).ok();
                        file(call, parent, arguments, |stored, stream| stored.file_at_line(stream, line?))
                    },
                ),
            ],
        },
        Type { name: "StreamHeader", leaves: &["totalLines", "totalSize"], fields: &[] },
        Type {
            name: "StreamFile",
            leaves: &["file"],
            fields: &[Field::member("lines", "Range"), Field::member("offsets", "Range")],
        },
        Type { name: "Range", leaves: &["end", "start"], fields: &[] },
    ],
    queries: &[Field::object("task", "ExportTask", &["where"], |_, _, arguments| {
        Ok(json!({ "id": arguments.text("where.id")? }))
    })],
    mutations: &[
        Field::object("exportDataRowsInProject", "StartedExport", &["input"], |call, _, arguments| {
            start(call, arguments, ScopeKind::Project)
        })
        .for_readers(),
        Field::object("exportDataRowsInCatalog", "StartedExport", &["input"], |call, _, arguments| {
            start(call, arguments, ScopeKind::Catalog)
        })
        .for_readers(),
        Field::object("exportDataRowsInSlice", "StartedExport", &["input"], |call, _, arguments| {
            start(call, arguments, ScopeKind::Slice)
        })
        .for_readers(),
        Field::object("exportDataRowsInModelRun", "StartedExport", &["input"], |call, _, arguments| {
            start(call, arguments, ScopeKind::ModelRun)
        })
        .for_readers(),
    ],
    more: &[],
};

fn start(call: &Call<'_>, arguments: &Arguments<'_>, kind: ScopeKind) -> Result<Value, Problem> {
    let zone = call.workspace.zone_of(&call.caller.user)?;
    let input = arguments.at("input").to_string();
    let export = WireExport::parse(&input, kind, &zone).map_err(|error| Problem::malformed(error.with_names()))?;
    let started = job::start(call.workspace, call.caller, &export.task_name, &export.request);
    // The SDK reads "not found" of a mutation as no answer and fails on that, not on what is not found.
    let task = started.map_err(|problem| match problem.kind {
        ProblemKind::NotFound => Problem { kind: ProblemKind::Malformed, ..problem },
        _ => problem,
    })?;
    Ok(json!({ "taskId": task.as_str(), "isStreamable": export.reads_streams }))
}

fn stream(arguments: &Arguments<'_>) -> Result<Stream, Problem> {
    match arguments.text("streamType")? {
        "RESULT" => Ok(Stream::Rows),
        "ERRORS" => Ok(Stream::Errors),
        other => Err(Problem::malformed(format!("streamType is {other:?}; write RESULT or ERRORS"))),
    }
}

fn header(call: &Call<'_>, parent: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let stored = job::get_result(call.workspace, id(parent))?;
    let extent = stored.extent(stream(arguments)?);
    Ok(extent.map_or(Value::Null, |extent| json!({ "totalSize": extent.bytes, "totalLines": extent.lines })))
}

fn file(
    call: &Call<'_>,
    parent: &Node,
    arguments: &Arguments<'_>,
    find: impl Fn(&labelport_engine::storage::results::Stored, Stream) -> Option<FileRange>,
) -> Result<Value, Problem> {
    let stored = job::get_result(call.workspace, id(parent))?;
    let stream = stream(arguments)?;
    let Some(range) = find(&stored, stream) else { return Ok(Value::Null) };
    let until = Some(call.workspace.now().plus_millis(job::KEPT_MS));
    let path = format!("/results/{}/{}/{}", id(parent), stream.word(), range.number);
    Ok(json!({
        "offsets": { "start": range.start.to_string(), "end": range.end.to_string() },
        "lines": { "start": range.line_start.to_string(), "end": range.line_end.to_string() },
        "file": call.workspace.signer().url(&path, until),
    }))
}
