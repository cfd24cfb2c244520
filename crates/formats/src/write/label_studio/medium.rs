//! The data types that Label Studio shows, each with the tag that shows it and the controls that mark something in it.

use crate::write::picture::{Kind, Size};
use crate::write::stored::parsed;
use labelport_model::data_type::{self, Form};

/// What Label Studio shows.
#[derive(Debug)]
pub(super) struct Medium {
    /// The name of the data type: also that of its folder, of its tag and of the key of its data.
    pub(super) name: &'static str,
    /// The tag.
    pub(super) element: &'static str,
    /// Attributes of the tag, next to its name and its value.
    pub(super) attributes: &'static [(&'static str, &'static str)],
    /// What marks something in it.
    pub(super) controls: &'static [&'static Control],
    pub(super) way: Way,
}

/// How labels of a data type are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// As shapes on a picture.
    Picture,
    /// As boxes that move from frame to frame.
    Video,
    /// As characters of a text or of messages.
    Text,
    /// As answers about the whole or about ranges of time.
    Answers,
}

/// A control that marks something.
#[derive(Debug)]
pub(super) struct Control {
    pub(super) name: &'static str,
    pub(super) element: &'static str,
    /// The type of its results.
    pub(super) kind: &'static str,
    /// The key of the labels in the value of a result.
    pub(super) key: &'static str,
    /// What it draws; nothing for those that mark what there are answers about.
    pub(super) forms: &'static [Form],
}

const fn control(name: &'static str, element: &'static str, kind: &'static str, forms: &'static [Form]) -> Control {
    Control { name, element, kind, key: kind, forms }
}

pub(super) static BOXES: Control = control("boxes", "RectangleLabels", "rectanglelabels", &[Form::Box]);
pub(super) static POLYGONS: Control = control("polygons", "PolygonLabels", "polygonlabels", &[Form::Polygon]);
pub(super) static LINES: Control = control("lines", "VectorLabels", "vectorlabels", &[Form::Line]);
pub(super) static POINTS: Control = control("points", "KeyPointLabels", "keypointlabels", &[Form::Point]);
pub(super) static MASKS: Control = control("masks", "BrushLabels", "brushlabels", &[Form::Mask]);
pub(super) static ENTITIES: Control = control("entities", "Labels", "labels", &[Form::Span]);
pub(super) static PHRASES: Control = control("entities", "ParagraphLabels", "paragraphlabels", &[Form::MessageSpan]);
/// Whole messages, about which there are answers.
pub(super) static MESSAGES: Control = control("messages", "ParagraphLabels", "paragraphlabels", &[]);
pub(super) static MOMENTS: Control = control("moments", "Labels", "labels", &[]);
/// Boxes of videos have their labels in another control.
pub(super) static TRACKS: Control =
    Control { name: "tracks", element: "VideoRectangle", kind: "videorectangle", key: "labels", forms: &[Form::Box] };

/// Every data type that Label Studio shows.
pub(super) static MEDIA: [Medium; 7] = [
    Medium { name: "audio", element: "Audio", attributes: &[], controls: &[&MOMENTS], way: Way::Answers },
    Medium {
        name: "conversation",
        element: "Paragraphs",
        attributes: &[("layout", "dialogue"), ("nameKey", "author"), ("textKey", "text")],
        controls: &[&PHRASES, &MESSAGES],
        way: Way::Text,
    },
    Medium { name: "document", element: "Pdf", attributes: &[], controls: &[], way: Way::Answers },
    Medium {
        name: "html",
        element: "HyperText",
        attributes: &[("valueType", "url")],
        controls: &[],
        way: Way::Answers,
    },
    Medium {
        name: "image",
        element: "Image",
        attributes: &[],
        controls: &[&BOXES, &POLYGONS, &LINES, &POINTS, &MASKS],
        way: Way::Picture,
    },
    Medium { name: "text", element: "Text", attributes: &[], controls: &[&ENTITIES], way: Way::Text },
    Medium { name: "video", element: "Video", attributes: &[], controls: &[&TRACKS], way: Way::Video },
];

/// Why a row is not written that Label Studio cannot show.
const NOT_SHOWN: &str = "its row is not of a data type that Label Studio shows";

impl Medium {
    /// Returns the place among [`MEDIA`] of what a row is. Fails with a clause for a row that Label Studio cannot show.
    pub(super) fn of(media: Option<&[u8]>) -> Result<usize, &'static str> {
        let known = data_type::of_media(parsed(media.unwrap_or(b"{}")).root()).map(|known| known.name);
        let name = match (known, Size::of_kind(media)) {
            (Some(name), _) => name,
            (None, Ok((_, Kind::Image))) => "image",
            (None, Ok((_, Kind::Video))) => "video",
            (None, Err(reason)) => return Err(reason),
        };
        MEDIA.iter().position(|medium| medium.name == name).ok_or(NOT_SHOWN)
    }

    /// Returns whether ranges of time are marked in it.
    pub(super) fn is_recording(&self) -> bool {
        self.controls.iter().any(|control| control.name == MOMENTS.name)
    }

    /// Returns whether a class may be one of its labels, by the kind of its annotations.
    pub(super) fn has_kind(&self, kind: &str) -> bool {
        let of_other = data_type::find_kind(kind).is_some();
        let own = data_type::find(self.name).is_some_and(|known| known.kinds.iter().any(|known| known.name == kind));
        // The kind of a tool that nobody used is a word of the ontology.
        own || !of_other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_medium_is_a_data_type() {
        assert!(MEDIA.iter().all(|medium| data_type::find(medium.name).is_some()));
        assert!(MEDIA.is_sorted_by_key(|medium| medium.name));
        let of = |media: &str| Medium::of(Some(media.as_bytes())).map(|place| MEDIA[place].name);
        assert_eq!(of(r#"{"asset_type":"pdf"}"#), Ok("document"));
        assert_eq!(of(r#"{"width":8,"height":6}"#), Ok("image"));
        assert_eq!(of(r#"{"asset_type":"dicom"}"#), Err(NOT_SHOWN));
        let place = Medium::of(Some(br#"{"asset_type":"image"}"#)).unwrap();
        let has = |kind: &str| MEDIA[place].has_kind(kind);
        assert_eq!([has("ImagePoint"), has("VideoPoint"), has("rectangle")], [true, false, true]);
    }
}
