//! `cargo xtask dist`: what people without Rust install.
//!
//! In `dist` of the target folder: a wheel, by which `pip install` gives the command; an archive with the binary,
//! completions, manual pages, licences and documentation; and the SHA-256 of both. Both hold the same binary. It is static,
//! so that it runs on every Linux, if this machine can build one; if not, that is said, and the binary runs on systems like
//! this one. Files have a fixed order and a fixed time, so that the same binary gives the same bytes.
//!
//! # Adding a file to the archive
//! One line in `documents`.

mod archive;
mod binary;
mod documents;
mod installed;
mod wheel;

pub(crate) use installed::WHEEL_STEP;

use crate::step::{self, Step, Work, target_folder};
use crate::{Command, say, without_arguments};
use std::path::Path;

pub(crate) static DIST: Command = Command {
    name: "dist",
    summary: "Build what people without Rust install: wheel and archive; with --check, try a wheel of the debug build",
    run: |arguments| match arguments {
        [only] if only == "--check" => step::run(&[WHEEL_STEP]),
        _ => without_arguments(arguments, || step::run(&[STEP])),
    },
};

const STEP: Step = Step {
    title: "Wheel and archive",
    work: Work::Own(build),
    remedy: "the archive needs Rust and a C compiler; the wheel also needs Python 3.11 with its `venv` module, and a \
             package registry for maturin, which is fetched once.",
};

/// When every file in a package was last changed, in seconds since 1970: the start of 1980, before which a zip has no times.
const FIXED_TIME_SECS: u64 = 315_532_800;

/// How a binary is built.
#[derive(Clone, Copy)]
enum Profile {
    Dev,
    Release,
}

impl Profile {
    /// Returns its name for cargo.
    fn name(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Release => "release",
        }
    }

    /// Returns the name of its folder in the target folder.
    fn folder(self) -> &'static str {
        match self {
            Self::Dev => "debug",
            Self::Release => "release",
        }
    }
}

/// Builds everything. Without a wheel there is still an archive, and the command fails at the end.
fn build(root: &Path) -> Result<(), String> {
    let root = root.canonicalize().map_err(|error| format!("{}: {error}", root.display()))?;
    let folder = target_folder(&root).join("dist");
    empty(&folder)?;
    let host = binary::host()?;
    let target = match binary::find_static(&host) {
        Ok(target) => Some(target),
        Err(reason) => {
            say(&format!("no static binary: {reason}; what is built runs on systems like this one"));
            None
        }
    };
    let target = target.as_deref();
    let wheel = wheel::build(&root, &folder, target, Profile::Release);
    if let Err(problem) = &wheel {
        say(&format!("no wheel: {problem}"));
        binary::build(&root, target)?;
    }
    let binary = binary::path(&root, target, Profile::Release);
    let version = binary::version(&binary)?;
    let name = format!("labelport-{version}-{}", target.unwrap_or(&host));
    let entries = documents::list(&root, &binary)?;
    archive::write(&folder.join(format!("{name}.tar.gz")), &name, &entries)?;
    archive::write_sums(&folder)?;
    say(&format!("what was built is in {}", folder.display()));
    wheel
}

/// Makes a folder that has nothing in it.
fn empty(folder: &Path) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    if folder.exists() {
        std::fs::remove_dir_all(folder).map_err(failed)?;
    }
    std::fs::create_dir_all(folder).map_err(failed)
}
