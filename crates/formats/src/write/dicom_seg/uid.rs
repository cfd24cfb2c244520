//! Names of DICOM objects: UUIDs as numbers, made of what an object is.
//!
//! The same things have the same name on every machine and at any time; nothing is drawn.

use sha2::{Digest, Sha256};

/// Returns the name of what some parts describe.
pub(super) fn derived<'p>(parts: impl IntoIterator<Item = &'p [u8]>) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        // With its length before each, no two lists of parts are alike.
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part);
    }
    let digest = digest.finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    // A UUID whose bits are made in a way of its own: version 8.
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    format!("2.25.{}", u128::from_be_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_uuids_and_differ_with_their_parts() {
        let lists: [&[&[u8]]; 5] = [&[b"a", b"b"], &[b"ab"], &[b"", b"ab"], &[b"ab", b""], &[]];
        let names: BTreeSet<String> = lists.iter().map(|parts| derived(parts.iter().copied())).collect();
        assert_eq!(names.len(), lists.len());
        for name in &names {
            let number: u128 = name.strip_prefix("2.25.").unwrap().parse().unwrap();
            assert_eq!((number >> 76 & 0xf, number >> 62 & 0b11), (8, 0b10), "{name}");
            assert!(name.len() <= 64);
        }
        assert_eq!(derived([b"label" as &[u8], b"cl1"]), "2.25.236262162100008235625090608000776166378");
    }
}
