//! Imports of data rows: a manifest names chunks, chunks hold rows to create and to change.
//!
//! Rows are taken in the order of the manifest, in transactions that note what became of each, so that an import that was
//! interrupted continues after the last one that was recorded. A row that cannot be taken fails alone, with its reason.

use super::chunk::Chunk;
use super::data_row::{self, Composed, Origin, Vocabulary};
use super::given_layers::GivenLayers;
use super::row_change;
use crate::ambient::Chance;
use crate::edits::Edits;
use crate::outbound::Limits;
use crate::tasks::{self, Done, Job, JobError, Order, Pulse};
use crate::workspace::Workspace;
use crate::workspace::access::Caller;
use labelport_model::id::TaskId;
use labelport_model::json::{Document, Kind, Value};
use labelport_model::problem::Problem;
use labelport_model::time::Timestamp;
use labelport_store::Connection;
use labelport_store::tables;
use labelport_store::tables::data_rows::{self, Asset, DataRow};
use labelport_store::tables::datasets;
use labelport_store::tables::tasks::{Task, TaskProgress, TaskRow, TaskStatus};
use serde_json::json;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// The most bytes of a manifest or a chunk. The SDK cuts its chunks at 10 MB.
pub const CHUNK_LIMIT_BYTES: u64 = 10 << 20;
/// Some versions of the SDK count a chunk before they escape it.
const READ_LIMIT_BYTES: u64 = 4 * CHUNK_LIMIT_BYTES;
/// How long fetching a chunk may take.
const CHUNK_TIME: Duration = Duration::from_secs(60);
/// The most rows of a transaction.
const TRANSACTION_ROWS: usize = 500;

/// Creates and changes rows.
pub struct RowImport;

/// Where the rows of an import are.
#[derive(Debug, Clone, Copy)]
pub enum Rows<'a> {
    /// In the chunks that a manifest names.
    Manifest(&'a str),
    /// In one file, all for one dataset: how the SDK of 2023 sends them.
    File {
        /// The URL of the file.
        url: &'a str,
        /// The dataset.
        dataset_id: &'a str,
    },
}

/// Starts an import; returns the id of its task.
pub fn start(workspace: &Workspace, caller: &Caller, rows: Rows<'_>) -> Result<TaskId, Problem> {
    let mut request = json!({ "email": caller.user.email });
    match rows {
        Rows::Manifest(uri) => request["manifest"] = json!(uri),
        Rows::File { url, dataset_id } => {
            super::dataset::get(workspace, dataset_id)?;
            request["file"] = json!(url);
            request["dataset"] = json!(dataset_id);
        }
    }
    let order = Order { kind: RowImport.kind(), name: "JSON Import".to_owned(), request: request.to_string() };
    tasks::start(workspace, caller, order, tasks::PATIENCE)
}

impl Job for RowImport {
    fn kind(&self) -> &'static str {
        "row-import"
    }

    fn wire_type(&self) -> &'static str {
        "adv-upsert-data-rows"
    }

    fn run(&self, workspace: &Workspace, task: &Task, pulse: &Pulse) -> Result<Done, JobError> {
        let request: serde_json::Value = serde_json::from_str(&task.request).map_err(Problem::internal)?;
        let chunks = match request["file"].as_str() {
            Some(url) => vec![url.to_owned()],
            None => read_manifest(workspace, request["manifest"].as_str().unwrap_or_default())?,
        };
        let done = workspace.read(|connection| Ok(tables::tasks::next_row(connection, task.id.as_str())?))?;
        let mut ordinal = 0;
        let mut layers = GivenLayers::default();
        for chunk in &chunks {
            pulse.check()?;
            let chunk = Arc::new(Chunk::read(&fetch(workspace, chunk, "chunk")?)?);
            let count = chunk.rows().count();
            for first in (0..count).step_by(TRANSACTION_ROWS) {
                let here = i64::try_from(first).unwrap_or(i64::MAX) + ordinal;
                let last = first.saturating_add(TRANSACTION_ROWS).min(count);
                if here + i64::try_from(last - first).unwrap_or(i64::MAX) <= done {
                    continue;
                }
                pulse.check()?;
                layers.read(workspace, chunk.rows().skip(first).take(last - first).map(|(item, _)| item))?;
                let portion = Portion {
                    chunk: Arc::clone(&chunk),
                    items: first..last,
                    ordinal: here,
                    done,
                    task: task.id.clone(),
                    dataset_id: request["dataset"].as_str().map(str::to_owned),
                    email: request["email"].as_str().unwrap_or_default().to_owned(),
                    now: workspace.now(),
                    org_key: workspace.org_key(),
                    chance: workspace.shared_chance(),
                    layers: layers.clone(),
                };
                workspace.write(move |connection| portion.write(connection))?;
            }
            ordinal += i64::try_from(count).unwrap_or(0);
        }
        workspace.wake_up().notify();
        Ok(Done { rows: ordinal, ..Done::default() })
    }

    fn activity(&self, _: &Task) -> String {
        "importing data rows".to_owned()
    }
}

/// Rows of one transaction.
struct Portion {
    chunk: Arc<Chunk>,
    items: std::ops::Range<usize>,
    /// The place of the first item in the task.
    ordinal: i64,
    /// Places before this one were noted by an earlier worker.
    done: i64,
    task: TaskId,
    /// The dataset of all rows, where the items do not name theirs.
    dataset_id: Option<String>,
    email: String,
    now: Timestamp,
    org_key: i64,
    chance: Arc<dyn Chance>,
    layers: GivenLayers,
}

impl Portion {
    fn write(&self, connection: &mut dyn Connection) -> Result<(), Problem> {
        let vocabulary = Vocabulary::read(connection, self.org_key)?;
        let mut datasets = HashMap::new();
        let mut edits = Edits::begin(connection, self.org_key, self.now)?;
        let items = self.chunk.rows().skip(self.items.start).take(self.items.len());
        let mut ordinal = self.ordinal;
        for (item, fault) in items {
            if ordinal >= self.done {
                let outcome = match fault {
                    Some(fault) => Err(Problem::malformed(fault)),
                    None => self.take(&mut edits, &vocabulary, &mut datasets, item),
                };
                let (row_id, failure) = match outcome {
                    Ok(row_id) => (Some(row_id), None),
                    Err(problem) if problem.cause.is_some() => return Err(problem),
                    Err(problem) => (None, Some(to_failure(item, &problem))),
                };
                tables::tasks::note_row(edits.connection, &self.task, &TaskRow { ordinal, row_id, failure })?;
            }
            ordinal += 1;
        }
        edits.finish()?;
        let progress = TaskProgress { rows_done: ordinal, rows_total: None };
        Ok(tables::tasks::report_progress(connection, &self.task, progress)?)
    }

    /// Creates or changes the row of one item; returns its id.
    fn take(
        &self,
        edits: &mut Edits<'_>,
        vocabulary: &Vocabulary,
        datasets: &mut HashMap<String, String>,
        item: Value<'_>,
    ) -> Result<String, Problem> {
        self.layers.check(item)?;
        if let Some(dataset_id) = &self.dataset_id {
            return self.create(edits, vocabulary, datasets, item, dataset_id);
        }
        let (Some(id), Some(payload)) = (item.get("id"), item.get("payload")) else {
            return Err(Problem::malformed("an item has an id and a payload"));
        };
        let text = |value: Value<'_>, key: &str| value.get(key).and_then(Value::as_text).map(Cow::into_owned);
        let named = text(id, "value").unwrap_or_default();
        match text(id, "type").as_deref() {
            Some("AUTO") => {
                let dataset_id = text(payload, "dataset_id").unwrap_or_default();
                self.create(edits, vocabulary, datasets, payload, &dataset_id)
            }
            Some(kind @ ("ID" | "GKEY")) => {
                let row_key = if kind == "ID" {
                    data_rows::find_key(edits.connection, &named)?
                } else {
                    data_rows::find_key_by_global_key(edits.connection, self.org_key, &named)?
                };
                let row = match row_key {
                    Some(row_key) => data_rows::find_by_key(edits.connection, self.org_key, row_key)?,
                    None => None,
                };
                let sort = if kind == "ID" { "id" } else { "global key" };
                let row = row.ok_or_else(|| Problem::malformed(format!("no data row has the {sort} {named:?}")))?;
                let by = (&*self.chance, self.now);
                row_change::change(edits, self.org_key, &row, payload, vocabulary, by)?;
                Ok(row.id)
            }
            _ => Err(Problem::malformed("the type of an item's id is AUTO, ID or GKEY")),
        }
    }

    /// Creates the row of a payload; returns its id.
    fn create(
        &self,
        edits: &mut Edits<'_>,
        vocabulary: &Vocabulary,
        datasets: &mut HashMap<String, String>,
        payload: Value<'_>,
        dataset_id: &str,
    ) -> Result<String, Problem> {
        let dataset_name = match datasets.get(dataset_id) {
            Some(known) => known,
            None => {
                let found = datasets::find_name(edits.connection, self.org_key, dataset_id)?;
                let unknown = || Problem::malformed(Problem::not_found("dataset", dataset_id).message);
                datasets.entry(dataset_id.to_owned()).or_insert(found.ok_or_else(unknown)?)
            }
        };
        if data_row::find_given(payload, "row_data").is_none() {
            return Err(Problem::malformed("row_data is missing; give a URL or the content itself"));
        }
        if let Some(key) = data_row::find_given(payload, "global_key").and_then(Value::as_text)
            && data_rows::find_key_by_global_key(edits.connection, self.org_key, &key)?.is_some()
        {
            return Err(Problem::malformed(format!("Duplicate global key: '{key}'")));
        }
        let row_id = self.chance.cuid();
        let origin =
            Origin { id: &row_id, dataset: Some((dataset_id, dataset_name)), created_by: &self.email, now: self.now };
        let Composed { row, asset } = data_row::compose(payload, &origin, vocabulary, &*self.chance)?;
        edits.create(&row)?;
        if let (Some(asset), Some(row_key)) = (asset, data_rows::find_key(edits.connection, &row_id)?) {
            data_rows::put_asset(edits.connection, &Asset { row_key, ..asset })?;
        }
        Ok(row_id)
    }
}

/// Returns a failure as the SDK reads it: the reason, and the item as it came.
fn to_failure(item: Value<'_>, problem: &Problem) -> String {
    let payload = item.get("payload").unwrap_or(item);
    let payload: serde_json::Value = serde_json::from_str(payload.raw()).unwrap_or_default();
    let row_data = match &payload["row_data"] {
        serde_json::Value::String(text) => json!(text),
        serde_json::Value::Null => serde_json::Value::Null,
        other => json!(other.to_string()),
    };
    let metadata: Vec<_> = [&payload["metadata_fields"], &payload["metadata"]]
        .into_iter()
        .flat_map(|list| list.as_array().into_iter().flatten())
        .map(|field| json!({ "schemaId": field["schemaId"], "name": field["name"], "value": field["value"] }))
        .collect();
    let attachments: Vec<_> = payload["attachments"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|given| json!({ "type": given["type"], "value": given["value"], "name": given["name"] }))
        .collect();
    json!({
        "message": problem.message,
        "spec": {
            "externalId": payload["external_id"],
            "globalKey": payload["global_key"],
            "rowData": row_data,
            "metadata": metadata,
            "attachments": attachments,
        },
    })
    .to_string()
}

fn read_manifest(workspace: &Workspace, uri: &str) -> Result<Vec<String>, Problem> {
    let document = Document::parse(&fetch(workspace, uri, "manifest")?)
        .map_err(|error| Problem::malformed(format!("the manifest of the import is not JSON: {error}")))?;
    let Some(uris) = document.root().get("chunk_uris").filter(|uris| uris.kind() == Kind::Array) else {
        return Err(Problem::malformed("the manifest of the import has no array chunk_uris"));
    };
    let text = |uri: Value<'_>| uri.as_text().map(Cow::into_owned);
    let uris: Option<Vec<String>> = uris.elements().map(text).collect();
    uris.ok_or_else(|| Problem::malformed("the manifest of the import has a chunk URI that is not a string"))
}

fn fetch(workspace: &Workspace, uri: &str, what: &str) -> Result<Vec<u8>, Problem> {
    let limits = Limits { size_bytes: READ_LIMIT_BYTES, remedy: "send it in smaller chunks", time: CHUNK_TIME };
    let fetched = workspace.fetch_bytes(uri, limits);
    fetched.map_err(|problem| match problem.cause {
        None => Problem::malformed(format!("the {what} of the import: {}", problem.message)),
        Some(_) => problem,
    })
}

/// Creates one row at once; returns its id.
pub fn create_one(
    workspace: &Workspace,
    caller: &Caller,
    dataset_id: &str,
    payload: &serde_json::Value,
) -> Result<String, Problem> {
    let ids = create_many(workspace, caller, dataset_id, vec![payload.clone()])?;
    ids.into_iter().next().ok_or_else(|| Problem::internal("a row that was to be created is gone"))
}

/// Creates rows at once, all or none; returns their ids in order.
pub fn create_many(
    workspace: &Workspace,
    caller: &Caller,
    dataset_id: &str,
    payloads: Vec<serde_json::Value>,
) -> Result<Vec<String>, Problem> {
    let count = payloads.len();
    let items = serde_json::Value::Array(payloads).to_string();
    let chunk = Arc::new(Chunk::of(Document::parse(items.as_bytes()).map_err(Problem::internal)?));
    let mut layers = GivenLayers::default();
    layers.read(workspace, chunk.rows().map(|(item, _)| item))?;
    let portion = Portion {
        chunk,
        layers,
        items: 0..count,
        ordinal: 0,
        done: 0,
        task: TaskId::parse(&workspace.chance().cuid()).map_err(Problem::internal)?,
        dataset_id: Some(dataset_id.to_owned()),
        email: caller.user.email.clone(),
        now: workspace.now(),
        org_key: workspace.org_key(),
        chance: workspace.shared_chance(),
    };
    let ids = workspace.write(move |connection| {
        let vocabulary = Vocabulary::read(connection, portion.org_key)?;
        let mut edits = Edits::begin(connection, portion.org_key, portion.now)?;
        let mut datasets = HashMap::new();
        let mut ids = Vec::new();
        for (item, _) in portion.chunk.rows() {
            ids.push(portion.take(&mut edits, &vocabulary, &mut datasets, item)?);
        }
        edits.finish()?;
        Ok(ids)
    })?;
    workspace.wake_up().notify();
    Ok(ids)
}

/// A page of what became of the rows of an import.
pub struct OutcomePage {
    /// The rows.
    pub rows: Outcomes,
    /// The place of the last row, if more may follow.
    pub next: Option<i64>,
    /// How many there are in all.
    pub total: i64,
}

/// Rows that an import made, or why it made none of others.
pub enum Outcomes {
    /// Rows that are there; those that were deleted since are left out.
    Imported(Vec<DataRow>),
    /// Failures, each as the SDK reads it.
    Failed(Vec<serde_json::Value>),
}

/// Lists what became of the rows of an import after the place `after`: failures, or rows that were made. A failure of the
/// whole import comes first.
pub fn list_outcomes(
    workspace: &Workspace,
    task_id: &str,
    has_failed: bool,
    after: i64,
    limit: usize,
) -> Result<OutcomePage, Problem> {
    let org_key = workspace.org_key();
    workspace.read(|connection| {
        let mut total = tables::tasks::count_rows(connection, task_id, has_failed)?;
        let found = tables::tasks::list_rows(connection, task_id, has_failed, after, limit)?;
        // A page that is not full is the last.
        let next = found.last().filter(|_| found.len() == limit).map(|row| row.ordinal);
        let rows = if has_failed {
            let whole = find_failure_of_all(connection, task_id)?;
            total += i64::from(whole.is_some());
            let failures = found.iter().filter_map(|row| row.failure.as_deref());
            let failures = failures.map(|failure| serde_json::from_str(failure).unwrap_or_default());
            Outcomes::Failed(whole.filter(|_| after < 0).into_iter().chain(failures).collect())
        } else {
            let mut rows = Vec::new();
            for id in found.iter().filter_map(|row| row.row_id.as_deref()) {
                rows.extend(data_rows::find(connection, org_key, id)?);
            }
            Outcomes::Imported(rows)
        };
        Ok(OutcomePage { rows, next, total })
    })
}

/// Returns the first failure of an import, if a row failed.
pub fn find_first_failure(workspace: &Workspace, task_id: &str) -> Result<Option<serde_json::Value>, Problem> {
    let failed = workspace.read(|connection| Ok(tables::tasks::list_rows(connection, task_id, true, -1, 1)?))?;
    Ok(failed.first().and_then(|row| serde_json::from_str(row.failure.as_deref().unwrap_or_default()).ok()))
}

/// Returns why an import failed as a whole, if it did, as the SDK reads a row that failed.
fn find_failure_of_all(connection: &mut dyn Connection, task_id: &str) -> Result<Option<serde_json::Value>, Problem> {
    let task = TaskId::parse(task_id).ok().map(|id| tables::tasks::find(connection, &id)).transpose()?.flatten();
    let Some(task) = task.filter(|task| task.status == TaskStatus::Failed) else { return Ok(None) };
    let outcome: serde_json::Value =
        serde_json::from_str(task.outcome.as_deref().unwrap_or_default()).unwrap_or_default();
    let spec = json!({ "externalId": null, "globalKey": null, "rowData": null, "metadata": [], "attachments": [] });
    Ok(Some(json!({ "message": outcome["error"], "spec": spec })))
}

/// Returns what became of all rows of an import, as versions of 2023 read it: a JSON object, with an `error` if the
/// import failed as a whole.
pub fn outcomes_to_json(workspace: &Workspace, task_id: &str) -> Result<String, Problem> {
    let org_key = workspace.org_key();
    workspace.read(|connection| {
        let (mut created, mut errors) = (Vec::new(), Vec::new());
        for (has_failed, list) in [(false, &mut created), (true, &mut errors)] {
            for row in tables::tasks::list_rows(connection, task_id, has_failed, -1, usize::MAX >> 1)? {
                match (row.row_id, row.failure) {
                    (_, Some(failure)) => {
                        let failure: serde_json::Value = serde_json::from_str(&failure).unwrap_or_default();
                        list.push(json!({ "message": failure["message"], "failedDataRows": [failure["spec"]] }));
                    }
                    (Some(id), None) => {
                        let Some(row) = data_rows::find(connection, org_key, &id)? else { continue };
                        list.push(json!({
                            "id": row.id,
                            "externalId": row.external_id,
                            "globalKey": row.global_key,
                            "rowData": data_row::row_data(&row),
                        }));
                    }
                    (None, None) => {}
                }
            }
        }
        let task = TaskId::parse(task_id).ok().map(|id| tables::tasks::find(connection, &id)).transpose()?.flatten();
        let outcome: serde_json::Value =
            task.and_then(|task| serde_json::from_str(task.outcome.as_deref()?).ok()).unwrap_or_default();
        Ok(json!({ "createdDataRows": created, "errors": errors, "error": outcome["error"] }).to_string())
    })
}
