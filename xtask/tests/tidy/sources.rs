//! What stands in source files: length, documentation, promises for later, silenced lints, SQL.

use crate::rust::{self, Kind};
use crate::{Problem, expect_none, tree};

/// The most lines of a file before its tests.
const LINES_LIMIT: usize = 600;
/// Words that promise work without saying where it is written down.
const PROMISES: &[&str] = &["FIXME", "TODO", "XXX"];

/// Calls `each` with the path and the text of every source file of the repository.
fn for_each_source(mut each: impl FnMut(&str, &str)) {
    for folder in ["crates", "xtask"] {
        for file in tree::files(folder, "rs") {
            each(&file, &tree::read(&file));
        }
    }
}

#[test]
fn files_can_be_read_in_one_go() {
    let mut problems = Vec::new();
    for_each_source(|file, source| {
        let is_test = file.contains("/tests/") || file.ends_with("/tests.rs");
        let lines = source.lines().take_while(|line| line.trim() != "#[cfg(test)]").count();
        if !is_test && lines > LINES_LIMIT {
            problems.push(Problem {
                file: file.to_owned(),
                line: LINES_LIMIT + 1,
                what: format!("{lines} lines before the tests, at most {LINES_LIMIT} are allowed"),
                remedy: "find the second thing in the file and give it a module",
            });
        }
    });
    expect_none(problems);
}

#[test]
fn every_module_says_what_it_is_for() {
    let mut problems = Vec::new();
    for_each_source(|file, source| {
        if file.contains("/src/") && !source.starts_with("//! ") {
            problems.push(Problem {
                file: file.to_owned(),
                line: 1,
                what: "the module has no documentation".to_owned(),
                remedy: "begin the file with `//!`: its purpose, its invariants, how to add to it",
            });
        }
    });
    expect_none(problems);
}

#[test]
fn promises_name_an_issue() {
    let mut problems = Vec::new();
    let mut look = |file: &str, line: usize, text: &str| {
        let is_word = |word: &&str| text.split(|each: char| !each.is_alphanumeric()).any(|found| found == *word);
        if let Some(word) = PROMISES.iter().find(|word| is_word(word) && !names_an_issue(text)) {
            problems.push(Problem {
                file: file.to_owned(),
                line,
                what: format!("{word} without an issue number"),
                remedy: "do it now, or open an issue and write its number after the word, as in #12",
            });
        }
    };
    for_each_source(|file, source| {
        for piece in rust::pieces(source).iter().filter(|piece| piece.kind == Kind::Comment) {
            for (index, line) in piece.text.lines().enumerate() {
                look(file, piece.line + index, line);
            }
        }
    });
    for file in tree::files("crates", "sql") {
        for (index, line) in tree::read(&file).lines().enumerate() {
            look(&file, index + 1, line);
        }
    }
    expect_none(problems);
}

fn names_an_issue(text: &str) -> bool {
    text.split('#').skip(1).any(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
}

#[test]
fn lints_are_silenced_with_a_reason() {
    let mut problems = Vec::new();
    for_each_source(|file, source| {
        for (line, attribute) in attributes(&rust::code(source)) {
            let what = if calls(attribute, "allow") {
                "allow(…) stays when its cause is gone"
            } else if calls(attribute, "expect") && !attribute.contains("reason") {
                "expect(…) without a reason"
            } else {
                continue;
            };
            let remedy = "write #[expect(lint, reason = \"…\")], or do what the lint says";
            problems.push(Problem { file: file.to_owned(), line, what: what.to_owned(), remedy });
        }
    });
    expect_none(problems);
}

/// Returns the attributes of some code, with the lines on which they begin.
fn attributes(code: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices('#') {
        let inside = code[at + 1..].trim_start_matches('!');
        if !inside.starts_with('[') {
            continue;
        }
        let mut depth = 0;
        let end = inside.find(|each| {
            depth += i32::from(each == '[') - i32::from(each == ']');
            depth == 0
        });
        let line = code[..at].matches('\n').count() + 1;
        found.push((line, &inside[..end.unwrap_or(inside.len())]));
    }
    found
}

/// Returns whether `name(` is in an attribute, not as the end of a longer name.
fn calls(attribute: &str, name: &str) -> bool {
    attribute.match_indices(name).any(|(at, _)| {
        let is_start = !attribute[..at].ends_with(|each: char| each.is_alphanumeric() || each == '_');
        is_start && attribute[at + name.len()..].trim_start().starts_with('(')
    })
}

#[test]
fn sql_stands_in_the_store() {
    let mut problems = Vec::new();
    for_each_source(|file, source| {
        if !file.starts_with("crates/") || file.starts_with("crates/store/") {
            return;
        }
        for piece in rust::pieces(source).iter().filter(|piece| piece.kind == Kind::Text && is_sql(piece.text)) {
            problems.push(Problem {
                file: file.to_owned(),
                line: piece.line,
                what: format!("SQL outside the store: {:?}", piece.text.lines().next().unwrap_or_default()),
                remedy: "give crates/store a function that says what is wanted",
            });
        }
    });
    expect_none(problems);
}

fn is_sql(text: &str) -> bool {
    let text = text.trim_start();
    ["select ", "insert into ", "delete from "].iter().any(|start| text.starts_with(start))
        || (text.starts_with("update ") && text.contains(" set "))
}

#[test]
fn the_rules_find_what_they_are_about() {
    assert!(is_sql("select id from rows") && is_sql("\n update a set b = 1") && !is_sql("selected rows"));
    assert!(names_an_issue("see #12") && !names_an_issue("see # 12"));
    let source = "#[derive(A)]\n#![cfg_attr(test, allow(dead_code))]\n#[disallow(x)] fn allow() {}\n#[expect(y)]";
    let code = rust::code(source);
    let found = |name| -> Vec<usize> {
        attributes(&code).iter().filter(|(_, text)| calls(text, name)).map(|(line, _)| *line).collect()
    };
    assert_eq!(found("allow"), [2]);
    assert_eq!(found("expect"), [4]);
}

/// A checkout may be moved after a build, and nothing is built again for that.
#[test]
fn no_test_keeps_the_path_of_its_build() {
    // Written in two parts, so that this file does not name them.
    let names = [concat!("CARGO_", "MANIFEST_DIR"), concat!("CARGO_BIN", "_EXE")];
    // Where cargo does not say where it is, the path of the build is better than none.
    const MAY: &str = "xtask/src/step.rs";
    let mut problems = Vec::new();
    for_each_source(|file, source| {
        for (index, line) in source.lines().enumerate().filter(|_| file != MAY) {
            if names.iter().any(|name| line.contains("env!(") && line.contains(name)) {
                problems.push(Problem {
                    file: file.to_owned(),
                    line: index + 1,
                    what: "the path of the checkout is built in".to_owned(),
                    remedy: "tests run in the folder of their crate: name files from there",
                });
            }
        }
    });
    expect_none(problems);
}
