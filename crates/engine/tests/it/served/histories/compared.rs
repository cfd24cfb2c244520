//! An earlier result compared with the workspace of now: the same is found as in two full exports.

use super::{Taken, change, random_request, take, world};
use crate::support::everything;
use labelport_engine::diff::{self, Basis, DiffError, DiffOptions, Now, RowDiff, Side, Sums};
use labelport_engine::history;
use labelport_model::request::{ExportRequest, Scope};
use labelport_samples::Chance;
use labelport_store::Store;
use std::io::{self, Cursor, Read};

const DAY_MS: i64 = 24 * 3_600_000;

fn open(bytes: &[u8]) -> io::Result<Box<dyn Read + Send>> {
    Ok(Box::new(Cursor::new(bytes.to_vec())))
}

/// Sorts rows, whose order is that in which they were found.
fn sorted(mut rows: Vec<RowDiff>) -> Vec<RowDiff> {
    rows.sort_by(|one, other| one.id.cmp(&other.id));
    rows
}

fn with_now(before: &Taken, store: &Store) -> Result<(Sums, Vec<RowDiff>, Basis), DiffError> {
    let rows = || open(&before.rows);
    let old = Side { name: "before", manifest: Some(&before.manifest), rows: &rows };
    let (folder, mut found) = (std::env::temp_dir(), Vec::new());
    let mut each = |row: &RowDiff| {
        found.push(row.clone());
        Ok(())
    };
    let now = Now { store, threads: 2, stop: None };
    let (sums, basis) = diff::diff_with_now(&old, &now, &DiffOptions::new(&folder), &mut each, &mut |_| {})?;
    Ok((sums, sorted(found), basis))
}

/// Compares two full exports.
fn of_both(before: &Taken, store: &Store, request: &ExportRequest) -> (Sums, Vec<RowDiff>) {
    let after = take(store, request).unwrap();
    let (olds, news) = (|| open(&before.rows), || open(&after.rows));
    let old = Side { name: "before", manifest: Some(&before.manifest), rows: &olds };
    let new = Side { name: "after", manifest: Some(&after.manifest), rows: &news };
    let (folder, mut found) = (std::env::temp_dir(), Vec::new());
    let mut each = |row: &RowDiff| {
        found.push(row.clone());
        Ok(())
    };
    let sums = diff::diff(&old, &new, &DiffOptions::new(&folder), &mut each, &mut |_| {}).unwrap();
    (sums, sorted(found))
}

#[test]
fn what_differs_from_now_is_found_in_what_changed() {
    let (mut by_delta, mut different) = (0, 0);
    for seed in 11..=16 {
        let served = world(seed);
        let store = served.workspace.store();
        let mut chance = Chance::new(seed);
        for _ in 0..12 {
            let request = random_request(&served, &mut chance);
            let Ok(before) = take(store, &request) else { continue };
            let made = change(&served, &mut chance);
            // What was exported may be gone, and then both say so.
            if take(store, &request).is_err() {
                assert!(with_now(&before, store).is_err(), "{made:?}");
                continue;
            }
            let (sums, rows, basis) = with_now(&before, store).unwrap();
            assert_eq!(
                (&sums, &rows),
                (&of_both(&before, store, &request).0, &of_both(&before, store, &request).1),
                "{made:?}"
            );
            by_delta += u32::from(basis == Basis::Delta);
            different += u32::from(!sums.are_same());
        }
    }
    assert!(by_delta > 30 && different > 10, "{by_delta} {different}");
}

#[test]
fn where_history_is_gone_all_is_compared() {
    let served = world(21);
    let (store, request) = (served.workspace.store(), everything(Scope::Catalog));
    let before = take(store, &request).unwrap();
    change(&served, &mut Chance::new(4));
    assert_eq!(with_now(&before, store).unwrap().2, Basis::Delta);
    history::prune(store, served.workspace.now()).unwrap();
    served.pass(91 * DAY_MS);
    history::prune(store, served.workspace.now()).unwrap();
    let (sums, rows, basis) = with_now(&before, store).unwrap();
    assert!(matches!(basis, Basis::Full(reason) if reason.contains("was removed")));
    assert_eq!((sums, rows), of_both(&before, store, &request));
    // Versions before this had no watermarks.
    let mut older = before.clone();
    older.manifest.watermark.clear();
    assert!(matches!(with_now(&older, store).unwrap().2, Basis::Full(_)));
}

#[test]
fn a_result_that_is_not_what_its_manifest_describes_is_not_compared_with_now() {
    let served = world(23);
    let (store, request) = (served.workspace.store(), everything(Scope::Catalog));
    let mut before = take(store, &request).unwrap();
    before.rows.extend_from_slice(b"{\"data_row\":{\"id\":\"more\"}}\n");
    // Nothing changed: neither is read.
    assert!(with_now(&before, store).unwrap().0.are_same());
    for seed in 0.. {
        change(&served, &mut Chance::new(seed));
        if take(store, &super::since(&request, &before.manifest.watermark)).unwrap().manifest.digest.rows > 0 {
            break;
        }
    }
    assert!(matches!(with_now(&before, store), Err(DiffError::Differs(name)) if name == "before"));
}
