//! The annotations of a label, one by one, also those on frames that are filled in.

use super::Entries;
use labelport_model::annotation::{self, Annotation, Annotations, Object};
use labelport_model::frames::Filled;
use labelport_model::record::{self, Spill};
use std::ops::ControlFlow;

/// Takes an annotation.
pub(super) type Take<'t> = dyn FnMut(&Annotation<'_>, &mut Entries<'_>) + 't;

/// Returns the annotations of a label as they are stored: those of a video on its key frames alone.
pub(super) fn stored<'a>(annotations: &record::Annotations<'a>) -> &'a str {
    match annotations {
        record::Annotations::Stored(stored) => std::str::from_utf8(stored).unwrap_or("{}"),
        record::Annotations::Filled { frames, .. } => frames.stored().raw(),
    }
}

/// Returns what an object is known by from frame to frame.
pub(super) fn key_of(annotation: &Annotation<'_>, object: &Object<'_>) -> String {
    let id = || object.feature.id.as_ref().map(|id| id.get().into_owned());
    annotation.place.key.map(str::to_owned).or_else(id).unwrap_or_default()
}

/// Calls `take` for each annotation in the order in which they are stored. Streams may be emptied after a frame.
pub(super) fn for_each(annotations: record::Annotations<'_>, entries: &mut Entries<'_>, take: &mut Take<'_>) {
    match annotations {
        record::Annotations::Stored(stored) => {
            take_all(annotation::read(std::str::from_utf8(stored).unwrap_or("{}")), entries, take);
        }
        record::Annotations::Filled { frames, spill } => for_each_filled(frames, spill, entries, take),
    }
}

/// Yields annotations on every frame, one frame at a time.
fn for_each_filled(frames: &Filled, spill: &Spill<'_>, entries: &mut Entries<'_>, take: &mut Take<'_>) {
    let mut outside = Vec::new();
    for (key, member) in frames.stored().members().filter(|(key, _)| *key != "frames") {
        outside.push(if outside.is_empty() { b'{' } else { b',' });
        outside.extend_from_slice(format!("\"{key}\":{}", member.raw()).as_bytes());
    }
    if !outside.is_empty() {
        outside.push(b'}');
        take_all(annotation::read(std::str::from_utf8(&outside).unwrap_or("{}")), entries, take);
    }
    // Nobody takes what follows a break.
    let _: ControlFlow<()> = frames.for_each_frame(&mut |number, json| {
        take_all(annotation::read_frame(std::str::from_utf8(json).unwrap_or("{}"), number), entries, take);
        spill(entries.streams)
    });
}

fn take_all(annotations: Annotations<'_>, entries: &mut Entries<'_>, take: &mut Take<'_>) {
    for annotation in annotations {
        // What is stored can be read.
        let Ok(annotation) = annotation else { return };
        take(&annotation, entries);
    }
}
