//! Masks that this workspace keeps, and their URLs in exports.
//!
//! Annotations are stored as an export shows them, but the URL of a mask has our address and a signature, which belong to
//! the moment of the export. So what is stored begins with [`ORIGIN`], and an export puts the signed URL in its place.
//! Signatures of masks have no expiry, so that the same request gives the same bytes.

use crate::workspace::signing::Signer;

/// What stands in stored annotations where the address of the server will stand.
pub const ORIGIN: &str = "labelport:";

/// What begins a URL of ours in stored JSON. In the text of a user the quote would be escaped.
const MARK: &[u8] = b"\"labelport:/api/v1/";

/// Puts signed URLs in the place of stored ones. Returns nothing where there are none.
pub(crate) fn sign(bytes: &[u8], signer: &Signer) -> Option<Vec<u8>> {
    let mut signed = Vec::new();
    let mut rest = bytes;
    while let Some(at) = find(rest) {
        let start = at + 1 + ORIGIN.len();
        let length = rest[start..].iter().position(|byte| *byte == b'"').unwrap_or(rest.len() - start);
        let path = String::from_utf8_lossy(&rest[start..start + length]);
        signed.extend_from_slice(&rest[..=at]);
        signed.extend_from_slice(signer.url(&path, None).as_bytes());
        rest = &rest[start + length..];
    }
    if signed.is_empty() {
        return None;
    }
    signed.extend_from_slice(rest);
    Some(signed)
}

fn find(bytes: &[u8]) -> Option<usize> {
    memchr::memmem::find_iter(bytes, MARK).find(|at| *at == 0 || bytes[at - 1] != b'\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_urls_become_signed_ones() {
        let signer = Signer::new("secret".to_owned(), "http://host");
        let stored = br#"{"a":"labelport:/api/v1/x/1","b":"labelport:/api/v1/x/2","c":"\"labelport:/api/v1/x"}"#;
        let text = String::from_utf8(sign(stored, &signer).unwrap()).unwrap();
        assert!(text.starts_with(r#"{"a":"http://host/api/v1/x/1?signature="#), "{text}");
        assert!(text.contains(r#","b":"http://host/api/v1/x/2?signature="#), "{text}");
        assert!(text.ends_with(r#""c":"\"labelport:/api/v1/x"}"#), "{text}");
        assert_eq!(sign(br#"{"a":"https://elsewhere/mask"}"#, &signer), None);
    }
}
