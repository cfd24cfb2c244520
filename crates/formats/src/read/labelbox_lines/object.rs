//! Objects as exports show them.

use super::line::quoted;
use super::mask::Sheets;
use super::ontology::Tool;
use super::tool::Geometry;
use labelport_model::data_type::{AnnotationKind, Form};

/// The forms whose objects have no machine value.
const VALUELESS: &[Form] = &[Form::MessageChoice, Form::MessageChoices, Form::MessageRanks];

/// What an object is, wherever it stands.
#[derive(Debug)]
pub(super) struct Identity<'o> {
    pub(super) feature_id: String,
    pub(super) tool: &'o Tool,
    pub(super) kind: &'static AnnotationKind,
}

/// How an object is, on the whole or on one frame.
#[derive(Debug)]
pub(super) struct State {
    /// What is answered about it, as a JSON list.
    pub(super) classifications: String,
    pub(super) geometry: Geometry,
    /// Its scores as members.
    pub(super) scores: String,
}

impl Identity<'_> {
    /// Writes the object in one state. Its masks must be settled.
    pub(super) fn write(&self, state: &State, sheets: &Sheets) -> String {
        let geometry = match &state.geometry {
            Geometry::Members(members) => members.clone(),
            Geometry::Layer(layer) => sheets.find(*layer).map_or_else(String::new, |(url, [red, green, blue])| {
                // The form of `export()`: the instance's colour on a picture of them all.
                format!("\"composite_mask\":{{\"url\":{},\"color_rgb\":[{red},{green},{blue}]}}", quoted(url))
            }),
            Geometry::Region(_) => String::new(),
        };
        self.write_members(&state.classifications, &geometry, &state.scores)
    }

    /// Writes the object with members behind its classifications.
    pub(super) fn write_members(&self, classifications: &str, geometry: &str, scores: &str) -> String {
        let mut json = format!("{{\"feature_id\":{},{}", quoted(&self.feature_id), self.tool.head);
        if !VALUELESS.contains(&self.kind.form) {
            json.push_str(&format!(",\"value\":{}", self.tool.value));
        }
        json.push_str(&format!(",\"annotation_kind\":\"{}\",\"classifications\":{classifications}", self.kind.name));
        for members in [geometry, scores].into_iter().filter(|members| !members.is_empty()) {
            json.push(',');
            json.push_str(members);
        }
        json.push('}');
        json
    }
}
