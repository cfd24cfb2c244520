//! Why a thread of an export stops before its end.

use super::error::ExportError;
use super::media::Missing;
use labelport_store::StoreError;
use std::sync::atomic::{AtomicBool, Ordering};

/// Why a thread stopped.
pub(super) enum WorkError {
    Stopped,
    Store(StoreError),
    Write(std::io::Error),
    Missing(Missing),
}

impl WorkError {
    /// Makes the error of the export. `target` is asked what messages call the place that was written to.
    pub(super) fn into_export(self, target: impl FnOnce() -> String) -> ExportError {
        match self {
            Self::Stopped => ExportError::Stopped,
            Self::Store(error) => ExportError::Store(error),
            Self::Write(source) => ExportError::Write { target: target(), source },
            Self::Missing(Missing { data_row_id, reason }) => ExportError::Media { data_row_id, reason },
        }
    }
}

impl From<StoreError> for WorkError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Fails once a flag is set.
pub(super) fn check_stop(stop: Option<&AtomicBool>) -> Result<(), WorkError> {
    match stop {
        Some(stop) if stop.load(Ordering::Relaxed) => Err(WorkError::Stopped),
        _ => Ok(()),
    }
}
