//! Exports of processes that were killed in the last moment get their manifests.

use crate::outcome::Failure;
use labelport_engine::recovery;
use std::path::Path;

/// Gives an export its manifest, if a process was killed in the moment between the two.
pub(crate) fn recovered(export: &Path) -> Result<(), Failure> {
    recovery::recover(export)
        .map(drop)
        .map_err(|error| Failure::new(format!("the manifest of {} cannot be put back ({error})", export.display())))
}
