//! Frames of the label of a video, served by themselves.

use super::facts::Facts;
use crate::export::mask_urls;
use crate::workspace::Workspace;
use labelport_formats::write::Legacy;
use labelport_model::frames::Filled;
use labelport_model::problem::Problem;
use labelport_model::record::{Annotations, Spill};
use labelport_store::tables::labels;

/// The frames of a label are handed on in pieces of about this many bytes.
pub const PIECE_BYTES: usize = 256 << 10;

/// Returns where the frames of a label are served.
pub(super) fn path(label_id: &str) -> String {
    format!("/api/v1/labels/{label_id}/frames")
}

/// Writes the frames of a label as NDJSON, those between key frames too; nothing for a label without frames. `spill` may
/// take what is written whenever it is called; what it leaves is returned.
pub fn video_frames(workspace: &Workspace, label_id: &str, spill: &Spill<'_>) -> Result<Vec<u8>, Problem> {
    let org_key = workspace.org_key();
    let label = workspace.read(|connection| Ok(labels::find(connection, org_key, label_id)?))?;
    let label = label.ok_or_else(|| Problem::not_found("label", label_id))?;
    let facts = Facts::of_project(workspace, label.project_key)?;
    let legacy = Legacy {
        color: &|schema_id| facts.colors.get(schema_id).cloned(),
        mask_url: &|feature_id, stored| facts.mask_places.instance(feature_id, stored),
        ..Legacy::PLAIN
    };
    let stored = label.annotations.as_bytes();
    let signed = mask_urls::sign(stored, &workspace.signer());
    let stored = signed.as_deref().unwrap_or(stored);
    let mut out = Vec::new();
    match Filled::new(stored) {
        Ok(Some(frames)) => legacy.video_frames(Annotations::Filled { frames: &frames, spill }, &mut out),
        // What cannot be filled is shown as it is.
        Ok(None) | Err(_) => legacy.video_frames(Annotations::Stored(stored), &mut out),
    }
    Ok(out)
}
