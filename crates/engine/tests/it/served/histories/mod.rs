//! Deltas on random histories: whatever happened after an export, the export and the delta make the export of now.
//!
//! A history is a full export of a random request, a few random changes, and a delta. Histories of one world follow each
//! other, so that later ones begin with what earlier ones left. `LABELPORT_HISTORIES` asks for more of them.

mod changes;
mod compared;
mod found;
mod kept;

use super::{BEGIN_MS, Served};
use crate::support::{assert_same_bytes, export_into, request};
use changes::CHANGES;
use labelport_engine::apply::{self, ApplyError, DeltaFiles, Whole};
use labelport_engine::export::ExportError;
use labelport_engine::import::{self, Source};
use labelport_engine::manifest::Manifest;
use labelport_engine::sink::{CHANGES_PLACE, Entry, FileError, Sink};
use labelport_engine::verify;
use labelport_formats::write::Layout;
use labelport_model::filter::IdList;
use labelport_model::request::{ExportRequest, Params, Scope};
use labelport_model::time::{Span, Timestamp};
use labelport_model::workflow::WorkflowStatus;
use labelport_samples::{Chance, Size, random};
use labelport_store::{Store, testing};
use std::io::{self, Cursor, Read};

/// What an export gave.
#[derive(Clone)]
struct Taken {
    rows: Vec<u8>,
    changes: Vec<u8>,
    manifest: Manifest,
}

#[derive(Default)]
struct Memory {
    rows: Vec<u8>,
    changes: Vec<u8>,
}

impl Sink for Memory {
    fn name(&self) -> String {
        "memory".to_owned()
    }

    fn start(&mut self, _: Layout, _: &[String]) -> io::Result<()> {
        Ok(())
    }

    fn write(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        let out = if entry.place == CHANGES_PLACE { &mut self.changes } else { &mut self.rows };
        out.extend_from_slice(entry.bytes);
        Ok(())
    }

    fn finish(self: Box<Self>, _: &Manifest) -> Result<(), FileError> {
        Ok(())
    }
}

fn take(store: &Store, request: &ExportRequest) -> Result<Taken, ExportError> {
    let mut sink = Memory::default();
    let manifest = export_into(store, request, 2, &mut sink)?;
    Ok(Taken { rows: sink.rows, changes: sink.changes, manifest })
}

/// Returns a request for what changed after a watermark.
fn since(request: &ExportRequest, watermark: &str) -> ExportRequest {
    ExportRequest { since: Some(watermark.parse().unwrap()), ..request.clone() }
}

fn applied(whole: &Taken, delta: &Taken) -> Result<Taken, ApplyError> {
    let open = |bytes: &[u8]| -> Box<dyn Read + Send> { Box::new(Cursor::new(bytes.to_vec())) };
    let mut sink = Memory::default();
    let rows = || Ok(open(&whole.rows));
    let whole = Whole { name: "whole.ndjson", manifest: &whole.manifest, rows: &rows };
    let (rows, changes) = (|| Ok(open(&delta.rows)), || Ok(open(&delta.changes)));
    let delta = DeltaFiles { name: "delta.ndjson", manifest: &delta.manifest, rows: &rows, changes: &changes };
    let manifest = apply::apply(&whole, &delta, &mut sink, &mut |_| {})?;
    Ok(Taken { rows: sink.rows, changes: sink.changes, manifest })
}

/// Imports lines into the store of a served workspace.
fn import_lines(served: &Served, lines: &[u8]) {
    if lines.is_empty() {
        return;
    }
    let source = Source::stream("lines.ndjson", Box::new(Cursor::new(lines.to_vec())));
    let mut options = import::ImportOptions {
        strict: false,
        threads: 1,
        record_limit_bytes: 64 << 20,
        scratch_folder: &std::env::temp_dir(),
        reader: None,
        run_name: None,
        fetcher: None,
        refused: None,
        now: Timestamp::from_millis(BEGIN_MS),
        progress: &mut |_| {},
        stop: None,
    };
    // What contradicts the store is refused, and the rest is in it.
    import::run(served.workspace.store(), source, &mut options).unwrap();
}

/// Returns a served workspace with random rows and a project of the SDK's making.
fn world(seed: u64) -> Served {
    let served = Served::new();
    for file in random(seed, &Size { rows: 18, masks: true, ..Size::SMALL }) {
        import_lines(&served, &file.ndjson);
    }
    changes::set_up(&served);
    served
}

/// Composes a random request: any scope, any filter that it has.
fn random_request(served: &Served, chance: &mut Chance) -> ExportRequest {
    let some = |chance: &mut Chance, list: found::List| found::pick(served, chance, list);
    let scope = match chance.below(10) {
        0 | 1 => some(chance, found::projects).map(Scope::Project),
        2 => some(chance, found::datasets).map(Scope::Dataset),
        3 => some(chance, found::runs).map(Scope::ModelRun),
        4 | 8 | 9 => some(chance, found::slices).map(Scope::Slice),
        5 => {
            let ids: Vec<String> = (0..4).filter_map(|_| some(chance, found::rows)).collect();
            Some(Scope::Rows { data_row_ids: Some(ids), global_keys: None }).filter(|_| !found::rows(served).is_empty())
        }
        6 => {
            let keys: Vec<String> = (0..4).filter_map(|_| some(chance, found::global_keys)).collect();
            (!keys.is_empty()).then_some(Scope::Rows { data_row_ids: None, global_keys: Some(keys) })
        }
        _ => None,
    };
    let scope = scope.unwrap_or(Scope::Catalog);
    let params = match chance.below(3) {
        0 => Params::default(),
        1 => Params::everything(scope.kind()),
        _ => Params { interpolated_frames: false, ..Params::everything(scope.kind()) },
    };
    let mut request = request(scope, params);
    let filters = &mut request.filters;
    let ids = |ids: Vec<String>| IdList::new(ids).ok().filter(|_| true);
    let zone = labelport_model::time::Zone::utc();
    match (chance.below(8), &request.scope) {
        (0, Scope::Project(_)) => filters.workflow_status = WorkflowStatus::ALL.get(chance.below(4) as usize).copied(),
        (1, Scope::Project(project)) => {
            let batches = found::batches(served);
            let own: Vec<&str> = batches.iter().filter_map(|batch| batch.strip_prefix(project.as_str())).collect();
            filters.batch_ids = chance.pick(&own).and_then(|id| ids(vec![id[1..].to_owned()]));
        }
        (2, Scope::Project(_) | Scope::Dataset(_) | Scope::Catalog) => {
            filters.last_activity_at = Span::parse(Some("2026-01-01"), None, &zone).ok();
        }
        (3, Scope::Project(_) | Scope::Dataset(_) | Scope::Catalog) => {
            filters.label_created_at = Span::parse(Some("2025-06-01"), None, &zone).ok();
        }
        (4, Scope::Project(_) | Scope::Dataset(_)) => {
            filters.global_keys = some(chance, found::global_keys).and_then(|key| ids(vec![key]));
        }
        _ => {}
    }
    if request.check().is_err() {
        request.filters = Default::default();
    }
    request
}

/// Makes so many changes, each of them random; returns their names.
fn change(served: &Served, chance: &mut Chance) -> Vec<&'static str> {
    (0..chance.between(1, 4))
        .map(|_| {
            served.pass(chance.between(1, 5) as i64 * 1_000);
            let (name, change) = chance.pick(CHANGES).unwrap();
            change(served, chance);
            *name
        })
        .collect()
}

/// Lives through histories in one world.
fn live(seed: u64, histories: u64) {
    let served = world(seed);
    let mut chance = Chance::new(seed);
    let store = served.workspace.store();
    // Exports from which later deltas go on.
    let mut kept: Vec<(ExportRequest, Taken, Vec<&str>)> = Vec::new();
    // Exports of the same requests from a later time, which a delta from the first one fits, too.
    let mut later: Vec<(ExportRequest, Taken)> = Vec::new();
    let mut older = Vec::new();
    for history in 0..histories {
        while kept.len() < 6 {
            let request = random_request(&served, &mut chance);
            if let Ok(taken) = take(store, &request) {
                kept.push((request, taken, Vec::new()));
            }
        }
        if chance.happens(5) {
            older = take(store, &request(Scope::Catalog, Params::everything(Scope::Catalog.kind()))).unwrap().rows;
        } else if chance.happens(5) {
            import_lines(&served, &older);
            kept.iter_mut().for_each(|(.., made)| made.push("an older file is imported"));
        }
        let made = change(&served, &mut chance);
        if let Some((request, ..)) = chance.pick(&kept)
            && let Ok(taken) = take(store, request)
        {
            later.push((request.clone(), taken));
            let made = change(&served, &mut chance);
            kept.iter_mut().for_each(|(.., names)| names.extend(&made));
        }
        kept.iter_mut().for_each(|(.., names)| names.extend(&made));
        let (request, whole, names) = kept.swap_remove(chance.below(kept.len() as u64) as usize);
        let what = format!("world {seed}, history {history}: {} after {names:?}", request.to_canonical_json());
        let now = match take(store, &request) {
            Ok(now) => now,
            // What it is about was deleted.
            Err(ExportError::NotFound { .. }) => continue,
            Err(error) => panic!("{what}: {error}"),
        };
        let delta =
            take(store, &since(&request, &whole.manifest.watermark)).unwrap_or_else(|error| panic!("{what}: {error}"));
        let made = applied(&whole, &delta).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_same_bytes(&made.rows, &now.rows, &what);
        check_manifest(&made, &now, &what);
        assert!(delta.rows.len() <= now.rows.len(), "{what}");
        for (_, between) in later.extract_if(.., |(other, _)| *other == request) {
            if between.manifest.change_seq < whole.manifest.change_seq {
                continue;
            }
            let made = applied(&between, &delta).unwrap_or_else(|error| panic!("{what}, from between: {error}"));
            assert_same_bytes(&made.rows, &now.rows, &format!("{what}, from between"));
        }
        let again = applied(&made, &delta).unwrap_or_else(|error| panic!("{what}, again: {error}"));
        assert_same_bytes(&again.rows, &now.rows, &what);
        // Some go on from what was made, and some from an export.
        kept.push((request, if chance.happens(50) { made } else { now }, Vec::new()));
        if chance.happens(10) {
            kept.remove(0);
        }
    }
    for (request, whole, names) in kept {
        let Ok(delta) = take(store, &since(&request, &whole.manifest.watermark)) else { continue };
        let now = take(store, &request).unwrap();
        assert_same_bytes(&applied(&whole, &delta).unwrap().rows, &now.rows, &format!("world {seed}: {names:?}"));
        let nothing = take(store, &since(&request, &now.manifest.watermark)).unwrap();
        assert_eq!((nothing.rows.len(), nothing.changes.len()), (0, 0), "world {seed}");
    }
}

/// Fails where a manifest that was made says something else than that of a full export, or than its rows.
#[track_caller]
fn check_manifest(made: &Taken, now: &Taken, what: &str) {
    let (one, other) = (&made.manifest, &now.manifest);
    assert_eq!((one.digest.rows, &one.digest.sha256), (other.digest.rows, &other.digest.sha256), "{what}");
    assert_eq!(
        (one.labels, one.run_labels, one.predictions),
        (other.labels, other.run_labels, other.predictions),
        "{what}"
    );
    assert_eq!(one.annotations, other.annotations, "{what}");
    assert_eq!((&one.watermark, one.change_seq, &one.request), (&other.watermark, other.change_seq, &other.request));
    assert_eq!((one.unknown_ids, &one.unknown_names), (other.unknown_ids, &other.unknown_names), "{what}");
    let verdict = verify::verify(Box::new(Cursor::new(made.rows.clone())), one, &mut |_| {}).unwrap();
    assert_eq!(verdict.differences, [], "{what}");
}

#[expect(clippy::disallowed_methods, reason = "a variable that only tests read asks for more of them")]
fn histories() -> u64 {
    std::env::var("LABELPORT_HISTORIES")
        .ok()
        .and_then(|count| count.parse().ok())
        .unwrap_or_else(|| testing::repetitions(1_000))
}

/// How many histories follow each other in one world.
const IN_A_WORLD: u64 = 25;

#[test]
fn an_export_and_a_delta_make_the_export_of_now() {
    let worlds = histories().div_ceil(IN_A_WORLD);
    std::thread::scope(|scope| {
        for half in 0..2 {
            scope.spawn(move || (half..worlds).step_by(2).for_each(|seed| live(seed, IN_A_WORLD)));
        }
    });
}
