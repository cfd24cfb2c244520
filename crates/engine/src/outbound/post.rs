//! Sending: a body to a URL, under the same policy of addresses as fetching.
//!
//! Redirects are not followed: what is sent is for the address that was named, and for no other. Of the answer only the
//! status is read.

use super::{Client, FetchError, Limits};
use std::net::IpAddr;
use std::time::Duration;

/// Something to send.
#[derive(Debug, Clone, Copy)]
pub struct Post<'a> {
    /// The URL, `http://` or `https://`.
    pub url: &'a str,
    /// Names and values of headers.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body.
    pub body: &'a [u8],
    /// The most time from the first look-up of a name to the status of the answer.
    pub time: Duration,
}

/// Why there is no answer. Sentences name the host; the rest of a URL may hold a secret.
#[derive(Debug, thiserror::Error)]
pub enum PostError {
    /// The text is not a URL that can be sent to.
    #[error("the URL cannot be used; write https://host/path")]
    NotAUrl,
    /// A user name or password in the URL.
    #[error("the URL of {host} holds a user name or password, which are not sent; put a secret into the path instead")]
    Credentials {
        /// The host.
        host: String,
    },
    /// All addresses of the host are refused by the policy.
    // Which address an internal name has is for the operator to know, not for the caller.
    #[error("{host} is not at a public address, so nothing is sent; the operator can allow it with --allow-fetch")]
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
    /// The time ran out.
    #[error("{host} did not answer within {limit:?}")]
    Time {
        /// The host.
        host: String,
        /// The limit.
        limit: Duration,
    },
    /// The connection could not be made or broke, or the answer is not HTTP.
    #[error("{host} cannot be reached ({reason})")]
    Connection {
        /// The host.
        host: String,
        /// What happened.
        reason: String,
    },
}

impl Client {
    /// Sends a body; returns the HTTP status of the answer, whatever it is.
    pub fn post(&self, post: &Post<'_>) -> Result<u16, PostError> {
        let limits = Limits { size_bytes: 0, remedy: "", time: post.time };
        self.web.post(post, limits).map_err(|error| match error {
            FetchError::Credentials { host } => PostError::Credentials { host },
            FetchError::Refused { host, address } => PostError::Refused { host, address },
            FetchError::UnknownHost { host } => PostError::UnknownHost { host },
            FetchError::Time { host, limit } | FetchError::Silence { host, limit } => PostError::Time { host, limit },
            FetchError::Connection { host, reason } => PostError::Connection { host, reason },
            FetchError::Keep(error) | FetchError::File(error) => {
                PostError::Connection { host: "the receiver".to_owned(), reason: error.to_string() }
            }
            _ => PostError::NotAUrl,
        })
    }
}
