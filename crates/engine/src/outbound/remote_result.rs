//! Results of a server, fetched to be checked.
//!
//! The operator names the URL, so that, unlike for URLs in data, any address is fetched. The key goes to that address
//! alone: redirects are not followed.

use std::io::Read;
use std::time::Duration;
use ureq::Agent;
use ureq::config::Config;
use ureq::http::Uri;

/// How long a server may take to begin its answer.
const ANSWER_TIME: Duration = Duration::from_secs(30);
/// The most bytes of a manifest.
const MANIFEST_LIMIT_BYTES: u64 = 64 << 20;
/// Where results lie that open with a task's id.
const RESULTS: &str = "/api/v1/export-results/";

/// Why a result of a server cannot be fetched. Sentences name the host and never the URL, which may be signed.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// The URL leads to no result.
    #[error(
        "the URL is not one of a whole result; give the `resultUrl` of a task, which ends with rows.ndjson and a \
         signature, or http://HOST/api/v1/export-results/TASK/ORGANIZATION"
    )]
    NotAResult,
    /// The server said no.
    #[error("{host} answers with status {status}; check the URL, whether it has expired, and the key")]
    Status {
        /// The host.
        host: String,
        /// The HTTP status.
        status: u16,
    },
    /// The server cannot be reached.
    #[error("{host} cannot be read ({reason})")]
    Connection {
        /// The host.
        host: String,
        /// What happened.
        reason: String,
    },
}

/// A result and its manifest, where a server has them.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Urls {
    rows: Uri,
    manifest: Uri,
    host: String,
}

/// Returns whether a text is meant as a URL.
pub fn is_url(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}

/// A result on its way.
pub struct RemoteResult {
    /// Its manifest, as JSON.
    pub manifest: Vec<u8>,
    /// Its rows.
    pub rows: Box<dyn Read + Send>,
    /// How many bytes its rows have, where the server says so.
    pub size_bytes: Option<u64>,
}

/// Fetches the manifest of a result, and begins to fetch its rows.
pub fn fetch(url: &str, key: Option<&str>) -> Result<RemoteResult, RemoteError> {
    let urls = read_url(url).ok_or(RemoteError::NotAResult)?;
    let config = Config::builder()
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .user_agent(concat!("labelport/", env!("CARGO_PKG_VERSION")))
        .accept_encoding("identity")
        .timeout_connect(Some(ANSWER_TIME))
        .timeout_recv_response(Some(ANSWER_TIME))
        .build();
    let agent: Agent = config.into();
    let host = &urls.host;
    let failed = |error: ureq::Error| RemoteError::Connection { host: host.clone(), reason: reason(&error) };
    let get = |uri: &Uri| {
        let mut request = agent.get(uri);
        if let Some(key) = key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        let response = request.call().map_err(failed)?;
        match response.status().as_u16() {
            200 => Ok(response),
            status => Err(RemoteError::Status { host: host.clone(), status }),
        }
    };
    let mut manifest = Vec::new();
    let body = get(&urls.manifest)?.into_body().into_reader();
    let read = body.take(MANIFEST_LIMIT_BYTES).read_to_end(&mut manifest);
    read.map_err(|error| failed(error.into()))?;
    let rows = get(&urls.rows)?;
    let size_bytes = rows.headers().get("content-length").and_then(|value| value.to_str().ok()?.parse().ok());
    Ok(RemoteResult { manifest, rows: Box::new(rows.into_body().into_reader()), size_bytes })
}

/// Says what happened in words that cannot quote the URL.
pub(crate) fn reason(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Io(error) => error.to_string(),
        ureq::Error::HostNotFound => "there is no such host".to_owned(),
        ureq::Error::ConnectionFailed => "nobody answers".to_owned(),
        ureq::Error::Timeout(_) => "it takes too long".to_owned(),
        ureq::Error::Rustls(error) => error.to_string(),
        _ => "the answer is not HTTP".to_owned(),
    }
}

/// Reads a URL of a result. The signature of a result opens its manifest, too.
fn read_url(url: &str) -> Option<Urls> {
    let rows: Uri = url.parse().ok()?;
    let (host, path) = (rows.host()?.to_owned(), rows.path());
    let manifest_path = match path.strip_suffix("/rows.ndjson") {
        Some(folder) => format!("{folder}/manifest.json"),
        None if path.contains(RESULTS) && !path.ends_with('/') => format!("{path}/manifest"),
        None => return None,
    };
    let query = rows.query().map_or_else(String::new, |query| format!("?{query}"));
    let mut parts = rows.clone().into_parts();
    parts.path_and_query = Some(format!("{manifest_path}{query}").parse().ok()?);
    Some(Urls { manifest: Uri::from_parts(parts).ok()?, rows, host })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, expect: Option<&str>) {
        assert_eq!(read_url(url).map(|urls| urls.manifest.to_string()).as_deref(), expect);
    }

    #[test]
    fn the_manifest_is_where_the_result_is() {
        check(
            "https://h/results/t/rows.ndjson?expires=1&signature=s",
            Some("https://h/results/t/manifest.json?expires=1&signature=s"),
        );
        check("http://h:1/api/v1/export-results/t/o", Some("http://h:1/api/v1/export-results/t/o/manifest"));
        check("http://h/results/t/rows/0?signature=s", None);
        check("http://h/", None);
        check("http:///results/t/rows.ndjson", None);
    }
}
