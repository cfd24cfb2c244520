//! What is read before the first row: what a request means, and what rows refer to by key.
//!
//! It depends on the request and on the state of the database alone, so that all who work on one export have the same.

use super::dictionary::Dictionary;
use super::scope::{self, Resolved};
use super::sections::{Interpolation, Settings};
use super::{ExportError, classes};
use crate::workspace::signing::Signer;
use labelport_formats::write::{Class, Format, Wanted};
use labelport_model::data_type;
use labelport_model::request::ExportRequest;
use labelport_store::read::select::Part;
use labelport_store::tables::files;
use labelport_store::{Connection, StoreError};

/// What the rows of an export are put together from.
pub(super) struct Basis {
    pub(super) dictionary: Dictionary,
    /// Signs the URLs of masks; none where the workspace keeps none, and for encoders that read pictures: those know them by
    /// where they are kept.
    signer: Option<Signer>,
    /// The selection, cut into parts.
    pub(super) parts: Vec<Part>,
    /// Whether the rows may be so large that parts have few of them.
    pub(super) has_large_rows: bool,
    /// The classes, of which nobody knows yet which are written: any may be.
    pub(super) classes: Vec<Class>,
}

/// Looks up what a request in a format means.
pub(super) fn resolve(
    connection: &mut dyn Connection,
    org_key: i64,
    request: &ExportRequest,
    format: &dyn Format,
) -> Result<Resolved, ExportError> {
    let mut resolved = scope::resolve(connection, org_key, request)?;
    if format.is_lossy() {
        resolved.sections.add_details();
        resolved.sections.add(wanted(request, format));
    }
    Ok(resolved)
}

/// Returns what a format wants of rows.
pub(super) fn wanted(request: &ExportRequest, format: &dyn Format) -> Wanted {
    if format.is_lossy() { format.wanted(&request.format.options) } else { Wanted::default() }
}

impl Basis {
    /// Reads it.
    pub(super) fn read(
        connection: &mut dyn Connection,
        org_key: i64,
        resolved: &Resolved,
        format: &dyn Format,
    ) -> Result<Self, StoreError> {
        let dictionary = Dictionary::read(connection, org_key)?;
        let signer = if format.is_lossy() { None } else { signer(connection)? };
        let has_large_rows = has_large_rows(connection, resolved)?;
        let selection = &resolved.selection;
        let parts = if has_large_rows { selection.small_parts() } else { selection.parts() };
        let mut classes = classes::list(connection, org_key, &resolved.base, &dictionary)?;
        classes.iter_mut().for_each(|class| class.written = 1);
        Ok(Self { dictionary, signer, parts, has_large_rows, classes })
    }

    /// Returns the settings of an export with all its labels.
    pub(super) fn settings<'a>(&'a self, resolved: &'a Resolved) -> Settings<'a> {
        Settings {
            sections: &resolved.sections,
            dictionary: &self.dictionary,
            row_limit_bytes: super::ROW_LIMIT_BYTES,
            labels_created: None,
            signer: self.signer.as_ref(),
        }
    }
}

/// Returns whether parts must have few rows. A video with all its frames is large, and nobody runs far ahead of the part
/// whose rows are written: parts of a thousand videos would be done one after the other. Projects hold one data type, and so
/// do most datasets; the first row shows which.
fn has_large_rows(connection: &mut dyn Connection, resolved: &Resolved) -> Result<bool, StoreError> {
    if resolved.sections.interpolation == Interpolation::Off {
        return Ok(false);
    }
    let first = resolved.selection.first_data_type(connection)?;
    Ok(first.and_then(|name| data_type::find(&name)).is_some_and(|found| found.has_key_frames))
}

fn signer(connection: &mut dyn Connection) -> Result<Option<Signer>, StoreError> {
    if !files::has_masks(connection)? {
        return Ok(None);
    }
    Signer::read(connection)
}
