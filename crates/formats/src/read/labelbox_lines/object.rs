//! Objects as they are stored.

use super::mask::{Addresses, Sheets};
use super::ontology::Tool;
use super::tool::{Drawn, Geometry};
use labelport_model::annotation::{Classification, Composite, Feature, Instance, Mask, Object, Scores, Shape, Text};
use labelport_model::data_type::{AnnotationKind, Form};

/// The forms whose objects have no machine value.
const VALUELESS: &[Form] = &[Form::MessageChoice, Form::MessageChoices, Form::MessageRanks];

/// What an object is, on every frame.
#[derive(Debug)]
pub(super) struct Identity<'o> {
    pub(super) feature_id: String,
    pub(super) tool: &'o Tool,
    pub(super) kind: &'static AnnotationKind,
}

/// How an object is, on the whole or on one frame.
#[derive(Debug)]
pub(super) struct State {
    /// What is answered about it.
    pub(super) classifications: Vec<Classification<'static>>,
    pub(super) geometry: Geometry,
    pub(super) scores: Scores<'static>,
}

impl Identity<'_> {
    /// Returns the object in one state. Its masks must be settled.
    pub(super) fn object(&self, state: State, sheets: &Sheets) -> Object<'static> {
        let drawn = match state.geometry {
            Geometry::Drawn(drawn) => *drawn,
            Geometry::Layer(layer) => Drawn { shape: sheets.find(layer).map(at), ..Drawn::default() },
            Geometry::Region(_) => Drawn::default(),
        };
        Object { scores: state.scores, ..self.drawn(drawn, state.classifications) }
    }

    /// Returns the object with what is drawn and what is answered about it.
    pub(super) fn drawn(&self, drawn: Drawn, classifications: Vec<Classification<'static>>) -> Object<'static> {
        let feature = self.tool.feature(&self.feature_id);
        Object {
            feature: if VALUELESS.contains(&self.kind.form) { Feature { value: None, ..feature } } else { feature },
            kind: Some(Text::new(self.kind.name)),
            classifications: Some(classifications.into()),
            page_number: drawn.page_number,
            shape: drawn.shape,
            page_dimensions: drawn.page_dimensions,
            ..Object::default()
        }
    }
}

/// Returns both forms that exports have: programs read the instance's own picture, or its colour on the picture of all.
fn at(found: Addresses<'_>) -> Shape<'static> {
    let instance = Instance { url: Some(Text::new(found.instance)), ..Instance::default() };
    let composite =
        Composite { url: Some(Text::new(found.composite)), color_rgb: Some(found.colour), ..Composite::default() };
    Shape::Mask(Mask { instance: Some(instance), composite: Some(composite) })
}
