//! `file://` URLs, below the media roots.

use super::{CopyError, FetchError, Fetched, Limits, copy};
use std::fs::File;
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};

/// Reads the file of a URL, of which `rest` is what follows `file:`.
pub(super) fn get(rest: &str, roots: &[PathBuf], limits: Limits, out: &mut dyn Write) -> Result<Fetched, FetchError> {
    let (mut file, _) = open(rest, roots, limits)?;
    let copied = copy(&mut file, limits.size_bytes, out).map_err(|error| match error {
        CopyError::Read(error) => FetchError::File(error),
        CopyError::Write(error) => FetchError::Keep(error),
    })?;
    if copied > limits.size_bytes {
        return Err(FetchError::size("file://", limits));
    }
    Ok(Fetched { content_length: Some(copied), content_type: None })
}

/// Opens the file of a URL, of which `rest` is what follows `file:`, and returns its path with it.
pub(super) fn open(rest: &str, roots: &[PathBuf], limits: Limits) -> Result<(File, PathBuf), FetchError> {
    let path = path(rest)?;
    // First by the spelling, so that nobody learns which files there are elsewhere; then by where links really lead.
    let resolved_roots: Vec<PathBuf> = roots.iter().filter_map(|root| root.canonicalize().ok()).collect();
    let is_below = |path: &Path, roots: &[PathBuf]| roots.iter().any(|root| path.starts_with(root));
    if !is_below(&path, roots) && !is_below(&path, &resolved_roots) {
        return Err(FetchError::OutsideRoots);
    }
    let path = path.canonicalize().map_err(FetchError::File)?;
    if !is_below(&path, &resolved_roots) {
        return Err(FetchError::OutsideRoots);
    }
    // Asked before it is opened: opening a pipe would wait for its other end.
    if !path.metadata().map_err(FetchError::File)?.is_file() {
        return Err(FetchError::File(io::Error::other("it is not a file")));
    }
    let file = File::open(&path).map_err(FetchError::File)?;
    if file.metadata().map_err(FetchError::File)?.len() > limits.size_bytes {
        return Err(FetchError::size("file://", limits));
    }
    Ok((file, path))
}

/// Returns the path of `//host/path`, where the host is this one, with percent escapes undone.
pub(crate) fn path(rest: &str) -> Result<PathBuf, FetchError> {
    let rest = rest.strip_prefix("//").ok_or(FetchError::NotAUrl)?;
    let rest = rest.split(['?', '#']).next().unwrap_or(rest);
    let slash = rest.find('/').ok_or(FetchError::NotAUrl)?;
    let (host, path) = rest.split_at(slash);
    if !host.is_empty() && !host.eq_ignore_ascii_case("localhost") {
        return Err(FetchError::OutsideRoots);
    }
    let path = PathBuf::from(unescaped(path).filter(|path| !path.contains('\0')).ok_or(FetchError::NotAUrl)?);
    let has_detour = path.components().any(|component| !matches!(component, Component::RootDir | Component::Normal(_)));
    if has_detour { Err(FetchError::OutsideRoots) } else { Ok(path) }
}

fn unescaped(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        if first != b'%' {
            bytes.push(first);
            continue;
        }
        let digits = std::str::from_utf8(after.get(..2)?).ok()?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = &after[2..];
    }
    String::from_utf8(bytes).ok()
}
