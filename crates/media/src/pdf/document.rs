//! A document: its objects by number, its pages in order.

use super::object::{Dictionary, Object, Scanner, is_space};
use super::{Budget, filter};
use crate::numbers::between;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

/// How many references are followed to an object that is none.
const HOP_LIMIT: usize = 16;
/// How deep the tree of pages may be.
const TREE_LIMIT: usize = 64;
/// The most pages that are read.
const PAGE_LIMIT: usize = 100_000;
/// The most objects that are remembered.
const OBJECT_LIMIT: usize = 2_000_000;
/// The most bytes that objects are read from, those that are read again included.
const READ_LIMIT: usize = 400 << 20;

/// Where an object stands.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// The offset after the word `obj` in the file.
    File(usize),
    /// In one of the streams of objects.
    Stream { index: usize, at: usize },
}

/// The objects of a document.
#[derive(Debug)]
pub(super) struct Document<'a> {
    bytes: &'a [u8],
    places: BTreeMap<u32, Place>,
    /// Where the word `endstream` stands, in order.
    ends: Vec<usize>,
    /// How many bytes objects may still be read from.
    left: Cell<usize>,
    /// Streams that hold objects, unpacked.
    streams: Vec<Vec<u8>>,
    root: Option<Object>,
    is_encrypted: bool,
}

/// A page and what it has from the tree above it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page {
    /// The number of its object.
    number: u32,
    /// The number of the object that has its resources, itself or one above it.
    resources: Option<u32>,
    /// Left, bottom, right, top.
    pub(super) media_box: [f64; 4],
    /// How far it is turned clockwise, in quarters.
    pub(super) quarters: u8,
}

impl<'a> Document<'a> {
    /// Finds the objects of a document.
    pub(super) fn read(bytes: &'a [u8], budget: &mut Budget) -> Self {
        let mut document = Self {
            bytes,
            places: BTreeMap::new(),
            ends: Vec::new(),
            left: Cell::new(READ_LIMIT),
            streams: Vec::new(),
            root: None,
            is_encrypted: false,
        };
        let landmarks = landmarks(bytes, &mut document.ends);
        // First the objects in the file, since what packs a stream may itself be one of them.
        for landmark in &landmarks {
            match *landmark {
                Landmark::Object { number, at } => {
                    document.places.insert(number, Place::File(at));
                }
                Landmark::Trailer { at } => {
                    if let Some(Object::Dictionary(trailer)) = Scanner::new(bytes, at).next() {
                        document.note_trailer(&trailer);
                    }
                }
            }
        }
        for landmark in &landmarks {
            let Landmark::Object { number, at } = *landmark else { continue };
            document.note_stream(number, at, budget);
        }
        document
    }

    fn note_trailer(&mut self, trailer: &Dictionary) {
        if let Some(root) = trailer.get("Root") {
            self.root = Some(root.clone());
        }
        self.is_encrypted |= trailer.get("Encrypt").is_some_and(|value| *value != Object::Null);
    }

    /// Takes the objects in a stream of them, and the trailer in a stream of places.
    fn note_stream(&mut self, number: u32, at: usize, budget: &mut Budget) {
        // Cheaper than to read every object twice: the words stand near the beginning.
        let head = between(self.bytes, at, at + 300);
        let has = |word: &[u8]| head.windows(word.len()).any(|window| window == word);
        if !has(b"ObjStm") && !has(b"XRef") {
            return;
        }
        let Some((dictionary, raw)) = self.stream_at(at) else { return };
        if dictionary.is("Type", "XRef") {
            self.note_trailer(&dictionary);
        }
        if !dictionary.is("Type", "ObjStm") || self.is_encrypted {
            return;
        }
        let Some(unpacked) = filter::unpack(&|object| self.resolved(object), &dictionary, raw, budget) else { return };
        let first = dictionary.get("First").and_then(Object::as_index).unwrap_or(0);
        let count = dictionary.get("N").and_then(Object::as_index).unwrap_or(0);
        let index = self.streams.len();
        let mut reader = Scanner::new(&unpacked, 0);
        for _ in 0..count {
            if self.places.len() >= OBJECT_LIMIT {
                break;
            }
            let (Some(inner), Some(offset)) = (reader.next(), reader.next()) else { break };
            let (Some(inner), Some(offset)) = (inner.as_index(), offset.as_index()) else { break };
            let Ok(inner) = u32::try_from(inner) else { continue };
            // Of two objects with one number the later in the file counts.
            let is_newer = match self.places.get(&inner) {
                Some(Place::File(other)) => *other < at,
                _ => true,
            };
            if is_newer && inner != number {
                self.places.insert(inner, Place::Stream { index, at: first + offset });
            }
        }
        self.streams.push(unpacked);
    }

    /// Returns the bytes of the document.
    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes
    }

    /// Returns whether strings and streams are encrypted.
    pub(super) fn is_encrypted(&self) -> bool {
        self.is_encrypted
    }

    /// Returns the object with a number.
    fn object(&self, number: u32) -> Option<Object> {
        let (bytes, at) = match *self.places.get(&number)? {
            Place::File(at) => (self.bytes, at),
            Place::Stream { index, at } => (self.streams.get(index)?.as_slice(), at),
        };
        self.read_at(bytes, at)
    }

    fn read_at(&self, bytes: &[u8], at: usize) -> Option<Object> {
        let mut reader = Scanner::new(bytes, at);
        let object = reader.next();
        let taken = reader.place().saturating_sub(at) + 1;
        self.left.set(self.left.get().checked_sub(taken)?);
        object
    }

    /// Returns what an object stands for: itself, or the object that it refers to.
    pub(super) fn resolved(&self, object: &Object) -> Object {
        let mut object = object.clone();
        for _ in 0..HOP_LIMIT {
            let Object::Reference(number) = object else { return object };
            object = self.object(number).unwrap_or(Object::Null);
        }
        Object::Null
    }

    /// Returns the value of a key, resolved.
    pub(super) fn get(&self, dictionary: &Dictionary, key: &str) -> Option<Object> {
        dictionary.get(key).map(|value| self.resolved(value)).filter(|value| *value != Object::Null)
    }

    /// Returns the value of a key that is a dictionary.
    pub(super) fn dictionary(&self, dictionary: &Dictionary, key: &str) -> Option<Dictionary> {
        if let Object::Dictionary(inner) = self.get(dictionary, key)? { Some(inner) } else { None }
    }

    /// Returns the dictionary and the unpacked bytes of a stream.
    pub(super) fn stream(&self, object: &Object, budget: &mut Budget) -> Option<(Dictionary, Vec<u8>)> {
        let Object::Reference(number) = object else { return None };
        let Place::File(at) = *self.places.get(number)? else { return None };
        let (dictionary, raw) = self.stream_at(at)?;
        let unpacked = filter::unpack(&|object| self.resolved(object), &dictionary, raw, budget)?;
        Some((dictionary, unpacked))
    }

    /// Returns the dictionary and the packed bytes of the stream at a place.
    fn stream_at(&self, at: usize) -> Option<(Dictionary, &'a [u8])> {
        let mut reader = Scanner::new(self.bytes, at);
        let Some(Object::Dictionary(dictionary)) = reader.next() else { return None };
        if !matches!(reader.next(), Some(Object::Word(word)) if word == b"stream") {
            return None;
        }
        let mut start = reader.place();
        start += usize::from(self.bytes.get(start) == Some(&b'\r'));
        start += usize::from(self.bytes.get(start) == Some(&b'\n'));
        let rest = between(self.bytes, start, usize::MAX);
        self.left.set(self.left.get().checked_sub(start.saturating_sub(at))?);
        let declared =
            dictionary.get("Length").map(|length| self.resolved(length)).and_then(|length| length.as_index());
        // The length is believed where the stream ends there.
        let is_end = |length: &usize| {
            let after = between(rest, *length, length + 12);
            let blanks = after.iter().take_while(|byte| is_space(**byte)).count();
            after[blanks..].starts_with(b"endstream")
        };
        let next_end = || self.ends.get(self.ends.partition_point(|end| *end < start)).map(|end| end - start);
        let length = declared.filter(is_end).or_else(next_end).unwrap_or(rest.len());
        Some((dictionary, &rest[..length]))
    }

    fn catalog(&self) -> Option<Dictionary> {
        let is_catalog = |dictionary: &Dictionary| dictionary.get("Pages").is_some();
        let root = self.root.as_ref().map(|root| self.resolved(root));
        let root = root.and_then(|root| root.as_dictionary().cloned()).filter(is_catalog);
        root.or_else(|| {
            let mut dictionaries = self.dictionaries().map(|(_, dictionary)| dictionary);
            dictionaries.find(|dictionary| dictionary.is("Type", "Catalog"))
        })
    }

    fn dictionaries(&self) -> impl Iterator<Item = (u32, Dictionary)> + '_ {
        self.places.keys().filter_map(|number| match self.object(*number)? {
            Object::Dictionary(dictionary) => Some((*number, dictionary)),
            _ => None,
        })
    }

    /// Returns how many pages the document says it has, where they cannot be found.
    pub(super) fn told_page_count(&self) -> Option<u64> {
        let tree = self.dictionary(&self.catalog()?, "Pages")?;
        let count = self.get(&tree, "Count")?.as_index()?;
        (1..=PAGE_LIMIT).contains(&count).then_some(count as u64)
    }

    /// Lists the pages in order; without a tree of pages, in the order of their numbers.
    pub(super) fn pages(&self) -> Vec<Page> {
        let mut pages = Vec::new();
        let mut seen = BTreeSet::new();
        if let Some(tree) = self.catalog().and_then(|catalog| catalog.get("Pages").cloned()) {
            self.walk(&tree, &Page::BLANK, 0, &mut seen, &mut pages);
        }
        if pages.is_empty() {
            let found = self.dictionaries().filter(|(_, dictionary)| dictionary.is("Type", "Page"));
            let found = found.map(|(number, dictionary)| self.page(number, &dictionary, &Page::BLANK));
            pages.extend(found.take(PAGE_LIMIT));
        }
        pages
    }

    fn walk(&self, node: &Object, above: &Page, depth: usize, seen: &mut BTreeSet<u32>, pages: &mut Vec<Page>) {
        // Nodes are objects of their own. One that was there already closes a circle.
        let Object::Reference(number) = *node else { return };
        if depth > TREE_LIMIT || pages.len() >= PAGE_LIMIT || !seen.insert(number) {
            return;
        }
        let Object::Dictionary(dictionary) = self.resolved(node) else { return };
        let page = self.page(number, &dictionary, above);
        match self.get(&dictionary, "Kids") {
            Some(Object::Array(kids)) => {
                for kid in &kids {
                    self.walk(kid, &page, depth + 1, seen, pages);
                }
            }
            _ => pages.push(page),
        }
    }

    fn page(&self, number: u32, dictionary: &Dictionary, above: &Page) -> Page {
        let boundary = |key| {
            let found = self.get(dictionary, key)?;
            let mut sides = found.as_array()?.iter().map(|side| self.resolved(side).as_number());
            let mut next = || sides.next().flatten().filter(|side| side.abs() < 1e6);
            let (one, two, three, four) = (next()?, next()?, next()?, next()?);
            let rectangle = [one.min(three), two.min(four), one.max(three), two.max(four)];
            (rectangle[2] > rectangle[0] && rectangle[3] > rectangle[1]).then_some(rectangle)
        };
        let turn = self.get(dictionary, "Rotate").and_then(|turn| turn.as_number());
        Page {
            number,
            resources: dictionary.get("Resources").map(|_| number).or(above.resources),
            media_box: boundary("CropBox").or_else(|| boundary("MediaBox")).unwrap_or(above.media_box),
            quarters: turn.map_or(above.quarters, |turn| ((turn as i64).rem_euclid(360) / 90) as u8),
        }
    }

    /// Returns the streams that draw a page, in order.
    pub(super) fn contents(&self, page: &Page) -> Vec<Object> {
        let Some(Object::Dictionary(dictionary)) = self.object(page.number) else { return Vec::new() };
        let Some(contents) = dictionary.get("Contents") else { return Vec::new() };
        match self.resolved(contents) {
            Object::Array(parts) => parts,
            // A stream reads as its dictionary.
            _ => vec![contents.clone()],
        }
    }

    /// Returns what a page may name: fonts, forms.
    pub(super) fn resources(&self, page: &Page) -> Dictionary {
        let owner = page.resources.and_then(|number| self.object(number));
        let owner = owner.as_ref().and_then(Object::as_dictionary);
        owner.and_then(|owner| self.dictionary(owner, "Resources")).unwrap_or_default()
    }
}

impl Page {
    /// Returns the width and the height of the page as it is read, in points.
    pub(super) fn size(&self) -> [f64; 2] {
        let [left, bottom, right, top] = self.media_box;
        let (width, height) = (right - left, top - bottom);
        if self.quarters % 2 == 1 { [height, width] } else { [width, height] }
    }

    /// A page of which nothing is known: a sheet of US letter.
    const BLANK: Self = Self { number: 0, resources: None, media_box: [0.0, 0.0, 612.0, 792.0], quarters: 0 };
}

/// A place that the search for objects stops at.
enum Landmark {
    Object { number: u32, at: usize },
    Trailer { at: usize },
}

/// Finds `<number> <generation> obj` and `trailer` outside of streams, and the ends of streams.
fn landmarks(bytes: &[u8], ends: &mut Vec<usize>) -> Vec<Landmark> {
    let mut found = Vec::new();
    let mut has_ends = true;
    let mut at = 0;
    while at < bytes.len() && found.len() < OBJECT_LIMIT {
        let rest = &bytes[at..];
        match rest[0] {
            b'o' if rest.starts_with(b"obj") => {
                if let Some(number) = number_before(&bytes[..at]) {
                    found.push(Landmark::Object { number, at: at + 3 });
                }
                at += 3;
            }
            b't' if rest.starts_with(b"trailer") => {
                found.push(Landmark::Trailer { at: at + 7 });
                at += 7;
            }
            b's' if has_ends && rest.starts_with(b"stream") && matches!(rest.get(6), Some(b'\r' | b'\n')) => {
                let end = rest.windows(9).position(|window| window == b"endstream");
                ends.extend(end.map(|end| at + end));
                at += end.map_or(6, |end| end + 9);
                // If one stream has no end, none after it has.
                has_ends = end.is_some();
            }
            _ => at += 1,
        }
    }
    found
}

/// Reads the number of an object from the end of what stands before the word `obj`.
fn number_before(before: &[u8]) -> Option<u32> {
    let trimmed = |bytes: &[u8]| bytes.len() - bytes.iter().rev().take_while(|byte| is_space(**byte)).count();
    let digits = |bytes: &[u8]| bytes.iter().rev().take(10).take_while(|byte| byte.is_ascii_digit()).count();
    let generation_end = trimmed(before);
    let generation_start = generation_end - digits(&before[..generation_end]);
    let number_end = trimmed(&before[..generation_start]);
    let number_start = number_end - digits(&before[..number_end]);
    let is_split = generation_start < generation_end && number_end < generation_start;
    let number = std::str::from_utf8(&before[number_start..number_end]).ok()?;
    if is_split { number.parse().ok() } else { None }
}
