//! Text: spans of characters, both ends included.

use super::{AnnotationKind, DataType};

pub(super) static TEXT: DataType = DataType {
    name: "text",
    summary: "Plain text; spans count characters from 0 and include both ends.",
    media_types: &["TEXT"],
    asset_types: &["text"],
    mime_prefixes: &["text/plain"],
    label_kind: "Default",
    container_key: None,
    has_key_frames: false,
    kinds: &[
        AnnotationKind { name: "TextEntity", geometry_key: "location" },
        AnnotationKind { name: "TextUnidirectionalRelationship", geometry_key: "unidirectional_relationship" },
    ],
};
