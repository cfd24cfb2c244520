//! YouTube-VIS: a JSON file for each part, with videos, and with an annotation for each object of a video that has its box
//! and its pixels frame by frame.
//!
//! A video lists the frames on which something is stored; the lists of an annotation have an element for each of these,
//! null where the object is not.
//!
//! # Invariants
//! - Videos, annotations and categories are numbered from 1, in the order of the export, through all parts.
//! - The list of videos and that of annotations are two streams of one file.
//!
//! What the format cannot hold: answers, lines, points.

use super::about::check_options;
use super::annotations::for_each;
use super::chosen::{self, LABELS, PREDICTIONS};
use super::class_names::CLASS_NAMES;
use super::digits;
use super::elements::{Commas, open_element, write_list};
use super::marks::Mark;
use super::media::MEDIA;
use super::naming::NAMES;
use super::picture::{self, CLASSES, Decided, Geometry, OnFrame, ROWS, Row, Size, Videos, write_numbers};
use super::settled::{Fate, LOSSES};
use super::split::SPLIT;
use super::split_by::SPLIT_BY;
use super::{
    About, Encoder, Entries, Format, FormatOption, Joiner, Layout, Numbers, OpenError, Options, Totals, Wanted,
};
use labelport_model::json::{ObjectWriter, quote_into};
use labelport_model::record::Record;
use std::collections::{BTreeMap, BTreeSet};

/// A JSON file for each part.
pub struct YoutubeVis;

static OPTIONS: [FormatOption; 8] = [CLASSES, CLASS_NAMES, LABELS, MEDIA, NAMES, PREDICTIONS, SPLIT, SPLIT_BY];

const ROWS_STREAM: usize = 0;
const LOSSES_STREAM: usize = 1;
/// The stream of the first part.
const PARTS_STREAM: usize = 2;

struct Files<'f> {
    videos: Videos<'f>,
}

const TWICE: &str = "its object is there twice on one frame";

/// An object of a video.
struct Track {
    class: usize,
    /// What it is on each frame.
    frames: BTreeMap<i64, Spot>,
}

/// An object on a frame.
struct Spot {
    bbox: [f64; 4],
    area: f64,
    /// As JSON.
    segmentation: Vec<u8>,
}

impl Format for YoutubeVis {
    fn name(&self) -> &'static str {
        "youtube-vis"
    }

    fn summary(&self) -> &'static str {
        "YouTube-VIS JSON: objects of videos with their boxes and pixels frame by frame; for MMTracking and detectron2."
    }

    fn keeps(&self) -> &'static str {
        "boxes, polygons and masks of videos"
    }

    fn layout(&self) -> Layout {
        Layout::Package
    }

    fn options(&self) -> &'static [FormatOption] {
        &OPTIONS
    }

    fn is_lossy(&self) -> bool {
        true
    }

    fn wanted(&self, options: &Options) -> Wanted {
        chosen::wanted(options)
    }

    fn open<'f>(&'f self, about: &'f About<'f>) -> Result<Box<dyn Encoder + 'f>, OpenError> {
        check_options(self.name(), self.options(), &about.options)?;
        let videos = Videos::of(about)?;
        videos.rows.chooser.refuse_scores(self.name())?;
        Ok(Box::new(Files { videos }))
    }
}

impl Encoder for Files<'_> {
    fn streams(&self) -> Vec<String> {
        let parts = self.videos.rows.split.names().iter().map(|part| path_of(part));
        // The lists of videos, then those of annotations.
        [ROWS, LOSSES].map(str::to_owned).into_iter().chain(parts.clone()).chain(parts).collect()
    }

    fn makes_files(&self) -> bool {
        true
    }

    fn joiner(&self, stream: usize) -> Option<Box<dyn Joiner>> {
        (stream >= PARTS_STREAM).then(|| Box::new(Commas::default()) as Box<dyn Joiner>)
    }

    fn start(&self, entries: &mut Entries<'_>) {
        picture::start(ROWS_STREAM, entries);
        self.videos.list.say_renamed(entries);
        self.videos.rows.split.say_renamed(entries);
        entries.files.push(self.videos.list.to_file());
        let mut head = b"{\"info\":{\"description\":\"Exported by labelport\",\"version\":\"1.0\"},\n\"licenses\":[],\n\"categories\":".to_vec();
        write_list(&mut head, self.videos.list.names().iter().enumerate(), |(number, name), out| {
            let mut category = ObjectWriter::open(out);
            category.raw("id", (number + 1).to_string().as_bytes());
            category.text("name", name);
            category.text("supercategory", "");
            category.close();
        });
        head.extend_from_slice(b",\n\"videos\":[");
        let (videos, _) = self.lists(entries);
        videos.iter_mut().for_each(|out| out.extend_from_slice(&head));
    }

    fn between(&self, entries: &mut Entries<'_>) {
        let (_, annotations) = self.lists(entries);
        annotations.iter_mut().for_each(|out| out.extend_from_slice(b"\n],\n\"annotations\":["));
    }

    fn has_marks(&self) -> bool {
        true
    }

    fn class_names(&self) -> Option<Vec<String>> {
        Some(self.videos.list.names().to_vec())
    }

    fn file_name(&self, record: &Record<'_>) -> Option<String> {
        self.videos.rows.file_name(record)
    }

    fn values(&self, record: &Record<'_>) -> Vec<String> {
        self.videos.rows.values(record)
    }

    fn row(&self, record: &Record<'_>, numbers: &mut Numbers, entries: &mut Entries<'_>) {
        for row in self.videos.rows.open(record) {
            let written = self.videos.written(&row, (LOSSES_STREAM, entries));
            let mut has_frames = false;
            if let (Ok((size, _)), Some(decided)) = (row.media, &written) {
                let frames = frames_of(decided, entries);
                has_frames = !frames.is_empty();
                let tracks = self.tracks(&row, decided, &size, entries);
                let number = numbers.picture;
                if has_frames {
                    self.write_video(&row, (numbers.take_picture(), &frames), &size, entries);
                }
                for track in tracks.into_values() {
                    let numbers = (numbers.take_annotation(), number);
                    self.write_track(&row, numbers, (&track, &frames), &size, entries);
                }
            }
            let images = folder_of(&row);
            let image = if has_frames { Ok(&*images) } else { Err("nothing is stored on a frame of its video") };
            let image = row.media.and(image);
            self.videos.rows.list_at(&row, (image, &path_of(row.part), written.as_ref()), ROWS_STREAM, entries);
        }
    }

    fn finish(&self, _: &Totals, entries: &mut Entries<'_>) {
        let (_, annotations) = self.lists(entries);
        annotations.iter_mut().for_each(|out| out.extend_from_slice(b"\n]}\n"));
    }
}

fn path_of(part: &str) -> String {
    format!("{part}.json")
}

/// Returns the folder of the frames of a video.
fn folder_of(row: &Row<'_>) -> String {
    format!("{}/JPEGImages/{}/", row.part, row.name.stem)
}

/// Lists the frames on which something is stored.
fn frames_of(decided: &Decided<'_>, entries: &mut Entries<'_>) -> BTreeSet<i64> {
    let mut frames = BTreeSet::new();
    for_each(decided.label.annotations, entries, &mut |annotation, _| {
        frames.extend(annotation.place.frame.filter(|frame| *frame >= 1));
    });
    frames
}

impl Files<'_> {
    /// Returns the streams of the parts: those with videos, and those with annotations.
    fn lists<'e>(&self, entries: &'e mut Entries<'_>) -> (&'e mut [Vec<u8>], &'e mut [Vec<u8>]) {
        entries.streams[PARTS_STREAM..].split_at_mut(self.videos.rows.split.names().len())
    }

    fn write_video(
        &self,
        row: &Row<'_>,
        (number, frames): (u64, &BTreeSet<i64>),
        size: &Size,
        entries: &mut Entries<'_>,
    ) {
        if entries.is_survey {
            return;
        }
        let (videos, _) = self.lists(entries);
        let out = &mut videos[self.videos.rows.split.place(row.part)];
        open_element(out);
        let mut video = ObjectWriter::open(out);
        Mark::Picture.write(number, video.key("id"));
        digits::write(size.width, video.key("width"));
        digits::write(size.height, video.key("height"));
        video.raw("length", frames.len().to_string().as_bytes());
        write_list(video.key("file_names"), frames, |frame, out| {
            quote_into(&format!("{}/{frame:06}.jpg", row.name.stem), out);
        });
        video.text("data_row_id", &row.id);
        video.close();
    }

    /// Returns the objects of a label by number, and settles all that it holds.
    fn tracks(
        &self,
        row: &Row<'_>,
        decided: &Decided<'_>,
        size: &Size,
        entries: &mut Entries<'_>,
    ) -> BTreeMap<usize, Track> {
        let mut tracks: BTreeMap<usize, Track> = BTreeMap::new();
        self.videos.for_each(row, decided, (LOSSES_STREAM, entries), &mut |on| {
            let OnFrame { frame, track, class, drawn, .. } = on;
            let geometry = Geometry::of(drawn, size, false)?;
            let track = tracks.entry(track).or_insert_with(|| Track { class, frames: BTreeMap::new() });
            if track.frames.contains_key(&frame) {
                return Err(TWICE);
            }
            let mut segmentation = Vec::new();
            geometry.write_segmentation(&mut segmentation);
            let spot = Spot { bbox: geometry.bbox, area: geometry.area, segmentation };
            track.frames.insert(frame, spot);
            Ok(Fate::KEPT)
        });
        tracks
    }

    fn write_track(
        &self,
        row: &Row<'_>,
        (number, video): (u64, u64),
        (track, frames): (&Track, &BTreeSet<i64>),
        size: &Size,
        entries: &mut Entries<'_>,
    ) {
        if entries.is_survey {
            return;
        }
        let (_, annotations) = self.lists(entries);
        let out = &mut annotations[self.videos.rows.split.place(row.part)];
        open_element(out);
        let mut object = ObjectWriter::open(out);
        Mark::Annotation.write(number, object.key("id"));
        Mark::Picture.write(video, object.key("video_id"));
        object.raw("category_id", (track.class + 1).to_string().as_bytes());
        object.raw("iscrowd", b"0");
        digits::write(size.width, object.key("width"));
        digits::write(size.height, object.key("height"));
        object.raw("length", frames.len().to_string().as_bytes());
        let mut write = |key: &str, write: &dyn Fn(&Spot, &mut Vec<u8>)| {
            write_list(object.key(key), frames, |frame, out| match track.frames.get(frame) {
                Some(spot) => write(spot, out),
                None => out.extend_from_slice(b"null"),
            });
        };
        write("segmentations", &|spot, out| out.extend_from_slice(&spot.segmentation));
        write("bboxes", &|spot, out| write_numbers(spot.bbox, out));
        write("areas", &|spot, out| digits::write(spot.area, out));
        object.close();
    }
}

#[cfg(test)]
mod tests;
