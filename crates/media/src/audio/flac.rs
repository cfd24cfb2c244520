//! FLAC: the first block says everything.

use crate::Asset;
use crate::facts::Facts;
use crate::numbers::be64;

pub(super) fn read(asset: &Asset<'_>) -> Option<Facts> {
    let bytes = asset.bytes;
    if !bytes.starts_with(b"fLaC") {
        return None;
    }
    let mut facts = Facts { codec: Some("flac".to_owned()), ..Facts::of("audio/flac") };
    // 20 bits of rate, 3 of channels, 5 of sample size, 36 of samples.
    if let Some(bits) = be64(bytes, 18).filter(|_| bytes.get(4).is_some_and(|kind| kind & 0x7f == 0)) {
        let rate = bits >> 44;
        facts.sample_rate = Some(rate).filter(|rate| *rate > 0);
        facts.channel_count = Some((bits >> 41 & 7) + 1);
        facts.duration_secs = super::secs(bits & 0xf_ffff_ffff, rate);
    }
    Some(facts)
}
