//! A data folder that an earlier version has written exports the same bytes.
//!
//! `fixtures/schema-3.sqlite.zst` is the database of `labelport demo`, written by the last version with schema 3.

use crate::support::Workspace;
use labelport_model::request::{ExportFilters, ExportRequest, Params, Scope, ScopeKind};
use labelport_model::time::Timestamp;
use labelport_store::sqlite::{DATABASE_FILE, Sqlite, SqliteOptions};
use labelport_store::{Founding, Store};
use std::time::Duration;

/// SHA-256 of what the earlier version exported of its catalog, with everything.
const EXPORTED: &str = "0c8eaa179e1088c9121f0d5bf3569d265e40e620e3e3e58253873fc17c918e86";

#[test]
fn a_folder_of_schema_3_opens_and_exports_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let packed = std::fs::read("tests/fixtures/schema-3.sqlite.zst").unwrap();
    std::fs::write(folder.path().join(DATABASE_FILE), zstd::decode_all(&packed[..]).unwrap()).unwrap();
    let options = SqliteOptions { lock_wait: Duration::from_secs(5), max_pages: None };
    let founding = Founding { organization_id: "unused".to_owned(), now: Timestamp::from_millis(0) };
    let engine = Sqlite::open(folder.path(), options).unwrap();
    let workspace = Workspace::in_store(Store::open(Box::new(engine), &founding).unwrap());
    let exported = workspace.export(&ExportRequest {
        scope: Scope::Catalog,
        params: Params::everything(ScopeKind::Catalog),
        filters: ExportFilters::default(),
        format: labelport_model::request::FormatChoice::default(),
        zone_name: "UTC".to_owned(),
        since: None,
    });
    assert_eq!(exported.manifest.digest.sha256, EXPORTED);
}
