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
    is_read: false,
    has_key_frames: false,
    kinds: &[
        AnnotationKind { name: "ImageBidirectionalRelationship", form: Form::Mutual },
        AnnotationKind { name: "ImageBoundingBox", form: Form::Box },
        AnnotationKind { name: "ImagePoint", form: Form::Point },
        AnnotationKind { name: "ImagePolygon", form: Form::Polygon },
        AnnotationKind { name: "ImagePolyline", form: Form::Line },
        AnnotationKind { name: "ImageSegmentationMask", form: Form::Mask },
        AnnotationKind { name: "ImageUnidirectionalRelationship", form: Form::Directed },
    ],
};
