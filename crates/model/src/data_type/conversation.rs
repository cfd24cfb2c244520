//! Conversations: messages, with spans and classifications on each.

use super::{AnnotationKind, Container, DataType, Form};

pub(super) static CONVERSATION: DataType = DataType {
    name: "conversation",
    summary: "Conversations of several messages.",
    media_types: &["CONVERSATIONAL"],
    asset_types: &["conversational"],
    mime_prefixes: &["application/vnd.labelbox.conversational"],
    label_kind: "Default",
    container_key: None,
    container: Container::Lists,
    line_keys: &["messageId", "messageEvaluationTask"],
    has_messages: true,
    has_key_frames: false,
    kinds: &[
        AnnotationKind {
            name: "ConversationalTextEntity",
            geometry_key: "conversational_location",
            form: Form::MessageSpan,
        },
        AnnotationKind { name: "MessageMultiSelection", geometry_key: "selected_messages", form: Form::MessageChoices },
        AnnotationKind { name: "MessageRanking", geometry_key: "ranked_messages", form: Form::MessageRanks },
        AnnotationKind { name: "MessageSingleSelection", geometry_key: "selected_message", form: Form::MessageChoice },
        AnnotationKind {
            name: "TextBidirectionalRelationship",
            geometry_key: "bidirectional_relationship",
            form: Form::Mutual,
        },
        AnnotationKind {
            name: "TextUnidirectionalRelationship",
            geometry_key: "unidirectional_relationship",
            form: Form::Directed,
        },
    ],
};
