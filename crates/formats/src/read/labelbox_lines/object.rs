//! Objects as they are stored.

use super::mask::Sheets;
use super::ontology::Tool;
use super::tool::{Drawn, Geometry};
use labelport_model::annotation::{Classification, Composite, Feature, Mask, Object, Scores, Shape, Text};
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
            Geometry::Layer(layer) => Drawn { shape: sheets.find(layer).map(on_composite), ..Drawn::default() },
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

/// Returns the form that `export()` gives a mask: the colour of the instance on a picture of them all.
fn on_composite((url, color_rgb): (&str, [u8; 3])) -> Shape<'static> {
    let composite = Composite { url: Some(Text::new(url)), color_rgb: Some(color_rgb), ..Composite::default() };
    Shape::Mask(Mask { composite: Some(composite), ..Mask::default() })
}
