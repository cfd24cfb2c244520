//! What a single label says, as programs of 2021 to 2023 read it: the `Label` of a row of the legacy export.

use super::facts::Facts;
use crate::export::mask_urls;
use crate::projects::label::Label;
use crate::workspace::Workspace;
use crate::workspace::signing::Signer;
use labelport_formats::write::{Frames, Legacy};
use labelport_model::problem::Problem;
use labelport_model::record::Annotations;
use std::sync::Arc;

/// Writes labels of one project.
pub struct LabelJson {
    facts: Facts,
    signer: Arc<Signer>,
    public_url: String,
}

impl LabelJson {
    /// Reads what labels of a project show.
    pub fn of_project(workspace: &Workspace, project_key: i64) -> Result<Self, Problem> {
        let facts = Facts::of_project(workspace, project_key)?;
        Ok(Self { facts, signer: workspace.signer(), public_url: workspace.public_url().to_owned() })
    }

    /// Returns the JSON of a label. A video has the URL of its frames.
    pub fn write(&self, label: &Label) -> String {
        let frames = |label_id: &str| format!("{}{}", self.public_url, super::frames::path(label_id));
        let legacy = Legacy {
            frames: Frames::Served(&frames),
            color: &|schema_id| self.facts.colors.get(schema_id).cloned(),
            mask_url: &|feature_id, stored| self.facts.mask_places.instance(feature_id, stored),
            ..Legacy::PLAIN
        };
        let stored = label.annotations.as_bytes();
        let signed = mask_urls::sign(stored, &self.signer);
        let mut out = Vec::new();
        let rest = label.rest.as_deref().unwrap_or_default().as_bytes();
        legacy.label(&label.id, Annotations::Stored(signed.as_deref().unwrap_or(stored)), rest, &mut out);
        String::from_utf8_lossy(&out).into_owned()
    }
}
