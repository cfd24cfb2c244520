//! Rows that wait on disk, parted by their ids: partners are in one part, whose ids fit into memory.

use super::DiffError;
use super::lines::{Each, Line, Which};
use std::collections::HashMap;
use std::fs::File;
use std::hash::{DefaultHasher, Hasher as _};
use std::io::{self, BufReader, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

/// Of ten million rows, each part has the ids of 160,000.
const PARTS: u64 = 64;

/// Rows in files without a name.
pub(super) struct Parted {
    folder: PathBuf,
    parts: Vec<BufWriter<File>>,
}

/// What stands before a row: its side, its number, the lengths of its id and of itself.
const HEAD_BYTES: usize = 1 + 8 + 8 + 8;

/// Where a row stands in its part.
#[derive(Clone, Copy)]
struct Place {
    number: u64,
    offset: u64,
    length: u64,
}

/// The side of a row, its id, and where it stands.
type Found = (u8, Box<[u8]>, Place);

impl Parted {
    pub(super) fn new(folder: &Path) -> Result<Self, DiffError> {
        let open =
            || (0..PARTS).map(|_| tempfile::tempfile_in(folder).map(BufWriter::new)).collect::<io::Result<Vec<_>>>();
        let parts = open().map_err(|source| DiffError::Scratch { folder: folder.to_owned(), source })?;
        Ok(Self { folder: folder.to_owned(), parts })
    }

    /// Adds a row.
    pub(super) fn add(&mut self, which: Which, id: &[u8], line: Line<'_>) -> Result<(), DiffError> {
        let mut hasher = DefaultHasher::new();
        hasher.write(id);
        let part = &mut self.parts[(hasher.finish() % PARTS) as usize];
        let mut write = || -> io::Result<()> {
            part.write_all(&[which as u8])?;
            for number in [line.number, id.len() as u64, line.bytes.len() as u64] {
                part.write_all(&number.to_le_bytes())?;
            }
            part.write_all(id)?;
            part.write_all(line.bytes)
        };
        write().map_err(|source| DiffError::Scratch { folder: self.folder.clone(), source })
    }

    /// Hands on each row with its partner, rows without one too.
    pub(super) fn pair(self, names: [&str; 2], each: &mut Each<'_>) -> Result<(), DiffError> {
        let Self { folder, parts } = self;
        let failed = |source| DiffError::Scratch { folder: folder.clone(), source };
        for part in parts {
            let mut file = part.into_inner().map_err(|error| failed(error.into_error()))?;
            file.rewind().map_err(failed)?;
            let mut input = BufReader::new(file);
            let mut places: [HashMap<Box<[u8]>, Place>; 2] = Default::default();
            while let Some((which, id, place)) = next(&mut input).map_err(failed)? {
                let side = usize::from(which != Which::Old as u8);
                if let Some(twice) = places[side].insert(id.clone(), place) {
                    let name = format!("{} (line {})", names[side], twice.number);
                    return Err(DiffError::Twice { name, id: String::from_utf8_lossy(&id).into_owned() });
                }
            }
            let mut file = input.into_inner();
            let [of_old, mut of_new] = places;
            let mut pairs: Vec<(Option<Place>, Option<Place>)> = Vec::new();
            pairs.extend(of_old.into_iter().map(|(id, place)| (Some(place), of_new.remove(&id))));
            pairs.extend(of_new.into_values().map(|place| (None, Some(place))));
            // The order of the sides, not that of a table of hashes.
            let number = |place: &Option<Place>| place.map_or(u64::MAX, |place| place.number);
            pairs.sort_by_key(|(one, other)| (number(one), number(other)));
            let (mut one_bytes, mut other_bytes) = (Vec::new(), Vec::new());
            for (one, other) in pairs {
                let one = read(&mut file, one, &mut one_bytes).map_err(failed)?;
                let other = read(&mut file, other, &mut other_bytes).map_err(failed)?;
                each(one, other)?;
            }
        }
        Ok(())
    }
}

/// Reads what stands before the next row, and passes over the row.
fn next(input: &mut BufReader<File>) -> io::Result<Option<Found>> {
    let mut head = [0; HEAD_BYTES];
    match input.read_exact(&mut head) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        outcome => outcome?,
    }
    let number = |at: usize| head[at..at + 8].iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte));
    let mut id = vec![0; number(9) as usize];
    input.read_exact(&mut id)?;
    let place = Place { number: number(1), offset: input.stream_position()?, length: number(17) };
    input.seek_relative(place.length as i64)?;
    Ok(Some((head[0], id.into(), place)))
}

fn read<'b>(file: &mut File, place: Option<Place>, bytes: &'b mut Vec<u8>) -> io::Result<Option<Line<'b>>> {
    let Some(Place { number, offset, length }) = place else { return Ok(None) };
    bytes.resize(length as usize, 0);
    file.seek(SeekFrom::Start(offset))?;
    file.read_exact(bytes)?;
    Ok(Some(Line { number, bytes }))
}
