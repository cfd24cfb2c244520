//! `cargo xtask test`: everything that has to pass before a change goes in.
//!
//! The cheap steps come first. The tests include the conventions in `xtask/tests/tidy`.

use crate::step::{self, Step, Work};
use crate::{Command, programs, sdk, without_arguments};

pub(crate) static TEST: Command = Command {
    name: "test",
    summary: "Check formatting and lints, then run every test",
    run: |arguments| without_arguments(arguments, || step::run(STEPS)),
};

const STEPS: &[Step] = &[
    Step {
        title: "Formatting",
        work: Work::Cargo { arguments: &["fmt", "--all", "--check"], variables: &[] },
        remedy: "run `cargo fmt --all` and look at the diff. If cargo has no `fmt`: `rustup component add rustfmt`.",
    },
    Step {
        title: "Lints",
        work: Work::Cargo {
            arguments: &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"],
            variables: &[],
        },
        remedy: "each warning names its place and its reason. If cargo has no `clippy`: `rustup component add clippy`. \
                 If a build script fails: SQLite and zstd are built from source and need a C compiler, `cc`.",
    },
    programs::STEP,
    Step {
        title: "Tests",
        work: Work::Cargo { arguments: &["test", "--workspace"], variables: &[] },
        remedy: "run one test alone with `cargo test --workspace NAME`. If outputs changed on purpose, \
                 `cargo xtask bless` rewrites the goldens; review their diff like code.",
    },
    sdk::STEP,
];
