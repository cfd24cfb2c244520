//! The files of an archive, one after the other.

use super::ArchiveKind;
use std::io::{self, Read, Seek};

/// Calls `each` with the path and the content of every file of an archive, in its order.
///
/// # Errors
/// If the archive is damaged, or if `each` fails.
pub fn for_each_file(
    kind: ArchiveKind,
    archive: &mut (impl Read + Seek),
    each: &mut dyn FnMut(&str, &mut dyn Read) -> io::Result<()>,
) -> io::Result<()> {
    match kind {
        ArchiveKind::Tar => {
            for entry in tar::Archive::new(archive).entries()? {
                let mut entry = entry?;
                let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
                each(&path, &mut entry)?;
            }
        }
        ArchiveKind::Zip => {
            let mut archive = zip::ZipArchive::new(archive)?;
            for index in 0..archive.len() {
                let mut file = archive.by_index(index)?;
                let path = file.name()?.into_owned();
                each(&path, &mut file)?;
            }
        }
    }
    Ok(())
}
