//! Ids and global keys that may be taken, looked up for many rows at once.
//!
//! What is not in here is free; what is in here may be, and is looked up again by whoever needs to know. So a row whose
//! ids are all free is new and needs no look-up of its own, and whatever happens on the way only has to be added.

use crate::connection::{Connection, Param, StoreError};
use labelport_model::row::Row;
use std::borrow::Cow;
use std::collections::HashSet;

/// How many ids are looked up by one statement.
const LOOK_UP: usize = 256;

/// What may be taken.
pub(super) struct Taken<'a> {
    rows: HashSet<Cow<'a, str>>,
    global_keys: HashSet<Cow<'a, str>>,
    labels: HashSet<Cow<'a, str>>,
}

impl<'a> Taken<'a> {
    /// Looks up what some rows would take.
    pub(super) fn find(connection: &mut dyn Connection, org_key: i64, rows: &[&'a Row]) -> Result<Self, StoreError> {
        let org: Param<'_> = org_key.into();
        let ids = rows.iter().map(|row| row.id.as_str()).collect();
        let global_keys = rows.iter().filter_map(|row| row.global_key.as_deref()).collect();
        let labels = rows.iter().flat_map(|row| labels_of(row)).collect();
        Ok(Self {
            rows: look_up(connection, "select id from row_ids where id in", None, ids)?,
            global_keys: look_up(
                connection,
                "select global_key from global_keys where org_key = $1 and global_key in",
                Some(org),
                global_keys,
            )?,
            labels: look_up(connection, "select id from label_ids where id in", None, labels)?,
        })
    }

    /// Takes what a row would take. Returns whether all of it was free.
    pub(super) fn take(&mut self, row: &'a Row) -> bool {
        let mut is_free = self.rows.insert(Cow::Borrowed(row.id.as_str()));
        if let Some(global_key) = &row.global_key {
            is_free &= self.global_keys.insert(Cow::Borrowed(global_key));
        }
        for label in labels_of(row) {
            is_free &= self.labels.insert(Cow::Borrowed(label));
        }
        is_free
    }
}

fn labels_of(row: &Row) -> impl Iterator<Item = &str> {
    row.projects.iter().flat_map(|project| project.labels.iter().flatten()).map(|label| label.id.as_str())
}

/// Returns those of some texts that a statement finds, in the order of the keys so that neighbours are found on one page.
fn look_up<'a>(
    connection: &mut dyn Connection,
    select: &str,
    first: Option<Param<'_>>,
    mut texts: Vec<&str>,
) -> Result<HashSet<Cow<'a, str>>, StoreError> {
    let mut found = HashSet::with_capacity(texts.len());
    texts.sort_unstable();
    let fixed = usize::from(first.is_some());
    let numbers: Vec<String> = (fixed + 1..=fixed + LOOK_UP).map(|number| format!("${number}")).collect();
    let sql = format!("{select} ({})", numbers.join(", "));
    let mut params = Vec::with_capacity(fixed + LOOK_UP);
    for chunk in texts.chunks(LOOK_UP) {
        params.clear();
        params.extend(first);
        params.extend(chunk.iter().map(|text| Param::Text(text)));
        // A last chunk names its last text again: one statement serves all.
        params.resize(fixed + LOOK_UP, Param::Text(chunk[chunk.len() - 1]));
        for text in connection.list(&sql, &params, |row| row.text(0))? {
            found.extend(text.map(Cow::Owned));
        }
    }
    Ok(found)
}
