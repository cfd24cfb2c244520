//! Files that appear whole or not at all, and streams that say when they are full.

use crate::support::{Workspace, everything, export_into};
use labelport_engine::ambient::Chance;
use labelport_engine::export;
use labelport_engine::manifest::{Manifest, PackedFile};
use labelport_engine::sink::{
    Container, Destination, DestinationError, Entry, Existing, Extent, FileError, FileSink, FolderSink, Packing, Rules,
    Sink, Stream,
};
use labelport_formats::package::ArchiveKind;
use labelport_formats::write::{Layout, Ndjson};
use labelport_model::request::Scope;
use labelport_samples::demo;
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
        fs::write(&manifest, a_manifest().to_json()).unwrap();
        Self { _folder: folder, target, manifest }
    }

    /// Starts to write the target.
    fn create(&self) -> Result<FileSink, FileError> {
        FileSink::create(check(&self.target, Existing::KeepForeign)?, Packing::Plain)
    }

    /// Returns the one hidden file.
    fn partial(&self) -> PathBuf {
        let hidden: Vec<String> = self.names().into_iter().filter(|name| name.starts_with('.')).collect();
        let [name] = &hidden[..] else { panic!("{hidden:?}") };
        assert!(name.starts_with(".rows.ndjson.") && name.ends_with(".partial") && name.len() > 40, "{name}");
        self.target.with_file_name(name)
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

/// Chance that gives another byte each time.
struct Counting(std::sync::atomic::AtomicU8);

impl Chance for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill_with(|| self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
    }
}

static CHANCE: Counting = Counting(std::sync::atomic::AtomicU8::new(0));

fn check(path: &Path, existing: Existing) -> Result<Destination, DestinationError> {
    Destination::check(path, &Rules { data_folder: None, existing, chance: &CHANCE })
}

fn a_manifest() -> Manifest {
    let workspace = Workspace::new();
    workspace.export(&everything(Scope::Catalog)).manifest
}

/// Another one.
fn new_manifest() -> Manifest {
    Manifest { format: "new".to_owned(), request: "{}".to_owned(), ..Manifest::default() }
}

fn rows(bytes: &[u8]) -> Entry<'_> {
    Entry::of_stream(bytes, Extent::default())
}

const RESULT: &str = "rows.ndjson";
const MANIFEST: &str = "rows.ndjson.manifest.json";

#[test]
fn a_file_is_the_old_one_until_the_new_one_is_whole() {
    let place = Place::new();
    let mut sink = place.create().unwrap();
    sink.write(&rows(b"new ")).unwrap();
    sink.write(&rows(b"rows\n")).unwrap();
    place.partial();
    assert_eq!(fs::read_to_string(&place.target).unwrap(), "old rows\n");
    Box::new(sink).finish(&new_manifest()).unwrap();
    place.check(&[RESULT, MANIFEST], "new rows\n");
    assert_eq!(fs::read_to_string(&place.manifest).unwrap(), new_manifest().to_json());
}

#[test]
fn an_export_that_ends_midway_leaves_nothing() {
    let place = Place::new();
    let mut sink = place.create().unwrap();
    sink.write(&rows(b"new ")).unwrap();
    drop(sink);
    place.check(&[RESULT, MANIFEST], "old rows\n");
    fs::remove_file(&place.target).unwrap();
    drop(place.create().unwrap());
    assert_eq!(place.names(), [MANIFEST]);
}

#[test]
fn what_a_killed_export_left_is_removed_by_the_next_one() {
    let place = Place::new();
    let abandoned = [
        ".rows.ndjson.c0123456789abcdefghijklmn.partial",
        ".rows.ndjson.manifest.json.c0123456789abcdefghijklmn.partial",
    ];
    let others =
        [".rows.ndjson.partial", ".rows.ndjson.short.partial", ".other.ndjson.c0123456789abcdefghijklmn.partial"];
    for name in others.iter().chain(&abandoned) {
        fs::write(place.target.with_file_name(name), "half of many more rows than this time").unwrap();
    }
    let mut sink = place.create().unwrap();
    sink.write(&rows(b"new rows\n")).unwrap();
    Box::new(sink).finish(&new_manifest()).unwrap();
    let mut expected = vec![RESULT, MANIFEST];
    expected.extend(others);
    expected.sort_unstable();
    place.check(&expected, "new rows\n");
}

#[test]
fn two_exports_to_one_place_are_refused() {
    let place = Place::new();
    let mut first = place.create().unwrap();
    first.write(&rows(b"first\n")).unwrap();
    let Err(busy @ FileError::Busy(_)) = place.create() else { panic!("the place is taken") };
    assert_eq!(
        busy.to_string(),
        format!("{} is being written by another export; wait for it or name another file", place.target.display())
    );
    // The second has not hurt the first.
    place.partial();
    Box::new(first).finish(&a_manifest()).unwrap();
    place.check(&[RESULT, MANIFEST], "first\n");
    Box::new(place.create().unwrap()).finish(&new_manifest()).unwrap();
    place.check(&[RESULT, MANIFEST], "");
}

#[cfg(unix)]
#[test]
fn two_exports_to_one_folder_are_refused_and_what_a_killed_one_left_goes() {
    let place = TempDir::new().unwrap();
    let target = place.path().join("out");
    let create = |byte: u8| {
        struct Of(u8);
        impl Chance for Of {
            fn fill(&self, bytes: &mut [u8]) {
                bytes.fill(self.0);
            }
        }
        let chance = Of(byte);
        let rules = Rules { data_folder: None, existing: Existing::KeepForeign, chance: &chance };
        FolderSink::create(Destination::check_folder(&target, &rules).unwrap())
    };
    let abandoned = place.path().join(".out.c0123456789abcdefghijklmn.partial");
    let other = place.path().join(".out.short.partial");
    for folder in [&abandoned, &other] {
        fs::create_dir_all(folder.join("inside")).unwrap();
    }
    let first = create(1).unwrap();
    assert!(!abandoned.exists() && other.exists());
    let Err(FileError::Busy(_)) = create(2) else { panic!("the place is taken") };
    Box::new(first).finish(&a_manifest()).unwrap();
    assert!(target.is_dir());
    Box::new(create(3).unwrap()).finish(&new_manifest()).unwrap();
    let mut names: Vec<_> = place.path().read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, [".out.short.partial", "out", "out.manifest.json"]);
}

#[test]
fn the_old_manifest_goes_before_the_new_file_comes() {
    let place = Place::new();
    let sink = place.create().unwrap();
    // The rename fails, as in a power cut just before it: no manifest may be left that could describe another file.
    fs::remove_file(place.partial()).unwrap();
    let error = Box::new(sink).finish(&new_manifest()).unwrap_err().to_string();
    assert!(error.contains("rows.ndjson cannot be written (") && error.contains("has room"), "{error}");
    place.check(&[RESULT], "old rows\n");
}

#[test]
fn a_place_that_cannot_be_written_is_refused_with_the_reason() {
    #[track_caller]
    fn refused(target: &Path, reason: &str) {
        let outcome = check(target, Existing::KeepForeign).map_err(FileError::from);
        let Err(error) = outcome.and_then(|destination| FileSink::create(destination, Packing::Plain)) else {
            panic!("{} was opened", target.display())
        };
        let remedy = "name a folder that exists, can be written and has room";
        assert_eq!(error.to_string(), format!("{} cannot be written ({reason}); {remedy}", target.display()));
    }
    let place = Place::new();
    refused(place.target.parent().unwrap(), "it is a folder");
    refused(&place.target.with_file_name("no such folder").join("a.ndjson"), "No such file or directory (os error 2)");
    refused(&place.target.join("a.ndjson"), "Not a directory (os error 20)");
    let error = check(&place.target.with_file_name("x".repeat(250)), Existing::KeepForeign).unwrap_err();
    assert!(error.to_string().contains(".manifest.json cannot be written (File name too long"), "{error}");
    place.check(&[RESULT, MANIFEST], "old rows\n");
}

#[test]
fn a_file_without_a_manifest_of_labelport_is_replaced_only_when_asked_to() {
    let place = Place::new();
    fs::remove_file(&place.manifest).unwrap();
    let error = check(&place.target, Existing::KeepForeign).unwrap_err();
    assert!(matches!(error, DestinationError::Foreign(_)) && error.to_string().contains("--force"), "{error}");
    for foreign in ["", "{}", "not even JSON"] {
        fs::write(&place.manifest, foreign).unwrap();
        let error = check(&place.target, Existing::KeepForeign).unwrap_err();
        assert!(matches!(error, DestinationError::ForeignManifest(_)), "{foreign:?}: {error}");
    }
    let replacing = check(&place.target, Existing::Replace).unwrap();
    let sink = FileSink::create(replacing, Packing::Plain).unwrap();
    Box::new(sink).finish(&new_manifest()).unwrap();
    place.check(&[RESULT, MANIFEST], "");
}

#[test]
fn a_foreign_file_where_the_manifest_belongs_is_kept() {
    let place = Place::new();
    fs::remove_file(&place.target).unwrap();
    fs::write(&place.manifest, "mine").unwrap();
    let error = check(&place.target, Existing::KeepForeign).unwrap_err();
    assert!(matches!(error, DestinationError::ForeignManifest(_)), "{error}");
    fs::remove_file(&place.manifest).unwrap();
    fs::create_dir(&place.manifest).unwrap();
    for existing in [Existing::KeepForeign, Existing::Replace] {
        assert!(matches!(check(&place.target, existing), Err(DestinationError::Io { .. })));
    }
}

#[test]
fn a_file_that_appears_during_the_export_is_kept() {
    let place = Place::new();
    fs::remove_file(&place.target).unwrap();
    fs::remove_file(&place.manifest).unwrap();
    let sink = place.create().unwrap();
    fs::write(&place.target, "mine").unwrap();
    let error = Box::new(sink).finish(&new_manifest()).unwrap_err();
    assert!(matches!(error, FileError::Destination(DestinationError::Foreign(_))), "{error}");
    place.check(&[RESULT], "mine");
}

#[cfg(unix)]
#[test]
fn a_symbolic_link_is_not_written_through() {
    let place = Place::new();
    let other = place.target.with_file_name("other");
    fs::rename(&place.target, &other).unwrap();
    std::os::unix::fs::symlink(&other, &place.target).unwrap();
    let error = check(&place.target, Existing::KeepForeign).unwrap_err();
    assert!(matches!(error, DestinationError::Link(_)), "{error}");
    let replacing = check(&place.target, Existing::Replace).unwrap();
    let sink = FileSink::create(replacing, Packing::Plain).unwrap();
    Box::new(sink).finish(&new_manifest()).unwrap();
    assert_eq!(fs::read_to_string(&other).unwrap(), "old rows\n");
    place.check(&["other", RESULT, MANIFEST], "");
}

#[cfg(unix)]
#[test]
fn the_temporary_file_is_never_one_that_somebody_planted() {
    struct Guessed;
    impl Chance for Guessed {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0);
        }
    }
    let place = Place::new();
    let victim = place.target.with_file_name("victim");
    let planted = place.target.with_file_name(format!(".rows.ndjson.c{}.partial", "0".repeat(24)));
    fs::write(&victim, "mine").unwrap();
    std::os::unix::fs::symlink(&victim, &planted).unwrap();
    let rules = Rules { data_folder: None, existing: Existing::KeepForeign, chance: &Guessed };
    let destination = Destination::check(&place.target, &rules).unwrap();
    assert!(FileSink::create(destination, Packing::Plain).is_err(), "it was written through a link");
    assert!(planted.is_symlink() && fs::read_to_string(&victim).unwrap() == "mine");
}

#[cfg(unix)]
#[test]
fn nothing_in_the_data_folder_is_a_destination() {
    use std::os::unix::fs::symlink;
    let place = tempfile::tempdir().unwrap();
    let root = place.path();
    for folder in ["data/files", "elsewhere"] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    fs::write(root.join("data/labelport.sqlite"), "rows").unwrap();
    symlink(root.join("data"), root.join("to-folder")).unwrap();
    symlink("data/labelport.sqlite", root.join("to-database")).unwrap();
    symlink("../data/new.ndjson", root.join("elsewhere/to-nothing")).unwrap();
    symlink(root.join("to-loop"), root.join("to-loop")).unwrap();
    fs::hard_link(root.join("data/labelport.sqlite"), root.join("hard")).unwrap();
    let outcome = |name: &str, data: &str| {
        let rules = Rules { data_folder: Some(&root.join(data)), existing: Existing::Replace, chance: &CHANCE };
        Destination::check(&root.join(name), &rules).map(|_| ()).map_err(|error| error.to_string())
    };
    for data in ["data", "to-folder", "elsewhere/../data", "data/."] {
        for name in [
            "data",
            "data/labelport.sqlite",
            "data/labelport.sqlite-wal",
            "data/new.ndjson",
            "data/not/yet/there.ndjson",
            "data/files/../new.ndjson",
            "elsewhere/../data/new.ndjson",
            "missing/../data/new.ndjson",
            "to-folder/new.ndjson",
            "to-folder",
            "to-database",
            "elsewhere/to-nothing",
        ] {
            let error = outcome(name, data).expect_err(name);
            assert!(error.contains("is in the data folder"), "{name} of {data}: {error}");
        }
        let error = outcome("hard", data).expect_err("hard");
        assert!(error.contains("is the same file as"), "{error}");
        assert!(outcome("to-loop/x", data).unwrap_err().contains("too many symbolic links"));
        for name in ["rows.ndjson", "elsewhere/rows.ndjson", "data-2.ndjson", "data/../rows.ndjson"] {
            outcome(name, data).expect(name);
        }
    }
}

#[test]
fn a_package_says_what_it_is_where_its_name_ends_in_one_file() {
    for (name, container) in [("a", Container::Folder), ("a.ZIP", Container::Archive(ArchiveKind::Zip))] {
        assert_eq!(Container::of_path(Path::new(name)), Ok(container), "{name}");
    }
    let error = Container::of_path(Path::new("coco.json")).expect_err("coco.json").to_string();
    let expect = "\"coco.json\" ends in \".json\", which is one file, and the format writes several; end the name in ";
    assert!(error.starts_with(expect) && error.ends_with(", or in nothing for a folder"), "{error}");
}

#[test]
fn the_name_says_how_a_file_is_packed() {
    let of = |name: &str| Packing::of_path(Path::new(name), &Ndjson);
    for (name, packing) in [
        ("a.ndjson", Packing::Plain),
        ("a.jsonl", Packing::Plain),
        ("a.ndjson.gz", Packing::Gzip),
        ("a.NDJSON.GZ", Packing::Gzip),
        ("a.Jsonl.Zst", Packing::Zstd),
        ("a.zst", Packing::Zstd),
        ("a.gz.ndjson", Packing::Plain),
        ("a.csv.ndjson", Packing::Plain),
        ("a.csv/rows", Packing::Plain),
        ("zst", Packing::Plain),
    ] {
        assert_eq!(of(name), Ok(packing), "{name}");
    }
    let error = of("a.ZIP").expect_err("a.ZIP").to_string();
    for expect in [" is for `--format ", "`--format csv` and ", "; choose one of them or end the name in .ndjson"] {
        assert!(error.contains(expect), "{error}");
    }
    for (name, ending) in [
        ("a.csv", ".csv"),
        ("a.parquet", ".parquet"),
        ("a.zip", ".zip"),
        ("a.ndjson.xz", ".xz"),
        ("a.ndjson.bz2", ".bz2"),
        ("a.ndjson.zstd", ".zstd"),
        ("a.json", ".json"),
        ("a.JSON.gz", ".JSON"),
        ("a.tar.gz", ".tar"),
        ("a.gz.zst", ".gz"),
        ("a.", "."),
        (".csv", ".csv"),
    ] {
        let error = of(name).expect_err(name).to_string();
        let known = ".ndjson, .ndjson.gz, .ndjson.zst, .jsonl, .jsonl.gz or .jsonl.zst";
        assert!(error.contains(&format!("ends in {ending:?}")) && error.ends_with(known), "{error}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_ends_an_export_with_its_reason() {
    let workspace = Workspace::of(&demo().files);
    let out = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut sink = Stream { out, name: "/dev/full".to_owned() };
    let error = export_into(&workspace.store, &everything(Scope::Catalog), 2, &mut sink).unwrap_err();
    assert!(matches!(error, export::ExportError::Write { .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        "/dev/full cannot be written (No space left on device (os error 28)); nothing was left there"
    );
}

#[test]
fn a_folder_is_replaced_only_if_it_holds_what_its_manifest_lists() {
    let root = TempDir::new().unwrap();
    let out = root.path().join("out");
    let check = |existing| {
        let rules = Rules { data_folder: None, existing, chance: &CHANCE };
        Destination::check_folder(&out, &rules).map_err(|error| error.to_string())
    };
    let write = |existing| {
        let mut sink = Box::new(FolderSink::create(check(existing)?).unwrap());
        sink.start(Layout::Package, &["a.csv".to_owned()]).unwrap();
        let packed = PackedFile { path: "a.csv".to_owned(), bytes: 0, sha256: String::new() };
        let request = "{}".to_owned();
        sink.finish(&Manifest { files: vec![packed], request, ..Manifest::default() })
            .map_err(|error| error.to_string())
    };
    let foreign = [Existing::KeepForeign, Existing::Replace];
    fs::create_dir(&out).unwrap();
    write(Existing::KeepForeign).expect("an empty folder is replaced");
    foreign.into_iter().for_each(|existing| write(existing).expect("a result is replaced"));
    for name in ["notes.txt", "masks/x.png", "b/a.csv"] {
        let file = out.join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, "mine").unwrap();
        for existing in foreign {
            let error = check(existing).expect_err(name);
            assert!(error.contains(&format!("holds {name}, which is not a file of the result there")), "{error}");
        }
        assert_eq!(fs::read(&file).unwrap(), b"mine");
        fs::remove_file(&file).unwrap();
    }
    // What appears while the export runs is safe, too.
    let mut sink = Box::new(FolderSink::create(check(Existing::Replace).unwrap()).unwrap());
    sink.start(Layout::Package, &["a.csv".to_owned()]).unwrap();
    fs::write(out.join("late.txt"), "mine").unwrap();
    assert!(sink.finish(&Manifest::default()).is_err());
    assert_eq!(fs::read(out.join("late.txt")).unwrap(), b"mine");
    fs::remove_file(out.join("late.txt")).unwrap();
    // Without its manifest, nothing in a folder is known to be a result.
    fs::remove_file(root.path().join("out.manifest.json")).unwrap();
    foreign.into_iter().for_each(|existing| assert!(check(existing).is_err(), "{existing:?}"));
}
