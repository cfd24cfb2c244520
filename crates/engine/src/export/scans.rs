//! Headers of series that rows name by URL, for formats that need to know where slices lie.
//!
//! Nothing is fetched. A series is at hand that was uploaded, or that is a file of this machine below a folder that may be
//! read. Its header is read up to the pixels.

use crate::outbound::{Client, FetchError, Limits};
use crate::storage::files::Files;
use crate::workspace::signing::Signer;
use labelport_formats::write::Scans;
use labelport_media::{SeriesError, read_series};
use labelport_model::series::Series;
use labelport_store::Connection;
use labelport_store::tables::files;
use std::fmt;
use std::fs::File;
use std::sync::Mutex;
use std::time::Duration;

const ELSEWHERE: &str = "its series is kept elsewhere; upload it, or name it as a file below a media root";
const GONE: &str = "its series is not there any more";
const NOT_LOOKED_UP: &str = "its series cannot be looked up";
const OUTSIDE: &str = "the file of its series is not below a media root";
const UNREADABLE: &str = "the file of its series cannot be read";

/// The series that a workspace keeps, as of the snapshot of the export, and those of this machine.
pub(super) struct KeptScans<'a> {
    files: Option<&'a Files>,
    client: Option<&'a Client>,
    signer: Option<Signer>,
    connection: Mutex<Box<dyn Connection>>,
    org_key: i64,
}

impl<'a> KeptScans<'a> {
    /// `signer` knows the URLs of the workspace's own files; the client, which files of this machine may be read.
    pub(super) fn new(
        (files, client): (Option<&'a Files>, Option<&'a Client>),
        (signer, connection, org_key): (Option<Signer>, Box<dyn Connection>, i64),
    ) -> Self {
        Self { files, client, signer, connection: Mutex::new(connection), org_key }
    }

    fn open(&self, url: &str) -> Result<File, &'static str> {
        if let Some(path) = self.signer.as_ref().and_then(|signer| signer.own_path(url)) {
            let id = path.strip_prefix("/files/").and_then(|path| path.split('/').next()).ok_or(ELSEWHERE)?;
            let mut connection = self.connection.lock().map_err(|_| NOT_LOOKED_UP)?;
            let found = files::find(&mut **connection, self.org_key, id).map_err(|_| NOT_LOOKED_UP)?.ok_or(GONE)?;
            return self.files.ok_or(ELSEWHERE)?.open(&found.id).map_err(|_| GONE);
        }
        let client = self.client.ok_or(ELSEWHERE)?;
        let limits = Limits { size_bytes: u64::MAX, remedy: "", time: Duration::MAX };
        match client.open_local(url, limits) {
            Some(Ok((file, _))) => Ok(file),
            Some(Err(FetchError::OutsideRoots)) => Err(OUTSIDE),
            Some(Err(_)) => Err(UNREADABLE),
            None => Err(ELSEWHERE),
        }
    }
}

impl fmt::Debug for KeptScans<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("KeptScans").field("files", &self.files).finish_non_exhaustive()
    }
}

impl Scans for KeptScans<'_> {
    fn read(&self, url: &str) -> Result<Series, &'static str> {
        read_series(self.open(url)?).map_err(|error| match error {
            SeriesError::Read(_) => UNREADABLE,
            SeriesError::NotDicom => "its series is not a DICOM file",
            SeriesError::CutOff => "the header of its series is cut off",
            SeriesError::TooLong => "the header of its series has more than 64 MiB",
            SeriesError::NoSize => "its series does not say how large its slices are",
            SeriesError::NoPlaces => "its series does not say where its slices lie",
        })
    }
}
