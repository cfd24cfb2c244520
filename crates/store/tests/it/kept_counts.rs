//! Kept counts are what counting says, whatever is written and removed.

use crate::engines::{Contract, TestStore, findings, hold};
use crate::rows::{id, key, merge, peek, twelve, write};
use labelport_store::tables::projects;
use labelport_store::write::{changes, removal};

const CONTRACTS: &[Contract] = &[
    ("counts are exact after every write", counts_are_exact_after_every_write),
    ("a deleted project has no counts", a_deleted_project_has_no_counts),
];

#[test]
fn contracts_of_kept_counts() {
    hold(CONTRACTS);
}

/// Numbers that follow from a seed.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }
}

/// Returns one of the twelve, or what another of them says under its id: in other projects, with another dataset, status,
/// batch and other labels.
fn line(numbers: &mut Numbers) -> String {
    let lines = twelve();
    let (own, other) = (1 + numbers.below(12), 1 + numbers.below(12));
    let moved = lines[other - 1].replace(&id("r", other), &id("r", own));
    // Labels and global keys belong to one row.
    let moved = moved.replace(&id("l", other), &id("l", 1_000 * own + other));
    let moved = moved.replace(&id("l", 105), &id("l", 2_000 * own)).replace("\"global_key\"", "\"unknown_key\"");
    if own == other { lines[own - 1].clone() } else { moved }
}

fn counts_are_exact_after_every_write(test: &TestStore) {
    let mut numbers = Numbers(7);
    for step in 0..200 {
        let org_key = test.store.org_key();
        let row = i64::try_from(1 + numbers.below(12)).unwrap();
        let scope = i64::try_from(1 + numbers.below(2)).unwrap();
        let label = id("l", 1 + numbers.below(12));
        match numbers.below(8) {
            0..=3 => {
                let lines: Vec<String> = (0..1 + numbers.below(3)).map(|_| line(&mut numbers)).collect();
                merge(&test.store, &lines);
            }
            choice => write(&test.store, move |connection| {
                let change_seq = changes::next_change_seq(connection, org_key)?;
                match choice {
                    4 => removal::remove_row(connection, org_key, change_seq, row),
                    5 => removal::remove_from_project(connection, org_key, change_seq, (scope, row)),
                    6 => removal::remove_from_run(connection, org_key, change_seq, (scope, row)),
                    _ => removal::remove_label(connection, &label).map(|_| ()),
                }
            }),
        }
        let found: Vec<String> =
            findings(&test.store).into_iter().filter(|finding| finding.starts_with("kept_counts")).collect();
        assert!(found.is_empty(), "after step {step}: {found:#?}");
    }
}

fn a_deleted_project_has_no_counts(test: &TestStore) {
    merge(&test.store, &twelve());
    let project_key = key(&test.store, "select project_key from projects order by project_key limit 1");
    let count = || peek(&test.store, |connection| projects::count_by_state(connection, project_key)).all;
    assert_eq!(count(), 6);
    let org_key = test.store.org_key();
    write(&test.store, move |connection| {
        let change_seq = changes::next_change_seq(connection, org_key)?;
        removal::remove_project(connection, org_key, change_seq, project_key)
    });
    assert_eq!(count(), 0);
}
