//! By what lines of other tables name a label.

use super::data_rows::{KEY_COLUMNS, Key};
use crate::write::cells::Line;

/// Where a label stands.
#[derive(Clone, Copy, Default)]
pub(super) struct Source<'a> {
    /// `label` or `prediction`.
    pub(super) kind: &'static str,
    /// Empty for one of a model run.
    pub(super) project_id: &'a str,
    /// Empty for one of a project.
    pub(super) model_run_id: &'a str,
}

/// A label as lines of other tables name it.
pub(super) struct Named<'a> {
    pub(super) row: &'a Key,
    pub(super) label_id: String,
    pub(super) source: &'a Source<'a>,
}

impl Named<'_> {
    /// The columns that name a label in other tables.
    pub(super) const COLUMNS: [&'static str; 6] =
        [KEY_COLUMNS[0], KEY_COLUMNS[1], "label_id", "source", "project_id", "model_run_id"];

    /// Writes the cells that name the label.
    pub(super) fn write(&self, line: &mut Line<'_>) {
        self.row.write(line);
        line.text(&self.label_id);
        line.token(self.source.kind);
        line.text(self.source.project_id);
        line.text(self.source.model_run_id);
    }
}
