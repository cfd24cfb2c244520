//! Chunks: encoded rows on their way from a worker to the sink.
//!
//! A chunk is either whole rows or a piece of one row that is too large for a chunk; then only the last piece ends with a
//! line. So a reader may cut a result after any chunk that has lines. Where chunks end depends on what is written, never
//! on the number of threads.

use super::media::{self, Assets, Missing, Unopened};
use super::rewrite::Notice;
use super::work_error::WorkError;
use crate::manifest::{CHANGES, FILE_LIST, hex};
use crate::parallel::Emit;
use crate::sink::{Asset, Packer};
use labelport_formats::package::{tar_padding, write_tar_head};
use labelport_formats::write::{AssetEntry, AssetPlace, Encoder, Entries, FileEntry, LOSSES, Numbers, replace_marks};
use labelport_model::json::ObjectWriter;
use labelport_model::losses::{Losses, MEDIA, Outcome};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::sync::Mutex;

/// A chunk is handed on as soon as it has this many bytes.
pub(super) const CHUNK_BYTES: usize = 512 << 10;

/// Encoded rows, or a piece of one.
#[derive(Default)]
pub(super) struct Chunk {
    /// What comes next in each stream.
    pub(super) streams: Vec<Piece>,
    /// Whole files.
    pub(super) files: Vec<WholeFile>,
    /// What the format could not hold.
    pub(super) losses: Losses,
    /// The rows that end in it.
    pub(super) rows: u64,
    pub(super) notices: Vec<Notice>,
    /// The place of its part among the parts, from 1.
    pub(super) part: u64,
}

impl Chunk {
    /// Makes the marks in its streams numbers of a part that begins with these. `spare` is memory for text.
    pub(super) fn replace_marks(&mut self, first: &Numbers, spare: &mut Vec<u8>) {
        for piece in self.streams.iter_mut().filter(|piece| !piece.bytes.is_empty()) {
            spare.clear();
            replace_marks(&piece.bytes, first, spare);
            std::mem::swap(&mut piece.bytes, spare);
        }
    }
}

/// A file of a package that one row makes.
pub(super) struct WholeFile {
    pub(super) path: String,
    pub(super) content: Content,
}

/// What is in a file.
pub(super) enum Content {
    Bytes(Vec<u8>),
    Asset(Asset),
}

impl WholeFile {
    fn of(FileEntry { path, bytes }: FileEntry) -> Self {
        Self { path, content: Content::Bytes(bytes) }
    }

    /// Returns how many bytes it has.
    pub(super) fn size_bytes(&self) -> u64 {
        match &self.content {
            Content::Bytes(bytes) => bytes.len() as u64,
            Content::Asset(asset) => asset.size_bytes,
        }
    }

    fn sha256(&self) -> Cow<'_, str> {
        match &self.content {
            Content::Bytes(bytes) => hex(&Sha256::digest(bytes)).into(),
            Content::Asset(asset) => Cow::Borrowed(&asset.sha256),
        }
    }
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
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Streams {
    pub(super) count: usize,
    /// The one that lists the files of rows, where these are written.
    pub(super) list: Option<usize>,
    /// The one that names what was lost, where there is one.
    pub(super) losses: Option<usize>,
    /// The one that says what left and where rows stand, where only what changed is exported.
    pub(super) changes: Option<usize>,
}

impl Streams {
    /// Takes the streams of an encoder by their paths. Those that are not its own come last.
    pub(super) fn of(encoder: &dyn Encoder, paths: &[String]) -> Self {
        let place = |name: &str| paths.iter().position(|path| path == name);
        let list = place(FILE_LIST).filter(|_| encoder.makes_files());
        Self { count: paths.len(), list, losses: place(LOSSES), changes: place(CHANGES) }
    }

    /// Returns how many the encoder has: the list of files and the changes are not among them.
    pub(super) fn of_encoder(&self) -> usize {
        self.count - usize::from(self.list.is_some()) - usize::from(self.changes.is_some())
    }
}

/// Where the assets of rows come from, and what is done about them.
#[derive(Clone, Copy)]
pub(super) enum AssetUse<'a> {
    /// None are wanted.
    None,
    /// They are looked for.
    Check(&'a Assets<'a>),
    /// They are written.
    Write(&'a Assets<'a>),
}

/// Lists files: the digest and the path of each on a line. Paths that are safe have neither line breaks nor backslashes.
fn list_files(files: &[WholeFile], list: Option<usize>, streams: &mut [Vec<u8>]) {
    let Some(out) = list.and_then(|list| streams.get_mut(list)) else { return };
    for file in files {
        out.extend_from_slice(file.sha256().as_bytes());
        out.extend_from_slice(b"  ");
        out.extend_from_slice(file.path.as_bytes());
        out.push(b'\n');
    }
}

/// Buffers of chunks that were published: memory that was used once needs no clearing by the system.
#[derive(Default)]
pub(super) struct Spare(Mutex<Vec<Piece>>);

/// The most buffers that wait to be used again. Where nothing is encoded any more, nobody takes them.
const SPARE_PIECES: usize = 64;

impl Spare {
    /// Takes the buffers of a chunk.
    pub(super) fn recycle(&self, chunk: Chunk) {
        if let Ok(mut spare) = self.0.lock() {
            let room = SPARE_PIECES.saturating_sub(spare.len());
            let used = chunk.streams.into_iter().filter(|piece| piece.bytes.capacity() > 0);
            spare.extend(used.take(room));
        }
    }

    /// Takes a buffer that was used before, if there is any.
    pub(super) fn take(&self) -> Option<Piece> {
        self.0.lock().ok().and_then(|mut spare| spare.pop())
    }
}

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
    streams: Streams,
    assets: AssetUse<'a>,
    /// Buffers for compressed bytes, one for each stream.
    packed: Vec<Vec<u8>>,
    packer: &'a mut Packer,
    spare: &'a Spare,
    emit: &'a mut Emit<'e, Chunk>,
    part: u64,
    /// Rows that were handed on, by the count of the worker.
    rows: u64,
    outcome: Result<ControlFlow<()>, WorkError>,
}

impl<'a, 'e> Outlet<'a, 'e> {
    /// Starts a part. `rows` is what the worker has counted so far.
    pub(super) fn new(
        packer: &'a mut Packer,
        (streams, assets): (Streams, AssetUse<'a>),
        spare: &'a Spare,
        emit: &'a mut Emit<'e, Chunk>,
        (part, rows): (u64, u64),
    ) -> Self {
        let outcome = Ok(ControlFlow::Continue(()));
        let page = Page::new(streams);
        let packed = vec![Vec::new(); streams.count];
        let state = State { page, streams, assets, packed, packer, spare, emit, part, rows, outcome };
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
        self.state.borrow().page.is_full()
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
            let rest = page.take_rest(Vec::new());
            state.hand_on(&mut page.streams, rest, rows);
        }
        state.flow()
    }

    /// Hands on what is left on the page, with the notices about its rows. Breaks when nobody takes more.
    pub(super) fn flush(&self, rows: u64, notices: Vec<Notice>) -> ControlFlow<()> {
        let mut state = self.state.borrow_mut();
        let mut page = std::mem::take(&mut state.page);
        if !page.is_empty() || !notices.is_empty() || rows > state.rows {
            let rest = page.take_rest(notices);
            state.hand_on(&mut page.streams, rest, rows);
        }
        state.page = page;
        state.flow()
    }

    /// Fails where a chunk could not be packed, or lacks an asset that it is to hold.
    pub(super) fn finish(self) -> Result<(), WorkError> {
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
        let Some(spare) = self.spare.take() else { return Vec::new() };
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
        let Rest { files, assets, mut losses, notices } = rest;
        let mut files: Vec<WholeFile> = files.into_iter().map(WholeFile::of).collect();
        let opened = self.open_assets(assets, &mut losses, &mut streams);
        let written = opened.and_then(|opened| self.place_assets(opened, &mut files, &mut streams));
        if let Err(error) = written {
            self.outcome = Err(error);
            return;
        }
        list_files(&files, self.streams.list, &mut streams);
        let count = rows - self.rows;
        self.rows = rows;
        self.emit_chunk(streams, files, (losses, notices), count);
    }

    /// Compresses streams and hands them on.
    fn emit_chunk(
        &mut self,
        streams: Vec<Vec<u8>>,
        files: Vec<WholeFile>,
        (losses, notices): (Losses, Vec<Notice>),
        rows: u64,
    ) {
        if self.flow().is_break() {
            return;
        }
        let mut pieces = Vec::with_capacity(streams.len());
        for (bytes, packed) in streams.into_iter().zip(&mut self.packed) {
            match Piece::new(bytes, std::mem::take(packed), self.packer) {
                Ok(piece) => pieces.push(piece),
                Err(error) => {
                    self.outcome = Err(WorkError::Write(error));
                    return;
                }
            }
        }
        let chunk = Chunk { streams: pieces, files, losses, rows, notices, part: self.part };
        if (self.emit)(chunk).is_err() {
            self.outcome = Ok(ControlFlow::Break(()));
        }
    }

    /// Puts assets where they belong: among files, or into the streams that hold them, of which what comes before them is
    /// handed on.
    fn place_assets(
        &mut self,
        opened: Vec<(AssetPlace, Asset)>,
        files: &mut Vec<WholeFile>,
        streams: &mut [Vec<u8>],
    ) -> Result<(), WorkError> {
        // How much of each stream was handed on.
        let mut done = vec![0; streams.len()];
        for (place, mut asset) in opened {
            let (stream, at, path) = match place {
                AssetPlace::File(path) => {
                    files.push(WholeFile { path, content: Content::Asset(asset) });
                    continue;
                }
                AssetPlace::Tar { stream, at, path } => (stream, at, path),
            };
            let rest = streams[stream].split_off(at - done[stream]);
            done[stream] = at;
            let mut bytes = std::mem::replace(&mut streams[stream], rest);
            write_tar_head(&path, asset.size_bytes, &mut bytes);
            let mut left = asset.size_bytes;
            while left > 0 {
                let wanted = left.min((CHUNK_BYTES.saturating_sub(bytes.len())).max(1) as u64);
                let read = (&mut asset.file).take(wanted).read_to_end(&mut bytes);
                match read.map_err(WorkError::Write)? as u64 {
                    0 => return Err(WorkError::Write(io::ErrorKind::UnexpectedEof.into())),
                    count => left -= count,
                }
                if bytes.len() >= CHUNK_BYTES {
                    self.emit_piece(stream, std::mem::take(&mut bytes), streams.len());
                }
            }
            bytes.resize(bytes.len() + tar_padding(asset.size_bytes), 0);
            self.emit_piece(stream, bytes, streams.len());
        }
        Ok(())
    }

    /// Hands on bytes of one of so many streams.
    fn emit_piece(&mut self, stream: usize, bytes: Vec<u8>, count: usize) {
        let mut streams = vec![Vec::new(); count];
        streams[stream] = bytes;
        self.emit_chunk(streams, Vec::new(), Default::default(), 0);
    }

    /// Opens assets, or looks for them. One that is not available is a loss, if that is accepted.
    fn open_assets(
        &self,
        entries: Vec<AssetEntry>,
        losses: &mut Losses,
        streams: &mut [Vec<u8>],
    ) -> Result<Vec<(AssetPlace, Asset)>, WorkError> {
        let (assets, found): (_, Vec<Result<Option<Asset>, Unopened>>) = match self.assets {
            AssetUse::None => {
                // Nobody said where assets come from, and the format was asked to have them.
                return match entries.len() as u64 {
                    0 => Ok(Vec::new()),
                    count => {
                        losses.add(MEDIA, Outcome::LeftOut, media::NO_SOURCE, count);
                        Ok(Vec::new())
                    }
                };
            }
            AssetUse::Check(assets) => (
                assets,
                entries
                    .iter()
                    .map(|entry| assets.check(&entry.url).map(|()| None).map_err(Unopened::Missing))
                    .collect(),
            ),
            AssetUse::Write(assets) => {
                (assets, assets.open_all(&entries).into_iter().map(|opened| opened.map(Some)).collect())
            }
        };
        let is_writing = matches!(self.assets, AssetUse::Write(_));
        let mut opened = Vec::new();
        for (AssetEntry { place, data_row_id, .. }, found) in entries.into_iter().zip(found) {
            match found {
                Ok(asset) => opened.extend(asset.map(|asset| (place, asset))),
                Err(Unopened::Failed(error)) => return Err(WorkError::Write(error)),
                Err(Unopened::Missing(reason)) if is_writing && !assets.may_miss(&reason) => {
                    return Err(WorkError::Missing(Missing { data_row_id, reason }));
                }
                Err(Unopened::Missing(reason)) => {
                    losses.add(MEDIA, Outcome::LeftOut, &reason, 1);
                    let stream = self.streams.losses.filter(|_| is_writing);
                    if let Some(out) = stream.and_then(|losses| streams.get_mut(losses)) {
                        write_missing(&data_row_id, &reason, out);
                    }
                }
            }
        }
        Ok(opened)
    }
}

/// Names an asset that is not in the package.
fn write_missing(data_row_id: &str, reason: &str, out: &mut Vec<u8>) {
    let mut line = ObjectWriter::open(out);
    line.text("data_row_id", data_row_id);
    line.text("kind", MEDIA);
    line.text("outcome", Outcome::LeftOut.word());
    line.text("reason", reason);
    line.close();
    out.push(b'\n');
}

/// What a worker writes rows on.
#[derive(Default)]
pub(super) struct Page {
    pub(super) streams: Vec<Vec<u8>>,
    pub(super) files: Vec<FileEntry>,
    pub(super) assets: Vec<AssetEntry>,
    pub(super) losses: Losses,
    kinds: Streams,
}

impl Page {
    /// Makes an empty page with such streams.
    pub(super) fn new(streams: Streams) -> Self {
        Self { streams: vec![Vec::new(); streams.count], kinds: streams, ..Self::default() }
    }

    /// Makes a chunk without rows of what it holds.
    pub(super) fn into_chunk(self, packer: &mut Packer) -> io::Result<Chunk> {
        let Self { mut streams, files, losses, kinds, .. } = self;
        let files: Vec<WholeFile> = files.into_iter().map(WholeFile::of).collect();
        list_files(&files, kinds.list, &mut streams);
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

    /// Returns whether there is nothing on it.
    fn is_empty(&self) -> bool {
        self.size() == 0 && self.assets.is_empty() && self.losses.is_empty()
    }

    /// Returns whether it is enough for a chunk. Assets are opened chunk by chunk, and as files they need a few of what a
    /// process may have open.
    pub(super) fn is_full(&self) -> bool {
        self.size() >= CHUNK_BYTES || self.has_enough_assets()
    }

    fn has_enough_assets(&self) -> bool {
        self.assets.len() >= media::AT_ONCE
    }

    /// Returns whether it is to be handed on before the next row. A row with filled frames may be handed on piece by piece,
    /// and then nothing else may be on the page that is not in streams.
    pub(super) fn must_be_handed_on(&self, is_filled: bool) -> bool {
        self.has_enough_assets() || is_filled && (self.size() >= CHUNK_BYTES || !self.assets.is_empty())
    }

    fn take_rest(&mut self, notices: Vec<Notice>) -> Rest {
        let (files, assets) = (std::mem::take(&mut self.files), std::mem::take(&mut self.assets));
        Rest { files, assets, losses: std::mem::take(&mut self.losses), notices }
    }

    /// Lends it to an encoder.
    pub(super) fn entries(&mut self) -> Entries<'_> {
        Entries {
            streams: &mut self.streams[..self.kinds.of_encoder()],
            files: &mut self.files,
            assets: &mut self.assets,
            losses: &mut self.losses,
            is_survey: false,
        }
    }
}

/// What goes with streams.
#[derive(Default)]
struct Rest {
    files: Vec<FileEntry>,
    assets: Vec<AssetEntry>,
    losses: Losses,
    notices: Vec<Notice>,
}

fn size_of(streams: &[Vec<u8>]) -> usize {
    streams.iter().map(Vec::len).sum()
}
