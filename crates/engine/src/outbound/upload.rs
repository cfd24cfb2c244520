//! A result that is sent to a URL, such as one that an object store has signed for one upload.
//!
//! Such a URL takes one object, in one request that says how long it is. So the result waits in a file without a name, and is
//! sent when it is whole: the URL gets all of it or nothing. A manifest would be a second object; there is none.
//!
//! An existing object is replaced only on request. Otherwise the upload says `If-None-Match: *`, which S3, compatible stores
//! and Azure honour. Google Cloud Storage does not know that header.
//!
//! The operator names the URL, so any address is sent to. The part after the path is a signature: no message has it.

use super::remote_result::{is_url, reason};
use super::web::is_unknown_name;
use crate::manifest::Manifest;
use crate::sink::{Entry, Existing, FileError, Packing, Sink};
use crate::storage::bucket::{FIRST_PAUSE, PATIENCE};
use std::fs::File;
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use ureq::Agent;
use ureq::config::Config;
use ureq::http::Uri;

/// How long a store may take to accept a connection, and to answer once it has everything.
const ANSWER_TIME: Duration = Duration::from_secs(60);
/// The fewest bytes that a store must take in a second.
const LEAST_RATE_BYTES: u64 = 64 << 10;
/// HTTP statuses of a store that asks for another attempt.
const PASSING_STATUSES: &[u16] = &[408, 425, 429, 500, 502, 503, 504];
const PRECONDITION_FAILED: u16 = 412;
/// The header that Azure demands of each upload.
const AZURE_KIND: (&str, &str) = ("x-ms-blob-type", "BlockBlob");

/// A URL that takes a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UrlTarget {
    uri: Uri,
    existing: Existing,
}

/// Why a URL takes no result. Sentences end at the path.
#[derive(Debug, thiserror::Error)]
pub enum UrlError {
    /// The text is no URL of an object.
    #[error("the URL cannot be written; give https://HOST/PATH, as it was signed for an upload with PUT")]
    NotAUrl,
    /// There is a user name or a password in the URL.
    #[error("the URL holds a user name or password, which are not sent; give one that is signed")]
    Credentials,
    /// There is an object already.
    #[error("{shown} exists; name another object, or replace it with --force")]
    Exists {
        /// The URL.
        shown: String,
    },
    /// There is an object, and it may be this one.
    #[error(
        "{shown} exists, and may be this result: an earlier attempt to send it failed without a clear answer. Compare its \
         digest, or send it again with --force"
    )]
    Unclear {
        /// The URL.
        shown: String,
    },
    /// The store says no.
    #[error(
        "{shown} cannot be written: the store answers with status {status}. Check that the URL was signed for PUT, and whether \
         it has expired"
    )]
    Status {
        /// The URL.
        shown: String,
        /// The HTTP status.
        status: u16,
    },
    /// The file in which the result waits cannot be read.
    #[error(
        "the temporary file with the result cannot be read ({0}); nothing was sent. Check the disk that TMPDIR is on"
    )]
    Temporary(io::Error),
    /// The store cannot be reached, or the connection breaks again and again.
    #[error("{shown} cannot be written ({reason}); check the host and the network")]
    Connection {
        /// The URL.
        shown: String,
        /// What happened.
        reason: String,
    },
}

impl UrlTarget {
    /// Returns whether a text is meant as a URL that takes a result.
    pub fn is_meant_by(text: &str) -> bool {
        is_url(text)
    }

    /// Takes a URL. Nothing is sent.
    pub fn read(url: &str, existing: Existing) -> Result<Self, UrlError> {
        let uri: Uri = url.parse().map_err(|_| UrlError::NotAUrl)?;
        if uri.host().is_none_or(str::is_empty) || uri.path().ends_with('/') {
            return Err(UrlError::NotAUrl);
        }
        match uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
            true => Err(UrlError::Credentials),
            false => Ok(Self { uri, existing }),
        }
    }

    /// Returns what messages call it: the URL without its signature.
    pub fn shown(&self) -> String {
        let part = |part: Option<&str>| part.unwrap_or_default().to_owned();
        let authority = part(self.uri.authority().map(|authority| authority.as_str()));
        format!("{}://{authority}{}", part(self.uri.scheme_str()), self.uri.path())
    }

    /// Returns the path, whose ending says how the result is packed.
    pub fn path(&self) -> &Path {
        Path::new(self.uri.path())
    }

    /// Lists the headers of an upload.
    fn headers(&self) -> Vec<(&'static str, &'static str)> {
        let has = |name: &str| self.uri.query().unwrap_or_default().split('&').any(|part| part.starts_with(name));
        let azure = (has("sv=") && has("sig=")).then_some(AZURE_KIND);
        let only_new = (self.existing != Existing::Replace).then_some(("if-none-match", "*"));
        azure.into_iter().chain(only_new).collect()
    }

    /// Sends a file. A store that asks for another attempt gets one, for a minute.
    fn send(&self, file: &mut File) -> Result<(), UrlError> {
        let shown = || self.shown();
        let connection = |reason: String| UrlError::Connection { shown: shown(), reason };
        let size_bytes = file.metadata().map_err(UrlError::Temporary)?.len();
        let agent = agent(size_bytes);
        let (mut pause, mut waited) = (FIRST_PAUSE, Duration::ZERO);
        loop {
            file.rewind().map_err(UrlError::Temporary)?;
            let request = agent.put(&self.uri);
            let request =
                self.headers().into_iter().fold(request, |request, (name, value)| request.header(name, value));
            let failed = match request.send(&*file) {
                Ok(answer) => match answer.status().as_u16() {
                    200..=299 => return Ok(()),
                    PRECONDITION_FAILED if !waited.is_zero() => return Err(UrlError::Unclear { shown: shown() }),
                    PRECONDITION_FAILED => return Err(UrlError::Exists { shown: shown() }),
                    status if PASSING_STATUSES.contains(&status) => UrlError::Status { shown: shown(), status },
                    status => return Err(UrlError::Status { shown: shown(), status }),
                },
                Err(error) if is_unknown(&error) => return Err(connection("there is no such host".to_owned())),
                Err(error) => connection(reason(&error)),
            };
            // Sending may take hours, and is not counted.
            if waited + pause > PATIENCE {
                return Err(failed);
            }
            std::thread::sleep(pause);
            waited += pause;
            pause *= 2;
        }
    }
}

fn is_unknown(error: &ureq::Error) -> bool {
    match error {
        ureq::Error::HostNotFound => true,
        ureq::Error::Io(error) => is_unknown_name(error),
        _ => false,
    }
}

/// Returns what sends so many bytes.
fn agent(size_bytes: u64) -> Agent {
    let config = Config::builder()
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .user_agent(concat!("labelport/", env!("CARGO_PKG_VERSION")))
        .timeout_connect(Some(ANSWER_TIME))
        .timeout_send_body(Some(ANSWER_TIME + Duration::from_secs(size_bytes / LEAST_RATE_BYTES)))
        .timeout_recv_response(Some(ANSWER_TIME))
        .build();
    config.into()
}

/// A result on its way to a URL. Dropped without [`finish`](Sink::finish), it leaves nothing.
pub struct UrlSink {
    target: UrlTarget,
    packing: Packing,
    /// The bytes until they are sent.
    file: File,
    /// Where that file is.
    folder: PathBuf,
}

impl UrlSink {
    /// Begins a result, which waits in a folder until it is whole.
    pub fn create(target: UrlTarget, packing: Packing, folder: &Path) -> Result<Self, FileError> {
        let file = tempfile::tempfile_in(folder).map_err(|source| FileError::Io { path: folder.to_owned(), source })?;
        Ok(Self { target, packing, file, folder: folder.to_owned() })
    }
}

impl Sink for UrlSink {
    fn packing(&self) -> Packing {
        self.packing
    }

    fn name(&self) -> String {
        self.target.shown()
    }

    fn writes_slowly(&self) -> bool {
        true
    }

    fn write(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        self.file.write_all(entry.bytes).map_err(|error| {
            let folder = self.folder.display();
            io::Error::new(
                error.kind(),
                format!("{error}, in a temporary file in {folder}; TMPDIR names another folder"),
            )
        })
    }

    fn finish(mut self: Box<Self>, _: &Manifest) -> Result<(), FileError> {
        self.target.send(&mut self.file).map_err(|error| FileError::Sent(error.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, shown: &str) {
        let read = UrlTarget::read(url, Existing::Replace);
        assert_eq!(read.map(|target| target.shown()).unwrap_or_else(|error| error.to_string()), shown);
    }

    #[test]
    fn messages_have_the_url_up_to_its_signature() {
        check("https://b.s3.example:9/a/rows.ndjson?X-Amz-Signature=secret", "https://b.s3.example:9/a/rows.ndjson");
        let not_a_url = UrlError::NotAUrl.to_string();
        check("https://host/", &not_a_url);
        check("https://host", &not_a_url);
        check("https:///rows.ndjson", &not_a_url);
        check("https://ho st/rows.ndjson", &not_a_url);
        check("https://me:secret@host/rows.ndjson", &UrlError::Credentials.to_string());
    }

    #[test]
    fn uploads_to_azure_name_the_kind_of_object() {
        let headers = |url: &str, existing| UrlTarget::read(url, existing).unwrap().headers();
        assert_eq!(headers("https://h/a?sv=2022&sr=b&sig=x", Existing::Replace), [AZURE_KIND]);
        assert_eq!(headers("https://h/a?X-Amz-Signature=x", Existing::KeepForeign), [("if-none-match", "*")]);
    }
}
