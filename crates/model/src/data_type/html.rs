//! HTML: classifications of a page.

use super::{Container, DataType};

pub(super) static HTML: DataType = DataType {
    name: "html",
    summary: "Web pages, classified as a whole.",
    media_types: &["HTML"],
    asset_types: &["html"],
    mime_prefixes: &["text/html"],
    label_kind: "Default",
    container_key: None,
    container: Container::Lists,
    line_keys: &[],
    has_messages: false,
    is_read: false,
    has_key_frames: false,
    kinds: &[],
};
