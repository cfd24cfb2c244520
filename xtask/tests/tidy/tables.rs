//! Tables that promise alphabetical order, by the paths of their lines.
//!
//! Tables with names of their own are checked by a unit test next to them; this one looks at how they are written, so
//! that a line is found where one looks for it.

use crate::{Problem, expect_none, rust, tree};

/// The file and the name of each table.
const TABLES: &[(&str, &str)] = &[
    ("crates/formats/src/read/labelbox_lines/tool/mod.rs", "TOOLS"),
    ("crates/samples/src/demo/mod.rs", "SUBJECTS"),
    ("crates/samples/src/random/mod.rs", "PAINTERS"),
    ("crates/formats/src/write/mod.rs", "FORMATS"),
    ("crates/model/src/data_type/mod.rs", "DATA_TYPES"),
    ("crates/model/src/filter/mod.rs", "FILTERS"),
    ("crates/server/src/rest/mod.rs", "RESOURCES"),
    ("xtask/src/main.rs", "COMMANDS"),
];

#[test]
fn tables_are_in_order() {
    let mut problems = Vec::new();
    for (file, table) in TABLES {
        let report = |line, what| Problem {
            file: (*file).to_owned(),
            line,
            what,
            remedy: "keep the table in alphabetical order, each line once; if it moved, say so in \
                     xtask/tests/tidy/tables.rs",
        };
        let items = items(&rust::code(&tree::read(file)), table);
        if items.is_empty() {
            problems.push(report(1, format!("there is no table {table}")));
        }
        for pair in items.windows(2).filter(|pair| pair[0].1 >= pair[1].1) {
            problems.push(report(pair[1].0, format!("{} comes after {} in {table}", pair[1].1, pair[0].1)));
        }
    }
    expect_none(problems);
}

/// Returns the items of a table of paths, with their lines.
fn items(code: &str, table: &str) -> Vec<(usize, String)> {
    let Some(start) = code.find(&format!("static {table}:")) else { return Vec::new() };
    let Some(equals) = code[start..].find("=").map(|at| start + at) else { return Vec::new() };
    let Some(open) = code[equals..].find("&[").map(|at| equals + at + 2) else { return Vec::new() };
    let Some(close) = code[open..].find("];").map(|at| open + at) else { return Vec::new() };
    let mut found = Vec::new();
    let mut at = open;
    for item in code[open..close].split(',') {
        let name = item.trim().trim_start_matches('&');
        let begins = at + item.len() - item.trim_start().len();
        if !name.is_empty() {
            found.push((code[..begins].matches('\n').count() + 1, name.to_owned()));
        }
        at += item.len() + 1;
    }
    found
}

#[test]
fn items_are_found_with_their_lines() {
    let code = "pub static A: &[&B] = &[&c::C,\n    &d::D,\n];";
    assert_eq!(items(code, "A"), [(1, "c::C".to_owned()), (2, "d::D".to_owned())]);
    assert_eq!(items("static A: &[&B] =\n    &[&c::C];", "A"), [(2, "c::C".to_owned())]);
}
