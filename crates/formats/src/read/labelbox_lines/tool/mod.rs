//! What lines draw, one file for each kind of geometry.
//!
//! A tool is found by its key in the line. Its meanings say what the key can mean: which tools of an ontology draw it,
//! which [`Form`] it has, and how it becomes a typed shape. The table of annotation kinds of the data type decides
//! which form applies; no tool knows a data type.
//!
//! # Adding a tool
//! One file next to this one, one line in [`TOOLS`]. A new form of geometry is one variant of [`Form`] and one meaning.

mod bounding_box;
mod line;
mod mask;
mod message_task;
mod point;
mod polygon;
mod position;
mod span;
mod tokens;

pub(super) use mask::{FRAME_MASK_DRAWERS, fetched as mask_bytes, instance as masked_instance};

use super::error::{Fault, LineProblem};
use super::line::find;
use super::mask::Region;
use super::ontology::Tool as Feature;
use super::scene::Scene;
use labelport_model::annotation::{Dimensions, Shape};
use labelport_model::data_type::{AnnotationKind, Form};
use labelport_model::json::Value;
use labelport_model::quote::Quoted;

/// Something that lines draw.
pub(super) struct Tool {
    /// Its key in a line or a key frame.
    pub(super) key: &'static str,
    /// What it can mean.
    meanings: &'static [Meaning],
}

/// One meaning of a key.
struct Meaning {
    form: Form,
    /// The types of tools that draw it, as ontologies spell them.
    drawn_by: &'static [&'static str],
    /// Reads the geometry of the line or the key frame.
    read: Read,
}

type Read = fn(&mut Scene<'_>, Value<'_>) -> Result<Geometry, Fault>;

/// What an object shows.
#[derive(Debug)]
pub(super) enum Geometry {
    /// A complete shape.
    Drawn(Box<Drawn>),
    /// Pixels that are not stored yet.
    Region(Region),
    /// Pixels that are stored, by their index among the masks of the label.
    Layer(usize),
}

/// A shape, and the page that it is on.
#[derive(Debug, Default)]
pub(super) struct Drawn {
    pub(super) shape: Option<Shape<'static>>,
    pub(super) page_number: Option<i64>,
    pub(super) page_dimensions: Option<Dimensions<'static>>,
}

impl From<Shape<'static>> for Geometry {
    fn from(shape: Shape<'static>) -> Self {
        Self::Drawn(Box::new(Drawn { shape: Some(shape), ..Drawn::default() }))
    }
}

/// Every tool, by its file.
static TOOLS: &[&Tool] = &[
    &bounding_box::TOOL,
    &line::TOOL,
    &mask::TOOL,
    &message_task::TOOL,
    &point::TOOL,
    &polygon::TOOL,
    &span::TOOL,
    &tokens::TOOL,
];

/// Finds the tool whose key a line or a key frame has: the one that the feature draws, where it has several.
pub(super) fn find_tool(value: Value<'_>, tool_type: &str) -> Option<&'static Tool> {
    let mut present = TOOLS.iter().copied().filter(|tool| find(value, tool.key).is_some());
    let first = present.next()?;
    let draws = |tool: &Tool| tool.meanings.iter().any(|meaning| meaning.drawn_by.contains(&tool_type));
    Some(std::iter::once(first).chain(present).find(|tool| draws(tool)).unwrap_or(first))
}

/// Lists the keys of all tools for a message.
pub(super) fn keys() -> String {
    let keys: Vec<&str> = TOOLS.iter().map(|tool| tool.key).collect();
    keys.join(", ")
}

/// A tool with the meaning that its key has for a feature on a data type.
pub(super) struct Drawing {
    pub(super) key: &'static str,
    pub(super) kind: &'static AnnotationKind,
    read: Read,
}

impl Drawing {
    /// Reads the geometry of a line or a key frame, which must have the tool's key.
    pub(super) fn read(&self, scene: &mut Scene<'_>, value: Value<'_>) -> Result<Geometry, Fault> {
        super::line::get(value, self.key)?;
        (self.read)(scene, value)
    }
}

/// Decides what a tool means for a feature on the data type of the scene.
pub(super) fn choose(scene: &Scene<'_>, tool: &Tool, feature: &Feature, value: Value<'_>) -> Result<Drawing, Fault> {
    let at = find(value, tool.key).unwrap_or(value);
    let drawn = || tool.meanings.iter().filter(|meaning| meaning.drawn_by.contains(&feature.tool_type.as_str()));
    if drawn().next().is_none() {
        let named = Quoted::new(&feature.name);
        return Err(Fault::at(
            at,
            LineProblem::ToolMismatch { feature: named, tool: feature.tool_type.clone(), key: tool.key },
        ));
    }
    let known = drawn().find_map(|meaning| Some((meaning, scene.kind(meaning.form)?)));
    let Some((meaning, kind)) = known else {
        let problem = LineProblem::DataTypeMismatch { data_type: scene.data_type.name, key: tool.key };
        return Err(Fault::at(at, problem));
    };
    Ok(Drawing { key: tool.key, kind, read: meaning.read })
}

#[cfg(test)]
mod tests {
    use super::*;
    use labelport_model::data_type::DATA_TYPES;

    #[test]
    fn tools_have_keys_of_their_own() {
        let keys: std::collections::BTreeSet<_> = TOOLS.iter().map(|tool| tool.key).collect();
        assert_eq!(keys.len(), TOOLS.len());
    }

    #[test]
    fn every_kind_of_every_data_type_is_drawn_by_something() {
        let elsewhere = [Form::Directed, Form::FrameMask, Form::Mutual];
        for kind in DATA_TYPES.iter().flat_map(|data_type| data_type.kinds) {
            let meanings =
                TOOLS.iter().flat_map(|tool| tool.meanings).filter(|meaning| meaning.form == kind.form).count();
            assert_eq!(meanings, usize::from(!elsewhere.contains(&kind.form)), "{}", kind.name);
        }
    }
}
