//! What the manifests say: arrows between crates, owners of outside things, versions, the lock-file budget.

use crate::manifest::{Dependencies, Entry, entries};
use crate::{Problem, expect_none, tree};

/// Which crates each crate may use, from the bottom up.
const ARROWS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("formats", &["model"]),
    ("media", &["model"]),
    ("samples", &["model"]),
    ("store", &["model"]),
    ("engine", &["formats", "media", "model", "store"]),
    ("server", &["engine", "model"]),
    ("cli", &["engine", "formats", "model", "samples", "server", "store"]),
];

/// The crates that may depend on an outside library. `name` covers `name-…` and `name_…` too.
const OWNERS: &[(&str, &[&str])] = &[
    ("arrow", &["formats"]),
    ("async-graphql", &["server"]),
    ("axum", &["server"]),
    ("base64", &["engine", "formats"]),
    ("clap", &["cli"]),
    ("cronexpr", &["model"]),
    ("flate2", &["engine", "formats", "media", "xtask"]),
    ("getrandom", &["cli"]),
    ("hmac", &["engine"]),
    ("http-body", &["engine", "server"]),
    ("hyper", &["server"]),
    ("indicatif", &["cli"]),
    ("mimalloc", &["cli"]),
    ("object_store", &["engine"]),
    ("parquet", &["formats"]),
    ("png", &["formats"]),
    ("prometheus-client", &["server"]),
    ("rusqlite", &["store"]),
    ("sha2", &["engine", "formats", "media", "xtask"]),
    ("tar", &["formats", "xtask"]),
    ("tokio", &["engine", "server", "store"]),
    ("tokio-postgres", &["store"]),
    ("tower", &["server"]),
    ("tracing-subscriber", &["cli"]),
    ("unicode-segmentation", &["formats"]),
    ("ureq", &["engine"]),
    ("zip", &["formats"]),
    ("zstd", &["engine"]),
];

/// The most packages in the lock file: each is built, checked and trusted by everyone.
const LOCK_BUDGET: usize = 650;

fn arrows(name: &str) -> Option<&'static [&'static str]> {
    ARROWS.iter().find(|(from, _)| *from == name).map(|(_, to)| *to)
}

/// Calls `each` with the short name, the manifest's path and every dependency of every crate.
fn for_each_dependency(mut each: impl FnMut(&str, &str, Dependencies, &Entry)) {
    for folder in tree::crate_folders() {
        let path = format!("{folder}/Cargo.toml");
        let name = folder.rsplit('/').next().unwrap_or(&folder);
        for entry in entries(&path) {
            if let Some(dependencies) = entry.dependencies() {
                each(name, &path, dependencies, &entry);
            }
        }
    }
}

#[test]
fn imports_point_one_way() {
    let mut problems = Vec::new();
    for folder in tree::crate_folders() {
        if let Some(name) = folder.strip_prefix("crates/").filter(|name| arrows(name).is_none()) {
            problems.push(Problem {
                file: format!("{folder}/Cargo.toml"),
                line: 1,
                what: format!("crate {name} is not in ARROWS"),
                remedy: "a new crate is an architectural decision: add it to ARROWS in xtask/tests/tidy/crates.rs",
            });
        }
    }
    for_each_dependency(|name, path, dependencies, entry| {
        let Some(target) = entry.key.strip_prefix("labelport-") else { return };
        // Tests may compose rows and open a store of their own.
        let is_of_test = dependencies == Dependencies::Dev && matches!(target, "samples" | "store");
        if !is_of_test && !arrows(name).is_some_and(|allowed| allowed.contains(&target)) {
            problems.push(Problem {
                file: path.to_owned(),
                line: entry.line,
                what: format!("{name} depends on {target}"),
                remedy: "crates use what ARROWS in xtask/tests/tidy/crates.rs allows; let the two meet at a closed type \
                         of a lower crate",
            });
        }
    });
    expect_none(problems);
}

#[test]
fn one_crate_owns_each_outside_thing() {
    let mut problems = Vec::new();
    for_each_dependency(|name, path, dependencies, entry| {
        // Tests may look at results with an independent reader.
        if dependencies == Dependencies::Dev {
            return;
        }
        let owns = |thing: &str| {
            entry.key.strip_prefix(thing).is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_']))
        };
        let owners = OWNERS.iter().find(|(thing, _)| owns(thing)).map(|(_, owners)| *owners);
        if let Some(owners) = owners.filter(|owners| !owners.contains(&name)) {
            problems.push(Problem {
                file: path.to_owned(),
                line: entry.line,
                what: format!("{} belongs to the crate {}", entry.key, owners.join(" or ")),
                remedy: "call a function of the crate that owns it",
            });
        }
    });
    expect_none(problems);
}

#[test]
fn owners_are_in_order() {
    assert!(OWNERS.is_sorted_by(|one, next| one.0 < next.0));
}

#[test]
fn versions_stand_once() {
    let mut problems = Vec::new();
    for_each_dependency(|_, path, _, entry| {
        let spaceless: String = entry.rest.split_whitespace().collect();
        if !spaceless.starts_with(".workspace=true") && !spaceless.contains("workspace=true") {
            problems.push(Problem {
                file: path.to_owned(),
                line: entry.line,
                what: format!("{} has a version of its own", entry.key),
                remedy: "put the version into [workspace.dependencies] of Cargo.toml and write `name.workspace = true`",
            });
        }
    });
    expect_none(problems);
}

#[test]
fn lints_are_those_of_the_workspace() {
    let mut problems = Vec::new();
    for folder in tree::crate_folders() {
        let file = format!("{folder}/Cargo.toml");
        if !entries(&file).iter().any(|entry| entry.table == "lints" && entry.key == "workspace") {
            let what = "the lints of the workspace are not used".to_owned();
            problems.push(Problem { file, line: 1, what, remedy: "add [lints] with `workspace = true`" });
        }
    }
    expect_none(problems);
}

#[test]
fn workspace_dependencies_are_in_order_and_without_default_features() {
    let mut problems = Vec::new();
    let mut last = String::new();
    for entry in entries("Cargo.toml").iter().filter(|entry| entry.table == "workspace.dependencies") {
        let mut report = |what: String, remedy| {
            problems.push(Problem { file: "Cargo.toml".to_owned(), line: entry.line, what, remedy });
        };
        if entry.key <= last {
            report(format!("{} comes after {last}", entry.key), "keep the table in alphabetical order, each once");
        }
        if !entry.rest.contains("path = ") && !entry.rest.contains("default-features = false") {
            report(
                format!("{} has default features", entry.key),
                "add `default-features = false` and name what is used",
            );
        }
        last.clone_from(&entry.key);
    }
    assert!(!last.is_empty(), "Cargo.toml:1: there is no [workspace.dependencies]");
    expect_none(problems);
}

#[test]
fn the_lock_file_keeps_its_budget() {
    let count = tree::read("Cargo.lock").lines().filter(|line| *line == "[[package]]").count();
    let what = format!("{count} packages are locked, at most {LOCK_BUDGET} are allowed");
    let remedy = "leave out features or a dependency; raising the budget in xtask/tests/tidy/crates.rs is a decision";
    let problem = Problem { file: "Cargo.lock".to_owned(), line: 1, what, remedy };
    expect_none(if count > LOCK_BUDGET { vec![problem] } else { Vec::new() });
}
