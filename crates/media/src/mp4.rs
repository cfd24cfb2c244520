//! Video and sound in boxes: MP4, QuickTime, M4A.
//!
//! A file is a tree of boxes of a length and a kind. What is asked for stands at a few known places, so nothing is walked
//! deeper. In a fragmented file the frames are counted fragment by fragment.

use crate::Asset;
use crate::facts::Facts;
use crate::numbers::{array, be32, be64, between};

pub(super) fn probe(asset: &Asset<'_>) -> Option<Facts> {
    let mime = mime(asset.bytes)?;
    let Some(movie) = find(asset.bytes, b"moov") else { return Some(Facts::of(mime)) };
    let tracks: Vec<Track> = boxes(movie).filter(|(kind, _)| kind == b"trak").map(|(_, body)| track(body)).collect();
    let of_kind = |kind: &[u8; 4]| tracks.iter().find(|track| &track.handler == kind);
    let movie_secs = find(movie, b"mvhd").and_then(duration_secs);
    if let Some(video) = of_kind(b"vide") {
        return Some(video_facts(mime, asset.bytes, movie, video, movie_secs));
    }
    let Some(sound) = of_kind(b"soun") else { return Some(Facts::of(mime)) };
    Some(Facts {
        duration_secs: sound.duration_secs.or(movie_secs),
        codec: sound.codec.clone(),
        sample_rate: sound.sample_rate,
        channel_count: sound.channel_count,
        ..Facts::of("audio/mp4")
    })
}

/// Returns what the file is, by its first box. Pictures in boxes are recognised elsewhere.
fn mime(bytes: &[u8]) -> Option<&'static str> {
    match array::<4>(bytes, 4).as_ref()? {
        b"ftyp" => match array::<4>(bytes, 8).as_ref()? {
            b"qt  " => Some("video/quicktime"),
            b"M4A " | b"M4B " => Some("audio/mp4"),
            _ => Some("video/mp4"),
        },
        // QuickTime before it had a box for its kind.
        b"moov" | b"mdat" | b"wide" if be32(bytes, 0).is_some_and(|length| length == 1 || length >= 8) => {
            Some("video/quicktime")
        }
        _ => None,
    }
}

fn video_facts(mime: &'static str, bytes: &[u8], movie: &[u8], video: &Track, movie_secs: Option<f64>) -> Facts {
    let fragments = fragments(bytes, movie, video);
    let frame_count = video.sample_count.saturating_add(fragments.frame_count);
    let delta = video.sample_delta.or(fragments.delta);
    let rate = |delta: u32| f64::from(video.timescale) / f64::from(delta);
    let frame_rate = delta.filter(|delta| *delta > 0 && video.timescale > 0).map(rate);
    let counted_secs = frame_rate.filter(|_| frame_count > 0).map(|rate| frame_count as f64 / rate);
    let told_secs = video.duration_secs.or(movie_secs).filter(|secs| *secs > 0.0);
    let (width, height) = if video.is_turned { (video.height, video.width) } else { (video.width, video.height) };
    Facts {
        width,
        height,
        frame_rate,
        frame_count: Some(frame_count).filter(|count| *count > 0),
        duration_secs: told_secs.or(counted_secs),
        codec: video.codec.clone(),
        // What calls itself sound and holds a picture is a video all the same.
        ..Facts::of(if mime.starts_with("video/") { mime } else { "video/mp4" })
    }
}

/// What the boxes of a track say.
#[derive(Debug, Default)]
struct Track {
    id: u32,
    handler: [u8; 4],
    timescale: u32,
    duration_secs: Option<f64>,
    width: Option<u64>,
    height: Option<u64>,
    /// Whether players turn it by a quarter.
    is_turned: bool,
    codec: Option<String>,
    sample_count: u64,
    /// How long the most samples last, in units of the time scale.
    sample_delta: Option<u32>,
    sample_rate: Option<u64>,
    channel_count: Option<u64>,
}

fn track(body: &[u8]) -> Track {
    let mut track = Track::default();
    if let Some(header) = find(body, b"tkhd") {
        let shift = if header.first() == Some(&1) { 12 } else { 0 };
        track.id = be32(header, 12 + shift / 12 * 8).unwrap_or(0);
        // Fixed point numbers with 16 bits for the fraction.
        let side = |at| be32(header, at + shift).map(|side| u64::from(side >> 16)).filter(|side| *side > 0);
        track.width = side(76);
        track.height = side(80);
        track.is_turned = be32(header, 40 + shift) == Some(0) && be32(header, 44 + shift).is_some_and(|turn| turn != 0);
    }
    let Some(media) = find(body, b"mdia") else { return track };
    if let Some(header) = find(media, b"mdhd") {
        track.timescale = timescale(header).unwrap_or(0);
        track.duration_secs = duration_secs(header);
    }
    track.handler = find(media, b"hdlr").and_then(|header| array(header, 8)).unwrap_or_default();
    let Some(table) = find(media, b"minf").and_then(|information| find(information, b"stbl")) else { return track };
    if let Some((kind, entry)) = find(table, b"stsd").and_then(|entries| boxes(between(entries, 8, usize::MAX)).next())
    {
        track.codec = std::str::from_utf8(&kind).ok().map(|codec| codec.trim().to_owned());
        if &track.handler == b"soun" {
            // Writers of AAC always put two here; the configuration of the decoder is right.
            let written = || array(entry, 16).map(u16::from_be_bytes).map(u64::from);
            track.channel_count = aac_channels(between(entry, 28, usize::MAX)).or_else(written);
            track.sample_rate = be32(entry, 24).map(|rate| u64::from(rate >> 16)).filter(|rate| *rate > 0);
        }
    }
    if let Some(times) = find(table, b"stts") {
        (track.sample_count, track.sample_delta) = sample_times(times);
    }
    track
}

/// Returns the channels that the settings of an AAC decoder say, which stand in descriptors in each other.
fn aac_channels(boxes: &[u8]) -> Option<u64> {
    /// Takes a descriptor with a tag from the beginning; its length is written in groups of seven bits.
    fn descriptor(bytes: &[u8], tag: u8) -> Option<&[u8]> {
        let (first, mut rest) = bytes.split_first()?;
        let mut length = 0_usize;
        for _ in 0..4 {
            let (byte, after) = rest.split_first()?;
            rest = after;
            length = length << 7 | usize::from(byte & 0x7f);
            if byte & 0x80 == 0 {
                break;
            }
        }
        (*first == tag).then(|| between(rest, 0, length))
    }
    let stream = descriptor(between(find(boxes, b"esds")?, 4, usize::MAX), 3)?;
    // Flags say which of three members follow; writers set none.
    let decoder =
        if stream.get(2)? & 0xe0 == 0 { descriptor(between(stream, 3, usize::MAX), 4)? } else { return None };
    let settings = array::<2>(descriptor(between(decoder, 13, usize::MAX), 5)?, 0).map(u16::from_be_bytes)?;
    // Five bits of kind, four of rate, four of channels; larger kinds and free rates have more bits.
    let (kind, rate, channels) = (settings >> 11, settings >> 7 & 15, settings >> 3 & 15);
    match channels {
        _ if kind == 31 || rate == 15 => None,
        1..=6 => Some(u64::from(channels)),
        7 => Some(8),
        _ => None,
    }
}

/// Returns how many samples there are, and how long the most of them last.
fn sample_times(table: &[u8]) -> (u64, Option<u32>) {
    let count = be32(table, 4).unwrap_or(0) as usize;
    let mut total: u64 = 0;
    let mut longest: (u32, Option<u32>) = (0, None);
    for entry in between(table, 8, usize::MAX).chunks_exact(8).take(count) {
        let (Some(samples), Some(delta)) = (be32(entry, 0), be32(entry, 4)) else { break };
        total = total.saturating_add(u64::from(samples));
        if samples > longest.0 {
            longest = (samples, Some(delta));
        }
    }
    (total, longest.1)
}

/// What the fragments of a file add to a track.
#[derive(Debug, Default)]
struct Fragments {
    frame_count: u64,
    delta: Option<u32>,
}

fn fragments(bytes: &[u8], movie: &[u8], track: &Track) -> Fragments {
    let mut found = Fragments::default();
    let defaults = find(movie, b"mvex").into_iter().flat_map(boxes).filter(|(kind, _)| kind == b"trex");
    let mut own = defaults.filter(|(_, body)| be32(body, 4) == Some(track.id));
    found.delta = own.next().and_then(|(_, body)| be32(body, 12)).filter(|delta| *delta > 0);
    for (_, fragment) in boxes(bytes).filter(|(kind, _)| kind == b"moof") {
        for (_, part) in boxes(fragment).filter(|(kind, _)| kind == b"traf") {
            let Some(header) = find(part, b"tfhd").filter(|header| be32(header, 4) == Some(track.id)) else { continue };
            let flags = be32(header, 0).unwrap_or(0);
            let before = if flags & 1 != 0 { 8 } else { 0 } + if flags & 2 != 0 { 4 } else { 0 };
            let default = if flags & 8 != 0 { be32(header, 8 + before) } else { None };
            found.delta = found.delta.or(default.filter(|delta| *delta > 0));
            for (_, run) in boxes(part).filter(|(kind, _)| kind == b"trun") {
                found.frame_count = found.frame_count.saturating_add(u64::from(be32(run, 4).unwrap_or(0)));
            }
        }
    }
    found
}

fn timescale(header: &[u8]) -> Option<u32> {
    be32(header, if header.first() == Some(&1) { 20 } else { 12 })
}

/// Reads a time scale and a duration, in which all bits set mean that it is not known.
fn duration_secs(header: &[u8]) -> Option<f64> {
    let is_long = header.first() == Some(&1);
    let duration = if is_long {
        be64(header, 24).filter(|duration| *duration != u64::MAX)
    } else {
        be32(header, 16).filter(|duration| *duration != u32::MAX).map(u64::from)
    };
    let scale = timescale(header).filter(|scale| *scale > 0)?;
    duration.filter(|duration| *duration > 0).map(|duration| duration as f64 / f64::from(scale))
}

/// Returns whether a file consists of boxes.
pub(super) fn is_boxes(bytes: &[u8]) -> bool {
    mime(bytes).is_some()
}

/// Reads the head of a box: its kind, the length of the head and that of the box, `None` if it lasts to the end.
pub(super) fn box_head(bytes: &[u8]) -> Option<([u8; 4], u64, Option<u64>)> {
    let kind = array::<4>(bytes, 4)?;
    let (head, length) = match be32(bytes, 0)? {
        0 => (8, None),
        1 => (16, Some(be64(bytes, 8)?)),
        length => (8, Some(u64::from(length))),
    };
    length.is_none_or(|length| length >= head).then_some((kind, head, length))
}

/// Lists the boxes that follow each other, with what they hold. A box that is cut off holds what there is of it.
pub(super) fn boxes(bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let (kind, head, length) = box_head(rest)?;
        let length = length.map_or(rest.len(), |length| usize::try_from(length).unwrap_or(usize::MAX));
        let body = between(rest, head as usize, length);
        rest = rest.get(length..).unwrap_or_default();
        Some((kind, body))
    })
}

/// Finds the first box of a kind.
pub(super) fn find<'a>(bytes: &'a [u8], kind: &[u8; 4]) -> Option<&'a [u8]> {
    boxes(bytes).find(|(found, _)| found == kind).map(|(_, body)| body)
}
