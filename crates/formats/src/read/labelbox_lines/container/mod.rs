//! The `annotations` of a label, each layout a file.
//!
//! The same annotations leave in different containers; which one is a field of the data type. The keys of a container
//! are always all there, empty where there is nothing to say.
//!
//! # Adding a container
//! A variant of [`Container`], one file beside this one and one line in [`write()`].

mod frames;
mod groups;
mod lists;
mod stamps;

pub(super) use groups::GROUP_KEYS;

use super::answer::{Item, Range, Span};
use labelport_model::data_type::Container;
use labelport_model::json::Members;

/// What a label's annotations are, before they are laid out. Everything is in the order of the lines.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// Objects of the whole row.
    pub(super) objects: Vec<String>,
    /// Objects on frames.
    pub(super) tracks: Vec<WrittenTrack>,
    pub(super) items: Vec<Item>,
    pub(super) spans: Vec<Span>,
    pub(super) relationships: Vec<String>,
}

/// An object on frames, written for each of its key frames.
#[derive(Debug)]
pub(super) struct WrittenTrack {
    pub(super) feature_id: String,
    pub(super) group: Option<usize>,
    /// Ascending.
    pub(super) key_frames: Vec<(u64, String)>,
    pub(super) ranges: Vec<Range>,
}

/// Writes the `annotations` of a label.
pub(super) fn write(container: Container, gathered: &Gathered) -> String {
    let members = match container {
        Container::Frames => frames::write(gathered),
        Container::Groups => groups::write(gathered),
        Container::Lists => lists::write(gathered),
        Container::Stamps => stamps::write(gathered),
    };
    object(&members)
}

fn object(members: &Members) -> String {
    format!("{{{}}}", members.as_str())
}

fn array<'a>(elements: impl IntoIterator<Item = &'a str>) -> String {
    let elements: Vec<&str> = elements.into_iter().collect();
    format!("[{}]", elements.join(","))
}

fn item_array(gathered: &Gathered) -> String {
    array(gathered.items.iter().map(|item| item.json.as_str()))
}

fn ranges(ranges: &[Range]) -> String {
    let ranges: Vec<String> = ranges.iter().map(|(first, last)| format!("[{first},{last}]")).collect();
    format!("[{}]", ranges.join(","))
}

/// Writes the objects of each frame, frames in ascending order.
fn frames_of<'a>(tracks: impl Iterator<Item = &'a WrittenTrack>) -> String {
    let mut objects = std::collections::BTreeMap::<u64, Members>::new();
    for track in tracks {
        for (frame, json) in &track.key_frames {
            objects.entry(*frame).or_default().push_raw(&track.feature_id, json);
        }
    }
    let mut frames = Members::default();
    for (frame, objects) in objects {
        frames.push_raw(&frame.to_string(), &format!("{{\"objects\":{},\"classifications\":[]}}", object(&objects)));
    }
    object(&frames)
}
