//! Requests of the object store's client, sent with the HTTP client that labelport has anyway.
//!
//! An answer that says that the store is busy or broken becomes an error of the connection, which is tried again as such;
//! the error that remains says which answer it was.

use http_body::Body as _;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody, HttpResponse, HttpService,
};
use std::collections::VecDeque;
use std::future::Future;
use std::io::{self, Read};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use ureq::config::Config;
use ureq::http::header::CONTENT_LENGTH;
use ureq::http::{Method, Request, Response, StatusCode};
use ureq::{Agent, Error, SendBody, Timeout};

/// A store that does not answer the first packet within this time does not answer.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// How long a store may send nothing.
const SILENCE_LIMIT: Duration = Duration::from_secs(60);
/// How long a piece may be on its way: 64 MiB at 1 Mbit/s.
const BODY_LIMIT: Duration = Duration::from_secs(600);
/// How much of an answer is repeated in messages.
const SHOWN_BYTES: usize = 2_000;

/// Makes the connections of one bucket.
#[derive(Debug)]
pub(super) struct Connector;

/// Sends requests.
#[derive(Debug)]
struct Sender(Agent);

/// An answer that is treated as an error.
#[derive(Debug, thiserror::Error)]
#[error("status {status}{}", code.as_ref().map(|code| format!(" {code}")).unwrap_or_default())]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// The code of the error that the body has.
    code: Option<String>,
}

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        let config = Config::builder()
            // The answer to a redirect is for the client of the store, which signs for one address.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .user_agent(concat!("labelport/", env!("CARGO_PKG_VERSION")))
            .accept_encoding("identity")
            .allow_non_standard_methods(true)
            .timeout_connect(Some(CONNECT_LIMIT))
            .timeout_send_body(Some(BODY_LIMIT))
            .timeout_recv_response(Some(SILENCE_LIMIT))
            .timeout_recv_body(Some(BODY_LIMIT))
            .timeout_per_read(Some(SILENCE_LIMIT))
            .build();
        Ok(HttpClient::new(Sender(config.new_agent())))
    }
}

impl HttpService for Sender {
    fn call<'s, 'f>(
        &'s self,
        request: HttpRequest,
    ) -> Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'f>>
    where
        's: 'f,
        Self: 'f,
    {
        let agent = self.0.clone();
        Box::pin(async move {
            let sent = tokio::task::spawn_blocking(move || send(&agent, request));
            sent.await.unwrap_or_else(|error| Err(HttpError::new(HttpErrorKind::Unknown, error)))
        })
    }
}

fn send(agent: &Agent, request: HttpRequest) -> Result<HttpResponse, HttpError> {
    let (mut parts, body) = request.into_parts();
    let length = body.content_length();
    // Clients of stores write a length of 0 for bodies that are empty, and none for methods without one.
    let has_body = length > 0 || matches!(parts.method, Method::PUT | Method::POST);
    let response = if has_body {
        parts.headers.insert(CONTENT_LENGTH, length.into());
        agent.run(Request::from_parts(parts, SendBody::from_owned_reader(Pieces::of(body)?)))
    } else {
        parts.headers.remove(CONTENT_LENGTH);
        agent.run(Request::from_parts(parts, ()))
    };
    let (parts, mut body) = response.map_err(explain)?.into_parts();
    let mut bytes = Vec::new();
    body.as_reader().read_to_end(&mut bytes).map_err(|error| explain(error.into()))?;
    let status = parts.status;
    let is_passing = status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED
        || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT);
    let answer = || Answer { status, code: code_of(&bytes) };
    if is_passing {
        return Err(HttpError::new(HttpErrorKind::Request, answer()));
    }
    if status == StatusCode::RANGE_NOT_SATISFIABLE || status.is_redirection() && status != StatusCode::NOT_MODIFIED {
        return Err(HttpError::new(HttpErrorKind::Decode, answer()));
    }
    Ok(Response::from_parts(parts, bytes.into()))
}

/// Returns the code of an error, as S3 and Azure have it in XML.
pub(super) fn code_of(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(&body[..body.len().min(SHOWN_BYTES)]);
    let (_, rest) = text.split_once("<Code>")?;
    let (code, _) = rest.split_once("</Code>")?;
    code.bytes().all(|byte| byte.is_ascii_alphanumeric()).then(|| code.to_owned())
}

/// Says whether a request that failed may be sent again.
fn explain(error: Error) -> HttpError {
    let kind = match &error {
        Error::Timeout(Timeout::Connect | Timeout::Resolve) | Error::HostNotFound | Error::ConnectionFailed => {
            HttpErrorKind::Connect
        }
        Error::Timeout(_) => HttpErrorKind::Timeout,
        Error::Io(error) if error.kind() == io::ErrorKind::ConnectionRefused => HttpErrorKind::Connect,
        // The store may have done what it was asked.
        Error::Io(_) | Error::Protocol(_) => HttpErrorKind::Interrupted,
        _ => HttpErrorKind::Unknown,
    };
    HttpError::new(kind, error)
}

/// The body of a request, which is in memory.
struct Pieces(VecDeque<io::Cursor<<HttpRequestBody as http_body::Body>::Data>>);

impl Pieces {
    fn of(mut body: HttpRequestBody) -> Result<Self, HttpError> {
        let mut pieces = VecDeque::new();
        let mut context = Context::from_waker(Waker::noop());
        // Such a body never waits.
        while let Poll::Ready(Some(frame)) = Pin::new(&mut body).poll_frame(&mut context) {
            if let Ok(bytes) = frame?.into_data() {
                pieces.push_back(io::Cursor::new(bytes));
            }
        }
        Ok(Self(pieces))
    }
}

impl Read for Pieces {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while let Some(first) = self.0.front_mut() {
            let count = first.read(out)?;
            if count > 0 || out.is_empty() {
                return Ok(count);
            }
            self.0.pop_front();
        }
        Ok(0)
    }
}
