//! Exports: scope → select → assemble → encode → sink, on one snapshot.
//!
//! The request is resolved once, the selection is cut into parts, and the parts are worked on by as many threads as there
//! are snapshot connections. Their chunks are published in order, so the bytes do not depend on the number of threads.
//! Whatever the sink is (a file, a pipe, a part of a stored result, nothing), it sees the same chunks.

mod assemble;
mod basis;
mod chunk;
mod chunk_stream;
mod classes;
mod count;
mod croissant;
pub mod delta;
mod dictionary;
mod digesting;
mod error;
pub mod job;
pub mod mask_urls;
mod media;
mod outputs;
mod pictures;
mod rewrite;
mod scans;
pub(crate) mod scope;
mod sections;
pub mod shared;
mod spool;
mod survey;
mod texts;
mod walk;
mod work;
mod work_error;
mod writer;

pub use error::{ExportError, Refused, SinceError};
pub use labelport_model::row::ROW_LIMIT_BYTES;
pub use scope::{get_thing, identified};

use crate::manifest::{Annotations, CHANGES, FILE_LIST, Manifest, RowNotice, SectionNotice};
use crate::outbound::Client;
use crate::parallel::{self, Emit};
use crate::sink::{Packing, Sink};
use crate::storage::files::Files;
use crate::workspace::signing::Signer;
use assemble::Assembler;
use basis::Basis;
use chunk::{AssetUse, Chunk, Spare, Streams};
use count::Counts;
use delta::Changes;
use digesting::digesting;
use labelport_formats::write::{About, Encoder, FORMATS, Format, Layout, Media, Pictures, Scans, Texts, Totals};
use labelport_model::predicate::Predicate;
use labelport_model::request::ExportRequest;
use labelport_model::time::Span;
use labelport_store::Connection;
use labelport_store::Store;
use labelport_store::read::history;
use labelport_store::tables::entities;
use labelport_store::tables::unknown_names;
use media::Assets;
use outputs::Outputs;
use pictures::KeptPictures;
use rewrite::Notice;
use scans::KeptScans;
use sections::{Pass, Settings};
use shared::{Lead, Sharing};
use spool::Spool;
use std::sync::atomic::AtomicBool;
use survey::Waiting;
use texts::KeptTexts;
use work::{Work, Worker};
use work_error::WorkError;
use writer::Writer;

/// The most notices about single rows that a manifest lists; all are counted.
const NOTICES_LISTED: usize = 1_000;

/// How an export runs.
pub struct ExportOptions<'a> {
    /// The threads that assemble rows.
    pub threads: usize,
    /// The format to write.
    pub format: &'a dyn Format,
    /// The most bytes of a row, apart from frames that are filled in, about which there is no notice: what
    /// [`ROW_LIMIT_BYTES`] says is what import and verify can read.
    pub row_limit_bytes: usize,
    /// Leaves out labels that were created outside this span. The date filter of an export v2 request is about rows, which
    /// keep all their labels; that of the legacy formats is about labels.
    pub labels_created: Option<Span>,
    /// Called after each chunk with how far the export is.
    pub progress: &'a mut dyn FnMut(ExportProgress),
    /// Ends the export with [`ExportError::Stopped`] once it is set.
    pub stop: Option<&'a AtomicBool>,
    /// Where the pictures of masks are kept; without it, formats that need them leave masks out.
    pub files: Option<&'a Files>,
    /// Fetches assets that go into a package and are not kept. Without it, or without [`files`](Self::files), no format has
    /// assets.
    pub client: Option<&'a Client>,
}

/// How far an export is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExportProgress {
    /// Rows written.
    pub rows: u64,
    /// Parts of the selection that are begun, of `parts`. Parts are ranges of keys and need not hold equally many rows.
    pub parts_begun: u64,
    /// Parts of the selection.
    pub parts: u64,
}

/// Notices about rows: the first of them, and how many there are.
#[derive(Default)]
struct Notices {
    listed: Vec<Notice>,
    count: u64,
}

impl Notices {
    fn add(&mut self, notices: Vec<Notice>) {
        self.count += notices.len() as u64;
        let room = NOTICES_LISTED - self.listed.len();
        self.listed.extend(notices.into_iter().take(room));
    }
}

/// Runs an export into a sink and returns its manifest. The sink is left open: closing it makes the result exist.
pub fn run(
    store: &Store,
    request: &ExportRequest,
    sink: &mut dyn Sink,
    run: &mut ExportOptions<'_>,
) -> Result<Manifest, ExportError> {
    run_shared(store, request, sink, run, None)
}

/// Does what [`run`] does, and lets other processes help.
pub(crate) fn run_shared(
    store: &Store,
    request: &ExportRequest,
    sink: &mut dyn Sink,
    run: &mut ExportOptions<'_>,
    sharing: Option<&Sharing<'_>>,
) -> Result<Manifest, ExportError> {
    let files = run.files.map(Files::watched);
    let mut watched = ExportOptions { files: files.as_ref(), progress: &mut *run.progress, ..*run };
    let outcome = run_watched(store, request, sink, &mut watched, sharing);
    // Formats say of what they cannot read that it is gone, which is true of an object and not of all of them.
    files.map_or(Ok(()), |files| files.check()).map_err(ExportError::Kept)?;
    outcome
}

fn run_watched(
    store: &Store,
    request: &ExportRequest,
    sink: &mut dyn Sink,
    run: &mut ExportOptions<'_>,
    sharing: Option<&Sharing<'_>>,
) -> Result<Manifest, ExportError> {
    request.check().map_err(ExportError::Request)?;
    let threads = run.threads.max(1);
    let wanted = basis::wanted(request, run.format);
    // One more for the pictures of masks, for texts, for headers of series and for assets, which are read while rows are
    // encoded.
    let mut about = About { options: request.format.options.clone(), ..About::default() };
    let media = Media::of_format(run.format, &about.options);
    let reachable = run.files.zip(run.client).filter(|_| media.is_some_and(|media| media != Media::None));
    let has_survey = run.format.is_lossy() || run.format.is_numbered() || media.is_some();
    let is_shareable = !has_survey && request.since.is_none() && sink.packing() == Packing::Zstd;
    let sharing = sharing.filter(|_| is_shareable);
    let more = [run.format.is_lossy(), wanted.texts, wanted.scans, reachable.is_some()];
    let readers = threads + more.into_iter().filter(|is_more| *is_more).count();
    let (mut snapshot, resumed) = match sharing {
        Some(sharing) => sharing.snapshot(readers)?,
        None => (store.snapshot(readers)?, None),
    };
    if let Some(notice) = store.notice() {
        tracing::warn!(%notice, "the export is slower than it could be");
    }
    let of_assets = if reachable.is_some() { snapshot.connections.pop() } else { None };
    let of_texts = if wanted.texts { snapshot.connections.pop() } else { None };
    let of_scans = if wanted.scans { snapshot.connections.pop() } else { None };
    let pictures = run.files.filter(|_| run.format.is_lossy()).zip(snapshot.connections.split_off(threads).pop());
    let pictures = pictures.map(|(files, connection)| KeptPictures::new(files, connection, store.org_key()));
    let connection = &mut *snapshot.connections[0];
    let mut resolved = basis::resolve(connection, store.org_key(), request, run.format)?;
    let (organization_id, _) = entities::organization_state(connection, store.org_key())?;
    let watermark = delta::watermark(connection, &organization_id, &resolved, snapshot.change_seq)?;
    let changes = match &request.since {
        Some(since) => Some(Changes::find(connection, store.org_key(), &resolved, (since, &watermark))?),
        None => None,
    };
    if let Some(changes) = &changes {
        resolved.selection = changes.changed.clone();
    }
    let mut basis = Basis::read(connection, store.org_key(), &resolved, run.format)?;
    let mut classes = std::mem::take(&mut basis.classes);
    let (basis, parts) = (&basis, &basis.parts[..]);
    let texts = match of_texts {
        Some(of_texts) => Some(KeptTexts::new(run.files, Signer::read(connection)?, of_texts)),
        None => None,
    };
    let scans = match of_scans {
        Some(of_scans) => {
            let kept = (Signer::read(connection)?, of_scans, store.org_key());
            Some(KeptScans::new((run.files, run.client), kept))
        }
        None => None,
    };
    let assets = match reachable.zip(of_assets) {
        Some((place, connection_of)) => {
            let kept = (Signer::read(connection)?, connection_of, store.org_key());
            Some(Assets::new(place, kept, (media.unwrap_or(Media::None), &request.format)))
        }
        None => None,
    };
    let mut lead = match sharing {
        Some(sharing) => Lead::begin(sharing, connection, (&resolved.request, snapshot.change_seq, basis), resumed)?,
        None => None,
    };
    let pictures = pictures.as_ref().map(|pictures| pictures as &dyn Pictures);
    let texts = texts.as_ref().map(|texts| texts as &dyn Texts);
    let scans = scans.as_ref().map(|scans| scans as &dyn Scans);
    about = About { classes: &classes, pictures, texts, scans, ..about };
    let layout = run.format.layout();
    let mut workers = Vec::new();
    let packing = sink.packing();
    let unwritable = |source| ExportError::Write { target: sink.name(), source };
    // A thread without a part to do would be started for nothing.
    snapshot.connections.truncate(parts.len().max(1));
    if assets.is_some() {
        snapshot.connections.truncate(media::THREADS);
    }
    for connection in snapshot.connections {
        let packer = packing.packer().map_err(unwritable)?;
        workers.push(Worker { connection, assembler: Assembler::default(), packer });
    }
    let stop = run.stop;
    let settings = Settings {
        row_limit_bytes: run.row_limit_bytes,
        labels_created: run.labels_created,
        ..basis.settings(&resolved)
    };
    let spare = Spare::default();
    let mut starts = Vec::new();
    let mut notices = Notices::default();
    let mut spooled = None;
    if has_survey {
        // What is encoded to find out what would be lost is what will be written, unless it depends on what is found.
        let may_spool = layout == Layout::Package && !run.format.is_numbered() && assets.is_none();
        let (mut survey, names) = {
            let encoder = run.format.open(&about)?;
            let use_of = assets.as_ref().map_or(AssetUse::None, AssetUse::Check);
            let paths = paths_of(&*encoder);
            let (target, outputs) = ((Streams::of(&*encoder, &paths), use_of), Outputs::of(&paths));
            let spool = run.files.filter(|_| may_spool).and_then(|files| Waiting::new(files, &outputs).ok());
            let spooling = AtomicBool::new(spool.is_some());
            let plan = settings.with(&*encoder, Pass::Survey).spooling(&spooling);
            let selection = &resolved.selection;
            let work = Work { plan: &plan, selection, parts, firsts: &[], target, spare: &spare, stop };
            (survey::run(&mut workers, &work, &outputs, spool)?, encoder.class_names())
        };
        let About { options, .. } = about;
        classes.iter_mut().for_each(|class| class.written = 0);
        for (place, count) in survey.losses.written_classes() {
            classes[place as usize].written = count;
        }
        let losses = survey::named(survey.losses.clone(), &classes);
        if let Some(refused) = Refused::of(&request.format, run.format.name(), &losses) {
            return Err(ExportError::Lossy(Box::new(refused)));
        }
        starts = survey.starts;
        let (totals, shared_names, values) = (survey.totals, survey.shared_names, survey.values);
        about = About { classes: &classes, options, totals, shared_names, values, pictures, texts, scans };
        let is_as_supposed = match names {
            // Classes that nobody wrote may not have had a place.
            None => classes.iter().all(|class| class.is_listed || class.written > 0),
            names => run.format.open(&about)?.class_names() == names,
        };
        if let Some(chunks) = survey.spooled.take().filter(|_| is_as_supposed) {
            notices = survey.notices;
            workers.iter_mut().zip(survey.counts).for_each(|(worker, counts)| worker.assembler.counts = counts);
            spooled = Some((chunks, survey.losses));
        }
    }
    let encoder = run.format.open(&about)?;
    let encoder = &*encoder;
    let mut paths = paths_of(encoder);
    paths.extend(changes.is_some().then(|| CHANGES.to_owned()));
    let target = (Streams::of(encoder, &paths), assets.as_ref().map_or(AssetUse::None, AssetUse::Write));
    let outputs = Outputs::of(&paths);
    let later = (outputs.has_later() && spooled.is_none()).then(|| Spool::anywhere(run.files));
    // What waited has its numbers.
    let firsts = (encoder.has_marks() && spooled.is_none()).then_some(&starts[..]);
    let mut writer = Writer::new((sink, packing), encoder, (target.0, &outputs), firsts, later);
    let part_count = parts.len() as u64;
    // Nobody encodes while what waited is written.
    let has_thread = part_count > 1 && (writer.writes_slowly() || spooled.is_some() || lead.is_some());
    let totals = about.totals;
    let (outcome, digest) = digesting(has_thread, (layout, &outputs.paths), &spare, |add| {
        writer.start(layout, add)?;
        if let Some(changes) = &changes {
            changes.write(&mut *workers[0].connection, &mut |lines| writer.write_changes(lines, add))?;
        }
        let mut parts_begun = 0;
        let mut publish = |writer: &mut Writer<'_>, mut chunk: Chunk, add: &mut writer::Add<'_>| {
            work_error::check_stop(stop)?;
            notices.add(std::mem::take(&mut chunk.notices));
            writer.write(&mut chunk)?;
            parts_begun = chunk.part.max(parts_begun);
            (run.progress)(ExportProgress { rows: writer.rows, parts_begun, parts: part_count });
            add(chunk);
            Ok(())
        };
        let mut waiting = None;
        if let Some((Waiting { mut first, later }, mut losses)) = spooled {
            waiting = later;
            while let Some(mut chunk) = first.next_chunk(&spare).map_err(WorkError::Write)? {
                chunk.losses = std::mem::take(&mut losses);
                publish(&mut writer, chunk, add)?;
            }
        } else {
            let plan = settings.with(encoder, Pass::Write);
            let firsts = if encoder.has_marks() { &[][..] } else { &starts[..] };
            let selection = &resolved.selection;
            let work = Work { plan: &plan, selection, parts, firsts, target, spare: &spare, stop };
            let publish = |chunk| publish(&mut writer, chunk, add);
            let mut numbers = 1..=part_count;
            let next = || work.check_stop().map(|()| numbers.next());
            let encode = |worker: &mut Worker, number, emit: &mut Emit<'_, Chunk>| work.encode(worker, number, emit);
            match (&mut lead, part_count) {
                (Some(lead), _) => lead.write(&work, &mut workers, publish)?,
                (None, 0 | 1) => parallel::run_here(&mut workers[0], next, encode, publish)?,
                (None, _) => parallel::run(&mut workers, next, encode, publish)?,
            }
        }
        if outputs.has_later() {
            let mut waiting = writer.begin_later(add)?.or(waiting);
            let mut next = || waiting.as_mut().map_or(Ok(None), |waiting| waiting.next_chunk(&spare));
            while let Some(chunk) = next().map_err(WorkError::Write)? {
                publish(&mut writer, chunk, add)?;
            }
        }
        let totals = Totals { rows: writer.rows, ..totals };
        writer.finish(layout, &totals, add)
    });
    outcome.map_err(|error| error.into_export(|| writer.target()))?;
    let heads = std::mem::take(&mut writer.heads);
    let described = digest.finish(|files| {
        let package = croissant::Package {
            scope: &resolved.request.scope.to_string(),
            format: run.format.name(),
            summary: run.format.summary(),
            change_seq: snapshot.change_seq,
            files,
            heads: &heads,
        };
        writer.describe(&package.describe())
    });
    let (digest, files) = described.map_err(|error| error.into_export(|| writer.target()))?;
    let losses = survey::named(std::mem::take(&mut writer.losses), &classes);
    let mut counts = Counts::default();
    workers.iter().for_each(|worker| counts.add(&worker.assembler.counts));
    lead.iter().for_each(|lead| counts.add(&lead.counts));
    let names = row_names(&mut *workers[0].connection, notices.listed)?;
    Ok(Manifest {
        format: run.format.name().to_owned(),
        request: resolved.request.to_canonical_json(),
        change_seq: snapshot.change_seq,
        watermark: watermark.to_string(),
        delta: changes.map(|changes| changes.describe(writer.changes())),
        digest,
        files,
        losses,
        labels: counts.labels,
        run_labels: counts.run_labels,
        predictions: counts.predictions,
        annotations: annotations(&basis.dictionary, &counts),
        unknown_ids: resolved.unknown_ids,
        unknown_names: resolved.unknown_names.iter().map(ToString::to_string).collect(),
        sections: counts
            .unknown
            .iter()
            .map(|(unknown, count)| SectionNotice { section: unknown.section().to_owned(), count: *count })
            .collect(),
        row_notices: notices.count,
        rows: names,
    })
}

/// Lists the streams of an encoder and, where files of rows are written, their list.
fn paths_of(encoder: &dyn Encoder) -> Vec<String> {
    let mut paths = encoder.streams();
    paths.extend(encoder.makes_files().then(|| FILE_LIST.to_owned()));
    paths
}

/// Returns the format that a request asks for.
pub fn format_of(request: &ExportRequest) -> Result<&'static dyn Format, ExportError> {
    let name = &request.format.name;
    labelport_formats::write::find(name).ok_or_else(|| ExportError::UnknownFormat {
        name: name.clone(),
        known: FORMATS.iter().map(|format| format.name()).collect::<Vec<_>>().join(", "),
    })
}

/// Fails if the filters of a request name something that does not exist. The query of a saved slice is not looked at:
/// what it names may have been deleted since, which is a notice in the manifest.
pub fn check_names(connection: &mut dyn Connection, org_key: i64, request: &ExportRequest) -> Result<(), ExportError> {
    check_query(connection, org_key, &request.filters.to_predicate())
}

/// Fails if a query names something that does not exist.
pub fn check_query(connection: &mut dyn Connection, org_key: i64, query: &Predicate) -> Result<(), ExportError> {
    let unknown = unknown_names::list_unknown(connection, org_key, query)?;
    if unknown.is_empty() { Ok(()) } else { Err(ExportError::UnknownNames(unknown)) }
}

/// Fails where an export would for what it names, without running it.
pub fn check(connection: &mut dyn Connection, org_key: i64, request: &ExportRequest) -> Result<(), ExportError> {
    format_of(request)?.open(&About { options: request.format.options.clone(), ..About::default() })?;
    let resolved = scope::resolve(connection, org_key, request)?;
    let Some(since) = &request.since else { return Ok(()) };
    let (organization_id, change_seq) = entities::organization_state(connection, org_key)?;
    let now = delta::watermark(connection, &organization_id, &resolved, change_seq)?;
    Ok(delta::check(since, &now, history::start(connection, org_key)?)?)
}

fn annotations(dictionary: &dictionary::Dictionary, counts: &Counts) -> Vec<Annotations> {
    let mut annotations: Vec<Annotations> = dictionary
        .features
        .iter()
        .map(|feature| Annotations {
            feature_schema_id: feature.schema_id.clone(),
            name: crate::manifest::unescaped(&feature.name),
            kind: feature.kind.clone(),
            count: counts.annotations_of(feature.key),
        })
        .filter(|annotations| annotations.count > 0)
        .collect();
    annotations.sort();
    annotations
}

/// Replaces row keys by ids.
fn row_names(connection: &mut dyn Connection, notices: Vec<Notice>) -> Result<Vec<RowNotice>, ExportError> {
    let mut named = Vec::new();
    for notice in notices {
        let id = entities::find_row_id(connection, notice.row_key)?;
        named.push(RowNotice { data_row_id: id.unwrap_or_default(), message: notice.message });
    }
    Ok(named)
}
