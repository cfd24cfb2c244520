//! Where something is marked, as a result of Label Studio says it.

use super::brush;
use super::medium::{BOXES, Control, ENTITIES, LINES, MASKS, MESSAGES, MOMENTS, PHRASES, POINTS, POLYGONS, TRACKS};
use crate::write::digits;
use crate::write::elements::write_list;
use crate::write::picture::{Corner, Figure, Size};
use labelport_model::json::ObjectWriter;

/// How large a point is drawn, in percent of the picture's width: points have no size.
const POINT_WIDTH: &[u8] = b"0.5";

/// A place in what a row shows.
pub(super) enum Region {
    /// A shape on a picture.
    Figure(Figure, Size),
    /// A box on key frames.
    Track { keys: Vec<Key>, size: Size, clock: Clock },
    /// Characters of a text, in code points, and what they are.
    Span { start: u64, end: u64, text: String },
    /// Characters of a message, in UTF-16 code units, and what they are.
    Phrase { message: usize, start: usize, end: usize, text: String },
    /// A whole message, with so many UTF-16 code units.
    Message { message: usize, end: usize },
    /// A range of a recording, in milliseconds.
    Moment { start_ms: i64, end_ms: i64 },
}

/// A box on a key frame.
pub(super) struct Key {
    /// From 1.
    pub(super) frame: i64,
    /// Left, upper, right and lower side in pixels.
    pub(super) sides: [f64; 4],
    /// Whether the object is still there on the next frame.
    pub(super) goes_on: bool,
}

/// How frames of a video become seconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    pub(super) frame_count: i64,
    pub(super) frame_rate: f64,
}

impl Region {
    /// Returns the control that marks it.
    pub(super) fn control(&self) -> &'static Control {
        match self {
            Self::Figure(figure, _) => match figure {
                Figure::Box { .. } => &BOXES,
                Figure::Polygon(_) => &POLYGONS,
                Figure::Line(_) => &LINES,
                Figure::Point(_) => &POINTS,
                Figure::Mask(_) => &MASKS,
            },
            Self::Track { .. } => &TRACKS,
            Self::Span { .. } => &ENTITIES,
            Self::Phrase { .. } => &PHRASES,
            Self::Message { .. } => &MESSAGES,
            Self::Moment { .. } => &MOMENTS,
        }
    }

    /// Writes what stands before the value of a result.
    pub(super) fn write_head(&self, result: &mut ObjectWriter<'_>) {
        if let Self::Figure(_, size) = self {
            digits::write(size.width, result.key("original_width"));
            digits::write(size.height, result.key("original_height"));
            // Shapes are stored on the picture as people see it.
            result.raw("image_rotation", b"0");
        }
    }

    /// Writes the members of the value that say where it is, and what is there.
    pub(super) fn write_value(&self, value: &mut ObjectWriter<'_>) {
        self.write_bounds(value);
        if let Self::Span { text, .. } | Self::Phrase { text, .. } = self {
            value.text("text", text);
        }
    }

    /// Writes the members of the value that say where it is.
    pub(super) fn write_bounds(&self, value: &mut ObjectWriter<'_>) {
        match self {
            Self::Figure(figure, size) => write_figure(figure, size, value),
            Self::Track { keys, size, clock } => {
                value.raw("framesCount", clock.frame_count.to_string().as_bytes());
                digits::write(clock.seconds(clock.frame_count), value.key("duration"));
                write_list(value.key("sequence"), keys, |key, out| {
                    let mut object = ObjectWriter::open(out);
                    object.raw("frame", key.frame.to_string().as_bytes());
                    object.raw("enabled", if key.goes_on { b"true" } else { b"false" });
                    write_box(key.sides, size, &mut object);
                    digits::write(clock.seconds(key.frame), object.key("time"));
                    object.close();
                });
            }
            Self::Span { start, end, .. } => {
                value.raw("start", start.to_string().as_bytes());
                value.raw("end", end.to_string().as_bytes());
            }
            Self::Phrase { message, start, end, .. } => write_phrase(*message, (*start, *end), value),
            Self::Message { message, end } => write_phrase(*message, (0, *end), value),
            Self::Moment { start_ms, end_ms } => {
                for (key, at_ms) in [("start", start_ms), ("end", end_ms)] {
                    digits::write(*at_ms as f64 / 1000.0, value.key(key));
                }
                value.raw("channel", b"0");
            }
        }
    }
}

fn write_phrase(message: usize, (start, end): (usize, usize), value: &mut ObjectWriter<'_>) {
    value.text("start", &message.to_string());
    value.text("end", &message.to_string());
    value.raw("startOffset", start.to_string().as_bytes());
    value.raw("endOffset", end.to_string().as_bytes());
}

impl Clock {
    fn seconds(&self, frame: i64) -> f64 {
        frame as f64 / self.frame_rate
    }
}

/// Returns a corner in percent of the sides of the picture.
fn percent((x, y): Corner, size: &Size) -> Corner {
    (x * 100.0 / size.width, y * 100.0 / size.height)
}

fn write_box([left, top, right, bottom]: [f64; 4], size: &Size, value: &mut ObjectWriter<'_>) {
    let (x, y) = percent((left, top), size);
    let (width, height) = percent((right - left, bottom - top), size);
    for (key, side) in [("x", x), ("y", y), ("width", width), ("height", height)] {
        digits::write(side, value.key(key));
    }
    value.raw("rotation", b"0");
}

fn write_figure(figure: &Figure, size: &Size, value: &mut ObjectWriter<'_>) {
    match figure {
        Figure::Box { left, top, right, bottom } => write_box([*left, *top, *right, *bottom], size, value),
        Figure::Polygon(points) => {
            write_list(value.key("points"), points, |point, out| {
                let (x, y) = percent(*point, size);
                write_list(out, [x, y], digits::write);
            });
            value.raw("closed", b"true");
        }
        Figure::Line(points) => {
            write_list(value.key("vertices"), points.iter().enumerate(), |(index, point), out| {
                let mut vertex = ObjectWriter::open(out);
                vertex.text("id", &format!("p{}", index + 1));
                match index {
                    0 => vertex.raw("prevPointId", b"null"),
                    _ => vertex.text("prevPointId", &format!("p{index}")),
                }
                let (x, y) = percent(*point, size);
                digits::write(x, vertex.key("x"));
                digits::write(y, vertex.key("y"));
                vertex.raw("isBezier", b"false");
                vertex.close();
            });
            value.raw("closed", b"false");
        }
        Figure::Point(point) => {
            let (x, y) = percent(*point, size);
            digits::write(x, value.key("x"));
            digits::write(y, value.key("y"));
            value.raw("width", POINT_WIDTH);
        }
        Figure::Mask(runs) => {
            value.text("format", "rle");
            let bytes = brush::pack(runs);
            write_list(value.key("rle"), bytes, |byte, out| digits::write(f64::from(byte), out));
        }
    }
}
