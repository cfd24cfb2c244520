//! What is encoded, on its way to the sink: the first, the last and all chunks in between, in their order.

use super::chunk::{Chunk, Content, Page, Streams, WholeFile};
use super::croissant::CROISSANT;
use super::outputs::Outputs;
use super::spool::{Spool, Spooled};
use super::work_error::WorkError;
use crate::manifest::{Delta, Digest, Digested, PackedFile};
use crate::sink::{Entry, Extent, Packing, Place, Sink};
use labelport_formats::write::{Encoder, Joiner, Layout, Numbers, Totals};
use labelport_model::losses::Losses;

/// Takes each chunk after it was written.
pub(super) type Add<'a> = dyn FnMut(Chunk) + 'a;

/// Hands what is encoded to the sink.
pub(super) struct Writer<'s> {
    sink: &'s mut dyn Sink,
    packing: Packing,
    encoder: &'s dyn Encoder,
    streams: Streams,
    outputs: &'s Outputs,
    /// What continues files, until it can be written.
    later: Option<Spool>,
    /// The numbers with which parts begin, where their streams have marks that are to be replaced.
    firsts: Option<&'s [Numbers]>,
    /// Memory for text in which marks are replaced.
    spare: Vec<u8>,
    /// What finishes the bytes of each file, where something does.
    joiners: Vec<Option<Box<dyn Joiner>>>,
    /// The first line of each file that is a table; empty for others.
    pub(super) heads: Vec<Vec<u8>>,
    pub(super) rows: u64,
    pub(super) losses: Losses,
    changes: Digest,
}

impl<'s> Writer<'s> {
    /// Makes a writer. Marks are those of parts that begin with the numbers of `firsts`; what continues files waits in
    /// `later` until [`begin_later`](Self::begin_later).
    pub(super) fn new(
        (sink, packing): (&'s mut dyn Sink, Packing),
        encoder: &'s dyn Encoder,
        (streams, outputs): (Streams, &'s Outputs),
        firsts: Option<&'s [Numbers]>,
        later: Option<Spool>,
    ) -> Self {
        let is_of_encoder = |stream: &usize| *stream < streams.of_encoder();
        let joiners = outputs.first_streams().filter(is_of_encoder).map(|stream| encoder.joiner(stream)).collect();
        Self {
            sink,
            packing,
            encoder,
            streams,
            outputs,
            later,
            firsts,
            spare: Vec::new(),
            joiners,
            heads: Vec::new(),
            rows: 0,
            losses: Losses::default(),
            changes: Digest::default(),
        }
    }

    /// Returns what messages call the place that is written to.
    pub(super) fn target(&self) -> String {
        self.sink.name()
    }

    /// Returns whether a write takes about as long as a digest.
    pub(super) fn writes_slowly(&self) -> bool {
        self.sink.writes_slowly()
    }

    /// Writes what comes before the first row.
    pub(super) fn start(&mut self, layout: Layout, add: &mut Add<'_>) -> Result<(), WorkError> {
        let paths = &self.outputs.paths;
        self.sink.start(layout, paths).map_err(WorkError::Write)?;
        let mut page = Page::new(self.streams);
        self.encoder.start(&mut page.entries());
        let firsts = self.outputs.first_streams().map(|stream| &page.streams[stream]);
        self.heads = paths.iter().zip(firsts).map(|(path, stream)| head(path, stream)).collect();
        self.write_page(page, add)
    }

    /// Writes lines of the stream of changes.
    pub(super) fn write_changes(&mut self, lines: Vec<u8>, add: &mut Add<'_>) -> Result<(), WorkError> {
        let mut page = Page::new(self.streams);
        self.changes.add(&lines, memchr::memchr_iter(b'\n', &lines).count() as u64);
        if let Some(stream) = self.streams.changes.and_then(|place| page.streams.get_mut(place)) {
            *stream = lines;
        }
        self.write_page(page, add)
    }

    /// Describes the stream of changes.
    pub(super) fn changes(&mut self) -> Delta {
        let Digested { rows: lines, bytes, sha256, .. } = std::mem::take(&mut self.changes).finish();
        Delta { since: String::new(), lines, bytes, sha256 }
    }

    /// Writes what comes before that which continues files, and returns what waited of it.
    pub(super) fn begin_later(&mut self, add: &mut Add<'_>) -> Result<Option<Spooled>, WorkError> {
        let waited = self.later.take().map(Spool::finish).transpose().map_err(WorkError::Write)?;
        let mut page = Page::new(self.streams);
        self.encoder.between(&mut page.entries());
        self.write_page(page, add)?;
        Ok(waited)
    }

    /// Writes what comes after the last row.
    pub(super) fn finish(&mut self, layout: Layout, totals: &Totals, add: &mut Add<'_>) -> Result<(), WorkError> {
        let mut page = Page::new(self.streams);
        self.encoder.finish(totals, &mut page.entries());
        self.write_page(page, add)?;
        let mut last = Page::new(self.streams);
        for (stream, joiner) in self.outputs.first_streams().zip(std::mem::take(&mut self.joiners)) {
            if let Some(mut joiner) = joiner {
                last.streams[stream] = joiner.finish().map_err(WorkError::Write)?;
            }
        }
        self.write_page(last, add)?;
        // A compressed file without any frame is not one, so an empty result gets an empty frame.
        if layout.extension().is_some() && self.rows == 0 {
            let mut frame = Vec::new();
            self.packing.packer().and_then(|mut packer| packer.pack(&[], &mut frame)).map_err(WorkError::Write)?;
            if !frame.is_empty() {
                self.sink.write(&Entry::of_stream(&frame, Extent::default())).map_err(WorkError::Write)?;
            }
        }
        Ok(())
    }

    /// Writes the file that describes a package, and returns what it is.
    pub(super) fn describe(&mut self, bytes: &[u8]) -> Result<PackedFile, WorkError> {
        let extent = Extent { bytes: bytes.len() as u64, lines: 0 };
        let entry = Entry { place: Place::File(CROISSANT), bytes, extent };
        self.sink.write(&entry).map_err(WorkError::Write)?;
        Ok(PackedFile::of(CROISSANT, bytes))
    }

    /// Writes a page that no worker has written on.
    fn write_page(&mut self, page: Page, add: &mut Add<'_>) -> Result<(), WorkError> {
        let mut packer = self.packing.packer().map_err(WorkError::Write)?;
        let mut chunk = page.into_chunk(&mut packer).map_err(WorkError::Write)?;
        self.write(&mut chunk)?;
        add(chunk);
        Ok(())
    }

    /// Writes a chunk, which then holds what was written, file by file.
    pub(super) fn write(&mut self, chunk: &mut Chunk) -> Result<(), WorkError> {
        if let Some(spool) = &mut self.later
            && let Some(later) = self.outputs.take_later(chunk)
        {
            spool.add(&later).map_err(WorkError::Write)?;
        }
        self.outputs.join(chunk);
        if let Some(first) = self.firsts.and_then(|firsts| firsts.get((chunk.part as usize).checked_sub(1)?)) {
            chunk.replace_marks(first, &mut self.spare);
        }
        self.rows += chunk.rows;
        self.losses.merge(std::mem::take(&mut chunk.losses));
        for WholeFile { path, content } in &mut chunk.files {
            let written = match content {
                Content::Bytes(bytes) => {
                    let extent = Extent { bytes: bytes.len() as u64, lines: 0 };
                    self.sink.write(&Entry { place: Place::File(path), bytes, extent })
                }
                Content::Asset(asset) => self.sink.write_asset(path, asset),
            };
            written.map_err(WorkError::Write)?;
        }
        for (joiner, piece) in self.joiners.iter_mut().zip(&mut chunk.streams) {
            // A package takes bytes as they are, so that nothing is compressed yet.
            if let Some(joiner) = joiner.as_mut().filter(|_| !piece.bytes.is_empty()) {
                piece.bytes = joiner.add(std::mem::take(&mut piece.bytes)).map_err(WorkError::Write)?;
            }
        }
        for (index, piece) in chunk.streams.iter().enumerate().filter(|(_, piece)| !piece.bytes.is_empty()) {
            let extent = Extent { bytes: piece.bytes.len() as u64, lines: piece.lines };
            let bytes = if self.packing == Packing::Plain { &piece.bytes } else { &piece.packed };
            self.sink.write(&Entry { place: Place::Stream(index), bytes, extent }).map_err(WorkError::Write)?;
        }
        Ok(())
    }
}

/// Returns the first line of a table, of which the beginning is known; nothing for what is not one.
fn head(path: &str, bytes: &[u8]) -> Vec<u8> {
    let line = bytes.split_inclusive(|byte| *byte == b'\n').next().filter(|_| path.ends_with(".csv"));
    line.unwrap_or_default().to_vec()
}
