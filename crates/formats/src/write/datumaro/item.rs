//! Items: a picture with its annotations and with what was answered about it.

use crate::write::attributes::Attributes;
use crate::write::digits;
use crate::write::elements::{open_element, write_list};
use crate::write::picture::{Corner, Figure, Row, Size};
use labelport_model::json::{ObjectWriter, quote_into};

/// The attribute by which other formats of datumaro know what an object is from frame to frame.
const TRACK: &str = "track_id";
/// The attribute that has the confidence of a prediction.
const SCORE: &str = "score";
/// How datumaro marks a point that can be seen. Nothing that is stored says that one is hidden.
const VISIBLE: &[u8] = b"[2]";

/// An item on its way into a file.
#[derive(Default)]
pub(super) struct Item {
    /// The frame of a video, from 1.
    pub(super) frame: Option<i64>,
    /// What was answered about the picture.
    pub(super) answers: Attributes,
    annotations: Vec<u8>,
}

/// What an annotation has next to its figure.
pub(super) struct Extras<'e> {
    /// The number of an object of a video.
    pub(super) track: Option<usize>,
    /// The confidence of a prediction, as it is spelled.
    pub(super) score: Option<&'e str>,
}

impl Item {
    pub(super) fn of(frame: Option<i64>) -> Self {
        Self { frame, ..Self::default() }
    }

    /// Adds an annotation with its number and that of its label.
    pub(super) fn add(
        &mut self,
        (number, label): (u64, usize),
        figure: &Figure,
        attributes: &Attributes,
        extras: &Extras<'_>,
    ) {
        if !self.annotations.is_empty() {
            self.annotations.push(b',');
        }
        let mut object = ObjectWriter::open(&mut self.annotations);
        object.raw("id", number.to_string().as_bytes());
        object.text("type", type_of(figure));
        let mut own = ObjectWriter::open(object.key("attributes"));
        attributes.write_members("", &mut own);
        let is_free = |name: &str| attributes.iter().all(|(known, ..)| known != name);
        if let Some(track) = extras.track.filter(|_| is_free(TRACK)) {
            own.raw(TRACK, track.to_string().as_bytes());
        }
        if let Some(score) = extras.score.filter(|_| is_free(SCORE)) {
            own.raw(SCORE, score.as_bytes());
        }
        own.close();
        object.raw("group", b"0");
        if let Some(track) = extras.track {
            object.raw("object_id", track.to_string().as_bytes());
        }
        object.raw("label_id", label.to_string().as_bytes());
        write_figure(figure, &mut object);
        object.raw("z_order", b"0");
        object.close();
    }

    /// Writes it as an element of the list of items.
    pub(super) fn write(&self, row: &Row<'_>, size: &Size, out: &mut Vec<u8>) {
        open_element(out);
        let mut item = ObjectWriter::open(out);
        let path = row.file_name(self.frame);
        let id = if self.frame.is_some() { path.strip_suffix(".jpg").unwrap_or(&path) } else { &row.name.stem };
        item.text("id", id);
        item.raw("annotations", &[b"[", &self.annotations[..], b"]"].concat());
        self.answers.write_json(item.key("attr"));
        let mut image = ObjectWriter::open(item.key("image"));
        image.text("path", &path);
        write_list(image.key("size"), [size.height, size.width], digits::write);
        image.close();
        item.close();
    }
}

fn type_of(figure: &Figure) -> &'static str {
    match figure {
        Figure::Box { .. } => "bbox",
        Figure::Polygon(_) => "polygon",
        Figure::Line(_) => "polyline",
        Figure::Point(_) => "points",
        Figure::Mask(_) => "mask",
    }
}

fn write_figure(figure: &Figure, object: &mut ObjectWriter<'_>) {
    let sides = |points: &[Corner]| -> Vec<f64> { points.iter().flat_map(|(x, y)| [*x, *y]).collect() };
    match figure {
        Figure::Box { left, top, right, bottom } => {
            write_list(object.key("bbox"), [*left, *top, right - left, bottom - top], digits::write);
        }
        Figure::Polygon(points) | Figure::Line(points) => {
            write_list(object.key("points"), sides(points), digits::write);
        }
        Figure::Point(point) => {
            write_list(object.key("points"), sides(&[*point]), digits::write);
            object.raw("visibility", VISIBLE);
        }
        Figure::Mask(runs) => {
            let mut rle = ObjectWriter::open(object.key("rle"));
            quote_into(&runs.compressed(), rle.key("counts"));
            write_list(rle.key("size"), [runs.height(), runs.width()].map(f64::from), digits::write);
            rle.close();
        }
    }
}
