//! Labels of a project looked at together: what people said of them, and which are benchmarks.

use super::labels::{Label, SELECT, label};
use crate::engine::{Connection, StoreError};
use labelport_model::json::quote_into;
use std::ops::ControlFlow;

/// What is known of a label besides its annotations. Both are JSON objects; empty texts where the label has none.
#[derive(Debug, Clone, Copy)]
pub struct LabelFacts<'a> {
    /// `label_details`.
    pub details: &'a [u8],
    /// `performance_details`.
    pub performance: &'a [u8],
}

/// Calls `each` with what is known of every label of a project, one after the other.
pub fn each(
    connection: &mut dyn Connection,
    project_key: i64,
    each: &mut dyn FnMut(LabelFacts<'_>),
) -> Result<(), StoreError> {
    let sql = "select details, performance from labels where project_key = $1 order by row_key, ordinal";
    connection.query(sql, &[project_key.into()], &mut |row| {
        let (details, performance) = (row.bytes(0).unwrap_or_default(), row.bytes(1).unwrap_or_default());
        each(LabelFacts { details, performance });
        ControlFlow::Continue(())
    })
}

/// Lists the labels of a project that may be benchmarks of their rows, in the order of the rows: those whose performance
/// names them.
pub fn list_benchmarks(connection: &mut dyn Connection, project_key: i64) -> Result<Vec<Label>, StoreError> {
    let sql = format!(
        "{SELECT} where l.project_key = $1 \
         and l.performance like '%\"benchmark_reference_label\":\"' || l.id || '\"%' order by l.row_key, l.ordinal"
    );
    connection.list(&sql, &[project_key.into()], label)
}

/// Lists the ids of the labels whose details may have a review with an id. It looks at every label: for ids that do not
/// begin with that of their label, which only imports bring.
pub fn list_with_review(
    connection: &mut dyn Connection,
    org_key: i64,
    review_id: &str,
) -> Result<Vec<String>, StoreError> {
    let mut quoted = Vec::new();
    quote_into(review_id, &mut quoted);
    let quoted = String::from_utf8_lossy(&quoted).replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    let pattern = format!("%\"id\":{quoted}%");
    let sql = "select l.id from labels l join projects p on p.project_key = l.project_key \
               where l.details like $1 escape '\\' and p.org_key = $2 and p.deleted_ms is null \
               order by l.project_key, l.row_key, l.ordinal";
    connection.list(sql, &[(&pattern).into(), org_key.into()], |row| row.text(0).unwrap_or_default())
}

/// Stores the details and the performance of a label. The change number of its row is for the caller to give.
pub fn put(connection: &mut dyn Connection, label: &Label) -> Result<(), StoreError> {
    let sql = "update labels set details = $1, performance = $2 where project_key = $3 and row_key = $4 and id = $5";
    connection.execute(
        sql,
        &[
            label.details.as_ref().into(),
            label.performance.as_ref().into(),
            label.project_key.into(),
            label.row_key.into(),
            (&label.id).into(),
        ],
    )?;
    Ok(())
}
