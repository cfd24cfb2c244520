//! The storage over a bucket.

use super::client::{Bucket, failure};
use super::http::Answer;
use super::runtime::wait;
use super::upload::BucketUpload;
use crate::storage::{Found, Ranges, Storage, Upload};
use futures_util::StreamExt as _;
use labelport_model::time::Timestamp;
use object_store::path::Path;
use object_store::{Error, GetOptions, GetRange, ObjectMeta, ObjectStoreExt as _, PutMode, PutOptions};
use std::error::Error as _;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// An object that is read by range.
struct Object {
    bucket: Bucket,
    path: Path,
    /// Bytes that were fetched in advance, and where they begin.
    held: (u64, Vec<u8>),
}

/// The most bytes that are fetched in advance.
const AHEAD_BYTES: u64 = 8 << 20;
impl Bucket {
    /// Reads all of a small object.
    fn read_whole(&self, path: &Path) -> io::Result<Vec<u8>> {
        let (client, at) = (Arc::clone(&self.client), path.clone());
        self.ask(path, async move { Ok(client.get(&at).await?.bytes().await?.to_vec()) })
    }

    /// Returns the objects below a folder.
    fn objects(&self, folder: &str) -> io::Result<Vec<ObjectMeta>> {
        let (client, path) = (Arc::clone(&self.client), self.path(folder)?);
        let below = path.clone();
        self.ask(&path, async move {
            let mut found = Vec::new();
            let mut listed = client.list(Some(&below));
            while let Some(object) = listed.next().await {
                found.push(object?);
            }
            Ok(found)
        })
    }

    /// Removes objects, some of which may be gone.
    fn delete(&self, path: &Path, paths: Vec<Path>) -> io::Result<()> {
        self.insist(|_| {
            let (client, paths) = (Arc::clone(&self.client), paths.clone());
            self.ask(path, async move {
                let mut removed = client.delete_stream(futures_util::stream::iter(paths).map(Ok).boxed());
                while let Some(outcome) = removed.next().await {
                    match outcome {
                        Err(Error::NotFound { .. }) => {}
                        outcome => drop(outcome?),
                    }
                }
                Ok(())
            })
        })
    }

    fn create(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let (client, at, payload) = (Arc::clone(&self.client), path.clone(), bytes.to_vec());
        self.ask(path, async move {
            let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
            match client.put_opts(&at, payload.clone().into(), options).await {
                // AWS_CONDITIONAL_PUT=disabled is for stores that cannot do better.
                Err(Error::NotImplemented { .. }) => match client.head(&at).await {
                    Err(Error::NotFound { .. }) => client.put(&at, payload.into()).await.map(drop),
                    Err(error) => Err(error),
                    Ok(found) => {
                        let source = "it is there".into();
                        Err(Error::AlreadyExists { path: found.location.to_string(), source })
                    }
                },
                outcome => outcome.map(drop),
            }
        })
    }
}

fn found(key: &str, object: &ObjectMeta) -> Found {
    let modified = Timestamp::from_millis(object.last_modified.timestamp_millis());
    Found { key: key.to_owned(), size_bytes: object.size, modified }
}

impl Storage for Bucket {
    fn shown(&self, key: &str) -> String {
        format!("{}/{}", self.address.of_bucket(), self.address.key(key))
    }

    fn attempt(&self) -> Option<String> {
        Some(self.options.chance.cuid())
    }

    fn put(&self, key: &str) -> io::Result<Box<dyn Upload>> {
        Ok(Box::new(BucketUpload::new(self.clone(), self.path(key)?)))
    }

    fn publish(&self, key: &str, bytes: &[u8]) -> io::Result<()> {
        let path = self.path(key)?;
        self.insist(|tried| match self.create(&path, bytes) {
            // The answer to an earlier request was lost, and the object is the one of that.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => match self.read_whole(&path) {
                Ok(there) if there == bytes && tried > 0 => Ok(()),
                Ok(_) => Err(error),
                Err(error) => Err(error),
            },
            outcome => outcome,
        })
    }

    fn find(&self, key: &str) -> io::Result<Option<Found>> {
        Ok(self.head(&self.path(key)?)?.map(|object| found(key, &object)))
    }

    fn open(&self, key: &str) -> io::Result<Box<dyn Ranges>> {
        Ok(Box::new(Object { bucket: self.clone(), path: self.path(key)?, held: (0, Vec::new()) }))
    }

    fn list(&self, folder: &str, each: &mut dyn FnMut(Found)) -> io::Result<()> {
        for object in self.objects(folder)? {
            if let Some(key) = self.address.below(object.location.as_ref()) {
                each(found(key, &object));
            }
        }
        Ok(())
    }

    fn list_folders(&self, folder: &str) -> io::Result<Vec<String>> {
        let (client, path) = (Arc::clone(&self.client), self.path(folder)?);
        let below = path.clone();
        let listed = self.ask(&path, async move { client.list_with_delimiter(Some(&below)).await })?;
        let mut names: Vec<String> =
            listed.common_prefixes.iter().filter_map(|prefix| Some(prefix.filename()?.to_owned())).collect();
        names.sort_unstable();
        Ok(names)
    }

    fn remove(&self, key: &str) -> io::Result<()> {
        let path = self.path(key)?;
        self.delete(&path, vec![path.clone()])
    }

    fn remove_folder(&self, folder: &str) -> io::Result<()> {
        let paths = self.objects(folder)?.into_iter().map(|object| object.location).collect();
        self.delete(&self.path(folder)?, paths)
    }

    fn local_path(&self, _: &str) -> Option<PathBuf> {
        None
    }

    fn signed_url(&self, key: &str, lifetime: Duration) -> io::Result<Option<String>> {
        let (client, path) = (Arc::clone(&self.client), self.path(key)?);
        let at = path.clone();
        let url = self.ask(&path, async move { client.signed_url(ureq::http::Method::GET, &at, lifetime).await })?;
        Ok(Some(url.to_string()))
    }
}

impl Object {
    fn fetch(&self, offset: u64, length: u64) -> io::Result<Vec<u8>> {
        let (client, at) = (Arc::clone(&self.bucket.client), self.path.clone());
        let range = GetRange::Bounded(offset..offset.saturating_add(length));
        let outcome = wait(async move {
            let options = GetOptions { range: Some(range), ..GetOptions::default() };
            Ok::<_, Error>(client.get_opts(&at, options).await?.bytes().await?.to_vec())
        })?;
        let is_past_end = |error: &Error| {
            let answer = failure(error).and_then(|failed| failed.source()?.downcast_ref::<Answer>());
            answer.is_some_and(|answer| answer.status == ureq::http::StatusCode::RANGE_NOT_SATISFIABLE)
        };
        match outcome {
            Err(error) if is_past_end(&error) => Ok(Vec::new()),
            outcome => outcome.map_err(|error| self.bucket.explain(&self.path, &error).into()),
        }
    }
}

impl Ranges for Object {
    fn read_at(&mut self, offset: u64, length: usize, ahead: u64) -> io::Result<Vec<u8>> {
        let (from, held) = &self.held;
        let start = offset.checked_sub(*from).and_then(|start| usize::try_from(start).ok());
        let range = start.and_then(|start| held.get(start..start.checked_add(length)?));
        if let Some(bytes) = range.filter(|_| length > 0) {
            return Ok(bytes.to_vec());
        }
        if length == 0 {
            return Ok(Vec::new());
        }
        let mut bytes = self.fetch(offset, length as u64 + ahead.min(AHEAD_BYTES))?;
        let rest = bytes.split_off(length.min(bytes.len()));
        self.held = (offset + bytes.len() as u64, rest);
        Ok(bytes)
    }
}
