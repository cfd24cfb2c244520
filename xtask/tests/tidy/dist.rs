//! What is built for people without Rust: that the files which describe it agree with the repository.

use crate::{Problem, expect_none, tree};

const CONTAINER: &str = "Containerfile";
const IGNORED: &str = ".containerignore";

fn problem(file: &str, line: usize, what: String, remedy: &'static str) -> Problem {
    Problem { file: file.to_owned(), line, what, remedy }
}

/// Returns the instructions of the container with their lines, as words.
fn instructions(text: &str) -> Vec<(usize, Vec<&str>)> {
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.split_whitespace().collect()));
    lines.filter(|(_, words): &(usize, Vec<&str>)| words.first().is_some_and(|word| *word != "#")).collect()
}

/// Returns what the container copies from the checkout, with the lines.
fn copied(text: &str) -> Vec<(usize, &str)> {
    let copies = instructions(text).into_iter().filter(|(_, words)| words[0] == "COPY");
    let copies = copies.filter(|(_, words)| !words.iter().any(|word| word.starts_with("--from=")));
    let sources = copies.flat_map(|(line, mut words)| {
        words.pop();
        words.into_iter().skip(1).map(move |word| (line, word))
    });
    sources.collect()
}

/// Returns the arguments of an instruction, where it is there once.
fn only<'a>(text: &'a str, name: &str) -> Option<(usize, Vec<&'a str>)> {
    let mut found = instructions(text).into_iter().filter(|(_, words)| words[0] == name);
    let (line, words) = found.next()?;
    found.next().is_none().then(|| (line, words[1..].to_vec()))
}

/// Returns the parts of a path from the root that a source file includes, without the steps upwards.
fn resolved(file: &str, included: &str) -> String {
    let mut parts: Vec<&str> = file.split('/').collect();
    parts.pop();
    for part in included.split('/') {
        if part == ".." {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    parts.join("/")
}

#[test]
fn the_container_copies_what_it_needs_and_what_is_there() {
    let (text, ignored) = (tree::read(CONTAINER), tree::read(IGNORED));
    let copied = copied(&text);
    let mut problems = Vec::new();
    for (line, path) in &copied {
        if !tree::exists(path) {
            problems.push(problem(CONTAINER, *line, format!("{path} does not exist"), "name what is there"));
        }
        if !ignored.lines().any(|line| line.strip_prefix('!') == Some(path)) {
            problems.push(problem(IGNORED, 1, format!("{path} is left out"), "add a line with ! before it"));
        }
    }
    for file in tree::files("crates", "rs") {
        let source = tree::read(&file);
        for (at, start) in source.match_indices("include_str!(\"").chain(source.match_indices("include_bytes!(\"")) {
            let included = source[at + start.len()..].split('"').next().unwrap_or_default();
            let path = resolved(&file, included);
            if !copied.iter().any(|(_, known)| path == *known || path.starts_with(&format!("{known}/"))) {
                let what = format!("{file} includes {path}, which the container does not copy");
                problems.push(problem(CONTAINER, 1, what, "copy it before the build"));
            }
        }
    }
    assert!(copied.len() >= 5, "{CONTAINER} copies {copied:?}");
    expect_none(problems);
}

#[test]
fn the_container_has_the_rust_of_the_workspace_and_a_user_without_privileges() {
    let text = tree::read(CONTAINER);
    let manifest = tree::read("Cargo.toml");
    let version = manifest.lines().find_map(|line| line.strip_prefix("rust-version = \"")?.strip_suffix('"'));
    let version = version.expect("the workspace says which Rust it needs");
    let mut problems = Vec::new();
    if !text.contains(&format!("FROM rust:{version}-")) {
        let what = format!("it is not built with Rust {version}");
        problems.push(problem(CONTAINER, 1, what, "name the rust-version of Cargo.toml in FROM"));
    }
    let user = only(&text, "USER");
    if !user.as_ref().is_some_and(|(_, words)| {
        words.first().is_some_and(|user| user.starts_with(|first| ('1'..='9').contains(&first)))
    }) {
        let line = user.map_or(1, |(line, _)| line);
        let what = "it does not run as a user with a number above 0".to_owned();
        problems.push(problem(
            CONTAINER,
            line,
            what,
            "add USER NUMBER:NUMBER, so that a cluster can see that it is not root",
        ));
    }
    let volume = only(&text, "VOLUME").map(|(_, words)| words.join(" "));
    let data =
        only(&text, "ENV").and_then(|(_, words)| Some(words.first()?.strip_prefix("LABELPORT_DATA=")?.to_owned()));
    if volume.is_none() || volume != data {
        let what = format!("the volume is {volume:?} and the data folder {data:?}");
        problems.push(problem(CONTAINER, 1, what, "make the data folder the volume"));
    }
    expect_none(problems);
}

#[test]
fn the_pinned_maturin_is_one_that_the_wheel_asks_for() {
    let pinned = tree::read("xtask/requirements.txt");
    let pinned = pinned.lines().find_map(|line| line.strip_prefix("maturin==")).expect("maturin is pinned");
    let series: Vec<&str> = pinned.split('.').take(2).collect();
    let wanted = format!("requires = [\"maturin>={},<2\"]", series.join("."));
    let problems = match tree::read("pyproject.toml").contains(&wanted) {
        true => Vec::new(),
        false => vec![problem("pyproject.toml", 1, format!("it does not say `{wanted}`"), "ask for what is tested")],
    };
    expect_none(problems);
}

#[test]
fn instructions_are_read() {
    let text = "# COPY no\nFROM a AS b\nCOPY c d/ ./\n\nCOPY --from=b e f\nUSER 1\n";
    assert_eq!(copied(text), [(3, "c"), (3, "d/")]);
    assert_eq!(only(text, "USER"), Some((6, vec!["1"])));
    assert_eq!(only(text, "COPY"), None);
    assert_eq!(resolved("crates/a/src/b.rs", "../../../docs/c.json"), "docs/c.json");
}
