//! What random annotations are drawn with.
//!
//! An ontology is endless and never stored: the path of a feature decides its id, its name and its value, so the same
//! schema id always means the same thing. Siblings differ in the last part of their path, which ends their names.

use serde_json::{Value, json};

use super::super::ascii_json::milli;
use super::super::chance::{Chance, cuid_of};
use super::super::clip::Segment;
use super::super::shape::{self, Answer, Feature};
use super::words;

/// The geometry keys of an object, in order.
pub(super) type Geometry = Vec<(&'static str, Value)>;

/// Draws one label.
pub(super) struct Pen {
    pub(super) chance: Chance,
    ontology: String,
    masks: bool,
}

impl Pen {
    /// Returns a pen for a label of an ontology.
    pub(super) fn new(seed: u64, ontology: &str, masks: bool) -> Pen {
        Pen { chance: Chance::new(seed), ontology: ontology.to_owned(), masks }
    }

    /// Returns up to that many objects, each of one of the kinds, with the geometry that `draw` gives the kind.
    pub(super) fn objects(
        &mut self,
        kinds: &[&str],
        most: u64,
        draw: &dyn Fn(&mut Pen, &str) -> Geometry,
    ) -> Vec<Value> {
        let mut objects = Vec::new();
        for _ in 0..self.chance.below(most + 1) {
            if let Some((kind, tool, classifications)) = self.tool(kinds) {
                let geometry = draw(self, &kind);
                objects.push(shape::object(&mut self.chance, &tool, &kind, classifications, geometry));
            }
        }
        objects
    }

    /// Returns the states of one object at those key frames; all share its feature and its classifications.
    pub(super) fn track(
        &mut self,
        kinds: &[&str],
        key_frames: &[u64],
        draw: &dyn Fn(&mut Pen, &str, u64) -> Geometry,
    ) -> Vec<(u64, Value)> {
        let Some((kind, tool, classifications)) = self.tool(kinds) else {
            return Vec::new();
        };
        let mut states = Vec::new();
        for frame in key_frames {
            let geometry = draw(self, &kind, *frame);
            states.push((*frame, shape::object(&mut self.chance, &tool, &kind, classifications.clone(), geometry)));
        }
        states
    }

    /// Returns relationships of a kind between some of the objects.
    pub(super) fn relationships(&mut self, kind: &str, objects: &[Value]) -> Vec<Value> {
        let mut relationships = Vec::new();
        for pair in objects.windows(2) {
            if self.chance.happens(40) {
                let number = self.chance.below(2);
                let feature = self.feature(&format!("relationship/r{number}"));
                relationships.push(shape::relationship(&mut self.chance, &feature, kind, &pair[0], &pair[1]));
            }
        }
        relationships
    }

    /// Returns up to three classifications of the row, a frame or an object, with nested ones to random depth.
    pub(super) fn classifications(&mut self, scope: &str) -> Vec<Value> {
        self.questions(scope, 0)
    }

    /// Returns one classification answered with one or more options, as segments need.
    pub(super) fn choice(&mut self, scope: &str) -> Value {
        let number = self.chance.below(2);
        self.question(&format!("{scope}/q{number}"), number, DEEPEST)
    }

    /// Returns one classification answered in free text.
    pub(super) fn text(&mut self, scope: &str) -> Value {
        self.question(&format!("{scope}/q2"), 2, DEEPEST)
    }

    /// Returns up to three classifications of one message.
    pub(super) fn message_classifications(&mut self, message_id: &str) -> Vec<Value> {
        let mut classifications = Vec::new();
        for number in 0..3 {
            if self.chance.happens(40) {
                let path = format!("message/q{number}");
                let (feature, answer) = self.answered(&path, number, DEEPEST);
                let made = shape::message_classification(&mut self.chance, &feature, message_id, answer);
                classifications.push(made);
            }
        }
        classifications
    }

    /// Returns a number below the limit, with at most three decimals.
    pub(super) fn number(&mut self, limit: u64) -> Value {
        // Whole numbers are as common as fractions, and their fraction must show too.
        let thousandths = self.chance.below(limit * 1000);
        milli(if self.chance.happens(50) { thousandths / 1000 * 1000 } else { thousandths } as i64)
    }

    /// Returns a box within a frame of that size.
    pub(super) fn bounding_box(&mut self, height: u64, width: u64) -> Value {
        let (top, box_height) = self.interval(height);
        let (left, box_width) = self.interval(width);
        json!({"top": milli(top), "left": milli(left), "height": milli(box_height), "width": milli(box_width)})
    }

    /// Returns a point within a frame of that size.
    pub(super) fn point(&mut self, height: u64, width: u64) -> Value {
        json!({"x": self.number(width), "y": self.number(height)})
    }

    /// Returns two to seven points.
    pub(super) fn line(&mut self, height: u64, width: u64) -> Value {
        (0..self.chance.between(2, 7)).map(|_| self.point(height, width)).collect()
    }

    /// Returns three to six points, then the first again.
    pub(super) fn polygon(&mut self, height: u64, width: u64) -> Value {
        let mut points: Vec<Value> = (0..self.chance.between(3, 6)).map(|_| self.point(height, width)).collect();
        points.push(points[0].clone());
        points.into()
    }

    /// Returns the mask of a frame.
    pub(super) fn mask(&mut self, frame: u64) -> Value {
        let (task, mask) = (self.chance.uuid(), self.chance.uuid());
        let color: Vec<u64> = (0..3).map(|_| self.chance.below(256)).collect();
        json!({
            "url": format!("https://labels.example.test/api/v1/tasks/{task}/masks/{mask}/index/{frame}"),
            "color_rgb": color,
        })
    }

    /// Returns one or two segments within that many frames and key frames in them, their ends included.
    pub(super) fn segments(&mut self, frame_count: u64) -> (Vec<Segment>, Vec<u64>) {
        let middle = frame_count / 2;
        let mut segments = Vec::new();
        for (low, high) in [(1, middle), (middle + 1, frame_count)] {
            if low <= high && (segments.is_empty() || self.chance.happens(40)) {
                let first = self.chance.between(low, high);
                segments.push((first, self.chance.between(first, high)));
            }
        }
        let mut key_frames = Vec::new();
        for (first, last) in &segments {
            key_frames.push(*first);
            if last - first > 1 && self.chance.happens(50) {
                key_frames.push(self.chance.between(first + 1, last - 1));
            }
            if last > first {
                key_frames.push(*last);
            }
        }
        (segments, key_frames)
    }

    /// Returns one of the kinds, one of its tools and the classifications of an object drawn with it.
    fn tool(&mut self, kinds: &[&str]) -> Option<(String, Feature, Vec<Value>)> {
        let kinds: Vec<&str> = kinds.iter().copied().filter(|kind| self.masks || !kind.contains("Mask")).collect();
        let kind = (*self.chance.pick(&kinds)?).to_owned();
        let path = format!("tool/{kind}-{}", self.chance.below(3));
        let classifications = if self.chance.happens(30) { self.questions(&path, 0) } else { Vec::new() };
        Some((kind, self.feature(&path), classifications))
    }

    fn questions(&mut self, scope: &str, depth: u64) -> Vec<Value> {
        let mut classifications = Vec::new();
        for number in 0..3 {
            // Fewer than one question for each option on average, so that trees end by themselves.
            if self.chance.happens(30) {
                classifications.push(self.question(&format!("{scope}/q{number}"), number, depth));
            }
        }
        classifications
    }

    fn question(&mut self, path: &str, number: u64, depth: u64) -> Value {
        let (feature, answer) = self.answered(path, number, depth);
        shape::classification(&mut self.chance, &feature, answer)
    }

    /// Returns a question and its answer; the question's number decides what kind of answer it takes.
    fn answered(&mut self, path: &str, number: u64, depth: u64) -> (Feature, Answer) {
        let feature = self.feature(path);
        let answer = match number {
            0 => {
                let option = self.chance.below(3);
                Answer::Radio(self.option(path, option, depth))
            }
            1 => {
                let mut options: Vec<u64> = (0..3).filter(|_| self.chance.happens(50)).collect();
                if options.is_empty() {
                    options.push(1);
                }
                Answer::Checklist(options.into_iter().map(|option| self.option(path, option, depth)).collect())
            }
            _ => Answer::Text(words::content(&mut self.chance, 40)),
        };
        (feature, answer)
    }

    fn option(&mut self, question: &str, number: u64, depth: u64) -> Value {
        let path = format!("{question}/o{number}");
        let nested =
            if depth < DEEPEST && self.chance.happens(40) { self.questions(&path, depth + 1) } else { Vec::new() };
        let feature = self.feature(&path);
        shape::option(&mut self.chance, &feature, nested)
    }

    fn feature(&self, path: &str) -> Feature {
        let path = format!("{}/feature/{path}", self.ontology);
        let mut chance = Chance::named(&path);
        let last = path.rsplit('/').next().unwrap_or_default();
        let name = format!("{} {last}", words::name(&mut chance));
        // Sometimes an ontology was edited, and the value is still from the old name.
        let value = if chance.happens(80) { name.to_lowercase().replace(' ', "_") } else { format!("old_{last}") };
        Feature { schema_id: cuid_of(&format!("{path}/schema")), name, value }
    }

    /// Returns start and length within a range of whole units, in thousandths.
    fn interval(&mut self, limit: u64) -> (i64, i64) {
        let start = self.chance.below(limit * 1000);
        let length = self.chance.between(1, limit * 1000 - start);
        (start as i64, length as i64)
    }
}

/// How deep classifications nest at most.
const DEEPEST: u64 = 4;
