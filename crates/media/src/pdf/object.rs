//! The objects of which documents and the contents of pages are made, read from bytes.

/// An object. Strings and names are bytes, without their escapes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Object {
    Null,
    Number(f64),
    Text(Vec<u8>),
    Name(Vec<u8>),
    Array(Vec<Object>),
    Dictionary(Dictionary),
    /// Another object, by its number.
    Reference(u32),
    /// Anything else that is written without marks: operators, `true`, `obj`.
    Word(Vec<u8>),
}

/// Objects by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Dictionary(Vec<(Vec<u8>, Object)>);

impl Dictionary {
    pub(super) fn get(&self, key: &str) -> Option<&Object> {
        self.0.iter().find(|(name, _)| name == key.as_bytes()).map(|(_, value)| value)
    }

    /// Returns whether a key has this name as its value.
    pub(super) fn is(&self, key: &str, name: &str) -> bool {
        matches!(self.get(key), Some(Object::Name(found)) if found == name.as_bytes())
    }
}

impl Object {
    pub(super) fn as_number(&self) -> Option<f64> {
        if let Self::Number(number) = self { Some(*number) } else { None }
    }

    /// Returns a whole number that is not negative.
    pub(super) fn as_index(&self) -> Option<usize> {
        self.as_number().filter(|number| (0.0..1e9).contains(number)).map(|number| number as usize)
    }

    pub(super) fn as_array(&self) -> Option<&[Object]> {
        if let Self::Array(items) = self { Some(items) } else { None }
    }

    pub(super) fn as_dictionary(&self) -> Option<&Dictionary> {
        if let Self::Dictionary(dictionary) = self { Some(dictionary) } else { None }
    }

    pub(super) fn as_name(&self) -> Option<&[u8]> {
        if let Self::Name(name) = self { Some(name) } else { None }
    }
}

/// How deep arrays and dictionaries may nest.
const DEPTH_LIMIT: usize = 32;
/// The most objects in one: an object takes more memory than the bytes that it is read from.
const OBJECT_LIMIT: usize = 300_000;

/// Reads objects one after another.
pub(super) struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    left: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at, left: OBJECT_LIMIT }
    }

    /// Returns where the next object is looked for.
    pub(super) fn place(&self) -> usize {
        self.at
    }

    pub(super) fn move_to(&mut self, at: usize) {
        self.at = at;
    }

    /// Takes the next object; `None` at the end.
    pub(super) fn next(&mut self) -> Option<Object> {
        self.left = OBJECT_LIMIT;
        self.object(0)
    }

    fn object(&mut self, depth: usize) -> Option<Object> {
        loop {
            self.skip_space();
            let first = *self.bytes.get(self.at)?;
            self.left = self.left.checked_sub(1)?;
            match first {
                b'(' => return Some(Object::Text(self.text())),
                b'/' => return Some(Object::Name(self.name())),
                b'<' if self.bytes.get(self.at + 1) == Some(&b'<') => {
                    self.at += 2;
                    return Some(self.dictionary(depth));
                }
                b'<' => return Some(Object::Text(self.hex_text())),
                b'[' => {
                    self.at += 1;
                    return Some(Object::Array(self.items(depth)));
                }
                // Ends without a beginning.
                b']' | b')' | b'>' | b'{' | b'}' => self.at += 1,
                _ => return Some(self.word()),
            }
        }
    }

    /// Takes what stands up to a closing bracket.
    fn items(&mut self, depth: usize) -> Vec<Object> {
        let mut items = Vec::new();
        loop {
            self.skip_space();
            match self.bytes.get(self.at) {
                None => return items,
                Some(b']') => {
                    self.at += 1;
                    return items;
                }
                Some(b'>') if self.bytes.get(self.at + 1) == Some(&b'>') => {
                    self.at += 2;
                    return items;
                }
                Some(_) if depth >= DEPTH_LIMIT => return items,
                Some(_) => match self.object(depth + 1) {
                    None => return items,
                    // Two numbers before it name an object and its generation.
                    Some(Object::Word(word)) if word == b"R" && items.len() >= 2 => {
                        items.pop();
                        let number = items.pop().and_then(|number| number.as_index()).unwrap_or(0);
                        items.push(Object::Reference(u32::try_from(number).unwrap_or(0)));
                    }
                    // A word that ends an object cannot stand inside of one: brackets are missing.
                    Some(Object::Word(word)) if matches!(word.as_slice(), b"endobj" | b"stream" | b"endstream") => {
                        self.at -= word.len();
                        return items;
                    }
                    Some(object) => items.push(object),
                },
            }
        }
    }

    fn dictionary(&mut self, depth: usize) -> Object {
        let mut members = Vec::new();
        let mut items = self.items(depth).into_iter();
        while let Some(key) = items.next() {
            if let Object::Name(name) = key {
                members.push((name, items.next().unwrap_or(Object::Null)));
            }
        }
        Object::Dictionary(Dictionary(members))
    }

    fn skip_space(&mut self) {
        while let Some(byte) = self.bytes.get(self.at) {
            match byte {
                b'%' => {
                    while self.bytes.get(self.at).is_some_and(|byte| !matches!(byte, b'\r' | b'\n')) {
                        self.at += 1;
                    }
                }
                byte if is_space(*byte) => self.at += 1,
                _ => return,
            }
        }
    }

    fn word(&mut self) -> Object {
        let start = self.at;
        while self.bytes.get(self.at).is_some_and(|byte| is_regular(*byte)) {
            self.at += 1;
        }
        let word = &self.bytes[start..self.at];
        match number(word) {
            Some(number) => Object::Number(number),
            None if word == b"null" => Object::Null,
            None => Object::Word(word.to_vec()),
        }
    }

    fn name(&mut self) -> Vec<u8> {
        self.at += 1;
        let mut name = Vec::new();
        while let Some(&byte) = self.bytes.get(self.at).filter(|byte| is_regular(**byte)) {
            self.at += 1;
            let digits = self.bytes.get(self.at..self.at + 2).filter(|_| byte == b'#');
            match digits.and_then(|digits| Some(digit(digits[0])? << 4 | digit(digits[1])?)) {
                Some(escaped) => {
                    name.push(escaped);
                    self.at += 2;
                }
                None => name.push(byte),
            }
        }
        name
    }

    fn hex_text(&mut self) -> Vec<u8> {
        self.at += 1;
        let mut digits = Vec::new();
        while let Some(&byte) = self.bytes.get(self.at) {
            self.at += 1;
            if byte == b'>' {
                break;
            }
            digits.extend(digit(byte));
        }
        digits.chunks(2).map(|pair| pair[0] << 4 | pair.get(1).copied().unwrap_or(0)).collect()
    }

    fn text(&mut self) -> Vec<u8> {
        self.at += 1;
        let mut text = Vec::new();
        let mut open = 1;
        while let Some(&byte) = self.bytes.get(self.at) {
            self.at += 1;
            match byte {
                b'(' => open += 1,
                b')' => {
                    open -= 1;
                    if open == 0 {
                        break;
                    }
                }
                b'\\' => {
                    self.escape(&mut text);
                    continue;
                }
                _ => {}
            }
            text.push(byte);
        }
        text
    }

    fn escape(&mut self, text: &mut Vec<u8>) {
        let Some(&byte) = self.bytes.get(self.at) else { return };
        self.at += 1;
        match byte {
            b'n' => text.push(b'\n'),
            b'r' => text.push(b'\r'),
            b't' => text.push(b'\t'),
            b'b' => text.push(8),
            b'f' => text.push(12),
            b'\r' => self.at += usize::from(self.bytes.get(self.at) == Some(&b'\n')),
            b'\n' => {}
            b'0'..=b'7' => {
                let mut code = u32::from(byte - b'0');
                for _ in 0..2 {
                    let Some(&next @ b'0'..=b'7') = self.bytes.get(self.at) else { break };
                    code = code << 3 | u32::from(next - b'0');
                    self.at += 1;
                }
                text.push((code & 0xff) as u8);
            }
            other => text.push(other),
        }
    }
}

pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 12 | b'\r' | b' ')
}

fn is_regular(byte: u8) -> bool {
    !is_space(byte) && !matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

pub(super) fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|digit| digit as u8)
}

/// Reads a number as documents write it: no exponents.
fn number(word: &[u8]) -> Option<f64> {
    let unsigned = word.strip_prefix(b"-").or(word.strip_prefix(b"+")).unwrap_or(word);
    let is_number = unsigned.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.')
        && unsigned.iter().any(u8::is_ascii_digit)
        && word.len() <= 40;
    if is_number { std::str::from_utf8(word).ok()?.parse().ok() } else { None }
}
