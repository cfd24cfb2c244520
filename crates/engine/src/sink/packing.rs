//! Format and compression of results, which the file name says.
//!
//! Endings are matched without regard to case. A name that ends in anything else is refused, so that no program ever opens
//! an NDJSON file that calls itself CSV, Parquet or ZIP. A name without an ending is the user's own choice: plain NDJSON.
//! `.json` is refused, too: a file with one object per line is not a JSON document.

use labelport_formats::package::{ARCHIVES, ArchiveKind};
use labelport_formats::write::{FORMATS, Format};
use std::io::{self, Write};
use std::path::Path;

/// How bytes are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// As they are.
    Plain,
    /// As gzip members.
    Gzip,
    /// As zstd frames.
    Zstd,
}

/// The level at which zstd packs faster than disks write.
const ZSTD_LEVEL: i32 = 1;
/// The level at which gzip is bearable.
const GZIP_LEVEL: u32 = 4;

/// Every packing with its ending. The plain one has none.
const PACKINGS: &[(&str, Packing)] = &[("gz", Packing::Gzip), ("zst", Packing::Zstd)];
/// Other endings of a format, by its name.
const ALIASES: &[(&str, &str)] = &[("ndjson", "jsonl")];

/// What holds the files of a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Container {
    /// A folder.
    Folder,
    /// An archive.
    Archive(ArchiveKind),
}

impl Container {
    /// Returns the container that a path asks for: the archive of its ending, or a folder if it has none.
    pub fn of_path(path: &Path) -> Result<Self, EndingError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let Some(ending) = split(&name).1 else { return Ok(Self::Folder) };
        match ARCHIVES.iter().find(|(known, _)| ending.eq_ignore_ascii_case(known)) {
            Some((_, kind)) => Ok(Self::Archive(*kind)),
            None => {
                let endings: Vec<String> = ARCHIVES.iter().map(|(known, _)| format!(".{known}")).collect();
                let known = format!("{}, or in nothing for a folder", endings.join(" or "));
                let remark = "is one file, and the format writes several;".to_owned();
                Err(EndingError { name: name.to_string(), ending: format!(".{ending}"), remark, known })
            }
        }
    }
}

/// A file name ends in something that is not written, or not in this format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} ends in {ending:?}, which {remark} end the name in {known}")]
pub struct EndingError {
    name: String,
    ending: String,
    /// What is known about the ending.
    remark: String,
    /// What this format is written as.
    known: String,
}

impl EndingError {
    fn new(name: &str, ending: &str, known: String) -> Self {
        let is_own = |known: &str| ending.eq_ignore_ascii_case(known);
        let owners = FORMATS.iter().filter(|format| match format.layout().extension() {
            Some(_) => endings(**format).iter().any(|known| is_own(known)),
            None => ARCHIVES.iter().any(|(known, _)| is_own(known)),
        });
        let owners: Vec<String> = owners.map(|format| format!("`--format {}`", format.name())).collect();
        let remark = match owners.as_slice() {
            [] => "labelport does not write;".to_owned(),
            [owner] => format!("is for {owner}; choose that or"),
            owners => format!("is for {}; choose one of them or", owners.join(" and ")),
        };
        Self { name: name.to_owned(), ending: format!(".{ending}"), remark, known }
    }
}

impl Packing {
    /// Returns the packing that the name of a file in a format asks for.
    pub fn of_path(path: &Path, format: &dyn Format) -> Result<Self, EndingError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let (rest, packing) = match split(&name) {
            (rest, Some(ending)) => match PACKINGS.iter().find(|(known, _)| ending.eq_ignore_ascii_case(known)) {
                Some((_, packing)) => (rest, *packing),
                None => (&*name, Self::Plain),
            },
            (_, None) => (&*name, Self::Plain),
        };
        let own = endings(format);
        match split(rest).1 {
            Some(ending) if !own.iter().any(|known| ending.eq_ignore_ascii_case(known)) => {
                let packed = own.iter().flat_map(|own| {
                    std::iter::once(format!(".{own}"))
                        .chain(PACKINGS.iter().map(move |(packed, _)| format!(".{own}.{packed}")))
                });
                let known: Vec<String> = packed.collect();
                let (last, others) = known.split_last().expect("a format has an ending");
                let known = format!("{} or {last}", others.join(", "));
                Err(EndingError::new(&name, ending, known))
            }
            _ => Ok(packing),
        }
    }

    /// Returns what packs this way. It keeps its working memory, so a caller that packs much asks once.
    pub(crate) fn packer(self) -> io::Result<Packer> {
        Ok(match self {
            Self::Plain => Packer::Plain,
            Self::Gzip => Packer::Gzip,
            Self::Zstd => {
                let mut compressor = zstd::bulk::Compressor::new(ZSTD_LEVEL)?;
                // The checksum lets every zstd reader notice a flipped bit, without a manifest at hand.
                compressor.include_checksum(true)?;
                Packer::Zstd(compressor)
            }
        })
    }
}

/// Returns the endings of a format, the usual one first.
fn endings(format: &dyn Format) -> Vec<&'static str> {
    let aliases = ALIASES.iter().filter(|(name, _)| *name == format.name()).map(|(_, alias)| *alias);
    format.layout().extension().into_iter().chain(aliases).collect()
}

/// Splits a name at its last dot.
pub(super) fn split(name: &str) -> (&str, Option<&str>) {
    name.rsplit_once('.').map_or((name, None), |(rest, ending)| (rest, Some(ending)))
}

/// Splits the name of a file from the ending of a packing, which begins with a point; the latter is empty for a file that
/// is not packed.
pub(super) fn split_packing(name: &str) -> (&str, &str) {
    let ending = split(name).1.filter(|ending| PACKINGS.iter().any(|(known, _)| ending.eq_ignore_ascii_case(known)));
    name.split_at(name.len() - ending.map_or(0, |ending| ending.len() + 1))
}

/// Packs frames, one after the other.
pub(crate) enum Packer {
    Plain,
    Gzip,
    Zstd(zstd::bulk::Compressor<'static>),
}

impl Packer {
    /// Fills `packed` with one frame of these bytes. Plain bytes are not copied: they are their own frame.
    pub(crate) fn pack(&mut self, bytes: &[u8], packed: &mut Vec<u8>) -> io::Result<()> {
        packed.clear();
        match self {
            Self::Plain => Ok(()),
            Self::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(packed, flate2::Compression::new(GZIP_LEVEL));
                encoder.write_all(bytes)?;
                encoder.finish().map(|_| ())
            }
            Self::Zstd(compressor) => {
                // In one call and into room enough: a stream would copy its input first.
                packed.reserve(zstd::zstd_safe::compress_bound(bytes.len()));
                compressor.compress_to_buffer(bytes, packed).map(|_| ())
            }
        }
    }
}
