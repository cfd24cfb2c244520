//! `cargo xtask bless`: the outputs of today become the goldens.

use crate::step::{self, Step, Work};
use crate::{Command, without_arguments};

pub(crate) static BLESS: Command = Command {
    name: "bless",
    summary: "Rewrite the goldens with what the tests produce now",
    run: |arguments| without_arguments(arguments, || step::run(STEPS)),
};

const STEPS: &[Step] = &[Step {
    title: "Tests that write their goldens",
    work: Work::Cargo { arguments: &["test", "--workspace"], variables: &[("LABELPORT_BLESS", "1")] },
    remedy: "a golden test writes instead of comparing, so what failed is another test; mend it first.",
}];
