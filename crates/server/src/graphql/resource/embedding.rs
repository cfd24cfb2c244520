//! Embeddings, as version 7 of the SDK asks for them; earlier ones use REST.

use crate::graphql::schema::{Field, Part, Type};
use crate::nodes;
use labelport_engine::catalog::embedding;
use serde_json::json;

pub(super) static PART: Part = Part {
    types: &[Type { name: "Embedding", leaves: &["custom", "dims", "id", "name"], fields: &[] }],
    queries: &[Field::object("embeddings", "Embedding", &[], |call, _, _| {
        Ok(embedding::list(call.workspace)?.into_iter().map(nodes::embedding).collect())
    })],
    mutations: &[
        Field::object("createEmbedding", "Embedding", &["data"], |call, _, arguments| {
            let name = arguments.text("data.name")?;
            embedding::create(call.workspace, name, arguments.number("data.dims")?).map(nodes::embedding)
        }),
        Field::leaf("deleteEmbedding", &["data"], |call, _, arguments| {
            embedding::delete(call.workspace, arguments.text("data.id")?).map(|()| json!(true))
        }),
    ],
    more: &[],
};
