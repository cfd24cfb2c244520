//! Files that appear whole or not at all, and streams that say when they are full.

use crate::support::{Workspace, everything};
use labelport_engine::composed::demo;
use labelport_engine::export;
use labelport_engine::sink::{Extent, FileError, FileSink, Packing, Sink, Stream, partial_path};
use labelport_formats::Ndjson;
use labelport_model::request::Scope;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A folder with the result of an earlier export in it.
struct Place {
    _folder: TempDir,
    target: PathBuf,
    manifest: PathBuf,
}

impl Place {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let target = folder.path().join("rows.ndjson");
        let manifest = folder.path().join("rows.ndjson.manifest.json");
        fs::write(&target, "old rows\n").unwrap();
        fs::write(&manifest, "old manifest").unwrap();
        Self { _folder: folder, target, manifest }
    }

    /// Lists the names in the folder, in order.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.target.parent().unwrap()).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[track_caller]
    fn check(&self, names: &[&str], target: &str) {
        assert_eq!(self.names(), names);
        assert_eq!(fs::read_to_string(&self.target).unwrap(), target);
    }
}

const RESULT: &str = "rows.ndjson";
const MANIFEST: &str = "rows.ndjson.manifest.json";
const PARTIAL: &str = ".rows.ndjson.partial";

#[test]
fn a_file_is_the_old_one_until_the_new_one_is_whole() {
    let place = Place::new();
    let mut sink = FileSink::create(&place.target).unwrap();
    sink.write(b"new ", Extent::default()).unwrap();
    sink.write(b"rows\n", Extent::default()).unwrap();
    place.check(&[PARTIAL, RESULT, MANIFEST], "old rows\n");
    sink.finish(&place.manifest).unwrap();
    // The old manifest would describe another file.
    place.check(&[RESULT], "new rows\n");
}

#[test]
fn an_export_that_ends_midway_leaves_nothing() {
    let place = Place::new();
    let mut sink = FileSink::create(&place.target).unwrap();
    sink.write(b"new ", Extent::default()).unwrap();
    drop(sink);
    place.check(&[RESULT, MANIFEST], "old rows\n");
    fs::remove_file(&place.target).unwrap();
    drop(FileSink::create(&place.target).unwrap());
    assert_eq!(place.names(), [MANIFEST]);
}

#[test]
fn what_a_killed_export_left_is_taken_over() {
    let place = Place::new();
    fs::write(partial_path(&place.target), "half of many more rows than this time").unwrap();
    let mut sink = FileSink::create(&place.target).unwrap();
    sink.write(b"new rows\n", Extent::default()).unwrap();
    sink.finish(&place.manifest).unwrap();
    place.check(&[RESULT], "new rows\n");
}

#[test]
fn two_exports_to_one_place_are_refused() {
    let place = Place::new();
    let mut first = FileSink::create(&place.target).unwrap();
    first.write(b"first\n", Extent::default()).unwrap();
    let Err(busy @ FileError::Busy(_)) = FileSink::create(&place.target) else { panic!("the place is taken") };
    assert_eq!(
        busy.to_string(),
        format!("{} is being written by another export; wait for it or name another file", place.target.display())
    );
    // The second has not hurt the first.
    first.finish(&place.manifest).unwrap();
    place.check(&[RESULT], "first\n");
    FileSink::create(&place.target).unwrap().finish(&place.manifest).unwrap();
    place.check(&[RESULT], "");
}

#[test]
fn the_old_manifest_goes_before_the_new_file_comes() {
    let place = Place::new();
    let mut sink = FileSink::create(&place.target).unwrap();
    sink.write(b"new rows\n", Extent::default()).unwrap();
    // The rename fails, as in a power cut just before it: no manifest may be left that could describe another file.
    fs::remove_file(&place.target).unwrap();
    fs::create_dir_all(place.target.join("in the way")).unwrap();
    let error = sink.finish(&place.manifest).unwrap_err().to_string();
    assert!(error.contains("rows.ndjson cannot be written (") && error.contains("has room"), "{error}");
    assert_eq!(place.names(), [RESULT]);
}

#[test]
fn a_manifest_that_cannot_go_keeps_the_old_file() {
    let place = Place::new();
    fs::remove_file(&place.manifest).unwrap();
    fs::create_dir(&place.manifest).unwrap();
    let mut sink = FileSink::create(&place.target).unwrap();
    sink.write(b"new rows\n", Extent::default()).unwrap();
    sink.finish(&place.manifest).unwrap_err();
    place.check(&[RESULT, MANIFEST], "old rows\n");
}

#[test]
fn a_place_that_cannot_be_written_is_said_to_be() {
    #[track_caller]
    fn check(target: &Path, reason: &str) {
        let Err(error) = FileSink::create(target) else { panic!("{} was opened", target.display()) };
        let remedy = "name a folder that exists, can be written and has room";
        assert_eq!(error.to_string(), format!("{} cannot be written ({reason}); {remedy}", target.display()));
    }
    let place = Place::new();
    check(place.target.parent().unwrap(), "it is a folder");
    check(&place.target.with_file_name("no such folder").join("a.ndjson"), "No such file or directory (os error 2)");
    check(&place.target.join("a.ndjson"), "Not a directory (os error 20)");
    place.check(&[RESULT, MANIFEST], "old rows\n");
}

#[test]
fn the_name_says_how_a_file_is_packed() {
    for (name, packing) in [
        ("a.ndjson", Packing::Plain),
        ("a.ndjson.gz", Packing::Gzip),
        ("a.zst", Packing::Zstd),
        ("a.gz.ndjson", Packing::Plain),
        ("zst", Packing::Plain),
    ] {
        assert_eq!(Packing::of_path(Path::new(name)), packing, "{name}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_ends_an_export_with_its_reason() {
    let workspace = Workspace::of(&demo().files);
    let out = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut sink = Stream { out, name: "/dev/full".to_owned() };
    let mut run = export::Run { threads: 2, format: &Ndjson, progress: &mut |_| {}, stop: None };
    let error = export::run(&workspace.store, &everything(Scope::Catalog), &mut sink, &mut run).unwrap_err();
    assert!(matches!(error, export::ExportError::Write { .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        "/dev/full cannot be written (No space left on device (os error 28)); nothing was left there"
    );
}
