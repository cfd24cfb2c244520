//! The client of a bucket, and what its errors mean.

use super::http::{Answer, Connector, code_of};
use super::runtime::wait;
use super::{Address, BucketOptions, OpenError, Scheme};
use crate::storage::Storage;
use crate::storage::error::StorageError;
use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::client::{HttpError, HttpErrorKind};
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::multipart::MultipartStore;
use object_store::path::Path;
use object_store::signer::Signer;
use object_store::{BackoffConfig, Error, ObjectMeta, ObjectStore, ObjectStoreExt as _, RetryConfig};
use std::collections::BTreeMap;
use std::error::Error as _;
use std::fmt;
use std::future::Future;
use std::io;
use std::sync::Arc;

/// What a client of an object store can do.
pub(super) trait Client: ObjectStore + MultipartStore + Signer {}

impl<T: ObjectStore + MultipartStore + Signer> Client for T {}

/// A place in a bucket.
#[derive(Clone)]
pub(super) struct Bucket {
    pub(super) address: Address,
    pub(super) client: Arc<dyn Client>,
    pub(super) options: BucketOptions,
}

/// How often something is tried that the client does not try again by itself, since it may have been done.
const ATTEMPTS: u32 = 5;

impl fmt::Debug for Bucket {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The options hold credentials.
        write!(out, "Bucket({})", self.address)
    }
}

/// Hands every variable of an environment that begins with a prefix and that a builder knows to it.
fn configured<B, K: std::str::FromStr>(
    builder: B,
    (environment, prefix): (&BTreeMap<String, String>, &str),
    with: fn(B, K, String) -> B,
) -> B {
    let known = environment.iter().filter(|(name, _)| name.starts_with(prefix));
    known.fold(builder, |builder, (name, value)| match name.to_ascii_lowercase().parse() {
        Ok(key) => with(builder, key, value.clone()),
        Err(_) => builder,
    })
}

/// Makes the client of a bucket.
fn connect(address: &Address, options: &BucketOptions) -> object_store::Result<Arc<dyn Client>> {
    let (environment, bucket) = (&options.environment, address.bucket());
    // The time decides, not how often it was.
    let backoff = BackoffConfig { init_backoff: options.first_pause, ..BackoffConfig::default() };
    let retry = RetryConfig { max_retries: usize::MAX, retry_timeout: options.patience, backoff };
    Ok(match address.scheme() {
        Scheme::S3 => Arc::new(
            configured(AmazonS3Builder::new(), (environment, "AWS_"), AmazonS3Builder::with_config)
                .with_bucket_name(bucket)
                .with_http_connector(Connector)
                .with_allow_http(true)
                .with_retry(retry)
                .build()?,
        ),
        Scheme::Gcs => Arc::new(
            configured(
                GoogleCloudStorageBuilder::new(),
                (environment, "GOOGLE_"),
                GoogleCloudStorageBuilder::with_config,
            )
            .with_bucket_name(bucket)
            .with_http_connector(Connector)
            .with_retry(retry)
            .build()?,
        ),
        Scheme::Azure => Arc::new(
            configured(MicrosoftAzureBuilder::new(), (environment, "AZURE_"), MicrosoftAzureBuilder::with_config)
                .with_container_name(bucket)
                .with_http_connector(Connector)
                .with_allow_http(true)
                .with_retry(retry)
                .build()?,
        ),
    })
}

impl Bucket {
    pub(super) fn open(address: &Address, options: BucketOptions) -> Result<Self, OpenError> {
        let settings = |error: Error| OpenError::Settings { address: address.to_string(), reason: brief(&error) };
        let client = connect(address, &options).map_err(settings)?;
        Ok(Self { address: address.clone(), client, options })
    }

    /// Returns the path of an object.
    pub(super) fn path(&self, key: &str) -> io::Result<Path> {
        let whole = self.address.key(key);
        Path::parse(&whole).map_err(|error| {
            io::Error::from(StorageError::Failed {
                place: self.shown(key),
                reason: format!("no object can have this key: {error}"),
            })
        })
    }

    /// Returns what messages call the object at a path.
    pub(super) fn shown_path(&self, path: &Path) -> String {
        format!("{}/{path}", self.address.of_bucket())
    }

    /// Waits for an answer about an object.
    pub(super) fn ask<T: Send + 'static>(
        &self,
        path: &Path,
        asked: impl Future<Output = object_store::Result<T>> + Send + 'static,
    ) -> io::Result<T> {
        wait(asked)?.map_err(|error| self.explain(path, &error).into())
    }

    /// Says why something could not be done about an object.
    pub(super) fn explain(&self, path: &Path, error: &Error) -> StorageError {
        let (place, bucket) = (self.shown_path(path), || self.address.of_bucket().to_string());
        let text = error.to_string();
        if ["NoSuchBucket", "ContainerNotFound", "The specified bucket does not exist"]
            .iter()
            .any(|code| text.contains(code))
        {
            return StorageError::NoBucket { bucket: bucket() };
        }
        let reason = brief(error);
        // Not every request keeps the status of its answer apart.
        if ["403 Forbidden", "401 Unauthorized"].iter().any(|status| text.contains(status)) {
            return StorageError::Refused { place, reason };
        }
        match error {
            Error::NotFound { .. } => return StorageError::Missing(place),
            Error::AlreadyExists { .. } | Error::Precondition { .. } => return StorageError::Exists(place),
            Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => {
                return StorageError::Refused { place, reason };
            }
            _ => {}
        }
        let Some(failed) = failure(error) else { return StorageError::Failed { place, reason } };
        let answer = failed.source().and_then(|source| source.downcast_ref::<Answer>());
        match (failed.kind(), answer) {
            (_, Some(answer)) if answer.status.is_redirection() => StorageError::Region { bucket: bucket() },
            // The address at which machines of clouds get credentials.
            (_, None) if text.contains("169.254.") => {
                StorageError::Refused { place, reason: "no credentials are set".to_owned() }
            }
            (HttpErrorKind::Decode | HttpErrorKind::Unknown, _) => StorageError::Failed { place, reason },
            _ => StorageError::Down { place, reason },
        }
    }

    /// Finds an object at a path, with its tag.
    pub(super) fn head(&self, path: &Path) -> io::Result<Option<ObjectMeta>> {
        let (client, at) = (Arc::clone(&self.client), path.clone());
        match self.ask(path, async move { client.head(&at).await }) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            found => Ok(Some(found?)),
        }
    }

    /// Tries again what the client of the store does not by itself. The function gets how often it was tried before.
    pub(super) fn insist<T>(&self, mut attempt: impl FnMut(u32) -> io::Result<T>) -> io::Result<T> {
        let mut pause = self.options.first_pause;
        for tried in 0..ATTEMPTS - 1 {
            match attempt(tried) {
                Err(error) if StorageError::is_passing(&error) => {}
                outcome => return outcome,
            }
            std::thread::sleep(pause);
            pause *= 2;
        }
        attempt(ATTEMPTS - 1)
    }
}

/// Finds the error of a connection in that of a store.
pub(super) fn failure(error: &Error) -> Option<&HttpError> {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        cause = error.source();
    }
    None
}

/// Says in a few words what a store said. Its own messages hold whole answers, and URLs.
fn brief(error: &Error) -> String {
    if let Some(failed) = failure(error) {
        return failed.source().map_or_else(|| failed.to_string(), ToString::to_string);
    }
    let mut text = error.to_string();
    if let Some(code) = code_of(text.as_bytes()) {
        return code;
    }
    let mut cause = error.source();
    while let Some(error) = cause {
        text = error.to_string();
        cause = error.source();
    }
    let line = text.lines().next().unwrap_or_default();
    line.chars().take(200).collect()
}
