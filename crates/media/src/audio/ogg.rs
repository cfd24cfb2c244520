//! Ogg with Vorbis, Opus or something else inside. The last page says how long it is.

use crate::Asset;
use crate::facts::Facts;
use crate::numbers::{between, le16, le32, le64};

/// Opus counts in these, whatever was recorded.
const OPUS_RATE: u64 = 48_000;
/// A page is not longer.
const PAGE_LIMIT: usize = 65_307;

pub(super) fn read(asset: &Asset<'_>) -> Option<Facts> {
    let bytes = asset.bytes;
    if !bytes.starts_with(b"OggS") {
        return None;
    }
    let segments = usize::from(*bytes.get(26).unwrap_or(&0));
    let packet = between(bytes, 27 + segments, usize::MAX);
    let last = last_position(if asset.is_whole() { bytes } else { asset.tail });
    let mut facts = Facts::of("audio/ogg");
    if packet.starts_with(b"\x01vorbis") {
        facts.codec = Some("vorbis".to_owned());
        facts.channel_count = packet.get(11).map(|count| u64::from(*count));
        facts.sample_rate = le32(packet, 12).map(u64::from);
        facts.duration_secs = last.zip(facts.sample_rate).and_then(|(last, rate)| super::secs(last, rate));
    } else if packet.starts_with(b"OpusHead") {
        facts.codec = Some("opus".to_owned());
        facts.channel_count = packet.get(9).map(|count| u64::from(*count));
        facts.sample_rate = Some(OPUS_RATE);
        let skipped = u64::from(le16(packet, 10).unwrap_or(0));
        facts.duration_secs = last.and_then(|last| super::secs(last.saturating_sub(skipped), OPUS_RATE));
    } else if packet.starts_with(b"\x80theora") {
        return Some(Facts { codec: Some("theora".to_owned()), ..Facts::of("video/ogg") });
    }
    Some(facts)
}

/// Returns the position at the end of the last page that has one.
fn last_position(bytes: &[u8]) -> Option<u64> {
    let tail = between(bytes, bytes.len().saturating_sub(PAGE_LIMIT), usize::MAX);
    let pages = tail.windows(4).enumerate().rev().filter(|(_, window)| *window == b"OggS");
    pages.filter_map(|(at, _)| le64(tail, at + 6)).find(|position| *position != u64::MAX)
}
