//! MP3, and its older layers: frames with a header each.
//!
//! Where the first frame counts the others, that number is exact. Else the bit rate of the first frame stands for all.

use crate::Asset;
use crate::facts::Facts;
use crate::numbers::{array, be32, between};

/// Kilobits a second by their code, for version 1 in layers 1, 2, 3 and for version 2 in layer 1 and in layers 2 and 3.
const RATES: [[u64; 15]; 5] = [
    [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
    [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
    [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
    [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
    [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];

/// How far after the tags the first frame is searched.
const SEARCH_LIMIT: usize = 4096;

struct Frame {
    is_version_1: bool,
    layer: u8,
    bits_a_second: u64,
    sample_rate: u64,
    channel_count: u64,
    samples: u64,
    length: usize,
}

pub(super) fn read(asset: &Asset<'_>) -> Option<Facts> {
    let bytes = asset.bytes;
    let start = tag_length(bytes);
    let sound = between(bytes, start, usize::MAX);
    // Any two bytes may look like a header, so the next frame has to be where the first one ends.
    let first = (0..SEARCH_LIMIT.min(sound.len())).find(|&at| {
        let Some(frame) = frame(sound, at) else { return false };
        let end = at + frame.length;
        (asset.is_whole() && end == sound.len()) || self::frame(sound, end).is_some()
    });
    let Some(at) = first else {
        return (start > 0).then(|| Facts::of("audio/mpeg"));
    };
    if start == 0 && at > 0 {
        return None;
    }
    let frame = frame(sound, at)?;
    let counted = frame_count(between(sound, at, at + frame.length), &frame);
    let duration_secs = match counted {
        Some(count) => super::secs(count.saturating_mul(frame.samples), frame.sample_rate),
        None => {
            let bytes = asset.length.saturating_sub((start + at) as u64);
            super::secs(bytes.saturating_mul(8), frame.bits_a_second)
        }
    };
    Some(Facts {
        codec: Some(format!("mp{}", frame.layer)),
        duration_secs,
        sample_rate: Some(frame.sample_rate),
        channel_count: Some(frame.channel_count),
        ..Facts::of("audio/mpeg")
    })
}

/// Returns how long the tag before the sound is.
fn tag_length(bytes: &[u8]) -> usize {
    let Some([b'I', b'D', b'3', _, _, flags, size @ ..]) = array::<10>(bytes, 0) else { return 0 };
    if size.iter().any(|byte| byte & 0x80 != 0) {
        return 0;
    }
    let length = size.iter().fold(0, |length, byte| length << 7 | usize::from(*byte));
    10 + length + if flags & 0x10 != 0 { 10 } else { 0 }
}

fn frame(bytes: &[u8], at: usize) -> Option<Frame> {
    let header = be32(bytes, at)?;
    if header >> 21 != 0x7ff {
        return None;
    }
    let (version, layer_code) = (header >> 19 & 3, header >> 17 & 3);
    if version == 1 || layer_code == 0 {
        return None;
    }
    let is_version_1 = version == 3;
    let layer = 4 - layer_code as u8;
    let table = match (is_version_1, layer) {
        (true, layer) => usize::from(layer) - 1,
        (false, 1) => 3,
        (false, _) => 4,
    };
    let bits_a_second = RATES[table].get((header >> 12 & 15) as usize).filter(|rate| **rate > 0)? * 1000;
    let full_rate = *[44_100, 48_000, 32_000].get((header >> 10 & 3) as usize)?;
    let sample_rate = full_rate / [4, 1, 2, 1][version as usize];
    let padding = u64::from(header >> 9 & 1);
    let samples = match (layer, is_version_1) {
        (1, _) => 384,
        (3, false) => 576,
        _ => 1152,
    };
    let length = if layer == 1 {
        (12 * bits_a_second / sample_rate + padding) * 4
    } else {
        samples / 8 * bits_a_second / sample_rate + padding
    };
    let channel_count = if header >> 6 & 3 == 3 { 1 } else { 2 };
    let length = usize::try_from(length).ok().filter(|length| *length > 4)?;
    Some(Frame { is_version_1, layer, bits_a_second, sample_rate, channel_count, samples, length })
}

/// Returns how many frames follow, where the first frame is a table of contents.
fn frame_count(bytes: &[u8], frame: &Frame) -> Option<u64> {
    let side = match (frame.is_version_1, frame.channel_count) {
        (true, 2) => 32,
        (true, _) | (false, 2) => 17,
        (false, _) => 9,
    };
    let tag = between(bytes, 4 + side, usize::MAX);
    if (tag.starts_with(b"Xing") || tag.starts_with(b"Info")) && be32(tag, 4)? & 1 != 0 {
        return be32(tag, 8).map(u64::from);
    }
    let tag = between(bytes, 36, usize::MAX);
    if tag.starts_with(b"VBRI") { be32(tag, 14).map(u64::from) } else { None }
}
