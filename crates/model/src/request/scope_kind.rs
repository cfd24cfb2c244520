//! The kinds of scopes, by the names that requests, commands and messages use.

/// A kind of scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScopeKind {
    /// The rows sent to one project.
    Project,
    /// The rows of one dataset.
    Dataset,
    /// Rows chosen one by one.
    Rows,
    /// The rows that a saved query finds.
    Slice,
    /// The rows of one model run.
    ModelRun,
    /// Every row of the organization.
    Catalog,
}

/// A line in the table of scopes.
#[derive(Debug)]
pub struct ScopeEntry {
    /// Which scope it is.
    pub kind: ScopeKind,
    /// Its name in requests, commands and messages.
    pub name: &'static str,
    /// One sentence about it.
    pub summary: &'static str,
}

/// Every scope, the usual ones first.
pub static SCOPES: &[ScopeEntry] = &[
    ScopeEntry { kind: ScopeKind::Project, name: "project", summary: "The data rows sent to one project." },
    ScopeEntry { kind: ScopeKind::Dataset, name: "dataset", summary: "The data rows of one dataset." },
    ScopeEntry { kind: ScopeKind::Rows, name: "rows", summary: "Data rows chosen by id or global key." },
    ScopeEntry { kind: ScopeKind::Slice, name: "slice", summary: "The data rows that a saved query finds." },
    ScopeEntry { kind: ScopeKind::ModelRun, name: "model-run", summary: "The data rows of one model run." },
    ScopeEntry { kind: ScopeKind::Catalog, name: "catalog", summary: "Every data row of the organization." },
];

impl ScopeKind {
    /// Returns the name in requests, commands and messages.
    pub fn name(self) -> &'static str {
        SCOPES.iter().find(|entry| entry.kind == self).map_or("", |entry| entry.name)
    }

    /// Finds a kind by its name.
    pub fn find(name: &str) -> Option<Self> {
        SCOPES.iter().find(|entry| entry.name == name).map(|entry| entry.kind)
    }
}
