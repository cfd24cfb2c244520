//! Files and results, by signed URL: whole or a range, streamed.
//!
//! What is sent is never held: a result is decompressed a frame at a time, on a thread for blocking work that waits for
//! its reader and stops when the reader goes away. Every answer has its exact length, and a strong tag, so that a
//! download that broke off goes on where it stopped.

use crate::answer;
use crate::app::App;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, Response, StatusCode, header};
use futures_util::stream;
use labelport_engine::catalog::row_import;
use labelport_engine::export::job;
use labelport_engine::manifest::Manifest;
use labelport_engine::storage::files::Files;
use labelport_engine::storage::results::{Stored, Stream};
use labelport_engine::tasks;
use labelport_engine::workspace::Workspace;
use labelport_model::problem::{Problem, ProblemKind};
use std::io;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// How much of a download is read at once, about.
const PORTION_BYTES: u64 = 1 << 20;
/// The most that is read at once where it could be cut better.
const LARGEST_PORTION_BYTES: u64 = 8 << 20;
/// The content type of rows. Without a charset, readers take them for Latin-1.
pub(crate) const NDJSON: &str = "application/x-ndjson; charset=utf-8";

/// The query of a signed URL.
#[derive(Debug, Default)]
pub(crate) struct Signature {
    expires: Option<i64>,
    signature: Option<String>,
}

impl Signature {
    pub(crate) fn of(pairs: Vec<(String, String)>) -> Self {
        let mut found = Self::default();
        for (key, value) in pairs {
            match key.as_str() {
                // A time that is not a number has no signature.
                "expires" => found.expires = Some(value.parse().unwrap_or(i64::MIN)),
                "signature" => found.signature = Some(value),
                _ => {}
            }
        }
        found
    }

    pub(crate) fn check(&self, workspace: &Workspace, path: &str) -> Result<(), Problem> {
        workspace.check_signature(path, self.expires, self.signature.as_deref())
    }
}

/// The parameters of a query, in order.
pub(crate) type Pairs = Query<Vec<(String, String)>>;

/// A range of bytes, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    start: u64,
    end: u64,
}

/// What can be read by range.
trait Readable: Send + Sync + 'static {
    /// Reads a range piece by piece.
    fn read(&self, span: Span, each: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()>;

    /// Returns where a portion that begins at `start` and ends about there is best cut, not before its start.
    fn portion_end(&self, start: u64, about: u64) -> u64 {
        about.max(start)
    }
}

/// What is sent, and what headers say about it.
pub(crate) struct Content {
    readable: Box<dyn Readable>,
    length: u64,
    tag: String,
    content_type: String,
    /// Where it is read instead, if not here.
    redirect: Option<String>,
}

/// Answers with an upload or another file.
pub(crate) async fn file(
    State(app): State<App>,
    Path((id, name)): Path<(String, String)>,
    Query(pairs): Pairs,
    headers: HeaderMap,
) -> Response<Body> {
    let signature = Signature::of(pairs);
    let found = app.call(move |workspace| {
        signature.check(workspace, &format!("/files/{id}/{name}"))?;
        file_content(workspace, &id)
    });
    respond(found.await, &headers)
}

/// Returns a file as content.
pub(crate) fn file_content(workspace: &Workspace, id: &str) -> Result<Content, Problem> {
    let (file, length) = workspace.get_file(id)?;
    let content_type = file.as_ref().and_then(|file| file.content_type.clone());
    Ok(Content {
        readable: Box::new(FileAt { files: workspace.files().clone(), id: id.to_owned() }),
        length,
        tag: file.map_or_else(|| id.to_owned(), |file| file.sha256),
        content_type: content_type.unwrap_or_else(|| "application/octet-stream".to_owned()),
        redirect: workspace.redirect_of(id)?,
    })
}

/// Answers with a mask.
pub(crate) fn mask_content(workspace: &Workspace, place: &str) -> Result<Content, Problem> {
    let id = workspace.get_mask_file(place)?;
    Ok(Content { content_type: "image/png".to_owned(), ..file_content(workspace, &id)? })
}

/// Answers with one file of a stream of a result.
pub(crate) async fn stream_file(
    State(app): State<App>,
    Path((task, stream, number)): Path<(String, String, String)>,
    Query(pairs): Pairs,
    headers: HeaderMap,
) -> Response<Body> {
    let signature = Signature::of(pairs);
    let found = app.call(move |workspace| {
        signature.check(workspace, &format!("/results/{task}/{stream}/{number}"))?;
        let stored = job::get_result(workspace, &task)?;
        let of = Stream::find(&stream);
        let number: Option<u64> = number.parse().ok();
        let range = of.zip(number).and_then(|(of, number)| Some((of, stored.file(of, number)?)));
        let (of, range) = range.ok_or_else(|| Problem::new(ProblemKind::NotFound, "the result has no such file"))?;
        let tag = format!("{}-{stream}-{}", stored.sha256(), range.number);
        let length = range.end - range.start + 1;
        let readable = Box::new(ResultAt { stored, stream: of, offset: range.start });
        Ok(Content { readable, length, tag, content_type: NDJSON.to_owned(), redirect: None })
    });
    respond(found.await, &headers)
}

/// Answers with the whole of something that belongs to a task.
pub(crate) async fn whole(
    State(app): State<App>,
    Path((task, name)): Path<(String, String)>,
    Query(pairs): Pairs,
    headers: HeaderMap,
) -> Response<Body> {
    let signature = Signature::of(pairs);
    let found = app.call(move |workspace| {
        // A client that may read the rows may check them.
        let signed = if name == "manifest.json" { result_name(workspace, &task)? } else { &name };
        let outcome = signature.check(workspace, &format!("/results/{task}/{signed}"));
        outcome.or_else(|problem| match signed == name {
            true => Err(problem),
            false => signature.check(workspace, &format!("/results/{task}/{name}")),
        })?;
        match name.as_str() {
            "manifest.json" => manifest_content(workspace, &task),
            job::ROWS_NAME | job::PACKAGE_NAME if name == result_name(workspace, &task)? => {
                result_content(workspace, &task, Stream::Rows)
            }
            "errors.ndjson" => result_content(workspace, &task, Stream::Errors),
            "rows.json" => {
                let text = row_import::outcomes_to_json(workspace, &task)?;
                Ok(text_content(text, "application/json; charset=utf-8"))
            }
            "array.json" => array_content(workspace, &task),
            _ => Err(Problem::new(ProblemKind::NotFound, "a task has no such result")),
        }
    });
    respond(found.await, &headers)
}

/// Returns a stream of a result as content.
pub(crate) fn result_content(workspace: &Workspace, task: &str, stream: Stream) -> Result<Content, Problem> {
    let stored = job::get_result(workspace, task)?;
    let is_package = stream == Stream::Rows && result_name(workspace, task)? == job::PACKAGE_NAME;
    Ok(stored_content(stored, stream, is_package))
}

/// Returns a stream of a result that was opened as content.
pub(crate) fn stored_content(stored: Arc<Stored>, stream: Stream, is_package: bool) -> Content {
    let length = stored.extent(stream).map_or(0, |extent| extent.bytes);
    let tag = format!("{}-{}", stored.sha256(), stream.word());
    let content_type = if is_package { "application/zip" } else { NDJSON };
    let readable = Box::new(ResultAt { stored, stream, offset: 0 });
    Content { readable, length, tag, content_type: content_type.to_owned(), redirect: None }
}

/// Returns what left and where rows stand as content, of an export of what changed.
pub(crate) fn changes_content(workspace: &Workspace, task: &str) -> Result<Content, Problem> {
    let manifest = job::get_result(workspace, task)?.manifest().map_err(Problem::internal)?;
    let missing = |message: &str| Err(Problem::new(ProblemKind::NotFound, message));
    match Manifest::from_json(manifest.as_bytes()).map_err(Problem::internal)?.delta {
        None => missing("the export is a full one; only an export with \"since\" has changes"),
        Some(_) if result_name(workspace, task)? == job::PACKAGE_NAME => {
            missing("the result is a package, which holds its changes in the file changes.ndjson")
        }
        Some(_) => result_content(workspace, task, Stream::Changes),
    }
}

/// Returns the name of the result of a task.
fn result_name(workspace: &Workspace, task: &str) -> Result<&'static str, Problem> {
    Ok(tasks::find(workspace, task)?.as_ref().map_or(job::ROWS_NAME, job::result_name))
}

/// Returns the manifest of a result as content.
pub(crate) fn manifest_content(workspace: &Workspace, task: &str) -> Result<Content, Problem> {
    manifest_of(&*job::get_result(workspace, task)?)
}

/// Returns the manifest of a result that was opened as content.
pub(crate) fn manifest_of(stored: &Stored) -> Result<Content, Problem> {
    let text = stored.manifest().map_err(Problem::internal)?;
    Ok(text_content(text, "application/json; charset=utf-8"))
}

/// Returns the rows of a result as one JSON array.
fn array_content(workspace: &Workspace, task: &str) -> Result<Content, Problem> {
    let stored = job::get_result(workspace, task)?;
    let rows = stored.extent(Stream::Rows).map_or(0, |extent| extent.bytes);
    let tag = format!("{}-array", stored.sha256());
    // An opening bracket more, and the last line break becomes the closing one.
    let length = if rows == 0 { 2 } else { rows + 1 };
    let readable = Box::new(ArrayOf { stored, rows });
    Ok(Content { readable, length, tag, content_type: "application/json; charset=utf-8".to_owned(), redirect: None })
}

/// Returns a text as content.
pub(crate) fn text_content(text: String, content_type: &str) -> Content {
    let tag = labelport_engine::workspace::access::hash_key(&text);
    let length = text.len() as u64;
    Content { readable: Box::new(Text(text)), length, tag, content_type: content_type.to_owned(), redirect: None }
}

/// Answers with content, or the part of it that is asked for.
pub(crate) fn respond(found: Result<Content, Problem>, headers: &HeaderMap) -> Response<Body> {
    let content = match found {
        Ok(content) => content,
        Err(problem) => return answer::failure(&problem),
    };
    if let Some(location) = content.redirect.as_deref().and_then(|url| url.parse().ok()) {
        let mut response = answer::empty(StatusCode::TEMPORARY_REDIRECT);
        response.headers_mut().insert(header::LOCATION, location);
        // The URL ends before the one that leads to it.
        response.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
        return response;
    }
    let tag = format!("\"{}\"", content.tag);
    let text = |name| headers.get(name).and_then(|value: &header::HeaderValue| value.to_str().ok());
    if text(header::IF_NONE_MATCH).is_some_and(|known| is_known(known, &tag)) {
        let mut response = answer::empty(StatusCode::NOT_MODIFIED);
        if let Ok(tag) = tag.parse() {
            response.headers_mut().insert(header::ETAG, tag);
        }
        return response;
    }
    // A range of another state of the file would not fit what the client has.
    let is_current = text(header::IF_RANGE).is_none_or(|known| known == tag);
    let asked = text(header::RANGE).filter(|_| is_current).and_then(|range| parse_range(range, content.length));
    let (status, span) = match asked {
        None => (StatusCode::OK, Some(Span { start: 0, end: content.length.saturating_sub(1) })),
        Some(None) => (StatusCode::RANGE_NOT_SATISFIABLE, None),
        Some(Some(span)) => (StatusCode::PARTIAL_CONTENT, Some(span)),
    };
    let length = span.filter(|_| content.length > 0).map_or(0, |span| span.end - span.start + 1);
    let range = match (status, span) {
        (StatusCode::PARTIAL_CONTENT, Some(span)) => {
            Some(format!("bytes {}-{}/{}", span.start, span.end, content.length))
        }
        (StatusCode::RANGE_NOT_SATISFIABLE, _) => Some(format!("bytes */{}", content.length)),
        _ => None,
    };
    let body = match span.filter(|_| length > 0) {
        Some(span) => streamed(content.readable, span),
        None => Body::empty(),
    };
    let mut response = match status {
        StatusCode::RANGE_NOT_SATISFIABLE => {
            let message = format!("the range begins after the end; there are {} bytes", content.length);
            answer::json(status, &serde_json::json!({ "message": message }))
        }
        _ => answer::with_type(status, &content.content_type, body),
    };
    let mut put = |name, value: &str| {
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(name, value);
        }
    };
    if status != StatusCode::RANGE_NOT_SATISFIABLE {
        put(header::CONTENT_LENGTH, &length.to_string());
    }
    put(header::ETAG, &tag);
    put(header::ACCEPT_RANGES, "bytes");
    // What users upload is theirs: no browser shall run it as a page of ours.
    put(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    put(header::CONTENT_SECURITY_POLICY, "sandbox");
    if let Some(range) = range {
        put(header::CONTENT_RANGE, &range);
    }
    response
}

/// Returns whether an `If-None-Match` has a tag: `*`, or a list of tags, of which weak ones count as well.
fn is_known(known: &str, tag: &str) -> bool {
    // Tags of ours hold no commas.
    let mut each = known.split(',').map(|known| known.trim());
    each.any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

/// Reads a `Range` of one span; nothing for what is malformed, several spans or another unit, which all mean the whole.
fn parse_range(text: &str, length: u64) -> Option<Option<Span>> {
    let (unit, spans) = text.split_once('=')?;
    let (start, end) = spans.trim().split_once('-')?;
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !unit.trim().eq_ignore_ascii_case("bytes") || !is_number(start) || !is_number(end) {
        return None;
    }
    // A number that no file reaches is a number all the same.
    let number = |text: &str| text.parse().unwrap_or(u64::MAX);
    let last = length.saturating_sub(1);
    let span = match (start, end) {
        ("", "") => return None,
        ("", count) => Some(number(count)).filter(|count| *count > 0).map(|count| (length.saturating_sub(count), last)),
        (start, "") => Some((number(start), last)),
        (start, end) if number(start) > number(end) => return None,
        (start, end) => Some((number(start), number(end).min(last))),
    };
    Some(span.filter(|(start, _)| *start < length).map(|(start, end)| Span { start, end }))
}

/// Sends a range a portion at a time. The next one is read while one is on its way, so that a fast reader need not wait, and
/// a client that reads slowly, or not at all, holds two portions and no thread.
fn streamed(readable: Box<dyn Readable>, span: Span) -> Body {
    let readable: Arc<dyn Readable> = readable.into();
    // The portion that is being read, and where the next one begins. Nothing is read before it is requested.
    let state: (Option<Reading>, Option<u64>) = (None, Some(span.start));
    Body::from_stream(stream::unfold(state, move |(reading, at)| {
        let readable = Arc::clone(&readable);
        async move {
            let (reading, at) = match reading {
                Some(reading) => (reading, at),
                None => begin(&readable, span, at?),
            };
            let ahead = at.map(|at| begin(&readable, span, at));
            let outcome = reading.await.unwrap_or_else(|error| Err(io::Error::other(error)));
            let next = match ahead.filter(|_| outcome.is_ok()) {
                Some((reading, at)) => (Some(reading), at),
                None => (None, None),
            };
            Some((outcome, next))
        }
    }))
}

/// Portions that are read at the same time. The allocator keeps memory for each thread that ever read one, so that a thread
/// for each download would take some ten MiB each, and be no faster.
static TURNS: Semaphore = Semaphore::const_new(4);

/// A portion on its way from the disk.
type Reading = tokio::task::JoinHandle<io::Result<Bytes>>;

/// Has a portion read that begins at an offset; returns where the next one begins, too.
fn begin(readable: &Arc<dyn Readable>, span: Span, start: u64) -> (Reading, Option<u64>) {
    let about = start.saturating_add(PORTION_BYTES - 1);
    let end = Some(readable.portion_end(start, about)).filter(|end| *end - start < LARGEST_PORTION_BYTES);
    let end = span.end.min(end.unwrap_or(about));
    let readable = Arc::clone(readable);
    let read = move || -> io::Result<Bytes> {
        // As much as is needed: a buffer that grows is twice as large when it is full.
        let mut bytes = Vec::with_capacity(usize::try_from(end - start + 1).map_err(io::Error::other)?);
        readable.read(Span { start, end }, &mut |piece| {
            bytes.extend_from_slice(piece);
            Ok(())
        })?;
        Ok(Bytes::from(bytes))
    };
    let reading = tokio::spawn(async move {
        let turn = TURNS.acquire().await.map_err(io::Error::other)?;
        let outcome = tokio::task::spawn_blocking(read).await.map_err(io::Error::other)?;
        drop(turn);
        outcome
    });
    (reading, (end < span.end).then_some(end + 1))
}

/// A file that the workspace keeps.
struct FileAt {
    files: Files,
    id: String,
}

impl Readable for FileAt {
    fn read(&self, span: Span, each: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        self.files.read(&self.id, span.start, span.end - span.start + 1, each)
    }
}

/// A stream of a result, from an offset on.
struct ResultAt {
    stored: Arc<Stored>,
    stream: Stream,
    offset: u64,
}

impl Readable for ResultAt {
    fn portion_end(&self, start: u64, about: u64) -> u64 {
        let cut = self.stored.frame_end(self.stream, self.offset + about).saturating_sub(self.offset);
        if cut < start { about } else { cut }
    }

    fn read(&self, span: Span, each: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        self.stored.read(self.stream, self.offset + span.start, self.offset + span.end, each)
    }
}

/// The rows of a result as an array.
struct ArrayOf {
    stored: Arc<Stored>,
    rows: u64,
}

impl Readable for ArrayOf {
    fn portion_end(&self, start: u64, about: u64) -> u64 {
        let cut = self.stored.frame_end(Stream::Rows, about.saturating_sub(1)).saturating_add(1);
        if cut < start { about } else { cut }
    }

    fn read(&self, span: Span, each: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        if self.rows == 0 {
            return each(&b"[]"[span.start as usize..=span.end as usize]);
        }
        if span.start == 0 {
            each(b"[")?;
        }
        if span.end == 0 {
            return Ok(());
        }
        // Byte n of the array is byte n - 1 of the rows, whose line breaks are commas.
        let mut at = span.start.saturating_sub(1);
        let rows = self.rows;
        self.stored.read(Stream::Rows, at, span.end - 1, &mut |piece| {
            let mut piece = piece.to_vec();
            for byte in &mut piece {
                if *byte == b'\n' {
                    *byte = if at + 1 == rows { b']' } else { b',' };
                }
                at += 1;
            }
            each(&piece)
        })
    }
}

/// A text in memory.
struct Text(String);

impl Readable for Text {
    fn read(&self, span: Span, each: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        each(&self.0.as_bytes()[span.start as usize..=span.end as usize])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(range: &str, length: u64, expect: Option<Option<(u64, u64)>>) {
        let expect = expect.map(|span| span.map(|(start, end)| Span { start, end }));
        assert_eq!(parse_range(range, length), expect, "{range}");
    }

    #[test]
    fn ranges_are_cut_to_the_content() {
        check("bytes=0-9", 100, Some(Some((0, 9))));
        check("bytes=90-", 100, Some(Some((90, 99))));
        check("bytes=90-1000", 100, Some(Some((90, 99))));
        check("bytes=-10", 100, Some(Some((90, 99))));
        check("bytes=-1000", 100, Some(Some((0, 99))));
        check("bytes=100-", 100, Some(None));
        check("bytes=99999999999999999999-", 100, Some(None));
        check("bytes=0-99999999999999999999", 100, Some(Some((0, 99))));
        check("Bytes= 0-9", 100, Some(Some((0, 9))));
        check("bytes=-0", 100, Some(None));
        check("bytes=0-0", 0, Some(None));
        check("lines=1-2", 100, None);
        check("bytes=a-b", 100, None);
        check("bytes=9-1", 100, None);
        check("bytes=+1-2", 100, None);
        check("bytes=-", 100, None);
        check("bytes=0-1,3-4", 100, None);
        check("bytes 0-1", 100, None);
    }

    #[test]
    fn a_tag_is_known_by_lists_weak_tags_and_a_star() {
        for known in ["\"a\"", "W/\"a\"", "\"b\", \"a\"", "\"b\",W/\"a\"", "*"] {
            assert!(is_known(known, "\"a\""), "{known}");
        }
        for known in ["a", "\"b\"", "", "\"aa\"", "W/*"] {
            assert!(!is_known(known, "\"a\""), "{known}");
        }
    }
}
