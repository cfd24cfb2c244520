//! Backups of a workspace that a server has, and workspaces made from them.

use super::{Served, cars, everything, image};
use labelport_engine::ambient::Chance;
use labelport_engine::export::job;
use labelport_engine::sink::DestinationError;
use labelport_engine::storage::backup::{self, Backup, BackupError, Held, Made};
use labelport_engine::storage::files::Files;
use labelport_engine::storage::results::{Results, Stream};
use labelport_engine::storage::stale;
use labelport_model::request::Scope;
use labelport_model::time::Timestamp;
use labelport_store::Founding;
use labelport_store::Store;
use labelport_store::check;
use labelport_store::sqlite::{Sqlite, SqliteOptions};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Chance that gives zeros: folders of tests are used by nobody else.
struct Zeros;

impl Chance for Zeros {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

/// A workspace with rows, an upload and a stored result, and a place for its backup.
struct Setting {
    served: Served,
    place: tempfile::TempDir,
    upload: String,
    task: String,
}

impl Setting {
    fn new() -> Self {
        let served = Served::new();
        let ids = served.rows(&served.dataset("set"), &[image("g0"), image("g1")]);
        served.project("project", "IMAGE", &cars(), &ids);
        let upload = served.workspace.find_own_file(&served.upload("a.txt", b"an upload")).unwrap();
        let request = everything(Scope::Catalog);
        let start = || job::start(&served.workspace, &served.caller, "", &request);
        let task = served.order(start).unwrap();
        served.complete(&task);
        Self { served, place: tempfile::tempdir().unwrap(), upload, task: task.to_string() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    fn create(&self, target: &Path) -> Result<Made, BackupError> {
        let target = (target, Held::Everything);
        backup::create(self.served.workspace.store(), self.served.folder(), target, &Zeros, &mut |_| {})
    }

    fn restore(&self) -> Result<Backup, BackupError> {
        backup::restore(&self.path("backup"), &self.path("data"), &Zeros, &mut |_| {})
    }
}

fn open(folder: &Path) -> Store {
    let options = SqliteOptions { lock_wait: Duration::from_secs(5), max_pages: None };
    let founding = Founding { organization_id: "c0".to_owned(), now: Timestamp::from_millis(0) };
    Store::open(Box::new(Sqlite::open(folder, options).unwrap()), &founding).unwrap()
}

#[test]
fn a_backup_restores_rows_files_and_results() {
    let setting = Setting::new();
    let target = setting.path("backup");
    // A result of a task that the database does not know yet, as one that ends after the database was copied.
    let results = setting.served.folder().join("results");
    let newer = results.join("c0123456789abcdefghijklmn");
    std::fs::create_dir(&newer).unwrap();
    for entry in results.join(&setting.task).read_dir().unwrap().map(Result::unwrap) {
        std::fs::copy(entry.path(), newer.join(entry.file_name())).unwrap();
    }
    let made = setting.create(&target).unwrap();
    assert!(made.damaged.is_empty(), "{made:?}");
    // What comes later is not in it: neither rows nor results.
    setting.served.dataset("later");
    setting.served.export(&everything(Scope::Catalog));
    assert_eq!(setting.restore().unwrap(), made.backup);
    let data = setting.path("data");
    let store = open(&data);
    let mut reader = store.reader().unwrap();
    assert_eq!(check::check(&mut *reader, store.org_key(), &mut |_| {}).unwrap(), []);
    assert_eq!(std::fs::read(Files::new(&data).local_path(&setting.upload).unwrap()).unwrap(), b"an upload");
    let results = Results::new(&data);
    let (restored, original) =
        (results.open(&setting.task).unwrap().unwrap(), setting.served.workspace.open_result(&setting.task));
    let original = original.unwrap().unwrap();
    assert_eq!(restored.manifest().unwrap(), original.manifest().unwrap());
    assert_eq!(restored.extent(Stream::Rows), original.extent(Stream::Rows));
    let snapshot = store.snapshot(1).unwrap();
    assert_eq!(snapshot.change_seq, made.backup.change_seq);
    assert_eq!(stale::count_newer_results(&mut *reader, snapshot.change_seq, &results).unwrap(), 0);
}

#[test]
fn every_file_of_a_backup_that_is_not_what_it_was_is_found_and_nothing_is_restored() {
    let setting = Setting::new();
    let made = setting.create(&setting.path("backup")).unwrap();
    assert!(made.backup.files.len() > 4, "{made:?}");
    for entry in &made.backup.files {
        let path = setting.path("backup").join(&entry.path);
        let bytes = std::fs::read(&path).unwrap();
        let mut flipped = bytes.clone();
        flipped[bytes.len() / 2] ^= 1;
        for damaged in [Some(flipped), Some(bytes[1..].to_vec()), None] {
            std::fs::remove_file(&path).unwrap();
            if let Some(damaged) = damaged {
                std::fs::write(&path, damaged).unwrap();
            }
            let error = setting.restore().unwrap_err();
            assert!(matches!(error, BackupError::Damaged { .. }), "{error}");
            assert!(!setting.path("data").exists(), "{} was damaged and is restored", entry.path);
            std::fs::write(&path, &bytes).unwrap();
        }
    }
    setting.restore().unwrap();
}

#[test]
fn a_backup_that_was_cut_off_is_none() {
    let setting = Setting::new();
    setting.create(&setting.path("backup")).unwrap();
    let list = setting.path("backup/backup.json");
    let text = std::fs::read_to_string(&list).unwrap();
    std::fs::remove_file(&list).unwrap();
    assert!(matches!(setting.restore(), Err(BackupError::NoBackup(_))));
    std::fs::write(&list, &text[..text.len() / 2]).unwrap();
    assert!(matches!(setting.restore(), Err(BackupError::List { .. })));
    for (from, to) in [
        ("files/", "../files/"),
        ("files/", "/files/"),
        ("files/", "files/../../"),
        ("\"results/", "\"labelport.sqlite/"),
        ("\"backup_version\": 1", "\"backup_version\": 2"),
        ("\"database.sqlite\"", "\"files/a\""),
    ] {
        std::fs::write(&list, text.replace(from, to)).unwrap();
        let outcome = setting.restore();
        assert!(matches!(outcome, Err(BackupError::List { .. })), "{to}: {outcome:?}");
    }
    // Nobody opens a backup as a workspace and changes it.
    assert!(!setting.path("backup/labelport.sqlite").exists());
}

#[test]
fn only_an_empty_folder_outside_the_data_folder_is_filled() {
    let setting = Setting::new();
    let inside = setting.create(&setting.served.folder().join("backup")).unwrap_err();
    assert!(matches!(inside, BackupError::Destination(DestinationError::InDataFolder { .. })), "{inside}");
    std::fs::create_dir_all(setting.path("full/lost+found")).unwrap();
    setting.create(&setting.path("full")).unwrap();
    assert!(matches!(setting.create(&setting.path("full")), Err(BackupError::NotEmpty(_))));
    assert!(matches!(setting.create(&setting.path("no/such")), Err(BackupError::Io { .. })));
    setting.create(&setting.path("backup")).unwrap();
    std::fs::create_dir(setting.path("data")).unwrap();
    std::fs::write(setting.path("data/mine"), "mine").unwrap();
    assert!(matches!(setting.restore(), Err(BackupError::NotEmpty(_))));
    assert_eq!(std::fs::read_dir(setting.path("data")).unwrap().count(), 1);
}

#[test]
fn files_that_are_not_what_the_database_says_are_named() {
    let setting = Setting::new();
    let other = setting.served.workspace.find_own_file(&setting.served.upload("b.txt", b"another")).unwrap();
    let files = Files::new(setting.served.folder());
    std::fs::write(files.local_path(&setting.upload).unwrap(), b"AN UPLOAD").unwrap();
    files.remove(&other).unwrap();
    let made = setting.create(&setting.path("backup")).unwrap();
    assert_eq!(made.damaged.len(), 2, "{made:?}");
    assert!(made.damaged[0].ends_with("was changed since it was uploaded") && made.damaged[1].ends_with("is missing"));
}

#[test]
fn a_database_that_is_older_than_the_results_next_to_it_is_noticed() {
    let setting = Setting::new();
    setting.create(&setting.path("backup")).unwrap();
    // As when the database alone is copied, without its log, and the results with it.
    let dataset = setting.served.dataset("later");
    setting.served.rows(&dataset, &[image("g2")]);
    setting.served.export(&everything(Scope::Catalog));
    setting.restore().unwrap();
    let store = open(&setting.path("data"));
    let change_seq = store.snapshot(1).unwrap().change_seq;
    let mut reader = store.reader().unwrap();
    let count = stale::count_newer_results(&mut *reader, change_seq, &Results::new(setting.served.folder())).unwrap();
    assert_eq!(count, 1);
    // A task that is not known is enough, and so is a later state.
    let unknown = stale::count_newer_results(&mut *reader, i64::MAX, &Results::new(setting.served.folder()));
    assert_eq!(unknown.unwrap(), 1);
    assert_eq!(stale::count_newer_results(&mut *reader, 0, &Results::new(&setting.path("data"))).unwrap(), 1);
    assert_eq!(stale::finding(false, 0), None);
    assert!(stale::finding(false, count).is_some() && stale::finding(true, 0).is_some());
}

#[cfg(unix)]
#[test]
fn everything_that_a_server_keeps_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let setting = Setting::new();
    setting.create(&setting.path("backup")).unwrap();
    // The data folder itself is the test's own.
    let entries = setting.served.folder().read_dir().unwrap();
    let mut waiting: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    waiting.push(setting.path("backup"));
    let mut count = 0;
    while let Some(path) = waiting.pop() {
        let found = path.metadata().unwrap();
        let expected = if found.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(found.permissions().mode() & 0o777, expected, "{}", path.display());
        if found.is_dir() {
            waiting.extend(path.read_dir().unwrap().map(|entry| entry.unwrap().path()));
        }
        count += 1;
    }
    assert!(count > 20, "{count}");
}
