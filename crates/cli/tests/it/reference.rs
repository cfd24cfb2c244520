//! The reference pages are what the command says of itself.

use crate::support::{Place, binary, repository};
use labelport_model::filter::FILTERS;
use std::fmt::Write as _;

/// Compares a page with what it should hold, or writes it when asked to.
#[track_caller]
pub(crate) fn check(page: &str, expect: &str) {
    let path = repository().join(page);
    if std::env::var_os("LABELPORT_BLESS").is_some() {
        std::fs::write(&path, expect).unwrap();
        return;
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expect, "{page} is not what the command says; `cargo xtask bless` writes it anew");
}

/// How the command reference begins.
const RECIPES: &str = include_str!("recipes.md");

/// What every command has, and the page says once.
const GLOBAL_OPTIONS: &str = "\nGlobal options:\n";

#[test]
fn the_command_reference_is_its_help() {
    let place = Place::empty();
    let mut page = RECIPES.to_owned();
    page.push_str("\n# Commands\n\nEvery command takes the global options, which are shown here only.\n");
    let mut waiting = vec![Vec::new()];
    while let Some(words) = waiting.pop() {
        let mut arguments: Vec<&str> = words.iter().map(String::as_str).collect();
        arguments.push("--help");
        let mut help = place.run(&arguments).succeeded().out;
        if let Some(start) = help.find(GLOBAL_OPTIONS).filter(|_| !words.is_empty()) {
            let length = help[start + 1..].find("\n\n").map_or(help.len() - start, |length| length + 2);
            help.replace_range(start..start + length, "");
        }
        let title = format!("labelport {}", words.join(" "));
        let _ = write!(page, "\n## {}\n\n```text\n{}\n```\n", title.trim_end(), help.trim_end());
        let subcommands = ["Commands:\n", "Kinds:\n"].iter().find_map(|heading| help.split(heading).nth(1));
        let names = subcommands.unwrap_or("").lines().take_while(|line| !line.is_empty());
        let names = names.filter_map(|line| line.split_whitespace().next());
        let mut more: Vec<Vec<String>> = names
            .filter(|name| *name != "help")
            .map(|name| words.iter().cloned().chain([name.to_owned()]).collect())
            .collect();
        more.reverse();
        waiting.extend(more);
    }
    check("docs/cli.md", &page);
}

/// Runs lines of a page, one after the other, in a folder that has the demo and some files to import. Each comes with what
/// the page says that it prints.
fn run_lines<'a>(lines: impl Iterator<Item = (&'a str, Vec<&'a str>)>) -> usize {
    let place = Place::empty();
    place.run(&["demo"]).succeeded();
    std::fs::create_dir(place.path("exports")).unwrap();
    let demo = ["--data", "labelport-demo", "export", "catalog", "--everything", "-o", "exports/all.ndjson.gz"];
    place.run(&demo).succeeded();
    let binary = binary();
    let binaries = binary.parent().unwrap();
    let mut count = 0;
    for (line, printed) in lines.filter(|(line, _)| line.contains("labelport ") && !line.contains("labelport serve")) {
        let line = line.replace("/mnt/backup/", "");
        let mut shell = std::process::Command::new("sh");
        shell.args(["-ec", &format!("PATH=\"$0:$PATH\"; {line}")]).arg(binaries);
        let output = shell.current_dir(place.path(".")).env_remove("LABELPORT_DATA").output().unwrap();
        assert!(output.status.success(), "{line}: {output:?}");
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        // Times differ, digests and outcomes at the ends of lines do not.
        for last in printed.iter().filter_map(|line| line.split_whitespace().last()).filter(|last| *last != "…") {
            assert!(said.contains(last), "{line}: the page has {last:?}, which is not in what it prints:\n{said}");
        }
        count += 1;
    }
    count
}

#[test]
fn the_recipes_work_as_printed() {
    let mut is_code = false;
    let lines = RECIPES.lines().filter(|line| {
        is_code = if line.starts_with("```") { line.starts_with("```sh") } else { is_code };
        is_code
    });
    let count = run_lines(lines.map(|line| (line, Vec::new())));
    assert!(count > 12, "{count}");
}

#[test]
fn the_commands_of_the_readme_work_as_printed() {
    let readme = std::fs::read_to_string(repository().join("README.md")).unwrap();
    let mut commands: Vec<(&str, Vec<&str>)> = Vec::new();
    let mut is_printed = false;
    for line in readme.lines() {
        match line.strip_prefix("$ ") {
            Some(command) => commands.push((command, Vec::new())),
            None if is_printed && !line.starts_with("```") => {
                commands.last_mut().into_iter().for_each(|(_, printed)| printed.push(line));
            }
            None => {}
        }
        is_printed = line.starts_with("$ ") || (is_printed && !line.starts_with("```"));
    }
    let count = run_lines(commands.into_iter().filter(|(line, _)| line.starts_with("labelport ")));
    assert!(count >= 3, "{count}");
}

/// Operators of filters, as queries spell them.
const OPERATORS: [&str; 10] = [
    "is",
    "starts_with",
    "contains",
    "exists",
    "EQUAL",
    "LESS_THAN",
    "LESS_THAN_OR_EQUAL",
    "GREATER_THAN",
    "GREATER_THAN_OR_EQUAL",
    "BETWEEN",
];

/// The members that an entry can have next to `type`, with what they hold. `OP` stands for an operator.
const MEMBERS: [(&str, &str); 12] = [
    (r#""operator":"OP","ids":["a"]"#, "`ids`, a list"),
    (r#""operator":"OP","values":["image"]"#, "`values`, a list"),
    (r#""operator":"OP","value":"a""#, "`value`, a text"),
    (r#""operator":"OP","schema":"a""#, "`schema`"),
    (r#""operator":"OP","schema":"a","value":["a","b"]"#, "`schema` and `value`, a text or a list of texts"),
    (r#""operator":"OP","schema":"a","value":"a""#, "`schema` and `value`, a text"),
    (r#""operator":"OP","schema":"a","value":1"#, "`schema` and `value`, a number or a date"),
    (
        r#""operator":"OP","schema":"a","value":{"min":1,"max":2}"#,
        "`schema` and `value`, `min` and `max` of numbers or dates",
    ),
    (r#""value":{"operator":"OP","value":"2025-03-01"}"#, "`value.value`, a date"),
    (r#""value":{"operator":"OP","value":{"min":"2025-03-01"}}"#, "`value.value`, dates `min` or `max` or both"),
    (r#""status":"Done""#, "`status`"),
    ("", "nothing"),
];

/// Returns what a filter takes: operators that take the same, by trying them all.
fn operators_of(name: &str) -> Vec<(Vec<&'static str>, &'static str)> {
    let parses = |members: &str| {
        let comma = if members.is_empty() { "" } else { "," };
        let query = format!(r#"[{{"type":"{name}"{comma}{members}}}]"#);
        labelport_model::filter::parse_query(&query, &labelport_model::time::Zone::utc()).is_ok()
    };
    let mut found: Vec<(Vec<&str>, &str)> = Vec::new();
    let mut known = Vec::new();
    for (members, meaning) in MEMBERS {
        if !members.contains("OP") {
            if parses(members) {
                found.push((Vec::new(), meaning));
            }
            continue;
        }
        let fitting = OPERATORS.into_iter().filter(|operator| parses(&members.replace("OP", operator)));
        // An operator is shown with the first members that it takes.
        let fitting: Vec<&str> = fitting.filter(|operator| !known.contains(operator)).collect();
        if !fitting.is_empty() {
            known.extend(&fitting);
            found.push((fitting, meaning));
        }
    }
    found
}

#[test]
fn the_filter_reference_is_the_table_of_filters() {
    let mut page = String::from(
        "# The filter language of slices\n\nThis page is the table of filters, written by a test.\n\n\
         A query is an array of entries, all of which must hold, or a single entry. An entry is one of those below, or\n\
         `{\"and\":[…]}`, `{\"or\":[…]}`, `{\"not\":ENTRY}`. It is evaluated at each export, not when it is saved. A fact that a\n\
         row does not have makes its entry false, and the `not` of it true.\n\n\
         A dataset, project, batch, model run, feature, metadata field or option that does not exist is an error when a filter\n\
         is written. In a slice that was saved before, it matches no row, and the export says so.\n\n\
         ```sh\nlabelport slice create \"night boats\" --filter '[{\"type\":\"annotation\",\"operator\":\"is\",\"ids\":[\"boat\"]},\n  \
         {\"not\":{\"type\":\"metadata\",\"schema\":\"light\",\"operator\":\"is\",\"value\":\"day\"}}]'\n\
         labelport export slice \"night boats\" --everything -o boats.ndjson.zst\n```\n\n\
         ## Operators\n\n\
         `value.operator` stands inside `value`, next to `value.value` and, if you like, `value.timezone`. There are no other\n\
         operators: say `not` around an entry for its opposite.\n\n\
         | filter | operator | with |\n|---|---|---|\n",
    );
    for filter in FILTERS {
        let found = operators_of(filter.name());
        assert!(!found.is_empty(), "{} takes nothing of what the test tries", filter.name());
        for (operators, meaning) in found {
            let operators: Vec<String> = operators.iter().map(|operator| format!("`{operator}`")).collect();
            let operators = if operators.is_empty() { "none".to_owned() } else { operators.join(", ") };
            let _ = writeln!(page, "| `{}` | {operators} | {meaning} |", filter.name());
        }
    }
    for filter in FILTERS {
        let _ = write!(page, "\n## {}\n\n{}\n\n```json\n{}\n```\n", filter.name(), filter.summary(), filter.example());
    }
    check("docs/filters.md", &page);
}

#[test]
fn the_query_in_the_filter_reference_is_one() {
    let query = r#"[{"type":"annotation","operator":"is","ids":["boat"]},
  {"not":{"type":"metadata","schema":"light","operator":"is","value":"day"}}]"#;
    labelport_model::filter::parse_query(query, &labelport_model::time::Zone::utc()).unwrap();
}
