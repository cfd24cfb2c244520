//! Masks: pictures of the pixels that belong to an object.

use crate::annotation::ReadError;
use crate::annotation::cursor::Cursor;
use crate::annotation::record::{self, Layout, Record, keeps_layout};
use crate::annotation::scalar::Text;
use crate::json::ObjectWriter;

/// The pictures of the pixels that belong to an object. Stored masks have one of them or both.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Mask<'a> {
    /// A picture of this object alone.
    pub instance: Option<Instance<'a>>,
    /// A picture of all objects of the label, on one frame where there are frames.
    pub composite: Option<Composite<'a>>,
}

/// A picture of one object, white on black.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Instance<'a> {
    /// Where the picture is.
    pub url: Option<Text<'a>>,
    /// What else was stored.
    pub layout: Layout<'a>,
}

/// A picture of several objects, each in its colour on black.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Composite<'a> {
    /// Where the picture is.
    pub url: Option<Text<'a>>,
    /// Red, green and blue of this object.
    pub color_rgb: Option<[u8; 3]>,
    /// What else was stored.
    pub layout: Layout<'a>,
}

impl<'a> Mask<'a> {
    /// Returns the URL of the object's own picture, or else of that of all objects.
    pub fn url(&self) -> Option<&Text<'a>> {
        match &self.instance {
            Some(instance) => instance.url.as_ref(),
            None => self.composite.as_ref().and_then(|composite| composite.url.as_ref()),
        }
    }

    /// Reads `mask` or `composite_mask`.
    pub(super) fn read(&mut self, key: &str, cursor: &mut Cursor<'a>) -> Result<bool, ReadError> {
        match key {
            "mask" => cursor.fill(&mut self.instance, record::read),
            _ => cursor.fill(&mut self.composite, record::read),
        }
    }
}

impl<'a> Record<'a> for Instance<'a> {
    const KEYS: &'static [&'static str] = &["url"];
    const REQUIRED: u32 = 0b1;

    fn read_member(&mut self, _: usize, cursor: &mut Cursor<'a>) -> Result<bool, ReadError> {
        cursor.fill(&mut self.url, Text::read)
    }

    fn write_member(&self, _: usize, object: &mut ObjectWriter<'_>) {
        if let Some(url) = &self.url {
            url.write(object.key("url"));
        }
    }

    keeps_layout!();
}

impl<'a> Record<'a> for Composite<'a> {
    const KEYS: &'static [&'static str] = &["url", "color_rgb"];
    const REQUIRED: u32 = 0b1;

    fn read_member(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Result<bool, ReadError> {
        match key {
            0 => cursor.fill(&mut self.url, Text::read),
            _ => cursor.fill(&mut self.color_rgb, |cursor| {
                let values = cursor.list(|cursor| Ok(cursor.number().and_then(|text| text.parse().ok())))?;
                Ok(values.and_then(|values| values.try_into().ok()))
            }),
        }
    }

    fn write_member(&self, key: usize, object: &mut ObjectWriter<'_>) {
        if let (0, Some(url)) = (key, &self.url) {
            url.write(object.key("url"));
        }
        if let (1, Some([red, green, blue])) = (key, self.color_rgb) {
            object.raw("color_rgb", format!("[{red},{green},{blue}]").as_bytes());
        }
    }

    keeps_layout!();
}
