//! `http://` and `https://` URLs.

use super::address::{Cidr, is_allowed};
use super::{CopyError, FetchError, Fetched, Limits, Post, copy};
use std::io::Write;
use std::net::IpAddr;
use std::time::Duration;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, Error};

/// Storage redirects once or twice; more is a mistake of the host.
const REDIRECT_LIMIT: u32 = 5;
/// A host that does not answer the first packet within this time does not answer.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// How long a host may send nothing. A large file takes long, but one that has stopped does not come.
const SILENCE_LIMIT: Duration = Duration::from_secs(60);

/// Speaks HTTP with the addresses that the policy allows.
pub(super) struct Web {
    agent: Agent,
    /// How long a host may send nothing.
    pub(super) silence_limit: Duration,
}

impl Web {
    pub(super) fn new(allowed: Vec<Cidr>) -> Self {
        let config = Config::builder()
            .proxy(None)
            .max_redirects(REDIRECT_LIMIT)
            .http_status_as_error(false)
            .user_agent(concat!("labelport/", env!("CARGO_PKG_VERSION")))
            .accept_encoding("identity")
            .build();
        let resolver = Guard { allowed, inner: Box::new(DefaultResolver::default()) };
        let agent = Agent::with_parts(config, DefaultConnector::default(), resolver);
        Self { agent, silence_limit: SILENCE_LIMIT }
    }

    pub(super) fn get(&self, url: &str, limits: Limits, out: &mut dyn Write) -> Result<Fetched, FetchError> {
        let (uri, host) = read_url(url)?;
        // Where the whole time is shorter, that is what is said to be over.
        let silence_limit = Some(self.silence_limit).filter(|limit| *limit < limits.time);
        let failed = |error| match error {
            Error::Timeout(ureq::Timeout::PerRead) => {
                FetchError::Silence { host: host.clone(), limit: self.silence_limit }
            }
            error => explain(error, &host, limits),
        };
        let response = self
            .agent
            .get(uri)
            .config()
            .timeout_global(Some(limits.time))
            .timeout_connect(Some(CONNECT_LIMIT.min(limits.time)))
            .timeout_per_read(silence_limit)
            .build()
            .call()
            .map_err(failed)?;
        let status = response.status();
        if !status.is_success() {
            return Err(FetchError::Status { host, status: status.as_u16() });
        }
        let header = |name: &str| Some(response.headers().get(name)?.to_str().ok()?.trim().to_owned());
        let content_type = header("content-type").filter(|text| !text.is_empty());
        let content_length = header("content-length").and_then(|text| text.parse().ok());
        let too_large = || FetchError::size(&host, limits);
        if content_length.is_some_and(|length: u64| length > limits.size_bytes) {
            return Err(too_large());
        }
        let copied = copy(&mut response.into_body().into_reader(), limits.size_bytes, out);
        let copied = copied.map_err(|error| match error {
            CopyError::Read(error) => failed(error.into()),
            CopyError::Write(error) => FetchError::Keep(error),
        })?;
        if copied > limits.size_bytes {
            return Err(too_large());
        }
        Ok(Fetched { content_type, content_length })
    }
}

impl Web {
    /// Sends a body; returns the status of the answer. Redirects are answers.
    pub(super) fn post(&self, post: &Post<'_>, limits: Limits) -> Result<u16, FetchError> {
        let (uri, host) = read_url(post.url)?;
        let request = self.agent.post(uri);
        let request = post.headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let response = request
            .config()
            .max_redirects(0)
            .timeout_global(Some(limits.time))
            .timeout_connect(Some(CONNECT_LIMIT.min(limits.time)))
            .build()
            .send(post.body)
            .map_err(|error| explain(error, &host, limits))?;
        Ok(response.status().as_u16())
    }
}

/// Resolves names for each connection, and leaves of their addresses those that are allowed.
#[derive(Debug)]
struct Guard {
    allowed: Vec<Cidr>,
    inner: Box<dyn Resolver>,
}

/// Why the guard lets no connection be made.
#[derive(Debug, thiserror::Error)]
enum Stop {
    #[error("{host} is at {address}")]
    Refused { host: String, address: IpAddr },
    #[error("{host} with credentials")]
    Credentials { host: String },
    #[error("neither http nor https")]
    Scheme,
}

impl Resolver for Guard {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let host = host(uri).ok_or(Error::HostNotFound)?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err(Error::Other(Box::new(Stop::Scheme)));
        }
        if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
            return Err(Error::Other(Box::new(Stop::Credentials { host })));
        }
        let found = self.inner.resolve(uri, config, timeout)?;
        let mut left = self.empty();
        for address in found.iter().filter(|address| is_allowed(address.ip(), &self.allowed)) {
            left.push(*address);
        }
        match (left.is_empty(), found.first()) {
            (false, _) => Ok(left),
            (true, Some(first)) => {
                Err(Error::Other(Box::new(Stop::Refused { host, address: first.ip().to_canonical() })))
            }
            (true, None) => Err(Error::HostNotFound),
        }
    }
}

fn host(uri: &Uri) -> Option<String> {
    uri.host().filter(|host| !host.is_empty()).map(str::to_owned)
}

/// Returns whether the part after the host is a port. An invalid number would count as the default port.
fn has_port_or_none(uri: &Uri) -> bool {
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let place = authority.rsplit('@').next().unwrap_or_default();
    let port = place.rsplit_once(':').map(|(_, port)| port).filter(|port| !port.contains(']'));
    port.is_none_or(|port| port.parse::<u16>().is_ok())
}

/// Reads a URL; returns it and its host.
pub(super) fn read_url(url: &str) -> Result<(Uri, String), FetchError> {
    let uri: Uri = escaped(url).ok_or(FetchError::NotAUrl)?.parse().map_err(|_| FetchError::NotAUrl)?;
    let host = host(&uri).filter(|_| has_port_or_none(&uri)).ok_or(FetchError::NotAUrl)?;
    Ok((uri, host))
}

/// Returns a URL in which characters that people forget to escape are escaped, without its fragment.
fn escaped(url: &str) -> Option<String> {
    let url = url.split('#').next().unwrap_or(url);
    let mut escaped = String::with_capacity(url.len());
    for byte in url.bytes() {
        match byte {
            0..0x20 | 0x7f => return None,
            b' ' | b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' | 0x80.. => {
                escaped.push_str(&format!("%{byte:02X}"));
            }
            _ => escaped.push(char::from(byte)),
        }
    }
    Some(escaped)
}

/// Returns whether this process, or this machine, has as many files and connections open as may be.
fn is_out_of_files(error: &std::io::Error) -> bool {
    const ENFILE: i32 = 23;
    const EMFILE: i32 = 24;
    cfg!(unix) && matches!(error.raw_os_error(), Some(ENFILE | EMFILE))
}

/// Says what happened. Texts of errors are passed on only where they cannot quote the URL.
fn explain(error: Error, host: &str, limits: Limits) -> FetchError {
    let host = host.to_owned();
    let reason = match error {
        Error::Other(other) => match other.downcast::<Stop>().map(|stop| *stop) {
            Ok(Stop::Refused { host, address }) => {
                super::count_refused();
                return FetchError::Refused { host, address };
            }
            Ok(Stop::Credentials { host }) => return FetchError::Credentials { host },
            // The first URL was looked at before, so this is about where it leads.
            Ok(Stop::Scheme) => return FetchError::BadRedirect { host },
            Err(_) => "the connection failed".to_owned(),
        },
        Error::Timeout(ureq::Timeout::Connect) => format!("no connection within {:?}", CONNECT_LIMIT.min(limits.time)),
        Error::Timeout(_) => return FetchError::Time { host, limit: limits.time },
        Error::HostNotFound => return FetchError::UnknownHost { host },
        Error::TooManyRedirects => return FetchError::Redirects { host, limit: REDIRECT_LIMIT },
        // So are these.
        Error::BadUri(_) | Error::Http(_) | Error::RedirectFailed => return FetchError::BadRedirect { host },
        Error::Io(error) if is_unknown_name(&error) => return FetchError::UnknownHost { host },
        // That says nothing of the host.
        Error::Io(error) if is_out_of_files(&error) => return FetchError::Keep(error),
        Error::Io(error) => error.to_string(),
        Error::Rustls(error) => error.to_string(),
        Error::Tls(reason) => reason.to_owned(),
        Error::Decompress(..) => "the packed answer is damaged".to_owned(),
        _ => "the answer is not HTTP".to_owned(),
    };
    FetchError::Connection { host, reason }
}

/// Distinguishes errors of the look-up from those of a connection. The standard library has no kind for them.
pub(super) fn is_unknown_name(error: &std::io::Error) -> bool {
    error.raw_os_error().is_none() && error.to_string().contains("failed to lookup address")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Knows one host, at these addresses.
    #[derive(Debug)]
    struct Known(&'static [&'static str]);

    impl Resolver for Known {
        fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
            let mut found = self.empty();
            self.0.iter().for_each(|address| found.push(format!("{address}:80").parse().unwrap()));
            Ok(found)
        }
    }

    #[track_caller]
    fn check(url: &str, addresses: &'static [&'static str], expect: &str) {
        let guard = Guard { allowed: vec!["127.0.0.0/8".parse().unwrap()], inner: Box::new(Known(addresses)) };
        let limits = Limits { size_bytes: 1, remedy: "", time: Duration::from_secs(1) };
        let outcome = match guard.resolve(&url.parse().unwrap(), &Config::default(), NextTimeout::default()) {
            Ok(left) => left.iter().map(|address| address.ip().to_string()).collect::<Vec<_>>().join(" "),
            Err(error) => explain(error, "host", limits).to_string(),
        };
        assert_eq!(outcome, expect);
    }

    #[test]
    fn only_allowed_addresses_of_a_name_are_connected_to() {
        check("http://host/", &["1.1.1.1", "10.0.0.1", "127.0.0.1", "[::1]"], "1.1.1.1 127.0.0.1");
        // The address is not named: it would show the addresses of internal hosts to the caller.
        let expect =
            "host is not at a public address, so it is not fetched; the operator can allow it with --allow-fetch";
        let before = crate::outbound::refused_count();
        check("http://host/?token=secret", &["10.0.0.1", "192.168.0.1"], expect);
        assert!(crate::outbound::refused_count() > before, "it is not counted");
        check("http://host/", &["[::ffff:169.254.169.254]"], expect);
        check("http://host/", &[], "host is not known; check the name of the host");
        let expect = "the URL of host holds a user name or password; use a signed URL instead";
        check("http://user:secret@host/", &["1.1.1.1"], expect);
    }

    #[test]
    fn a_redirect_leads_to_http_alone() {
        let expect = "host redirects to something that is no http:// or https:// URL; give the URL of the file itself";
        check("socks5://host/", &["1.1.1.1"], expect);
        check("ftp://host/", &["1.1.1.1"], expect);
    }

    #[test]
    fn characters_that_people_forget_are_escaped() {
        for (url, expect) in [
            ("http://h/a b.png?c={d}#e", Some("http://h/a%20b.png?c=%7Bd%7D")),
            ("http://h/Größe%20.png", Some("http://h/Gr%C3%B6%C3%9Fe%20.png")),
            ("http://h/a\r\nHost: x", None),
        ] {
            assert_eq!(escaped(url).as_deref(), expect);
        }
    }
}
