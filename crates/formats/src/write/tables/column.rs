//! Columns of tables: a name, and what a cell holds.

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::write) struct Column {
    pub(in crate::write) name: &'static str,
    pub(in crate::write) kind: Kind,
}

/// What a cell holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::write) enum Kind {
    Text,
    /// A whole number.
    Whole,
    Number,
    /// True or false.
    Truth,
    /// A moment, in milliseconds since 1970 in UTC.
    Time,
    /// Any JSON, as text.
    Json,
    /// Corners in pixels. Only typed tables have such a column; elsewhere corners are JSON.
    Points,
}

impl Column {
    pub(super) const fn text(name: &'static str) -> Self {
        Self { name, kind: Kind::Text }
    }

    pub(super) const fn whole(name: &'static str) -> Self {
        Self { name, kind: Kind::Whole }
    }

    pub(super) const fn number(name: &'static str) -> Self {
        Self { name, kind: Kind::Number }
    }

    pub(super) const fn truth(name: &'static str) -> Self {
        Self { name, kind: Kind::Truth }
    }

    pub(super) const fn time(name: &'static str) -> Self {
        Self { name, kind: Kind::Time }
    }

    pub(super) const fn json(name: &'static str) -> Self {
        Self { name, kind: Kind::Json }
    }

    pub(super) const fn points(name: &'static str) -> Self {
        Self { name, kind: Kind::Points }
    }
}
