//! What became of each annotation, counted by class and written line by line.

use super::{About, Class, Entries};
use labelport_model::annotation::{Annotation, Body, Holder, Mark, Object, Text};
use labelport_model::data_type::Form;
use labelport_model::json::{ObjectWriter, unquote};
use labelport_model::losses::{KINDLESS, Outcome};
use std::collections::HashMap;

/// The stream of a package that names each annotation that is not in it as it is stored.
pub const LOSSES: &str = "losses.ndjson";

/// Why answers are left out of formats that hold shapes alone.
pub(super) const NO_ANSWERS: &str = "the format has no place for answers";

/// Why an object without a kind is left out.
const NO_KIND: &str = "it has no annotation kind";
/// Why an annotation of an unknown feature is left out.
pub(super) const NO_CLASS: &str = "its class is not known";

/// Why something inside an annotation is left out of formats that hold what is known.
const UNREAD: &str = "it is inside another annotation, in a form that is not known";

/// What became of an annotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fate {
    pub(super) outcome: Outcome,
    /// Why, or how, as a clause; empty for what was kept.
    pub(super) reason: &'static str,
}

impl Fate {
    pub(super) const KEPT: Self = Self { outcome: Outcome::Kept, reason: "" };

    pub(super) fn reduced(reason: &'static str) -> Self {
        Self { outcome: Outcome::Reduced, reason }
    }

    pub(super) fn left_out(reason: &'static str) -> Self {
        Self { outcome: Outcome::LeftOut, reason }
    }
}

/// The places of classes by schema id, in a map that is fast: it is asked several times for each annotation.
type Places<'a> = HashMap<&'a str, Vec<u32>, foldhash::quality::RandomState>;

/// Finds the class of an annotation.
pub(super) struct Classes<'a> {
    classes: &'a [Class],
    places: Places<'a>,
}

impl<'a> Classes<'a> {
    pub(super) fn of(about: &'a About<'a>) -> Self {
        let mut places = Places::default();
        for class in about.classes {
            places.entry(&class.schema_id).or_default().push(class.index);
        }
        Self { classes: about.classes, places }
    }

    /// Returns the place of a class among those of the export.
    pub(super) fn find(&self, mark: &Mark<'_>) -> Option<u32> {
        let places = self.places.get(mark.schema_id)?;
        let is_it = |place: &&u32| {
            let class = &self.classes[**place as usize];
            class.kind == mark.kind && (class.name == mark.name || class.name == unescaped(mark.name))
        };
        places.iter().find(is_it).copied()
    }

    /// Returns what annotations of a class draw; nothing for answers.
    pub(super) fn form(&self, place: u32) -> Option<Form> {
        self.classes.get(place as usize).and_then(|class| class.form)
    }

    /// Returns the place of an object's class. Fails with a clause for an object of no class.
    pub(super) fn place_of(&self, annotation: &Annotation<'_>, object: &Object<'_>) -> Result<u32, &'static str> {
        if object.kind.is_none() {
            return Err(NO_KIND);
        }
        self.of_object(annotation).ok_or(NO_CLASS)
    }

    /// Returns a class by its place.
    pub(super) fn class(&self, place: u32) -> Option<&Class> {
        self.classes.get(place as usize)
    }

    /// Returns the place of the class of what an annotation is.
    pub(super) fn of_object(&self, annotation: &Annotation<'_>) -> Option<u32> {
        // The first annotation that is counted is the object itself.
        let mut found = None;
        annotation.for_each_mark(&mut |mark| {
            found.get_or_insert_with(|| self.find(&mark));
        });
        found.flatten()
    }
}

fn unescaped(inner: &str) -> String {
    unquote(&format!("\"{inner}\"")).into_owned()
}

/// Where an annotation stands.
pub(super) struct Origin<'a> {
    pub(super) data_row_id: &'a str,
    pub(super) label_id: &'a str,
}

/// Settles an annotation and all that are in it: an object by its fate, answers as left out, and everything as left out
/// where the fate has that for all.
pub(super) fn settle(
    annotation: &Annotation<'_>,
    fate: Fate,
    origin: &Origin<'_>,
    classes: &Classes<'_>,
    target: (usize, &mut Entries<'_>),
) {
    settle_each(annotation, fate, &mut std::iter::repeat(Fate::left_out(NO_ANSWERS)), origin, classes, target);
}

/// Settles an annotation and all that are in it: an object by its fate, answers by fates of their own in the order in which
/// they are counted, and everything as left out where the fate has that for all.
pub(super) fn settle_each(
    annotation: &Annotation<'_>,
    fate: Fate,
    answers: &mut dyn Iterator<Item = Fate>,
    origin: &Origin<'_>,
    classes: &Classes<'_>,
    (stream, entries): (usize, &mut Entries<'_>),
) {
    let is_object = matches!(&annotation.body, Body::Object(object) if object.kind.is_some());
    let id = annotation.feature().id.as_ref().map(Text::as_json);
    if !is_object && matches!(annotation.body, Body::Object(_)) {
        Settled::kindless(id).write(Fate::left_out(NO_KIND), origin, (stream, entries));
    }
    if annotation.place.list == Holder::InnerList {
        // The store does not count an answer in such a list, but those to which it leads.
        answers.next();
    }
    let mut is_first = is_object;
    annotation.for_each_mark(&mut |mark| {
        let fate = match (std::mem::take(&mut is_first), fate.outcome) {
            (true, _) | (_, Outcome::LeftOut) => fate,
            _ => answers.next().unwrap_or(Fate::left_out(UNREAD)),
        };
        let settled = Settled { id, place: classes.find(&mark), kind: mark.kind, name: mark.name };
        settled.write(fate, origin, (stream, entries));
    });
}

/// What is settled: one of the annotations that are counted.
struct Settled<'s> {
    /// The feature id of the annotation that holds it, as JSON.
    id: Option<&'s str>,
    place: Option<u32>,
    kind: &'s str,
    /// The inside of a JSON string.
    name: &'s str,
}

impl<'s> Settled<'s> {
    fn kindless(id: Option<&'s str>) -> Self {
        Self { id, place: None, kind: KINDLESS, name: "" }
    }

    fn write(&self, fate: Fate, origin: &Origin<'_>, (stream, entries): (usize, &mut Entries<'_>)) {
        match self.place {
            Some(place) => entries.losses.settle(place, fate.outcome, fate.reason),
            // Every feature of a stored annotation is known; one that is not is counted all the same.
            None => entries.losses.add(self.kind, fate.outcome, fate.reason, 1),
        }
        if fate.outcome == Outcome::Kept || entries.is_survey {
            return;
        }
        let out = &mut entries.streams[stream];
        let mut line = ObjectWriter::open(out);
        line.text("data_row_id", origin.data_row_id);
        line.text("label_id", origin.label_id);
        if let Some(id) = self.id {
            line.raw("feature_id", id.as_bytes());
        }
        line.text("kind", self.kind);
        line.raw("name", format!("\"{}\"", self.name).as_bytes());
        line.text("outcome", fate.outcome.word());
        line.text("reason", fate.reason);
        line.close();
        out.push(b'\n');
    }
}

/// An object that is settled once others have been seen: those that cover it.
pub(super) struct Pending {
    id: Option<String>,
    /// The object itself, if it is counted, then the answers about it: place, kind and name.
    marks: Vec<(Option<u32>, String, String)>,
    is_counted: bool,
}

impl Pending {
    pub(super) fn of(annotation: &Annotation<'_>, classes: &Classes<'_>) -> Self {
        let mut marks = Vec::new();
        annotation.for_each_mark(&mut |mark| {
            marks.push((classes.find(&mark), mark.kind.to_owned(), mark.name.to_owned()));
        });
        let id = annotation.feature().id.as_ref().map(|id| id.as_json().to_owned());
        let is_counted = matches!(&annotation.body, Body::Object(object) if object.kind.is_some());
        Self { id, marks, is_counted }
    }

    /// Returns the feature id; empty for an object without one.
    pub(super) fn feature_id(&self) -> String {
        self.id.as_deref().map(|id| unquote(id).into_owned()).unwrap_or_default()
    }

    /// Settles the object by its fate, and the answers about it as left out.
    pub(super) fn settle(&self, fate: Fate, origin: &Origin<'_>, (stream, entries): (usize, &mut Entries<'_>)) {
        if !self.is_counted {
            Settled::kindless(self.id.as_deref()).write(Fate::left_out(NO_KIND), origin, (stream, &mut *entries));
        }
        for (index, (place, kind, name)) in self.marks.iter().enumerate() {
            let is_object = index == 0 && self.is_counted;
            let of_answer = if fate.outcome == Outcome::LeftOut { fate } else { Fate::left_out(NO_ANSWERS) };
            let settled = Settled { id: self.id.as_deref(), place: *place, kind, name };
            settled.write(if is_object { fate } else { of_answer }, origin, (stream, &mut *entries));
        }
    }
}
