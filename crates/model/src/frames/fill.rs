//! Annotations with every frame of every segment, written one frame at a time.

use super::error::{FILLED_LIMIT_BYTES, FillError};
use super::runs::{self, KeyFrames, Run, Shown, Track};
use super::segments::{self, excerpt};
use crate::annotation::{self, Between, Mark};
use crate::json::{Document, Kind, Value};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// The size of a frame without what it shows: its number, `objects`, `classifications`.
const FRAME_BYTES: u64 = 40;
/// The size of the key of an object.
const KEY_BYTES: u64 = 32;

/// The annotations of a video label, ready to be written with every frame.
#[derive(Debug)]
pub struct Filled {
    document: Document,
}

impl Filled {
    /// Takes stored annotations. Returns `None` if there is nothing to interpolate: no frames, or no segments.
    pub fn new(annotations: &[u8]) -> Result<Option<Self>, FillError> {
        let document = Document::parse(annotations)?;
        let (Some(frames), Some(segments)) = (document.root().get("frames"), document.root().get("segments")) else {
            return Ok(None);
        };
        if frames.kind() != Kind::Object {
            return Err(FillError::Frames(frames.kind().named()));
        }
        if frames.members().next().is_none() || segments.members().next().is_none() {
            return Ok(None);
        }
        let filled = Self { document };
        let bytes = filled.estimate_bytes(&filled.tracks()?.0);
        if bytes > FILLED_LIMIT_BYTES { Err(FillError::TooLarge { bytes }) } else { Ok(Some(filled)) }
    }

    /// Returns the annotations as they are stored.
    pub fn stored(&self) -> Value<'_> {
        self.document.root()
    }

    /// Calls `each` for every annotation with the number of frames that show it.
    pub fn count(&self, each: &mut dyn FnMut(Mark<'_>, u64)) {
        let Ok((tracks, key_frames)) = self.tracks() else { return };
        for (key, member) in self.stored().members().filter(|(key, _)| *key != "frames") {
            annotation::for_each_member(key, member, &mut |mark| each(mark, 1));
        }
        for (key, member) in key_frames.values().flat_map(|frame| frame.members()).filter(|(key, _)| is_other(key)) {
            annotation::for_each_member(key, member, &mut |mark| each(mark, 1));
        }
        for track in &tracks {
            for run in &track.runs {
                let mut each = |mark: Mark<'_>| each(mark, length(run));
                match (&run.shown, track.object) {
                    (Shown::Between { start: object, .. } | Shown::Value(object), Some(_)) => {
                        annotation::for_each(*object, &mut each);
                    }
                    (Shown::Between { start: item, .. } | Shown::Value(item), None) => {
                        annotation::for_each_item(*item, None, &mut each);
                    }
                    (Shown::Answers { item, answers }, _) => {
                        annotation::for_each_item(*item, Some(answers), &mut each);
                    }
                }
            }
        }
    }

    /// Calls `each` with the number and the JSON of every frame, in ascending order, until it breaks.
    pub fn for_each_frame(&self, each: &mut dyn FnMut(i64, &[u8]) -> ControlFlow<()>) -> ControlFlow<()> {
        let mut text = Vec::new();
        self.walk(&mut |frame| {
            let number = frame.number;
            text.clear();
            frame.write(&mut text);
            each(number, &text)
        })
    }

    /// Writes the annotations with every frame. After each frame `spill` may take what `out` holds; writing stops if
    /// it breaks.
    pub fn write(&self, out: &mut Vec<u8>, spill: &dyn Fn(&mut Vec<u8>) -> ControlFlow<()>) -> ControlFlow<()> {
        out.push(b'{');
        for (index, (key, member)) in self.stored().members().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            push_key(key, out);
            if key != "frames" {
                out.extend_from_slice(member.raw().as_bytes());
                continue;
            }
            out.push(b'{');
            let mut is_first = true;
            self.walk(&mut |frame| {
                if !std::mem::take(&mut is_first) {
                    out.push(b',');
                }
                push_key(&frame.number.to_string(), out);
                frame.write(out);
                spill(out)
            })?;
            out.push(b'}');
        }
        out.push(b'}');
        ControlFlow::Continue(())
    }

    /// Visits every frame on which something is shown, in ascending order.
    fn walk(&self, visit: &mut dyn FnMut(Frame<'_, '_>) -> ControlFlow<()>) -> ControlFlow<()> {
        // `new` has built the same tracks without an error.
        let Ok((tracks, key_frames)) = self.tracks() else { return ControlFlow::Continue(()) };
        // Runs in the order in which they begin, and the open ones by track, which is their order on a frame.
        let mut starts: Vec<(i64, usize, usize)> = Vec::new();
        for (track, Track { runs, .. }) in tracks.iter().enumerate() {
            starts.extend(runs.iter().enumerate().map(|(run, Run { frames, .. })| (frames.0, track, run)));
        }
        starts.sort_unstable();
        let mut starts = starts.into_iter().peekable();
        let mut bare = key_frames.keys().copied().peekable();
        let mut open: BTreeMap<(usize, usize), Option<Between<'_>>> = BTreeMap::new();
        let mut ended = Vec::new();
        let mut next = i64::MIN;
        loop {
            // A key frame is written even if it is empty; between runs nothing is written.
            if open.is_empty() {
                let start = starts.peek().map(|(frame, ..)| *frame);
                match start.into_iter().chain(bare.peek().copied()).min() {
                    Some(frame) => next = frame,
                    None => return ControlFlow::Continue(()),
                }
            }
            while let Some((_, track, run)) = starts.next_if(|(frame, ..)| *frame <= next) {
                open.insert((track, run), between(&tracks[track].runs[run].shown));
            }
            bare.next_if(|frame| *frame <= next);
            let mut shown = open.iter().map(|((track, run), between)| {
                let track = &tracks[*track];
                (track.object, &track.runs[*run].shown, between.as_ref())
            });
            visit(Frame { number: next, shown: &mut shown, key_frame: key_frames.get(&next).copied() })?;
            ended.extend(open.keys().filter(|(track, run)| tracks[*track].runs[*run].frames.1 <= next).copied());
            for run in ended.drain(..) {
                open.remove(&run);
            }
            match next.checked_add(1) {
                Some(frame) => next = frame,
                None => return ControlFlow::Continue(()),
            }
        }
    }

    fn tracks(&self) -> Result<(Vec<Track<'_>>, KeyFrames<'_>), FillError> {
        let root = self.stored();
        let mut key_frames = KeyFrames::new();
        for (key, frame) in root.get("frames").into_iter().flat_map(Value::members) {
            let number: i64 = key.parse().map_err(|_| FillError::FrameKey(excerpt(key)))?;
            if key_frames.insert(number, frame).is_some() {
                return Err(FillError::FrameTwice(number));
            }
        }
        let segments = root.get("segments").map(segments::read).transpose()?.unwrap_or_default();
        Ok((runs::tracks(&key_frames, &segments)?, key_frames))
    }

    /// Returns about how many bytes all frames take.
    fn estimate_bytes(&self, tracks: &[Track<'_>]) -> u64 {
        let mut bytes = self.stored().raw().len() as u64;
        for run in tracks.iter().flat_map(|track| &track.runs) {
            let shown = match &run.shown {
                Shown::Value(value) | Shown::Between { start: value, .. } => value.raw().len() as u64,
                // As if all answers were shown: the estimate may be too high but never too low.
                Shown::Answers { item, .. } => item.raw().len() as u64,
            };
            bytes = bytes.saturating_add(length(run).saturating_mul(shown + KEY_BYTES + FRAME_BYTES));
        }
        bytes
    }
}

/// A frame on which something is shown.
struct Frame<'f, 'a> {
    number: i64,
    /// The key of an object, nothing for a classification; objects come before classifications.
    shown: &'f mut dyn Iterator<Item = (Option<&'a str>, &'f Shown<'a>, Option<&'f Between<'a>>)>,
    key_frame: Option<Value<'a>>,
}

impl Frame<'_, '_> {
    /// Appends the frame as JSON.
    fn write(self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"objects\":{");
        let mut is_first = true;
        let mut in_objects = true;
        for (object, shown, between) in self.shown {
            if in_objects && object.is_none() {
                out.extend_from_slice(b"},\"classifications\":[");
                in_objects = false;
                is_first = true;
            }
            if !std::mem::take(&mut is_first) {
                out.push(b',');
            }
            if let Some(id) = object {
                push_key(id, out);
            }
            match (shown, between) {
                (_, Some(between)) => between.write(self.number, out),
                (Shown::Answers { item, answers }, None) => write_answers(*item, answers, out),
                (Shown::Value(value) | Shown::Between { start: value, .. }, None) => {
                    out.extend_from_slice(value.raw().as_bytes());
                }
            }
        }
        if in_objects {
            out.extend_from_slice(b"},\"classifications\":[");
        }
        out.push(b']');
        let members = self.key_frame.into_iter().flat_map(Value::members);
        for (key, member) in members.filter(|(key, _)| is_other(key)) {
            out.push(b',');
            push_key(key, out);
            out.extend_from_slice(member.raw().as_bytes());
        }
        out.push(b'}');
    }
}

/// Finds what moves on the frames of a run, once for all of them.
fn between<'a>(shown: &Shown<'a>) -> Option<Between<'a>> {
    match shown {
        Shown::Between { start_frame, start, end_frame, end } => {
            Some(Between::new((*start_frame, start.raw()), (*end_frame, end.raw())))
        }
        Shown::Value(_) | Shown::Answers { .. } => None,
    }
}

/// Returns whether a member of a frame is neither of the two that are interpolated.
fn is_other(key: &str) -> bool {
    key != "objects" && key != "classifications"
}

fn length(run: &Run<'_>) -> u64 {
    run.frames.1.abs_diff(run.frames.0).saturating_add(1)
}

fn push_key(key: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(b"\":");
}

/// Writes a checklist with some of its answers.
fn write_answers(item: Value<'_>, answers: &[u32], out: &mut Vec<u8>) {
    out.push(b'{');
    for (index, (key, member)) in item.members().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        push_key(key, out);
        if !key.ends_with("_answers") || member.kind() != Kind::Array {
            out.extend_from_slice(member.raw().as_bytes());
            continue;
        }
        out.push(b'[');
        let mut wanted = answers.iter().copied().peekable();
        let mut is_first = true;
        for (_, answer) in (0_u32..).zip(member.elements()).filter(|(place, _)| wanted.next_if_eq(place).is_some()) {
            if !std::mem::take(&mut is_first) {
                out.push(b',');
            }
            out.extend_from_slice(answer.raw().as_bytes());
        }
        out.push(b']');
    }
    out.push(b'}');
}
