//! Ids for what records name without one.
//!
//! An id is made from the text that the records have, so that the same file always gives the same store.

use labelport_model::id::CUID_LENGTH;

/// Returns an id of 25 characters that depends only on what it is of and on the texts.
pub(super) fn id(what: &str, texts: &[&str]) -> String {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let mut hash = Fnv::default();
    for text in [&[what], texts].concat() {
        hash.add(text.as_bytes());
        // No text has this byte, so that texts cannot run into each other.
        hash.add(&[0xff]);
    }
    let mut rest = hash.0;
    let mut id = String::with_capacity(CUID_LENGTH);
    id.push('c');
    while id.len() < CUID_LENGTH {
        id.push(char::from(DIGITS[(rest % 36) as usize]));
        rest /= 36;
    }
    id
}

/// FNV-1a of 128 bits: short, and the same everywhere.
struct Fnv(u128);

impl Default for Fnv {
    fn default() -> Self {
        Self(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d)
    }
}

impl Fnv {
    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u128::from(*byte)).wrapping_mul(0x0100_0000_0000_0000_0000_013b);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use labelport_model::id::DataRowId;

    #[test]
    fn an_id_depends_on_every_text_and_on_nothing_else() {
        let ids = [
            id("row", &["a", "b"]),
            id("row", &["a", "c"]),
            id("row", &["ab", ""]),
            id("row", &["", "ab"]),
            id("label", &["a", "b"]),
        ];
        for id in &ids {
            assert!(DataRowId::parse(id).is_ok(), "{id}");
        }
        assert_eq!(ids.iter().collect::<std::collections::BTreeSet<_>>().len(), ids.len());
        // Stores hold such ids: they never change.
        assert_eq!(ids[0], id("row", &["a", "b"]));
        assert_eq!(id("project", &["Harbour"]), "c39f9d4xx2by7twx4xnu2key3");
    }
}
