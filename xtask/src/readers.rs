//! `cargo xtask readers`: exports, and REST by its description, in programs that know nothing of labelport.
//!
//! The suite is `tests/readers`; its programs are pinned in `tests/readers/requirements.txt`.

use crate::python::{Suite, find_python, run_suite};
use crate::step::{self, Step, Work};
use crate::{Command, without_arguments};
use std::path::Path;

pub(crate) static READERS: Command = Command {
    name: "readers",
    summary: "Open exports with the programs that people read them with",
    run: |arguments| without_arguments(arguments, || step::run(&[STEP])),
};

pub(crate) const STEP: Step = Step {
    title: "Readers of other formats",
    work: Work::Own(check),
    remedy: "one test alone is `LABELPORT_BINARY=target/debug/labelport target/readers/bin/python -m pytest \
             tests/readers/FILE -k NAME`. Python 3.11 with its `venv` module has to be there.",
};

fn check(root: &Path) -> Result<(), String> {
    let python = find_python()?;
    step::cargo(root, &["build", "--package", "labelport-cli"], &[])?;
    step::cargo(root, &["build", "--package", "labelport-formats", "--example", "raster"], &[])?;
    let requirements = Path::new("tests/readers/requirements.txt");
    run_suite(root, &python, &Suite { folder: "tests/readers", environment: "readers", requirements })
}
