//! Imports of annotations: a file of lines, each one annotation of one data row.
//!
//! The lines of a row together become one label of a project or one prediction of a model run. A file is read twice: once
//! to find which lines are about which row, once row by row, so that the memory it takes grows with the number of lines
//! and not with what they hold. Each transaction notes how many rows are done, so that an import that was interrupted
//! continues after them. A line that cannot be taken fails alone, and the status file says why.

mod lines;
mod of_run;
mod target;
mod waiting;

pub use labelport_store::tables::annotation_imports::AnnotationImport;
pub use of_run::{OfRun, import_of_run};

use self::lines::Lines;
use self::target::Parent;
use self::waiting::Waiting;
use crate::edits::Edits;
use crate::outbound::{FetchError, Limits};
use crate::projects::workflow::Mover;
use crate::storage::error::StorageError;
use crate::storage::files::fetched_lines_id;
use crate::tasks::{self, Done, Job, JobError, Order, Pulse};
use crate::workspace::access::Caller;
use crate::workspace::{NewFile, Workspace};
use labelport_formats::read::labelbox_lines::{self, LineError, Mask, MaskPlace, Ontology, Purpose, Subject, World};
use labelport_model::problem::Problem;
use labelport_store::row_key::RowKey;
use labelport_store::tables;
use labelport_store::tables::annotation_imports::{self, ImportName};
use labelport_store::tables::data_rows;
use labelport_store::tables::files::{self, File};
use labelport_store::tables::tasks::Task;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// What annotations become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportKind {
    /// One label of each row in a project.
    Label,
    /// Suggestions for people who label: checked, and not exported.
    Prelabel,
    /// One prediction of each row in a model run.
    Prediction,
}

/// The rows of a transaction.
const PORTION: usize = 100;
/// How large a file may be, and how long fetching it may take.
const FILE_LIMITS: Limits =
    Limits { size_bytes: 8 << 30, remedy: "cut the import into several", time: Duration::from_secs(600) };
/// How large a mask may be.
const MASK_LIMITS: Limits =
    Limits { size_bytes: 64 << 20, remedy: "give the mask as a smaller PNG", time: Duration::from_secs(30) };

impl ImportKind {
    const ALL: [Self; 3] = [Self::Label, Self::Prelabel, Self::Prediction];

    /// Returns the word that stands for it in storage.
    pub fn word(self) -> &'static str {
        match self {
            Self::Label => "label",
            Self::Prelabel => "prelabel",
            Self::Prediction => "prediction",
        }
    }

    fn find(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// An import to start.
#[derive(Debug, Clone)]
pub struct NewImport<'a> {
    /// What the annotations become.
    pub kind: ImportKind,
    /// The id of the project or of the model run.
    pub parent_id: &'a str,
    /// The name, which no other import into the parent has.
    pub name: &'a str,
    /// Where the file is: a URL, which may be one of ours.
    pub input_url: &'a str,
}

/// Starts an import; returns it as it is before the work has begun.
pub fn start(workspace: &Workspace, caller: &Caller, new: &NewImport<'_>) -> Result<AnnotationImport, Problem> {
    crate::catalog::dataset::check_name("import", new.name)?;
    let target = Parent::find(workspace, new.kind, new.parent_id)?;
    check_url(workspace, new.input_url)?;
    let id = workspace.chance().cuid();
    let request = json!({ "import": id, "email": caller.user.email }).to_string();
    let order = Order { kind: ImportJob.kind(), name: new.name.to_owned(), request };
    let task = tasks::new_task(workspace, caller, order);
    let import = AnnotationImport {
        id,
        task_id: task.id.to_string(),
        kind: new.kind.word().to_owned(),
        parent_key: target.parent_key(),
        name: new.name.to_owned(),
        state: "RUNNING".to_owned(),
        input_url: new.input_url.to_owned(),
        status_file: None,
        error_file: None,
        rows_done: 0,
        rows_total: None,
        created_by: Some(caller.user.id.clone()),
        created: workspace.now(),
    };
    let (org_key, created) = (workspace.org_key(), import.clone());
    workspace.write(move |connection| {
        if !annotation_imports::create(connection, org_key, &created)? {
            let message = format!("an import named '{}' exists already there; choose another name", created.name);
            return Err(Problem::conflict(message));
        }
        tables::tasks::create(connection, org_key, &task)?;
        Ok(())
    })?;
    workspace.wake_up().notify();
    Ok(import)
}

/// Fails for an address at which there can be no file: no URL, or one of ours where there is none.
fn check_url(workspace: &Workspace, url: &str) -> Result<(), Problem> {
    let Some(id) = workspace.find_own_file(url) else {
        return workspace
            .client()
            .check(url)
            .map_err(|error| Problem::malformed(format!("the file of the import: {error}")));
    };
    let file = workspace.read(|connection| Ok(files::find(connection, workspace.org_key(), &id)?))?;
    let missing = || Problem::malformed(format!("the file of the import: {}", Problem::not_found("file", &id)));
    file.map(|_| ()).ok_or_else(missing)
}

/// Returns an import by its parent and name.
pub fn get(workspace: &Workspace, kind: ImportKind, parent_id: &str, name: &str) -> Result<AnnotationImport, Problem> {
    let parent_key = Parent::find(workspace, kind, parent_id)?.parent_key();
    let named = ImportName { kind: kind.word(), parent_key, name };
    let found = workspace.read(|connection| Ok(annotation_imports::find(connection, workspace.org_key(), named)?))?;
    found.ok_or_else(|| Problem::not_found("import", name))
}

/// Returns an import by its id, with the id of its parent.
pub fn get_by_id(workspace: &Workspace, kind: ImportKind, id: &str) -> Result<(AnnotationImport, String), Problem> {
    let found =
        workspace.read(|connection| Ok(annotation_imports::find_by_id(connection, workspace.org_key(), id)?))?;
    let found = found.filter(|import| import.kind == kind.word()).ok_or_else(|| Problem::not_found("import", id))?;
    let parent = Parent::get(workspace, kind, found.parent_key)?;
    Ok((found, parent.id().to_owned()))
}

/// Lists the imports of a kind into a parent, oldest first.
pub fn list(workspace: &Workspace, kind: ImportKind, parent_id: &str) -> Result<Vec<AnnotationImport>, Problem> {
    let parent_key = Parent::find(workspace, kind, parent_id)?.parent_key();
    workspace.read(|connection| Ok(annotation_imports::list(connection, workspace.org_key(), kind.word(), parent_key)?))
}

/// Does imports.
pub struct ImportJob;

impl Job for ImportJob {
    fn kind(&self) -> &'static str {
        "annotation-import"
    }

    fn wire_type(&self) -> &'static str {
        "annotation-import"
    }

    fn run(&self, workspace: &Workspace, task: &Task, pulse: &Pulse) -> Result<Done, JobError> {
        let request: Value = serde_json::from_str(&task.request).map_err(Problem::internal)?;
        let id = request["import"].as_str().unwrap_or_default();
        let import =
            workspace.read(|connection| Ok(annotation_imports::find_by_id(connection, workspace.org_key(), id)?))?;
        let Some(import) = import.filter(|import| import.state == "RUNNING") else { return Ok(Done::default()) };
        let email = request["email"].as_str().unwrap_or_default();
        let outcome = run(workspace, &import, email, pulse);
        if let Err(JobError::Fail(problem)) = &outcome {
            fail(workspace, &import, &problem.message)?;
        }
        outcome
    }

    fn activity(&self, task: &Task) -> String {
        format!("importing the annotations {:?}", task.name)
    }

    fn discard(&self, workspace: &Workspace, task: &Task, reason: &str) -> Result<(), Problem> {
        let request: Value = serde_json::from_str(&task.request).map_err(Problem::internal)?;
        let id = request["import"].as_str().unwrap_or_default();
        let import =
            workspace.read(|connection| Ok(annotation_imports::find_by_id(connection, workspace.org_key(), id)?))?;
        match import.filter(|import| import.state == "RUNNING") {
            Some(import) => fail(workspace, &import, reason),
            None => Ok(()),
        }
    }
}

/// Ends an import that failed as a whole, and says why where clients look for it.
fn fail(workspace: &Workspace, import: &AnnotationImport, reason: &str) -> Result<(), Problem> {
    let error = json!([{ "name": "ImportFailed", "message": reason }]);
    let status =
        json!({ "uuid": null, "dataRow": { "id": null, "globalKey": null }, "status": "FAILURE", "errors": error });
    let line = format!("{status}\n").into_bytes();
    // An import fails all the same where its reason cannot be kept.
    let kept = keep_statuses(workspace, import, &line, &line).ok();
    end(workspace, import, "FAILED", kept)
}

fn run(workspace: &Workspace, import: &AnnotationImport, email: &str, pulse: &Pulse) -> Result<Done, JobError> {
    let kind = ImportKind::find(&import.kind).ok_or_else(|| Problem::internal("an import of an unknown kind"))?;
    let target = Parent::get(workspace, kind, import.parent_key)?;
    let file = input_file(workspace, import)?;
    let opened = workspace.files().open(&file);
    let opened = opened.map_err(|error| match StorageError::of_whole(&error) {
        Some(_) => crate::workspace::unreadable(error),
        None => Problem::malformed(format!("the file of the import: {error}")),
    })?;
    let mut lines = Lines::index(opened)?;
    let by_row = lines.find_rows(workspace, &target)?;
    let total = i64::try_from(by_row.len()).unwrap_or(i64::MAX);
    let ontology = Arc::new(target.ontology(workspace)?);
    let mut statuses: Vec<Option<LineError>> = lines.failures().to_vec();
    let mover = Mover { email: email.to_owned(), now: workspace.now() };
    let mut waiting = Waiting::default();
    for (index, portion) in by_row.chunks(PORTION).enumerate() {
        pulse.check()?;
        let first = i64::try_from(index * PORTION).unwrap_or(i64::MAX);
        let is_done = first < import.rows_done;
        let mut made = Vec::new();
        if !is_done {
            waiting.wait(workspace, &target, portion.iter().filter_map(|(row_key, _)| *row_key), pulse)?;
        }
        for (row_key, places) in portion {
            let Some(row_key) = row_key else { continue };
            pulse.check()?;
            if waiting.is_late(*row_key) {
                let late = labelbox_lines::LineProblem::AssetLate { minutes: waiting::PATIENCE.as_secs() / 60 };
                places.iter().for_each(|place| statuses[place.index] = Some(LineError::of_line(late.clone())));
                continue;
            }
            let texts = lines.read(places)?;
            let converted = convert(workspace, import, &target, &ontology, (*row_key, &texts), is_done)?;
            for (place, outcome) in places.iter().zip(converted.outcomes) {
                statuses[place.index] = outcome.err();
            }
            made.extend(converted.made.map(|made| (*row_key, made)));
        }
        if is_done {
            continue;
        }
        let done = first + i64::try_from(portion.len()).unwrap_or(0);
        let (org_key, id, target, mover) = (workspace.org_key(), import.id.clone(), target.clone(), mover.clone());
        let gone = workspace.write(move |connection| {
            target.check_is_there(connection, org_key)?;
            let mut edits = Edits::begin(connection, org_key, mover.now)?;
            let mut gone = Vec::new();
            for (row_key, made) in &made {
                if !target.keep(&mut edits, org_key, *row_key, made, &mover)? {
                    gone.push(*row_key);
                }
            }
            annotation_imports::note_progress(edits.connection, &id, done, total)?;
            edits.finish()?;
            Ok(gone)
        })?;
        for (_, places) in portion.iter().filter(|(row_key, _)| row_key.is_some_and(|key| gone.contains(&key))) {
            places.iter().for_each(|place| {
                statuses[place.index] = Some(LineError::of_line(labelbox_lines::LineProblem::RowUnknown))
            });
        }
    }
    finish(workspace, import, &lines, &statuses)?;
    let refused = statuses.iter().flatten().count();
    Ok(Done { rows: total, outcome: Some(json!({ "refused": refused }).to_string()), ..Done::default() })
}

/// Returns the id of the file that holds the lines; a file of somebody else is fetched first.
fn input_file(workspace: &Workspace, import: &AnnotationImport) -> Result<String, JobError> {
    if let Some(id) = workspace.find_own_file(&import.input_url) {
        return Ok(id);
    }
    let id = fetched_lines_id(&import.id);
    let mut incoming = workspace.files().start(&id).map_err(crate::workspace::unwritable)?;
    workspace.client().get(&import.input_url, FILE_LIMITS, &mut incoming).map_err(|error| match error {
        FetchError::Keep(error) => crate::workspace::unwritable(error),
        error => Problem::malformed(format!("the file of the import: {error}")),
    })?;
    incoming.keep().map_err(crate::workspace::unwritable)?;
    Ok(id)
}

/// What became of the lines of one row.
struct Outcome {
    outcomes: Vec<Result<(), LineError>>,
    made: Option<Made>,
}

/// A label or prediction that was made.
pub(super) struct Made {
    pub(super) label_kind: &'static str,
    pub(super) label_id: String,
    pub(super) annotations: String,
    pub(super) metrics: Vec<String>,
}

fn convert(
    workspace: &Workspace,
    import: &AnnotationImport,
    target: &Parent,
    ontology: &Ontology,
    (row_key, texts): (RowKey, &[String]),
    is_done: bool,
) -> Result<Outcome, JobError> {
    let org_key = workspace.org_key();
    let (row, asset) = workspace.read(|connection| {
        let row = data_rows::find_by_key(connection, org_key, row_key)?;
        Ok((row, data_rows::find_asset(connection, row_key)?))
    })?;
    // Somebody deleted it since the lines were sorted out.
    let Some(row) = row else {
        return Ok(Outcome {
            outcomes: texts.iter().map(|_| Err(LineError::of_line(labelbox_lines::LineProblem::RowUnknown))).collect(),
            made: None,
        });
    };
    let data_type = waiting::data_type_of(&row, asset.as_ref(), target);
    // A text layer that is still an address is not there yet.
    let text_layer = asset.as_ref().and_then(|asset| asset.text_layer.as_deref());
    let inline = crate::catalog::data_row::row_data(&row);
    let text = asset.as_ref().and_then(|asset| asset.content.as_deref()).or_else(|| {
        let is_text = data_type.is_some_and(|data_type| data_type.name == "text");
        (is_text && !inline.starts_with("http")).then_some(inline.as_str())
    });
    let subject = Subject {
        data_type,
        media: row.media.as_deref(),
        text,
        text_layer: text_layer.filter(|layer| layer.starts_with('[')),
    };
    let purpose = if target.is_run() { Purpose::Prediction } else { Purpose::Label };
    let mut world =
        ImportWorld { workspace, import, target, masks: Vec::new(), is_silent: is_done, last: None, failed: None };
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let converted = labelbox_lines::convert(ontology, &subject, &texts, purpose, &mut world);
    if let Some(problem) = world.failed.take() {
        return Err(problem.into());
    }
    world.note_masks()?;
    let label_kind = data_type.map_or("Default", |data_type| data_type.label_kind);
    let made = converted.annotations.filter(|_| target.keeps()).map(|annotations| Made {
        label_kind,
        label_id: workspace.chance().cuid(),
        annotations,
        metrics: converted.metrics,
    });
    Ok(Outcome { outcomes: converted.outcomes, made })
}

/// What a conversion gets from the workspace.
struct ImportWorld<'w> {
    workspace: &'w Workspace,
    import: &'w AnnotationImport,
    target: &'w Parent,
    /// Masks that were kept: where each is found, and its file.
    masks: Vec<(String, File)>,
    /// Whether what is made was made before, so that nothing is kept.
    is_silent: bool,
    /// The mask that was fetched last: one picture often holds many instances.
    last: Option<(String, Vec<u8>)>,
    /// Why files can be neither read nor kept, which is not the fault of a line.
    failed: Option<Problem>,
}

impl World for ImportWorld<'_> {
    fn new_id(&mut self) -> String {
        self.workspace.chance().cuid()
    }

    fn fetch(&mut self, url: &str) -> Result<Vec<u8>, String> {
        if let Some((known, bytes)) = &self.last
            && known == url
        {
            return Ok(bytes.clone());
        }
        let bytes = self.workspace.fetch_bytes(url, MASK_LIMITS).map_err(|problem| {
            let message = problem.message.clone();
            if problem.cause.is_some() {
                self.failed = Some(problem);
            }
            message
        })?;
        self.last = Some((url.to_owned(), bytes.clone()));
        Ok(bytes)
    }

    fn keep_mask(&mut self, mask: Mask) -> Result<String, String> {
        let place = match &mask.place {
            MaskPlace::Composite { id, index } => {
                format!("/api/v1/tasks/{}/masks/{id}/index/{index}", self.import.id)
            }
            MaskPlace::Instance { feature_id, index } => {
                format!("{}/annotations/{feature_id}/index/{index}/mask", self.target.mask_root())
            }
        };
        if !self.is_silent && self.target.keeps() {
            let id = self.workspace.chance().cuid();
            let kept = self.workspace.files().write(&id, &mask.png).map_err(|error| {
                let message = format!("the mask cannot be kept: {error}");
                if StorageError::of_whole(&error).is_some() {
                    self.failed = Some(crate::workspace::unwritable(error));
                }
                message
            })?;
            let (content_type, created_by) = (Some("image/png"), self.import.created_by.as_deref());
            let new = NewFile { id: &id, name: "mask.png", content_type, created_by };
            self.masks.push((place.clone(), self.workspace.file_of(&new, &kept)));
        }
        Ok(format!("{}{place}", crate::export::mask_urls::ORIGIN))
    }
}

impl ImportWorld<'_> {
    /// Notes the masks that were kept: a mask has its place before an annotation refers to it.
    fn note_masks(&mut self) -> Result<(), Problem> {
        let (org_key, masks) = (self.workspace.org_key(), std::mem::take(&mut self.masks));
        if masks.is_empty() {
            return Ok(());
        }
        self.workspace.write(move |connection| {
            for (place, file) in &masks {
                files::create(connection, org_key, file)?;
                files::put_mask(connection, org_key, place, &file.id)?;
            }
            Ok(())
        })
    }
}

/// Writes the status files and ends the import.
fn finish(
    workspace: &Workspace,
    import: &AnnotationImport,
    lines: &Lines,
    statuses: &[Option<LineError>],
) -> Result<(), Problem> {
    let (mut all, mut failed) = (Vec::new(), Vec::new());
    for (line, error) in lines.given().iter().zip(statuses) {
        let mut status = json!({
            "uuid": line.uuid,
            "dataRow": { "id": line.row_id, "globalKey": line.global_key },
            "status": if error.is_some() { "FAILURE" } else { "SUCCESS" },
            "errors": [],
        });
        if let Some(error) = error {
            status["errors"] = json!([{ "name": error.name(), "message": error.to_string() }]);
        }
        let text = format!("{status}\n");
        all.extend_from_slice(text.as_bytes());
        if error.is_some() {
            failed.extend_from_slice(text.as_bytes());
        }
    }
    let kept = keep_statuses(workspace, import, &all, &failed)?;
    end(workspace, import, "FINISHED", Some(kept))
}

/// Keeps the lines that say what became of an import, all and the failures; returns the ids of their files.
fn keep_statuses(
    workspace: &Workspace,
    import: &AnnotationImport,
    all: &[u8],
    failed: &[u8],
) -> Result<(String, String), Problem> {
    let keep = |name: &str, bytes: &[u8]| -> Result<String, Problem> {
        let id = workspace.chance().cuid();
        let content_type = Some("application/x-ndjson; charset=utf-8");
        let created_by = import.created_by.as_deref();
        workspace.keep_file(&NewFile { id: &id, name, content_type, created_by }, bytes)?;
        Ok(id)
    };
    Ok((keep("statuses.ndjson", all)?, keep("errors.ndjson", failed)?))
}

/// Ends an import, with the files of its statuses and of its failures.
fn end(
    workspace: &Workspace,
    import: &AnnotationImport,
    state: &'static str,
    files: Option<(String, String)>,
) -> Result<(), Problem> {
    let (id, now) = (import.id.clone(), workspace.now());
    workspace.write(move |connection| {
        let files = files.as_ref().map(|(all, failed)| (all.as_str(), failed.as_str()));
        Ok(annotation_imports::finish(connection, &id, state, files, now)?)
    })
}

/// Deletes the record of an import and returns it; the annotations stay.
pub fn delete(workspace: &Workspace, id: &str) -> Result<AnnotationImport, Problem> {
    let (org_key, id) = (workspace.org_key(), id.to_owned());
    let found = workspace.read(|connection| Ok(annotation_imports::find_by_id(connection, org_key, &id)?))?;
    let found = found.ok_or_else(|| Problem::not_found("import", &id))?;
    workspace.write(move |connection| Ok(annotation_imports::delete(connection, org_key, &id)?))?;
    Ok(found)
}
