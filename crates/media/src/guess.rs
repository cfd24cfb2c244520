//! What an asset probably is, from its name, the `Content-Type` of its answer and what its caller declared.
//!
//! The caller knows best; what the others say only makes the caller's word more exact. Without it the answer counts
//! before the name.

use crate::Asset;
use crate::facts::{Facts, data_type, mime_of, tiles_mime};
use labelport_model::data_type::{DataType, find_by_media_type};

/// Ends of file names and what they stand for, the usual one of a data type first.
const EXTENSIONS: &[(&str, &str)] = &[
    ("mp3", "audio/mpeg"),
    ("aac", "audio/aac"),
    ("flac", "audio/flac"),
    ("m4a", "audio/mp4"),
    ("oga", "audio/ogg"),
    ("ogg", "audio/ogg"),
    ("opus", "audio/ogg"),
    ("wav", "audio/wav"),
    ("dcm", "application/dicom"),
    ("dicom", "application/dicom"),
    ("pdf", "application/pdf"),
    ("html", "text/html"),
    ("htm", "text/html"),
    ("jpg", "image/jpeg"),
    ("avif", "image/avif"),
    ("bmp", "image/bmp"),
    ("gif", "image/gif"),
    ("heic", "image/heic"),
    ("jpeg", "image/jpeg"),
    ("png", "image/png"),
    ("svg", "image/svg+xml"),
    ("tif", "image/tiff"),
    ("tiff", "image/tiff"),
    ("webp", "image/webp"),
    ("txt", "text/plain"),
    ("csv", "text/plain"),
    ("log", "text/plain"),
    ("md", "text/plain"),
    ("mp4", "video/mp4"),
    ("avi", "video/x-msvideo"),
    ("m4v", "video/mp4"),
    ("mkv", "video/x-matroska"),
    ("mov", "video/quicktime"),
    ("webm", "video/webm"),
];

/// Where nothing is known.
const UNKNOWN: &str = "application/octet-stream";

pub(super) fn of_asset(asset: &Asset<'_>) -> Facts {
    of_name(asset.url, asset.content_type, asset.media_type)
}

pub(super) fn of_name(url: &str, content_type: Option<&str>, media_type: Option<&str>) -> Facts {
    let declared = content_type.and_then(essence);
    let named = by_extension(url).map(str::to_owned);
    let mut candidates = [declared.clone(), named].into_iter().flatten();
    let mime_type = match media_type.and_then(find_by_media_type) {
        Some(declared) => candidates
            .find(|mime| data_type(mime).is_some_and(|found| found.name == declared.name))
            .unwrap_or_else(|| usual(declared, media_type)),
        None => candidates.find(|mime| data_type(mime).is_some()).or(declared).unwrap_or_else(|| UNKNOWN.to_owned()),
    };
    Facts::of(mime_type)
}

/// Returns whether the caller declared a media type of the data type with this name.
pub(super) fn is_declared(media_type: Option<&str>, name: &str) -> bool {
    media_type.and_then(find_by_media_type).is_some_and(|declared| declared.name == name)
}

/// Returns the mime type that the end of a URL's path stands for.
pub(super) fn by_extension(url: &str) -> Option<&'static str> {
    let path = url.split(['?', '#']).next().unwrap_or(url);
    let (_, extension) = path.rsplit('/').next()?.rsplit_once('.')?;
    EXTENSIONS.iter().find(|(known, _)| known.eq_ignore_ascii_case(extension)).map(|(_, mime)| *mime)
}

/// Returns the mime type of a `Content-Type`, unless it says no more than that there are bytes.
pub(super) fn essence(content_type: &str) -> Option<String> {
    let essence = content_type.split(';').next().unwrap_or(content_type).trim().to_ascii_lowercase();
    let is_token = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&byte))
    };
    let (kind, name) = essence.split_once('/')?;
    if !is_token(kind) || !is_token(name) || name == "octet-stream" || essence.len() > 100 {
        return None;
    }
    // Rows of text have one mime type, whatever is written.
    let is_plain = kind == "text" && name != "html";
    Some(if is_plain { mime_of("text").to_owned() } else { essence })
}

/// Returns the usual mime type of a declared data type.
fn usual(declared: &DataType, media_type: Option<&str>) -> String {
    let prefix = declared.mime_prefixes.first().copied().unwrap_or(UNKNOWN);
    if prefix.ends_with('/') {
        let known = EXTENSIONS.iter().find(|(_, mime)| mime.starts_with(prefix));
        return known.map_or(UNKNOWN, |(_, mime)| *mime).to_owned();
    }
    if prefix.ends_with("tms-") {
        let is_simple = media_type.is_some_and(|media_type| media_type.to_ascii_lowercase().ends_with("simple"));
        return tiles_mime(is_simple).to_owned();
    }
    prefix.to_owned()
}
