//! Releases made by a server: one for each name, whole or not there, and kept when other results go.

use super::{Served, cars, everything, image};
use labelport_engine::ambient::Chance;
use labelport_engine::export::job;
use labelport_engine::items::Item;
use labelport_engine::models::{model, run};
use labelport_engine::projects::project;
use labelport_engine::releases::{self, CreateRelease, Release, lineage};
use labelport_engine::storage::backup;
use labelport_engine::storage::results::{Results, Stream};
use labelport_engine::{registry, tasks};
use labelport_model::id::TaskId;
use labelport_model::problem::ProblemKind;
use labelport_model::request::{ExportRequest, Scope};
use labelport_store::tables::tasks::TaskStatus;

/// A workspace with rows.
fn filled() -> Served {
    let served = Served::new();
    let ids = served.rows(&served.dataset("set"), &[image("g0"), image("g1"), image("g2")]);
    served.project("project", "IMAGE", &cars(), &ids);
    served
}

fn start(served: &Served, name: &str) -> TaskId {
    let start = || releases::start(&served.workspace, &served.caller, name, "", &everything(Scope::Catalog));
    served.order(start).unwrap()
}

fn find(served: &Served, name: &str) -> Option<Item<Release>> {
    let org_key = served.workspace.org_key();
    served.workspace.read(|connection| releases::find(connection, org_key, name)).unwrap()
}

/// Returns the ids of the results that have a folder.
fn kept(served: &Served) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(served.folder().join("results")) else { return Vec::new() };
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn a_release_is_the_export_and_outlives_it() {
    let served = filled();
    let export = served.order(|| job::start(&served.workspace, &served.caller, "", &everything(Scope::Catalog)));
    let export = export.unwrap();
    served.complete(&export);
    let task = start(&served, "first");
    served.complete(&task);
    let release = find(&served, "first").unwrap();
    let stored = releases::open(&served.workspace, &release).unwrap();
    let exported = job::get_result(&served.workspace, export.as_str()).unwrap();
    assert_eq!(stored.manifest().unwrap(), exported.manifest().unwrap());
    assert_eq!((release.body.rows, release.body.version.as_str()), (3, releases::VERSION));
    assert_eq!(release.created_by, served.caller.user.email);
    served.pass(job::KEPT_MS + 1);
    job::expire(&served.workspace).unwrap();
    releases::remove_leftovers(&served.workspace).unwrap();
    assert_eq!(kept(&served), [task.to_string()], "the export is gone, the release is not");
    let bytes = stored.extent(Stream::Rows).unwrap().bytes;
    assert_eq!(bytes, release.body.bytes);
}

#[test]
fn a_name_that_was_taken_meanwhile_fails_the_task_and_leaves_nothing() {
    let served = filled();
    let tasks = [start(&served, "first"), start(&served, "first")];
    served.settle();
    // The two run at the same time, so that either may be the first to take the name.
    let release = find(&served, "first").unwrap();
    let (winners, losers): (Vec<&TaskId>, Vec<&TaskId>) =
        tasks.iter().partition(|id| id.as_str() == release.body.task_id);
    let ([winner], [loser]) = (&winners[..], &losers[..]) else { panic!("one of the two made the release") };
    assert_eq!(served.task(winner).status, TaskStatus::Complete);
    assert_eq!(served.task(loser).status, TaskStatus::Failed);
    assert!(served.task(loser).outcome.unwrap().contains("there is a release named first already"));
    assert_eq!(kept(&served), [winner.to_string()]);
}

#[test]
fn a_worker_that_is_stopped_anywhere_leaves_one_release_in_the_end() {
    for steps in 0..12 {
        let served = filled();
        let task = start(&served, "first");
        served.work_for(&CreateRelease, &task, steps);
        served.complete(&task);
        let release = find(&served, "first").unwrap();
        assert_eq!((release.body.task_id.as_str(), kept(&served)), (task.as_str(), vec![task.to_string()]));
    }
}

#[test]
fn a_release_that_is_called_off_is_not_there() {
    let served = filled();
    let task = start(&served, "first");
    registry::cancel(&served.workspace, task.as_str(), Some(&served.caller)).unwrap();
    served.settle();
    assert_eq!(served.task(&task).status, TaskStatus::Canceled);
    assert_eq!((find(&served, "first"), kept(&served)), (None, Vec::new()));
    // Also if it was complete when somebody called it off.
    let task = start(&served, "second");
    served.complete(&task);
    tasks::Job::discard(&CreateRelease, &served.workspace, &served.task(&task), "canceled").unwrap();
    assert_eq!((find(&served, "second"), kept(&served)), (None, Vec::new()));
}

#[test]
fn what_a_killed_process_left_is_removed_and_nothing_else() {
    let served = filled();
    let task = start(&served, "first");
    served.complete(&task);
    let running = start(&served, "second");
    Results::new(served.folder()).start(running.as_str()).unwrap();
    let foreign = served.folder().join("results/cforeign00000000000000000");
    std::fs::create_dir(&foreign).unwrap();
    releases::remove_leftovers(&served.workspace).unwrap();
    assert_eq!(kept(&served).len(), 3);
    // A process that was killed between the two steps of a deletion.
    let (org_key, id) = (served.workspace.org_key(), find(&served, "first").unwrap().id);
    let delete = move |connection: &mut dyn labelport_store::Connection| {
        labelport_engine::items::delete::<Release>(connection, org_key, &id)
    };
    served.workspace.write(delete).unwrap();
    releases::remove_leftovers(&served.workspace).unwrap();
    assert!(!kept(&served).contains(&task.to_string()));
    assert_eq!(kept(&served).len(), 2);
    std::fs::remove_dir(foreign).unwrap();
    served.complete(&running);
}

#[test]
fn what_makes_no_release_is_refused_at_once() {
    let served = filled();
    let refused = |name: &str, request: &ExportRequest| {
        let started = releases::start(&served.workspace, &served.caller, name, "", request);
        started.unwrap_err()
    };
    let catalog = everything(Scope::Catalog);
    assert!(refused("a b", &catalog).message.contains("cannot be the name of a release"));
    assert!(refused("a", &everything(Scope::Project("nope".to_owned()))).message.contains("nope"));
    let task = start(&served, "first");
    served.complete(&task);
    assert_eq!(refused("first", &catalog).kind, ProblemKind::Conflict);
    let since = Some(find(&served, "first").unwrap().body.watermark.parse().unwrap());
    assert!(refused("a", &ExportRequest { since, ..catalog }).message.contains("a release is a full export"));
}

#[test]
fn a_link_goes_with_its_model_run() {
    let served = filled();
    let task = start(&served, "first");
    served.complete(&task);
    let projects = project::list(&served.workspace).unwrap();
    let ontology = projects[0].ontology_id.clone().unwrap();
    let model = model::create(&served.workspace, &served.caller, "model", &ontology).unwrap();
    let run = run::create(&served.workspace, &served.caller, &model.id, "run", &serde_json::Value::Null).unwrap();
    let org_key = served.workspace.org_key();
    let of_run = || served.workspace.read(|connection| lineage::find(connection, org_key, &run.id)).unwrap();
    assert_eq!(of_run(), None);
    let link = |name| lineage::link(&served.workspace, &run.id, name, "ana@example.test").unwrap();
    assert_eq!((link("first"), link("first")), (None, None));
    let other = start(&served, "other");
    served.complete(&other);
    assert_eq!(link("other").map(|before| before.name).as_deref(), Some("first"));
    assert_eq!(link("first").map(|before| before.name).as_deref(), Some("other"));
    assert_eq!(of_run().map(|release| release.name).as_deref(), Some("first"));
    assert_eq!(releases::delete(&served.workspace, "first").unwrap_err().kind, ProblemKind::Conflict);
    run::delete(&served.workspace, std::slice::from_ref(&run.id)).unwrap();
    assert_eq!(of_run(), None);
    releases::delete(&served.workspace, "first").unwrap();
    assert_eq!(kept(&served), [other.to_string()]);
}

/// Chance that gives zeros: folders of tests are used by nobody else.
struct Zeros;

impl Chance for Zeros {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

#[test]
fn a_backup_has_the_releases() {
    let served = filled();
    let task = start(&served, "first");
    served.complete(&task);
    let place = tempfile::tempdir().unwrap();
    let (target, data) = (place.path().join("backup"), place.path().join("data"));
    backup::create(served.workspace.store(), served.folder(), (&target, backup::Held::Everything), &Zeros, &mut |_| {})
        .unwrap();
    backup::restore(&target, &data, &Zeros, &mut |_| {}).unwrap();
    let restored = Results::new(&data).open(task.as_str()).unwrap().unwrap();
    assert_eq!(restored.sha256(), find(&served, "first").unwrap().body.sha256);
}
