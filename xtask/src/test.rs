//! `cargo xtask test`: everything that has to pass before a change goes in.
//!
//! The cheap steps come first. The tests include the conventions in `xtask/tests/tidy`. With `--fast` only what finds most
//! mistakes in the least time runs: no lints, no server, no other programs.

use crate::step::{self, Step, Work};
use crate::{Command, dist, postgres, programs, readers, sdk, without_arguments};

pub(crate) static TEST: Command = Command {
    name: "test",
    summary: "Check formatting and lints, then run every test; with --fast, the quick ones; with --with-readers heavy, also \
              large readers",
    run: |arguments| match arguments {
        [only] if only == "--fast" => step::run(FAST_STEPS),
        [option, which] if option == "--with-readers" && which == "heavy" => {
            postgres::with_server(arguments, || step::run(&[STEPS, &[readers::HEAVY_STEP]].concat()))
        }
        _ => without_arguments(arguments, || postgres::with_server(arguments, || step::run(STEPS))),
    },
};

const FORMATTING: Step = Step {
    title: "Formatting",
    work: Work::Cargo { arguments: &["fmt", "--all", "--check"], variables: &[] },
    remedy: "run `cargo fmt --all` and look at the diff. If cargo has no `fmt`: `rustup component add rustfmt`.",
};

const FAST_STEPS: &[Step] = &[
    FORMATTING,
    Step {
        title: "Tests in modules",
        work: Work::Cargo { arguments: &["test", "--workspace", "--lib", "--bins"], variables: &[] },
        remedy: "run one test alone with `cargo test --workspace NAME`.",
    },
    Step {
        title: "The store, the model and the conventions",
        work: Work::Cargo {
            arguments: &["test", "-p", "labelport-model", "-p", "labelport-store", "-p", "xtask", "--tests"],
            variables: &[],
        },
        remedy: "run one test alone with `cargo test --workspace NAME`.",
    },
    Step {
        title: "Outputs",
        work: Work::Cargo {
            arguments: &[
                "test",
                "-p",
                "labelport-engine",
                "--test",
                "it",
                "--",
                "goldens",
                "formats",
                "sink",
                "annotations",
            ],
            variables: &[],
        },
        remedy: "if outputs changed on purpose, `cargo xtask bless` rewrites the goldens; review their diff like code.",
    },
];

const STEPS: &[Step] = &[
    FORMATTING,
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
    postgres::STEP,
    dist::WHEEL_STEP,
    readers::STEP,
    sdk::STEP,
];
