//! The character NUL, which some engines cannot store in a text.
//!
//! JSON writes it as `\u0000`, so what is kept as JSON has none. Names and keys are kept as they are.

use super::sections::attachment_id;
use labelport_model::row::{Label, MetadataFact, Row};

/// Returns where a row has a text with NUL that is kept as it is.
pub(super) fn find(row: &Row) -> Option<&'static str> {
    let has = |text: &str| text.contains('\0');
    let is_one = |text: &Option<String>| text.as_deref().is_some_and(has);
    let in_labels = |labels: &Option<Vec<Label>>| {
        labels.iter().flatten().flat_map(|label| &label.tally).any(|(feature, _)| {
            [&feature.schema_id, &feature.name, &feature.kind, &feature.value].into_iter().any(|text| has(text))
        })
    };
    let in_fact = |fact: &MetadataFact| match fact {
        MetadataFact::Text(text) => has(text),
        MetadataFact::EnumOption { id, name } => has(id) || has(name),
        _ => false,
    };
    let dataset = || row.details.iter().filter_map(|details| details.dataset.as_ref()).any(|(_, name)| is_one(name));
    let attachments = || {
        let ids =
            row.attachments.iter().flatten().filter(|json| json.contains("\\u0000")).map(|json| attachment_id(json));
        ids.into_iter().any(|id| is_one(&id))
    };
    let metadata = || {
        row.metadata.iter().flatten().any(|value| {
            has(&value.schema_id) || has(&value.name) || has(&value.kind) || value.facts.iter().any(in_fact)
        })
    };
    let embeddings = || row.embeddings.iter().flatten().any(|value| has(&value.id) || has(&value.name));
    let projects = || {
        row.projects.iter().any(|project| {
            let details = project.details.as_ref();
            let batch = details.and_then(|details| details.batch.as_ref()).is_some_and(|(_, name)| is_one(name));
            let task = details.and_then(|details| details.task.as_ref());
            is_one(&project.name)
                || batch
                || task.is_some_and(|(id, name)| is_one(id) || has(name))
                || in_labels(&project.labels)
        })
    };
    let models = || {
        row.models.iter().any(|model| {
            let in_run = |run: &labelport_model::row::RunRow| {
                is_one(&run.name) || in_labels(&run.labels) || in_labels(&run.predictions)
            };
            is_one(&model.name) || model.runs.iter().any(in_run)
        })
    };
    let places: [(&'static str, &dyn Fn() -> bool); 8] = [
        ("data_row.global_key", &|| is_one(&row.global_key)),
        ("data_row.external_id", &|| is_one(&row.external_id)),
        ("data_row.details", &dataset),
        ("attachments", &attachments),
        ("metadata_fields", &metadata),
        ("embeddings", &embeddings),
        ("projects", &projects),
        ("experiments", &models),
    ];
    places.into_iter().find(|(_, is_there)| is_there()).map(|(place, _)| place)
}
