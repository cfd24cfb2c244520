//! Text: spans of characters, both ends included.

use super::{AnnotationKind, Container, DataType, Form};

pub(super) static TEXT: DataType = DataType {
    name: "text",
    summary: "Plain text; spans count characters from 0 and include both ends.",
    media_types: &["TEXT"],
    asset_types: &["text"],
    mime_prefixes: &["text/plain"],
    label_kind: "Default",
    container_key: None,
    container: Container::Lists,
    line_keys: &["location"],
    has_messages: false,
    is_read: true,
    has_key_frames: false,
    kinds: &[
        AnnotationKind { name: "TextBidirectionalRelationship", form: Form::Mutual },
        AnnotationKind { name: "TextEntity", form: Form::Span },
        AnnotationKind { name: "TextUnidirectionalRelationship", form: Form::Directed },
    ],
};
