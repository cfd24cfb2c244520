//! What the threads of an export do: each takes a part of the selection, puts its rows together and encodes them.

use super::assemble::Assembler;
use super::chunk::{AssetUse, Chunk, Outlet, Spare, Streams};
use super::sections::Plan;
use super::work_error::{WorkError, check_stop};
use crate::parallel::Emit;
use crate::sink::Packer;
use labelport_formats::write::Numbers;
use labelport_store::Connection;
use labelport_store::read::select::{Part, Selection};
use std::sync::atomic::AtomicBool;

/// What a thread has of its own.
pub(super) struct Worker {
    pub(super) connection: Box<dyn Connection>,
    pub(super) assembler: Assembler,
    pub(super) packer: Packer,
}

/// What the threads share.
#[derive(Clone, Copy)]
pub(super) struct Work<'a> {
    pub(super) plan: &'a Plan<'a>,
    pub(super) selection: &'a Selection,
    /// The parts, in the order of the result.
    pub(super) parts: &'a [Part],
    /// The numbers with which each part begins; empty where all begin with the first.
    pub(super) firsts: &'a [Numbers],
    /// The streams of chunks, and what is done about assets.
    pub(super) target: (Streams, AssetUse<'a>),
    pub(super) spare: &'a Spare,
    /// Ends the work once it is set.
    pub(super) stop: Option<&'a AtomicBool>,
}

impl Work<'_> {
    /// Fails once the work is to end.
    pub(super) fn check_stop(&self) -> Result<(), WorkError> {
        check_stop(self.stop)
    }

    /// Encodes the rows of a part, which are counted from 1.
    pub(super) fn encode(&self, worker: &mut Worker, number: u64, emit: &mut Emit<'_, Chunk>) -> Result<(), WorkError> {
        let Worker { connection, assembler, packer } = worker;
        let place = number as usize - 1;
        assembler.next = self.firsts.get(place).copied().unwrap_or(Numbers::FIRST);
        let keys = self.selection.keys(&mut **connection, &self.parts[place])?;
        let outlet = Outlet::new(packer, self.target, self.spare, emit, (number, assembler.counts.rows));
        let mut rest = &keys[..];
        // Rows that are loaded and not written.
        let mut loaded = &rest[..0];
        while !rest.is_empty() || !loaded.is_empty() {
            while !outlet.is_full() && !outlet.is_over() {
                if loaded.is_empty() {
                    if rest.is_empty() {
                        break;
                    }
                    self.check_stop()?;
                    let count = assembler.load_block(&mut **connection, self.plan, rest)?;
                    (loaded, rest) = rest.split_at(count);
                }
                let count = assembler.write_rows(self.plan, loaded, &outlet);
                loaded = &loaded[count..];
                if count == 0 {
                    // The next row needs an empty page.
                    break;
                }
            }
            let notices = std::mem::take(&mut assembler.notices);
            if outlet.flush(assembler.counts.rows, notices).is_break() {
                break;
            }
        }
        outlet.finish()
    }
}
