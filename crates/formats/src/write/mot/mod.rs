//! MOTChallenge: for each video a folder with the boxes of its objects, a line for each object on each frame.
//!
//! `PART/NAME/gt/gt.txt` has `frame,id,left,top,width,height,1,class,1`: the number before the class says that the line counts,
//! the last one how much of the object is seen. With `predictions=scores` the former is the confidence. `gt/labels.txt` has the
//! names of the classes, `seqinfo.ini` what is known of the video.
//!
//! # Invariants
//! - Frames, objects and classes are numbered from 1. Pixels are those that are stored, from 0: the readers of MOTChallenge
//!   that subtract 1 do so for all files alike.
//! - Lines are in the order of the frames.
//!
//! What the format cannot hold: answers, lines, points, and what polygons and masks are but the box around them.

use super::about::check_options;
use super::chosen::{self, LABELS, PREDICTIONS, Predictions};
use super::class_names::CLASS_NAMES;
use super::digits;
use super::media::MEDIA;
use super::naming::NAMES;
use super::picture::{self, CLASSES, Decided, OnFrame, ROWS, Row, Size, Videos};
use super::settled::LOSSES;
use super::split::SPLIT;
use super::split_by::SPLIT_BY;
use super::stored::parsed;
use super::{About, Encoder, Entries, FileEntry, Format, FormatOption, Layout, Numbers, OpenError, Options, Wanted};
use labelport_model::json::Value;
use labelport_model::losses::Outcome;
use labelport_model::record::Record;

/// A folder for each video.
pub struct Mot;

static OPTIONS: [FormatOption; 8] = [CLASSES, CLASS_NAMES, LABELS, MEDIA, NAMES, PREDICTIONS, SPLIT, SPLIT_BY];

const ROWS_STREAM: usize = 0;
const LOSSES_STREAM: usize = 1;

const NO_INFO: &str = "its frame rate or its number of frames is not known, and it has no seqinfo.ini";
const WHOLE_RATE: &str = "its frame rate is written as a whole number";

struct Files<'f> {
    videos: Videos<'f>,
    labels: Vec<u8>,
}

impl Format for Mot {
    fn name(&self) -> &'static str {
        "mot"
    }

    fn summary(&self) -> &'static str {
        "MOTChallenge: the boxes of each video from frame to frame; for motmetrics, TrackEval and trackers."
    }

    fn keeps(&self) -> &'static str {
        "boxes of videos"
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
        let labels = videos.list.to_file().bytes;
        Ok(Box::new(Files { videos, labels }))
    }
}

impl Encoder for Files<'_> {
    fn streams(&self) -> Vec<String> {
        [ROWS, LOSSES].map(str::to_owned).to_vec()
    }

    fn makes_files(&self) -> bool {
        true
    }

    fn start(&self, entries: &mut Entries<'_>) {
        picture::start(ROWS_STREAM, entries);
        self.videos.list.say_renamed(entries);
        self.videos.rows.split.say_renamed(entries);
        entries.files.push(self.videos.list.to_file());
    }

    fn file_name(&self, record: &Record<'_>) -> Option<String> {
        self.videos.rows.file_name(record)
    }

    fn values(&self, record: &Record<'_>) -> Vec<String> {
        self.videos.rows.values(record)
    }

    fn row(&self, record: &Record<'_>, _: &mut Numbers, entries: &mut Entries<'_>) {
        for row in self.videos.rows.open(record) {
            let written = self.videos.written(&row, (LOSSES_STREAM, entries));
            let folder = format!("{}/{}", row.part, row.name.stem);
            let (images, lines) = (format!("{folder}/img1/"), format!("{folder}/gt/gt.txt"));
            if let Ok((size, _)) = row.media {
                let bytes = written.as_ref().map(|decided| self.lines(&row, decided, &size, entries));
                if !entries.is_survey {
                    entries.files.push(FileEntry { path: lines.clone(), bytes: bytes.unwrap_or_default() });
                    let path = format!("{folder}/gt/labels.txt");
                    entries.files.push(FileEntry { path, bytes: self.labels.clone() });
                }
                write_info(&row, &size, &folder, entries);
            }
            self.videos.rows.list_at(&row, (Ok(&images), &lines, written.as_ref()), ROWS_STREAM, entries);
        }
    }
}

impl Files<'_> {
    /// Returns the lines of a label, and settles all that it holds.
    fn lines(&self, row: &Row<'_>, decided: &Decided<'_>, size: &Size, entries: &mut Entries<'_>) -> Vec<u8> {
        let has_scores = self.videos.rows.chooser.predictions == Predictions::WithScores;
        let is_survey = entries.is_survey;
        let mut lines: Vec<(i64, Vec<u8>)> = Vec::new();
        self.videos.for_each(row, decided, (LOSSES_STREAM, entries), &mut |on| {
            let ([left, top, right, bottom], fate) = on.drawn.boxed(size)?;
            if !is_survey {
                let OnFrame { frame, track, class, score, .. } = on;
                let mut line = format!("{frame},{track}").into_bytes();
                for side in [left, top, right - left, bottom - top] {
                    line.push(b',');
                    digits::write(side, &mut line);
                }
                let score = score.filter(|_| has_scores).unwrap_or_else(|| "1".to_owned());
                line.extend_from_slice(format!(",{score},{},1\n", class + 1).as_bytes());
                lines.push((frame, line));
            }
            Ok(fate)
        });
        lines.sort_by_key(|(frame, _)| *frame);
        lines.into_iter().flat_map(|(_, line)| line).collect()
    }
}

/// Writes what is known of a video, where that is all that readers want.
fn write_info(row: &Row<'_>, size: &Size, folder: &str, entries: &mut Entries<'_>) {
    let media = parsed(row.record.media.unwrap_or(b"{}"));
    let frame_count = media.root().get("frame_count").and_then(Value::as_i64).filter(|count| *count > 0);
    let frame_rate = media.root().get("frame_rate").and_then(|rate| rate.raw().parse::<f64>().ok());
    let frame_rate = frame_rate.filter(|rate| rate.is_finite() && *rate > 0.0);
    let (Some(frame_count), Some(frame_rate)) = (frame_count, frame_rate) else {
        return entries.losses.add("row", Outcome::Kept, NO_INFO, 1);
    };
    // Readers fail at others.
    let whole_rate = frame_rate.round().max(1.0);
    entries.losses.add("row", Outcome::Kept, WHOLE_RATE, u64::from(whole_rate != frame_rate));
    if entries.is_survey {
        return;
    }
    let name = row.name.stem.rsplit('/').next().unwrap_or_default();
    let text = format!(
        "[Sequence]\nname={name}\nimDir=img1\nframeRate={whole_rate}\nseqLength={frame_count}\nimWidth={}\nimHeight={}\n\
         imExt=.jpg\n",
        size.width, size.height
    );
    entries.files.push(FileEntry { path: format!("{folder}/seqinfo.ini"), bytes: text.into_bytes() });
}

#[cfg(test)]
mod tests;
