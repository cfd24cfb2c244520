//! Each format has a page, and what it says of options and losses is what the program does.

use crate::reference::check;
use crate::support::{Place, repository};
use labelport_engine::manifest::Manifest;
use labelport_formats::write::{FORMATS, Format, Media, Options};
use labelport_model::losses::{Losses, Outcome};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// What is between these lines of a page is made here.
const BEGIN: &str = "<!-- made by `cargo xtask bless` -->\n";
const END: &str = "<!-- end -->\n";

/// What begins the reasons by which a whole label or row is left out: they say nothing of a kind.
const OF_LABELS: &[&str] = &[
    "another label of ",
    "it is a prediction",
    "it is of a model run",
    "its row is in several ",
    "its row is ",
    "the width and the height ",
];

/// Formats that share a page which is not their own.
const ELSEWHERE: &[(&str, &str)] = &[("legacy_json", "docs/archives.md"), ("legacy_run", "docs/archives.md")];

#[test]
fn every_format_has_a_page_that_says_what_it_does() {
    let place = Place::with_demo_rows();
    for format in FORMATS {
        let name = format.name();
        if let Some((_, page)) = ELSEWHERE.iter().find(|(known, _)| *known == name) {
            assert!(std::fs::read_to_string(repository().join(page)).unwrap().contains(name), "{page} lacks {name}");
            continue;
        }
        let page = format!("docs/formats/{name}.md");
        let text = std::fs::read_to_string(repository().join(&page)).unwrap_or_default();
        let begin = text.find(BEGIN).unwrap_or_else(|| panic!("{page} lacks the line {BEGIN:?}")) + BEGIN.len();
        let end = begin + text[begin..].find(END).unwrap_or_else(|| panic!("{page} lacks the line {END:?}"));
        let file = format!("out-{name}{}", if format.layout().extension().is_some() { ".ndjson" } else { "" });
        let lossy: &[&str] = if format.is_lossy() { &["--allow-lossy"] } else { &[] };
        // The assets of the demo are nowhere.
        let without_media: &[&str] =
            if Media::of_format(*format, &Options::new()).is_some() { &["--format-option", "media=none"] } else { &[] };
        let arguments = ["export", "catalog", "--everything", "--format", name, "-o", &file];
        place.run(&[&arguments[..], lossy, without_media].concat()).succeeded();
        let manifest = Manifest::from_json(&place.read(&format!("{file}.manifest.json"))).unwrap();
        check(&page, &format!("{}{}{}", &text[..begin], made(*format, &manifest.losses), &text[end..]));
        for needed in ["# ", " --format ", "```python\n"] {
            assert!(text.contains(needed) || name == "ndjson", "{page} lacks {needed:?}");
        }
    }
}

/// Returns what a page says of options, and of each kind of annotation in the demo.
fn made(format: &dyn Format, losses: &Losses) -> String {
    let mut text = "\n".to_owned();
    if format.options().is_empty() {
        text.push_str("It has no options.\n");
    } else {
        text.push_str("| `--format-option` | what |\n|---|---|\n");
    }
    for option in format.options() {
        let values = option.form.map_or_else(|| option.values.join("|"), str::to_owned).replace('|', "\\|");
        let _ = writeln!(text, "| `{}={values}` | {} |", option.name, option.summary);
    }
    if !format.is_lossy() {
        text.push_str("\nEvery annotation and every answer is in it.\n\n");
        return text;
    }
    text.push_str("\nWhat becomes of the annotations of the demo, with the options left as they are:\n\n");
    text.push_str("| kind | what becomes of it |\n|---|---|\n");
    let mut kinds: BTreeMap<&str, [BTreeSet<&str>; 3]> = BTreeMap::new();
    for (loss, _) in losses.iter().filter(|(loss, _)| loss.class.is_some()) {
        let place = Outcome::ALL.iter().position(|outcome| *outcome == loss.outcome).unwrap();
        kinds.entry(&loss.what).or_default()[place].insert(&loss.reason);
    }
    let mut others: BTreeSet<&str> = BTreeSet::new();
    for (kind, [kept, reduced, left_out]) in kinds {
        let of_kind = |reason: &&&str| !OF_LABELS.iter().any(|start| reason.starts_with(start));
        let mut said: Vec<String> = Vec::new();
        if !kept.is_empty() {
            said.push("kept".to_owned());
        }
        said.extend(reduced.iter().map(|reason| format!("reduced {reason}")));
        said.extend(left_out.iter().filter(of_kind).map(|reason| format!("left out: {reason}")));
        match (said.is_empty(), left_out.iter().find(|reason| reason.starts_with("its row is not "))) {
            (true, Some(reason)) => {
                others.insert(reason);
            }
            // The demo has it on labels alone of which nothing is written.
            (true, None) => {}
            (false, _) => writeln!(text, "| `{kind}` | {} |", said.join("; ")).unwrap(),
        }
    }
    for reason in others {
        let _ = writeln!(text, "| all other kinds | left out: {reason} |");
    }
    text.push('\n');
    text
}
