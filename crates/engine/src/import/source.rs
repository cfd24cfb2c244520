//! Files and streams to import from: opened, unpacked, and recognised before anything is written.

use super::error::ImportError;
use super::split::{Layout, Limits, Records};
use crate::unpack::{self, Position};
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::Path;

/// How much is looked at to tell what a file is.
const SAMPLE_BYTES: u64 = 64 << 10;

/// Something to import, not opened yet.
pub struct Source {
    name: String,
    input: Box<dyn Read + Send>,
    size_bytes: Option<u64>,
    position: Position,
}

impl Source {
    /// Takes a file.
    pub fn file(path: &Path) -> Result<Self, ImportError> {
        let name = path.display().to_string();
        let read = |source| ImportError::Read { name: name.clone(), source };
        let file = File::open(path).map_err(read)?;
        let metadata = file.metadata().map_err(read)?;
        if metadata.is_dir() {
            return Err(read(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder; name the files in it")));
        }
        let size_bytes = metadata.is_file().then_some(metadata.len());
        Ok(Self { size_bytes, ..Self::stream(&name, Box::new(file)) })
    }

    /// Takes a stream.
    pub fn stream(name: &str, input: Box<dyn Read + Send>) -> Self {
        Self { name: name.to_owned(), input, size_bytes: None, position: Position::default() }
    }

    /// Returns what messages call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the size before unpacking; `None` for a stream.
    pub fn size_bytes(&self) -> Option<u64> {
        self.size_bytes
    }

    /// Returns a handle on the number of bytes read.
    pub fn position(&self) -> Position {
        self.position.clone()
    }

    /// Opens it and fails if it is not an export.
    pub(super) fn open(self, limits: Limits) -> Result<Records, ImportError> {
        let Self { name, input, position, .. } = self;
        let read = |source| ImportError::Read { name: name.clone(), source };
        let mut input = unpack::unpacked(input, position).map_err(read)?;
        let mut sample = Vec::new();
        input.by_ref().take(SAMPLE_BYTES).read_to_end(&mut sample).map_err(read)?;
        let start = if sample.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        let layout = recognise(&name, &sample[start..])?;
        let whole = Cursor::new(sample.split_off(start)).chain(input);
        let whole = BufReader::with_capacity(unpack::BUFFER_BYTES, whole);
        Ok(Records::new(name, Box::new(whole), layout, limits))
    }
}

/// Tells from the first bytes how records are laid out, or that there are none.
fn recognise(name: &str, sample: &[u8]) -> Result<Layout, ImportError> {
    let not_an_export = |found| Err(ImportError::NotAnExport { name: name.to_owned(), found });
    let Some(first) = sample.iter().position(|byte| !byte.is_ascii_whitespace()) else {
        return not_an_export("it is empty");
    };
    let layout = match sample[first] {
        // A text of 16-bit units; any other zero is the problem of its line.
        _ if sample.get(first + 1) == Some(&0) => return not_an_export("it holds binary data"),
        b'[' => Layout::Array,
        // An object that opens on a line of its own is printed over several lines.
        b'{' if opens_a_line(&sample[first + 1..]) => Layout::Sequence,
        b'{' => Layout::Lines,
        _ if sample.contains(&0) => return not_an_export("it holds binary data"),
        _ => return not_an_export("it does not begin with a JSON object or array"),
    };
    let holds = |text: &[u8]| sample.windows(text.len()).any(|window| window == text);
    if holds(b"\"data_row\"") {
        return Ok(layout);
    }
    if holds(b"\"DataRow ID\"") {
        return Err(ImportError::Legacy { name: name.to_owned() });
    }
    // An empty array is an export of nothing; a sample that ends early may have the key behind its end.
    let is_empty_array = layout == Layout::Array && sample[first + 1..].trim_ascii() == b"]";
    if is_empty_array || sample.len() as u64 >= SAMPLE_BYTES - 3 {
        return Ok(layout);
    }
    not_an_export("its objects have no key data_row")
}

/// Tells whether nothing but space stands before the end of the line.
fn opens_a_line(rest: &[u8]) -> bool {
    rest.iter().find(|byte| !matches!(byte, b' ' | b'\t' | b'\r')) == Some(&b'\n')
}
