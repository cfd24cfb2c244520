//! Sound: WAV, FLAC, Ogg, MP3, AAC. Sound in boxes is read with videos.
//!
//! # Adding a form of sound
//! One file next to this one, one line in [`READERS`].

mod aac;
mod flac;
mod mp3;
mod ogg;
mod wav;

use super::Asset;
use super::facts::Facts;

type Reader = fn(&Asset<'_>) -> Option<Facts>;

/// Every form of sound, those with an unmistakable beginning first.
static READERS: &[Reader] = &[flac::read, ogg::read, wav::read, mp3::read, aac::read];

pub(super) fn probe(asset: &Asset<'_>) -> Option<Facts> {
    READERS.iter().find_map(|read| read(asset))
}

/// Returns a number of samples as seconds.
fn secs(samples: u64, rate: u64) -> Option<f64> {
    (samples > 0 && rate > 0).then(|| samples as f64 / rate as f64)
}
