//! Which of many rows may be known already, looked up for all of them at once.
//!
//! A row whose id, global key and label ids are neither stored nor named by an earlier row is new and needs no look-up of
//! its own. Of any other row nothing is said: it is looked up again, when its turn comes.

use super::order::sort_by_text;
use crate::engine::{Connection, Param, StoreError};
use labelport_model::row::Row;

/// How many texts are looked up by one statement.
const LOOK_UP: usize = 256;

/// A table of texts that are taken.
struct Taken {
    table: &'static str,
    column: &'static str,
    /// A condition before that on the text, with the value of its `$1`.
    within: Option<(&'static str, i64)>,
}

/// Returns for each row whether something that it names may be taken.
pub(super) fn find_taken(
    connection: &mut dyn Connection,
    org_key: i64,
    rows: &[&Row],
) -> Result<Vec<bool>, StoreError> {
    let mut taken = vec![false; rows.len()];
    let ids = rows.iter().enumerate().map(|(index, row)| (row.id.as_str(), index)).collect();
    Taken { table: "row_ids", column: "id", within: None }.mark(connection, ids, &mut taken)?;
    let global_keys =
        rows.iter().enumerate().filter_map(|(index, row)| Some((row.global_key.as_deref()?, index))).collect();
    Taken { table: "global_keys", column: "global_key", within: Some(("org_key = $1 and", org_key)) }.mark(
        connection,
        global_keys,
        &mut taken,
    )?;
    let labels = rows.iter().enumerate().flat_map(|(index, row)| {
        let labels = row.projects.iter().flat_map(|project| project.labels.iter().flatten());
        labels.map(move |label| (label.id.as_str(), index))
    });
    Taken { table: "label_ids", column: "id", within: None }.mark(connection, labels.collect(), &mut taken)?;
    Ok(taken)
}

/// How many a server is asked for by one statement.
const LIST: usize = 8_192;

/// Marks the rows that name a text, in a list that is in the order of the texts.
fn mark_all(named: &[(&str, usize)], text: &str, taken: &mut [bool]) {
    let start = named.partition_point(|(name, _)| *name < text);
    named[start..].iter().take_while(|(name, _)| *name == text).for_each(|(_, index)| taken[*index] = true);
}

impl Taken {
    /// Marks the rows that name a text which the table holds or an earlier row names. Texts are looked up in the order of
    /// the keys, which is that of their bytes, so that neighbours are found on one page.
    fn mark(
        &self,
        connection: &mut dyn Connection,
        mut named: Vec<(&str, usize)>,
        taken: &mut [bool],
    ) -> Result<(), StoreError> {
        sort_by_text(&mut named, |(text, _)| text);
        for pair in named.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
            taken[pair[1].1] = true;
        }
        if connection.traits().is_remote {
            return self.mark_listed(connection, &named, taken);
        }
        let (any, each) = (self.any_between(), self.each_of());
        let mut params = Vec::with_capacity(1 + LOOK_UP);
        for chunk in named.chunks(LOOK_UP) {
            let last = Param::Text(chunk[chunk.len() - 1].0);
            params.clear();
            params.extend(self.within.map(|(_, value)| Param::Int(value)));
            // Ids begin with the time at which they were made: as a rule all of the new ones come after all that are known.
            let fixed = params.len();
            params.extend([Param::Text(chunk[0].0), last]);
            if connection.find(&any, &params, |_| ())?.is_none() {
                continue;
            }
            params.truncate(fixed);
            params.extend(chunk.iter().map(|(text, _)| Param::Text(text)));
            // A last chunk names its last text again: one statement serves all.
            params.resize(fixed + LOOK_UP, last);
            for text in connection.list(&each, &params, |row| row.text(0))?.into_iter().flatten() {
                mark_all(&named, &text, taken);
            }
        }
        Ok(())
    }

    /// Marks them by few statements, each with a long list.
    fn mark_listed(
        &self,
        connection: &mut dyn Connection,
        named: &[(&str, usize)],
        taken: &mut [bool],
    ) -> Result<(), StoreError> {
        let sql = format!("{} {} = any(${})", self.select(), self.column, 1 + usize::from(self.within.is_some()));
        for chunk in named.chunks(LIST) {
            let texts: Vec<String> = chunk.iter().map(|(text, _)| (*text).to_owned()).collect();
            let within = self.within.map(|(_, value)| Param::Int(value));
            let params: Vec<Param<'_>> = within.into_iter().chain([Param::Texts(&texts)]).collect();
            for text in connection.list(&sql, &params, |row| row.text(0))?.into_iter().flatten() {
                mark_all(named, &text, taken);
            }
        }
        Ok(())
    }

    fn select(&self) -> String {
        format!("select {} from {} where {}", self.column, self.table, self.within.map_or("", |(within, _)| within))
    }

    /// Selects a text between two.
    fn any_between(&self) -> String {
        let first = 1 + usize::from(self.within.is_some());
        let column = self.column;
        format!("{} {column} >= ${first} and {column} <= ${} order by {column} limit 1", self.select(), first + 1)
    }

    /// Selects those of many texts that are there.
    fn each_of(&self) -> String {
        let first = 1 + usize::from(self.within.is_some());
        let numbers: Vec<String> = (first..first + LOOK_UP).map(|number| format!("${number}")).collect();
        format!("{} {} in ({})", self.select(), self.column, numbers.join(", "))
    }
}
