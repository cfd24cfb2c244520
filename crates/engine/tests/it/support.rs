//! A store in a folder of its own, and what tests do with it.

use labelport_engine::export::{self, ExportError};
use labelport_engine::import::{self, DryRun, ImportError, Preview, RefusedFiles, Source, Summary};
use labelport_engine::manifest::Manifest;
use labelport_engine::sink::{Entry, FileError, Packing, Sink};
use labelport_formats::write::{Format, Ndjson};
use labelport_model::id::SliceId;
use labelport_model::request::{ExportFilters, ExportRequest, Params, Scope};
use labelport_model::time::Timestamp;
use labelport_samples::SampleFile;
use labelport_store::tables::slices::{self, Slice};
use labelport_store::testing::{self, Kept};
use labelport_store::{Founding, Store};
use proptest::prelude::ProptestConfig;
use std::io::{self, Cursor};
use std::time::Duration;
use tempfile::TempDir;

/// A store that vanishes with the test.
pub(crate) struct Workspace {
    // The store goes before its folder.
    pub(crate) store: Store,
    /// None where somebody else looks after the folder.
    _folder: Option<TempDir>,
    _kept: Option<Kept>,
}

/// What an export gave.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Exported {
    pub(crate) bytes: Vec<u8>,
    pub(crate) manifest: Manifest,
}

/// How an import runs, where a test wants it otherwise.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ImportAs {
    pub(crate) strict: bool,
    pub(crate) threads: usize,
    pub(crate) record_limit_bytes: usize,
}

impl Default for ImportAs {
    fn default() -> Self {
        Self { strict: false, threads: 2, record_limit_bytes: 64 << 20 }
    }
}

/// Returns the configuration of a property that random data are tried on.
pub(crate) fn cases(on_sqlite: u32) -> ProptestConfig {
    let cases = u32::try_from(testing::repetitions(on_sqlite.into())).unwrap_or(on_sqlite);
    ProptestConfig { cases, max_shrink_iters: 0, failure_persistence: None, ..ProptestConfig::default() }
}

/// The time that new things are given in tests.
pub(crate) const NOW_MS: i64 = 1_760_000_000_000;

/// Imports a file of which no record may be refused.
#[track_caller]
pub(crate) fn import_all(store: &Store, name: &str, bytes: &[u8]) -> Summary {
    let source = Source::stream(name, Box::new(Cursor::new(bytes.to_vec())));
    let summary = with_run(ImportAs::default(), None, |run| import::run(store, source, run)).unwrap();
    assert_eq!(summary.refusals, [], "{name}");
    summary
}

impl Workspace {
    /// Makes an empty one.
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let (engine, kept) = testing::engine(folder.path(), Duration::from_secs(5));
        let now = Timestamp::from_millis(NOW_MS);
        let founding = Founding { organization_id: "c0rganization0000000000aa".to_owned(), now };
        let store = Store::open(engine, &founding).unwrap();
        Self { store, _folder: Some(folder), _kept: Some(kept) }
    }

    /// Takes a store whose folder somebody else looks after.
    pub(crate) fn in_store(store: Store) -> Self {
        Self { store, _folder: None, _kept: None }
    }

    /// Makes one that holds the rows of these files.
    #[track_caller]
    pub(crate) fn of(files: &[SampleFile]) -> Self {
        let workspace = Self::new();
        for file in files.iter().filter(|file| !file.ndjson.is_empty()) {
            workspace.import_all(&file.name, &file.ndjson);
        }
        workspace
    }

    /// Imports a file of which no record may be refused.
    #[track_caller]
    pub(crate) fn import_all(&self, name: &str, bytes: &[u8]) -> Summary {
        import_all(&self.store, name, bytes)
    }

    /// Imports a file.
    pub(crate) fn import(&self, name: &str, bytes: &[u8], import: ImportAs) -> Result<Summary, ImportError> {
        self.import_keeping(name, bytes, import, None)
    }

    /// Imports what a source gives.
    pub(crate) fn import_source(&self, source: Source, import: ImportAs) -> Result<Summary, ImportError> {
        with_run(import, None, |run| import::run(&self.store, source, run))
    }

    /// Imports a file and writes down what is refused.
    pub(crate) fn import_keeping(
        &self,
        name: &str,
        bytes: &[u8],
        import: ImportAs,
        refused: Option<&mut RefusedFiles>,
    ) -> Result<Summary, ImportError> {
        let source = Source::stream(name, Box::new(Cursor::new(bytes.to_vec())));
        with_run(import, refused, |run| import::run(&self.store, source, run))
    }

    /// Imports files in a transaction that is taken back.
    pub(crate) fn import_dry(
        &self,
        files: &[(&str, &[u8])],
        import: ImportAs,
        mut refused: Option<&mut RefusedFiles>,
    ) -> Result<(Summary, Preview), ImportError> {
        let dry_run = DryRun::start(&self.store, Timestamp::from_millis(NOW_MS))?;
        let mut total = Summary::default();
        for (index, (name, bytes)) in files.iter().enumerate() {
            let source = Source::stream(name, Box::new(Cursor::new(bytes.to_vec())));
            let is_last = index + 1 == files.len();
            let refused = refused.as_deref_mut();
            total.add(with_run(import, refused, |run| import::run_dry(&self.store, &dry_run, source, is_last, run))?);
        }
        Ok((total, dry_run.finish()?))
    }

    /// Returns every byte of the database as it is now.
    pub(crate) fn database(&self) -> Vec<u8> {
        if testing::is_on_postgres() {
            return testing::dump(&mut *self.store.reader().unwrap());
        }
        let copy = tempfile::NamedTempFile::new().unwrap();
        self.store.snapshot(1).unwrap().connections[0].copy_to(copy.path(), &mut |_, _| {}).unwrap();
        std::fs::read(copy.path()).unwrap()
    }

    /// Exports on two threads, not packed.
    #[track_caller]
    pub(crate) fn export(&self, request: &ExportRequest) -> Exported {
        self.export_packed(request, 2, Packing::Plain)
    }

    /// Exports on that many threads.
    #[track_caller]
    pub(crate) fn export_packed(&self, request: &ExportRequest, threads: usize, packing: Packing) -> Exported {
        let mut sink = Memory { packing, bytes: Vec::new() };
        let manifest = export_into(&self.store, request, threads, &mut sink).unwrap();
        Exported { bytes: sink.bytes, manifest }
    }

    /// Exports in another format than the native one.
    #[track_caller]
    pub(crate) fn export_as(&self, request: &ExportRequest, format: &'static dyn Format) -> Exported {
        let mut sink = Memory { packing: Packing::Plain, bytes: Vec::new() };
        let mut run = export::ExportOptions {
            threads: 2,
            format,
            row_limit_bytes: export::ROW_LIMIT_BYTES,
            labels_created: None,
            progress: &mut |_| {},
            stop: None,
            files: None,
            client: None,
        };
        let manifest = export::run(&self.store, request, &mut sink, &mut run).unwrap();
        Exported { bytes: sink.bytes, manifest }
    }

    /// Exports everything about every row, key frames only: the shape in which composed rows are written.
    #[track_caller]
    pub(crate) fn export_catalog(&self) -> Exported {
        self.export(&everything(Scope::Catalog))
    }

    /// Saves a slice and returns its id.
    pub(crate) fn add_slice(&self, name: &str, filter: &str) -> String {
        let number =
            self.store.reader().map(|mut reader| slices::list(&mut *reader, self.store.org_key()).unwrap().len());
        let id = format!("cslice{:019}", number.unwrap());
        SliceId::parse(&id).unwrap();
        let slice = Slice {
            id: id.clone(),
            name: name.to_owned(),
            description: None,
            filter: filter.to_owned(),
            created: Timestamp::from_millis(NOW_MS),
        };
        let org_key = self.store.org_key();
        assert!(self.store.write(move |connection| slices::create(connection, org_key, &slice)).unwrap(), "{name}");
        id
    }
}

/// Exports in the native format into a sink.
pub(crate) fn export_into(
    store: &Store,
    request: &ExportRequest,
    threads: usize,
    sink: &mut dyn Sink,
) -> Result<Manifest, ExportError> {
    let mut run = export::ExportOptions {
        threads,
        format: &Ndjson,
        row_limit_bytes: export::ROW_LIMIT_BYTES,
        labels_created: None,
        progress: &mut |_| {},
        stop: None,
        files: None,
        client: None,
    };
    export::run(store, request, sink, &mut run)
}

fn with_run<T>(
    import: ImportAs,
    refused: Option<&mut RefusedFiles>,
    work: impl FnOnce(&mut import::ImportOptions<'_>) -> T,
) -> T {
    let ImportAs { strict, threads, record_limit_bytes } = import;
    let now = Timestamp::from_millis(NOW_MS);
    let (scratch_folder, progress) = (&std::env::temp_dir(), &mut |_| {});
    work(&mut import::ImportOptions {
        strict,
        threads,
        record_limit_bytes,
        scratch_folder,
        reader: None,
        run_name: None,
        fetcher: None,
        refused,
        now,
        progress,
        stop: None,
    })
}

/// Returns a request for every section that a scope can have, key frames only.
pub(crate) fn everything(scope: Scope) -> ExportRequest {
    let params = Params { interpolated_frames: false, ..Params::everything(scope.kind()) };
    request(scope, params)
}

/// Returns a request without filters.
pub(crate) fn request(scope: Scope, params: Params) -> ExportRequest {
    ExportRequest {
        scope,
        params,
        filters: ExportFilters::default(),
        format: labelport_model::request::FormatChoice::default(),
        zone_name: "UTC".to_owned(),
        since: None,
    }
}

/// Returns the lines of an export.
pub(crate) fn lines(bytes: &[u8]) -> Vec<&str> {
    std::str::from_utf8(bytes).unwrap().lines().collect()
}

/// Fails with the first line and the first byte in it that differ.
#[track_caller]
pub(crate) fn assert_same_bytes(found: &[u8], expected: &[u8], what: &str) {
    if found == expected {
        return;
    }
    let at = found.iter().zip(expected).take_while(|(found, expected)| found == expected).count();
    let line = found[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
    let start = found[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let shown = |bytes: &[u8]| {
        let from = at.saturating_sub(60).max(start).min(bytes.len());
        let end = bytes.len().min(at + 60);
        String::from_utf8_lossy(&bytes[from..end]).into_owned()
    };
    panic!(
        "{what}: line {line}, column {} is the first that differs ({} bytes found, {} expected)\n   found: {}\nexpected: {}",
        at - start + 1,
        found.len(),
        expected.len(),
        shown(found),
        shown(expected),
    );
}

/// A sink that keeps what it is given.
pub(crate) struct Memory {
    pub(crate) packing: Packing,
    pub(crate) bytes: Vec<u8>,
}

impl Sink for Memory {
    fn packing(&self) -> Packing {
        self.packing
    }

    fn name(&self) -> String {
        "memory".to_owned()
    }

    fn write(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        self.bytes.extend_from_slice(entry.bytes);
        Ok(())
    }

    fn finish(self: Box<Self>, _: &Manifest) -> Result<(), FileError> {
        Ok(())
    }
}
