//! Steps: one after the other, until one fails.

use crate::say;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// One step.
pub(crate) struct Step {
    /// What stands above its output.
    pub(crate) title: &'static str,
    /// What it does.
    pub(crate) work: Work,
    /// What to do when it fails: one or two sentences.
    pub(crate) remedy: &'static str,
}

/// What a step does.
pub(crate) enum Work {
    /// Calls `cargo`.
    Cargo {
        /// Its arguments.
        arguments: &'static [&'static str],
        /// Variables set in addition to the existing ones.
        variables: &'static [(&'static str, &'static str)],
    },
    /// Does something of its own, from the root of the repository; fails with a sentence.
    Own(fn(&Path) -> Result<(), String>),
}

/// Runs steps in order from the root of the repository; stops at the first that fails.
pub(crate) fn run(steps: &[Step]) -> ExitCode {
    let root = root();
    for (index, Step { title, work, remedy }) in steps.iter().enumerate() {
        let place = format!("{}/{} {title}", index + 1, steps.len());
        let outcome = match work {
            Work::Cargo { arguments, variables } => {
                say(&format!("\n==> {place}: cargo {}", arguments.join(" ")));
                cargo(&root, arguments, variables)
            }
            Work::Own(own) => {
                say(&format!("\n==> {place}"));
                own(&root)
            }
        };
        if let Err(problem) = outcome {
            say(&format!("\nerror: {title}: {problem}\nhint: {remedy}"));
            return ExitCode::FAILURE;
        }
    }
    say("\nAll steps passed.");
    ExitCode::SUCCESS
}

/// Returns the root of the repository, wherever the command was started: the folder above the one that cargo names when it
/// runs this crate. Where it was when the crate was built says nothing, since a checkout may be moved.
pub(crate) fn root() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from)
        .join("..")
}

/// Calls `cargo`.
pub(crate) fn cargo(root: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Result<(), String> {
    let status = Command::new("cargo").args(arguments).envs(variables.iter().copied()).current_dir(root).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("cargo failed ({status})")),
        Err(error) => {
            let place = root.display();
            Err(format!("cargo could not be started in {place} ({error}); is Rust installed, and this folder there?"))
        }
    }
}
