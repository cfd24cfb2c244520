//! The binary: for which target, where it is, and what it says.

use super::Profile;
use crate::programs;
use crate::step::{self, target_folder};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Returns the target that this machine builds for by itself.
pub(super) fn host() -> Result<String, String> {
    let text = output(Command::new("rustc").arg("-vV"))?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| "`rustc -vV` names no host".to_owned())
}

/// Finds the target of static binaries for the processor of a host, and installs what it needs where that is possible.
///
/// # Errors
/// A clause that says what is missing, and how to get it.
pub(super) fn find_static(host: &str) -> Result<String, String> {
    let processor = host.split('-').next().unwrap_or_default();
    if !host.contains("linux") {
        return Err(format!("one is built for Linux only, and this is {host}"));
    }
    let target = format!("{processor}-unknown-linux-musl");
    if !has_library(&target) {
        // Whether it worked is seen by looking for the library again.
        drop(Command::new("rustup").args(["target", "add", &target]).stdin(Stdio::null()).status());
    }
    if !has_library(&target) {
        return Err(format!("Rust has no standard library for {target} here (`rustup target add {target}`)"));
    }
    let compilers = ["musl-gcc".to_owned(), format!("{processor}-linux-musl-gcc")];
    let has_compiler = || compilers.iter().any(|compiler| programs::is_there(compiler));
    if !has_compiler() {
        programs::install(&["musl-tools"]);
    }
    if !has_compiler() {
        let [first, second] = &compilers;
        return Err(format!(
            "SQLite and zstd need a C compiler for {target}, {first} or {second} (`apt-get install musl-tools`)"
        ));
    }
    Ok(target)
}

/// Returns whether the standard library for a target is installed.
fn has_library(target: &str) -> bool {
    let folder = output(Command::new("rustc").args(["--print", "target-libdir", "--target", target]));
    folder.is_ok_and(|folder| Path::new(folder.trim()).is_dir())
}

/// Builds the binary without debug information. That of a wheel is built with it.
pub(super) fn build(root: &Path, target: Option<&str>) -> Result<(), String> {
    let mut arguments = vec!["build", "--release", "--locked", "--package", "labelport-cli"];
    if let Some(target) = target {
        arguments.extend(["--target", target]);
    }
    step::cargo(root, &arguments, &[("CARGO_PROFILE_RELEASE_STRIP", "symbols")])
}

/// Returns where a binary is once it is built.
pub(super) fn path(root: &Path, target: Option<&str>, profile: Profile) -> PathBuf {
    target_folder(root).join(target.unwrap_or_default()).join(profile.folder()).join("labelport")
}

/// Returns the version of a binary.
pub(super) fn version(binary: &Path) -> Result<String, String> {
    let text = output(Command::new(binary).arg("--version"))?;
    let version = text.trim().strip_prefix("labelport ");
    version.map(str::to_owned).ok_or_else(|| format!("{} says that its version is {text:?}", binary.display()))
}

/// Returns what a program prints; fails unless it succeeds.
pub(super) fn output(command: &mut Command) -> Result<String, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.stderr(Stdio::inherit()).output().map_err(|error| format!("{name}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{name} failed ({})", output.status));
    }
    String::from_utf8(output.stdout).map_err(|_| format!("{name} printed something that is not text"))
}

#[cfg(test)]
mod tests {
    use super::find_static;

    #[test]
    fn other_systems_have_no_static_binary() {
        let reason = find_static("aarch64-apple-darwin").unwrap_err();
        assert!(reason.contains("Linux") && reason.contains("aarch64-apple-darwin"), "{reason}");
    }
}
