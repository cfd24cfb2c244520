//! Maps: tiles, with GeoJSON geometry. The names of all kinds but the box are guesses by pattern.

use super::{AnnotationKind, Container, DataType, Form};

pub(super) static GEOSPATIAL: DataType = DataType {
    name: "geospatial",
    summary: "Map tiles; coordinates are longitude and latitude.",
    media_types: &["TMS_GEO", "TMS_SIMPLE"],
    asset_types: &["tms_geo", "tms_simple"],
    mime_prefixes: &["application/x-tms-"],
    label_kind: "Default",
    container_key: None,
    container: Container::Lists,
    line_keys: &[],
    has_messages: false,
    is_read: false,
    has_key_frames: false,
    kinds: &[
        AnnotationKind { name: "GeoBoundingBox", form: Form::GeoBox },
        AnnotationKind { name: "GeoPoint", form: Form::GeoPoint },
        AnnotationKind { name: "GeoPolygon", form: Form::GeoPolygon },
        AnnotationKind { name: "GeoPolyline", form: Form::GeoLine },
    ],
};
