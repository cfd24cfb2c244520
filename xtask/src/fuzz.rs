//! `cargo xtask fuzz [SECONDS]`: hostile bytes for every fuzz target, for a while.
//!
//! The targets are the tests whose names begin with `fuzz_`; what they have to get right is said there. They run on the
//! stable compiler, on random bytes, on the corpus and on damaged samples. `cargo bolero`, where it is installed, runs the
//! same targets with an engine that is guided by coverage.

use crate::step;
use crate::{Command, say};
use std::process::ExitCode;

pub(crate) static FUZZ: Command = Command {
    name: "fuzz",
    summary: "Give every fuzz target hostile bytes, for SECONDS each (60)",
    run: |arguments| {
        let secs = match arguments {
            [] => Some(60),
            [secs] => secs.parse::<u64>().ok(),
            _ => None,
        };
        match secs {
            Some(secs) => fuzz(secs),
            None => {
                say("error: write `cargo xtask fuzz`, or a number of seconds after it");
                ExitCode::from(2)
            }
        }
    },
};

fn fuzz(secs: u64) -> ExitCode {
    let millis = (secs * 1_000).to_string();
    let arguments = ["test", "--release", "--package", "labelport-media", "--lib", "fuzz_"];
    let variables = [("BOLERO_RANDOM_TEST_TIME_MS", millis.as_str()), ("BOLERO_RANDOM_ITERATIONS", "1000000000")];
    match step::cargo(&step::root(), &arguments, &variables) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            say(&format!("{problem}\nput the bytes that it printed into the corpus, a file in `__fuzz__`, and fix it"));
            ExitCode::FAILURE
        }
    }
}
