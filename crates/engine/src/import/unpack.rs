//! Bytes as they were before compression, whatever the name of the file says.
//!
//! Packed data is recognised by its first bytes: gzip members, zstd frames, or neither. Any number of members or
//! frames follow each other, as an export writes them. Zeros after the last gzip member are padding, as in gzip itself;
//! anything else after the last member or frame is an error.

use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use zstd::stream::raw::{self, Operation as _};

/// How much is read at once.
pub(crate) const BUFFER_BYTES: usize = 256 << 10;

/// How many bytes were read so far, before unpacking.
#[derive(Debug, Clone, Default)]
pub struct Position(Arc<ReadProgress>);

#[derive(Debug, Default)]
struct ReadProgress {
    bytes: AtomicU64,
    is_broken: AtomicBool,
}

impl Position {
    /// Returns the number of bytes.
    pub fn get(&self) -> u64 {
        self.0.bytes.load(Ordering::Relaxed)
    }

    /// Returns whether an error came from the input itself, and not from what was packed wrongly in it.
    pub(crate) fn is_broken(&self) -> bool {
        self.0.is_broken.load(Ordering::Relaxed)
    }
}

struct Counting<R> {
    inner: R,
    position: Position,
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let outcome = self.inner.read(buffer);
        let progress = &self.position.0;
        match &outcome {
            Ok(count) => {
                progress.bytes.fetch_add(*count as u64, Ordering::Relaxed);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => progress.is_broken.store(true, Ordering::Relaxed),
        }
        outcome
    }
}

/// Unpacks what is read from `input`, and counts what is read.
pub(crate) fn unpacked(input: Box<dyn Read + Send>, position: Position) -> io::Result<Box<dyn Read + Send>> {
    let mut input = Counting { inner: input, position: position.clone() };
    // A slow pipe may give them one by one.
    let mut start = Vec::new();
    input.by_ref().take(ZSTD_MAGIC.len() as u64).read_to_end(&mut start)?;
    let packing = match &start {
        start if start.starts_with(GZIP_MAGIC) => Some(Packed::Gzip),
        start if start.starts_with(ZSTD_MAGIC) => Some(Packed::Zstd),
        _ => None,
    };
    let raw = BufReader::with_capacity(BUFFER_BYTES, Cursor::new(start).chain(input));
    let Some(packing) = packing else { return Ok(Box::new(raw)) };
    Ok(Box::new(Unpacker { packing, state: State::Between(raw), position, is_padded: false }))
}

/// How a gzip member begins.
const GZIP_MAGIC: &[u8] = b"\x1f\x8b";
/// How a zstd frame begins that holds data.
const ZSTD_MAGIC: &[u8] = b"\x28\xb5\x2f\xfd";
/// How a zstd frame ends its magic number that holds something else, which readers skip. The byte before it is 0x50 to 0x5f.
const ZSTD_SKIPPABLE: &[u8] = b"\x2a\x4d\x18";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packed {
    Gzip,
    Zstd,
}

type Raw = BufReader<Chain<Cursor<Vec<u8>>, Counting<Box<dyn Read + Send>>>>;

/// Unpacks members or frames one after the other, and says in plain words what is wrong with them.
struct Unpacker {
    packing: Packed,
    state: State,
    position: Position,
    /// Whether zeros were found after a member.
    is_padded: bool,
}

enum State {
    /// Before a member, or after the last.
    Between(Raw),
    Gzip(Box<flate2::bufread::GzDecoder<Raw>>),
    Zstd(Box<ZstdFrame>),
    /// Nothing more is read.
    Over,
}

/// A zstd frame that is being unpacked.
struct ZstdFrame {
    raw: Raw,
    decoder: raw::Decoder<'static>,
    is_over: bool,
}

impl ZstdFrame {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !self.is_over {
            let packed = self.raw.fill_buf()?;
            let is_cut_off = packed.is_empty();
            let (mut from, mut to) = (raw::InBuffer::around(packed), raw::OutBuffer::around(&mut *buffer));
            let wanted = self.decoder.run(&mut from, &mut to)?;
            let (taken, given) = (from.pos(), to.pos());
            self.raw.consume(taken);
            self.is_over = wanted == 0;
            if given > 0 {
                return Ok(given);
            }
            if is_cut_off && !self.is_over {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(0)
    }
}

impl Unpacker {
    /// Goes on to the next member; returns whether there is one.
    fn next_member(&mut self, mut raw: Raw, zstd: Option<raw::Decoder<'static>>) -> io::Result<bool> {
        if self.packing == Packed::Gzip {
            loop {
                let buffer = raw.fill_buf()?;
                let zeros = buffer.iter().take_while(|byte| **byte == 0).count();
                if zeros == 0 {
                    break;
                }
                self.is_padded = true;
                raw.consume(zeros);
            }
        }
        let next = raw.fill_buf()?;
        if next.is_empty() {
            return Ok(false);
        }
        // A buffer may end inside a magic number; then the decoder decides.
        let is_begun = |magic: &[u8]| next.starts_with(magic) || magic.starts_with(next);
        let is_member = match self.packing {
            Packed::Gzip => !self.is_padded && is_begun(GZIP_MAGIC),
            Packed::Zstd => {
                let is_skippable = next[0] & 0xf0 == 0x50 && (next.len() < 4 || next[1..].starts_with(ZSTD_SKIPPABLE));
                is_begun(ZSTD_MAGIC) || is_skippable
            }
        };
        if !is_member {
            let read = self.position.get() - raw.buffer().len() as u64;
            let sort = if self.packing == Packed::Gzip { "gzip" } else { "zstd" };
            let what = if raw.buffer().iter().all(|byte| *byte == 0) { "zeros" } else { "something else" };
            let message = format!(
                "after byte {read} the {sort} data ends and {what} follows, as in a file whose copy went wrong; copy it \
                 again, or remove what follows"
            );
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        self.state = match self.packing {
            Packed::Gzip => State::Gzip(Box::new(flate2::bufread::GzDecoder::new(raw))),
            Packed::Zstd => {
                // A decoder is large, and exports have very many frames.
                let mut decoder = zstd.map_or_else(raw::Decoder::new, Ok)?;
                decoder.reinit()?;
                State::Zstd(Box::new(ZstdFrame { raw, decoder, is_over: false }))
            }
        };
        Ok(true)
    }

    fn explain(&self, error: io::Error) -> io::Error {
        match error.kind() {
            _ if self.position.is_broken() => error,
            io::ErrorKind::Interrupted => error,
            io::ErrorKind::UnexpectedEof => {
                io::Error::new(error.kind(), "the packed data is cut off; copy or download the file again")
            }
            kind => {
                let message = format!("the packed data is damaged: {error}; copy or download the file again");
                io::Error::new(kind, message)
            }
        }
    }
}

impl Read for Unpacker {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            let outcome = match &mut self.state {
                State::Gzip(decoder) => decoder.read(buffer),
                State::Zstd(frame) => frame.read(buffer),
                State::Over => return Ok(0),
                State::Between(_) => Ok(0),
            };
            match outcome {
                Err(error) => return Err(self.explain(error)),
                Ok(0) => {}
                Ok(count) => return Ok(count),
            }
            let (raw, zstd) = match std::mem::replace(&mut self.state, State::Over) {
                State::Between(raw) => (raw, None),
                State::Gzip(decoder) => (decoder.into_inner(), None),
                State::Zstd(frame) => (frame.raw, Some(frame.decoder)),
                State::Over => return Ok(0),
            };
            if !self.next_member(raw, zstd)? {
                return Ok(0);
            }
        }
    }
}
