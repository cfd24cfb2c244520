//! Annotations with their places, whatever they are.

use super::{Classification, Feature, Holder, Mark, Object, Place, for_each, for_each_item};
use crate::json::Document;

/// An annotation and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Annotation<'a> {
    /// Where it is.
    pub place: Place<'a>,
    /// What it is.
    pub body: Body<'a>,
    /// The text that was read.
    pub(super) stored: &'a str,
    /// Whether something in it was kept as it came that may hold annotations.
    pub(super) has_unread: bool,
}

/// What an annotation is.
#[derive(Debug, Clone, PartialEq)]
pub enum Body<'a> {
    /// Something drawn or pointed at, or a relation.
    Object(Object<'a>),
    /// An answer to a question about what the place says.
    Classification(Classification<'a>),
}

impl<'a> Annotation<'a> {
    /// Makes an annotation that was not stored yet.
    pub fn new(place: Place<'a>, body: Body<'a>) -> Self {
        Self { place, body, stored: "", has_unread: false }
    }

    /// Returns the feature that it is of.
    pub fn feature(&self) -> &Feature<'a> {
        match &self.body {
            Body::Object(object) => &object.feature,
            Body::Classification(classification) => &classification.feature,
        }
    }

    /// Returns the answers to questions about an object, none for a classification.
    pub fn answers(&self) -> &[Classification<'a>] {
        match &self.body {
            Body::Object(object) => object.classifications.as_ref().map_or(&[], |list| &list.items),
            Body::Classification(_) => &[],
        }
    }

    /// Returns whether the store counts the annotation itself, apart from those in it.
    fn is_counted(&self) -> bool {
        self.place.list != Holder::InnerList
    }

    /// Returns the text that was read; empty for an annotation that was not stored yet.
    pub fn stored(&self) -> &'a str {
        self.stored
    }

    /// Appends the annotation as it is stored.
    pub fn write(&self, out: &mut Vec<u8>) {
        match &self.body {
            Body::Object(object) => object.write(out),
            Body::Classification(classification) => classification.write(out),
        }
    }

    /// Calls `each` for this annotation and for every annotation in it, in the order in which they are stored.
    ///
    /// These are the annotations that the store counts: neither objects without a kind nor the items of an inner list.
    pub fn for_each_mark(&self, each: &mut dyn FnMut(Mark<'_>)) {
        if self.has_unread
            && let Ok(document) = Document::parse(self.stored.as_bytes())
        {
            match &self.body {
                Body::Classification(_) if self.is_counted() => for_each_item(document.root(), None, each),
                _ => for_each(document.root(), each),
            }
            return;
        }
        if let Body::Object(Object { feature, kind: Some(kind), .. }) = &self.body {
            each(Mark::of(feature, kind.escaped()));
        }
        let mut each_in = |classification: &Classification<'_>| {
            classification.for_each(&mut |answered| each(Mark::of(&answered.feature, answered.answer_key())));
        };
        match &self.body {
            Body::Object(_) => self.answers().iter().for_each(each_in),
            Body::Classification(classification) if self.is_counted() => each_in(classification),
            Body::Classification(classification) => classification.nested().for_each(each_in),
        }
    }

    /// Returns how many annotations were stored in this one where its type has no place for them: what a format that
    /// writes all that is typed still loses.
    pub fn count_unread(&self) -> u64 {
        if !self.has_unread {
            return 0;
        }
        let (mut stored, mut typed) = (0_u64, 0_u64);
        self.for_each_mark(&mut |_| stored += 1);
        let read = Self { has_unread: false, ..self.clone() };
        read.for_each_mark(&mut |_| typed += 1);
        stored.saturating_sub(typed)
    }
}
