//! `labelport demo`: a composed workspace, exported through every scope.

use super::Command;
use super::export::{ExportWork, print_first_row};
use crate::ambient;
use crate::loss_report;
use crate::messages::{Messages, counted, grouped, print, sized, table};
use crate::outcome::{Failure, Outcome, SUCCESS};
use crate::output::Output;
use crate::workspace::Workspace;
use clap::ArgMatches;
use labelport_engine::disk::private;
use labelport_engine::import::{self, Source, Summary};
use labelport_engine::storage::files::Files;
use labelport_model::id::{DataRowId, LabelId, ProjectId};
use labelport_model::request::{ExportFilters, ExportRequest, FormatChoice, Params, Scope};
use labelport_model::time::Timestamp;
use labelport_samples::{Demo as Composed, DemoIssue};
use labelport_store::Store;
use labelport_store::tables::issues::{self, NewComment, NewIssue};
use labelport_store::tables::slices;
use serde_json::json;
use std::io::Cursor;
use std::path::Path;

/// Makes a workspace to try.
pub(crate) struct Demo;

/// The folder of the demo where none is named.
const FOLDER: &str = "labelport-demo";
/// How many lines of a row are shown, so that the table stays on the screen.
const ROW_LINES: usize = 34;
/// More than the longest row of the demo.
const RECORD_LIMIT_BYTES: usize = 16 << 20;

impl Command for Demo {
    fn name(&self) -> &'static str {
        "demo"
    }

    fn arguments(&self) -> clap::Command {
        clap::Command::new("demo")
            .about("Make a small workspace of all nine data types and export it through every scope")
            .after_help("The workspace is made in ./labelport-demo. Running it again changes nothing and says so.")
    }

    fn run(&self, _: &ArgMatches, workspace: &Workspace, messages: &Messages) -> Outcome {
        let workspace = workspace.or_folder(FOLDER);
        let composed = labelport_samples::demo();
        let store = workspace.open_or_create()?;
        fill(&store, workspace.folder(), &composed, messages)?;
        let exports = workspace.folder().join("exports");
        private::create_folders(&exports)?;
        let mut rows = Vec::new();
        for (file, name, request) in requests(&composed) {
            rows.push(export(&store, &exports.join(file), &name, &request, messages)?);
        }
        if messages.is_json() {
            return Ok(SUCCESS);
        }
        let headings = ["scope", "of", "rows", "labels", "predictions", "annotations", "bytes", "ms", "sha256"];
        print(&format!("\n{}", table(&headings, &rows)))?;
        let shown = exports.join("rows.ndjson");
        print(&format!("\nThe first row of {}:\n\n", shown.display()))?;
        print_first_row(&shown, ROW_LINES)?;
        export_for_training(&store, workspace.folder(), &composed, messages)?;
        print(&format!("\n{}", next_steps(&workspace)))?;
        Ok(SUCCESS)
    }
}

/// Imports the composed files, and adds what no export file carries: a slice and an issue.
fn fill(store: &Store, scratch_folder: &Path, composed: &Composed, messages: &Messages) -> Result<(), Failure> {
    let mut total = Summary::default();
    for file in &composed.files {
        let source = Source::stream(&file.name, Box::new(Cursor::new(file.ndjson.clone())));
        let mut run = import::ImportOptions {
            strict: true,
            threads: 1,
            record_limit_bytes: RECORD_LIMIT_BYTES,
            scratch_folder,
            reader: None,
            run_name: None,
            fetcher: None,
            refused: None,
            now: ambient::now(),
            progress: &mut |_| {},
            stop: None,
        };
        total.add(import::run(store, source, &mut run)?);
    }
    let rows = &total.counts.rows;
    messages.note(&format!(
        "imported {}: {} created, {} changed, {} unchanged",
        counted(composed.files.len() as u64, "file"),
        counted(rows.created, "data row"),
        rows.changed,
        rows.unchanged
    ));
    let slice = slices::Slice {
        id: ambient::new_id(),
        name: composed.slice.name.clone(),
        description: None,
        filter: labelport_model::filter::canonical_query(&composed.slice.filter_json)?,
        created: ambient::now(),
    };
    let org_key = store.org_key();
    store.write(move |connection| slices::create(connection, org_key, &slice))?;
    raise_issue(store, &composed.issue)
}

/// Raises the issue with its comments. A second run finds them there.
fn raise_issue(store: &Store, issue: &DemoIssue) -> Result<(), Failure> {
    let time = |text: &str| Timestamp::parse_export(text).unwrap_or_else(ambient::now);
    // The ids are that of the label with another letter in front, so that every run means the same issue.
    let id = |letter: char| format!("{letter}{}", &issue.label_id[1..]);
    let new = NewIssue {
        id: id('i'),
        project_id: ProjectId::parse(&issue.project_id)?,
        row_id: DataRowId::parse(&issue.data_row_id)?,
        label_id: Some(LabelId::parse(&issue.label_id)?),
        category_id: None,
        position: None,
        content: issue.content.clone(),
        created_by: issue.created_by.clone(),
        now: time(&issue.created_at),
    };
    let comments: Vec<NewComment> = ('j'..='z')
        .zip(&issue.comments)
        .map(|(letter, comment)| NewComment {
            id: id(letter),
            issue_id: new.id.clone(),
            content: comment.content.clone(),
            created_by: comment.created_by.clone(),
            now: time(&comment.created_at),
        })
        .collect();
    let org_key = store.org_key();
    store.write(move |connection| {
        issues::create(connection, org_key, &new)?;
        comments.iter().try_for_each(|comment| issues::comment(connection, org_key, comment).map(|_| ()))
    })?;
    Ok(())
}

/// Lists what is exported: a file name, what the table calls it, the request.
fn requests(composed: &Composed) -> Vec<(String, String, ExportRequest)> {
    let mut scopes: Vec<(String, String, Scope)> = Vec::new();
    for (index, project) in composed.projects.iter().enumerate() {
        let file = format!("project-{}-{}.ndjson", index + 1, project.data_type);
        scopes.push((file, project.name.clone(), Scope::Project(project.id.clone())));
    }
    if let Some(dataset) = composed.datasets.first() {
        let file = format!("dataset-{}.ndjson", dataset.data_type);
        scopes.push((file, dataset.name.clone(), Scope::Dataset(dataset.id.clone())));
    }
    for (index, run) in composed.runs.iter().enumerate() {
        let file = format!("model-run-{}.ndjson", index + 1);
        scopes.push((file, run.name.clone(), Scope::ModelRun(run.id.clone())));
    }
    scopes.push(("slice.ndjson".to_owned(), composed.slice.name.clone(), Scope::Slice(composed.slice.name.clone())));
    let chosen = Scope::Rows { data_row_ids: Some(vec![composed.issue.data_row_id.clone()]), global_keys: None };
    scopes.push(("rows.ndjson".to_owned(), "the row with an issue".to_owned(), chosen));
    scopes.push(("catalog.ndjson".to_owned(), "everything".to_owned(), Scope::Catalog));
    scopes
        .into_iter()
        .map(|(file, name, scope)| {
            // One row is printed on the screen; it is kept short.
            let params = match &scope {
                Scope::Rows { .. } => Params { data_row_details: true, label_details: true, ..Params::default() },
                scope => Params::everything(scope.kind()),
            };
            let params = match &scope {
                Scope::Rows { .. } => Params { project_ids: vec![composed.issue.project_id.clone()], ..params },
                _ => params,
            };
            let filters = ExportFilters::default();
            (
                file,
                name,
                ExportRequest {
                    scope,
                    params,
                    filters,
                    format: FormatChoice::default(),
                    zone_name: "UTC".to_owned(),
                    since: None,
                },
            )
        })
        .collect()
}

/// Exports a scope to a file and returns its line of the table.
fn export(
    store: &Store,
    path: &Path,
    name: &str,
    request: &ExportRequest,
    messages: &Messages,
) -> Result<Vec<String>, Failure> {
    let started = ambient::instant();
    let job = ExportWork {
        store,
        request,
        threads: ambient::processors(),
        stop: None,
        files: None,
        client: None,
        unless: None,
    };
    let manifest = job
        .run(&Output::own_file(path)?, messages)?
        .ok_or_else(|| Failure::new(format!("{} was not written", path.display())))?;
    let elapsed = started.elapsed();
    let scope = request.scope.kind().name();
    let annotations: u64 = manifest.annotations.iter().map(|annotations| annotations.count).sum();
    let event = json!({
        "event": "exported", "scope": scope, "of": name, "file": path.display().to_string(),
        "rows": manifest.digest.rows, "bytes": manifest.digest.bytes, "sha256": manifest.digest.sha256,
    });
    messages.event(&event, "");
    Ok(vec![
        scope.to_owned(),
        name.to_owned(),
        grouped(manifest.digest.rows),
        grouped(manifest.labels + manifest.run_labels),
        grouped(manifest.predictions),
        grouped(annotations),
        sized(manifest.digest.bytes),
        format!("{:.1}", elapsed.as_secs_f64() * 1e3),
        manifest.digest.sha256.chars().take(12).collect(),
    ])
}

/// Exports the pictures of a project as what models are trained on, and shows what that cannot hold.
fn export_for_training(store: &Store, folder: &Path, composed: &Composed, messages: &Messages) -> Result<(), Failure> {
    let Some(project) = composed.projects.iter().rfind(|project| project.data_type == "image") else { return Ok(()) };
    let scope = Scope::Project(project.id.clone());
    let format = FormatChoice { allow_lossy: true, ..FormatChoice::of("yolo") };
    let request = ExportRequest {
        params: Params::everything(scope.kind()),
        scope,
        filters: ExportFilters::default(),
        format,
        zone_name: "UTC".to_owned(),
        since: None,
    };
    let files = Files::new(folder);
    let path = folder.join("exports").join("project-yolo.zip");
    let job = ExportWork {
        store,
        request: &request,
        threads: ambient::processors(),
        stop: None,
        files: Some(&files),
        client: None,
        unless: None,
    };
    let Some(manifest) = job.run(&Output::own_archive(&path)?, messages)? else { return Ok(()) };
    let losses = loss_report::to_table(&manifest.losses);
    let (name, path) = (&project.name, path.display());
    print(&format!("\n{name:?} as YOLO, in {path}. What became of its annotations:\n\n{losses}"))?;
    Ok(())
}

fn next_steps(workspace: &Workspace) -> String {
    let place = match workspace.database() {
        Some(database) => format!("--store {}", database.shown()),
        None => format!("--data {}", workspace.folder().display()),
    };
    format!(
        "Now try:\n\
         \x20 labelport {place} list projects\n\
         \x20 labelport {place} export project \"Lineside safety audit\" --everything -o audit.ndjson.zst\n\
         \x20 labelport verify audit.ndjson.zst\n\
         \x20 labelport import labelbox YOUR-EXPORT.ndjson\n\
         (from a checkout, `cargo run --release --` stands for `labelport`)\n"
    )
}
