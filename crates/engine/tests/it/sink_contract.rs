//! What every sink promises: entries in order, nothing before the end, the manifest last, nothing of an export that ended
//! midway.

use labelport_engine::ambient::Chance;
use labelport_engine::manifest::{Manifest, PackedFile};
use labelport_engine::sink::{
    ArchiveSink, Destination, Entry, Existing, Extent, FileSink, FolderSink, Packing, Place, Rules, Sink,
};
use labelport_engine::storage::results::{Results, StoredReader, Stream as ResultStream};
use labelport_formats::package::ArchiveKind;
use labelport_formats::write::Layout;
use std::fs;
use std::io::Read;
use std::path::Path;
use tempfile::TempDir;

struct Fixed;

impl Chance for Fixed {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

/// A sink with what it takes and how its result is read.
struct Case {
    name: &'static str,
    layout: Layout,
    /// Opens it below a folder.
    open: fn(&Path) -> Box<dyn Sink>,
    /// Reads the result: the stream or streams, then the files of rows, one after the other. None if there is none.
    read: fn(&Path) -> Option<Vec<u8>>,
    /// Where the manifest is.
    manifest: fn(&Path) -> std::path::PathBuf,
}

const LINES: Layout = Layout::Lines { extension: "ndjson" };
const PACKAGE: Layout = Layout::Package;

/// Lists the streams that are written in a layout.
fn streams(layout: Layout) -> Vec<String> {
    let paths: &[&str] = if layout == PACKAGE { &["a.txt", "b.txt"] } else { &[""] };
    paths.iter().map(|path| (*path).to_owned()).collect()
}

static CASES: &[Case] = &[
    Case {
        name: "file",
        layout: LINES,
        open: |folder| Box::new(FileSink::create(destination(&folder.join("out.ndjson")), Packing::Plain).unwrap()),
        read: |folder| fs::read(folder.join("out.ndjson")).ok(),
        manifest: |folder| folder.join("out.ndjson.manifest.json"),
    },
    Case {
        name: "folder",
        layout: PACKAGE,
        open: |folder| {
            let rules = Rules { data_folder: None, existing: Existing::KeepForeign, chance: &Fixed };
            Box::new(FolderSink::create(Destination::check_folder(&folder.join("out/"), &rules).unwrap()).unwrap())
        },
        read: |folder| {
            let out = folder.join("out");
            let read = |name: &str| fs::read(out.join(name)).unwrap();
            out.exists().then(|| [read("a.txt"), read("b.txt"), read("rows/1.txt")].concat())
        },
        manifest: |folder| folder.join("out.manifest.json"),
    },
    Case {
        name: "tar",
        layout: PACKAGE,
        open: |folder| {
            let file = FileSink::create(destination(&folder.join("out.tar")), Packing::Plain).unwrap();
            Box::new(ArchiveSink::new(ArchiveKind::Tar, Box::new(file), folder).unwrap())
        },
        read: |folder| {
            let bytes = fs::read(folder.join("out.tar")).ok()?;
            let mut files: Vec<(String, Vec<u8>)> = Vec::new();
            for entry in tar::Archive::new(&bytes[..]).entries().unwrap() {
                let mut entry = entry.unwrap();
                let mut content = Vec::new();
                entry.read_to_end(&mut content).unwrap();
                files.push((entry.path().unwrap().display().to_string(), content));
            }
            files.sort();
            Some(files.into_iter().flat_map(|(_, content)| content).collect())
        },
        manifest: |folder| folder.join("out.tar.manifest.json"),
    },
    Case {
        name: "stored result",
        layout: LINES,
        open: |folder| Box::new(Compressing(Box::new(Results::new(folder).start("t").unwrap()))),
        read: |folder| {
            let stored = Results::new(folder).open("t").unwrap()?;
            let mut text = Vec::new();
            StoredReader::new(stored, ResultStream::Rows).read_to_end(&mut text).unwrap();
            Some(text)
        },
        manifest: |folder| folder.join("results").join("t").join("manifest.json"),
    },
];

/// Compresses what a sink wants compressed, as an export does.
struct Compressing(Box<dyn Sink>);

impl Sink for Compressing {
    fn name(&self) -> String {
        self.0.name()
    }

    fn start(&mut self, layout: Layout, streams: &[String]) -> std::io::Result<()> {
        self.0.start(layout, streams)
    }

    fn write(&mut self, entry: &Entry<'_>) -> std::io::Result<()> {
        assert_eq!(self.0.packing(), Packing::Zstd);
        let packed = zstd::encode_all(entry.bytes, 1).unwrap();
        self.0.write(&Entry { bytes: &packed, ..*entry })
    }

    fn finish(self: Box<Self>, manifest: &Manifest) -> Result<(), labelport_engine::sink::FileError> {
        self.0.finish(manifest)
    }
}

fn destination(path: &Path) -> Destination {
    let rules = Rules { data_folder: None, existing: Existing::KeepForeign, chance: &Fixed };
    Destination::check(path, &rules).unwrap()
}

fn manifest(format: &str, layout: &Layout) -> Manifest {
    let paths = streams(*layout).into_iter().chain(["rows/1.txt".to_owned()]);
    let packed =
        paths.filter(|_| layout.extension().is_none()).map(|path| PackedFile { path, bytes: 1, sha256: String::new() });
    let files = packed.collect();
    Manifest { format: format.to_owned(), request: "{}".to_owned(), files, ..Manifest::default() }
}

/// Writes entries of every stream in turn, and a file where the layout has files; returns what a reader has to find.
fn fill(sink: &mut dyn Sink, layout: &Layout, text: &str) -> Vec<u8> {
    let streams = streams(*layout);
    sink.start(*layout, &streams).unwrap();
    let mut expected = vec![Vec::new(); streams.len() + 1];
    for round in 0..3 {
        for (index, stream) in expected.iter_mut().take(streams.len()).enumerate() {
            let line = format!("{text} {round} {index}\n");
            let extent = Extent { bytes: line.len() as u64, lines: 1 };
            sink.write(&Entry { place: Place::Stream(index), bytes: line.as_bytes(), extent }).unwrap();
            stream.extend_from_slice(line.as_bytes());
        }
        if round == 1 && layout.extension().is_none() {
            let entry =
                Entry { place: Place::File("rows/1.txt"), bytes: b"whole", extent: Extent { bytes: 5, lines: 0 } };
            sink.write(&entry).unwrap();
            *expected.last_mut().unwrap() = b"whole".to_vec();
        }
    }
    expected.concat()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        folder.read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn every_sink_holds_its_entries_in_order_once_it_is_finished_and_nothing_before() {
    for Case { name, layout, open, read, manifest: manifest_path } in CASES {
        let folder = TempDir::new().unwrap();
        let mut sink = open(folder.path());
        let expected = fill(&mut *sink, layout, "row");
        assert_eq!(read(folder.path()), None, "{name} exists before its end");
        assert!(!manifest_path(folder.path()).exists(), "{name} has a manifest before its end");
        sink.finish(&manifest("first", layout)).unwrap();
        assert_eq!(read(folder.path()).as_deref(), Some(&expected[..]), "{name}");
        let written = Manifest::from_json(&fs::read(manifest_path(folder.path())).unwrap()).unwrap();
        assert_eq!(written, manifest("first", layout), "{name}");
    }
}

#[test]
fn every_sink_that_is_dropped_leaves_what_was_there() {
    for Case { name, layout, open, read, manifest: manifest_path } in CASES {
        let folder = TempDir::new().unwrap();
        let mut first = open(folder.path());
        let expected = fill(&mut *first, layout, "old");
        first.finish(&manifest("old", layout)).unwrap();
        // A task has one result: another one is stored under an id of its own.
        if *name == "stored result" {
            continue;
        }
        let before = names(folder.path());
        let mut second = open(folder.path());
        fill(&mut *second, layout, "new");
        drop(second);
        assert_eq!(names(folder.path()), before, "{name}");
        assert_eq!(read(folder.path()).as_deref(), Some(&expected[..]), "{name}");
        let kept = Manifest::from_json(&fs::read(manifest_path(folder.path())).unwrap()).unwrap();
        assert_eq!(kept, manifest("old", layout), "{name}");
    }
}

#[test]
fn every_sink_replaces_an_earlier_result_as_a_whole() {
    for Case { name, layout, open, read, .. } in CASES.iter().filter(|case| case.name != "stored result") {
        let folder = TempDir::new().unwrap();
        for text in ["a rather long text", "short"] {
            let mut sink = open(folder.path());
            let expected = fill(&mut *sink, layout, text);
            sink.finish(&manifest(text, layout)).unwrap();
            assert_eq!(read(folder.path()).as_deref(), Some(&expected[..]), "{name}");
        }
        assert!(names(folder.path()).iter().all(|name| !name.starts_with('.')), "{name} left something");
    }
}

#[test]
fn a_sink_of_one_file_refuses_a_package() {
    for Case { name, open, .. } in CASES.iter().filter(|case| case.layout == LINES) {
        let folder = TempDir::new().unwrap();
        assert!(open(folder.path()).start(PACKAGE, &streams(PACKAGE)).is_err(), "{name}");
    }
}
