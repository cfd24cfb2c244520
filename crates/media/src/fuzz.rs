//! Fuzz targets: what hostile bytes must not do to a probe.
//!
//! In the tests each target runs for a moment, on its corpus (files in `__fuzz__`), on random bytes and on damaged samples;
//! `cargo xtask fuzz` runs them for minutes. What a run finds becomes a file of the corpus.

use crate::tests::check_sound;
use crate::{Asset, PROBES, samples};

/// The longest name that a target takes.
const NAME_BYTES: usize = 300;

#[test]
fn fuzz_inspect() {
    bolero::check!().for_each(|bytes: &[u8]| check_sound(bytes));
}

#[test]
fn fuzz_each_probe() {
    bolero::check!().for_each(|bytes: &[u8]| {
        let asset = Asset {
            bytes,
            tail: &[],
            length: bytes.len() as u64,
            content_type: None,
            url: "https://host/a",
            media_type: None,
            content_length: None,
        };
        for probe in PROBES {
            if let Some(facts) = (probe.read)(&asset) {
                assert!(facts.mime_type.contains('/'), "{}: {facts:?}", probe.name);
            }
        }
    });
}

/// Bytes are set, removed, inserted or repeated at places of a sample.
#[test]
fn fuzz_damaged_samples() {
    let all = samples::all();
    bolero::check!().with_type::<(u8, Vec<(u16, u8, u8)>)>().for_each(|(which, changes)| {
        let mut bytes = all[usize::from(*which) % all.len()].1.clone();
        for (place, value, how) in changes.iter().take(16) {
            let at = usize::from(*place) % bytes.len().max(1);
            match how % 4 {
                0 => bytes[at] = *value,
                1 => bytes.truncate(at.max(1)),
                2 => bytes.insert(at, *value),
                _ => bytes.extend_from_within(at..(at + usize::from(*value)).min(bytes.len())),
            }
        }
        check_sound(&bytes);
    });
}

#[test]
fn fuzz_names() {
    bolero::check!().for_each(|bytes: &[u8]| {
        let name = String::from_utf8_lossy(&bytes[..bytes.len().min(NAME_BYTES)]);
        assert!(!crate::guess(&name, None).mime_type.is_empty());
    });
}
