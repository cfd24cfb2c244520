//! PDF: pages, with boxes in points and entities over a text layer. The name of the relationship kind is a guess.

use super::{AnnotationKind, DataType};

pub(super) static DOCUMENT: DataType = DataType {
    name: "document",
    summary: "PDF documents; boxes are PDF points.",
    media_types: &["PDF"],
    asset_types: &["pdf", "document"],
    mime_prefixes: &["application/pdf"],
    label_kind: "Default",
    container_key: None,
    has_key_frames: false,
    kinds: &[
        AnnotationKind { name: "DocumentBoundingBox", geometry_key: "bounding_box" },
        AnnotationKind { name: "DocumentEntityToken", geometry_key: "location" },
        AnnotationKind { name: "DocumentUnidirectionalRelationship", geometry_key: "unidirectional_relationship" },
    ],
};
