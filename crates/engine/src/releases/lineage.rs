//! Which release a model run was trained on.
//!
//! The link belongs to the run: it goes with the run, and a release cannot be deleted while a run names it.

use super::{Release, get};
use crate::items::{self, Body, Item, ItemKind};
use crate::models::run::{self, ModelRun};
use crate::workspace::Workspace;
use labelport_model::problem::{Problem, ProblemKind};
use labelport_store::Connection;
use labelport_store::tables::models;
use serde::{Deserialize, Serialize};

/// That a run was trained on a release. The parent is the run, the name is the id of the release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct TrainedOn {}

impl Body for TrainedOn {
    const KIND: ItemKind = ItemKind::RunRelease;
    const WORD: &'static str = "link of a model run to a release";
}

/// Says that a model run was trained on a release; returns the release that was named before, if another was.
pub fn link(
    workspace: &Workspace,
    run_id: &str,
    name: &str,
    created_by: &str,
) -> Result<Option<Item<Release>>, Problem> {
    let run = run::get(workspace, run_id)?;
    let (org_key, now, name) = (workspace.org_key(), workspace.now(), name.to_owned());
    let (id, created_by) = (workspace.chance().cuid(), created_by.to_owned());
    workspace.write(move |connection| {
        let release = get(connection, org_key, &name)?;
        let before = find(connection, org_key, &run.id)?.filter(|before| before.id != release.id);
        remove_links(connection, org_key, &run.id)?;
        let link =
            Item { id, parent: run.id, name: release.id, body: TrainedOn {}, created_by, created: now, updated: now };
        link.create(connection, org_key)?;
        Ok(before)
    })
}

/// Takes back what was said of a run.
pub fn unlink(workspace: &Workspace, run_id: &str) -> Result<(), Problem> {
    let run = run::get(workspace, run_id)?;
    let org_key = workspace.org_key();
    let was_linked = workspace.write(move |connection| remove_links(connection, org_key, &run.id))?;
    if was_linked {
        return Ok(());
    }
    Err(Problem::new(ProblemKind::NotFound, format!("the model run {run_id} is not linked to a release")))
}

fn remove_links(connection: &mut dyn Connection, org_key: i64, run_id: &str) -> Result<bool, Problem> {
    let links: Vec<Item<TrainedOn>> = items::list_of(connection, org_key, run_id)?;
    for link in &links {
        items::delete::<TrainedOn>(connection, org_key, &link.id)?;
    }
    Ok(!links.is_empty())
}

/// Finds the release that a run was trained on.
pub fn find(connection: &mut dyn Connection, org_key: i64, run_id: &str) -> Result<Option<Item<Release>>, Problem> {
    let links: Vec<Item<TrainedOn>> = items::list_of(connection, org_key, run_id)?;
    links.first().map(|link| items::get(connection, org_key, &link.name)).transpose()
}

/// Lists the runs that were trained on a release, given by its id.
pub fn list_runs(connection: &mut dyn Connection, org_key: i64, release_id: &str) -> Result<Vec<ModelRun>, Problem> {
    let links: Vec<Item<TrainedOn>> = items::list(connection, org_key)?;
    let mut runs = Vec::new();
    for link in links.iter().filter(|link| link.name == release_id) {
        runs.extend(models::find_run(connection, org_key, &link.parent)?);
    }
    Ok(runs)
}
