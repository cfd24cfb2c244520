//! Video: frames counted from 1, key frames, segments. The names of point, line and polygon kinds are guesses by
//! pattern.

use super::{AnnotationKind, Container, DataType, Form};

pub(super) static VIDEO: DataType = DataType {
    name: "video",
    summary: "Video; frames count from 1, geometry is pixels.",
    media_types: &["VIDEO"],
    asset_types: &["video"],
    mime_prefixes: &["video/"],
    label_kind: "Video",
    container_key: Some("frames"),
    container: Container::Frames,
    line_keys: &["frames", "masks", "segments"],
    has_messages: false,
    is_read: false,
    has_key_frames: true,
    kinds: &[
        AnnotationKind { name: "VideoBoundingBox", form: Form::Box },
        AnnotationKind { name: "VideoPoint", form: Form::Point },
        AnnotationKind { name: "VideoPolygon", form: Form::Polygon },
        AnnotationKind { name: "VideoPolyline", form: Form::Line },
        AnnotationKind { name: "VideoSegmentationMask", form: Form::FrameMask },
    ],
};
