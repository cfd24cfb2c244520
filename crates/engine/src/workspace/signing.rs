//! URLs that work without a header: signed, bound to one object, and as a rule for a time.
//!
//! A signature covers the path and the time at which it stops to work. Masks and uploads are stable for the life of the
//! object, since exports show their URLs and the same request must give the same bytes; results expire. Whether the
//! object is still there is asked again when a URL is opened.

use crate::ambient::hexadecimal;
use hmac::{Hmac, KeyInit, Mac};
use labelport_model::problem::{Problem, ProblemKind};
use labelport_model::time::Timestamp;
use labelport_store::tables::settings;
use labelport_store::{Connection, StoreError};
use sha2::Sha256;

/// Signs and checks URLs.
#[derive(Clone, PartialEq, Eq)]
pub struct Signer {
    secret: String,
    public_url: String,
}

/// What URLs begin with where nobody said so.
const DEFAULT_PUBLIC_URL: &str = "http://127.0.0.1:8080";
/// The digits of a signature that a URL carries: 160 bits.
const SIGNATURE_DIGITS: usize = 40;

impl Signer {
    /// Makes a signer for URLs that begin with an address, such as `http://127.0.0.1:8080`.
    pub fn new(secret: String, public_url: &str) -> Self {
        Self { secret, public_url: public_url.trim_end_matches('/').to_owned() }
    }

    /// Reads the signer of a store: its secret, and the address that URLs begin with. `None` before the first server.
    pub(crate) fn read(connection: &mut dyn Connection) -> Result<Option<Self>, StoreError> {
        let secret = settings::find(connection, settings::SIGNING_SECRET)?;
        let public_url = settings::find(connection, settings::PUBLIC_URL)?;
        let public_url = public_url.as_deref().unwrap_or(DEFAULT_PUBLIC_URL);
        Ok(secret.map(|secret| Self::new(secret, public_url)))
    }

    /// Returns what URLs begin with, without a slash at the end.
    pub(crate) fn public_url(&self) -> &str {
        &self.public_url
    }

    /// Returns the URL of a path (with its slash, in characters that a URL may hold), working until a time or for ever.
    pub fn url(&self, path: &str, until: Option<Timestamp>) -> String {
        format!("{}{}", self.public_url, self.signed(path, until))
    }

    /// Returns a path with its signature.
    pub fn signed(&self, path: &str, until: Option<Timestamp>) -> String {
        match until {
            Some(until) => {
                let expires = until.as_millis() / 1_000;
                format!("{path}?expires={expires}&signature={}", self.signature(path, Some(expires)))
            }
            None => format!("{path}?signature={}", self.signature(path, None)),
        }
    }

    /// Fails unless a signature is that of a path, and its time is not over.
    pub fn check(
        &self,
        path: &str,
        expires: Option<i64>,
        signature: Option<&str>,
        now: Timestamp,
    ) -> Result<(), Problem> {
        let given = signature.and_then(bytes_of).unwrap_or_default();
        // Compares in a time that does not depend on how much of a wrong signature is right.
        let is_own =
            given.len() == SIGNATURE_DIGITS / 2 && self.mac(path, expires).verify_truncated_left(&given).is_ok();
        if !is_own {
            let message = "the signature of this URL is missing or not its own; use the URL as it was given out";
            return Err(Problem::new(ProblemKind::Forbidden, message));
        }
        if expires.is_some_and(|expires| expires <= now.as_millis() / 1_000) {
            let message = "this URL has expired; ask for the result again to get a new one";
            return Err(Problem::new(ProblemKind::Forbidden, message));
        }
        Ok(())
    }

    /// Returns the path of a URL that this signer gave out, without its query; none for another URL.
    pub fn own_path<'u>(&self, url: &'u str) -> Option<&'u str> {
        let path = url.strip_prefix(&self.public_url)?;
        path.starts_with('/').then(|| path.split('?').next().unwrap_or(path))
    }

    /// Returns the first 160 bits of the code as hexadecimal digits.
    fn signature(&self, path: &str, expires: Option<i64>) -> String {
        let mut signature = hexadecimal(&self.mac(path, expires).finalize().into_bytes());
        signature.truncate(SIGNATURE_DIGITS);
        signature
    }

    /// HMAC-SHA256 of the path and the time.
    fn mac(&self, path: &str, expires: Option<i64>) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes()).expect("a key of any length will do");
        mac.update(path.as_bytes());
        mac.update(b"\n");
        mac.update(expires.map(|expires| expires.to_string()).unwrap_or_default().as_bytes());
        mac
    }
}

/// Reads lower-case hexadecimal digits.
fn bytes_of(digits: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).filter(|_| !byte.is_ascii_uppercase());
    let pairs = digits.as_bytes().chunks(2);
    pairs.map(|pair| u8::try_from(digit(pair.first()?)? << 4 | digit(pair.get(1)?)?).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer() -> Signer {
        Signer::new("secret".to_owned(), "http://host:1/")
    }

    fn check(url: &str, path: &str, now_secs: i64) -> bool {
        let query = url.split_once('?').unwrap().1;
        let get = |key: &str| query.split('&').find_map(|pair| pair.strip_prefix(key)?.strip_prefix('='));
        let expires = get("expires").map(|text| text.parse().unwrap());
        signer().check(path, expires, get("signature"), Timestamp::from_millis(now_secs * 1_000)).is_ok()
    }

    #[test]
    fn a_url_works_for_its_object_and_its_time() {
        let url = signer().url("/files/a", Some(Timestamp::from_millis(10_000)));
        assert!(url.starts_with("http://host:1/files/a?expires=10&signature="), "{url}");
        assert!(check(&url, "/files/a", 9));
        assert!(!check(&url, "/files/a", 10));
        assert!(!check(&url, "/files/b", 9));
        assert!(!check(&url.replace("expires=10", "expires=11"), "/files/a", 9));
        assert!(!check(&url.replace("expires=10&", ""), "/files/a", 9));
        // Only the whole signature counts, in the one spelling in which it is given out.
        assert!(!check(&url[..url.len() - 1], "/files/a", 9));
        assert!(!check(&url[..url.len() - 2], "/files/a", 9));
        assert!(!check(url.split("signature=").next().unwrap(), "/files/a", 9));
        let (start, signature) = url.split_once("signature=").unwrap();
        assert!(!check(&format!("{start}signature="), "/files/a", 9));
        assert!(!check(&format!("{start}signature={}", signature.to_ascii_uppercase()), "/files/a", 9));
        assert!(!check(&format!("{url}00"), "/files/a", 9));
    }

    #[test]
    fn a_url_without_a_time_works_for_ever() {
        let url = signer().url("/files/a", None);
        assert!(check(&url, "/files/a", i64::MAX / 1_000));
        assert_eq!(signer().own_path(&url), Some("/files/a"));
        assert_eq!(signer().own_path("http://host:11/files/a"), None);
    }
}
