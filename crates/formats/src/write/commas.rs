//! Lists of JSON whose elements are written one by one, each with a comma before it.

use super::Joiner;
use std::io;

/// Takes the comma off the first element of each list, since no row knows whether it is the first.
#[derive(Debug, Default)]
pub(super) struct Commas {
    /// Whether the last byte opened a list.
    is_open: bool,
}

impl Joiner for Commas {
    fn add(&mut self, mut bytes: Vec<u8>) -> io::Result<Vec<u8>> {
        if self.is_open && bytes.first() == Some(&b',') {
            bytes.remove(0);
        }
        if let Some(last) = bytes.last() {
            self.is_open = *last == b'[';
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_element_of_a_list_has_no_comma() {
        let mut commas = Commas::default();
        let pieces: [&[u8]; 7] = [b"{\"a\":[", b",1", b",2", b"],\"b\":[", b"", b",3,4", b"]}"];
        let joined: Vec<u8> = pieces.iter().flat_map(|piece| commas.add(piece.to_vec()).unwrap()).collect();
        assert_eq!(joined, b"{\"a\":[1,2],\"b\":[3,4]}");
        let empty: Vec<u8> = [&b"["[..], b"]"].iter().flat_map(|piece| commas.add(piece.to_vec()).unwrap()).collect();
        assert_eq!(empty, b"[]");
    }
}
