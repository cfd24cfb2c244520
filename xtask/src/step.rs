//! Steps: one after the other, until one fails.

use crate::say;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

/// One step.
#[derive(Clone, Copy)]
pub(crate) struct Step {
    /// What stands above its output.
    pub(crate) title: &'static str,
    /// What it does.
    pub(crate) work: Work,
    /// What to do when it fails: one or two sentences.
    pub(crate) remedy: &'static str,
}

/// What a step does.
#[derive(Clone, Copy)]
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
        let begun = now();
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
        say(&format!("{title}: passed in {} s", begun.elapsed().as_secs()));
    }
    say("\nAll steps passed.");
    ExitCode::SUCCESS
}

/// Builds the programs that suites run: those that `cargo test --workspace` has built. Of one package alone, cargo would build
/// dependencies again, with other features.
pub(crate) const BUILD_PROGRAMS: &[&str] = &["build", "--workspace", "--bins", "--examples"];

/// Returns the moment, from which durations are counted.
#[expect(clippy::disallowed_methods, reason = "steps and benchmarks measure time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Returns the root of the repository, wherever the command was started: the folder above the one that cargo names when it
/// runs this crate. Where it was when the crate was built says nothing, since a checkout may be moved.
pub(crate) fn root() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from)
        .join("..")
}

/// Returns the folder of what cargo builds.
pub(crate) fn target_folder(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder))
}

/// Returns a command that builds. Cargo says in variables which package runs, which is this one here. Some build scripts
/// look at them, and with others than in a shell, `cargo build` after `cargo xtask` takes a minute.
pub(crate) fn builder(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        let is_of_package = name
            .to_str()
            .is_some_and(|name| ["CARGO_MANIFEST_", "CARGO_PKG_"].iter().any(|start| name.starts_with(start)));
        if is_of_package {
            command.env_remove(name);
        }
    }
    command
}

/// Calls `cargo`.
pub(crate) fn cargo(root: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Result<(), String> {
    let status = builder("cargo").args(arguments).envs(variables.iter().copied()).current_dir(root).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("cargo failed ({status})")),
        Err(error) => {
            let place = root.display();
            Err(format!("cargo could not be started in {place} ({error}); is Rust installed, and this folder there?"))
        }
    }
}
