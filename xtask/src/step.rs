//! Steps: calls of `cargo`, one after the other, until one fails.

use crate::say;
use std::path::Path;
use std::process::{Command, ExitCode};

/// One call of `cargo`.
pub(crate) struct Step {
    /// What stands above its output.
    pub(crate) title: &'static str,
    /// The arguments of `cargo`.
    pub(crate) arguments: &'static [&'static str],
    /// Variables set beside those that are there already.
    pub(crate) variables: &'static [(&'static str, &'static str)],
    /// What to do when it fails: one or two sentences.
    pub(crate) remedy: &'static str,
}

/// Runs steps in order from the root of the repository; stops at the first that fails.
pub(crate) fn run(steps: &[Step]) -> ExitCode {
    // The folder above this crate's own, wherever the command was started.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for (index, step) in steps.iter().enumerate() {
        let Step { title, arguments, variables, remedy } = step;
        say(&format!("\n==> {}/{} {title}: cargo {}", index + 1, steps.len(), arguments.join(" ")));
        let outcome =
            Command::new("cargo").args(*arguments).envs(variables.iter().copied()).current_dir(&root).status();
        let problem = match outcome {
            Ok(status) if status.success() => continue,
            Ok(status) => format!("{title} failed ({status})"),
            Err(error) => format!("cargo could not be started ({error}); install Rust with rustup"),
        };
        say(&format!("\nerror: {problem}\nhint: {remedy}"));
        return ExitCode::FAILURE;
    }
    say("\nAll steps passed.");
    ExitCode::SUCCESS
}
