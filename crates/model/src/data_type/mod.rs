//! The data types, one file each.
//!
//! A data type says how rows of it are recognised, what its labels are called and which annotation kinds it has.
//! Nothing outside this folder names a data type in a `match`: what differs between types is a field of [`DataType`].
//! An annotation kind that is in no table is not an error. It is stored, counted and exported like the others.
//!
//! # Adding a data type
//! One file next to this one with a `pub(super) static`, one line in [`DATA_TYPES`]. An annotation kind is one line in
//! the file of its data type; if it draws something new, add a [`Form`] and a
//! [`Shape`](crate::annotation::Shape).

mod audio;
mod conversation;
mod dicom;
mod document;
mod geospatial;
mod html;
mod image;
mod text;
mod video;

use crate::json::{Kind as JsonKind, Value};

/// A kind of data that can be labelled.
#[derive(Debug)]
pub struct DataType {
    /// The name in filters, tables and messages.
    pub name: &'static str,
    /// One sentence about it.
    pub summary: &'static str,
    /// The vendor's media type values, upper case, the usual one first.
    pub media_types: &'static [&'static str],
    /// The values of `media_attributes.asset_type`, the usual one first.
    pub asset_types: &'static [&'static str],
    /// What `media_attributes.mime_type` begins with.
    pub mime_prefixes: &'static [&'static str],
    /// The value of `label_kind`.
    pub label_kind: &'static str,
    /// A key of `annotations` that no other data type has.
    pub container_key: Option<&'static str>,
    /// How `annotations` are laid out.
    pub container: Container,
    /// Keys of import lines that no other data type's lines have.
    pub line_keys: &'static [&'static str],
    /// Whether the data are messages, each of which can be annotated.
    pub has_messages: bool,
    /// Whether annotations refer to what the asset says: its words, its pages, its messages.
    pub is_read: bool,
    /// Whether geometry between key frames can be computed.
    pub has_key_frames: bool,
    /// The annotation kinds, as `annotation_kind` spells them.
    pub kinds: &'static [AnnotationKind],
}

/// A kind of annotation on one data type.
#[derive(Debug)]
pub struct AnnotationKind {
    /// The value of `annotation_kind`.
    pub name: &'static str,
    /// What is drawn, and in which terms.
    pub form: Form,
}

/// How the `annotations` of a label are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Container {
    /// `objects`, `classifications` and `relationships`, each a list.
    Lists,
    /// `frames` by number, `segments`, key frames, and `classifications` of the whole. Frames count from 1.
    Frames,
    /// As [`Container::Frames`], once for each axis of a volume.
    Groups,
    /// `classifications` of the whole, `segments`, and classifications by `timestamp`. Milliseconds from 0.
    Stamps,
}

/// What an annotation draws or points at, and in which terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A rectangle of pixels.
    Box,
    /// A rectangle on a page, in PDF points.
    PageBox,
    /// A rectangle of longitudes and latitudes.
    GeoBox,
    /// Joined points in pixels.
    Line,
    /// Joined longitudes and latitudes.
    GeoLine,
    /// A point in pixels.
    Point,
    /// A longitude and a latitude.
    GeoPoint,
    /// A closed ring of pixels.
    Polygon,
    /// A closed ring of longitudes and latitudes.
    GeoPolygon,
    /// A picture of the pixels that belong to an object.
    Mask,
    /// Such a picture for each of several frames.
    FrameMask,
    /// Characters of a text, both ends included.
    Span,
    /// Characters of a message, both ends included.
    MessageSpan,
    /// Words of a document's text layer.
    Tokens,
    /// One object's relation to another.
    Directed,
    /// A relation between two objects that has no direction.
    Mutual,
    /// The message preferred to its siblings.
    MessageChoice,
    /// The messages preferred to their siblings.
    MessageChoices,
    /// Messages in order of preference.
    MessageRanks,
}

/// Every data type, by name.
pub static DATA_TYPES: &[&DataType] = &[
    &audio::AUDIO,
    &conversation::CONVERSATION,
    &dicom::DICOM,
    &document::DOCUMENT,
    &geospatial::GEOSPATIAL,
    &html::HTML,
    &image::IMAGE,
    &text::TEXT,
    &video::VIDEO,
];

/// The data type that is assumed if nothing shows another.
pub static USUAL: &DataType = &image::IMAGE;

/// Finds a data type by its name.
pub fn find(name: &str) -> Option<&'static DataType> {
    DATA_TYPES.iter().copied().find(|data_type| data_type.name == name)
}

/// Finds an annotation kind by its name. Kinds that several data types share are the same in all of them.
pub fn find_kind(name: &str) -> Option<&'static AnnotationKind> {
    DATA_TYPES.iter().flat_map(|data_type| data_type.kinds).find(|kind| kind.name == name)
}

/// Finds a data type by the vendor's media type value, in any case.
pub fn find_by_media_type(media_type: &str) -> Option<&'static DataType> {
    find_where(|data_type| data_type.media_types.iter().any(|known| known.eq_ignore_ascii_case(media_type)))
}

/// Finds the data type of `media_attributes`: by asset type, else by mime type.
pub fn of_media(media: Value<'_>) -> Option<&'static DataType> {
    let text = |key: &str| media.get(key).and_then(Value::as_text);
    if let Some(asset) = text("asset_type") {
        let found =
            find_where(|data_type| data_type.asset_types.iter().any(|known| known.eq_ignore_ascii_case(&asset)));
        if found.is_some() {
            return found;
        }
    }
    let mime = text("mime_type")?;
    find_where(|data_type| data_type.mime_prefixes.iter().any(|prefix| mime.starts_with(prefix)))
}

/// Finds the only data type that an import line can be for, by its keys and those of its answers.
pub fn of_line(line: Value<'_>) -> Option<&'static DataType> {
    let answers = line.get("answer").into_iter().flat_map(Value::elements);
    let places: Vec<Value<'_>> = std::iter::once(line).chain(answers).collect();
    let has = |key: &str| places.iter().any(|place| place.get(key).is_some_and(|value| value.kind() != JsonKind::Null));
    find_where(|data_type| data_type.line_keys.iter().any(|key| has(key)))
}

/// Finds the only data type that the annotations of a label can be for: by a container key, else by the first known
/// annotation kind.
pub fn of_annotations(annotations: Value<'_>) -> Option<&'static DataType> {
    let found = find_where(|data_type| data_type.container_key.is_some_and(|key| annotations.get(key).is_some()));
    if found.is_some() {
        return found;
    }
    let objects = annotations.get("objects").filter(|objects| objects.kind() == JsonKind::Array)?;
    objects.elements().find_map(|object| {
        let kind = object.get("annotation_kind")?.as_text()?;
        find_where(|data_type| data_type.kinds.iter().any(|known| known.name == kind))
    })
}

fn find_where(test: impl Fn(&DataType) -> bool) -> Option<&'static DataType> {
    DATA_TYPES.iter().copied().find(|data_type| test(data_type))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Document;

    #[test]
    fn every_data_type_is_described_unique_and_in_order() {
        let names: Vec<_> = DATA_TYPES.iter().map(|data_type| data_type.name).collect();
        assert!(names.is_sorted() && names.len() == 9, "{names:?}");
        let mut kinds = std::collections::BTreeSet::new();
        for data_type in DATA_TYPES {
            assert!(data_type.summary.ends_with('.'), "{}", data_type.name);
            for kind in data_type.kinds {
                // Conversations share their relationships with text.
                assert!(kinds.insert((data_type.name, kind.name)), "{} occurs twice", kind.name);
            }
        }
    }

    #[track_caller]
    fn check_media(media: &str, expect: Option<&str>) {
        let document = Document::parse(media.as_bytes()).unwrap();
        assert_eq!(of_media(document.root()).map(|data_type| data_type.name), expect);
    }

    #[test]
    fn rows_are_recognised_by_asset_type_then_mime_type() {
        check_media(r#"{"asset_type":"tms_simple"}"#, Some("geospatial"));
        check_media(r#"{"mime_type":"audio/wav"}"#, Some("audio"));
        check_media(r#"{"asset_type":"hologram","mime_type":"image/png"}"#, Some("image"));
        check_media(r#"{}"#, None);
    }

    #[track_caller]
    fn check_line(line: &str, expect: Option<&str>) {
        let document = Document::parse(line.as_bytes()).unwrap();
        assert_eq!(of_line(document.root()).map(|data_type| data_type.name), expect);
    }

    #[test]
    fn lines_are_recognised_by_their_keys() {
        check_line(r#"{"segments":[]}"#, Some("video"));
        check_line(r#"{"segments":[],"groupKey":"axial"}"#, Some("dicom"));
        check_line(r#"{"location":{}}"#, Some("text"));
        check_line(r#"{"location":{},"messageId":"m"}"#, Some("conversation"));
        check_line(r#"{"answer":[{"value":"a","frames":[]}]}"#, Some("video"));
        check_line(r#"{"location":null,"bbox":{}}"#, None);
        check_line("7", None);
    }

    #[test]
    fn rows_are_recognised_by_annotations_if_not_by_media() {
        let video = Document::parse(br#"{"frames":{},"segments":{}}"#).unwrap();
        assert_eq!(of_annotations(video.root()).map(|data_type| data_type.name), Some("video"));
        let geo = Document::parse(br#"{"objects":[{"annotation_kind":"GeoPoint"}]}"#).unwrap();
        assert_eq!(of_annotations(geo.root()).map(|data_type| data_type.name), Some("geospatial"));
    }
}
