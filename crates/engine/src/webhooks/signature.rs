//! Signatures of deliveries, as Standard Webhooks 1.0 describes them: an HMAC-SHA256 over id, time and body.
//!
//! Libraries for many languages check them. A secret that begins with `whsec_` is the Base64 of the key; any other secret,
//! such as one that the SDK gives, is the key itself.

use crate::ambient::Chance;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use labelport_model::time::Timestamp;
use sha2::Sha256;

/// How secrets begin that are Base64.
const PREFIX: &str = "whsec_";

/// Makes a secret of 256 bits.
pub fn new_secret(chance: &dyn Chance) -> String {
    let mut key = [0; 32];
    chance.fill(&mut key);
    format!("{PREFIX}{}", STANDARD.encode(key))
}

/// Returns whether a text can be a secret: what begins like Base64 has to be Base64 of a key.
pub fn is_secret(text: &str) -> bool {
    let encoded = text.strip_prefix(PREFIX);
    encoded.is_none_or(|encoded| STANDARD.decode(encoded).is_ok_and(|key| !key.is_empty()))
}

/// Returns the value of the header `webhook-signature`.
pub fn sign(secret: &str, event_id: &str, time: Timestamp, body: &str) -> String {
    let decoded = secret.strip_prefix(PREFIX).and_then(|text| STANDARD.decode(text).ok());
    let key = decoded.unwrap_or_else(|| secret.as_bytes().to_vec());
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("HMAC takes keys of any length");
    mac.update(format!("{event_id}.{}.{body}", seconds(time)).as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

/// Returns the value of the header `webhook-timestamp`: seconds since 1970.
pub fn seconds(time: Timestamp) -> i64 {
    time.as_millis().div_euclid(1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_the_standard() {
        // The example of the standard's own page.
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let time = Timestamp::from_millis(1_614_265_330_999);
        let signature = sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", time, r#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn what_looks_like_base64_has_to_be_it() {
        for good in ["a", "a secret", "whsec_c2VjcmV0"] {
            assert!(is_secret(good), "{good}");
        }
        for bad in ["whsec_", "whsec_!", "whsec_a"] {
            assert!(!is_secret(bad), "{bad}");
        }
    }

    #[test]
    fn a_secret_without_the_prefix_is_the_key_itself() {
        let time = Timestamp::from_millis(0);
        let encoded = format!("{PREFIX}{}", STANDARD.encode("a secret"));
        assert_eq!(sign("a secret", "e", time, "{}"), sign(&encoded, "e", time, "{}"));
        assert_ne!(sign("a secret", "e", time, "{}"), sign("another", "e", time, "{}"));
        assert_ne!(sign("a secret", "e", time, "{}"), sign("a secret", "f", time, "{}"));
    }
}
