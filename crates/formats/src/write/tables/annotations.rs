//! `annotations` and `answers`: one line for each annotation, and one for each answer of a classification.
//!
//! A classification is an annotation, also one about an object or one to which an answer leads: then `parent_id` is the
//! object or classification that it belongs to. So there are as many lines as the store counts annotations.

use super::column::Column;
use super::data_rows::others;
use super::label_key::Named;
use super::line::Line;
use super::{ANNOTATIONS, ANSWERS as ANSWER_LINES, Table};
use crate::write::Entries;
use crate::write::annotations::for_each;
use crate::write::stored::parsed;
use labelport_model::annotation::{
    Annotation, Answer, Body, Choice, Classification, Feature, Holder, Number, Object, Place, Shape, Text, open_ring,
};
use labelport_model::losses::Outcome;
use labelport_model::record;

pub(super) static TABLE: Table = Table {
    name: "annotations",
    columns: &[
        Named::COLUMNS[0],
        Named::COLUMNS[1],
        Named::COLUMNS[2],
        Named::COLUMNS[3],
        Named::COLUMNS[4],
        Named::COLUMNS[5],
        Column::text("annotation_id"),
        Column::text("parent_id"),
        Column::text("parent_answer_id"),
        Column::text("type"),
        Column::text("kind"),
        Column::text("feature_schema_id"),
        Column::text("name"),
        Column::text("value"),
        Column::whole("frame"),
        Column::text("axis"),
        Column::whole("start_ms"),
        Column::whole("page"),
        Column::text("message_id"),
        Column::number("left"),
        Column::number("top"),
        Column::number("width"),
        Column::number("height"),
        Column::number("x"),
        Column::number("y"),
        Column::whole("start"),
        Column::whole("end"),
        Column::text("mask_url"),
        Column::number("confidence"),
        Column::json("geometry"),
        Column::points("points"),
    ],
};

pub(super) static ANSWERS: Table = Table {
    name: "answers",
    columns: &[
        Named::COLUMNS[0],
        Named::COLUMNS[1],
        Named::COLUMNS[2],
        Named::COLUMNS[3],
        Named::COLUMNS[4],
        Named::COLUMNS[5],
        Column::text("annotation_id"),
        Column::text("question"),
        Column::text("question_value"),
        Column::whole("frame"),
        Column::text("answer_id"),
        Column::text("answer_schema_id"),
        Column::text("answer"),
        Column::text("answer_value"),
        Column::text("text"),
        Column::number("confidence"),
        Column::json("other"),
    ],
};

/// Members of an object that have columns, or lines of their own.
const KNOWN: &[&str] = &[
    "feature_id",
    "feature_schema_id",
    "name",
    "value",
    "annotation_kind",
    "classifications",
    "message_id",
    "confidence",
    "radio_answer",
    "checklist_answers",
    "text_answer",
    "conversational_radio_answer",
    "conversational_checklist_answers",
    "conversational_text_answer",
];

pub(super) fn write(annotations: record::Annotations<'_>, label: &Named<'_>, entries: &mut Entries<'_>) {
    for_each(annotations, entries, &mut |annotation, entries| write_one(annotation, label, entries));
}

fn write_one(annotation: &Annotation<'_>, label: &Named<'_>, entries: &mut Entries<'_>) {
    let place = &annotation.place;
    match &annotation.body {
        Body::Object(object) => {
            write_object(object, annotation.stored(), place, label, entries);
            for classification in annotation.answers() {
                write_classification(classification, "", place, Parent::of(&object.feature), label, entries);
            }
        }
        Body::Classification(classification) => {
            write_classification(classification, annotation.stored(), place, Parent::default(), label, entries);
        }
    }
    let unread = annotation.count_unread();
    entries.losses.add("annotation", Outcome::LeftOut, "it is inside another one, in a form that is not known", unread);
}

fn write_object(object: &Object<'_>, stored: &str, place: &Place<'_>, label: &Named<'_>, entries: &mut Entries<'_>) {
    let mut line = Line::of(label.row.style, entries, ANNOTATIONS);
    label.write(&mut line);
    text(object.feature.id.as_ref(), &mut line);
    line.empty(2);
    line.token(if place.list == Holder::Relationships { "relationship" } else { "object" });
    text(object.kind.as_ref(), &mut line);
    feature(&object.feature, &mut line);
    write_place(place, &mut line);
    // The stored form counts pages of boxes from 0.
    line.token(&object.page_number.map(|page| (page + 1).to_string()).unwrap_or_default());
    let message = match &object.shape {
        Some(Shape::MessageSpan(span)) => span.message_id.as_ref(),
        Some(Shape::MessageChoice(choice)) => choice.message_id.as_ref(),
        _ => None,
    };
    text(message, &mut line);
    let (mut rect, mut point, mut span, mut mask) = (None, None, None, None);
    match &object.shape {
        Some(Shape::Box(found) | Shape::PageBox(found)) => rect = Some(found),
        Some(Shape::Point(found)) => point = Some(found),
        Some(Shape::Span(found)) => span = Some(found),
        Some(Shape::MessageSpan(found)) => span = Some(&found.span),
        Some(Shape::Mask(found)) => mask = found.url(),
        _ => {}
    }
    for edge in [rect.map(|rect| &rect.left), rect.map(|rect| &rect.top)] {
        number(edge, &mut line);
    }
    for side in [rect.map(|rect| &rect.width), rect.map(|rect| &rect.height)] {
        number(side, &mut line);
    }
    number(point.map(|point| &point.x), &mut line);
    number(point.map(|point| &point.y), &mut line);
    line.token(&span.map(|span| span.start.to_string()).unwrap_or_default());
    line.token(&span.map(|span| span.end.to_string()).unwrap_or_default());
    text(mask, &mut line);
    number(object.scores.confidence.as_ref(), &mut line);
    others(&[(parsed(stored.as_bytes()).root(), KNOWN)], &mut line);
    line.points(corners_of(object.shape.as_ref()).as_deref());
    line.end();
}

/// Returns the corners of a polygon, the first one once, or the points of a line.
fn corners_of(shape: Option<&Shape<'_>>) -> Option<Vec<(f64, f64)>> {
    let corners = match shape? {
        Shape::Polygon(ring) => open_ring(ring),
        Shape::Line(points) => points,
        _ => return None,
    };
    Some(corners.iter().map(|point| (point.x.get(), point.y.get())).collect())
}

/// What a classification belongs to: an object, or a question and the answer that leads to it.
#[derive(Clone, Copy, Default)]
struct Parent<'a> {
    annotation_id: Option<&'a Text<'a>>,
    answer_id: Option<&'a Text<'a>>,
}

impl<'a> Parent<'a> {
    fn of(feature: &'a Feature<'a>) -> Self {
        Self { annotation_id: feature.id.as_ref(), answer_id: None }
    }
}

fn write_classification(
    classification: &Classification<'_>,
    stored: &str,
    place: &Place<'_>,
    parent: Parent<'_>,
    label: &Named<'_>,
    entries: &mut Entries<'_>,
) {
    let mut line = Line::of(label.row.style, entries, ANNOTATIONS);
    label.write(&mut line);
    text(classification.feature.id.as_ref(), &mut line);
    text(parent.annotation_id, &mut line);
    text(parent.answer_id, &mut line);
    line.token("classification");
    line.text(classification.answer_key());
    feature(&classification.feature, &mut line);
    write_place(place, &mut line);
    line.empty(1);
    text(classification.message_id.as_ref(), &mut line);
    line.empty(9);
    number(classification.scores.confidence.as_ref(), &mut line);
    let mut own = Vec::new();
    let stored = if stored.is_empty() {
        classification.write(&mut own);
        &own
    } else {
        stored.as_bytes()
    };
    others(&[(parsed(stored).root(), KNOWN)], &mut line);
    line.points(None);
    line.end();

    match &classification.answer {
        Some(Answer::Radio(choice)) => write_choice(choice, classification, place, label, entries),
        Some(Answer::Checklist(choices)) => {
            choices.items.iter().for_each(|choice| write_choice(choice, classification, place, label, entries));
        }
        Some(Answer::Text(words)) => {
            let mut line = answer_line(classification, place, label, entries);
            line.empty(4);
            text(words.content.as_ref(), &mut line);
            line.empty(1);
            line.json(json_of(words.layout.others()).as_deref());
            line.end();
        }
        None => {}
    }
    let parent = Parent::of(&classification.feature);
    for (choice, list) in classification.nested_by_choice() {
        let parent = Parent { answer_id: choice.and_then(|choice| choice.feature.id.as_ref()), ..parent };
        list.items.iter().for_each(|nested| write_classification(nested, "", place, parent, label, entries));
    }
}

fn write_choice(
    choice: &Choice<'_>,
    of: &Classification<'_>,
    place: &Place<'_>,
    label: &Named<'_>,
    entries: &mut Entries<'_>,
) {
    let mut line = answer_line(of, place, label, entries);
    text(choice.feature.id.as_ref(), &mut line);
    feature(&choice.feature, &mut line);
    line.empty(1);
    number(choice.scores.confidence.as_ref(), &mut line);
    line.json(json_of(choice.layout.others()).as_deref());
    line.end();
}

/// Starts the line of an answer with the question.
fn answer_line<'e>(
    of: &Classification<'_>,
    place: &Place<'_>,
    label: &Named<'_>,
    entries: &'e mut Entries<'_>,
) -> Line<'e> {
    let mut line = Line::of(label.row.style, entries, ANSWER_LINES);
    label.write(&mut line);
    text(of.feature.id.as_ref(), &mut line);
    text(of.feature.name.as_ref(), &mut line);
    text(of.feature.value.as_ref(), &mut line);
    line.token(&place.frame.map(|frame| frame.to_string()).unwrap_or_default());
    line
}

/// Writes the schema id, the name and the value.
fn feature(feature: &Feature<'_>, line: &mut Line<'_>) {
    [&feature.schema_id, &feature.name, &feature.value].into_iter().for_each(|member| text(member.as_ref(), line));
}

/// Writes the frame, the axis and the start.
fn write_place(place: &Place<'_>, line: &mut Line<'_>) {
    line.token(&place.frame.map(|frame| frame.to_string()).unwrap_or_default());
    line.optional(place.axis);
    line.token(&place.start_ms.map(|start| start.to_string()).unwrap_or_default());
}

fn text(text: Option<&Text<'_>>, line: &mut Line<'_>) {
    line.optional(text.map(Text::get).as_deref());
}

fn number(number: Option<&Number<'_>>, line: &mut Line<'_>) {
    line.token(number.map(Number::text).as_deref().unwrap_or_default());
}

/// Returns members as one JSON object; nothing if there are none.
fn json_of<'m>(members: impl Iterator<Item = (&'m str, &'m str)>) -> Option<Vec<u8>> {
    let members: Vec<String> = members.map(|(key, value)| format!("\"{key}\":{value}")).collect();
    (!members.is_empty()).then(|| format!("{{{}}}", members.join(",")).into_bytes())
}
