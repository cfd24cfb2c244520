//! Panoptic segmentation: a picture in which the colour of a pixel is the number of the object that it belongs to.
//!
//! Objects are painted in their order, so that a later one covers an earlier one. The number of an object is its place in
//! its picture, from 1; red is the lowest byte of it, and black is nothing.

use super::spot::Spot;
use super::{Files, LOSSES_STREAM, collect_answers};
use crate::raster::Canvas;
use crate::write::annotations::for_each;
use crate::write::attributes::Attributes;
use crate::write::elements::open_element;
use crate::write::marks::Mark;
use crate::write::picture::{ALL_COVERED, Decided, Drawn, IN_THE_BOX, PARTLY_COVERED, Size, pixels_of, write_numbers};
use crate::write::settled::{Fate, Origin, settle};
use crate::write::{Entries, FileEntry};
use labelport_model::annotation::{Annotation, Body};
use labelport_model::json::ObjectWriter;

/// An object on the picture.
struct Segment {
    category: usize,
    /// How many pixels it has before others cover it.
    painted: u64,
    is_box: bool,
}

impl Files<'_> {
    /// Writes the picture of a label and its one annotation.
    pub(super) fn write_panoptic(
        &self,
        decided: &Decided<'_>,
        spot: &Spot<'_, '_>,
        origin: &Origin<'_>,
        entries: &mut Entries<'_>,
    ) {
        let Some(mut canvas) = Canvas::new(spot.size.width as u32, spot.size.height as u32) else {
            for_each(decided.label.annotations, entries, &mut |annotation, entries| {
                let fate = Fate::left_out("its picture is too large to be painted");
                settle(annotation, fate, origin, &self.classes, (LOSSES_STREAM, entries));
            });
            return;
        };
        // Which pixels an object keeps is known once all are painted: so they are walked twice.
        let mut segments: Vec<Result<Segment, &'static str>> = Vec::new();
        for_each(decided.label.annotations, entries, &mut |annotation, _| {
            let number = u16::try_from(segments.len() + 1).map_err(|_| "its picture has more than 65,535 annotations");
            segments.push(number.and_then(|number| self.paint(annotation, spot.size, number, &mut canvas)));
        });
        let visible = canvas.areas(segments.len());
        let mut fates = segments.iter().zip(&visible).map(|(segment, area)| match segment {
            Err(reason) => Fate::left_out(reason),
            Ok(segment) if segment.category == 0 => Fate::KEPT,
            Ok(_) if area.pixels == 0 => Fate::left_out(ALL_COVERED),
            Ok(segment) if area.pixels < segment.painted => Fate::reduced(PARTLY_COVERED),
            Ok(segment) if segment.is_box => Fate::reduced(IN_THE_BOX),
            Ok(_) => Fate::KEPT,
        });
        let mut answers = Attributes::default();
        for_each(decided.label.annotations, entries, &mut |annotation, entries| {
            let fate = fates.next().unwrap_or(Fate::KEPT);
            match &annotation.body {
                Body::Object(_) => settle(annotation, fate, origin, &self.classes, (LOSSES_STREAM, entries)),
                Body::Classification(_) => {
                    let fates = collect_answers(annotation, &mut answers);
                    self.settle(annotation, (fate, fates), origin, entries);
                }
            }
        });
        let out = entries.stream(self.annotations_of(spot.row.part));
        let file_name = format!("{}.png", spot.row.name.stem);
        open_element(out);
        let mut element = ObjectWriter::open(out);
        Mark::Picture.write(spot.picture, element.key("image_id"));
        element.text("file_name", &file_name);
        let list = element.key("segments_info");
        list.push(b'[');
        let mut is_first = true;
        for ((number, segment), area) in (1..).zip(&segments).zip(&visible) {
            let Ok(segment) = segment else { continue };
            let Some(bounds) = area.bounds else { continue };
            if !std::mem::take(&mut is_first) {
                list.push(b',');
            }
            let mut info = ObjectWriter::open(list);
            info.raw("id", number.to_string().as_bytes());
            info.raw("category_id", segment.category.to_string().as_bytes());
            info.raw("area", area.pixels.to_string().as_bytes());
            let bbox = [bounds.left, bounds.top, bounds.width, bounds.height];
            write_numbers(bbox.map(f64::from), info.key("bbox"));
            info.raw("iscrowd", b"0");
            info.close();
        }
        list.push(b']');
        element.close();
        let path = format!("annotations/panoptic_{}/{file_name}", spot.row.part);
        entries.files.push(FileEntry { path, bytes: canvas.to_rgb_png() });
    }

    /// Paints an object; an answer has nothing to paint. Fails with a clause that says why an object is left out.
    fn paint(
        &self,
        annotation: &Annotation<'_>,
        size: &Size,
        number: u16,
        canvas: &mut Canvas,
    ) -> Result<Segment, &'static str> {
        let Body::Object(object) = &annotation.body else {
            return Ok(Segment { category: 0, painted: 0, is_box: false });
        };
        let category = self.category_of(annotation, object)?;
        let not_held = self.task.not_held();
        let drawn = object.shape.as_ref().and_then(|shape| Drawn::of(shape, self.pictures)).ok_or(not_held)??;
        let is_box = matches!(drawn, Drawn::Box { .. });
        let runs = pixels_of(drawn, size)?;
        canvas.paint(&runs, number);
        Ok(Segment { category, painted: runs.area(), is_box })
    }
}
