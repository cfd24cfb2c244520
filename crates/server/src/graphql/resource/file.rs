//! Uploads.

use crate::graphql::Call;
use crate::graphql::argument::Arguments;
use crate::graphql::schema::{Field, Part, Type};
use crate::upload::Upload;
use labelport_engine::workspace::NewFile;
use labelport_model::problem::Problem;
use serde_json::{Value, json};

pub(super) static PART: Part = Part {
    types: &[Type { name: "UploadedFile", leaves: &["filename", "url"], fields: &[] }],
    queries: &[],
    mutations: &[Field::object("uploadFile", "UploadedFile", &["contentLength", "file"], |call, _, arguments| {
        let upload = call.uploads.take(arguments.at("file"))?;
        let name = upload.name.clone();
        let url = keep(call, upload, arguments.at("contentLength"))?;
        Ok(json!({ "url": url, "filename": name }))
    })],
    more: &[],
};

/// Keeps an upload and returns its URL. A file that is not as long as its sender says is not whole.
pub(super) fn keep(call: &Call<'_>, upload: Upload, content_length: &Value) -> Result<String, Problem> {
    let size_bytes = upload.kept.size_bytes;
    if !content_length.is_null() && content_length.as_u64() != Some(size_bytes) {
        // What cannot be removed is known to nobody.
        drop(call.workspace.files().remove(&upload.id));
        let message = format!(
            "contentLength says {content_length} bytes and {} has {size_bytes}; send the whole file",
            upload.name
        );
        return Err(Problem::malformed(message));
    }
    let new = NewFile {
        id: &upload.id,
        name: &upload.name,
        content_type: upload.content_type.as_deref(),
        created_by: Some(&call.caller.user.id),
    };
    let file = call.workspace.note_file(&new, &upload.kept)?;
    Ok(call.workspace.file_url(&file.id, &file.name))
}

/// Returns the URL of what an import reads: an upload, or an address that somebody gives.
pub(super) fn input(call: &Call<'_>, arguments: &Arguments<'_>) -> Result<String, Problem> {
    let payload = arguments.at("data.filePayload");
    if payload.is_null() {
        return arguments.text("data.fileUrl").map(str::to_owned);
    }
    // The SDK sends the length of the bytes as Python prints them, which means nothing; the multipart form is complete.
    keep(call, call.uploads.take(&payload["file"])?, &Value::Null)
}
