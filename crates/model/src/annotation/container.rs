//! The annotations of a label put into the container of their data type.
//!
//! The same annotations are laid out differently for each data type; which layout is a field of the data type. The keys
//! of a container are always all there, empty where there is nothing to say.
//!
//! # Adding a container
//! A variant of [`Container`] and an arm in [`Contents::write`].

use super::feature::write_list;
use super::scalar::{Text, write_whole};
use super::timed::{Segments, Timed};
use super::track::{Axis, Track};
use super::{Classification, Object};
use crate::data_type::Container;
use crate::json::ObjectWriter;
use std::collections::{BTreeMap, BTreeSet};

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

    /// Writes a video. An answer on frames is shown on each frame that is stored and that it lasts for, and its key frames
    /// are the ends of its ranges. Another answer for a range is listed with those of the whole: it has segments, and makes
    /// no key frames.
    fn write_frames(&self, object: &mut ObjectWriter<'_>) {
        let on_frames: Vec<&Timed<'_>> = self.classifications.iter().filter(|timed| timed.is_on_frames()).collect();
        let tracks: Vec<Stored<'_>> = self.tracks.iter().map(Stored::new).collect();
        write_key_frames(&tracks, &on_frames, object.key("frames"));
        write_segments(self.tracks.iter().map(|track| &track.segments).chain(&self.segments), object.key("segments"));
        let mut map = ObjectWriter::open(object.key("key_frame_feature_map"));
        let mut set_on = |feature_id: &Text<'_>, frames: &[i64]| {
            write_list(frames, map.key(feature_id.escaped()), |frame, out| write_whole(*frame, out));
        };
        for stored in &tracks {
            let frames: Vec<i64> = stored.states.keys().copied().collect();
            set_on(&stored.track.segments.feature_id, &frames);
        }
        let of_objects = self.tracks.iter().flat_map(|track| &track.answers);
        for segments in of_objects.chain(on_frames).flat_map(|timed| &timed.on_frames) {
            set_on(&segments.feature_id, &segments.key_frames());
        }
        map.close();
        let of_the_whole = self.classifications.iter().filter(|timed| !timed.is_on_frames());
        write_whole_answers(of_the_whole, object);
    }

    /// Writes a series of slices, as frames once for each axis. Unlike in videos, key frames are the keys of an object.
    fn write_axes(&self, object: &mut ObjectWriter<'_>) {
        let on = |axis: Axis| self.tracks.iter().filter(move |track| track.axis == Some(axis));
        let mut axes = ObjectWriter::open(object.key("groups"));
        for axis in Axis::ALL {
            let mut written = ObjectWriter::open(axes.key(axis.name()));
            written.text("name", axis.name());
            written.raw("classifications", b"[]");
            let tracks: Vec<Stored<'_>> = on(axis).map(Stored::new).collect();
            write_key_frames(&tracks, &[], written.key("frames"));
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
        for Timed { classification, starts, .. } in &self.classifications {
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
        write_whole_answers(self.classifications.iter(), object);
    }
}

/// An object with its JSON on every frame that is stored.
struct Stored<'t> {
    track: &'t Track<'t>,
    states: BTreeMap<i64, Vec<u8>>,
}

impl<'t> Stored<'t> {
    fn new(track: &'t Track<'t>) -> Self {
        Self { track, states: track.states() }
    }
}

fn write_whole_answers<'t>(answers: impl Iterator<Item = &'t Timed<'t>>, object: &mut ObjectWriter<'_>) {
    let answers: Vec<&Classification<'_>> = answers.map(|timed| &timed.classification).collect();
    write_list(&answers, object.key("classifications"), |answer, out| answer.write(out));
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

/// Writes what each frame shows, frames in ascending order.
fn write_key_frames(tracks: &[Stored<'_>], answers: &[&Timed<'_>], out: &mut Vec<u8>) {
    let mut objects = BTreeMap::<i64, Vec<(&Text<'_>, &[u8])>>::new();
    for Stored { track, states } in tracks {
        for (frame, json) in states {
            objects.entry(*frame).or_default().push((&track.segments.feature_id, json));
        }
    }
    let ends = answers.iter().flat_map(|timed| &timed.on_frames).flat_map(Segments::key_frames);
    let frames: BTreeSet<i64> = objects.keys().copied().chain(ends).collect();
    let mut object = ObjectWriter::open(out);
    for frame in frames {
        let mut written = ObjectWriter::open(object.key(&frame.to_string()));
        let mut by_id = ObjectWriter::open(written.key("objects"));
        objects.get(&frame).into_iter().flatten().for_each(|(id, json)| by_id.raw(id.escaped(), json));
        by_id.close();
        let shown: Vec<Classification<'_>> = answers.iter().filter_map(|timed| timed.at(frame)).collect();
        write_list(&shown, written.key("classifications"), Classification::write);
        written.close();
    }
    object.close();
}
