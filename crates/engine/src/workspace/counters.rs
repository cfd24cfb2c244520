//! What a process has done since it began, for those who watch it.

use std::sync::atomic::{AtomicU64, Ordering};

/// What a process has done since it began.
#[derive(Debug, Default)]
pub struct Counters {
    /// Rows of finished exports.
    pub exported_rows: AtomicU64,
    /// Bytes of finished exports, before they are packed.
    pub exported_bytes: AtomicU64,
}

impl Counters {
    /// Counts a finished export.
    pub(crate) fn count_export(&self, rows: u64, bytes: u64) {
        self.exported_rows.fetch_add(rows, Ordering::Relaxed);
        self.exported_bytes.fetch_add(bytes, Ordering::Relaxed);
    }
}
