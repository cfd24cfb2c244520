//! WebM and Matroska, of which the head is read: tracks and duration.
//!
//! The container counts no frames, so their number is what rate and duration make.

use crate::Asset;
use crate::facts::Facts;
use crate::numbers::between;

const HEAD: u32 = 0x1a45_dfa3;
const DOC_TYPE: u32 = 0x4282;
const SEGMENT: u32 = 0x1853_8067;
const INFO: u32 = 0x1549_a966;
const TIMECODE_SCALE: u32 = 0x002a_d7b1;
const DURATION: u32 = 0x4489;
const TRACKS: u32 = 0x1654_ae6b;
const TRACK: u32 = 0xae;
const CODEC: u32 = 0x86;
const DEFAULT_DURATION: u32 = 0x0023_e383;
const VIDEO: u32 = 0xe0;
const WIDTH: u32 = 0xb0;
const HEIGHT: u32 = 0xba;
/// What is packed follows from here.
const CLUSTER: u32 = 0x1f43_b675;

pub(super) fn probe(asset: &Asset<'_>) -> Option<Facts> {
    let (id, head, rest) = element(asset.bytes)?;
    if id != HEAD {
        return None;
    }
    let is_webm = find(head, DOC_TYPE).is_some_and(|name| name.starts_with(b"webm"));
    let mut facts = Facts::of(if is_webm { "video/webm" } else { "video/x-matroska" });
    let Some(segment) = find(rest, SEGMENT) else { return Some(facts) };
    if let Some(info) = find(segment, INFO) {
        let scale = find(info, TIMECODE_SCALE).map_or(1_000_000, number);
        let duration = find(info, DURATION).and_then(float);
        facts.duration_secs = duration.map(|units| units * scale as f64 / 1e9).filter(|secs| *secs > 0.0);
    }
    let tracks = find(segment, TRACKS).into_iter().flat_map(elements).filter(|(id, _)| *id == TRACK);
    for (_, track) in tracks {
        let Some(video) = find(track, VIDEO) else { continue };
        let side = |id| find(video, id).map(number).filter(|side| *side > 0);
        facts.width = side(WIDTH);
        facts.height = side(HEIGHT);
        facts.codec = find(track, CODEC).and_then(|name| std::str::from_utf8(name).ok()).map(str::to_owned);
        let nanoseconds = find(track, DEFAULT_DURATION).map(number).filter(|duration| *duration > 0);
        facts.frame_rate = nanoseconds.map(|nanoseconds| round(1e9 / nanoseconds as f64));
        break;
    }
    if let (Some(rate), Some(secs)) = (facts.frame_rate, facts.duration_secs) {
        facts.frame_count = Some((rate * secs).round() as u64).filter(|count| *count > 0);
    }
    Some(facts)
}

/// Frame durations are whole nanoseconds, so a rate is right to about six digits.
fn round(rate: f64) -> f64 {
    (rate * 1000.0).round() / 1000.0
}

/// Takes an element: its id, what it holds, and what follows it.
fn element(bytes: &[u8]) -> Option<(u32, &[u8], &[u8])> {
    let id_length = bytes.first()?.leading_zeros() as usize + 1;
    if id_length > 4 {
        return None;
    }
    let id = bytes.get(..id_length)?.iter().fold(0, |id, byte| id << 8 | u32::from(*byte));
    let first = *bytes.get(id_length)?;
    let size_length = first.leading_zeros() as usize + 1;
    if size_length > 8 {
        return None;
    }
    let size_bytes = bytes.get(id_length..id_length + size_length)?;
    let mask = if size_length == 8 { 0 } else { u64::from(first) & (0xff >> size_length) };
    let size = size_bytes[1..].iter().fold(mask, |size, byte| size << 8 | u64::from(*byte));
    let start = id_length + size_length;
    // All bits set: the element lasts as long as there are children of it.
    let is_open = size == (1 << (7 * size_length)) - 1;
    let end = if is_open { usize::MAX } else { start.saturating_add(usize::try_from(size).unwrap_or(usize::MAX)) };
    Some((id, between(bytes, start, end), bytes.get(end..).unwrap_or_default()))
}

fn elements(bytes: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let (id, body, next) = element(rest)?;
        rest = next;
        (id != CLUSTER).then_some((id, body))
    })
}

fn find(bytes: &[u8], id: u32) -> Option<&[u8]> {
    elements(bytes).find(|(found, _)| *found == id).map(|(_, body)| body)
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn float(bytes: &[u8]) -> Option<f64> {
    match bytes.len() {
        4 => Some(f64::from(f32::from_be_bytes(bytes.try_into().ok()?))),
        8 => Some(f64::from_be_bytes(bytes.try_into().ok()?)),
        _ => None,
    }
    .filter(|number| number.is_finite())
}
