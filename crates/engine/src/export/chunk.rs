//! Chunks: encoded rows on their way from a worker to the sink.
//!
//! A chunk is either whole rows or a piece of one row that is too large for a chunk; then only the last piece ends with a
//! line. So a reader may cut a result after any chunk that has lines. Where chunks end depends on what is written, never
//! on the number of threads.

use super::rewrite::Notice;
use crate::manifest::hex;
use crate::parallel::Emit;
use crate::sink::Packer;
use labelport_formats::write::{Entries, FileEntry};
use labelport_model::losses::Losses;
use sha2::{Digest, Sha256};
use std::cell::{Cell, RefCell};
use std::io;
use std::ops::ControlFlow;
use std::sync::Mutex;

/// A chunk is handed on as soon as it has this many bytes.
pub(super) const CHUNK_BYTES: usize = 512 << 10;

/// Encoded rows, or a piece of one.
pub(super) struct Chunk {
    /// What comes next in each stream.
    pub(super) streams: Vec<Piece>,
    /// Whole files.
    pub(super) files: Vec<FileEntry>,
    /// What the format could not hold.
    pub(super) losses: Losses,
    /// The rows that end in it.
    pub(super) rows: u64,
    pub(super) notices: Vec<Notice>,
    /// The place of its part among the parts, from 1.
    pub(super) part: u64,
}

/// A piece of a stream.
#[derive(Default)]
pub(super) struct Piece {
    pub(super) bytes: Vec<u8>,
    /// The bytes compressed; empty if the sink takes them as they are.
    pub(super) packed: Vec<u8>,
    /// A format may write any number of lines for a row.
    pub(super) lines: u64,
}

impl Piece {
    /// Compresses bytes into a buffer.
    fn new(bytes: Vec<u8>, mut packed: Vec<u8>, packer: &mut Packer) -> io::Result<Self> {
        packed.clear();
        if !bytes.is_empty() {
            packer.pack(&bytes, &mut packed)?;
        }
        let lines = memchr::memchr_iter(b'\n', &bytes).count() as u64;
        Ok(Self { bytes, packed, lines })
    }
}

/// The streams that chunks have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Streams {
    pub(super) count: usize,
    /// The one that lists the files of rows, where these are written.
    pub(super) list: Option<usize>,
}

/// Lists files: the digest and the path of each on a line. Paths that are safe have neither line breaks nor backslashes.
fn list_files(files: &[FileEntry], list: Option<usize>, streams: &mut [Vec<u8>]) {
    let Some(out) = list.and_then(|list| streams.get_mut(list)) else { return };
    for file in files {
        out.extend_from_slice(hex(&Sha256::digest(&file.bytes)).as_bytes());
        out.extend_from_slice(b"  ");
        out.extend_from_slice(file.path.as_bytes());
        out.push(b'\n');
    }
}

/// Buffers of chunks that were published: memory that was used once needs no clearing by the system.
pub(super) type Spare = Mutex<Vec<Piece>>;

/// Takes what a worker writes, chunk by chunk, also in the middle of a row.
pub(super) struct Outlet<'a, 'e> {
    state: RefCell<State<'a, 'e>>,
    /// Where in each stream the row begins that is being written.
    row_start: RefCell<Vec<usize>>,
    /// How many rows were written before that one.
    rows_before: Cell<u64>,
    /// Whether a part of that row has been handed on.
    is_spilled: Cell<bool>,
}

struct State<'a, 'e> {
    page: Page,
    /// The stream that lists files.
    list: Option<usize>,
    /// Buffers for compressed bytes, one for each stream.
    packed: Vec<Vec<u8>>,
    packer: &'a mut Packer,
    spare: &'a Spare,
    emit: &'a mut Emit<'e, Chunk>,
    part: u64,
    /// Rows that were handed on, by the count of the worker.
    rows: u64,
    outcome: Result<ControlFlow<()>, io::Error>,
}

impl<'a, 'e> Outlet<'a, 'e> {
    /// Starts a part. `rows` is what the worker has counted so far.
    pub(super) fn new(
        packer: &'a mut Packer,
        streams: Streams,
        spare: &'a Spare,
        emit: &'a mut Emit<'e, Chunk>,
        (part, rows): (u64, u64),
    ) -> Self {
        let outcome = Ok(ControlFlow::Continue(()));
        let page = Page::new(streams);
        let packed = vec![Vec::new(); streams.count];
        let state = State { page, list: streams.list, packed, packer, spare, emit, part, rows, outcome };
        let row_start = RefCell::new(vec![0; streams.count]);
        Self { state: RefCell::new(state), row_start, rows_before: Cell::new(rows), is_spilled: Cell::new(false) }
    }

    /// Lends the page on which rows are written.
    pub(super) fn with_page<T>(&self, write: impl FnOnce(&mut Page) -> T) -> T {
        let mut page = self.state.borrow_mut().take_page();
        let outcome = write(&mut page);
        self.state.borrow_mut().page = page;
        outcome
    }

    /// Returns whether what was written is enough for a chunk.
    pub(super) fn is_full(&self) -> bool {
        self.state.borrow().page.size() >= CHUNK_BYTES
    }

    /// Returns whether nobody takes more.
    pub(super) fn is_over(&self) -> bool {
        self.state.borrow().flow().is_break()
    }

    /// Notes that a row begins; `rows` were written before it.
    pub(super) fn begin_row(&self, page: &Page, rows: u64) {
        for (start, stream) in self.row_start.borrow_mut().iter_mut().zip(&page.streams) {
            *start = stream.len();
        }
        self.rows_before.set(rows);
        self.is_spilled.set(false);
    }

    /// Hands on what is written of a row if it is enough for a chunk, and the rows before it as a chunk of their own.
    pub(super) fn spill(&self, streams: &mut [Vec<u8>]) -> ControlFlow<()> {
        let mut state = self.state.borrow_mut();
        if size_of(streams) >= CHUNK_BYTES {
            let rows = self.rows_before.get();
            let mut starts = self.row_start.borrow_mut();
            if starts.iter().any(|start| *start > 0) {
                let split = |(stream, start): (&mut Vec<u8>, &mut usize)| stream.split_off(std::mem::take(start));
                let mut pieces: Vec<Vec<u8>> = streams.iter_mut().zip(starts.iter_mut()).map(split).collect();
                state.hand_on(streams, Rest::default(), rows);
                streams.swap_with_slice(&mut pieces);
            }
            state.hand_on(streams, Rest::default(), rows);
            for stream in streams {
                *stream = state.take_buffer();
            }
            self.is_spilled.set(true);
        }
        state.flow()
    }

    /// Notes that a row has ended, with which `rows` are written. The last piece of a row is a chunk of its own.
    pub(super) fn end_row(&self, page: &mut Page, rows: u64) -> ControlFlow<()> {
        let mut state = self.state.borrow_mut();
        if self.is_spilled.get() {
            let rest = Rest {
                files: std::mem::take(&mut page.files),
                losses: std::mem::take(&mut page.losses),
                notices: Vec::new(),
            };
            state.hand_on(&mut page.streams, rest, rows);
        }
        state.flow()
    }

    /// Hands on what is left on the page, with the notices about its rows. Breaks when nobody takes more.
    pub(super) fn flush(&self, rows: u64, notices: Vec<Notice>) -> ControlFlow<()> {
        let mut state = self.state.borrow_mut();
        let mut page = std::mem::take(&mut state.page);
        if page.size() > 0 || !page.losses.is_empty() || !notices.is_empty() || rows > state.rows {
            let rest =
                Rest { files: std::mem::take(&mut page.files), losses: std::mem::take(&mut page.losses), notices };
            state.hand_on(&mut page.streams, rest, rows);
        }
        state.page = page;
        state.flow()
    }

    /// Fails where a chunk could not be packed.
    pub(super) fn finish(self) -> io::Result<()> {
        self.state.into_inner().outcome.map(drop_flow)
    }
}

fn drop_flow(_: ControlFlow<()>) {}

impl State<'_, '_> {
    fn flow(&self) -> ControlFlow<()> {
        *self.outcome.as_ref().unwrap_or(&ControlFlow::Break(()))
    }

    /// Returns the page to write to, with buffers that were used before.
    fn take_page(&mut self) -> Page {
        let mut page = std::mem::take(&mut self.page);
        for stream in page.streams.iter_mut().filter(|stream| stream.capacity() == 0) {
            *stream = self.take_buffer();
        }
        page
    }

    /// Returns an empty buffer, one that was used before if there is any.
    fn take_buffer(&mut self) -> Vec<u8> {
        let Some(spare) = self.spare.lock().ok().and_then(|mut spare| spare.pop()) else { return Vec::new() };
        if let Some(packed) = self.packed.iter_mut().find(|packed| packed.capacity() == 0) {
            *packed = spare.packed;
        }
        let mut buffer = spare.bytes;
        buffer.clear();
        buffer
    }

    /// Compresses what streams hold and hands it on; nothing is left in its place.
    fn hand_on(&mut self, streams: &mut [Vec<u8>], rest: Rest, rows: u64) {
        let mut streams: Vec<Vec<u8>> = streams.iter_mut().map(std::mem::take).collect();
        if self.flow().is_break() {
            return;
        }
        list_files(&rest.files, self.list, &mut streams);
        let mut pieces = Vec::with_capacity(streams.len());
        for (bytes, packed) in streams.into_iter().zip(&mut self.packed) {
            match Piece::new(bytes, std::mem::take(packed), self.packer) {
                Ok(piece) => pieces.push(piece),
                Err(error) => {
                    self.outcome = Err(error);
                    return;
                }
            }
        }
        let Rest { files, losses, notices } = rest;
        let chunk = Chunk { streams: pieces, files, losses, rows: rows - self.rows, notices, part: self.part };
        self.rows = rows;
        if (self.emit)(chunk).is_err() {
            self.outcome = Ok(ControlFlow::Break(()));
        }
    }
}

/// What a worker writes rows on.
#[derive(Default)]
pub(super) struct Page {
    pub(super) streams: Vec<Vec<u8>>,
    pub(super) files: Vec<FileEntry>,
    pub(super) losses: Losses,
    /// The stream that lists files.
    list: Option<usize>,
}

impl Page {
    /// Makes an empty page with such streams.
    pub(super) fn new(streams: Streams) -> Self {
        Self { streams: vec![Vec::new(); streams.count], list: streams.list, ..Self::default() }
    }

    /// Makes a chunk without rows of what it holds.
    pub(super) fn into_chunk(self, packer: &mut Packer) -> io::Result<Chunk> {
        let Self { mut streams, files, losses, list } = self;
        list_files(&files, list, &mut streams);
        let mut pieces = Vec::with_capacity(streams.len());
        for bytes in streams {
            pieces.push(Piece::new(bytes, Vec::new(), packer)?);
        }
        Ok(Chunk { streams: pieces, files, losses, rows: 0, notices: Vec::new(), part: 0 })
    }

    /// Returns how many bytes it holds.
    pub(super) fn size(&self) -> usize {
        size_of(&self.streams) + self.files.iter().map(|file| file.bytes.len() + file.path.len()).sum::<usize>()
    }

    /// Lends it to an encoder.
    pub(super) fn entries(&mut self) -> Entries<'_> {
        Entries { streams: &mut self.streams, files: &mut self.files, losses: &mut self.losses, is_survey: false }
    }
}

/// What goes with streams.
#[derive(Default)]
struct Rest {
    files: Vec<FileEntry>,
    losses: Losses,
    notices: Vec<Notice>,
}

fn size_of(streams: &[Vec<u8>]) -> usize {
    streams.iter().map(Vec::len).sum()
}
