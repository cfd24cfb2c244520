//! Embeddings: named spaces of vectors. The vectors belong to the rows.

pub use labelport_store::tables::embeddings::Embedding;

use crate::edits::Edits;
use crate::workspace::Workspace;
use labelport_model::json::{Document, Kind, Value};
use labelport_model::problem::{Problem, ProblemKind};
use labelport_model::quote::Quoted;
use labelport_model::row::EmbeddingValue;
use labelport_store::tables::{data_rows, embeddings};

/// The most numbers that a vector may have.
const DIMENSIONS_LIMIT: i64 = 8_192;

/// Creates an embedding.
pub fn create(workspace: &Workspace, name: &str, dimensions: i64) -> Result<Embedding, Problem> {
    super::dataset::check_name("embedding", name)?;
    if !(1..=DIMENSIONS_LIMIT).contains(&dimensions) {
        let message = format!("dims is {dimensions}; a vector has 1 to {DIMENSIONS_LIMIT} numbers");
        return Err(Problem::malformed(message));
    }
    let embedding = Embedding { id: workspace.chance().cuid(), name: name.to_owned(), dimensions, is_custom: true };
    let (org_key, now, new) = (workspace.org_key(), workspace.now(), embedding.clone());
    workspace.write(move |connection| {
        if embeddings::list(connection, org_key)?.iter().any(|known| known.name == new.name) {
            let message = format!("an embedding is named {:?} already; choose another name", new.name);
            return Err(Problem::conflict(message));
        }
        Ok(embeddings::create(connection, org_key, &new, now)?)
    })?;
    Ok(embedding)
}

/// Lists the embeddings, oldest first.
pub fn list(workspace: &Workspace) -> Result<Vec<Embedding>, Problem> {
    workspace.read(|connection| Ok(embeddings::list(connection, workspace.org_key())?))
}

/// Returns an embedding.
pub fn get(workspace: &Workspace, id: &str) -> Result<Embedding, Problem> {
    let found = list(workspace)?.into_iter().find(|embedding| embedding.id == id);
    found.ok_or_else(|| Problem::not_found("embedding", id))
}

/// Deletes an embedding of somebody's own with its vectors. Every row that had one changes.
pub fn delete(workspace: &Workspace, id: &str) -> Result<(), Problem> {
    let embedding = get(workspace, id)?;
    if !embedding.is_custom {
        let message = format!("the embedding {:?} came with the rows, and nobody made it; it stays", embedding.name);
        return Err(Problem::new(ProblemKind::NotAllowed, message));
    }
    let (org_key, now, id) = (workspace.org_key(), workspace.now(), id.to_owned());
    workspace.write(move |connection| {
        let mut edits = Edits::begin(connection, org_key, now)?;
        let change_seq = edits.change_seq()?;
        if !embeddings::delete(edits.connection, org_key, &id, change_seq)? {
            return Err(Problem::not_found("embedding", &id));
        }
        edits.note_touched();
        Ok(edits.finish()?)
    })
}

/// Counts the data rows that have a vector of an embedding.
pub fn count_vectors(workspace: &Workspace, id: &str) -> Result<i64, Problem> {
    get(workspace, id)?;
    workspace.read(|connection| Ok(embeddings::count_vectors(connection, workspace.org_key(), id)?))
}

/// The most vectors of one call. The SDK sends a thousand.
const VECTORS_LIMIT: usize = 10_000;

/// Gives data rows vectors: one JSON object a line, `{"id": DATA ROW ID, "vector": [NUMBERS]}`. Returns how many there
/// were. A row has one vector of an embedding; a new one takes its place.
///
/// # Errors
/// If a line is something else, names no data row, or has a vector of another length: then nothing is stored.
pub fn import_vectors(workspace: &Workspace, id: &str, lines: &[u8]) -> Result<usize, Problem> {
    let embedding = get(workspace, id)?;
    // Some versions of the SDK leave out the end of a line between two objects.
    let text = String::from_utf8_lossy(lines).replace("}{", "}\n{");
    let mut vectors = Vec::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let wrong = |reason: String| Problem::malformed(format!("line {}: {reason}", index + 1));
        let document = Document::parse(line.as_bytes()).map_err(|error| wrong(format!("it is not JSON: {error}")))?;
        let row_id = document.root().get("id").and_then(Value::as_text);
        let row_id = row_id.ok_or_else(|| wrong("the key id is missing; it names the data row".to_owned()))?;
        let vector = document.root().get("vector").ok_or_else(|| wrong("the key vector is missing".to_owned()))?;
        vectors.push((index + 1, row_id.into_owned(), read_vector(&embedding, vector).map_err(wrong)?));
    }
    let count = vectors.len();
    if count > VECTORS_LIMIT {
        let message = format!("there are {count} vectors; send at most {VECTORS_LIMIT} at once");
        return Err(Problem::malformed(message));
    }
    let (org_key, now) = (workspace.org_key(), workspace.now());
    workspace.write(move |connection| {
        let mut edits = Edits::begin(connection, org_key, now)?;
        for (number, row_id, value) in &vectors {
            let row = data_rows::find(edits.connection, org_key, row_id)?.ok_or_else(|| {
                Problem::malformed(format!("line {number}: no data row has the id {}", Quoted::new(row_id)))
            })?;
            embeddings::put_vector(edits.connection, org_key, row.key, &value.id, &value.json)?;
            edits.touch(row.key)?;
        }
        Ok(edits.finish()?)
    })?;
    Ok(count)
}

/// Reads a vector of an embedding; its numbers stay as they are spelled.
pub(super) fn read_vector(embedding: &Embedding, vector: Value<'_>) -> Result<EmbeddingValue, String> {
    if vector.kind() != Kind::Array || vector.elements().any(|item| item.kind() != Kind::Number) {
        return Err("the vector of an embedding has to be an array of numbers".to_owned());
    }
    if let Some(number) = vector.elements().find(|number| number.as_f64().is_none_or(|number| !number.is_finite())) {
        return Err(format!("the vector has the number {}; give one below 1e308", Quoted::new(number.raw())));
    }
    let count = vector.elements().count();
    if i64::try_from(count) != Ok(embedding.dimensions) {
        let (name, dimensions) = (&embedding.name, embedding.dimensions);
        return Err(format!("the vector has {count} numbers, the embedding {name:?} takes {dimensions}"));
    }
    Ok(EmbeddingValue::new(&embedding.id, &embedding.name, embedding.is_custom, vector))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_has_numbers_that_a_program_can_read() {
        let embedding = Embedding { id: "e".to_owned(), name: "e".to_owned(), dimensions: 2, is_custom: true };
        let read = |vector: &str| {
            let document = Document::parse(vector.as_bytes()).unwrap();
            read_vector(&embedding, document.root()).map(|value| value.json)
        };
        assert!(read("[1, 2.50]").unwrap().contains("2.50"));
        assert_eq!(read("[1e999,2]").unwrap_err(), "the vector has the number \"1e999\"; give one below 1e308");
        assert_eq!(read("[1]").unwrap_err(), "the vector has 1 numbers, the embedding \"e\" takes 2");
        assert_eq!(read("[1,true]").unwrap_err(), "the vector of an embedding has to be an array of numbers");
    }
}
