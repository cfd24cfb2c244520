//! Results of processes that were killed in the last moment.
//!
//! A result gets its name before its manifest does. A process that is killed between the two leaves a result that nobody
//! knows, and next to it, hidden, the manifest that was ready. If that describes the file, byte by byte, it gets its name.

use crate::disk::flushed::sync_folder_of;
use crate::import::unpack::{self, Position};
use crate::manifest::{Manifest, hex};
use crate::sink::{changes_path, list_abandoned, manifest_path};
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// A file larger than this is no manifest.
const MANIFEST_LIMIT_BYTES: u64 = 64 << 20;

/// Gives a result the manifest that waits for it; returns whether it did. Packages stay as they are.
pub fn recover(result: &Path) -> io::Result<bool> {
    let target = manifest_path(result);
    if target.exists() || !result.is_file() {
        return Ok(false);
    }
    for ready in list_abandoned(&target)? {
        let mut text = Vec::new();
        File::open(&ready)?.take(MANIFEST_LIMIT_BYTES).read_to_end(&mut text)?;
        let Ok(manifest) = Manifest::from_json(&text) else { continue };
        let digest = (manifest.digest.bytes, manifest.digest.sha256.clone());
        if !manifest.files.is_empty() || digest_of(result)? != digest {
            continue;
        }
        if let Some(delta) = &manifest.delta {
            let (place, digest) = (changes_path(result), (delta.bytes, delta.sha256.clone()));
            let mut candidates = list_abandoned(&place)?;
            candidates.push(place.clone());
            let is_it = |path: &std::path::PathBuf| digest_of(path).is_ok_and(|found| found == digest);
            match candidates.into_iter().find(is_it) {
                Some(found) => std::fs::rename(found, &place)?,
                None => continue,
            }
        }
        std::fs::rename(&ready, &target)?;
        sync_folder_of(&target)?;
        return Ok(true);
    }
    Ok(false)
}

/// Returns size and SHA-256 of a file before compression.
fn digest_of(path: &Path) -> io::Result<(u64, String)> {
    let mut input = unpack::unpacked(Box::new(File::open(path)?), Position::default())?;
    let (mut sha256, mut bytes) = (Sha256::default(), 0);
    let mut buffer = vec![0; unpack::BUFFER_BYTES];
    loop {
        match input.read(&mut buffer)? {
            0 => return Ok((bytes, hex(&sha256.finalize()))),
            count => {
                sha256.update(&buffer[..count]);
                bytes += count as u64;
            }
        }
    }
}
