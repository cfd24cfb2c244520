//! Embeddings, as version 7 of the SDK asks for them; earlier ones use REST.

use crate::graphql::schema::{Field, Part, Type};
use labelport_engine::catalog::embedding;
use labelport_store::tables::metadata::Embedding;
use serde_json::{Value, json};

pub(super) static PART: Part = Part {
    types: &[Type { name: "Embedding", leaves: &["custom", "dims", "id", "name"], fields: &[] }],
    queries: &[Field::object("embeddings", "Embedding", &[], |call, _, _| {
        Ok(embedding::list(call.workspace)?.into_iter().map(told).collect())
    })],
    mutations: &[
        Field::object("createEmbedding", "Embedding", &["data"], |call, _, arguments| {
            let name = arguments.text("data.name")?;
            embedding::create(call.workspace, name, arguments.number("data.dims")?).map(told)
        }),
        Field::leaf("deleteEmbedding", &["data"], |call, _, arguments| {
            embedding::delete(call.workspace, arguments.text("data.id")?).map(|()| json!(true))
        }),
    ],
    more: &[],
};

/// Returns an embedding as the SDK reads one.
pub(crate) fn told(embedding: Embedding) -> Value {
    json!({
        "id": embedding.id,
        "name": embedding.name,
        "dims": embedding.dimensions,
        "custom": embedding.is_custom,
    })
}
