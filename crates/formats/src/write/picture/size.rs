//! The size of a picture, as the row knows it.

use crate::write::stored::{member_of, text_of};

/// The width and the height of a picture, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::write) struct Size {
    pub(in crate::write) width: f64,
    pub(in crate::write) height: f64,
    /// Whether the picture is stored turned or mirrored. Then nothing says whether the sides are those before or after.
    pub(in crate::write) is_turned: bool,
}

/// What a row with pictures is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::write) enum Kind {
    /// One picture.
    Image,
    /// A picture for each frame.
    Video,
}

/// Why a row is not written.
pub(in crate::write) const NOT_A_PICTURE: &str = "its row is not a picture";

/// What is said of rows whose pictures are turned.
pub(in crate::write) const TURNED: &str =
    "its picture is turned by EXIF; check that its width and height are those after turning";

/// The longest side that any picture has.
const LONGEST: f64 = 2_147_483_647.0;

impl Size {
    /// Reads the media attributes of a row that is an image. Fails with a clause that says why it has no file.
    pub(in crate::write) fn of(media: Option<&[u8]>) -> Result<Self, &'static str> {
        match Self::of_kind(media)? {
            (size, Kind::Image) => Ok(size),
            (_, Kind::Video) => Err(NOT_A_PICTURE),
        }
    }

    /// Reads the media attributes of a row that is an image or a video, and says which.
    pub(in crate::write) fn of_kind(media: Option<&[u8]>) -> Result<(Self, Kind), &'static str> {
        let kind = kind_of(media)?;
        // Older files have the number as a text.
        let turned = member_of(media, "exif_rotation");
        let is_turned = turned.is_some_and(|turned| turned.trim_matches('"') != "1");
        let side = |key: &str| {
            let side = member_of(media, key).and_then(|side| side.parse::<f64>().ok());
            side.filter(|side| side.is_finite() && *side > 0.0)
        };
        let is_whole = |side: f64| side.trunc() == side && side <= LONGEST;
        match (side("width"), side("height")) {
            (Some(width), Some(height)) if is_whole(width) && is_whole(height) => {
                Ok((Self { width, height, is_turned }, kind))
            }
            (Some(_), Some(_)) => Err("the width and the height of its picture are not whole numbers of pixels"),
            _ => Err("the width and the height of its picture are not known"),
        }
    }
}

/// Fails, with a clause that says why, for a row that is not an image, of whatever size.
pub(in crate::write) fn check_is_image(media: Option<&[u8]>) -> Result<(), &'static str> {
    match kind_of(media)? {
        Kind::Image => Ok(()),
        Kind::Video => Err(NOT_A_PICTURE),
    }
}

fn kind_of(media: Option<&[u8]>) -> Result<Kind, &'static str> {
    let text = |key: &str| member_of(media, key).and_then(text_of).unwrap_or_default();
    let (asset, mime) = (text("asset_type"), text("mime_type"));
    match (&*asset, &*mime) {
        ("image", _) => Ok(Kind::Image),
        ("video", _) => Ok(Kind::Video),
        ("", mime) if mime.is_empty() || mime.starts_with("image/") => Ok(Kind::Image),
        ("", mime) if mime.starts_with("video/") => Ok(Kind::Video),
        _ => Err(NOT_A_PICTURE),
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
        for odd in [r#"{"width":8.5,"height":6}"#, r#"{"width":8,"height":4294967296}"#] {
            assert_eq!(
                size(odd),
                Err("the width and the height of its picture are not whole numbers of pixels"),
                "{odd}"
            );
        }
        assert!(Size::of(None).is_err());
    }
}
