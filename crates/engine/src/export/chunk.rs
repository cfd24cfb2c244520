//! Chunks: encoded rows on their way from a worker to the sink.
//!
//! A chunk is either whole rows or a piece of one row that is too large for a chunk; then only the last piece ends with a
//! line. So a reader may cut a result after any chunk that has lines. Where chunks end depends on what is written, never
//! on the number of threads.

use super::rewrite::Notice;
use crate::export::mask_urls;
use crate::parallel::Emit;
use crate::sink::Packer;
use crate::workspace::signing::Signer;
use std::cell::{Cell, RefCell};
use std::io;
use std::ops::ControlFlow;
use std::sync::Mutex;

/// A chunk is handed on as soon as it has this many bytes.
pub(super) const CHUNK_BYTES: usize = 512 << 10;

/// Encoded rows, or a piece of one.
pub(super) struct Chunk {
    pub(super) bytes: Vec<u8>,
    pub(super) packed: Vec<u8>,
    /// The rows that end in it.
    pub(super) rows: u64,
    /// A format may write any number of lines for a row.
    pub(super) lines: u64,
    pub(super) notices: Vec<Notice>,
    /// The place of its part among the parts, from 1.
    pub(super) part: u64,
}

/// Buffers of chunks that were published: memory that was used once needs no clearing by the system.
pub(super) type Spare = Mutex<Vec<(Vec<u8>, Vec<u8>)>>;

/// Takes what a worker writes, chunk by chunk, also in the middle of a row.
pub(super) struct Outlet<'a, 'e> {
    state: RefCell<State<'a, 'e>>,
    /// Where in the buffer the row begins that is being written, and how many rows were written before it.
    row_start: Cell<(usize, u64)>,
    /// Whether a part of that row has been handed on.
    is_spilled: Cell<bool>,
}

struct State<'a, 'e> {
    buffer: Vec<u8>,
    packed: Vec<u8>,
    packer: &'a mut Packer,
    signer: Option<&'a Signer>,
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
        signer: Option<&'a Signer>,
        spare: &'a Spare,
        emit: &'a mut Emit<'e, Chunk>,
        (part, rows): (u64, u64),
    ) -> Self {
        let outcome = Ok(ControlFlow::Continue(()));
        let state = State { buffer: Vec::new(), packed: Vec::new(), packer, signer, spare, emit, part, rows, outcome };
        Self { state: RefCell::new(state), row_start: Cell::new((0, rows)), is_spilled: Cell::new(false) }
    }

    /// Lends the buffer in which rows are written.
    pub(super) fn with_buffer<T>(&self, write: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        let mut buffer = self.state.borrow_mut().take_buffer();
        let outcome = write(&mut buffer);
        self.state.borrow_mut().buffer = buffer;
        outcome
    }

    /// Returns whether what was written is enough for a chunk.
    pub(super) fn is_full(&self) -> bool {
        self.state.borrow().buffer.len() >= CHUNK_BYTES
    }

    /// Returns whether nobody takes more.
    pub(super) fn is_over(&self) -> bool {
        self.state.borrow().flow().is_break()
    }

    /// Notes that a row begins; `rows` were written before it.
    pub(super) fn begin_row(&self, out: &[u8], rows: u64) {
        self.row_start.set((out.len(), rows));
        self.is_spilled.set(false);
    }

    /// Hands on what is written of a row if it is enough for a chunk, and the rows before it as a chunk of their own.
    pub(super) fn spill(&self, out: &mut Vec<u8>) -> ControlFlow<()> {
        let mut state = self.state.borrow_mut();
        if out.len() >= CHUNK_BYTES {
            let (start, rows) = self.row_start.replace((0, self.row_start.get().1));
            let piece = out.split_off(start);
            if !out.is_empty() {
                state.hand_on(out, rows, Vec::new());
            }
            *out = piece;
            state.hand_on(out, rows, Vec::new());
            *out = state.take_buffer();
            self.is_spilled.set(true);
        }
        state.flow()
    }

    /// Notes that a row has ended, with which `rows` are written. The last piece of a row is a chunk of its own.
    pub(super) fn end_row(&self, out: &mut Vec<u8>, rows: u64) -> ControlFlow<()> {
        let mut state = self.state.borrow_mut();
        if self.is_spilled.get() {
            state.hand_on(out, rows, Vec::new());
        }
        state.flow()
    }

    /// Hands on what is left in the buffer, with the notices about its rows. Breaks when nobody takes more.
    pub(super) fn flush(&self, rows: u64, notices: Vec<Notice>) -> ControlFlow<()> {
        let mut state = self.state.borrow_mut();
        let mut buffer = std::mem::take(&mut state.buffer);
        if !buffer.is_empty() || !notices.is_empty() || rows > state.rows {
            state.hand_on(&mut buffer, rows, notices);
        }
        state.buffer = buffer;
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

    /// Returns the buffer to write to: the one in use, else one that was used before.
    fn take_buffer(&mut self) -> Vec<u8> {
        let mut buffer = std::mem::take(&mut self.buffer);
        if buffer.capacity() == 0
            && let Some((bytes, packed)) = self.spare.lock().ok().and_then(|mut spare| spare.pop())
        {
            buffer = bytes;
            buffer.clear();
            if self.packed.capacity() == 0 {
                self.packed = packed;
            }
        }
        buffer
    }

    /// Packs a buffer and hands it on; nothing is left in its place.
    fn hand_on(&mut self, buffer: &mut Vec<u8>, rows: u64, notices: Vec<Notice>) {
        let mut bytes = std::mem::take(buffer);
        if self.flow().is_break() {
            return;
        }
        if let Some(signed) = self.signer.and_then(|signer| mask_urls::sign(&bytes, signer)) {
            bytes = signed;
        }
        let mut packed = std::mem::take(&mut self.packed);
        if let Err(error) = self.packer.pack(&bytes, &mut packed) {
            self.outcome = Err(error);
            return;
        }
        let lines = memchr::memchr_iter(b'\n', &bytes).count() as u64;
        let chunk = Chunk { bytes, packed, rows: rows - self.rows, lines, notices, part: self.part };
        self.rows = rows;
        if (self.emit)(chunk).is_err() {
            self.outcome = Ok(ControlFlow::Break(()));
        }
    }
}
