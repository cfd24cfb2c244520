//! A workspace as a server has it, and what its calls promise.
//!
//! Time stands still unless a test moves it, and chance counts. A job can be stopped at any look at the clock or use of
//! chance, which is how a test ends a worker between two transactions; the runner then goes on with what it left.

mod annotation_imports;
mod at_once;
mod backups;
mod data_types;
mod deletions;
mod exports;
mod failures;
mod histories;
mod hostile_names;
mod issues;
mod judgements;
mod kept_scans;
mod kept_texts;
mod legacy_exports;
mod media;
mod named_in_vain;
#[cfg(feature = "object-store")]
mod object_stores;
mod people;
mod releases;
mod repeated;
mod row_imports;
mod schedules;
mod sends;
mod settings;
mod shared_exports;
mod signed_urls;
mod slices;
mod tags;
mod task_ends;
mod unused_files;
mod webhooks;

use labelport_engine::ambient::{Chance, Clock};
use labelport_engine::annotation_import::{self, ImportKind, NewImport};
use labelport_engine::catalog::row_import::{self, Rows};
use labelport_engine::catalog::{dataset, metadata};
use labelport_engine::export::job;
use labelport_engine::outbound::{Client, Policy};
use labelport_engine::projects::named_rows::NamedRows;
use labelport_engine::projects::{batch, project};
use labelport_engine::registry::ROSTER;
use labelport_engine::storage::Storage;
use labelport_engine::storage::results::Stream;
use labelport_engine::tasks;
use labelport_engine::tasks::{Job, JobError, Pulse, Runner};
use labelport_engine::workspace::access::Caller;
use labelport_engine::workspace::api_keys::{self, NewKey};
use labelport_engine::workspace::{NewFile, Opening, Workspace};
use labelport_model::id::TaskId;
use labelport_model::request::{ExportRequest, Params, Scope};
use labelport_model::time::Timestamp;
use labelport_store::Connection;
use labelport_store::Founding;
use labelport_store::Store;
use labelport_store::StoreError;
use labelport_store::check;
use labelport_store::engine::Engine;
use labelport_store::sqlite::{Sqlite, SqliteOptions};
use labelport_store::tables;
use labelport_store::tables::annotation_imports::AnnotationImport;
use labelport_store::tables::data_rows;
use labelport_store::tables::labels;
use labelport_store::tables::projects::Project;
use labelport_store::tables::tasks::{ListTasks, Task, TaskStatus};
use labelport_store::testing::{self, Kept};
use serde_json::{Value, json};
use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;

/// A workspace that vanishes with the test, whose store must be sound at the end.
pub(crate) struct Served {
    pub(crate) workspace: Arc<Workspace>,
    pub(crate) caller: Caller,
    clock: Arc<StandingClock>,
    folder: TempDir,
    kept: Kept,
}

/// A clock that stands still, unless each look at it is to move it.
#[derive(Default)]
pub(crate) struct StandingClock {
    millis: AtomicI64,
    step: AtomicI64,
    trap: Trap,
}

/// Sets a flag after it was stepped on so many times.
#[derive(Default, Clone)]
struct Trap(Arc<Mutex<Option<Armed>>>);

/// How many steps are left, and the flag.
type Armed = (u64, Arc<AtomicBool>);

impl Trap {
    fn step(&self) {
        if let Some((left, flag)) = &mut *self.0.lock().unwrap() {
            if *left == 0 {
                flag.store(true, Ordering::Relaxed);
            }
            *left = left.saturating_sub(1);
        }
    }
}

/// The time at which tests begin: 2026-01-01.
pub(crate) const BEGIN_MS: i64 = 1_767_225_600_000;

impl Clock for StandingClock {
    fn now(&self) -> Timestamp {
        self.trap.step();
        Timestamp::from_millis(self.millis.fetch_add(self.step.load(Ordering::Relaxed), Ordering::Relaxed))
    }
}

/// Chance that counts: splitmix64, without a source.
struct CountedChance(AtomicU64, Trap);

impl Chance for CountedChance {
    fn fill(&self, bytes: &mut [u8]) {
        self.1.step();
        for chunk in bytes.chunks_mut(8) {
            let mut mixed = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(mixed ^ (mixed >> 31)).to_le_bytes()[..chunk.len()]);
        }
    }
}

/// Opens a workspace as one of several processes does, of which each has another number.
pub(crate) fn process(store: Store, folder: &Path, clock: &Arc<StandingClock>, number: u64) -> Arc<Workspace> {
    process_with(store, folder, clock, Arc::new(CountedChance(AtomicU64::new(number << 40), Trap::default())))
}

fn process_with(store: Store, folder: &Path, clock: &Arc<StandingClock>, chance: Arc<dyn Chance>) -> Arc<Workspace> {
    let opening = Opening {
        store,
        folder: folder.to_owned(),
        storage: None,
        client: Client::new(Policy::default()),
        public_url: None,
        clock: Arc::clone(clock) as Arc<dyn Clock>,
        chance,
        threads: 2,
    };
    Arc::new(Workspace::open(opening).unwrap())
}

/// Makes a key for a user, who may be new; returns the caller that it identifies.
pub(crate) fn caller_of(workspace: &Workspace, email: &str, role: &str) -> Caller {
    let new = NewKey { email, name: email, role, time_zone: None, expires: None };
    let key = api_keys::create(workspace, &new).unwrap().key;
    workspace.identify(Some(&key)).unwrap()
}

impl StandingClock {
    /// Makes one that shows the time at which tests begin.
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { millis: AtomicI64::new(BEGIN_MS), ..Self::default() })
    }

    /// Moves it.
    pub(crate) fn pass(&self, millis: i64) {
        self.millis.fetch_add(millis, Ordering::Relaxed);
    }
}

impl Served {
    /// Opens one that is empty.
    pub(crate) fn new() -> Self {
        Self::with_room(None)
    }

    /// Opens one whose store may have so many pages.
    pub(crate) fn with_room(max_pages: Option<u32>) -> Self {
        Self::open(max_pages, Policy::default())
    }

    /// Opens one that may fetch from addresses of its own machine.
    pub(crate) fn reaching_itself() -> Self {
        Self::open(None, Policy { allowed: vec!["127.0.0.0/8".parse().unwrap()], ..Policy::default() })
    }

    /// Opens one whose files and results lie in a storage.
    #[cfg(feature = "object-store")]
    pub(crate) fn in_storage(storage: Arc<dyn Storage>) -> Self {
        Self::open_on(None, Policy::default(), Some(storage))
    }

    /// Opens another process on the same store, with a data folder that may be the same.
    pub(crate) fn neighbor(&self, folder: &Path) -> Arc<Workspace> {
        process(self.store_again(folder), folder, &self.clock, 1)
    }

    /// Opens another process with chance of its own.
    fn neighbor_with(&self, chance: Arc<dyn Chance>) -> Arc<Workspace> {
        process_with(self.store_again(self.folder()), self.folder(), &self.clock, chance)
    }

    fn store_again(&self, folder: &Path) -> Store {
        let now = Timestamp::from_millis(BEGIN_MS);
        let founding = Founding { organization_id: "c0rganization0000000000aa".to_owned(), now };
        Store::open(self.kept.engine(folder, Duration::from_secs(5)), &founding).unwrap()
    }

    fn open(max_pages: Option<u32>, policy: Policy) -> Self {
        Self::open_on(max_pages, policy, None)
    }

    fn open_on(max_pages: Option<u32>, policy: Policy, storage: Option<Arc<dyn Storage>>) -> Self {
        let folder = TempDir::new().unwrap();
        let (engine, kept): (Box<dyn Engine>, _) = match max_pages {
            None => testing::engine(folder.path(), Duration::from_secs(5)),
            // Only a file can be said to be full.
            max_pages => {
                let options = SqliteOptions { lock_wait: Duration::from_secs(5), max_pages };
                (Box::new(Sqlite::open_or_create(folder.path(), options).unwrap()), testing::database())
            }
        };
        let now = Timestamp::from_millis(BEGIN_MS);
        let founding = Founding { organization_id: "c0rganization0000000000aa".to_owned(), now };
        let store = Store::open(engine, &founding).unwrap();
        let org_key = store.org_key();
        store.write(move |connection| metadata::ensure_reserved(connection, org_key)).unwrap();
        let clock = StandingClock::new();
        let opening = Opening {
            store,
            folder: folder.path().to_owned(),
            storage,
            client: Client::new(policy),
            public_url: Some("http://served.test".to_owned()),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            chance: Arc::new(CountedChance(AtomicU64::new(0), clock.trap.clone())),
            threads: 2,
        };
        // Few rows are enough for several processes.
        let workspace = Arc::new(Workspace::open(opening).unwrap().with_range_rows(1_024));
        let new = NewKey { email: "ana@example.test", name: "laptop", role: "Admin", time_zone: None, expires: None };
        let key = api_keys::create(&workspace, &new).unwrap().key;
        let caller = workspace.identify(Some(&key)).unwrap();
        Self { workspace, caller, clock, folder, kept }
    }

    /// Makes a key for a user, who may be new; returns the caller that it identifies.
    pub(crate) fn caller_with(&self, email: &str, role: &str) -> Caller {
        caller_of(&self.workspace, email, role)
    }

    /// Returns the data folder.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Moves the clock.
    pub(crate) fn pass(&self, millis: i64) {
        self.clock.pass(millis);
    }

    /// Makes a call that would wait a moment for its task, without anybody who works on it.
    pub(crate) fn order<T>(&self, call: impl FnOnce() -> T) -> T {
        let before = self.clock.millis.load(Ordering::Relaxed);
        self.clock.step.store(100_000, Ordering::Relaxed);
        let outcome = call();
        self.clock.step.store(0, Ordering::Relaxed);
        self.clock.millis.store(before, Ordering::Relaxed);
        outcome
    }

    /// Works on a task until time or chance were asked so many times; returns whether it was stopped.
    pub(crate) fn work_for(&self, job: &dyn Job, id: &TaskId, steps: u64) -> bool {
        let pulse = Pulse::default();
        *self.clock.trap.0.lock().unwrap() = Some((steps, Arc::clone(pulse.flag())));
        let outcome = job.run(&self.workspace, &self.task(id), &pulse);
        *self.clock.trap.0.lock().unwrap() = None;
        match outcome {
            Ok(_) => false,
            Err(JobError::HandOver) => true,
            Err(JobError::NoRoom) => panic!("no room"),
            Err(JobError::Down(problem)) => panic!("{problem:?}"),
            Err(JobError::Fail(problem)) => panic!("{problem:?}"),
        }
    }

    /// Lets a worker do all that there is to do.
    pub(crate) fn settle(&self) {
        let runner = Runner::start(&self.workspace, "worker".to_owned(), 1, ROSTER, Arc::new(|_| {}));
        let org_key = self.workspace.org_key();
        let running = ListTasks { status: Some(TaskStatus::InProgress), limit: 1 };
        let is_done = || {
            self.read(|connection| {
                let has_task = !tables::tasks::list(connection, org_key, &running)?.is_empty();
                Ok(!has_task && data_rows::list_waiting(connection, 1)?.is_empty())
            })
        };
        self.workspace
            .wake_up()
            .wait_until(self.workspace.clock(), Duration::from_secs(60), &mut || Ok(is_done()))
            .unwrap();
        runner.stop();
    }

    pub(crate) fn task(&self, id: &TaskId) -> Task {
        tasks::find(&self.workspace, id.as_str()).unwrap().unwrap()
    }

    /// Lets a worker do a task, which must come to its end.
    #[track_caller]
    pub(crate) fn complete(&self, id: &TaskId) -> Task {
        self.settle();
        let task = self.task(id);
        assert_eq!(task.status, TaskStatus::Complete, "{:?}", task.outcome);
        task
    }

    /// Reads from the store.
    #[track_caller]
    pub(crate) fn read<T>(&self, read: impl FnOnce(&mut dyn Connection) -> Result<T, StoreError>) -> T {
        self.workspace.read(|connection| Ok(read(connection)?)).unwrap()
    }

    /// Counts all tasks.
    pub(crate) fn count_tasks(&self) -> usize {
        let all = ListTasks { status: None, limit: 1_000 };
        self.read(|connection| tables::tasks::list(connection, self.workspace.org_key(), &all)).len()
    }

    /// Counts the labels of a project, deleted or not.
    pub(crate) fn count_labels(&self, project_key: i64) -> i64 {
        self.read(|connection| labels::count(connection, project_key))
    }

    /// Returns the state of an import of annotations.
    pub(crate) fn state_of(&self, import_id: &str) -> String {
        self.read(|connection| {
            labelport_store::tables::annotation_imports::find_by_id(connection, self.workspace.org_key(), import_id)
        })
        .unwrap()
        .state
    }

    /// Keeps bytes as an upload; returns the URL.
    pub(crate) fn upload(&self, name: &str, bytes: &[u8]) -> String {
        let id = self.workspace.chance().cuid();
        let new = NewFile { id: &id, name, content_type: None, created_by: None };
        self.workspace.keep_file(&new, bytes).unwrap()
    }

    /// Creates a dataset; returns its id.
    pub(crate) fn dataset(&self, name: &str) -> String {
        dataset::create(&self.workspace, &self.caller, name, None).unwrap().id
    }

    /// Starts an import of the items of chunks, and leaves it to others to do it.
    pub(crate) fn start_rows(&self, chunks: &[Value]) -> TaskId {
        let uris: Vec<String> =
            chunks.iter().map(|chunk| self.upload("json_import.json", chunk.to_string().as_bytes())).collect();
        let manifest = json!({ "source": "SDK", "item_count": 0, "chunk_uris": uris });
        let manifest = self.upload("manifest.json", manifest.to_string().as_bytes());
        self.order(|| row_import::start(&self.workspace, &self.caller, Rows::Manifest(&manifest))).unwrap()
    }

    /// Creates rows; returns their ids in the order of the payloads.
    #[track_caller]
    pub(crate) fn rows(&self, dataset_id: &str, payloads: &[Value]) -> Vec<String> {
        let items: Vec<Value> = payloads.iter().map(|payload| new_row(dataset_id, payload)).collect();
        let task = self.start_rows(&[Value::Array(items)]);
        self.complete(&task);
        let failures = self.statuses(&task, true);
        assert_eq!(failures, Vec::<(i64, String)>::new());
        self.statuses(&task, false).into_iter().map(|(_, id)| id).collect()
    }

    /// Lists what became of the rows of an import: the ids, or the messages of the failures.
    pub(crate) fn statuses(&self, id: &TaskId, has_failed: bool) -> Vec<(i64, String)> {
        let rows = self
            .workspace
            .read(|connection| Ok(tables::tasks::list_rows(connection, id.as_str(), has_failed, -1, 100_000)?));
        let outcome_of = |row: tables::tasks::TaskRow| match row.failure {
            Some(failure) => {
                let failure: Value = serde_json::from_str(&failure).unwrap();
                assert!(failure["spec"].is_object(), "{failure}");
                (row.ordinal, failure["message"].as_str().unwrap().to_owned())
            }
            None => (row.ordinal, row.row_id.unwrap()),
        };
        rows.unwrap().into_iter().map(outcome_of).collect()
    }

    /// Creates a project with an ontology and sends it rows.
    pub(crate) fn project(&self, name: &str, media_type: &str, ontology: &Value, row_ids: &[String]) -> Project {
        let data = json!({ "name": name, "allowedMediaType": media_type });
        let created = project::create(&self.workspace, &self.caller, &data).unwrap();
        let created = project::set_up(&self.workspace, &created.id, &ontology.to_string()).unwrap();
        let creation = batch::Creation { name: "first".to_owned(), priority: 5, consensus: Value::Null };
        let rows = NamedRows { ids: row_ids.to_vec(), global_keys: Vec::new() };
        batch::create(&self.workspace, &self.caller, &created, &creation, &rows).unwrap();
        created
    }

    /// Starts an import of annotations; returns it with the id of its task.
    pub(crate) fn start_import(
        &self,
        kind: ImportKind,
        parent_id: &str,
        name: &str,
        lines: &[Value],
    ) -> (AnnotationImport, TaskId) {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let input_url = self.upload(name, text.as_bytes());
        let new = NewImport { kind, parent_id, name, input_url: &input_url };
        let import = annotation_import::start(&self.workspace, &self.caller, &new).unwrap();
        let task = TaskId::parse(&import.task_id).unwrap();
        (import, task)
    }

    /// Imports annotations; returns the lines of the status file.
    #[track_caller]
    pub(crate) fn import(&self, kind: ImportKind, parent_id: &str, name: &str, lines: &[Value]) -> Vec<Value> {
        let (_, task) = self.start_import(kind, parent_id, name, lines);
        self.complete(&task);
        self.import_statuses(kind, parent_id, name)
    }

    pub(crate) fn import_statuses(&self, kind: ImportKind, parent_id: &str, name: &str) -> Vec<Value> {
        let import = annotation_import::get(&self.workspace, kind, parent_id, name).unwrap();
        assert_eq!(import.state, "FINISHED");
        let read = |id: Option<String>| {
            let mut lines = String::new();
            self.workspace.files().open(&id.unwrap()).unwrap().read_to_string(&mut lines).unwrap();
            lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>()
        };
        let statuses = read(import.status_file);
        let failed: Vec<Value> = statuses.iter().filter(|status| status["status"] == "FAILURE").cloned().collect();
        assert_eq!(read(import.error_file), failed, "the file of failures is those of the statuses");
        statuses
    }

    /// Runs an export as a task; returns its rows.
    #[track_caller]
    pub(crate) fn export(&self, request: &ExportRequest) -> String {
        let id = self.order(|| job::start(&self.workspace, &self.caller, "", request)).unwrap();
        self.complete(&id);
        self.result(&id)
    }

    /// Exports everything about the rows of a scope; returns the lines.
    #[track_caller]
    pub(crate) fn export_all(&self, scope: Scope) -> Vec<Value> {
        let text = self.export(&everything(scope));
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Reads the whole result of an export.
    pub(crate) fn result(&self, id: &TaskId) -> String {
        String::from_utf8(self.bytes_of(id)).unwrap()
    }

    /// Reads the bytes of a result.
    pub(crate) fn bytes_of(&self, id: &TaskId) -> Vec<u8> {
        let stored = job::get_result(&self.workspace, id.as_str()).unwrap();
        let mut bytes = Vec::new();
        let each = &mut |piece: &[u8]| {
            bytes.extend_from_slice(piece);
            Ok(())
        };
        stored.read(Stream::Rows, 0, u64::MAX, each).unwrap();
        bytes
    }

    /// Fails unless the store agrees with itself.
    #[track_caller]
    pub(crate) fn check_store(&self) {
        let store = self.workspace.store();
        let mut snapshot = store.snapshot(1).unwrap();
        let found = check::check(&mut *snapshot.connections[0], store.org_key(), &mut |_| {}).unwrap();
        let found: Vec<String> = found.into_iter().map(|finding| finding.message).collect();
        assert_eq!(found, Vec::<String>::new());
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.check_store();
        }
    }
}

/// Returns a request for every section, frames between key frames included.
pub(crate) fn everything(scope: Scope) -> ExportRequest {
    crate::support::request(scope.clone(), Params::everything(scope.kind()))
}

/// Returns an item that creates a row.
pub(crate) fn new_row(dataset_id: &str, payload: &Value) -> Value {
    let mut payload = payload.clone();
    payload["dataset_id"] = json!(dataset_id);
    json!({ "id": { "type": "AUTO", "value": "" }, "payload": payload })
}

/// Returns an ontology of boxes named `car`, with a question and a remark.
pub(crate) fn cars() -> Value {
    json!({
        "tools": [{ "tool": "rectangle", "name": "car", "classifications": [
            { "type": "radio", "instructions": "state", "name": "state", "options": [
                { "label": "moving", "value": "moving" }, { "label": "parked", "value": "parked" } ] } ] }],
        "classifications": [{ "type": "text", "instructions": "remark", "name": "remark", "options": [] }],
    })
}

/// Returns a line that draws a box on the row with a global key.
pub(crate) fn car(global_key: &str, uuid: &str, left: u32) -> Value {
    json!({ "uuid": uuid, "dataRow": { "globalKey": global_key }, "name": "car",
            "bbox": { "top": 1.0, "left": left, "height": 6.0, "width": 3.0 } })
}

/// Returns a payload of an image that nobody can fetch.
pub(crate) fn image(global_key: &str) -> Value {
    json!({ "row_data": format!("http://127.0.0.1/{global_key}.jpg"), "global_key": global_key, "media_type": "IMAGE" })
}
