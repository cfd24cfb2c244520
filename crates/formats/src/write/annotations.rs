//! The annotations of a label, one by one, also those on frames that are filled in.

use super::Entries;
use labelport_model::annotation::{self, Annotation, Annotations};
use labelport_model::frames::Filled;
use labelport_model::record::{self, Spill};
use std::ops::ControlFlow;

/// Takes an annotation.
pub(super) type Take<'t> = dyn FnMut(&Annotation<'_>, &mut Entries<'_>) + 't;

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
