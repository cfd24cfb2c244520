//! WAV: a format and samples in chunks.

use crate::Asset;
use crate::facts::Facts;
use crate::numbers::{array, between, le16, le32};

/// Reads the format and how much there is. A length that says more than the file has counts for what it has.
pub(super) fn read(asset: &Asset<'_>) -> Option<Facts> {
    let bytes = asset.bytes;
    let is_wav = matches!(bytes.get(..4)?, b"RIFF" | b"RF64") && bytes.get(8..12) == Some(b"WAVE");
    if !is_wav {
        return None;
    }
    let mut facts = Facts::of("audio/wav");
    let mut bytes_a_second = 0;
    let mut at: usize = 12;
    while let (Some(kind), Some(length)) = (array::<4>(bytes, at), le32(bytes, at + 4)) {
        let body = between(bytes, at + 8, (at + 8).saturating_add(length as usize));
        match &kind {
            b"fmt " => {
                facts.channel_count = le16(body, 2).map(u64::from);
                facts.sample_rate = le32(body, 4).map(u64::from);
                bytes_a_second = le32(body, 8).unwrap_or(0);
                facts.codec = le16(body, 0).map(|code| match code {
                    1 | 3 | 0xfffe => "pcm".to_owned(),
                    6 => "alaw".to_owned(),
                    7 => "mulaw".to_owned(),
                    code => format!("0x{code:04x}"),
                });
            }
            b"data" => {
                let there = asset.length.saturating_sub(at as u64 + 8);
                facts.duration_secs = super::secs(there.min(u64::from(length)), u64::from(bytes_a_second));
                break;
            }
            _ => {}
        }
        at = (at + 8).saturating_add(length as usize).saturating_add(length as usize & 1);
    }
    Some(facts)
}
