//! Labels of projects, one by one and in lists.

use crate::engine::{Connection, Param, RowView, StoreError};
use crate::row_key::RowKey;
use crate::tables::data_rows;
use crate::write::counts::{self, Kept};
use labelport_model::json::Document;
use labelport_model::time::Timestamp;
use std::ops::ControlFlow;

/// A label of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The public id.
    pub id: String,
    /// The project.
    pub project_key: i64,
    /// The row.
    pub row_key: RowKey,
    /// The members before the details, as JSON members.
    pub head: String,
    /// `label_details`, a JSON object.
    pub details: Option<String>,
    /// `performance_details`, a JSON object.
    pub performance: Option<String>,
    /// `annotations`, a JSON object.
    pub annotations: String,
    /// The members that no section takes, as JSON members.
    pub rest: Option<String>,
}

/// Which labels of a project.
#[derive(Debug, Clone, Default)]
pub struct ListLabels {
    /// The order; oldest first if nothing else is asked for.
    pub order: LabelOrder,
    /// Those that the user with this e-mail address made; none for all.
    pub created_by: Option<String>,
    /// Those of rows in these datasets; none for all.
    pub dataset_ids: Option<Vec<String>>,
    /// How many to pass over.
    pub skip: usize,
    /// The most to return.
    pub limit: usize,
}

/// An order of labels. Labels that are equal in it are in the order in which they were created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LabelOrder {
    /// What they are ordered by.
    pub by: LabelOrderBy,
    /// Whether the greatest comes first.
    pub is_descending: bool,
}

/// What labels are ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LabelOrderBy {
    /// When they were created.
    #[default]
    Created,
    /// When they were changed.
    Updated,
    /// The seconds that making them took.
    Seconds,
    /// The score of consensus.
    Consensus,
    /// The score of benchmark agreement.
    Benchmark,
}

/// Counts the labels of a project.
pub fn count(connection: &mut dyn Connection, project_key: i64) -> Result<i64, StoreError> {
    counts::get(connection, Kept::Labels(project_key))
}

pub(super) const SELECT: &str = "select l.id, l.project_key, l.row_key, l.head, l.details, l.performance, l.annotations, l.rest \
                            from labels l ";

/// Lists labels of a project.
pub fn list(connection: &mut dyn Connection, project_key: i64, which: &ListLabels) -> Result<Vec<Label>, StoreError> {
    if which.created_by.is_some() || which.order.by != LabelOrderBy::Created {
        return list_by_details(connection, project_key, which);
    }
    // What is sorted is keys, since a label may be large and a page shows few of many.
    let (keys, params) = keys_of("k.project_key, k.row_key, k.ordinal", project_key, which);
    let (limit, skip) = (which.limit, which.skip);
    let way = if which.order.is_descending { "desc" } else { "asc" };
    // Engines differ in where they put what has no time.
    let untimed = if which.order.is_descending { "last" } else { "first" };
    let order =
        |table: &str| format!("{table}.created_ms {way} nulls {untimed}, {table}.row_key {way}, {table}.ordinal {way}");
    let sql = format!(
        "{SELECT} join ({keys} order by {} limit {limit} offset {skip}) s \
         on l.project_key = s.project_key and l.row_key = s.row_key and l.ordinal = s.ordinal order by {}",
        order("k"),
        order("l")
    );
    connection.list(&sql, &params, label)
}

/// Returns a statement that selects columns of the labels of a project, with its parameters.
fn keys_of<'w>(columns: &str, project_key: i64, which: &'w ListLabels) -> (String, Vec<Param<'w>>) {
    let mut keys = format!("select {columns} from labels k ");
    let mut params: Vec<Param<'_>> = vec![project_key.into()];
    if let Some(ids) = &which.dataset_ids {
        keys.push_str(
            "join data_rows r on r.row_key = k.row_key join datasets d on d.dataset_key = r.dataset_key \
             where k.project_key = $1 and d.id in (''",
        );
        for id in ids {
            params.push(id.into());
            keys.push_str(&format!(", ${}", params.len()));
        }
        keys.push(')');
    } else {
        keys.push_str("where k.project_key = $1");
    }
    (keys, params)
}

/// Lists labels by what their details say. Only the sort key of each label is held, not the label.
fn list_by_details(
    connection: &mut dyn Connection,
    project_key: i64,
    which: &ListLabels,
) -> Result<Vec<Label>, StoreError> {
    let columns = "k.row_key, k.ordinal, coalesce(k.created_ms, 0), k.details, k.performance";
    let (sql, params) = keys_of(columns, project_key, which);
    let mut found: Vec<(f64, i64, RowKey, i64)> = Vec::new();
    connection.query(&sql, &params, &mut |row| {
        let parse = |column| Document::parse(row.text(column).unwrap_or_default().as_bytes()).ok();
        let (details, performance) = (parse(3), parse(4));
        let member = |document: &Option<Document>, key: &str| {
            let value = document.as_ref()?.root().get(key)?;
            Some((value.as_text().map(|text| text.into_owned()), value.as_f64()))
        };
        let made_by = member(&details, "created_by").and_then(|(text, _)| text);
        if which.created_by.is_some() && which.created_by != made_by {
            return ControlFlow::Continue(());
        }
        let created = row.int(2).unwrap_or(0);
        let number = |key: &str| member(&performance, key).and_then(|(_, number)| number).unwrap_or(f64::NEG_INFINITY);
        let value = match which.order.by {
            LabelOrderBy::Created => created as f64,
            LabelOrderBy::Updated => {
                let text = member(&details, "updated_at").and_then(|(text, _)| text);
                let time = text.and_then(|text| Timestamp::parse_export(&text));
                time.map_or(created, Timestamp::as_millis) as f64
            }
            LabelOrderBy::Seconds => number("seconds_to_create"),
            LabelOrderBy::Consensus => number("consensus_score"),
            LabelOrderBy::Benchmark => number("benchmark_score"),
        };
        found.push((value, created, row.int(0).unwrap_or(0), row.int(1).unwrap_or(0)));
        ControlFlow::Continue(())
    })?;
    found.sort_by(|one, next| {
        let by_value = one.0.total_cmp(&next.0);
        let by_value = if which.order.is_descending { by_value.reverse() } else { by_value };
        by_value.then_with(|| (one.1, one.2, one.3).cmp(&(next.1, next.2, next.3)))
    });
    let sql = format!("{SELECT} where l.project_key = $1 and l.row_key = $2 and l.ordinal = $3");
    let mut labels = Vec::new();
    for (_, _, row_key, ordinal) in found.into_iter().skip(which.skip).take(which.limit) {
        labels.extend(connection.find(&sql, &[project_key.into(), row_key.into(), ordinal.into()], label)?);
    }
    Ok(labels)
}

/// Lists the labels of a row in every project of an organization.
pub fn list_of_row(connection: &mut dyn Connection, org_key: i64, row_key: RowKey) -> Result<Vec<Label>, StoreError> {
    let sql = format!(
        "{SELECT} join projects p on p.project_key = l.project_key and p.org_key = $1 \
         where p.deleted_ms is null and l.row_key = $2 and l.project_key in \
         (select r.project_key from project_rows r where r.row_key = $2) order by l.project_key, l.ordinal"
    );
    connection.list(&sql, &[org_key.into(), row_key.into()], label)
}

/// Lists the ids of the labels that a row, named by its id, has in a project.
pub fn list_ids_of_row(
    connection: &mut dyn Connection,
    project_key: i64,
    row_id: &str,
) -> Result<Vec<String>, StoreError> {
    let Some(row_key) = data_rows::find_key(connection, row_id)? else { return Ok(Vec::new()) };
    let sql = "select id from labels where project_key = $1 and row_key = $2 order by ordinal";
    connection.list(sql, &[project_key.into(), row_key.into()], |row| row.text(0).unwrap_or_default())
}

/// Returns whether a row has a label in any project, or a label or prediction in any model run.
pub fn has_any(connection: &mut dyn Connection, row_key: RowKey) -> Result<bool, StoreError> {
    let sql = "select 1 from project_rows r join labels l on l.project_key = r.project_key \
               and l.row_key = r.row_key where r.row_key = $1 limit 1";
    if connection.find(sql, &[row_key.into()], |_| ())?.is_some() {
        return Ok(true);
    }
    let sql = "select 1 from run_rows r join run_labels l on l.run_key = r.run_key \
               and l.row_key = r.row_key where r.row_key = $1 limit 1";
    Ok(connection.find(sql, &[row_key.into()], |_| ())?.is_some())
}

/// Finds a label by its id.
pub fn find(connection: &mut dyn Connection, org_key: i64, id: &str) -> Result<Option<Label>, StoreError> {
    let sql = "select project_key, row_key from label_ids where id = $1";
    let place = connection.find(sql, &[id.into()], |row| (row.int(0).unwrap_or(0), row.int(1).unwrap_or(0)))?;
    let Some((project_key, row_key)) = place else { return Ok(None) };
    let sql = format!(
        "{SELECT} join projects p on p.project_key = l.project_key where l.project_key = $1 and l.row_key = $2 \
         and l.id = $3 and p.org_key = $4 and p.deleted_ms is null"
    );
    connection.find(&sql, &[project_key.into(), row_key.into(), id.into(), org_key.into()], label)
}

pub(super) fn label(row: &dyn RowView) -> Label {
    Label {
        id: row.text(0).unwrap_or_default(),
        project_key: row.int(1).unwrap_or(0),
        row_key: row.int(2).unwrap_or(0),
        head: row.text(3).unwrap_or_default(),
        details: row.text(4),
        performance: row.text(5),
        annotations: row.text(6).unwrap_or_default(),
        rest: row.text(7),
    }
}
