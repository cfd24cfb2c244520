//! What every storage promises: objects appear whole, are never half there, are found, listed, read by range and removed.
//! And what an object store does in addition: it goes on after failures of the network, and says what is wrong.

use crate::object_server::{BUCKET, Fault, ObjectServer, Planned};
use labelport_engine::ambient::Chance;
use labelport_engine::storage::bucket::{self, BucketOptions};
use labelport_engine::storage::error::StorageError;
use labelport_engine::storage::{Folder, Storage};
use std::io::{self, ErrorKind, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tempfile::TempDir;

/// Gives other bytes each time.
#[derive(Default)]
pub(crate) struct Counting(AtomicU64);

impl Chance for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        let number = self.0.fetch_add(1, Ordering::Relaxed);
        bytes.iter_mut().zip(number.to_le_bytes().iter().cycle()).for_each(|(byte, with)| *byte = *with);
    }
}

/// Objects of the tests that are larger are sent in pieces.
const PIECE_BYTES: usize = 5 << 20;

/// Opens a place in the bucket of a server.
pub(crate) fn open(server: &ObjectServer, place: &str) -> Arc<dyn Storage> {
    open_with(server, place, Duration::from_secs(60), &[])
}

pub(crate) fn open_with(
    server: &ObjectServer,
    place: &str,
    patience: Duration,
    settings: &[(&str, &str)],
) -> Arc<dyn Storage> {
    let mut environment = server.environment();
    environment.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let (first_pause, chance) = (Duration::from_millis(1), Arc::new(Counting::default()));
    let options = BucketOptions { environment, piece_bytes: PIECE_BYTES, patience, first_pause, chance };
    bucket::open(&place.parse().unwrap(), options).unwrap()
}

/// A storage, and what has to live as long as it does.
struct Opened {
    storage: Arc<dyn Storage>,
    _folder: Option<TempDir>,
    _server: Option<ObjectServer>,
}

/// Opens a storage without objects.
type Open = fn() -> Opened;

/// Every storage.
static STORAGES: &[(&str, Open)] = &[
    ("folder", || {
        let folder = TempDir::new().unwrap();
        Opened { storage: Arc::new(Folder::new(folder.path())), _folder: Some(folder), _server: None }
    }),
    ("bucket", || in_bucket("s3://labels")),
    ("bucket with a prefix", || in_bucket("s3://labels/a/b")),
];

fn in_bucket(place: &str) -> Opened {
    let server = ObjectServer::start();
    Opened { storage: open(&server, place), _folder: None, _server: Some(server) }
}

fn put(storage: &dyn Storage, key: &str, bytes: &[u8]) {
    let mut upload = storage.put(key).unwrap();
    upload.write_all(bytes).unwrap();
    upload.finish().unwrap();
}

fn read(storage: &dyn Storage, key: &str) -> io::Result<Vec<u8>> {
    storage.open(key)?.read_at(0, 64 << 20, 0)
}

fn list(storage: &dyn Storage, folder: &str) -> Vec<(String, u64)> {
    let mut found = Vec::new();
    storage.list(folder, &mut |object| found.push((object.key, object.size_bytes))).unwrap();
    found.sort_unstable();
    found
}

/// Bytes that differ everywhere.
fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 7 + at / 251) as u8).collect()
}

#[test]
fn an_object_is_there_whole_once_it_is_finished_and_not_before() {
    for (name, open) in STORAGES {
        let Opened { storage, .. } = &open();
        for length in [0, 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES, 3 * PIECE_BYTES + 7] {
            let (key, bytes) = (format!("files/x/{length}"), bytes(length));
            let mut upload = storage.put(&key).unwrap();
            upload.write_all(&bytes).unwrap();
            assert_eq!(storage.find(&key).unwrap(), None, "{name} {length}");
            upload.finish().unwrap();
            assert_eq!(storage.find(&key).unwrap().unwrap().size_bytes, length as u64, "{name} {length}");
            assert!(read(&**storage, &key).unwrap() == bytes, "{name} {length}");
        }
    }
}

#[test]
fn an_object_that_is_given_up_leaves_nothing() {
    for (name, open) in STORAGES {
        let opened = open();
        for length in [3, 3 * PIECE_BYTES] {
            let mut upload = opened.storage.put("files/x/given-up").unwrap();
            upload.write_all(&bytes(length)).unwrap();
            drop(upload);
        }
        assert_eq!(list(&*opened.storage, "files"), [], "{name}");
        if let Some(server) = &opened._server {
            assert_eq!(server.count_begun(), 0, "{name}: {:?}", server.names());
        }
    }
}

#[test]
fn what_is_published_is_never_replaced() {
    for (name, open) in STORAGES {
        let Opened { storage, .. } = &open();
        storage.publish("results/t/manifest.json", b"first").unwrap();
        let error = storage.publish("results/t/manifest.json", b"second").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{name}");
        let error = storage.publish("results/t/manifest.json", b"first").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{name}: the same bytes of somebody else");
        assert_eq!(read(&**storage, "results/t/manifest.json").unwrap(), b"first", "{name}");
    }
}

#[test]
fn what_is_put_again_is_replaced_as_a_whole() {
    for (name, open) in STORAGES {
        let Opened { storage, .. } = &open();
        put(&**storage, "files/x/a", &bytes(2 * PIECE_BYTES));
        put(&**storage, "files/x/a", b"short");
        assert_eq!(read(&**storage, "files/x/a").unwrap(), b"short", "{name}");
    }
}

#[test]
fn any_range_can_be_read_in_any_order_with_and_without_reading_ahead() {
    for (name, open) in STORAGES {
        let (Opened { storage, .. }, bytes) = (&open(), bytes(1_000));
        put(&**storage, "files/x/a", &bytes);
        for ahead in [0, 10, 5_000] {
            let mut ranges = storage.open("files/x/a").unwrap();
            for (offset, length) in
                [(0, 1), (1, 9), (10, 0), (10, 20), (990, 10), (5, 100), (999, 1), (995, 50), (1_000, 1), (2_000, 7)]
            {
                let end = (offset + length).min(1_000);
                let expect = bytes.get(offset..end).unwrap_or_default();
                assert_eq!(
                    ranges.read_at(offset as u64, length, ahead).unwrap(),
                    expect,
                    "{name} {offset} {length} {ahead}"
                );
            }
        }
    }
}

#[test]
fn objects_are_found_listed_and_removed_by_key_and_by_folder() {
    for (name, open) in STORAGES {
        let Opened { storage, .. } = &open();
        assert_eq!(list(&**storage, "results"), [], "{name}");
        assert_eq!(storage.list_folders("results").unwrap(), [""; 0], "{name}");
        for key in ["results/t1/a", "results/t1/b", "results/t10/a", "results/t2/a", "files/1/x"] {
            put(&**storage, key, key.as_bytes());
        }
        let keys = |folder: &str| list(&**storage, folder).into_iter().map(|(key, _)| key).collect::<Vec<_>>();
        assert_eq!(keys("results/t1"), ["results/t1/a", "results/t1/b"], "{name}");
        assert_eq!(keys("results"), ["results/t1/a", "results/t1/b", "results/t10/a", "results/t2/a"], "{name}");
        assert_eq!(storage.list_folders("results").unwrap(), ["t1", "t10", "t2"], "{name}");
        storage.remove("results/t2/a").unwrap();
        storage.remove("results/t2/a").unwrap();
        storage.remove_folder("results/t1").unwrap();
        storage.remove_folder("results/t1").unwrap();
        assert_eq!(keys("results"), ["results/t10/a"], "{name}");
        assert_eq!(keys("files"), ["files/1/x"], "{name}");
        assert_eq!(storage.find("results/t1/a").unwrap(), None, "{name}");
        let missing = read(&**storage, "results/t1/a").unwrap_err();
        assert_eq!(missing.kind(), ErrorKind::NotFound, "{name}: {missing}");
    }
}

/// Every request that a storage makes while an object is written in pieces, published, read, listed and removed.
const LINES: &[&str] = &[
    "PUT /labels/files/x/small",
    "POST /labels/files/x/large?uploads",
    "PUT /labels/files/x/large?partNumber=2",
    "POST /labels/files/x/large?uploadId",
    "PUT /labels/results/t/manifest.json",
    "GET /labels/files/x/large",
    "HEAD /labels/files/x/large",
    "GET /labels?",
    "POST /labels?delete",
];

#[test]
fn failures_of_the_network_are_gone_through_and_what_is_kept_is_whole() {
    let server = ObjectServer::start();
    for fault in [Fault::Broken, Fault::Busy, Fault::Cut, Fault::CutAnswer, Fault::LoseAnswer] {
        for line in LINES {
            let storage = open(&server, "s3://labels");
            for key in ["files", "results"] {
                storage.remove_folder(key).unwrap();
            }
            let (large, what) = (bytes(PIECE_BYTES + 5), format!("{fault:?} {line}"));
            server.plan(&[Planned { line, times: 2, fault }]);
            let work = || -> io::Result<()> {
                for (key, bytes) in [("files/x/small", &b"small"[..]), ("files/x/large", &large)] {
                    let mut upload = storage.put(key)?;
                    upload.write_all(bytes)?;
                    upload.finish()?;
                }
                storage.publish("results/t/manifest.json", b"manifest")?;
                assert!(read(&*storage, "files/x/large")? == large, "{what}");
                assert_eq!(storage.find("files/x/large")?.unwrap().size_bytes, large.len() as u64, "{what}");
                let mut count = 0;
                storage.list("files", &mut |_| count += 1)?;
                assert_eq!(count, 2, "{what}");
                storage.remove("files/x/small")
            };
            work().unwrap_or_else(|error| panic!("{what}: {error}"));
            assert!(server.is_as_planned(), "{what} did not happen");
            assert_eq!(server.keys(), ["files/x/large", "results/t/manifest.json"], "{what}");
            assert!(server.read("files/x/large") == large, "{what}");
            assert_eq!(server.read("results/t/manifest.json"), b"manifest", "{what}");
        }
    }
}

#[test]
fn a_store_that_stays_down_is_told_from_one_that_refuses() {
    let server = ObjectServer::start();
    let brief = Duration::from_millis(1);
    let check = |place: &str, settings: &[(&str, &str)], is_passing: bool, expect: &str| {
        let storage = open_with(&server, place, brief, settings);
        let error = storage.list("files", &mut |_| ()).unwrap_err();
        assert_eq!(StorageError::is_passing(&error), is_passing, "{error}");
        assert_eq!(error.to_string(), expect, "{place}");
    };
    server.plan(&[Planned { line: "GET", times: usize::MAX, fault: Fault::Busy }]);
    check(
        "s3://labels",
        &[],
        true,
        "s3://labels/files does not answer (status 503 Service Unavailable SlowDown); see that it can be reached from here, \
         then try again",
    );
    server.plan(&[]);
    check("s3://nobody", &[], false, "the bucket s3://nobody does not exist; create it or use another bucket");
    check(
        "s3://labels",
        &[("AWS_SECRET_ACCESS_KEY", "another")],
        false,
        "s3://labels/files refuses access (SignatureDoesNotMatch); set the credentials of an account that may read, write, \
         list and delete there",
    );
    // Nobody listens at this port.
    let storage = open_with(&server, "s3://labels", brief, &[("AWS_ENDPOINT", "http://127.0.0.1:1")]);
    let error = storage.list("files", &mut |_| ()).unwrap_err();
    assert!(StorageError::is_passing(&error) && error.to_string().contains("does not answer"), "{error}");
}

#[test]
fn a_large_object_that_cannot_be_completed_is_given_up() {
    let server = ObjectServer::start();
    let storage = open_with(&server, "s3://labels", Duration::from_millis(1), &[]);
    server.plan(&[Planned { line: "partNumber=2", times: usize::MAX, fault: Fault::Broken }]);
    let mut upload = storage.put("files/x/large").unwrap();
    let outcome = upload.write_all(&bytes(3 * PIECE_BYTES)).and_then(|()| upload.finish());
    assert!(StorageError::is_passing(&outcome.unwrap_err()));
    assert_eq!(server.keys(), [""; 0]);
    assert_eq!(server.count_begun(), 0, "{:?}", server.names());
}

#[test]
fn a_signed_url_reads_one_object_without_credentials() {
    let server = ObjectServer::start();
    let storage = open(&server, "s3://labels/a");
    put(&*storage, "files/x/a", b"an upload");
    let url = storage.signed_url("files/x/a", Duration::from_secs(60)).unwrap().unwrap();
    let get = |url: &str| {
        let answer = ureq::get(url).config().http_status_as_error(false).build().call().unwrap();
        let status = answer.status().as_u16();
        (status, answer.into_body().read_to_vec().unwrap())
    };
    assert_eq!(get(&url), (200, b"an upload".to_vec()));
    assert_eq!(get(&url.replace("files/x/a", "files/x/b")).0, 403);
    assert_eq!(BUCKET, "labels");
}
