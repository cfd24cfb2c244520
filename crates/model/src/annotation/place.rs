//! Where annotations are.

/// Where an annotation is within the annotations of a label. If no more is known, it is about the whole row.
///
/// Pages and messages are part of what an annotation is: see [`Object::page_number`](super::Object::page_number),
/// [`Classification::message_id`](super::Classification::message_id), [`MessageSpan`](super::MessageSpan) and
/// [`TokenGroup`](super::TokenGroup).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Place<'a> {
    /// The list that holds it.
    pub list: Holder,
    /// Its key, if `objects` is an object: the feature id.
    pub key: Option<&'a str>,
    /// The axis along which a series is sliced: `Axial`, `Sagittal` or `Coronal`.
    pub axis: Option<&'a str>,
    /// The frame of a video or the slice of a series, from 1.
    pub frame: Option<i64>,
    /// When it begins in a recording, in milliseconds from 0.
    pub start_ms: Option<i64>,
}

/// What holds an annotation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Holder {
    /// The objects.
    #[default]
    Objects,
    /// The classifications.
    Classifications,
    /// The relationships.
    Relationships,
    /// A list in the list of classifications, which some files have. The store does not count what such a list holds.
    InnerList,
    /// Something unknown.
    Unknown,
}
