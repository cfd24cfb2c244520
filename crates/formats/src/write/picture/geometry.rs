//! Shapes as COCO and its relatives have them: a box, an area in pixels, and a segmentation.

use super::drawn::{Drawn, NO_AREA, OTHER_SIZE, OUTSIDE, is_of_size};
use super::ring::{Corner, bounds_of, is_flat};
use super::simplify::Simplify;
use super::size::Size;
use crate::raster::{Runs, fill};
use crate::write::digits;
use crate::write::elements::write_list;
use labelport_model::json::{ObjectWriter, quote_into};

/// What an annotation says of a shape.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::write) struct Geometry {
    /// Left, top, width and height.
    pub(in crate::write) bbox: [f64; 4],
    /// In pixels: those of a mask, those whose middle a polygon encloses, the sides of a box multiplied.
    pub(in crate::write) area: f64,
    segmentation: Segmentation,
}

#[derive(Debug, Clone, PartialEq)]
enum Segmentation {
    /// A box says nothing of pixels.
    None,
    /// Rings whose pixels together are the object.
    Rings(Vec<Vec<Corner>>),
    /// Run lengths.
    Runs(Runs),
}

impl Geometry {
    /// Describes a shape. Fails with a clause where there is nothing to describe.
    ///
    /// A mask without holes becomes rings along the edges of its pixels, which readers fill with exactly those pixels; one
    /// with holes becomes run lengths, and so does every mask where `only_runs`.
    pub(in crate::write) fn of(drawn: Drawn, size: &Size, only_runs: bool) -> Result<Self, &'static str> {
        match drawn {
            Drawn::Box { left, top, right, bottom } => {
                let bbox = [left, top, right - left, bottom - top];
                let [.., width, height] = bbox;
                let is_one = bbox.iter().all(|side| side.is_finite()) && width > 0.0 && height > 0.0;
                let segmentation = Segmentation::None;
                is_one.then_some(Self { bbox, area: width * height, segmentation }).ok_or(NO_AREA)
            }
            Drawn::Polygon(ring) => {
                let [left, top, right, bottom] = bounds_of(&ring).filter(|_| ring.len() >= 3).ok_or(NO_AREA)?;
                let is_beyond = right <= 0.0 || bottom <= 0.0 || left >= size.width || top >= size.height;
                if is_beyond {
                    return Err(OUTSIDE);
                }
                if is_flat(&ring) {
                    return Err(NO_AREA);
                }
                let area = fill(&ring, size.width as u32, size.height as u32).area();
                let segmentation = Segmentation::Rings(vec![ring]);
                Ok(Self { bbox: [left, top, right - left, bottom - top], area: area as f64, segmentation })
            }
            Drawn::Mask(runs) if !is_of_size(&runs, size) => Err(OTHER_SIZE),
            Drawn::Mask(runs) => {
                let bounds = runs.bounds().ok_or(NO_AREA)?;
                let bbox = [bounds.left, bounds.top, bounds.width, bounds.height].map(f64::from);
                let area = runs.area() as f64;
                let rings = if only_runs { Vec::new() } else { runs.rings() };
                let segmentation = if rings.is_empty() || rings.iter().any(|ring| ring.is_hole) {
                    Segmentation::Runs(runs)
                } else {
                    let corners = |(x, y): &(u32, u32)| (f64::from(*x), f64::from(*y));
                    Segmentation::Rings(rings.iter().map(|ring| ring.corners.iter().map(corners).collect()).collect())
                };
                Ok(Self { bbox, area, segmentation })
            }
        }
    }

    /// Leaves out corners of rings; returns whether any were. Box and area are those of the rings that are left.
    pub(in crate::write) fn simplify(&mut self, simplify: Simplify, size: &Size) -> bool {
        let Segmentation::Rings(rings) = &mut self.segmentation else { return false };
        let count = rings.iter_mut().filter_map(|ring| simplify.apply(ring).then_some(())).count();
        if count > 0 {
            let area = |ring: &Vec<Corner>| fill(ring, size.width as u32, size.height as u32).area();
            self.area = rings.iter().map(area).sum::<u64>() as f64;
            let corners: Vec<Corner> = rings.iter().flatten().copied().collect();
            if let Some([left, top, right, bottom]) = bounds_of(&corners) {
                self.bbox = [left, top, right - left, bottom - top];
            }
        }
        count > 0
    }

    /// Writes the members of an annotation of COCO.
    pub(in crate::write) fn write(&self, annotation: &mut ObjectWriter<'_>) {
        write_numbers(self.bbox, annotation.key("bbox"));
        digits::write(self.area, annotation.key("area"));
        annotation.raw("iscrowd", b"0");
        match self.segmentation {
            Segmentation::None => annotation.raw("segmentation", b"[]"),
            _ => self.write_segmentation(annotation.key("segmentation")),
        }
    }

    /// Writes the pixels: rings or run lengths, and null for a box.
    pub(in crate::write) fn write_segmentation(&self, out: &mut Vec<u8>) {
        match &self.segmentation {
            Segmentation::None => out.extend_from_slice(b"null"),
            Segmentation::Rings(rings) => {
                write_list(out, rings, |ring, out| write_numbers(ring.iter().flat_map(|(x, y)| [*x, *y]), out));
            }
            Segmentation::Runs(runs) => {
                let mut object = ObjectWriter::open(out);
                object.raw("size", format!("[{},{}]", runs.height(), runs.width()).as_bytes());
                quote_into(&runs.compressed(), object.key("counts"));
                object.close();
            }
        }
    }
}

/// Writes a list of numbers.
pub(in crate::write) fn write_numbers(numbers: impl IntoIterator<Item = f64>, out: &mut Vec<u8>) {
    write_list(out, numbers, digits::write);
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size { width: 10.0, height: 20.0, is_turned: false };

    #[track_caller]
    fn check(drawn: Drawn, expect: Result<&str, &'static str>) {
        let found = Geometry::of(drawn, &SIZE, false).map(|geometry| {
            let mut out = Vec::new();
            let mut object = ObjectWriter::open(&mut out);
            geometry.write(&mut object);
            object.close();
            String::from_utf8(out).unwrap()
        });
        assert_eq!(found.as_deref(), expect.as_ref().map(|text| &**text));
    }

    #[test]
    fn a_box_is_its_corner_and_its_sides() {
        let rect = |left, top, right, bottom| Drawn::Box { left, top, right, bottom };
        let plain = r#"{"bbox":[1,4,2.5,8],"area":20,"iscrowd":0,"segmentation":[]}"#;
        check(rect(1.0, 4.0, 3.5, 12.0), Ok(plain));
        let beyond = r#"{"bbox":[-1,4,2,8],"area":16,"iscrowd":0,"segmentation":[]}"#;
        check(rect(-1.0, 4.0, 1.0, 12.0), Ok(beyond));
        check(rect(1.0, 4.0, 1.0, 12.0), Err(NO_AREA));
        check(rect(f64::NAN, 4.0, 1.0, 12.0), Err(NO_AREA));
    }

    #[test]
    fn a_polygon_is_its_ring_and_the_pixels_that_it_fills() {
        let polygon = Drawn::Polygon(vec![(0.0, 0.0), (4.0, 0.0), (4.0, 2.0), (0.0, 2.0)]);
        check(polygon, Ok(r#"{"bbox":[0,0,4,2],"area":8,"iscrowd":0,"segmentation":[[0,0,4,0,4,2,0,2]]}"#));
        check(Drawn::Polygon(vec![(0.0, 0.0), (4.0, 0.0)]), Err(NO_AREA));
        check(Drawn::Polygon(vec![(0.0, 1.0), (4.0, 1.0), (8.0, 1.0)]), Err(NO_AREA));
        check(Drawn::Polygon(vec![(20.0, 0.0), (24.0, 0.0), (24.0, 2.0)]), Err(OUTSIDE));
    }

    #[test]
    fn a_mask_is_rings_where_they_say_all_and_run_lengths_where_it_has_holes() {
        let mask = |rows: &[(u32, u32, u32)]| Drawn::Mask(Runs::of_rows(10, 20, rows.iter().copied()));
        let two = r#"{"bbox":[0,0,6,6],"area":2,"iscrowd":0,"segmentation":[[0,0,1,0,1,1,0,1],[5,5,6,5,6,6,5,6]]}"#;
        check(mask(&[(0, 0, 1), (5, 5, 6)]), Ok(two));
        let ring = mask(&[(0, 0, 3), (1, 0, 1), (1, 2, 3), (2, 0, 3)]);
        let runs = Runs::of_rows(10, 20, [(0, 0, 3), (1, 0, 1), (1, 2, 3), (2, 0, 3)].into_iter());
        let runs = runs.compressed().replace('\\', r"\\");
        let holed =
            format!(r#"{{"bbox":[0,0,3,3],"area":8,"iscrowd":0,"segmentation":{{"size":[20,10],"counts":"{runs}"}}}}"#);
        check(ring, Ok(&holed));
        check(mask(&[]), Err(NO_AREA));
        check(Drawn::Mask(Runs::of_rows(5, 5, [(0, 0, 1)].into_iter())), Err(OTHER_SIZE));
    }
}
