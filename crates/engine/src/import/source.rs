//! Files and streams to import from: opened, unpacked, and recognised before anything is written.

use super::error::ImportError;
use super::recognise::{Recognised, SAMPLE_BYTES, recognise};
use super::split::{Limits, Records};
use crate::import::unpack::{self, Position};
use labelport_formats::read::Reader;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};

/// Something to import, not opened yet.
pub struct Source {
    name: String,
    input: Box<dyn Read + Send>,
    size_bytes: Option<u64>,
    position: Position,
    /// The folder in which files lie that records name by relative paths.
    folder: PathBuf,
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
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        Ok(Self { size_bytes, folder, ..Self::stream(&name, Box::new(file)) })
    }

    /// Takes a stream.
    pub fn stream(name: &str, input: Box<dyn Read + Send>) -> Self {
        Self { name: name.to_owned(), input, size_bytes: None, position: Position::default(), folder: PathBuf::new() }
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

    /// Returns the folder in which files lie that records name by relative paths.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Opens it and fails if it is not an export. `asked` is the form that the caller takes it for.
    pub(super) fn open(
        self,
        limits: Limits,
        asked: Option<&'static dyn Reader>,
    ) -> Result<(Records, &'static dyn Reader), ImportError> {
        let Self { name, input, position, .. } = self;
        let read = |source| ImportError::Read { name: name.clone(), source };
        let mut input = unpack::unpacked(input, position).map_err(read)?;
        let mut head = Vec::new();
        input.by_ref().take(MARK.len() as u64).read_to_end(&mut head).map_err(read)?;
        if head == MARK {
            head.clear();
        }
        let mut input = BufReader::with_capacity(SAMPLE_BYTES, Cursor::new(head).chain(input));
        let start = skip_blanks(&mut input).map_err(read)?;
        let mut sample = Vec::new();
        input.by_ref().take(SAMPLE_BYTES as u64).read_to_end(&mut sample).map_err(read)?;
        let Recognised { layout, reader } = recognise(&name, &sample, start != (1, 0), asked)?;
        let whole = BufReader::with_capacity(unpack::BUFFER_BYTES, Cursor::new(sample).chain(input));
        Ok((Records::new(name, Box::new(whole), (layout, start), limits), reader))
    }
}

/// A byte order mark in UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// Skips blank lines and space, however much there is; returns the line and the byte in it that come next.
fn skip_blanks(input: &mut impl BufRead) -> io::Result<(u64, u64)> {
    let (mut line, mut column) = (1, 0);
    loop {
        let buffer = input.fill_buf()?;
        let blanks = buffer.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        for byte in &buffer[..blanks] {
            (line, column) = if *byte == b'\n' { (line + 1, 0) } else { (line, column + 1) };
        }
        let is_over = blanks < buffer.len() || buffer.is_empty();
        input.consume(blanks);
        if is_over {
            return Ok((line, column));
        }
    }
}
