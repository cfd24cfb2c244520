//! Geometry: under which key records have it, and what today's form calls it.
//!
//! Values are copied, so that numbers keep their spelling and nothing moves. Here only those parts are checked of which a
//! message can say more than that the whole is not what it should be.

use super::problem::{Fault, Problem, array, find, find_text, get, number, object, string, whole};
use labelport_model::data_type::Form;
use labelport_model::json::{Kind, Members, Value};
use labelport_model::quote::Quoted;
use labelport_model::row::legacy;

/// What an object draws.
pub(super) struct Drawn<'v> {
    pub(super) form: Form,
    /// What a message calls it.
    pub(super) what: &'static str,
    /// The value that draws it.
    pub(super) at: Value<'v>,
    /// The members of the object that are used.
    pub(super) keys: &'static [&'static str],
    /// The members of today's form.
    pub(super) members: Vec<(&'static str, String)>,
    /// Members that are used in part, and kept.
    pub(super) kept: Vec<(&'static str, Value<'v>)>,
}

/// A way to draw: its key, and how it is read.
type Way = (&'static str, for<'v> fn(Value<'v>, Value<'v>) -> Result<Drawn<'v>, Fault>);

/// The ways to draw. If an object has several, the first counts and the others are kept.
const WAYS: &[Way] = &[
    ("bbox", read_box),
    ("polygon", |_, value| read_points(value, Form::Polygon)),
    ("line", |_, value| read_points(value, Form::Line)),
    ("point", |_, value| read_point(value)),
    ("data", read_text),
    ("geometry", read_geo),
    ("unidirectionalRelationship", |_, value| read_relation(value, Form::Directed)),
    ("bidirectionalRelationship", |_, value| read_relation(value, Form::Mutual)),
    ("selectedMessage", |_, value| read_messages(value, Form::MessageChoice)),
    ("selectedMessages", |_, value| read_messages(value, Form::MessageChoices)),
    ("rankedMessages", |_, value| read_messages(value, Form::MessageRanks)),
];

/// Reads what an object draws; nothing where only a mask may say it.
pub(super) fn read(item: Value<'_>) -> Result<Option<Drawn<'_>>, Fault> {
    for (key, read) in WAYS {
        if let Some(value) = find(item, key) {
            return read(item, value).map(Some);
        }
    }
    Ok(None)
}

/// Returns whether an object has a member that draws something.
pub(super) fn is_drawn(item: Value<'_>) -> bool {
    WAYS.iter().any(|(key, _)| find(item, key).is_some())
}

fn drawn<'v>(form: Form, what: &'static str, at: Value<'v>, keys: &'static [&'static str]) -> Drawn<'v> {
    Drawn { form, what, at, keys, members: Vec::new(), kept: Vec::new() }
}

fn read_box<'v>(item: Value<'v>, value: Value<'v>) -> Result<Drawn<'v>, Fault> {
    for side in ["top", "left", "height", "width"] {
        number(get(object(value)?, side)?)?;
    }
    let Some(page) = find(item, "page") else {
        let mut drawn = drawn(Form::Box, "a box", value, &["bbox"]);
        drawn.members.push(("bounding_box", value.raw().to_owned()));
        return Ok(drawn);
    };
    let mut drawn = drawn(Form::PageBox, "a box on a page", value, &["bbox", "page", "unit"]);
    drawn.members.push(("page_number", whole(page, 0)?.to_string()));
    drawn.members.push(("bounding_box", value.raw().to_owned()));
    let unit = find(item, "unit").map(string).transpose()?;
    // Today's form counts in points; numbers in another unit say so.
    drawn.kept.extend(unit.filter(|unit| unit.raw() != "\"POINTS\"").map(|unit| ("unit", unit)));
    Ok(drawn)
}

fn check_point(value: Value<'_>) -> Result<(), Fault> {
    for side in ["x", "y"] {
        number(get(object(value)?, side)?)?;
    }
    Ok(())
}

fn read_points(value: Value<'_>, form: Form) -> Result<Drawn<'_>, Fault> {
    array(value)?.elements().try_for_each(check_point)?;
    let mut drawn = match form {
        Form::Polygon => drawn(form, "a polygon", value, &["polygon"]),
        _ => drawn(form, "a line", value, &["line"]),
    };
    if value.elements().next().is_none() {
        return Err(Fault::at(value, Problem::Geometry(drawn.what)));
    }
    let key = if form == Form::Polygon { "polygon" } else { "line" };
    drawn.members.push((key, value.raw().to_owned()));
    Ok(drawn)
}

fn read_point(value: Value<'_>) -> Result<Drawn<'_>, Fault> {
    check_point(value)?;
    let mut drawn = drawn(Form::Point, "a point", value, &["point"]);
    drawn.members.push(("point", value.raw().to_owned()));
    Ok(drawn)
}

/// Reads characters of a text or of a message, or words of a document.
fn read_text<'v>(item: Value<'v>, value: Value<'v>) -> Result<Drawn<'v>, Fault> {
    let location = get(object(value)?, "location")?;
    let mut drawn = match location.kind() {
        Kind::Array => {
            let mut drawn = drawn(Form::Tokens, "words of a document", value, &["data"]);
            let groups: Result<Vec<String>, Fault> = location.elements().map(read_group).collect();
            drawn.members.push(("location", format!("{{\"groups\":[{}]}}", groups?.join(","))));
            drawn
        }
        _ => {
            let (start, end) = (whole(get(object(location)?, "start")?, 0)?, whole(get(location, "end")?, -1)?);
            // An empty span ends before it starts.
            if start - 1 > end {
                return Err(Fault::at(location, Problem::Backwards { start, end }));
            }
            let mut span = Members::default();
            for (key, member) in location.members().filter(|(key, _)| *key != "messageId") {
                span.push_raw(key, member.raw());
            }
            let span = format!("{{{}}}", span.as_str());
            match find(location, "messageId") {
                None => {
                    let mut drawn = drawn(Form::Span, "characters of a text", value, &["data", "format", "version"]);
                    drawn.members.push(("location", span));
                    drawn
                }
                Some(message) => {
                    let what = "characters of a message";
                    let mut drawn = drawn(Form::MessageSpan, what, value, &["data", "format", "version"]);
                    let message = string(message)?.raw();
                    let place = format!("{{\"message_id\":{message},\"location\":{span}}}");
                    drawn.members.push(("conversational_location", place));
                    drawn
                }
            }
        }
    };
    // What every export writes is not kept.
    for (key, usual) in [("format", "\"text.location\""), ("version", "1")] {
        let said = find(item, key).filter(|said| said.raw() != usual && drawn.keys.contains(&key));
        drawn.kept.extend(said.map(|said| (key, said)));
    }
    let is_usual =
        |(key, member): (&str, Value<'_>)| key == "location" || (key == "unit" && member.raw() == "\"POINTS\"");
    if !value.members().all(is_usual) {
        drawn.kept.push(("data", value));
    }
    Ok(drawn)
}

/// Reads words in one group of a text layer, or a box around words.
fn read_group(group: Value<'_>) -> Result<String, Fault> {
    let mut members = Members::default();
    if let Some(id) = find(object(group)?, "groupId") {
        members.push_raw("id", string(id)?.raw());
    }
    let place = find(group, "text-bbox").map(object).transpose()?;
    if let Some(page) = place.and_then(|place| find(place, "page")) {
        members.push_raw("page_number", &whole(page, 0)?.to_string());
    }
    if let Some(tokens) = find(group, "tokenIds") {
        for token in array(tokens)?.elements() {
            string(token)?;
        }
        members.push_raw("tokens", tokens.raw());
    }
    if let Some(text) = find(group, "text") {
        members.push_raw("text", string(text)?.raw());
    }
    let mut kept = Members::default();
    for (key, member) in group.members() {
        let is_page_alone = || member.members().all(|(key, _)| key == "page");
        match key {
            "groupId" | "tokenIds" | "text" => {}
            "text-bbox" if is_page_alone() => {}
            _ => kept.push_raw(key, member.raw()),
        }
    }
    if let Some(kept) = kept.into_option() {
        members.push_raw(legacy::KEY, &format!("{{{kept}}}"));
    }
    Ok(format!("{{{}}}", members.as_str()))
}

/// The shapes of a map: their names in records, those of GeoJSON, and what they are.
const MAP_SHAPES: [(&str, &str, Form, &str); 5] = [
    ("rectangle", "Polygon", Form::GeoBox, "a rectangle on a map"),
    ("polygon", "Polygon", Form::GeoPolygon, "a polygon on a map"),
    ("polyline", "LineString", Form::GeoLine, "a line on a map"),
    ("line", "LineString", Form::GeoLine, "a line on a map"),
    ("point", "Point", Form::GeoPoint, "a point on a map"),
];

fn read_geo<'v>(item: Value<'v>, value: Value<'v>) -> Result<Drawn<'v>, Fault> {
    let coordinates = array(get(object(value)?, "coordinates")?)?;
    check_numbers(coordinates)?;
    let declared = find_text(value, "type")?;
    let shape = match find_text(item, "type")? {
        Some(name) => {
            let at = find(item, "type").unwrap_or(item);
            let known = MAP_SHAPES.iter().find(|(known, ..)| *known == name);
            known.ok_or_else(|| Fault::at(at, Problem::MapShape(Quoted::new(&name))))?
        }
        None => {
            // A rectangle is a polygon there.
            let known = MAP_SHAPES[1..].iter().find(|(_, name, ..)| Some(*name) == declared.as_deref());
            known.ok_or_else(|| Fault::at(item, Problem::Missing("type")))?
        }
    };
    let (_, name, form, what) = *shape;
    let mut drawn = drawn(form, what, value, &["geometry", "type"]);
    drawn.members.push(("geojson", format!("{{\"type\":\"{name}\",\"coordinates\":{}}}", coordinates.raw())));
    let is_usual = |(key, member): (&str, Value<'_>)| {
        key == "coordinates" || (key == "type" && member.as_text().is_some_and(|text| text == name))
    };
    if !value.members().all(is_usual) {
        drawn.kept.push(("geometry", value));
    }
    Ok(drawn)
}

/// Fails at the first value in nested lists that is neither a list nor a number.
fn check_numbers(list: Value<'_>) -> Result<(), Fault> {
    list.elements().try_for_each(|item| match item.kind() {
        Kind::Array => check_numbers(item),
        _ => number(item).map(|_| ()),
    })
}

fn read_relation(value: Value<'_>, form: Form) -> Result<Drawn<'_>, Fault> {
    object(value)?;
    let (keys, key): (&[&str], _) = match form {
        Form::Mutual => (&["bidirectionalRelationship"], "bidirectional_relationship"),
        _ => (&["unidirectionalRelationship"], "unidirectional_relationship"),
    };
    let mut drawn = drawn(form, "a relationship", value, keys);
    drawn.members.push((key, value.raw().to_owned()));
    Ok(drawn)
}

fn read_messages(value: Value<'_>, form: Form) -> Result<Drawn<'_>, Fault> {
    object(value)?;
    let (keys, key): (&[&str], _) = match form {
        Form::MessageChoice => (&["selectedMessage"], "selected_message"),
        Form::MessageChoices => (&["selectedMessages"], "selected_messages"),
        _ => (&["rankedMessages"], "ranked_messages"),
    };
    let mut drawn = drawn(form, "a choice of messages", value, keys);
    drawn.members.push((key, value.raw().to_owned()));
    Ok(drawn)
}
