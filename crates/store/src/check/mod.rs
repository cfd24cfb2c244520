//! What a doctor looks at: whether what is stored agrees with itself.
//!
//! Everything in the store is said once, but for what makes it fast: look-ups of rows, columns that repeat texts, counts
//! of annotations. Each of these can be checked against what it repeats. A check reads and never repairs, holds one
//! row at a time, and goes on after the first thing it finds, since a person wants to know how much is damaged. An engine
//! adds what it knows about its own file through [`check_file`](crate::Connection::check_file).
//!
//! # Adding a check
//! One line in [`CHECKS`]. If a statement says it all, one line in the tables of `links`; if it compares tables that may lie on
//! different servers, one in `pairs`; if stored JSON has to be read, a function in `texts`.

mod links;
mod pairs;
mod run;
mod texts;

pub use run::{Check, Finding, check};

/// Where a second copy is wrong and the first is right.
const REBUILD: &str = "export everything and import it into a new data folder, or restore a backup";
/// Where what was stored is lost.
const RESTORE: &str = "restore the data folder from a backup, or import the rows again into a new one";

/// Every check, in alphabetical order.
pub static CHECKS: &[Check] = &[
    Check {
        name: "change_sequence",
        summary: "No row has a change number that was not given out yet, and the history of changes names each.",
        remedy: REBUILD,
        run: links::change_sequence,
    },
    Check {
        name: "data_rows",
        summary: "The texts of data rows are JSON, and the columns that repeat them agree.",
        remedy: RESTORE,
        run: texts::data_rows,
    },
    Check {
        name: "database",
        summary: "The database engine finds its own file in order.",
        remedy: RESTORE,
        run: links::database,
    },
    Check {
        name: "definitions",
        summary: "Items, project tags and ontologies are JSON.",
        remedy: RESTORE,
        run: texts::definitions,
    },
    Check {
        name: "kept_counts",
        summary: "The counts that lists show are those of what is there.",
        remedy: REBUILD,
        run: links::kept_counts,
    },
    Check {
        name: "labels",
        summary: "The texts of labels are JSON, and times, counts, mask flags and the look-up by feature say the same.",
        remedy: RESTORE,
        run: texts::labels,
    },
    Check {
        name: "look_ups",
        summary: "Ids and global keys lead to their rows and labels, and each row and label is led to.",
        remedy: REBUILD,
        run: pairs::look_ups,
    },
    Check {
        name: "order",
        summary: "Lists count their entries from 0 without a gap.",
        remedy: RESTORE,
        run: links::order,
    },
    Check {
        name: "project_rows",
        summary: "The texts of rows in projects are JSON, and the columns that repeat them agree.",
        remedy: RESTORE,
        run: texts::project_rows,
    },
    Check {
        name: "references",
        summary: "Whatever belongs to something belongs to something that is there.",
        remedy: RESTORE,
        run: links::references,
    },
    Check {
        name: "row_keys",
        summary: "The next row gets a key that no row has.",
        remedy: REBUILD,
        run: links::row_keys,
    },
    Check {
        name: "row_lists",
        summary: "Attachments, metadata and embeddings are JSON.",
        remedy: RESTORE,
        run: texts::row_lists,
    },
    Check {
        name: "run_labels",
        summary: "The texts of labels in model runs are JSON, and counts and mask flags say the same.",
        remedy: RESTORE,
        run: texts::run_labels,
    },
    Check {
        name: "run_rows",
        summary: "The texts of rows in model runs are JSON, and the columns that repeat them agree.",
        remedy: RESTORE,
        run: texts::run_rows,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_is_described_and_in_order() {
        assert!(CHECKS.is_sorted_by(|one, next| one.name < next.name));
        for check in CHECKS {
            assert!(check.summary.ends_with('.'), "{}: summary is not a sentence", check.name);
        }
    }
}
