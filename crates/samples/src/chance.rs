//! Chance without a random source: splitmix64 from a seed or from a name.
//!
//! Ids come in two ways: in sequence from a [`Chance`], or from a path-like name, which gives the same id wherever the
//! name is used. The second is what keeps a project, a feature or a metadata field the same in every row.

use crate::moment::Moment;

/// A sequence of numbers that looks random and is the same for the same seed.
#[derive(Debug, Clone)]
pub struct Chance {
    state: u64,
}

impl Chance {
    /// Starts the sequence of a seed.
    pub fn new(seed: u64) -> Chance {
        Chance { state: seed }
    }

    /// Starts the sequence of a name.
    pub fn named(path: &str) -> Chance {
        // FNV-1a spreads names well enough for a seed; splitmix64 does the rest.
        let hash = path
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
        Chance::new(hash)
    }

    /// Returns the next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number from 0 to `limit`, the limit excluded; 0 when the limit is 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        // The product's upper half is the number scaled to the limit; its bias is far below what a test could see.
        ((u128::from(self.next_u64()) * u128::from(limit)) >> 64) as u64
    }

    /// Returns a number from `first` to `last`, both included.
    pub fn between(&mut self, first: u64, last: u64) -> u64 {
        first + self.below(last.saturating_sub(first) + 1)
    }

    /// Returns true that many times in a hundred.
    pub fn happens(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// Returns one of the choices, or `None` when there are none.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> Option<&'a T> {
        choices.get(self.below(choices.len() as u64) as usize)
    }

    /// Returns a new 25-character cuid: `c` and 24 of `0-9a-z`.
    pub fn cuid(&mut self) -> String {
        let mut id = String::with_capacity(25);
        self.push_cuid(&mut id);
        id
    }

    /// Returns a new lower-case uuid.
    pub fn uuid(&mut self) -> String {
        let mut id = String::with_capacity(36);
        self.push_uuid(&mut id);
        id
    }

    /// Appends a new cuid.
    pub(super) fn push_cuid(&mut self, out: &mut String) {
        out.push('c');
        for _ in 0..2 {
            // Twelve base-36 digits fit into 64 bits.
            let mut rest = self.next_u64();
            for _ in 0..12 {
                out.push(char::from(BASE_36[(rest % 36) as usize]));
                rest /= 36;
            }
        }
    }

    /// Appends a new cuid of a moment. Real ones begin with the time at which they were made, so that those of rows that
    /// were made one after the other lie side by side.
    pub(super) fn push_cuid_of_moment(&mut self, moment: Moment, out: &mut String) {
        out.push('c');
        for place in (0..8).rev() {
            out.push(char::from(BASE_36[(moment.0 / 36_u64.pow(place) % 36) as usize]));
        }
        let mut rest = self.next_u64();
        let mut more = self.next_u64();
        for _ in 0..8 {
            out.push(char::from(BASE_36[(rest % 36) as usize]));
            out.push(char::from(BASE_36[(more % 36) as usize]));
            rest /= 36;
            more /= 36;
        }
    }

    /// Appends a new uuid.
    pub(super) fn push_uuid(&mut self, out: &mut String) {
        let mut bits = (u128::from(self.next_u64()) << 64) | u128::from(self.next_u64());
        for group in [8, 4, 4, 4, 12] {
            if group != 8 {
                out.push('-');
            }
            for _ in 0..group {
                out.push(char::from(BASE_36[(bits >> 124) as usize]));
                bits <<= 4;
            }
        }
    }
}

/// Returns the cuid that belongs to a name.
pub(super) fn cuid_of(path: &str) -> String {
    Chance::named(path).cuid()
}

/// Returns the uuid that belongs to a name.
pub(super) fn uuid_of(path: &str) -> String {
    Chance::named(path).uuid()
}

const BASE_36: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_their_form_and_repeat_for_a_name() {
        let id = cuid_of("yard/track 7");
        assert_eq!((id.len(), id.starts_with('c')), (25, true));
        assert!(id.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase()));
        assert_eq!(id, cuid_of("yard/track 7"));
        assert_ne!(id, cuid_of("yard/track 8"));
        let id = uuid_of("yard/track 7");
        assert_eq!(id.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
        assert!(id.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit()));
    }

    #[test]
    fn numbers_stay_within_their_bounds() {
        let mut chance = Chance::new(1);
        assert!((0..1000).all(|_| (3..=5).contains(&chance.between(3, 5))));
        assert!((0..1000).all(|_| chance.below(1) == 0 && chance.happens(100) && !chance.happens(0)));
        assert_eq!(chance.pick::<u8>(&[]), None);
    }
}
