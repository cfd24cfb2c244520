//! By what lines of other tables name a label.

use super::column::Column;
use super::data_rows::{KEY_COLUMNS, Key};
use super::line::Line;

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
    pub(super) const COLUMNS: [Column; 6] = [
        KEY_COLUMNS[0],
        KEY_COLUMNS[1],
        Column::text("label_id"),
        Column::text("source"),
        Column::text("project_id"),
        Column::text("model_run_id"),
    ];

    /// Writes the cells that name the label.
    pub(super) fn write(&self, line: &mut Line<'_>) {
        self.row.write(line);
        line.text(&self.label_id);
        line.token(self.source.kind);
        line.optional(Some(self.source.project_id).filter(|id| !id.is_empty()));
        line.optional(Some(self.source.model_run_id).filter(|id| !id.is_empty()));
    }
}
