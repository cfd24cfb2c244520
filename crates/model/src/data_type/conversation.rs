//! Conversations: messages, with spans and classifications on each.

use super::{AnnotationKind, DataType};

pub(super) static CONVERSATION: DataType = DataType {
    name: "conversation",
    summary: "Conversations of several messages.",
    media_types: &["CONVERSATIONAL"],
    asset_types: &["conversational"],
    mime_prefixes: &["application/vnd.labelbox.conversational"],
    label_kind: "Default",
    container_key: None,
    has_key_frames: false,
    kinds: &[
        AnnotationKind { name: "ConversationalTextEntity", geometry_key: "conversational_location" },
        AnnotationKind { name: "MessageMultiSelection", geometry_key: "selected_messages" },
        AnnotationKind { name: "MessageRanking", geometry_key: "ranked_messages" },
        AnnotationKind { name: "MessageSingleSelection", geometry_key: "selected_message" },
    ],
};
