//! The context in which the lines of a data row are read: the row, its texts and the world.

use super::error::{Fault, LineProblem};
use super::line::find;
use super::{Ontology, Purpose, Subject, World};
use labelport_model::data_type::{AnnotationKind, Container, DataType, Form};
use labelport_model::json::{Document, Value};
use labelport_model::quote::Quoted;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// The context of a line.
pub(super) struct Scene<'a> {
    pub(super) ontology: &'a Ontology,
    pub(super) data_type: &'static DataType,
    pub(super) purpose: Purpose,
    pub(super) world: &'a mut dyn World,
    pub(super) text: Option<Text<'a>>,
    pub(super) text_layer: Option<TextLayer>,
    /// The messages that can be annotated, where the media attributes list them.
    messages: Option<BTreeSet<String>>,
    /// The picture fetched last: lines with the same picture often follow each other.
    fetched: Option<(String, Rc<Vec<u8>>)>,
}

impl<'a> Scene<'a> {
    pub(super) fn new(
        ontology: &'a Ontology,
        subject: &Subject<'a>,
        data_type: &'static DataType,
        purpose: Purpose,
        world: &'a mut dyn World,
    ) -> Self {
        Self {
            ontology,
            data_type,
            purpose,
            world,
            text: subject.text.map(Text::new),
            text_layer: subject.text_layer.and_then(TextLayer::parse),
            messages: subject.media.and_then(message_ids),
            fetched: None,
        }
    }

    /// Finds the annotation kind of the data type that has a form.
    pub(super) fn kind(&self, form: Form) -> Option<&'static AnnotationKind> {
        self.data_type.kinds.iter().find(|kind| kind.form == form)
    }

    /// Returns the first frame or millisecond of the data, or `None` if answers are about the whole row.
    pub(super) fn first_moment(&self) -> Option<i64> {
        match self.data_type.container {
            Container::Frames => Some(1),
            Container::Stamps => Some(0),
            Container::Groups | Container::Lists => None,
        }
    }

    /// Fails if the data are known to have no such message.
    pub(super) fn check_message(&self, at: Value<'_>, message: &str) -> Result<(), Fault> {
        match &self.messages {
            Some(known) if !known.contains(message) => {
                let at = find(at, "messageId").unwrap_or(at);
                Err(Fault::at(at, LineProblem::MessageUnknown(Quoted::new(message))))
            }
            _ => Ok(()),
        }
    }

    /// Returns the bytes at a URL.
    pub(super) fn fetch(&mut self, url: &str) -> Result<Rc<Vec<u8>>, String> {
        if let Some((known, bytes)) = &self.fetched
            && known == url
        {
            return Ok(Rc::clone(bytes));
        }
        let bytes = Rc::new(self.world.fetch(url)?);
        self.fetched = Some((url.to_owned(), Rc::clone(&bytes)));
        Ok(bytes)
    }

    /// Returns the size in points of the page with the number that a box has.
    pub(super) fn page_size(&self, page: i64) -> Option<PageSize> {
        self.text_layer.as_ref()?.page_size(page)
    }
}

fn message_ids(media: &str) -> Option<BTreeSet<String>> {
    let document = Document::parse(media.as_bytes()).ok()?;
    let ids = find(document.root(), "labelable_ids")?;
    let ids: BTreeSet<String> = ids.elements().filter_map(Value::as_text).map(Into::into).collect();
    (!ids.is_empty()).then_some(ids)
}

/// A text with the offsets of its characters.
pub(super) struct Text<'a> {
    text: &'a str,
    /// Where each character begins; `None` if every character is one byte.
    starts: Option<Vec<usize>>,
}

impl<'a> Text<'a> {
    fn new(text: &'a str) -> Self {
        let starts = (!text.is_ascii()).then(|| text.char_indices().map(|(start, _)| start).collect());
        Self { text, starts }
    }

    /// Returns the number of characters.
    pub(super) fn length(&self) -> usize {
        self.starts.as_ref().map_or(self.text.len(), Vec::len)
    }

    /// Returns the characters from `start` to before `end`, or `None` if they are beyond the text.
    pub(super) fn slice(&self, start: u64, end: u64) -> Option<&'a str> {
        let (start, end) = (usize::try_from(start).ok()?, usize::try_from(end).ok()?);
        if end > self.length() {
            return None;
        }
        match &self.starts {
            None => self.text.get(start..end),
            Some(starts) => {
                let until = starts.get(end).copied().unwrap_or(self.text.len());
                self.text.get(*starts.get(start)?..until)
            }
        }
    }
}

/// The words of a document.
pub(super) struct TextLayer {
    /// The words of each token, by group.
    groups: BTreeMap<String, BTreeMap<String, String>>,
    pages: Vec<(Option<i64>, Option<PageSize>)>,
}

/// The size of a page in points.
#[derive(Debug, Clone, Copy)]
pub(super) struct PageSize {
    pub(super) height: f64,
    pub(super) width: f64,
}

impl TextLayer {
    /// Reads a list of pages; `None` if it is not a text layer.
    fn parse(json: &str) -> Option<Self> {
        let document = Document::parse(json.as_bytes()).ok()?;
        let mut layer = Self { groups: BTreeMap::new(), pages: Vec::new() };
        let text = |value: Value<'_>, key: &str| find(value, key).and_then(Value::as_text).map(String::from);
        for page in document.root().elements() {
            let side = |key: &str| find(page, key)?.as_f64().filter(|side| side.is_finite());
            let size = side("height").zip(side("width")).map(|(height, width)| PageSize { height, width });
            layer.pages.push((find(page, "number").and_then(Value::as_i64), size));
            for group in find(page, "groups").into_iter().flat_map(Value::elements) {
                let Some(id) = text(group, "id") else { continue };
                let tokens = find(group, "tokens").into_iter().flat_map(Value::elements);
                let words = tokens.filter_map(|token| Some((text(token, "id")?, text(token, "content")?)));
                layer.groups.entry(id).or_default().extend(words);
            }
        }
        (!layer.pages.is_empty()).then_some(layer)
    }

    /// Finds the words of a group by the ids of its tokens.
    pub(super) fn group(&self, id: &str) -> Option<&BTreeMap<String, String>> {
        self.groups.get(id)
    }

    /// Pages of boxes count from 0, those of a text layer from 1 where they have numbers.
    fn page_size(&self, page: i64) -> Option<PageSize> {
        let number = page.checked_add(1)?;
        let numbered = self.pages.iter().find(|(given, _)| *given == Some(number));
        let placed = || self.pages.get(usize::try_from(page).ok()?);
        // A document of one page is the same whichever number it has.
        let only = || self.pages.first().filter(|_| self.pages.len() == 1);
        numbered.or_else(placed).or_else(only)?.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_by_characters() {
        #[track_caller]
        fn check(text: &str, start: u64, end: u64, expect: Option<&str>) {
            assert_eq!(Text::new(text).slice(start, end), expect);
        }
        check("pier 4", 0, 4, Some("pier"));
        check("pier 4", 5, 6, Some("4"));
        check("pier 4", 5, 7, None);
        check("caf\u{e9} \u{1f6a2}!", 3, 6, Some("\u{e9} \u{1f6a2}"));
        check("caf\u{e9} \u{1f6a2}!", 5, 7, Some("\u{1f6a2}!"));
        check("caf\u{e9} \u{1f6a2}!", 5, 8, None);
        check("", 0, 1, None);
        check("a", 0, u64::MAX, None);
    }
}
