//! Images: geometry in pixels, origin at the top left.

use super::{AnnotationKind, Container, DataType, Form};

pub(super) static IMAGE: DataType = DataType {
    name: "image",
    summary: "Still images; geometry is pixels.",
    media_types: &["IMAGE"],
    asset_types: &["image"],
    mime_prefixes: &["image/"],
    label_kind: "Default",
    container_key: None,
    container: Container::Lists,
    line_keys: &[],
    has_messages: false,
    has_key_frames: false,
    kinds: &[
        AnnotationKind {
            name: "ImageBidirectionalRelationship",
            geometry_key: "bidirectional_relationship",
            form: Form::Mutual,
        },
        AnnotationKind { name: "ImageBoundingBox", geometry_key: "bounding_box", form: Form::Box },
        AnnotationKind { name: "ImagePoint", geometry_key: "point", form: Form::Point },
        AnnotationKind { name: "ImagePolygon", geometry_key: "polygon", form: Form::Polygon },
        AnnotationKind { name: "ImagePolyline", geometry_key: "line", form: Form::Line },
        AnnotationKind { name: "ImageSegmentationMask", geometry_key: "mask", form: Form::Mask },
        AnnotationKind {
            name: "ImageUnidirectionalRelationship",
            geometry_key: "unidirectional_relationship",
            form: Form::Directed,
        },
    ],
};
