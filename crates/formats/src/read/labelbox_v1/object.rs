//! Objects: what is drawn or pointed at, and relations between them.

use super::answer::{self, About};
use super::geometry::{self, Drawn};
use super::kept::Kept;
use super::ontology::Tool;
use super::problem::{Fault, Problem, find, find_text, object};
use super::scene::{FEATURE_KEYS, Scene, write_feature};
use crate::read::Media;
use labelport_model::annotation::{Object, Shape};
use labelport_model::data_type::{Container, Form};
use labelport_model::json::{Kind, Members, Value};
use labelport_model::quote::Quoted;

/// Keys that mean something wherever the object is.
const KNOWN: &str = "classifications";

/// Where an object on a frame is.
#[derive(Debug, Clone, Copy)]
pub(super) struct OnFrame<'f> {
    /// The number of the frame.
    pub(super) number: i64,
    /// The feature id that the object gets if it has none.
    pub(super) feature_id: &'f str,
}

/// The number by which the mask of an image is found.
const ONLY_INDEX: i64 = 1;

/// Reads an object and returns it as it is stored.
pub(super) fn read(scene: &mut Scene<'_>, item: Value<'_>, on_frame: Option<OnFrame<'_>>) -> Result<String, Fault> {
    let feature_id = on_frame.map(|place| place.feature_id);
    let frame = on_frame.map_or(ONLY_INDEX, |place| place.number);
    let item = object(item)?;
    let mut members = Members::default();
    if let Some(id) = feature_id.filter(|_| find(item, "featureId").is_none()) {
        members.push_text("feature_id", id);
    }
    write_feature(item, &mut members)?;
    let drawn = geometry::read(item)?;
    let mask = find_text(item, "instanceURI")?.filter(|uri| !uri.is_empty());
    let (form, keys): (Form, &[&str]) = match (&drawn, &mask) {
        (Some(drawn), _) => (drawn.form, drawn.keys),
        (None, Some(_)) => (mask_form(scene), &[]),
        (None, None) => return Err(Fault::at(item, Problem::NoGeometry)),
    };
    members.push_text("annotation_kind", scene.kind(form));
    let named = scene.named(item, "tool")?;
    let mut questions = Vec::new();
    let mut classifications = Vec::new();
    if let Some(list) = find(item, "classifications") {
        scene.counts.classifications.read += answer::count(list);
        for answered in answer::read_list(scene, list, About::Object)? {
            classifications.push(answered.json);
            questions.push(answered.question);
        }
    }
    members.push_raw("classifications", &format!("[{}]", classifications.join(",")));
    let mut kept = Kept::default();
    match (&drawn, &mask) {
        (Some(Drawn { members: shape, kept: extra, .. }), _) => {
            shape.iter().for_each(|(key, json)| members.push_raw(key, json));
            extra.iter().for_each(|(key, value)| kept.push(scene.counts, "objects[]", key, *value));
        }
        (None, Some(url)) => write_mask(scene, (item, frame, feature_id), url, &mut members)?,
        (None, None) => {}
    }
    for (key, member) in item.members() {
        let is_known = match key {
            "keyframe" => on_frame.is_some(),
            // Files that a program has written say null where nothing is.
            "page" | "unit" | "color" | "format" | "version" if member.kind() == Kind::Null => true,
            // Next to another geometry it links to a picture of the same thing.
            "instanceURI" => drawn.is_none() || mask.is_none(),
            key => FEATURE_KEYS.contains(&key) || keys.contains(&key) || key == KNOWN,
        };
        if !is_known {
            kept.push(scene.counts, "objects[]", key, member);
        }
    }
    kept.finish(&mut members);
    let json = format!("{{{}}}", members.as_str());
    check(item, drawn.as_ref(), &json)?;
    scene.features.add_tool(Tool {
        id: named.id,
        name: named.title,
        color: find_text(item, "color")?,
        tool: tool_type(form),
        questions,
    });
    Ok(json)
}

/// Fails if what was composed is not read as what it should be: a geometry with a part that is not a number, say.
fn check(item: Value<'_>, drawn: Option<&Drawn<'_>>, json: &str) -> Result<(), Fault> {
    let is_read = matches!(Object::from_json(json), Ok(Some(Object { shape: Some(_), .. })));
    match drawn {
        Some(drawn) if !is_read => Err(Fault::at(drawn.at, Problem::Geometry(drawn.what))),
        None if !is_read => Err(Fault::at(item, Problem::NoGeometry)),
        _ => Ok(()),
    }
}

fn mask_form(scene: &Scene<'_>) -> Form {
    let on_frames = |container| matches!(container, Container::Frames | Container::Groups);
    let is_on_frames = scene.data_type.is_some_and(|data_type| on_frames(data_type.container));
    if is_on_frames { Form::FrameMask } else { Form::Mask }
}

/// Writes where the picture of an object is: here if it was fetched, else where the record says.
fn write_mask(
    scene: &mut Scene<'_>,
    (item, frame, feature_id): (Value<'_>, i64, Option<&str>),
    url: &str,
    members: &mut Members,
) -> Result<(), Fault> {
    let own_id = find_text(item, "featureId")?;
    // An id that could not be part of a URL is the id of no picture here.
    let is_plain = |id: &&str| id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let place = own_id.as_deref().or(feature_id).filter(is_plain);
    let place = place.map(|id| format!("{}/annotations/{id}/index/{frame}/mask", scene.mask_root));
    let found = match &place {
        Some(place) => scene.world.mask(place, url),
        None => Media::Elsewhere(None),
    };
    let url = match found {
        Media::Here(url) => {
            scene.counts.masks_here += 1;
            url
        }
        Media::Elsewhere(reason) => {
            scene.counts.masks_elsewhere += 1;
            scene.counts.unreachable(reason);
            url.to_owned()
        }
    };
    let mut mask = Members::default();
    mask.push_text("url", &url);
    members.push_raw("mask", &format!("{{{}}}", mask.as_str()));
    Ok(())
}

/// Returns the type of a tool, as ontologies spell it.
fn tool_type(form: Form) -> &'static str {
    match form {
        Form::Box | Form::PageBox | Form::GeoBox => "rectangle",
        Form::Line | Form::GeoLine => "line",
        Form::Point | Form::GeoPoint => "point",
        Form::Polygon | Form::GeoPolygon => "polygon",
        Form::Mask | Form::FrameMask => "raster-segmentation",
        Form::Span | Form::MessageSpan | Form::Tokens => "named-entity",
        Form::Directed | Form::Mutual => "edge",
        Form::MessageChoice => "message-single-selection",
        Form::MessageChoices => "message-multi-selection",
        Form::MessageRanks => "message-ranking",
    }
}

/// Returns whether an object is a relation between others.
pub(super) fn is_relation(json: &str) -> bool {
    matches!(Object::from_json(json), Ok(Some(Object { shape: Some(Shape::Relation(_)), .. })))
}

/// Returns a feature id as a key of a container; fails where it is not a text.
pub(super) fn feature_key(item: Value<'_>) -> Result<Option<&str>, Fault> {
    let Some(id) = find(object(item)?, "featureId") else { return Ok(None) };
    let raw = super::problem::string(id)?.raw();
    Ok(Some(&raw[1..raw.len() - 1]))
}

/// Returns the problem of an object that occurs twice.
pub(super) fn twice(item: Value<'_>, id: &str) -> Fault {
    Fault::at(item, Problem::ObjectTwice(Quoted::new(id)))
}
