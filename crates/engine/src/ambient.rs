//! Time and chance, which are arguments everywhere below the command line.

use labelport_model::time::Timestamp;

/// Returns the time.
pub trait Clock: Send + Sync {
    /// Returns now.
    fn now(&self) -> Timestamp;
}

/// Gives random bytes that nobody can guess.
pub trait Chance: Send + Sync {
    /// Fills a buffer.
    fn fill(&self, bytes: &mut [u8]);
}

impl dyn Chance + '_ {
    /// Returns a new cuid: the letter c and 24 letters or digits by chance.
    pub fn cuid(&self) -> String {
        const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
        let mut id = String::from("c");
        let mut bytes = [0; 32];
        while id.len() < 25 {
            self.fill(&mut bytes);
            // Bytes above the last multiple of 36 would make the first digits likelier.
            let fair = bytes.iter().filter(|byte| **byte < 252);
            id.extend(fair.take(25 - id.len()).map(|byte| DIGITS[usize::from(byte % 36)] as char));
        }
        id
    }

    /// Returns a new random uuid.
    pub fn uuid(&self) -> String {
        let mut bytes = [0; 16];
        self.fill(&mut bytes);
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let hex = hexadecimal(&bytes);
        format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    }

    /// Returns a new secret of 256 bits, in hexadecimal digits.
    pub fn secret(&self) -> String {
        let mut bytes = [0; 32];
        self.fill(&mut bytes);
        hexadecimal(&bytes)
    }
}

/// Prints bytes in hexadecimal digits.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting(std::sync::atomic::AtomicU8);

    impl Chance for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            for byte in bytes {
                *byte = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            }
        }
    }

    #[test]
    fn ids_have_their_forms() {
        let chance: &dyn Chance = &Counting(std::sync::atomic::AtomicU8::new(240));
        let id = chance.cuid();
        assert!(id.len() == 25 && id.starts_with('c') && id.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{id}");
        assert_ne!(id, chance.cuid());
        assert_eq!(chance.uuid().len(), 36);
        assert_eq!(&chance.uuid()[14..15], "4");
    }
}
