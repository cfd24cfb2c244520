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
    is_read: true,
    has_key_frames: false,
    kinds: &[
        AnnotationKind { name: "ConversationalTextEntity", form: Form::MessageSpan },
        AnnotationKind { name: "MessageMultiSelection", form: Form::MessageChoices },
        AnnotationKind { name: "MessageRanking", form: Form::MessageRanks },
        AnnotationKind { name: "MessageSingleSelection", form: Form::MessageChoice },
        AnnotationKind { name: "TextBidirectionalRelationship", form: Form::Mutual },
        AnnotationKind { name: "TextUnidirectionalRelationship", form: Form::Directed },
    ],
};
