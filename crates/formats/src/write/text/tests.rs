//! What tests of formats of texts share: rows, and the annotations of labels.

/// Feature schema ids, names and kinds.
pub(in crate::write) const CLASSES: [(&str, &str, &str); 6] = [
    ("s1", "train", "TextEntity"),
    ("s2", "a: b", "TextEntity"),
    ("s3", "seen at", "TextUnidirectionalRelationship"),
    ("s4", "said", "ConversationalTextEntity"),
    ("s5", "kind", "radio_answer"),
    ("s6", "note", "text_answer"),
];

pub(in crate::write) const TEXT_MEDIA: &str = r#"{"asset_type":"text","mime_type":"text/plain"}"#;
pub(in crate::write) const CHAT_MEDIA: &str = r#"{"asset_type":"conversational"}"#;

/// A conversation.
pub(in crate::write) const CHAT: &str =
    r#"{"messages":[{"messageId":"q","content":"é free?","user":{"name":"Ann"}},{"messageId":"r","content":"no"}]}"#;

/// The members of `data_row`.
pub(in crate::write) fn head(row_data: &str) -> String {
    let mut quoted = Vec::new();
    labelport_model::json::quote_into(row_data, &mut quoted);
    let quoted = String::from_utf8(quoted).unwrap();
    format!(r#""id":"clrow","global_key":"k","external_id":"x/a.b.txt","row_data":{quoted}"#)
}

/// Annotations; relations are among the objects, which is all the same.
pub(in crate::write) fn row(objects: &[String], answers: &[&str]) -> String {
    format!(r#"{{"objects":[{}],"classifications":[{}],"relationships":[]}}"#, objects.join(","), answers.join(","))
}

/// A span as it is stored, with its last character.
pub(in crate::write) fn span(id: &str, schema: &str, name: &str, start: i64, last: i64, token: Option<&str>) -> String {
    let token = token.map(|token| format!(r#","token":"{token}""#)).unwrap_or_default();
    let answer = r#"{"feature_id":"o","feature_schema_id":"s5","name":"kind","radio_answer":{"name":"goods"}}"#;
    format!(
        r#"{{"feature_id":"{id}","feature_schema_id":"{schema}","name":"{name}","annotation_kind":"TextEntity","classifications":[{answer}],"location":{{"start":{start},"end":{last}{token}}}}}"#
    )
}

/// A span of a message.
pub(in crate::write) fn message_span(id: &str, message: &str, start: i64, last: i64) -> String {
    format!(
        r#"{{"feature_id":"{id}","feature_schema_id":"s4","name":"said","annotation_kind":"ConversationalTextEntity","conversational_location":{{"message_id":"{message}","location":{{"start":{start},"end":{last}}}}}}}"#
    )
}

/// A relation, under the key that says whether it has a direction.
pub(in crate::write) fn relation(id: &str, from: &str, to: &str, key: &str) -> String {
    format!(
        r#"{{"feature_id":"{id}","feature_schema_id":"s3","name":"seen at","annotation_kind":"TextUnidirectionalRelationship","{key}":{{"source":"{from}","target":"{to}"}}}}"#
    )
}

/// An answer about the whole text.
pub(in crate::write) fn text_answer() -> &'static str {
    r#"{"feature_id":"t","feature_schema_id":"s6","name":"note","text_answer":{"content":"a text"}}"#
}

/// The annotations of [`CHAT`].
pub(in crate::write) fn chat_row() -> String {
    let answer = r#"{"feature_id":"t","feature_schema_id":"s6","name":"note","message_id":"q","conversational_text_answer":{"content":"of q"}}"#;
    let objects = [
        message_span("a", "q", 2, 5),
        message_span("b", "r", 0, 1),
        relation("z", "b", "a", "bidirectional_relationship"),
    ];
    row(&objects, &[answer])
}
