//! What the pages for people say: that it is true, and that it is said where one looks for it.

use crate::{Problem, expect_none, tree};

/// The most lines of `ARCHITECTURE.md`: one page.
const ARCHITECTURE_LINES: usize = 120;

fn problem(file: &str, line: usize, what: String, remedy: &'static str) -> Problem {
    Problem { file: file.to_owned(), line, what, remedy }
}

/// Returns the lines of a page that are not inside a fence, with their numbers.
fn prose(text: &str) -> Vec<(usize, &str)> {
    let mut is_fenced = false;
    let mut lines = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            is_fenced = !is_fenced;
        } else if !is_fenced {
            lines.push((index + 1, line));
        }
    }
    lines
}

/// Returns the code spans of a line.
fn code_spans(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

#[test]
fn paths_in_pages_exist() {
    let mut problems = Vec::new();
    for page in ["ARCHITECTURE.md", "CONTRIBUTING.md"] {
        for (line, text) in prose(&tree::read(page)) {
            for span in code_spans(text).filter(|span| span.starts_with("crates/") || span.starts_with("xtask/")) {
                // A name to choose stands in angle brackets: the folder it goes to has to be there.
                let fixed = span.split('<').next().unwrap_or(span);
                let path = if fixed == span { span } else { fixed.rsplit_once('/').map_or("", |(folder, _)| folder) };
                if !tree::exists(path) {
                    let what = format!("`{span}` does not exist");
                    problems.push(problem(page, line, what, "name the place where it is now"));
                }
            }
        }
    }
    expect_none(problems);
}

#[test]
fn names_in_pages_exist() {
    let sources: String =
        ["crates", "xtask"].iter().flat_map(|folder| tree::files(folder, "rs")).map(|file| tree::read(&file)).collect();
    let is_test = |span: &str| {
        span.matches('_').count() >= 3 && span.chars().all(|each| each.is_ascii_lowercase() || each == '_')
    };
    let is_table = |span: &str| {
        span.len() > 3
            && !span.contains("LABELPORT")
            && span.chars().all(|each| each.is_ascii_uppercase() || each == '_')
    };
    let mut problems = Vec::new();
    for page in ["ARCHITECTURE.md", "CONTRIBUTING.md"] {
        for (line, text) in prose(&tree::read(page)) {
            for span in code_spans(text) {
                let declarations = match span {
                    _ if is_test(span) => vec![format!("fn {span}(")],
                    _ if is_table(span) => vec![format!("static {span}:"), format!("const {span}:")],
                    _ => continue,
                };
                if !declarations.iter().any(|declaration| sources.contains(declaration)) {
                    let what = format!("there is no test or table `{span}`");
                    problems.push(problem(page, line, what, "use the name that it has now"));
                }
            }
        }
    }
    expect_none(problems);
}

#[test]
fn the_architecture_is_one_page_and_names_every_crate() {
    let page = "ARCHITECTURE.md";
    let text = tree::read(page);
    let mut problems = Vec::new();
    let lines = text.lines().count();
    if lines > ARCHITECTURE_LINES {
        let what = format!("{lines} lines, at most {ARCHITECTURE_LINES} are allowed");
        problems.push(problem(page, ARCHITECTURE_LINES + 1, what, "move details to the documentation of the modules"));
    }
    for folder in tree::crate_folders() {
        if !text.contains(&folder) {
            problems.push(problem(page, 1, format!("{folder} is not named"), "say in a line what the crate is for"));
        }
    }
    expect_none(problems);
}

#[test]
fn the_readme_says_whose_it_is_not_and_how_to_start() {
    let page = "README.md";
    let text = tree::read(page);
    let mut problems = Vec::new();
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let sentences: Vec<&str> = flat.split(". ").filter(|sentence| sentence.contains("affiliated")).collect();
    let is_said = |sentence: &str| sentence.contains("not") && sentence.contains("Labelbox");
    if flat.matches("affiliated").count() != 1 || !sentences.iter().all(|sentence| is_said(sentence)) {
        let what = "it is not said exactly once that the project is not affiliated with Labelbox".to_owned();
        problems.push(problem(page, 1, what, "one sentence: … is not affiliated with Labelbox"));
    }
    for command in ["cargo run --release -- demo", "cargo xtask test"] {
        if !text.contains(command) {
            problems.push(problem(page, 1, format!("`{command}` is missing"), "show the command in a fence"));
        }
    }
    expect_none(problems);
}

#[test]
fn the_changelog_has_a_place_for_what_comes() {
    let page = "CHANGELOG.md";
    let has_section = tree::read(page).lines().any(|line| line.trim_end() == "## Unreleased");
    let missing = || problem(page, 1, "no section `## Unreleased`".to_owned(), "add it above the latest release");
    expect_none(if has_section { Vec::new() } else { vec![missing()] });
}

#[test]
fn ci_runs_the_test_command_and_nothing_else() {
    let file = ".ci/run";
    let remedy = "a check that only some machines run is no check: put it into xtask/src/test.rs";
    let mut problems = Vec::new();
    let mut calls = 0;
    for (index, line) in tree::read(file).lines().enumerate() {
        let line = line.trim();
        let is_frame = line.is_empty() || ["#", "set -e", "cd "].iter().any(|start| line.starts_with(start));
        let is_more = !is_frame || line.contains("&&") || line.contains(';');
        if line.trim_start_matches("exec ") == "cargo xtask test" {
            calls += 1;
        } else if is_more {
            problems.push(problem(file, index + 1, format!("`{line}` is more than the test command"), remedy));
        }
    }
    if calls != 1 {
        problems.push(problem(file, 1, format!("the test command is called {calls} times"), remedy));
    }
    expect_none(problems);
}

#[cfg(unix)]
#[test]
fn ci_can_be_executed() {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(tree::root().join(".ci/run")).map_or(0, |metadata| metadata.permissions().mode());
    assert!(mode & 0o100 != 0, ".ci/run:1: is not executable\n    remedy: chmod +x .ci/run");
}

#[test]
fn links_lead_somewhere() {
    let mut problems = Vec::new();
    for page in tree::files("", "md") {
        let folder = page.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
        for (line, text) in prose(&tree::read(&page)) {
            for target in links(text) {
                let path = target.split('#').next().unwrap_or_default();
                let is_elsewhere = target.contains("://") || target.starts_with("mailto:") || path.is_empty();
                if !is_elsewhere && !tree::exists(&format!("{folder}{path}")) {
                    let what = format!("the link to {target} leads nowhere");
                    problems.push(problem(&page, line, what, "name the file from the folder of this page"));
                }
            }
        }
    }
    expect_none(problems);
}

/// Returns the targets of the links of a line: `[text](target)` and `[text]: target`, not inside a code span.
fn links(line: &str) -> Vec<String> {
    let plain: String = line.split('`').step_by(2).collect::<Vec<_>>().join("``");
    let inline = plain.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next()).map(str::to_owned);
    let defined = plain.strip_prefix('[').and_then(|rest| rest.split_once("]: ")).map(|(_, target)| target);
    inline.chain(defined.and_then(|target| target.split_whitespace().next()).map(str::to_owned)).collect()
}

#[test]
fn links_are_found() {
    assert_eq!(links("a [b](c.md#d) and [`e`](f \"title\"), not `[g](h)`"), ["c.md#d", "f"]);
    assert_eq!(links("[a]: b.md"), ["b.md"]);
}

/// Lists the guards of the operations page with their lines: the crate, and the path of the test in it.
fn guards(page: &str) -> Vec<(usize, String, String)> {
    let mut guards = Vec::new();
    for (line, text) in prose(page).into_iter().filter(|(_, text)| text.starts_with('|')) {
        for span in code_spans(text) {
            if let Some((krate, test)) = span.split_once(": ").filter(|(_, test)| test.contains("::")) {
                guards.push((line, krate.to_owned(), test.to_owned()));
            }
        }
    }
    guards
}

#[test]
fn every_guard_has_its_test() {
    const PAGE: &str = "docs/operations.md";
    let guards = guards(&tree::read(PAGE));
    assert!(guards.len() > 50, "only {} guards were found in {PAGE}", guards.len());
    let mut problems = Vec::new();
    for (line, krate, test) in guards {
        let folder = if krate == "xtask" { krate.clone() } else { format!("crates/{krate}") };
        let (module, name) = test.rsplit_once("::").unwrap_or(("", &test));
        let path = module.strip_suffix("tests").unwrap_or(module).trim_end_matches("::").replace("::", "/");
        let declaration = format!("fn {name}(");
        let is_there = tree::files(&folder, "rs")
            .iter()
            .any(|file| file.contains(&format!("/{path}")) && tree::read(file).contains(&declaration));
        if !is_there {
            let what = format!("there is no test `{test}` in {folder}");
            problems.push(problem(PAGE, line, what, "name the test that fails without the guard"));
        }
    }
    expect_none(problems);
}
