//! Multipart requests of GraphQL: an operation, a map from parts to variables, and files.
//!
//! Files go to disk as they come. Parts may come in any order, names of parts are what the SDK makes them, and a file
//! that no variable names is removed again.

use crate::app::App;
use crate::metrics::Rejection;
use axum::extract::Multipart;
use labelport_engine::catalog::row_import::CHUNK_LIMIT_BYTES;
use labelport_engine::storage::files::{Incoming, Kept};
use labelport_engine::workspace::{Workspace, unwritable};
use labelport_model::problem::{Problem, ProblemKind};
use labelport_model::quote::Quoted;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

/// The most bytes of a part that is not a file.
const TEXT_LIMIT_BYTES: usize = 32 << 20;
/// The names under which the SDK sends what data row imports are made of.
const IMPORT_NAMES: [&str; 2] = ["json_import.json", "manifest.json"];
/// The key of a variable that stands for a file.
const MARK: &str = "upload";

/// A file that came with a request.
#[derive(Debug, Clone)]
pub(crate) struct Upload {
    /// The id under which it lies.
    pub(crate) id: String,
    /// The name that it came with.
    pub(crate) name: String,
    /// The content type that it came with.
    pub(crate) content_type: Option<String>,
    /// Its size and digest.
    pub(crate) kept: Kept,
}

/// The files of a request. Those that nobody has taken are removed with it, also when the client goes away half-way.
#[derive(Default)]
pub(crate) struct Uploads {
    /// Where the files lie; none for a request without any.
    workspace: Option<Arc<Workspace>>,
    files: Mutex<BTreeMap<String, Upload>>,
    /// The ids of files that are on disk, or on their way there, and that nobody has taken.
    untaken: Mutex<Vec<String>>,
}

impl Uploads {
    fn new(workspace: Arc<Workspace>) -> Self {
        Self { workspace: Some(workspace), files: Mutex::default(), untaken: Mutex::default() }
    }

    /// Takes the file that a variable stands for.
    pub(crate) fn take(&self, variable: &Value) -> Result<Upload, Problem> {
        let part = variable[MARK].as_str().unwrap_or_default();
        let taken = self.files.lock().ok().and_then(|mut files| files.remove(part));
        let taken = taken.ok_or_else(|| {
            Problem::malformed("no file came with the request; send it as multipart, with a map to the variable")
        })?;
        self.untaken.lock().unwrap_or_else(PoisonError::into_inner).retain(|id| *id != taken.id);
        Ok(taken)
    }

    fn add(&self, part: String, upload: Upload) {
        self.files.lock().unwrap_or_else(PoisonError::into_inner).insert(part, upload);
    }

    fn has(&self, part: &str) -> bool {
        self.files.lock().unwrap_or_else(PoisonError::into_inner).contains_key(part)
    }

    /// Notes that a file is about to be written.
    fn expect(&self, id: &str) {
        self.untaken.lock().unwrap_or_else(PoisonError::into_inner).push(id.to_owned());
    }
}

impl Drop for Uploads {
    fn drop(&mut self) {
        let Some(workspace) = &self.workspace else { return };
        for id in &*self.untaken.lock().unwrap_or_else(PoisonError::into_inner) {
            // What cannot be removed is known to nobody; `labelport doctor` finds it.
            drop(workspace.files().remove(id));
        }
    }
}

/// A request taken apart: the body that a request without files would have, and the files.
pub(crate) struct Taken {
    pub(crate) body: Value,
    pub(crate) uploads: Uploads,
}

/// Reads a multipart request.
pub(crate) async fn read(app: &App, mut multipart: Multipart) -> Result<Taken, Problem> {
    let mut texts: BTreeMap<&str, Vec<u8>> = BTreeMap::new();
    let uploads = Uploads::new(Arc::clone(&app.workspace));
    let outcome = read_parts(app, &mut multipart, &mut texts, &uploads).await;
    if outcome.as_ref().is_err_and(|problem| problem.kind == ProblemKind::TooLarge) {
        app.metrics.reject(Rejection::Upload);
    }
    let body = outcome.and_then(|()| assemble(&texts))?;
    Ok(Taken { body, uploads })
}

async fn read_parts(
    app: &App,
    multipart: &mut Multipart,
    texts: &mut BTreeMap<&'static str, Vec<u8>>,
    uploads: &Uploads,
) -> Result<(), Problem> {
    let broken = |error: axum::extract::multipart::MultipartError| {
        Problem::malformed(format!("the multipart request cannot be read: {}", error.body_text()))
    };
    let mut parts = 0;
    while let Some(mut field) = multipart.next_field().await.map_err(broken)? {
        parts += 1;
        if parts > app.limits.upload_parts {
            let message =
                format!("the request has more than {} parts; send fewer files at once", app.limits.upload_parts);
            return Err(Problem::new(ProblemKind::TooLarge, message));
        }
        let name = field.name().unwrap_or_default().to_owned();
        let known = ["operations", "map"].into_iter().find(|known| *known == name);
        if known.is_some_and(|known| texts.contains_key(known)) || uploads.has(&name) {
            let name = Quoted::new(&name);
            return Err(Problem::malformed(format!("two parts are named {name}; give each part a name of its own")));
        }
        if let Some(known) = known {
            let mut text = Vec::new();
            while let Some(bytes) = field.chunk().await.map_err(broken)? {
                text.extend_from_slice(&bytes);
                if text.len() > TEXT_LIMIT_BYTES {
                    return Err(Problem::malformed(format!("the part {known} has more than 32 MiB")));
                }
            }
            texts.insert(known, text);
            continue;
        }
        let file_name = field.file_name().unwrap_or(&name).to_owned();
        let content_type = field.content_type().map(str::to_owned);
        let id = app.workspace.chance().cuid();
        uploads.expect(&id);
        let mut incoming = app.workspace.files().start(&id).map_err(unwritable)?;
        while let Some(bytes) = field.chunk().await.map_err(broken)? {
            let size_bytes = incoming.size_bytes() + bytes.len() as u64;
            check_size(&file_name, size_bytes, app.limits.upload_bytes)?;
            incoming = write(incoming, bytes.to_vec()).await?;
        }
        let kept = tokio::task::spawn_blocking(move || incoming.keep()).await;
        let kept = kept.map_err(Problem::internal)?.map_err(unwritable)?;
        uploads.add(name, Upload { id, name: file_name, content_type, kept });
    }
    Ok(())
}

fn check_size(file_name: &str, size_bytes: u64, upload_bytes: u64) -> Result<(), Problem> {
    // An import is cut into chunks so that each can be held in memory; the SDK measures before it escapes.
    let limit = if IMPORT_NAMES.contains(&file_name) { CHUNK_LIMIT_BYTES } else { upload_bytes };
    if size_bytes <= limit {
        return Ok(());
    }
    let message = format!("{file_name} has more than {} MB; cut it into smaller files", limit >> 20);
    Err(Problem::new(ProblemKind::TooLarge, message))
}

/// Writes where it may block.
async fn write(mut incoming: Incoming, bytes: Vec<u8>) -> Result<Incoming, Problem> {
    let written = tokio::task::spawn_blocking(move || incoming.write_all(&bytes).map(|()| incoming)).await;
    written.map_err(Problem::internal)?.map_err(unwritable)
}

/// Puts marks into the variables that stand for files.
fn assemble(texts: &BTreeMap<&str, Vec<u8>>) -> Result<Value, Problem> {
    let parse = |part: &str| -> Result<Value, Problem> {
        let text = texts.get(part).ok_or_else(|| Problem::malformed(format!("the part {part} is missing")))?;
        serde_json::from_slice(text)
            .map_err(|error| Problem::malformed(format!("the part {part} is not JSON: {error}")))
    };
    let mut body = parse("operations")?;
    for (part, paths) in parse("map")?.as_object().into_iter().flatten() {
        for path in paths.as_array().into_iter().flatten().filter_map(Value::as_str) {
            let mut place = &mut body;
            for step in path.split('.') {
                let Value::Object(object) = place else {
                    return Err(Problem::malformed(format!("the map leads to {path}, which is not in the operations")));
                };
                place = object.entry(step).or_insert(Value::Null);
            }
            *place = json!({ MARK: part });
        }
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_stands_for_its_file() {
        let operations = br#"{"query":"q","variables":{"file":null,"n":1}}"#.to_vec();
        let texts = BTreeMap::from([("operations", operations), ("map", br#"{"1":["variables.file"]}"#.to_vec())]);
        let body = assemble(&texts).unwrap();
        assert_eq!(body["variables"], json!({ "file": { "upload": "1" }, "n": 1 }));
        let lost = BTreeMap::from([
            ("map", br#"{"1":["query.file"]}"#.to_vec()),
            ("operations", br#"{"query":"q"}"#.to_vec()),
        ]);
        assert!(assemble(&lost).unwrap_err().message.contains("leads to query.file"));
    }

    #[test]
    fn chunks_of_imports_have_the_limit_of_the_rule() {
        assert!(check_size("json_import.json", 10 << 20, 1 << 30).is_ok());
        assert!(
            check_size("json_import.json", (10 << 20) + 1, 1 << 30).unwrap_err().message.contains("more than 10 MB")
        );
        assert!(check_size("film.mp4", 50 << 20, 50 << 20).is_ok());
        assert!(check_size("film.mp4", 51 << 20, 50 << 20).unwrap_err().message.contains("more than 50 MB"));
    }
}
