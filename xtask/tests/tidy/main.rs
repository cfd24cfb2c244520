//! Conventions that a program can check.
//!
//! Each test collects every [`Problem`] before it fails, and each problem names its file, its line and its remedy. The
//! tests read text only: they need no built crate and no tool, and they pass in a copy of the repository without its
//! history.
//!
//! # Adding a convention
//! A test in the module that reads the same files, with a constant for what it allows. Try it on a file that breaks it.

mod circles;
mod crates;
mod dist;
mod geometry;
mod layout;
mod manifest;
mod pages;
mod rust;
mod sources;
mod tables;
mod tree;
mod words;

use std::fmt::{self, Display};

/// One place that breaks a convention.
struct Problem {
    /// The file, from the root of the repository.
    file: String,
    /// The line, from 1.
    line: usize,
    /// What is wrong.
    what: String,
    /// What to do about it.
    remedy: &'static str,
}

impl Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, what, remedy } = self;
        write!(formatter, "{file}:{line}: {what}\n    remedy: {remedy}")
    }
}

/// Fails with every problem, if there is one.
#[track_caller]
fn expect_none(problems: Vec<Problem>) {
    let texts: Vec<String> = problems.iter().map(Problem::to_string).collect();
    assert!(texts.is_empty(), "{} problem(s)\n\n{}\n", texts.len(), texts.join("\n\n"));
}
