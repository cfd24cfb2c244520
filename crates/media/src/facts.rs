//! What probes find, and how a row shows it.
//!
//! An export shows only the keys that rows of its data type have, in their order; the API shows whatever is known.

use crate::Attributes;
use labelport_model::data_type::{DATA_TYPES, DataType, find};
use labelport_model::json::quote_into;
use std::borrow::Cow;

/// What a probe found out. Everything but the mime type may be unknown.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// Without parameters, lower case.
    pub(super) mime_type: Cow<'static, str>,
    /// Pixels.
    pub(super) height: Option<u64>,
    /// Pixels.
    pub(super) width: Option<u64>,
    /// How the picture is turned, from 1 to 8 as EXIF counts.
    pub(super) exif_rotation: Option<u16>,
    /// Frames a second.
    pub(super) frame_rate: Option<f64>,
    /// Frames of a video or slices of a series.
    pub(super) frame_count: Option<u64>,
    /// Seconds.
    pub(super) duration_secs: Option<f64>,
    /// The four characters or the name by which the container calls it.
    pub(super) codec: Option<String>,
    /// Samples a second.
    pub(super) sample_rate: Option<u64>,
    /// Channels of sound.
    pub(super) channel_count: Option<u64>,
    /// Pages of a document.
    pub(super) page_count: Option<u64>,
    /// Messages that can be labelled, as JSON strings in normal form.
    pub(super) labelable_ids: Option<Vec<String>>,
    /// All messages.
    pub(super) message_count: Option<u64>,
    /// What a text row says.
    pub(super) text: Option<String>,
    /// The width and the height of each page of a document, in points.
    pub(super) page_sizes: Vec<[f64; 2]>,
    /// The pages of a document as a JSON array in normal form.
    pub(super) text_layer: Option<String>,
    /// Whether there would be more to say if all bytes were there.
    pub(super) is_partial: bool,
}

impl Facts {
    /// Returns facts of which only the mime type is known.
    pub(super) fn of(mime_type: impl Into<Cow<'static, str>>) -> Self {
        Self { mime_type: mime_type.into(), ..Self::default() }
    }

    /// Returns facts of which only the mime type is known because not all bytes are there.
    pub(super) fn of_part(mime_type: impl Into<Cow<'static, str>>) -> Self {
        Self { is_partial: true, ..Self::of(mime_type) }
    }

    /// Puts the facts into the forms in which a row shows them.
    pub(super) fn into_attributes(self, content_length: Option<u64>) -> Attributes {
        let data_type = data_type(&self.mime_type);
        let asset_type = data_type.map(|data_type| asset_type(data_type, &self.mime_type));
        let mut export = Object::default();
        export.number("height", self.height);
        export.number("width", self.width);
        export.text("asset_type", asset_type);
        export.text("mime_type", Some(&self.mime_type));
        export.number("exif_rotation", self.exif_rotation);
        export.float("frame_rate", self.frame_rate);
        export.number("frame_count", self.frame_count);
        export.number("page_count", self.page_count);
        export.list("labelable_ids", self.labelable_ids.as_deref());
        export.number("message_count", self.message_count);

        let (super_type, sub_type) = self.mime_type.split_once('/').unwrap_or((&self.mime_type, ""));
        let mut api = Object::default();
        api.text("assetType", asset_type);
        api.number("contentLength", content_length);
        api.number("height", self.height);
        api.number("width", self.width);
        api.text("mimeType", Some(&self.mime_type));
        api.text("subType", Some(sub_type));
        api.text("superType", Some(super_type));
        api.number("exifRotation", self.exif_rotation);
        api.float("duration", self.duration_secs);
        api.text("codec", self.codec.as_deref());
        api.float("frameRate", self.frame_rate);
        api.number("frameCount", self.frame_count);
        api.number("sampleRate", self.sample_rate);
        api.number("channelCount", self.channel_count);
        api.number("pageCount", self.page_count);
        api.list("labelableIds", self.labelable_ids.as_deref());
        api.number("messageCount", self.message_count);
        Attributes {
            data_type,
            export: export.closed(),
            api: api.closed(),
            text: self.text,
            page_sizes: self.page_sizes,
            text_layer: self.text_layer,
            is_partial: self.is_partial,
            mime_type: self.mime_type.into_owned(),
        }
    }
}

/// Adds the URL of a text layer after the other members.
pub(super) fn add_text_layer_url(attributes: &mut Attributes, url: &str) {
    for (object, key) in [(&mut attributes.export, "text_layer_url"), (&mut attributes.api, "textLayerUrl")] {
        let mut open = Object { members: object.trim_start_matches('{').trim_end_matches('}').to_owned() };
        open.text(key, Some(url));
        *object = open.closed();
    }
}

/// Finds the data type of a mime type.
pub(super) fn data_type(mime_type: &str) -> Option<&'static DataType> {
    let has_it = |data_type: &DataType| data_type.mime_prefixes.iter().any(|prefix| mime_type.starts_with(prefix));
    DATA_TYPES.iter().copied().find(|data_type| has_it(data_type))
}

/// Returns the mime type that all rows of a data type have.
pub(super) fn mime_of(name: &str) -> &'static str {
    find(name).and_then(|data_type| data_type.mime_prefixes.first()).copied().unwrap_or_default()
}

/// Returns the asset type that a mime type ends with, as those of tiles do, else the usual one.
fn asset_type(data_type: &DataType, mime_type: &str) -> &'static str {
    let named = data_type.asset_types.iter().find(|name| mime_type.ends_with(&name.replace('_', "-")));
    named.or(data_type.asset_types.first()).copied().unwrap_or(data_type.name)
}

/// The members of an object in the making. What is not known is left out.
#[derive(Default)]
struct Object {
    members: String,
}

impl Object {
    fn key(&mut self, key: &str) {
        if !self.members.is_empty() {
            self.members.push(',');
        }
        self.members.push('"');
        self.members.push_str(key);
        self.members.push_str("\":");
    }

    fn text(&mut self, key: &str, text: Option<&str>) {
        let Some(text) = text else { return };
        self.key(key);
        self.members.push_str(&quoted(text));
    }

    fn number(&mut self, key: &str, number: Option<impl Into<u64>>) {
        let Some(number) = number else { return };
        self.key(key);
        self.members.push_str(&number.into().to_string());
    }

    fn float(&mut self, key: &str, number: Option<f64>) {
        let Some(number) = number.filter(|number| number.is_finite()) else { return };
        self.key(key);
        self.members.push_str(&number.to_string());
    }

    fn list(&mut self, key: &str, items: Option<&[String]>) {
        let Some(items) = items else { return };
        self.key(key);
        self.members.push('[');
        self.members.push_str(&items.join(","));
        self.members.push(']');
    }

    fn closed(self) -> String {
        format!("{{{}}}", self.members)
    }
}

/// Returns a text as a JSON string in normal form.
pub(super) fn quoted(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len() + 2);
    quote_into(text, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// Returns the mime type of tiles on the earth or, when simple, on a picture.
pub(super) fn tiles_mime(is_simple: bool) -> &'static str {
    if is_simple { "application/x-tms-simple" } else { "application/x-tms-geo" }
}
