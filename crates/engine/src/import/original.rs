//! Records as they were, kept until it is known whether they are refused.
//!
//! Nothing is kept unless somebody asks for refused records. Then a short record keeps its text, and a long one goes to a
//! compressed file that has no name while it is read.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// The most bytes of a record that are kept: a line that never ends does not fill the disk.
pub(super) const KEPT_LIMIT_BYTES: u64 = 1 << 30;

/// The level at which zstd is about as fast as the parser.
const ZSTD_LEVEL: i32 = 1;
/// How much is copied at once.
const COPY_BYTES: usize = 64 << 10;

/// A record as it was.
#[derive(Debug)]
pub(super) enum Original {
    /// A short record.
    Text(Vec<u8>),
    /// A long record, compressed.
    Spooled(File),
    /// It is longer than [`KEPT_LIMIT_BYTES`].
    TooLong,
}

impl Original {
    /// Writes the record as one line without its end. Returns whether there is anything to write.
    pub(super) fn write_to(self, mut write: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<bool> {
        let mut write_piece = |piece: &mut [u8]| {
            // A record that is printed over several lines becomes one line: JSON has line breaks only where a space may be.
            piece.iter_mut().filter(|byte| matches!(byte, b'\n')).for_each(|byte| *byte = b' ');
            write(piece)
        };
        match self {
            Self::TooLong => return Ok(false),
            Self::Text(mut text) => write_piece(&mut text)?,
            Self::Spooled(mut file) => {
                file.seek(SeekFrom::Start(0))?;
                let mut input = zstd::Decoder::new(BufReader::new(file))?;
                let mut piece = vec![0; COPY_BYTES];
                loop {
                    match input.read(&mut piece)? {
                        0 => break,
                        count => write_piece(&mut piece[..count])?,
                    }
                }
            }
        }
        Ok(true)
    }
}

/// Keeps a long record while it is read.
pub(super) struct Spool {
    /// None when the record has become too long.
    out: Option<zstd::Encoder<'static, BufWriter<File>>>,
    bytes: u64,
    limit_bytes: u64,
}

impl Spool {
    /// Starts a file in a folder. It has no name, so that nothing of it is left whatever happens.
    pub(super) fn create(scratch_folder: &Path, limit_bytes: u64) -> io::Result<Self> {
        let file = tempfile::tempfile_in(scratch_folder)?;
        Ok(Self { out: Some(zstd::Encoder::new(BufWriter::new(file), ZSTD_LEVEL)?), bytes: 0, limit_bytes })
    }

    pub(super) fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes += bytes.len() as u64;
        if self.bytes > self.limit_bytes {
            self.out = None;
        }
        self.out.as_mut().map_or(Ok(()), |out| out.write_all(bytes))
    }

    pub(super) fn finish(self) -> io::Result<Original> {
        let Some(out) = self.out else { return Ok(Original::TooLong) };
        Ok(Original::Spooled(out.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(original: Original) -> Option<String> {
        let mut out = Vec::new();
        let is_written = original.write_to(|piece| out.write_all(piece)).unwrap();
        is_written.then(|| String::from_utf8(out).unwrap())
    }

    #[test]
    fn a_record_is_written_as_one_line() {
        assert_eq!(written(Original::Text(b"{\"a\":1}\r".to_vec())).as_deref(), Some("{\"a\":1}\r"));
        assert_eq!(written(Original::Text(b"{\n\t\"a\": 1\n}".to_vec())).as_deref(), Some("{ \t\"a\": 1 }"));
        assert_eq!(written(Original::TooLong), None);
    }

    #[test]
    fn a_long_record_is_kept_up_to_a_limit() {
        let spooled = |limit_bytes| {
            let mut spool = Spool::create(&std::env::temp_dir(), limit_bytes).unwrap();
            spool.push(b"{\"a\"\n").unwrap();
            spool.push(b":1}").unwrap();
            spool.finish().unwrap()
        };
        assert_eq!(written(spooled(8)).as_deref(), Some("{\"a\" :1}"));
        assert!(matches!(spooled(7), Original::TooLong));
    }
}
