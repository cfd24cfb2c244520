//! What the records of archives need from outside, and what comes with their rows: files of frames, masks, ontologies.
//!
//! A file that a record names by a path is read where it is. One that it names by URL stays where it is unless a
//! [`Fetcher`] is given. A mask that was fetched once is found again by its place, with or without a fetcher, so that
//! importing a file again changes nothing.

use super::error::ImportError;
use super::unpack::{self, Position};
use crate::ambient::hexadecimal;
use crate::export::mask_urls::ORIGIN;
use crate::outbound::{self, Client, FetchError, Limits};
use crate::storage::files::Files;
use labelport_formats::read::{Features, Gathered, Media, World};
use labelport_model::time::Timestamp;
use labelport_store::tables::files::{self, File};
use labelport_store::tables::ontologies::{self, OntologyError, ShownFeatures};
use labelport_store::tables::projects;
use labelport_store::{Connection, Store, StoreError};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How large a mask may be, and how long it may take.
const MASK_LIMITS: Limits =
    Limits { size_bytes: 64 << 20, remedy: "make it smaller and name its path", time: Duration::from_secs(30) };
/// How long a file of frames may take.
const FRAMES_TIME: Duration = Duration::from_secs(300);
/// What a PNG file begins with.
const PNG_MAGIC: &[u8] = b"\x89PNG\r\n\x1a\n";

/// How often a host may fail to answer before it is not asked again.
const SILENCE_LIMIT: u32 = 3;

/// Fetches the files that records name by URL.
#[derive(Debug)]
pub struct Fetcher {
    client: Client,
    files: Files,
    /// How often in a row each host has not answered.
    silent: Mutex<HashMap<String, u32>>,
}

/// The organization, and the time that new things are given.
#[derive(Debug, Clone, Copy)]
pub(super) struct Org {
    pub(super) key: i64,
    pub(super) now: Timestamp,
}

/// A mask that was fetched, and where it is found.
#[derive(Debug, Clone)]
pub(super) struct KeptMask {
    place: String,
    file_id: String,
    size_bytes: u64,
    sha256: String,
}

/// Masks that were fetched and are not noted yet, shared by the threads that read.
#[derive(Debug, Clone, Default)]
pub(super) struct NewMasks(Arc<Mutex<Vec<KeptMask>>>);

impl NewMasks {
    /// Takes those that were fetched since the last call.
    pub(super) fn take(&self) -> Vec<KeptMask> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn push(&self, mask: KeptMask) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(mask);
    }
}

/// What the records of one file may need.
#[derive(Debug, Clone)]
pub(super) struct Surroundings {
    /// The folder to which paths are relative.
    pub(super) folder: PathBuf,
    /// The most bytes of a file of frames, unpacked.
    pub(super) limit_bytes: usize,
    pub(super) run_name: String,
    pub(super) fetcher: Option<Arc<Fetcher>>,
    pub(super) masks: NewMasks,
}

/// The same for one thread that reads.
pub(super) struct Opened {
    surroundings: Surroundings,
    connection: Box<dyn Connection>,
    org_key: i64,
    /// Whether some mask may be kept already.
    has_masks: bool,
}

impl Surroundings {
    /// Opens them for a thread.
    pub(super) fn open(&self, store: &Store) -> Result<Opened, ImportError> {
        let mut connection = store.reader()?;
        let has_masks = files::has_masks(&mut *connection)?;
        Ok(Opened { surroundings: self.clone(), connection, org_key: store.org_key(), has_masks })
    }
}

/// Returns what the model run of a file is called: the file, without its folder and without what says how it is packed.
pub(super) fn run_name(file: &str) -> String {
    let name = Path::new(file).file_name().map_or_else(|| file.into(), |name| name.to_string_lossy());
    let mut name: &str = &name;
    for ending in [".gz", ".zst", ".ndjson", ".jsonl", ".json"] {
        name = name.strip_suffix(ending).filter(|rest| !rest.is_empty()).unwrap_or(name);
    }
    name.to_owned()
}

impl World for Opened {
    fn run_name(&self) -> &str {
        &self.surroundings.run_name
    }

    fn frames(&mut self, address: &str) -> Result<Media<Vec<u8>>, String> {
        let limit_bytes = self.surroundings.limit_bytes;
        let path = match address.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase()).as_deref() {
            None => self.surroundings.folder.join(address),
            Some("file") => {
                let path = outbound::file::path(&address["file:".len()..]);
                path.map_err(|_| "it is not a path on this machine; write file:///folder/name".to_owned())?
            }
            Some(_) => {
                let Some(fetcher) = &self.surroundings.fetcher else { return Ok(Media::Elsewhere(None)) };
                let remedy = "download it and name its path";
                let limits = Limits { size_bytes: limit_bytes as u64, remedy, time: FRAMES_TIME };
                return Ok(match fetcher.get(address, limits) {
                    Ok(packed) => Media::Here(unpacked(Box::new(std::io::Cursor::new(packed)), limit_bytes)?),
                    Err(reason) => Media::Elsewhere(Some(reason)),
                });
            }
        };
        let unread =
            |error: std::io::Error| format!("{error}; put the file where the record says, or correct the path");
        // Asked before it is opened: opening a pipe would wait for its other end.
        if !path.metadata().map_err(unread)?.is_file() {
            return Err("it is not a file; name a file with one frame per line".to_owned());
        }
        let file = std::fs::File::open(&path).map_err(unread)?;
        unpacked(Box::new(file), limit_bytes).map(Media::Here)
    }

    fn mask(&mut self, place: &str, url: &str) -> Media<String> {
        let own = || format!("{ORIGIN}{place}");
        if self.has_masks {
            match files::find_mask(&mut *self.connection, self.org_key, place) {
                Ok(Some(_)) => return Media::Here(own()),
                Ok(None) => {}
                Err(error) => return Media::Elsewhere(Some(error.to_string())),
            }
        }
        let Some(fetcher) = &self.surroundings.fetcher else { return Media::Elsewhere(None) };
        match fetcher.fetch_mask(place, url) {
            Ok(mask) => {
                self.surroundings.masks.push(mask);
                Media::Here(own())
            }
            Err(reason) => Media::Elsewhere(Some(reason)),
        }
    }
}

impl Fetcher {
    /// Takes what fetches, and where masks are kept.
    pub fn new(client: Client, files: Files) -> Self {
        Self { client, files, silent: Mutex::default() }
    }

    /// Fetches a file. Archives name a host that is gone a hundred thousand times, so it is not asked each time.
    fn get(&self, url: &str, limits: Limits) -> Result<Vec<u8>, String> {
        let host =
            url.split_once("://").map_or(url, |(_, rest)| rest).split(['/', '?', '#']).next().unwrap_or_default();
        let silent = || self.silent.lock().unwrap_or_else(PoisonError::into_inner);
        if silent().get(host).is_some_and(|count| *count >= SILENCE_LIMIT) {
            return Err(
                "a host that has not answered three times is not asked again; import the file again later".to_owned()
            );
        }
        let mut bytes = Vec::new();
        let fetched = self.client.get(url, limits, &mut bytes);
        let is_silent = matches!(
            fetched,
            Err(FetchError::UnknownHost { .. } | FetchError::Time { .. } | FetchError::Connection { .. })
        );
        let mut silent = silent();
        let count = silent.entry(host.to_owned()).or_default();
        *count = if is_silent { *count + 1 } else { 0 };
        fetched.map(|_| bytes).map_err(|error| error.to_string())
    }

    fn fetch_mask(&self, place: &str, url: &str) -> Result<KeptMask, String> {
        let png = self.get(url, MASK_LIMITS)?;
        if !png.starts_with(PNG_MAGIC) {
            return Err("a mask that is not a PNG picture; check that its URL has not expired".to_owned());
        }
        // One place has one file, whenever and by whomever it is fetched.
        let file_id = format!("m{}", &hexadecimal(&Sha256::digest(place.as_bytes()))[..24]);
        let kept = self.files.write(&file_id, &png).map_err(|error| format!("a mask cannot be kept: {error}"))?;
        Ok(KeptMask { place: place.to_owned(), file_id, size_bytes: kept.size_bytes, sha256: kept.sha256 })
    }
}

/// Reads a file, packed or not.
fn unpacked(input: Box<dyn Read + Send>, limit_bytes: usize) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let mut input = unpack::unpacked(input, Position::default()).map_err(|error| error.to_string())?;
    let read = input.by_ref().take(limit_bytes as u64 + 1).read_to_end(&mut bytes);
    if read.map_err(|error| error.to_string())? > limit_bytes {
        return Err(format!("it is longer than {} MiB; raise --max-record-mib", limit_bytes >> 20));
    }
    Ok(bytes)
}

/// Notes where fetched masks are.
pub(super) fn note_masks(connection: &mut dyn Connection, org: Org, masks: &[KeptMask]) -> Result<(), StoreError> {
    for mask in masks {
        if files::find(connection, org.key, &mask.file_id)?.is_none() {
            let file = File {
                id: mask.file_id.clone(),
                name: "mask.png".to_owned(),
                content_type: Some("image/png".to_owned()),
                size_bytes: i64::try_from(mask.size_bytes).unwrap_or(i64::MAX),
                sha256: mask.sha256.clone(),
                created_by: None,
                created: org.now,
            };
            files::create(connection, org.key, &file)?;
        }
        files::put_mask(connection, org.key, &mask.place, &mask.file_id)?;
    }
    Ok(())
}

/// Adds features to the ontologies of their projects, except to those that somebody has given; returns how many ontologies
/// are new.
pub(super) fn note_features<'a>(
    connection: &mut dyn Connection,
    org: Org,
    gathered: impl Iterator<Item = &'a Gathered>,
) -> Result<u64, StoreError> {
    let mut by_project: Vec<Gathered> = Vec::new();
    for one in gathered {
        match by_project.iter_mut().find(|known| known.project_id == one.project_id) {
            Some(known) => known.features.merge(one.features.clone()),
            None => by_project.push(one.clone()),
        }
    }
    let mut created = 0;
    for Gathered { project_id, project_name, features } in by_project {
        let Some(id) = Features::ontology_id(&project_id) else { continue };
        let Some(project) = projects::find(connection, org.key, &project_id)? else { continue };
        if project.ontology_id.as_deref().is_some_and(|known| known != id.as_str()) {
            continue;
        }
        let known = ontologies::find(connection, org.key, id.as_str())?;
        let shown = features.to_normalized();
        let stored = known.as_ref().and_then(|known| known.normalized.as_deref());
        let normalized = stored.map_or_else(|| shown.clone(), |stored| united(stored, &shown));
        if stored == Some(normalized.as_str()) && project.ontology_id.is_some() {
            continue;
        }
        created += u64::from(known.is_none());
        let name = project_name.unwrap_or(project_id);
        let shown = ShownFeatures { id: &id, name: &name, normalized: &normalized, now: org.now };
        ontologies::put_shown(connection, org.key, project.key, shown).map_err(|error| match error {
            OntologyError::Store(error) => error,
            error => StoreError::Damaged(format!("ontology {id}: {error}")),
        })?;
    }
    Ok(created)
}

/// Adds what an ontology does not have yet; what it has stays as somebody may have edited it.
fn united(stored: &str, shown: &str) -> String {
    let (Ok(mut known), Ok(new)) = (serde_json::from_str::<Value>(stored), serde_json::from_str::<Value>(shown)) else {
        return stored.to_owned();
    };
    let before = known.clone();
    unite(&mut known, &new);
    if known == before { stored.to_owned() } else { known.to_string() }
}

fn unite(known: &mut Value, new: &Value) {
    let id = |node: &Value| node["featureSchemaId"].as_str().unwrap_or_default().to_owned();
    for key in ["tools", "classifications", "options"] {
        let Some(added) = new[key].as_array().filter(|added| !added.is_empty()) else { continue };
        if !known[key].is_array() {
            known[key] = Value::Array(Vec::new());
        }
        let Some(nodes) = known[key].as_array_mut() else { continue };
        let mut places: HashMap<String, usize> = nodes.iter().map(id).zip(0..).collect();
        for node in added {
            match places.get(&id(node)) {
                Some(place) => unite(&mut nodes[*place], node),
                None => {
                    places.insert(id(node), nodes.len());
                    nodes.push(node.clone());
                }
            }
        }
    }
}
