//! Pictures of masks, for formats that turn them into something else.

use super::mask_urls::ORIGIN;
use crate::storage::files::Files;
use labelport_formats::write::Pictures;
use labelport_store::Connection;
use labelport_store::tables::files;
use std::fmt;
use std::io::Read;
use std::sync::Mutex;

/// The pictures that a workspace keeps. Where they lie is looked up in the snapshot of the export.
pub(super) struct KeptPictures<'a> {
    files: &'a Files,
    connection: Mutex<Box<dyn Connection>>,
    org_key: i64,
}

impl<'a> KeptPictures<'a> {
    pub(super) fn new(files: &'a Files, connection: Box<dyn Connection>, org_key: i64) -> Self {
        Self { files, connection: Mutex::new(connection), org_key }
    }
}

impl fmt::Debug for KeptPictures<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("KeptPictures").field("files", self.files).finish_non_exhaustive()
    }
}

impl Pictures for KeptPictures<'_> {
    fn read(&self, url: &str) -> Result<Vec<u8>, &'static str> {
        let place = url.strip_prefix(ORIGIN).ok_or("its picture is kept elsewhere")?;
        let gone = "its picture is not there any more";
        let found = match self.connection.lock() {
            Ok(mut connection) => files::find_mask(&mut **connection, self.org_key, place),
            Err(_) => return Err("its picture cannot be looked up"),
        };
        let id = found.map_err(|_| "its picture cannot be looked up")?.ok_or(gone)?;
        let mut bytes = Vec::new();
        self.files.open(&id).and_then(|mut file| file.read_to_end(&mut bytes)).map_err(|_| gone)?;
        Ok(bytes)
    }
}
