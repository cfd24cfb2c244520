//! Annotations out of the text of a label, one by one.
//!
//! Reading takes two passes over the text, neither of which builds a tree. The first finds where objects with an
//! annotation kind begin, since such an object is an annotation wherever it is. The second walks through the
//! containers, keeps track of the place and reads each annotation.

use super::classification;
use super::cursor::Cursor;
use super::{Annotation, Body, Holder, Object, Place, ReadError};
use crate::json::string_end;

/// A part of the text of a label's annotations.
#[derive(Debug, Clone, PartialEq)]
pub enum Part<'a> {
    /// Containers, segments, key frames and whatever else is between annotations.
    Text(&'a str),
    /// An annotation.
    Annotation(Box<Annotation<'a>>),
}

/// Reads the annotations of a label from its stored JSON, in the order of the text.
///
/// Annotations inside others (answers about an object, questions to which an answer leads) are part of them. After an
/// error nothing more is yielded.
pub fn read(annotations: &str) -> Annotations<'_> {
    Annotations { parts: parts(annotations) }
}

/// Reads the annotations of one frame from its stored JSON, as [`read`] does those of a label.
pub fn read_frame(frame: &str, number: i64) -> Annotations<'_> {
    let place = Place { frame: Some(number), ..Place::default() };
    Annotations { parts: Parts::new(frame, Role::Frame, place) }
}

/// Reads the annotations of a label with the text between them.
pub fn parts(annotations: &str) -> Parts<'_> {
    Parts::new(annotations, Role::Root, Place::default())
}

/// Lists the members of a container or of another stored object, keys without quotes, values as JSON; none for a value
/// of another kind.
pub fn members(json: &str) -> Result<Vec<(&str, &str)>, ReadError> {
    Ok(Cursor::new(json).members()?.into_iter().map(|(key, _, value)| (key, value)).collect())
}

/// Writes the annotations of a label as they are stored, with the changes that `edit` makes.
///
/// # Errors
/// If the annotations are not JSON in normal form. What was appended until then is not complete.
pub fn rewrite(
    annotations: &str,
    out: &mut Vec<u8>,
    edit: &mut dyn FnMut(&mut Annotation<'_>),
) -> Result<(), ReadError> {
    for part in parts(annotations) {
        match part? {
            Part::Text(text) => out.extend_from_slice(text.as_bytes()),
            Part::Annotation(mut annotation) => {
                edit(&mut annotation);
                annotation.write(out);
            }
        }
    }
    Ok(())
}

/// The annotations of a label.
#[derive(Debug)]
pub struct Annotations<'a> {
    parts: Parts<'a>,
}

impl<'a> Iterator for Annotations<'a> {
    type Item = Result<Annotation<'a>, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.parts.next_annotation().transpose()
    }
}

/// The annotations of a label with the text between them.
#[derive(Debug)]
pub struct Parts<'a> {
    state: State<'a>,
    text: &'a str,
    /// Up to where the text was yielded.
    written: usize,
    /// An annotation whose preceding text was yielded.
    next: Option<Box<Annotation<'a>>>,
}

#[derive(Debug)]
enum State<'a> {
    New(Role, Place<'a>),
    Walking(Walk<'a>),
    Done,
}

impl<'a> Parts<'a> {
    fn new(text: &'a str, role: Role, place: Place<'a>) -> Self {
        Self { state: State::New(role, place), text, written: 0, next: None }
    }

    fn next_annotation(&mut self) -> Result<Option<Annotation<'a>>, ReadError> {
        if let State::New(role, place) = &mut self.state {
            let walk = Walk::new(self.text, *role, std::mem::take(place));
            // An error is the last thing that is yielded.
            self.state = State::Done;
            self.state = State::Walking(walk?);
        }
        let State::Walking(walk) = &mut self.state else { return Ok(None) };
        let found = walk.next();
        if !matches!(found, Ok(Some(_))) {
            self.state = State::Done;
        }
        found
    }
}

impl<'a> Iterator for Parts<'a> {
    type Item = Result<Part<'a>, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(annotation) = self.next.take() {
            return Some(Ok(Part::Annotation(annotation)));
        }
        let found = match self.next_annotation() {
            Ok(found) => found,
            Err(error) => {
                self.written = self.text.len();
                return Some(Err(error));
            }
        };
        let start = match (&found, &self.state) {
            (Some(annotation), State::Walking(walk)) => walk.cursor.at() - annotation.stored.len(),
            _ => self.text.len(),
        };
        let between = &self.text[self.written..start];
        self.written = start + found.as_ref().map_or(0, |annotation| annotation.stored.len());
        match found.map(Box::new) {
            Some(annotation) if between.is_empty() => Some(Ok(Part::Annotation(annotation))),
            Some(annotation) => {
                self.next = Some(annotation);
                Some(Ok(Part::Text(between)))
            }
            None => (!between.is_empty()).then_some(Ok(Part::Text(between))),
        }
    }
}

/// What a value is, judging by where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// The whole.
    Root,
    Objects,
    Object,
    Relationships,
    Relationship,
    Classifications,
    Classification,
    /// A list in a list of classifications.
    InnerList,
    InnerClassification,
    /// A list of classifications of something unknown.
    StrayClassifications,
    StrayClassification,
    Frames,
    Frame,
    Axes,
    Axis,
    Starts,
    Start,
    Unknown,
}

impl Role {
    /// Returns what the member of an object is. `is_array` says whether its value is one.
    fn of_member(self, key: &str, is_array: bool) -> Self {
        match (self, key) {
            (Self::Root | Self::Frame | Self::Axis | Self::Start, "classifications") if is_array => {
                Self::Classifications
            }
            (_, "classifications") if is_array => Self::StrayClassifications,
            (Self::Frames, _) => Self::Frame,
            (Self::Axes, _) => Self::Axis,
            (Self::Starts, _) => Self::Start,
            (Self::Objects, _) => Self::Object,
            (Self::Root | Self::Axis, "frames") => Self::Frames,
            (Self::Root, "groups") => Self::Axes,
            (Self::Root, "timestamp") => Self::Starts,
            (Self::Root | Self::Frame | Self::Axis | Self::Start, "objects") => Self::Objects,
            (Self::Root | Self::Frame | Self::Axis | Self::Start, "relationships") => Self::Relationships,
            _ => Self::Unknown,
        }
    }

    /// Returns what the element of an array is.
    fn of_element(self) -> Self {
        match self {
            Self::Objects => Self::Object,
            Self::Relationships => Self::Relationship,
            Self::Classifications => Self::Classification,
            Self::StrayClassifications => Self::StrayClassification,
            Self::InnerList => Self::InnerClassification,
            _ => Self::Unknown,
        }
    }

    /// Returns what an array is where something of this role is expected.
    fn as_array(self) -> Self {
        match self {
            Self::Classification | Self::InnerClassification => Self::InnerList,
            other => other,
        }
    }

    /// Returns what reads an object that is an annotation because of where it is.
    fn expected(self) -> Option<Kind> {
        match self {
            Self::Object | Self::Relationship => Some(Kind::Object),
            Self::Classification | Self::StrayClassification | Self::InnerClassification => Some(Kind::Classification),
            _ => None,
        }
    }

    fn holder(self) -> Holder {
        match self {
            Self::Object => Holder::Objects,
            Self::Relationship => Holder::Relationships,
            Self::Classification => Holder::Classifications,
            Self::InnerClassification => Holder::InnerList,
            _ => Holder::Unknown,
        }
    }
}

/// What reads an annotation.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Object,
    Classification,
}

#[derive(Debug, Clone, Copy)]
struct Container {
    role: Role,
    is_object: bool,
}

/// What comes next in the text.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// A value.
    Value(Role),
    /// A key of the innermost container.
    Key,
    /// A comma or the end of the innermost container.
    CommaOrEnd,
}

/// A walk through the containers.
#[derive(Debug)]
struct Walk<'a> {
    cursor: Cursor<'a>,
    /// Where objects with an annotation kind begin, descending.
    object_starts: Vec<usize>,
    /// The containers that are open, outermost first.
    open: Vec<Container>,
    step: Step,
    place: Place<'a>,
}

impl<'a> Walk<'a> {
    fn new(text: &'a str, role: Role, place: Place<'a>) -> Result<Self, ReadError> {
        Ok(Self {
            cursor: Cursor::new(text),
            object_starts: object_starts(text)?,
            open: Vec::new(),
            step: Step::Value(role),
            place,
        })
    }

    fn next(&mut self) -> Result<Option<Annotation<'a>>, ReadError> {
        loop {
            match self.step {
                Step::Value(role) => {
                    if let Some(found) = self.value(role)? {
                        return Ok(Some(found));
                    }
                }
                Step::Key => self.key()?,
                Step::CommaOrEnd => {
                    let Some(container) = self.open.last().copied() else {
                        self.cursor.finish()?;
                        return Ok(None);
                    };
                    if self.cursor.take(b',') {
                        self.step =
                            if container.is_object { Step::Key } else { Step::Value(container.role.of_element()) };
                    } else {
                        self.close(container)?;
                    }
                }
            }
        }
    }

    /// Takes an annotation or a scalar whole, or opens a container.
    fn value(&mut self, role: Role) -> Result<Option<Annotation<'a>>, ReadError> {
        let is_object = self.cursor.peek() == b'{';
        if is_object {
            let kind = if self.has_annotation_kind() { Some(Kind::Object) } else { role.expected() };
            if let Some(kind) = kind {
                return self.annotation(role, kind).map(Some);
            }
        }
        if !is_object && self.cursor.peek() != b'[' {
            self.cursor.skip()?;
            self.step = Step::CommaOrEnd;
            return Ok(None);
        }
        self.cursor.take(self.cursor.peek());
        let role = if is_object { role } else { role.as_array() };
        let container = Container { role, is_object };
        self.open.push(container);
        if self.cursor.peek() == if is_object { b'}' } else { b']' } {
            self.close(container)?;
        } else {
            self.step = if is_object { Step::Key } else { Step::Value(role.of_element()) };
        }
        Ok(None)
    }

    fn annotation(&mut self, role: Role, kind: Kind) -> Result<Annotation<'a>, ReadError> {
        let start = self.cursor.at();
        self.cursor.has_unread = false;
        let body = match kind {
            Kind::Object => Object::read(&mut self.cursor)?.map(Body::Object),
            Kind::Classification => classification::read(&mut self.cursor)?.map(Body::Classification),
        };
        let body = body.ok_or_else(|| self.cursor.error())?;
        self.step = Step::CommaOrEnd;
        let place = Place { list: role.holder(), ..self.place.clone() };
        let (stored, has_unread) = (self.cursor.since(start), self.cursor.has_unread);
        Ok(Annotation { place, body, stored, has_unread })
    }

    fn key(&mut self) -> Result<(), ReadError> {
        let Some(container) = self.open.last() else { return Err(self.cursor.error()) };
        let key = self.cursor.key()?;
        let role = container.role.of_member(key, self.cursor.peek() == b'[');
        match role {
            Role::Frame => self.place.frame = key.parse().ok(),
            Role::Axis => self.place.axis = Some(key),
            Role::Start => self.place.start_ms = key.parse().ok(),
            Role::Object => self.place.key = Some(key),
            _ => {}
        }
        self.step = Step::Value(role);
        Ok(())
    }

    fn close(&mut self, container: Container) -> Result<(), ReadError> {
        self.cursor.expect(if container.is_object { b'}' } else { b']' })?;
        self.open.pop();
        match container.role {
            Role::Frames => self.place.frame = None,
            Role::Axes => self.place.axis = None,
            Role::Starts => self.place.start_ms = None,
            Role::Objects => self.place.key = None,
            _ => {}
        }
        self.step = Step::CommaOrEnd;
        Ok(())
    }

    /// Returns whether the object that comes next has an annotation kind.
    fn has_annotation_kind(&mut self) -> bool {
        let at = self.cursor.at();
        while self.object_starts.last().is_some_and(|start| *start < at) {
            self.object_starts.pop();
        }
        self.object_starts.last() == Some(&at)
    }
}

/// Finds where objects with an annotation kind begin, in descending order.
fn object_starts(text: &str) -> Result<Vec<usize>, ReadError> {
    const KEY: &[u8] = b"\"annotation_kind\":";
    let bytes = text.as_bytes();
    let mut open = Vec::with_capacity(16);
    let mut starts: Vec<usize> = Vec::with_capacity(16);
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                if bytes[at..].starts_with(KEY) {
                    starts.extend(open.last());
                }
                at = string_end(bytes, at).ok_or(ReadError { offset: bytes.len() })?;
                continue;
            }
            b'{' | b'[' => open.push(at),
            b'}' | b']' => drop(open.pop()),
            _ => {}
        }
        at += 1;
    }
    starts.sort_unstable_by(|one, other| other.cmp(one));
    starts.dedup();
    Ok(starts)
}
