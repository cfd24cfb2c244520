//! Audio: classifications of the whole and of parts of it.

use super::{Container, DataType};

pub(super) static AUDIO: DataType = DataType {
    name: "audio",
    summary: "Sound recordings; times are milliseconds.",
    media_types: &["AUDIO"],
    asset_types: &["audio"],
    mime_prefixes: &["audio/"],
    label_kind: "Default",
    container_key: Some("timestamp"),
    container: Container::Stamps,
    line_keys: &[],
    has_messages: false,
    is_read: false,
    has_key_frames: false,
    kinds: &[],
};
