//! The reference pages are what the command says of itself.

use crate::support::{Place, repository};
use labelport_model::filter::FILTERS;
use std::fmt::Write as _;

/// Compares a page with what it should hold, or writes it when asked to.
#[track_caller]
fn check(page: &str, expect: &str) {
    let path = repository().join(page);
    if std::env::var_os("LABELPORT_BLESS").is_some() {
        std::fs::write(&path, expect).unwrap();
        return;
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expect, "{page} is not what the command says; `cargo xtask bless` writes it anew");
}

#[test]
fn the_command_reference_is_its_help() {
    let place = Place::empty();
    let mut page = String::from(
        "# Command reference\n\nThis page is the help of every command, written by a test. Standard output is data, standard \
         error is\nmessages, `--json` makes both one JSON object a line.\n",
    );
    let mut waiting = vec![Vec::new()];
    while let Some(words) = waiting.pop() {
        let mut arguments: Vec<&str> = words.iter().map(String::as_str).collect();
        arguments.push("--help");
        let help = place.run(&arguments).succeeded().out;
        let title = format!("labelport {}", words.join(" "));
        let _ = write!(page, "\n## {}\n\n```text\n{}\n```\n", title.trim_end(), help.trim_end());
        let subcommands = help.split("Commands:\n").nth(1).unwrap_or("");
        let names =
            subcommands.lines().take_while(|line| !line.is_empty()).filter_map(|line| line.split_whitespace().next());
        let mut more: Vec<Vec<String>> = names
            .filter(|name| *name != "help")
            .map(|name| words.iter().cloned().chain([name.to_owned()]).collect())
            .collect();
        more.reverse();
        waiting.extend(more);
    }
    check("docs/cli.md", &page);
}

#[test]
fn the_filter_reference_is_the_table_of_filters() {
    let mut page = String::from(
        "# The filter language of slices\n\nThis page is the table of filters, written by a test.\n\n\
         A query is an array of entries, all of which must hold, or a single entry. An entry is one of those below, or\n\
         `{\"and\":[…]}`, `{\"or\":[…]}`, `{\"not\":ENTRY}`. It is evaluated at each export, not when it is saved. A fact that a\n\
         row does not have makes its entry false, and the `not` of it true. An id of nothing matches nothing.\n\n\
         ```sh\nlabelport slice create \"night boats\" --filter '[{\"type\":\"annotation\",\"operator\":\"is\",\"ids\":[\"boat\"]},\n  \
         {\"not\":{\"type\":\"metadata\",\"schema\":\"light\",\"operator\":\"is\",\"value\":\"day\"}}]'\n\
         labelport export slice \"night boats\" --everything -o boats.ndjson.zst\n```\n",
    );
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
