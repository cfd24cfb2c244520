//! DICOM: slices in three groups. The name of the mask kind is a guess.

use super::{AnnotationKind, Container, DataType, Form};

pub(super) static DICOM: DataType = DataType {
    name: "dicom",
    summary: "Medical series, sliced along three axes.",
    media_types: &["DICOM"],
    asset_types: &["dicom"],
    mime_prefixes: &["application/dicom"],
    label_kind: "Default",
    container_key: Some("groups"),
    container: Container::Groups,
    line_keys: &["groupKey"],
    has_messages: false,
    is_read: false,
    has_key_frames: false,
    kinds: &[
        AnnotationKind { name: "DICOMPolyline", form: Form::Line },
        AnnotationKind { name: "DICOMSegmentationMask", form: Form::FrameMask },
    ],
};
