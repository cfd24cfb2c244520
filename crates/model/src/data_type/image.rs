//! Images: geometry in pixels, origin at the top left.

use super::{AnnotationKind, DataType};

pub(super) static IMAGE: DataType = DataType {
    name: "image",
    summary: "Still images; geometry is pixels.",
    media_types: &["IMAGE"],
    asset_types: &["image"],
    mime_prefixes: &["image/"],
    label_kind: "Default",
    container_key: None,
    has_key_frames: false,
    kinds: &[
        AnnotationKind { name: "ImageBoundingBox", geometry_key: "bounding_box" },
        AnnotationKind { name: "ImagePoint", geometry_key: "point" },
        AnnotationKind { name: "ImagePolygon", geometry_key: "polygon" },
        AnnotationKind { name: "ImagePolyline", geometry_key: "line" },
        AnnotationKind { name: "ImageSegmentationMask", geometry_key: "mask" },
        AnnotationKind { name: "ImageUnidirectionalRelationship", geometry_key: "unidirectional_relationship" },
    ],
};
