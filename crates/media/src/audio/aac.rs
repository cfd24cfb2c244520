//! AAC without a container: frames with a header each, all of one length in samples.

use crate::Asset;
use crate::facts::Facts;
use crate::numbers::array;

const RATES: [u64; 13] =
    [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];
const SAMPLES_A_FRAME: u64 = 1024;

pub(super) fn read(asset: &Asset<'_>) -> Option<Facts> {
    let bytes = asset.bytes;
    let (rate, channel_count, _) = frame(bytes, 0)?;
    let mut at: usize = 0;
    let mut count: u64 = 0;
    while let Some((_, _, length)) = frame(bytes, at) {
        count += 1;
        at += length;
    }
    // Two bytes that look like a header are no sound yet.
    if count < 2 {
        return None;
    }
    if !asset.is_whole() {
        // Frames differ little in length: those that were read stand for the others.
        count = (count as f64 * asset.length as f64 / at as f64).round() as u64;
    }
    Some(Facts {
        codec: Some("aac".to_owned()),
        sample_rate: Some(rate),
        channel_count: Some(channel_count).filter(|count| *count > 0),
        duration_secs: super::secs(count * SAMPLES_A_FRAME, rate),
        ..Facts::of("audio/aac")
    })
}

/// Returns the rate, the channels and the length of the frame at a place.
fn frame(bytes: &[u8], at: usize) -> Option<(u64, u64, usize)> {
    let [sync, version, rate, channels, middle, low] = array(bytes, at)?;
    if sync != 0xff || version & 0xf6 != 0xf0 {
        return None;
    }
    let channel_count = u64::from(rate & 1) << 2 | u64::from(channels >> 6);
    let rate = *RATES.get(usize::from(rate >> 2 & 15))?;
    let length = usize::from(channels & 3) << 11 | usize::from(middle) << 3 | usize::from(low >> 5);
    (length >= 7).then_some((rate, channel_count, length))
}
