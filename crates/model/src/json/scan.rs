//! Text to normal form: one pass, no recursion.
//!
//! The scanner writes the normal form and the list of nodes at the same time. It is not recursive, so a line of ten
//! thousand brackets ends in an error message instead of a stack overflow.

use super::DEPTH_LIMIT;
use super::error::{JsonError, JsonProblem};
use super::node::{Kind, Node};
use super::string;
use std::collections::HashSet;

/// Scans `input` and appends the normal form and its nodes. After an error neither is usable.
pub(super) fn scan(input: &[u8], text: &mut Vec<u8>, nodes: &mut Vec<Node>) -> Result<(), JsonError> {
    // A byte of input becomes at most six bytes of normal form, and offsets are 32 bits.
    if u32::try_from(input.len().saturating_mul(6)).is_err() {
        return Err(JsonError { offset: 0, problem: JsonProblem::TooLong });
    }
    if let Err(error) = std::str::from_utf8(input) {
        return Err(JsonError { offset: error.valid_up_to(), problem: JsonProblem::NotUtf8 });
    }
    text.reserve(input.len());
    // A key and its value are seldom shorter together.
    nodes.reserve(input.len() / 16);
    let mut scanner = Scanner { input, at: 0, text, nodes, open: Vec::new() };
    scanner.run()
}

struct Scanner<'a> {
    input: &'a [u8],
    at: usize,
    text: &'a mut Vec<u8>,
    nodes: &'a mut Vec<Node>,
    /// The containers that are open, outermost first, as indexes into `nodes`.
    open: Vec<u32>,
}

impl Scanner<'_> {
    fn run(&mut self) -> Result<(), JsonError> {
        self.value("a JSON value")?;
        while let Some(&container) = self.open.last() {
            let is_object = self.nodes[container as usize].kind == Kind::Object;
            let is_empty = self.nodes.len() == container as usize + 1;
            let close = if is_object { b'}' } else { b']' };
            match (self.peek(), is_empty) {
                (Some(byte), _) if byte == close => {
                    self.at += 1;
                    self.close(close)?;
                    continue;
                }
                (Some(b','), false) => {
                    self.at += 1;
                    self.text.push(b',');
                }
                (Some(_), false) => return Err(self.unexpected(if is_object { "',' or '}'" } else { "',' or ']'" })),
                (Some(_), true) => {}
                (None, _) => return Err(self.ended()),
            }
            if is_object {
                match self.peek() {
                    Some(b'"') => self.string()?,
                    Some(_) => return Err(self.unexpected("a key in double quotes")),
                    None => return Err(self.ended()),
                }
                match self.peek() {
                    Some(b':') => self.at += 1,
                    Some(_) => return Err(self.unexpected("':'")),
                    None => return Err(self.ended()),
                }
                self.text.push(b':');
            }
            self.value("a JSON value")?;
        }
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.error(JsonProblem::Trailing)),
        }
    }

    /// Returns the next byte that is not white space, without taking it.
    fn peek(&mut self) -> Option<u8> {
        while let Some(&byte) = self.input.get(self.at) {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(byte);
            }
            self.at += 1;
        }
        None
    }

    /// Takes a whole scalar, or opens a container.
    fn value(&mut self, expected: &'static str) -> Result<(), JsonError> {
        match self.peek() {
            Some(b'"') => self.string(),
            Some(byte @ (b'{' | b'[')) => {
                if self.open.len() >= DEPTH_LIMIT {
                    return Err(self.error(JsonProblem::TooDeep));
                }
                self.open.push(self.nodes.len() as u32);
                let kind = if byte == b'{' { Kind::Object } else { Kind::Array };
                let start = self.text.len() as u32;
                self.nodes.push(Node { kind, start, end: 0, next: 0, offset: self.at as u32 });
                self.text.push(byte);
                self.at += 1;
                Ok(())
            }
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.literal(b"true", Kind::True),
            Some(b'f') => self.literal(b"false", Kind::False),
            Some(b'n') => self.literal(b"null", Kind::Null),
            Some(_) if self.input[self.at..].starts_with(b"NaN") => Err(self.error(JsonProblem::NotANumber("NaN"))),
            Some(_) if self.input[self.at..].starts_with(b"Infinity") => {
                Err(self.error(JsonProblem::NotANumber("Infinity")))
            }
            Some(_) => Err(self.unexpected(expected)),
            None => Err(self.ended()),
        }
    }

    fn close(&mut self, byte: u8) -> Result<(), JsonError> {
        self.text.push(byte);
        let container = self.open.pop().expect("a container is open, the caller checked") as usize;
        self.nodes[container].end = self.text.len() as u32;
        self.nodes[container].next = self.nodes.len() as u32;
        if byte == b'}' {
            self.check_keys(container)?;
        }
        Ok(())
    }

    /// Refuses a key that occurs twice. Most objects are small, so keys are compared in pairs before a set is built.
    fn check_keys(&self, container: usize) -> Result<(), JsonError> {
        const COMPARED: usize = 24;
        let mut keys: [&[u8]; COMPARED] = [&[]; COMPARED];
        let mut count = 0;
        let mut many: Option<HashSet<&[u8]>> = None;
        let end = self.nodes[container].next as usize;
        let mut at = container + 1;
        while at < end {
            let key_node = self.nodes[at];
            let key = &self.text[key_node.start as usize..key_node.end as usize];
            let seen = match &mut many {
                Some(set) => !set.insert(key),
                None if keys[..count].contains(&key) => true,
                None if count < COMPARED => {
                    keys[count] = key;
                    count += 1;
                    false
                }
                None => {
                    let mut set: HashSet<&[u8]> = keys.iter().copied().collect();
                    set.insert(key);
                    many = Some(set);
                    false
                }
            };
            if seen {
                let name = string::unquote(&String::from_utf8_lossy(key)).into_owned();
                let offset = key_node.offset as usize;
                return Err(JsonError { offset, problem: JsonProblem::DuplicateKey(name) });
            }
            // The value follows its key, and the next key follows the value.
            at = self.nodes[at + 1].next as usize;
        }
        Ok(())
    }

    fn literal(&mut self, word: &'static [u8], kind: Kind) -> Result<(), JsonError> {
        let rest = &self.input[self.at..];
        if !rest.starts_with(word) {
            return Err(if word.starts_with(rest) { self.ended() } else { self.unexpected("a JSON value") });
        }
        self.leaf(kind, word);
        self.at += word.len();
        Ok(())
    }

    fn number(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        let input = self.input;
        let digits = |from: usize| input[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let mut at = start + usize::from(input[start] == b'-');
        if input[at..].starts_with(b"Infinity") {
            return Err(self.error(JsonProblem::NotANumber("-Infinity")));
        }
        let whole = digits(at);
        if whole == 0 || (whole > 1 && input[at] == b'0') {
            return Err(self.number_error(at + whole));
        }
        at += whole;
        if input.get(at) == Some(&b'.') {
            let fraction = digits(at + 1);
            if fraction == 0 {
                return Err(self.number_error(at + 1));
            }
            at += 1 + fraction;
        }
        if matches!(input.get(at), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(input.get(at + 1), Some(b'+' | b'-')));
            let exponent = digits(at + 1 + sign);
            if exponent == 0 {
                return Err(self.number_error(at + 1 + sign));
            }
            at += 1 + sign + exponent;
        }
        self.leaf(Kind::Number, &input[start..at]);
        self.at = at;
        Ok(())
    }

    fn leaf(&mut self, kind: Kind, spelling: &[u8]) {
        let start = self.text.len() as u32;
        self.text.extend_from_slice(spelling);
        let next = self.nodes.len() as u32 + 1;
        self.nodes.push(Node { kind, start, end: self.text.len() as u32, next, offset: self.at as u32 });
    }

    fn string(&mut self) -> Result<(), JsonError> {
        let start = self.text.len() as u32;
        let offset = self.at as u32;
        self.at = string::normalise(self.input, self.at, self.text)?;
        let next = self.nodes.len() as u32 + 1;
        self.nodes.push(Node { kind: Kind::String, start, end: self.text.len() as u32, next, offset });
        Ok(())
    }

    fn number_error(&self, offset: usize) -> JsonError {
        let problem = if offset >= self.input.len() { JsonProblem::Ended } else { JsonProblem::BadNumber };
        JsonError { offset: offset.min(self.input.len()), problem }
    }

    fn ended(&self) -> JsonError {
        JsonError { offset: self.input.len(), problem: JsonProblem::Ended }
    }

    fn error(&self, problem: JsonProblem) -> JsonError {
        JsonError { offset: self.at, problem }
    }

    fn unexpected(&self, expected: &'static str) -> JsonError {
        let rest = String::from_utf8_lossy(&self.input[self.at..self.input.len().min(self.at + 8)]);
        let found = match rest.chars().next() {
            Some(character) if character.is_control() => format!("a control character (U+{:04X})", character as u32),
            Some(character) => format!("'{character}'"),
            None => "the end".to_owned(),
        };
        self.error(JsonProblem::Unexpected { found, expected })
    }
}
