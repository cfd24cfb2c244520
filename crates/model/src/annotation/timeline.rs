//! Over which frames features last, and on which of them they were set.
//!
//! Videos and series of slices store next to their annotations the *segments* of each feature id, which are ranges of
//! frames, and its *key frames*; recordings store segments in milliseconds. A feature id is that of an object, of a
//! classification or of a chosen option.

use super::ReadError;
use super::cursor::Cursor;
use super::record::attempt;
use super::scalar::read_whole;
use std::collections::BTreeMap;

/// A first and a last frame or millisecond, both included.
pub type Range = (i64, i64);

/// The segments and key frames of a label.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Timeline<'a> {
    /// Those of each feature id, on each axis where a series has several.
    segments: BTreeMap<&'a str, Vec<OnAxis<'a>>>,
    key_frames: BTreeMap<&'a str, KeyFrames<'a>>,
}

/// The ranges of a feature id, on one axis where a series has several.
type OnAxis<'a> = (Option<&'a str>, Vec<Range>);

/// The key frames of a feature id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct KeyFrames<'a> {
    frames: Vec<i64>,
    /// Those on each axis.
    by_axis: Vec<(&'a str, Vec<i64>)>,
}

impl<'a> Timeline<'a> {
    /// Reads `segments` and `key_frame_feature_map` from the stored annotations of a label. What is neither a range nor
    /// a frame is passed over.
    pub fn read(annotations: &'a str) -> Result<Self, ReadError> {
        let mut timeline = Self::default();
        let mut cursor = Cursor::new(annotations);
        for_each_member(&mut cursor, &mut |key, cursor| match key {
            "segments" => for_each_member(cursor, &mut |key, cursor| timeline.read_segments(key, cursor)),
            "key_frame_feature_map" => for_each_member(cursor, &mut |id, cursor| {
                if let Some(key_frames) = KeyFrames::read(cursor)? {
                    timeline.key_frames.insert(id, key_frames);
                }
                Ok(())
            }),
            _ => cursor.skip().map(drop),
        })?;
        cursor.finish()?;
        Ok(timeline)
    }

    /// Lists the ranges over which a feature id lasts, in the order in which they are stored.
    pub fn segments(&self, axis: Option<&str>, feature_id: &str) -> &[Range] {
        let known = self.segments.get(feature_id).into_iter().flatten();
        known.filter(|(known, _)| *known == axis).map(|(_, ranges)| ranges.as_slice()).next().unwrap_or_default()
    }

    /// Returns whether a feature id was set on a frame; nothing where the label does not say.
    pub fn is_key_frame(&self, axis: Option<&str>, feature_id: &str, frame: i64) -> Option<bool> {
        let known = self.key_frames.get(feature_id)?;
        let on_axis = known.by_axis.iter().find(|(name, _)| Some(*name) == axis);
        Some(on_axis.map_or(&known.frames, |(_, frames)| frames).contains(&frame))
    }

    /// Reads the ranges of a feature id, or those of the feature ids on an axis.
    fn read_segments(&mut self, key: &'a str, cursor: &mut Cursor<'a>) -> Result<(), ReadError> {
        if cursor.peek() != b'{' {
            self.segments.entry(key).or_default().push((None, read_ranges(cursor)?));
            return Ok(());
        }
        for_each_member(cursor, &mut |id, cursor| {
            self.segments.entry(id).or_default().push((Some(key), read_ranges(cursor)?));
            Ok(())
        })
    }
}

impl<'a> KeyFrames<'a> {
    /// Reads a list of frames, an object with frames as keys as exports of 2023 have it, or one of these for each axis;
    /// nothing where it is none of them.
    fn read(cursor: &mut Cursor<'a>) -> Result<Option<Self>, ReadError> {
        let mut found = Self::default();
        match cursor.peek() {
            b'[' => found.frames = read_elements(cursor, read_whole)?,
            b'{' => for_each_member(cursor, &mut |key, cursor| {
                match cursor.peek() {
                    b'[' | b'{' => found.by_axis.push((key, read_frames(cursor)?)),
                    _ if cursor.skip()? == "true" => found.frames.extend(key.parse::<i64>().ok()),
                    _ => {}
                }
                Ok(())
            })?,
            _ => return cursor.skip().map(|_| None),
        }
        Ok(Some(found))
    }
}

/// Reads a list of frames, or an object with frames as keys.
fn read_frames(cursor: &mut Cursor<'_>) -> Result<Vec<i64>, ReadError> {
    if cursor.peek() == b'[' {
        return read_elements(cursor, read_whole);
    }
    let mut frames = Vec::new();
    for_each_member(cursor, &mut |key, cursor| {
        if cursor.skip()? == "true" {
            frames.extend(key.parse::<i64>().ok());
        }
        Ok(())
    })?;
    Ok(frames)
}

fn read_ranges(cursor: &mut Cursor<'_>) -> Result<Vec<Range>, ReadError> {
    read_elements(cursor, |cursor| {
        let ends = cursor.list(read_whole)?;
        Ok(match ends.as_deref() {
            Some([first, last]) => Some((*first, *last)),
            _ => None,
        })
    })
}

/// Reads the elements of an array that are of one kind, and passes over the others.
fn read_elements<'a, T>(
    cursor: &mut Cursor<'a>,
    read: impl Fn(&mut Cursor<'a>) -> Result<Option<T>, ReadError>,
) -> Result<Vec<T>, ReadError> {
    let list = cursor.list(|cursor| match attempt(cursor, &read)? {
        Some(element) => Ok(Some(Some(element))),
        None => cursor.skip().map(|_| Some(None)),
    })?;
    match list {
        Some(list) => Ok(list.into_iter().flatten().collect()),
        // Not an array: nothing was taken.
        None => cursor.skip().map(|_| Vec::new()),
    }
}

/// Calls `each` with the key of every member of an object; `each` takes the value. Another value is passed over.
fn for_each_member<'a>(
    cursor: &mut Cursor<'a>,
    each: &mut dyn FnMut(&'a str, &mut Cursor<'a>) -> Result<(), ReadError>,
) -> Result<(), ReadError> {
    if !cursor.take(b'{') {
        return cursor.skip().map(drop);
    }
    if cursor.take(b'}') {
        return Ok(());
    }
    loop {
        let key = cursor.key()?;
        each(key, cursor)?;
        if cursor.take(b'}') {
            return Ok(());
        }
        cursor.expect(b',')?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn videos_have_segments_and_key_frames_by_feature_id() {
        let text = r#"{"frames":{"1":{}},"segments":{"f":[[1,4],[7,9]],"g":[[1],"x",[2,3]]},"key_frame_feature_map":{"f":[1,7],"h":7}}"#;
        let timeline = Timeline::read(text).unwrap();
        assert_eq!(timeline.segments(None, "f"), [(1, 4), (7, 9)]);
        assert_eq!(timeline.segments(None, "g"), [(2, 3)]);
        assert_eq!(timeline.segments(None, "h"), []);
        let is_key = |id, frame| timeline.is_key_frame(None, id, frame);
        assert_eq!(
            [is_key("f", 7), is_key("f", 2), is_key("g", 2), is_key("h", 2)],
            [Some(true), Some(false), None, None]
        );
    }

    #[test]
    fn older_videos_have_key_frames_as_keys() {
        let text = r#"{"key_frame_feature_map":{"f":{"13":true,"18":false}}}"#;
        let timeline = Timeline::read(text).unwrap();
        let frames = [13, 18, 19].map(|frame| timeline.is_key_frame(None, "f", frame));
        assert_eq!(frames, [Some(true), Some(false), Some(false)]);
    }

    #[test]
    fn series_have_segments_and_key_frames_by_axis() {
        let text = r#"{"segments":{"Axial":{"f":[[1,2]]},"Coronal":{}},"key_frame_feature_map":{"f":{"Axial":{"1":true},"Coronal":{}}}}"#;
        let timeline = Timeline::read(text).unwrap();
        assert_eq!((timeline.segments(Some("Axial"), "f"), timeline.segments(None, "f")), (&[(1, 2)][..], &[][..]));
        let is_key = |axis, frame| timeline.is_key_frame(Some(axis), "f", frame);
        assert_eq!(
            [is_key("Axial", 1), is_key("Axial", 2), is_key("Coronal", 1)],
            [Some(true), Some(false), Some(false)]
        );
    }

    #[test]
    fn a_text_that_is_cut_off_is_an_error() {
        let text = r#"{"segments":{"f":[[1,4]]},"key_frame_feature_map":{"f":[1],"g":{"1":true}}}"#;
        for end in 0..text.len() {
            assert!(Timeline::read(&text[..end]).is_err(), "{}", &text[..end]);
        }
    }
}
