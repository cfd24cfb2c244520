//! Two sides walked together: each row of one with the row of the other that has its id.
//!
//! As a rule both are in one order, so that the next rows of both are partners. Where they are not, both wait: in a window
//! of limited memory, and those that wait longest in files without a name. Whatever the order, the same pairs are found.

use super::DiffError;
use super::lines::{Each, Line, Lines, Which};
use super::parted::Parted;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// How much may wait where.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits<'a> {
    /// How much memory waiting rows take.
    pub(super) window_bytes: usize,
    /// Where files lie that hold more.
    pub(super) scratch_folder: &'a Path,
}

/// Walks both sides; returns how many rows are equal byte by byte. `progress` gets how many bytes of both were read, before
/// unpacking.
pub(super) fn merge<'l>(
    old: &mut Lines<'l>,
    new: &mut Lines<'l>,
    limits: Limits<'_>,
    each: &mut Each<'_>,
    progress: &mut dyn FnMut(u64),
) -> Result<u64, DiffError> {
    let mut same = 0;
    let mut waiting = [Waiting::default(), Waiting::default()];
    let mut parted: Option<Parted> = None;
    let mut steps = 0_u64;
    // Files of another format are not compared as if they were rows.
    check_first(old)?;
    check_first(new)?;
    loop {
        steps += 1;
        if steps.is_multiple_of(1_024) {
            progress(old.position() + new.position());
        }
        if old.is_long()? && new.is_long()? {
            old.pass_equal(new)?;
            same += 1;
            continue;
        }
        let are_equal = match (old.peek()?, new.peek()?) {
            (None, None) => break,
            (Some(one), Some(other)) => Some(one == other),
            _ => None,
        };
        let are_partners = match are_equal {
            Some(true) => {
                same += 1;
                true
            }
            Some(false) if old.id()? == new.id()? => {
                each(line(old)?, line(new)?)?;
                true
            }
            _ => false,
        };
        if are_partners {
            old.advance();
            new.advance();
            continue;
        }
        // A row that the other side has waited with; or else both wait.
        let [of_old, of_new] = &mut waiting;
        if let Some(partner) = take_partner(old, of_new)? {
            let one = line(old)?;
            settle(one, Some(partner.line()), &mut same, each)?;
            old.advance();
        } else if let Some(partner) = take_partner(new, of_old)? {
            let other = line(new)?;
            settle(Some(partner.line()), other, &mut same, each)?;
            new.advance();
        } else {
            wait(old, of_old)?;
            wait(new, of_new)?;
            while of_old.bytes + of_new.bytes > limits.window_bytes {
                let parted = match &mut parted {
                    Some(parted) => parted,
                    None => parted.insert(Parted::new(limits.scratch_folder)?),
                };
                let (which, longer) =
                    if of_old.bytes > of_new.bytes { (Which::Old, &mut *of_old) } else { (Which::New, &mut *of_new) };
                let Some(row) = longer.take_first() else { break };
                parted.add(which, &row.id, row.line())?;
            }
        }
    }
    progress(old.position() + new.position());
    let [mut of_old, mut of_new] = waiting;
    let Some(mut parted) = parted else {
        // What still waits has no partner.
        while let Some(row) = of_old.take_first() {
            each(Some(row.line()), None)?;
        }
        while let Some(row) = of_new.take_first() {
            each(None, Some(row.line()))?;
        }
        return Ok(same);
    };
    for (which, rows) in [(Which::Old, &mut of_old), (Which::New, &mut of_new)] {
        while let Some(row) = rows.take_first() {
            parted.add(which, &row.id, row.line())?;
        }
    }
    let names = [old.name(), new.name()];
    parted.pair(names, &mut |one, other| settle(one, other, &mut same, each))?;
    Ok(same)
}

/// Fails for a side whose first line is not a row.
fn check_first(side: &mut Lines<'_>) -> Result<(), DiffError> {
    if !side.is_long()? && side.peek()?.is_some() {
        side.id()?;
    }
    Ok(())
}

/// Returns the line at hand of a side.
fn line<'l>(side: &'l mut Lines<'_>) -> Result<Option<Line<'l>>, DiffError> {
    // The number is that of the line at hand only after looking at it.
    side.peek()?;
    let number = side.number();
    Ok(side.peek()?.map(|bytes| Line { number, bytes }))
}

/// Counts rows that are equal, and hands on others.
fn settle(
    one: Option<Line<'_>>,
    other: Option<Line<'_>>,
    same: &mut u64,
    each: &mut Each<'_>,
) -> Result<(), DiffError> {
    match (one, other) {
        (Some(one), Some(other)) if one.bytes == other.bytes => *same += 1,
        _ => each(one, other)?,
    }
    Ok(())
}

fn take_partner(side: &mut Lines<'_>, of_other: &mut Waiting) -> Result<Option<Row>, DiffError> {
    if of_other.rows.is_empty() || side.peek()?.is_none() {
        return Ok(None);
    }
    let id = side.id()?;
    Ok(of_other.take(&id))
}

fn wait(side: &mut Lines<'_>, waiting: &mut Waiting) -> Result<(), DiffError> {
    let name = side.name();
    if side.peek()?.is_none() {
        return Ok(());
    }
    let id: Box<[u8]> = side.id()?.into_owned().into();
    let number = side.number();
    let bytes: Box<[u8]> = side.peek()?.unwrap_or_default().into();
    if waiting.places.contains_key(&id) {
        return Err(DiffError::Twice { name: name.to_owned(), id: String::from_utf8_lossy(&id).into_owned() });
    }
    waiting.add(Row { id, number, bytes });
    side.advance();
    Ok(())
}

/// A row that waits.
struct Row {
    id: Box<[u8]>,
    number: u64,
    bytes: Box<[u8]>,
}

impl Row {
    fn line(&self) -> Line<'_> {
        Line { number: self.number, bytes: &self.bytes }
    }

    /// Returns about how much memory it takes.
    fn size(&self) -> usize {
        self.bytes.len() + 2 * self.id.len() + 128
    }
}

/// The rows of one side that wait, in their order.
#[derive(Default)]
struct Waiting {
    places: HashMap<Box<[u8]>, u64>,
    rows: BTreeMap<u64, Row>,
    bytes: usize,
}

impl Waiting {
    fn add(&mut self, row: Row) {
        self.bytes += row.size();
        self.places.insert(row.id.clone(), row.number);
        self.rows.insert(row.number, row);
    }

    fn take(&mut self, id: &[u8]) -> Option<Row> {
        let place = self.places.remove(id)?;
        let row = self.rows.remove(&place)?;
        self.bytes -= row.size();
        Some(row)
    }

    fn take_first(&mut self) -> Option<Row> {
        let (_, row) = self.rows.pop_first()?;
        self.places.remove(&row.id);
        self.bytes -= row.size();
        Some(row)
    }
}
