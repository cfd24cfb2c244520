//! What labels say of images, recordings and pages: shapes, relations, and answers about the whole or a range of time.

use super::Files;
use super::config::{Config, Owner};
use super::region::Region;
use super::results::{Joined, Results};
use super::words::{fates_of, is_answered};
use crate::write::attributes::Attributes;
use crate::write::picture::{Corner, Figure, OUTSIDE, Size, cut_to, is_flat};
use crate::write::settled::{Fate, NO_CLASS};
use labelport_model::annotation::{
    Annotation, Answer, Body, Classification, Direction, Holder, Object, Relation, Shape, Text, Timeline,
};
use std::collections::{BTreeSet, HashSet};

/// What has no place.
const NOT_HELD: &str = "the format holds boxes, polygons, lines, points, masks, entities, relations and answers";
const NO_OBJECTS: &str = "the format holds answers alone about rows of its data type";
const ON_A_FRAME: &str = "it is on a frame, and its row is not a video";
const ON_A_MESSAGE: &str = "it is about a message, and its row is not a conversation";
const IN_TIME: &str = "it is about a range of time, and its row is not a recording";
const BEFORE: &str = "it begins before its recording";
const LONGEST: &str = "to one range, as long as its longest option";
const INNER_LIST: &str = "it is in a list among the answers";
const NO_END: &str = "one of the two that it relates is not written";
const OF_A_RELATION: &str = "a relation has no place for answers";
const CUT: &str = "to what of it is inside the picture";

/// What becomes of an annotation, and of the answers in it.
pub(super) type Fates = (Fate, Vec<Fate>);

/// A relation whose ends are not known yet.
struct Open {
    /// The place of its annotation.
    place: usize,
    label: String,
    ends: Option<(String, String)>,
    is_mutual: bool,
}

/// Reads the annotations of a label that are stored, in their order.
pub(super) struct Reading<'r, 'f> {
    files: &'r Files<'f>,
    config: &'r Config,
    is_survey: bool,
    /// The size of the picture; nothing for what is not an image.
    size: Option<Size>,
    timeline: Timeline<'r>,
    fates: Vec<Fates>,
    regions: HashSet<String>,
    relations: Vec<Open>,
}

impl<'r, 'f> Reading<'r, 'f> {
    /// `size` is that of an image.
    pub(super) fn of(
        files: &'r Files<'f>,
        config: &'r Config,
        (size, is_survey): (Option<Size>, bool),
        stored: &'r str,
    ) -> Self {
        let timeline = Timeline::read(stored).unwrap_or_default();
        Self {
            files,
            config,
            is_survey,
            size,
            timeline,
            fates: Vec::new(),
            regions: HashSet::new(),
            relations: Vec::new(),
        }
    }

    /// Reads the next annotation, and writes its results.
    pub(super) fn add(&mut self, annotation: &Annotation<'_>, results: &mut Results<'_>) {
        let attributes = Attributes::about(annotation);
        let mut fates = fates_of(&attributes);
        let found = match &annotation.body {
            _ if annotation.place.frame.is_some() => Err(ON_A_FRAME),
            Body::Object(object) => self.object(annotation, object, &attributes, results),
            Body::Classification(answer) => self.answer(annotation, answer, &attributes, results),
        };
        if found == Ok(Fate::KEPT) && matches!(&annotation.body, Body::Object(object) if is_relation(object)) {
            fates = vec![Fate::left_out(OF_A_RELATION); fates.len()];
        }
        if let (Ok(fate), Body::Classification(_), Some(own)) = (found, &annotation.body, fates.first_mut())
            && *own == Fate::KEPT
        {
            *own = fate;
        }
        self.fates.push((found.unwrap_or_else(Fate::left_out), fates));
    }

    /// Writes relations, now that all regions are known. Returns what becomes of each annotation.
    pub(super) fn finish(mut self, results: &mut Results<'_>) -> Vec<Fates> {
        for open in &self.relations {
            let ends = open.ends.as_ref().filter(|(from, to)| self.regions.contains(from) && self.regions.contains(to));
            match ends {
                Some((from, to)) => {
                    results.relation(&Joined { label: &open.label, from, to, is_mutual: open.is_mutual });
                }
                None => self.fates[open.place].0 = Fate::left_out(NO_END),
            }
        }
        self.fates
    }

    fn answer(
        &mut self,
        annotation: &Annotation<'_>,
        answer: &Classification<'_>,
        attributes: &Attributes,
        results: &mut Results<'_>,
    ) -> Result<Fate, &'static str> {
        let id = answer.feature.id.as_ref().map(|id| id.get());
        if annotation.place.list == Holder::InnerList {
            return Err(INNER_LIST);
        }
        if answer.message_id.is_some() {
            return Err(ON_A_MESSAGE);
        }
        let Some(start_ms) = annotation.place.start_ms else {
            results.whole(id.as_deref(), attributes);
            return Ok(Fate::KEPT);
        };
        if !self.config.medium().is_recording() {
            return Err(IN_TIME);
        }
        let asked = attributes.iter().next().filter(|(_, answer, _)| is_answered(answer));
        let Some((name, ..)) = asked else { return Ok(Fate::KEPT) };
        if start_ms < 0 {
            return Err(BEFORE);
        }
        let ends = self.ends_of(answer, start_ms);
        // Nothing says how long an answer lasts that has no segment.
        let end_ms = ends.last().copied().unwrap_or(start_ms).max(start_ms);
        let region = Region::Moment { start_ms, end_ms };
        results.region(id.as_deref(), (name, &region), None, (Owner::Part, attributes));
        Ok(if ends.len() > 1 { Fate::reduced(LONGEST) } else { Fate::KEPT })
    }

    /// Lists when an answer that begins at a time ends, or the options chosen in it, by the segments of their feature ids.
    fn ends_of(&self, answer: &Classification<'_>, start_ms: i64) -> BTreeSet<i64> {
        let mut ids = vec![answer.feature.id.as_ref()];
        match &answer.answer {
            Some(Answer::Radio(choice)) => ids.push(choice.feature.id.as_ref()),
            Some(Answer::Checklist(choices)) => {
                ids.extend(choices.items.iter().map(|choice| choice.feature.id.as_ref()))
            }
            Some(Answer::Text(_)) | None => {}
        }
        let ranges = ids.into_iter().flatten().flat_map(|id| self.timeline.segments(None, id.escaped()));
        ranges.filter(|(start, _)| *start == start_ms).map(|(_, end)| *end).collect()
    }

    fn object(
        &mut self,
        annotation: &Annotation<'_>,
        object: &Object<'_>,
        attributes: &Attributes,
        results: &mut Results<'_>,
    ) -> Result<Fate, &'static str> {
        let size = self.size.ok_or(NO_OBJECTS)?;
        let place = self.files.base.setup.classes.place_of(annotation, object)?;
        let id = object.feature.id.as_ref().map(|id| id.get());
        let shape = object.shape.as_ref().ok_or(NOT_HELD)?;
        if let Shape::Relation(relation) = shape {
            return self.relation(place, relation);
        }
        if !self.config.is_marked(place) {
            return Err(NOT_HELD);
        }
        let figure = Figure::of(shape, &size, self.files.pictures, NOT_HELD)?;
        let (figure, fate) = cut(figure, &size)?;
        let score = object.scores.confidence.as_ref().map(|score| score.text()).filter(|_| self.files.has_scores());
        if !self.is_survey {
            let region = Region::Figure(figure, size);
            results.region(
                id.as_deref(),
                (self.config.label(place), &region),
                score.as_deref(),
                (Owner::Region, attributes),
            );
        }
        self.regions.extend(id.map(|id| id.into_owned()));
        Ok(fate)
    }

    fn relation(&mut self, place: u32, relation: &Relation<'_>) -> Result<Fate, &'static str> {
        if !self.config.is_relation(place) {
            return Err(NO_CLASS);
        }
        let end = |id: &Option<Text<'_>>| id.as_ref().map(|id| id.get().into_owned());
        self.relations.push(Open {
            place: self.fates.len(),
            label: self.config.label(place).to_owned(),
            ends: end(&relation.source).zip(end(&relation.target)),
            is_mutual: relation.direction == Direction::Mutual,
        });
        Ok(Fate::KEPT)
    }
}

fn is_relation(object: &Object<'_>) -> bool {
    matches!(object.shape, Some(Shape::Relation(_)))
}

/// Cuts a figure to the picture, since Label Studio takes nothing beyond its sides.
fn cut(figure: Figure, size: &Size) -> Result<(Figure, Fate), &'static str> {
    let is_inside = |(x, y): &Corner| (0.0..=size.width).contains(x) && (0.0..=size.height).contains(y);
    match figure {
        Figure::Box { left, top, right, bottom } => {
            let ([left, top, right, bottom], is_cut) = cut_box([left, top, right, bottom], size)?;
            let fate = if is_cut { Fate::reduced(CUT) } else { Fate::KEPT };
            Ok((Figure::Box { left, top, right, bottom }, fate))
        }
        Figure::Polygon(ring) if !ring.iter().all(is_inside) => {
            let ring = cut_to(&ring, (size.width, size.height));
            if is_flat(&ring) { Err(OUTSIDE) } else { Ok((Figure::Polygon(ring), Fate::reduced(CUT))) }
        }
        Figure::Point(point) if !is_inside(&point) => Err(OUTSIDE),
        figure => Ok((figure, Fate::KEPT)),
    }
}

/// Cuts a box to the picture, and says whether that changed it. Fails with a clause for a box outside.
pub(super) fn cut_box(sides: [f64; 4], size: &Size) -> Result<([f64; 4], bool), &'static str> {
    let [left, top, right, bottom] = sides;
    let cut = [left.max(0.0), top.max(0.0), right.min(size.width), bottom.min(size.height)];
    if cut[2] <= cut[0] || cut[3] <= cut[1] { Err(OUTSIDE) } else { Ok((cut, cut != sides)) }
}
