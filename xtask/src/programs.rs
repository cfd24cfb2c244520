//! Programs that tests compare with, installed where that is possible.
//!
//! Tests that need one of them skip what they cannot do. This step installs Debian's packages where it runs as root and
//! `apt-get` is there; elsewhere, and without a network, it says what is missing and what that leaves untested, and the
//! tests go on.
//!
//! # Adding a program
//! One line in [`PROGRAMS`].

use crate::say;
use crate::step::{Step, Work};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};

pub(crate) const STEP: Step = Step {
    title: "Programs that tests compare with",
    work: Work::Own(check),
    remedy: "this step never fails: a program that is missing is said to be.",
};

/// A program, the Debian package that holds it, and what is not tested without it.
struct Program {
    name: &'static str,
    package: &'static str,
    tests: &'static str,
}

const MEDIA: &str = "media files of other programs";

/// Every program, by name.
static PROGRAMS: &[Program] = &[
    Program { name: "dcmdump", package: "dcmtk", tests: MEDIA },
    Program { name: "exiftool", package: "libimage-exiftool-perl", tests: MEDIA },
    Program { name: "ffmpeg", package: "ffmpeg", tests: MEDIA },
    Program { name: "gs", package: "ghostscript", tests: MEDIA },
    Program { name: "heif-enc", package: "libheif-examples", tests: MEDIA },
    Program { name: "pdftotext", package: "poppler-utils", tests: MEDIA },
];

fn check(_: &Path) -> Result<(), String> {
    let missing = missing();
    if missing.is_empty() {
        say("all are there");
        return Ok(());
    }
    let packages: BTreeSet<&str> = missing.iter().map(|program| program.package).collect();
    let packages: Vec<&str> = packages.into_iter().collect();
    say(&format!("installing {}", packages.join(", ")));
    install(&packages);
    for Program { name, package, tests } in self::missing() {
        say(&format!("skipped: {tests}, as far as they need {name} (`apt-get install {package}`)"));
    }
    Ok(())
}

fn missing() -> Vec<&'static Program> {
    PROGRAMS.iter().filter(|program| !is_there(program.name)).collect()
}

/// Returns whether a program is on the path.
pub(crate) fn is_there(name: &str) -> bool {
    std::env::var_os("PATH").iter().flat_map(std::env::split_paths).any(|folder| folder.join(name).is_file())
}

/// Installs packages, if this is a Debian system and we may. What comes of it is seen by looking for the programs again.
pub(crate) fn install(packages: &[&str]) {
    let apt = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    };
    let install = [&["install", "--yes", "--quiet", "--no-install-recommends"], packages].concat();
    if !apt(&install) && apt(&["update", "--quiet"]) {
        apt(&install);
    }
}

#[cfg(test)]
mod tests {
    use super::PROGRAMS;

    #[test]
    fn every_program_is_unique_and_in_order() {
        let names: Vec<&str> = PROGRAMS.iter().map(|program| program.name).collect();
        assert!(names.is_sorted_by(|one, next| one < next), "{names:?}");
    }
}
