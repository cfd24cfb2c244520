//! Elements of lists in JSON: of lists that grow with every row, and of those that are written at once.

use super::Joiner;
use std::io;

/// Begins an element of a list: a comma and a line break. The [joiner](Commas) takes the comma off the first one.
pub(in crate::write) fn open_element(out: &mut Vec<u8>) {
    out.extend_from_slice(b",\n");
}

/// Writes a list that is written at once.
pub(in crate::write) fn write_list<T>(
    out: &mut Vec<u8>,
    list: impl IntoIterator<Item = T>,
    mut write: impl FnMut(T, &mut Vec<u8>),
) {
    out.push(b'[');
    for (index, element) in list.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(element, out);
    }
    out.push(b']');
}

/// Takes the comma off the first element of each list, since no row knows whether it is the first.
#[derive(Debug, Default)]
pub(in crate::write) struct Commas {
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
