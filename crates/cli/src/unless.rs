//! `--unless-sha256`: a result that would be the one before is not written.
//!
//! A full export is the one before if it has its digest. A delta is one that nobody needs if it is empty: no rows and no
//! changes, whatever the digest. Its watermark is not kept, since `labelport apply` takes a delta only if it starts where
//! the result is; the next delta starts where the last one that was written ended. So that this never comes to be older than
//! the history of changes, an empty delta is written after half of the time that history is kept.

use crate::ambient;
use crate::messages::Messages;
use crate::outcome::Failure;
use clap::{Arg, ArgMatches};
use labelport_engine::history;
use labelport_engine::manifest::Manifest;
use labelport_model::request::ExportRequest;
use labelport_store::Store;
use serde_json::json;

/// The option.
const OPTION: &str = "unless-sha256";

/// What a result must not be to be written.
#[derive(Debug)]
pub(crate) struct Unless {
    /// The digest, in small letters.
    sha256: String,
    is_old: bool,
}

/// Returns the argument.
pub(crate) fn argument() -> Arg {
    Arg::new(OPTION)
        .long(OPTION)
        .value_name("DIGEST")
        .conflicts_with("dry-run")
        .help("Write nothing if the result would have this SHA-256, or with --since if nothing changed, and say so")
}

/// Reads what was given.
pub(crate) fn read(arguments: &ArgMatches) -> Result<Option<Unless>, Failure> {
    let Some(given) = arguments.get_one::<String>(OPTION) else { return Ok(None) };
    if given.len() != 64 || !given.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let message = format!("--{OPTION} {given:?} is not a SHA-256 digest of 64 hexadecimal digits");
        return Err(Failure::usage(message).hint("an export prints it, and its manifest has it"));
    }
    Ok(Some(Unless { sha256: given.to_ascii_lowercase(), is_old: false }))
}

impl Unless {
    /// Returns what it means for a request.
    pub(crate) fn of(self, store: &Store, request: &ExportRequest) -> Result<Self, Failure> {
        let is_old = match &request.since {
            Some(since) => history::is_half_over(store, since.change_seq, ambient::now())?,
            None => false,
        };
        Ok(Self { is_old, ..self })
    }

    /// Returns whether a result is the one that is not written.
    pub(crate) fn is_met_by(&self, manifest: &Manifest) -> bool {
        match &manifest.delta {
            Some(delta) => delta.lines == 0 && manifest.digest.rows == 0 && !self.is_old,
            None => manifest.digest.sha256 == self.sha256,
        }
    }
}

/// Says that nothing was written.
pub(crate) fn report(manifest: &Manifest, messages: &Messages) {
    let digest = &manifest.digest;
    let event = json!({ "event": "unchanged", "rows": digest.rows, "sha256": digest.sha256 });
    let sentence = match &manifest.delta {
        Some(_) => "nothing was written: no row of the request has changed".to_owned(),
        None => format!("nothing was written: the result has not changed\nsha256 {}", digest.sha256),
    };
    messages.event(&event, &sentence);
}
