//! Data rows, one line each, as the SDK reads a data row.

use crate::catalog::metadata;
use crate::export::job;
use crate::export::job::LEGACY_ROWS;
use crate::manifest::Digest;
use crate::manifest::Manifest;
use crate::projects::project::wire_time;
use crate::sink::{Entry, Extent, Packing, Sink};
use crate::tasks::{Done, Job, JobError, Pulse};
use crate::workspace::{Workspace, unwritable};
use labelport_media as media;
use labelport_model::problem::Problem;
use labelport_model::time::Timestamp;
use labelport_store::Connection;
use labelport_store::StoreError;
use labelport_store::row_key::RowKey;
use labelport_store::tables::data_rows;
use labelport_store::tables::datasets;
use labelport_store::tables::projects;
use labelport_store::tables::projects::Batch;
use labelport_store::tables::tasks::{self, Task, TaskProgress};
use serde_json::{Value, json};

/// The rows of a frame.
const PORTION: usize = 500;

/// Exports data rows of a dataset, of a batch, or of a project where they have no label.
pub struct RowExport;

impl Job for RowExport {
    fn kind(&self) -> &'static str {
        LEGACY_ROWS
    }

    fn wire_type(&self) -> &'static str {
        "export-data-row-fields"
    }

    fn run(&self, workspace: &Workspace, task: &Task, pulse: &Pulse) -> Result<Done, JobError> {
        let request: Value = serde_json::from_str(&task.request).map_err(Problem::internal)?;
        let mut snapshot = workspace.store().snapshot(1)?;
        let change_seq = snapshot.change_seq;
        let connection = &mut *snapshot.connections[0];
        let keys = keys(workspace, connection, &request)?;
        let mut sink = workspace.results().start(task.id.as_str()).map_err(unwritable)?;
        workspace.forget_result(task.id.as_str());
        let mut packer = Packing::Zstd.packer().map_err(unwritable)?;
        let mut packed = Vec::new();
        let mut digest = Digest::default();
        for portion in keys.chunks(PORTION) {
            pulse.check()?;
            let (bytes, lines) = write(connection, workspace.org_key(), portion)?;
            packer.pack(&bytes, &mut packed).map_err(unwritable)?;
            let extent = Extent { bytes: bytes.len() as u64, lines };
            sink.write(&Entry::of_stream(&packed, extent)).map_err(unwritable)?;
            digest.add(&bytes, lines);
            let (id, rows_done) = (task.id.clone(), i64::try_from(digest.rows()).unwrap_or(i64::MAX));
            let progress = TaskProgress { rows_done, rows_total: i64::try_from(keys.len()).ok() };
            workspace.store().write(move |connection| tasks::report_progress(connection, &id, progress))?;
        }
        let digested = digest.finish();
        let (format, request) = ("legacy_data_rows".to_owned(), request.to_string());
        let manifest = Manifest { format, request, change_seq, digest: digested.clone(), ..Manifest::default() };
        Box::new(sink).finish(&manifest).map_err(job::unfinished)?;
        workspace.counters().count_export(digested.rows, digested.bytes);
        let outcome = json!({ "rows": digested.rows, "sha256": digested.sha256 }).to_string();
        Ok(Done { rows: i64::try_from(digested.rows).unwrap_or(i64::MAX), outcome: Some(outcome), publish: None })
    }

    fn activity(&self, task: &Task) -> String {
        format!("running {:?}", task.name)
    }

    fn discard(&self, workspace: &Workspace, task: &Task, _: &str) -> Result<(), Problem> {
        job::discard(workspace, task)
    }
}

/// Returns a batch of any project.
pub(super) fn get_batch(workspace: &Workspace, id: &str) -> Result<Batch, Problem> {
    let org_key = workspace.org_key();
    let found = workspace.read(|connection| Ok(projects::find_batch_by_id(connection, org_key, id)?))?;
    found.ok_or_else(|| Problem::not_found("batch", id))
}

/// Lists the keys of the rows that a request is about.
fn keys(workspace: &Workspace, connection: &mut dyn Connection, request: &Value) -> Result<Vec<RowKey>, Problem> {
    let org_key = workspace.org_key();
    if let Some(id) = request["dataset"].as_str() {
        let found = datasets::find(connection, org_key, id)?.ok_or_else(|| Problem::not_found("dataset", id))?;
        return Ok(data_rows::list_keys(connection, found.key)?);
    }
    if let Some(id) = request["batch"].as_str() {
        let found = projects::find_batch_by_id(connection, org_key, id)?;
        let found = found.ok_or_else(|| Problem::not_found("batch", id))?;
        let listed = projects::list_batch_rows(connection, found.key)?;
        return Ok(listed.into_iter().map(|(row_key, _)| row_key).collect());
    }
    let id = request["queue"].as_str().unwrap_or_default();
    let found = projects::find(connection, org_key, id)?.ok_or_else(|| Problem::not_found("project", id))?;
    Ok(projects::list_unlabeled(connection, found.key)?)
}

/// Writes rows; returns the text and the number of lines.
fn write(connection: &mut dyn Connection, org_key: i64, keys: &[RowKey]) -> Result<(Vec<u8>, u64), StoreError> {
    let (mut out, mut lines) = (Vec::new(), 0);
    for row_key in keys {
        let Some(row) = data_rows::find_by_key(connection, org_key, *row_key)? else { continue };
        let attributes = match data_rows::find_asset(connection, *row_key)? {
            Some(asset) => asset.attributes,
            // Rows of an import have the attributes that their export showed.
            None => row.media.as_deref().map(media::to_api),
        };
        let attributes: Option<Value> = attributes.and_then(|text| serde_json::from_str(&text).ok());
        let (flat, named) = metadata::to_fields(&data_rows::list_metadata(connection, *row_key)?);
        let time = |millis: Option<i64>| wire_time(Timestamp::from_millis(millis.unwrap_or(0)));
        let line = json!({
            "id": row.id,
            "externalId": row.external_id,
            "globalKey": row.global_key,
            "rowData": crate::catalog::data_row::row_data(&row),
            "createdAt": time(row.created_ms),
            "updatedAt": time(row.updated_ms.or(row.created_ms)),
            "mediaAttributes": attributes.unwrap_or_else(|| json!({})),
            "customMetadata": flat,
            "metadataFields": named,
        });
        out.extend_from_slice(line.to_string().as_bytes());
        out.push(b'\n');
        lines += 1;
    }
    Ok((out, lines))
}
