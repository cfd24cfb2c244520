//! Relationships between objects. They may come before their objects, so they are resolved after all lines are read.

use super::error::{Fault, LineError, LineProblem};
use super::line::{find, find_text, get, get_object, get_text, one_of};
use super::object::Identity;
use super::ontology::Tool;
use super::scene::Scene;
use super::tool::Drawn;
use labelport_model::annotation::{self, Direction, Object, Shape, Text};
use labelport_model::data_type::Form;
use labelport_model::json::Value;
use labelport_model::quote::Quoted;

/// The key of a line that relates objects.
pub(super) const KEY: &str = "relationship";
/// The type of the tool that relates objects.
const DRAWER: &str = "edge";
const TYPES: &[(&str, Form)] = &[("bidirectional", Form::Mutual), ("unidirectional", Form::Directed)];

/// A relationship between lines.
#[derive(Debug)]
pub(super) struct Relation<'o> {
    identity: Identity<'o>,
    source: Source,
    /// The uuid of the line that it leads to.
    target: String,
}

/// Where a relationship starts.
#[derive(Debug)]
enum Source {
    /// At the line with this uuid.
    Line(String),
    /// At a feature with this name, of which the row has no annotation. Documents have such sources.
    Feature(String),
}

/// Reads a line with a relationship.
pub(super) fn read<'o>(scene: &mut Scene<'_>, feature: &'o Tool, line: Value<'_>) -> Result<Relation<'o>, Fault> {
    let relation = get_object(line, KEY)?;
    if feature.tool_type != DRAWER {
        let (named, tool) = (Quoted::new(&feature.name), feature.tool_type.clone());
        return Err(Fault::at(relation, LineProblem::ToolMismatch { feature: named, tool, key: KEY }));
    }
    let form = one_of(get(relation, "type")?, TYPES, "unidirectional, bidirectional")?;
    let kind = scene.kind(form).ok_or_else(|| {
        Fault::at(relation, LineProblem::DataTypeMismatch { data_type: scene.data_type.name, key: KEY })
    })?;
    let target = get_text(relation, "target")?;
    let source = match (find_text(relation, "source")?, find(relation, "sourceOntologyName")) {
        (Some(uuid), _) => Source::Line(uuid),
        (None, Some(name)) => {
            let wanted = get_text(relation, "sourceOntologyName")?;
            if !scene.ontology.has_name(&wanted) {
                let wanted = Quoted::new(&wanted);
                return Err(Fault::at(name, LineProblem::FeatureUnknown { what: "feature", wanted }));
            }
            Source::Feature(wanted)
        }
        (None, None) => return Err(Fault::at(relation, LineProblem::Missing("source"))),
    };
    let identity = Identity { feature_id: scene.world.new_id(), tool: feature, kind };
    Ok(Relation { identity, source, target })
}

impl Relation<'_> {
    /// Returns the relationship. `find` returns the feature id made by the line with a uuid.
    ///
    /// That a source without an annotation is stored with its name is a guess, made only here.
    pub(super) fn object(
        &self,
        find: impl Fn(&str) -> Result<String, LineProblem>,
    ) -> Result<Object<'static>, LineError> {
        let resolve =
            |key: &str, uuid: &str| find(uuid).map_err(|problem| LineError { place: format!("{KEY}.{key}"), problem });
        let mut relation = annotation::Relation {
            direction: if self.identity.kind.form == Form::Mutual { Direction::Mutual } else { Direction::Directed },
            ..annotation::Relation::default()
        };
        match &self.source {
            Source::Line(uuid) => relation.source = Some(Text::new(&resolve("source", uuid)?)),
            Source::Feature(name) => relation.source_ontology_name = Some(Text::new(name)),
        }
        relation.target = Some(Text::new(&resolve("target", &self.target)?));
        let drawn = Drawn { shape: Some(Shape::Relation(relation)), ..Drawn::default() };
        Ok(self.identity.drawn(drawn, Vec::new()))
    }
}
