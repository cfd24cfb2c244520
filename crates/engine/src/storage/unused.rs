//! Files that nothing refers to: chunks of imports that have ended, masks of deleted labels, assets of deleted rows.
//!
//! A file is used if its id stands in any stored text, in a release, or in a file that is used: conversations and layers name
//! other files. A mask is used if the id in its place does, which is that of an annotation or of a composite. Where nothing is
//! certain a file is kept: an id counts wherever it stands and however the address around it is spelled, and a file that
//! is young may be referred to in a moment.
//!
//! Names of the files that may go are held in memory; texts are looked at one by one.

use crate::storage::files::Files;
use labelport_model::time::Timestamp;
use labelport_store::tables::file_references::{self, KeptMask};
use labelport_store::{Connection, Store, StoreError};
use std::collections::{BTreeMap, HashMap};
use std::io::{self, BufRead, BufReader, Read};

/// How long a file may be there before something refers to it.
pub const YOUNG_MS: i64 = 24 * 3_600_000;
/// How many letters and digits an id has.
const ID_LENGTH: usize = 25;

/// Why unused files could not be found or removed.
#[derive(Debug, thiserror::Error)]
pub enum UnusedError {
    /// The folder cannot be read, or a file in it cannot be removed.
    #[error("the files of the data folder: {0}")]
    Io(#[from] io::Error),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A release cannot be read.
    #[error(
        "release {name} cannot be read ({source}), so that nobody knows which files it needs; see `labelport doctor`"
    )]
    Release {
        /// Its name.
        name: String,
        /// What happened.
        source: io::Error,
    },
    /// What was found is not certain any more.
    #[error("the workspace was written to meanwhile, so that nothing was removed; try again when no task runs")]
    Written,
}

/// Files that nothing refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unused {
    /// Their ids, in order.
    pub ids: Vec<String>,
    /// How many bytes they have together.
    pub size_bytes: u64,
    places: Vec<String>,
    commits: i64,
}

/// What has not been spoken of so far.
struct Search {
    /// The size of each file.
    unseen: HashMap<String, u64>,
    /// Masks, by the id in their place.
    masks: HashMap<String, Vec<KeptMask>>,
    /// Files that are used and were not read yet.
    used: Vec<String>,
}

/// Hands texts that are kept outside the database, such as releases, to a function.
pub type Kept<'a> =
    dyn FnMut(&mut dyn Connection, &mut dyn FnMut(&mut dyn Read) -> io::Result<()>) -> Result<(), UnusedError> + 'a;

/// Finds the files that nothing refers to. The connection should be one of a snapshot.
pub fn find(
    connection: &mut dyn Connection,
    files: &Files,
    kept: &mut Kept<'_>,
    now: Timestamp,
) -> Result<Unused, UnusedError> {
    let commits = file_references::commits(connection)?;
    let before = now.plus_millis(-YOUNG_MS);
    let mut search = Search { unseen: HashMap::new(), masks: HashMap::new(), used: Vec::new() };
    files.each(&mut |found| {
        if found.modified < before {
            search.unseen.insert(found.id, found.size_bytes);
        } else {
            search.used.push(found.id);
        }
    })?;
    if !search.unseen.is_empty() {
        for mask in file_references::list_masks(connection)? {
            match id_in(&mask.place) {
                Some(id) => search.masks.entry(id.to_owned()).or_default().push(mask),
                None => search.see(&mask.file_id),
            }
        }
        for id in file_references::list_running_imports(connection)? {
            search.see(&crate::storage::files::fetched_lines_id(&id));
        }
        file_references::each_text(connection, &mut |text| search.look(text))?;
        kept(connection, &mut |text| search.look_into(text))?;
        search.look_into_files(files)?;
    }
    let Search { unseen, masks, .. } = search;
    let unseen: BTreeMap<String, u64> = unseen.into_iter().collect();
    let gone = masks.into_values().flatten().filter(|mask| unseen.contains_key(&mask.file_id));
    let mut places: Vec<String> = gone.map(|mask| mask.place).collect();
    places.sort_unstable();
    Ok(Unused { size_bytes: unseen.values().sum(), ids: unseen.into_keys().collect(), places, commits })
}

/// Removes files that nothing refers to. Fails if anything was written since they were found.
pub fn remove(store: &Store, files: &Files, unused: Unused) -> Result<(), UnusedError> {
    let Unused { ids, places, commits, .. } = unused;
    let (ids, is_forgotten) = store.write(move |connection| {
        let is_forgotten = file_references::forget(connection, commits, &ids, &places)?;
        Ok((ids, is_forgotten))
    })?;
    if !is_forgotten {
        return Err(UnusedError::Written);
    }
    // What is left by a failure here is known to nobody and found again.
    ids.iter().try_for_each(|id| files.remove(id))?;
    Ok(())
}

impl Search {
    /// Notes that something speaks of an id.
    fn see(&mut self, id: &str) {
        if self.unseen.remove(id).is_some() {
            self.used.push(id.to_owned());
        }
        // A mask names no other file.
        for mask in self.masks.remove(id).into_iter().flatten() {
            self.unseen.remove(&mask.file_id);
        }
    }

    /// Looks for ids in a text.
    fn look(&mut self, text: &[u8]) {
        let mut run = Run::default();
        run.look(text, &mut |id| self.see(id));
        run.end(&mut |id| self.see(id));
    }

    /// Looks for ids in the files that are used, as far as they are text.
    fn look_into_files(&mut self, files: &Files) -> io::Result<()> {
        while let Some(id) = self.used.pop() {
            let file = match files.open(&id) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                file => file?,
            };
            self.look_into(&mut { file })?;
        }
        Ok(())
    }

    /// Looks for ids in what is read, if it is text.
    fn look_into(&mut self, text: &mut dyn Read) -> io::Result<()> {
        let (mut reader, mut run) = (BufReader::new(text), Run::default());
        if reader.fill_buf()?.contains(&0) {
            return Ok(());
        }
        loop {
            let buffer = reader.fill_buf()?;
            let length = buffer.len();
            if length == 0 {
                break;
            }
            run.look(buffer, &mut |id| self.see(id));
            reader.consume(length);
        }
        run.end(&mut |id| self.see(id));
        Ok(())
    }
}

/// Returns the id in the place of a mask, by which annotations know it.
fn id_in(place: &str) -> Option<&str> {
    let (_, id) = place.rsplit_once("/index/")?.0.rsplit_once('/')?;
    (id.len() == ID_LENGTH && id.bytes().all(|byte| byte.is_ascii_alphanumeric())).then_some(id)
}

/// Letters and digits in a row. An id may stand at the end of one: `%2Fc1…` is `2Fc1…` without unescaping.
#[derive(Default)]
struct Run(Vec<u8>);

impl Run {
    /// Goes through bytes, and calls `each` with what may be an id.
    fn look(&mut self, bytes: &[u8], each: &mut dyn FnMut(&str)) {
        for byte in bytes {
            if byte.is_ascii_alphanumeric() {
                if self.0.len() >= 2 * ID_LENGTH {
                    self.0.drain(..ID_LENGTH);
                }
                self.0.push(*byte);
            } else {
                self.end(each);
            }
        }
    }

    /// Ends what is in a row.
    fn end(&mut self, each: &mut dyn FnMut(&str)) {
        let start = self.0.len().checked_sub(ID_LENGTH);
        if let Some(id) = start.and_then(|start| std::str::from_utf8(&self.0[start..]).ok()) {
            each(id);
        }
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_seen_however_its_address_is_spelled() {
        let id = "c0123456789abcdefghijklmn";
        let check = |text: &str, expect: &[&str]| {
            for cut in 0..=text.len() {
                let (mut found, mut run) = (Vec::new(), Run::default());
                let mut each = |id: &str| found.push(id.to_owned());
                run.look(&text.as_bytes()[..cut], &mut each);
                run.look(&text.as_bytes()[cut..], &mut each);
                run.end(&mut each);
                assert_eq!(found, expect, "{text} cut at {cut}");
            }
        };
        check(id, &[id]);
        check(&format!(r#"{{"a":"http://h/files/{id}/a.png?signature=1"}}"#), &[id]);
        check(&format!(r#"{{"a":"http:\/\/h\/files\/{id}\/a.png"}}"#), &[id]);
        check(&format!("http://proxy/?url=http%3A%2F%2Fh%2Ffiles%2F{id}%2Fa.png"), &[id]);
        check(&format!("\\u002f{id}\\u002f"), &[id]);
        check(&format!("{}{id}-{id}", "x".repeat(120)), &[id, id]);
        check(&id[1..], &[]);
    }
}
