//! How people name objects of object stores.

use std::fmt;
use std::str::FromStr;

/// The kind of an object store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scheme {
    /// S3, and what speaks its language.
    S3,
    /// Google Cloud Storage.
    Gcs,
    /// Azure Blob Storage, whose buckets are called containers.
    Azure,
}

impl Scheme {
    const ALL: [Self; 3] = [Self::S3, Self::Gcs, Self::Azure];

    /// Returns the word before `://`.
    pub fn word(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::Gcs => "gs",
            Self::Azure => "az",
        }
    }
}

/// A bucket, and a path in it: the key of an object or what keys begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    scheme: Scheme,
    bucket: String,
    path: String,
}

/// A text is not the address of a place in an object store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It is not a URL of an object store.
    #[error(
        "{0:?} is not a place in an object store; write s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or az://CONTAINER/PREFIX"
    )]
    Scheme(String),
    /// The bucket has a name that no bucket has.
    #[error(
        "{0:?} does not name a bucket; write {scheme}://BUCKET/PREFIX, with letters, digits, dots, dashes and underscores \
         in BUCKET", scheme = .1.word()
    )]
    Bucket(String, Scheme),
    /// The path is not a key.
    #[error("{0:?} has an empty part, \".\" or \"..\" in its path; write the path as the object store shows it")]
    Path(String),
}

impl Address {
    /// Returns the kind of the store.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Returns the bucket.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// Returns the path, without slashes at its ends.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns whether a text seems to be meant as an address of an object store.
    pub fn is_meant_by(text: &str) -> bool {
        let scheme = text.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
        scheme.is_some_and(|scheme| Scheme::ALL.iter().any(|known| known.word() == scheme))
    }

    /// Returns the key of an object below this address.
    #[cfg(any(feature = "object-store", test))]
    pub(super) fn key(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}/{key}", self.path) }
    }

    /// Returns what is below this address, of the key of an object; nothing for one elsewhere.
    pub(crate) fn below<'k>(&self, key: &'k str) -> Option<&'k str> {
        if self.path.is_empty() { Some(key) } else { key.strip_prefix(&self.path)?.strip_prefix('/') }
    }

    /// Returns the address of the whole bucket.
    pub fn of_bucket(&self) -> Self {
        Self { path: String::new(), ..self.clone() }
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let found = text.split_once("://").and_then(|(scheme, rest)| {
            let known = Scheme::ALL.into_iter().find(|known| scheme.eq_ignore_ascii_case(known.word()))?;
            Some((known, rest))
        });
        let Some((scheme, rest)) = found else { return Err(AddressError::Scheme(text.to_owned())) };
        let (bucket, path) = rest.split_once('/').unwrap_or((rest, ""));
        let is_of_name = |each: char| each.is_ascii_alphanumeric() || matches!(each, '.' | '-' | '_' | '$');
        if bucket.is_empty() || !bucket.chars().all(is_of_name) {
            return Err(AddressError::Bucket(text.to_owned(), scheme));
        }
        let path = path.trim_end_matches('/');
        if !path.is_empty() && path.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(AddressError::Path(text.to_owned()));
        }
        Ok(Self { scheme, bucket: bucket.to_owned(), path: path.to_owned() })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slash = if self.path.is_empty() { "" } else { "/" };
        write!(out, "{}://{}{slash}{}", self.scheme.word(), self.bucket, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_bucket_and_a_path() {
        let check = |text: &str, expect: &str, bucket: &str, path: &str| {
            let address: Address = text.parse().unwrap();
            assert_eq!((address.to_string().as_str(), address.bucket(), address.path()), (expect, bucket, path));
            assert!(Address::is_meant_by(text), "{text}");
        };
        check("s3://labels", "s3://labels", "labels", "");
        check("S3://labels/", "s3://labels", "labels", "");
        check("gs://a.b-c_d/x/y/", "gs://a.b-c_d/x/y", "a.b-c_d", "x/y");
        check("az://$web/rows.ndjson", "az://$web/rows.ndjson", "$web", "rows.ndjson");
    }

    #[test]
    fn what_is_not_an_address_is_refused_with_what_to_write() {
        let check = |text: &str, expect: &str| {
            let error = text.parse::<Address>().unwrap_err().to_string();
            assert!(error.contains(expect) && error.contains(&format!("{text:?}")), "{error}");
        };
        check("labels/x", "write s3://BUCKET/PREFIX, gs://");
        check("ftp://labels/x", "write s3://BUCKET/PREFIX, gs://");
        check("s3://", "write s3://BUCKET/PREFIX, with letters");
        check("gs:///x", "write gs://BUCKET/PREFIX, with letters");
        check("s3://user@host/x", "with letters");
        check("s3://labels//x", "an empty part");
        check("s3://labels/x/../y", "an empty part");
    }

    #[test]
    fn keys_lie_below_an_address() {
        let check = |address: &str, key: &str, expect: Option<&str>| {
            let address: Address = address.parse().unwrap();
            assert_eq!(address.below(key), expect, "{address} {key}");
            if let Some(below) = expect {
                assert_eq!(address.key(below), key);
            }
        };
        check("s3://labels", "files/a", Some("files/a"));
        check("s3://labels/x", "x/files/a", Some("files/a"));
        check("s3://labels/x", "xy/files/a", None);
        check("s3://labels/x", "files/a", None);
    }
}
