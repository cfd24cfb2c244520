//! The size of a picture, as the row knows it.

use super::media_of;
use labelport_model::json::Value;

/// The width and the height of a picture, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Size {
    pub(super) width: f64,
    pub(super) height: f64,
    /// Whether the picture is stored turned or mirrored. Then nothing says whether the sides are those before or after.
    pub(super) is_turned: bool,
}

/// What is said of rows whose pictures are turned.
pub(super) const TURNED: &str =
    "its picture is turned by EXIF; check that its width and height are those after turning";

impl Size {
    /// Reads the media attributes of a row. Fails with a clause that says why it has no file.
    pub(super) fn of(media: Option<&[u8]>) -> Result<Self, &'static str> {
        let media = media_of(media);
        let text = |key: &str| media.root().get(key).and_then(Value::as_text).unwrap_or_default().into_owned();
        let (asset, mime) = (text("asset_type"), text("mime_type"));
        let is_picture = match (asset.as_str(), mime.as_str()) {
            ("image", _) => true,
            ("", mime) => mime.is_empty() || mime.starts_with("image/"),
            _ => false,
        };
        if !is_picture {
            return Err("its row is not a picture");
        }
        // Older files have the number as a text.
        let is_turned = media.root().get("exif_rotation").is_some_and(|turned| turned.raw().trim_matches('"') != "1");
        let side = |key: &str| {
            let side = media.root().get(key).and_then(|side| side.raw().parse::<f64>().ok());
            side.filter(|side| side.is_finite() && *side >= 1.0)
        };
        match (side("width"), side("height")) {
            (Some(width), Some(height)) => Ok(Self { width, height, is_turned }),
            _ => Err("the width and the height of its picture are not known"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_have_sizes_and_other_assets_none() {
        let size = |media: &str| Size::of(Some(media.as_bytes()));
        let known = Ok(Size { width: 8.0, height: 6.0, is_turned: false });
        assert_eq!(size(r#"{"asset_type":"image","width":8,"height":6}"#), known);
        assert_eq!(size(r#"{"mime_type":"image/png","width":8,"height":6}"#), known);
        assert_eq!(size(r#"{"width":8,"height":6}"#), known);
        for other in
            [r#"{"asset_type":"video","width":8,"height":6}"#, r#"{"mime_type":"video/mp4","width":8,"height":6}"#]
        {
            assert_eq!(size(other), Err("its row is not a picture"));
        }
        for unknown in ["{}", r#"{"asset_type":"image"}"#, r#"{"width":0,"height":6}"#] {
            assert_eq!(size(unknown), Err("the width and the height of its picture are not known"), "{unknown}");
        }
        assert!(Size::of(None).is_err());
    }
}
