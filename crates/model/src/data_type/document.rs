//! PDF: pages, with boxes in points and entities over a text layer. The name of the relationship kind is a guess.

use super::{AnnotationKind, Container, DataType, Form};

pub(super) static DOCUMENT: DataType = DataType {
    name: "document",
    summary: "PDF documents; boxes are PDF points.",
    media_types: &["PDF"],
    asset_types: &["pdf", "document"],
    mime_prefixes: &["application/pdf"],
    label_kind: "Default",
    container_key: None,
    container: Container::Lists,
    line_keys: &["textSelections", "unit"],
    has_messages: false,
    is_read: true,
    has_key_frames: false,
    kinds: &[
        AnnotationKind { name: "DocumentBidirectionalRelationship", form: Form::Mutual },
        AnnotationKind { name: "DocumentBoundingBox", form: Form::PageBox },
        AnnotationKind { name: "DocumentEntityToken", form: Form::Tokens },
        AnnotationKind { name: "DocumentUnidirectionalRelationship", form: Form::Directed },
    ],
};
