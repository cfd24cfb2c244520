//! Which of many rows may be known already, looked up for all of them at once.
//!
//! A row whose id, global key and label ids are neither stored nor named by an earlier row is new and needs no look-up of
//! its own. Of any other row nothing is said: it is looked up again, when its turn comes.

use crate::connection::{Connection, Param, StoreError};
use labelport_model::row::Row;

/// How many ids are looked up by one statement.
const LOOK_UP: usize = 256;

/// Returns for each row whether something that it names may be taken.
pub(super) fn find_taken(
    connection: &mut dyn Connection,
    org_key: i64,
    rows: &[&Row],
) -> Result<Vec<bool>, StoreError> {
    let mut taken = vec![false; rows.len()];
    let ids = rows.iter().enumerate().map(|(index, row)| (row.id.as_str(), index)).collect();
    look_up(connection, "select id from row_ids where id in", None, ids, &mut taken)?;
    let global_keys =
        rows.iter().enumerate().filter_map(|(index, row)| Some((row.global_key.as_deref()?, index))).collect();
    let sql = "select global_key from global_keys where org_key = $1 and global_key in";
    look_up(connection, sql, Some(org_key.into()), global_keys, &mut taken)?;
    let labels = rows.iter().enumerate().flat_map(|(index, row)| {
        let labels = row.projects.iter().flat_map(|project| project.labels.iter().flatten());
        labels.map(move |label| (label.id.as_str(), index))
    });
    look_up(connection, "select id from label_ids where id in", None, labels.collect(), &mut taken)?;
    Ok(taken)
}

/// Marks the rows that name a text which a statement finds or an earlier row names. Texts are looked up in the order of
/// the keys, so that neighbours are found on one page.
fn look_up(
    connection: &mut dyn Connection,
    select: &str,
    first: Option<Param<'_>>,
    mut named: Vec<(&str, usize)>,
    taken: &mut [bool],
) -> Result<(), StoreError> {
    named.sort_unstable();
    for pair in named.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
        taken[pair[1].1] = true;
    }
    let fixed = usize::from(first.is_some());
    let numbers: Vec<String> = (fixed + 1..=fixed + LOOK_UP).map(|number| format!("${number}")).collect();
    let sql = format!("{select} ({})", numbers.join(", "));
    let mut params = Vec::with_capacity(fixed + LOOK_UP);
    for chunk in named.chunks(LOOK_UP) {
        params.clear();
        params.extend(first);
        params.extend(chunk.iter().map(|(text, _)| Param::Text(text)));
        // A last chunk names its last text again: one statement serves all.
        params.resize(fixed + LOOK_UP, Param::Text(chunk[chunk.len() - 1].0));
        for text in connection.list(&sql, &params, |row| row.text(0))?.into_iter().flatten() {
            let start = named.partition_point(|(name, _)| *name < text.as_str());
            named[start..].iter().take_while(|(name, _)| *name == text).for_each(|(_, index)| taken[*index] = true);
        }
    }
    Ok(())
}
