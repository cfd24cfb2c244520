//! Objects as elements of the list of annotations.

use super::document::write_attributes;
use super::pose::Role;
use super::spot::Spot;
use super::{Files, Task};
use crate::write::attributes::Attributes;
use crate::write::chosen::Predictions;
use crate::write::digits::write_whole;
use crate::write::elements::open_element;
use crate::write::marks::Mark;
use crate::write::picture::{Drawn, Geometry, SIMPLIFIED, write_numbers};
use crate::write::settled::Fate;
use crate::write::skeleton::NO_RULE;
use crate::write::{Entries, Numbers};
use labelport_model::annotation::{Annotation, Object, Shape};
use labelport_model::json::ObjectWriter;

/// How a point is marked that is there. Nothing that is stored says that one is hidden.
const SEEN: f64 = 2.0;

/// What an object is on a picture.
enum What {
    Region(Geometry),
    Point(f64, f64),
}

impl Files<'_> {
    /// Says why an object has no category.
    fn not_held(&self) -> &'static str {
        if self.skeletons.is_some() { NO_RULE } else { self.task.not_held() }
    }

    /// Returns the category of an object. Fails with a clause where it has none.
    pub(super) fn category_of(&self, annotation: &Annotation<'_>, object: &Object<'_>) -> Result<usize, &'static str> {
        let place = self.classes.place_of(annotation, object)?;
        if !self.list.is_drawn(place) {
            return Err(self.not_held());
        }
        // What is looked at first has no numbers yet.
        Ok(self.list.number(place).unwrap_or_default() + 1)
    }

    /// Writes an object, and returns what became of it. Fails with a clause that says why it is left out.
    pub(super) fn write_object(
        &self,
        annotation: &Annotation<'_>,
        object: &Object<'_>,
        (attributes, role): (&Attributes, Role),
        spot: &mut Spot<'_, '_>,
        numbers: &mut Numbers,
        entries: &mut Entries<'_>,
    ) -> Result<Fate, &'static str> {
        let category = self.category_of(annotation, object)?;
        let not_held = self.not_held();
        let shape = object.shape.as_ref().ok_or(not_held)?;
        let mut fate = Fate::KEPT;
        let drawn = match (self.task, shape) {
            (Task::Keypoints, shape) if self.skeletons.is_some() => {
                let drawn = Drawn::of(shape, self.pictures).ok_or(not_held)??;
                What::Region(Geometry::of(drawn, spot.size, self.only_runs)?)
            }
            (Task::Keypoints, Shape::Point(point)) => What::Point(point.x.get(), point.y.get()),
            (Task::Instances, shape) => {
                let drawn = Drawn::of(shape, self.pictures).ok_or(not_held)??;
                let mut geometry = Geometry::of(drawn, spot.size, self.only_runs)?;
                if geometry.simplify(self.simplify, spot.size) {
                    fate = Fate::reduced(SIMPLIFIED);
                }
                What::Region(geometry)
            }
            _ => return Err(not_held),
        };
        if matches!(drawn, What::Point(x, y) if !x.is_finite() || !y.is_finite()) {
            return Err("its place is not a number");
        }
        let number = numbers.take_annotation();
        if entries.is_survey {
            return Ok(fate);
        }
        let out = entries.stream(self.annotations_of(spot.row.part));
        open_element(out);
        let mut element = ObjectWriter::open(out);
        Mark::Annotation.write(number, element.key("id"));
        Mark::Picture.write(spot.picture, element.key("image_id"));
        write_whole(category as u64, element.key("category_id"));
        match &drawn {
            What::Region(geometry) => geometry.write(&mut element),
            What::Point(x, y) => {
                write_numbers([*x, *y, SEEN], element.key("keypoints"));
                element.raw("num_keypoints", b"1");
                write_numbers([*x, *y, 0.0, 0.0], element.key("bbox"));
                element.raw("area", b"0");
                element.raw("iscrowd", b"0");
            }
        }
        if let Role::Box(points) = role {
            element.raw("num_keypoints", points.iter().flatten().count().to_string().as_bytes());
            let numbers = points.iter().flat_map(|point| point.map_or([0.0; 3], |(x, y)| [x, y, SEEN]));
            write_numbers(numbers, element.key("keypoints"));
        }
        let feature_id = object.feature.id.as_ref();
        if spot.frame.is_some() {
            let key = annotation.place.key.map(str::to_owned);
            let key = key.or_else(|| feature_id.map(|id| id.get().into_owned())).unwrap_or_default();
            let next = spot.tracks.len() + 1;
            let track = spot.tracks.entry(key).or_insert(next);
            element.raw("track_id", track.to_string().as_bytes());
        }
        let confidence = object.scores.confidence.as_ref();
        if let Some(score) = confidence.filter(|_| self.rows.chooser.predictions == Predictions::WithScores) {
            element.raw("score", score.text().as_bytes());
        }
        if let Some(id) = feature_id {
            element.raw("feature_id", id.as_json().as_bytes());
        }
        write_attributes(attributes, &mut element);
        element.close();
        Ok(fate)
    }
}
