//! Releases: named exports that are kept until somebody deletes them.
//!
//! A release is an item with the name, and the stored result of the task that made it. It is written once: nothing here
//! changes a result, and a name is free again only after its release was deleted. The item is stored after the result is
//! published, so a release that is listed can be read. The result of an ended task that no release names is left over from
//! an interruption and is removed by [`remove_leftovers`].
//!
//! A model run can say which release it was trained on, see [`lineage`].

mod job;
pub mod lineage;

pub use job::{CreateRelease, start};

use crate::items::{self, Body, Item, ItemKind};
use crate::manifest::Manifest;
use crate::storage::results::{Results, Stored, StoredReader, Stream};
use crate::storage::unused::UnusedError;
use crate::tasks::{self, CommandTask, Job, Task, TaskStatus};
use crate::workspace::Workspace;
use labelport_formats::package::{ArchiveKind, for_each_file};
use labelport_formats::write::{self, Layout};
use labelport_model::id::TaskId;
use labelport_model::problem::{Problem, ProblemKind};
use labelport_model::quote::Quoted;
use labelport_model::time::Timestamp;
use labelport_store::Connection;
use labelport_store::check::Finding;
use labelport_store::tables::tasks::{self as stored_tasks, Ending, TaskProgress};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::io::{self, Read};
use std::sync::Arc;

/// The version of labelport, which releases remember.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The most characters of a name: it is a part of URLs.
const NAME_LIMIT: usize = 128;
/// The most characters of a description.
const DESCRIPTION_LIMIT: usize = 4_096;

/// What is known of a release besides its name and its manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// The task under whose id the result is stored.
    pub task_id: String,
    /// What it is for, in the words of its creator.
    pub description: String,
    /// The format, such as `ndjson`.
    pub format: String,
    /// The request of the export, in canonical form.
    pub request: String,
    /// How many rows it has.
    pub rows: u64,
    /// How many bytes it has, not compressed.
    pub bytes: u64,
    /// The digest of these bytes, in hexadecimal digits.
    pub sha256: String,
    /// The number of the last change that it shows.
    pub change_seq: i64,
    /// Where `export --since` goes on.
    pub watermark: String,
    /// The version of labelport that wrote it.
    pub version: String,
}

impl Release {
    /// Returns whether the result is an archive. One of a later version may be in a format that is not known.
    pub fn is_package(&self) -> bool {
        write::find(&self.format).is_some_and(|format| matches!(format.layout(), Layout::Package))
    }
}

impl Body for Release {
    const KIND: ItemKind = ItemKind::Release;
    const WORD: &'static str = "release";
}

/// A release whose result is published.
#[derive(Debug, Clone, Copy)]
pub struct NewRelease<'a> {
    /// The name.
    pub name: &'a str,
    /// What it is for.
    pub description: &'a str,
    /// The task under whose id the result is stored.
    pub task_id: &'a str,
    /// The manifest of the result.
    pub manifest: &'a Manifest,
    /// The e-mail address of the user who creates it; empty for the command line.
    pub created_by: &'a str,
    /// Whether the task ends with it, as that of the command line does: a process that is killed leaves both or neither.
    pub ends_task: bool,
}

/// Fails unless a text can be the name of a release.
pub fn check_name(name: &str) -> Result<(), Problem> {
    let is_first = |byte: u8| byte.is_ascii_alphanumeric();
    let is_next = |byte: u8| is_first(byte) || matches!(byte, b'.' | b'-' | b'_');
    let is_name = name.bytes().next().is_some_and(is_first) && name.bytes().all(is_next) && name.len() <= NAME_LIMIT;
    if is_name {
        return match is_task_id(name) {
            false => Ok(()),
            true => Err(Problem::malformed(format!("{name} looks like the id of a task; choose another name"))),
        };
    }
    let message = format!(
        "{} cannot be the name of a release; use up to {NAME_LIMIT} letters, digits, dots, hyphens and underscores, and \
         begin with a letter or digit",
        Quoted::new(name)
    );
    Err(Problem::malformed(message))
}

/// Returns whether a text has the form of ids of tasks, which commands take as well.
fn is_task_id(text: &str) -> bool {
    text.len() == 25
        && text.starts_with('c')
        && text.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase())
}

/// Fails for a name or a description that a release cannot have, and for a name that is taken.
pub fn check_new(workspace: &Workspace, name: &str, description: &str) -> Result<(), Problem> {
    check_name(name)?;
    if description.chars().count() > DESCRIPTION_LIMIT {
        return Err(Problem::malformed(format!("the description has more than {DESCRIPTION_LIMIT} characters")));
    }
    workspace.read(|connection| refuse_taken(connection, workspace.org_key(), name))
}

fn refuse_taken(connection: &mut dyn Connection, org_key: i64, name: &str) -> Result<(), Problem> {
    match find(connection, org_key, name)? {
        None => Ok(()),
        Some(_) => Err(Problem::conflict(format!(
            "there is a release named {name} already; releases are never replaced, so choose another name"
        ))),
    }
}

/// Makes a release of a published result.
pub fn add(workspace: &Workspace, new: &NewRelease<'_>) -> Result<Item<Release>, Problem> {
    let NewRelease { name, description, task_id, manifest, created_by, ends_task } = *new;
    let body = Release {
        task_id: task_id.to_owned(),
        description: description.to_owned(),
        format: manifest.format.clone(),
        request: manifest.request.clone(),
        rows: manifest.digest.rows,
        bytes: manifest.digest.bytes,
        sha256: manifest.digest.sha256.clone(),
        change_seq: manifest.change_seq,
        watermark: manifest.watermark.clone(),
        version: VERSION.to_owned(),
    };
    let (org_key, now) = (workspace.org_key(), workspace.now());
    let item = Item {
        id: workspace.chance().cuid(),
        parent: String::new(),
        name: name.to_owned(),
        body,
        created_by: created_by.to_owned(),
        created: now,
        updated: now,
    };
    workspace.write(move |connection| {
        // Another process may have taken the name while this one wrote.
        refuse_taken(connection, org_key, &item.name)?;
        item.create(connection, org_key)?;
        if ends_task {
            end_task(connection, &item, now)?;
        }
        Ok(item)
    })
}

/// Ends the task that made a release.
fn end_task(connection: &mut dyn Connection, release: &Item<Release>, now: Timestamp) -> Result<(), Problem> {
    let Release { task_id, rows, sha256, .. } = &release.body;
    let id = TaskId::parse(task_id).map_err(Problem::internal)?;
    let outcome = json!({ "rows": rows, "sha256": sha256, "release": release.name }).to_string();
    let rows = i64::try_from(*rows).unwrap_or(i64::MAX);
    let progress = TaskProgress { rows_done: rows, rows_total: Some(rows) };
    stored_tasks::report_progress(connection, &id, progress)?;
    let ending = Ending { status: TaskStatus::Complete, outcome: Some(outcome), owner: None, now };
    if stored_tasks::finish(connection, &id, &ending)? {
        return Ok(());
    }
    let message = format!(
        "the task {task_id} of release {} was canceled, or another process took this one for dead and ended the task; nothing \
         was kept, so create the release again",
        release.name
    );
    Err(Problem::new(ProblemKind::NotAllowed, message))
}

/// Lists releases, oldest first.
pub fn list(connection: &mut dyn Connection, org_key: i64) -> Result<Vec<Item<Release>>, Problem> {
    items::list(connection, org_key)
}

/// Finds a release by its name.
pub fn find(connection: &mut dyn Connection, org_key: i64, name: &str) -> Result<Option<Item<Release>>, Problem> {
    items::find_named(connection, org_key, name)
}

/// Finds the release that a task made. The name of the task is that of the release.
pub fn find_made_by(
    connection: &mut dyn Connection,
    org_key: i64,
    task: &Task,
) -> Result<Option<Item<Release>>, Problem> {
    Ok(find(connection, org_key, &task.name)?.filter(|release| release.body.task_id == task.id.as_str()))
}

/// Returns a release by its name.
pub fn get(connection: &mut dyn Connection, org_key: i64, name: &str) -> Result<Item<Release>, Problem> {
    let missing = || {
        let message = format!("there is no release named {}; `labelport release list` shows them", Quoted::new(name));
        Problem::new(ProblemKind::NotFound, message)
    };
    find(connection, org_key, name)?.ok_or_else(missing)
}

/// Opens the result of a release.
pub fn open(workspace: &Workspace, release: &Item<Release>) -> Result<Arc<Stored>, Problem> {
    let missing = || {
        let message = format!("the files of release {} are gone; restore them from a backup", release.name);
        Problem::new(ProblemKind::Gone, message)
    };
    workspace.open_result(&release.body.task_id)?.ok_or_else(missing)
}

/// Deletes a release with its result, unless a model run names it.
pub fn delete(workspace: &Workspace, name: &str) -> Result<Item<Release>, Problem> {
    let (org_key, named) = (workspace.org_key(), name.to_owned());
    let release = workspace.write(move |connection| {
        let release = get(connection, org_key, &named)?;
        if let Some(run) = lineage::list_runs(connection, org_key, &release.id)?.first() {
            let message = format!(
                "the model run {} ({}) was trained on release {named}; `labelport release unlink {named} --model-run {}` \
                 removes the link",
                Quoted::new(&run.name),
                run.id,
                run.id
            );
            return Err(Problem::conflict(message));
        }
        items::delete::<Release>(connection, org_key, &release.id)?;
        Ok(release)
    })?;
    remove_result(workspace, &release.body.task_id)?;
    Ok(release)
}

/// Takes back the release that a task made, if it made one.
fn withdraw(workspace: &Workspace, task_id: &str) -> Result<(), Problem> {
    let (org_key, task_id) = (workspace.org_key(), task_id.to_owned());
    workspace.write(move |connection| {
        let made = list(connection, org_key)?.into_iter().find(|release| release.body.task_id == task_id);
        match made {
            Some(release) => items::delete::<Release>(connection, org_key, &release.id).map(drop),
            None => Ok(()),
        }
    })
}

fn remove_result(workspace: &Workspace, task_id: &str) -> Result<(), Problem> {
    workspace.forget_result(task_id);
    workspace.results().remove(task_id).map_err(Problem::internal)
}

/// Removes results of releases that were never completed, or that were deleted by a process that was killed then.
pub fn remove_leftovers(workspace: &Workspace) -> Result<(), Problem> {
    for id in workspace.results().list_folders().map_err(Problem::internal)? {
        let Ok(task_id) = TaskId::parse(&id) else { continue };
        let Some(task) = tasks::find(workspace, task_id.as_str())? else { continue };
        let makes_release = task.kind == CreateRelease.kind() || task.kind == CommandTask::Release.kind();
        if !makes_release || task.status == TaskStatus::InProgress {
            continue;
        }
        // Only now: the release is stored before its task ends.
        let releases = workspace.read(|connection| list(connection, workspace.org_key()))?;
        if releases.iter().all(|release| release.body.task_id != id) {
            remove_result(workspace, &id)?;
        }
    }
    Ok(())
}

/// Hands the texts of all releases to a function: their rows, or the files of their packages.
pub fn each_text(
    connection: &mut dyn Connection,
    org_key: i64,
    results: &Results,
    each: &mut dyn FnMut(&mut dyn Read) -> io::Result<()>,
) -> Result<(), UnusedError> {
    for release in items::list::<Release>(connection, org_key).map_err(|problem| io::Error::other(problem.message))? {
        let mut read = || {
            let stored = results.open(&release.body.task_id)?.ok_or(io::ErrorKind::NotFound)?;
            let mut rows = StoredReader::new(stored, Stream::Rows);
            match release.body.is_package() {
                true => for_each_file(ArchiveKind::Zip, &mut rows, &mut |_, content| each(content)),
                false => each(&mut rows),
            }
        };
        read().map_err(|source| UnusedError::Release { name: release.name.clone(), source })?;
    }
    Ok(())
}

/// The name of the check of releases.
pub const CHECK: &str = "releases";

/// Finds releases whose results are not there.
pub fn check(connection: &mut dyn Connection, org_key: i64, results: &Results) -> Result<Vec<Finding>, Problem> {
    let mut found = Vec::new();
    for release in list(connection, org_key)? {
        let opened = results.open(&release.body.task_id);
        if matches!(&opened, Ok(Some(stored)) if stored.sha256() == release.body.sha256) {
            continue;
        }
        let (name, task_id) = (&release.name, &release.body.task_id);
        let message = format!("the export of release {name} (results/{task_id}) is missing or damaged");
        found.push(Finding {
            check: CHECK,
            message,
            remedy: "restore the folder from a backup, or delete the release",
        });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_can_be_parts_of_urls_and_paths() {
        for good in ["training-2026-11", "1", "a.b_C", &"a".repeat(NAME_LIMIT)] {
            check_name(good).unwrap();
        }
        for bad in ["", "-a", ".", "..", ".hidden", "a/b", "a b", "a\n", "ä", "@a", &"a".repeat(NAME_LIMIT + 1)] {
            assert!(check_name(bad).unwrap_err().message.contains("cannot be the name of a release"), "{bad}");
        }
        assert!(check_name("c0123456789abcdefghijklmn").unwrap_err().message.contains("the id of a task"));
    }
}
