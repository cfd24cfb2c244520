//! The annotations of a label put into the container of their data type.
//!
//! The same annotations are laid out differently for each data type; which layout is a field of the data type. The keys
//! of a container are always all there, empty where there is nothing to say.
//!
//! # Adding a container
//! A variant of [`Container`] and an arm in [`Contents::write`].

use super::feature::write_list;
use super::scalar::{Text, write_whole};
use super::timeline::Range;
use super::{Classification, Object};
use crate::data_type::Container;
use crate::json::ObjectWriter;
use std::collections::BTreeMap;

/// What a label's annotations are, before they are laid out. Everything keeps its order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Contents<'a> {
    /// Objects of the whole row.
    pub objects: Vec<Object<'a>>,
    /// Objects on frames.
    pub tracks: Vec<Track<'a>>,
    /// Answers to questions about the row, or about parts of a recording.
    pub classifications: Vec<Timed<'a>>,
    /// How long classifications and chosen options last, where that is not the whole.
    pub segments: Vec<Segments<'a>>,
    /// Relations between annotations.
    pub relationships: Vec<Object<'a>>,
}

/// An object on frames.
#[derive(Debug, Clone, PartialEq)]
pub struct Track<'a> {
    /// The axis along which a series is sliced; nothing for a video.
    pub axis: Option<Axis>,
    /// How it is on its key frames, ascending.
    pub key_frames: Vec<(i64, Object<'a>)>,
    /// The frames over which it lasts.
    pub segments: Segments<'a>,
}

/// The ranges over which a feature id lasts.
#[derive(Debug, Clone, PartialEq)]
pub struct Segments<'a> {
    /// The feature id.
    pub feature_id: Text<'a>,
    /// Frames or milliseconds, both ends included.
    pub ranges: Vec<Range>,
}

/// A classification and when it begins.
#[derive(Debug, Clone, PartialEq)]
pub struct Timed<'a> {
    /// The classification.
    pub classification: Classification<'a>,
    /// The start of each of its ranges, in milliseconds; empty where it holds for the whole.
    pub starts: Vec<i64>,
}

/// An axis along which a series is sliced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Axis {
    /// From head to foot.
    Axial,
    /// From side to side.
    Sagittal,
    /// From front to back.
    Coronal,
}

impl Axis {
    /// Every axis, in the order of a container.
    const ALL: [Self; 3] = [Self::Axial, Self::Sagittal, Self::Coronal];
    /// Every axis, in the order of the key frames of a feature id.
    const OF_KEY_FRAMES: [Self; 3] = [Self::Axial, Self::Coronal, Self::Sagittal];

    /// Returns the name by which containers call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Axial => "Axial",
            Self::Sagittal => "Sagittal",
            Self::Coronal => "Coronal",
        }
    }
}

impl Contents<'_> {
    /// Appends the `annotations` of a label as they are stored.
    pub fn write(&self, container: Container, out: &mut Vec<u8>) {
        let mut object = ObjectWriter::open(out);
        match container {
            Container::Lists => self.write_lists(&mut object),
            Container::Frames => self.write_frames(&mut object),
            Container::Groups => self.write_axes(&mut object),
            Container::Stamps => self.write_starts(&mut object),
        }
        object.close();
    }

    fn write_lists(&self, object: &mut ObjectWriter<'_>) {
        write_list(&self.objects, object.key("objects"), Object::write);
        self.write_classifications(object);
        write_list(&self.relationships, object.key("relationships"), Object::write);
    }

    /// Writes a video. Classifications of ranges are listed with those of the whole and have segments; they make no key
    /// frames.
    fn write_frames(&self, object: &mut ObjectWriter<'_>) {
        write_key_frames(self.tracks.iter(), object.key("frames"));
        write_segments(self.tracks.iter().map(|track| &track.segments).chain(&self.segments), object.key("segments"));
        let mut map = ObjectWriter::open(object.key("key_frame_feature_map"));
        for track in &self.tracks {
            let frames: Vec<i64> = track.key_frames.iter().map(|(frame, _)| *frame).collect();
            write_list(&frames, map.key(track.segments.feature_id.escaped()), |frame, out| write_whole(*frame, out));
        }
        map.close();
        self.write_classifications(object);
    }

    /// Writes a series of slices, as frames once for each axis. Unlike in videos, key frames are the keys of an object.
    fn write_axes(&self, object: &mut ObjectWriter<'_>) {
        let on = |axis: Axis| self.tracks.iter().filter(move |track| track.axis == Some(axis));
        let mut axes = ObjectWriter::open(object.key("groups"));
        for axis in Axis::ALL {
            let mut written = ObjectWriter::open(axes.key(axis.name()));
            written.text("name", axis.name());
            written.raw("classifications", b"[]");
            write_key_frames(on(axis), written.key("frames"));
            written.close();
        }
        axes.close();
        let mut segments = ObjectWriter::open(object.key("segments"));
        for axis in Axis::ALL {
            write_segments(on(axis).map(|track| &track.segments), segments.key(axis.name()));
        }
        segments.close();
        self.write_classifications(object);
        let mut map = ObjectWriter::open(object.key("key_frame_feature_map"));
        for track in &self.tracks {
            let mut axes = ObjectWriter::open(map.key(track.segments.feature_id.escaped()));
            for axis in Axis::OF_KEY_FRAMES {
                let mut frames = ObjectWriter::open(axes.key(axis.name()));
                for (frame, _) in track.key_frames.iter().filter(|_| track.axis == Some(axis)) {
                    frames.raw(&frame.to_string(), b"true");
                }
                frames.close();
            }
            axes.close();
        }
        map.close();
    }

    /// Writes a recording.
    ///
    /// How a timestamp and its segments are structured is a guess by analogy with video, made only here: a
    /// classification is listed at the start of each of its ranges.
    fn write_starts(&self, object: &mut ObjectWriter<'_>) {
        let mut whole = Vec::new();
        let mut by_start = BTreeMap::<i64, Vec<&Classification<'_>>>::new();
        for Timed { classification, starts } in &self.classifications {
            if starts.is_empty() {
                whole.push(classification);
            }
            for start in starts {
                by_start.entry(*start).or_default().push(classification);
            }
        }
        let write = |classification: &&Classification<'_>, out: &mut Vec<u8>| classification.write(out);
        write_list(&whole, object.key("classifications"), write);
        write_segments(self.segments.iter(), object.key("segments"));
        let mut starts = ObjectWriter::open(object.key("timestamp"));
        for (start, classifications) in by_start {
            let mut written = ObjectWriter::open(starts.key(&start.to_string()));
            write_list(&classifications, written.key("classifications"), write);
            written.close();
        }
        starts.close();
    }

    fn write_classifications(&self, object: &mut ObjectWriter<'_>) {
        let write = |timed: &Timed<'_>, out: &mut Vec<u8>| timed.classification.write(out);
        write_list(&self.classifications, object.key("classifications"), write);
    }
}

fn write_segments<'s>(segments: impl Iterator<Item = &'s Segments<'s>>, out: &mut Vec<u8>) {
    let mut object = ObjectWriter::open(out);
    for Segments { feature_id, ranges } in segments {
        write_list(ranges, object.key(feature_id.escaped()), |(first, last), out| {
            write_list(&[*first, *last], out, |end, out| write_whole(*end, out));
        });
    }
    object.close();
}

/// Writes the objects of each frame, frames in ascending order.
fn write_key_frames<'t>(tracks: impl Iterator<Item = &'t Track<'t>>, out: &mut Vec<u8>) {
    let mut frames = BTreeMap::<i64, Vec<(&Text<'_>, &Object<'_>)>>::new();
    for track in tracks {
        for (frame, object) in &track.key_frames {
            frames.entry(*frame).or_default().push((&track.segments.feature_id, object));
        }
    }
    let mut object = ObjectWriter::open(out);
    for (frame, objects) in frames {
        let mut written = ObjectWriter::open(object.key(&frame.to_string()));
        let mut by_id = ObjectWriter::open(written.key("objects"));
        objects.iter().for_each(|(id, object)| object.write(by_id.key(id.escaped())));
        by_id.close();
        written.raw("classifications", b"[]");
        written.close();
    }
    object.close();
}
