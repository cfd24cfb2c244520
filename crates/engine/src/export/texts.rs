//! Texts that rows name by URL, for formats that write them.
//!
//! Nothing is fetched. The workspace has the text of an asset that it looked at, and the files that were uploaded.

use crate::storage::files::Files;
use crate::workspace::signing::Signer;
use labelport_formats::write::Texts;
use labelport_store::Connection;
use labelport_store::tables::data_rows;
use std::fmt;
use std::io::Read;
use std::sync::Mutex;

/// The most bytes of a file that is read as a text.
const LIMIT_BYTES: u64 = 64 << 20;

const ELSEWHERE: &str = "its text is kept elsewhere";
const GONE: &str = "its text is not there any more";
const NOT_LOOKED_UP: &str = "its text cannot be looked up";
const TOO_LARGE: &str = "its text has more than 64 MiB";
const NOT_UTF8: &str = "its text is not UTF-8";

/// The texts that a workspace keeps, as of the snapshot of the export.
pub(super) struct KeptTexts<'a> {
    files: Option<&'a Files>,
    signer: Option<Signer>,
    connection: Mutex<Box<dyn Connection>>,
}

impl<'a> KeptTexts<'a> {
    /// `signer` knows the URLs of the workspace's own files.
    pub(super) fn new(files: Option<&'a Files>, signer: Option<Signer>, connection: Box<dyn Connection>) -> Self {
        Self { files, signer, connection: Mutex::new(connection) }
    }

    /// Reads a file of the workspace.
    fn read_file(&self, url: &str) -> Result<String, &'static str> {
        let path = self.signer.as_ref().and_then(|signer| signer.own_path(url)).ok_or(ELSEWHERE)?;
        let id = path.strip_prefix("/files/").and_then(|path| path.split('/').next()).ok_or(ELSEWHERE)?;
        let file = self.files.ok_or(ELSEWHERE)?.open(id).map_err(|_| GONE)?;
        let mut bytes = Vec::new();
        file.take(LIMIT_BYTES + 1).read_to_end(&mut bytes).map_err(|_| GONE)?;
        if bytes.len() as u64 > LIMIT_BYTES {
            return Err(TOO_LARGE);
        }
        let text = String::from_utf8(bytes).map_err(|_| NOT_UTF8)?;
        // The mark of an encoding is not a character of the text: spans were counted without it.
        Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
    }
}

impl fmt::Debug for KeptTexts<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("KeptTexts").field("files", &self.files).finish_non_exhaustive()
    }
}

impl Texts for KeptTexts<'_> {
    fn read(&self, data_row_id: &str, url: &str) -> Result<String, &'static str> {
        let known = match self.connection.lock() {
            Ok(mut connection) => {
                let key = data_rows::find_key(&mut **connection, data_row_id).map_err(|_| NOT_LOOKED_UP)?;
                key.map(|key| data_rows::find_asset(&mut **connection, key)).transpose().map_err(|_| NOT_LOOKED_UP)?
            }
            Err(_) => return Err(NOT_LOOKED_UP),
        };
        match known.flatten().and_then(|asset| asset.content) {
            Some(text) => Ok(text),
            None => self.read_file(url),
        }
    }
}
