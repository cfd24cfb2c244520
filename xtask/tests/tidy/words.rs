//! Words that a native speaker would not have written: comments, messages and pages use the usual ones.

use crate::rust::{self, Kind};
use crate::{Problem, expect_none, tree};

/// Words and what to write instead, in whole words and any case.
const WORDS: &[(&str, &str)] = &[
    ("bears", "write what it does: jobs are idempotent"),
    ("behind", "write \"after\""),
    ("beside", "write \"next to\" or \"with\""),
    ("door", "write \"API\" or \"interface\""),
    ("doors", "write \"APIs\" or \"interfaces\""),
    ("in vain", "write what was not found"),
    ("otherwise than", "write \"not as\""),
    ("sort of", "write \"kind of\": \"sort\" means ordering"),
    ("sorts of", "write \"kinds of\": \"sort\" means ordering"),
    ("stretch", "write \"run\" or \"part\""),
    ("stretches", "write \"runs\" or \"parts\""),
    ("tells", "write \"says\", \"reports\" or \"returns whether\""),
    ("to no use", "write \"is unused\""),
    ("told", "write \"is reported\" or \"is known\""),
    ("whoever", "write who it is: the caller, a client that …"),
];

/// The pages that people write. The reference of the command line is made from its help.
const PAGES: &[&str] = &[
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "README.md",
    "benches/README.md",
    "docs/archives.md",
    "docs/delta.md",
    "docs/diff.md",
    "docs/filters.md",
    "docs/formats.md",
    "docs/object-storage.md",
    "docs/operations.md",
    "docs/releases.md",
    "docs/schedules.md",
    "docs/server.md",
    "docs/webhooks.md",
];

/// Phrases in which a word is the usual one.
const PHRASES: &[&str] =
    &["behind a feature", "behind a proxy", "behind a reverse proxy", "left behind", "nothing behind"];

/// Words that are right where they are, and why.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    ("crates/samples/src/demo/conversation.rs", "behind", "a person of the demo says it"),
    ("crates/samples/src/demo/video.rs", "door", "it is a door"),
];

/// This file, which lists the words.
const THIS_FILE: &str = "xtask/tests/tidy/words.rs";

/// Returns whether a text has a word, on its own and in any case.
fn has_word(text: &str, word: &str) -> bool {
    let text = PHRASES.iter().fold(text.to_lowercase(), |text, phrase| text.replace(phrase, ""));
    let is_letter = |character: Option<char>| character.is_some_and(|character| character.is_alphanumeric());
    text.match_indices(word)
        .any(|(at, _)| !is_letter(text[..at].chars().next_back()) && !is_letter(text[at + word.len()..].chars().next()))
}

/// Returns the unusual words in the comments and literals of a source file, with their lines.
fn words_of(source: &str) -> Vec<(usize, &'static str, &'static str)> {
    let mut found = Vec::new();
    for piece in rust::pieces(source).iter().filter(|piece| piece.kind != Kind::Code) {
        for (index, line) in piece.text.lines().enumerate() {
            let words = WORDS.iter().filter(|(word, _)| has_word(line, word));
            found.extend(words.map(|(word, remedy)| (piece.line + index, *word, *remedy)));
        }
    }
    found
}

#[test]
fn plain_words_are_used() {
    let mut problems = Vec::new();
    for file in ["crates", "xtask"].into_iter().flat_map(|folder| tree::files(folder, "rs")) {
        if file == THIS_FILE {
            continue;
        }
        for (line, word, remedy) in words_of(&tree::read(&file)) {
            if !EXCEPTIONS.iter().any(|(path, known, _)| file == *path && *known == word) {
                problems.push(Problem { file: file.clone(), line, what: format!("the word {word:?}"), remedy });
            }
        }
    }
    expect_none(problems);
}

#[test]
fn plain_words_are_used_in_pages() {
    let mut problems = Vec::new();
    let of_formats = tree::files("docs/formats", "md");
    for file in PAGES.iter().map(|page| (*page).to_owned()).chain(of_formats) {
        for (index, line) in tree::read(&file).lines().enumerate() {
            for (word, remedy) in WORDS.iter().filter(|(word, _)| has_word(line, word)) {
                let what = format!("the word {word:?}");
                problems.push(Problem { file: file.clone(), line: index + 1, what, remedy });
            }
        }
    }
    expect_none(problems);
}

#[test]
fn every_exception_is_needed() {
    let mut problems = Vec::new();
    for (file, word, reason) in EXCEPTIONS {
        if !words_of(&tree::read(file)).iter().any(|(_, found, _)| found == word) {
            problems.push(Problem {
                file: (*file).to_owned(),
                line: 1,
                what: format!("has no {word:?}, though {reason}"),
                remedy: "remove it from EXCEPTIONS in xtask/tests/tidy/words.rs",
            });
        }
    }
    expect_none(problems);
}

#[test]
fn words_are_found_whole_and_in_any_case() {
    let source = "// Behind it, left behind.\nlet behind = \"told you\";\n// a bookdoor, retold\n/// It tells\n";
    let words: Vec<_> = words_of(source).into_iter().map(|(line, word, _)| (line, word)).collect();
    assert_eq!(words, [(1, "behind"), (2, "told"), (4, "tells")]);
}
