//! Boxes with their points: a line has the class, the box, and for each point of the rule its place and whether it is there.

use super::super::Entries;
use super::super::annotations::for_each;
use super::super::chosen::label_id;
use super::super::picture::OUTSIDE;
use super::super::settled::{Fate, NO_ANSWERS, settle};
use super::super::skeleton::{Boxed, NO_RULE, Pointed, Skeletons};
use super::Task;
use super::sheet::{Drawing, NO_CLASS, ON_A_FRAME, write_line};
use labelport_model::annotation::{Annotation, Body, Object, Shape};
use labelport_model::record::LabelRecord;

/// How a point is marked that is there, and one that is not. Nothing that is stored says that a point is hidden.
const SEEN: f64 = 2.0;
const MISSING: [f64; 3] = [0.0; 3];

/// What an annotation is for a pose.
enum Item {
    Other(Fate),
    Box { number: usize, line: Vec<f64>, score: Option<f64>, fate: Fate },
    Point,
}

/// What a label holds.
#[derive(Default)]
struct Found {
    /// What each annotation is, in its order.
    items: Vec<Item>,
    boxes: Vec<Boxed>,
    points: Vec<Pointed>,
}

/// Returns the lines of a label, and settles all that it holds.
pub(super) fn lines(
    drawing: &Drawing<'_, '_>,
    skeletons: &Skeletons,
    label: &LabelRecord<'_>,
    entries: &mut Entries<'_>,
) -> Vec<u8> {
    let mut found = Found::default();
    for_each(label.annotations, entries, &mut |annotation, _| found.add(drawing, skeletons, annotation));
    let Found { items, boxes, points } = found;
    let joined = skeletons.join(&boxes, &points);
    let (mut text, mut fates) = (Vec::new(), Vec::with_capacity(items.len()));
    let (mut of_boxes, mut of_points) = (joined.points.iter(), joined.left_out.iter());
    for item in items {
        fates.push(match item {
            Item::Other(fate) => fate,
            Item::Point => of_points.next().copied().flatten().map_or(Fate::KEPT, Fate::left_out),
            Item::Box { number, line, score, fate } => {
                let own = of_boxes.next().map_or(&[][..], Vec::as_slice);
                let places = own.iter().map(|point| {
                    let point = point.and_then(|number| points.get(number));
                    point
                        .map_or(MISSING, |Pointed { x, y, .. }| [x / drawing.size.width, y / drawing.size.height, SEEN])
                });
                // Every line has as many points as the longest rule.
                let places = places.chain(std::iter::repeat(MISSING)).take(skeletons.point_count()).flatten();
                write_line(number, line.into_iter().chain(places).chain(score), &mut text);
                fate
            }
        });
    }
    let (id, mut fates) = (label_id(label), fates.into_iter());
    let sheet = &drawing.sheet;
    for_each(label.annotations, entries, &mut |annotation, entries| {
        let fate = fates.next().unwrap_or(Fate::left_out(NO_RULE));
        settle(annotation, fate, &sheet.origin(&id), sheet.classes, (sheet.losses_stream, entries));
    });
    text
}

impl Found {
    fn add(&mut self, drawing: &Drawing<'_, '_>, skeletons: &Skeletons, annotation: &Annotation<'_>) {
        let item = match &annotation.body {
            Body::Object(object) => self.object(drawing, skeletons, annotation, object),
            Body::Classification(_) => Err(NO_ANSWERS),
        };
        self.items.push(item.unwrap_or_else(|reason| Item::Other(Fate::left_out(reason))));
    }

    fn object(
        &mut self,
        drawing: &Drawing<'_, '_>,
        skeletons: &Skeletons,
        annotation: &Annotation<'_>,
        object: &Object<'_>,
    ) -> Result<Item, &'static str> {
        if annotation.place.frame.is_some() {
            return Err(ON_A_FRAME);
        }
        let class = drawing.sheet.class_of(annotation, object).ok_or(NO_CLASS)?;
        if let Some(Shape::Point(point)) = object.shape.as_ref().filter(|_| skeletons.has_point(class)) {
            let (x, y) = (point.x.get(), point.y.get());
            let is_inside = (0.0..=drawing.size.width).contains(&x) && (0.0..=drawing.size.height).contains(&y);
            if !is_inside {
                return Err(OUTSIDE);
            }
            self.points.push(Pointed { class, x, y });
            return Ok(Item::Point);
        }
        if skeletons.points_of(class).is_none() {
            return Err(NO_RULE);
        }
        let (_, drawn) = drawing.drawn(annotation, object)?;
        let mut line = None;
        let fate = drawn.for_each_line(Task::Detect, drawing.size, &mut |numbers| line = Some(numbers.to_vec()));
        match (line, drawn.bounds()) {
            (Some(line), Some(bounds)) => {
                self.boxes.push(Boxed { class, bounds });
                let score = drawing.score(&object.scores);
                let (score, fate) = (score.value, score.fate(fate));
                Ok(Item::Box { number: drawing.list.number(class).unwrap_or_default(), line, score, fate })
            }
            _ => Ok(Item::Other(fate)),
        }
    }
}
