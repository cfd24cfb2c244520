//! What every format promises, and what the seam promises to a format.

use crate::support::{Workspace, everything};
use labelport_engine::ambient::hexadecimal;
use labelport_engine::export::{self, ExportError, ExportOptions, ROW_LIMIT_BYTES};
use labelport_engine::manifest::{FILE_LIST, Manifest};
use labelport_engine::outbound::Client;
use labelport_engine::sink::{ArchiveSink, Entry, FileError, Place, Sink};
use labelport_engine::storage::files::Files as KeptFiles;
use labelport_formats::package::{ArchiveKind, check_path};
use labelport_formats::write::{
    About, Coco, Csv, Encoder, Entries, FORMATS, FileEntry, Format, Layout, Numbers, OpenError, Totals, Yolo,
};
use labelport_model::losses::{KINDLESS, Loss, Losses, Outcome};
use labelport_model::record::Record;
use labelport_model::request::{Accept, ExportRequest, Params, Scope};
use labelport_samples::{Size, demo, random};
use labelport_store::Store;
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io;
use tempfile::TempDir;

/// Keeps the files of a result by path.
#[derive(Default)]
struct Files {
    streams: Vec<String>,
    files: BTreeMap<String, Vec<u8>>,
}

impl Sink for &mut Files {
    fn name(&self) -> String {
        "memory".to_owned()
    }

    fn start(&mut self, _: Layout, streams: &[String]) -> io::Result<()> {
        self.streams = streams.to_vec();
        self.files.extend(streams.iter().map(|path| (path.clone(), Vec::new())));
        Ok(())
    }

    fn write(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        let path = match entry.place {
            Place::Stream(index) => &self.streams[index],
            Place::File(path) => path,
        };
        self.files.entry(path.to_owned()).or_default().extend_from_slice(entry.bytes);
        Ok(())
    }

    fn finish(self: Box<Self>, _: &Manifest) -> Result<(), FileError> {
        Ok(())
    }
}

pub(crate) fn export(
    workspace: &Workspace,
    request: &ExportRequest,
    format: &dyn Format,
    threads: usize,
) -> (BTreeMap<String, Vec<u8>>, Manifest) {
    export_with(&workspace.store, None, request, format, threads)
}

/// Runs an export that may read what is kept in files.
pub(crate) fn export_with(
    store: &Store,
    kept: Option<&KeptFiles>,
    request: &ExportRequest,
    format: &dyn Format,
    threads: usize,
) -> (BTreeMap<String, Vec<u8>>, Manifest) {
    export_reaching(store, (kept, None), request, format, threads)
}

/// Runs an export that may read what is kept in files, and what a client reaches.
pub(crate) fn export_reaching(
    store: &Store,
    (files_of, client): (Option<&KeptFiles>, Option<&Client>),
    request: &ExportRequest,
    format: &dyn Format,
    threads: usize,
) -> (BTreeMap<String, Vec<u8>>, Manifest) {
    let mut files = Files::default();
    let mut run = ExportOptions {
        threads,
        format,
        row_limit_bytes: ROW_LIMIT_BYTES,
        labels_created: None,
        progress: &mut |_| {},
        stop: None,
        files: files_of,
        client,
    };
    let manifest = export::run(store, request, &mut &mut files, &mut run).unwrap();
    (files.files, manifest)
}

/// Runs an export that fails.
pub(crate) fn refusal(workspace: &Workspace, request: &ExportRequest, format: &dyn Format) -> ExportError {
    try_export(workspace, request, format).unwrap_err()
}

/// Runs an export that may fail.
pub(crate) fn try_export(
    workspace: &Workspace,
    request: &ExportRequest,
    format: &dyn Format,
) -> Result<Manifest, ExportError> {
    try_export_in(&workspace.store, (None, None), request, format)
}

fn try_export_in(
    store: &Store,
    (files_of, client): (Option<&KeptFiles>, Option<&Client>),
    request: &ExportRequest,
    format: &dyn Format,
) -> Result<Manifest, ExportError> {
    let mut files = Files::default();
    let mut run = ExportOptions {
        threads: 2,
        format,
        row_limit_bytes: ROW_LIMIT_BYTES,
        labels_created: None,
        progress: &mut |_| {},
        stop: None,
        files: files_of,
        client,
    };
    export::run(store, request, &mut &mut files, &mut run)
}

pub(crate) fn with_random_rows(seed: u64) -> Workspace {
    let workspace = Workspace::new();
    for file in random(seed, &Size { rows: 40, masks: true, odd_spellings: true, ..Size::SMALL }) {
        workspace.import_all(&file.name, &file.ndjson);
    }
    workspace
}

pub(crate) fn with_demo() -> Workspace {
    let workspace = Workspace::new();
    for file in demo().files {
        workspace.import_all(&file.name, &file.ndjson);
    }
    workspace
}

pub(crate) fn interpolated(request: ExportRequest) -> ExportRequest {
    ExportRequest { params: Params { interpolated_frames: true, ..request.params.clone() }, ..request }
}

pub(crate) fn lossy(mut request: ExportRequest) -> ExportRequest {
    request.format.allow_lossy = true;
    request
}

/// Counts the lines of a table: records, since cells may hold line breaks.
fn count_lines(table: &[u8]) -> u64 {
    let mut is_quoted = false;
    let mut lines = 0;
    for byte in table {
        is_quoted ^= *byte == b'"';
        lines += u64::from(*byte == b'\n' && !is_quoted);
    }
    lines - 1
}

#[track_caller]
fn check_conservation(workspace: &Workspace, request: &ExportRequest) {
    let (files, manifest) = export(workspace, request, &Csv, 2);
    let annotations: u64 = manifest.annotations.iter().map(|annotations| annotations.count).sum();
    let lost = manifest.losses.iter().filter(|(loss, _)| loss.what == "annotation" && loss.outcome == Outcome::LeftOut);
    let lost: u64 = lost.map(|(_, count)| count).sum();
    assert_eq!(count_lines(&files["annotations.csv"]) + lost, annotations, "annotations");
    assert_eq!(count_lines(&files["data_rows.csv"]), manifest.digest.rows, "rows");
    let labels = manifest.labels + manifest.run_labels + manifest.predictions;
    assert_eq!(count_lines(&files["labels.csv"]), labels, "labels");
}

#[test]
fn csv_has_a_line_for_every_annotation_of_the_demo() {
    let workspace = with_demo();
    check_conservation(&workspace, &everything(Scope::Catalog));
    check_conservation(&workspace, &interpolated(everything(Scope::Catalog)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn csv_has_a_line_for_every_annotation_or_a_loss(seed: u64) {
        let workspace = with_random_rows(seed);
        check_conservation(&workspace, &everything(Scope::Catalog));
        check_conservation(&workspace, &interpolated(everything(Scope::Catalog)));
    }
}

/// Counts what an export holds, and what became of it, by kind and class.
#[track_caller]
pub(crate) fn check_that_all_is_settled(workspace: &Workspace, request: &ExportRequest, format: &dyn Format) {
    check_that_all_is_settled_in(&workspace.store, (None, None), request, format);
}

/// Counts the same of an export that may read what is kept in files, and what a client reaches.
#[track_caller]
pub(crate) fn check_that_all_is_settled_in(
    store: &Store,
    place: (Option<&KeptFiles>, Option<&Client>),
    request: &ExportRequest,
    format: &dyn Format,
) {
    let (files, manifest) = export_reaching(store, place, &lossy(request.clone()), format, 2);
    let mut settled: BTreeMap<(String, String), u64> = BTreeMap::new();
    for (loss, count) in manifest.losses.iter() {
        if let Some(class) = &loss.class {
            *settled.entry((loss.what.clone(), class.clone())).or_default() += count;
        }
    }
    let mut stored: BTreeMap<(String, String), u64> = BTreeMap::new();
    for annotations in &manifest.annotations {
        *stored.entry((annotations.kind.clone(), annotations.name.clone())).or_default() += annotations.count;
    }
    assert_eq!(settled, stored, "{}", format.name());
    check_that_json_can_be_read(&files, format);
    // What would be lost is foreseen, to the last annotation.
    let of_classes = |losses: &Losses| -> Vec<(Loss, u64)> {
        losses.iter().filter(|(loss, _)| loss.class.is_some()).map(|(loss, count)| (loss.clone(), count)).collect()
    };
    if manifest.losses.iter().any(|(loss, _)| loss.needs_consent()) {
        let mut unasked = request.clone();
        unasked.format.allow_lossy = false;
        let Err(ExportError::Lossy(refused)) = try_export_in(store, place, &unasked, format) else {
            panic!("{}", format.name())
        };
        assert_eq!(of_classes(&refused.losses), of_classes(&manifest.losses), "{}", format.name());
    }
    let lost: u64 = manifest.losses.iter().filter(|(loss, _)| loss.needs_consent()).map(|(_, count)| count).sum();
    let listed = memchr::memchr_iter(b'\n', &files["losses.ndjson"]).count() as u64;
    assert_eq!(listed, lost, "{}: losses.ndjson", format.name());
    assert_eq!(Manifest::from_json(manifest.to_json().as_bytes()).unwrap(), manifest);
}

/// Whatever names and texts are, a file of JSON is one, and so is each line of one that has lines.
#[track_caller]
fn check_that_json_can_be_read(files: &BTreeMap<String, Vec<u8>>, format: &dyn Format) {
    for (path, bytes) in files {
        let has_lines = path.ends_with(".jsonl") || path.ends_with(".ndjson");
        let documents: Vec<&[u8]> = match has_lines {
            true => bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect(),
            false if path.ends_with(".json") || path.ends_with(".geojson") => vec![bytes],
            false => continue,
        };
        for document in documents {
            let read: Result<serde_json::Value, _> = serde_json::from_slice(document);
            let said = read.err().map(|error| format!("{error}: {}", String::from_utf8_lossy(document)));
            assert_eq!(said, None, "{}: {path}", format.name());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_is_stored_is_kept_reduced_or_left_out(seed: u64) {
        let workspace = with_random_rows(seed);
        for format in FORMATS.iter().copied().filter(|format| format.is_lossy()) {
            check_that_all_is_settled(&workspace, &everything(Scope::Catalog), format);
            check_that_all_is_settled(&workspace, &interpolated(everything(Scope::Catalog)), format);
        }
    }
}

#[test]
fn an_export_that_would_lose_something_is_refused_before_the_first_byte() {
    let workspace = with_demo();
    let (mut files, request) = (Files::default(), everything(Scope::Catalog));
    let mut run = ExportOptions {
        threads: 2,
        format: &Yolo,
        row_limit_bytes: ROW_LIMIT_BYTES,
        labels_created: None,
        progress: &mut |_| {},
        stop: None,
        files: None,
        client: None,
    };
    let refused = match export::run(&workspace.store, &request, &mut &mut files, &mut run) {
        Err(ExportError::Lossy(refused)) => refused,
        other => panic!("{other:?}"),
    };
    assert_eq!((refused.format, files.files.len(), files.streams.len()), ("yolo", 0, 0));
    // What was foreseen is what happens once it is allowed.
    let (_, manifest) = export(&workspace, &lossy(request), &Yolo, 2);
    let of_classes = |losses: &Losses| -> Vec<(Loss, u64)> {
        losses.iter().filter(|(loss, _)| loss.class.is_some()).map(|(loss, count)| (loss.clone(), count)).collect()
    };
    assert_eq!(of_classes(&refused.losses), of_classes(&manifest.losses));
    assert!(refused.to_string().contains("ImagePolyline \"rail\" left out: "), "{refused}");
    // With all but one accepted, the one is refused; with that one too, nothing is.
    let mut accepting = everything(Scope::Catalog);
    accepting.format.accept = refused.to_accept();
    let reduced = Accept::parse("ImagePolygon=reduced").unwrap();
    assert!(accepting.format.accept.remove(&reduced));
    let still = match export::run(&workspace.store, &accepting, &mut &mut files, &mut run) {
        Err(ExportError::Lossy(still)) => still,
        other => panic!("{other:?}"),
    };
    assert!(still.refused().all(|(loss, _)| Accept::of(loss) == reduced), "{still}");
    assert_eq!(still.to_accept(), refused.to_accept());
    assert!(ExportError::Lossy(still).to_string().contains("\"ImagePolygon=reduced\""));
    accepting.format.accept = refused.to_accept();
    export::run(&workspace.store, &accepting, &mut &mut files, &mut run).unwrap();
}

#[test]
fn an_object_without_a_kind_is_refused_and_accepted_by_name() {
    let workspace = Workspace::new();
    for file in demo().files {
        let text = String::from_utf8(file.ndjson.to_vec()).unwrap();
        workspace.import_all(&file.name, text.replace(r#""annotation_kind":"ImagePolygon","#, "").as_bytes());
    }
    let mut request = everything(Scope::Catalog);
    let refused = refusal(&workspace, &request, &Coco).to_string();
    assert!(refused.contains(&format!("{KINDLESS} left out: it has no annotation kind")), "{refused}");
    request.format.accept = ["*=left_out", "*=reduced"].map(|text| Accept::parse(text).unwrap()).into();
    assert!(try_export(&workspace, &request, &Coco).is_ok());
}

#[test]
fn the_files_of_a_format_do_not_depend_on_the_threads() {
    let workspace = with_random_rows(7);
    let request = lossy(interpolated(everything(Scope::Catalog)));
    let formats: Vec<&dyn Format> = FORMATS.iter().copied().chain([&Numbered as &dyn Format]).collect();
    for format in formats {
        let once = export(&workspace, &request, format, 1);
        for threads in [2, 7] {
            assert!(export(&workspace, &request, format, threads) == once, "{} on {threads} threads", format.name());
        }
    }
}

#[test]
fn the_manifest_of_a_package_lists_its_files_with_their_digests() {
    let (files, manifest) = export(&with_demo(), &everything(Scope::Catalog), &Csv, 2);
    let listed: Vec<(&str, u64)> = manifest.files.iter().map(|file| (file.path.as_str(), file.bytes)).collect();
    let about = About::default();
    let streams = Csv.open(&about).unwrap().streams();
    let paths = streams.iter().map(String::as_str).chain(["croissant.json"]);
    let expected: Vec<(&str, u64)> = paths.map(|path| (path, files[path].len() as u64)).collect();
    assert_eq!(listed, expected);
    assert_eq!(manifest.digest.bytes, expected.iter().map(|(_, bytes)| bytes).sum::<u64>());
    assert_eq!(Manifest::from_json(manifest.to_json().as_bytes()).unwrap(), manifest);
}

#[test]
fn what_is_kept_while_rows_are_looked_at_is_what_is_written_without_it() {
    let folder = TempDir::new().unwrap();
    let kept = KeptFiles::new(folder.path());
    // Nothing can be kept below what is a file.
    std::fs::write(folder.path().join("file"), "").unwrap();
    let nowhere = KeptFiles::new(&folder.path().join("file"));
    let project = Scope::Project("Lineside safety audit".to_owned());
    for (name, workspace, scope) in [
        ("random rows", with_random_rows(3), Scope::Catalog),
        ("the demo", with_demo(), Scope::Catalog),
        ("a project", with_demo(), project),
    ] {
        let request = lossy(everything(scope));
        for format in FORMATS.iter().copied().filter(|format| format.is_lossy()) {
            let expected = export_with(&workspace.store, Some(&nowhere), &request, format, 2);
            for threads in [1, 3] {
                let found = export_with(&workspace.store, Some(&kept), &request, format, threads);
                assert!(found == expected, "{} of {name} on {threads} threads", format.name());
            }
        }
    }
}

#[test]
fn every_file_of_every_package_has_the_digest_that_is_listed() {
    let workspace = with_demo();
    let request = lossy(everything(Scope::Catalog));
    for format in FORMATS.iter().copied().filter(|format| format.layout() == Layout::Package) {
        let (files, manifest) = export(&workspace, &request, format, 2);
        let mut listed: BTreeMap<String, String> =
            manifest.files.iter().map(|file| (file.path.clone(), file.sha256.clone())).collect();
        if let Some(list) = files.get(FILE_LIST) {
            let lines = str::from_utf8(list).unwrap().lines();
            listed.extend(
                lines
                    .map(|line| line.split_once("  ").unwrap())
                    .map(|(sha256, path)| (path.to_owned(), sha256.to_owned())),
            );
        }
        let found: BTreeMap<String, String> =
            files.iter().map(|(path, bytes)| (path.clone(), hexadecimal(&Sha256::digest(bytes)))).collect();
        assert_eq!(found, listed, "{}", format.name());
    }
}

/// A format as CONTRIBUTING says how to add one: a file for each row, and one with the totals.
struct Numbered;

impl Format for Numbered {
    fn name(&self) -> &'static str {
        "numbered"
    }

    fn summary(&self) -> &'static str {
        "A file for each row."
    }

    fn keeps(&self) -> &'static str {
        "nothing"
    }

    fn layout(&self) -> Layout {
        Layout::Package
    }

    fn is_numbered(&self) -> bool {
        true
    }

    fn open<'f>(&'f self, about: &'f About<'f>) -> Result<Box<dyn Encoder + 'f>, OpenError> {
        Ok(Box::new(Counter { totals: about.totals }))
    }
}

struct Counter {
    totals: Totals,
}

impl Encoder for Counter {
    fn streams(&self) -> Vec<String> {
        vec!["totals.txt".to_owned()]
    }

    fn makes_files(&self) -> bool {
        true
    }

    fn start(&self, entries: &mut Entries<'_>) {
        let Totals { rows, annotations } = self.totals;
        entries.stream(0).extend_from_slice(format!("{rows} rows, {annotations} annotations\n").as_bytes());
    }

    fn row(&self, record: &Record<'_>, numbers: &mut Numbers, entries: &mut Entries<'_>) {
        let first = numbers.annotation;
        for _ in record.projects.into_iter().flatten().flat_map(|project| project.labels) {
            numbers.take_annotation();
        }
        let bytes = format!("{first} {}", numbers.annotation - first).into_bytes();
        entries.files.push(FileEntry { path: format!("rows/{:05}.txt", numbers.row), bytes });
    }

    fn finish(&self, totals: &Totals, entries: &mut Entries<'_>) {
        assert_eq!(*totals, self.totals, "what was counted before is what was written");
        entries.stream(0).extend_from_slice(b"end\n");
    }
}

#[test]
fn numbers_run_through_a_result_without_gaps() {
    let workspace = with_random_rows(3);
    let (files, manifest) = export(&workspace, &everything(Scope::Catalog), &Numbered, 3);
    let mut next = 1;
    let rows: Vec<_> = files.iter().filter(|(path, _)| path.starts_with("rows/")).collect();
    for (index, (path, text)) in rows.iter().enumerate() {
        assert_eq!(**path, format!("rows/{:05}.txt", index + 1));
        assert_eq!(check_path(path), Ok(()));
        let (first, count) = std::str::from_utf8(text).unwrap().split_once(' ').unwrap();
        assert_eq!(first.parse::<u64>().unwrap(), next, "{path}");
        next += count.parse::<u64>().unwrap();
    }
    assert_eq!((rows.len() as u64, next - 1), (manifest.digest.rows, manifest.labels));
    let totals = format!("{} rows, {} annotations\nend\n", rows.len(), next - 1);
    assert_eq!(String::from_utf8_lossy(&files["totals.txt"]), totals);
}

#[test]
fn an_archive_holds_the_files_of_rows_and_then_the_streams() {
    let workspace = with_random_rows(3);
    let (files, manifest) = export(&workspace, &everything(Scope::Catalog), &Numbered, 3);
    let scratch = tempfile::tempdir().unwrap();
    for kind in [ArchiveKind::Zip, ArchiveKind::Tar] {
        let target = scratch.path().join("archive");
        let file = std::fs::File::create(&target).unwrap();
        let inner = labelport_engine::sink::Stream { out: file, name: "archive".to_owned() };
        let mut sink = ArchiveSink::new(kind, Box::new(inner), scratch.path()).unwrap();
        let mut run = ExportOptions {
            threads: 2,
            format: &Numbered,
            row_limit_bytes: ROW_LIMIT_BYTES,
            labels_created: None,
            progress: &mut |_| {},
            stop: None,
            files: None,
            client: None,
        };
        let again = export::run(&workspace.store, &everything(Scope::Catalog), &mut sink, &mut run).unwrap();
        assert_eq!(again, manifest, "{kind:?}");
        Box::new(sink).finish(&again).unwrap();
        let found = unpack(kind, &std::fs::read(&target).unwrap());
        let names: Vec<&str> = found.iter().map(|(path, _)| path.as_str()).collect();
        let list = String::from_utf8_lossy(&files[FILE_LIST]);
        let listed = list.lines().map(|line| line.split_once("  ").unwrap().1);
        let described = manifest.files.iter().rev().map(|file| file.path.as_str()).take(1);
        let streams = manifest.files.iter().map(|file| file.path.as_str()).filter(|path| *path != "croissant.json");
        assert_eq!(names, listed.chain(described).chain(streams).collect::<Vec<_>>(), "{kind:?}");
        assert_eq!(found.into_iter().collect::<BTreeMap<_, _>>(), files, "{kind:?}");
    }
}

/// Reads an archive, files in its order.
fn unpack(kind: ArchiveKind, bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    use std::io::Read;
    let mut found = Vec::new();
    let content = |file: &mut dyn Read| {
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        bytes
    };
    match kind {
        ArchiveKind::Zip => {
            let mut archive = zip::ZipArchive::new(io::Cursor::new(bytes)).unwrap();
            for index in 0..archive.len() {
                let mut file = archive.by_index(index).unwrap();
                let path = file.name().unwrap().into_owned();
                found.push((path, content(&mut file)));
            }
        }
        ArchiveKind::Tar => {
            for entry in tar::Archive::new(bytes).entries().unwrap() {
                let mut entry = entry.unwrap();
                let path = entry.path().unwrap().display().to_string();
                found.push((path, content(&mut entry)));
            }
        }
    }
    found
}

#[test]
fn an_unknown_option_of_a_format_is_refused_with_those_that_it_has() {
    let check = |options: &[(&str, &str)], expect: &str| {
        let options = options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let about = About { options, ..About::default() };
        let error = Csv.open(&about).err().map(|error| error.to_string());
        assert_eq!(error.as_deref().unwrap_or("none"), expect);
    };
    check(&[], "none");
    check(&[("bom", "yes")], "none");
    check(&[("colour", "red")], "the format csv has no option \"colour\"; it has: bom");
    check(&[("bom", "maybe")], "the option bom cannot be \"maybe\"; it is one of: no, yes");
}
