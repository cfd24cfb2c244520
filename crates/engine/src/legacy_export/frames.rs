//! Frames of the label of a video, served by themselves.

use super::labels::{Facts, filled};
use crate::masks;
use crate::workspace::Workspace;
use labelport_formats::Legacy;
use labelport_model::problem::Problem;
use labelport_store::projects;

/// Returns where the frames of a label are served.
pub(super) fn path(label_id: &str) -> String {
    format!("/api/v1/labels/{label_id}/frames")
}

/// Returns the frames of a label as NDJSON, those between key frames too; nothing for a label without frames.
pub fn video_frames(workspace: &Workspace, label_id: &str) -> Result<Vec<u8>, Problem> {
    let org_key = workspace.org_key();
    let label = workspace.read(|connection| Ok(projects::find_label(connection, org_key, label_id)?))?;
    let label = label.ok_or_else(|| Problem::not_found("label", label_id))?;
    let facts = Facts::of_project(workspace, label.project_key)?;
    let legacy = Legacy {
        color: &|schema_id| facts.colors.get(schema_id).cloned(),
        mask_url: &|feature_id, stored| facts.mask_places.instance(feature_id, stored),
        ..Legacy::PLAIN
    };
    let mut out = Vec::new();
    legacy.video_frames(&filled(&label.annotations), &mut out);
    Ok(masks::sign(&out, &workspace.signer()).unwrap_or(out))
}
