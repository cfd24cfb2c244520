//! Why a URL is not fetched.

use super::Limits;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

/// Why a URL is not fetched. Sentences name the host; the rest of a URL may hold a signature.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The text is no URL.
    #[error("no URL with a host; write https://host/path")]
    NotAUrl,
    /// A scheme that the client does not speak.
    #[error("{scheme}:// is not fetched; give an https:// URL, which the storage can sign")]
    Scheme {
        /// The scheme, in lower case.
        scheme: String,
    },
    /// A bucket that is not allowed.
    #[error("{bucket} is not a bucket that may be read; the operator can allow it with --allow-bucket {bucket}")]
    Bucket {
        /// The address of the bucket.
        bucket: String,
    },
    /// An object that is not there.
    #[error("there is no such object in {bucket}; check the key")]
    NoObject {
        /// The address of the bucket.
        bucket: String,
    },
    /// A bucket that cannot be read.
    #[error("{bucket} cannot be read; the operator has to look at its name, its region and the credentials")]
    Unreadable {
        /// The address of the bucket.
        bucket: String,
    },
    /// A user name or password in the URL.
    #[error("the URL of {host} holds a user name or password; use a signed URL instead")]
    Credentials {
        /// The host.
        host: String,
    },
    /// All addresses of the host are refused by the policy.
    // Which address an internal name has is for the operator to know, not for the caller.
    #[error("{host} is not at a public address, so it is not fetched; the operator can allow it with --allow-fetch")]
    Refused {
        /// The host.
        host: String,
        /// The first of its addresses.
        address: IpAddr,
    },
    /// The name has no address.
    #[error("{host} is not known; check the name of the host")]
    UnknownHost {
        /// The host.
        host: String,
    },
    /// A redirect that is not followed.
    #[error("{host} redirects to something that is no http:// or https:// URL; give the URL of the file itself")]
    BadRedirect {
        /// The host that was asked first.
        host: String,
    },
    /// Redirects without an end.
    #[error("{host} redirects more than {limit} times; give the URL of the file itself")]
    Redirects {
        /// The host that was asked first.
        host: String,
        /// How many redirects are followed.
        limit: u32,
    },
    /// An answer that is not the file.
    #[error("{host} answers with status {status}; check that the URL is right and has not expired")]
    Status {
        /// The host.
        host: String,
        /// The HTTP status.
        status: u16,
    },
    /// The file is larger than the limit.
    #[error("the file at {host} is larger than {limit_bytes} bytes; {remedy}")]
    Size {
        /// The host, or `file://`.
        host: String,
        /// The limit.
        limit_bytes: u64,
        /// What to do about it.
        remedy: &'static str,
    },
    /// The time ran out.
    #[error("{host} has not sent the file within {limit:?}; try again later or use a faster host")]
    Time {
        /// The host.
        host: String,
        /// The limit.
        limit: Duration,
    },
    /// Nothing came for too long.
    #[error("{host} has sent nothing for {limit:?}; try again later or use another host")]
    Silence {
        /// The host.
        host: String,
        /// The limit.
        limit: Duration,
    },
    /// The connection could not be made or broke.
    #[error("{host} cannot be read ({reason}); try again later")]
    Connection {
        /// The host.
        host: String,
        /// What happened.
        reason: String,
    },
    /// What was read could not be written.
    #[error("the file cannot be kept while it is read ({0})")]
    Keep(io::Error),
    /// A `file://` URL outside the media roots.
    #[error("the file:// URL points outside the media folders; start with --media-root and a folder above the file")]
    OutsideRoots,
    /// A `file://` URL that names no file which can be read.
    #[error("the file of the file:// URL cannot be read ({0}); check its path and its rights")]
    File(io::Error),
}

impl FetchError {
    /// Returns whether the same URL may well be read a moment later.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Connection { .. } | Self::Status { status: 429 | 500..=599, .. })
    }

    pub(super) fn size(host: &str, limits: Limits) -> Self {
        Self::Size { host: host.to_owned(), limit_bytes: limits.size_bytes, remedy: limits.remedy }
    }
}
