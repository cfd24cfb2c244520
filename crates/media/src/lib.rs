//! What an asset's own bytes say about it: its data type, its size, its length, its pages.
//!
//! Assets come from anywhere, so a probe reads hostile bytes: it never panics, never trusts a length or a count, and its
//! memory and time are bounded by the bytes that it was given, which are part of a large asset only. A probe that needs all
//! of an asset says of a large one what it is and no more. A probe that does not recognise its format says nothing,
//! one that does says what it could find out. Where no probe says anything, the name of the asset and what its caller
//! declared are all there is; what comes out is never empty.
//!
//! Probes meet the row format at `Facts`: no probe knows a key of a row.
//!
//! # Adding a media format
//! One file next to this one with a function from an [`Asset`] to facts, one line in `PROBES`, and the usual ends of
//! file names in `EXTENSIONS` in `guess.rs`.

mod audio;
mod conversation;
mod dicom;
mod facts;
mod guess;
mod heif;
mod html;
mod image;
mod inline;
mod json;
mod matroska;
mod mp4;
mod numbers;
mod orientation;
mod pdf;
mod text;
mod tiles;
mod window;

pub use dicom::{SeriesError, read_series};
pub use inline::of_inline;
pub use window::Window;

use facts::Facts;
use labelport_model::data_type::{DataType, find_by_media_type};

/// An asset that was fetched, and what else is known of it.
#[derive(Debug, Clone, Copy)]
pub struct Asset<'a> {
    /// What it holds, or what a [`Window`] holds of it.
    pub bytes: &'a [u8],
    /// The end of an asset that is not there whole.
    pub tail: &'a [u8],
    /// How many bytes it has.
    pub length: u64,
    /// The `Content-Type` of the answer.
    pub content_type: Option<&'a str>,
    /// Where it was fetched.
    pub url: &'a str,
    /// The media type that the caller declared, such as `IMAGE`.
    pub media_type: Option<&'a str>,
    /// The length that the server gave; `None` stands for `length`.
    pub content_length: Option<u64>,
}

/// What is known about an asset, in the forms in which a row shows it.
#[derive(Debug, Clone)]
pub struct Attributes {
    /// The data type; `None` for bytes that belong to none, such as a JSON text of an unknown form.
    pub data_type: Option<&'static DataType>,
    /// The mime type, without parameters.
    pub mime_type: String,
    /// `media_attributes` of an export: a JSON object in normal form.
    pub export: String,
    /// `mediaAttributes` of the data row API: a JSON object in normal form.
    pub api: String,
    /// What a text row says.
    pub text: Option<String>,
    /// The width and the height of each page of a document, in points, as it is read.
    pub page_sizes: Vec<[f64; 2]>,
    /// The text layer of a document: a JSON array of pages in normal form.
    pub text_layer: Option<String>,
    /// Whether text or pages are not known because the asset is too large to be read whole.
    pub is_partial: bool,
}

impl<'a> Asset<'a> {
    /// Returns an asset of which only its bytes and its URL are known.
    pub fn new(window: &'a Window, url: &'a str) -> Self {
        let Window { bytes, tail, length } = window;
        Self { bytes, tail, length: *length, content_type: None, url, media_type: None, content_length: None }
    }

    /// Returns whether all bytes are there.
    fn is_whole(&self) -> bool {
        self.bytes.len() as u64 == self.length
    }
}

impl Attributes {
    /// Adds the URL under which the text layer is served.
    pub fn add_text_layer_url(&mut self, url: &str) {
        facts::add_text_layer_url(self, url);
    }
}

/// Says what an asset is. Never fails: an asset that nobody recognises is what [`guess`] says.
pub fn inspect(asset: &Asset<'_>) -> Attributes {
    inspect_with(PROBES, asset)
}

fn inspect_with(probes: &[Probe], asset: &Asset<'_>) -> Attributes {
    let guess = || Facts { is_partial: !asset.is_whole(), ..guess::of_asset(asset) };
    let facts = probes.iter().find_map(|probe| (probe.read)(asset)).unwrap_or_else(guess);
    facts.into_attributes(Some(asset.content_length.unwrap_or(asset.length)))
}

/// Says what an asset that cannot be reached probably is, from its name and the declared media type.
pub fn guess(url: &str, media_type: Option<&str>) -> Attributes {
    guess::of_name(url, None, media_type).into_attributes(None)
}

/// Returns the attributes that an export shows as the data-row API shows them: the same facts under names in camel case.
pub fn to_api(export: &str) -> String {
    let members: serde_json::Map<String, serde_json::Value> = serde_json::from_str(export).unwrap_or_default();
    let renamed = members.into_iter().map(|(key, value)| {
        let mut parts = key.split('_');
        let mut name = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let mut letters = part.chars();
            name.extend(letters.next().map(|first| first.to_ascii_uppercase()));
            name.push_str(letters.as_str());
        }
        (name, value)
    });
    serde_json::Value::Object(renamed.collect()).to_string()
}

/// Returns the mime type of an asset that is not of the declared media type. A media type that no data type has
/// contradicts nothing.
pub fn mismatch(attributes: &Attributes, media_type: &str) -> Option<String> {
    let declared = find_by_media_type(media_type)?;
    let is_it = attributes.data_type.is_some_and(|found| found.name == declared.name);
    (!is_it).then(|| attributes.mime_type.clone())
}

/// What bytes of one kind say about themselves.
#[derive(Clone, Copy)]
struct Probe {
    /// What it knows.
    #[cfg_attr(not(test), expect(dead_code, reason = "tests name the probe that is wrong"))]
    name: &'static str,
    /// Returns what it found out; nothing for bytes of another kind.
    read: fn(&Asset<'_>) -> Option<Facts>,
}

/// Every probe, the more certain before the less: any bytes of UTF-8 are a text.
static PROBES: &[Probe] = &[
    Probe { name: "image", read: image::probe },
    Probe { name: "heif", read: heif::probe },
    Probe { name: "mp4", read: mp4::probe },
    Probe { name: "matroska", read: matroska::probe },
    Probe { name: "audio", read: audio::probe },
    Probe { name: "pdf", read: pdf::probe },
    Probe { name: "dicom", read: dicom::probe },
    Probe { name: "conversation", read: conversation::probe },
    Probe { name: "tiles", read: tiles::probe },
    Probe { name: "html", read: html::probe },
    Probe { name: "json", read: json::probe },
    Probe { name: "text", read: text::probe },
];

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
