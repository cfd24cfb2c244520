//! Pixels: `mask` with a picture and a colour in it, with a picture of the object alone, or with run lengths.

use super::{Geometry, Meaning, Tool};
use crate::read::labelbox_lines::error::{Fault, LineProblem};
use crate::read::labelbox_lines::line::{find, find_text, get, get_list, get_object, whole};
use crate::read::labelbox_lines::mask::{Inside, Region, from_counts, regions};
use crate::read::labelbox_lines::scene::Scene;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use labelport_model::data_type::Form;
use labelport_model::json::Value;
use labelport_model::quote::Quoted;
use std::rc::Rc;

const KEY: &str = "mask";
const DRAWERS: &[&str] = &["superpixel", "raster-segmentation"];

/// The types of tools that draw masks on frames.
pub(in super::super) const FRAME_MASK_DRAWERS: &[&str] = DRAWERS;

pub(super) static TOOL: Tool =
    Tool { key: KEY, meanings: &[Meaning { form: Form::Mask, drawn_by: DRAWERS, read: single }] };

fn single(scene: &mut Scene<'_>, value: Value<'_>) -> Result<Geometry, Fault> {
    let mask = get_object(value, KEY)?;
    let region = if find(mask, "counts").is_some() {
        from_counts(mask)?
    } else if find(mask, "png").is_some() {
        let bytes = decoded(mask, "png")?;
        only(regions(&bytes, &[Inside::Lit]), mask)?
    } else {
        let inside = Inside::Of(colour(mask)?);
        let bytes = fetched(scene, mask)?;
        only(regions(&bytes, &[inside]), mask)?
    };
    if region.is_empty() {
        return Err(Fault::at(mask, LineProblem::EmptyMask));
    }
    Ok(Geometry::Region(region))
}

/// Takes the only requested region.
fn only(found: Result<Vec<Region>, LineProblem>, mask: Value<'_>) -> Result<Region, Fault> {
    let found = found.map(|regions| regions.into_iter().next());
    match found {
        Ok(Some(region)) => Ok(region),
        Ok(None) => Err(Fault::at(mask, LineProblem::EmptyMask)),
        Err(problem) => Err(Fault::at(mask, problem)),
    }
}

/// Returns the bytes of a picture that is inline or at a URL.
pub(in super::super) fn fetched(scene: &mut Scene<'_>, value: Value<'_>) -> Result<Rc<Vec<u8>>, Fault> {
    if find(value, "imBytes").is_some() {
        return decoded(value, "imBytes").map(Rc::new);
    }
    let at = get(value, "instanceURI")?;
    let url = find_text(value, "instanceURI")?.unwrap_or_default();
    scene.fetch(&url).map_err(|reason| Fault::at(at, LineProblem::Fetch { url: Quoted::new(&url), reason }))
}

/// Returns what distinguishes the pixels of an instance.
pub(in super::super) fn instance(value: Value<'_>) -> Result<Inside, Fault> {
    colour(value).map(Inside::Of)
}

fn decoded(value: Value<'_>, key: &'static str) -> Result<Vec<u8>, Fault> {
    let at = get(value, key)?;
    let text = at.as_text().ok_or_else(|| Fault::wrong_kind(at, "a string"))?;
    STANDARD.decode(text.as_bytes()).map_err(|_| Fault::at(at, LineProblem::NotBase64))
}

fn colour(value: Value<'_>) -> Result<[u8; 3], Fault> {
    let channels = get_list(value, "colorRGB", "channels", 3)?;
    let channel =
        |value: Value<'_>| u8::try_from(whole(value)?).map_err(|_| Fault::wrong_kind(value, "a number from 0 to 255"));
    match channels[..] {
        [red, green, blue] => Ok([channel(red)?, channel(green)?, channel(blue)?]),
        _ => Err(Fault::wrong_kind(get(value, "colorRGB")?, "a list of red, green and blue")),
    }
}
