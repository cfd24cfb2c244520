//! The files of an archive, one after the other.

use super::ArchiveKind;
use std::collections::BTreeSet;
use std::io::{self, Read, Seek, SeekFrom};

/// How the record at the end of a ZIP archive begins, which is 22 bytes long if it has no comment.
const ZIP_END: &[u8] = b"PK\x05\x06";
const ZIP_END_BYTES: i64 = 22;

/// Calls `each` with the path and the content of every file of an archive, in its order.
///
/// # Errors
/// If the archive is damaged, holds a file twice, has something before or after its files, or if `each` fails.
pub fn for_each_file(
    kind: ArchiveKind,
    archive: &mut (impl Read + Seek),
    each: &mut dyn FnMut(&str, &mut dyn Read) -> io::Result<()>,
) -> io::Result<()> {
    let mut paths = BTreeSet::new();
    let mut once = |path: String, content: &mut dyn Read| {
        each(&path, content)?;
        // Programs disagree about which of the two they unpack.
        if paths.insert(path.clone()) { Ok(()) } else { Err(damaged(format!("the file {path} is in it twice"))) }
    };
    match kind {
        ArchiveKind::Tar => {
            let mut archive = tar::Archive::new(archive);
            for entry in archive.entries()? {
                let mut entry = entry?;
                let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
                once(path, &mut entry)?;
            }
            refuse_rest(archive.into_inner())
        }
        ArchiveKind::Zip => {
            refuse_comment(archive)?;
            let mut archive = zip::ZipArchive::new(archive)?;
            if archive.offset() > 0 {
                return Err(damaged(format!("{} bytes precede the archive", archive.offset())));
            }
            for index in 0..archive.len() {
                let mut file = archive.by_index(index)?;
                let path = file.name()?.into_owned();
                once(path, &mut file)?;
            }
            Ok(())
        }
    }
}

fn damaged(reason: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

/// Fails if anything but padding follows the end of a tar archive.
fn refuse_rest(archive: &mut impl Read) -> io::Result<()> {
    let mut buffer = vec![0; 1 << 16];
    loop {
        match archive.read(&mut buffer)? {
            0 => return Ok(()),
            count if buffer[..count].iter().any(|byte| *byte != 0) => {
                return Err(damaged("other bytes follow the archive".to_owned()));
            }
            _ => {}
        }
    }
}

/// Fails if a ZIP archive does not end with its end record: a comment or other bytes follow it.
fn refuse_comment(archive: &mut (impl Read + Seek)) -> io::Result<()> {
    let mut end = [0; ZIP_END.len()];
    let outcome = archive.seek(SeekFrom::End(-ZIP_END_BYTES)).and_then(|_| archive.read_exact(&mut end));
    if outcome.is_err() || end != ZIP_END {
        return Err(damaged("it does not end as a ZIP archive without a comment does".to_owned()));
    }
    Ok(())
}
