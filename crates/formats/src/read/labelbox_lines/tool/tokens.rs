//! Words of a document's text layer: `textSelections` with ids of groups and tokens.

use super::{Geometry, Meaning, Tool};
use crate::read::labelbox_lines::error::{Fault, LineProblem};
use crate::read::labelbox_lines::line::{get, get_from, get_list, get_text, object, text};
use crate::read::labelbox_lines::scene::Scene;
use labelport_model::annotation::{Shape, Text, TokenGroup, Tokens};
use labelport_model::data_type::Form;
use labelport_model::json::Value;
use labelport_model::quote::Quoted;

const KEY: &str = "textSelections";

pub(super) static TOOL: Tool =
    Tool { key: KEY, meanings: &[Meaning { form: Form::Tokens, drawn_by: &["named-entity"], read }] };

/// Pages count from 1 and are stored as sent. The words are omitted if the text layer is unknown.
fn read(scene: &mut Scene<'_>, value: Value<'_>) -> Result<Geometry, Fault> {
    let mut groups = Vec::new();
    for selection in get_list(value, KEY, "selections", 1)? {
        groups.push(read_group(scene, object(selection)?)?);
    }
    Ok(Shape::Tokens(Tokens { groups, ..Tokens::default() }).into())
}

fn read_group(scene: &Scene<'_>, selection: Value<'_>) -> Result<TokenGroup<'static>, Fault> {
    let id = get_text(selection, "groupId")?;
    let page = get_from(selection, "page", 1)?;
    let given = get_list(selection, "tokenIds", "tokens", 1)?;
    let tokens: Vec<String> = given.iter().copied().map(text).collect::<Result<_, _>>()?;
    let mut group = TokenGroup {
        id: Some(Text::new(&id)),
        page_number: Some(page),
        tokens: Some(tokens.iter().map(|token| Text::new(token)).collect()),
        ..TokenGroup::default()
    };
    if let Some(layer) = &scene.text_layer {
        let missing = |at, what, id: &str| Fault::at(at, LineProblem::NotInTextLayer { what, id: Quoted::new(id) });
        let known = layer.group(&id).ok_or_else(|| match get(selection, "groupId") {
            Ok(at) => missing(at, "group", &id),
            Err(fault) => fault,
        })?;
        let mut words = Vec::new();
        for (token, at) in tokens.iter().zip(given) {
            words.push(known.get(token).map(String::as_str).ok_or_else(|| missing(at, "token", token))?);
        }
        group.text = Some(Text::new(&words.join(" ")));
    }
    Ok(group)
}
