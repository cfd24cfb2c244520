//! Embeddings: named spaces of vectors. The vectors belong to the rows.

pub use labelport_store::tables::metadata::Embedding;

use crate::workspace::Workspace;
use labelport_model::problem::Problem;
use labelport_store::tables::metadata;

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
        if metadata::list_embeddings(connection, org_key)?.iter().any(|known| known.name == new.name) {
            let message = format!("an embedding is named {:?} already; choose another name", new.name);
            return Err(Problem::conflict(message));
        }
        Ok(metadata::create_embedding(connection, org_key, &new, now)?)
    })?;
    Ok(embedding)
}

/// Lists the embeddings, oldest first.
pub fn list(workspace: &Workspace) -> Result<Vec<Embedding>, Problem> {
    workspace.read(|connection| Ok(metadata::list_embeddings(connection, workspace.org_key())?))
}

/// Returns an embedding.
pub fn get(workspace: &Workspace, id: &str) -> Result<Embedding, Problem> {
    let found = list(workspace)?.into_iter().find(|embedding| embedding.id == id);
    found.ok_or_else(|| Problem::not_found("embedding", id))
}

/// Deletes an embedding that no row has.
pub fn delete(workspace: &Workspace, id: &str) -> Result<(), Problem> {
    let (org_key, id) = (workspace.org_key(), id.to_owned());
    workspace.write(move |connection| match metadata::delete_embedding(connection, org_key, &id)? {
        None => Err(Problem::not_found("embedding", &id)),
        Some(0) => Ok(()),
        Some(rows) => Err(Problem::conflict(format!("{rows} data rows have vectors of the embedding; it stays"))),
    })
}
