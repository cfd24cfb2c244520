//! Names of places, their sizes, and files that nobody declares.

use crate::manifest::entries;
use crate::{Problem, expect_none, rust, tree};

/// Names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] = &["common", "helpers", "prelude", "types", "util", "utils"];

#[test]
fn modules_are_nouns_of_the_domain() {
    let mut problems = Vec::new();
    for file in tree::files("crates", "rs") {
        let Some((_, inside)) = file.split_once("/src/") else { continue };
        let empty = inside.trim_end_matches(".rs").split('/').find(|name| EMPTY_NAMES.contains(name));
        if let Some(name) = empty {
            let what = format!("{name} is no name of a place");
            let remedy = "name it after what it holds; a helper lives next to its only user";
            problems.push(Problem { file, line: 1, what, remedy });
        }
    }
    expect_none(problems);
}

/// The largest share of all lines that one crate may hold, in percent.
const LARGEST_SHARE: usize = 35;

#[test]
fn no_crate_outgrows_the_others() {
    let lines_in =
        |folder: &str| -> usize { tree::files(folder, "rs").iter().map(|file| tree::read(file).lines().count()).sum() };
    let sizes: Vec<(String, usize)> =
        tree::crate_folders().into_iter().map(|folder| (folder.clone(), lines_in(&folder))).collect();
    let all: usize = sizes.iter().map(|(_, lines)| lines).sum();
    let mut problems = Vec::new();
    for (folder, lines) in sizes.into_iter().filter(|(_, lines)| lines * 100 > all * LARGEST_SHARE) {
        let what = format!("{lines} of {all} lines are in this crate, more than {LARGEST_SHARE} %");
        let remedy = "give a part that needs little of the rest a crate of its own";
        problems.push(Problem { file: format!("{folder}/Cargo.toml"), line: 1, what, remedy });
    }
    expect_none(problems);
}

#[test]
fn every_crate_has_one_integration_test_binary() {
    let mut problems = Vec::new();
    for folder in tree::crate_folders() {
        let allowed = if folder == "xtask" { "tidy/" } else { "it/" };
        let mut report = |file: String, line, what: String| {
            let remedy = "each binary links the world again: make it a module of tests/it/main.rs";
            problems.push(Problem { file, line, what, remedy });
        };
        for name in tree::names(&format!("{folder}/tests")) {
            let file = format!("{folder}/tests/{name}");
            let is_binary = name.ends_with(".rs") || tree::exists(&format!("{file}main.rs"));
            if is_binary && name != allowed {
                report(file, 1, "an integration test binary of its own".to_owned());
            }
        }
        let file = format!("{folder}/Cargo.toml");
        if let Some(entry) = entries(&file).iter().find(|entry| entry.table == "test") {
            report(file, entry.line, "a [[test]] of its own".to_owned());
        }
    }
    expect_none(problems);
}

#[test]
fn no_file_is_forgotten() {
    let mut problems = Vec::new();
    for folder in tree::crate_folders() {
        find_forgotten(&format!("{folder}/src"), &["lib.rs", "main.rs"], &mut problems);
        let tests = if folder == "xtask" { "tidy" } else { "it" };
        find_forgotten(&format!("{folder}/tests/{tests}"), &["main.rs"], &mut problems);
    }
    expect_none(problems);
}

/// Looks for modules of a folder that none of its roots declares, and then into the modules that are folders.
fn find_forgotten(folder: &str, roots: &[&str], problems: &mut Vec<Problem>) {
    let names = tree::names(folder);
    let mut declared = Vec::new();
    for root in roots.iter().map(|root| format!("{folder}/{root}")).filter(|root| tree::exists(root)) {
        declared.extend(declared_modules(&tree::read(&root)));
    }
    // A folder without mod.rs is declared inside the file next to it.
    let outer = format!("{folder}.rs");
    if tree::exists(&outer) {
        declared.extend(declared_modules(&tree::read(&outer)));
    }
    for name in names.iter().filter(|name| !roots.contains(&name.as_str())) {
        let file = format!("{folder}/{name}");
        let module = name.trim_end_matches('/').trim_end_matches(".rs");
        if name.ends_with(".rs") {
            if !declared.iter().any(|known| known == module) {
                let what = format!("no `mod {module};` in {}: the file is never compiled", roots.join(" or "));
                problems.push(Problem { file, line: 1, what, remedy: "declare it there or remove it" });
            }
        } else if name.ends_with('/') && !tree::files(file.trim_end_matches('/'), "rs").is_empty() {
            let inner = file.trim_end_matches('/');
            if tree::exists(&format!("{inner}/mod.rs")) && !declared.iter().any(|known| known == module) {
                let what = format!("no `mod {module};` in {}: the folder is never compiled", roots.join(" or "));
                let file = format!("{inner}/mod.rs");
                problems.push(Problem { file, line: 1, what, remedy: "declare it there or remove it" });
            }
            find_forgotten(inner, &["mod.rs"], problems);
        }
    }
}

/// Returns the modules that a file declares and does not hold.
fn declared_modules(source: &str) -> Vec<String> {
    let code = rust::code(source);
    let words: Vec<&str> = code.split_whitespace().collect();
    let pairs = words.windows(2).filter(|pair| pair[0] == "mod");
    pairs.filter_map(|pair| pair[1].strip_suffix(';')).map(str::to_owned).collect()
}
