//! What the demo's labels are drawn with.
//!
//! A brush knows the ontology by name: the same name in the same project is the same feature. Its drift moves what it
//! draws, so that two people, or a model, do not draw the same thing twice.

use serde_json::{Value, json};

use super::super::ascii_json::milli;
use super::super::chance::{Chance, cuid_of};
use super::super::shape::{self, Answer, Feature};

/// Draws objects and classifications of one project.
pub(super) struct Brush {
    pub(super) ids: Chance,
    project: &'static str,
    drift_px: f64,
}

impl Brush {
    /// Returns a brush of a project; `path` names what is drawn and decides the feature ids.
    pub(super) fn new(project: &'static str, path: &str, drift_px: f64) -> Brush {
        // The path alone already gives the label its own id.
        Brush { ids: Chance::named(&format!("{path}/drawing")), project, drift_px }
    }

    /// Draws an object without classifications of its own.
    pub(super) fn object(&mut self, name: &str, kind: &str, geometry: Vec<(&str, Value)>) -> Value {
        self.object_with(name, kind, Vec::new(), geometry)
    }

    /// Draws an object.
    pub(super) fn object_with(
        &mut self,
        name: &str,
        kind: &str,
        classifications: Vec<Value>,
        geometry: Vec<(&str, Value)>,
    ) -> Value {
        let feature = self.feature(name, name);
        shape::object(&mut self.ids, &feature, kind, classifications, geometry)
    }

    /// Answers a question with one option.
    pub(super) fn radio(&mut self, question: &str, option: &str) -> Value {
        self.radio_with(question, option, Vec::new())
    }

    /// Answers a question with one option that raises further questions.
    pub(super) fn radio_with(&mut self, question: &str, option: &str, nested: Vec<Value>) -> Value {
        let answer = Answer::Radio(self.option(question, option, nested));
        self.answer(question, answer)
    }

    /// Answers a question with some options.
    pub(super) fn checklist(&mut self, question: &str, options: &[&str]) -> Value {
        let answer = self.checks(question, options);
        self.answer(question, answer)
    }

    /// Answers a question in free text.
    pub(super) fn text(&mut self, question: &str, content: &str) -> Value {
        self.answer(question, Answer::Text(content.to_owned()))
    }

    /// Answers a question about one message with an option.
    pub(super) fn message_radio(&mut self, message_id: &str, question: &str, option: &str) -> Value {
        let answer = Answer::Radio(self.option(question, option, Vec::new()));
        self.message_answer(message_id, question, answer)
    }

    /// Answers a question about one message with some options.
    pub(super) fn message_checklist(&mut self, message_id: &str, question: &str, options: &[&str]) -> Value {
        let answer = self.checks(question, options);
        self.message_answer(message_id, question, answer)
    }

    /// Answers a question about one message in free text.
    pub(super) fn message_text(&mut self, message_id: &str, question: &str, content: &str) -> Value {
        self.message_answer(message_id, question, Answer::Text(content.to_owned()))
    }

    /// Relates two objects.
    pub(super) fn relationship(&mut self, name: &str, kind: &str, source: &Value, target: &Value) -> Value {
        let feature = self.feature(name, name);
        shape::relationship(&mut self.ids, &feature, kind, source, target)
    }

    /// Returns a box with the brush's drift.
    pub(super) fn bounding_box(&self, top: f64, left: f64, height: f64, width: f64) -> Value {
        json!({
            "top": number(top + self.drift_px),
            "left": number(left + self.drift_px),
            "height": number(height),
            "width": number(width),
        })
    }

    /// Returns a point with the brush's drift.
    pub(super) fn point(&self, x: f64, y: f64) -> Value {
        json!({"x": number(x + self.drift_px), "y": number(y + self.drift_px)})
    }

    /// Returns points with the brush's drift.
    pub(super) fn points(&self, points: &[(f64, f64)]) -> Value {
        points.iter().map(|(x, y)| self.point(*x, *y)).collect()
    }

    /// Returns a mask that shares a picture with the other masks of its frame.
    pub(super) fn mask(&mut self, picture: &str, frame: u64) -> Value {
        let mut of_picture = Chance::named(&format!("{}/mask/{picture}", self.project));
        let (task, mask) = (of_picture.uuid(), of_picture.uuid());
        let color: Vec<u64> = (0..3).map(|_| self.ids.below(256)).collect();
        json!({
            "url": format!("https://labels.example.test/api/v1/tasks/{task}/masks/{mask}/index/{frame}"),
            "color_rgb": color,
        })
    }

    fn feature(&self, path: &str, name: &str) -> Feature {
        let value = name.to_lowercase().replace([' ', '-'], "_");
        let schema_id = cuid_of(&format!("{}/feature/{path}", self.project));
        Feature { schema_id, name: name.to_owned(), value }
    }

    fn option(&mut self, question: &str, option: &str, nested: Vec<Value>) -> Value {
        let feature = self.feature(&format!("{question}/{option}"), option);
        shape::option(&mut self.ids, &feature, nested)
    }

    fn checks(&mut self, question: &str, options: &[&str]) -> Answer {
        Answer::Checklist(options.iter().map(|option| self.option(question, option, Vec::new())).collect())
    }

    fn answer(&mut self, question: &str, answer: Answer) -> Value {
        let feature = self.feature(question, question);
        shape::classification(&mut self.ids, &feature, answer)
    }

    fn message_answer(&mut self, message_id: &str, question: &str, answer: Answer) -> Value {
        let feature = self.feature(question, question);
        shape::message_classification(&mut self.ids, &feature, message_id, answer)
    }
}

/// Returns a geometry number, rounded to three decimals.
pub(super) fn number(value: f64) -> Value {
    milli((value * 1000.0).round() as i64)
}
